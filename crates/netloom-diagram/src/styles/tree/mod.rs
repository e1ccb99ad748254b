//! The module tree with parameters and multiply-adds: as rows with bars, or as rectangles within rectangles.

use netloom_graph::{Category, Graph};
use netloom_layout::Direction;
use netloom_scene::kurbo::Size;
use netloom_scene::{Scene, Theme};

use super::caption::{Caption, Mark};
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values, sheet};
use crate::describe;
use crate::view::View;

mod bars;
mod keys;
mod map;
mod rows;

use keys::Keys;
use rows::{Part, Tree};

static SETTINGS: &[Setting] = &[
    Setting {
        name: "as",
        about: "rows with bars, or rectangles whose areas are in proportion",
        values: Values::Words(&["bars", "treemap"]),
        default: "bars",
    },
    Setting {
        name: "size",
        about: "what the areas of a treemap show",
        values: Values::Words(&["params", "macs"]),
        default: "params",
    },
    Setting {
        name: "color",
        about: "whether a treemap is coloured by kind of layer or by how deep parts are nested",
        values: Values::Words(&["kind", "depth"]),
        default: "kind",
    },
];

pub(super) static STYLE: Style = Style {
    name: "tree",
    about: "the module tree with parameters and multiply-adds, as rows with bars or as a treemap",
    nodes: Nodes::Operators,
    opens_all: true,
    callouts: false,
    direction: Direction::Down,
    settings: SETTINGS,
    suits,
    draw,
    draw_many: None,
};

/// The width of a figure where nothing else is asked, px.
const WIDTH: f64 = 528.0;
/// Room for the caption below, px.
const CAPTION: f64 = 72.0;
/// Height of a treemap to its width.
const SHAPE: f64 = 0.62;
/// The least room for parts, px.
const LEAST: f64 = 160.0;

/// Suits what has parts and no network: weights alone, or modules whose connections the file does not hold.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let graph = subject.graph;
    let is_apart = graph.inputs.is_empty() && graph.outputs.is_empty() && graph.nodes().len() > 1;
    is_apart.then(|| Suits::new(95, "weights without a network show as a tree of modules"))?
}

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let theme = &options.theme;
    let name = describe::name(graph, &options.name);
    let mut tree = rows::tree(graph, view);
    if tree.parts[0].name.is_empty() {
        tree.parts[0].name.clone_from(&name);
    }
    let keys = Keys::new(view);
    let width = (options.width_px.unwrap_or(WIDTH) - 2.0 * theme.margin).max(LEAST);
    let room = (options.page.height - 2.0 * theme.margin - CAPTION).max(LEAST);
    if options.settings.word(SETTINGS, "as") == "treemap" {
        let by_macs = options.settings.word(SETTINGS, "size") == "macs";
        let (of, what) = measure(&tree, by_macs);
        let by_depth = options.settings.word(SETTINGS, "color") == "depth";
        let levels = if by_depth { "; colours are levels" } else { "" };
        let size = Size::new(width, (width * SHAPE).min(room));
        let body = map::draw(&tree, of, theme, &keys, size, by_depth);
        let caption = Caption::new(view, options, &name)
            .with_legend(view, options, kinds(&tree, of, theme, by_depth))
            .with_note(theme, &format!("areas within a frame are in proportion to {what}{levels}"));
        return sheet::sheet(graph, view, options, (body, size), &caption);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a page has a few hundred rows"
    )]
    let listed = tree.listed((room / bars::ROW) as usize - 1);
    let (body, size) = bars::draw(&tree, &listed, theme, &keys, width);
    let legend = bars::colors(theme).map(|(swatch, words)| (Mark::Field(swatch), words.to_owned()));
    let mut caption = Caption::new(view, options, &name).with_legend(view, options, legend);
    if listed.iter().any(|i| tree.parts[*i].times > 1) {
        caption = caption.with_note(theme, "numbers of rows with ×N, and within them, are those of all N");
    }
    sheet::sheet(graph, view, options, (body, size), &caption)
}

/// What areas show: what is asked, or the other where a model has none of it.
fn measure(tree: &Tree, by_macs: bool) -> (fn(&Part) -> u64, &'static str) {
    let parameters: fn(&Part) -> u64 = |p| p.parameters;
    let macs: fn(&Part) -> u64 = |p| p.macs.unwrap_or(0);
    let some = |of: fn(&Part) -> u64| tree.parts.iter().any(|p| of(p) > 0);
    if by_macs && some(macs) || !some(parameters) {
        (macs, "multiply-adds")
    } else {
        (parameters, "parameters")
    }
}

/// The kinds of the parts that hold no others, one entry per colour.
fn kinds(tree: &Tree, of: fn(&Part) -> u64, theme: &Theme, by_depth: bool) -> Vec<(Mark, String)> {
    if by_depth {
        return Vec::new();
    }
    let leaves = tree.parts.iter().filter(|p| p.parts.is_empty() && of(p) > 0);
    let used: std::collections::BTreeSet<Category> = leaves.map(|p| p.category).collect();
    let mut entries: Vec<(netloom_scene::Swatch, String)> = Vec::new();
    for category in used {
        let swatch = theme.swatch(category.name());
        match entries.iter_mut().find(|(s, _)| s.fill == swatch.fill) {
            Some((_, words)) => *words += &format!(", {}", category.name()),
            None => entries.push((swatch, category.name().to_owned())),
        }
    }
    entries.into_iter().map(|(swatch, words)| (Mark::Field(swatch), words)).collect()
}
