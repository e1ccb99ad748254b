//! Protobuf's text form, as Caffe's `.prototxt` is written.
//!
//! # Source
//! <https://protobuf.dev/reference/protobuf/textformat-spec/>

use crate::error::Grouped;
use crate::{Error, Source};

/// The most messages inside one another.
pub const MAX_DEPTH: usize = 64;

/// The most bytes of a text.
pub const MAX_BYTES: u64 = 64 << 20;

/// The most fields of a text.
pub const MAX_FIELDS: usize = 4_000_000;

/// A message: its fields in order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Message(pub Vec<(String, Value)>);

/// What a field holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A message.
    Message(Message),
    /// A number, a truth value or a name from an enumeration, as written.
    Word(String),
    /// Text in quotes; bytes that are not UTF-8 are replaced.
    Text(String),
}

impl Message {
    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v)
    }

    /// Whether the field is there.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Every message of a field.
    pub fn messages<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.all(name).filter_map(|v| match v {
            Value::Message(m) => Some(m),
            _ => None,
        })
    }

    /// The first message of a field.
    pub fn message(&self, name: &str) -> Option<&Self> {
        self.0.iter().filter(|(n, _)| n == name).find_map(|(_, v)| match v {
            Value::Message(m) => Some(m),
            _ => None,
        })
    }

    /// Every word or text of a field.
    pub fn words<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).filter_map(|v| match v {
            Value::Word(w) | Value::Text(w) => Some(w.as_str()),
            Value::Message(_) => None,
        })
    }

    /// The last word or text of a field: a later one overrides an earlier one.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().filter(|(n, _)| n == name).find_map(|(_, v)| match v {
            Value::Word(w) | Value::Text(w) => Some(w.as_str()),
            Value::Message(_) => None,
        })
    }

    /// The integer of a field.
    pub fn int(&self, name: &str) -> Option<i64> {
        integer(self.word(name)?)
    }

    /// The integers of a field, all of them.
    pub fn ints(&self, name: &str) -> Vec<i64> {
        self.words(name).filter_map(integer).collect()
    }

    /// The number of a field.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.word(name)?.trim_end_matches(['f', 'F']).parse().ok()
    }

    /// The truth value of a field.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.word(name)? {
            "true" | "True" | "t" | "1" => Some(true),
            "false" | "False" | "f" | "0" => Some(false),
            _ => None,
        }
    }
}

