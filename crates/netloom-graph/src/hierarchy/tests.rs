//! Small networks written as text, and what parts they are found to have.

use std::collections::BTreeMap;

use super::{infer, is_flat};
use crate::infer::infer as infer_types;
use crate::repeats::repeats;
use crate::{
    Attribute, DType, Graph, ModuleId, ModuleKind, Node, NodeId, Producer, Shape, Tensor, TensorId, ValueType,
};

/// Reads `x: 1 4 8 8`, an input; `y = conv x 8 3 2`, a convolution to 8 channels with kernel 3 and stride 2;
/// `y = linear x 16`; `y = Op a b`. A word after `@` names the weights, which are new without it. The last tensor is
/// the result.
fn read(text: &str) -> Graph {
    let mut graph = Graph::new("");
    let mut names: BTreeMap<String, TensorId> = BTreeMap::new();
    let mut stored: BTreeMap<String, TensorId> = BTreeMap::new();
    let mut last = None;
    for line in text.split(';').map(str::trim).filter(|l| !l.is_empty()) {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if let Some((name, dims)) = line.split_once(':') {
            let dims = words(dims).iter().map(|d| d.parse().unwrap()).collect::<Vec<i64>>();
            let input = Tensor::new("", ValueType::tensor(DType::Float32, Shape::known(dims)));
            let input = graph.add_tensor(input);
            graph.mark_input(input);
            names.insert(name.to_owned(), input);
            continue;
        }
        let (name, body) = line.split_once(" = ").unwrap();
        let (body, shared) = body.split_once('@').unwrap_or((body, ""));
        let words = words(body);
        let number = |i: usize| words.get(i).map_or(1, |w: &String| w.parse::<i64>().unwrap());
        let op = match words[0].as_str() {
            "conv" => "Conv",
            "linear" => "MatMul",
            other => other,
        };
        let mut node = Node::new(op, graph.root());
        let is_layer = matches!(op, "Conv" | "MatMul");
        let read = if is_layer { &words[1..2] } else { &words[1..] };
        node.inputs.extend(read.iter().map(|w| Some(names[w])));
        if is_layer {
            infer_types(&mut graph);
            let before = graph.tensor(names[&words[1]]).ty.shape().dims().unwrap();
            let channels = if op == "Conv" { &before[1] } else { before.last().unwrap() };
            let channels = channels.as_known().unwrap();
            let (kernel, stride) = (number(3), number(4));
            let dims = match op {
                "Conv" => vec![number(2), channels, kernel, kernel],
                _ => vec![channels, number(2)],
            };
            if op == "Conv" {
                node.attributes.set("strides", Attribute::Ints(vec![stride; 2]));
                node.attributes.set("pads", Attribute::Ints(vec![kernel / 2; 4]));
            }
            let mut weight = Tensor::new("", ValueType::tensor(DType::Float32, Shape::known(dims)));
            weight.producer = Producer::Stored;
            let weight = match stored.get(shared) {
                Some(weight) if !shared.is_empty() => *weight,
                _ => graph.add_tensor(weight),
            };
            stored.insert(shared.to_owned(), weight);
            node.inputs.push(Some(weight));
        }
        if op == "Concat" {
            node.attributes.set("axis", Attribute::Int(1));
        }
        if op == "DepthToSpace" {
            node.attributes.set("blocksize", Attribute::Int(2));
        }
        if op == "MaxPool" {
            node.attributes.set("kernel_shape", Attribute::Ints(vec![2, 2]));
            node.attributes.set("strides", Attribute::Ints(vec![2, 2]));
        }
        let made = graph.add_tensor(Tensor::new("", ValueType::Unknown));
        graph.add_node(node.with_outputs([Some(made)]));
        names.insert(name.to_owned(), made);
        last = Some(made);
    }
    graph.mark_output(last.unwrap());
    infer_types(&mut graph);
    graph
}

/// Parts by name with what is in them; a run of operators is their number.
fn show(graph: &Graph, module: ModuleId) -> String {
    let held = graph.module(module);
    let mut parts: Vec<(NodeId, Option<ModuleId>)> = held.nodes.iter().map(|n| (*n, None)).collect();
    parts.extend(held.children.iter().map(|c| (first(graph, *c), Some(*c))));
    parts.sort();
    let mut words: Vec<String> = Vec::new();
    let mut plain = 0;
    for part in parts.iter().map(|p| p.1).chain([Some(graph.root())]) {
        let Some(part) = part else {
            plain += 1;
            continue;
        };
        if plain > 0 {
            words.push(plain.to_string());
            plain = 0;
        }
        if part != graph.root() {
            words.push(format!("{}({})", graph.module(part).name, show(graph, part)));
        }
    }
    words.join(" ")
}

fn first(graph: &Graph, module: ModuleId) -> NodeId {
    let module = graph.module(module);
    let inside = module.children.iter().map(|c| first(graph, *c));
    module.nodes.iter().copied().chain(inside).min().unwrap()
}

