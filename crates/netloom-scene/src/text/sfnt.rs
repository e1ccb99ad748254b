//! The container of OpenType files, and the two tables a subset gets anew.
//!
//! Source: OpenType specification 1.9, chapters "Organization of an OpenType font", `cmap` formats 4 and 12, `GPOS`.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A font file taken apart into its tables.
pub(super) struct Sfnt<'a> {
    version: [u8; 4],
    tables: BTreeMap<[u8; 4], Cow<'a, [u8]>>,
}

impl<'a> Sfnt<'a> {
    pub(super) fn parse(file: &'a [u8]) -> Option<Self> {
        let version = file.get(..4)?.try_into().ok()?;
        let count = usize::from(u16::from_be_bytes(file.get(4..6)?.try_into().ok()?));
        let mut tables = BTreeMap::new();
        for record in file.get(12..)?.chunks_exact(16).take(count) {
            let word =
                |at: usize| Some(u32::from_be_bytes(record.get(at..at + 4)?.try_into().ok()?) as usize);
            let (start, length) = (word(8)?, word(12)?);
            let data = file.get(start..start.checked_add(length)?)?;
            tables.insert(record.get(..4)?.try_into().ok()?, Cow::Borrowed(data));
        }
        Some(Self { version, tables })
    }

    pub(super) fn table(&self, tag: [u8; 4]) -> Option<&[u8]> {
        self.tables.get(&tag).map(AsRef::as_ref)
    }

    pub(super) fn set(&mut self, tag: [u8; 4], data: Vec<u8>) {
        self.tables.insert(tag, Cow::Owned(data));
    }

    /// The file put together again, with its checksums.
    pub(super) fn build(mut self) -> Vec<u8> {
        const HEAD: [u8; 4] = *b"head";
        if let Some(head) = self.tables.get_mut(&HEAD)
            && let Some(sum) = head.to_mut().get_mut(8..12)
        {
            sum.fill(0);
        }
        let mut file = self.version.to_vec();
        put_counts(&mut file, self.tables.len(), 16);
        let mut start = 12 + 16 * self.tables.len();
        let mut head = None;
        for (tag, data) in &self.tables {
            if *tag == HEAD {
                head = Some(start + 8);
            }
            file.extend(tag);
            put32(&mut file, checksum(data));
            put32(&mut file, size(start));
            put32(&mut file, size(data.len()));
            start += data.len().next_multiple_of(4);
        }
        for data in self.tables.values() {
            file.extend(data.iter());
            file.resize(file.len().next_multiple_of(4), 0);
        }
        let adjustment = 0xb1b0_afba_u32.wrapping_sub(checksum(&file));
        if let Some(place) = head.and_then(|at| file.get_mut(at..at + 4)) {
            place.copy_from_slice(&adjustment.to_be_bytes());
        }
        file
    }
}

/// A `cmap` table for characters in ascending order: format 4 for those of two bytes, and format 12 if there are others.
pub(super) fn cmap(glyphs: &[(char, u16)]) -> Vec<u8> {
    let far = glyphs.iter().any(|(c, _)| u32::from(*c) > 0xffff);
    let near = format4(glyphs);
    let mut table = Vec::new();
    put16(&mut table, 0);
    put16(&mut table, if far { 2 } else { 1 });
    let first = if far { 20 } else { 12 };
    for (encoding, start) in [(1, first), (10, first + near.len())].into_iter().take(if far { 2 } else { 1 })
    {
        put16(&mut table, 3);
        put16(&mut table, encoding);
        put32(&mut table, size(start));
    }
    table.extend(near);
    if far {
        put16(&mut table, 12);
        put16(&mut table, 0);
        put32(&mut table, size(16 + 12 * glyphs.len()));
        put32(&mut table, 0);
        put32(&mut table, size(glyphs.len()));
        for &(c, glyph) in glyphs {
            put32(&mut table, u32::from(c));
            put32(&mut table, u32::from(c));
            put32(&mut table, u32::from(glyph));
        }
    }
    table
}

