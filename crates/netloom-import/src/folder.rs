//! Models that are folders: which file inside is the one to read.

use crate::formats::FORMATS;
use crate::{Error, ErrorKind};

/// Files that make a folder a model, the surest first, by their paths inside: TensorFlow's SavedModel, Core ML's
/// package, and what Hugging Face keeps in a folder.
pub const CANDIDATES: &[&str] = &[
    "saved_model.pb",
    "Data/com.apple.CoreML/model.mlmodel",
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "config.json",
];

/// The most file names that an error lists.
const MAX_LISTED: usize = 8;

/// Chooses the file of a folder to read: the first of [`CANDIDATES`] that is there, else the only file of a kind that
/// can be read by its name. `names` are the files directly inside; `has` says whether a path inside is a file.
///
/// ```
/// use netloom_import::folder::choose;
///
/// let names = ["fingerprint.pb".to_owned(), "saved_model.pb".to_owned()];
/// assert_eq!(choose(&names, |path| path == "saved_model.pb").expect("a model"), "saved_model.pb");
/// ```
///
/// # Errors
/// When no file or more than one looks like a model; the message lists those that do.
pub fn choose(names: &[String], has: impl Fn(&str) -> bool) -> Result<String, Error> {
    if let Some(found) = CANDIDATES.iter().find(|path| has(path)) {
        return Ok((*found).to_owned());
    }
    let readable = |name: &&String| {
        let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
        end.is_some_and(|end| FORMATS.iter().any(|f| f.extensions().contains(&end.as_str())))
    };
    let mut models: Vec<&String> = names.iter().filter(readable).collect();
    models.sort();
    match models.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Error::new(
            ErrorKind::UnknownFormat,
            format!("expected a model in the folder, found none among {} files", names.len()),
        )
        .with_hint(format!("a folder is a model when it holds one of: {}", CANDIDATES.join(", ")))),
        several => {
            let listed: Vec<&str> = several.iter().take(MAX_LISTED).map(|n| n.as_str()).collect();
            let more = if several.len() > MAX_LISTED { ", …" } else { "" };
            Err(Error::new(
                ErrorKind::UnknownFormat,
                format!(
                    "expected one model in the folder, found {}: {}{more}",
                    several.len(),
                    listed.join(", ")
                ),
            )
            .with_hint("give the path of one of them"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_a_folder() {
        let check = |files: &[&str], expected: &str| {
            let names: Vec<String> =
                files.iter().filter(|f| !f.contains('/')).map(|f| (*f).to_owned()).collect();
            let found = choose(&names, |path| files.contains(&path)).unwrap_or_else(|e| e.to_string());
            assert_eq!(found, expected, "{files:?}");
        };
        check(&["fingerprint.pb", "saved_model.pb", "keras_metadata.pb"], "saved_model.pb");
        check(
            &["Manifest.json", "Data/com.apple.CoreML/model.mlmodel"],
            "Data/com.apple.CoreML/model.mlmodel",
        );
        check(&["config.json", "model.safetensors", "tokenizer.json"], "model.safetensors");
        check(&["README.md", "Net.ONNX"], "Net.ONNX");
        check(&["a.txt"], "expected a model in the folder, found none among 1 files");
        check(&["b.onnx", "a.tflite"], "expected one model in the folder, found 2: a.tflite, b.onnx");
    }
}
