//! Lengths and places of a figure: as large as the page allows, in one line or in several.

use netloom_layout::{Direction, Insets, Layout, LayoutInput, Node, Size, Spacing};
use netloom_scene::text::shape as shaped;

use super::draw::{pill, shift};
use super::laws::Laws;
use super::place::{self, Rules, Said, Shape};
use super::solid::Body;
use super::{Figure, SETTINGS, row, wrap};
use crate::styles::layered::{PILL, edges};
use crate::tensors::Scale;
use crate::view::NodeKind;

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

/// Stages with their places on the page.
pub(super) struct Laid {
    pub(super) shapes: Vec<Shape>,
    pub(super) layout: Layout,
    pub(super) has_arrows: bool,
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

impl Figure<'_> {
    /// Lays out so that the width asked for is filled, or the page not left; where one line does not do, the figure
    /// without kernels and parallel rows in several.
    pub(super) fn fit(self) -> (Self, Laid, Laws) {
        let margins = 2.0 * self.options.theme.margin;
        let room = self.options.width_px.unwrap_or(self.options.page.width) - margins;
        if let Some((laid, laws)) = self.in_one_line(room) {
            return (self, laid, laws);
        }
        let is_special = self.has_pyramids || self.rows.iter().any(|r| *r > 1);
        let plain = if is_special { self.plain() } else { self };
        let again = is_special.then(|| plain.in_one_line(room)).flatten();
        let least = Way { size: SIZES.0, said: Said::Changes, tight: TIGHT[1], arrows: plain.has_arrows() };
        let (laid, laws) = again.or_else(|| plain.wrapped(room)).unwrap_or_else(|| plain.at(least));
        (plain, laid, laws)
    }

    /// In one line as large as it may be, if it fits.
    fn in_one_line(&self, room: f64) -> Option<(Laid, Laws)> {
        let is_filled = self.options.width_px.is_some();
        let way = |size: f64, said: Said, tight: f64| Way { size, said, tight, arrows: self.has_arrows() };
        let usual = self.at(way(if is_filled { 1.0 } else { SIZES.2 }, Said::All, 1.0));
        let width = |laid: &(Laid, Laws)| laid.0.layout.size.width;
        if self.stages.stages.len() > MANY || !is_filled && width(&usual) <= room {
            return Some(usual);
        }
        let [tight, tighter] = TIGHT;
        let ways = [(Said::All, 1.0), (Said::All, tight), (Said::All, tighter), (Said::Changes, tighter)];
        for (said, tight) in ways {
            let laid = self.at(way(SIZES.0, said, tight));
            if width(&laid) > room {
                continue;
            }
            let most = if is_filled { SIZES.1 } else { SIZES.2 };
            let growth = (width(&usual) - width(&laid)).max(1.0) / (1.0 - SIZES.0);
            let mut size = (SIZES.0 + (room - width(&laid)) / growth).clamp(SIZES.0, most);
            for _ in 0..TRIES {
                let laid = self.at(way(size, said, tight));
                if width(&laid) <= room + 0.5 {
                    return Some(laid);
                }
                size = SIZES.0.max(size * (room / width(&laid)) * 0.99);
            }
            return Some(laid);
        }
        None
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
}
