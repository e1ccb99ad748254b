//! The fields of one message, kept by number; what they hold is read when asked for.

use crate::Error;
use crate::error::Grouped;
use crate::wire::{Field, Message, Payload, Reader};

/// The most fields of one message.
const MAX_FIELDS: usize = 2_000_000;

/// The most numbers of one list.
const MAX_NUMBERS: usize = 4096;

/// The fields of one message, in order.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    parent: Option<Message>,
    fields: Vec<Field>,
}

impl Fields {
    /// Reads where every field is.
    pub fn read(reader: &mut Reader<'_>, message: Message) -> Result<Self, Error> {
        let mut at = message;
        let mut fields = Vec::new();
        while let Some(field) = reader.next(&mut at)? {
            if fields.len() >= MAX_FIELDS {
                return Err(Error::limit(format!(
                    "a message has more than {} fields at byte {}",
                    Grouped(MAX_FIELDS as u64),
                    Grouped(field.offset)
                )));
            }
            fields.push(field);
        }
        Ok(Self { parent: Some(message), fields })
    }

    fn all(&self, number: u32) -> impl Iterator<Item = Field> + '_ {
        self.fields.iter().filter(move |f| f.number == number).copied()
    }

    /// Whether a field is there.
    pub fn has(&self, number: u32) -> bool {
        self.all(number).next().is_some()
    }

    /// The first field whose number is in a range, with its number.
    pub fn one_of(&self, numbers: std::ops::RangeInclusive<u32>) -> Option<u32> {
        self.fields.iter().map(|f| f.number).find(|n| numbers.contains(n))
    }

    /// The integer of a field; the last one where there are several.
    pub fn int(&self, number: u32) -> Option<i64> {
        self.all(number).last().and_then(|f| f.int().ok())
    }

    /// Whether a field holds the truth.
    pub fn flag(&self, number: u32) -> bool {
        self.int(number).is_some_and(|n| n != 0)
    }

    /// The four-byte number of a field.
    pub fn float(&self, number: u32) -> Option<f64> {
        self.all(number).last().and_then(|f| f.float().ok()).map(f64::from)
    }

    /// The integers of a field, packed or not.
    pub fn ints(&self, reader: &mut Reader<'_>, number: u32) -> Result<Vec<i64>, Error> {
        let mut out = Vec::new();
        let Some(parent) = self.parent else { return Ok(out) };
        for field in self.all(number) {
            reader.ints(parent, field, MAX_NUMBERS, &mut out)?;
        }
        out.truncate(MAX_NUMBERS);
        Ok(out)
    }

    /// The bytes of a field, where there are at most so many.
    pub fn bytes(&self, reader: &mut Reader<'_>, number: u32, limit: u64) -> Result<Vec<u8>, Error> {
        match self.all(number).last().map(|f| f.span()).transpose()? {
            Some(span) if span.len() <= limit => reader.bytes(span),
            _ => Ok(Vec::new()),
        }
    }

    /// The text of a field; empty where there is none.
    pub fn text(&self, reader: &mut Reader<'_>, number: u32) -> Result<String, Error> {
        Ok(self.texts(reader, number)?.pop().unwrap_or_default())
    }

    /// The texts of a field.
    pub fn texts(&self, reader: &mut Reader<'_>, number: u32) -> Result<Vec<String>, Error> {
        let mut out = Vec::new();
        for field in self.all(number) {
            out.push(String::from_utf8_lossy(&reader.text(field)?).into_owned());
        }
        Ok(out)
    }

    /// The messages of a field.
    pub fn messages(&self, reader: &Reader<'_>, number: u32) -> Result<Vec<Message>, Error> {
        let Some(parent) = self.parent else { return Ok(Vec::new()) };
        let messages = self.all(number).filter(|f| matches!(f.payload, Payload::Bytes(_)));
        messages.map(|f| reader.inside(parent, f)).collect()
    }

    /// The last message of a field.
    pub fn message(&self, reader: &Reader<'_>, number: u32) -> Result<Option<Message>, Error> {
        Ok(self.messages(reader, number)?.pop())
    }
}
