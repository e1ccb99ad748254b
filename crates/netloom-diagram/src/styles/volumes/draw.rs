//! The whole figure: volumes, frames, arrows, and receptive fields.

use netloom_graph::Category;
use netloom_layout::Layout;
use netloom_scene::kurbo::{Rect, Vec2};
use netloom_scene::text::shape as shaped;
use netloom_scene::{Group, Item, Role};

use super::fit::Laid;
use super::paint::{self, Paint};
use super::solid::Body;
use super::{Figure, pyramids, reach};
use crate::styles::layered::{BoxText, Crossings, PILL, draw_edges, frame};
use crate::view::NodeKind;

impl Figure<'_> {
    /// Everything but the caption.
    pub(super) fn draw(&self, laid: &Laid) -> Group {
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
pub(super) fn pill(node: &crate::view::ViewNode, theme: &netloom_scene::Theme) -> f64 {
    shaped(&format!("×{}", node.repeat), &theme.header_style(true)).width + 2.0 * PILL.width
}

/// From where a shape was made to where its stage stands.
pub(super) fn shift(laid: &Laid, stage: usize) -> Vec2 {
    let (rect, bounds) = (laid.layout.nodes[stage], laid.shapes[stage].bounds);
    Vec2::new(rect.x - bounds.x0, rect.y - bounds.y0)
}
