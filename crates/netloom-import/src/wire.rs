//! A lazy reader of protobuf messages over a [`Source`]: it visits fields and skips whatever nobody asks for.
//!
//! Every length is checked against the end of the message that holds it, so nothing is read or allocated on the word
//! of a damaged file. Groups, an encoding that protobuf gave up before ONNX began, are refused.
//!
//! # Source
//! <https://protobuf.dev/programming-guides/encoding/>

use crate::error::Grouped;
use crate::source::take;
use crate::{Error, Source};

/// The most messages inside one another; the same limit as protobuf's own libraries, which refuse deeper files too.
pub const MAX_DEPTH: u32 = 100;

/// The longest name or text that is kept, in bytes.
pub const MAX_TEXT: u64 = 1 << 20;

/// The longest varint, in bytes.
const MAX_VARINT: u64 = 10;

/// How much is fetched at a time: large enough for a run of nodes, small enough to skip between weights.
const WINDOW: usize = 16 << 10;

/// A message under reading: where its next field begins and where it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    at: u64,
    end: u64,
    depth: u32,
}

/// A range of bytes of the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

impl Message {
    /// Where its next field begins.
    pub fn at(self) -> u64 {
        self.at
    }
}

impl Span {
    /// The number of bytes.
    pub fn len(self) -> u64 {
        self.end - self.start
    }
}

/// One field of a message.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Field {
    /// Its number in the schema.
    pub number: u32,
    /// Where its tag begins.
    pub offset: u64,
    /// What it holds.
    pub payload: Payload,
}

/// What a field holds, by wire type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// An integer of variable length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Text, bytes, a message or packed numbers.
    Bytes(Span),
}

impl Payload {
    /// For messages of errors.
    fn describe(self) -> &'static str {
        match self {
            Self::Varint(_) => "a varint",
            Self::Fixed64(_) => "eight bytes",
            Self::Fixed32(_) => "four bytes",
            Self::Bytes(_) => "a length-delimited value",
        }
    }
}

impl Field {
    /// The integer.
    pub fn int(&self) -> Result<i64, Error> {
        match self.payload {
            // Protobuf stores negative numbers as their two's complement.
            Payload::Varint(n) => Ok(n.cast_signed()),
            _ => Err(self.expected("an integer")),
        }
    }

    /// The four-byte number.
    pub fn float(&self) -> Result<f32, Error> {
        match self.payload {
            Payload::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(self.expected("a four-byte number")),
        }
    }

    /// The range of a length-delimited value.
    pub fn span(&self) -> Result<Span, Error> {
        match self.payload {
            Payload::Bytes(span) => Ok(span),
            _ => Err(self.expected("a length-delimited value")),
        }
    }

    fn expected(&self, what: &str) -> Error {
        Error::damaged(
            self.offset,
            format_args!("expected {what} in field {}, found {}", self.number, self.payload.describe()),
        )
    }
}

/// Reads fields of messages at any place of a source, through a small window of bytes.
pub struct Reader<'a> {
    source: &'a dyn Source,
    len: u64,
    window: Vec<u8>,
    start: u64,
}

