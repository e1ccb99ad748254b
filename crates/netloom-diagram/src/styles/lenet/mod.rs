//! Stacks of feature maps, bars for vectors, operations below the gaps: the figure of LeNet-5, for any model.
//!
//! # Source
//! LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, figure 2.

use netloom_graph::{Category, Graph};
use netloom_layout::Direction;
use netloom_scene::kurbo::Size;
use netloom_scene::{Group, Scene};

use super::caption::{Caption, Mark};
use super::rowed::{Kind, Measure, Names, Plan, above, below};
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values};
use crate::describe;
use crate::tensors::Extents;
use crate::view::View;

mod body;
mod joints;
mod paint;

use body::{Body, Laws};
use paint::Paint;

pub(super) static STYLE: Style = Style {
    name: "lenet",
    about: "stacks of feature maps with receptive squares, bars for vectors, operations below the gaps, left to right",
    nodes: Nodes::Tensors,
    opens_all: true,
    callouts: false,
    // Rows run to the right and follow one another downwards, so that a page is filled as by text.
    direction: Direction::Down,
    settings: SETTINGS,
    suits,
    draw,
    draw_many: None,
};

static SETTINGS: &[Setting] = &[
    Setting {
        name: "cap",
        about: "how many maps of a stack are drawn; of more the first, dots, and the last",
        values: Values::Number(2.0, 64.0),
        default: "12",
    },
    Setting {
        name: "scale",
        about: "how lengths follow sizes",
        values: Values::Words(&["auto", "linear", "sqrt", "cbrt", "log"]),
        default: "auto",
    },
    Setting {
        name: "names",
        about: "what stands above a tensor beside its size: nothing, C1 and S2 as in 1998, or the module's path",
        values: Values::Words(Names::WORDS),
        default: "plain",
    },
    Setting {
        name: "fill",
        about: "whether tensors have the colour of what makes them; without it they are outlines",
        values: Values::Flag,
        default: "yes",
    },
];

/// The most layers of a chain that is drawn so unasked.
const FEW_LAYERS: usize = 12;
/// So few convolutions show better as stacks of maps than as volumes.
const FEW_CONVS: usize = 3;

/// Suits short chains that begin with convolutions.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let chain = subject.is_chain() && subject.layers() <= FEW_LAYERS && subject.count(Category::Conv) > 0;
    let only = [Category::Conv, Category::Pool, Category::Linear, Category::Norm, Category::Reduce];
    if chain && subject.holds_only(&only) {
        let score = if subject.count(Category::Conv) <= FEW_CONVS { 66 } else { 60 };
        return Suits::new(score, "a short chain of convolutions shows as stacks of maps");
    }
    None
}

/// About what the caption takes of the page, px.
const CAPTION: f64 = 80.0;

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let theme = &options.theme;
    let extents = Extents::new(graph);
    let plan = Plan::new(graph, view, &extents);
    let names = Names::find(options.settings.word(SETTINGS, "names"));
    let line = theme.line_height(theme.secondary_size);
    let said = below(graph, view, &plan, names == Names::Classic, options);
    let named = above(graph, view, &plan, names, options);
    let width = options.width_px.unwrap_or(options.page.width) - 2.0 * theme.margin;
    let attempt = |longest: f64| {
        let laws = Laws::new(&plan, options, SETTINGS, longest);
        let bodies: Vec<Body> = (0..plan.pieces.len()).map(|p| Body::new(&plan, p, &laws)).collect();
        let measure = |p: usize| {
            let below = said[p].clone();
            match plan.fixed(p, &below, line) {
                Some(body) => Measure { body, below, ..Measure::default() },
                None => Measure {
                    body: bodies[p].size(),
                    inset: bodies[p].inset(),
                    above: named[p].clone(),
                    below,
                    ..Measure::default()
                },
            }
        };
        let measures: Vec<Measure> = (0..plan.pieces.len()).map(measure).collect();
        let placed = plan.place(view, &measures, theme, width);
        (laws, bodies, placed)
    };
    let (laws, bodies, placed) =
        body::fewest_rows(&plan, Size::new(width, options.page.height - CAPTION), attempt);
    let paint = Paint { view, plan: &plan, theme, fill: options.settings.flag(SETTINGS, "fill") };
    let mut group = Group::new("figure#body");
    plan.draw(
        view,
        options,
        &placed,
        &|p, rect, into| paint.tensor(p, &bodies[p], rect, into),
        &|l, placed| joints::joint(graph, &paint, &bodies, l, placed),
        &mut group,
    );
    let name = describe::name(graph, &options.name);
    // Outlines have no colours that would mean anything.
    let marks = if paint.fill { legend(view, &plan, options) } else { plan.marks(view, theme) };
    let mut caption = Caption::new(view, options, &name).with_legend(view, options, marks);
    if options.legend {
        for note in notes(graph, &plan, &laws, &bodies) {
            caption = caption.with_note(theme, &note);
        }
    }
    sheet(graph, view, options, (group, Size::new(placed.size.width, placed.size.height)), &caption)
}

/// Colours of the kinds of operation that make tensors, where they are of more than one.
fn legend(view: &View, plan: &Plan, options: &DrawOptions) -> Vec<(Mark, String)> {
    let theme = &options.theme;
    let mut entries: Vec<(netloom_scene::Swatch, Vec<&str>)> = Vec::new();
    let mut used: Vec<_> = plan
        .pieces
        .iter()
        .filter(|p| matches!(p.kind, Kind::Tensor | Kind::Closed))
        .map(|p| &view.nodes[p.node])
        .filter(|n| n.kind != crate::view::NodeKind::Input)
        .map(|n| n.category)
        .collect();
    used.sort_unstable();
    used.dedup();
    for category in used {
        let swatch = theme.swatch(category.name());
        match entries.iter_mut().find(|e| e.0.fill == swatch.fill) {
            Some((_, names)) => names.push(category.name()),
            None => entries.push((swatch, vec![category.name()])),
        }
    }
    let mut legend: Vec<(Mark, String)> =
        entries.into_iter().map(|(swatch, names)| (Mark::Field(swatch), names.join(", "))).collect();
    legend.extend(plan.marks(view, theme));
    legend
}

/// What lengths mean, and what is not drawn to scale or in full.
fn notes(graph: &Graph, plan: &Plan, laws: &Laws, bodies: &[Body]) -> Vec<String> {
    let mut notes = laws.notes(bodies);
    if joints::has_small(graph, plan, bodies) {
        notes.push(format!("squares of kernels are at least {} px", joints::LEAST));
    }
    notes
}
