//! Any layers in the grammar of cells: learned ones as rectangles, pointwise operations as circles, vectors as lines that
//! fork and join.

use netloom_graph::layers;
use netloom_graph::summary::Summary;
use netloom_graph::{Category, Graph, Node};
use netloom_layout::Size;
use netloom_scene::figures::{label_at, oblong};
use netloom_scene::kurbo::{self, Circle, Point, Rect, Shape as _};
use netloom_scene::text::shape;
use netloom_scene::{Group, Path, Role, Theme};

use super::pen::{self, Sign};
use crate::styles::{DrawOptions, layered};
use crate::view::{NodeKind, View, ViewNode};

/// Diameter of a pointwise operation, px.
const POINT: f64 = 18.0;
/// Diameter of a join of vectors, px.
const JOIN: f64 = 7.0;
/// Height of what the model reads and shows, px.
const ENDS: f64 = 28.0;

/// The widest text of what the model reads and shows, px.
const MAX_END: f64 = 120.0;

/// What a box is in the grammar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A learned layer, a closed module or a frame: drawn as boxes are.
    Boxed(&'static str),
    /// A pointwise operation with a sign.
    Signed(Sign),
    /// An operation with a name, in a box with round ends; pointwise or not.
    Named(String, &'static str),
    /// Vectors joined into one.
    Join,
    /// What the model reads or shows.
    End(&'static str),
    /// Words.
    Words,
}

/// A drawn view, and which forms are in it.
pub(super) struct Drawn {
    pub(super) body: Group,
    pub(super) size: kurbo::Size,
    pub(super) forms: Vec<Form>,
}

/// Draws a view. `letter` says what stands before the title of a box.
pub(super) fn draw(
    graph: &Graph,
    view: &View,
    options: &DrawOptions,
    letter: &dyn Fn(&ViewNode) -> String,
) -> Drawn {
    let theme = &options.theme;
    let mut view = view.clone();
    let forms: Vec<Form> = view.nodes.iter().map(|n| form(graph, &view.summary, n)).collect();
    for (node, form) in view.nodes.iter_mut().zip(&forms) {
        dress(node, form, &letter(node), theme);
    }
    let mut measured = layered::measure(&view, options);
    let style = theme.label_style();
    for (i, form) in forms.iter().enumerate() {
        let node = &mut measured.input.nodes[i];
        match form {
            Form::Signed(_) => node.size = Size::new(POINT, POINT),
            Form::Join => node.size = Size::new(JOIN, JOIN),
            Form::Named(word, _) => {
                node.size = Size::new((shape(word, &style).width + 16.0).max(26.0), POINT + 2.0);
            }
            Form::End(_) => {
                let lines = if node.size.height > 20.0 { 36.0 } else { ENDS };
                let shown = &view.nodes[i];
                let size = shape(&shown.subtitle, &theme.secondary_style()).width;
                let width = shape(&shown.title, &style).width.max(size).min(MAX_END);
                node.size = Size::new((width + 20.0).ceil().max(lines), lines);
            }
            Form::Boxed(_) | Form::Words => {}
        }
        if matches!(form, Form::Signed(_) | Form::Join) {
            node.merge = true;
        }
        if !matches!(form, Form::Boxed(_)) {
            node.ports.clear();
        }
    }
    // Ports went with the boxes that had them.
    let ports: Vec<usize> = measured.input.nodes.iter().map(|n| n.ports.len()).collect();
    for edge in &mut measured.input.edges {
        for end in [&mut edge.source, &mut edge.target] {
            end.port = end.port.filter(|p| *p < ports[end.node]);
        }
    }
    let layout = netloom_layout::layout(&measured.input);
    let mut body = Group::new("figure#body");
    let own = |i: usize, rect: Rect, group: &mut Group| own(&view.nodes[i], &forms[i], rect, theme, group);
    layered::draw_boxes(&view, &measured, &layout, options, &own, &mut body);
    layered::draw_edges(&view, &layout, options, &mut body);
    let size = kurbo::Size::new(layout.size.width, layout.size.height);
    Drawn { body, size, forms }
}

/// What a node is in the grammar.
fn form(graph: &Graph, summary: &Summary, node: &ViewNode) -> Form {
    match node.kind {
        NodeKind::Input => Form::End("given"),
        NodeKind::Output => Form::End("state"),
        NodeKind::Stub => Form::Words,
        NodeKind::Container => Form::Boxed("step"),
        NodeKind::Module => Form::Boxed(boxed(summary, node)),
        NodeKind::Merge if node.title == "×" => Form::Signed(Sign::Times),
        NodeKind::Merge => Form::Signed(Sign::Plus),
        NodeKind::Layer => layer(graph, summary, node),
    }
}

fn layer(graph: &Graph, summary: &Summary, node: &ViewNode) -> Form {
    let plain = node.repeat == 1
        && node.notes.is_empty()
        && node.bands.is_empty()
        && node.header.is_empty()
        && node.subtitle.is_empty();
    let op = match node.operators[..] {
        [op] if op.index() < graph.nodes().len() => graph.node(op),
        _ => return Form::Boxed(boxed(summary, node)),
    };
    let name = layers::effective(graph, op).map_or("", |l| l.name);
    let word = || Form::Named(pointwise(name, &node.title), "pointwise");
    let plain = plain && boxed(summary, node) != "learned";
    match (plain, node.category) {
        (true, _) if name == "concat" => Form::Join,
        (true, Category::Activation) => word(),
        (true, Category::Elementwise | Category::Merge) => match name {
            "mul" if data(graph, op) > 1 => Form::Signed(Sign::Times),
            "add" | "sum" if data(graph, op) > 1 => Form::Signed(Sign::Plus),
            "sub" if data(graph, op) == 1 && op.input(0).is_some_and(|t| is_one(graph, t)) => {
                Form::Signed(Sign::OneMinus)
            }
            _ => word(),
        },
        (true, Category::Reduce | Category::Shape | Category::Loss | Category::Pool | Category::Dropout) => {
            Form::Named(node.title.clone(), "other")
        }
        _ => Form::Boxed(boxed(summary, node)),
    }
}

/// The colours of a box that is drawn as one.
fn boxed(summary: &Summary, node: &ViewNode) -> &'static str {
    let rows = node.operators.iter().filter_map(|n| summary.nodes.get(n.index()));
    match node.category {
        _ if rows.into_iter().any(|row| row.parameters > 0) => "learned",
        Category::Conv
        | Category::Linear
        | Category::Attention
        | Category::Recurrent
        | Category::Embedding => "learned",
        Category::Activation | Category::Elementwise => "pointwise",
        _ => "other",
    }
}

/// How many tensors an operator reads that are not stored.
fn data(graph: &Graph, node: &Node) -> usize {
    node.inputs.iter().flatten().filter(|t| !graph.tensor(**t).is_stored()).count()
}

fn is_one(graph: &Graph, tensor: netloom_graph::TensorId) -> bool {
    let one = |v: &[f64]| v.first() == Some(&1.0);
    graph.tensor(tensor).value.as_ref().and_then(netloom_graph::Value::as_floats).is_some_and(one)
}

/// How a pointwise operation is written.
fn pointwise(name: &str, title: &str) -> String {
    match name {
        "sigmoid" => "σ".to_owned(),
        "sub" => "−".to_owned(),
        "div" => "÷".to_owned(),
        "mul" => "×".to_owned(),
        "add" => "+".to_owned(),
        _ => title.to_owned(),
    }
}

/// Gives a node the colours and the words of the grammar: a gate is called by its nonlinearity.
fn dress(node: &mut ViewNode, form: &Form, letter: &str, theme: &Theme) {
    let Form::Boxed(swatch) = form else { return };
    if node.look.swatch.is_none() {
        node.look.swatch = Some(theme.swatch(swatch));
    }
    if node.kind == NodeKind::Container {
        return;
    }
    if let [band] = &node.bands[..]
        && node.subtitle.is_empty()
        && matches!(band.title.as_str(), "sigmoid" | "tanh")
        && node.category == Category::Linear
        && node.header.is_empty()
    {
        let sign = if band.title == "sigmoid" { "σ" } else { "tanh" };
        node.subtitle = std::mem::replace(&mut node.title, sign.to_owned());
    } else if !node.bands.is_empty() {
        let all: Vec<&str> = node.bands.iter().map(|b| b.title.as_str()).collect();
        let words = all.join(", ").replace("sigmoid", "σ");
        node.subtitle = if node.subtitle.is_empty() { words } else { format!("{}, {words}", node.subtitle) };
    }
    node.bands.clear();
    if !letter.is_empty() {
        node.title = format!("{letter} · {}", node.title);
    }
}

/// Draws what is no box.
fn own(node: &ViewNode, form: &Form, rect: Rect, theme: &Theme, group: &mut Group) -> bool {
    let colors = |name: &str| node.look.swatch.unwrap_or_else(|| theme.swatch(name));
    let key = |piece: &str| node.key.piece(piece);
    match form {
        Form::Boxed(_) | Form::Words => return false,
        Form::Signed(sign) => {
            let colors = colors("pointwise");
            let center = rect.center();
            let circle = Circle::new(center, rect.width() / 2.0).to_path(0.01);
            group.push(
                Path::new(key("circle"), circle).filled(colors.fill).stroked(colors.stroke, theme.box_stroke),
            );
            if *sign == Sign::OneMinus {
                group.push(label_at(key("text"), shape("1−", &theme.secondary_style()), center, colors.text));
            } else {
                let strokes = pen::strokes(*sign, center, rect.width() / 2.0);
                group.push(Path::new(key("sign"), strokes).stroked(colors.text, theme.edge_stroke));
            }
        }
        Form::Named(word, swatch) => {
            let colors = colors(swatch);
            group.push(oblong(key("box"), rect).filled(colors.fill).stroked(colors.stroke, theme.box_stroke));
            group.push(label_at(key("title"), shape(word, &theme.label_style()), rect.center(), colors.text));
        }
        Form::Join => {
            let circle = Circle::new(rect.center(), rect.width() / 2.0).to_path(0.01);
            group.push(Path::new(key("join"), circle).filled(theme.edge));
        }
        Form::End(swatch) => {
            let colors = colors(swatch);
            group.push(oblong(key("box"), rect).filled(colors.fill).stroked(colors.stroke, theme.box_stroke));
            let lines = [(&node.title, theme.label_style()), (&node.subtitle, theme.secondary_style())];
            let lines: Vec<_> = lines.into_iter().filter(|(text, _)| !text.is_empty()).collect();
            let total: f64 = lines.iter().map(|(_, s)| theme.line_height(s.size_px)).sum();
            let mut y = rect.center().y - total / 2.0;
            for (i, (text, style)) in lines.into_iter().enumerate() {
                let height = theme.line_height(style.size_px);
                let text = netloom_scene::text::ellipsize(text, &style, rect.width() - 18.0);
                let at = Point::new(rect.center().x, y + height / 2.0);
                group.push(label_at(key(&format!("line{i}")), shape(&text, &style), at, colors.text));
                y += height;
            }
        }
    }
    group.role = Role::Node;
    true
}