fn integer(word: &str) -> Option<i64> {
    match word.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// Reads a whole source as one message.
///
/// # Errors
/// When it is larger than [`MAX_BYTES`], no UTF-8, or breaks the syntax.
pub fn read(source: &dyn Source) -> Result<Message, Error> {
    if source.len() > MAX_BYTES {
        return Err(Error::limit(format!(
            "expected a text of at most {} bytes, found {}",
            Grouped(MAX_BYTES),
            Grouped(source.len())
        )));
    }
    let bytes = crate::source::take(source, 0, usize::try_from(MAX_BYTES).unwrap_or(usize::MAX))?;
    parse(&String::from_utf8_lossy(&bytes))
}

/// Reads a text as one message.
///
/// # Errors
/// When it breaks the syntax or passes a limit.
pub fn parse(text: &str) -> Result<Message, Error> {
    let mut tokens = Tokens { text, at: 0 };
    // The innermost message is last; each but the first has the name of its field.
    let mut open: Vec<(String, Message, &str)> = vec![(String::new(), Message::default(), "")];
    let mut fields = 0_usize;
    loop {
        let at = tokens.skip();
        let Some(token) = tokens.next()? else { break };
        match token {
            Token::Sign("," | ";") => {}
            Token::Sign(close @ ("}" | ">")) => {
                let Some((name, message, expected)) = open.pop().filter(|o| o.2 == close) else {
                    return Err(wrong(text, at, "a field", close));
                };
                match open.last_mut() {
                    Some(parent) => parent.1.0.push((name, Value::Message(message))),
                    None => return Err(wrong(text, at, "a field", expected)),
                }
            }
            Token::Word(_) | Token::Sign("[") => {
                let name = match token {
                    Token::Word(word) => word.to_owned(),
                    _ => tokens.extension(),
                };
                fields += 1;
                if fields > MAX_FIELDS {
                    return Err(Error::limit(format!(
                        "the text has more than {} fields",
                        Grouped(MAX_FIELDS as u64)
                    )));
                }
                tokens.field(name, &mut open, &mut fields)?;
                if open.len() > MAX_DEPTH {
                    return Err(Error::limit(format!("messages nest more than {MAX_DEPTH} deep")));
                }
            }
            Token::Sign(other) => return Err(wrong(text, at, "the name of a field", other)),
            Token::Text(_) => return Err(wrong(text, at, "the name of a field", "a text")),
        }
    }
    match open.pop() {
        Some((_, message, _)) if open.is_empty() => Ok(message),
        _ => Err(wrong(text, text.len(), "a closing `}`", "the end")),
    }
}

enum Token<'a> {
    Word(&'a str),
    Text(String),
    Sign(&'a str),
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Passes over blanks and comments.
    fn skip(&mut self) -> usize {
        loop {
            let rest = &self.text[self.at..];
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            if !self.text[self.at..].starts_with('#') {
                return self.at;
            }
            self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at);
        }
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Error> {
        let start = self.skip();
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        if first == '"' || first == '\'' {
            return self.quoted(first).map(|t| Some(Token::Text(t)));
        }
        let is_word = |c: char| c.is_alphanumeric() || "_+-./".contains(c);
        if is_word(first) {
            let len = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            self.at += len;
            return Ok(Some(Token::Word(&rest[..len])));
        }
        self.at += first.len_utf8();
        Ok(Some(Token::Sign(&rest[..first.len_utf8()])))
    }

    fn quoted(&mut self, quote: char) -> Result<String, Error> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.at = start + 1 + i + c.len_utf8();
                    return Ok(out);
                }
                // Numbers of bytes belong to weights, of which only their presence matters.
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, c)) => out.push(c),
                    None => break,
                },
                '\n' => break,
                c => out.push(c),
            }
        }
        Err(wrong(self.text, start, "a closing quote", "the end of the line"))
    }

    /// The name of an extension in brackets, of which the first has been read.
    fn extension(&mut self) -> String {
        let rest = &self.text[self.at..];
        let len = rest.find(']').unwrap_or(rest.len());
        self.at += (len + 1).min(rest.len());
        rest[..len].trim().to_owned()
    }

    /// What follows the name of a field.
    fn field(
        &mut self,
        name: String,
        open: &mut Vec<(String, Message, &'a str)>,
        fields: &mut usize,
    ) -> Result<(), Error> {
        let mut at = self.skip();
        let mut token = self.next()?;
        if matches!(token, Some(Token::Sign(":"))) {
            at = self.skip();
            token = self.next()?;
        }
        let parent = open.last_mut().map(|o| &mut o.1.0);
        match (token, parent) {
            (Some(Token::Sign("{")), _) => open.push((name, Message::default(), "}")),
            (Some(Token::Sign("<")), _) => open.push((name, Message::default(), ">")),
            (Some(Token::Word(word)), Some(parent)) => parent.push((name, Value::Word(word.to_owned()))),
            (Some(Token::Text(mut text)), Some(parent)) => {
                // Texts that stand side by side are one.
                while self.text[self.skip()..].starts_with(['"', '\'']) {
                    if let Some(Token::Text(more)) = self.next()? {
                        text.push_str(&more);
                    }
                }
                parent.push((name, Value::Text(text)));
            }
            (Some(Token::Sign("[")), Some(parent)) => loop {
                *fields += 1;
                let at = self.skip();
                match self.next()? {
                    Some(Token::Sign("]")) => break,
                    Some(Token::Sign(",")) => {}
                    Some(Token::Word(word)) => parent.push((name.clone(), Value::Word(word.to_owned()))),
                    Some(Token::Text(text)) => parent.push((name.clone(), Value::Text(text))),
                    _ => return Err(wrong(self.text, at, "a value or `]`", "something else")),
                }
            },
            (Some(Token::Sign(sign)), _) => return Err(wrong(self.text, at, "a value", sign)),
            _ => return Err(wrong(self.text, at, "a value", "the end")),
        }
        Ok(())
    }
}

fn wrong(text: &str, at: usize, expected: &str, found: &str) -> Error {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let found = if found.chars().all(char::is_alphabetic) || found.contains(' ') {
        found.to_owned()
    } else {
        format!("`{found}`")
    };
    Error::syntax(
        at..(at + 1).min(text.len().max(at)),
        format!("line {line}: expected {expected}, found {found}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let text = "name: \"net\" # a comment\nlayer { top: 'a' top: 'b' param < lr: 0.5 dims: [1, 2, 0x10] on: true > }\nx { }";
        let message = parse(text).unwrap();
        assert_eq!(message.word("name"), Some("net"));
        let layer = message.message("layer").unwrap();
        assert_eq!(layer.words("top").collect::<Vec<_>>(), ["a", "b"]);
        let param = layer.message("param").unwrap();
        assert_eq!(
            (param.float("lr"), param.ints("dims"), param.flag("on")),
            (Some(0.5), vec![1, 2, 16], Some(true))
        );
        assert!(message.has("x") && !message.has("y"));
    }

    #[test]
    fn mistakes_are_told() {
        for (text, message) in [
            ("a {", "line 1: expected a closing `}`, found the end"),
            ("a: 1\n}", "line 2: expected a field, found `}`"),
            ("a: \"x", "line 1: expected a closing quote, found the end of the line"),
            ("a:", "line 1: expected a value, found the end"),
            ("a: }", "line 1: expected a value, found `}`"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
        assert!(parse(&"a {".repeat(100_000)).unwrap_err().to_string().contains("deep"));
    }
}
