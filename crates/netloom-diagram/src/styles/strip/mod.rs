//! Every layer a row of one height, coloured by stage, by-passes in lanes; several models side by side, aligned.

use netloom_graph::Graph;
use netloom_layout::{Direction, Layout, LayoutInput, Node, Size, Spacing};
use netloom_scene::figures::{label_at, pill, plus, rounded_rect, times};
use netloom_scene::kurbo::{self, Affine, BezPath, Point, Rect};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Path, Role, Scene, Text, TextRun, Theme, Timeline};

use super::caption::Caption;
use super::layered::{draw_edges, edges};
use super::value::Value;
use super::{DrawOptions, Model, Nodes, Style};
use crate::describe;
use crate::view::{NodeKind, View, ViewNode};

mod rows;
mod stages;

use rows::Repeat;
pub(super) use rows::{absorb_activations, absorb_projections};
use stages::{Mark, Stage};

pub(super) static STYLE: Style = Style {
    name: "strip",
    about: "every layer a row of one height, coloured by stage, by-passes in lanes; several models side by side",
    nodes: Nodes::Operators,
    opens_all: true,
    callouts: false,
    direction: Direction::Down,
    settings: &[],
    suits: |_| None,
    draw,
    draw_many: Some(draw_many),
};

/// Height of a row, px.
const ROW: f64 = 16.0;
/// Diameter of a merge circle, px.
const MERGE: f64 = 10.0;
/// Least and greatest width of a row, px.
const WIDTHS: (f64, f64) = (104.0, 190.0);
/// Space inside a row beside its text, px.
const PADDING: f64 = 7.0;
/// Space between rows, side by side boxes, and lanes, px.
const SPACING: Spacing = Spacing { rank: 10.0, node: 8.0, lane: 9.0 };
/// Space between the sizes and the first strip, px.
const GUTTER: f64 = 12.0;
/// Space between strips, px.
const BETWEEN: f64 = 28.0;
/// Space between a row and the bracket of a count, and how far the bracket reaches out, px.
const BRACKET: (f64, f64) = (5.0, 4.0);
/// Space inside a pill beside its text and above it, px.
const PILL: kurbo::Size = kurbo::Size::new(5.0, 2.0);
/// How many colours of stages a theme has.
const N_STAGES: usize = 6;

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    draw_many(&[Model { graph, view, name: describe::name(graph, &options.name) }], options)
}

/// One model laid out.
struct Strip<'a> {
    graph: &'a Graph,
    name: &'a str,
    view: View,
    repeats: Vec<Repeat>,
    titles: Vec<Option<TextRun>>,
    pills: Vec<Option<TextRun>>,
    values: Vec<Option<Value>>,
    layout: Layout,
    stages: Vec<Stage>,
    of: Vec<Option<usize>>,
    /// The largest size in the figure, from which colours are counted.
    largest: String,
}

