//! Texts that are no models: markup, source code, tables.

use super::{Known, has_extension};
use crate::Source;

/// How a text begins, in lower case, and what it is.
const STARTS: &[(&str, Known)] = &[
    ("<!doctype html", Known::other("an HTML page", "HTML").advise(LINK)),
    ("<html", Known::other("an HTML page", "HTML").advise(LINK)),
    ("<svg", Known::other("an SVG picture", "SVG")),
    ("<?xml", Known::other("an XML file", "XML")),
    ("#!/", Known::other("a script", "a script's first line")),
    ("begin:vcard", Known::other("an address book", "its first line")),
    ("\\documentclass", Known::other("a LaTeX document", "LaTeX")),
    ("-----begin ", Known::other("a key or certificate", "its first line")),
    ("diff --git", Known::other("a patch", "a patch's first line")),
    ("tree\nversion=", Known::other("a LightGBM model: trees, not a network", "LightGBM's first line")),
];

const LINK: &str = "a download may have given a page instead of the file: fetch the raw file";
const PYTHON: &str = "in Python, `import netloom as nl; nl.draw(model)` draws the model that it builds";

/// Extensions of texts, and what they are.
const EXTENSIONS: &[(&[&str], Known)] = &[
    (&["py", "pyi"], Known::other("Python source", "Python source").advise(PYTHON)),
    (&["ipynb"], Known::other("a Jupyter notebook", "a notebook").advise(PYTHON)),
    (
        &["rs", "c", "cc", "cpp", "h", "hpp", "js", "ts", "java", "go", "jl", "lua"],
        Known::other("source code", "source code"),
    ),
    (&["csv", "tsv"], Known::other("a table of data", "a table")),
    (&["md", "rst", "txt"], Known::other("a text", "a text")),
    (&["yaml", "yml", "toml", "ini"], Known::other("a configuration", "a configuration")),
];

/// Recognises a text by its beginning or, when it is one, by the extension of its name.
pub(super) fn find(source: &dyn Source, head: &[u8]) -> Option<Known> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let lower = String::from_utf8_lossy(body.get(..64.min(body.len()))?).to_lowercase();
    if let Some((_, known)) = STARTS.iter().find(|(start, _)| lower.starts_with(start)) {
        return Some(*known);
    }
    let is_text = std::str::from_utf8(head).map_or_else(|e| e.valid_up_to() + 4 > head.len(), |_| true)
        && !head.contains(&0);
    let row = EXTENSIONS.iter().find(|(extensions, _)| has_extension(source, extensions));
    row.filter(|_| is_text && !head.is_empty()).map(|(_, known)| *known)
}
