//! Recurrent layers over sequences of batch, time and features.

use netloom_graph::{Attribute, Dim, TensorId};

use super::Row;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "gru",
        settings: &["hidden", "layers", "bidirectional", "h0"],
        build: |maker, call| recurrent(maker, call, &Cell { op: "GRU", gates: 3, states: 1 }),
        ..Row::DEFAULT
    },
    Row {
        name: "lstm",
        settings: &["hidden", "layers", "bidirectional", "h0", "c0"],
        build: |maker, call| recurrent(maker, call, &Cell { op: "LSTM", gates: 4, states: 2 }),
        ..Row::DEFAULT
    },
    Row {
        name: "rnn",
        settings: &["hidden", "layers", "bidirectional", "h0"],
        build: |maker, call| recurrent(maker, call, &Cell { op: "RNN", gates: 1, states: 1 }),
        ..Row::DEFAULT
    },
];

/// What sets the cells apart.
struct Cell {
    op: &'static str,
    /// How many times the hidden size its kernels have as rows.
    gates: i64,
    /// How many states it carries along: 2 for the hidden and the cell state.
    states: usize,
}

/// The results are the whole sequence, the last hidden state and, of an LSTM, the last cell state.
fn recurrent(maker: &mut Maker, call: &Call, cell: &Cell) -> Made<Vec<TensorId>> {
    let input = call.input()?;
    if let Some(dims) = maker.dims(input)
        && dims.len() != 3
    {
        let shape = maker.graph.tensor(input).ty.shape();
        return Err(call.problem(format!(
            "`{}` expected an input of batch, time and features, found {shape}",
            call.layer
        )));
    }
    let layers = call.int("layers", 1)?.unwrap_or(1);
    let parts = maker.enter_parts(&call.name, cell.op, &call.span)?;
    let mut results = vec![input];
    for layer in 0..layers {
        maker.count(&call.span)?;
        let suffix = if layers == 1 { String::new() } else { format!("_{layer}") };
        let last = layer == layers - 1;
        let from = results.first().copied().unwrap_or(input);
        results =
            one_layer(maker, call, cell, &suffix, from, if last { call.wanted } else { 1 }, layer == 0)?;
    }
    maker.leave_parts(parts);
    Ok(results)
}

fn one_layer(
    maker: &mut Maker,
    call: &Call,
    cell: &Cell,
    suffix: &str,
    input: TensorId,
    wanted: usize,
    first: bool,
) -> Made<Vec<TensorId>> {
    let span = &call.span;
    let hidden = call.need_int("hidden", 1)?;
    let both = call.flag("bidirectional", false)?;
    let directions = Dim::Known(if both { 2 } else { 1 });
    let rows = Dim::Known(hidden).times(&Dim::Known(cell.gates));
    let features = call.features(maker, input)?;
    let dtype = maker.dtype(input);
    let name = format!("cell{suffix}");

    let kernel = vec![directions.clone(), rows.clone(), features];
    let kernel = maker.weight(&name, "weight", dtype, kernel, span)?;
    let recurrence = vec![directions.clone(), rows.clone(), Dim::Known(hidden)];
    let recurrence = maker.weight(&name, "recurrence", dtype, recurrence, span)?;
    let bias = maker.weight(&name, "bias", dtype, vec![directions, rows.times(&Dim::Known(2))], span)?;
    let mut inputs = vec![Some(input), Some(kernel), Some(recurrence), Some(bias)];
    for (state, place) in [("h0", 5), ("c0", 6)] {
        if first && let Some(value) = call.value(state)? {
            if both {
                return Err(call.problem("a state to begin with and `bidirectional` do not go together"));
            }
            let axes = maker.ints(state, "axes", vec![Dim::Known(1)]);
            let given = maker.node(
                "Unsqueeze",
                &format!("{state}{suffix}"),
                vec![Some(value), Some(axes)],
                vec![],
                1,
                span,
            )?;
            inputs.resize(place, None);
            inputs.extend(given.into_iter().map(Some));
        }
    }
    let direction = if both { "bidirectional" } else { "forward" };
    let mut attributes = vec![
        ("hidden_size", Attribute::Int(hidden)),
        ("direction", Attribute::String(direction.to_owned())),
        ("layout", Attribute::Int(1)),
    ];
    if cell.op == "GRU" {
        attributes.push(("linear_before_reset", Attribute::Int(1)));
    }
    let made = maker.node(cell.op, &name, inputs, attributes, wanted.clamp(1, 1 + cell.states), span)?;

    // The operator keeps directions apart; a reader expects them side by side.
    let mut results = Vec::new();
    for (i, raw) in made.into_iter().enumerate() {
        let name = format!("{}{suffix}", ["sequence", "hidden", "state"].get(i).unwrap_or(&"state"));
        let kept = if i == 0 { 2 } else { 1 };
        let (op, argument) = if both {
            let mut shape = vec![Dim::Known(0); kept];
            shape.push(Dim::Known(-1));
            ("Reshape", maker.ints(&name, "shape", shape))
        } else {
            ("Squeeze", maker.ints(&name, "axes", vec![Dim::Known(if i == 0 { 2 } else { 1 })]))
        };
        results.extend(maker.node(op, &name, vec![Some(raw), Some(argument)], vec![], 1, span)?);
    }
    Ok(results)
}
