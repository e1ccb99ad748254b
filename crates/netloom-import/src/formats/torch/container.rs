//! The files that `torch.save` writes: a pickle, and the bytes of tensors beside it.
//!
//! # Source
//! `torch/serialization.py` of PyTorch: ZIP archives since version 1.6, before that a row of pickles followed by raw
//! bytes, and before version 0.1.10 a tar archive.

use std::collections::BTreeMap;

use netloom_graph::Storage;

use super::legacy;
use crate::archive::tar;
use crate::archive::zip::Zip;
use crate::pickle::tensor::{Place, Tensor};
use crate::pickle::{Item, Pickle};
use crate::source::take;
use crate::{Error, Source};

/// How files begin that are pickles in a row: the number 0x1950a86a20f9469cfc6c.
pub(super) const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// A pickle with the places of its tensors' bytes.
pub(crate) struct Container<'a> {
    /// The objects.
    pub pickle: Pickle,
    /// How the file is put together, in words.
    pub kind: &'static str,
    /// Tensors of tar archives, which stand apart from the objects.
    pub tensors: BTreeMap<String, Tensor>,
    storages: Storages<'a>,
}

enum Storages<'a> {
    Zip { zip: Zip<'a>, folder: String, places: BTreeMap<String, usize> },
    Raw(BTreeMap<String, (u64, u64)>),
    Inside,
}

/// Which of these files a source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Zip,
    Pickles,
    Tar,
    Plain,
}

impl Kind {
    /// What a source is by its first bytes, or its list of members.
    pub fn of(source: &dyn Source) -> Option<Self> {
        if Zip::is(source) {
            let zip = Zip::open(source).ok()?;
            let has = |name| zip.below_top(name).is_some();
            let is_script = has("constants.pkl") || has("bytecode.pkl");
            return (has("data.pkl") && !is_script).then_some(Self::Zip);
        }
        let head = take(source, 0, 64).unwrap_or_default();
        if head.first() == Some(&0x80) && head.get(2..).is_some_and(|rest| rest.starts_with(MAGIC)) {
            return Some(Self::Pickles);
        }
        if begins_like_a_pickle(&head) {
            return Some(Self::Plain);
        }
        if tar::is(source) {
            let members = tar::members(source).ok()?;
            let has = |name: &str| members.iter().any(|m| m.name == name);
            return (has("pickle") && has("storages") && has("tensors")).then_some(Self::Tar);
        }
        None
    }
}

/// A protocol, then an opcode that makes something.
fn begins_like_a_pickle(head: &[u8]) -> bool {
    match head {
        [0x80, 2 | 3, next, ..] => b"(])}cCXKJGMNUTB\x88\x89\x8a".contains(next),
        [0x80, 4 | 5, 0x95, ..] => true,
        _ => false,
    }
}

impl<'a> Container<'a> {
    /// Reads the objects and where everything is.
    ///
    /// # Errors
    /// When the file is damaged or its pickle is refused.
    pub fn open(source: &'a dyn Source) -> Result<Self, Error> {
        match Kind::of(source) {
            Some(Kind::Zip) => Self::zip(source, "data"),
            Some(Kind::Tar) => legacy::tar(source),
            Some(Kind::Pickles) => legacy::pickles(source),
            _ => Ok(Self::raw(Pickle::read(source, 0)?, "plain pickle", None)),
        }
    }

    /// One pickle of a ZIP archive: `data`, `constants` or another.
    pub fn zip(source: &'a dyn Source, name: &str) -> Result<Self, Error> {
        let zip = Zip::open(source)?;
        let file = format!("{name}.pkl");
        let Some(member) = zip.below_top(&file) else {
            return Err(Error::damaged(0, format_args!("expected a member `{file}`, found none")));
        };
        let folder = format!("{}{name}/", member.name.strip_suffix(&file).unwrap_or_default());
        let pickle = Pickle::read(zip.open_member(member)?.as_ref(), 0)?;
        let places = zip.members().iter().enumerate().map(|(i, m)| (m.name.clone(), i)).collect();
        let storages = Storages::Zip { zip, folder, places };
        Ok(Self { pickle, kind: "ZIP archive", tensors: BTreeMap::new(), storages })
    }

