//! Rules on small graphs, written as text: one tensor per line, inputs and stored tensors first.

use std::collections::BTreeMap;

use super::{Lifted, RULES, lift};
use crate::infer::infer;
use crate::layers;
use crate::summary::summary;
use crate::{
    Attribute, DType, Dim, Graph, Node, Producer, Shape, Storage, Tensor, TensorId, Value, ValueType, Weight,
};

/// Reads lines of the forms `x: 1 4`, an input; `w = stored 4 4`; `c = 0.5`, a stored number; `i = [1,2]`, stored
/// integers; `y = Op a b axis=1`, the operator with its domain in front where it is not the standard one. The last tensor and those named after `results` leave the graph.
pub(crate) fn read(text: &str) -> Graph {
    let mut graph = Graph::new("small");
    let mut names: BTreeMap<String, TensorId> = BTreeMap::new();
    let dims = |text: &str| Shape::Ranked(text.split_whitespace().map(Dim::parse).collect());
    let mut last = None;
    for line in text.split([';', '\n']).map(str::trim).filter(|l| !l.is_empty()) {
        if let Some(results) = line.strip_prefix("results ") {
            results.split_whitespace().for_each(|n| graph.mark_output(names[n]));
            continue;
        }
        if let Some((name, shape)) = line.split_once(':') {
            let ty = ValueType::tensor(DType::Float32, dims(shape));
            let id = graph.add_tensor(Tensor::new(name, ty));
            graph.mark_input(id);
            names.insert(name.to_owned(), id);
            continue;
        }
        let (name, body) = line.split_once(" = ").unwrap();
        let id = graph.add_tensor(Tensor::new(name, ValueType::Unknown));
        if let Some(shape) = body.strip_prefix("stored ") {
            store(&mut graph, id, DType::Float32, dims(shape), None);
        } else if let Ok(number) = body.parse::<f64>() {
            let value = Value { dims: Vec::new(), elements: crate::Elements::Floats(vec![number]) };
            store(&mut graph, id, DType::Float32, Shape::scalar(), Some(value));
        } else if let Some(list) = body.strip_prefix('[') {
            let list = Value::ints(list.trim_end_matches(']').split(',').map(Dim::parse).collect());
            let shape = Shape::Ranked(vec![Dim::Known(i64::try_from(list.len()).unwrap())]);
            store(&mut graph, id, DType::Int64, shape, Some(list));
        } else {
            let mut words = body.split_whitespace();
            let (op, opset) = words.next().map(|o| o.split_once('@').unwrap_or((o, "20"))).unwrap();
            let (domain, op) = op.split_once('.').unwrap_or(("", op));
            let mut node = Node::in_domain(domain, op, opset.parse().unwrap(), graph.root());
            for word in words {
                match word.split_once('=') {
                    Some((setting, value)) => node.attributes.set(setting, setting_of(value)),
                    None => node.inputs.push(Some(names[word])),
                }
            }
            node.outputs = vec![Some(id)];
            graph.add_node(node);
        }
        names.insert(name.to_owned(), id);
        last = Some(id);
    }
    graph.mark_output(last.unwrap());
    infer(&mut graph);
    assert_eq!(graph.diagnostics, [], "{text}");
    graph
}

fn store(graph: &mut Graph, id: TensorId, dtype: DType, shape: Shape, value: Option<Value>) {
    let tensor = graph.tensor_mut(id);
    tensor.ty = ValueType::tensor(dtype, shape.clone());
    tensor.producer = Producer::Stored;
    tensor.value = value;
    tensor.weight = Some(Weight::new(Some(dtype), shape, Storage::Absent));
}

fn setting_of(text: &str) -> Attribute {
    if let Some(list) = text.strip_prefix('[') {
        return Attribute::Ints(list.trim_end_matches(']').split(',').map(|n| n.parse().unwrap()).collect());
    }
    let float = || text.parse().map_or_else(|_| Attribute::String(text.to_owned()), Attribute::Float);
    text.parse().map_or_else(|_| float(), Attribute::Int)
}

/// Nodes with the names of what they read, in file order.
fn show(lifted: &Lifted) -> String {
    let graph = &lifted.graph;
    let name = |t: &Option<TensorId>| t.map_or_else(|| "_".to_owned(), |t| graph.tensor(t).name.clone());
    let nodes = graph.nodes().map(|(_, node)| {
        let kind = layers::effective(graph, node).map_or_else(|| node.kind(), |l| l.name.to_owned());
        let inputs: Vec<String> = node.inputs.iter().map(name).collect();
        format!("{kind}({})", inputs.join(", "))
    });
    nodes.collect::<Vec<_>>().join(", ")
}

