//! Tensors as boxes in space: sides by the size of the maps, thickness by channels, in one oblique projection.

use netloom_graph::{Category, Graph};
use netloom_layout::{Direction, Insets, Layout, LayoutInput, Node, Size, Spacing};
use netloom_scene::kurbo::{self, Rect, Vec2};
use netloom_scene::text::shape as shaped;
use netloom_scene::{Group, Item, Role, Scene};

use super::caption::Caption;
use super::layered::{BoxText, Crossings, PILL, draw_edges, edges, frame};
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values};
use crate::describe;
use crate::tensors::Scale;
use crate::view::{NodeKind, View};

mod flat;
mod laws;
mod legend;
mod paint;
mod place;
mod pyramids;
mod reach;
mod row;
mod solid;
mod stages;
mod wrap;

use laws::Laws;
use paint::Paint;
use place::{Rules, Said, Shape};
use solid::{Body, Solid};
use stages::Stages;

static SETTINGS: &[Setting] = &[
    Setting {
        name: "scale",
        about: "how lengths follow sizes",
        values: Values::Words(&["auto", "linear", "sqrt", "cbrt", "log"]),
        default: "auto",
    },
    Setting {
        name: "pyramids",
        about: "whether kernels and what they see are drawn; auto draws them where there are few",
        values: Values::Words(&["auto", "yes", "no"]),
        default: "auto",
    },
    Setting {
        name: "rows",
        about: "into how many parallel rows volumes are split; auto takes the groups of convolutions",
        values: Values::Words(&["auto", "1", "2", "3", "4"]),
        default: "auto",
    },
];

pub(super) static STYLE: Style = Style {
    name: "volumes",
    about: "feature maps as boxes in space, sides by size and thickness by channels; kernels and what they see",
    nodes: Nodes::Tensors,
    opens_all: true,
    callouts: false,
    direction: Direction::Right,
    settings: SETTINGS,
    suits,
    draw,
    draw_many: None,
};

/// The least and the greatest size of volumes relative to the usual, and that of figures whose width is not given.
const SIZES: (f64, f64, f64) = (0.6, 1.45, 1.2);
/// Figures of more stages than this are not fitted to the width, which takes several layouts.
const MANY: usize = 600;
/// Sizes that are tried for a figure in several lines.
const LINE_SIZES: [f64; 3] = [1.05, 0.85, 0.7];
/// Into how many lines a figure is broken at most: as it is, and with folded or closed blocks.
const LINES: (usize, usize) = (2, 4);
/// The widest name of a frame that it is widened for, px.
const MAX_NAME: f64 = 64.0;
/// How much of the space between stages is left where the figure has to be tight, and where that is not enough.
const TIGHT: [f64; 2] = [0.67, 0.5];
/// How often a size is tried before the least one is taken.
const TRIES: usize = 4;
/// Space between stages without arrows and with pyramids, px.
const GAPS: (f64, f64) = (6.0, 20.0);
/// The least space that an arrow takes, as a part of the space between ranks, and at least, px.
const ARROW: (f64, f64) = (0.75, 12.0);
/// The most convolutions that pyramids are drawn for unasked.
const FEW_KERNELS: usize = 7;
/// The least convolutions of a chain that is drawn in volumes unasked.
const FEW_CONVS: usize = 3;
/// The most rows that groups of convolutions make unasked.
const FEW_ROWS: u64 = 4;

/// Chains that take maps apart step by step.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let convs = subject.count(Category::Conv) + subject.count(Category::Upsample);
    let kinds = [Category::Conv, Category::Upsample, Category::Pool, Category::Linear, Category::Norm];
    let is_plain = subject.is_chain() && subject.holds_only(&kinds);
    if convs >= FEW_CONVS && is_plain {
        return Suits::new(65, format!("a chain with {convs} convolutions"));
    }
    None
}

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let figure = Figure::new(graph, view, options);
    let (placed, laws) = figure.fit();
    let name = describe::name(graph, &options.name);
    let marks = legend::legend(&figure.flat, &options.theme, figure.has_pyramids);
    let mut caption = Caption::new(&figure.flat, options, &name).with_legend(view, options, marks);
    let words = laws.words();
    if options.legend && !words.is_empty() {
        caption = caption.with_note(&options.theme, &words);
    }
    let size = kurbo::Size::new(placed.layout.size.width, placed.layout.size.height);
    sheet(graph, view, options, (figure.draw(&placed), size), &caption)
}

