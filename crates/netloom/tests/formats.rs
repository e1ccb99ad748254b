//! The same model through different formats gives the same figure: layers, sizes, wiring and folds, as a text figure
//! of `paper` detail says them.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads models, says what it skips, and fails by panicking"
)]

use std::path::{Path, PathBuf};

use netloom::{Bytes, FigureOptions, Graph, Source, SourceError, read, text_figure};

/// A file with the files beside it.
struct Beside {
    file: Bytes,
    folder: PathBuf,
}

impl Beside {
    fn open(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(Self { file: Bytes::new(name, std::fs::read(path).ok()?), folder: path.parent()?.to_owned() })
    }
}

impl Source for Beside {
    fn name(&self) -> &str {
        self.file.name()
    }

    fn len(&self) -> u64 {
        self.file.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        self.file.read_at(offset, buf)
    }

    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        Some(Box::new(Self::open(&self.folder.join(path))?))
    }
}

fn corpus() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/models"));
    if root.is_dir() {
        return Some(root.to_owned());
    }
    println!("skipped: the corpus {} is not here", root.display());
    None
}

fn open(root: &Path, file: &str) -> Graph {
    let source = Beside::open(&root.join(file)).unwrap_or_else(|| panic!("{file} is there"));
    read(&source).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// One row of a text figure: its wires and layer, and the size of what it makes.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    layer: String,
    size: String,
}

/// The rows of the figure; names of inputs and outputs, norms that exporters fold away, masks that only some formats
/// spell out and softmaxes of wrappers are left out.
fn rows(graph: &Graph) -> Vec<Row> {
    let options = FigureOptions { style: "layered".to_owned(), ..FigureOptions::default() };
    let text = text_figure(graph, &options, false).expect("a figure");
    let mut out = Vec::new();
    for line in text.lines().skip(3) {
        let mut columns = line.split("  ").map(str::trim).filter(|c| !c.is_empty());
        let (wires, words) = split_wires(line);
        let mut words = words.split("  ").map(str::trim).filter(|c| !c.is_empty());
        let layer = words.next().unwrap_or_default();
        let size = words.next().unwrap_or_default();
        let layer = if wires.contains('○') { "" } else { layer };
        let layer = without_class(&layer.replace(" | BN", "").replace(" ‹mask›", ""));
        let size = if size.contains('×') || size.parse::<u64>().is_ok() { size } else { "" };
        out.push(Row { layer: format!("{wires} {layer}").trim().to_owned(), size: size.to_owned() });
        let _ = columns.next();
    }
    out
}

/// A frame's title without the class of its module, which only some files have.
fn without_class(layer: &str) -> String {
    match layer.split_once(" · ") {
        Some((path, rest)) => {
            let after = rest.find(' ').map_or("", |at| &rest[at..]);
            format!("{path}{after}")
        }
        None => layer.to_owned(),
    }
}

/// The drawn wires at the left of a line, and the rest.
fn split_wires(line: &str) -> (String, &str) {
    let end = line.find(|c: char| !"○●■⊕⊗⊖│├┤┬┴┼─╮╯╰╭◦·+×⊘ ".contains(c)).unwrap_or(line.len());
    let (wires, rest) = line.split_at(end);
    (wires.chars().filter(|c| !c.is_whitespace()).collect(), rest)
}

/// Whether sizes agree as far as both know them: a symbol agrees with anything.
fn agree(a: &str, b: &str) -> bool {
    let parts = |s: &str| s.split('×').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(a), parts(b));
    let free = |s: &String| s.parse::<u64>().is_err();
    a.len() == b.len() && a.iter().zip(&b).all(|(x, y)| x == y || free(x) || free(y))
        || a.iter().all(free)
        || b.iter().all(free)
}

/// The first row in which two figures differ.
fn difference(a: &[Row], b: &[Row]) -> Option<String> {
    let n = a.len().max(b.len());
    (0..n).find_map(|i| match (a.get(i), b.get(i)) {
        (Some(a), Some(b)) if a.layer == b.layer && agree(&a.size, &b.size) => None,
        (a, b) => Some(format!("row {i}: {a:?} and {b:?}")),
    })
}

