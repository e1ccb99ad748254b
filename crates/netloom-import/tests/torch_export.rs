//! Programs of torch.export in the model corpus agree with the truth beside them; hostile archives are refused.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "tests read the corpus from disk")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read the truth fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use netloom_graph::summary::summary;
use netloom_graph::{Graph, ModuleId, Role, Severity, infer};
use netloom_import::{Bytes, read};
use serde_json::Value;

mod targets;

fn models() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).to_owned();
    if !root.join("truth.json").exists() {
        println!("skipped: no corpus at {}", root.display());
        return None;
    }
    Some(root)
}

/// Every program of the corpus with what is true of its model.
fn each(check: impl Fn(&str, &Graph, &Value)) {
    let Some(root) = models() else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(root.join("truth.json")).unwrap()).unwrap();
    let mut seen = 0;
    for (file, facts) in truth["files"].as_object().unwrap() {
        if facts["format"] == "pt2" {
            let bytes = std::fs::read(root.join(file)).unwrap();
            let mut graph = read(&Bytes::new(file.as_str(), bytes)).unwrap();
            infer::infer(&mut graph);
            check(file, &graph, &truth["models"][facts["model"].as_str().unwrap()]);
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen} programs");
}

#[test]
fn parameters_buffers_and_multiply_adds() {
    each(|file, graph, model| {
        let found = summary(graph);
        assert_eq!(Some(found.parameters), model["params_total"].as_u64(), "{file}");
        assert_eq!(found.trainable_parameters, model["params_trainable"].as_u64(), "{file}");
        assert_eq!(found.macs, model["macs"]["reference"]["value"].as_u64(), "{file}");
        // The framework counts what it keeps in checkpoints, and beside it tables that it makes anew.
        let buffers = graph.tensors().filter_map(|(_, t)| {
            let weight =
                t.weight.as_ref().filter(|w| w.role == Some(Role::Buffer) && t.name.contains('.'))?;
            let made = t.producer == netloom_graph::Producer::Stored && t.value.is_none();
            weight.shape.elements().filter(|_| made)
        });
        let counted = model["buffer_elements"].as_u64().unwrap();
        assert!(buffers.sum::<u64>() <= counted, "{file}");
        let odd: Vec<_> = graph.diagnostics.iter().filter(|d| d.severity > Severity::Note).collect();
        assert!(odd.is_empty(), "{file}: {odd:?}");
        assert!(graph.nodes().all(|(_, n)| n.layer.is_some()), "{file} has unknown operators");
    });
}

#[test]
fn modules_and_their_classes() {
    each(|file, graph, model| {
        let class = |id: ModuleId| graph.module(id).class.clone();
        assert_eq!(class(graph.root()).as_deref(), model["class"].as_str(), "{file}");
        let mut at_top = BTreeMap::new();
        for row in model["top_level_execution_order"].as_array().unwrap() {
            at_top.insert(row["name"].as_str().unwrap(), row["type"].as_str());
        }
        let never: BTreeSet<&str> =
            model["leaf_modules_never_called"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for (name, class) in at_top {
            let found = graph.child(graph.root(), name);
            let found = found.unwrap_or_else(|| panic!("{file} has no module {name}"));
            assert_eq!(graph.module(found).class.as_deref(), class, "{file} {name}");
        }
        let leaves = graph.modules().filter(|(_, m)| m.children.is_empty()).count() + never.len();
        assert_eq!(Some(leaves as u64), model["leaf_modules"].as_u64(), "{file}");
    });
}

#[test]
fn shapes_of_what_modules_give() {
    each(|file, graph, model| {
        for row in model["layer_shapes"]["rows"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let path = row["path"].as_str().unwrap();
            let Some((id, _)) = graph.modules().find(|(_, m)| m.path == path) else {
                panic!("{file}: {path}")
            };
            let inside = |mut at: ModuleId| loop {
                if at == id {
                    return true;
                }
                match graph.module(at).parent {
                    Some(parent) => at = parent,
                    None => return false,
                }
            };
            let nodes = graph.nodes().filter(|(_, n)| inside(n.module));
            let made: BTreeSet<String> = nodes
                .flat_map(|(_, n)| {
                    n.outputs.iter().flatten().map(|t| graph.tensor(*t).ty.shape().to_string())
                })
                .collect();
            for shape in row["out"].as_array().unwrap() {
                let dims: Vec<String> = shape.as_array().unwrap().iter().map(Value::to_string).collect();
                assert!(made.contains(&dims.join("×")), "{file} {path}: {dims:?} not in {made:?}");
            }
        }
    });
}

#[test]
fn ends_are_named_as_the_author_did() {
    each(|file, graph, model| {
        let names = |ids: &[netloom_graph::TensorId]| -> Vec<String> {
            ids.iter().map(|t| graph.tensor(*t).name.clone()).collect()
        };
        let inputs: Vec<&str> =
            model["inputs"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
        assert_eq!(names(&graph.inputs), inputs, "{file}");
        let outputs = model["output_names"].as_array().unwrap();
        if outputs.len() > 1 {
            let outputs: Vec<&str> = outputs.iter().filter_map(Value::as_str).collect();
            assert_eq!(names(&graph.outputs), outputs, "{file}");
        }
    });
}

#[test]
fn cut_and_changed_archives_are_read_or_refused() {
    let Some(root) = models() else { return };
    let bytes = std::fs::read(root.join("torch/siamese.pt2")).unwrap();
    let mut seed = 7_u64;
    for round in 0..400 {
        let mut bytes = bytes.clone();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
        if round % 4 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << (round % 8);
        }
        targets::torch_export_read(&bytes);
    }
}
