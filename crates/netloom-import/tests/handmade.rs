//! Small ONNX files, written by hand, say what they should.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Msg, body, graph, model, node, tensor, value};
use netloom_graph::{Attribute, Dim, Graph, ModuleKind, Producer, Shape, Storage, TensorId, Value};
use netloom_import::{Bytes, Error, ErrorKind, Source, SourceError, read};

fn try_open(model: Msg) -> Result<Graph, Error> {
    read(&Bytes::new("m.onnx", model.0))
}

fn open(model: Msg) -> Graph {
    try_open(model).unwrap()
}

/// One line per node: module, operator, inputs and outputs.
fn nodes(graph: &Graph) -> Vec<String> {
    let name = |t: &Option<TensorId>| t.map_or("-".to_owned(), |t| graph.tensor(t).name.clone());
    graph
        .nodes()
        .map(|(_, n)| {
            let inputs: Vec<String> = n.inputs.iter().map(name).collect();
            let outputs: Vec<String> = n.outputs.iter().map(name).collect();
            let module = &graph.module(n.module).path;
            format!("[{module}] {} {} > {}", n.op, inputs.join(" "), outputs.join(" "))
        })
        .collect()
}

fn messages(graph: &Graph) -> Vec<String> {
    let known = graph.diagnostics.iter().filter(|d| !d.message.contains("is not known"));
    known.map(|d| format!("{} {}: {}", d.severity, d.path, d.message)).collect()
}

fn by_name(graph: &Graph, name: &str) -> TensorId {
    graph.tensors().find(|(_, t)| t.name == name).unwrap_or_else(|| panic!("no tensor {name}")).0
}

/// Every link of the graph holds in both directions.
fn check_links(graph: &Graph) {
    for (id, node) in graph.nodes() {
        for (i, t) in node.inputs.iter().enumerate().filter_map(|(i, t)| Some((i, (*t)?))) {
            assert!(graph.tensor(t).consumers.contains(&(id, i)));
        }
        for t in node.outputs.iter().flatten() {
            assert!(matches!(graph.tensor(*t).producer, Producer::Node(..)));
        }
        assert!(graph.module(node.module).nodes.contains(&id));
        if let Some(region) = node.region {
            assert!(graph.region(region).nodes.contains(&id));
            assert!(graph.region(region).owner.is_some());
        }
    }
    for (i, t) in graph.inputs.iter().enumerate() {
        assert_eq!(graph.tensor(*t).producer, Producer::Input(i));
    }
}

#[test]
fn a_chain() {
    let g = open(model(graph([node("Relu", "x", "a"), node("Add", "a x", "y")], "x", "y")));
    assert_eq!(nodes(&g), ["[] Relu x > a", "[] Add a x > y"]);
    assert_eq!(g.format, "onnx");
    assert_eq!(g.node(g.nodes().next().unwrap().0).opset, 17);
    assert_eq!(g.tensor(g.inputs[0]).ty.shape(), &Shape::known([2, 3]));
    assert_eq!(messages(&g), [""; 0]);
    check_links(&g);
}

#[test]
fn a_message_given_twice_is_merged() {
    let first = graph([node("Relu", "x", "a")], "x", "");
    let second = graph([node("Abs", "a", "y")], "", "y");
    let g = open(model(first).msg(7, second));
    assert_eq!(nodes(&g), ["[] Relu x > a", "[] Abs a > y"]);
    assert_eq!((g.inputs.len(), g.outputs.len()), (1, 1));
}

#[test]
fn names_of_sizes_are_symbols_and_sums() {
    let g = open(model(Msg::new().msg(11, value("x", "batch 3 4*h")).msg(11, value("y", "batch+1"))));
    assert_eq!(g.tensor(g.inputs[0]).ty.shape().to_string(), "batch×3×4*h");
    assert_eq!(g.tensor(g.inputs[1]).ty.shape().to_string(), "batch + 1");
}

#[test]
fn stored_tensors_are_no_inputs() {
    let w = tensor("w", 7, &[2], &[1, 0, 0, 0, 0, 0, 0, 0, 254, 255, 255, 255, 255, 255, 255, 255]);
    let g = open(model(graph([node("Add", "x w", "y")], "x w", "y").msg(5, w)));
    assert_eq!(g.inputs.len(), 1);
    let w = g.tensor(by_name(&g, "w"));
    assert!(w.is_stored());
    assert_eq!(w.value, Some(Value::ints(vec![Dim::Known(1), Dim::Known(-2)])));
    assert!(matches!(w.weight.as_ref().unwrap().storage, Storage::Inline { len: 16, .. }));
}