fn draw_many(models: &[Model<'_>], options: &DrawOptions) -> Scene {
    let theme = &options.theme;
    let mut strips: Vec<Strip<'_>> = models.iter().map(|m| Strip::new(m, options)).collect();
    let width = strips.iter().map(|s| s.natural()).fold(WIDTHS.0, f64::max).min(WIDTHS.1);
    for strip in &mut strips {
        strip.place((width / 4.0).ceil() * 4.0, options, theme);
    }
    let vertical = options.direction == Direction::Down;
    let largest = stages::largest(strips.iter().flat_map(|s| &s.stages)).to_owned();
    for strip in &mut strips {
        strip.largest.clone_from(&largest);
    }
    let mut sizes = Vec::new();
    if vertical {
        let stages: Vec<&[Stage]> = strips.iter().map(|s| s.stages.as_slice()).collect();
        let (cuts, found) = stages::align(&stages);
        sizes = found;
        for (strip, cuts) in strips.iter_mut().zip(&cuts) {
            stages::stretch(&mut strip.layout, cuts);
        }
    }
    let style = theme.size_style();
    let labels: Vec<(TextRun, Mark)> = sizes.into_iter().map(|m| (shape(&m.size, &style), m)).collect();
    let gutter = labels.iter().map(|l| l.0.width).fold(0.0, f64::max);
    let gutter = if gutter > 0.0 { gutter + GUTTER } else { 0.0 };

    let margin = theme.margin;
    let many = strips.len() > 1;
    let head = if many {
        theme.line_height(theme.caption_size) + theme.line_height(theme.secondary_size) + 8.0
    } else {
        0.0
    };
    // Colours mark stages, and the sizes at the left say which.
    let staged = strips.iter().any(|s| s.stages.len() > 1);
    let told = strips.iter().any(|s| s.view.legend.is_some());
    let captioned = DrawOptions { caption: options.caption && !many, ..options.clone() };
    let caption = strips.first().filter(|_| !many || told || !options.note.is_empty()).map(|s| {
        let caption = Caption::new(&s.view, &captioned, s.name);
        if staged || many { caption.with_legend(&s.view, &captioned, []) } else { caption }
    });
    let heads: Vec<[TextRun; 2]> = strips.iter().map(|s| s.head(theme)).collect();
    let inset = |s: &Strip<'_>| if s.repeats.is_empty() { 0.0 } else { s.bracket_width(theme) };
    let widths: Vec<f64> = strips
        .iter()
        .zip(&heads)
        .map(|(s, h)| {
            let title = if many { h[0].width.max(h[1].width) } else { 0.0 };
            (s.layout.size.width + inset(s)).max(title)
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a figure holds few strips")]
    let gaps = BETWEEN * widths.len().saturating_sub(1) as f64;
    let body = gutter + widths.iter().sum::<f64>() + gaps;
    let least = options.width_px.unwrap_or(0.0) - 2.0 * margin;
    let inner = body.max(caption.as_ref().map_or(0.0, Caption::min_width)).max(least);

    let mut root = Group::new("figure");
    let mut x = margin + gutter + ((inner - body) / 2.0).min(inner - body).max(0.0);
    let top = margin + head;
    root.push(rules(&labels, theme, (margin, top), inner));
    let mut height = 0.0f64;
    for (n, ((strip, head_runs), width)) in strips.iter().zip(&heads).zip(&widths).enumerate() {
        let mut group = Group::new(format!("figure#strip{n}").as_str());
        let left = inset(strip) + (width - inset(strip) - strip.layout.size.width) / 2.0;
        group.transform = Affine::translate((x + left, top));
        strip.draw(options, &mut group);
        root.push(group);
        if many {
            root.push(heading(head_runs, theme, x + left + strip.trunk_x(), margin, n));
        }
        height = height.max(strip.layout.size.height);
        x += width + BETWEEN;
    }
    let mut bottom = top + height.max(labels.last().map_or(0.0, |l| l.1.middle + ROW / 2.0));
    if let Some(caption) = caption {
        bottom += caption.draw(theme, (margin, bottom), inner, &mut root);
    }
    let desc: Vec<String> = strips.iter().map(|s| describe::describe(s.graph, &s.view, s.name)).collect();
    let names: Vec<&str> = strips.iter().map(|s| s.name).collect();
    Scene {
        size: kurbo::Size::new((inner + 2.0 * margin).ceil(), (bottom + margin).ceil()),
        background: Some(theme.background),
        title: names.join(" | "),
        desc: desc.join(" "),
        root,
        timeline: Timeline::default(),
    }
}

/// The sizes at the left, each with a rule across where its stage begins.
fn rules(labels: &[(TextRun, Mark)], theme: &Theme, at: (f64, f64), width: f64) -> Group {
    let mut group = Group::new("figure#stages").with_role(Role::Note);
    for (i, (run, mark)) in labels.iter().enumerate() {
        let y = at.1 + mark.top + SPACING.rank / 2.0 - 1.0;
        if i > 0 {
            let mut line = BezPath::new();
            line.move_to((at.0, y));
            line.line_to((at.0 + width, y));
            let mut rule = Path::new(format!("figure#rule{i}").as_str(), line)
                .stroked(theme.rule, theme.container_stroke);
            if let Some(stroke) = &mut rule.stroke {
                stroke.dash = Some(theme.skip_dash);
            }
            group.push(rule);
        }
        let middle = at.1 + mark.middle;
        let origin = Point::new(at.0, middle + (run.ascent - run.descent) / 2.0);
        let key = format!("figure#stage{i}");
        group.push(Text { key: key.as_str().into(), origin, run: run.clone(), fill: theme.muted });
    }
    group
}

/// The name and totals above a strip.
fn heading(runs: &[TextRun; 2], theme: &Theme, x: f64, top: f64, index: usize) -> Group {
    let mut group = Group::new(format!("figure#head{index}").as_str()).with_role(Role::Note);
    let mut y = top;
    for (i, (run, fill)) in runs.iter().zip([theme.ink, theme.muted]).enumerate() {
        let height = theme.line_height(run.style.size_px);
        let key = format!("figure#head{index}.{i}");
        group.push(label_at(key.as_str(), run.clone(), Point::new(x, y + height / 2.0), fill));
        y += height;
    }
    group
}

impl<'a> Strip<'a> {
    fn new(model: &'a Model<'_>, options: &DrawOptions) -> Self {
        let theme = &options.theme;
        let (view, repeats) = rows::rows(model.view);
        let style = theme.secondary_style();
        let title = |node: &ViewNode| {
            let text = match node.kind {
                NodeKind::Merge => return None,
                NodeKind::Layer if node.title.starts_with("conv ") && !node.look.named => {
                    node.title["conv ".len()..].to_owned()
                }
                _ => node.title.clone(),
            };
            Some(shape(&ellipsize(&text, &style, WIDTHS.1 - 2.0 * PADDING), &style))
        };
        let count = |node: &ViewNode| {
            (node.repeat > 1).then(|| shape(&format!("×{}", node.repeat), &theme.header_style(true)))
        };
        Self {
            graph: model.graph,
            name: &model.name,
            titles: view.nodes.iter().map(title).collect(),
            pills: view.nodes.iter().map(count).collect(),
            values: view.nodes.iter().map(|n| if is_row(n) { Value::of(n, theme) } else { None }).collect(),
            view,
            repeats,
            layout: Layout::default(),
            stages: Vec::new(),
            of: Vec::new(),
            largest: String::new(),
        }
    }

    fn natural_of(&self, i: usize) -> f64 {
        let pill = self.pills[i].as_ref().map_or(0.0, |p| p.width + 2.0 * PILL.width + PADDING);
        let value = self.values[i].as_ref().map_or(0.0, Value::side);
        self.titles[i].as_ref().map_or(0.0, |t| t.width) + 2.0 * (PADDING + pill + value)
    }

    /// The width that every row of the trunk needs, px.
    fn natural(&self) -> f64 {
        let rows = self.view.trunk.iter().filter(|n| is_row(&self.view.nodes[**n]));
        rows.map(|n| self.natural_of(*n)).fold(0.0, f64::max)
    }

    fn place(&mut self, width: f64, options: &DrawOptions, theme: &Theme) {
        let view = &self.view;
        let on_trunk: std::collections::BTreeSet<usize> = view.trunk.iter().copied().collect();
        // Columns side by side are narrower than rows that stand alone.
        let (length, _) = crate::view::longest(view);
        let mut beside = std::collections::BTreeMap::new();
        for (i, node) in view.nodes.iter().enumerate() {
            if is_row(node) && !on_trunk.contains(&i) {
                *beside.entry(length[i]).or_insert(0.0f64) =
                    self.natural_of(i).max(*beside.get(&length[i]).unwrap_or(&0.0));
            }
        }
        let narrow = (0..view.nodes.len())
            .filter(|i| is_row(&view.nodes[*i]) && beside.contains_key(&length[*i]))
            .map(|i| self.natural_of(i))
            .fold(56.0, f64::max);
        let nodes = view.nodes.iter().enumerate().map(|(i, node)| {
            let size = match node.kind {
                NodeKind::Merge => Size::new(MERGE, MERGE),
                _ if !is_row(node) => Size::new(
                    self.titles[i].as_ref().map_or(0.0, |t| t.width),
                    theme.line_height(theme.secondary_size),
                ),
                _ if beside.contains_key(&length[i]) || !on_trunk.contains(&i) => {
                    Size::new((narrow / 4.0).ceil() * 4.0, ROW)
                }
                _ => Size::new(width.max(self.natural_of(i)), ROW),
            };
            Node { size, merge: node.kind == NodeKind::Merge, ..Node::default() }
        });
        let input = LayoutInput {
            nodes: nodes.collect(),
            edges: edges(view, |_| None),
            direction: options.direction,
            spacing: SPACING,
        };
        self.layout = netloom_layout::layout(&input);
        if options.direction == Direction::Down {
            (self.stages, self.of) = stages::stages(self.graph, view, &self.layout);
        }
        self.of.resize(view.nodes.len(), None);
    }

    /// The name and the totals.
    fn head(&self, theme: &Theme) -> [TextRun; 2] {
        let (bold, plain) = (theme.caption_style(), theme.secondary_style());
        [shape(&ellipsize(self.name, &bold, WIDTHS.1), &bold), shape(&describe::totals(&self.view), &plain)]
    }

    /// Where the trunk runs, px from the left end of the strip.
    fn trunk_x(&self) -> f64 {
        let mut xs: Vec<f64> = self.view.trunk.iter().map(|n| self.layout.nodes[*n].center().x).collect();
        xs.sort_by(f64::total_cmp);
        xs.get(xs.len() / 2).copied().unwrap_or(self.layout.size.width / 2.0)
    }

    /// Room for counts left of the rows, px.
    fn bracket_width(&self, theme: &Theme) -> f64 {
        let style = theme.header_style(true);
        let text = self.repeats.iter().map(|r| shape(&format!("×{}", r.times), &style).width);
        BRACKET.0 + BRACKET.1 + 2.0 * PILL.width + text.fold(0.0, f64::max) + 3.0
    }

    fn draw(&self, options: &DrawOptions, into: &mut Group) {
        let theme = &options.theme;
        for (i, node) in self.view.nodes.iter().enumerate() {
            let r = self.layout.nodes[i];
            let rect = Rect::new(r.x, r.y, r.right(), r.bottom());
            let mut group =
                Group::new(node.key.clone()).with_class(node.category.name()).with_title(tooltip(node));
            match node.kind {
                NodeKind::Merge => {
                    group.role = Role::Node;
                    let (outline, sign) =
                        if node.title == "×" { times(&node.key, rect) } else { plus(&node.key, rect) };
                    group.push(outline.filled(theme.background).stroked(theme.edge, theme.box_stroke));
                    group.push(sign.stroked(theme.edge, theme.box_stroke));
                }
                _ if is_row(node) => {
                    group.role = Role::Node;
                    self.row(i, rect, theme, &mut group);
                }
                _ => {
                    group.role = Role::Note;
                    let color = if node.kind == NodeKind::Stub { theme.muted } else { theme.ink };
                    if let Some(run) = &self.titles[i] {
                        group.push(label_at(node.key.piece("title"), run.clone(), rect.center(), color));
                    }
                }
            }
            into.push(group);
        }
        draw_edges(&self.view, &self.layout, options, into);
        for repeat in &self.repeats {
            self.bracket(repeat, theme, into);
        }
    }

    fn row(&self, i: usize, rect: Rect, theme: &Theme, group: &mut Group) {
        let node = &self.view.nodes[i];
        let swatch = node.look.swatch.unwrap_or_else(|| theme.swatch(&self.swatch(i)));
        group.push(
            rounded_rect(node.key.piece("box"), rect, theme.box_radius)
                .filled(swatch.fill)
                .stroked(swatch.stroke, theme.band_stroke),
        );
        if let Some(run) = &self.titles[i] {
            group.push(label_at(node.key.piece("title"), run.clone(), rect.center(), swatch.text));
        }
        if let Some(value) = &self.values[i] {
            let pill = self.pills[i].as_ref().map_or(0.0, |p| p.width + 2.0 * PILL.width + PADDING / 2.0);
            let line = Rect::new(rect.x0 + PADDING, rect.y0, rect.x1 - PADDING - pill, rect.y1);
            value.ends(&node.key, line, swatch.text, theme, group);
        }
        if let Some(times) = &self.pills[i] {
            let height = times.cap_height() + 2.0 * PILL.height;
            let corner = Point::new(rect.x1 - PADDING / 2.0, rect.center().y - height / 2.0);
            group.push(pill(&node.key, times.clone(), corner, PILL, theme.pill(&swatch)));
        }
    }

    /// The colour of a row: that of its stage, by how often the size was halved, where the model has stages; else of what
    /// it is.
    fn swatch(&self, i: usize) -> String {
        use netloom_graph::Category;
        let node = &self.view.nodes[i];
        let computes =
            matches!(node.category, Category::Conv | Category::Upsample) || node.kind == NodeKind::Module;
        match self.of[i] {
            Some(stage) if computes && self.stages.len() > 1 => {
                let at = stages::halvings(&self.stages[stage].size, &self.largest);
                format!("stage{}", at % N_STAGES + 1)
            }
            _ if self.stages.len() > 1 => netloom_scene::theme::OTHER.to_owned(),
            _ => node.category.name().to_owned(),
        }
    }

    /// A bracket left of the rows of a folded block, with how often it comes.
    fn bracket(&self, repeat: &Repeat, theme: &Theme, into: &mut Group) {
        let rects = repeat.boxes.iter().map(|i| self.layout.nodes[*i]);
        let (mut x, mut y0, mut y1) = (f64::MAX, f64::MAX, f64::MIN);
        for r in rects {
            (x, y0, y1) = (x.min(r.x), y0.min(r.y), y1.max(r.bottom()));
        }
        // Rows beside the block may reach further out than its own.
        let level = self.layout.nodes.iter().filter(|r| r.y < y1 && r.bottom() > y0);
        x = level.map(|r| r.x).fold(x, f64::min) - BRACKET.0;
        let mut group = Group::new(repeat.key.clone()).with_role(Role::Note);
        let mut line = BezPath::new();
        line.move_to((x, y0));
        line.line_to((x - BRACKET.1, y0));
        line.line_to((x - BRACKET.1, y1));
        line.line_to((x, y1));
        group.push(Path::new(repeat.key.piece("bracket"), line).stroked(theme.muted, theme.box_stroke));
        let run = shape(&format!("×{}", repeat.times), &theme.header_style(true));
        let origin = Point::new(
            x - BRACKET.1 - 3.0 - run.width,
            f64::midpoint(y0, y1) + (run.ascent - run.descent) / 2.0,
        );
        group.push(Text { key: repeat.key.piece("times"), origin, run, fill: theme.ink });
        into.push(group);
    }
}

/// Whether a node is drawn as a row.
fn is_row(node: &ViewNode) -> bool {
    matches!(node.kind, NodeKind::Layer | NodeKind::Module)
}

fn tooltip(node: &ViewNode) -> String {
    let mut parts = vec![node.title.clone()];
    parts.extend(node.bands.iter().map(|b| b.title.clone()));
    parts.extend(node.details.iter().cloned());
    format!("{}: {}", node.key.subject(), parts.join(", "))
}
