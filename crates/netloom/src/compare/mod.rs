//! Two models compared: what differs as text, as JSON and as one figure.

use netloom_graph::diff::{self, Diff, Prepared, prepare};
use netloom_graph::{Graph, NodeId, layers};

use netloom_diagram::describe;

use crate::Error;
use crate::figure::{self, Figure, FigureOptions};

mod json;
mod text;

/// How two models are called in a comparison; empty names are the models' own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DiffOptions {
    /// What the first model is called.
    pub before: String,
    /// What the second model is called.
    pub after: String,
}

/// Two models and what differs between them.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    /// The first model in the form in which it is compared.
    pub before: Prepared,
    /// The second model in the form in which it is compared.
    pub after: Prepared,
    /// What differs; operators and modules are those of the graphs in `before` and `after`.
    pub diff: Diff,
    pub(crate) names: [String; 2],
}

/// Compares two models by structure: names, the order of the file and the ways of exporters do not count.
///
/// ```
/// use netloom::{Bytes, DiffOptions, diff, read};
///
/// let model = |text: &str| read(&Bytes::new("mlp.loom", text.as_bytes().to_vec()));
/// let narrow = model("input x [1, 8]\nlinear(4) > relu > linear(2)\n")?;
/// let wide = model("input x [1, 8]\nlinear(16) > relu > linear(2)\n")?;
/// let found = diff(&narrow, &wide, &DiffOptions::default());
/// assert!(!found.is_empty());
/// assert!(found.text(false).contains("features 4 → 16"));
/// # Ok::<(), netloom::Error>(())
/// ```
pub fn diff(before: &Graph, after: &Graph, options: &DiffOptions) -> Comparison {
    let names = [describe::name(before, &options.before), describe::name(after, &options.after)];
    let (before, after) = (prepare(before), prepare(after));
    let diff = diff::diff(&before, &after);
    Comparison { before, after, diff, names }
}

impl Comparison {
    /// Whether there is no structural difference.
    pub fn is_empty(&self) -> bool {
        self.diff.is_empty()
    }

    /// What differs, in lines for a terminal; `color` sets marks and headings in colour.
    pub fn text(&self, color: bool) -> String {
        text::text(self, color)
    }

    /// Both models in one figure: what is added, removed, changed and the same.
    ///
    /// # Errors
    /// When an option names a style, theme or setting that does not exist.
    pub fn draw(&self, options: &FigureOptions) -> Result<Figure, Error> {
        figure::compared(self, options)
    }

    /// The graph that the boxes of the figure stand for: the second model, with what only the first has behind it.
    pub fn union(&self) -> Graph {
        figure::union(self)
    }

    /// What differs, for scripts; the layout is described in `docs/diff.md`.
    pub fn json(&self) -> String {
        json::json(self)
    }
}

/// The short text of an operator: `conv 3×3, 64`.
fn label(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    layers::effective(graph, node).map_or_else(|| node.op.clone(), |l| (l.label)(graph, node).title)
}
