//! A drawn body and its caption on one canvas, for every style.

use netloom_graph::Graph;
use netloom_scene::kurbo::{Affine, Size};
use netloom_scene::{Group, Scene, Timeline};

use super::DrawOptions;
use super::caption::Caption;
use crate::describe;
use crate::view::View;

/// Sets a body, drawn from the origin to `size`, centred above a caption, with the margin around both.
pub(super) fn sheet(
    graph: &Graph,
    view: &View,
    options: &DrawOptions,
    (mut body, size): (Group, Size),
    caption: &Caption,
) -> Scene {
    let theme = &options.theme;
    let margin = theme.margin;
    let name = describe::name(graph, &options.name);
    let least = options.width_px.unwrap_or(0.0) - 2.0 * margin;
    let inner = size.width.max(caption.width(theme)).max(least);
    body.transform = Affine::translate((margin + (inner - size.width) / 2.0, margin)) * body.transform;
    let mut root = Group::new("figure");
    root.push(body);
    let top = margin + size.height;
    let height = top + caption.draw(theme, (margin, top), inner, &mut root);
    Scene {
        size: Size::new((inner + 2.0 * margin).ceil(), (height + margin).ceil()),
        background: Some(theme.background),
        title: name.clone(),
        desc: describe::describe(graph, view, &name),
        root,
        timeline: Timeline::default(),
    }
}
