//! Safetensors: tensors agree with the truth beside them, and networks of configurations with what transformers builds.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netloom_graph::summary::summary;
use netloom_graph::{Graph, Role, Severity, infer};
use netloom_import::formats::safetensors::{read_header, weights};
use netloom_import::templates::with_config;
use netloom_import::{Bytes, ErrorKind, Source, SourceError, read};

/// A file with the files beside it.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl File {
    fn open(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), bytes: std::fs::read(path).ok()? })
    }
}

impl Source for File {
    fn name(&self) -> &str {
        self.path.file_name().unwrap().to_str().unwrap()
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        Bytes::new("", &self.bytes).read_at(offset, buf)
    }

    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        Some(Box::new(Self::open(&self.path.with_file_name(path))?))
    }
}

fn open(path: &Path) -> Graph {
    let mut graph = read(&File::open(path).unwrap()).unwrap();
    infer::infer(&mut graph);
    graph
}

fn corpus() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).to_owned();
    if !root.join("truth.json").exists() {
        println!("skipped: no corpus at {}", root.display());
        return None;
    }
    Some(root)
}

fn warnings(graph: &Graph) -> Vec<&str> {
    let odd = graph.diagnostics.iter().filter(|d| d.severity != Severity::Note);
    odd.map(|d| d.message.as_str()).collect()
}

#[test]
fn parameters_and_trees_equal_the_truth() {
    let Some(root) = corpus() else { return };
    let truth: serde_json::Value =
        serde_json::from_slice(&std::fs::read(root.join("truth.json")).unwrap()).unwrap();
    let mut seen = 0;
    for (file, facts) in truth["files"].as_object().unwrap() {
        let format = facts["format"].as_str().unwrap_or_default();
        if !["safetensors", "safetensors index"].contains(&format) || file.contains("-of-") {
            continue;
        }
        seen += 1;
        let model = &truth["models"][facts["model"].as_str().unwrap()];
        let graph = open(&root.join(file));
        assert_eq!(warnings(&graph), Vec::<&str>::new(), "{file}");
        let found = summary(&graph).parameters;
        assert_eq!(Some(found), model["params_total"].as_u64(), "{file}");
        let modules: BTreeMap<&str, Option<&str>> =
            graph.modules().map(|(_, m)| (m.path.as_str(), m.class.as_deref())).collect();
        for row in model["layer_shapes"]["rows"].as_array().into_iter().flatten() {
            let (path, class) = (row["path"].as_str().unwrap(), row["type"].as_str().unwrap());
            if row["own_params"].as_u64() > Some(0) {
                assert_eq!(modules.get(path), Some(&Some(class)), "{file}: {path}");
            }
        }
        for repeat in model["repeats"].as_array().into_iter().flatten() {
            let container = repeat["container"].as_str().unwrap();
            let (_, module) = graph.modules().find(|(_, m)| m.path == container).unwrap();
            assert_eq!(Some(module.children.len() as u64), repeat["count"].as_u64(), "{file}: {container}");
        }
    }
    assert!(seen >= 4, "{seen} files");
}

#[test]
fn a_shard_alone_and_a_configuration_alone_say_what_they_are() {
    let Some(root) = corpus() else { return };
    let shard = open(&root.join("hf/gpt2_small/model-00001-of-00002.safetensors"));
    assert!(warnings(&shard)[0].contains("does not fit the network"), "{:?}", warnings(&shard));
    assert_eq!(summary(&shard).parameters, 62_418_432);
    let bytes = std::fs::read(root.join("hf/bert_tiny/config.json")).unwrap();
    let graph = read(&Bytes::new("config.json", bytes)).unwrap();
    assert_eq!(summary(&graph).parameters, 50_656);
    assert!(
        graph.diagnostics.iter().any(|d| d.message.contains("no weights were there to check it against"))
    );
}

#[test]
fn damaged_headers_are_told() {
    let Some(root) = corpus() else { return };
    let huge = read(&File::open(&root.join("malformed/huge_header.safetensors")).unwrap()).unwrap_err();
    assert!(huge.to_string().contains("expected a header of 1 152 921 504 606 846 976 bytes"), "{huge}");
    let overlapping = open(&root.join("malformed/overlapping_offsets.safetensors"));
    assert!(warnings(&overlapping).iter().any(|w| w.contains("overlap")), "{:?}", warnings(&overlapping));
    assert!(
        warnings(&overlapping).iter().any(|w| w.contains("ends at byte")),
        "{:?}",
        warnings(&overlapping)
    );
}

/// Where the tree of a template is that of the names in files, which the classes of transformers 5 rename when loading:
/// the model and a part of the paths that differ.
const OTHER_TREES: &[(&str, &str)] = &[
    ("bart", "model.shared"),
    ("distilbert_masked_lm", "mlm_loss_fct"),
    ("distilbert_masked_lm", "activation"),
    ("mixtral", ".mlp"),
    ("qwen2_moe", ".mlp"),
    ("qwen3_moe", ".mlp"),
    ("t5", "shared"),
    ("t5", "relative_attention_bias"),
    ("vit", "vit.layers"),
    ("whisper", "decoder.embed_positions"),
];

