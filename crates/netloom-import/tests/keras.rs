//! Keras models of the corpus agree with what Keras says of them; damaged ones are refused.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

mod common;
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::Random;
use netloom_graph::summary::{Summary, summary};
use netloom_graph::{Dim, Graph, ModuleId, Shape};
use netloom_import::{Bytes, ErrorKind, read};
use serde_json::Value;

fn corpus() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).to_path_buf()
}

fn load(path: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("skipped: no {}", path.display());
    }
    bytes
}

fn truth() -> Option<Value> {
    Some(serde_json::from_slice(&load(&corpus().join("truth.json"))?).unwrap())
}

fn open(name: &str, bytes: &[u8]) -> (Graph, Summary) {
    let mut graph = read(&Bytes::new(name, bytes)).unwrap_or_else(|e| panic!("{name}: {e}"));
    netloom_graph::infer::infer(&mut graph);
    let facts = summary(&graph);
    (graph, facts)
}

/// Shapes, with `None` for what is open.
type Shapes = Vec<Vec<Option<i64>>>;

/// Rows of a summary by the path of their module.
fn rows<'a>(graph: &'a Graph, facts: &'a Summary) -> BTreeMap<&'a str, (ModuleId, u64, Shapes)> {
    let dims = |shape: &Shape| shape.dims().unwrap_or_default().iter().map(Dim::as_known).collect();
    let row = |m: &'a netloom_graph::summary::ModuleSummary| {
        let made = m.outputs.iter().map(|t| dims(graph.tensor(*t).ty.shape())).collect();
        (graph.module(m.id).path.as_str(), (m.id, m.parameters, made))
    };
    facts.modules.iter().map(row).collect()
}

/// Layers of a model as Keras lists them: name, class, parameters, shapes that come out.
fn layers(model: &Value) -> Vec<(String, String, u64, Shapes)> {
    let shape = |s: &Value| s.as_array().unwrap().iter().map(Value::as_i64).collect();
    let layer = |l: &Value| {
        (
            l["name"].as_str().unwrap().to_owned(),
            l["type"].as_str().unwrap().to_owned(),
            l["params"].as_u64().unwrap(),
            l["out"].as_array().into_iter().flatten().map(shape).collect(),
        )
    };
    model["top_level"].as_array().unwrap().iter().map(layer).collect()
}

fn check(name: &str, file: &str, bytes: &[u8], model: &Value) {
    let (graph, facts) = open(file, bytes);
    assert_eq!(graph.format, "keras", "{file}");
    let (total, trainable) = (model["params_total"].as_u64(), model["params_trainable"].as_u64());
    // An architecture alone does not say what weights a custom layer has.
    let complete = !(name == "keras_custom" && file.ends_with(".json"));
    if complete {
        assert_eq!(Some(facts.parameters), total, "{file}");
    }
    let rows = rows(&graph, &facts);
    if file.ends_with(".weights.h5") {
        assert!(
            graph.nodes().len() == 0
                && graph.diagnostics.iter().any(|d| d.message.contains("without a network"))
        );
    } else {
        assert!(!complete || facts.trainable_parameters == trainable, "{file}");
        for (key, ends) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
            let names: Vec<&str> = ends.iter().map(|t| graph.tensor(*t).name.as_str()).collect();
            let said: Vec<&str> =
                model[key].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
            // The last layer of a model in a model is called by its whole path.
            assert!(
                names.iter().zip(&said).all(|(n, s)| n.split('.').any(|p| p == *s)),
                "{file}: {names:?} {said:?}"
            );
            assert_eq!(names.len(), said.len(), "{file}");
        }
        for message in graph.diagnostics.iter().map(|d| &d.message) {
            assert!(message.contains("custom layer"), "{file}: {message}");
        }
    }
    for (layer, class, parameters, shapes) in layers(model) {
        if class == "InputLayer" {
            continue;
        }
        let (id, found, made) = rows.get(layer.as_str()).unwrap_or_else(|| panic!("{file}: no {layer}"));
        if complete || class != "ScaledResidualDense" {
            assert_eq!(*found, parameters, "{file}: {layer}");
        }
        if !file.ends_with(".weights.h5") {
            assert_eq!(graph.module(*id).class.as_deref(), Some(class.as_str()), "{file}: {layer}");
            assert_eq!(*made, shapes, "{file}: {layer}");
        }
    }
}

