//! Lines between the units of two layers, one per weight.

use netloom_graph::{Category, Graph};
use netloom_scene::Color;
use netloom_scene::kurbo::{BezPath, Point};

use super::paint::Paint;
use crate::styles::DrawOptions;
use crate::styles::rowed::{Joint, Kind, Placed, Plan, Stroked};
use crate::tensors::{Form, Matrix, Window};
use crate::view::{NodeKind, View};

/// Width of a line without a weight, and the least and greatest with one, px.
const WIDTHS: (f64, f64, f64) = (0.5, 0.3, 2.2);
/// How strongly lines without weights stand out.
const FAINT: f64 = 0.55;
/// How much of its colour even the smallest weight has.
const LEAST_COLOR: f64 = 0.35;

/// How the units of a layer read those before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wiring {
    /// Each reads all, in so many groups.
    All(u64),
    /// Each reads its own.
    Own,
    /// Not known: an arrow says so.
    Arrow,
}

/// The wiring of every link.
pub(super) struct Wires {
    of: Vec<Wiring>,
    weights: Vec<Option<(Matrix, bool)>>,
    biased: Vec<bool>,
    greatest: Option<f32>,
    partial: bool,
}

impl Wires {
    pub(super) fn new(graph: &Graph, view: &View, plan: &Plan, options: &DrawOptions, bias: bool) -> Self {
        let mut wires = Self {
            of: Vec::with_capacity(plan.links.len()),
            weights: Vec::with_capacity(plan.links.len()),
            biased: vec![false; plan.pieces.len()],
            greatest: None,
            partial: false,
        };
        for link in &plan.links {
            let (from, to) = (&plan.pieces[link.source], &plan.pieces[link.target]);
            let node = &view.nodes[to.node];
            let tensors = |k: Kind| k == Kind::Tensor || k == Kind::Closed;
            let plain = to.kind == Kind::Tensor
                && tensors(from.kind)
                && node.kind == NodeKind::Layer
                && node.header.is_empty()
                && node.repeat == 1
                && !view.edges[link.edge].back;
            let same = from.extent.channels == to.extent.channels && from.extent.channels.as_size().is_some();
            let wiring = match node.category {
                _ if !plain => Wiring::Arrow,
                Category::Linear | Category::Recurrent => Wiring::All(1),
                Category::Conv | Category::Upsample => {
                    Wiring::All(to.layer.and_then(|l| Window::of(graph, l)).map_or(1, |w| w.groups))
                }
                Category::Pool | Category::Norm | Category::Activation | Category::Elementwise if same => {
                    Wiring::Own
                }
                _ => Wiring::Arrow,
            };
            let layer =
                to.layer.filter(|_| node.category == Category::Linear && plain).map(|l| graph.node(l));
            let matrix = layer.and_then(|n| {
                let matrix = options.weights.of(graph, n.input(1)?)?;
                let by_output = n.op == "Gemm" && n.attributes.int("transB") == Some(1);
                let (inputs, outputs) = if by_output {
                    (matrix.columns(), matrix.rows())
                } else {
                    (matrix.rows(), matrix.columns())
                };
                let fits = |n: usize, piece: &crate::styles::rowed::Piece| {
                    piece.extent.channels.as_size() == u64::try_from(n).ok()
                };
                (fits(inputs, from) && fits(outputs, to)).then_some((matrix, by_output))
            });
            if let Some((matrix, _)) = &matrix {
                for row in 0..matrix.rows() {
                    for column in 0..matrix.columns() {
                        let size = matrix.at(row, column).filter(|w| w.is_finite()).map_or(0.0, f32::abs);
                        wires.greatest = Some(wires.greatest.unwrap_or(0.0).max(size));
                    }
                }
            }
            let has_bias = layer.is_some_and(|n| n.inputs.get(2).is_some_and(Option::is_some));
            let summed = node.operators.iter().any(|n| graph.node(*n).op == "Add");
            wires.biased[link.source] |= bias && plain && (has_bias || layer.is_some() && summed);
            wires.of.push(wiring);
            wires.weights.push(matrix);
        }
        let lacks = |(of, weights): (&Wiring, &Option<_>)| matches!(of, Wiring::All(_)) && weights.is_none();
        wires.partial = wires.greatest.is_some() && wires.of.iter().zip(&wires.weights).any(lacks);
        // A few small weights that the file happens to hold would make one layer look more important than the others.
        if wires.partial && options.weights.names().next().is_none() {
            wires.weights.iter_mut().for_each(|w| *w = None);
            (wires.greatest, wires.partial) = (None, false);
        }
        wires
    }

