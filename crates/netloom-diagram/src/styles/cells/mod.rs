//! Recurrent cells, heads of attention and small networks in the grammar of Olah (2015): learned layers as rectangles,
//! pointwise operations as circles, vectors as lines that join and fork.

use netloom_graph::Graph;
use netloom_layout::Direction;
use netloom_scene::figures::{label_from, oblong, rounded_rect, route, tip};
use netloom_scene::kurbo::{Affine, Circle, Point, Rect, Shape as _, Size, Vec2};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Path, Role, Scene, Swatch};

use super::caption::{Caption, Mark};
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values, sheet};
use crate::describe;
use crate::number;
use crate::view::{NodeKind, View, ViewNode};

mod attention;
mod find;
mod gates;
mod grammar;
mod pen;
mod steps;
mod symbols;

use find::{Cells, Kind};
use grammar::Form;
use pen::Sign;
use steps::Shown;

static SETTINGS: &[Setting] = &[
    Setting {
        name: "view",
        about: "whether recurrent cells are shown open, with a loop, in a row, or as three steps with the middle one open; three where the width allows",
        values: Values::Words(&["auto", "cell", "rolled", "unrolled", "three"]),
        default: "auto",
    },
    Setting {
        name: "steps",
        about: "how many steps stand in a row at the most, as the width allows",
        values: Values::Number(1.0, 16.0),
        default: "4",
    },
    Setting { name: "gates", about: "whether gates are named", values: Values::Flag, default: "yes" },
    Setting {
        name: "overview",
        about: "whether the model around the cells is drawn",
        values: Values::Flag,
        default: "yes",
    },
];

pub(super) static STYLE: Style = Style {
    name: "cells",
    about: "recurrent cells and attention opened, small networks by their operators: learned layers as rectangles, \
            pointwise operations as circles, vectors as lines that join and fork",
    nodes: Nodes::Operators,
    opens_all: false,
    callouts: false,
    direction: Direction::Down,
    settings: SETTINGS,
    suits,
    draw,
    draw_many: None,
};

/// The most makes of cells that are opened.
const MAX_OPEN: usize = 4;
/// How much of the space between boxes is left where they would not stand beside one another else.
const TIGHT: [f64; 2] = [0.75, 0.5];
/// The most sizes of inputs that are listed.
const MAX_SIZES: usize = 4;
/// Space between drawings one above the other, px.
const BETWEEN: f64 = 20.0;
/// How much smaller than drawn a figure may be printed before its smallest type is too small.
const LEAST_SCALE: f64 = 0.85;
/// The width from which three steps stand side by side, px.
const WIDE: f64 = 470.0;

/// A drawing under a heading.
struct Part {
    group: Group,
    size: Size,
}

/// The most layers around recurrent cells that leave these the point of a figure.
const FEW: usize = 8;

fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let recurrent = find::find(subject.graph).iter().any(|c| c.make.kind != Kind::Attention);
    (recurrent && subject.layers() <= FEW).then(|| Suits::new(60, "recurrent cells and little else"))?
}

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let all = find::find(graph);
    let most = all.len().min(MAX_OPEN);
    // As many cells are opened as the page has room for.
    let room = options.page.height / LEAST_SCALE;
    let mut scene = with_open(graph, view, options, &all, most);
    for fewer in (1..most).rev() {
        if scene.size.height <= room {
            break;
        }
        scene = with_open(graph, view, options, &all, fewer);
    }
    scene
}

