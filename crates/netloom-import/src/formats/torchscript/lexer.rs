//! The words of TorchScript's code, with indentation as words.

use std::rc::Rc;

use crate::Error;

/// One word.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Word {
    Name(Rc<str>),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// Punctuation and operators.
    Mark(&'static str),
    /// The end of a logical line.
    Line,
    /// The next line is indented further.
    Indent,
    /// The next line is indented less, by one level.
    Dedent,
    End,
}

/// Marks, longer ones first.
const MARKS: &[&str] = &[
    "**", "//", "->", "==", "!=", "<=", ">=", "<<", ">>", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=",
    "+", "-", "*", "/", "%", "<", ">", "&", "|", "^", "~", "@",
];

/// The deepest indentation.
const MAX_INDENT: usize = 100;

/// The words of a text, each with its offset.
pub(super) fn words(text: &str) -> Result<Vec<(Word, usize)>, Error> {
    let mut lexer = Lexer { text, at: 0, words: Vec::new(), indents: vec![0], brackets: 0 };
    lexer.run()?;
    Ok(lexer.words)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    words: Vec<(Word, usize)>,
    indents: Vec<usize>,
    brackets: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, message: &str) -> Error {
        Error::damaged(self.at as u64, message)
    }

    fn push(&mut self, word: Word, at: usize) {
        self.words.push((word, at));
    }

    fn run(&mut self) -> Result<(), Error> {
        let mut fresh = true;
        loop {
            if fresh && self.brackets == 0 {
                let width = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
                self.at += width;
                let is_blank = self.rest().is_empty() || self.rest().starts_with(['\n', '\r', '#']);
                if !is_blank {
                    self.indent(width)?;
                }
            }
            fresh = false;
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { break };
            let start = self.at;
            match first {
                '\n' => {
                    self.at += 1;
                    if self.brackets == 0 {
                        if !matches!(
                            self.words.last(),
                            None | Some((Word::Line | Word::Indent | Word::Dedent, _))
                        ) {
                            self.push(Word::Line, start);
                        }
                        fresh = true;
                    }
                }
                ' ' | '\t' | '\r' => self.at += 1,
                '\\' if rest.starts_with("\\\n") => self.at += 2,
                '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
                '"' | '\'' => self.string(first)?,
                c if c.is_ascii_digit() => self.number()?,
                c if c.is_alphabetic() || c == '_' => {
                    let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                    let name = Rc::from(&rest[..len]);
                    self.at += len;
                    self.push(Word::Name(name), start);
                }
                _ => {
                    let Some(mark) = MARKS.iter().find(|m| rest.starts_with(**m)) else {
                        return Err(self.error(&format!("expected code of TorchScript, found `{first}`")));
                    };
                    match *mark {
                        "(" | "[" | "{" => self.brackets += 1,
                        ")" | "]" | "}" => self.brackets = self.brackets.saturating_sub(1),
                        _ => {}
                    }
                    self.at += mark.len();
                    self.push(Word::Mark(mark), start);
                }
            }
        }
        if !matches!(self.words.last(), None | Some((Word::Line | Word::Dedent, _))) {
            self.push(Word::Line, self.at);
        }
        for _ in 1..self.indents.len() {
            self.push(Word::Dedent, self.at);
        }
        self.push(Word::End, self.at);
        Ok(())
    }

    fn indent(&mut self, width: usize) -> Result<(), Error> {
        let current = self.indents.last().copied().unwrap_or(0);
        if width > current {
            if self.indents.len() >= MAX_INDENT {
                return Err(Error::limit(format!("the code is indented more than {MAX_INDENT} deep")));
            }
            self.indents.push(width);
            self.push(Word::Indent, self.at);
        }
        while self.indents.last().is_some_and(|w| *w > width) {
            self.indents.pop();
            self.push(Word::Dedent, self.at);
        }
        Ok(())
    }

    fn string(&mut self, quote: char) -> Result<(), Error> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.at += i + 1;
                self.push(Word::Text(Rc::from(text)), start);
                return Ok(());
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    text.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('?'));
                }
                Some(c) => text.push(c),
                None => break,
            }
        }
        Err(self.error("expected the end of a string, found the end of the code"))
    }

    fn number(&mut self) -> Result<(), Error> {
        let (start, rest) = (self.at, self.rest());
        let bytes = rest.as_bytes();
        let mut len = 0;
        while let Some(byte) = bytes.get(len) {
            let sign =
                matches!(byte, b'+' | b'-') && matches!(bytes.get(len.wrapping_sub(1)), Some(b'e' | b'E'));
            if !(byte.is_ascii_alphanumeric() || *byte == b'.' || sign) {
                break;
            }
            len += 1;
        }
        let text = rest.get(..len).unwrap_or_default();
        let word = match text.parse::<i64>() {
            Ok(n) => Word::Int(n),
            Err(_) => match text.trim_end_matches(['j', 'L']).parse::<f64>() {
                Ok(x) => Word::Float(x),
                Err(_) => return Err(self.error(&format!("expected a number, found `{text}`"))),
            },
        };
        self.at += len;
        self.push(word, start);
        Ok(())
    }
}
