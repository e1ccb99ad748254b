//! The formats that can be read: one file or folder per format, listed in [`FORMATS`].

pub mod caffe;
pub mod coreml;
pub mod darknet;
pub mod dot;
pub mod gguf;
pub mod hugging_face;
pub mod inside;
pub mod json;
pub mod keras;
pub mod loom;
pub mod mxnet;
pub mod onnx;
pub mod openvino;
pub mod safetensors;
pub mod tensorflow;
pub mod tflite;
pub mod torch;
pub mod torch_export;
pub mod torchscript;

use netloom_graph::Graph;

use crate::sniff::{self, Confidence};
use crate::{Error, ErrorKind, Format, Source};

/// Every format, in order of name.
pub static FORMATS: &[&dyn Format] = &[
    &caffe::Caffe,
    &coreml::CoreMl,
    &darknet::Darknet,
    &dot::Dot,
    &gguf::Gguf,
    &hugging_face::HuggingFace,
    &json::Json,
    &keras::Keras,
    &loom::Loom,
    &mxnet::Mxnet,
    &onnx::Onnx,
    &openvino::OpenVino,
    &safetensors::Safetensors,
    &tensorflow::Tensorflow,
    &tflite::Tflite,
    &torch::Torch,
    &torch_export::TorchExport,
    &torchscript::TorchScript,
];

/// Finds out what a source holds and reads it. Shapes are as far as the file declares them.
///
/// # Errors
/// When no format knows the source, or the one that does cannot read it; see [`ErrorKind`].
pub fn read(source: &dyn Source) -> Result<Graph, Error> {
    read_at(source, 0)
}

/// Reads a source inside so many archives.
fn read_at(source: &dyn Source, depth: u32) -> Result<Graph, Error> {
    if source.is_empty() {
        return Err(Error::new(
            ErrorKind::UnknownFormat,
            "the file is empty: expected a model, found 0 bytes",
        ));
    }
    let best = FORMATS.iter().map(|f| (f.sniff(source), *f)).reduce(|a, b| if b.0 > a.0 { b } else { a });
    if let Some((Confidence::Content, format)) = best {
        return format.read(source);
    }
    if let Some(graph) = inside::read(source, depth)? {
        return Ok(graph);
    }
    let known = sniff::recognise(source);
    match (best, known) {
        // A name may lie; well-known first bytes do not.
        (Some((Confidence::Extension, format)), Some(known)) => {
            let ours = file_of(format);
            let error = Error::new(ErrorKind::NotThisFormat, format!("not {ours}: found {}", known.mark))
                .with_hint(format!("the name ends like {ours}, but this is {}", known.what));
            Err(if known.advice.is_empty() { error } else { error.with_hint(known.advice) })
        }
        (Some((Confidence::Extension, format)), None) => format.read(source),
        _ => Err(unknown(known)),
    }
}

fn unknown(known: Option<sniff::Known>) -> Error {
    let message = match known {
        Some(known) if known.is_model => format!("this is {}, which cannot be read", known.what),
        Some(known) => format!("this is {}, not a model", known.what),
        None => "the format is unknown: expected a model file, found bytes of no known kind".to_owned(),
    };
    let error = Error::new(ErrorKind::UnknownFormat, message);
    let error = match known {
        Some(known) if !known.advice.is_empty() => error.with_hint(known.advice),
        _ => error,
    };
    let names: Vec<&str> = FORMATS.iter().map(|f| f.name()).collect();
    error.with_hint(format!("formats that can be read: {}", names.join(", ")))
}

/// `an ONNX file`.
fn file_of(format: &dyn Format) -> String {
    match format.name() {
        "onnx" => "an ONNX file".to_owned(),
        name => format!("a {name} file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    fn check(name: &str, bytes: &[u8], message: &str) {
        let error = read(&Bytes::new(name, bytes)).expect_err(name);
        assert_eq!(error.to_string(), message, "{name}");
    }

    #[test]
    fn what_is_no_model_is_named() {
        check("empty.onnx", b"", "the file is empty: expected a model, found 0 bytes");
        check("a.onnx", b"\x89PNG\r\n\x1a\n1234", "not an ONNX file: found a PNG header");
        check("a.png", b"\x89PNG\r\n\x1a\n1234", "this is a PNG image, not a model");
        check("a.gguf", b"GGUF1234", "damaged at byte 4: expected version 1, 2 or 3, found 875770417");
        check(
            "a.bin",
            b"\x01\x02\x03",
            "the format is unknown: expected a model file, found bytes of no known kind",
        );
    }

    #[test]
    fn names_are_unique_and_in_order() {
        let names: Vec<&str> = FORMATS.iter().map(|f| f.name()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for format in FORMATS {
            assert!(!format.extensions().is_empty() && !format.about().ends_with('.'));
        }
    }
}
