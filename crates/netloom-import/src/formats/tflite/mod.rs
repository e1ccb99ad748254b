//! TensorFlow Lite: models for small devices, as flatbuffers.
//!
//! # Source
//! <https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs>

mod flat;
mod model;
mod names;
mod operators;
mod options;
mod translate;

use netloom_graph::Graph;

use super::tensorflow::{emit, passes, program, scopes};
use crate::draft::Draft;
use crate::sniff::has_extension;
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The format.
#[derive(Debug)]
pub struct Tflite;

/// What stands at byte 4 of every file.
const MARK: &[u8] = b"TFL3";

impl Format for Tflite {
    fn name(&self) -> &'static str {
        "tflite"
    }

    fn about(&self) -> &'static str {
        "TensorFlow Lite (LiteRT) models, plain or quantised"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tflite", "lite"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if take(source, 4, 4).is_ok_and(|mark| mark == MARK) {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let mark = take(source, 4, 4)?;
        if mark != MARK {
            let found = String::from_utf8_lossy(&mark).into_owned();
            return Err(Error::new(
                ErrorKind::NotThisFormat,
                format!("not a tflite file: expected `TFL3` at byte 4, found {found:?}"),
            ));
        }
        let mut model = model::read(source)?;
        model.program.name_inputs();
        names::clean(&mut model.program);
        passes::run(&mut model.program);
        let scopes = scopes::Scopes::new(&model.program);
        let mut draft = Draft::new(self.name(), scopes.model().map_or("", scopes::base));
        draft.graph.producer = model.producer;
        for remark in model.remarks {
            draft.note("", remark);
        }
        Ok(emit::emit(draft, &model.program, &scopes)?.finish())
    }
}
