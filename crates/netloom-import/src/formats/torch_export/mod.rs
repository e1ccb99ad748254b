//! Programs exported by PyTorch (`torch.export`): `.pt2` archives of either layout, and the description alone.
//!
//! An archive holds a JSON text with the graph of `aten` operators, their types and the modules they were called in,
//! and the weights beside it, of which only places and sizes are read. Live models come as the same text with one more
//! key, `netloom`, that says what the text alone cannot.
//!
//! # Source
//! <https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/schema.py>

mod alias;
mod build;
mod facts;
mod nodes;
mod place;
mod schema;
#[cfg(test)]
mod tests;
mod types;
mod values;

use std::collections::BTreeMap;

use netloom_graph::{Elements, Graph, Storage, Value};

use crate::archive::zip::{Member, Zip};
use crate::error::Grouped;
use crate::sniff::{has_extension, json_keys};
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source};
use facts::Payload;

/// The most bytes of the JSON text.
pub const MAX_JSON: u64 = 512 << 20;

/// The most bytes of the list of stored weights.
const MAX_LIST: u64 = 64 << 20;

/// The description in archives of PyTorch 2.1 to 2.7.
const OLDER: &str = "serialized_exported_program.json";

/// Programs of `torch.export` as a format.
pub struct TorchExport;

impl Format for TorchExport {
    fn name(&self) -> &'static str {
        "torch-export"
    }

    fn about(&self) -> &'static str {
        "a program exported by PyTorch with torch.export"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pt2"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        if Zip::is(source) {
            let found = Zip::open(source).is_ok_and(|zip| {
                let mut names = zip.members().iter().map(|m| m.name.as_str());
                names.any(|n| is_description(n) || n == OLDER || is_compiled(n))
            });
            if found {
                return Confidence::Content;
            }
        } else if json_keys(source).iter().any(|k| k == "graph_module") {
            return Confidence::Content;
        }
        if has_extension(source, self.extensions()) { Confidence::Extension } else { Confidence::No }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let stem = source.name().rsplit_once('.').map_or(source.name(), |(stem, _)| stem);
        if !Zip::is(source) {
            if source.len() > MAX_JSON {
                return Err(too_long(source.len()));
            }
            let bytes = take(source, 0, usize::try_from(source.len()).unwrap_or(usize::MAX))?;
            return build::graph(parse(&bytes)?, stem, &BTreeMap::new());
        }
        let zip = Zip::open(source)?;
        let mut found: Vec<&Member> = zip.members().iter().filter(|m| is_description(&m.name)).collect();
        found.extend(zip.member(OLDER));
        let Some(member) = found.first() else { return Err(nothing(&zip)) };
        if member.size > MAX_JSON {
            return Err(too_long(member.size));
        }
        let program = parse(&zip.bytes(member, MAX_JSON)?)?;
        let mut graph = build::graph(program, stem, &payloads(&zip, &member.name)?)?;
        if found.len() > 1 {
            let others: Vec<&str> = found[1..].iter().map(|m| m.name.as_str()).collect();
            graph.diagnostics.push(netloom_graph::Diagnostic::note(
                "",
                format!("the archive holds further programs, not shown: {}", others.join(", ")),
            ));
        }
        Ok(graph)
    }
}

/// `NAME/models/MODEL.json`.
fn is_description(name: &str) -> bool {
    let mut parts = name.rsplit('/');
    let file = parts.next().unwrap_or_default();
    file.ends_with(".json") && parts.next() == Some("models") && parts.count() <= 1
}

fn is_compiled(name: &str) -> bool {
    name.contains("data/aotinductor/")
}

fn nothing(zip: &Zip<'_>) -> Error {
    if zip.members().iter().any(|m| is_compiled(&m.name)) {
        return Error::new(
            ErrorKind::NotThisFormat,
            "this is a package of AOTInductor: compiled code, which has no graph to show",
        )
        .with_hint("draw the program it was compiled from: save it by torch.export.save");
    }
    Error::new(ErrorKind::NotThisFormat, "expected a program (models/NAME.json) in the archive, found none")
        .with_hint("torch.export.save writes such archives")
}

fn too_long(bytes: u64) -> Error {
    Error::limit(format!(
        "expected a description of at most {} bytes, found {}",
        Grouped(MAX_JSON),
        Grouped(bytes)
    ))
}

