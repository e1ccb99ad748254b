//! Tensors as boxes in space: sides by the size of the maps, thickness by channels, in one oblique projection.

use netloom_graph::Graph;
use netloom_layout::{Direction, Insets, Layout, LayoutInput, Node, Size, Spacing};
use netloom_scene::kurbo::{self, Rect, Vec2};
use netloom_scene::text::shape as shaped;
use netloom_scene::{Group, Item, Role, Scene};

use super::caption::Caption;
use super::layered::{BoxText, Crossings, PILL, draw_edges, edges, frame};
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Values};
use crate::describe;
use crate::tensors::Scale;
use crate::view::{NodeKind, View};

mod flat;
mod laws;
mod legend;
mod paint;
mod place;
mod pyramids;
mod row;
mod solid;
mod stages;

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
    draw,
    draw_many: None,
};

/// The least and the greatest size of volumes relative to the usual, and that of figures whose width is not given.
const SIZES: (f64, f64, f64) = (0.6, 1.45, 1.2);
/// Figures of more stages than this are not fitted to the width, which takes several layouts.
const MANY: usize = 600;
/// How often a size is tried before the least one is taken.
const TRIES: usize = 4;
/// Space between stages without arrows and with pyramids, px.
const GAPS: (f64, f64) = (6.0, 20.0);
/// The least space that an arrow takes, as a part of the space between ranks, and at least, px.
const ARROW: (f64, f64) = (0.75, 12.0);
/// The most convolutions that pyramids are drawn for unasked.
const FEW_KERNELS: usize = 7;
/// The most rows that groups of convolutions make unasked.
const FEW_ROWS: u64 = 4;

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

/// Stages with their places on the page.
struct Laid {
    shapes: Vec<Shape>,
    layout: Layout,
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
        let usual = self.at(if is_filled { 1.0 } else { SIZES.2 }, Said::All);
        let width = |laid: &(Laid, Laws)| laid.0.layout.size.width;
        if self.stages.stages.len() > MANY || !is_filled && width(&usual) <= room {
            return usual;
        }
        for said in [Said::All, Said::Changes] {
            let least = self.at(SIZES.0, said);
            if width(&least) > room {
                if said == Said::Changes {
                    return least;
                }
                continue;
            }
            let most = if is_filled { SIZES.1 } else { SIZES.2 };
            let growth = (width(&usual) - width(&least)).max(1.0) / (1.0 - SIZES.0);
            let mut size = (SIZES.0 + (room - width(&least)) / growth).clamp(SIZES.0, most);
            for _ in 0..TRIES {
                let laid = self.at(size, said);
                if width(&laid) <= room + 0.5 {
                    return laid;
                }
                size = SIZES.0.max(size * (room / width(&laid)) * 0.99);
            }
            return least;
        }
        usual
    }

    fn at(&self, size: f64, said: Said) -> (Laid, Laws) {
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
        let layout = if self.has_arrows() {
            netloom_layout::layout(&self.input(&shapes))
        } else {
            row::row(&shapes, theme, if self.has_pyramids { GAPS.1 } else { GAPS.0 })
        };
        (Laid { shapes, layout }, laws)
    }

    /// The channels printed at what leads to each stage.
    fn before(&self) -> Vec<Option<String>> {
        let counts = |s: usize| place::counts(&self.stages.stages[s].members, &self.solids, &self.rows);
        let mut before: Vec<Option<String>> = vec![None; self.stages.stages.len()];
        let is_volume = |s: usize| self.solids[self.stages.stages[s].members[0]].body == Body::Volume;
        for edge in self.stages.view.edges.iter().filter(|e| !e.back) {
            let found = if is_volume(edge.source) { Some(counts(edge.source)) } else { before[edge.source].clone() };
            if before[edge.target].is_none() || edge.trunk {
                before[edge.target] = found;
            }
        }
        before
    }

    fn input(&self, shapes: &[Shape]) -> LayoutInput {
        let theme = &self.options.theme;
        let view = &self.stages.view;
        let c = theme.container_padding;
        let nodes = view.nodes.iter().zip(shapes).map(|(node, shape)| {
            let size = match node.kind {
                NodeKind::Container => {
                    let bold = theme.header_style(true);
                    let pill = shaped(&format!("×{}", node.repeat), &bold).width + 2.0 * PILL.width;
                    Size::new(pill + 2.0 * c, 0.0)
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
        let rank = (theme.rank_gap * ARROW.0).max(ARROW.1);
        let spacing = Spacing { rank, node: theme.node_gap / 2.0, lane: theme.lane_gap };
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
            let mut group = Group::new(node.key.clone());
            if node.kind == NodeKind::Container {
                group.role = Role::Container;
                let r = laid.layout.nodes[s];
                let rect = Rect::new(r.x, r.y, r.right(), r.bottom());
                let times = Some(shaped(&format!("×{}", node.repeat), &theme.header_style(true)));
                let mut text = BoxText::default();
                text.times = times;
                frame(node, &text, rect, &crossings, theme, &mut group);
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
        if self.has_arrows() {
            draw_edges(view, &self.reaching(laid), self.options, &mut body);
        }
        if self.has_pyramids {
            self.pyramids(laid, &mut body);
        }
        body
    }

    /// The layout with arrows that reach from volume to volume across the room of their words.
    fn reaching(&self, laid: &Laid) -> Layout {
        let mut layout = laid.layout.clone();
        let hull = |s: usize| laid.shapes[s].hull + shift(laid, s);
        for (edge, route) in self.stages.view.edges.iter().zip(&mut layout.routes) {
            let n = route.points.len();
            if n < 2 {
                continue;
            }
            for (end, inner, stage) in [(0, 1, edge.source), (n - 1, n - 2, edge.target)] {
                let (hull, inner) = (hull(stage), route.points[inner]);
                let at = &mut route.points[end];
                let is_level = (at.y - inner.y).abs() < 1e-6 && at.y > hull.y0 && at.y < hull.y1;
                if is_level && at.x < inner.x && hull.x1 < inner.x {
                    at.x = hull.x1;
                } else if is_level && at.x > inner.x && hull.x0 > inner.x {
                    at.x = hull.x0;
                }
            }
        }
        layout
    }

    /// Receptive fields of all convolutions, in and across rows.
    fn pyramids(&self, laid: &Laid, body: &mut Group) {
        for edge in &self.stages.view.edges {
            let (a, b) = (&laid.shapes[edge.source], &laid.shapes[edge.target]);
            let target = self.stages.stages[edge.target].members[0];
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
        let is_split = flat.nodes[i].kind == NodeKind::Layer
            && i < last
            && channels.is_some_and(|n| n % parts == 0);
        if is_split {
            rows[i] = parts;
        }
    }
    rows
}
