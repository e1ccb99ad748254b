//! What to show: which modules are open, what stands for what, and what each box says.
//!
//! [`view`] runs the [`PASSES`] in order over a first view that holds one box per operator.

use netloom_graph::pattern::Pattern;
use netloom_graph::summary::Summary;
use netloom_graph::{Category, Graph, ModuleId, NodeId, TensorId};
use netloom_scene::{Key, Swatch, Theme};

use crate::rules::Rule;

mod bias;
mod build;
mod callouts;
mod calls;
mod elide;
mod ends;
mod failed;
mod flow;
mod frames;
mod fuse;
mod groups;
mod look;
mod loops;
mod merges;
mod names;
mod patterns;
mod repeats;
mod rules;
mod settings;
mod shared;
mod sketch;
mod skips;
mod stubs;
mod tables;
mod trunk;
mod unwrap;
mod words;

pub use build::view;
pub use callouts::{Details, MAX_CALLOUTS, callouts};
pub use elide::{Elision, Kept, elide};
pub use look::{Badge, Legend, LegendMark, Look, Picture};
pub(crate) use trunk::longest;
pub use trunk::longest_chain;

/// A change made to the first view.
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it does, one sentence without a full stop.
    pub about: &'static str,
    /// Does it.
    pub run: fn(&Graph, &ViewOptions, &mut View),
}

/// Every pass in the order in which they run.
pub static PASSES: &[&Pass] = &[
    &bias::PASS,
    &loops::PASS,
    &fuse::PASS,
    &sketch::PASS,
    &settings::PASS,
    &unwrap::PASS,
    &merges::PASS,
    &stubs::PASS,
    &repeats::PASS,
    &frames::PASS,
    &names::PASS,
    &shared::PASS,
    &failed::PASS,
    &rules::PASS,
    &trunk::PASS,
    &skips::PASS,
];

/// Which modules are open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Modules nested deeper than this many levels are one box each; 0 shows the whole model as one box.
    Levels(u32),
    /// Everything is open, down to operators.
    Full,
}

/// Which blocks are drawn once with a count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fold {
    /// None: every block is drawn.
    None,
    /// Blocks in a row that are equal in all but their names and weights.
    Identical,
    /// Blocks in a row of one make too, with what tells them apart said beside.
    Similar,
}

/// How much a figure says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Stages and blocks.
    Sketch,
    /// What the figure of a paper shows: blocks opened once, layers with their norm and activation, attention and
    /// feed-forward as one box each.
    Paper,
    /// All that is needed to build the network again: every layer with every setting.
    Implement,
}

/// What to show.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewOptions {
    /// How deep modules are open.
    pub depth: Depth,
    /// Modules to open beside, by path; opens everything around them too.
    pub open: Vec<String>,
    /// Modules that stay closed, by path, whatever the depth.
    pub closed: Vec<String>,
    /// How much is said.
    pub detail: Detail,
    /// Whether equal layers in a row are one box with their number.
    pub compact: bool,
    /// Whether reshapes, casts and other movement of data is shown.
    pub plumbing: bool,
    /// Whether the batch dimension is shown.
    pub batch: bool,
    /// Which blocks are drawn once with a count.
    pub fold: Fold,
    /// Blocks that are drawn as one box each; see [`netloom_graph::pattern`].
    pub patterns: Vec<Pattern>,
    /// What is said about boxes, later rules over earlier ones.
    pub rules: Vec<Rule>,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self {
            depth: Depth::Levels(2),
            open: Vec::new(),
            closed: Vec::new(),
            detail: Detail::Paper,
            compact: false,
            plumbing: false,
            batch: false,
            fold: Fold::None,
            patterns: Vec::new(),
            rules: Vec::new(),
        }
    }
}

/// What is shown of a graph.
#[derive(Clone, PartialEq, Debug)]
pub struct View {
    /// Boxes and containers; containers before what they hold.
    pub nodes: Vec<ViewNode>,
    /// Arrows, by index of nodes.
    pub edges: Vec<ViewEdge>,
    /// What the model amounts to.
    pub summary: Summary,
    /// The path that the eye follows from the main input to the main output, by index of nodes.
    pub trunk: Vec<usize>,
    /// What closed boxes hold, each kind drawn once beside the figure.
    pub callouts: Vec<Callout>,
    /// What the legend says where it is not the kinds used.
    pub legend: Option<Legend>,
    /// Parameters and multiply-adds of the model before it, where two are compared.
    pub was: Option<(u64, Option<u64>)>,
}

