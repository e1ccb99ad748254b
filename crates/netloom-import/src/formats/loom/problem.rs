//! What is wrong with a text in the notation, and where, drawn under the characters concerned.

use std::fmt::Write as _;
use std::ops::Range;

/// One mistake in a text: what, where, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The bytes concerned.
    pub span: Range<usize>,
    /// What is wrong, in lower case without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Where a byte stands, for people: both numbers count from one, columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// The longest part of a line that [`Problem::render`] shows, in characters.
pub const MAX_SHOWN: usize = 160;

impl Problem {
    /// A mistake over a range of bytes.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    /// What follows from a mistake that has been told, and is not told itself.
    pub(super) fn follows() -> Self {
        Self::new(0..0, "")
    }

    /// Whether it only follows from another one.
    pub(super) fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// The same mistake with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Where it begins.
    pub fn place(&self, text: &str) -> Place {
        let (before, _) = text.split_at(floor(text, self.span.start));
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    /// The mistake with its line of the text, marked, for a terminal.
    ///
    /// ```
    /// use netloom_import::formats::loom;
    ///
    /// let text = "input x [1, 3, 32, 32]\nconv(8, 3, strides=2)\n";
    /// let problems = loom::parse(text).expect_err("a misspelt setting");
    /// assert_eq!(
    ///     problems[0].render("net.loom", text),
    ///     "error: unknown setting `strides` of `conv`\n \
    ///       --> net.loom:2:12\n  \
    ///        |\n\
    ///      2 | conv(8, 3, strides=2)\n  \
    ///        |            ^^^^^^^\n  \
    ///        = hint: did you mean `stride`?\n"
    /// );
    /// ```
    pub fn render(&self, name: &str, text: &str) -> String {
        let place = self.place(text);
        let start = floor(text, self.span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        let number = place.line.to_string();
        let gutter = " ".repeat(number.len());

        // A very long line is shown from a little before the mark.
        let skipped = if place.column + 20 > MAX_SHOWN { place.column - 21 } else { 0 };
        let shown: String = line
            .chars()
            .skip(skipped)
            .take(MAX_SHOWN)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let end = floor(text, self.span.end.max(start)).min(line_start + line.len());
        let marked = text.get(start..end).map_or(0, |s| s.chars().count()).clamp(1, MAX_SHOWN);

        let mut out = String::new();
        let _ = writeln!(out, "error: {}", self.message);
        let _ = writeln!(out, "{gutter}--> {name}:{}:{}", place.line, place.column);
        let _ = writeln!(out, "{gutter} |");
        let _ = writeln!(out, "{number} | {}", shown.trim_end());
        let _ = writeln!(out, "{gutter} | {}{}", " ".repeat(place.column - 1 - skipped), "^".repeat(marked));
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "{gutter} = hint: {hint}");
        }
        out
    }
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// The candidate that a word was probably meant to be: the nearest one, if few edits away.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const MAX_WORD: usize = 40;
    if word.len() > MAX_WORD {
        return None;
    }
    let allowed = match word.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|c| c.len() <= MAX_WORD && *c != word)
        .map(|c| {
            let begun = word.len() >= 3 && c.starts_with(word);
            (if begun { 1 } else { distance(&lower, &c.to_lowercase()) }, c)
        })
        .filter(|(d, _)| *d <= allowed)
        .min()
        .map(|(_, c)| c)
}

/// The number of characters to insert, delete, replace or swap with a neighbour to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: [Vec<usize>; 3] = [vec![0; b.len() + 1], vec![0; b.len() + 1], (0..=b.len()).collect()];
    for i in 1..=a.len() {
        rows.rotate_left(1);
        let [before, last, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
    }
    rows[2][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let words = ["conv", "concat", "conv_transpose", "batch_norm", "relu", "gelu", "add"];
        for (word, expected) in [
            ("cnov", Some("conv")),
            ("convv", Some("conv")),
            ("batchnorm", Some("batch_norm")),
            ("rleu", Some("relu")),
            ("conv_t", Some("conv_transpose")),
            ("shuffle", None),
            ("ad", None),
        ] {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
    }

    #[test]
    fn marks_stand_under_characters_and_not_bytes() {
        let text = "# größe\ninput ü [1]";
        let problem = Problem::new(text.find('ü').unwrap()..text.find('ü').unwrap() + 2, "odd");
        assert_eq!(problem.place(text), Place { line: 2, column: 7 });
        assert!(problem.render("n", text).contains("\n2 | input ü [1]\n  |       ^\n"));
    }
}