#[test]
fn networks_of_configurations_are_those_of_transformers() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hugging_face"));
    let mut seen = 0;
    for folder in std::fs::read_dir(root).unwrap().map(|f| f.unwrap().path()).filter(|f| f.is_dir()) {
        seen += 1;
        let model = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let graph = open(&folder.join("model.safetensors"));
        assert_eq!(warnings(&graph), Vec::<&str>::new(), "{model}");
        let truth = std::fs::read_to_string(folder.join("modules.txt")).unwrap();
        let mut lines = truth.lines();
        let parameters: u64 = lines.next().unwrap().rsplit_once(' ').unwrap().1.parse().unwrap();
        assert_eq!(summary(&graph).parameters, parameters, "{model}");

        // Every tensor of the file is a weight of one layer at least, but for the bias that is always zero.
        let file = File::open(&folder.join("model.safetensors")).unwrap();
        let mut held: Vec<String> = read_header(&file).unwrap().entries.into_iter().map(|e| e.name).collect();
        held.retain(|name| name != "final_logits_bias");
        held.sort();
        let of_graph = graph.tensors().filter(|(_, t)| {
            let role = t.weight.as_ref().and_then(|w| w.role);
            t.is_stored() && role != Some(Role::Buffer) && !t.consumers.is_empty()
        });
        let mut used: Vec<String> = of_graph.map(|(_, t)| t.name.clone()).collect();
        used.sort();
        assert_eq!(used, held, "{model}");

        let modules: BTreeMap<&str, Option<&str>> =
            graph.modules().map(|(_, m)| (m.path.as_str(), m.class.as_deref())).collect();
        for (path, class) in lines.map(|l| l.split_once(' ').unwrap()) {
            let other = OTHER_TREES.iter().any(|(m, part)| model.starts_with(m) && path.contains(part));
            if other || class.ends_with("Dropout") || class.ends_with("RotaryEmbedding") {
                continue;
            }
            let expected = (class != "ModuleList").then_some(class);
            assert_eq!(modules.get(path), Some(&expected), "{model}: {path}");
        }
        for tensor in &graph.outputs {
            assert!(graph.tensor(*tensor).ty.shape().rank().is_some(), "{model}");
        }
    }
    assert_eq!(seen, 25);
}

#[test]
fn a_file_of_another_network_is_shown_without_one() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hugging_face"));
    let config = |model: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(root.join(model).join("config.json")).unwrap()).unwrap()
    };
    let check = |model: &str, change: &dyn Fn(&mut serde_json::Value), expected: &str| {
        let file = File::open(&root.join(model).join("model.safetensors")).unwrap();
        let mut config = config(model);
        change(&mut config);
        let graph = with_config(&config, weights(&file).unwrap()).unwrap();
        assert!(warnings(&graph).iter().any(|w| w.contains(expected)), "{model}: {:?}", warnings(&graph));
    };
    check("llama", &|c| c["hidden_size"] = 64.into(), "have other dimensions");
    check("llama", &|c| c["model_type"] = "llamba".into(), "no template for networks of the type `llamba`");
    check("llama", &|c| c["num_hidden_layers"] = 4.into(), "does not fit the network");
    check("llama", &|c| c["num_hidden_layers"] = 1.into(), "have no place");
    check("llama", &|c| c["num_hidden_layers"] = 1_000_000_000.into(), "needs a text of more than");
    check("llama", &|c| c["num_attention_heads"] = 0.into(), "no sound network");
    check("llama", &|c| c["intermediate_size"] = (-3).into(), "no sound network");
    check("llama", &|c| c["vocab_size"] = "9) > linear(9".into(), "no number");
    check(
        "llama",
        &|c| c["vocab_size"] = 98.into(),
        "weights whose dimensions differ: model.embed_tokens.weight is 99×32 in the file",
    );
    check("llama", &|c| *c = serde_json::json!({}), "names no `model_type`");
    check("bart", &|c| c["vocab_size"] = serde_json::json!([1]), "no number");
}

/// A file of that header.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn what_is_wrong_in_a_header_is_said() {
    let check = |header: &str, data: usize, expected: &str| {
        let found = match read(&Bytes::new("m.safetensors", file(header, data))) {
            Ok(graph) => warnings(&graph).join("|"),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{header}: {found}");
    };
    check(
        r#"{"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 20]}}"#,
        20,
        "expected 24 bytes of `a`",
    );
    check(r#"{"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 2]}}"#, 2, "element type `F99`");
    check(r#"{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}"#, 8, "damaged at byte");
    check(r#"{"a": {"dtype": "U8", "shape": [2], "data_offsets": [5, 3]}}"#, 9, "before it begins");
    check(r#"{"a": 1}"#, 0, "damaged at byte");
    check(
        r#"{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}"#,
        1,
        "twice",
    );
    let most = u64::MAX;
    let wide =
        format!(r#"{{"a": {{"dtype": "F64", "shape": [{most}, {most}], "data_offsets": [0, {most}]}}}}"#);
    check(&wide, 8, "ends at byte");
    let deep = format!("{{\"a\": {}1", "[".repeat(10_000));
    check(&deep, 0, "damaged at byte");
}

#[test]
fn cut_files_are_read_or_refused() {
    let whole = file(
        r#"{"__metadata__": {"format": "pt"}, "h.0.w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#,
        8,
    );
    for n in 0..whole.len() {
        if let Err(error) = read(&Bytes::new("m.safetensors", &whole[..n])) {
            assert!(error.kind() != ErrorKind::Source && !error.to_string().is_empty());
        }
        let mut bytes = whole.clone();
        bytes[n] ^= 0x15;
        let _ = read(&Bytes::new("m.safetensors", bytes)).map(|g| g.nodes().len());
    }
    assert!(read(&Bytes::new("m", whole)).is_ok());
}
