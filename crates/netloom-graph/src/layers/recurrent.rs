//! Recurrent cells run over a sequence.

use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::Infer;
use crate::{Dim, Graph, Node, Producer, Shape, TensorId};

const RECURRENT: Layer =
    Layer { category: Category::Recurrent, infer: recurrent, learned: &[1, 2, 3], macs, ..Layer::DEFAULT };

/// How many tensors of data one step of a recurrent cell may read: its input and its states.
pub(crate) const CELL_DATA: usize = 4;

/// Which inputs of one step of a recurrent cell hold what it learns: after its data, as many as its gates have.
pub(crate) const CELL_LEARNED: &[usize] =
    &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

const CELL: Layer = Layer {
    category: Category::Recurrent,
    learned: CELL_LEARNED,
    macs: |_, node| node.attributes.int("macs").and_then(|n| u64::try_from(n).ok()),
    ..Layer::DEFAULT
};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "rnn",
        about: "reads a sequence step by step and keeps a state that each step updates",
        names: &[("onnx", "RNN"), ("torch", "RNN"), ("keras", "SimpleRNN"), ("loom", "rnn")],
        label: |graph, node| label("RNN", graph, node),
        ..RECURRENT
    },
    Layer {
        name: "lstm",
        about: "a recurrent cell whose gates decide what its memory keeps, takes in and shows",
        names: &[("onnx", "LSTM"), ("torch", "LSTM"), ("keras", "LSTM"), ("loom", "lstm")],
        learned: &[1, 2, 3, 7],
        label: |graph, node| label("LSTM", graph, node),
        ..RECURRENT
    },
    Layer {
        name: "gru",
        about: "a recurrent cell with two gates, simpler than an LSTM",
        names: &[("onnx", "GRU"), ("torch", "GRU"), ("keras", "GRU"), ("loom", "gru")],
        label: |graph, node| label("GRU", graph, node),
        ..RECURRENT
    },
    Layer {
        name: "conv_lstm",
        about: "an LSTM over a film whose gates are convolutions",
        names: &[("keras", "ConvLSTM1D"), ("keras", "ConvLSTM2D"), ("keras", "ConvLSTM3D")],
        infer: |_| Ok(()),
        macs: |_, _| None,
        label: |_, node| match node.attributes.int("filters") {
            Some(n) => Label::new(format!("ConvLSTM {n}")),
            None => Label::new("ConvLSTM"),
        },
        ..RECURRENT
    },
    Layer {
        name: "rnn_cell",
        about: "one step of a recurrent network: a new state from the input and the old state",
        names: &[("loom", "rnn_cell")],
        label: |_, node| cell_label("RNN", node),
        ..CELL
    },
    Layer {
        name: "lstm_cell",
        about: "one step of an LSTM: a new state and memory from the input and the old ones",
        names: &[("loom", "lstm_cell")],
        label: |_, node| cell_label("LSTM", node),
        ..CELL
    },
    Layer {
        name: "gru_cell",
        about: "one step of a GRU: a new state from the input and the old state",
        names: &[("loom", "gru_cell")],
        label: |_, node| cell_label("GRU", node),
        ..CELL
    },
];

fn cell_label(name: &str, node: &Node) -> Label {
    let conv = if node.attributes.int("conv") == Some(1) { "Conv" } else { "" };
    match node.attributes.int("hidden_size") {
        Some(size) => Label::new(format!("{conv}{name} cell {size}")),
        None => Label::new(format!("{conv}{name} cell")),
    }
}

fn directions(direction: Option<&str>) -> i64 {
    if direction.is_some_and(|d| d.eq_ignore_ascii_case("bidirectional")) { 2 } else { 1 }
}

/// All states, then the last one, and for an LSTM the last memory.
fn recurrent(cx: &mut Infer<'_>) -> Ruled {
    if cx.node().domain == "loom" {
        return joined(cx);
    }
    let dtype = cx.dtype(0);
    let ways = Dim::Known(directions(cx.attributes().string("direction")));
    let hidden = cx.int("hidden_size").map_or_else(|| cx.dim(2, 2), Dim::Known);
    let batch_first = cx.flag("layout");
    let x = cx.dims_of_rank(0, 3)?;
    let at = |axis: usize| x.as_ref().map_or(Dim::Unknown, |x| x[axis].clone());
    let (steps, batch) = if batch_first { (at(1), at(0)) } else { (at(0), at(1)) };
    let (all, last) = if batch_first {
        (vec![batch.clone(), steps, ways.clone(), hidden.clone()], vec![batch, ways, hidden])
    } else if cx.opset() < 7 && cx.int("output_sequence") == Some(0) {
        (vec![Dim::Unknown; 4], vec![ways, batch, hidden])
    } else {
        (vec![steps, ways.clone(), batch.clone(), hidden.clone()], vec![ways, batch, hidden])
    };
    cx.set(0, dtype, Shape::Ranked(all));
    for output in 1..cx.n_outputs() {
        cx.set(output, dtype, last.clone());
    }
    Ok(())
}

/// Outside ONNX both directions stand side by side in the features, and a layer may give its last state alone: the
/// setting `sequences` is 0 then. With `stacked` the last states of both directions stand in a dimension in front. Matrices are of any layout; those of the way back are the inputs from [`BACK`] on.
fn joined(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let ways = Dim::Known(directions(cx.attributes().string("direction")));
    let hidden = cx.int("hidden_size").map_or(Dim::Unknown, Dim::Known);
    let x = cx.dims_of_rank(0, 3)?;
    let at = |axis: usize| x.as_ref().map_or(Dim::Unknown, |x| x[axis].clone());
    let (first, second) = (at(0), at(1));
    let batch = if cx.flag("layout") { first.clone() } else { second.clone() };
    let features = ways.times(&hidden);
    let all = match cx.int("sequences") {
        Some(0) => vec![batch.clone(), features],
        _ => vec![first, second, features],
    };
    cx.set(0, dtype, Shape::Ranked(all));
    let last = if cx.flag("stacked") { vec![ways, batch, hidden] } else { vec![batch, hidden] };
    for output in 1..cx.n_outputs() {
        cx.set(output, dtype, last.clone());
    }
    Ok(())
}

