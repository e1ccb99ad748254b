//! Files of `torch.save` and of TorchScript agree with the truth of the corpus, and damaged ones never panic.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and fails by panicking"
)]

mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use netloom_graph::summary::summary;
use netloom_graph::{Graph, ModuleKind, infer};
use netloom_import::{Bytes, read};
use serde_json::Value;

fn models() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models")).to_owned();
    if !root.join("truth.json").exists() {
        println!("skipped: no corpus at {}", root.display());
        return None;
    }
    Some(root)
}

fn open(root: &Path, file: &str) -> Graph {
    let bytes = std::fs::read(root.join(file)).unwrap();
    let mut graph = read(&Bytes::new(file, bytes)).unwrap_or_else(|e| panic!("{file}: {e}"));
    infer::infer(&mut graph);
    graph
}

/// The files of this test with their facts and those of their models.
fn each(mut check: impl FnMut(&str, Graph, &Value, &Value)) {
    let Some(root) = models() else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(root.join("truth.json")).unwrap()).unwrap();
    for (file, facts) in truth["files"].as_object().unwrap() {
        let is_ours = file.starts_with("torch/") || file.ends_with(".bin");
        if is_ours && !file.ends_with(".pt2") && !file.ends_with(".safetensors") {
            let model = &truth["models"][facts["model"].as_str().unwrap()];
            check(file, open(&root, file), facts, model);
        }
    }
}

#[test]
fn parameters_and_buffers() {
    let mut seen = 0;
    each(|file, graph, facts, model| {
        seen += 1;
        let found = summary(&graph);
        assert_eq!(Some(found.parameters), model["params_total"].as_u64(), "{file}");
        let names_trained = graph.format == "torchscript" || file.contains("whole_module");
        if names_trained {
            assert_eq!(found.trainable_parameters, model["params_trainable"].as_u64(), "{file}");
        } else {
            assert_eq!(found.trainable_parameters, None, "{file}: a state dict does not say");
        }
        if let Some(tensors) = facts["tensors"].as_u64() {
            let stored: Vec<u64> = graph
                .tensors()
                .filter_map(|(_, t)| t.weight.as_ref().map(|w| w.shape.elements().unwrap()))
                .collect();
            assert_eq!(stored.len() as u64, tensors, "{file}");
            assert_eq!(Some(stored.iter().sum()), facts["elements"].as_u64(), "{file}");
        }
    });
    assert!(seen == 0 || seen > 15, "{seen}");
}

#[test]
fn traced_networks_cost_what_they_cost() {
    each(|file, graph, _, model| {
        if file.contains(".trace.") {
            let found = summary(&graph);
            assert_eq!(found.macs, model["macs"]["reference"]["value"].as_u64(), "{file}");
            let outputs: Vec<Value> = graph
                .outputs
                .iter()
                .map(|t| {
                    graph
                        .tensor(*t)
                        .ty
                        .shape()
                        .dims()
                        .unwrap()
                        .iter()
                        .map(|d| d.as_known().unwrap())
                        .collect()
                })
                .collect();
            assert_eq!(&Value::from(outputs), &model["output_shapes"], "{file}");
        }
    });
}