#[test]
fn elements_come_in_typed_fields_packed_or_not() {
    let unpacked = Msg::new().int(1, 1).int(1, 2).int(2, 7).bytes(8, "a").int(7, 5).int(7, -1);
    let packed = Msg::new().packed(1, &[1, 2]).int(2, 6).bytes(8, "b").packed(5, &[5, -1]);
    let floats = Msg::new().packed(1, &[1]).int(2, 1).bytes(8, "c").float(4, 0.5);
    let texts = Msg::new().packed(1, &[2]).int(2, 8).bytes(8, "d").bytes(6, "p").bytes(6, "q");
    let half = Msg::new().packed(1, &[]).int(2, 10).bytes(8, "e").packed(5, &[0x3c00]);
    let g =
        open(model([unpacked, packed, floats, texts, half].into_iter().fold(Msg::new(), |m, t| m.msg(5, t))));
    let value = |name: &str| format!("{:?}", g.tensor(by_name(&g, name)).value.as_ref().unwrap().elements);
    assert_eq!(value("a"), "Ints([Known(5), Known(-1)])");
    assert_eq!(value("b"), "Ints([Known(5), Known(-1)])");
    assert_eq!(value("c"), "Floats([0.5])");
    assert_eq!(value("d"), r#"Strings(["p", "q"])"#);
    assert_eq!(value("e"), "Floats([1.0])");
}

#[test]
fn sparse_tensors_are_stored() {
    let sparse = Msg::new()
        .msg(1, tensor("s", 1, &[2], &[0; 8]))
        .msg(2, tensor("", 7, &[2], &[0; 16]))
        .packed(3, &[40, 50]);
    let g = open(model(graph([node("MatMul", "x s", "y")], "x", "y").msg(15, sparse)));
    let weight = g.tensor(by_name(&g, "s")).weight.clone().unwrap();
    assert!(weight.sparse);
    assert_eq!(weight.shape, Shape::known([40, 50]));
}

#[test]
fn bodies_are_regions_that_read_from_outside() {
    let then = graph([node("Neg", "x", "t"), node("Mul", "t w", "t2")], "", "t2")
        .msg(5, tensor("w", 1, &[1], &[0; 4]));
    let other = graph([], "", "x");
    let node_if = node("If", "c", "y")
        .bytes(3, "/gate/If")
        .msg(5, body("then_branch", then))
        .msg(5, body("else_branch", other));
    let g = open(model(graph([node("Relu", "x", "t"), node_if, node("Abs", "t", "z")], "c x", "y z")));
    assert_eq!(
        nodes(&g),
        [
            "[] Relu x > t",
            "[gate] If c > y",
            "[gate.If:then_branch] Neg x > t",
            "[gate.If:then_branch] Mul t w > t2",
            "[] Abs t > z"
        ]
    );
    let (owner, _) = g.nodes().find(|(_, n)| n.op == "If").unwrap();
    let regions: Vec<_> = g.regions_of(owner).map(|r| g.region(r)).collect();
    assert_eq!(
        regions.iter().map(|r| (r.name.as_str(), r.nodes.len(), r.outputs.len())).collect::<Vec<_>>(),
        [("then_branch", 2, 1), ("else_branch", 0, 1)]
    );
    assert!(regions.iter().all(|r| r.owner == Some(owner) && g.module(r.module).kind == ModuleKind::Region));
    // The body's own `t` is not the outer one.
    let abs = g.nodes().find(|(_, n)| n.op == "Abs").unwrap().1;
    let relu = g.nodes().find(|(_, n)| n.op == "Relu").unwrap().1;
    assert_eq!(abs.inputs, relu.outputs);
    assert_eq!(messages(&g), [""; 0]);
    check_links(&g);
}

#[test]
fn names_in_bodies_repeat_the_owners_path() {
    let cell = node("Relu", "h", "h2").bytes(3, "/decoder/cell/Relu");
    let mut inside = graph([cell], "", "h2");
    inside = inside.msg(11, value("i", "")).msg(11, value("k", "")).msg(11, value("h", "4"));
    let looped = node("Loop", "- - x", "y").bytes(3, "/decoder/Loop").msg(5, body("body", inside));
    let g = open(model(graph([looped], "x", "y")));
    assert_eq!(nodes(&g), ["[decoder] Loop - - x > y", "[decoder.Loop:body.cell] Relu h > h2"]);
    let (id, region) = g.regions().next().unwrap();
    assert_eq!(region.inputs.len(), 3);
    assert_eq!(g.tensor(region.inputs[2]).producer, Producer::RegionInput(id, 2));
}

fn function(name: &str, inputs: &str, outputs: &str, body: impl IntoIterator<Item = Msg>) -> Msg {
    Msg::new()
        .bytes(1, name)
        .bytes(10, "my")
        .all(inputs.split_whitespace(), |m, n| m.bytes(4, n))
        .all(outputs.split_whitespace(), |m, n| m.bytes(5, n))
        .all(body, |m, n| m.msg(7, n))
        .msg(9, Msg::new().bytes(1, "").int(2, 13))
}

fn call(name: &str, inputs: &str, outputs: &str) -> Msg {
    node(name, inputs, outputs).bytes(7, "my")
}

#[test]
fn functions_are_written_out() {
    let alpha = |m: Msg| m.msg(5, Msg::new().bytes(1, "alpha").bytes(21, "slope").int(20, 1));
    let leaky = function("Leaky", "a b", "r", [alpha(node("LeakyRelu", "a", "t")), node("Add", "t b", "r")])
        .msg(11, Msg::new().bytes(1, "slope").float(2, 0.25).int(20, 1));
    let outer = function("Twice", "v", "r", [call("Leaky", "v", "u"), call("Leaky", "u v", "r")]);
    let steep = call("Leaky", "y x", "z").msg(5, Msg::new().bytes(1, "slope").float(2, 0.5).int(20, 1));
    let net = graph([call("Twice", "x", "y").bytes(3, "/block/pair"), steep], "x", "z");
    let g = open(model(net).msg(25, leaky).msg(25, outer));
    assert_eq!(
        nodes(&g),
        [
            "[block.pair.Leaky] LeakyRelu x > t",
            "[block.pair.Leaky] Add t - > u",
            "[block.pair.Leaky_2] LeakyRelu u > t",
            "[block.pair.Leaky_2] Add t x > y",
            "[Leaky] LeakyRelu y > t",
            "[Leaky] Add t x > z"
        ]
    );
    let slopes: Vec<f64> = g.nodes().filter_map(|(_, n)| n.attributes.float("alpha")).collect();
    assert_eq!(slopes, [0.25, 0.25, 0.5]);
    assert!(g.nodes().all(|(_, n)| n.opset == 13), "functions name their own operator sets");
    let pair = g.modules().find(|(_, m)| m.path == "block.pair").unwrap().1;
    assert_eq!((pair.kind, pair.class.as_deref()), (ModuleKind::Function, Some("Twice")));
    check_links(&g);
}

#[test]
fn functions_that_call_themselves_stay_plain() {
    let f = function("F", "a", "r", [call("G", "a", "r")]);
    let h = function("G", "a", "r", [node("Abs", "a", "t"), call("F", "t", "r")]);
    let g = open(model(graph([call("F", "x", "y")], "x", "y")).msg(25, f).msg(25, h));
    assert_eq!(nodes(&g), ["[F.G] Abs x > t", "[F.G] F t > y"]);
    assert_eq!(messages(&g), ["warning F: calls itself: its call stays a plain node"]);
}

#[test]
fn functions_that_double_at_every_level_are_bounded() {
    let mut m = model(graph([call("F30", "x", "y")], "x", "y"));
    for i in 0..=30 {
        let inner = format!("F{}", i - 1);
        let nodes = match i {
            0 => vec![node("Abs", "a", "t"), node("Neg", "t", "r")],
            _ => vec![call(&inner, "a", "t"), call(&inner, "t", "r")],
        };
        m = m.msg(25, function(&format!("F{i}"), "a", "r", nodes));
    }
    let g = open(m);
    assert!(g.nodes().len() < 1 << 18, "{} nodes", g.nodes().len());
    assert!(
        messages(&g)[0].contains("calls of functions add more than 524288 names"),
        "{:?}",
        messages(&g)[0]
    );
}

#[test]
fn long_settings_of_calls_are_not_copied_without_end() {
    let refer = |m: Msg, i: i32| m.msg(5, Msg::new().bytes(1, format!("a{i}")).bytes(21, "table").int(20, 7));
    let body = (0..100).map(|i| (0..100).fold(node("Abs", "a", &format!("r{i}")), refer));
    let f = function("F", "a", "r0", body);
    let table = Msg::new().bytes(1, "table").int(20, 7).packed(8, &vec![1; 60_000]);
    let g = open(model(graph([call("F", "x", "y").msg(5, table)], "x", "y")).msg(25, f));
    let copied = g
        .nodes()
        .flat_map(|(_, n)| n.attributes.iter())
        .filter(|(_, a)| matches!(a, Attribute::Ints(_)))
        .count();
    assert!((1..100).contains(&copied), "{copied} copies");
}

#[test]
fn bodies_and_calls_nest_to_their_limits() {
    // Each function calls the next from inside as many bodies as the schema can nest.
    let nest = |inner: Msg| {
        (0..30).fold(inner, |n, _| node("If", "c", "r").msg(5, body("then_branch", graph([n], "", "r"))))
    };
    let mut m = model(graph([call("F0", "c", "y")], "c", "y"));
    for i in 0..40 {
        let next = if i < 39 { call(&format!("F{}", i + 1), "c", "r") } else { node("Abs", "c", "r") };
        m = m.msg(25, function(&format!("F{i}"), "c", "r", [nest(next)]));
    }
    let g = open(m);
    let deepest =
        g.regions().map(|(id, _)| std::iter::successors(Some(id), |r| g.region(*r).parent).count()).max();
    assert_eq!(deepest, Some(60));
    assert!(messages(&g)[0].contains("functions or 40 bodies deep"), "{:?}", messages(&g));
}

#[test]
fn many_bodies_of_one_name() {
    let ifs = (0..3)
        .map(|_| node("If", "c", "y").msg(5, body("then_branch", graph([node("Abs", "x", "r")], "", "r"))));
    let g = open(model(graph(ifs, "c x", "")));
    let names: Vec<&str> = g.modules().skip(1).map(|(_, m)| m.name.as_str()).collect();
    assert_eq!(names, ["If:then_branch", "If:then_branch_2", "If:then_branch_3"]);
}

#[test]
fn names_read_before_they_are_made() {
    let g = open(model(graph([node("Abs", "a", "y"), node("Relu", "x", "a")], "x", "y")));
    assert_eq!(nodes(&g), ["[] Abs a > y", "[] Relu x > a"]);
    assert_eq!(messages(&g), [""; 0]);
    check_links(&g);

    let ring = [
        node("Add", "x b", "a").bytes(3, "p"),
        node("Abs", "a", "b").bytes(3, "q"),
        node("Neg", "b", "y").bytes(3, "r"),
    ];
    let g = open(model(graph(ring, "x", "y")));
    assert_eq!(messages(&g), ["warning p: nodes feed each other in a cycle: 'p', 'q'"]);

    let f = function("F", "a", "r", [node("Relu", "a", "r")]);
    let g = open(model(graph([node("Abs", "a", "y"), call("F", "x", "a")], "x", "y")).msg(25, f));
    assert_eq!(nodes(&g), ["[] Abs a > y", "[F] Relu x > r", "[F] Identity r > a"]);
    check_links(&g);
}

#[test]
fn parameters_among_inputs_are_stored() {
    let conv = node("Conv", "x features.0.weight features.0.bias", "a");
    let inputs = graph([conv, node("Relu", "a", "y")], "x features.0.weight features.0.bias", "y");
    let g = open(model(inputs));
    assert_eq!(g.inputs.len(), 1);
    let weight = g.tensor(by_name(&g, "features.0.weight"));
    assert!(weight.is_stored() && weight.weight.as_ref().unwrap().storage == Storage::Absent);
    assert_eq!(nodes(&g)[0], "[features.0] Conv x features.0.weight features.0.bias > a");

    // Plain names, numbered ones, and files that store anything keep their inputs.
    for (inputs, stored) in [("x w", false), ("x input.1", false), ("x a.weight", true)] {
        let second = inputs.split(' ').nth(1).unwrap();
        let mut net = graph([node("MatMul", inputs, "y")], inputs, "y");
        if stored {
            net = net.msg(5, tensor("other", 1, &[1], &[0; 4]));
        }
        let g = open(model(net));
        assert_eq!(g.inputs.len(), 2, "{second}");
    }
}

#[test]
fn paths_come_from_names_of_stored_tensors_when_nodes_have_none() {
    let w = |name: &str| tensor(name, 1, &[1], &[0; 4]);
    let nodes_of = [
        node("Conv", "x layer1.0.conv1.weight", "a"),
        node("Relu", "a", "b"),
        node("Conv", "b layer1.0.conv2.weight", "c"),
        node("Add", "c x", "d"),
        node("Gemm", "d fc.weight fc.bias", "y"),
    ];
    let stored = ["layer1.0.conv1.weight", "layer1.0.conv2.weight", "fc.weight", "fc.bias"];
    let g = open(model(stored.iter().fold(graph(nodes_of, "x", "y"), |m, n| m.msg(5, w(n)))));
    let places: Vec<&str> = g.nodes().map(|(_, n)| g.module(n.module).path.as_str()).collect();
    assert_eq!(places, ["layer1.0.conv1", "layer1.0", "layer1.0.conv2", "", "fc"]);
}

#[test]
fn a_further_call_is_told_from_a_module_with_a_number() {
    let w = |name: &str| tensor(name, 1, &[1], &[0; 4]);
    let at = |name: &str, op: &str, i: &str, o: &str| node(op, i, o).bytes(3, name);
    let net = graph(
        [
            at("/b/relu/Relu", "Relu", "x", "a"),
            at("/b/fc/Gemm", "Gemm", "a onnx::1", "b"),
            at("/b/relu_1/Relu", "Relu", "b", "c"),
            at("/b/fc_1/Gemm", "Gemm", "c onnx::2", "d"),
            at("/b/fc_2/Gemm", "Gemm", "d onnx::1", "e"),
            at("/b/norm_1/Abs", "Abs", "e", "y"),
        ],
        "x",
        "y",
    );
    let g = open(model(net.msg(5, w("onnx::1")).msg(5, w("onnx::2"))));
    let places: Vec<&str> = g.nodes().map(|(_, n)| g.module(n.module).path.as_str()).collect();
    assert_eq!(places, ["b.relu", "b.fc", "b.relu", "b.fc_1", "b.fc", "b.norm_1"]);
}

#[test]
fn wrappers_come_off() {
    let at = |name: &str, i: &str, o: &str| node("Relu", i, o).bytes(3, name);
    let paths = |g: &Graph| g.modules().map(|(_, m)| m.path.clone()).collect::<Vec<_>>();
    let g = open(model(graph([at("/model/a/Relu", "x", "a"), at("/model/b/Relu", "a", "y")], "x", "y")));
    assert_eq!(paths(&g), ["", "a", "b"]);
    let g = open(model(graph([at("/model/a/Relu", "x", "a"), at("/head/Relu", "a", "y")], "x", "y")));
    assert_eq!(paths(&g), ["", "model", "model.a", "head"]);
    let g = open(model(graph([at("StatefulPartitionedCall/model/a/Relu", "x", "y")], "x", "y")));
    assert_eq!(paths(&g), ["", "a"]);
    let g = open(model(graph([at("/model.0/Relu", "x", "a"), at("/model.1/Relu", "a", "y")], "x", "y")));
    assert_eq!(
        paths(&g),
        ["", "model", "model.0", "model.1"],
        "a container that is never called is no wrapper"
    );
    let g =
        open(model(graph([at("/features/a/Relu", "x", "a"), at("/features/b/Relu", "a", "y")], "x", "y")));
    assert_eq!(paths(&g), ["", "features", "features.a", "features.b"]);
}

struct Beside(Bytes);

impl Source for Beside {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn len(&self) -> u64 {
        self.0.len()
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        self.0.read_at(offset, buf)
    }
    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        assert_eq!(path, "sub/w.bin", "nothing outside the folder is asked for");
        Some(Box::new(Bytes::new("w.bin", vec![9, 9, 9, 9, 7, 0, 0, 0, 8, 0, 0, 0])))
    }
}

