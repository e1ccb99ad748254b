//! JSON: the keys of its outermost object, and what well-known files have as keys.

use super::Known;
use crate::Source;
use crate::source::take;

/// How much of a JSON text is looked at to find its keys, in bytes.
const JSON_HEAD: usize = 256 << 10;

/// The most keys of a JSON text that are looked at.
const MAX_KEYS: usize = 64;

/// The keys of the object that a source is, if it is a JSON object, as far as they stand in its first part. The text is
/// not checked otherwise.
pub fn json_keys(source: &dyn Source) -> Vec<String> {
    let head = take(source, 0, 64).unwrap_or_default();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if start.first() != Some(&b'{') {
        return Vec::new();
    }
    keys(&take(source, 0, JSON_HEAD).unwrap_or_default())
}

fn keys(text: &[u8]) -> Vec<String> {
    let (mut found, mut depth, mut text) = (Vec::new(), 0_usize, text.iter());
    let mut last: Option<Vec<u8>> = None;
    while let Some(byte) = text.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let mut string = Vec::new();
                while let Some(b) = text.next().filter(|b| **b != b'"') {
                    string.push(if *b == b'\\' { text.next().copied().unwrap_or(b'?') } else { *b });
                }
                last = Some(string);
            }
            b':' if depth == 1 => {
                let key = last.take().unwrap_or_default();
                found.push(String::from_utf8_lossy(&key).into_owned());
                if found.len() >= MAX_KEYS {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// Keys that all must be there, and what a file with them is.
const TABLE: &[(&[&str], Known)] = &[
    (&["nbformat", "cells"], Known::other("a Jupyter notebook", "a notebook's keys").advise(NOTEBOOK)),
    (
        &["added_tokens", "model"],
        Known::other("a tokenizer (tokenizer.json)", "a tokenizer's keys").advise(BESIDE),
    ),
    (&["tokenizer_class"], Known::other("the settings of a tokenizer", "a tokenizer's keys").advise(BESIDE)),
    (&["bos_token", "eos_token"], Known::other("a list of special tokens", "token names").advise(BESIDE)),
    (
        &["transformers_version", "eos_token_id"],
        Known::other("settings for text generation", "generation keys").advise(BESIDE),
    ),
    (
        &["image_processor_type"],
        Known::other("the settings of an image preprocessor", "preprocessor keys").advise(BESIDE),
    ),
    (
        &["feature_extractor_type"],
        Known::other("the settings of a preprocessor", "preprocessor keys").advise(BESIDE),
    ),
    (&["images", "annotations"], Known::other("a data set in COCO form", "a data set's keys")),
    (&["dependencies", "version"], Known::other("a Node package description", "a package's keys")),
    (&["lockfileVersion"], Known::other("a Node lock file", "a lock file's keys")),
    (&["compilerOptions"], Known::other("a TypeScript configuration", "a configuration's keys")),
    (&["traceEvents"], Known::other("a profile of a run (Chrome trace)", "a trace's keys")),
    (&["learner", "version"], Known::other("an XGBoost model: trees, not a network", "XGBoost keys")),
    (&["optimizer", "scheduler"], Known::other("a training configuration", "a configuration's keys")),
    (
        &["log_history", "best_metric"],
        Known::other("the state of a training run", "a trainer's keys").advise(BESIDE),
    ),
    (&["@context"], Known::other("a description of data (JSON-LD)", "JSON-LD keys")),
    (&["openapi"], Known::other("a description of a web interface (OpenAPI)", "OpenAPI keys")),
    (&["type", "features"], Known::other("a map (GeoJSON)", "GeoJSON keys")),
    (&["asset", "meshes"], Known::other("a 3-D scene (glTF)", "glTF keys")),
];

const BESIDE: &str = "the network is in another file of the same folder: `config.json` or the weights";

const NOTEBOOK: &str = "inside it, `import netloom as nl; nl.draw(model)` draws what it builds";

/// Recognises a JSON text.
pub(super) fn find(source: &dyn Source, head: &[u8]) -> Option<Known> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    // A brace or bracket alone may also open a notation; what follows in JSON is a string, a value or the end.
    let mut rest = body.iter().skip(1).filter(|b| !b.is_ascii_whitespace());
    let is_json = match (body.first(), rest.next()) {
        (Some(b'{'), Some(b'"' | b'}')) => true,
        (Some(b'['), Some(b'[' | b'{' | b'"' | b']' | b'0'..=b'9')) => true,
        (Some(b'{' | b'['), None) => head.len() as u64 == source.len(),
        _ => false,
    };
    if !is_json {
        return None;
    }
    let keys = json_keys(source);
    let has = |wanted: &&str| keys.iter().any(|k| k == wanted);
    let row = TABLE.iter().find(|(wanted, _)| wanted.iter().all(has));
    Some(row.map_or(Known::other("a JSON file", "JSON"), |(_, known)| *known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    #[test]
    fn keys_of_the_outermost_object() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(json_keys(&Bytes::new("f", text.as_bytes())), expected, "{text}");
        };
        check(r#" {"a": {"b": [1, {"c": 2}]}, "d\"e": "x:y", "f": 1"#, &["a", "d\"e", "f"]);
        check("[1, 2]", &[]);
        check("{", &[]);
        check("", &[]);
    }

    #[test]
    fn well_known_keys() {
        for (text, what) in [
            (r#"{"cells": [{"a": 1}], "metadata": {}, "nbformat": 4}"#, "a Jupyter notebook"),
            (
                r#"{"version": "1.0", "added_tokens": [], "model": {"type": "BPE"}}"#,
                "a tokenizer (tokenizer.json)",
            ),
            (r#"{"anything": {"nbformat": 1, "cells": 2}}"#, "a JSON file"),
            ("[[1]]", "a JSON file"),
        ] {
            let source = Bytes::new("f.json", text.as_bytes());
            assert_eq!(find(&source, text.as_bytes()).map(|k| k.what), Some(what), "{text}");
        }
    }
}
