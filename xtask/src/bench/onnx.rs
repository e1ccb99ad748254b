//! ONNX files made for measuring: long chains of operators, and a huge weight that takes no room on the disk.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

/// Appends a field that holds a number.
fn number(to: &mut Vec<u8>, field: u64, value: u64) {
    varint(to, field << 3);
    varint(to, value);
}

/// Appends a field that holds bytes.
fn bytes(to: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(to, field << 3 | 2);
    varint(to, value.len() as u64);
    to.extend_from_slice(value);
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        to.push(value.to_le_bytes()[0] | 128);
        value >>= 7;
    }
    to.push(value.to_le_bytes()[0]);
}

/// A residual chain of at least `n` operators: blocks of two convolutions, two activations and a sum.
pub fn chain(n: usize) -> Vec<u8> {
    let mut graph = Vec::new();
    let mut trunk = "x".to_owned();
    for block in 0..n.div_ceil(5) {
        let name = |part: &str| format!("/layer{}/block{block}/{part}", block / 8);
        for (part, op, inputs) in [
            ("conv1", "Conv", vec![trunk.clone(), name("conv1.weight")]),
            ("relu1", "Relu", vec![name("conv1")]),
            ("conv2", "Conv", vec![name("relu1"), name("conv2.weight")]),
            ("add", "Add", vec![name("conv2"), trunk.clone()]),
            ("relu2", "Relu", vec![name("add")]),
        ] {
            let mut node = Vec::new();
            for input in inputs {
                bytes(&mut node, 1, input.as_bytes());
            }
            bytes(&mut node, 2, name(part).as_bytes());
            bytes(&mut node, 3, name(part).as_bytes());
            bytes(&mut node, 4, op.as_bytes());
            if op == "Conv" {
                let mut pads = Vec::new();
                bytes(&mut pads, 1, b"pads");
                for _ in 0..4 {
                    number(&mut pads, 8, 1);
                }
                number(&mut pads, 20, 7);
                bytes(&mut node, 5, &pads);
            }
            bytes(&mut graph, 1, &node);
        }
        for part in ["conv1.weight", "conv2.weight"] {
            let mut weight = tensor(&name(part), &[64, 64, 3, 3]);
            // Kept outside the file, so that only the graph is measured.
            let mut place = Vec::new();
            bytes(&mut place, 1, b"location");
            bytes(&mut place, 2, b"weights.bin");
            bytes(&mut weight, 13, &place);
            number(&mut weight, 14, 1);
            bytes(&mut graph, 5, &weight);
        }
        trunk = name("relu2");
    }
    bytes(&mut graph, 2, b"chain");
    bytes(&mut graph, 11, &value("x", &[1, 64, 56, 56]));
    bytes(&mut graph, 12, &value(&trunk, &[]));

    let mut model = Vec::new();
    number(&mut model, 1, 8);
    bytes(&mut model, 2, b"netloom-bench");
    bytes(&mut model, 7, &graph);
    let mut opset = Vec::new();
    number(&mut opset, 2, 17);
    bytes(&mut model, 8, &opset);
    model
}

/// The start of a tensor of 32-bit floats, without its numbers.
fn tensor(name: &str, dims: &[u64]) -> Vec<u8> {
    let mut tensor = Vec::new();
    for dim in dims {
        number(&mut tensor, 1, *dim);
    }
    number(&mut tensor, 2, 1);
    bytes(&mut tensor, 8, name.as_bytes());
    tensor
}

/// A graph input or output of 32-bit floats.
fn value(name: &str, dims: &[u64]) -> Vec<u8> {
    let mut shape = Vec::new();
    for dim in dims {
        let mut known = Vec::new();
        number(&mut known, 1, *dim);
        bytes(&mut shape, 1, &known);
    }
    let mut tensor_type = Vec::new();
    number(&mut tensor_type, 1, 1);
    if !dims.is_empty() {
        bytes(&mut tensor_type, 2, &shape);
    }
    let mut type_ = Vec::new();
    bytes(&mut type_, 1, &tensor_type);
    let mut value = Vec::new();
    bytes(&mut value, 1, name.as_bytes());
    bytes(&mut value, 2, &type_);
    value
}

/// Writes a model with one more weight of `elements` floats behind it, as a hole in the file: protobuf merges a second
/// `graph` field into the first.
///
/// # Errors
/// When the file cannot be written.
pub fn with_huge_weight(path: &Path, model: &[u8], elements: u64) -> std::io::Result<()> {
    let raw = 4 * elements;
    // Each level's tag and length, from the inside out.
    let mut weight = tensor("huge", &[elements]);
    varint(&mut weight, 9 << 3 | 2);
    varint(&mut weight, raw);
    let mut graph = Vec::new();
    varint(&mut graph, 5 << 3 | 2);
    varint(&mut graph, weight.len() as u64 + raw);
    graph.extend(weight);
    let mut end = Vec::new();
    varint(&mut end, 7 << 3 | 2);
    varint(&mut end, graph.len() as u64 + raw);
    end.extend(graph);

    let mut file = File::create(path)?;
    file.write_all(model)?;
    file.write_all(&end)?;
    let there = file.stream_position()?;
    file.set_len(there + raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_files_are_read() {
        let read =
            |bytes: Vec<u8>| netloom_import::read(&netloom_import::Bytes::new("made.onnx", bytes)).unwrap();
        let mut graph = read(chain(50));
        netloom_graph::infer::infer(&mut graph);
        assert_eq!(graph.nodes().len(), 50);
        let output = graph.outputs[0];
        assert_eq!(graph.tensor(output).ty.shape().to_string(), "1×64×56×56");

        let path = std::env::temp_dir().join(format!("netloom-huge-{}.onnx", std::process::id()));
        with_huge_weight(&path, &chain(50), 1000).unwrap();
        let graph = read(std::fs::read(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        let huge = graph.tensors().find(|(_, t)| t.name == "huge").unwrap().1;
        assert_eq!(huge.ty.shape().to_string(), "1000");
    }
}
