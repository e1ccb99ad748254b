//! Files as sources, and results that appear whole or not at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use netloom::{Bytes, Graph, Source, SourceError};

use crate::failure::Failure;

/// The most bytes read from standard input, which cannot be read piecemeal.
const MAX_STDIN: u64 = 4 << 30;

/// A file that is read piecemeal, never loaded.
struct FileSource {
    name: String,
    folder: PathBuf,
    file: File,
    len: u64,
}

impl FileSource {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder"));
        }
        Ok(Self {
            name: path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            len: meta.len(),
            file,
        })
    }
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&self.file, buf, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset);
        read.map_err(|e| SourceError::new(e.to_string()))
    }

    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        // A model may name files beside itself or below, nowhere else.
        let path = Path::new(path);
        if !path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
            return None;
        }
        Some(Box::new(Self::open(&self.folder.join(path)).ok()?))
    }
}

/// The most bytes of a file that is read whole: a theme, a table of numbers, a picture.
const MAX_WHOLE: u64 = 64 << 20;

/// Reads a small file whole.
pub(crate) fn whole(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |e: &std::io::Error| Failure::io(path, "read", e);
    let file = File::open(path).map_err(|e| fail(&e))?;
    let mut bytes = Vec::new();
    file.take(MAX_WHOLE + 1).read_to_end(&mut bytes).map_err(|e| fail(&e))?;
    if bytes.len() as u64 > MAX_WHOLE {
        return Err(Failure::input(format!("{}: expected at most {MAX_WHOLE} bytes", path.display())));
    }
    Ok(bytes)
}

/// Reads a small text file whole.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    utf8(path, whole(path)?)
}

/// A model that was read.
#[derive(Debug)]
pub struct Model {
    /// What it is.
    pub graph: Graph,
    /// What it came from, such as `resnet18.onnx`.
    pub file: String,
    /// What to call it: a file's name is what its owner calls the model; empty where the model's own name is the next
    /// best.
    pub name: String,
}

impl Model {
    /// Reads a model of any known format from any source.
    ///
    /// # Errors
    /// When the source is no model, is damaged, or passes a limit.
    pub fn read(source: &dyn Source) -> Result<Self, Failure> {
        let graph = netloom::read(source)?;
        let file = source.name().to_owned();
        let name = file.split('.').next().unwrap_or_default().to_owned();
        Ok(Self { graph, file, name })
    }
}

/// Reads the model at a path, or from standard input when the path is `-`.
///
/// # Errors
/// When there is no such file, or it is no model, is damaged, or passes a limit.
pub fn open(path: &Path) -> Result<Model, Failure> {
    const STDIN: &str = "standard input";
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(MAX_STDIN)
            .read_to_end(&mut bytes)
            .map_err(|e| Failure::io(path, "read", &e))?;
        let model = Model::read(&Bytes::new(STDIN, bytes)).map_err(|e| e.about(STDIN))?;
        return Ok(Model { name: String::new(), ..model });
    }
    let about = |e: Failure| e.about(&path.display().to_string());
    if path.is_dir() {
        let inside = inside(path).map_err(about)?;
        let source = FileSource::open(&path.join(inside)).map_err(|e| Failure::io(path, "read", &e))?;
        let model = Model::read(&source).map_err(about)?;
        // The folder is the model; the file inside is called the same in every folder.
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let file = whole.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let name = file.split('.').next().unwrap_or_default().to_owned();
        return Ok(Model { file, name, ..model });
    }
    let source = FileSource::open(path).map_err(|e| Failure::io(path, "read", &e))?;
    Model::read(&source).map_err(about)
}

/// The most files of a folder that are looked at.
const MAX_FILES: usize = 4096;

/// The file that makes a folder a model.
fn inside(folder: &Path) -> Result<String, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|e| Failure::io(folder, "read", &e))?;
    let files = entries.take(MAX_FILES).flatten().filter(|e| e.path().is_file());
    let names: Vec<String> = files.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    netloom::import::folder::choose(&names, |path| folder.join(path).is_file())
        .map_err(|e| Failure::from(netloom::Error::from(e)))
}

/// Where the files are that options name: a folder of the disk, with texts beside that stand for files.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    path: PathBuf,
    given: BTreeMap<String, Vec<u8>>,
}

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), given: BTreeMap::new() }
    }

    /// Files that are on no disk, by name; all others are named from the current folder on.
    pub fn given(given: BTreeMap<String, Vec<u8>>) -> Self {
        Self { path: PathBuf::new(), given }
    }

    pub(crate) fn at(self, path: &Path) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name) || Path::new(name).exists()
    }

    /// A small file, named from the current folder on.
    pub(crate) fn whole(&self, name: &str) -> Result<Vec<u8>, Failure> {
        self.given.get(name).map_or_else(|| whole(Path::new(name)), |bytes| Ok(bytes.clone()))
    }

    /// A small file in this folder, else one named from the current folder on.
    pub(crate) fn beside(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let beside = self.path.join(name);
        if beside.exists() { whole(&beside) } else { self.whole(name) }
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        utf8(Path::new(name), self.whole(name)?)
    }
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes)
        .map_err(|e| Failure::input(format!("{}: expected UTF-8 text: {e}", path.display())))
}

/// Writes a result to a file by way of a temporary file beside it, or to standard output when the path is `-`.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path == Path::new("-") {
        let mut out = std::io::stdout().lock();
        return out.write_all(bytes).and_then(|()| out.flush()).map_err(|e| Failure::io(path, "write", &e));
    }
    let fail = |e: &std::io::Error| Failure::io(path, "write", e);
    let name =
        path.file_name().ok_or_else(|| Failure::usage(format!("`{}` names no file", path.display())))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|e| {
        // The reason is what matters; a temporary file that cannot be removed either is left.
        let _ = std::fs::remove_file(&temporary);
        fail(&e)
    })
}