/// What does not depend on lengths.
struct Figure<'a> {
    graph: &'a Graph,
    options: &'a DrawOptions,
    flat: View,
    solids: Vec<Solid>,
    stages: Stages,
    rows: Vec<u64>,
    has_pyramids: bool,
}

/// How a figure is laid out.
#[derive(Clone, Copy)]
struct Way {
    /// The size of volumes relative to the usual.
    size: f64,
    said: Said,
    /// How much of the usual space between stages there is.
    tight: f64,
    arrows: bool,
}

/// Stages with their places on the page.
struct Laid {
    shapes: Vec<Shape>,
    layout: Layout,
    has_arrows: bool,
}

impl<'a> Figure<'a> {
    fn new(graph: &'a Graph, view: &View, options: &'a DrawOptions) -> Self {
        let flat = flat::flat(graph, view);
        let solids = solid::solids(graph, &flat);
        let whole = stages::stages(&flat, &solids, &vec![false; flat.nodes.len()]);
        let is_line = whole.is_chain && options.direction == Direction::Right;
        let wide: Vec<bool> =
            solids.iter().map(|s| s.window.as_ref().is_some_and(pyramids::is_wide)).collect();
        let has_pyramids = is_line
            && match options.settings.word(SETTINGS, "pyramids") {
                "yes" => true,
                "no" => false,
                _ => (1..=FEW_KERNELS).contains(&wide.iter().filter(|w| **w).count()),
            };
        let stages = if has_pyramids { stages::stages(&flat, &solids, &wide) } else { whole };
        let rows = if is_line { rows(&flat, &solids, options) } else { vec![1; flat.nodes.len()] };
        Self { graph, options, flat, solids, stages, rows, has_pyramids }
    }

    /// Lays out so that the width asked for is filled, or the page not left.
    fn fit(&self) -> (Laid, Laws) {
        let margins = 2.0 * self.options.theme.margin;
        let room = self.options.width_px.unwrap_or(self.options.page.width) - margins;
        let is_filled = self.options.width_px.is_some();
        let way = |size: f64, said: Said, tight: f64| Way { size, said, tight, arrows: self.has_arrows() };
        let usual = self.at(way(if is_filled { 1.0 } else { SIZES.2 }, Said::All, 1.0));
        let width = |laid: &(Laid, Laws)| laid.0.layout.size.width;
        if self.stages.stages.len() > MANY || !is_filled && width(&usual) <= room {
            return usual;
        }
        let [tight, tighter] = TIGHT;
        let ways = [(Said::All, 1.0), (Said::All, tight), (Said::All, tighter), (Said::Changes, tighter)];
        let mut least = None;
        for (said, tight) in ways {
            let laid = self.at(way(SIZES.0, said, tight));
            if width(&laid) > room {
                least = Some(laid);
                continue;
            }
            let most = if is_filled { SIZES.1 } else { SIZES.2 };
            let growth = (width(&usual) - width(&laid)).max(1.0) / (1.0 - SIZES.0);
            let mut size = (SIZES.0 + (room - width(&laid)) / growth).clamp(SIZES.0, most);
            for _ in 0..TRIES {
                let laid = self.at(way(size, said, tight));
                if width(&laid) <= room + 0.5 {
                    return laid;
                }
                size = SIZES.0.max(size * (room / width(&laid)) * 0.99);
            }
            return laid;
        }
        self.wrapped(room).or(least).unwrap_or(usual)
    }

    /// In as few lines as fit, with the largest volumes that do.
    fn wrapped(&self, room: f64) -> Option<(Laid, Laws)> {
        if self.options.direction != Direction::Right {
            return None;
        }
        let is_folded = |n: &crate::view::ViewNode| {
            n.kind == NodeKind::Module || n.kind == NodeKind::Container && n.repeat > 1
        };
        let most = if self.flat.nodes.iter().any(is_folded) { LINES.1 } else { LINES.0 };
        let way = |size: f64| Way { size, said: Said::All, tight: TIGHT[0], arrows: true };
        let mut spread: Vec<(Laid, Laws)> = LINE_SIZES.map(|size| self.at(way(size))).into();
        for lines in 2..=most {
            for at in 0..spread.len() {
                let laid = &spread[at].0;
                if let Some(layout) = wrap::wrap(&laid.layout, &self.drawn(laid), room, lines) {
                    let (mut laid, laws) = spread.swap_remove(at);
                    laid.layout = layout;
                    return Some((laid, laws));
                }
            }
        }
        None
    }

