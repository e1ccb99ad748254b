//! The notation: the short text form of a network. `docs/notation.md` describes it.

mod ast;
mod build;
pub(crate) mod call;
mod eval;
mod format;
pub(crate) mod layers;
pub(crate) mod lexer;
pub(crate) mod make;
mod parser;
mod problem;
#[cfg(test)]
mod tests;

pub(crate) use build::snake;
pub use build::{MAX_DEPTH, MAX_FLOW};
pub use format::{MAX_COLUMNS, format};
pub use lexer::MAX_WORD;
pub use make::{MAX_PARTS, MAX_PATH};
pub use parser::{MAX_ITEMS, MAX_NESTING, MAX_OPERATORS, MAX_PROBLEMS, RESERVED};
pub use problem::{Place, Problem};

use netloom_graph::Graph;

use crate::sniff::has_extension;
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The most bytes of a text.
pub const MAX_BYTES: usize = 4 << 20;

/// The notation as a format.
pub struct Loom;

impl Format for Loom {
    fn name(&self) -> &'static str {
        "loom"
    }

    fn about(&self) -> &'static str {
        "the notation: a network as a short text"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["loom"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 4096).unwrap_or_default();
        if begins_like_notation(&head) {
            Confidence::Content
        } else if has_extension(source, self.extensions()) {
            Confidence::Extension
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if source.len() > MAX_BYTES as u64 {
            return Err(Error::limit(format!(
                "expected a text of at most {MAX_BYTES} bytes, found {}",
                source.len()
            )));
        }
        let bytes = take(source, 0, MAX_BYTES)?;
        let text = std::str::from_utf8(&bytes).map_err(|e| {
            let at = e.valid_up_to();
            Error::new(
                ErrorKind::NotThisFormat,
                format!("not a text in the notation: byte {at} is not UTF-8"),
            )
        })?;
        parse(text).map_err(|problems| to_error(source.name(), text, &problems))
    }
}

/// Reads a text into a graph with all shapes worked out.
///
/// ```
/// use netloom_import::formats::loom;
///
/// let graph = loom::parse("input x [1, 3, 32, 32]\nconv(8, 3, pad=1) > relu\n").expect("a sound text");
/// assert_eq!(graph.tensor(graph.outputs[0]).ty.shape().to_string(), "1×8×32×32");
/// ```
///
/// # Errors
/// All mistakes found, at least one and at most [`MAX_PROBLEMS`], in the order of the text.
pub fn parse(text: &str) -> Result<Graph, Vec<Problem>> {
    let mut problems = Vec::new();
    if text.len() > MAX_BYTES {
        return Err(vec![Problem::new(0..0, format!("expected a text of at most {MAX_BYTES} bytes"))]);
    }
    let tokens = lexer::lex(text, &mut problems);
    let file = parser::parse(&tokens, &mut problems);
    // Names that a broken line would have defined would all be unknown.
    let graph = if problems.is_empty() { Some(build::build(&file, &mut problems)) } else { None };
    problems.sort_by_key(|p| (p.span.start, p.span.end));
    problems.truncate(MAX_PROBLEMS);
    match graph {
        Some(graph) if problems.is_empty() => Ok(graph),
        _ => Err(problems),
    }
}

fn to_error(name: &str, text: &str, problems: &[Problem]) -> Error {
    let Some(first) = problems.first() else {
        return Error::new(ErrorKind::Syntax { start: 0, end: 0 }, "the text has mistakes");
    };
    let place = first.place(text);
    let message = format!("line {}, column {}: {}", place.line, place.column, first.message);
    let report: Vec<String> = problems.iter().map(|p| p.render(name, text)).collect();
    let mut error = Error::syntax(first.span.clone(), message).with_report(report.join("\n"));
    if let Some(hint) = &first.hint {
        error = error.with_hint(hint);
    }
    error
}

/// Whether the first words that are no comment open a text of the notation.
fn begins_like_notation(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let Some(line) = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')) else {
        return false;
    };
    let Some((word, rest)) = line.split_once(char::is_whitespace) else { return false };
    let rest = rest.trim_start();
    let is_name = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let after = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').trim_start();
    match word {
        "model" => rest.starts_with('"') || (is_name && (after.is_empty() || after.starts_with('#'))),
        "block" => is_name && (after.starts_with('(') || after.starts_with('{')),
        "input" => {
            is_name && (after.starts_with([':', '[', ',', '#']) || after.is_empty() || after.ends_with(']'))
        }
        _ => false,
    }
}