    /// Whether the weights of some layers are shown and those of others are not known.
    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }

    /// The greatest size of a weight that is shown.
    pub(super) fn greatest(&self) -> Option<f32> {
        self.greatest
    }

    /// Whether a bias stands with the units of a piece.
    pub(super) fn has_bias(&self, piece: usize) -> bool {
        self.biased[piece]
    }

    fn weight(&self, link: usize, from: u64, to: u64) -> Option<f32> {
        let (matrix, by_output) = self.weights[link].as_ref()?;
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        if *by_output { matrix.at(to, from) } else { matrix.at(from, to) }
    }
}

/// The lines of a link, if it is no arrow.
pub(super) fn joint(paint: &Paint<'_>, link: usize, placed: &Placed) -> Option<Joint> {
    let (a, b) = (paint.plan.links[link].source, paint.plan.links[link].target);
    let (from, to) = (&paint.columns[a], &paint.columns[b]);
    let (starts, ends) = (from.places(placed.bodies[a]), to.places(placed.bodies[b]));
    let theme = paint.theme;
    let plain = theme.background.mix(theme.ink, FAINT);
    let mut strokes = Vec::new();
    let mut add = |(p, q): (Point, Point), (color, width): (Color, f64), dashed: bool| {
        let mut shape = BezPath::new();
        shape.move_to((p.x + from.radius(), p.y));
        shape.line_to((q.x - to.radius(), q.y));
        strokes.push(Stroked { shape, fill: None, stroke: (color, width), dashed });
    };
    let flattens = paint.plan.links[link].flattens
        || paint.plan.pieces[a].extent.form != Form::Vector
            && paint.plan.pieces[b].extent.form == Form::Vector;
    let wiring = paint.wires.of[link];
    for (i, p) in &starts {
        for (j, q) in &ends {
            let joined = match wiring {
                Wiring::Arrow => return None,
                Wiring::Own => i == j,
                Wiring::All(groups) => {
                    flattens || groups <= 1 || {
                        let group = |unit: u64, units: Option<u64>| {
                            units.map(|n| u128::from(unit) * u128::from(groups) / u128::from(n.max(1)))
                        };
                        group(*i, from.units) == group(*j, to.units)
                    }
                }
            };
            let dropped = paint.is_dropped(a, *i) || paint.is_dropped(b, *j);
            if !joined || dropped && paint.hide {
                continue;
            }
            let look = paint.wires.weight(link, *i, *j).map_or((plain, WIDTHS.0), |w| weighted(paint, w));
            add((*p, *q), look, dropped);
        }
    }
    if let (Some(p), true) = (from.bias_place(placed.bodies[a]), paint.wires.has_bias(a)) {
        for (j, q) in &ends {
            if !(paint.hide && paint.is_dropped(b, *j)) {
                add((p, *q), (plain, WIDTHS.0), paint.is_dropped(b, *j));
            }
        }
    }
    (!strokes.is_empty()).then_some(Joint { strokes })
}

/// Colour and width of a line by its weight.
fn weighted(paint: &Paint<'_>, weight: f32) -> (Color, f64) {
    let most = f64::from(paint.wires.greatest().unwrap_or(1.0)).max(f64::MIN_POSITIVE);
    let part = (f64::from(weight) / most).clamp(-1.0, 1.0);
    if !part.is_finite() {
        return (paint.theme.missing, WIDTHS.1);
    }
    let shown = part.signum() * (LEAST_COLOR + (1.0 - LEAST_COLOR) * part.abs());
    (paint.theme.diverging_at(shown), (WIDTHS.2 * part.abs()).max(WIDTHS.1))
}