fn parse(bytes: &[u8]) -> Result<schema::Program, Error> {
    serde_json::from_slice(bytes).or_else(|e| {
        // Early versions wrote infinite numbers as Python does.
        if let Some(program) = quoted(bytes).and_then(|text| serde_json::from_slice(&text).ok()) {
            return Ok(program);
        }
        let lines = bytes.split_inclusive(|b| *b == b'\n').take(e.line().saturating_sub(1));
        let offset = lines.map(<[u8]>::len).sum::<usize>().saturating_add(e.column()).min(bytes.len());
        let text = e.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text);
        Err(Error::damaged(offset as u64, format_args!("expected a program of torch.export, found {text}")))
    })
}

/// The text with `Infinity` and `NaN` in quotes; `None` when there are none.
fn quoted(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at, mut inside, mut found) = (Vec::new(), 0, false, false);
    while let Some(byte) = bytes.get(at) {
        let word = ["-Infinity", "Infinity", "NaN"]
            .iter()
            .find(|w| !inside && bytes[at..].starts_with(w.as_bytes()));
        if let Some(word) = word {
            out.extend(format!("\"{word}\"").into_bytes());
            at += word.len();
            found = true;
            continue;
        }
        let escaped = inside && *byte == b'\\';
        inside ^= *byte == b'"';
        out.extend(&bytes[at..(at + 1 + usize::from(escaped)).min(bytes.len())]);
        at += 1 + usize::from(escaped);
    }
    found.then_some(out)
}

/// What the archive stores, by the name it has in the program.
fn payloads(zip: &Zip<'_>, description: &str) -> Result<BTreeMap<String, Payload>, Error> {
    let Some((folder, file)) = description.rsplit_once("models/") else { return Ok(BTreeMap::new()) };
    let model = file.strip_suffix(".json").unwrap_or(file);
    let mut all = BTreeMap::new();
    let by_name: BTreeMap<&str, &Member> = zip.members().iter().map(|m| (m.name.as_str(), m)).collect();
    for kind in ["weights", "constants"] {
        let list = format!("{folder}data/{kind}/{model}_{kind}_config.json");
        let Some(list) = by_name.get(list.as_str()) else { continue };
        let Ok(config) = serde_json::from_slice::<schema::Payloads>(&zip.bytes(list, MAX_LIST)?) else {
            continue;
        };
        for (name, meta) in config.config {
            let path = format!("{folder}data/{kind}/{}", meta.path_name);
            let member = by_name.get(path.as_str()).copied();
            let place = member.and_then(|m| zip.place(m));
            let storage = place.map_or(Storage::Absent, |(offset, len)| Storage::Inline { offset, len });
            let value = member.filter(|_| !meta.use_pickle).and_then(|m| small(zip, m, &meta));
            all.insert(name, Payload { path, storage, value, meta });
        }
    }
    Ok(all)
}

/// The elements of a short list of whole numbers: positions and masks, on which shapes and pictures may depend.
fn small(zip: &Zip<'_>, member: &Member, meta: &schema::PayloadMeta) -> Option<Value> {
    let tensor = meta.tensor_meta.as_ref()?;
    let dtype = types::dtype(tensor.dtype)?;
    let wide = match dtype {
        netloom_graph::DType::Int64 => 8,
        netloom_graph::DType::Int32 => 4,
        netloom_graph::DType::Bool => 1,
        _ => return None,
    };
    let dims: Option<Vec<usize>> = tensor.sizes.iter().map(|s| usize::try_from(s.known()?).ok()).collect();
    let dims = dims?;
    let count = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d))?;
    let bytes = count.checked_mul(wide)?;
    if count > netloom_graph::value::MAX_ELEMENTS || member.size != bytes as u64 {
        return None;
    }
    let bytes = zip.bytes(member, bytes as u64).ok()?;
    let number = |b: &[u8]| {
        let mut all = [if wide > 1 && b.last().is_some_and(|b| *b >= 128) { 0xff } else { 0 }; 8];
        all[..b.len()].copy_from_slice(b);
        netloom_graph::Dim::Known(i64::from_le_bytes(all))
    };
    let elements: Vec<_> = bytes.chunks_exact(wide).map(number).collect();
    (elements.len() == count).then_some(Value { dims, elements: Elements::Ints(elements) })
}
