//! Patterns as text, on small networks and in error.

use super::*;
use crate::{DType, ModuleKind, Node, Producer, Shape, Tensor, ValueType};

/// A chain with a residual block: conv, norm, relu, then twice conv, norm, (relu) around a by-pass, a pool, a flatten
/// and a product; the block stands in a module of class `Basic`.
fn network() -> Graph {
    let mut graph = Graph::new("network");
    let image = || ValueType::tensor(DType::Float32, Shape::known([1, 4, 8, 8]));
    let x = graph.add_tensor(Tensor::new("x", image()));
    graph.mark_input(x);
    let root = graph.root();
    let block = graph.add_module(root, "block", ModuleKind::Module);
    graph.module_mut(block).class = Some("Basic".to_owned());
    let weight = |graph: &mut Graph, dims: &[i64]| {
        let dims: Vec<crate::Dim> = dims.iter().map(|d| crate::Dim::from(*d)).collect();
        let mut tensor = Tensor::new("weight", ValueType::tensor(DType::Float32, Shape::from(dims)));
        tensor.producer = Producer::Stored;
        graph.add_tensor(tensor)
    };
    let add = |graph: &mut Graph, op: &str, module, inputs: &[TensorId]| {
        let mut inputs: Vec<_> = inputs.iter().copied().map(Some).collect();
        match op {
            "Conv" => inputs.push(Some(weight(graph, &[4, 4, 3, 3]))),
            "MatMul" => inputs.push(Some(weight(graph, &[4, 4]))),
            _ => {}
        }
        let made = graph.add_tensor(Tensor::new(op, image()));
        graph.add_node(Node::new(op, module).with_inputs(inputs).with_outputs([Some(made)]));
        made
    };
    let chain = |graph: &mut Graph, ops: &[&str], module, mut at| {
        for op in ops {
            at = add(graph, op, module, &[at]);
        }
        at
    };
    let stem = chain(&mut graph, &["Conv", "BatchNormalization", "Relu"], root, x);
    let ops = ["Conv", "BatchNormalization", "Relu", "Conv", "BatchNormalization"];
    let body = chain(&mut graph, &ops, block, stem);
    let sum = add(&mut graph, "Add", block, &[body, stem]);
    let end = chain(&mut graph, &["Relu"], block, sum);
    let y = chain(&mut graph, &["GlobalAveragePool", "Flatten", "MatMul"], root, end);
    graph.mark_output(y);
    graph
}

use crate::TensorId;

/// Blocks found, as `name: places of operators in file order`.
#[track_caller]
fn check(texts: &[&str], want: &[&str]) {
    let graph = network();
    let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
    let patterns = parse(&graph, &texts).unwrap_or_else(|e| panic!("{e}"));
    let found: Vec<String> = find(&graph, &patterns)
        .iter()
        .map(|m| {
            let nodes: Vec<String> = m.nodes.iter().map(|n| n.index().to_string()).collect();
            format!("{}: {}", patterns[m.pattern].name, nodes.join(" "))
        })
        .collect();
    assert_eq!(found, want, "{texts:?}");
}

#[test]
fn chains_are_found_by_any_name_of_a_layer() {
    for text in [
        "A = Conv > BatchNorm > Relu",
        "A = conv>batch_norm>relu",
        "A = Conv2d > BatchNormalization > ReLU",
        "A = Conv[3x3] > BatchNorm2d > relu",
        "A = Conv[3×3] > BatchNorm2d > relu",
    ] {
        check(&[text], &["A: 0 1 2", "A: 3 4 5"]);
    }
    check(&["A = Conv[1x1] > BatchNorm > Relu"], &[]);
    check(&["A = Conv > Relu"], &[]);
}