/// Files that hold the same network, the first being what the others are compared with.
const MODELS: &[&[&str]] = &[
    &[
        "onnx/bert_tiny.dynamo.op20.onnx",
        "torch/bert_tiny.pt2",
        "torch/bert_tiny.trace.torchscript.pt",
        "hf/bert_tiny/model.safetensors",
    ],
    &[
        "onnx/bert_base.ts.op17.onnx",
        "onnx/bert_base.dynamo.op18.onnx",
        "onnx/bert_base.dynamo.op18.dynamic.onnx",
        "hf/bert_base/model.safetensors",
        "hf/bert_base/pytorch_model.bin",
    ],
    &[
        "onnx/gpt2_small.ts.op17.onnx",
        "onnx/gpt2_small.dynamo.op18.onnx",
        "hf/gpt2_small/model.safetensors.index.json",
    ],
    &["torch/gru_seq2seq.pt2", "onnx/gru_seq2seq.ts.op17.onnx", "torch/gru_seq2seq.script.torchscript.pt"],
    &[
        "torch/lenet5.pt2",
        "onnx/lenet5.ts.op17.onnx",
        "onnx/lenet5.dynamo.op18.onnx",
        "onnx/lenet5.ts.op17.dynamic.onnx",
        "onnx/lenet5.dynamo.op18.dynamic.onnx",
        "torch/lenet5.trace.torchscript.pt",
        "torch/lenet5.script.torchscript.pt",
    ],
    &[
        "torch/lstm_classifier.pt2",
        "onnx/lstm_classifier.ts.op17.onnx",
        "onnx/lstm_classifier.ts.op17.dynamic.onnx",
        "torch/lstm_classifier.script.torchscript.pt",
    ],
    &[
        "torch/resnet18.pt2",
        "onnx/resnet18.ts.op17.onnx",
        "onnx/resnet18.dynamo.op20.onnx",
        "onnx/resnet18.ts.op17.training.onnx",
        "torch/resnet18.trace.torchscript.pt",
    ],
    &["onnx/resnet50.dynamo.op18.onnx", "onnx/resnet50.ts.op19.onnx"],
    &[
        "torch/siamese.pt2",
        "onnx/siamese.ts.op17.onnx",
        "onnx/siamese.dynamo.op18.onnx",
        "torch/siamese.trace.torchscript.pt",
    ],
    &["onnx/squeezenet1_1.ts.op17.onnx", "torch/squeezenet1_1.trace.torchscript.pt"],
    &["onnx/unet.ts.op19.onnx", "onnx/unet.dynamo.op18.onnx", "torch/unet.script.torchscript.pt"],
    &["torch/unet_small.pt2", "onnx/unet_small.dynamo.op18.onnx"],
    &["onnx/vae.dynamo.op18.onnx", "torch/vae.script.torchscript.pt"],
    &["onnx/vit_b_16.ts.op17.onnx", "onnx/vit_b_16.dynamo.op20.onnx"],
    &["keras/keras_bilstm.keras", "keras/keras_bilstm.json", "tflite/keras_bilstm.tflite"],
    &["keras/keras_custom.keras", "keras/keras_custom.json", "keras/keras_custom.h5"],
    &[
        "keras/keras_efficientnetb0.keras",
        "keras/keras_efficientnetb0.json",
        "tflite/keras_efficientnetb0.tflite",
    ],
    &[
        "keras/keras_lenet5.keras",
        "keras/keras_lenet5.json",
        "keras/keras_lenet5.h5",
        "keras/keras_lenet5.savedmodel/saved_model.pb",
        "tflite/keras_lenet5.tflite",
        "tflite/keras_lenet5.int8.tflite",
    ],
    &[
        "keras/keras_mlp.keras",
        "keras/keras_mlp.json",
        "keras/keras_mlp.h5",
        "keras/keras_mlp.savedmodel/saved_model.pb",
        "tflite/keras_mlp.tflite",
    ],
    &[
        "keras/keras_mobilenetv3.keras",
        "keras/keras_mobilenetv3.json",
        "keras/keras_mobilenetv3.h5",
        "tflite/keras_mobilenetv3.tflite",
        "tflite/keras_mobilenetv3.int8.tflite",
    ],
    &[
        "keras/keras_multi_io.keras",
        "keras/keras_multi_io.json",
        "keras/keras_multi_io.h5",
        "tflite/keras_multi_io.tflite",
    ],
    &[
        "keras/keras_nested.keras",
        "keras/keras_nested.json",
        "keras/keras_nested.h5",
        "tflite/keras_nested.tflite",
    ],
];

/// Files whose figure differs from the first of their model, and why. A file that no longer differs fails the test.
const DIFFER: &[(&str, &str)] = &[
    ("onnx/bert_base.dynamo.op18.dynamic.onnx", "the exporter makes the mask an input when sizes are free"),
    (
        "onnx/gru_seq2seq.ts.op17.onnx",
        "the cell reads what its formula does, without a box for the concatenation",
    ),
    ("torch/gru_seq2seq.script.torchscript.pt", "how often its loop runs is in no file"),
    ("tflite/keras_bilstm.tflite", "the converter writes recurrent layers as loops over lists"),
    ("tflite/keras_efficientnetb0.tflite", "the converter folds the scaling of the input"),
    ("tflite/keras_lenet5.int8.tflite", "inputs and outputs are quantised in steps of their own"),
    ("tflite/keras_mobilenetv3.int8.tflite", "inputs and outputs are quantised in steps of their own"),
    (
        "tflite/keras_multi_io.tflite",
        "the converter orders inputs by name and writes recurrent layers as loops",
    ),
];

#[test]
fn one_figure_per_model() {
    let Some(root) = corpus() else { return };
    let mut wrong = Vec::new();
    for files in MODELS {
        let first = rows(&open(&root, files[0]));
        for file in &files[1..] {
            let found = difference(&first, &rows(&open(&root, file)));
            let known = DIFFER.iter().find(|(name, _)| name == file);
            match (found, known) {
                (Some(difference), None) => wrong.push(format!("{file} against {}: {difference}", files[0])),
                (None, Some((_, reason))) => wrong.push(format!("{file} no longer differs: {reason}")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} figures\n{}", wrong.len(), wrong.join("\n"));
}