#[test]
fn small_shapes_are_read_beside_the_model() {
    let external = |name: &str, dtype: i64, location: &str| {
        let pair = |k: &str, v: &str| Msg::new().bytes(1, k).bytes(2, v);
        Msg::new()
            .packed(1, &[2])
            .int(2, dtype)
            .bytes(8, name)
            .msg(13, pair("location", location))
            .msg(13, pair("offset", "4"))
            .msg(13, pair("length", "8"))
            .int(14, 1)
    };
    let net = Msg::new()
        .msg(5, external("shape", 6, "sub/w.bin"))
        .msg(5, external("floats", 1, "sub/w.bin"))
        .msg(5, external("up", 6, "../w.bin"))
        .msg(5, external("absolute", 6, "/etc/passwd"))
        .msg(5, external("windows", 6, "c:\\w.bin"));
    let g = read(&Beside(Bytes::new("m.onnx", model(net).0))).unwrap();
    let tensor = |name: &str| g.tensor(by_name(&g, name));
    assert_eq!(tensor("shape").value, Some(Value::ints(vec![Dim::Known(7), Dim::Known(8)])));
    for name in ["floats", "up", "absolute", "windows"] {
        assert_eq!(tensor(name).value, None, "{name}");
        assert!(matches!(
            &tensor(name).weight.as_ref().unwrap().storage,
            Storage::External { offset: 4, len: Some(8), .. }
        ));
    }
}

