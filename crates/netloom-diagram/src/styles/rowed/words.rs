//! What stands above a tensor, its name and size, and below the way to it, the operation.

use netloom_graph::{Category, Dim, Graph};
use netloom_scene::text::{ellipsize, shape, wrap};
use netloom_scene::{TextRun, TextStyle};

use super::{Kind, Piece, Plan};
use crate::number;
use crate::styles::DrawOptions;
use crate::tensors::{Extent, Form, Window};
use crate::view::{NodeKind, View, ViewNode};

/// The widest line above or below a tensor, px.
const WIDEST: f64 = 74.0;
/// The widest words that stand alone, px.
const WIDEST_WORD: f64 = 96.0;
/// The most lines below.
const MOST_LINES: usize = 5;

/// What tensors are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::styles) enum Names {
    /// By their size alone.
    Plain,
    /// As in the figure of LeNet-5: `C1: feature maps`.
    Classic,
    /// By the module or operator that makes them.
    Modules,
}

impl Names {
    /// What a name may be on the command line.
    pub(in crate::styles) const WORDS: &[&str] = &["plain", "classic", "modules"];

    /// The names asked for.
    pub(in crate::styles) fn find(word: &str) -> Self {
        match word {
            "classic" => Self::Classic,
            "modules" => Self::Modules,
            _ => Self::Plain,
        }
    }
}

/// The lines above every piece.
pub(in crate::styles) fn above(
    graph: &Graph,
    view: &View,
    plan: &Plan,
    names: Names,
    options: &DrawOptions,
) -> Vec<Vec<TextRun>> {
    let theme = &options.theme;
    let (size_style, name_style) = (theme.size_style(), theme.secondary_style());
    let mut layers = 0;
    plan.pieces
        .iter()
        .map(|piece| {
            let node = &view.nodes[piece.node];
            if !matches!(piece.kind, Kind::Tensor | Kind::Closed) {
                return Vec::new();
            }
            let size = size(graph, piece, options.batch);
            let named = match names {
                _ if node.kind == NodeKind::Input => vec![node.title.clone()],
                Names::Plain => piece.result.iter().cloned().collect(),
                Names::Classic => classic(piece, node, &mut layers),
                Names::Modules => {
                    [module(graph, piece, node)].into_iter().chain(piece.result.clone()).collect()
                }
            };
            let mut lines: Vec<TextRun> =
                named.iter().flat_map(|n| lines(n, &name_style, WIDEST, 2)).collect();
            if !size.is_empty() {
                lines.push(fitted(&size, &size_style));
            }
            lines
        })
        .collect()
}

/// A size on one line; long symbols are cut.
fn fitted(text: &str, style: &TextStyle) -> TextRun {
    shape(&ellipsize(text, style, 1.5 * WIDEST), style)
}

/// Channels and sides, as `6@28×28`; `16×128` of a sequence; a number of units.
fn size(graph: &Graph, piece: &Piece, batch: bool) -> String {
    if batch && let Some(tensor) = piece.tensor {
        return number::shape(graph.tensor(tensor).ty.shape(), true);
    }
    let extent = &piece.extent;
    let join = |dims: &[Dim]| dims.iter().map(number::dim).collect::<Vec<_>>().join("×");
    match extent.form {
        Form::Maps | Form::Signal | Form::Solid => {
            format!("{}@{}", number::dim(&extent.channels), join(&extent.sides))
        }
        Form::Sequence if extent.channels == Dim::Known(1) => join(&extent.sides),
        Form::Sequence => format!("{}×{}", join(&extent.sides), number::dim(&extent.channels)),
        Form::Vector | Form::Scalar => number::dim(&extent.channels),
        Form::Other => piece.tensor.map_or_else(String::new, |t| number::size(graph, t, false)),
    }
}

/// Names as in the figure of LeNet-5: a letter for what makes the tensor, and its number.
fn classic(piece: &Piece, node: &ViewNode, layers: &mut usize) -> Vec<String> {
    let is_maps = matches!(piece.extent.form, Form::Maps | Form::Solid) && !is_pixel(&piece.extent);
    let letter = match node.category {
        Category::Conv => "C",
        Category::Pool => "S",
        Category::Linear => "F",
        Category::Recurrent => "R",
        _ => return piece.result.iter().cloned().collect(),
    };
    if piece.result.is_some() {
        return vec!["output".to_owned()];
    }
    *layers += 1;
    let what = match (letter, is_maps) {
        ("C", true) => "feature maps",
        ("S", true) => "f. maps",
        _ => "layer",
    };
    vec![format!("{letter}{layers}: {what}")]
}

/// The last part of the path of the module, else of the operator, that makes a tensor.
fn module(graph: &Graph, piece: &Piece, node: &ViewNode) -> String {
    let path = match (node.modules.first(), piece.layer) {
        (Some(module), _) => graph.modules().find(|(id, _)| id == module).map(|(_, m)| m.path.clone()),
        (None, Some(layer)) => {
            // A layer that is a module of its own goes by the module's name.
            let own = graph.module(graph.node(layer).module);
            let alone = own.nodes.len() == 1 && !own.path.is_empty();
            Some(if alone { own.path.clone() } else { graph.node(layer).name.clone() })
        }
        _ => None,
    };
    path.filter(|p| !p.is_empty()).unwrap_or_else(|| node.title.clone())
}

