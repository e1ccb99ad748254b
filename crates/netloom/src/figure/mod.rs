//! From a graph to a picture and its bytes.

use std::collections::{BTreeMap, BTreeSet};

use netloom_diagram::styles::{self, Nodes, Settings, Style};
use netloom_diagram::tensors::Weights;
use netloom_diagram::view::{Callout, NodeKind, Picture, View, ViewNode};
use netloom_diagram::{Depth, Detail, Fold};
use netloom_export::{Length, Unit};
use netloom_graph::hierarchy;
use netloom_graph::lift::{Lifted, lift};
use netloom_graph::pattern;
use netloom_graph::{Graph, NodeId, TensorId};
use netloom_layout::Direction;
use netloom_scene::lint::{LintOptions, Report};
use netloom_scene::theme::closest;
use netloom_scene::{Key, Scene, Theme};

use crate::overlay::OverlayOptions;
use crate::{Error, ErrorKind};

mod beside;
mod compared;
mod finish;
mod notation;
mod page;
mod text;
mod weights;

pub use beside::{MAX_MODELS, draw_beside};
pub(crate) use compared::{compared, union};
pub use notation::notation;
pub use text::{description, text_figure};
pub use weights::weights_of;

use finish::Finish;
use page::Chosen;

/// What to draw and how.
#[derive(Clone, PartialEq, Debug)]
pub struct FigureOptions {
    /// The name of a style, see [`crate::STYLES`], or `auto` for the one that suits the model best.
    pub style: String,
    /// What boxes are to stand for where the style is `auto`.
    pub nodes: Option<Nodes>,
    /// The name of a theme.
    pub theme: String,
    /// How deep modules are open; `None` opens as many levels as fit the page at readable type.
    pub depth: Option<Depth>,
    /// Modules to open beside, by path.
    pub open: Vec<String>,
    /// How much is said.
    pub detail: Detail,
    /// Whether reshapes, casts and other movement of data is shown.
    pub plumbing: bool,
    /// What is set about the style: names of its settings with values; see [`netloom_diagram::styles::Setting`].
    pub settings: Vec<(String, String)>,
    /// Weights to show, where the style can; see [`weights_of`].
    pub weights: Weights,
    /// Where the data flows to; `None` is the style's own direction.
    pub direction: Option<Direction>,
    /// Printed width, px (96 to the inch); `None` prints at its own size, at most 7 in wide.
    pub width_px: Option<f64>,
    /// Height of the page, px; what does not fit is folded unless `depth` is given. `None` is 9 in.
    pub height_px: Option<f64>,
    /// Whether detail figures show what closed boxes hold, where they fit.
    pub callouts: bool,
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
    /// Small print under the figure; empty for none.
    pub note: String,
    /// A theme of one's own, in the place of the one by name; see [`Theme::parse`].
    pub own_theme: Option<Theme>,
    /// Numbers to show at boxes.
    pub overlay: Option<OverlayOptions>,
    /// What is said about boxes, later rules over earlier ones: `kind=conv { colour: #77aadd }`; see
    /// [`netloom_diagram::rules`].
    pub rules: Vec<String>,
    /// The pictures that rules put on boxes, by the names they have there; see [`crate::picture`].
    pub pictures: BTreeMap<String, Picture>,
}

impl Default for FigureOptions {
    fn default() -> Self {
        Self {
            style: AUTO.to_owned(),
            nodes: None,
            theme: "light".to_owned(),
            depth: None,
            open: Vec::new(),
            detail: Detail::Paper,
            plumbing: false,
            settings: Vec::new(),
            weights: Weights::default(),
            direction: None,
            width_px: None,
            height_px: None,
            callouts: true,
            legend: true,
            caption: true,
            batch: false,
            fold: Fold::Similar,
            patterns: Vec::new(),
            name: String::new(),
            lift: true,
            note: String::new(),
            own_theme: None,
            overlay: None,
            rules: Vec::new(),
            pictures: BTreeMap::new(),
        }
    }
}

/// The name that stands for the style that suits the model best.
pub const AUTO: &str = "auto";