#[test]
fn module_trees() {
    each(|file, graph, _, model| {
        if graph.format != "torchscript" && !file.contains("whole_module") {
            return;
        }
        let modules: Vec<_> = graph.modules().filter(|(_, m)| m.kind == ModuleKind::Module).collect();
        assert_eq!(Some(modules.len() as u64), model["modules"].as_u64(), "{file}");
        let mut leaves: BTreeMap<String, u64> = BTreeMap::new();
        for (_, module) in &modules {
            if module.children.is_empty() {
                *leaves.entry(module.class.clone().unwrap()).or_default() += 1;
            }
        }
        let leaves: Value =
            leaves.into_iter().map(|(k, v)| (k, Value::from(v))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(&leaves, &model["leaf_types"], "{file}");
        let top = graph.module(graph.root());
        assert_eq!(top.class.as_deref(), model["class"].as_str(), "{file}");
    });
}

#[test]
fn nothing_in_a_pickle_is_run() {
    let Some(root) = models() else { return };
    let bytes = std::fs::read(root.join("malformed/evil_pickle.pt")).unwrap();
    let error = read(&Bytes::new("evil_pickle.pt", bytes)).unwrap_err();
    assert_eq!(error.to_string(), "refused: names the global os.system");
    assert!(!Path::new("netloom_pickle_was_executed.marker").exists());
}

#[test]
fn code_in_a_few_lines() {
    let check = |body: &str, expected: &str| {
        let code = format!(
            "class Net(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n{body}"
        );
        let objects: &[u8] = b"\x80\x02c__torch__\nNet\n)\x81}X\x08\0\0\0training\x89sb.";
        let zip = targets::stored_zip(&[
            ("n/data.pkl", objects),
            ("n/constants.pkl", b"\x80\x02)."),
            ("n/code/__torch__.py", code.as_bytes()),
        ]);
        let found = match read(&Bytes::new("n.pt", zip)) {
            Ok(graph) => graph.nodes().map(|(_, n)| n.op.clone()).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{body}");
    };
    let forward =
        |lines: &str| format!("  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n{lines}");
    check(&forward("    return torch.relu(x)\n"), "Relu");
    check(
        &forward("    y = x\n    for i in range(3):\n      y = torch.relu(y)\n    return y\n"),
        "Relu Relu Relu",
    );
    check(
        &forward(
            "    if self.training:\n      y = torch.relu(x)\n    else:\n      y = torch.tanh(x)\n    return y\n",
        ),
        "Tanh",
    );
    check(
        &forward(
            "    if torch.gt(torch.dim(x), 9):\n      ops.prim.RaiseException(\"no\")\n    return torch.relu(x)\n",
        ),
        "Relu",
    );
    check(
        &forward(
            "    _0 = annotate(List[Tensor], [])\n    for i in range(torch.size(x, 0)):\n      \
            _1 = torch.append(_0, torch.relu(x))\n    return torch.stack(_0)\n",
        ),
        "Relu Loop",
    );
    check(
        &forward("    a, b, = torch.split(x, [1, 2], 1)\n    return torch.cat([a, b], 1)\n"),
        "Split Concat",
    );
    check(&forward("    return (self).g(x, )\n  def g(self, x: Tensor):\n    return torch.neg(x)\n"), "Neg");
    check(&forward("    return torch.my_own_op(x)\n"), "my_own_op");
    check(&forward("    return (self).forward(x, )\n"), "calls of the code nest more than 160 deep");
    check(
        &forward("    return (x\n"),
        "`n/code/__torch__.py` of the archive: damaged at byte 153: expected `)`, found the end of a line",
    );
}

#[test]
fn damaged_files_are_read_or_refused() {
    let Some(root) = models() else { return };
    let seeds: Vec<Vec<u8>> = [
        "lenet5.trace.torchscript.pt",
        "siamese.trace.torchscript.pt",
        "lenet5.state_dict.legacy.pt",
        "vgg16.state_dict.pt",
    ]
    .iter()
    .map(|f| std::fs::read(root.join("torch").join(f)).unwrap())
    .collect();
    let mut state = 5_u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let (mut good, mut bad) = (0, 0);
    for round in 0..400 {
        let mut bytes = seeds[round % seeds.len()].clone();
        if round % 3 == 0 {
            bytes.truncate(random(bytes.len()));
        } else {
            // Objects and code stand at the front, the list of members at the end.
            for _ in 0..8 {
                let near = random(4096.min(bytes.len()));
                let at = if random(2) == 0 { near } else { bytes.len() - 1 - near };
                bytes[at] = random(256) as u8;
            }
        }
        match read(&Bytes::new("m.pt", bytes)) {
            Ok(_) => good += 1,
            Err(error) => {
                bad += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    println!("{good} read, {bad} refused");
    assert!(good > 0 && bad > 0);
}

#[test]
fn hostile_code_ends() {
    for text in [
        "class Net(Module):\n  def forward(self, x):\n    while True:\n      y = torch.relu(x)\n    return y\n",
        "class Net(Module):\n  def forward(self, x):\n    return torch.relu(torch.size(x)[99999999999999])\n",
        "class Net(Module):\n  def forward(self, x):\n    a = [1]\n    for i in range(200):\n      a = torch.add(a, a)\n    return x\n",
        "class Net(Module):\n  def forward(self, x):\n    return torch.unbind(x, 0)[0] if x else CONSTANTS.c99\n",
        "def f(",
        "class",
    ] {
        targets::torchscript_read(text.as_bytes());
    }
    let deep = format!(
        "class Net(Module):\n  def forward(self, x):\n    return {}x{}\n",
        "torch.relu(".repeat(900),
        ")".repeat(900)
    );
    targets::torchscript_read(deep.as_bytes());
    for n in 0..60 {
        targets::pickle_read(
            &b"\x80\x02]q\0(h\0h\0e}q\x01(h\0h\x01ucm\nC\n)\x81h\x01b(h\0h\x01t."[..n.min(37)],
        );
    }
}
