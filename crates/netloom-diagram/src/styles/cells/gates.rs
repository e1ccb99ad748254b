//! What happens in one step of a recurrent cell, drawn open.

use netloom_scene::kurbo::Size;

use super::find::{Kind, Make};
use super::pen::{LEARNED, Line, POINT, Pen, Sign};

/// The height at which the state that runs through all steps passes, px from the top of a step.
pub(super) const TOP: f64 = 24.0;

/// What stands where in an open step, px from its left top corner.
pub(super) struct Form {
    /// Of the step.
    pub(super) size: Size,
    /// Where states pass from step to step: how far down, and what they are called.
    pub(super) lanes: &'static [(f64, &'static str)],
    /// Where the input enters at the bottom, from the left.
    pub(super) enters: f64,
    /// Where the state leaves at the top, from the left.
    pub(super) leaves: f64,
}

/// The lines of an LSTM: the memory above, the state below.
const LSTM: Form =
    Form { size: Size::new(236.0, 148.0), lanes: &[(TOP, "C"), (124.0, "h")], enters: 20.0, leaves: 222.0 };
/// The line of a GRU.
const GRU: Form = Form { size: Size::new(228.0, 168.0), lanes: &[(TOP, "h")], enters: 36.0, leaves: 212.0 };
/// The line of a simple cell.
const RNN: Form = Form { size: Size::new(116.0, 84.0), lanes: &[(60.0, "h")], enters: 24.0, leaves: 96.0 };

/// Where things stand in an open step of a make.
pub(super) fn form(make: &Make) -> Form {
    match make.kind {
        Kind::Lstm => LSTM,
        Kind::Gru => GRU,
        Kind::Rnn | Kind::Attention => RNN,
    }
}

/// Draws what is inside a step whose left top corner is where the pen is. `names` asks for the names of the gates;
/// `before` and `behind` are how far the lines reach out on both sides, `up` and `down` how far to what is shown and read.
pub(super) fn draw(pen: &mut Pen<'_>, make: &Make, names: bool, reach: &Reach) {
    match make.kind {
        Kind::Lstm => lstm(pen, make, names, reach),
        Kind::Gru => gru(pen, make, names, reach),
        Kind::Rnn | Kind::Attention => rnn(pen, make, reach),
    }
}

/// How far the lines of a step reach beyond it, px.
pub(super) struct Reach {
    pub(super) before: f64,
    pub(super) behind: f64,
    pub(super) up: f64,
    pub(super) down: f64,
}

/// Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000), arranged as by Olah (2015).
fn lstm(pen: &mut Pen<'_>, make: &Make, names: bool, reach: &Reach) {
    const GATES: f64 = 96.0;
    let [f, i, g, o]: [f64; 4] = [52.0, 92.0, 136.0, 176.0];
    const MIX: f64 = 60.0;
    const SHOW: f64 = 206.0;
    let Form { size, lanes, enters, leaves } = LSTM;
    let low = lanes[1].0;
    let (left, right) = (-reach.before, size.width + reach.behind);
    let (gate, bottom) = (GATES - LEARNED.height / 2.0, GATES + LEARNED.height / 2.0);

    pen.wire(("", "forget"), &[(left, TOP), (f - POINT, TOP)], Line::Main);
    pen.wire(("forget", "add"), &[(f + POINT, TOP), (g - POINT, TOP)], Line::Main);
    pen.wire(("add", ""), &[(g + POINT, TOP), (right, TOP)], Line::Main);
    pen.wire(("", "o"), &[(left, low), (o, low), (o, bottom)], Line::Arrow);
    pen.wire(("x", "f"), &[(enters, size.height + reach.down), (enters, low), (f - 8.0, low)], Line::Joins);
    for (id, x) in [("f", f), ("i", i), ("g", g)] {
        if id != "i" || !make.coupled {
            pen.wire(("", id), &[(x, low), (x, bottom)], Line::Arrow);
        }
    }
    pen.wire(("f", "forget"), &[(f, gate), (f, TOP + POINT)], Line::Arrow);
    if make.coupled {
        pen.wire(("f", "i"), &[(f, MIX), (i - POINT, MIX)], Line::Arrow);
        pen.wire(("i", "take"), &[(i + POINT, MIX), (g - POINT, MIX)], Line::Arrow);
        pen.point("i", (i, MIX), Sign::OneMinus, "what is not kept is taken in");
    } else {
        pen.wire(("i", "take"), &[(i, gate), (i, MIX), (g - POINT, MIX)], Line::Arrow);
        pen.learned("i", (i, GATES), "σ", "input gate i");
    }
    pen.wire(("g", "take"), &[(g, gate), (g, MIX + POINT)], Line::Arrow);
    pen.wire(("take", "add"), &[(g, MIX - POINT), (g, TOP + POINT)], Line::Arrow);
    pen.wire(("o", "show"), &[(o, gate), (o, 76.0), (SHOW - POINT, 76.0)], Line::Arrow);
    pen.wire(("", "tanh"), &[(SHOW, TOP), (SHOW, 42.0)], Line::Arrow);
    pen.wire(("tanh", "show"), &[(SHOW, 58.0), (SHOW, 76.0 - POINT)], Line::Arrow);
    pen.wire(("show", ""), &[(SHOW, 76.0 + POINT), (SHOW, low), (right, low)], Line::Arrow);
    pen.wire(("", "h"), &[(leaves - 7.0, low), (leaves, low), (leaves, -reach.up)], Line::Arrow);
    if make.peephole {
        pen.wire(("", "f"), &[(20.0, TOP), (20.0, 114.0), (f - 8.0, 114.0), (f - 8.0, bottom)], Line::Peep);
        pen.wire(("", "i"), &[(f - 8.0, 114.0), (i - 8.0, 114.0), (i - 8.0, bottom)], Line::Peep);
        pen.wire(("", "o"), &[(156.0, TOP), (156.0, GATES), (o - LEARNED.width / 2.0, GATES)], Line::Peep);
    }

    pen.point("forget", (f, TOP), Sign::Times, "keeps part of the memory");
    pen.point("add", (g, TOP), Sign::Plus, "adds what is new to the memory");
    pen.point("take", (g, MIX), Sign::Times, "takes part of the candidate");
    pen.point("show", (SHOW, 76.0), Sign::Times, "shows part of the memory");
    pen.block("tanh", (SHOW, 50.0), Size::new(30.0, 16.0), "tanh", "pointwise", "tanh");
    pen.learned("f", (f, GATES), "σ", "forget gate f");
    pen.learned("g", (g, GATES), &make.bend, "candidate g");
    pen.learned("o", (o, GATES), "σ", "output gate o");
    if names {
        pen.symbol("f.name", (f - 5.0, 74.0), "f_t", 1);
        if !make.coupled {
            pen.symbol("i.name", (i - 5.0, 74.0), "i_t", 1);
        }
        pen.symbol("g.name", (g - 5.0, 74.0), "g_t", 1);
        pen.symbol("o.name", (o - 5.0, 74.0), "o_t", 1);
    }
}

/// Cho et al. (2014), in the form of ONNX and PyTorch: what the update gate passes is the old state.
fn gru(pen: &mut Pen<'_>, make: &Make, names: bool, reach: &Reach) {
    const GATES: f64 = 104.0;
    let [r, z, n]: [f64; 3] = [64.0, 120.0, 188.0];
    const MIX: f64 = 64.0;
    const BOTH: f64 = 140.0;
    const ALONE: f64 = 156.0;
    let Form { size, enters, leaves, .. } = GRU;
    let (left, right) = (-reach.before, size.width + reach.behind);
    let (gate, bottom) = (GATES - LEARNED.height / 2.0, GATES + LEARNED.height / 2.0);

    pen.wire(("", "keep"), &[(left, TOP), (z - POINT, TOP)], Line::Main);
    pen.wire(("keep", "add"), &[(z + POINT, TOP), (n - POINT, TOP)], Line::Main);
    pen.wire(("add", ""), &[(n + POINT, TOP), (right, TOP)], Line::Main);
    pen.wire(("", "h"), &[(n + POINT + 6.0, TOP), (leaves, TOP), (leaves, -reach.up)], Line::Arrow);
    pen.wire(("", "z"), &[(16.0, TOP), (16.0, BOTH), (z, BOTH), (z, bottom)], Line::Arrow);
    pen.wire(("x", "r"), &[(enters, size.height + reach.down), (enters, BOTH), (r - 8.0, BOTH)], Line::Joins);
    pen.wire(("", "r"), &[(r, BOTH), (r, bottom)], Line::Arrow);
    pen.wire(("z", "keep"), &[(z, gate), (z, TOP + POINT)], Line::Arrow);
    pen.wire(("z", "rest"), &[(z, MIX), (154.0 - POINT, MIX)], Line::Arrow);
    pen.wire(("rest", "take"), &[(154.0 + POINT, MIX), (n - POINT, MIX)], Line::Arrow);
    pen.wire(("take", "add"), &[(n, MIX - POINT), (n, TOP + POINT)], Line::Arrow);
    pen.point("keep", (z, TOP), Sign::Times, "keeps part of the state");
    pen.point("add", (n, TOP), Sign::Plus, "adds what is new to the state");
    pen.point("take", (n, MIX), Sign::Times, "takes part of the candidate");
    pen.point("rest", (154.0, MIX), Sign::OneMinus, "what is not kept is taken in");
    pen.learned("r", (r, GATES), "σ", "reset gate r");
    pen.learned("z", (z, GATES), "σ", "update gate z");
    if make.after {
        reset_after(pen, make, (r, n, GATES), (BOTH, ALONE));
    } else {
        pen.wire(("", "reset"), &[(r, TOP), (r, MIX - POINT)], Line::Arrow);
        pen.wire(("r", "reset"), &[(r, gate), (r, MIX + POINT)], Line::Arrow);
        let reset = [(r + POINT, MIX), (92.0, MIX), (92.0, ALONE), (100.0, ALONE)];
        pen.wire(("reset", ""), &reset, Line::Joins);
        pen.wire(("", "n"), &[(enters, ALONE), (n, ALONE), (n, bottom)], Line::Arrow);
        pen.wire(("n", "take"), &[(n, gate), (n, MIX + POINT)], Line::Arrow);
        pen.point("reset", (r, MIX), Sign::Times, "forgets part of the state");
        pen.learned("n", (n, GATES), &make.bend, "candidate n");
    }
    if names {
        pen.symbol("r.name", (r - 6.0, 82.0), "r_t", 1);
        pen.symbol("z.name", (z - 6.0, 82.0), "z_t", 1);
        if !make.after {
            pen.symbol("n.name", (n - 6.0, 82.0), "n_t", 1);
        }
    }
}

