//! Boxes in ranks along the flow, open modules as frames, by-passes in lanes beside the trunk.

use netloom_graph::Graph;
use netloom_scene::kurbo::Size;
use netloom_scene::{Group, Scene, Timeline};

use super::{DrawOptions, Style};
use crate::describe;
use crate::view::View;

mod boxes;
mod caption;
mod edges;
mod gutter;
mod measure;

pub(super) use caption::Caption;
pub(super) use edges::draw as draw_edges;

pub(super) static STYLE: Style = Style {
    name: "layered",
    about: "boxes in ranks along the flow, open modules as frames, by-passes in lanes beside the trunk",
    opens_all: false,
    draw,
    draw_many: None,
};

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let theme = &options.theme;
    let name = describe::name(graph, &options.name);
    let measured = measure::measure(view, options);
    let layout = netloom_layout::layout(&measured.input);

    let sizes = gutter::sizes(graph, view, options, &layout);
    let caption = caption::Caption::new(view, options, &name);

    let margin = theme.margin;
    let gutter = sizes.width();
    let content = layout.size.width;
    let least = options.width_px.unwrap_or(0.0) - 2.0 * margin;
    let body = gutter + content;
    let inner = body.max(caption.min_width()).max(least);
    // The gutter stays at the left edge of the page, the figure is centred in what is left.
    let shift = gutter + (inner - gutter - content).max(0.0) / 2.0;
    let shift = if gutter > 0.0 { shift.min((inner - content) / 2.0).max(gutter) } else { shift };

    let mut root = Group::new("figure");
    let mut body = Group::new("figure#body");
    body.transform = netloom_scene::kurbo::Affine::translate((margin + shift, margin));
    boxes::draw(view, &measured, &layout, options, &mut body);
    edges::draw(view, &layout, options, &mut body);
    root.push(body);
    let mut left = Group::new("figure#sizes");
    left.transform = netloom_scene::kurbo::Affine::translate((margin, margin));
    sizes.draw(theme, &mut left);
    if !left.children.is_empty() {
        root.push(left);
    }
    let mut height = margin + layout.size.height.max(sizes.height());
    height += caption.draw(theme, (margin, height), inner, &mut root);
    Scene {
        size: Size::new((inner + 2.0 * margin).ceil(), (height + margin).ceil()),
        background: Some(theme.background),
        title: name.clone(),
        desc: describe::describe(graph, view, &name),
        root,
        timeline: Timeline::default(),
    }
}
