//! Recurrent layers with all their steps, and single cells.

use netloom_graph::layers::recurrent::BACK;
use netloom_graph::{Attribute, Dim, TensorId, ValueType};

use super::Row;
use super::cx::{Built, Cx, int};
use crate::Error;

const RUN: &str = "input hx params has_biases num_layers dropout train bidirectional batch_first";
const PACKED: &str = "data batch_sizes hx params has_biases num_layers dropout train bidirectional";
const CELL: &str = "input hx w_ih w_hh b_ih b_hh";

/// The most layers of one call.
const MAX_LAYERS: usize = 4096;

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("lstm", RUN, |cx| run(cx, "lstm", 4, false)),
    Row("lstm.data", PACKED, |cx| run(cx, "lstm", 4, true)),
    Row("gru", RUN, |cx| run(cx, "gru", 3, false)),
    Row("gru.data", PACKED, |cx| run(cx, "gru", 3, true)),
    Row("rnn_tanh", RUN, |cx| run(cx, "rnn", 1, false)),
    Row("rnn_tanh.data", PACKED, |cx| run(cx, "rnn", 1, true)),
    Row("rnn_relu", RUN, |cx| run(cx, "rnn", 1, false)),
    Row("rnn_relu.data", PACKED, |cx| run(cx, "rnn", 1, true)),
    Row("lstm_cell", CELL, |cx| cell(cx, "loom.lstm_cell", 4)),
    Row("gru_cell", CELL, |cx| cell(cx, "loom.gru_cell", 3)),
    Row("rnn_tanh_cell", CELL, |cx| cell(cx, "loom.rnn_cell", 1)),
    Row("rnn_relu_cell", CELL, |cx| cell(cx, "loom.rnn_cell", 1)),
];

/// The tensors of a layer in one direction: two matrices, two shifts.
type Way = [Option<TensorId>; 4];

struct Run {
    op: &'static str,
    hidden: i64,
    both: bool,
    first: bool,
}

fn run(cx: &mut Cx<'_>, op: &'static str, gates: i64, packed: bool) -> Built {
    let input = if packed { cx.tensor("data") } else { cx.tensor("input") };
    let (Some(input), Some(params)) = (input, cx.full_list("params")) else { return Ok(None) };
    let biases = cx.flag("has_biases") != Some(false);
    let both = cx.flag("bidirectional") == Some(true);
    let layers = cx.int("num_layers").and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let ways = if both { 2 } else { 1 };
    let each = if biases { 4 } else { 2 };
    // With a projection there are more; that form has no counterpart.
    if layers == 0 || layers > MAX_LAYERS || params.len() != layers * ways * each {
        return Ok(None);
    }
    let Some(hidden) = params.first().and_then(|w| cx.shape(*w)?.first()?.as_known()).map(|n| n / gates)
    else {
        return Ok(None);
    };
    let run = Run { op, hidden, both, first: !packed && cx.flag("batch_first") == Some(true) };
    let states: Vec<TensorId> = match cx.arg("hx") {
        super::Arg::Tensor(t) => vec![*t],
        _ => cx.full_list("hx").unwrap_or_default(),
    };
    let mut x = input;
    if packed {
        // The steps of all examples stand one behind the other: as one example.
        let axes = cx.known(&[1])?;
        x = cx.node("Unsqueeze", &[Some(x), axes], vec![])?;
    }
    let mut last: Vec<Vec<TensorId>> = vec![Vec::new(); states.len().max(1)];
    for (layer, chunk) in params.chunks(ways * each).enumerate() {
        let of: Vec<Way> = chunk
            .chunks(each)
            .map(|w| [w.first().copied(), w.get(1).copied(), w.get(2).copied(), w.get(3).copied()])
            .collect();
        let starts = starts(cx, &states, layer, layers, ways, packed)?;
        let is_last = layer + 1 == layers;
        let mut outputs = vec![(String::new(), ValueType::Unknown); if op == "lstm" { 3 } else { 2 }];
        for (output, declared) in outputs.iter_mut().zip(&cx.outputs) {
            output.0 = format!("{}.{layer}", declared.0);
        }
        if is_last && !packed {
            outputs.iter_mut().zip(&cx.outputs).take(1).for_each(|(o, declared)| *o = declared.clone());
        }
        if layers == 1 {
            outputs.iter_mut().zip(&cx.outputs).skip(1).for_each(|(o, declared)| *o = declared.clone());
        }
        let made = one_layer(cx, &run, x, &of, &starts, outputs)?;
        x = made[0];
        for (all, state) in last.iter_mut().zip(&made[1..]) {
            all.push(*state);
        }
        if let Some(p) = cx.float("dropout").filter(|p| *p > 0.0 && cx.flag("train") == Some(true))
            && !is_last
        {
            let (ratio, train) = (cx.number(p, None)?, cx.truth(true)?);
            x = cx.node("Dropout", &[Some(x), ratio, train], vec![])?;
        }
    }
    results(cx, x, &last, packed)
}