/// The most counts that the pill of a detail figure lists.
const MAX_COUNTS: usize = 4;

/// A detail figure: what the closed boxes of one kind hold, drawn as it is in the first of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Callout {
    /// What the boxes are called: their class, else the name of the first.
    pub title: String,
    /// Whose numbers are printed, where the boxes differ in name: `inception3a`.
    pub place: String,
    /// The boxes it explains, by index of nodes.
    pub of: Vec<usize>,
    /// How often what is drawn comes in a row in each of them.
    pub repeats: Vec<u32>,
    /// What they hold. Keys begin with the letter of the callout and a bar.
    pub view: View,
}

impl Callout {
    /// How often what is drawn comes in a row, for a pill: `×12`, or one number per box where they differ; empty where
    /// it comes once.
    pub fn times(&self) -> String {
        let (least, most) = (self.repeats.iter().min(), self.repeats.iter().max());
        match (least, most) {
            (Some(least), Some(most)) if least == most => {
                if *most > 1 {
                    format!("×{most}")
                } else {
                    String::new()
                }
            }
            (Some(_), Some(_)) if self.repeats.len() <= MAX_COUNTS => {
                let counts: Vec<String> = self.repeats.iter().map(ToString::to_string).collect();
                format!("×{}", counts.join(", "))
            }
            (Some(least), Some(most)) => format!("×{least}–{most}"),
            _ => String::new(),
        }
    }

    /// How many operators stand in the boxes that it explains.
    pub fn explains(&self, view: &View) -> usize {
        self.of.iter().map(|n| view.nodes[*n].operators.len()).sum()
    }

    /// The letter that stands on the callout and on the boxes it explains.
    pub fn letter(index: usize) -> char {
        u8::try_from(index).ok().and_then(|i| b'A'.checked_add(i)).map_or('?', char::from)
    }
}

/// A box or container.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewNode {
    /// Identity in every picture of this model.
    pub key: Key,
    /// The container it stands in, by index.
    pub parent: Option<usize>,
    /// What it is.
    pub kind: NodeKind,
    /// What the whole is called where title and bands name its parts, else empty: `feed-forward`.
    pub header: String,
    /// The first line: `conv 3×3, 64`.
    pub title: String,
    /// The second line, if any: class, parameters.
    pub subtitle: String,
    /// Further settings, for a tooltip and for full detail.
    pub details: Vec<String>,
    /// What follows within the same box, in order: norm, activation.
    pub bands: Vec<Band>,
    /// What role it plays; chooses the colour.
    pub category: Category,
    /// How often it comes in a row; 1 unless equal blocks are folded into it.
    pub repeat: u32,
    /// Short remarks at the foot of a frame or under a box: what tells folded blocks apart (`first /2`).
    pub notes: Vec<String>,
    /// The modules it stands for, if any; the outermost of one block last.
    pub modules: Vec<ModuleId>,
    /// The operators it stands for, those of folded blocks included.
    pub operators: Vec<NodeId>,
    /// The tensor it makes that an arrow shows.
    pub output: Option<TensorId>,
    /// What a rule, an overlay or a comparison says about how it looks.
    pub look: Look,
}

impl ViewNode {
    /// The colours of the box: those it was given, else those of its kind.
    pub fn swatch(&self, theme: &Theme) -> Swatch {
        self.look.swatch.unwrap_or_else(|| theme.swatch(self.category.name()))
    }

    /// The colours of one of its bands: those the box was given, else those of the band's kind.
    pub fn band_swatch(&self, band: &Band, theme: &Theme) -> Swatch {
        self.look.swatch.unwrap_or_else(|| theme.swatch(band.category.name()))
    }
}

/// A part of a box with its own colour: a norm or activation that follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Band {
    /// The short text.
    pub title: String,
    /// What role it plays; chooses the colour.
    pub category: Category,
}

/// What a box is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeKind {
    /// An input of the model: words without a box.
    Input,
    /// An output of the model: words without a box.
    Output,
    /// One operator, or a few that are one layer.
    Layer,
    /// A join of branches drawn as a small circle with a sign.
    Merge,
    /// A module that is closed.
    Module,
    /// A module that is open: a frame around its content.
    Container,
    /// A note that a far value arrives here.
    Stub,
}

