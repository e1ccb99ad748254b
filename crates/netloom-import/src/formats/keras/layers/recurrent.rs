//! Recurrent layers: one node for a sequence, both directions of a `Bidirectional` in one where they are alike.

use netloom_graph::{DType, Dim, Node, Shape, TensorId, ValueType};

use super::super::build::{Builder, Part, clean};
use super::super::model::Layer;
use super::super::weights::Shelf;
use super::conv::{Window, sides_of};
use super::wrapper::{held, inside};
use super::{Built, Row, int, text};
use crate::Error;

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["Bidirectional"], build: bidirectional },
    Row { classes: &["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"], build: conv_lstm },
    Row { classes: &["GRU", "LSTM", "SimpleRNN", "CuDNNGRU", "CuDNNLSTM"], build: one_way },
    Row { classes: &["RNN"], build: cells },
];

/// A cell that is known.
#[derive(Clone, Copy)]
struct Cell {
    op: &'static str,
    /// How many times its units its kernels have as columns.
    gates: i64,
    /// How many states it hands from step to step.
    states: usize,
}

fn cell(class: &str) -> Option<Cell> {
    let (op, gates, states) = match class {
        "GRU" | "GRUCell" | "CuDNNGRU" => ("gru", 3, 1),
        "LSTM" | "LSTMCell" | "CuDNNLSTM" => ("lstm", 4, 2),
        "SimpleRNN" | "SimpleRNNCell" => ("rnn", 1, 1),
        _ => return None,
    };
    Some(Cell { op, gates, states })
}

/// Kernel for the input, kernel for the state, bias.
fn weights<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    cell: Cell,
) -> Result<[Option<TensorId>; 3], Error> {
    let config = part.config();
    let units = Dim::Known(config.int("units").unwrap_or(1));
    let columns = units.times(&Dim::Known(cell.gates));
    let inputs = builder.dim(part.input()?, -1);
    let kernel = builder.weight(part, "kernel", vec![inputs, columns.clone()], true)?;
    let recurrent = builder.weight(part, "recurrent_kernel", vec![units, columns.clone()], true)?;
    let bias = if config.flag("use_bias", true) {
        // A GRU that resets after the product has a second bias for it; one of before Keras 2.1 never does.
        let dims = match cell.op {
            "gru" if config.flag("reset_after", false) => vec![Dim::Known(2), columns],
            _ if part.layer.class == "CuDNNLSTM" => vec![columns.times(&Dim::Known(2))],
            _ => vec![columns],
        };
        builder.weight(part, "bias", dims, true)?
    } else {
        None
    };
    Ok([kernel, recurrent, bias])
}

/// The same call with the weights of the layer's cell, which newer files keep in a group of their own.
fn with_cell<'q, 'a>(part: &Part<'q, 'a>) -> Part<'q, 'a> {
    let place = part.place.held("cell");
    let path = part.slashed.clone();
    Part {
        layer: part.layer,
        module: part.module,
        path: part.path.clone(),
        slashed: path.clone(),
        place,
        shelf: Shelf::new(place, &path),
        trainable: part.trainable,
        args: part.args.clone(),
        named: part.named.clone(),
        inputs: part.inputs.clone(),
        wanted: part.wanted,
        declared: part.declared.clone(),
    }
}

/// States to begin with: further inputs, or given by name.
fn states(part: &Part<'_, '_>) -> Vec<TensorId> {
    let mut found: Vec<TensorId> = part.inputs.iter().skip(1).copied().collect();
    if let Some(given) = part.named.get("initial_state") {
        given.tensors(&mut found);
    }
    found
}

fn one_way<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some(cell) = cell(part.layer.class) else { return super::custom::build(builder, part) };
    let weights = weights(builder, &with_cell(part), cell)?;
    let backwards = part.config().flag("go_backwards", false);
    let direction = if backwards { "reverse" } else { "forward" };
    let results = if part.config().flag("return_state", false) { 1 + cell.states } else { 1 };
    let sequences = part.config().flag("return_sequences", false);
    run(builder, part, cell, &weights, direction, sequences, results)
}

