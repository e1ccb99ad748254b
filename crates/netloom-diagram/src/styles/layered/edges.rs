//! Arrows.

use netloom_layout::Layout;
use netloom_scene::figures::{route, tip};
use netloom_scene::kurbo::Point;
use netloom_scene::{Group, Role};

use crate::styles::DrawOptions;
use crate::view::{NodeKind, View};

pub(super) fn draw(view: &View, layout: &Layout, options: &DrawOptions, into: &mut Group) {
    let theme = &options.theme;
    for (i, edge) in view.edges.iter().enumerate() {
        let Some(course) = layout.routes.get(i).filter(|r| r.points.len() > 1) else { continue };
        let points: Vec<Point> = course.points.iter().map(|p| Point::new(p.x, p.y)).collect();
        let (from, to) = (&view.nodes[edge.source], &view.nodes[edge.target]);
        let color = if from.kind == NodeKind::Stub { theme.muted } else { theme.edge };
        let key = netloom_scene::Key::new(format!("{}>{}~{i}", from.key.subject(), to.key.subject()));
        let mut group = Group::new(key.clone())
            .with_role(Role::Edge { from: from.key.clone(), to: to.key.clone() });
        let width = if edge.skip { theme.skip_stroke } else { theme.edge_stroke };
        let length = theme.tip_length;
        let mut line = route(key.piece("line"), &points, theme.route_radius, length * 0.8).stroked(color, width);
        if course.reversed {
            if let Some(stroke) = &mut line.stroke {
                stroke.dash = Some(theme.back_dash);
            }
        }
        group.push(line);
        group.push(tip(key.piece("tip"), &points, length, theme.tip_width).filled(color));
        into.push(group);
    }
}
