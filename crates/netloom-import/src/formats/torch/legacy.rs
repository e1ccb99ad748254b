//! Files of PyTorch from before ZIP archives: pickles in a row, and tar archives.
//!
//! # Source
//! `_legacy_load` in `torch/serialization.py` of PyTorch.

use std::collections::BTreeMap;

use super::container::Container;
use crate::archive::tar;
use crate::pickle::tensor::{Place, Tensor};
use crate::pickle::{Item, Pickle, Value};
use crate::source::take;
use crate::{Error, Source};

/// The most tensors or storages of a tar archive.
const MAX_TENSORS: i64 = 1_000_000;

/// The most dimensions of a tensor.
const MAX_RANK: i32 = 64;

/// Five pickles: a magic number, a version, facts of the machine, the objects, the names of storages; then each
/// storage as its number of elements and its bytes.
pub(super) fn pickles(source: &dyn Source) -> Result<Container<'_>, Error> {
    let mut at = 0;
    for _ in 0..3 {
        at = Pickle::read(source, at)?.end;
    }
    let objects = Pickle::read(source, at)?;
    let keys = Pickle::read(source, objects.end)?;
    let widths = widths(&objects);
    let mut places = BTreeMap::new();
    let mut at = keys.end;
    for key in keys.list(keys.root).unwrap_or(&[]) {
        let Some(key) = keys.text(*key) else { continue };
        let head = take(source, at, 8)?;
        // A file that was cut short keeps its names and dimensions.
        let Some(elements) = head.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else { break };
        let Some(len) = widths.get(key).and_then(|w| elements.checked_mul(*w)) else { break };
        let start = at + 8;
        let Some(end) = start.checked_add(len).filter(|end| *end <= source.len()) else { break };
        places.insert(key.to_owned(), (start, len));
        at = end;
    }
    Ok(Container::raw(objects, "row of pickles", Some(places)))
}

/// How many bytes an element of each storage has.
fn widths(pickle: &Pickle) -> BTreeMap<String, u64> {
    let mut widths = BTreeMap::new();
    for item in pickle.items() {
        let Item::Persistent(id) = item else { continue };
        let Some([_, class, key, ..]) = pickle.list(*id) else { continue };
        let Some(key) = pickle.text(*key) else { continue };
        let bits = pickle.storage_type(*class).and_then(netloom_graph::DType::bits).unwrap_or(8);
        widths.insert(key.to_owned(), u64::from(bits).div_ceil(8));
    }
    widths
}

/// Three members: `storages` and `tensors`, each a count and then a pickle and raw numbers per piece, and `pickle`.
pub(super) fn tar(source: &dyn Source) -> Result<Container<'_>, Error> {
    let members = tar::members(source)?;
    let member = |name: &str| {
        let found = members.iter().find(|m| m.name == name);
        found.ok_or_else(|| Error::damaged(0, format_args!("expected a member `{name}`, found none")))
    };
    let (storages, tensors, objects) = (member("storages")?, member("tensors")?, member("pickle")?);

    let part = storages.open(source);
    let mut types: BTreeMap<String, (Option<netloom_graph::DType>, u64, u64)> = BTreeMap::new();
    let count = Pickle::read(&part, 0)?;
    let mut at = count.end;
    for _ in 0..count.int(count.root).unwrap_or(0).min(MAX_TENSORS) {
        let facts = Pickle::read(&part, at)?;
        let Some([key, _, class]) = facts.list(facts.root) else { break };
        let Some(key) = name(&facts, *key) else { break };
        let dtype = facts.storage_type(*class);
        let width = u64::from(dtype.and_then(netloom_graph::DType::bits).unwrap_or(8)).div_ceil(8);
        let head = take(&part, facts.end, 8)?;
        let Some(elements) = head.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else { break };
        let Some(len) = elements.checked_mul(width) else { break };
        let start = facts.end + 8;
        types.insert(key, (dtype, start, len));
        let Some(end) = start.checked_add(len) else { break };
        at = end;
    }

    let part = tensors.open(source);
    let mut found = BTreeMap::new();
    let count = Pickle::read(&part, 0)?;
    let mut at = count.end;
    for _ in 0..count.int(count.root).unwrap_or(0).min(MAX_TENSORS) {
        let facts = Pickle::read(&part, at)?;
        let Some([key, storage, _]) = facts.list(facts.root) else { break };
        let (Some(key), Some(storage)) = (name(&facts, *key), name(&facts, *storage)) else { break };
        let head = take(&part, facts.end, 8)?;
        let Some(rank) = head.first_chunk::<4>().map(|b| i32::from_le_bytes(*b)) else { break };
        if !(0..=MAX_RANK).contains(&rank) {
            break;
        }
        let rank = usize::try_from(rank).unwrap_or(0);
        let bytes = take(&part, facts.end + 8, (2 * rank + 1) * 8)?;
        let numbers: Vec<i64> =
            bytes.chunks_exact(8).filter_map(|c| c.first_chunk()).map(|c| i64::from_le_bytes(*c)).collect();
        if numbers.len() <= 2 * rank {
            break;
        }
        at = facts.end + 8 + (numbers.len() * 8) as u64;
        let (dtype, ..) = types.get(&storage).copied().unwrap_or_default();
        found.insert(
            key,
            Tensor {
                dtype,
                dims: numbers[..rank].to_vec(),
                strides: numbers[rank..2 * rank].to_vec(),
                place: Some(Place::Storage { key: storage, elements: 0, offset: numbers[2 * rank] }),
                parameter: None,
                requires_grad: None,
                quantized: false,
                sparse: false,
            },
        );
    }
    let pickle = Pickle::read(&objects.open(source), 0)?;
    let places =
        types.into_iter().map(|(key, (_, start, len))| (key, (storages.start + start, len))).collect();
    let mut container = Container::raw(pickle, "tar archive", Some(places));
    container.tensors = found;
    Ok(container)
}

fn name(pickle: &Pickle, value: Value) -> Option<String> {
    match value {
        Value::Int(n) => Some(n.to_string()),
        value => pickle.text(value).map(str::to_owned),
    }
}