impl<'a> Reader<'a> {
    /// A reader of a source.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, len: source.len(), window: Vec::new(), start: 0 }
    }

    /// The message that the whole source is.
    pub fn root(&self) -> Message {
        Message { at: 0, end: self.len, depth: 0 }
    }

    /// The message that a field of another holds.
    pub fn inside(&self, parent: Message, field: Field) -> Result<Message, Error> {
        let span = field.span()?;
        let depth = parent.depth + 1;
        if depth > MAX_DEPTH {
            return Err(Error::limit(format!(
                "nested more than {MAX_DEPTH} messages deep at byte {}",
                Grouped(field.offset)
            ))
            .with_hint(
                "bodies of If, Loop and Scan nest about 33 deep at most; protobuf libraries stop there too",
            ));
        }
        Ok(Message { at: span.start, end: span.end, depth })
    }

    /// The next field of a message, or nothing at its end. The message moves on.
    pub fn next(&mut self, message: &mut Message) -> Result<Option<Field>, Error> {
        if message.at >= message.end {
            return Ok(None);
        }
        let offset = message.at;
        let tag = self.varint(message)?;
        let number = u32::try_from(tag >> 3).ok().filter(|n| (1..1 << 29).contains(n)).ok_or_else(|| {
            Error::damaged(offset, format_args!("expected a field number below 2^29, found {}", tag >> 3))
        })?;
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint(message)?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.fixed(message)?)),
            2 => {
                let at = message.at;
                let len = self.varint(message)?;
                let rest = message.end - message.at;
                if len > rest {
                    return Err(too_long(*message, number, at, len));
                }
                let span = Span { start: message.at, end: message.at + len };
                message.at = span.end;
                Payload::Bytes(span)
            }
            5 => Payload::Fixed32(u32::from_le_bytes(self.fixed(message)?)),
            other => {
                return Err(Error::damaged(
                    offset,
                    format_args!("expected wire type 0, 1, 2 or 5 in field {number}, found {other}"),
                ));
            }
        };
        Ok(Some(Field { number, offset, payload }))
    }

    /// The bytes of a name or text.
    pub fn text(&mut self, field: Field) -> Result<Vec<u8>, Error> {
        let span = field.span()?;
        if span.len() > MAX_TEXT {
            return Err(Error::limit(format!(
                "expected a name of at most {MAX_TEXT} bytes at byte {}, found {}",
                Grouped(span.start),
                span.len()
            )));
        }
        self.bytes(span)
    }

    /// The bytes of a range; the caller bounds its length.
    pub fn bytes(&mut self, span: Span) -> Result<Vec<u8>, Error> {
        let len = usize::try_from(span.len()).map_err(|_| Error::limit("a value is longer than memory"))?;
        if len <= WINDOW {
            return Ok(self.fill(span.start, len)?.to_vec());
        }
        let bytes = take(self.source, span.start, len)?;
        if bytes.len() < len { Err(self.ended(span.start + bytes.len() as u64)) } else { Ok(bytes) }
    }

    /// Appends the integers of a repeated field, packed or single, until there are more than `limit`; says whether
    /// all of them are there.
    pub fn ints(
        &mut self,
        message: Message,
        field: Field,
        limit: usize,
        into: &mut Vec<i64>,
    ) -> Result<bool, Error> {
        let Payload::Bytes(_) = field.payload else {
            if into.len() < limit {
                into.push(field.int()?);
                return Ok(true);
            }
            return Ok(false);
        };
        let mut packed = self.inside(message, field)?;
        while packed.at < packed.end {
            if into.len() >= limit {
                return Ok(false);
            }
            let n = self.varint(&mut packed)?;
            into.push(n.cast_signed());
        }
        Ok(true)
    }

    /// Appends the four-byte numbers of a repeated field, as [`Reader::ints`] does.
    pub fn floats(
        &mut self,
        message: Message,
        field: Field,
        limit: usize,
        into: &mut Vec<f64>,
    ) -> Result<bool, Error> {
        let Payload::Bytes(_) = field.payload else {
            if into.len() < limit {
                into.push(field.float()?.into());
                return Ok(true);
            }
            return Ok(false);
        };
        let mut packed = self.inside(message, field)?;
        while packed.at < packed.end {
            if into.len() >= limit {
                return Ok(false);
            }
            into.push(f32::from_le_bytes(self.fixed(&mut packed)?).into());
        }
        Ok(true)
    }

    /// Appends the eight-byte numbers of a repeated field, as [`Reader::ints`] does.
    pub fn doubles(
        &mut self,
        message: Message,
        field: Field,
        limit: usize,
        into: &mut Vec<f64>,
    ) -> Result<bool, Error> {
        if let Payload::Fixed64(bits) = field.payload {
            if into.len() < limit {
                into.push(f64::from_bits(bits));
                return Ok(true);
            }
            return Ok(false);
        }
        let mut packed = self.inside(message, field)?;
        while packed.at < packed.end {
            if into.len() >= limit {
                return Ok(false);
            }
            into.push(f64::from_le_bytes(self.fixed(&mut packed)?));
        }
        Ok(true)
    }

    fn varint(&mut self, message: &mut Message) -> Result<u64, Error> {
        let start = message.at;
        let room = (message.end - start).min(MAX_VARINT);
        let mut value = 0u64;
        for i in 0..room {
            let byte = self.byte(start + i)?;
            // The tenth byte has one bit of room.
            if i == MAX_VARINT - 1 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                message.at = start + i + 1;
                return Ok(value);
            }
        }
        Err(if room < MAX_VARINT {
            Error::damaged(start, "expected the rest of a number, found the end of its message")
        } else {
            Error::damaged(start, "expected a number of at most 10 bytes and 64 bits, found a longer one")
        })
    }

    fn fixed<const N: usize>(&mut self, message: &mut Message) -> Result<[u8; N], Error> {
        let rest = message.end - message.at;
        if rest < N as u64 {
            return Err(Error::damaged(
                message.at,
                format_args!("expected a number of {N} bytes, found {rest} at the end of its message"),
            ));
        }
        let mut out = [0; N];
        out.copy_from_slice(self.fill(message.at, N)?);
        message.at += N as u64;
        Ok(out)
    }

    fn byte(&mut self, at: u64) -> Result<u8, Error> {
        if let Some(b) = at.checked_sub(self.start).and_then(|i| self.window.get(usize::try_from(i).ok()?)) {
            return Ok(*b);
        }
        self.fill(at, 1).map(|b| b[0])
    }

    /// The bytes from `at`; `len` is at most the window's size. The result has exactly that length.
    fn fill(&mut self, at: u64, len: usize) -> Result<&[u8], Error> {
        let inside = at.checked_sub(self.start).and_then(|i| usize::try_from(i).ok());
        let from = match inside {
            Some(i) if self.window.len().checked_sub(i).is_some_and(|rest| rest >= len) => i,
            _ => {
                self.window = take(self.source, at, WINDOW)?;
                self.start = at;
                0
            }
        };
        match self.window.get(from..from + len) {
            Some(bytes) => Ok(bytes),
            None => Err(self.ended(at)),
        }
    }

    fn ended(&self, at: u64) -> Error {
        Error::damaged(at, format_args!("expected {} bytes in all, found the end of the file", self.len))
    }
}