#[test]
fn the_corpus_agrees_with_keras() {
    let Some(truth) = truth() else { return };
    let mut files = 0;
    for (name, model) in
        truth["models"].as_object().unwrap().iter().filter(|(_, m)| m["framework"] == "keras")
    {
        for ending in ["keras", "h5", "json", "weights.h5"] {
            let file = format!("{name}.{ending}");
            let path = corpus().join("keras").join(&file);
            if let Ok(bytes) = std::fs::read(path) {
                check(name, &file, &bytes, model);
                files += 1;
            }
        }
    }
    assert!(files >= 24, "{files} files");
}

#[test]
fn layers_agree_with_keras() {
    let packed = include_bytes!("data/keras_layers.json.gz");
    let models: Value = serde_json::from_reader(flate2::read::GzDecoder::new(&packed[..])).unwrap();
    for model in models.as_array().unwrap() {
        let name = model["name"].as_str().unwrap();
        let (graph, facts) = open(name, model["model"].to_string().as_bytes());
        assert_eq!(Some(facts.parameters), model["parameters"].as_u64(), "{name}");
        if facts.parameters > 0 {
            assert_eq!(facts.trainable_parameters, model["trainable"].as_u64(), "{name}");
        }
        assert!(graph.diagnostics.is_empty(), "{name}: {:?}", graph.diagnostics);
        let rows = rows(&graph, &facts);
        for layer in model["layers"].as_array().unwrap() {
            let (path, class) = (layer[0].as_str().unwrap(), layer[1].as_str().unwrap());
            if class == "InputLayer" {
                continue;
            }
            let (_, parameters, made) = rows.get(path).unwrap_or_else(|| panic!("{name}: no {path}"));
            assert_eq!(Some(*parameters), layer[2].as_u64(), "{name}: {path}");
            let said: Shapes = serde_json::from_value(layer[3].clone()).unwrap();
            for shape in made {
                // Keras gives up on some dimensions that follow from others.
                let fits = |s: &Vec<Option<i64>>| {
                    s.len() == shape.len() && s.iter().zip(shape).all(|(a, b)| a.is_none() || a == b)
                };
                assert!(said.iter().any(fits), "{name}: {path}: {shape:?}, expected one of {said:?}");
            }
        }
    }
}

