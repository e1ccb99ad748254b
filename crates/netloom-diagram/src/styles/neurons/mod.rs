//! Layers of units with a line for every weight; dropped units crossed out; weights as width and colour where given.

use netloom_graph::{Category, Graph};
use netloom_layout::Direction;
use netloom_scene::kurbo::{Affine, Size, Vec2};
use netloom_scene::text::shape;
use netloom_scene::{Group, Scene, TextRun};

use super::caption::{Caption, Mark};
use super::rowed::{Kind, Measure, Names, Placed, Plan, above, below, retag};
use super::sheet::sheet;
use super::{DrawOptions, Nodes, Setting, Style, Subject, Suits, Values};
use crate::describe;
use crate::number;
use crate::tensors::Extents;
use crate::view::View;

mod column;
mod drops;
mod joints;
mod paint;

use column::Column;
use joints::Wires;
use paint::Paint;

pub(super) static STYLE: Style = Style {
    name: "neurons",
    about: "layers of units with a line for every weight, left to right; channels and features count as units",
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
        about: "how many units of a layer are drawn; of more the first, dots, and the last",
        values: Values::Number(2.0, 32.0),
        default: "10",
    },
    Setting {
        name: "bias",
        about: "whether biases are drawn, as a unit that is always 1",
        values: Values::Flag,
        default: "no",
    },
    Setting {
        name: "dropout",
        about: "whether dropped units are crossed out: no, in the figure (show), or in a second one beside it (both)",
        values: Values::Words(&["no", "show", "both"]),
        default: "show",
    },
    Setting {
        name: "seed",
        about: "chooses the units that are dropped",
        values: Values::Number(0.0, 1e9),
        default: "1",
    },
    Setting {
        name: "labels",
        about: "what stands in the units: nothing or their number",
        values: Values::Words(&["none", "index"]),
        default: "none",
    },
    Setting {
        name: "names",
        about: "what stands above a layer beside its size: nothing, a letter and number, or the module's path",
        values: Values::Words(Names::WORDS),
        default: "plain",
    },
];

/// The most layers of a chain that is drawn so unasked.
const FEW_LAYERS: usize = 8;
/// Space between layers: the first that needs no more rows than any is taken, px.
const GAPS: [f64; 3] = [72.0, 52.0, 34.0];
/// From so many layers on only the least space is tried.
const MANY: usize = 200;
/// Space between the two figures of a net with and without its dropped units, px.
const BESIDE: f64 = 36.0;
/// About what the caption takes of the page, px.
const CAPTION: f64 = 80.0;

/// Suits short chains of nothing but full connections.
fn suits(subject: &Subject<'_>) -> Option<Suits> {
    let dense = subject.count(Category::Linear);
    let chain = subject.is_chain() && subject.layers() <= FEW_LAYERS && dense > 0;
    if chain && subject.holds_only(&[Category::Linear, Category::Norm]) {
        return Suits::new(70, "a chain of full connections shows as layers of units");
    }
    None
}

fn draw(graph: &Graph, view: &View, options: &DrawOptions) -> Scene {
    let theme = &options.theme;
    let word = |name: &str| options.settings.word(SETTINGS, name);
    let extents = Extents::new(graph);
    let plan = Plan::new(graph, view, &extents);
    let both = word("dropout") == "both";
    let width = options.width_px.unwrap_or(options.page.width) - 2.0 * theme.margin;
    let width = if both { (width - BESIDE) / 2.0 } else { width };
    let room = Size::new(width, options.page.height - CAPTION);

    let columns: Vec<Column> = plan.pieces.iter().map(|p| Column::new(p, options, SETTINGS)).collect();
    let names = above(graph, view, &plan, Names::find(word("names")), options);
    let said = said(view, &plan, below(graph, view, &plan, false, options), options);
    let tries = if plan.pieces.len() > MANY { &GAPS[GAPS.len() - 1..] } else { &GAPS[..] };
    let mut best: Option<Placed> = None;
    for gap in tries {
        let found = place(&plan, view, (&columns, &names, &said), options, (width, *gap));
        if best.as_ref().is_none_or(|b| found.cost(room) < b.cost(room)) {
            best = Some(found);
        }
    }
    let placed =
        best.unwrap_or_else(|| place(&plan, view, (&columns, &names, &said), options, (width, GAPS[0])));

    let wires = Wires::new(graph, view, &plan, options, options.settings.flag(SETTINGS, "bias"));
    let seed = options.settings.number(SETTINGS, "seed");
    let dropped = drops::dropped(&plan, &columns, seed);
    let one = |thin: bool, hide: bool, placed: &Placed| {
        let none = vec![Vec::new(); plan.pieces.len()];
        let dropped = if thin { &dropped } else { &none };
        let paint = Paint { view, plan: &plan, theme, columns: &columns, dropped, hide, wires: &wires };
        let mut group = Group::new("figure#net");
        plan.draw(
            view,
            options,
            placed,
            &|p, rect, into| paint.layer(p, rect, into),
            &|l, placed| joints::joint(&paint, l, placed),
            &mut group,
        );
        group
    };
    let mut body = Group::new("figure#body");
    let mut size = placed.size;
    body.push(if both {
        one(false, false, &undropped(&plan, &placed))
    } else {
        one(word("dropout") == "show", false, &placed)
    });
    if both {
        let mut thinned = one(true, true, &placed);
        thinned.transform = Affine::translate(Vec2::new(size.width + BESIDE, 0.0));
        retag(&mut thinned, "thinned");
        body.push(thinned);
        size.width = 2.0 * size.width + BESIDE;
    }
    let name = describe::name(graph, &options.name);
    let mut caption =
        Caption::new(view, options, &name).with_legend(view, options, legend(&plan, view, &wires, options));
    if options.legend {
        let partial = wires.is_partial().then(|| "grey lines: weights that were not given".to_owned());
        for note in partial.into_iter().chain(notes(&plan, &dropped, word("dropout"), &columns)) {
            caption = caption.with_note(theme, &note);
        }
    }
    sheet(graph, view, options, (body, size), &caption)
}