#[test]
fn later_patterns_build_on_earlier_ones() {
    let (first, second) = ("ConvBnRelu = Conv > BatchNorm > Relu", "ConvBn = Conv > BatchNorm");
    check(&[first, second], &["ConvBnRelu: 0 1 2", "ConvBnRelu: 3 4 5", "ConvBn: 6 7"]);
    let residual = ["ConvBnRelu: 0 1 2", "Residual: 3 4 5 6 7 8 9"];
    check(&[first, second, "Residual = ConvBnRelu > ConvBn > Add > Relu"], &residual);
    check(&[first, second, "Residual = (ConvBnRelu > ConvBn | ) > Add > Relu"], &residual);
    check(
        &[first, second, "All = ConvBnRelu > (ConvBnRelu > ConvBn | ) > Add > Relu"],
        &["All: 0 1 2 3 4 5 6 7 8 9"],
    );
    check(&[first, "Two = ConvBnRelu > ConvBnRelu"], &["ConvBnRelu: 0 1 2", "ConvBnRelu: 3 4 5"]);
}

#[test]
fn what_flows_inside_is_read_inside() {
    // The first activation is read by the by-pass too.
    check(&["A = Relu > Conv"], &["A: 5 6"]);
    check(&["A = (Conv | BatchNorm) > Add"], &[]);
}

#[test]
fn movement_of_data_need_not_be_named() {
    check(&["Head = GlobalAvgPool > Linear"], &["Head: 10 11 12"]);
    check(&["Head = GlobalAvgPool > Flatten > Linear"], &["Head: 10 11 12"]);
}

#[test]
fn classes_of_modules_are_blocks() {
    check(&["Tail = Basic > GlobalAvgPool"], &["Tail: 3 4 5 6 7 8 9 10"]);
    check(
        &["A = Conv > BatchNorm > Relu", "Tail = Basic > GlobalAvgPool"],
        &["A: 0 1 2", "Tail: 3 4 5 6 7 8 9 10"],
    );
    check(&["Tail = Basic > Linear", "A = Conv > BatchNorm > Relu"], &["A: 0 1 2", "A: 3 4 5"]);
}

#[track_caller]
fn check_error(texts: &[&str], column: usize, message: &str, hint: Option<&str>) {
    let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
    let error = parse(&network(), &texts).expect_err("the text is wrong");
    assert_eq!((error.at + 1, error.message.as_str()), (column, message));
    assert_eq!(error.hint.as_deref(), hint);
}

#[test]
fn errors_say_where_and_what() {
    check_error(&[""], 1, "expected a name for the block, found the end", None);
    check_error(&["A"], 2, "expected `=`, found the end", None);
    check_error(&["A = "], 5, "expected a name or `(`, found the end", None);
    check_error(&["A = Conv >"], 11, "expected a name or `(`, found the end", None);
    check_error(&["A = Conv Relu"], 10, "expected `>` or the end, found `Relu`", None);
    check_error(&["A = Conv + Relu"], 10, "expected a name or one of = > ( | ) [ ], found `+`", None);
    check_error(&["A = (Conv) > Add"], 5, "expected at least two branches in parentheses", None);
    check_error(&["A = (Conv | | ) > Add"], 15, "expected one empty branch at most", None);
    check_error(&["A = (Conv | Relu > Add"], 23, "expected `|` or `)`, found the end", None);
    let joined = "expected `>` and the layer that joins the branches, found the end";
    check_error(&["A = Conv > (Conv | Relu)"], 25, joined, None);
    check_error(&["A = Conv[a]"], 10, "expected a kernel such as `3x3`, found `a`", None);
    check_error(&["A = Conv[1x1 > Relu"], 14, "expected `]`, found `>`", None);
    check_error(
        &["A = Convv > Relu"],
        5,
        "unknown layer, class or pattern `Convv`",
        Some("did you mean `Conv`?"),
    );
    check_error(
        &["A = Bassic > Relu"],
        5,
        "unknown layer, class or pattern `Bassic`",
        Some("did you mean `Basic`?"),
    );
    check_error(
        &["Block = Conv > Relu", "B = Blok > Add"],
        5,
        "unknown layer, class or pattern `Blok`",
        Some("did you mean `Block`?"),
    );
    check_error(&["A = Conv > Relu", "a = Conv > Add"], 1, "expected a new name, found `a` again", None);
    check_error(&["A = Zzzzzzzzzz"], 5, "unknown layer, class or pattern `Zzzzzzzzzz`", None);
}