/// A value that goes on after the end of what holds it.
fn too_long(parent: Message, number: u32, at: u64, len: u64) -> Error {
    let rest = parent.end - parent.at;
    let whole = if parent.depth == 0 { "the file" } else { "its message" };
    let error = Error::damaged(
        at,
        format_args!(
            "expected {} bytes in field {number}, found {} before the end of {whole}",
            Grouped(len),
            Grouped(rest)
        ),
    );
    if parent.depth == 0 {
        error.with_hint("the file may be cut short: fetch or copy it again")
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    fn check(bytes: &[u8], expected: &str) {
        let source = Bytes::new("m", bytes);
        let mut reader = Reader::new(&source);
        let mut message = reader.root();
        let mut out = Vec::new();
        let text = loop {
            match reader.next(&mut message) {
                Ok(Some(f)) => out.push(match f.payload {
                    Payload::Varint(n) => format!("{}={n}", f.number),
                    Payload::Fixed64(n) => format!("{}=x{n}", f.number),
                    Payload::Fixed32(n) => format!("{}=w{n}", f.number),
                    Payload::Bytes(s) => format!("{}=[{}..{}]", f.number, s.start, s.end),
                }),
                Ok(None) => break out.join(" "),
                Err(e) => break format!("{} ! {e}", out.join(" ")),
            }
        };
        assert_eq!(text, expected, "{bytes:x?}");
    }

    #[test]
    fn fields_are_visited() {
        check(b"", "");
        check(b"\x08\x07\x12\x02ab", "1=7 2=[4..6]");
        check(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "1=18446744073709551615");
        check(b"\x0d\x01\0\0\0\x09\x02\0\0\0\0\0\0\0", "1=w1 1=x2");
        check(b"\x12\0", "2=[2..2]");
    }

    #[test]
    fn damage_is_named() {
        check(b"\x08", " ! damaged at byte 1: expected the rest of a number, found the end of its message");
        check(
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            " ! damaged at byte 1: expected a number of at most 10 bytes and 64 bits, found a longer one",
        );
        check(
            b"\x12\x05ab",
            " ! damaged at byte 1: expected 5 bytes in field 2, found 2 before the end of the file",
        );
        check(b"\x0b", " ! damaged at byte 0: expected wire type 0, 1, 2 or 5 in field 1, found 3");
        check(b"\x00\x01", " ! damaged at byte 0: expected a field number below 2^29, found 0");
        check(
            b"\x0d\x01\0",
            " ! damaged at byte 1: expected a number of 4 bytes, found 2 at the end of its message",
        );
    }

    #[test]
    fn lists_come_packed_or_single() {
        for bytes in [&b"\x0a\x03\x01\x02\x03"[..], b"\x08\x01\x08\x02\x08\x03", b"\x0a\x02\x01\x02\x08\x03"]
        {
            let source = Bytes::new("m", bytes);
            let mut reader = Reader::new(&source);
            for (limit, all, expected) in [(9, true, vec![1, 2, 3]), (2, false, vec![1, 2])] {
                let mut message = reader.root();
                let (mut list, mut complete) = (Vec::new(), true);
                while let Some(field) = reader.next(&mut message).unwrap() {
                    complete &= reader.ints(message, field, limit, &mut list).unwrap();
                }
                assert_eq!((complete, list), (all, expected), "{bytes:x?}");
            }
        }
    }

    #[test]
    fn a_number_beyond_the_window_is_read() {
        let mut bytes = vec![0x12, 0x81, 0x80, 0x02];
        bytes.extend(vec![0; (2 << 14) + 1]);
        bytes.extend(b"\x08\x96\x01");
        check(&bytes, "2=[4..32773] 1=150");
    }

    #[test]
    fn a_source_shorter_than_it_says_is_an_error() {
        struct Liar;
        impl Source for Liar {
            fn name(&self) -> &str {
                "liar"
            }
            fn len(&self) -> u64 {
                100
            }
            fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, crate::SourceError> {
                Bytes::new("", &b"\x08\x01"[..]).read_at(offset, buf)
            }
            fn sibling(&self, _: &str) -> Option<Box<dyn Source>> {
                None
            }
        }
        let mut reader = Reader::new(&Liar);
        let mut message = reader.root();
        assert_eq!(reader.next(&mut message).unwrap().unwrap().number, 1);
        let error = reader.next(&mut message).unwrap_err();
        assert_eq!(
            error.to_string(),
            "damaged at byte 2: expected 100 bytes in all, found the end of the file"
        );
    }
}
