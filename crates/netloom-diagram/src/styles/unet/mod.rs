//! Rows by resolution: bars are tensors, arrows operations, by-passes straight lines between equal resolutions.

use netloom_graph::Graph;
use netloom_scene::text::ellipsize;
use netloom_scene::{Color, Group, Scene, Swatch, Theme};

use super::caption::{Caption, Mark};
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values};
use crate::describe;
use crate::ushape::{Course, u_shape};
use crate::view::View;

mod bars;
mod draw;
mod place;
mod words;

use bars::{Bars, Shape};
use place::Placed;
use words::Deeds;

pub(super) static STYLE: Style = Style {
    name: "unet",
    about: "rows by resolution, bars by channels, coloured arrows as operations, straight copies from encoder to decoder",
    nodes: Nodes::Tensors,
    opens_all: true,
    callouts: false,
    direction: netloom_layout::Direction::Down,
    settings: SETTINGS,
    suits,
    draw,
    draw_many: None,
};

static SETTINGS: &[Setting] = &[Setting {
    name: "scale",
    about: "how lengths follow sizes",
    values: Values::Words(&["auto", "linear", "sqrt", "cbrt", "log"]),
    default: "auto",
}];

/// Encoders and decoders whose equal resolutions are joined.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let u = u_shape(subject.graph, &subject.view)?;
    // A detector with heads at several resolutions has one by-pass too, and is no U.
    if u.levels == 1 && subject.graph.outputs.len() > 1 {
        return None;
    }
    let levels = match u.levels {
        1 => "one resolution".to_owned(),
        n => format!("{n} resolutions"),
    };
    Suits::new(if u.levels > 1 { 90 } else { 60 }, format!("an encoder and a decoder joined at {levels}"))
}

/// The most inputs and outputs beside the path that the small print names.
const MAX_NAMED: usize = 4;
/// The widest line of small print about blocks, px.
const MAX_NOTE: f64 = 280.0;

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let course = Course::new(graph, view);
    let bars = Bars::new(graph, view, &course);
    let placed = Placed::new(view, &bars, options);
    let mut body = Group::new("figure#body");
    let mut deeds = Deeds::default();
    draw::draw(view, &bars, &placed, options, &mut deeds, &mut body);
    let name = describe::name(graph, &options.name);
    let mut caption =
        Caption::new(view, options, &name).with_legend(view, options, legend(view, &bars, &deeds, options));
    if options.legend {
        for note in notes(view, &course, &bars, &placed, &options.theme) {
            caption = caption.with_note(&options.theme, &note);
        }
    }
    sheet(graph, view, options, (body, placed.size), &caption)
}

/// What arrows and white halves mean.
fn legend(view: &View, bars: &Bars, deeds: &Deeds, options: &DrawOptions) -> Vec<(Mark, String)> {
    let theme = &options.theme;
    let color = |name: &str| -> Color { theme.swatch(name).stroke };
    let mut entries: Vec<(Mark, String)> = deeds
        .entries()
        .into_iter()
        .map(|(flow, words)| (Mark::Arrow(color(flow.swatch()), None), words))
        .collect();
    let copies: Vec<_> = bars.by_passes.iter().filter(|b| b.is_copy).collect();
    if !copies.is_empty() {
        let sums = copies.iter().filter(|b| bars.bars[b.to].shape != Shape::Bar).count();
        let crops = |b: &&&bars::ByPass| {
            !b.via.is_empty()
                && b.via.iter().all(|n| view.nodes[*n].category == netloom_graph::Category::Shape)
        };
        let words = if copies.iter().filter(crops).count() == copies.len() {
            "copy and crop"
        } else if sums == copies.len() {
            "copy, added"
        } else {
            "copy"
        };
        entries.push((Mark::Arrow(color("flow_copy"), Some(theme.skip_dash)), words.to_owned()));
    }
    if bars.by_passes.iter().any(|b| !b.is_copy) {
        entries.push((Mark::Arrow(color("flow_copy"), None), "by-pass".to_owned()));
    }
    if bars.bars.iter().any(|b| b.copied > 0.0) {
        let swatch = draw::feature(theme);
        entries
            .push((Mark::Field(Swatch { fill: theme.background, ..swatch }), "copied channels".to_owned()));
    }
    entries
}

/// What sizes mean, and what the rows do not show.
fn notes(view: &View, course: &Course, bars: &Bars, placed: &Placed, theme: &Theme) -> Vec<String> {
    let mut laws = Vec::new();
    if let Some(height) = &placed.height {
        laws.push(format!("height as {}", height.words("side")));
    }
    if let Some(width) = &placed.width {
        laws.push(format!("width as {}", width.words("channels")));
    }
    let mut notes = Vec::new();
    if !laws.is_empty() {
        notes.push(format!("Bars: {}", laws.join(", ")));
    }
    let mut remarks: Vec<&str> = Vec::new();
    for bracket in &placed.brackets {
        let own = view.nodes[bracket.frame].notes.iter().map(String::as_str);
        remarks.extend(own);
    }
    remarks.sort_unstable();
    remarks.dedup();
    if !remarks.is_empty() {
        let text = format!("Blocks that come ×N: {}", remarks.join("; "));
        notes.push(ellipsize(&text, &theme.secondary_style(), MAX_NOTE));
    }
    let named = |nodes: Vec<usize>| {
        let mut names: Vec<&str> = nodes.iter().map(|n| view.nodes[*n].title.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(MAX_NAMED);
        let mut text = names[..names.len() - more].join(", ");
        if more > 0 {
            text += &format!(" and {more} more");
        }
        text
    };
    if !course.inputs.is_empty() {
        notes.push(format!("Enters on the way: {}", named(course.inputs.keys().copied().collect())));
    }
    if !course.outputs.is_empty() {
        notes.push(format!("Leaves on the way: {}", named(course.outputs.iter().map(|o| o.0).collect())));
    }
    let (mut beside, mut undrawn) = (0, 0);
    for (by_pass, way) in bars.by_passes.iter().zip(&placed.layout.links) {
        undrawn += usize::from(way.is_none());
        let computes = by_pass.via.iter().any(|n| view.nodes[*n].category != netloom_graph::Category::Shape);
        beside += usize::from(way.is_some() && computes);
    }
    let lines =
        |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
    if beside > 0 {
        notes.push(format!("{} layers of their own", lines(beside, "by-pass has", "by-passes have")));
    }
    if undrawn > 0 {
        notes.push(format!("{} not drawn", lines(undrawn, "by-pass is", "by-passes are")));
    }
    notes
}
