//! Characters to tokens. A line break is a token, so that statements need no other end.

use std::ops::Range;

use super::problem::Problem;

/// The most bytes of a word, and of a text in quotes: names of parts are kept in every path below them.
pub const MAX_WORD: usize = 200;

/// One token and the bytes it stands on.
#[derive(Clone, PartialEq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub span: Range<usize>,
}

/// What a token is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// A word: a letter or `_`, then letters, digits and `_`.
    Word(String),
    /// A whole number.
    Int(i64),
    /// A number with a point or an exponent.
    Float(f64),
    /// Text between double quotes.
    Text(String),
    /// One of `( ) [ ] { } , : = > * + - / ? ;`
    Sign(char),
    /// `..`
    Dots,
    /// `# …` to the end of the line; only [`lex_all`] gives it.
    Comment,
    /// The end of a line.
    Line,
    /// The end of the text.
    End,
}

impl Kind {
    /// What to call it in a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Word(w) => format!("`{}`", shorten(w)),
            Self::Int(n) => format!("`{n}`"),
            Self::Float(x) => format!("`{x}`"),
            Self::Text(t) => format!("\"{}\"", shorten(t)),
            Self::Sign(c) => format!("`{c}`"),
            Self::Dots => "`..`".to_owned(),
            Self::Comment => "a comment".to_owned(),
            Self::Line => "the end of the line".to_owned(),
            Self::End => "the end of the text".to_owned(),
        }
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}

/// Splits a text into tokens; the last one is [`Kind::End`]. Mistakes are told and skipped.
pub fn lex(text: &str, problems: &mut Vec<Problem>) -> Vec<Token> {
    let mut tokens = lex_all(text, problems);
    tokens.retain(|t| t.kind != Kind::Comment);
    tokens
}

/// The same with comments.
pub fn lex_all(text: &str, problems: &mut Vec<Problem>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = text.strip_prefix('\u{feff}').map_or(0, |rest| text.len() - rest.len());
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, len) = match c {
            '\n' => (Some(Kind::Line), 1),
            c if c.is_whitespace() => (None, c.len_utf8()),
            '#' => (Some(Kind::Comment), rest.find('\n').unwrap_or(rest.len())),
            c if c.is_alphabetic() || c == '_' => {
                let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                (Some(Kind::Word(rest[..len].to_owned())), len)
            }
            '0'..='9' => number(rest, at, problems),
            '"' => string(rest, at, problems),
            '/' if rest.starts_with("//") => {
                let len = rest.find('\n').unwrap_or(rest.len());
                problems.push(
                    Problem::new(at..at + 2, "expected a layer, found `//`")
                        .with_hint("comments begin with `#`"),
                );
                (None, len)
            }
            '.' if rest.starts_with("..") => (Some(Kind::Dots), 2),
            '-' if rest.starts_with("->") => {
                problems.push(
                    Problem::new(at..at + 2, "expected `>`, found `->`")
                        .with_hint("layers are chained by `>`"),
                );
                (Some(Kind::Sign('>')), 2)
            }
            '(' | ')' | '[' | ']' | '{' | '}' | ',' | ':' | '=' | '>' | '*' | '+' | '-' | '/' | '?' | ';' => {
                (Some(Kind::Sign(c)), 1)
            }
            '×' => (Some(Kind::Sign('*')), c.len_utf8()),
            _ => {
                let len = c.len_utf8();
                problems
                    .push(Problem::new(at..at + len, format!("unexpected character `{}`", c.escape_debug())));
                (None, len)
            }
        };
        if let Some(Kind::Word(word) | Kind::Text(word)) = &kind
            && word.len() > MAX_WORD
        {
            let message = format!("expected at most {MAX_WORD} bytes of a word, found {}", word.len());
            problems.push(Problem::new(at..at + len, message));
        }
        tokens.extend(kind.map(|kind| Token { kind, span: at..at + len }));
        at += len;
    }
    tokens.push(Token { kind: Kind::End, span: text.len()..text.len() });
    tokens
}

fn number(rest: &str, at: usize, problems: &mut Vec<Problem>) -> (Option<Kind>, usize) {
    let digits = |from: usize| rest[from..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'_').count();
    let byte = |i: usize| rest.as_bytes().get(i).copied().unwrap_or(0);
    let mut len = digits(0);
    let mut whole = true;
    if byte(len) == b'.' && byte(len + 1).is_ascii_digit() {
        len += 1 + digits(len + 1);
        whole = false;
    }
    if matches!(byte(len), b'e' | b'E') {
        let sign = usize::from(matches!(byte(len + 1), b'+' | b'-'));
        if byte(len + 1 + sign).is_ascii_digit() {
            len += 1 + sign + digits(len + 1 + sign);
            whole = false;
        }
    }
    let plain = rest[..len].replace('_', "");
    let kind = if whole {
        plain.parse().ok().map(Kind::Int)
    } else {
        plain.parse().ok().filter(|x: &f64| x.is_finite()).map(Kind::Float)
    };
    if kind.is_none() {
        problems.push(Problem::new(at..at + len, format!("the number {} is too large", shorten(&plain))));
        return (Some(Kind::Int(1)), len);
    }
    (kind, len)
}

fn string(rest: &str, at: usize, problems: &mut Vec<Problem>) -> (Option<Kind>, usize) {
    let line = rest[1..].lines().next().unwrap_or("");
    let (mut text, mut escaped) = (String::new(), false);
    for (i, c) in line.char_indices() {
        match (escaped, c) {
            (false, '"') => return (Some(Kind::Text(text)), i + 2),
            (false, '\\') => escaped = true,
            (false, c) => text.push(c),
            (true, '"' | '\\') => {
                text.push(c);
                escaped = false;
            }
            (true, 'n') => {
                text.push('\n');
                escaped = false;
            }
            (true, c) => {
                text.extend(['\\', c]);
                escaped = false;
            }
        }
    }
    let problem = Problem::new(at..at + 1 + line.len(), "expected a closing `\"` before the end of the line");
    problems.push(problem);
    (Some(Kind::Text(text)), 1 + line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut problems = Vec::new();
        let tokens: Vec<String> = lex(text, &mut problems).iter().map(|t| t.kind.describe()).collect();
        assert_eq!(tokens.join(" "), format!("{expected} the end of the text"), "{text}");
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn tokens_are_what_they_look_like() {
        check("conv(64, 3)", "`conv` `(` `64` `,` `3` `)`");
        check("a_1 # rest > of line\nb", "`a_1` the end of the line `b`");
        check("1_000 0.5 1e-3 2e", "`1000` `0.5` `0.001` `2` `e`");
        check("\u{feff}Größe × 2", "`Größe` `*` `2`");
        check("\"my op\"(-1)", "\"my op\" `(` `-` `1` `)`");
    }

    #[test]
    fn spans_cover_their_tokens() {
        let text = "é = conv(12.5)";
        let words: Vec<&str> = lex(text, &mut Vec::new()).iter().map(|t| &text[t.span.clone()]).collect();
        assert_eq!(words, ["é", "=", "conv", "(", "12.5", ")", ""]);
    }
}
