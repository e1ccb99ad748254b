//! Where the workspace is and what texts it holds.

use std::path::{Path, PathBuf};

/// A file of the workspace.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path from the root, with `/` between parts.
    pub path: String,
    /// What it says; empty for what is not text.
    pub text: String,
}

/// The files of a workspace, in order of path. Checks read this and nothing else, so that a test can plant a violation.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// The files.
    pub files: Vec<File>,
}

/// Folders that hold nothing written by hand.
const SKIPPED: &[&str] = &["target", "gallery", "node_modules", "artifacts", "corpus", "__pycache__"];

/// Endings of what counts as text.
const TEXT: &[&str] = &["rs", "toml", "md", "lock", "mjs", "js", "json", "py", "sh", "loom", "html", "css"];

impl Workspace {
    /// Lists every file under the root and reads the texts.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn load() -> Result<Self, String> {
        let root = root();
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            for entry in entries {
                let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                if path.is_dir() {
                    let skipped = SKIPPED.contains(&name.as_str()) || name.starts_with("target-");
                    let hidden = name.starts_with('.') && !matches!(name.as_str(), ".cargo" | ".ci");
                    if !skipped && !hidden {
                        folders.push(path);
                    }
                } else {
                    let mut text = String::new();
                    if is_text(&path) || folder.ends_with(".ci") {
                        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                        text = String::from_utf8_lossy(&bytes).into_owned();
                    }
                    let path = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    files.push(File { path, text });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The text of the file at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|f| f.path == path).map(|f| f.text.as_str())
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|f| f.path.ends_with(".rs"))
    }

    /// A workspace of given texts.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut files: Vec<File> =
            files.iter().map(|(path, text)| File { path: (*path).into(), text: (*text).into() }).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|e| TEXT.contains(&e.to_string_lossy().as_ref()))
}

/// The root of the workspace this binary was built from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The model corpus that lies beside a checkout of the maintainers; absent elsewhere.
pub fn corpus() -> PathBuf {
    root().join("../shared/models/onnx")
}
