//! Counting small models made by hand.

use super::summary;
use crate::infer::infer;
use crate::{DType, Graph, ModuleKind, Node, Producer, Shape, Storage, Tensor, TensorId, ValueType, Weight};

fn data(graph: &mut Graph, name: &str, dims: &[i64]) -> TensorId {
    graph.add_tensor(Tensor::new(name, ValueType::tensor(DType::Float32, Shape::known(dims.iter().copied()))))
}

fn stored(graph: &mut Graph, name: &str, dims: &[i64]) -> TensorId {
    let id = data(graph, name, dims);
    let shape = Shape::known(dims.iter().copied());
    let tensor = graph.tensor_mut(id);
    tensor.producer = Producer::Stored;
    tensor.weight = Some(Weight::new(Some(DType::Float32), shape, Storage::Absent));
    id
}

fn node(graph: &mut Graph, op: &str, inputs: &[TensorId]) -> TensorId {
    let module = graph.root();
    node_in(graph, module, op, inputs)
}

fn node_in(graph: &mut Graph, module: crate::ModuleId, op: &str, inputs: &[TensorId]) -> TensorId {
    let output = graph.add_tensor(Tensor::new("", ValueType::Unknown));
    graph.add_node(
        Node::new(op, module).with_inputs(inputs.iter().copied().map(Some)).with_outputs([Some(output)]),
    );
    output
}

fn layers(graph: &Graph) -> String {
    let s = summary(graph);
    s.layers.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn each_stored_tensor_counts_once() {
    let mut g = Graph::new("tied");
    let x = data(&mut g, "x", &[1, 8]);
    g.mark_input(x);
    let w = stored(&mut g, "fc.weight", &[8, 8]);
    let alias = node(&mut g, "Identity", &[w]);
    let turned = node(&mut g, "Transpose", &[w]);
    let a = node(&mut g, "MatMul", &[x, alias]);
    let b = node(&mut g, "MatMul", &[a, turned]);
    let two = stored(&mut g, "two", &[]);
    let y = node(&mut g, "Mul", &[b, two]);
    g.mark_output(y);
    infer(&mut g);
    let s = summary(&g);
    assert_eq!((s.parameters, s.buffers, s.macs), (64, 1, Some(128)));
    assert_eq!(layers(&g), "identity 1, linear 2, mul 1, transpose 1");
    assert_eq!(s.learned, [w]);
}

#[test]
fn running_statistics_and_masks_are_buffers() {
    let mut g = Graph::new("norm");
    let x = data(&mut g, "x", &[1, 4, 6, 6]);
    g.mark_input(x);
    let of = ["w", "b", "mean", "var"].map(|name| stored(&mut g, name, &[4]));
    let n = node(&mut g, "BatchNormalization", &[x, of[0], of[1], of[2], of[3]]);
    let mask = stored(&mut g, "causal", &[6, 6]);
    let masked = node(&mut g, "Add", &[n, mask]);
    let y = node(&mut g, "Softmax", &[masked]);
    g.mark_output(y);
    infer(&mut g);
    let s = summary(&g);
    assert_eq!((s.parameters, s.buffers, s.macs), (8, 8 + 36, Some(0)));
}

#[test]
fn modules_hold_what_is_inside_and_name_what_leaves() {
    let mut g = Graph::new("blocks");
    let root = g.root();
    let block = g.add_module(root, "block", ModuleKind::Module);
    let inner = g.add_module(block, "fc", ModuleKind::Module);
    let other = g.add_module(root, "head", ModuleKind::Module);
    let x = data(&mut g, "x", &[1, 8]);
    g.mark_input(x);
    let w = stored(&mut g, "w", &[8, 8]);
    let a = node_in(&mut g, inner, "MatMul", &[x, w]);
    let b = node_in(&mut g, block, "Relu", &[a]);
    let y = node_in(&mut g, other, "MatMul", &[b, w]);
    g.mark_output(y);
    infer(&mut g);
    let rows: Vec<String> = summary(&g)
        .modules
        .iter()
        .map(|m| format!("{} {} {:?} {:?}", g.module(m.id).path, m.parameters, m.macs, m.outputs))
        .collect();
    let out = |t: TensorId| format!("[{t:?}]");
    assert_eq!(
        rows,
        [
            format!(" 64 Some(128) {}", out(y)),
            format!("block 64 Some(64) {}", out(b)),
            format!("block.fc 64 Some(64) {}", out(a)),
            format!("head 64 Some(64) {}", out(y)),
        ]
    );
}

#[test]
fn weights_given_as_inputs_count() {
    let mut g = Graph::new("open");
    let (x, w) = (data(&mut g, "x", &[1, 3, 4, 4]), data(&mut g, "w", &[8, 3, 1, 1]));
    g.mark_input(x);
    g.mark_input(w);
    let y = node(&mut g, "Conv", &[x, w]);
    g.mark_output(y);
    infer(&mut g);
    let s = summary(&g);
    assert_eq!((s.parameters, s.buffers, s.macs), (24, 0, Some(8 * 16 * 3)));
}

#[test]
fn what_shapes_do_not_tell_is_not_guessed() {
    let mut g = Graph::new("free");
    let x = g.add_tensor(Tensor::new("x", ValueType::Unknown));
    g.mark_input(x);
    let w = stored(&mut g, "w", &[8, 8]);
    let y = node(&mut g, "MatMul", &[x, w]);
    g.mark_output(y);
    infer(&mut g);
    let s = summary(&g);
    assert_eq!((s.parameters, s.macs), (64, None));

    let mut g = Graph::new("unheard of");
    let x = data(&mut g, "x", &[1, 8]);
    g.mark_input(x);
    node(&mut g, "Frobnicate", &[x]);
    assert_eq!(summary(&g).macs, None);
    assert_eq!(layers(&g), "Frobnicate 1");
}

#[test]
fn bodies_count_as_often_as_they_certainly_run() {
    for (op, times) in [("Scan", Some(5)), ("Loop", None), ("If", Some(1))] {
        let mut g = Graph::new(op);
        let root = g.root();
        let x = data(&mut g, "x", &[5, 1, 8]);
        g.mark_input(x);
        let w = stored(&mut g, "w", &[8, 8]);
        let body = g.add_region("body", None, root);
        let step = data(&mut g, "step", &[1, 8]);
        g.mark_region_input(body, step);
        let made = g.add_tensor(Tensor::new("", ValueType::tensor(DType::Float32, Shape::known([1, 8]))));
        let mut inner =
            Node::new("MatMul", root).with_inputs([Some(step), Some(w)]).with_outputs([Some(made)]);
        inner.region = Some(body);
        g.add_node(inner);
        let mut outer = Node::new(op, root).with_inputs([Some(x)]);
        outer.attributes.set("body", crate::Attribute::Region(body));
        outer.attributes.set("num_scan_inputs", crate::Attribute::Int(1));
        let owner = g.add_node(outer);
        g.own_region(body, owner);
        let s = summary(&g);
        assert_eq!((s.parameters, s.macs), (64, times.map(|n| n * 64)), "{op}");
    }
}
