//! TensorFlow: SavedModel folders, graphs (GraphDef) and meta graphs, in their binary form.
//!
//! # Source
//! <https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf>

pub(crate) mod emit;
mod inline;
pub(crate) mod passes;
pub(crate) mod program;
mod proto;
mod saved;
pub(crate) mod scopes;

use netloom_graph::Graph;

use crate::draft::Draft;
use crate::sniff::has_extension;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The format.
#[derive(Debug)]
pub struct Tensorflow;

impl Format for Tensorflow {
    fn name(&self) -> &'static str {
        "tensorflow"
    }

    fn about(&self) -> &'static str {
        "TensorFlow models: SavedModel folders, frozen graphs (.pb) and meta graphs"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pb", "meta"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if saved::kind(source).is_some() {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let Some(kind) = saved::kind(source) else {
            return Err(Error::new(
                ErrorKind::NotThisFormat,
                "not a tensorflow file: expected a SavedModel, a graph or a meta graph, found other bytes",
            ));
        };
        let saved = saved::read(source, kind)?;
        let mut program = inline::program(&saved)?;
        program.name_inputs();
        emit::infer_types(&mut program)?;
        passes::run(&mut program);
        let scopes = scopes::Scopes::new(&program);
        let mut draft = Draft::new(self.name(), scopes.model().map_or("", scopes::base));
        if !saved.version.is_empty() {
            draft.graph.producer = format!("tensorflow {}", saved.version);
        }
        if program.main.ops.is_empty() {
            draft.warn("", "expected operators that make the results, found none");
        }
        if saved.graphs > 1 {
            draft.note("", format!("one of {} graphs of the file is read", saved.graphs));
        }
        Ok(emit::emit(draft, &program, &scopes)?.finish())
    }
}