/// From which input on a recurrent layer that is not of ONNX has the kernels of its way back.
pub const BACK: usize = 8;

/// What a recurrent layer makes of each example, `batch × steps × features`: both directions side by side, in
/// whichever order the file keeps its dimensions. `None` for every other tensor.
pub fn by_example(graph: &Graph, tensor: TensorId) -> Option<Shape> {
    let Producer::Node(id, 0) = graph.tensor(tensor).producer else { return None };
    let node = graph.node(id);
    if node.layer.is_none_or(|l| !matches!(l.name, "rnn" | "lstm" | "gru")) {
        return None;
    }
    let batch_first = node.attributes.int("layout").is_some_and(|n| n != 0);
    let dims = match (graph.tensor(tensor).ty.shape().dims()?, batch_first) {
        ([steps, ways, batch, hidden], false) | ([batch, steps, ways, hidden], true) => {
            [batch.clone(), steps.clone(), ways.times(hidden)]
        }
        ([steps, batch, features], false) if node.domain == "loom" => {
            [batch.clone(), steps.clone(), features.clone()]
        }
        _ => return None,
    };
    Some(Shape::Ranked(dims.to_vec()))
}

/// Every gate multiplies the input and the state by a matrix, at every step, for every example.
fn macs(graph: &Graph, node: &Node) -> Option<u64> {
    let x = rules::input_shape(graph, node, 0)?;
    let steps = rules::count(x.get(..2)?)?;
    if node.domain == "loom" {
        let kernels = [1, 2, BACK, BACK + 1].into_iter().filter(|i| node.input(*i).is_some());
        let sizes = kernels.map(|i| rules::count(rules::input_shape(graph, node, i)?));
        return sizes.sum::<Option<u64>>()?.checked_mul(steps);
    }
    let input = rules::count(rules::input_shape(graph, node, 1)?)?;
    let state = rules::count(rules::input_shape(graph, node, 2)?)?;
    input.checked_add(state)?.checked_mul(steps)
}

fn label(name: &str, graph: &Graph, node: &Node) -> Label {
    let hidden = node.attributes.int("hidden_size").map(Dim::Known);
    let hidden = hidden.or_else(|| rules::input_shape(graph, node, 2)?.get(2).cloned());
    let direction = node.attributes.string("direction").unwrap_or_default().to_lowercase();
    // Papers write BiLSTM for a layer that reads both ways.
    let both = if direction == "bidirectional" { "Bi" } else { "" };
    let label = match hidden {
        Some(size) if !size.is_unknown() => Label::new(format!("{both}{name} {size}")),
        _ => Label::new(format!("{both}{name}")),
    };
    if direction == "reverse" { label.with("backwards") } else { label }
}

#[cfg(test)]
mod tests {
    use super::by_example;
    use crate::layers::check::{check, check_label, infer};

    #[test]
    fn what_is_made_of_each_example() {
        let check = |op: &str, settings: &str, x: &str, want: Option<&str>| {
            let checked = infer(op, settings, &format!("{x} f32[2,32,16] f32[2,32,8]"), 2);
            let found = checked.outputs.iter().map(|t| by_example(&checked.graph, *t).map(|s| s.to_string()));
            assert_eq!(found.collect::<Vec<_>>(), [want.map(str::to_owned), None], "{op} {settings}");
        };
        let both = "hidden_size=8 direction=bidirectional";
        check("LSTM", both, "f32[35,4,16]", Some("4×35×16"));
        check("LSTM", &format!("{both} layout=1"), "f32[4,35,16]", Some("4×35×16"));
        check("loom.gru", "hidden_size=8", "f32[35,4,16]", Some("4×35×8"));
        check("loom.gru", "hidden_size=8 layout=1", "f32[4,35,16]", None);
        check("LSTM", both, "f32?", Some("?×?×16"));
    }

    #[test]
    fn shapes_labels_and_costs() {
        let inputs = "f32[35,n,16] f32[2,32,16] f32[2,32,8]";
        check("LSTM", "hidden_size=8 direction=bidirectional", inputs, "f32[35,2,n,8] f32[2,n,8] f32[2,n,8]");
        check(
            "GRU",
            "hidden_size=8 layout=1",
            "f32[n,35,16] f32[1,24,16] f32[1,24,8]",
            "f32[n,35,1,8] f32[n,1,8]",
        );
        check("RNN", "", "f32? f32[1,8,16] f32[1,8,8]", "f32[?,1,?,8] f32[1,?,8]");
        let settings = "hidden_size=8 layout=1 direction=bidirectional";
        check("loom.lstm", settings, "f32[n,35,16] f32[16,32] f32[8,32]", "f32[n,35,16] f32[n,8]");
        check(
            "loom.gru",
            "hidden_size=8 layout=1 sequences=0",
            "f32[n,35,16] f32[16,24] f32[8,24]",
            "f32[n,8]",
        );
        let inputs = "f32[35,4,16] f32[2,32,16] f32[2,32,8]";
        let settings = "hidden_size=8 direction=bidirectional";
        check_label("LSTM", settings, inputs, "BiLSTM 8", Some(2 * 35 * 4 * 32 * (16 + 8)));
    }
}