#[test]
fn settings_of_every_sort() {
    let set = |name: &str, kind: i64| Msg::new().bytes(1, name).int(20, kind);
    let n = node("Custom", "x", "y")
        .bytes(7, "my")
        .msg(5, set("f", 1).float(2, 1.5))
        .msg(5, set("zero", 2))
        .msg(5, set("s", 3).bytes(4, "text"))
        .msg(5, set("t", 4).msg(5, tensor("", 7, &[1], &[5, 0, 0, 0, 0, 0, 0, 0])))
        .msg(5, set("fs", 6).float(7, 1.0).float(7, 2.0))
        .msg(5, set("is", 7).packed(8, &[1, 2]).int(8, 3))
        .msg(5, set("ss", 8).bytes(9, "a").bytes(9, "b"))
        .msg(5, Msg::new().bytes(1, "no_kind").packed(8, &[4]))
        .msg(5, set("long", 7).packed(8, &vec![1; 70_000]));
    let g = open(model(graph([n], "x", "y")));
    let node = g.nodes().next().unwrap().1;
    let a = &node.attributes;
    assert_eq!((a.float("f"), a.int("zero"), a.string("s")), (Some(1.5), Some(0), Some("text")));
    assert_eq!(
        (a.floats("fs"), a.ints("is"), a.ints("no_kind")),
        (Some(&[1.0, 2.0][..]), Some(&[1, 2, 3][..]), Some(&[4][..]))
    );
    assert_eq!(a.get("ss"), Some(&Attribute::Strings(vec!["a".into(), "b".into()])));
    assert_eq!(a.get("long"), Some(&Attribute::Other("a long list".into())));
    let Some(Attribute::Tensor(t)) = a.get("t") else { panic!() };
    assert_eq!(t.value.as_ref().unwrap().as_ints(), Some(&[Dim::Known(5)][..]));
    assert_eq!(node.kind(), "my.Custom");
    assert!(g.diagnostics.iter().any(|d| d.message.contains("operator my.Custom is not known")));
}

