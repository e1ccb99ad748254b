//! HDF5 over a [`Source`]: groups, the shapes of their datasets and texts of attributes; data is never read.
//!
//! The reader of HDF5 wants storage that it may keep and share, a source is neither. So the storage is a set of pages
//! that have been read so far: a request for others fails, is remembered, answered from the source, and tried again.
//!
//! # Source
//! <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>, read by the crate `hdf5-reader`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_reader::error::Error as HdfError;
use hdf5_reader::group::Group;
use hdf5_reader::messages::datatype::Datatype;
use hdf5_reader::storage::{Storage, StorageBuffer};
use hdf5_reader::{Attribute, Hdf5File, OpenOptions};
use netloom_graph::DType;

use crate::error::Grouped;
use crate::source::take;
use crate::{Error, Source};

/// The bytes that files of HDF5 begin with.
pub const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The most bytes of descriptions that are read: trees, headers and attributes of very large models have a few million.
pub const MAX_BYTES: u64 = 256 << 20;

/// The most groups and datasets.
pub const MAX_OBJECTS: usize = 500_000;

/// The deepest nesting of groups.
pub const MAX_DEPTH: usize = 64;

const PAGE: u64 = 16 << 10;

/// An HDF5 file whose descriptions are read as they are asked for.
pub struct Hdf<'a> {
    source: &'a dyn Source,
    pages: Arc<Pages>,
    file: Hdf5File,
}

/// A group and all below it.
#[derive(Clone, Default, Debug)]
pub struct Folder {
    /// Texts of attributes.
    pub texts: BTreeMap<String, Vec<String>>,
    /// Element types and shapes of datasets.
    pub data: BTreeMap<String, (Option<DType>, Vec<u64>)>,
    /// Groups inside.
    pub folders: BTreeMap<String, Folder>,
}

impl Folder {
    /// The folder at a path of names separated by slashes.
    pub fn at(&self, path: &str) -> Option<&Folder> {
        path.split('/').filter(|p| !p.is_empty()).try_fold(self, |at, name| at.folders.get(name))
    }

    /// The dataset at a path of names separated by slashes.
    pub fn dataset(&self, path: &str) -> Option<&(Option<DType>, Vec<u64>)> {
        match path.rsplit_once('/') {
            Some((folder, name)) => self.at(folder)?.data.get(name),
            None => self.data.get(path),
        }
    }

    /// An attribute of several texts, which Keras cuts into `name0`, `name1` and so on where it is long.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        if let Some(whole) = self.texts.get(name) {
            return Some(whole.clone());
        }
        let parts: Vec<&Vec<String>> = (0..).map_while(|i| self.texts.get(&format!("{name}{i}"))).collect();
        (!parts.is_empty()).then(|| parts.into_iter().flatten().cloned().collect())
    }
}

impl<'a> Hdf<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn open(source: &'a dyn Source) -> Result<Self, Error> {
        let pages = Arc::new(Pages { len: source.len(), ..Pages::default() });
        let file = attempt(source, &pages, || {
            let options = OpenOptions {
                max_chunk_bytes: 1 << 20,
                max_read_bytes: 1 << 20,
                max_object_header_bytes: 32 << 20,
                ..OpenOptions::default()
            };
            Hdf5File::from_storage_with_options(Arc::clone(&pages) as Arc<dyn Storage>, options)
        })?;
        Ok(Self { source, pages, file })
    }

    /// The root and all below it, without the folders of these names at the top.
    ///
    /// # Errors
    /// When the file is damaged or passes a limit.
    pub fn read(&self, without: &[&str]) -> Result<Folder, Error> {
        let root = self.attempt(|| self.file.root_group())?;
        let mut walk = Walk { hdf: self, objects: 0, seen: BTreeSet::new() };
        walk.folder(&root, 0, without)
    }

    fn attempt<T>(&self, f: impl FnMut() -> Result<T, HdfError>) -> Result<T, Error> {
        attempt(self.source, &self.pages, f)
    }
}

struct Walk<'h, 'a> {
    hdf: &'h Hdf<'a>,
    objects: usize,
    /// Addresses of the groups on the way: links may lead back.
    seen: BTreeSet<u64>,
}