/// An arrow.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewEdge {
    /// Where it starts, by index of nodes; never a container.
    pub source: usize,
    /// Where it ends, by index of nodes; never a container.
    pub target: usize,
    /// The tensor as its producer makes it.
    pub tensor: TensorId,
    /// The tensor as its consumer reads it, after movement that is not shown.
    pub arrives: TensorId,
    /// The operator that reads it, and the position; `None` at an output of the model.
    pub reader: Option<(NodeId, usize)>,
    /// Whether it by-passes what lies between.
    pub skip: bool,
    /// Whether the by-pass changes the size of what it carries in some of the blocks that are folded into this one.
    pub projected: bool,
    /// Whether it carries what one step hands to the next, against the flow.
    pub back: bool,
    /// What the reader calls this operand, if its box says so: `Q`.
    pub port: Option<&'static str>,
    /// Whether it lies on the trunk and should run straight.
    pub trunk: bool,
}

impl View {
    /// Whether a node stands somewhere inside a container.
    pub fn is_ancestor(&self, ancestor: usize, mut node: usize) -> bool {
        let mut steps = 0;
        while let Some(parent) = self.nodes[node].parent {
            if parent == ancestor {
                return true;
            }
            node = parent;
            steps += 1;
            if steps > self.nodes.len() {
                return false;
            }
        }
        false
    }

    /// Removes nodes, with every edge at them, and renumbers the rest.
    pub fn remove(&mut self, gone: &[bool]) {
        let mut place = vec![usize::MAX; self.nodes.len()];
        let mut next = 0;
        for (i, slot) in place.iter_mut().enumerate() {
            if !gone[i] {
                *slot = next;
                next += 1;
            }
        }
        let mut i = 0;
        self.nodes.retain(|_| {
            i += 1;
            !gone[i - 1]
        });
        for node in &mut self.nodes {
            node.parent = node.parent.and_then(|p| (place[p] != usize::MAX).then_some(place[p]));
        }
        self.edges.retain(|e| !gone[e.source] && !gone[e.target]);
        for edge in &mut self.edges {
            edge.source = place[edge.source];
            edge.target = place[edge.target];
        }
        self.trunk.retain(|n| !gone[*n]);
        for n in &mut self.trunk {
            *n = place[*n];
        }
        for callout in &mut self.callouts {
            callout.of.retain(|n| !gone[*n]);
            for n in &mut callout.of {
                *n = place[*n];
            }
        }
    }

    /// Puts nodes into another order, given by their old places, with frames before what they hold.
    pub fn permute(&mut self, from: &[usize]) {
        let mut place = vec![0; from.len()];
        for (new, old) in from.iter().enumerate() {
            place[*old] = new;
        }
        self.nodes = from.iter().map(|i| self.nodes[*i].clone()).collect();
        for node in &mut self.nodes {
            node.parent = node.parent.map(|p| place[p]);
        }
        for edge in &mut self.edges {
            (edge.source, edge.target) = (place[edge.source], place[edge.target]);
        }
        for n in &mut self.trunk {
            *n = place[*n];
        }
        for n in self.callouts.iter_mut().flat_map(|c| &mut c.of) {
            *n = place[*n];
        }
    }

    /// Puts every frame before what it holds, and otherwise keeps the order.
    pub fn frames_first(&mut self) {
        let mut held: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut work: Vec<usize> = Vec::new();
        for (i, node) in self.nodes.iter().enumerate().rev() {
            node.parent.map_or(&mut work, |p| &mut held[p]).push(i);
        }
        let mut place = vec![usize::MAX; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(i) = work.pop() {
            place[i] = order.len();
            order.push(i);
            work.append(&mut held[i]);
        }
        self.nodes = order.iter().map(|i| self.nodes[*i].clone()).collect();
        for node in &mut self.nodes {
            node.parent = node.parent.map(|p| place[p]);
        }
        for edge in &mut self.edges {
            (edge.source, edge.target) = (place[edge.source], place[edge.target]);
        }
        for n in &mut self.trunk {
            *n = place[*n];
        }
    }

    /// Finds the trunk and the by-passes afresh, after arrows have come or gone.
    pub(crate) fn find_flow(&mut self) {
        for edge in &mut self.edges {
            edge.trunk = false;
        }
        trunk::find(self);
        skips::find(self);
    }

    /// How many arrows arrive at and leave each node.
    pub fn degrees(&self) -> Vec<(usize, usize)> {
        let mut degrees = vec![(0, 0); self.nodes.len()];
        for edge in &self.edges {
            degrees[edge.target].0 += 1;
            degrees[edge.source].1 += 1;
        }
        degrees
    }
}