    /// What every stage and frame really takes up on the page.
    fn drawn(&self, laid: &Laid) -> Vec<netloom_layout::Rect> {
        let theme = &self.options.theme;
        let real = |s: usize| {
            let shape = &laid.shapes[s];
            if self.stages.view.nodes[s].kind == NodeKind::Container {
                return laid.layout.nodes[s];
            }
            let texts = shape.lines.iter().map(|l| l.bounds(theme));
            let all = texts.fold(shape.hull, |a, b| a.union(b)) + shift(laid, s);
            netloom_layout::Rect::new(all.x0, all.y0, all.width(), all.height())
        };
        (0..laid.shapes.len()).map(real).collect()
    }

    /// Takes away the space above and below that only balances words on the other side of the flow.
    fn trim(&self, laid: &mut Laid) {
        let routes = laid.layout.routes.iter().flat_map(|r| &r.points).map(|p| (p.y, p.y));
        let drawn = self.drawn(laid);
        let all = drawn.iter().map(|r| (r.y, r.bottom())).chain(routes);
        let Some((top, bottom)) = all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return };
        laid.layout.nodes.iter_mut().for_each(|r| r.y -= top);
        laid.layout.routes.iter_mut().flat_map(|r| &mut r.points).for_each(|p| p.y -= top);
        laid.layout.size.height = bottom - top;
    }

    fn at(&self, way: Way) -> (Laid, Laws) {
        let Way { size, said, arrows: has_arrows, .. } = way;
        let theme = &self.options.theme;
        let scale = Scale::find(self.options.settings.word(SETTINGS, "scale")).unwrap_or_default();
        let laws = Laws::new(&self.solids, scale, size, self.has_pyramids);
        let mut rules = Rules {
            view: &self.flat,
            solids: &self.solids,
            laws: &laws,
            theme,
            said,
            kernels: self.has_pyramids,
            rows: &self.rows,
            pitch: 0.0,
        };
        if self.rows.iter().any(|r| *r > 1) {
            let heights = self.stages.stages.iter().flat_map(|s| {
                let split = s.members.iter().any(|n| self.rows[*n] > 1);
                rules.lengths(s).into_iter().filter(move |_| split).map(|l| l.height - l.away.y)
            });
            rules.pitch = heights.fold(0.0, f64::max) + 2.0 * theme.line_height(theme.secondary_size);
        }
        let before = self.before();
        let shapes: Vec<Shape> = self
            .stages
            .stages
            .iter()
            .zip(&before)
            .map(|(stage, before)| rules.shape(stage, before.as_deref()))
            .collect();
        let layout = if has_arrows {
            let layout = netloom_layout::layout(&self.input(&shapes, way.tight));
            self.skips_above(layout)
        } else {
            row::row(&shapes, theme, if self.has_pyramids { GAPS.1 } else { GAPS.0 })
        };
        let mut laid = Laid { shapes, layout, has_arrows };
        self.trim(&mut laid);
        (laid, laws)
    }

    /// The layout upside down if its by-passes run below, where the words are; a frame has its header above.
    fn skips_above(&self, mut layout: Layout) -> Layout {
        let upright = |r: &&netloom_layout::Route| matches!(r.points[..], [.., a, b] if (a.x - b.x).abs() < 1e-6 && (a.y - b.y).abs() > 1e-6);
        let comes_up = |r: &netloom_layout::Route| matches!(r.points[..], [.., a, b] if a.y > b.y);
        let ends: Vec<bool> = layout.routes.iter().filter(upright).map(comes_up).collect();
        let below = ends.iter().filter(|up| **up).count();
        let has_frames = self.stages.view.nodes.iter().any(|n| n.kind == NodeKind::Container);
        if !has_frames && 2 * below > ends.len() && self.options.direction == Direction::Right {
            let height = layout.size.height;
            layout.nodes.iter_mut().for_each(|r| r.y = height - r.bottom());
            layout.routes.iter_mut().flat_map(|r| &mut r.points).for_each(|p| p.y = height - p.y);
        }
        layout
    }

    /// The channels printed at what leads to each stage.
    fn before(&self) -> Vec<Option<String>> {
        let counts = |s: usize| place::counts(&self.stages.stages[s].members, &self.solids, &self.rows);
        let mut before: Vec<Option<String>> = vec![None; self.stages.stages.len()];
        let is_volume = |s: usize| self.solids[self.stages.stages[s].members[0]].body == Body::Volume;
        for edge in self.stages.view.edges.iter().filter(|e| !e.back) {
            let found =
                if is_volume(edge.source) { Some(counts(edge.source)) } else { before[edge.source].clone() };
            if before[edge.target].is_none() || edge.trunk {
                before[edge.target] = found;
            }
        }
        before
    }

    fn input(&self, shapes: &[Shape], tight: f64) -> LayoutInput {
        let theme = &self.options.theme;
        let view = &self.stages.view;
        let c = theme.container_padding * tight;
        let nodes = view.nodes.iter().zip(shapes).map(|(node, shape)| {
            let size = match node.kind {
                NodeKind::Container => {
                    let name = shaped(&node.title, &theme.header_style(true)).width.min(MAX_NAME);
                    Size::new(name + pill(node, theme) + 2.0 * theme.container_padding + PILL.width, 0.0)
                }
                _ => Size::new(shape.bounds.width(), shape.bounds.height()),
            };
            let header = theme.line_height(theme.header_size) + 6.0;
            Node {
                parent: node.parent,
                size,
                padding: Insets { top: header, right: c, bottom: c / 2.0, left: c },
                merge: node.kind == NodeKind::Merge,
                beside: node.kind == NodeKind::Stub,
                ..Node::default()
            }
        });
        let rank = (theme.rank_gap * ARROW.0 * tight).max(ARROW.1);
        let spacing = Spacing { rank, node: theme.node_gap / 2.0, lane: theme.lane_gap * tight };
        LayoutInput {
            nodes: nodes.collect(),
            edges: edges(view, |_| None),
            direction: self.options.direction,
            spacing,
        }
    }

    /// Whether the flow has to be shown: a plain row from left to right shows it by itself.
    fn has_arrows(&self) -> bool {
        !self.stages.is_chain || self.options.direction != Direction::Right
    }

    fn draw(&self, laid: &Laid) -> Group {
        let theme = &self.options.theme;
        let bodies: Vec<Body> = self.solids.iter().map(|s| s.body).collect();
        let paint = Paint { graph: self.graph, view: &self.flat, bodies: &bodies, options: self.options };
        let crossings = Crossings::new(&laid.layout);
        let view = &self.stages.view;
        let mut body = Group::new("figure#body");
        // Frames stand before what they hold, so in reverse order every group is whole when its turn comes.
        let mut held: Vec<Vec<Item>> = vec![Vec::new(); view.nodes.len()];
        let mut top: Vec<Item> = Vec::new();
        let mut words = Group::new("figure#words").with_role(Role::Note);
        for (s, node) in view.nodes.iter().enumerate().rev() {
            let mut group = Group::new(node.key.clone()).with_class(node.category.name());
            if node.kind == NodeKind::Container {
                group.role = Role::Container;
                let r = laid.layout.nodes[s];
                let rect = Rect::new(r.x, r.y, r.right(), r.bottom());
                let times = Some(shaped(&format!("×{}", node.repeat), &theme.header_style(true)));
                let mut text = BoxText::default();
                text.times = times;
                let room = rect.width() - 2.0 * theme.container_padding - pill(node, theme) - PILL.width;
                let mut named = node.clone();
                // A class that fits says more than half a path.
                let width = |text: &str| shaped(text, &theme.header_style(true)).width;
                if width(&node.title) > room && !node.subtitle.is_empty() && width(&node.subtitle) <= room {
                    named.title.clone_from(&node.subtitle);
                }
                frame(&named, &text, rect, &crossings, theme, &mut group);
            } else {
                let members = &self.stages.stages[s].members;
                paint.stage(&laid.shapes[s], members, shift(laid, s), &mut group, &mut words);
            }
            group.children.extend(std::mem::take(&mut held[s]).into_iter().rev());
            match node.parent.filter(|p| *p != s && *p < held.len()) {
                Some(parent) => held[parent].push(group.into()),
                None => top.push(group.into()),
            }
        }
        body.children.extend(top.into_iter().rev());
        body.push(words);
        if laid.has_arrows {
            draw_edges(view, &self.reaching(laid), self.options, &mut body);
        }
        if self.has_pyramids && !laid.has_arrows {
            self.pyramids(laid, &mut body);
        }
        body
    }

    /// The layout with arrows that reach from volume to volume across the room of their words.
    fn reaching(&self, laid: &Laid) -> Layout {
        let mut layout = laid.layout.clone();
        for (edge, route) in self.stages.view.edges.iter().zip(&mut layout.routes) {
            let end = |s: usize| (&laid.shapes[s], shift(laid, s));
            reach::reach(&mut route.points, end(edge.source), end(edge.target));
        }
        layout
    }

    /// Dense layers read all: lines from the ends of what they read to those of what they make.
    fn dense(&self, laid: &Laid, (source, target): (usize, usize), body: &mut Group) {
        let theme = &self.options.theme;
        let (a, b) = (&laid.shapes[source], &laid.shapes[target]);
        let Some(last) = self.stages.stages[source].members.last() else { return };
        let mut lines = netloom_scene::kurbo::BezPath::new();
        for from in a.placed.iter().filter(|p| p.node == *last) {
            let from = paint::moved(from.cuboid, shift(laid, source));
            for to in &b.placed {
                let to = paint::moved(to.cuboid, shift(laid, target));
                for down in [0.0, 1.0] {
                    lines.move_to(from.on_side(1.0, down));
                    lines.line_to((to.front.x0, to.front.y0 + down * to.front.height()));
                }
            }
        }
        let key = self.flat.nodes[self.stages.stages[target].members[0]].key.piece("dense");
        // Behind all, so that what is written stays clear of it.
        let lines = netloom_scene::Path::new(key, lines).stroked(theme.rule, theme.band_stroke);
        body.children.insert(0, lines.into());
    }

    /// Receptive fields of all convolutions, in and across rows.
    fn pyramids(&self, laid: &Laid, body: &mut Group) {
        for edge in &self.stages.view.edges {
            let (a, b) = (&laid.shapes[edge.source], &laid.shapes[edge.target]);
            let target = self.stages.stages[edge.target].members[0];
            if self.flat.nodes[target].category == Category::Linear {
                self.dense(laid, (edge.source, edge.target), body);
            }
            let Some(window) = self.solids[target].window.as_ref().filter(|w| pyramids::is_wide(w)) else {
                continue;
            };
            let Some(source) = self.stages.stages[edge.source].members.last().copied() else { continue };
            let (by_a, by_b) = (shift(laid, edge.source), shift(laid, edge.target));
            for from in a.placed.iter().filter(|p| p.node == source) {
                for to in b.placed.iter().filter(|p| p.node == target) {
                    let in_row = self.rows[source] == 1 || self.rows[target] == 1 || from.row == to.row;
                    if !in_row && window.groups > 1 {
                        continue;
                    }
                    let key = self.flat.nodes[target].key.piece(&format!("field{}-{}", from.row, to.row));
                    let ends = (paint::moved(from.cuboid, by_a), paint::moved(to.cuboid, by_b));
                    let field =
                        pyramids::pyramid(&key, &self.solids[source], window, ends, &self.options.theme);
                    if let Some(field) = field {
                        body.push(field);
                    }
                }
            }
        }
    }
}

