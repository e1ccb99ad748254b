//! From a graph to a picture and its bytes.

use std::collections::BTreeSet;

use netloom_diagram::styles::{self, DrawOptions};
use netloom_diagram::view::{NodeKind, View, ViewNode, view};
use netloom_diagram::{Depth, Detail, Fold, ViewOptions};
use netloom_graph::lift::{Lifted, lift};
use netloom_graph::pattern::{self, Pattern};
use netloom_graph::{Graph, NodeId, TensorId};
use netloom_layout::Direction;
use netloom_scene::lint::{LintOptions, Report};
use netloom_scene::{Key, Scene, Theme};

use crate::{Error, ErrorKind};

/// With `depth` left open, modules are opened as long as the figure has at most this many boxes.
const AUTO_BOXES: usize = 48;
/// The deepest level tried when `depth` is left open.
const AUTO_DEPTH: u32 = 12;

/// What to draw and how.
#[derive(Clone, PartialEq, Debug)]
pub struct FigureOptions {
    /// The name of a style; see [`crate::STYLES`].
    pub style: String,
    /// The name of a theme.
    pub theme: String,
    /// How deep modules are open; `None` opens as many levels as make a readable figure.
    pub depth: Option<Depth>,
    /// Modules to open beside, by path.
    pub open: Vec<String>,
    /// How much is said.
    pub detail: Detail,
    /// Whether reshapes, casts and other movement of data is shown.
    pub plumbing: bool,
    /// Where the data flows to.
    pub direction: Direction,
    /// Printed width, px (96 to the inch).
    pub width_px: Option<f64>,
    /// Whether a legend stands below.
    pub legend: bool,
    /// Whether name and totals stand below.
    pub caption: bool,
    /// Whether the batch dimension is shown in sizes.
    pub batch: bool,
    /// Which blocks are drawn once with a count.
    pub fold: Fold,
    /// Blocks to draw as one box each, such as `ConvBnRelu = Conv > BatchNorm > Relu`; see
    /// [`netloom_graph::pattern`].
    pub patterns: Vec<String>,
    /// The name to print; empty takes the model's own.
    pub name: String,
    /// Whether groups of operators are drawn as the layer they make up; see [`netloom_graph::lift`].
    pub lift: bool,
}

impl Default for FigureOptions {
    fn default() -> Self {
        Self {
            style: "layered".to_owned(),
            theme: "light".to_owned(),
            depth: None,
            open: Vec::new(),
            detail: Detail::Paper,
            plumbing: false,
            direction: Direction::Down,
            width_px: None,
            legend: true,
            caption: true,
            batch: false,
            fold: Fold::Identical,
            patterns: Vec::new(),
            name: String::new(),
            lift: true,
        }
    }
}

/// A picture of a model.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// The picture.
    pub scene: Scene,
    /// What it shows.
    pub view: View,
    /// Remarks on the picture: what was folded, type that will be small.
    pub notes: Vec<String>,
    /// Printed width, px, if one was asked for.
    pub width_px: Option<f64>,
}

/// Draws a graph.
///
/// # Errors
/// When an option names a style, theme, module or layer that does not exist, or a pattern is none.
pub fn draw(graph: &Graph, options: &FigureOptions) -> Result<Figure, Error> {
    let style = styles::find(&options.style)
        .ok_or_else(|| Error::unknown("style", &options.style, styles::STYLES.iter().map(|s| s.name)))?;
    let theme = theme(&options.theme)?;
    for path in &options.open {
        if !graph.modules().any(|(_, m)| m.path == *path) {
            return Err(Error::unknown(
                "module",
                path,
                graph.modules().map(|(_, m)| m.path.as_str()).take(64),
            ));
        }
    }
    let mut notes = Vec::new();
    let lifted = options.lift.then(|| lift(graph));
    let shown = lifted.as_ref().map_or(graph, |l| &l.graph);
    let patterns = pattern::parse(shown, &options.patterns)?;
    let mut view = choose(shown, options, &patterns, &mut notes);
    let draw_options = DrawOptions {
        direction: options.direction,
        width_px: options.width_px,
        legend: options.legend,
        caption: options.caption,
        name: options.name.clone(),
        batch: options.batch,
        ..DrawOptions::new(theme)
    };
    let scene = (style.draw)(shown, &view, &draw_options);
    if let Some(lifted) = &lifted {
        trace(&mut view, lifted);
    }
    if let Some(width) = options.width_px
        && scene.size.width > width
    {
        let scale = width / scene.size.width;
        let smallest_pt = draw_options.theme.secondary_size * 0.75 * scale;
        if smallest_pt < 6.0 {
            notes.push(format!(
                "the figure is {:.1} times wider than asked for, so its smallest type prints at {smallest_pt:.1} pt; \
                 a smaller --depth or a larger --width helps",
                1.0 / scale
            ));
        }
    }
    Ok(Figure { scene, view, notes, width_px: options.width_px })
}