/// The states that a layer begins with.
fn starts(
    cx: &mut Cx<'_>,
    states: &[TensorId],
    layer: usize,
    layers: usize,
    ways: usize,
    packed: bool,
) -> Result<Vec<Option<TensorId>>, Error> {
    let mut starts = Vec::new();
    // Packed examples begin with a state each, which the one sequence that stands for them cannot have.
    for state in states.iter().filter(|_| !packed) {
        if layers == 1 {
            starts.push(Some(*state));
            continue;
        }
        let at = |n: usize| Dim::Known(i64::try_from(n * ways).unwrap_or(0));
        let inputs = [
            Some(*state),
            cx.list(vec![at(layer)])?,
            cx.list(vec![at(layer + 1)])?,
            cx.known(&[0])?,
            cx.known(&[1])?,
        ];
        starts.push(Some(cx.node("Slice", &inputs, vec![])?));
    }
    Ok(starts)
}

/// The tensors of a layer stay as they are stored: those of the way back stand behind the rest.
fn one_layer(
    cx: &mut Cx<'_>,
    run: &Run,
    x: TensorId,
    ways: &[Way],
    starts: &[Option<TensorId>],
    outputs: Vec<(String, ValueType)>,
) -> Result<Vec<TensorId>, Error> {
    let [first, back @ ..] = ways else { return Ok(Vec::new()) };
    let mut inputs = vec![Some(x), first[0], first[1], first[2], None];
    inputs.extend(starts);
    inputs.resize(BACK, None);
    inputs.extend(back.iter().flatten());
    // The second shift of the way there comes last: ONNX has none.
    inputs.resize(BACK + first.len(), None);
    inputs.push(first[3]);
    let mut attributes = vec![("hidden_size", int(run.hidden)), ("stacked", int(1))];
    if run.first {
        attributes.push(("layout", int(1)));
    }
    if run.both {
        attributes.push(("direction", Attribute::String("bidirectional".to_owned())));
    }
    if cx.call.op.contains("relu") {
        let name = vec!["Relu".to_owned(); if run.both { 2 } else { 1 }];
        attributes.push(("activations", Attribute::Strings(name)));
    }
    cx.node_named(&format!("loom.{}", run.op), &inputs, attributes, outputs)
}

fn results(cx: &mut Cx<'_>, x: TensorId, last: &[Vec<TensorId>], packed: bool) -> Built {
    let first = if packed {
        let axes = cx.known(&[1])?;
        cx.finish_one(0, "Squeeze", &[Some(x), axes], vec![])?
    } else {
        x
    };
    let mut made = vec![first];
    for (i, states) in last.iter().enumerate().take(cx.outputs.len().saturating_sub(1)) {
        made.push(match states.as_slice() {
            [one] => *one,
            many => {
                let inputs: Vec<Option<TensorId>> = many.iter().copied().map(Some).collect();
                cx.finish_one(i + 1, "Concat", &inputs, vec![("axis", int(0))])?
            }
        });
    }
    while made.len() < cx.outputs.len() {
        let (name, ty) = cx.outputs[made.len()].clone();
        made.push(cx.draft.tensor(&name, ty)?);
    }
    Ok(Some(made))
}

/// One step: its data in front, then what it learns.
fn cell(cx: &mut Cx<'_>, op: &str, gates: i64) -> Built {
    let Some(x) = cx.tensor("input") else { return Ok(None) };
    let states: Vec<Option<TensorId>> = match cx.arg("hx") {
        super::Arg::Tensor(t) => vec![Some(*t)],
        super::Arg::Tensors(list) => list.clone(),
        _ => return Ok(None),
    };
    let mut inputs = vec![Some(x)];
    inputs.extend(states);
    inputs.resize(4, None);
    let sizes = |t: Option<TensorId>| cx.shape(t?)?.iter().map(Dim::as_known).collect::<Option<Vec<i64>>>();
    let weights = [cx.tensor("w_ih"), cx.tensor("w_hh")];
    let (wide, high) = (sizes(weights[0]), sizes(weights[1]));
    inputs.extend(weights);
    inputs.extend([cx.tensor("b_ih"), cx.tensor("b_hh")]);
    let mut attributes = Vec::new();
    if let (Some([rows, a]), Some([_, b])) = (wide.as_deref(), high.as_deref()) {
        attributes.push(("hidden_size", int(rows / gates)));
        let batch = cx.shape(x).and_then(|d| if d.len() == 2 { d[0].as_known() } else { Some(1) });
        let macs = a
            .checked_add(*b)
            .and_then(|n| n.checked_mul(*rows))
            .zip(batch)
            .and_then(|(n, b)| n.checked_mul(b));
        attributes.extend(macs.map(|n| ("macs", int(n))));
    }
    cx.finish(op, &inputs, attributes)
}