/// Width of the count of a frame, px.
fn pill(node: &crate::view::ViewNode, theme: &netloom_scene::Theme) -> f64 {
    shaped(&format!("×{}", node.repeat), &theme.header_style(true)).width + 2.0 * PILL.width
}

/// From where a shape was made to where its stage stands.
fn shift(laid: &Laid, stage: usize) -> Vec2 {
    let (rect, bounds) = (laid.layout.nodes[stage], laid.shapes[stage].bounds);
    Vec2::new(rect.x - bounds.x0, rect.y - bounds.y0)
}

/// Into how many rows each box is split: all between the input and the last one, where the channels allow it.
fn rows(flat: &View, solids: &[Solid], options: &DrawOptions) -> Vec<u64> {
    let mut rows = vec![1; solids.len()];
    let groups: Vec<u64> =
        solids.iter().filter_map(|s| Some(s.window.as_ref()?.groups)).filter(|g| *g > 1).collect();
    let asked = options.settings.word(SETTINGS, "rows");
    let parts = match asked.parse::<u64>() {
        Ok(n) => n,
        // Groups of one size that are few are rows; many are a way to save weights.
        Err(_) => match groups.first() {
            Some(n) if *n <= FEW_ROWS && groups.iter().all(|g| g == n) => *n,
            _ => 1,
        },
    };
    if parts < 2 {
        return rows;
    }
    // The last layer that weighs gives one result, and what follows reads all of it.
    let last = (0..solids.len())
        .rposition(|i| !solids[i].thin && flat.nodes[i].kind == NodeKind::Layer)
        .unwrap_or(solids.len());
    for (i, solid) in solids.iter().enumerate() {
        let channels = solid.extent.channels.as_size();
        let is_split =
            flat.nodes[i].kind == NodeKind::Layer && i < last && channels.is_some_and(|n| n % parts == 0);
        if is_split {
            rows[i] = parts;
        }
    }
    rows
}