    /// A pickle with the storages that were found in the file itself.
    pub fn raw(pickle: Pickle, kind: &'static str, storages: Option<BTreeMap<String, (u64, u64)>>) -> Self {
        let storages = storages.map_or(Storages::Inside, Storages::Raw);
        Self { pickle, kind, tensors: BTreeMap::new(), storages }
    }

    /// The archive, where the file is one.
    pub fn archive(&self) -> Option<&Zip<'a>> {
        match &self.storages {
            Storages::Zip { zip, .. } => Some(zip),
            _ => None,
        }
    }

    /// Where the bytes of a tensor are.
    pub fn place(&self, tensor: &Tensor) -> Storage {
        self.find(tensor).unwrap_or(Storage::Absent)
    }

    fn find(&self, tensor: &Tensor) -> Option<Storage> {
        let (key, from) = match tensor.place.as_ref()? {
            Place::Storage { key, offset, .. } => (key, u64::try_from(*offset).ok()?),
            Place::Inside { offset, len } => {
                let inline = Storage::Inline { offset: *offset, len: *len };
                return (matches!(self.storages, Storages::Inside) && *len > 0).then_some(inline);
            }
        };
        let (start, len) = match &self.storages {
            Storages::Zip { zip, folder, places } => {
                let member = zip.members().get(*places.get(&format!("{folder}{key}"))?)?;
                zip.place(member)?
            }
            Storages::Raw(map) => *map.get(key)?,
            Storages::Inside => return None,
        };
        let width = u64::from(tensor.dtype.and_then(netloom_graph::DType::bits).unwrap_or(8)).div_ceil(8);
        let first = from.checked_mul(width)?;
        // The elements from the first to the last one reached, whatever the strides.
        let last = tensor.dims.iter().zip(&tensor.strides).try_fold(0_u64, |sum, (dim, stride)| {
            let steps = u64::try_from(*dim).ok()?.saturating_sub(1);
            sum.checked_add(steps.checked_mul(u64::try_from(*stride).ok()?)?)
        })?;
        let bytes = if tensor.elements() == Some(0) { 0 } else { last.checked_add(1)?.checked_mul(width)? };
        (first.checked_add(bytes)? <= len).then_some(Storage::Inline { offset: start + first, len: bytes })
    }

    /// Whether the numbers stand with their highest byte first.
    pub fn is_big_endian(&self) -> bool {
        let Storages::Zip { zip, .. } = &self.storages else { return false };
        zip.below_top("byteorder").is_some_and(|m| zip.bytes(m, 16).is_ok_and(|b| b.trim_ascii() == b"big"))
    }

    /// The tensor that a value is, in place or apart.
    pub fn tensor(&self, value: crate::pickle::Value) -> Option<Tensor> {
        if let Some(tensor) = self.pickle.tensor(value) {
            return Some(tensor);
        }
        if self.tensors.is_empty() {
            return None;
        }
        match self.pickle.item(value)? {
            Item::Persistent(id) => {
                let key = match self.pickle.int(*id) {
                    Some(n) => n.to_string(),
                    None => self.pickle.text(*id)?.to_owned(),
                };
                self.tensors.get(&key).cloned()
            }
            // A parameter around such a tensor.
            Item::Object(object) => {
                let given = self.pickle.list(object.state.unwrap_or(object.arguments))?;
                let Item::Persistent(_) = self.pickle.item(*given.first()?)? else { return None };
                let trained = !matches!(given.get(1), Some(crate::pickle::Value::Bool(false)));
                self.tensor(*given.first()?).map(|t| Tensor { parameter: Some(trained), ..t })
            }
            _ => None,
        }
    }
}
