//! Small loops, written out as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::{DType, Node, Producer, Shape, Tensor, Value, ValueType};

/// A graph from lines such as `h, c = LSTM x W`: results, operator, operands. `x` and `k` are inputs of the model,
/// names that begin with a capital letter are learned 4×4 matrices, `zeros` is stored, a number is a stored index, `-`
/// is an operand left out, all else are rows of 4. `y` and what nothing reads are the results.
fn graph(lines: &str) -> Graph {
    let mut graph = Graph::new("loop");
    let mut names: BTreeMap<String, TensorId> = BTreeMap::new();
    let row = || ValueType::tensor(DType::Float32, Shape::known([1, 4]));
    let mut tensor = |graph: &mut Graph, name: &str| {
        if let Some(known) = names.get(name) {
            return *known;
        }
        let mut tensor = Tensor::new(name, row());
        let stored =
            name.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) || name == "zeros";
        if name.starts_with(|c: char| c.is_ascii_uppercase()) {
            tensor.ty = ValueType::tensor(DType::Float32, Shape::known([4, 4]));
        }
        if let Ok(index) = name.parse::<i64>() {
            tensor.ty = ValueType::tensor(DType::Int64, Shape::known([0; 0]));
            tensor.value = Some(Value::int(index));
        }
        if stored {
            tensor.producer = Producer::Stored;
        }
        let id = graph.add_tensor(tensor);
        if matches!(name, "x" | "k") {
            graph.mark_input(id);
        }
        names.insert(name.to_owned(), id);
        id
    };
    let root = graph.root();
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (results, rest) = line.split_once(" = ").expect("results = operator operands");
        let mut words = rest.split_whitespace();
        let op = words.next().expect("an operator");
        let inputs: Vec<_> = words.map(|w| (w != "-").then(|| tensor(&mut graph, w))).collect();
        let outputs: Vec<_> = results.split(", ").map(|r| Some(tensor(&mut graph, r))).collect();
        let domain = if op.ends_with("_cell") { "loom" } else { "" };
        let node = Node::in_domain(domain, op, crate::layers::NEWEST_OPSET, root);
        graph.add_node(node.with_inputs(inputs).with_outputs(outputs));
    }
    let ends: Vec<TensorId> =
        graph.tensors().filter(|(_, t)| t.consumers.is_empty()).map(|(id, _)| id).collect();
    ends.into_iter().for_each(|id| graph.mark_output(id));
    graph
}

/// Writes `body` once per step, with `{t}` and `{p}` in place of the numbers of the step and of the one before.
fn steps(count: usize, body: &str) -> String {
    let mut text = String::new();
    for t in 1..=count {
        let _ =
            writeln!(text, "{}", body.replace("{t}", &t.to_string()).replace("{p}", &(t - 1).to_string()));
    }
    text
}

/// What was found: the steps, the operators of a step (a `-` before those that the first step lacks, after those that
/// the last one lacks), and counts.
fn describe(graph: &Graph) -> String {
    let mut text = String::new();
    for found in find(graph) {
        let _ = write!(text, "×{}:", found.steps);
        for nodes in &found.operators {
            let op = nodes.iter().flatten().next().map_or("", |n| graph.node(*n).op.as_str());
            let lacks = |n: Option<&Option<NodeId>>| if n == Some(&None) { "-" } else { "" };
            let _ = write!(text, " {}{op}{}", lacks(nodes.first()), lacks(nodes.last()));
        }
        let states: std::collections::BTreeSet<_> = found.states.iter().map(|s| s.from).collect();
        let _ = write!(text, "; {} states, {} sequences", states.len(), found.sequences.len());
        let _ = writeln!(text, ", {} joins", found.joins.len());
    }
    text.trim_end().to_owned()
}

#[track_caller]
fn check(lines: &str, want: &str) {
    assert_eq!(describe(&graph(lines)), want, "in\n{lines}");
}

#[test]
fn a_plain_loop_with_a_sequence_and_a_join() {
    let body = "x{t} = Gather x {t}
        a{t} = MatMul x{t} W
        b{t} = MatMul h{p} U
        s{t} = Add a{t} b{t}
        h{t} = Tanh s{t}";
    let step = "Gather MatMul MatMul Add Tanh; 1 states, 1 sequences";
    let start = "h0 = Relu k\n";
    check(&format!("{start}{}", steps(3, body)), &format!("×3: {step}, 0 joins"));
    let joined = format!("{start}{}y = Concat h1 h2 h3", steps(3, body));
    check(&joined, &format!("×3: {step}, 1 joins"));
    let reversed = format!("{start}{}y = Concat h3 h2 h1", steps(3, body));
    check(&reversed, &format!("×3: {step}, 1 joins"));
    let unordered = format!("{start}{}y = Concat h2 h1 h3", steps(3, body));
    check(&unordered, &format!("×3: {step}, 0 joins"));
}

