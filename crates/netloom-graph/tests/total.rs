//! Shape rules are total: nodes with wild inputs and settings earn remarks, never a panic.

use netloom_graph::attribute::TensorLiteral;
use netloom_graph::{
    Attribute, DType, Dim, Elements, Graph, Node, RegionId, Shape, Tensor, Value, ValueType, infer, layers,
};

/// Names of settings that rules read; each node gets a few of them, fitting or not.
const SETTINGS: &[&str] = &[
    "activations",
    "align_corners",
    "allowzero",
    "alpha",
    "antialias",
    "auto_pad",
    "axes",
    "axis",
    "batch_axis",
    "batch_dims",
    "block_size",
    "blocksize",
    "broadcast",
    "cast_to",
    "ceil_mode",
    "channels_last",
    "clip",
    "coordinate_transformation_mode",
    "count_include_pad",
    "detect_negative",
    "dilations",
    "direction",
    "dtype",
    "end",
    "equation",
    "exclusive",
    "group",
    "hidden_size",
    "inputdimensions",
    "inverse",
    "k",
    "K",
    "keepdims",
    "kernel_shape",
    "kv_num_heads",
    "layout",
    "max_map",
    "mode",
    "N",
    "n_targets",
    "new_axis",
    "ngram_indexes",
    "noop_with_empty_axes",
    "num_heads",
    "num_outputs",
    "num_scan_inputs",
    "offset_group",
    "onesided",
    "output_datatype",
    "output_dtype",
    "output_height",
    "output_padding",
    "output_shape",
    "output_width",
    "pads",
    "perm",
    "pixel_format",
    "pooled_shape",
    "qkv_hidden_sizes",
    "reduction",
    "repeats",
    "reverse",
    "sample_size",
    "scales",
    "select_last_index",
    "shape",
    "sorted",
    "sparse_value",
    "split",
    "start",
    "starts",
    "ends",
    "stash_type",
    "storage_order",
    "strides",
    "targets",
    "to",
    "transA",
    "transB",
    "transBatchA",
    "upper",
    "value",
    "value_int",
    "value_ints",
    "value_float",
    "value_floats",
    "values_int64s",
    "width_scale",
    "kv_num_heads",
    "q_num_heads",
    "linear_before_reset",
    "rotary_embedding_dim",
    "scan_input_axes",
    "scan_output_axes",
    "to",
];

const EXTREMES: &[i64] =
    &[0, 1, 2, 3, 4, 7, 11, -1, -2, -3, 64, 1 << 20, 1 << 47, i64::MAX, i64::MIN, i64::MAX - 1, -(1 << 40)];

/// A small generator of numbers that look random (Marsaglia's xorshift), so that every run is the same.
struct Random(u64);

fn signed(n: usize) -> i64 {
    i64::try_from(n).expect("a small number")
}

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("below a usize")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn number(&mut self) -> i64 {
        if self.below(4) == 0 { self.pick(EXTREMES) } else { signed(self.below(6)) - 1 }
    }

    fn dim(&mut self) -> Dim {
        match self.below(8) {
            0 => Dim::Unknown,
            1 => Dim::symbol("n"),
            2 => Dim::symbol("m").times(&Dim::Known(3)).plus(&Dim::Known(1)),
            3 => Dim::Known(self.pick(EXTREMES)),
            _ => Dim::Known(signed(self.below(6))),
        }
    }

    fn numbers(&mut self) -> Vec<i64> {
        (0..self.below(6)).map(|_| self.number()).collect()
    }

    fn value(&mut self) -> Value {
        let dims: Vec<usize> = (0..self.below(3)).map(|_| self.below(5)).collect();
        let n = dims.iter().product();
        let elements = match self.below(4) {
            0 => Elements::Floats(
                (0..n).map(|_| self.pick(&[0.0, 1.5, -2.0, 1e300, f64::NAN, f64::INFINITY])).collect(),
            ),
            1 => Elements::Ints((0..n).map(|_| self.dim()).collect()),
            _ => Elements::Ints((0..n).map(|_| Dim::Known(self.number())).collect()),
        };
        Value { dims, elements }
    }

    fn tensor_type(&mut self) -> ValueType {
        let dtype = (self.below(8) > 0).then(|| self.pick(DType::ALL));
        let rank = self.below(7);
        let shape =
            if rank == 6 { Shape::Unranked } else { Shape::Ranked((0..rank).map(|_| self.dim()).collect()) };
        ValueType::Tensor { dtype, shape }
    }

    fn input(&mut self, graph: &mut Graph) -> Option<netloom_graph::TensorId> {
        let mut tensor = Tensor::new("x", self.tensor_type());
        match self.below(8) {
            0 => return None,
            1 => tensor.ty = ValueType::Sequence(Box::new(tensor.ty)),
            2 => tensor.ty = ValueType::Optional(Box::new(tensor.ty)),
            3..5 => {
                let value = self.value();
                let dims = value.dims.iter().map(|n| signed(*n));
                let dtype = if value.as_ints().is_some() { DType::Int64 } else { DType::Float32 };
                tensor.ty = ValueType::tensor(dtype, Shape::known(dims));
                tensor.value = Some(value);
            }
            _ => {}
        }
        Some(graph.add_tensor(tensor))
    }

    fn attribute(&mut self) -> Attribute {
        match self.below(8) {
            0 => Attribute::Float(self.pick(&[0.0, -1.5, 2.0, f64::NAN])),
            1 => Attribute::String(
                self.pick(&[
                    "SAME_UPPER",
                    "VALID",
                    "bidirectional",
                    "...ij,jk->...k",
                    "ii",
                    ",->",
                    "linear",
                    "",
                ])
                .into(),
            ),
            2 => {
                let value = self.value();
                let shape = Shape::known(value.dims.iter().map(|n| signed(*n)));
                let literal =
                    TensorLiteral { dtype: Some(DType::Int64), shape, value: Some(value), sparse: false };
                Attribute::Tensor(Box::new(literal))
            }
            3..5 => Attribute::Ints(self.numbers()),
            _ => Attribute::Int(self.number()),
        }
    }
}

