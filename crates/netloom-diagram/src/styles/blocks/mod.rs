//! Columns of equal boxes in rounded frames with their count beside, as papers draw transformers.

use netloom_graph::{Category, Graph};
use netloom_layout::Direction;
use netloom_scene::kurbo::Size;
use netloom_scene::{Group, Scene, Theme};

use super::auto::{Subject, Suits};
use super::caption::Caption;
use super::layered::{draw_boxes, draw_edges};
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Values};
use crate::describe;
use crate::view::View;

mod axes;
mod bus;
mod forks;
mod grammar;
mod legend;
mod lone;
mod marks;
mod masks;
mod measure;
mod norms;
mod operands;
mod place;
mod positions;
mod towers;
mod words;

#[cfg(test)]
mod tests;

static SETTINGS: &[Setting] = &[
    Setting {
        name: "merge_norm",
        about: "whether a sum and the norm behind it are one box, add & norm",
        values: Values::Flag,
        default: "yes",
    },
    Setting {
        name: "masks",
        about: "whether what only tells attentions where to look is drawn",
        values: Values::Flag,
        default: "no",
    },
    Setting {
        name: "count",
        about: "whether the number of equal blocks stands outside their frame or inside; auto is outside where there is room",
        values: Values::Words(&["auto", "outside", "inside"]),
        default: "auto",
    },
    Setting {
        name: "titles",
        about: "whether frames say what they are called",
        values: Values::Flag,
        default: "yes",
    },
];

pub(super) static STYLE: Style = Style {
    name: "blocks",
    about: "columns of equal boxes in rounded frames with their count beside, as papers draw transformers",
    nodes: Nodes::Operators,
    opens_all: false,
    callouts: false,
    direction: Direction::Down,
    settings: SETTINGS,
    suits,
    draw,
    draw_many: None,
};

/// On a page narrower than this there is no room beside frames, px.
const NARROW_PAGE: f64 = 400.0;

/// What is set about the style.
#[derive(Clone, Copy)]
struct Choices {
    merges_norms: bool,
    shows_masks: bool,
    counts_outside: bool,
    shows_titles: bool,
    /// Whether boxes say less, so that two columns fit.
    is_brief: bool,
}

impl Choices {
    fn new(options: &DrawOptions) -> Self {
        let flag = |name| options.settings.flag(SETTINGS, name);
        Self {
            merges_norms: flag("merge_norm"),
            shows_masks: flag("masks"),
            counts_outside: match options.settings.word(SETTINGS, "count") {
                "auto" => options.width_px.is_none_or(|w| w >= NARROW_PAGE),
                word => word == "outside",
            },
            shows_titles: flag("titles"),
            is_brief: options.width_px.is_some_and(|w| w < NARROW_PAGE),
        }
    }
}

/// A model with more attentions, or with more convolutions, that are not equal does not fit a page as open blocks.
const MAX_ATTENTIONS: usize = 4;
const MAX_CONVS: usize = 10;

/// Blocks of attention in a row, and decoders that attend to an encoder.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let mut view = subject.view.clone();
    masks::leave_out(&mut view, false);
    if towers::find(&view).is_some() {
        return Suits::new(75, "an encoder and a decoder that attends to it");
    }
    let attentions = view.nodes.iter().filter(|n| operands::looks_up(n));
    let times: Vec<u32> = attentions
        .filter_map(|n| {
            let mut around = n.parent;
            while let Some(frame) = around.filter(|f| view.nodes[*f].repeat == 1) {
                around = view.nodes[frame].parent;
            }
            around.map(|frame| view.nodes[frame].repeat)
        })
        .collect();
    if times.len() > MAX_ATTENTIONS || subject.count(Category::Conv) > MAX_CONVS {
        return None;
    }
    let most = times.into_iter().max()?;
    Suits::new(65, format!("{most} equal blocks of attention in a row"))
}

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    // Boxes are as round as the corners of arrows.
    let theme = Theme { box_radius: options.theme.route_radius, ..options.theme.clone() };
    let options = &DrawOptions { theme, ..options.clone() };
    let mut choices = Choices::new(options);
    let figure = grammar::read(graph, view, choices, &options.theme);
    let is_auto = options.settings.word(SETTINGS, "count") == "auto";
    choices.counts_outside |= is_auto && figure.towers.is_none();
    let mut measured = measure::measure(&figure, choices, options);
    let placed = place::place(&figure, &mut measured);
    let layout = &placed.layout;

    let mut body = Group::new("figure#body");
    draw_boxes(&figure.view, &measured, layout, options, &|_, _, _| false, &mut body);
    draw_edges(&figure.view, layout, options, &mut body);
    marks::draw(&figure, &placed, choices, options, &mut body);
    let name = describe::name(graph, &options.name);
    let caption = Caption::new(&figure.view, options, &name).with_legend(
        &figure.view,
        options,
        legend::entries(&figure, choices, options),
    );
    let size = Size::new(layout.size.width, layout.size.height);
    sheet(graph, &figure.view, options, (body, size), &caption)
}