#[track_caller]
pub(super) fn check(text: &str, expected: &str) -> Lifted {
    let graph = read(text);
    let lifted = lift(&graph);
    assert_eq!(show(&lifted), expected, "{text}");
    let (before, after) = (summary(&graph), summary(&lifted.graph));
    assert_eq!((before.parameters, before.macs), (after.parameters, after.macs), "{text}");
    let traced: usize = lifted.stands_for.iter().map(Vec::len).sum();
    assert_eq!(traced + lifted.removed.len(), graph.nodes().len(), "{text}");
    lifted
}

#[test]
fn rules_are_named_and_told() {
    let mut names: Vec<&str> = RULES.iter().map(|r| r.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
    assert!(RULES.iter().all(|r| !r.about.is_empty() && !r.about.ends_with('.') && !r.pattern.is_empty()));
}

#[test]
fn what_does_nothing_is_left_out() {
    let lifted = check("x: 2 3; a = Identity x; b = Dropout a; c = Cast b to=1; y = Relu c", "relu(x)");
    assert_eq!((lifted.stands_for.len(), lifted.removed.len()), (1, 3));
    check("x: 2 3; y = Identity x", "identity(x)");
    check("x: 2 3; a = Cast x to=11; y = Relu a", "cast(x), relu(a)");
    check("x: 2 3; p = 0.5; t: ; a = Dropout x p t; y = Relu a", "dropout(x, p, t), relu(a)");
}

#[test]
fn products_with_stored_matrices_take_their_bias() {
    let stored = "x: 2 5 4; w = stored 4 8; b = stored 8; ";
    check(&format!("{stored}a = MatMul x w; y = Add a b"), "linear(x, w, b)");
    check(&format!("{stored}a = MatMul x w; y = Add b a"), "linear(x, w, b)");
    check("x: 2 4; w = stored 8 4; b = stored 8; a = Gemm x w transB=1; y = Add a b", "linear(x, w, b)");
    // Read twice, or added to data: the operators stay.
    check(
        &format!("{stored}a = MatMul x w; c = Relu a; results c; y = Add a b"),
        "linear(x, w), relu(a), add(a, b)",
    );
    check(&format!("{stored}a = MatMul x w; r: 2 5 8; y = Add a r"), "linear(x, w), add(a, r)");
    check(&format!("{stored}a = MatMul x w; results a; y = Add a b"), "linear(x, w), add(a, b)");
}

#[test]
fn lengths_written_out() {
    let square = "x: 2 4; two = 2; half = 0.5; e = 1; axes = [-1]; ";
    for length in [
        "s = Pow x two; r = ReduceSum s axes; l = Sqrt r; ",
        "s = Mul x x; r = ReduceSum s axes; l = Pow r half; ",
    ] {
        check(&format!("{square}{length}y = Div x l"), "lp_norm(x)");
        check(&format!("{square}{length}m = Max l e; y = Div x m"), "lp_norm(x)");
    }
    check("x: 2 4; l = ReduceL2 x axes=[1] ; y = Div x l", "lp_norm(x)");
    // Without the root, and with another power, it is no length.
    let sum = "s = Pow x two; r = ReduceSum s axes; ";
    check(&format!("{square}{sum}y = Div x r"), "pow(x, two), reduce_sum(s, axes), div(x, r)");
    check(
        &format!("{square}s = Pow x half; r = ReduceSum s axes; l = Sqrt r; y = Div x l"),
        "pow(x, half), reduce_sum(s, axes), sqrt(r), div(x, l)",
    );
}

#[test]
fn activations_written_out() {
    let erf = "x: 2 4; r = 1.41421354; one = 1; half = 0.5; i = Div x r; e = Erf i; p = Add e one; ";
    let tanh = "x: 2 4; n = 3; c = 0.044715; r = 0.7978846; one = 1; half = 0.5; k = Pow x n; s = Mul k c; t = Add x s; \
                i = Mul t r; e = Tanh i; p = Add e one; ";
    for start in [erf, tanh] {
        check(&format!("{start}g = Mul x p; y = Mul g half"), "gelu(x)");
        check(&format!("{start}g = Mul half p; y = Mul x g"), "gelu(x)");
        check(&format!("{start}h = Mul x half; y = Mul h p"), "gelu(x)");
    }
    check("x: 2 4; g = Sigmoid x; y = Mul x g", "swish(x)");
    check("x: 2 4; f = 1.702; i = Mul x f; g = Sigmoid i; y = Mul x g", "gelu(x)");
    check("x: 2 4; s = Softplus x; g = Tanh s; y = Mul x g", "mish(x)");
    check("x: 2 4; g = HardSigmoid x alpha=0.16666667 beta=0.5; y = Mul x g", "hard_swish(x)");
    let clip = "x: 2 4; three = 3; six = 6; zero = 0.0; a = Add x three; c = Clip a zero six; ";
    check(&format!("{clip}g = Div c six; y = Mul x g"), "hard_swish(x)");
    check(&format!("{clip}g = Mul x c; y = Div g six"), "hard_swish(x)");
    let relu6 = "x: 2 4; three = 3; sixth = 0.166666672; a = Add x three; c = loom.relu6 a; ";
    check(&format!("{relu6}g = Mul c sixth; y = Mul g x"), "hard_swish(x)");
}

#[test]
fn hard_sigmoids_are_found() {
    let clip = "x: 2 4; z: 2 4; three = 3; six = 6; zero = 0.0; a = Add x three; c = Clip a zero six; ";
    check(&format!("{clip}y = Div c six"), "hard_sigmoid(x)");
    check(&format!("{clip}g = Div c six; y = Mul z g"), "hard_sigmoid(x), mul(z, g)");
    check(&format!("{clip}y = Div six c"), "add(x, three), relu6(a, zero, six), div(six, c)");
    let relu6 = "x: 2 4; three = 3; sixth = 0.166666672; a = Add x three; c = loom.relu6 a; ";
    check(&format!("{relu6}y = Mul c sixth"), "hard_sigmoid(x)");
    let folded = check("x: 2 4; sixth = 0.166666672; c = loom.relu6 x; y = Mul c sixth", "hard_sigmoid(x)");
    let (_, node) = folded.graph.nodes().next().unwrap();
    assert_eq!(node.attributes.float("beta"), Some(0.0));
    check(&format!("{relu6}y = Mul c three"), "add(x, three), relu6(a), mul(c, three)");
    let line = "x: 2 4; slope = 0.2; half = 0.5; one = 1; zero = 0.0; m = Mul x slope; a = Add m half; ";
    check(&format!("{line}y = Clip a zero one"), "hard_sigmoid(x)");
    let steep = line.replace("0.2", "0.4");
    check(&format!("{steep}y = Clip a zero one"), "mul(x, slope), add(m, half), clip(a, zero, one)");
}

#[test]
fn zeros_around_positions_are_padding_of_the_convolution() {
    let data = "x: 1 3 8 8; w = stored 4 3 3 3; pads = [0,0,0,0,0,0,1,1]; p = Pad x pads; ";
    let lifted = check(&format!("{data}y = Conv p w strides=[2,2]"), "conv(x, w)");
    let (_, node) = lifted.graph.nodes().next().unwrap();
    assert_eq!(node.attributes.ints("pads"), Some(&[0, 0, 1, 1][..]));
    assert_eq!(lifted.graph.tensor(lifted.graph.outputs[0]).ty.shape().to_string(), "1×4×4×4");
    let lifted = check(&format!("{data}y = Conv p w pads=[1,1,1,1]"), "conv(x, w)");
    let (_, node) = lifted.graph.nodes().next().unwrap();
    assert_eq!(node.attributes.ints("pads"), Some(&[1, 1, 2, 2][..]));
    // Other numbers, zeros around channels, zeros that others read, and sizes that depend on the padded data.
    let channels = "x: 1 3 8 8; w = stored 4 4 3 3; pads = [0,0,0,0,0,1,1,1]; p = Pad x pads; y = Conv p w";
    check(channels, "pad(x, pads), conv(p, w)");
    let ones =
        "x: 1 3 8 8; w = stored 4 3 3 3; one = 1; pads = [0,0,0,0,0,0,1,1]; p = Pad x pads one; y = Conv p w";
    check(ones, "pad(x, pads, one), conv(p, w)");
    check(&format!("{data}results p; y = Conv p w"), "pad(x, pads), conv(p, w)");
    check(&format!("{data}y = Conv p w auto_pad=SAME_UPPER"), "pad(x, pads), conv(p, w)");
    check(
        &data.replace("p = Pad x pads;", "p = Pad x pads mode=reflect; y = Conv p w"),
        "pad(x, pads), conv(p, w)",
    );
}

#[test]
fn what_only_looks_like_an_activation_stays() {
    check("x: 2 4; z: 2 4; g = Sigmoid x; y = Mul z g", "sigmoid(x), mul(z, g)");
    check("x: 2 4; g = Sigmoid x; results g; y = Mul x g", "sigmoid(x), mul(x, g)");
    check("x: 2 4; g = HardSigmoid x; y = Mul x g", "hard_sigmoid(x), mul(x, g)");
    let wrong = "x: 2 4; r = 2; one = 1; half = 0.5; i = Div x r; e = Erf i; p = Add e one; g = Mul x p; y = Mul g half";
    check(wrong, "div(x, r), erf(i), add(e, one), mul(x, p), mul(g, half)");
}

#[test]
fn norms_written_out() {
    let start = "x: 2 5 8; two = 2; eps = 0.00001; w = stored 8; b = stored 8; m = ReduceMean@17 x axes=[-1]; \
                 d = Sub x m; p = Pow d two; v = ReduceMean@17 p axes=[-1]; e = Add v eps; r = Sqrt e; ";
    let lifted = check(&format!("{start}n = Div d r; s = Mul n w; y = Add s b"), "layer_norm(x, w, b)");
    let (_, node) = lifted.graph.nodes().next().unwrap();
    assert_eq!(node.attributes.int("axis"), Some(-1));
    check(&format!("{start}d2 = Sub x m; n = Div d2 r; s = Mul w n; y = Add b s"), "layer_norm(x, w, b)");
    check(&format!("{start}y = Div d r"), "layer_norm(x)");
    check(&format!("{start}i = Reciprocal r; n = Mul d i; y = Mul n w"), "layer_norm(x, w)");
    let rms = "x: 2 5 8; eps = 0.00001; one = 1; w = stored 8; ax = [-1]; q = Mul x x; v = ReduceMean q ax; \
               e = Add v eps; r = Sqrt e; ";
    check(&format!("{rms}n = Div x r; y = Mul n w"), "rms_norm(x, w)");
    check(&format!("{rms}i = Div one r; n = Mul x i; y = Mul w n"), "rms_norm(x, w)");
    check(
        &format!("{rms}z: 2 5 8; n = Div z r; y = Mul n w"),
        "mul(x, x), reduce_mean(q, ax), add(v, eps), sqrt(e), div(z, r), mul(n, w)",
    );
}

#[test]
fn attention_in_any_dressing() {
    let heads = "q: 1 5 32; k: 1 5 32; v: 1 5 32; s = [1,5,4,8]; u = [1,5,32]; c = 0.35355339; \
                 q1 = Reshape q s; q2 = Transpose q1 perm=[0,2,1,3]; v1 = Reshape v s; \
                 v2 = Transpose v1 perm=[0,2,1,3]; k1 = Reshape k s; ";
    let keys = "k2 = Transpose k1 perm=[0,2,3,1]; ";
    let end = "w = Softmax a axis=-1; o = MatMul w v2; o1 = Transpose o perm=[0,2,1,3]; y = Reshape o1 u";
    let on_scores = format!("{heads}{keys}p = MatMul q2 k2; a = Mul p c; {end}");
    let lifted = check(&on_scores, "attention(q, k, v)");
    let (_, node) = lifted.graph.nodes().next().unwrap();
    assert_eq!((node.layer.unwrap().label)(&lifted.graph, node).title, "attention, 4 heads × 8");
    check(
        &format!("{heads}{keys}q3 = Mul q2 c; k3 = Mul k2 c; a = MatMul q3 k3; {end}"),
        "attention(q, k, v)",
    );
    let masked = format!("{heads}{keys}m: 1 1 5 5; p = MatMul q2 k2; d = Div p c; a = Add d m; {end}");
    check(&masked, "attention(q, k, v, m)");
    // What something else reads stays outside; the rest is lifted.
    let public = format!("{heads}{keys}p = MatMul q2 k2; a = Mul p c; results k2; {end}");
    check(&public, "reshape(k, s), transpose(k1), attention(q, k2, v)");
    // A scale that the data makes is no scale.
    let gate = "t: 1; p = MatMul q2 k2; a = Mul p t; ";
    let plain = "reshape(q, s), transpose(q1), reshape(v, s), transpose(v1), reshape(k, s), transpose(k1), \
                 matmul(q2, k2), mul(p, t), softmax(a), matmul(w, v2), transpose(o), reshape(o1, u)";
    check(&format!("{heads}{keys}{gate}{end}"), plain);
    // So are weights that are a result of the model.
    let weights = format!("{heads}{keys}p = MatMul q2 k2; a = Mul p c; {end}; results w");
    assert!(show(&lift(&read(&weights))).contains("softmax(a)"));
}

#[test]
fn means_over_positions_are_pooling() {
    check("x: 1 8 7 7; y = ReduceMean@17 x axes=[2,3] keepdims=0", "global_avg_pool(x)");
    check("x: 1 8 7 7; ax = [-1,-2]; y = ReduceMean x ax", "global_avg_pool(x)");
    check("x: 1 8 7; y = ReduceMean@17 x axes=[1,2]", "reduce_mean(x)");
    check("x: 1 8 7 7; y = ReduceMean@17 x axes=[1,2]", "reduce_mean(x)");
}

#[test]
fn a_graph_with_a_cycle_stays() {
    let mut graph = Graph::new("ring");
    let [a, b] = ["a", "b"].map(|n| graph.add_tensor(Tensor::new(n, ValueType::Unknown)));
    for (from, to) in [(a, b), (b, a)] {
        let node = Node::new("Identity", graph.root()).with_inputs([Some(from)]).with_outputs([Some(to)]);
        graph.add_node(node);
    }
    assert_eq!(lift(&graph).graph, graph);
}