/// The figure with the first cells of some opened.
fn with_open(graph: &Graph, view: &View, options: &DrawOptions, all: &[Cells], most: usize) -> Scene {
    let theme = &options.theme;
    let name = describe::name(graph, &options.name);
    let opened = &all[..most];
    let lettered = opened.len() > 1;
    let mut parts = Vec::new();
    let mut forms = Vec::new();
    let room = options.width_px.unwrap_or(options.page.width) - 2.0 * theme.margin;
    let mut upright = false;
    let around = view.nodes.iter().filter(|n| !is_cell(n, opened) && is_box(n)).count();
    if opened.is_empty() || around > 0 && options.settings.flag(SETTINGS, "overview") {
        let letter = |node: &ViewNode| match opened.iter().position(|c| stands_for(node, c)) {
            Some(i) if lettered && is_box(node) => letter(i),
            _ => String::new(),
        };
        // From left to right, as cells are read, where that is not too wide.
        let mut drawn = grammar::draw(graph, view, &across(options, 1.0), &letter);
        for tight in TIGHT {
            if drawn.size.width > room / LEAST_SCALE {
                drawn = grammar::draw(graph, view, &across(options, tight), &letter);
            }
        }
        if drawn.size.width > room / LEAST_SCALE && options.direction != Direction::Right {
            drawn = grammar::draw(graph, view, options, &letter);
            upright = true;
        }
        forms = drawn.forms;
        parts.push(Part { group: drawn.body, size: drawn.size });
    }
    for (i, cells) in opened.iter().enumerate() {
        parts.push(open(view, options, cells, i, lettered));
    }
    let body = arranged(parts, upright.then_some(room));
    let mut caption =
        Caption::new(view, options, &name).with_legend(view, options, legend(&forms, opened, options));
    if all.len() > opened.len() {
        let rest = all.len() - opened.len();
        let kinds = if rest == 1 { "kind of cell is" } else { "kinds of cells are" };
        caption = caption.with_note(theme, &format!("{rest} further {kinds} not opened"));
    }
    sheet::sheet(graph, view, options, body, &caption)
}

/// From left to right, with a part of the usual space between boxes.
fn across(options: &DrawOptions, tight: f64) -> DrawOptions {
    let mut across = DrawOptions { direction: Direction::Right, ..options.clone() };
    across.theme.rank_gap = (across.theme.rank_gap * tight).round();
    across
}

/// Parts one below the other; where there is room, the others beside the first, which is upright.
fn arranged(parts: Vec<Part>, room: Option<f64>) -> (Group, Size) {
    let mut body = Group::new("figure#parts");
    let widest = |parts: &[Part]| parts.iter().map(|p| p.size.width).fold(0.0, f64::max);
    let height = |parts: &[Part]| parts.iter().map(|p| p.size.height + BETWEEN).sum::<f64>() - BETWEEN;
    let (first, rest) = parts.split_at(parts.len().min(1));
    let beside = widest(first) + 2.0 * BETWEEN + widest(rest);
    let columns: Vec<&[Part]> =
        if !rest.is_empty() && room.is_some_and(|r| beside <= r) { vec![first, rest] } else { vec![&parts] };
    let size = Size::new(
        if columns.len() > 1 { beside } else { widest(&parts) },
        columns.iter().map(|c| height(c)).fold(0.0, f64::max),
    );
    let (mut x, mut n) = (0.0, 0);
    for column in columns {
        let mut y = ((size.height - height(column)) / 2.0).round();
        for part in column {
            let mut group = Group::new(format!("figure#part{n}").as_str());
            let aside = ((widest(column) - part.size.width) / 2.0).round();
            group.transform = Affine::translate(Vec2::new(x + aside, y));
            group.push(part.group.clone());
            body.push(group);
            (y, n) = (y + part.size.height + BETWEEN, n + 1);
        }
        x += widest(column) + 2.0 * BETWEEN;
    }
    (body, size)
}

fn letter(i: usize) -> String {
    u8::try_from(i)
        .ok()
        .and_then(|i| b'A'.checked_add(i))
        .map_or_else(String::new, |c| char::from(c).to_string())
}

/// Whether a node is drawn as a box.
fn is_box(node: &ViewNode) -> bool {
    matches!(node.kind, NodeKind::Layer | NodeKind::Module | NodeKind::Merge)
}

fn stands_for(node: &ViewNode, cells: &Cells) -> bool {
    node.kind != NodeKind::Container && cells.nodes.iter().any(|n| node.operators.contains(n))
}

/// Whether a node is nothing but a cell.
fn is_cell(node: &ViewNode, opened: &[Cells]) -> bool {
    node.kind == NodeKind::Layer && opened.iter().any(|c| stands_for(node, c))
}