/// Architectures as older Keras wrote them: classes of the nodes, in order, parameters, the shape of the first output.
#[test]
fn older_architectures() {
    let check = |text: &str, operators: &str, parameters: u64, output: &[Option<i64>]| {
        let (graph, facts) = open("model.json", text.as_bytes());
        let found: Vec<String> = graph.nodes().map(|(_, n)| n.op.to_lowercase()).collect();
        assert_eq!(found.join(" "), operators, "{text}");
        assert_eq!(facts.parameters, parameters, "{text}");
        let made = graph.tensor(graph.outputs[0]).ty.shape().dims().unwrap_or_default();
        assert_eq!(made.iter().map(Dim::as_known).collect::<Vec<_>>(), output, "{text}");
        assert!(graph.diagnostics.is_empty(), "{text}: {:?}", graph.diagnostics);
    };
    // Keras 1: a list of layers, old words.
    check(
        r#"{"class_name": "Sequential", "keras_version": "1.2.2", "config": [
        {"class_name": "Convolution2D", "config": {"name": "c", "batch_input_shape": [null, 28, 28, 1], "nb_filter": 8, "nb_row": 3,
         "nb_col": 5, "border_mode": "same", "subsample": [2, 2], "dim_ordering": "tf", "activation": "relu", "bias": true}},
        {"class_name": "MaxPooling2D", "config": {"name": "p", "pool_size": [2, 2], "strides": [2, 2], "border_mode": "valid",
         "dim_ordering": "tf"}},
        {"class_name": "Dropout", "config": {"name": "o", "p": 0.25}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 10, "activation": "softmax"}}]}"#,
        "conv relu maxpool dropout flatten linear softmax",
        3 * 5 * 8 + 8 + 392 * 10 + 10,
        &[None, Some(10)],
    );
    // Keras 1: the one layer for all joins.
    check(
        r#"{"class_name": "Model", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "a", "config": {"batch_input_shape": [null, 4], "input_dtype": "float32", "name": "a"},
         "inbound_nodes": []},
        {"class_name": "Dense", "name": "d", "config": {"name": "d", "output_dim": 3}, "inbound_nodes": [[["a", 0, 0]]]},
        {"class_name": "Merge", "name": "j", "config": {"name": "j", "mode": "concat", "concat_axis": -1},
         "inbound_nodes": [[["a", 0, 0], ["d", 0, 0]]]}],
        "input_layers": [["a", 0, 0]], "output_layers": [["j", 0, 0]]}}"#,
        "linear concat",
        15,
        &[None, Some(7)],
    );
    // Keras 2 of TensorFlow: operators between layers, a model called twice whose calls are counted from one.
    check(
        r#"{"class_name": "Functional", "keras_version": "2.11.0", "backend": "tensorflow", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "x", "config": {"batch_input_shape": [null, 8], "dtype": "float32", "name": "x"},
         "inbound_nodes": []},
        {"class_name": "TFOpLambda", "name": "tf.math.multiply", "config": {"name": "tf.math.multiply", "trainable": true,
         "function": "math.multiply"}, "inbound_nodes": [["x", 0, 0, {"y": 2.0, "name": null}]]},
        {"class_name": "SlicingOpLambda", "name": "tf.__operators__.getitem", "config": {"name": "tf.__operators__.getitem",
         "trainable": true, "function": "__operators__.getitem"}, "inbound_nodes": [["tf.math.multiply", 0, 0, {"slice_spec":
         [{"start": null, "stop": null, "step": null}, {"start": 0, "stop": 4, "step": null}]}]]},
        {"class_name": "Sequential", "name": "s", "config": {"name": "s", "layers": [
         {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 4], "name": "i"}},
         {"class_name": "Dense", "config": {"name": "d", "trainable": true, "units": 4, "activation": "linear", "use_bias": false}}]},
         "inbound_nodes": [[["tf.__operators__.getitem", 0, 0, {}]], [["s", 1, 0, {}]]]},
        {"class_name": "TFOpLambda", "name": "tf.concat", "config": {"name": "tf.concat", "trainable": true, "function": "concat"},
         "inbound_nodes": [[["s", 1, 0, {"axis": -1}], ["s", 2, 0, {"axis": -1}]]]}],
        "input_layers": [["x", 0, 0]], "output_layers": [["tf.concat", 0, 0]]}}"#,
        "mul slice linear linear concat",
        16,
        &[None, Some(8)],
    );
    // TensorFlow.js: the model inside, weights listed beside it.
    check(
        r#"{"format": "layers-model", "modelTopology": {"keras_version": "2.4.0", "model_config": {"class_name": "Sequential",
        "config": {"name": "s", "layers": [{"class_name": "GRU", "config": {"name": "g", "batch_input_shape": [null, 9, 3],
        "units": 2, "reset_after": true, "return_sequences": true}}]}}}, "weightsManifest": [{"paths": ["a.bin"], "weights": [
        {"name": "g/gru_cell/kernel", "shape": [3, 6], "dtype": "float32"},
        {"name": "g/gru_cell/recurrent_kernel", "shape": [2, 6], "dtype": "float32"},
        {"name": "g/gru_cell/bias", "shape": [2, 6], "dtype": "float32"}]}]}"#,
        "gru",
        18 + 12 + 12,
        &[None, Some(9), Some(2)],
    );
    // A live model: weights of a layer that nobody knows, one of them not trained.
    let text = r#"{"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"batch_shape": [null, 3], "name": "i"}},
        {"class_name": "Odd", "registered_name": "my>Odd", "config": {"name": "odd", "program": "4wEAAAA="}}]},
        "netloom": {"version": 1, "class": "Mine", "weights": {"odd": [
        {"name": "w", "shape": [3, 5], "dtype": "float32", "trainable": true},
        {"name": "inner/state", "shape": [2], "dtype": "float16", "trainable": false}]}}}"#;
    check(text, "odd", 17, &[]);
    let (graph, facts) = open("live", text.as_bytes());
    assert_eq!(facts.trainable_parameters, Some(15));
    assert_eq!(graph.module(graph.root()).class.as_deref(), Some("Mine"));
}

#[test]
fn layers_of_unknown_connections_stay_apart() {
    let text = r#"{"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "name": "a", "config": {"name": "a", "units": 4}, "build_config": {"input_shape": [2, 6]},
         "inbound_nodes": []},
        {"class_name": "Dense", "name": "b", "config": {"name": "b", "units": 5}, "build_config": {"input_shape": [2, 4]},
         "inbound_nodes": []}], "input_layers": [], "output_layers": []},
        "netloom": {"version": 1, "name": "odd", "class": "Odd", "weights": {}, "notes": ["how is not known"]}}"#;
    let (graph, facts) = open("live.json", text.as_bytes());
    assert_eq!((graph.nodes().len(), facts.parameters), (2, 6 * 4 + 4 + 4 * 5 + 5));
    let fed =
        |t: netloom_graph::TensorId| matches!(graph.tensor(t).producer, netloom_graph::Producer::Node(..));
    assert!(graph.nodes().all(|(_, n)| n.inputs.iter().flatten().all(|t| !fed(*t))));
    assert!(graph.diagnostics.iter().any(|d| d.message == "how is not known"));
}

