//! The index of a model whose tensors are spread over several files.

use std::collections::BTreeMap;

use netloom_graph::Storage;
use serde::Deserialize;

use super::header;
use crate::source::take;
use crate::templates::Weights;
use crate::weights_only::Entry;
use crate::{Error, ErrorKind, Source};

/// The most files that an index may list.
pub const MAX_SHARDS: usize = 10_000;

/// The most bytes of an index.
const MAX_INDEX: usize = 64 << 20;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The tensors that an index lists; those of absent files have a name only.
///
/// # Errors
/// When the index is no such JSON, lists too many files, or a file that is there is damaged.
pub fn weights(source: &dyn Source) -> Result<Weights, Error> {
    if source.len() > MAX_INDEX as u64 {
        return Err(Error::limit(format!(
            "expected an index of at most {MAX_INDEX} bytes, found {}",
            source.len()
        )));
    }
    let text = take(source, 0, MAX_INDEX)?;
    let index: Index = serde_json::from_slice(&text).map_err(|e| {
        Error::new(ErrorKind::NotThisFormat, format!("expected an index of tensors and files, found {e}"))
    })?;
    let mut shards: BTreeMap<&str, Option<BTreeMap<String, Entry>>> =
        index.weight_map.values().map(|f| (f.as_str(), None)).collect();
    if shards.len() > MAX_SHARDS {
        return Err(Error::limit(format!("expected at most {MAX_SHARDS} files, found {}", shards.len())));
    }
    let mut weights = Weights::new("safetensors", Vec::new());
    let (mut absent, mut bare) = (Vec::new(), Vec::new());
    for (file, slot) in &mut shards {
        let shard = source.sibling(file).filter(|s| header::begins_like_one(&**s));
        let Some(shard) = shard else {
            absent.push(*file);
            continue;
        };
        let header = header::read(&*shard)?;
        if header.is_bare {
            bare.push(*file);
        }
        weights.warnings.extend(header.remarks.into_iter().map(|r| format!("{file}: {r}")));
        *slot = Some(header.entries.into_iter().map(|e| (e.name.clone(), elsewhere(e, file))).collect());
    }
    for (name, file) in &index.weight_map {
        let shard = shards.get_mut(file.as_str()).and_then(Option::as_mut);
        let entry = shard.map(|s| s.remove(name));
        if let Some(None) = entry {
            weights
                .warnings
                .push(format!("the index says that `{name}` is in {file}, which does not hold it"));
        }
        weights.entries.push(entry.flatten().unwrap_or_else(|| Entry::unknown(name)));
    }
    for (file, left) in &shards {
        for name in left.iter().flat_map(BTreeMap::keys) {
            weights.warnings.push(format!("{file} holds `{name}`, which the index does not list"));
        }
    }
    if !absent.is_empty() {
        let message =
            format!("not found beside the index: {}; of their tensors only names are known", few(&absent));
        weights.notes.push(message);
    }
    if !bare.is_empty() {
        weights.notes.push(format!("without data after the header: {}", few(&bare)));
    }
    weights.is_sorted = true;
    Ok(weights)
}

fn elsewhere(mut entry: Entry, file: &str) -> Entry {
    if let Storage::Inline { offset, len } = entry.stored.storage {
        entry.stored.storage = Storage::External { location: file.to_owned(), offset, len: Some(len) };
    }
    entry
}

fn few(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
