//! What is shown of a graph, in the text of other programs that draw: boxes, frames, arrows and their words.

use std::collections::BTreeSet;

use netloom_graph::Graph;
use netloom_layout::Direction;
use netloom_scene::{Swatch, Theme};

use crate::number;
use crate::view::{NodeKind, View, ViewNode};

mod d2;
mod dot;
mod mermaid;

/// A language in which another program is told what to draw.
pub struct Notation {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is good for, in one line without a full stop.
    pub about: &'static str,
    /// The extensions of its files, without the dot, the usual one first.
    pub extensions: &'static [&'static str],
    /// Writes.
    pub write: fn(&Sheet<'_>) -> String,
}

/// Every notation, by name.
pub static NOTATIONS: &[&Notation] = &[&d2::NOTATION, &dot::NOTATION, &mermaid::NOTATION];

/// The notation of a name or an extension, in any case.
pub fn find(name_or_extension: &str) -> Option<&'static Notation> {
    let wanted = name_or_extension.to_ascii_lowercase();
    NOTATIONS.iter().copied().find(|n| n.name == wanted || n.extensions.contains(&wanted.as_str()))
}

/// What is written.
pub struct Sheet<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// What is shown of it.
    pub view: &'a View,
    /// Colours.
    pub theme: &'a Theme,
    /// Where the data flows to.
    pub direction: Direction,
    /// The name of the model.
    pub name: String,
    /// Whether the batch dimension is shown in sizes.
    pub batch: bool,
}

impl Sheet<'_> {
    /// The lines of a box, the most important one first.
    fn lines(&self, node: &ViewNode) -> Vec<String> {
        let times = if node.repeat > 1 { format!(" ×{}", node.repeat) } else { String::new() };
        let title = match (node.header.is_empty(), node.title.is_empty()) {
            (true, _) => node.title.clone(),
            (false, true) => node.header.clone(),
            (false, false) => format!("{}: {}", node.header, node.title),
        };
        let mut lines = vec![format!("{title}{times}")];
        lines.extend(Some(node.subtitle.clone()).filter(|s| !s.is_empty()));
        lines.extend(node.bands.iter().map(|b| b.title.clone()));
        lines.extend(node.notes.iter().cloned());
        lines.retain(|l| !l.trim().is_empty());
        if lines.is_empty() {
            lines.push(node.category.name().to_owned());
        }
        lines
    }

    /// The size of what an arrow carries, where it is the first of its source and the size is new there.
    fn sizes(&self) -> Vec<Option<String>> {
        let shape = |t: netloom_graph::TensorId| self.graph.tensor(t).ty.shape();
        let mut said = BTreeSet::new();
        let arriving: Vec<Vec<netloom_graph::TensorId>> = {
            let mut into = vec![Vec::new(); self.view.nodes.len()];
            for edge in &self.view.edges {
                into[edge.target].push(edge.arrives);
            }
            into
        };
        self.view
            .edges
            .iter()
            .map(|edge| {
                let own = shape(edge.tensor);
                let is_new = arriving[edge.source].iter().all(|t| shape(*t) != own);
                // Inputs say their own size.
                let known = own.rank().is_some_and(|r| r > 0)
                    && !matches!(self.view.nodes[edge.source].kind, NodeKind::Input | NodeKind::Stub);
                (known && is_new && said.insert((edge.source, edge.tensor.index())))
                    .then(|| number::size(self.graph, edge.tensor, self.batch))
                    .filter(|s| !s.is_empty())
            })
            .collect()
    }

    /// Colours of a box, or `None` for words without one.
    fn swatch(&self, node: &ViewNode) -> Option<Swatch> {
        let plain = matches!(node.kind, NodeKind::Input | NodeKind::Output | NodeKind::Stub);
        (!plain).then(|| node.swatch(self.theme))
    }

    /// Boxes and frames as they are nested: each frame when it begins and when it ends, each box once.
    fn nested(&self) -> Vec<Step> {
        let mut held: Vec<Vec<usize>> = vec![Vec::new(); self.view.nodes.len()];
        let mut work: Vec<Step> = Vec::new();
        for (i, node) in self.view.nodes.iter().enumerate().rev() {
            match node.parent {
                Some(parent) => held[parent].push(i),
                None => work.push(Step::Node(i)),
            }
        }
        let mut steps = Vec::new();
        while let Some(step) = work.pop() {
            match step {
                Step::Node(i) if self.view.nodes[i].kind == NodeKind::Container => {
                    steps.push(Step::Open(i));
                    work.push(Step::Close);
                    work.extend(held[i].iter().map(|n| Step::Node(*n)));
                }
                step => steps.push(step),
            }
        }
        steps
    }
}

/// A step through the nesting, by index of nodes.
#[derive(Clone, Copy)]
enum Step {
    Open(usize),
    Close,
    Node(usize),
}

/// The colour as `#rrggbb`.
fn hex(color: netloom_scene::Color) -> String {
    format!("#{:02x}{:02x}{:02x}", color.r, color.g, color.b)
}

/// A line without characters that end one.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The sign of a join: `+` or `×`, else its title.
fn sign(node: &ViewNode) -> &str {
    if node.title.is_empty() { "+" } else { &node.title }
}