/// A picture of a model.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// The picture.
    pub scene: Scene,
    /// What it shows.
    pub view: View,
    /// What it shows of the other models, where several stand side by side.
    pub beside: Vec<View>,
    /// Remarks on the picture: what was folded, type that will be small.
    pub notes: Vec<String>,
    /// Printed width, px, where it is not the scene's own.
    pub width_px: Option<f64>,
}

/// Draws a graph.
///
/// # Errors
/// When an option names a style, theme, module or layer that does not exist, or a pattern is none.
pub fn draw(graph: &Graph, options: &FigureOptions) -> Result<Figure, Error> {
    let lifted = prepared(graph, options);
    let shown = lifted.as_ref().map_or(graph, |l| &l.graph);
    let (style, why) = style(shown, options)?;
    let settings = settings(style, options)?;
    for path in &options.open {
        if !shown.modules().any(|(_, m)| m.path == *path) {
            return Err(Error::unknown(
                "module",
                path,
                shown.modules().map(|(_, m)| m.path.as_str()).take(64),
            ));
        }
    }
    let patterns = pattern::parse(shown, &options.patterns)?;
    let finish = Finish::new(graph, lifted.as_ref(), options)?;
    let Chosen { mut view, scene, mut notes, width_px } =
        page::choose(shown, style, options, (patterns, settings), &finish);
    if let Some(lifted) = &lifted {
        trace(graph, &mut view, lifted);
        for callout in &mut view.callouts {
            trace(graph, &mut callout.view, lifted);
        }
    }
    if let Some(why) = why {
        notes.insert(0, format!("style {}: {why}; --style NAME takes another", style.name));
    }
    Ok(Figure { scene, view, beside: Vec::new(), notes, width_px })
}

/// The style that was asked for, or the one that suits the graph best, with the reason.
fn style(graph: &Graph, options: &FigureOptions) -> Result<(&'static Style, Option<String>), Error> {
    if options.style == AUTO {
        let choice = styles::auto::choose(graph, options.nodes);
        return Ok((choice.style, Some(choice.why)));
    }
    Ok((named_style(&options.style)?, None))
}

fn named_style(name: &str) -> Result<&'static Style, Error> {
    let names = || std::iter::once(AUTO).chain(styles::STYLES.iter().map(|s| s.name));
    styles::find(name).ok_or_else(|| Error::unknown("style", name, names()))
}

/// The graph that is drawn in the place of the source: lifted, with modules where the file names none; `None` when the
/// source itself is drawn.
pub(crate) fn prepared(graph: &Graph, options: &FigureOptions) -> Option<Lifted> {
    options.lift.then(|| {
        let lifted = lift(graph);
        Lifted { graph: hierarchy::infer(&lifted.graph), ..lifted }
    })
}

/// Makes a view of a lifted graph name the operators, tensors and modules of the source.
fn trace(graph: &Graph, view: &mut View, lifted: &Lifted) {
    let nodes = |n: NodeId| lifted.stands_for.get(n.index()).cloned().unwrap_or_default();
    let tensor = |t: TensorId| lifted.tensors.get(t.index()).copied();
    for node in &mut view.nodes {
        node.operators = node.operators.iter().flat_map(|n| nodes(*n)).collect();
        node.output = node.output.and_then(tensor);
        // Modules that were inferred stand for nothing in the source but their operators.
        node.modules.retain(|m| m.index() < graph.modules().len());
    }
    // Frames come before what they hold; one of an inferred module stands for what stands in it.
    for n in (0..view.nodes.len()).rev() {
        let Some(frame) = view.nodes[n].parent.filter(|p| *p < n) else { continue };
        if view.nodes[frame].modules.is_empty() {
            let inside = view.nodes[n].operators.clone();
            view.nodes[frame].operators.extend(inside);
        }
    }
    for edge in &mut view.edges {
        edge.tensor = tensor(edge.tensor).unwrap_or(edge.tensor);
        edge.arrives = tensor(edge.arrives).unwrap_or(edge.arrives);
        edge.reader = edge.reader.and_then(|(n, at)| Some((*nodes(n).first()?, at)));
    }
}

