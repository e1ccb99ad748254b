//! TorchScript archives: modules with their weights, and the network from the restricted Python beside them.

mod ast;
mod inputs;
mod lexer;
mod loops;
mod network;
mod objects;
mod ops;
mod parser;
mod program;
mod run;
mod value;

use netloom_graph::Graph;

use crate::archive::zip::Zip;
use crate::{Confidence, Error, Format, Source};

/// TorchScript as a format.
pub struct TorchScript;

impl Format for TorchScript {
    fn name(&self) -> &'static str {
        "torchscript"
    }

    fn about(&self) -> &'static str {
        "modules and code that torch.jit.trace or torch.jit.script wrote"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ptl"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if is_flat_buffer(source) {
            return Confidence::Content;
        }
        if !Zip::is(source) {
            return Confidence::No;
        }
        match Zip::open(source) {
            Ok(zip) if is_archive(&zip) => Confidence::Content,
            _ => Confidence::No,
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if is_flat_buffer(source) {
            return Err(Error::new(
                crate::ErrorKind::NotThisFormat,
                "this is a mobile model as a FlatBuffer: expected a TorchScript archive with code",
            )
            .with_hint(
                "save it with `_save_for_lite_interpreter(path, _use_flatbuffer=False)` or `torch.jit.save`",
            ));
        }
        network::read(source)
    }
}

fn is_flat_buffer(source: &dyn Source) -> bool {
    crate::source::take(source, 4, 4).is_ok_and(|mark| mark == b"PTMF")
}

/// Objects, and code or what is compiled from it.
fn is_archive(zip: &Zip<'_>) -> bool {
    let has = |name: &str| zip.below_top(name).is_some();
    has("data.pkl") && (has("constants.pkl") || has("bytecode.pkl"))
}