fn place(
    plan: &Plan,
    view: &View,
    (columns, names, said): (&[Column], &[Vec<TextRun>], &[Vec<TextRun>]),
    options: &DrawOptions,
    (width, gap): (f64, f64),
) -> Placed {
    let line = options.theme.line_height(options.theme.secondary_size);
    let measures: Vec<Measure> = (0..plan.pieces.len())
        .map(|p| {
            let below = said[p].clone();
            match plan.fixed(p, &below, line) {
                Some(body) => Measure { body, below, ..Measure::default() },
                None => Measure {
                    body: columns[p].size(),
                    above: names[p].clone(),
                    below,
                    lead: gap,
                    under: true,
                    ..Measure::default()
                },
            }
        })
        .collect();
    plan.place(view, &measures, &options.theme, width)
}

/// The same without the words about what is dropped.
fn undropped(plan: &Plan, placed: &Placed) -> Placed {
    let mut all = placed.clone();
    for (piece, texts) in plan.pieces.iter().zip(&mut all.texts) {
        let is_drop = |text: &str| piece.then.iter().any(|t| t.dropout.is_some() && t.title == text);
        texts.retain(|(run, _, above)| *above || !is_drop(&run.text));
    }
    all
}

/// What stands below: a full connection is seen, so that only what follows it is said.
fn said(view: &View, plan: &Plan, below: Vec<Vec<TextRun>>, options: &DrawOptions) -> Vec<Vec<TextRun>> {
    let style = options.theme.secondary_style();
    plan.pieces
        .iter()
        .zip(below)
        .map(|(piece, runs)| {
            let node = &view.nodes[piece.node];
            let seen = piece.kind == Kind::Tensor
                && node.category == Category::Linear
                && node.header.is_empty()
                && node.repeat == 1;
            if !seen {
                return runs;
            }
            let bands = node.bands.iter().map(|b| b.title.as_str());
            bands.chain(piece.then.iter().map(|t| t.title.as_str())).map(|t| shape(t, &style)).collect()
        })
        .collect()
}

/// What colours of lines mean where there are weights, and what dashes and pills mean.
fn legend(plan: &Plan, view: &View, wires: &Wires, options: &DrawOptions) -> Vec<(Mark, String)> {
    let theme = &options.theme;
    let mut marks = Vec::new();
    if let Some(most) = wires.greatest() {
        let most = number::float((f64::from(most) * 1000.0).round() / 1000.0);
        marks.push((
            Mark::Ramp(theme.diverging.clone()),
            format!("weight: −{most} to {most}, width ∝ its size"),
        ));
    }
    marks.extend(plan.marks(view, theme));
    marks
}

/// What is crossed out, and that dots stand for more.
fn notes(plan: &Plan, dropped: &[Vec<bool>], shown: &str, columns: &[Column]) -> Vec<String> {
    let mut notes = Vec::new();
    let rates: Vec<String> = plan
        .pieces
        .iter()
        .zip(dropped)
        .filter(|(_, d)| d.iter().any(|d| *d))
        .filter_map(|(p, _)| p.then.iter().find_map(|t| t.dropout))
        .map(number::float)
        .collect();
    if shown != "no" && !rates.is_empty() {
        notes.push(format!("crossed out: units dropped in one step, at rates {}", rates.join(", ")));
    }
    if columns.iter().any(Column::has_dots) {
        notes.push("dots stand for units that are not drawn".to_owned());
    }
    notes
}