#[test]
fn limits_and_damage() {
    let check = |m: Msg, kind: ErrorKind, message: &str| {
        let error = try_open(m).expect_err(message);
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    };
    let long = "n".repeat((1 << 20) + 1);
    check(
        model(graph([node("Relu", &long, "y")], "x", "y")),
        ErrorKind::Limit,
        "expected a name of at most 1048576 bytes at byte 20, found 1048577",
    );
    let group = Msg(vec![0x08, 0x08, 0x3a, 0x02, 0x0b, 0x0c]);
    check(
        group,
        ErrorKind::Damaged { offset: 4 },
        "damaged at byte 4: expected wire type 0, 1, 2 or 5 in field 1, found 3",
    );
    check(
        model(graph([(0..257).fold(Msg::new(), |m, _| m.msg(5, Msg::new()))], "", "")),
        ErrorKind::Limit,
        "expected at most 256 settings of one node at byte 526, found more",
    );
    check(
        Msg(b"hello, I am a text".to_vec()),
        ErrorKind::NotThisFormat,
        "not an ONNX file: damaged at byte 2: expected wire type 0, 1, 2 or 5 in field 13, found 4",
    );
    check(Msg::new().int(1, 8), ErrorKind::NotThisFormat, "not an ONNX file: expected a graph, found none");
    check(
        model(Msg::new().msg(5, Msg::new().packed(1, &[1; 1025]))),
        ErrorKind::Limit,
        "expected at most 1024 dimensions at byte 14, found more",
    );
    check(
        model(Msg::new().int(1, 5)),
        ErrorKind::Damaged { offset: 10 },
        "damaged at byte 10: expected a length-delimited value in field 1, found a varint",
    );
}