/// Every node stands in the one module that says so, and parents know their children.
fn check_links(graph: &Graph) {
    let mut seen = vec![0; graph.nodes().len()];
    for (id, module) in graph.modules() {
        for node in &module.nodes {
            assert_eq!(graph.node(*node).module, id);
            seen[node.index()] += 1;
        }
        assert!(module.nodes.is_sorted());
        assert!(module.children.iter().all(|c| graph.module(*c).parent == Some(id)));
        assert!(!module.nodes.is_empty() || !module.children.is_empty() || id == graph.root());
    }
    assert!(seen.iter().all(|n| *n == 1));
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let graph = read(text);
    let found = infer(&graph);
    check_links(&found);
    assert_eq!(show(&found, found.root()), expected, "{text}");
}

/// A residual block of two convolutions on `x`, called by these letters.
fn residual(x: &str, y: &str, channels: i64, stride: i64) -> String {
    let cut = match stride {
        1 => x.to_owned(),
        _ => format!("{y}s"),
    };
    let projection =
        if stride == 1 { String::new() } else { format!("{y}s = conv {x} {channels} 1 {stride};") };
    format!(
        "{y}a = conv {x} {channels} 3 {stride}; {y}b = Relu {y}a; {y}c = conv {y}b {channels} 3; {projection}
         {y}d = Add {y}c {cut}; {y} = Relu {y}d;"
    )
}

#[test]
fn residual_blocks_stand_in_stages() {
    let chain = [("s", "a", 4, 1), ("a", "b", 4, 1), ("b", "c", 8, 2), ("c", "d", 8, 1)];
    let blocks: String = chain.iter().map(|(x, y, c, s)| residual(x, y, *c, *s)).collect();
    check(
        &format!("x: 1 3 16 16; s = conv x 4 3; {blocks} p = GlobalAveragePool d"),
        "1 stage1(block1(5) block2(5)) stage2(block1(6) block2(5)) 1",
    );
    // Without a second block at any resolution there are no stages.
    let chain = [("s", "a", 4, 1), ("a", "b", 8, 2)];
    let blocks: String = chain.iter().map(|(x, y, c, s)| residual(x, y, *c, *s)).collect();
    check(&format!("x: 1 3 16 16; s = conv x 4 3; {blocks}"), "1 block1(5) block2(6)");
}

#[test]
fn blocks_of_norm_after_the_addition_end_with_it() {
    let block = |x: &str, y: &str| {
        format!(
            "{y}a = linear {x} 16; {y}b = Gelu {y}a; {y}c = linear {y}b 8; {y}d = Add {y}c {x}; {y} = LpNormalization {y}d;"
        )
    };
    let (a, b, c) = (block("n", "a"), block("a", "b"), block("b", "c"));
    check(
        &format!("x: 1 4 8; s = linear x 8; n = LpNormalization s; {a} {b} {c} o = linear c 2"),
        "2 block1(5) block2(5) block3(5) 1",
    );
}

#[test]
fn connections_that_cross_are_a_dense_block() {
    let layer = |x: &str, y: &str, all: &str| {
        format!(
            "{y}r = Relu {x}; {y}p = conv {y}r 8 1; {y}q = Relu {y}p; {y} = conv {y}q 4 3; {y}j = Concat {all} {y};"
        )
    };
    let layers = [
        layer("s", "a", "s"),
        layer("aj", "b", "s a"),
        layer("bj", "c", "s a b"),
        layer("cj", "d", "s a b c"),
    ]
    .concat();
    check(
        &format!("x: 1 3 8 8; s = conv x 4 3; {layers} o = conv dj 2 1"),
        "1 dense_block(layer1(5) layer2(5) layer3(5) layer4(5)) 1",
    );
}

#[test]
fn what_goes_down_and_up_has_encoder_and_decoder_stages() {
    check(
        "x: 1 3 16 16; a = conv x 4 3; b = conv a 4 3;
         c = MaxPool b; d = conv c 8 3; e = conv d 8 3;
         f = MaxPool e; g = conv f 16 3; h = conv g 16 3;
         i = DepthToSpace h; j = Concat e i; k = conv j 8 3; l = conv k 8 3;
         m = DepthToSpace l; n = Concat b m; o = conv n 4 3; p = conv o 4 3; q = conv p 2 1",
        "stem(2) encoder1(3) encoder2(3) decoder1(4) decoder2(4) 1",
    );
}

#[test]
fn weights_read_in_turn_are_steps() {
    let step = |h: &str, c: &str, y: &str| {
        format!(
            "{y}a = linear {h} 4 @w; {y}b = Sigmoid {y}a; {y}k = linear {c} 4 @v; {y}c = Mul {y}b {y}k; {y} = Tanh {y}k;"
        )
    };
    let steps =
        [step("h", "h", "a"), step("a", "ac", "b"), step("b", "bc", "c"), step("c", "cc", "d")].concat();
    check(
        &format!("x: 1 4; h = linear x 4; {steps} o = Add d dc"),
        "1 loop(step1(5) step2(5) step3(5) step4(5)) 1",
    );
}