/// A `GPOS` table that moves pairs of glyphs, given in ascending order. Not a `kern` table: browsers drop that from fonts
/// with CFF outlines.
pub(super) fn gpos(pairs: &[(u16, u16, i16)]) -> Vec<u8> {
    /// Offsets inside the table have sixteen bits; a first glyph takes six bytes and a pair four.
    const MAX_PAIRS: usize = 6000;
    let pairs = &pairs[..pairs.len().min(MAX_PAIRS)];
    let sets: Vec<&[(u16, u16, i16)]> = pairs.chunk_by(|a, b| a.0 == b.0).collect();
    let mut table = Vec::new();
    // Version 1.0, then where the scripts, features and lookups are.
    for value in [1, 0, 10, 30, 44] {
        put16(&mut table, value);
    }
    // One script, DFLT, whose default language has feature 0.
    put16(&mut table, 1);
    table.extend(b"DFLT");
    for value in [8, 4, 0, 0, 0xffff, 1, 0] {
        put16(&mut table, value);
    }
    // One feature, kern, with lookup 0.
    put16(&mut table, 1);
    table.extend(b"kern");
    for value in [8, 0, 1, 0] {
        put16(&mut table, value);
    }
    // One lookup of pairs with one subtable, format 1, which changes the first glyph's advance.
    for value in [1, 4, 2, 0, 1, 8] {
        put16(&mut table, value);
    }
    let coverage = 10 + 2 * sets.len();
    for value in [1, size16(coverage), 4, 0, size16(sets.len())] {
        put16(&mut table, value);
    }
    let mut start = coverage + 4 + 2 * sets.len();
    for set in &sets {
        put16(&mut table, size16(start));
        start += 2 + 4 * set.len();
    }
    put16(&mut table, 1);
    put16(&mut table, size16(sets.len()));
    sets.iter().for_each(|set| put16(&mut table, set[0].0));
    for set in sets {
        put16(&mut table, size16(set.len()));
        for &(_, right, value) in set {
            put16(&mut table, right);
            table.extend(value.to_be_bytes());
        }
    }
    table
}

/// One segment for each stretch of characters whose glyphs are numbered on with them.
fn format4(glyphs: &[(char, u16)]) -> Vec<u8> {
    let mut segments: Vec<(u16, u16, u16)> = Vec::new();
    for &(c, glyph) in glyphs {
        let Ok(code) = u16::try_from(u32::from(c)) else { continue };
        let delta = glyph.wrapping_sub(code);
        match segments.last_mut() {
            Some((_, end, d)) if *d == delta && end.checked_add(1) == Some(code) => *end = code,
            _ => segments.push((code, code, delta)),
        }
    }
    segments.push((0xffff, 0xffff, 1));
    let count = segments.len();
    let mut table = Vec::new();
    for value in [4, size16(16 + 8 * count), 0] {
        put16(&mut table, value);
    }
    put16(&mut table, size16(2 * count));
    let mut counts = Vec::new();
    put_counts(&mut counts, count, 2);
    table.extend(counts.get(2..).unwrap_or_default());
    segments.iter().for_each(|s| put16(&mut table, s.1));
    put16(&mut table, 0);
    segments.iter().for_each(|s| put16(&mut table, s.0));
    segments.iter().for_each(|s| put16(&mut table, s.2));
    segments.iter().for_each(|_| put16(&mut table, 0));
    table
}

/// A count of records, and the three numbers that help to search them by halves.
fn put_counts(table: &mut Vec<u8>, count: usize, record: usize) {
    let steps = count.checked_ilog2().unwrap_or(0);
    let range = (1usize << steps) * record;
    put16(table, size16(count));
    put16(table, size16(range));
    put16(table, size16(steps as usize));
    put16(table, size16((count * record).saturating_sub(range)));
}

fn checksum(data: &[u8]) -> u32 {
    data.chunks(4).fold(0u32, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

fn put16(table: &mut Vec<u8>, value: u16) {
    table.extend(value.to_be_bytes());
}

fn put32(table: &mut Vec<u8>, value: u32) {
    table.extend(value.to_be_bytes());
}

/// Sizes inside a subset of an embedded font, which is far below four gigabytes.
fn size(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Counts of search ranges wrap in the largest tables, which readers ignore.
fn size16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}