/// Makes a view of a lifted graph name the operators and tensors of the source.
fn trace(view: &mut View, lifted: &Lifted) {
    let nodes = |n: NodeId| lifted.stands_for.get(n.index()).cloned().unwrap_or_default();
    let tensor = |t: TensorId| lifted.tensors.get(t.index()).copied();
    for node in &mut view.nodes {
        node.operators = node.operators.iter().flat_map(|n| nodes(*n)).collect();
        node.output = node.output.and_then(tensor);
    }
    for edge in &mut view.edges {
        edge.tensor = tensor(edge.tensor).unwrap_or(edge.tensor);
        edge.arrives = tensor(edge.arrives).unwrap_or(edge.arrives);
        edge.reader = edge.reader.and_then(|(n, at)| Some((*nodes(n).first()?, at)));
    }
}

fn choose(graph: &Graph, options: &FigureOptions, patterns: &[Pattern], notes: &mut Vec<String>) -> View {
    let at = |depth| {
        let spec = ViewOptions {
            depth,
            open: options.open.clone(),
            detail: options.detail,
            plumbing: options.plumbing,
            batch: options.batch,
            fold: options.fold,
            patterns: patterns.to_vec(),
        };
        view(graph, &spec)
    };
    if let Some(depth) = options.depth {
        return at(depth);
    }
    let boxes = |v: &View| v.nodes.iter().filter(|n| n.kind != NodeKind::Container).count();
    let mut best = at(Depth::Levels(1));
    for depth in 2..=AUTO_DEPTH {
        let next = at(Depth::Levels(depth));
        if boxes(&next) > AUTO_BOXES {
            let closed = best.nodes.iter().filter(|n| n.kind == NodeKind::Module).count();
            if closed > 0 {
                notes.push(format!(
                    "{closed} modules are folded (--depth {}); --depth full opens everything",
                    depth - 1
                ));
            }
            return best;
        }
        if next == best && depth > 3 {
            break;
        }
        best = next;
    }
    best
}

fn theme(name: &str) -> Result<Theme, Error> {
    let names = || netloom_scene::theme::all().iter().map(|t| t.name.as_str());
    netloom_scene::theme::find(name).cloned().ok_or_else(|| Error::unknown("theme", name, names()))
}

/// Writes a picture in an output format, by name or file extension.
///
/// # Errors
/// When there is no such format, or the picture passes one of its limits.
pub fn export(figure: &Figure, format: &str, options: &netloom_export::Options) -> Result<Vec<u8>, Error> {
    let names = || netloom_export::OUTPUTS.iter().map(|o| o.name());
    let output = netloom_export::find(format).map_err(|_| Error::unknown("output", format, names()))?;
    Ok(output.write(&figure.scene.at(0.0), options)?)
}

/// Looks a figure over as a reader would, at the size it was asked for: overlaps, text outside boxes, arrows through
/// boxes, small type, weak contrast, keys that lead nowhere.
pub fn lint(graph: &Graph, figure: &Figure) -> Report {
    let frame = figure.scene.at(0.0);
    let scale = figure.width_px.map_or(1.0, |w| (w / frame.size.width).min(1.0));
    let mut report = netloom_scene::lint::lint(&frame, &LintOptions { scale, ..LintOptions::default() });
    let known: BTreeSet<&str> =
        figure.view.nodes.iter().filter(|n| stands(graph, n)).map(|n| n.key.subject()).collect();
    let resolve = |key: &Key| {
        let subject = key.subject();
        let arrow = || {
            let (from, to) = subject.split_once('>')?;
            let to = to.rsplit_once('~').map_or(to, |(to, _)| to);
            Some(known.contains(from) && known.contains(to))
        };
        matches!(subject, "figure" | "caption") || known.contains(subject) || arrow().unwrap_or(false)
    };
    report.defects.extend(netloom_scene::lint::unresolved(&frame, &resolve).defects);
    report
}

/// Whether a box stands for something of the graph: an operator, a module or a tensor that is there.
fn stands(graph: &Graph, node: &ViewNode) -> bool {
    node.operators.iter().any(|n| n.index() < graph.nodes().len())
        || node.modules.iter().any(|m| m.index() < graph.modules().len())
        || node.output.is_some_and(|t| t.index() < graph.tensors().len())
        || node.kind == NodeKind::Output
}

/// Writes a model as lines of plain text.
///
/// # Errors
/// When an option names a module or layer that does not exist, or a pattern is none.
pub fn text_figure(graph: &Graph, options: &FigureOptions, ascii: bool) -> Result<String, Error> {
    let mut notes = Vec::new();
    let lifted = options.lift.then(|| lift(graph));
    let graph = lifted.as_ref().map_or(graph, |l| &l.graph);
    let patterns = pattern::parse(graph, &options.patterns)?;
    let view = choose(graph, options, &patterns, &mut notes);
    let spec = ViewOptions { batch: options.batch, ..ViewOptions::default() };
    let body =
        netloom_diagram::plain::plain(graph, &view, &spec, netloom_diagram::plain::PlainOptions { ascii });
    let name = netloom_diagram::describe::name(graph, &options.name);
    let totals = netloom_diagram::describe::totals(&view);
    let head = if totals.is_empty() { name } else { format!("{name} · {totals}") };
    if graph.nodes().len() == 0 {
        return Err(Error::new(ErrorKind::Input, "the model has no operators"));
    }
    let head = netloom_diagram::plain::printable(&head);
    let head = if ascii { netloom_diagram::plain::to_ascii(&head) } else { head };
    Ok(format!("{head}\n\n{body}"))
}
