//! Two models in one figure: the second, with what only the first has beside it.

use netloom_diagram::styles::Settings;
use netloom_diagram::view::{Legend, View};
use netloom_graph::diff::What;
use netloom_graph::{Attribute, Attributes, Graph, Node, NodeId, Producer, Tensor, TensorId};
use netloom_scene::{Swatch, Theme};

use super::finish::Finish;
use super::page::{self, Chosen};
use super::{Figure, FigureOptions, named_style, settings};
use crate::{Comparison, Error};

mod merge;
mod words;

use merge::{COMMON, Merge};

/// The most changes that the legend states for all layers.
const MAX_COMMON: usize = 3;

/// What became of a box.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum State {
    Added,
    Removed,
    Changed,
    Same,
}

impl State {
    const ALL: [Self; 4] = [Self::Added, Self::Removed, Self::Changed, Self::Same];

    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }

    /// The mark before a title, so that colour is not all that tells.
    fn mark(self) -> &'static str {
        match self {
            Self::Added => "+ ",
            Self::Removed => "− ",
            Self::Changed => "~ ",
            Self::Same => "",
        }
    }

    fn swatch(self, theme: &Theme) -> Swatch {
        theme.swatch(self.name())
    }
}

/// Draws a comparison.
pub(crate) fn compared(found: &Comparison, options: &FigureOptions) -> Result<Figure, Error> {
    let style = named_style(&options.style)?;
    let settings: Settings = settings(style, options)?;
    let name = if options.name.is_empty() { found.names.join(" → ") } else { options.name.clone() };
    let options = FigureOptions { name, ..options.clone() };
    let graph = union(found);
    let finish = Finish::new(&graph, None, &options)?;
    let theme = &finish.theme;
    let merge = Merge::new(found, theme);
    let views = |spec: &netloom_diagram::ViewOptions| -> View {
        let [before, after] =
            [&found.before.graph, &found.after.graph].map(|g| netloom_diagram::view(g, spec));
        let mut view = merge.views(&before, after);
        view.legend = Some(legend(found, &view, theme));
        view.was = Some((found.diff.before.parameters, found.diff.before.macs));
        view
    };
    let Chosen { view, scene, notes, width_px } =
        page::choose_among(&graph, &views, style, &options, (Vec::new(), settings), &finish);
    Ok(Figure { scene, view, beside: Vec::new(), notes, width_px })
}

/// What the colours that are used say.
fn legend(found: &Comparison, view: &View, theme: &Theme) -> Legend {
    let used = |state: &State| {
        let swatch = Some(state.swatch(theme));
        view.nodes.iter().any(|n| n.look.swatch == swatch)
    };
    let common: Vec<String> = common(found);
    let entry = |state: State| {
        let mut words = format!("{}{}", state.mark(), state.name());
        if state == State::Changed && !common.is_empty() {
            words += &format!(" ({})", common.join(", "));
        }
        (state.swatch(theme), words)
    };
    Legend::Entries(State::ALL.into_iter().filter(used).map(entry).collect())
}

/// What changed about so many layers that the legend says it for all.
fn common(found: &Comparison) -> Vec<String> {
    let groups = found.diff.groups.iter().filter(|g| g.pairs.len() > COMMON && !g.implied);
    let said =
        groups.filter(|g| matches!(g.what, What::Attribute(_) | What::WeightDtype(_) | What::Quantized));
    let words = said.map(|g| {
        let name = g.what.name();
        format!("{} {} → {}", name.trim_end_matches(" dtype"), g.before, g.after)
    });
    words.take(MAX_COMMON).collect()
}

/// The second model's graph, with the operators and tensors of the first behind its own.
pub(crate) fn union(found: &Comparison) -> Graph {
    let (before, mut graph) = (&found.before.graph, found.after.graph.clone());
    let tensors = graph.tensors().len();
    let moved = |t: TensorId| TensorId::new(tensors + t.index());
    for (_, tensor) in before.tensors() {
        let producer = match tensor.producer {
            Producer::Stored => Producer::Stored,
            _ => Producer::Missing,
        };
        graph.add_tensor(Tensor { producer, consumers: Vec::new(), ..tensor.clone() });
    }
    let root = graph.root();
    for (_, node) in before.nodes() {
        let mut attributes = Attributes::new();
        for (name, value) in node.attributes.iter() {
            // Bodies of control flow are those of the other graph.
            if !matches!(value, Attribute::Region(_) | Attribute::Regions(_)) {
                attributes.set(name, value.clone());
            }
        }
        graph.add_node(Node {
            module: root,
            region: None,
            inputs: node.inputs.iter().map(|t| t.map(moved)).collect(),
            outputs: node.outputs.iter().map(|t| t.map(moved)).collect(),
            attributes,
            ..node.clone()
        });
    }
    graph
}

/// How far the ids of the first model's operators and tensors are moved in the union.
#[derive(Clone, Copy, Debug)]
struct Offset {
    nodes: usize,
    tensors: usize,
}

impl Offset {
    fn node(self, id: NodeId) -> NodeId {
        NodeId::new(self.nodes + id.index())
    }

    fn tensor(self, id: TensorId) -> TensorId {
        TensorId::new(self.tensors + id.index())
    }
}