fn run<'a>(
    builder: &mut Builder<'a>,
    part: &Part<'_, 'a>,
    cell: Cell,
    weights: &[Option<TensorId>],
    direction: &str,
    sequences: bool,
    results: usize,
) -> Built {
    let states = states(part);
    // As in ONNX: input, kernels and bias, lengths, states to begin with, peepholes; then kernels and bias of the way
    // back.
    let mut inputs = vec![Some(part.input()?)];
    inputs.extend(weights.iter().take(3));
    inputs.push(None);
    inputs.extend((0..2).map(|i| states.get(i).copied()));
    inputs.push(None);
    inputs.extend(weights.iter().skip(3));
    while inputs.last() == Some(&None) {
        inputs.pop();
    }
    let units = part.config().int("units").unwrap_or(1);
    let mut attributes = vec![
        ("hidden_size", int(units)),
        ("direction", text(direction)),
        ("layout", int(1)),
        ("sequences", int(i64::from(sequences))),
    ];
    if cell.op == "gru" {
        attributes.push(("linear_before_reset", int(i64::from(part.config().flag("reset_after", false)))));
    }
    let node = Node::in_domain("loom", cell.op, 0, part.module);
    Ok(builder.add(node, inputs, attributes, results)?.1)
}

fn bidirectional<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some(layer) = held(part, "layer") else { return super::custom::build(builder, part) };
    let second = held(part, "backward_layer").unwrap_or_else(|| layer.clone());
    let names = [("forward", "forward_layer"), ("backward", "backward_layer")];
    let alike = layer.class == second.class
        && layer.config.int("units") == second.config.int("units")
        && layer.config.flag("use_bias", true) == second.config.flag("use_bias", true);
    let mode = match part.config().text("merge_mode") {
        Some(mode) => Some(mode),
        None if part.config().iter().any(|(k, _)| k == "merge_mode") => None,
        None => Some("concat"),
    };
    let cell = cell(layer.class).filter(|_| alike && mode == Some("concat") && !layer.custom);
    if let Some(cell) = cell {
        let mut all = Vec::new();
        for (layer, (way, attribute)) in [&layer, &second].into_iter().zip(names) {
            let mut inner = part.inner(layer, part.module, attribute);
            if !inner.place.known() && part.place.known() {
                inner.place = part.place.held(if way == "forward" { "layer" } else { attribute });
            }
            // In files without a layer for the way back, both have one name.
            if !layer.name.starts_with(way) {
                inner.path = format!("{}.{way}_{}", part.path, clean(layer.name));
                inner.slashed = format!("{}/{way}_{}", part.slashed, layer.name);
            }
            let inner = with_cell(&Part { layer, ..inner });
            all.extend(weights(builder, &inner, cell)?);
        }
        let inner = Part { inputs: part.inputs.clone(), ..part.inner(&layer, part.module, "forward_layer") };
        let sequences = layer.config.flag("return_sequences", false);
        let results = if layer.config.flag("return_state", false) { 1 + 2 * cell.states } else { 1 };
        return run(builder, &inner, cell, &all, "bidirectional", sequences, results);
    }
    let forward = inside(builder, part, &layer, names[0].1, part.inputs.clone())?;
    let backward = inside(builder, part, &second, names[1].1, part.inputs.clone())?;
    let (Some(a), Some(b)) = (forward.first().copied(), backward.first().copied()) else {
        return super::custom::build(builder, part);
    };
    let pair = vec![Some(a), Some(b)];
    let mut results = match mode {
        Some("sum") => vec![builder.op(part, "Add", pair, vec![])?],
        Some("mul") => vec![builder.op(part, "Mul", pair, vec![])?],
        Some("ave") => vec![builder.op(part, "Mean", pair, vec![])?],
        Some(_) => vec![builder.op(part, "Concat", pair, vec![("axis", int(-1))])?],
        None => vec![a, b],
    };
    results.extend(forward.iter().skip(1).chain(backward.iter().skip(1)));
    Ok(results)
}