#[test]
fn few_layers_stay_as_they_are() {
    check("x: 1 4; a = linear x 8; b = Relu a; c = linear b 8; d = Relu c; e = linear d 2", "5");
    check("x: 1 4; a = Relu x", "1");
}

#[test]
fn only_flat_modules_get_parts() {
    let blocks: String =
        ["x a", "a b", "b c", "c d", "d e", "e f"].map(|n| residual(&n[..1], &n[2..], 3, 1)).concat();
    let mut graph = read(&format!("x: 1 3 8 8; {blocks}"));
    assert!(is_flat(&graph));
    let body = graph.add_module(graph.root(), "body", ModuleKind::Module);
    let nodes: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    for node in nodes {
        graph.move_node(node, body);
    }
    assert!(!is_flat(&graph));
    let found = infer(&graph);
    check_links(&found);
    let inside = (1..=6).map(|i| format!("block{i}(5)")).collect::<Vec<_>>().join(" ");
    assert_eq!(show(&found, found.root()), format!("body({inside})"));
    // A module of parts is left alone.
    assert_eq!(infer(&found), found);
}

#[test]
fn a_graph_with_a_cycle_stays() {
    let mut graph = Graph::new("ring");
    let [a, b] = ["a", "b"].map(|n| graph.add_tensor(Tensor::new(n, ValueType::Unknown)));
    for (from, to) in [(a, b), (b, a)] {
        let node = Node::new("Relu", graph.root()).with_inputs([Some(from)]).with_outputs([Some(to)]);
        graph.add_node(node);
    }
    assert_eq!(infer(&graph), graph);
}

/// Chains of many blocks take time by their length: with anything worse this test would not come to an end.
#[test]
fn ten_thousand_blocks_are_one_run() {
    let mut graph = Graph::new("");
    let ty = ValueType::tensor(DType::Float32, Shape::known([1, 4]));
    let mut at = graph.add_tensor(Tensor::new("", ty.clone()));
    graph.mark_input(at);
    let weight = |graph: &mut Graph| {
        let ty = ValueType::tensor(DType::Float32, Shape::known([4, 4]));
        let mut weight = Tensor::new("", ty);
        weight.producer = Producer::Stored;
        graph.add_tensor(weight)
    };
    let add = |graph: &mut Graph, op: &str, inputs: &[TensorId]| {
        let made = graph.add_tensor(Tensor::new("", ty.clone()));
        let node = Node::new(op, graph.root()).with_inputs(inputs.iter().map(|t| Some(*t)));
        graph.add_node(node.with_outputs([Some(made)]));
        made
    };
    let first = weight(&mut graph);
    at = add(&mut graph, "MatMul", &[at, first]);
    for _ in 0..10_000 {
        let (v, w) = (weight(&mut graph), weight(&mut graph));
        let a = add(&mut graph, "MatMul", &[at, v]);
        let b = add(&mut graph, "Relu", &[a]);
        let c = add(&mut graph, "MatMul", &[b, w]);
        at = add(&mut graph, "Add", &[c, at]);
    }
    graph.mark_output(at);
    let found = infer(&graph);
    let runs = repeats(&found);
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].runs, [10_000]);
}

#[test]
fn a_row_of_single_layers_gets_blocks_and_what_prepares_its_data_stays() {
    let mut text = "x: 1 16 8 8; p = Sigmoid x; b0 = conv p 16 3".to_owned();
    for i in 1..14 {
        let from = i - 1;
        text += &format!(
            "; a{i} = conv b{from} 16 3; r{i} = Relu a{i}; c{i} = conv r{i} 16 3; b{i} = Add c{i} b{from}"
        );
    }
    let bare = read(&text);
    let mut rowed = bare.clone();
    let nodes: Vec<NodeId> = rowed.module(rowed.root()).nodes.clone();
    let root = rowed.root();
    rowed.module_mut(root).nodes.clear();
    for (i, node) in nodes.iter().enumerate() {
        let layer = rowed.add_module(root, format!("layer_{i}"), ModuleKind::Module);
        rowed.module_mut(layer).nodes.push(*node);
        rowed.node_mut(*node).module = layer;
    }
    let (from_bare, from_rowed) = (infer(&bare), infer(&rowed));
    let path = |graph: &Graph, node: &NodeId| graph.module(graph.node(*node).module).path.clone();
    assert!(from_bare.modules().len() > 13);
    for node in &nodes[1..] {
        assert_eq!(path(&from_bare, node), path(&from_rowed, node));
    }
    assert_eq!(path(&from_rowed, &nodes[0]), "layer_0");
    // A few layers are read as they are.
    let mut few = read("x: 1 16 8 8; a = conv x 16 3; b = conv a 16 3; y = Add a b");
    let layer = few.add_module(few.root(), "only", ModuleKind::Module);
    let first = few.module(few.root()).nodes[0];
    few.node_mut(first).module = layer;
    let root = few.root();
    few.module_mut(root).nodes.remove(0);
    few.module_mut(layer).nodes.push(first);
    assert_eq!(infer(&few), few);
}
