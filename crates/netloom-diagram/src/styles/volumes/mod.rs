//! Tensors as boxes in space: sides by the size of the maps, thickness by channels, in one oblique projection.

use netloom_graph::{Category, Graph};
use netloom_layout::Direction;
use netloom_scene::{Scene, kurbo};

use super::caption::Caption;
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values};
use crate::describe;
use crate::view::View;

mod draw;
mod fit;
mod flat;
mod laws;
mod legend;
mod paint;
mod place;
mod pyramids;
mod reach;
mod row;
mod solid;
mod split;
mod stages;
mod wrap;

use solid::Solid;
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
    suits,
    draw,
    draw_many: None,
};

/// The most convolutions that pyramids are drawn for unasked.
const FEW_KERNELS: usize = 7;
/// The least convolutions of a chain that is drawn in volumes unasked.
const FEW_CONVS: usize = 3;

/// Chains that take maps apart step by step.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let convs = subject.count(Category::Conv) + subject.count(Category::Upsample);
    let kinds = [Category::Conv, Category::Upsample, Category::Pool, Category::Linear, Category::Norm];
    let is_plain = subject.is_chain() && subject.holds_only(&kinds);
    if convs >= FEW_CONVS && is_plain {
        let all = subject.copies(Category::Conv) + subject.copies(Category::Upsample);
        return Suits::new(65, format!("a chain with {all} convolutions"));
    }
    None
}

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let (figure, placed, laws) = Figure::new(graph, view, options).fit();
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

impl<'a> Figure<'a> {
    fn new(graph: &'a Graph, view: &View, options: &'a DrawOptions) -> Self {
        Self::of(graph, flat::flat(graph, view), options, false)
    }

    /// The same without kernels and parallel rows, which need all of it in one line.
    fn plain(self) -> Self {
        Self::of(self.graph, self.flat, self.options, true)
    }

    fn of(graph: &'a Graph, flat: View, options: &'a DrawOptions, is_plain: bool) -> Self {
        let solids = solid::solids(graph, &flat);
        let whole = stages::stages(&flat, &solids, &vec![false; flat.nodes.len()]);
        let is_line = !is_plain && whole.is_chain && options.direction == Direction::Right;
        let wide: Vec<bool> =
            solids.iter().map(|s| s.window.as_ref().is_some_and(pyramids::is_wide)).collect();
        let has_pyramids = is_line
            && match options.settings.word(SETTINGS, "pyramids") {
                "yes" => true,
                "no" => false,
                _ => (1..=FEW_KERNELS).contains(&wide.iter().filter(|w| **w).count()),
            };
        let stages = if has_pyramids { stages::stages(&flat, &solids, &wide) } else { whole };
        let rows = if is_line { split::rows(&flat, &solids, options) } else { vec![1; flat.nodes.len()] };
        Self { graph, options, flat, solids, stages, rows, has_pyramids }
    }
}
