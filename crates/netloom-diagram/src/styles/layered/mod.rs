//! Boxes in ranks along the flow, open modules as frames, by-passes in lanes beside the trunk.

use netloom_graph::Graph;
use netloom_layout::Direction;
use netloom_scene::kurbo::{Affine, Size};
use netloom_scene::{Group, Scene, Timeline};

use super::caption::Caption;
use super::{DrawOptions, Nodes, Style, Suits};
use crate::describe;
use crate::view::View;

mod boxes;
mod details;
mod edges;
mod gutter;
mod measure;
mod remarks;

pub(super) use boxes::draw as draw_boxes;
pub(super) use boxes::{Crossings, frame, tooltip};
pub(super) use details::badge;
pub(super) use edges::{draw as draw_edges, shared_px, without_start};
pub(super) use measure::{BoxText, MERGE, Measured, PILL, edges, is_across, measure};

pub(super) static STYLE: Style = Style {
    name: "layered",
    about: "boxes in ranks along the flow, open modules as frames, by-passes in lanes beside the trunk",
    nodes: Nodes::Operators,
    opens_all: false,
    callouts: true,
    direction: Direction::Down,
    settings: &[],
    suits: |_| Suits::new(20, "boxes and arrows draw any structure"),
    draw,
    draw_many: None,
};

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let theme = &options.theme;
    let name = describe::name(graph, &options.name);
    let measured = measure::measure(view, options);
    let layout = netloom_layout::layout(&measured.input);

    let sizes = gutter::sizes(graph, view, options, &layout);
    let caption = Caption::new(view, options, &name);
    let details = details::Details::new(view, options);

    let margin = theme.margin;
    let gutter = sizes.room(&layout, theme);
    let figure = Size::new(gutter + layout.size.width, layout.size.height.max(sizes.height()));
    let places = details.places(figure, options);
    let body = places.size.width;
    let least = options.width_px.unwrap_or(0.0) - 2.0 * margin;
    let inner = body.max(caption.width(theme)).max(least);
    // The gutter stays at the left edge of the page, the figure is centred in what is left.
    let content = if places.beside { body - gutter } else { layout.size.width };
    let shift = gutter + (inner - gutter - content).max(0.0) / 2.0;
    let shift = if gutter > 0.0 { shift.min((inner - content) / 2.0).max(gutter) } else { shift };

    let mut root = Group::new("figure");
    let mut body = Group::new("figure#body");
    body.transform = Affine::translate((margin + shift, margin));
    boxes::draw(view, &measured, &layout, options, &|_, _, _| false, &mut body);
    edges::draw(view, &layout, options, &mut body);
    root.push(body);
    let mut left = Group::new("figure#sizes");
    left.transform = Affine::translate((margin, margin));
    sizes.draw(theme, &mut left);
    if !left.children.is_empty() {
        root.push(left);
    }
    if !view.callouts.is_empty() {
        let aside = if places.beside { shift - gutter } else { (inner - places.size.width).max(0.0) / 2.0 };
        let mut beside = Group::new("figure#details");
        beside.transform = Affine::translate((margin + aside, margin));
        details.draw(view, &places, options, &mut beside);
        root.push(beside);
    }
    let mut height = margin + places.size.height;
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