/// A cell of one make, open, under its heading.
fn open(view: &View, options: &DrawOptions, cells: &Cells, i: usize, lettered: bool) -> Part {
    let theme = &options.theme;
    let name = format!("cell{i}");
    let place = view.nodes.iter().find(|n| stands_for(n, cells));
    // Small print stands on the ground of a cell, so that takes on a colour of its own as a frame does.
    let ground = |s: Swatch| Swatch { fill: theme.container_fill(&s), text: theme.ink, ..s };
    let swatch = place.and_then(|n| n.look.swatch).map_or_else(|| theme.swatch("step"), ground);
    let names = options.settings.flag(SETTINGS, "gates");
    let (drawn, size) = match cells.make.kind {
        Kind::Attention => {
            let room = options.width_px.unwrap_or(options.page.width) / LEAST_SCALE - 2.0 * theme.margin;
            attention::draw(theme, &name, &cells.make, &swatch, room)
        }
        _ => steps::draw(theme, &name, cells, shown(options), names, &swatch),
    };
    let key = format!("figure#{name}.head");
    let (bold, plain) = (theme.header_style(true), theme.secondary_style());
    let title =
        if lettered { format!("{} · {}", letter(i), cells.make.title) } else { cells.make.title.clone() };
    let title = shape(&ellipsize(&title, &bold, 280.0), &bold);
    let said = shape(&ellipsize(&said(cells), &plain, 300.0), &plain);
    let line = theme.line_height(theme.header_size) + 4.0;
    let beside = title.width + 8.0 + said.width <= size.width.max(280.0);
    let mut head = Group::new(key.as_str()).with_role(Role::Note);
    let width = if beside { title.width + 8.0 + said.width } else { title.width.max(said.width) };
    let below = if beside { (title.width + 8.0, 0.5 * line) } else { (0.0, 1.5 * line) };
    let height = if beside || said.text.is_empty() { line } else { 2.0 * line };
    head.push(label_from(format!("{key}.title").as_str(), title, Point::new(0.0, line / 2.0), theme.ink));
    if !said.text.is_empty() {
        head.push(label_from(format!("{key}.said").as_str(), said, Point::from(below), theme.muted));
    }
    let wide = size.width.max(width);
    let mut group = Group::new(place.map_or_else(|| key.as_str().into(), |n| n.key.piece(&name)));
    head.transform = Affine::translate(Vec2::new(((wide - size.width) / 2.0).round().min(wide - width), 0.0));
    group.push(head);
    let mut inner = Group::new(format!("figure#{name}-drawn").as_str());
    inner.transform = Affine::translate(Vec2::new(((wide - size.width) / 2.0).round(), height + 4.0));
    inner.push(drawn);
    group.push(inner);
    Part { group, size: Size::new(wide, size.height + height + 4.0) }
}

/// What is said beside the name of a cell: how many there are, what they read, over how many steps.
fn said(cells: &Cells) -> String {
    let mut said = Vec::new();
    if cells.nodes.len() > 1 && !cells.make.one_step {
        said.push(format!("{} of them", cells.nodes.len()));
    }
    if !cells.inputs.is_empty() {
        let word = if cells.inputs.len() == 1 { "input" } else { "inputs" };
        let sizes = &cells.inputs[..cells.inputs.len().min(MAX_SIZES)];
        said.push(format!("{word} {}", sizes.join(", ")));
    }
    let unrolled = (cells.make.one_step && cells.nodes.len() > 1).then_some(cells.nodes.len() as u64);
    if let Some(steps) = unrolled.or(cells.steps).filter(|_| cells.make.kind != Kind::Attention) {
        said.push(format!("{} steps", number::grouped(steps)));
    }
    if cells.make.peephole {
        said.push("peepholes".to_owned());
    }
    if cells.make.backwards {
        said.push("reads from the end".to_owned());
    }
    said.join(" · ")
}

/// Which steps are drawn, as asked for where the width allows it.
fn shown(options: &DrawOptions) -> Shown {
    let room = options.width_px.unwrap_or(options.page.width);
    let inner = room / LEAST_SCALE - 2.0 * options.theme.margin;
    let asked = options.settings.number(SETTINGS, "steps").max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page holds few steps")]
    let n = asked.min(steps::most(inner)) as usize;
    match options.settings.word(SETTINGS, "view") {
        "rolled" => Shown::Rolled,
        "unrolled" => Shown::Unrolled(n),
        "auto" | "three" if room >= WIDE => Shown::Three,
        _ => Shown::Cell,
    }
}

