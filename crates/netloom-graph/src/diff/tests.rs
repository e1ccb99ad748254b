//! Properties of comparisons: equality, mirrors, and single edits that are found exactly.

use super::{Diff, diff, prepare};
use crate::{Attribute, DType, Graph, Node, NodeId, Shape, Tensor, TensorId, ValueType};

/// A chain of blocks of two convolutions with a by-pass; `width` tells the channels of each.
fn net(widths: &[i64]) -> Graph {
    let mut graph = Graph::new("net");
    let mut at = tensor(&mut graph, "x", &[1, 3, 16, 16]);
    graph.mark_input(at);
    let root = graph.root();
    let mut channels = 3;
    for (i, width) in widths.iter().enumerate() {
        let block = graph.add_module(root, format!("block{i}"), crate::ModuleKind::Module);
        let first = conv(&mut graph, block, at, channels, *width);
        let active = unary(&mut graph, block, "Relu", first);
        let second = conv(&mut graph, block, active, *width, *width);
        let side = if channels == *width { at } else { conv(&mut graph, block, at, channels, *width) };
        let sum = like(&mut graph, second);
        graph.add_node(
            Node::new("Add", block).with_inputs([Some(second), Some(side)]).with_outputs([Some(sum)]),
        );
        (at, channels) = (sum, *width);
    }
    graph.mark_output(at);
    graph
}

fn tensor(graph: &mut Graph, name: &str, dims: &[i64]) -> TensorId {
    graph.add_tensor(Tensor::new(name, ValueType::tensor(DType::Float32, Shape::known(dims.iter().copied()))))
}

fn like(graph: &mut Graph, other: TensorId) -> TensorId {
    let ty = graph.tensor(other).ty.clone();
    graph.add_tensor(Tensor::new("", ty))
}

fn unary(graph: &mut Graph, module: crate::ModuleId, op: &str, input: TensorId) -> TensorId {
    let made = like(graph, input);
    graph.add_node(Node::new(op, module).with_inputs([Some(input)]).with_outputs([Some(made)]));
    made
}

fn conv(graph: &mut Graph, module: crate::ModuleId, input: TensorId, before: i64, after: i64) -> TensorId {
    let weight = tensor(graph, "weight", &[after, before, 3, 3]);
    graph.tensor_mut(weight).producer = crate::Producer::Stored;
    let made = tensor(graph, "", &[1, after, 16, 16]);
    let mut node =
        Node::new("Conv", module).with_inputs([Some(input), Some(weight)]).with_outputs([Some(made)]);
    node.attributes.set("pads", Attribute::Ints(vec![1; 4]));
    graph.add_node(node);
    made
}

fn compare(a: &Graph, b: &Graph) -> Diff {
    diff(&prepare(a), &prepare(b))
}

/// Added, removed and changed operators, and the same the other way round.
#[track_caller]
fn check(a: &Graph, b: &Graph, want: (usize, usize, usize)) -> Diff {
    let (there, back) = (compare(a, b), compare(b, a));
    let changed = |d: &Diff| d.pairs.iter().filter(|p| p.changes.iter().any(|c| !c.implied)).count();
    assert_eq!((there.added.len(), there.removed.len(), changed(&there)), want, "{:#?}", there.groups);
    assert_eq!((back.removed.len(), back.added.len(), changed(&back)), want);
    let pairs = |d: &Diff, flip: bool| {
        let mut pairs: Vec<(NodeId, NodeId)> =
            d.pairs.iter().map(|p| if flip { (p.after, p.before) } else { (p.before, p.after) }).collect();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(pairs(&there, false), pairs(&back, true));
    there
}

#[test]
fn a_model_equals_itself_and_a_renamed_one() {
    let a = net(&[8, 8, 16, 16]);
    assert!(check(&a, &a, (0, 0, 0)).is_empty());
    let mut b = a.clone();
    for i in 0..a.nodes().len() {
        b.node_mut(NodeId::new(i)).name = format!("other {i}");
    }
    for i in 0..a.tensors().len() {
        b.tensor_mut(TensorId::new(i)).name = format!("value {i}");
    }
    for i in 1..a.modules().len() {
        let module = b.module_mut(crate::ModuleId::new(i));
        (module.name, module.path) = (format!("part {i}"), format!("part {i}"));
    }
    assert!(check(&a, &b, (0, 0, 0)).is_empty());
}

#[test]
fn blocks_that_come_more_often_are_told() {
    let diff = check(&net(&[8, 8, 16, 16]), &net(&[8, 8, 8, 16, 16]), (4, 0, 0));
    assert_eq!(diff.added_blocks.len(), 1);
    assert_eq!(diff.added_blocks[0].operators, 4);
}

#[test]
fn widths_change_what_follows() {
    let diff = check(&net(&[8, 8]), &net(&[12, 12]), (0, 0, 5));
    let group = &diff.groups[0];
    assert_eq!(
        (group.what.name().as_str(), group.before.as_str(), group.after.as_str()),
        ("channels", "8", "12")
    );
    assert!(diff.groups.iter().filter(|g| g.what.sort() == "parameters").all(|g| g.implied));
}

/// Every operator in turn gets another setting, another kind, or is taken out.
#[test]
fn single_edits_are_found_exactly() {
    let a = net(&[8, 8, 16, 16]);
    for i in 0..a.nodes().len() {
        let id = NodeId::new(i);
        let mut b = a.clone();
        if a.node(id).op == "Conv" {
            b.node_mut(id).attributes.set("pads", Attribute::Ints(vec![2; 4]));
            let diff = check(&a, &b, (0, 0, 1));
            let pair = diff.pairs.iter().find(|p| !p.changes.is_empty()).expect("one pair changed");
            assert_eq!(
                (pair.before, pair.changes[0].before.as_str(), pair.changes[0].after.as_str()),
                (id, "1", "2")
            );
        }
        if a.node(id).op == "Relu" {
            let mut b = a.clone();
            b.node_mut(id).op = "Tanh".to_owned();
            b.node_mut(id).layer = crate::layers::find("", "Tanh");
            let diff = check(&a, &b, (0, 0, 1));
            assert_eq!(diff.groups[0].what, super::What::Operator);
            let mut b = a.clone();
            b.node_mut(id).op = "Identity".to_owned();
            b.node_mut(id).layer = crate::layers::find("", "Identity");
            let diff = check(&a, &b, (0, 1, 0));
            assert_eq!(diff.removed, [id]);
        }
    }
}

#[test]
fn long_chains_with_edits_at_both_ends_are_compared() {
    const LONG: usize = 30_000;
    let chain = |edits: &[usize]| {
        let mut graph = Graph::new("chain");
        let mut at = tensor(&mut graph, "x", &[1, 8]);
        graph.mark_input(at);
        let root = graph.root();
        for i in 0..LONG {
            if edits.contains(&i) {
                at = unary(&mut graph, root, "Exp", at);
            }
            at = unary(&mut graph, root, ["Tanh", "Abs", "Neg"][i % 3], at);
        }
        graph.mark_output(at);
        graph
    };
    check(&chain(&[]), &chain(&[5, LONG - 7]), (2, 0, 0));
}
