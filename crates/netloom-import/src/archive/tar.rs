//! Tar archives: members in place.
//!
//! # Source
//! POSIX.1-2017, `pax`, "ustar Interchange Format".

use super::Part;
use crate::{Error, Source};

/// The most members that are listed.
pub const MAX_MEMBERS: usize = 100_000;

/// Headers and data come in blocks of this many bytes.
const BLOCK: u64 = 512;

/// One file of an archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its path, folders separated by slashes.
    pub name: String,
    /// Where its bytes begin.
    pub start: u64,
    /// How many there are.
    pub len: u64,
}

impl Member {
    /// The member as a source, in place.
    pub fn open<'a>(&self, source: &'a dyn Source) -> Part<'a> {
        let short = self.name.rsplit('/').next().unwrap_or(&self.name);
        Part::new(source, short, self.start, self.len)
    }
}

/// Whether a source begins as a tar archive does: with a header whose checksum is right.
pub fn is(source: &dyn Source) -> bool {
    crate::source::take(source, 0, 512).is_ok_and(|block| header(&block).is_some())
}

/// The files of an archive, in order; folders, links and the like are passed over.
///
/// # Errors
/// When the outside world fails. A damaged header ends the list.
pub fn members(source: &dyn Source) -> Result<Vec<Member>, Error> {
    let mut members = Vec::new();
    let mut at = 0_u64;
    while members.len() < MAX_MEMBERS {
        let block = crate::source::take(source, at, 512)?;
        let Some((name, kind, len)) = header(&block) else { break };
        let start = at + BLOCK;
        if matches!(kind, b'0' | 0) && !name.is_empty() && !name.ends_with('/') {
            members.push(Member { name, start, len });
        }
        let Some(next) = len.checked_next_multiple_of(BLOCK).and_then(|n| n.checked_add(start)) else {
            break;
        };
        at = next;
    }
    Ok(members)
}

/// Name, kind and length of the member that a header announces.
fn header(block: &[u8]) -> Option<(String, u8, u64)> {
    let block: &[u8; 512] = block.try_into().ok()?;
    let claimed = octal(&block[148..156])?;
    let blank = 8 * u64::from(b' ');
    let sum: u64 = block[..148].iter().chain(&block[156..]).map(|b| u64::from(*b)).sum();
    if sum + blank != claimed {
        return None;
    }
    let text = |range: &[u8]| {
        let end = range.iter().position(|b| *b == 0).unwrap_or(range.len());
        String::from_utf8_lossy(&range[..end]).into_owned()
    };
    let mut name = text(&block[..100]);
    let prefix = text(&block[345..500]);
    if &block[257..262] == b"ustar" && !prefix.is_empty() {
        name = format!("{prefix}/{name}");
    }
    Some((name.trim_start_matches("./").to_owned(), block[156], octal(&block[124..136])?))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = field.split(|b| matches!(b, 0 | b' ')).find(|t| !t.is_empty())?;
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    fn entry(name: &str, data: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        block[156] = b'0';
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
        block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        block[154] = 0;
        block.extend(data);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    }

    #[test]
    fn members_are_found_in_place() {
        let mut bytes = entry("./a/one.txt", b"first");
        bytes.extend(entry("two", &[7; 600]));
        bytes.extend([0; 1024]);
        let source = Bytes::new("x.tar", bytes);
        assert!(is(&source));
        let found = members(&source).unwrap();
        assert_eq!(
            found.iter().map(|m| (m.name.as_str(), m.len)).collect::<Vec<_>>(),
            [("a/one.txt", 5), ("two", 600)]
        );
        let one = found[0].open(&source);
        assert_eq!((one.name(), crate::source::take(&one, 0, 100).unwrap()), ("one.txt", b"first".to_vec()));
        assert!(!is(&Bytes::new("x", vec![0; 600])));
        assert!(!is(&Bytes::new("x", b"short".to_vec())));
    }
}