#[test]
fn hostile_architectures() {
    // Models that call models twice, many deep, and calls in a circle.
    let mut model = r#"{"class_name": "Dense", "name": "m", "config": {"name": "m", "units": 2}, "inbound_nodes": CALLS}"#.to_owned();
    for _ in 0..24 {
        let inner = model.replace("CALLS", r#"[[["i", 0, 0]], [["m", 0, 0]]]"#);
        model = format!(
            r#"{{"class_name": "Functional", "name": "m", "config": {{"name": "m", "layers": [
            {{"class_name": "InputLayer", "name": "i", "config": {{"batch_shape": [null, 2], "name": "i"}}, "inbound_nodes": []}}, {inner}],
            "input_layers": [["i", 0, 0]], "output_layers": [["m", 1, 0]]}}, "inbound_nodes": CALLS}}"#
        );
    }
    let error = read(&Bytes::new("a.json", model.replace("CALLS", "[]").as_bytes())).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    let circle = r#"{"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "ReLU", "name": "a", "config": {"name": "a"}, "inbound_nodes": [[["b", 0, 0]]]},
        {"class_name": "ReLU", "name": "b", "config": {"name": "b"}, "inbound_nodes": [[["a", 0, 0]]]}],
        "input_layers": [], "output_layers": [["b", 0, 0]]}}"#;
    let graph = read(&Bytes::new("a.json", circle.as_bytes())).unwrap();
    assert!(graph.diagnostics.iter().any(|d| d.message.contains("in a cycle")), "{:?}", graph.diagnostics);
    for text in [
        r#"{"class_name": 1, "config": {}}"#,
        r#"{"class_name": "Dense", "config": []}"#,
        r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Conv2D", "config": {"filters": -5, "kernel_size":
           9223372036854775807, "padding": "same", "dilation_rate": 9223372036854775807, "groups": -1, "batch_input_shape": [0, -1, 3]}}]}}"#,
        r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "LSTM", "config": {"units": 9223372036854775807,
           "batch_input_shape": [null, null, 9223372036854775807]}}]}}"#,
        r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "ZeroPadding2D", "config": {"padding": [[1], 2, [3, 4], 5],
           "batch_input_shape": [1, 2, 3, 4]}}, {"class_name": "TimeDistributed", "config": {"layer": {}}}]}}"#,
    ] {
        targets::keras_read(text.as_bytes());
    }
}

#[test]
fn weights_are_not_read() {
    let file = corpus().join("keras/keras_lenet5.keras");
    let Some(bytes) = load(&file) else { return };
    let (graph, _) = open("m.keras", &bytes);
    let stored = graph.tensors().filter(|(_, t)| t.is_stored() && t.name.ends_with("kernel"));
    assert_eq!(stored.filter(|(_, t)| t.value.is_none()).count(), 5);
}

#[test]
fn malformed_files_get_their_answer() {
    for (file, kind, part) in
        [("zip_bomb.keras", ErrorKind::Limit, "when unpacked"), ("deep.json", ErrorKind::Limit, "128 levels")]
    {
        let Some(bytes) = load(&corpus().join("malformed").join(file)) else { return };
        let error = read(&Bytes::new(file, bytes)).expect_err(file);
        assert_eq!(error.kind(), kind, "{file}: {error}");
        assert!(error.to_string().contains(part), "{file}: {error}");
    }
}

#[test]
fn mutated_and_cut_files_are_read_or_refused() {
    let names = [
        "keras_nested.keras",
        "keras_nested.h5",
        "keras_nested.json",
        "keras_custom.h5",
        "keras_bilstm.keras",
    ];
    let seeds: Vec<Vec<u8>> = names.iter().filter_map(|n| load(&corpus().join("keras").join(n))).collect();
    if seeds.is_empty() {
        return;
    }
    let mut random = Random(11);
    for round in 0..600 {
        let mut bytes = seeds[round % seeds.len()].clone();
        match round / seeds.len() % 4 {
            0 => bytes.truncate(random.below(bytes.len())),
            1 => {
                let (a, b) = (random.below(bytes.len()), random.below(bytes.len()));
                bytes.drain(a.min(b)..a.max(b).min(a.min(b) + 32));
            }
            _ => {
                for _ in 0..=random.below(8) {
                    let at = random.below(bytes.len());
                    bytes[at] = random.next() as u8;
                }
            }
        }
        targets::keras_read(&bytes);
    }
}