#[test]
fn wild_nodes_of_every_kind() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for layer in layers::all() {
        for (framework, op) in layer.names {
            let domain = match *framework {
                "onnx" => "",
                "onnx.ml" => "ai.onnx.ml",
                other => other,
            };
            for _ in 0..400 {
                let mut graph = Graph::new("wild");
                let root = graph.root();
                let mut node = Node::in_domain(domain, *op, random.pick(&[1, 6, 8, 11, 13, 18, 28]), root);
                node.inputs = (0..random.below(7)).map(|_| random.input(&mut graph)).collect();
                node.outputs =
                    (0..3).map(|_| Some(graph.add_tensor(Tensor::new("y", ValueType::Unknown)))).collect();
                for _ in 0..random.below(12) {
                    let name = random.pick(SETTINGS);
                    let value = random.attribute();
                    node.attributes.set(name, value);
                }
                graph.add_node(node);
                infer::infer(&mut graph);
                let (_, node) = graph.nodes().next().expect("one node");
                let _ = (layer.macs)(&graph, node);
                assert!(!(layer.label)(&graph, node).title.is_empty(), "{op} has a label");
                for output in node.outputs.iter().flatten() {
                    let tensor = graph.tensor(*output);
                    if let Some(value) = &tensor.value {
                        assert_eq!(value.dims.iter().product::<usize>(), value.len(), "{op}");
                    }
                }
            }
        }
    }
}

/// Adds a body with wild nodes to a graph: formal inputs, nodes that read what is there so far, results.
fn wild_body(random: &mut Random, graph: &mut Graph, depth: usize, parent: Option<RegionId>) -> RegionId {
    let root = graph.root();
    let body = graph.add_region("body", parent, root);
    let mut there = Vec::new();
    for _ in 0..random.below(4) {
        let ty = if random.below(2) == 0 { ValueType::Unknown } else { random.tensor_type() };
        let formal = graph.add_tensor(Tensor::new("formal", ty));
        graph.mark_region_input(body, formal);
        there.push(formal);
    }
    for _ in 0..random.below(4) {
        let op =
            random.pick(&["Relu", "Concat", "Add", "SequenceInsert", "Transpose", "Identity", "Not", "Loop"]);
        let mut node = Node::new(op, root);
        node.region = Some(body);
        for _ in 0..=random.below(3) {
            let input = if there.is_empty() { random.input(graph) } else { Some(random.pick(&there)) };
            node.inputs.push(input);
        }
        node.attributes.set("axis", Attribute::Int(random.number()));
        let inner = (op == "Loop" && depth > 0).then(|| wild_body(random, graph, depth - 1, Some(body)));
        if let Some(inner) = inner {
            node.attributes.set("body", Attribute::Region(inner));
        }
        let out = graph.add_tensor(Tensor::new("inner", ValueType::Unknown));
        node.outputs.push(Some(out));
        there.push(out);
        let id = graph.add_node(node);
        if let Some(inner) = inner {
            graph.own_region(inner, id);
        }
    }
    for _ in 0..random.below(5) {
        if !there.is_empty() {
            let result = random.pick(&there);
            graph.mark_region_output(body, result);
        }
    }
    body
}

#[test]
fn wild_bodies() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for round in 0..3000 {
        let (op, domain) = random.pick(&[
            ("If", ""),
            ("Loop", ""),
            ("Scan", ""),
            ("SequenceMap", ""),
            ("FlexAttention", "ai.onnx.preview"),
        ]);
        let mut graph = Graph::new("wild");
        let mut node = Node::in_domain(domain, op, random.pick(&[8, 11, 28]), graph.root());
        node.inputs = (0..random.below(6)).map(|_| random.input(&mut graph)).collect();
        node.outputs = (0..4).map(|_| Some(graph.add_tensor(Tensor::new("y", ValueType::Unknown)))).collect();
        let mut bodies = Vec::new();
        for name in ["body", "then_branch", "else_branch", "score_mod", "prob_mod"] {
            let body = wild_body(&mut random, &mut graph, 3, None);
            node.attributes.set(name, Attribute::Region(body));
            bodies.push(body);
        }
        for name in ["num_scan_inputs", "scan_input_axes", "scan_output_axes"] {
            let value = random.attribute();
            node.attributes.set(name, value);
        }
        let id = graph.add_node(node);
        bodies.into_iter().for_each(|body| graph.own_region(body, id));
        infer::infer(&mut graph);
        let mut ranks = graph.tensors().filter_map(|(_, t)| t.ty.shape().rank());
        assert!(ranks.all(|rank| rank < 64), "round {round}: ranks stay small");
    }
}

#[test]
fn names_are_unique() {
    let mut kinds: Vec<&str> = layers::all().map(|l| l.name).collect();
    let mut names: Vec<(&str, &str)> = layers::all().flat_map(|l| l.names.iter().copied()).collect();
    kinds.sort_unstable();
    names.sort_unstable();
    let twice_kind = kinds.windows(2).find(|w| w[0] == w[1]);
    let twice_name = names.windows(2).find(|w| w[0] == w[1]);
    assert_eq!((twice_kind, twice_name), (None, None));
}