/// What was set about a style.
fn settings(style: &'static Style, options: &FigureOptions) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    // Names with a dot are tokens of the theme.
    for (name, value) in options.settings.iter().filter(|(name, _)| !name.contains('.')) {
        settings.set(style.settings, name, value).map_err(|expected| {
            let message = format!("the style {} has no `{name}={value}`: expected {expected}", style.name);
            let known = style.settings.iter().map(|s| s.name).chain(Theme::keys());
            Error::new(ErrorKind::Usage, message).hint(closest(name, known))
        })?;
    }
    Ok(settings)
}

/// A theme that ships.
pub(crate) fn named_theme(name: &str) -> Result<Theme, Error> {
    let names = || netloom_scene::theme::all().iter().map(|t| t.name.as_str());
    netloom_scene::theme::find(name).cloned().ok_or_else(|| Error::unknown("theme", name, names()))
}

/// The theme that is asked for, with what is set about it.
fn theme(options: &FigureOptions) -> Result<Theme, Error> {
    let names = || netloom_scene::theme::all().iter().map(|t| t.name.as_str());
    let mut theme = match &options.own_theme {
        Some(theme) => theme.clone(),
        None => netloom_scene::theme::find(&options.theme)
            .cloned()
            .ok_or_else(|| Error::unknown("theme", &options.theme, names()))?,
    };
    for (name, value) in options.settings.iter().filter(|(name, _)| name.contains('.')) {
        theme.set(name, value).map_err(|e| Error::new(ErrorKind::Usage, e.to_string()))?;
    }
    Ok(theme)
}

/// Writes a picture in an output format, by name or file extension.
///
/// # Errors
/// When there is no such format, or the picture passes one of its limits.
pub fn export(figure: &Figure, format: &str, options: &netloom_export::Options) -> Result<Vec<u8>, Error> {
    let names = || netloom_export::OUTPUTS.iter().map(|o| o.name());
    let output = netloom_export::find(format).map_err(|_| Error::unknown("output", format, names()))?;
    let width = options.width.or_else(|| Length::new(figure.width_px?, Unit::Px));
    Ok(output.write(&figure.scene.at(0.0), &netloom_export::Options { width, ..options.clone() })?)
}

/// Looks a figure over as a reader would, at the size it was asked for: overlaps, text outside boxes, arrows through
/// boxes, small type, weak contrast, keys that lead nowhere.
pub fn lint(graph: &Graph, figure: &Figure) -> Report {
    let frame = figure.scene.at(0.0);
    let scale = figure.width_px.map_or(1.0, |w| (w / frame.size.width).min(1.0));
    let mut report = netloom_scene::lint::lint(&frame, &LintOptions { scale, ..LintOptions::default() });
    let views = || std::iter::once(&figure.view).chain(figure.view.callouts.iter().map(|c| &c.view));
    let mut known: BTreeSet<&str> =
        views().flat_map(|v| &v.nodes).filter(|n| stands(graph, n)).map(|n| n.key.subject()).collect();
    known.extend(figure.beside.iter().flat_map(|v| &v.nodes).map(|n| n.key.subject()));
    let is_callout = |subject: &str| {
        subject.strip_prefix("callout:").is_some_and(|letter| {
            let letter = letter.strip_suffix("@times").unwrap_or(letter);
            (0..figure.view.callouts.len()).any(|i| letter.chars().eq([Callout::letter(i)]))
        })
    };
    let resolve = |key: &Key| {
        let subject = key.subject();
        let arrow = || {
            let (from, to) = subject.split_once('>')?;
            let to = to.rsplit_once('~').map_or(to, |(to, _)| to);
            Some(known.contains(from) && known.contains(to))
        };
        let letters = subject.strip_suffix("@callout").is_some_and(|s| known.contains(s));
        matches!(subject, "figure" | "caption")
            || is_callout(subject)
            || letters
            || known.contains(subject)
            || arrow().unwrap_or(false)
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