#[test]
fn a_first_state_of_zeros_saves_operators() {
    let body = "b{t} = MatMul h{p} U
        a{t} = MatMul x W
        s{t} = Add a{t} b{t}
        h{t} = Tanh s{t}";
    let first = "a1 = MatMul x W
        s1 = Add a1 zeros
        h1 = Tanh s1\n";
    let later = steps(4, body).lines().skip(4).collect::<Vec<_>>().join("\n");
    check(&format!("{first}{later}"), "×4: -MatMul MatMul Add Tanh; 1 states, 0 sequences, 0 joins");
}

#[test]
fn what_only_a_further_step_would_read_may_be_lacking() {
    let body = "a{t} = MatMul u{p} W
        h{t} = Tanh a{t}
        o{t} = MatMul h{t} V
        u{t} = Sigmoid a{t}";
    let lines = format!("u0 = Relu k\n{}", steps(3, body));
    let last = lines.trim_end().rsplit_once('\n').map(|(rest, _)| rest.to_owned()).expect("lines");
    check(&last, "×3: MatMul Tanh MatMul Sigmoid-; 1 states, 0 sequences, 0 joins");
}

#[test]
fn what_is_joined_before_the_layer_begins_the_step() {
    let body = "x{t} = Gather x {t}
        j{t} = Concat x{t} h{p}
        a{t} = MatMul j{t} W
        h{t} = Tanh a{t}";
    let lines = format!("h0 = Relu k\n{}", steps(3, body));
    check(&lines, "×3: Gather Concat MatMul Tanh; 1 states, 1 sequences, 0 joins");
}

#[test]
fn two_layers_of_cells_are_one_loop_or_two() {
    let both = "a{t} = MatMul h{p} U
        h{t} = Tanh a{t}
        b{t} = MatMul g{p} V
        s{t} = Add b{t} h{t}
        g{t} = Tanh s{t}";
    let lines = format!("h0 = Relu x\ng0 = Relu k\n{}", steps(3, both));
    check(&lines, "×3: MatMul Tanh MatMul Add Tanh; 2 states, 0 sequences, 0 joins");
    let lower = steps(3, "a{t} = MatMul h{p} U\nh{t} = Tanh a{t}");
    let upper = steps(3, "b{t} = MatMul g{p} V\ns{t} = Add b{t} h{t}\ng{t} = Tanh s{t}");
    check(
        &format!("h0 = Relu x\ng0 = Relu k\n{lower}{upper}"),
        "×3: MatMul Tanh; 1 states, 0 sequences, 0 joins\n×3: MatMul Add Tanh; 1 states, 0 sequences, 0 joins",
    );
}

#[test]
fn shared_weights_alone_are_no_loop() {
    // Two branches that do not feed one another.
    check("a1 = MatMul x W\nb1 = Relu a1\na2 = MatMul k W\nb2 = Relu a2\ny = Add b1 b2", "");
    // Blocks in a row that share one matrix but not the other.
    let body = "a{t} = MatMul h{p} W\nb{t} = MatMul a{t} V{t}\nh{t} = Relu b{t}";
    check(&format!("h0 = Relu x\n{}", steps(3, body)), "");
    // Steps that differ in an operator.
    let lines =
        "a1 = MatMul x W\nh1 = Relu a1\na2 = MatMul h1 W\nh2 = Tanh a2\na3 = MatMul h2 W\nh3 = Relu a3";
    check(lines, "");
    // A step that reads the last but one.
    let body = "a{t} = MatMul h{p} W\nh{t} = Tanh a{t}";
    let far = format!("h0 = Relu x\n{}", steps(3, body)).replace("a3 = MatMul h2 W", "a3 = MatMul h1 W");
    check(&far, "");
}

#[test]
fn what_comes_before_a_loop_stays_outside() {
    let body = "a{t} = MatMul m{t} W\ns{t} = Add a{t} h{p}\nb{t} = MatMul s{t} U\nh{t} = Tanh b{t}";
    let lines = format!("h0 = Relu x\nm1, m2, m3 = Split k\n{}z = MatMul h3 Z\ny = Relu z", steps(3, body));
    check(&lines, "×3: MatMul Add MatMul Tanh; 1 states, 1 sequences, 0 joins");
}

#[test]
fn cells_are_steps_whatever_their_first_one_lacks() {
    let lines = "x1 = Gather x 1
        h1, c1 = lstm_cell x1 - - - W
        x2 = Gather x 2
        h2, c2 = lstm_cell c1 h1 x2 - W U
        x3 = Gather x 3
        h3 = lstm_cell c2 h2 x3 - W U
        y = Relu h3";
    check(lines, "×3: Gather lstm_cell; 2 states, 1 sequences, 0 joins");
    // Another hidden matrix is another cell.
    check(&lines.replace("x3 - W U", "x3 - V U"), "×2: Gather lstm_cell; 2 states, 1 sequences, 0 joins");
}