/// A recurrent layer made of cells: each runs over the sequence that the one before it makes.
fn cells<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let Some(outer) = held(part, "cell") else { return super::custom::build(builder, part) };
    let stacked = outer.class == "StackedRNNCells";
    let list: Vec<Layer<'a>> = if stacked {
        let cells = outer.config.get("cells").and_then(|c| c.as_array());
        cells.into_iter().flatten().filter_map(Layer::read).collect()
    } else {
        vec![outer.clone()]
    };
    if list.is_empty() || list.iter().any(|l| cell(l.class).is_none() || l.custom) {
        return super::custom::build(builder, part);
    }
    let (sequences, n) = (part.config().flag("return_sequences", false), list.len());
    let wants_states = part.config().flag("return_state", false);
    let mut counter = super::super::weights::Counter::default();
    let mut at = part.inputs.clone();
    let mut carried: Vec<TensorId> = Vec::new();
    for (i, layer) in list.iter().enumerate() {
        let Some(kind) = cell(layer.class) else { continue };
        let module = if stacked { builder.module(part.module, layer)? } else { part.module };
        let mut inner = Part { inputs: at.clone(), ..part.inner(layer, module, "cell") };
        if stacked {
            let group = counter.next(layer.class);
            inner.place = inner.place.held("cells").held(&group);
            inner.shelf = Shelf::new(inner.place, &inner.slashed);
        }
        let weights = weights(builder, &inner, kind)?;
        let last = i + 1 == n;
        let results = if wants_states { 1 + kind.states } else { 1 };
        let direction =
            if part.config().flag("go_backwards", false) && i == 0 { "reverse" } else { "forward" };
        let made = run(builder, &inner, kind, &weights, direction, sequences || !last, results)?;
        carried.extend(made.iter().skip(1));
        at = made.into_iter().take(1).collect();
    }
    at.extend(carried);
    Ok(at)
}

/// An LSTM whose products are convolutions, over a film.
fn conv_lstm<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (config, input) = (part.config(), part.input()?);
    let inner = with_cell(part);
    let n = sides_of(part.layer.class);
    let window = Window::of(part);
    let filters = Dim::Known(config.int("filters").unwrap_or(1));
    let gates = filters.times(&Dim::Known(4));
    let channel_axis = if part.channels_last() { -1 } else { 2 };
    let inputs = builder.dim(input, channel_axis);
    let kernel = [window.dims(), vec![inputs, gates.clone()]].concat();
    let recurrent = [window.dims(), vec![filters.clone(), gates.clone()]].concat();
    let mut all = vec![Some(input), builder.weight(&inner, "kernel", kernel, true)?];
    all.push(builder.weight(&inner, "recurrent_kernel", recurrent, true)?);
    if config.flag("use_bias", true) {
        all.push(builder.weight(&inner, "bias", vec![gates], true)?);
    }
    let dims = builder.dims(input).filter(|d| d.len() == n + 3).map(|dims| {
        let space = if part.channels_last() { dims.get(2..2 + n) } else { dims.get(3..3 + n) };
        let same = config.text("padding") == Some("same");
        let space = space.unwrap_or_default().iter().enumerate().map(|(i, size)| {
            let at = |list: &[i64]| Dim::Known(list.get(i).copied().unwrap_or(1));
            let one = Dim::Known(1);
            let span = at(&window.kernel).minus(&one).times(&at(&window.dilations)).plus(&one);
            let free = if same { size.clone() } else { size.minus(&span).plus(&one) };
            free.ceil_div(&at(&window.strides))
        });
        let mut frame: Vec<Dim> = space.collect();
        frame.insert(if part.channels_last() { frame.len() } else { 0 }, filters.clone());
        let sequences = config.flag("return_sequences", false);
        let (all, frame) = (dims.get(..2).unwrap_or_default().to_vec(), frame);
        let kept = if sequences { all } else { all.into_iter().take(1).collect() };
        (kept, frame, dims.first().cloned())
    });
    let wanted = if config.flag("return_state", false) { 3 } else { 1 };
    let sized = Part { wanted, ..with_cell(part) };
    let whole = dims.as_ref().map(|(kept, frame, _)| [kept.clone(), frame.clone()].concat());
    let made = builder.own(&sized, all, whole)?;
    if let Some((_, frame, Some(batch))) = dims {
        for state in made.iter().skip(1) {
            let dims = [vec![batch.clone()], frame.clone()].concat();
            builder.draft.graph.tensor_mut(*state).ty =
                ValueType::Tensor { dtype: Some(DType::Float32), shape: Shape::Ranked(dims) };
        }
    }
    Ok(made)
}