/// The candidate where the reset gate acts on what a learned layer makes of the state: `tanh(W x + r · U h)`.
fn reset_after(pen: &mut Pen<'_>, make: &Make, at: (f64, f64, f64), lines: (f64, f64)) {
    let (r, n, gates) = at;
    let (both, alone) = lines;
    let mix = 72.0;
    let sum = 108.0;
    pen.wire(("", "u"), &[(r, TOP), (r, 38.0)], Line::Arrow);
    pen.wire(("u", "reset"), &[(r, 54.0), (r, mix - POINT)], Line::Arrow);
    pen.wire(("r", "reset"), &[(r, gates - LEARNED.height / 2.0), (r, mix + POINT)], Line::Arrow);
    let way = [
        (r + POINT, mix),
        (92.0, mix),
        (92.0, both - 13.0),
        (156.0, both - 13.0),
        (156.0, sum),
        (n - POINT, sum),
    ];
    pen.wire(("reset", "sum"), &way, Line::Arrow);
    pen.wire(("", "w"), &[(36.0, alone), (n, alone), (n, 144.0)], Line::Arrow);
    pen.wire(("w", "sum"), &[(n, 128.0), (n, sum + POINT)], Line::Arrow);
    pen.wire(("sum", "bend"), &[(n, sum - POINT), (n, 94.0)], Line::Arrow);
    pen.wire(("bend", "take"), &[(n, 78.0), (n, 72.0)], Line::Arrow);
    let small = Size::new(22.0, 16.0);
    pen.block("u", (r, 46.0), small, "U", "learned", "learned layer on the state");
    pen.block("w", (n, 136.0), small, "W", "learned", "learned layer on the input");
    pen.point("reset", (r, mix), Sign::Times, "forgets part of the state");
    pen.point("sum", (n, sum), Sign::Plus, "adds input and state");
    pen.block("bend", (n, 86.0), Size::new(30.0, 16.0), &make.bend, "pointwise", "candidate n");
}

/// Elman (1990): one layer that reads input and state.
fn rnn(pen: &mut Pen<'_>, make: &Make, reach: &Reach) {
    let Form { size, lanes, enters, leaves } = RNN;
    let low = lanes[0].0;
    let (left, right) = (-reach.before, size.width + reach.behind);
    let half = 20.0;
    pen.wire(("", "layer"), &[(left, low), (60.0 - half, low)], Line::Arrow);
    pen.wire(("x", "layer"), &[(enters, size.height + reach.down), (enters, low), (32.0, low)], Line::Joins);
    pen.wire(("layer", ""), &[(60.0 + half, low), (right, low)], Line::Arrow);
    pen.wire(("", "h"), &[(60.0 + half + 4.0, low), (leaves, low), (leaves, -reach.up)], Line::Arrow);
    pen.block("layer", (60.0, low), Size::new(2.0 * half, 24.0), &make.bend, "learned", "the layer");
}