impl Walk<'_, '_> {
    fn folder(&mut self, group: &Group, depth: usize, without: &[&str]) -> Result<Folder, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::limit(format!("groups of the HDF5 file nest more than {MAX_DEPTH} deep")));
        }
        let mut folder = Folder::default();
        if !self.seen.insert(group.address()) {
            return Ok(folder);
        }
        let (groups, datasets) = self.hdf.attempt(|| group.members())?;
        self.objects += 1 + groups.len() + datasets.len();
        if self.objects > MAX_OBJECTS {
            let most = Grouped(MAX_OBJECTS as u64);
            return Err(Error::limit(format!("the HDF5 file has more than {most} groups and datasets")));
        }
        for attribute in self.hdf.attempt(|| group.attributes())? {
            if let Some(texts) = texts(&attribute) {
                folder.texts.insert(attribute.name.clone(), texts);
            }
        }
        for dataset in datasets {
            let facts = (dtype(dataset.dtype()), dataset.shape().to_vec());
            folder.data.insert(dataset.name().to_owned(), facts);
        }
        for inner in groups.iter().filter(|g| depth > 0 || !without.contains(&g.name())) {
            let read = self.folder(inner, depth + 1, &[])?;
            folder.folders.insert(inner.name().to_owned(), read);
        }
        self.seen.remove(&group.address());
        Ok(folder)
    }
}

fn texts(attribute: &Attribute) -> Option<Vec<String>> {
    attribute.read_strings().or_else(|_| attribute.read_string().map(|s| vec![s])).ok()
}

fn dtype(datatype: &Datatype) -> Option<DType> {
    match datatype {
        Datatype::FloatingPoint { size: 2, .. } => Some(DType::Float16),
        Datatype::FloatingPoint { size: 4, .. } => Some(DType::Float32),
        Datatype::FloatingPoint { size: 8, .. } => Some(DType::Float64),
        Datatype::FixedPoint { size: 1, signed: true, .. } => Some(DType::Int8),
        Datatype::FixedPoint { size: 2, signed: true, .. } => Some(DType::Int16),
        Datatype::FixedPoint { size: 4, signed: true, .. } => Some(DType::Int32),
        Datatype::FixedPoint { size: 8, signed: true, .. } => Some(DType::Int64),
        Datatype::FixedPoint { size: 1, .. } => Some(DType::UInt8),
        Datatype::FixedPoint { size: 2, .. } => Some(DType::UInt16),
        Datatype::FixedPoint { size: 4, .. } => Some(DType::UInt32),
        Datatype::FixedPoint { size: 8, .. } => Some(DType::UInt64),
        Datatype::Enum { .. } => Some(DType::Bool),
        _ => None,
    }
}

/// What has been read so far.
#[derive(Default)]
struct Pages {
    len: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<u64, Vec<u8>>,
    missing: BTreeSet<u64>,
    bytes: u64,
}

impl Storage for Pages {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer, HdfError> {
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len);
        let Some(end) = end else {
            return Err(HdfError::OffsetOutOfBounds(offset));
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { pages, missing, .. } = &mut *state;
        if len as u64 > MAX_BYTES {
            return Err(HdfError::OffsetOutOfBounds(offset));
        }
        let wanted = offset / PAGE..end.div_ceil(PAGE);
        let before = missing.len();
        missing.extend(wanted.clone().filter(|p| !pages.contains_key(p)));
        if missing.len() > before {
            return Err(HdfError::OffsetOutOfBounds(offset));
        }
        let mut bytes = Vec::with_capacity(len);
        for (number, page) in wanted.filter_map(|n| pages.get(&n).map(|p| (n, p))) {
            let start = number * PAGE;
            let from = offset.saturating_sub(start).min(page.len() as u64) as usize;
            let to = end.saturating_sub(start).min(page.len() as u64) as usize;
            bytes.extend_from_slice(page.get(from..to).unwrap_or_default());
        }
        if bytes.len() < len {
            return Err(HdfError::OffsetOutOfBounds(offset));
        }
        Ok(StorageBuffer::from_vec(bytes))
    }
}

/// Does something until all pages that it needs are there.
fn attempt<T>(
    source: &dyn Source,
    pages: &Pages,
    mut f: impl FnMut() -> Result<T, HdfError>,
) -> Result<T, Error> {
    loop {
        let result = f();
        let mut state = pages.state.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = std::mem::take(&mut state.missing);
        if missing.is_empty() {
            return result.map_err(|e| {
                Error::damaged(0, format_args!("expected an HDF5 file, found that {e}"))
                    .with_hint("the file may be cut short: fetch or copy it again")
            });
        }
        for page in missing {
            let bytes = take(source, page * PAGE, PAGE as usize)?;
            state.bytes += bytes.len() as u64;
            if state.bytes > MAX_BYTES {
                let most = Grouped(MAX_BYTES);
                return Err(Error::limit(format!(
                    "the HDF5 file has more than {most} bytes of descriptions"
                )));
            }
            state.pages.insert(page, bytes);
        }
    }
}
