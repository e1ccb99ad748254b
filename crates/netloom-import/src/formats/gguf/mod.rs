//! GGUF: weights by name with settings by key; the network is that of the architecture's template.

mod cursor;
mod header;
mod names;
mod types;

pub use header::{Header, Key, MAX_KEYS, MAX_NAME, MAX_RANK, MAX_TENSORS, read as read_header};
pub use types::{Kind, kind};

use netloom_graph::Graph;

use crate::sniff::has_extension;
use crate::source::take;
use crate::templates::{self, Weights};
use crate::{Confidence, Error, Format, Source};

/// GGUF as a format.
pub struct Gguf;

impl Format for Gguf {
    fn name(&self) -> &'static str {
        "gguf"
    }

    fn about(&self) -> &'static str {
        "weights and settings of language models as llama.cpp keeps them"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["gguf"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if take(source, 0, 4).is_ok_and(|head| head == b"GGUF") {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let header = read_header(source)?;
        let mut weights = Weights::new(self.name(), Vec::new());
        weights.warnings.clone_from(&header.remarks);
        weights.notes = notes(&header);
        let producer = header.text("general.name").unwrap_or_default().to_owned();
        let mut graph = match names::translate(&header) {
            Ok(found) => {
                weights.entries = found.entries;
                let mut graph = templates::with_config_or(&found.config, weights, header.entries())?;
                found.names.give_back(&mut graph);
                graph
            }
            Err(reason) => {
                weights.entries = header.entries();
                weights.warnings.push(reason);
                templates::without_network(weights)?
            }
        };
        graph.name = producer;
        Ok(graph)
    }
}

/// How tensors are stored, and that there may be more files.
fn notes(header: &Header) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for tensor in &header.tensors {
        match counts.iter_mut().find(|(name, _)| *name == tensor.kind.name) {
            Some((_, n)) => *n += 1,
            None => counts.push((tensor.kind.name, 1)),
        }
    }
    let mut notes = Vec::new();
    if counts.iter().any(|(name, _)| kind_is_packed(name)) {
        let all: Vec<String> = counts.iter().map(|(name, n)| format!("{n} as {name}")).collect();
        notes.push(format!("tensors are stored {}", all.join(", ")));
    }
    if let Some(count) = header.int("split.count").filter(|n| *n > 1) {
        let no = header.int("split.no").unwrap_or(0) + 1;
        notes.push(format!("this is file {no} of {count} of a model that is split"));
    }
    notes
}

fn kind_is_packed(name: &str) -> bool {
    types::KINDS.iter().any(|k| k.name == name && k.block > 1)
}