/// The symbols in use.
fn legend(forms: &[Form], opened: &[Cells], options: &DrawOptions) -> Vec<(Mark, String)> {
    let theme = &options.theme;
    let inside = matches!(shown(options), Shown::Cell | Shown::Three);
    let recurrent = inside && opened.iter().any(|c| c.make.kind != Kind::Attention);
    let attention = opened.iter().any(|c| c.make.kind == Kind::Attention);
    let boxed = |name: &str| {
        forms.iter().any(|f| *f == Form::Boxed(if name == "learned" { "learned" } else { "other" }))
    };
    let named = |name: &str| forms.iter().any(|f| matches!(f, Form::Named(_, s) if *s == name));
    let mut legend = Vec::new();
    if recurrent || attention || boxed("learned") {
        let colors = theme.swatch("learned");
        let rect = rounded_rect("", Rect::new(0.0, 0.0, 18.0, 11.0), 1.5);
        let rect = rect.filled(colors.fill).stroked(colors.stroke, theme.box_stroke);
        legend.push((Mark::Sketch(vec![rect], Size::new(18.0, 11.0)), "learned layer".to_owned()));
    }
    if recurrent || attention || named("pointwise") || forms.iter().any(|f| matches!(f, Form::Signed(_))) {
        let colors = theme.swatch("pointwise");
        let center = Point::new(6.0, 6.0);
        let circle = Path::new("", Circle::new(center, 6.0).to_path(0.01));
        let circle = circle.filled(colors.fill).stroked(colors.stroke, theme.box_stroke);
        let sign = Path::new("", pen::strokes(Sign::Times, center, 6.0)).stroked(colors.text, 1.0);
        legend.push((
            Mark::Sketch(vec![circle, sign], Size::new(12.0, 12.0)),
            "pointwise operation".to_owned(),
        ));
    }
    if attention || named("other") || boxed("other") {
        let colors = theme.swatch("other");
        let other = oblong("", Rect::new(0.0, 0.0, 18.0, 11.0));
        let other = other.filled(colors.fill).stroked(colors.stroke, theme.box_stroke);
        legend.push((Mark::Sketch(vec![other], Size::new(18.0, 11.0)), "other operation".to_owned()));
    }
    legend.push((Mark::Arrow(theme.edge, None), "vector".to_owned()));
    if recurrent {
        let line = |points: &[(f64, f64)], arrow: bool| {
            let points: Vec<Point> = points.iter().map(|p| Point::from(*p)).collect();
            let cut = if arrow { theme.tip_length * 0.8 } else { 0.0 };
            let mut paths = vec![route("", &points, 4.0, cut).stroked(theme.edge, theme.edge_stroke)];
            if arrow {
                paths.push(tip("", &points, theme.tip_length, theme.tip_width).filled(theme.edge));
            }
            paths
        };
        let size = Size::new(22.0, 12.0);
        let mut join = line(&[(0.0, 6.0), (22.0, 6.0)], true);
        join.extend(line(&[(4.0, 12.0), (4.0, 6.0), (12.0, 6.0)], false));
        legend.push((Mark::Sketch(join, size), "concatenate".to_owned()));
        let mut fork = line(&[(0.0, 9.0), (22.0, 9.0)], true);
        fork.extend(line(&[(4.0, 9.0), (10.0, 9.0), (10.0, 3.0), (22.0, 3.0)], true));
        legend.push((Mark::Sketch(fork, size), "copy".to_owned()));
        if opened.iter().any(|c| c.make.peephole) {
            legend.push((Mark::Dash(theme.skip_dash), "peephole".to_owned()));
        }
    } else if forms.contains(&Form::Join) {
        let dot = Path::new("", Circle::new(Point::new(4.0, 4.0), 3.5).to_path(0.01)).filled(theme.edge);
        legend.push((Mark::Sketch(vec![dot], Size::new(8.0, 8.0)), "concatenate".to_owned()));
    }
    legend
}