/// Whether maps are single numbers.
pub(super) fn is_pixel(extent: &Extent) -> bool {
    !extent.sides.is_empty() && extent.sides.iter().all(|d| d.as_size() == Some(1))
}

/// The lines below the way to every piece.
pub(in crate::styles) fn below(
    graph: &Graph,
    view: &View,
    plan: &Plan,
    classic: bool,
    options: &DrawOptions,
) -> Vec<Vec<TextRun>> {
    let theme = &options.theme;
    let (style, bold) = (theme.secondary_style(), theme.header_style(true));
    let mut flattens = vec![false; plan.pieces.len()];
    for link in &plan.links {
        flattens[link.target] |= link.flattens;
    }
    plan.pieces
        .iter()
        .enumerate()
        .map(|(i, piece)| {
            let node = &view.nodes[piece.node];
            match piece.kind {
                Kind::Merge => return Vec::new(),
                Kind::Word => {
                    let text = if node.title.is_empty() { node.key.subject() } else { &node.title };
                    return lines(text, &style, WIDEST_WORD, 3);
                }
                _ => {}
            }
            let mut runs: Vec<TextRun> = Vec::new();
            if node.kind != NodeKind::Input {
                let mut said = operation(graph, piece, node, classic);
                if flattens[i] {
                    said.insert(0, "flatten".to_owned());
                }
                if node.repeat > 1
                    && let Some(first) = said.first_mut()
                {
                    *first = format!("{} × {first}", node.repeat);
                }
                for (j, text) in said.iter().enumerate() {
                    let style = if piece.kind == Kind::Closed && j == 0 { &bold } else { &style };
                    runs.extend(lines(text, style, WIDEST, 2));
                }
            }
            let bands = node.bands.iter().filter(|_| node.header.is_empty()).map(|b| b.title.clone());
            let then: Vec<String> = bands.chain(piece.then.iter().map(|t| t.title.clone())).collect();
            if !then.is_empty() {
                runs.extend(lines(&then.join(" · "), &style, WIDEST, 2));
            }
            if let Some(badge) = &node.look.badge {
                runs.extend(lines(&badge.text, &bold, WIDEST, 1));
            }
            runs.truncate(MOST_LINES);
            runs
        })
        .collect()
}

/// What makes a tensor, in words: the operation, then its window.
fn operation(graph: &Graph, piece: &Piece, node: &ViewNode, classic: bool) -> Vec<String> {
    let window = piece.layer.and_then(|l| Window::of(graph, l));
    let name = piece.layer.and_then(|l| graph.node(l).layer).map_or("", |l| l.name);
    let single = node.header.is_empty();
    match (node.category, window) {
        _ if piece.kind == Kind::Closed => {
            let subtitle = node.subtitle.split(" · ").next().unwrap_or_default().to_owned();
            [node.title.clone(), subtitle].into_iter().filter(|s| !s.is_empty()).collect()
        }
        (Category::Conv | Category::Upsample, Some(window))
            if single && (node.category == Category::Conv || window.transposed) =>
        {
            let what = match (window.transposed, window.groups, &piece.extent.channels) {
                _ if classic && !window.transposed => "convolutions",
                (true, ..) => "transposed convolution",
                (_, 1, _) => "convolution",
                (_, groups, Dim::Known(c)) if u64::try_from(*c) == Ok(groups) => "depthwise convolution",
                _ => "grouped convolution",
            };
            let mut said = vec![what.to_owned(), sides(&window)];
            if what == "grouped convolution" {
                said.push(format!("{} groups", window.groups));
            }
            said
        }
        (Category::Pool, Some(window)) if single => {
            let what = match name {
                _ if classic => "subsampling".to_owned(),
                name => name.replace("_pool", "-pool").replace('_', " "),
            };
            vec![what, sides(&window)]
        }
        (Category::Linear, _) if single && piece.extent.form == Form::Vector => {
            vec!["full connection".to_owned()]
        }
        _ if !single => vec![node.header.clone()],
        _ => vec![node.title.clone()],
    }
}

/// Kernel, stride and dilation: `5×5, /2`.
fn sides(window: &Window) -> String {
    let join = |sides: &[u64]| sides.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
    let one = |sides: &[u64]| match sides {
        [first, rest @ ..] if rest.iter().all(|s| s == first) => first.to_string(),
        _ => join(sides),
    };
    let mut text = join(&window.kernel);
    if window.stride.iter().any(|s| *s != 1) {
        let sign = if window.transposed { '×' } else { '/' };
        text += &format!(", {sign}{}", one(&window.stride));
    }
    if window.dilation.iter().any(|d| *d != 1) {
        text += &format!(", dil. {}", one(&window.dilation));
    }
    text
}

/// A text on at most some lines.
fn lines(text: &str, style: &TextStyle, width: f64, most: usize) -> Vec<TextRun> {
    let mut lines = wrap(text, style, width);
    if lines.len() > most {
        let start: usize = lines[..most - 1].iter().map(|l| l.text.len()).sum();
        let rest = text.get(start.min(text.len())..).unwrap_or_default().trim_start();
        lines.truncate(most - 1);
        lines.push(shape(&ellipsize(rest, style, width - 4.0), style));
        let last = lines.len() - 1;
        if !lines[last].text.ends_with('…') {
            let cut = format!("{}…", lines[last].text);
            lines[last] = shape(&ellipsize(&cut, style, width), style);
        }
    }
    lines.retain(|l| !l.text.trim().is_empty());
    lines
}
