//! ZIP archives: the list of members, and each member in place or unpacked within limits.
//!
//! # Source
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, read by the crate `rawzip`.

use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive, ZipLocator};

use super::{Part, inflate};
use crate::error::Grouped;
use crate::{Bytes, Error, ErrorKind, Source};

/// The most members of an archive; a file of PyTorch has one for each tensor.
pub const MAX_MEMBERS: u64 = 200_000;

/// The longest name of a member, in bytes; longer ones are passed over.
const MAX_NAME: usize = 4096;

/// How far from the end the list of members is looked for, in bytes.
const SEARCH: u64 = 1 << 17;

/// An archive whose list of members has been read.
pub struct Zip<'a> {
    source: &'a dyn Source,
    archive: ZipArchive<Reader<'a>>,
    members: Vec<Member>,
}

/// One file of an archive.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its path, folders separated by slashes.
    pub name: String,
    /// Its size when unpacked, as the archive claims, in bytes.
    pub size: u64,
    stored: bool,
    way: rawzip::ZipArchiveEntryWayfinder,
}

struct Reader<'a>(&'a dyn Source);

impl ReaderAt for Reader<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.0.read_at(offset, buf).map_err(std::io::Error::other)
    }
}

impl<'a> Zip<'a> {
    /// Whether a source begins as an archive with members does.
    pub fn is(source: &dyn Source) -> bool {
        crate::source::take(source, 0, 4).is_ok_and(|head| head == b"PK\x03\x04")
    }

    /// Reads the list of members.
    ///
    /// # Errors
    /// When the list is missing or damaged, or has more than [`MAX_MEMBERS`].
    pub fn open(source: &'a dyn Source) -> Result<Self, Error> {
        let damaged = |e: &dyn std::fmt::Display| {
            Error::damaged(
                source.len(),
                format_args!("expected the list of members of a ZIP archive, found {e}"),
            )
            .with_hint("the file may be cut short: fetch or copy it again")
        };
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let archive = ZipLocator::new()
            .max_search_space(SEARCH)
            .locate_in_reader(Reader(source), &mut buffer, source.len())
            .map_err(|(_, e)| damaged(&e))?;
        let mut members = Vec::new();
        let mut entries = archive.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(|e| damaged(&e))? {
            let name = entry.file_path();
            let name = name.as_bytes();
            if entry.is_dir() || name.len() > MAX_NAME {
                continue;
            }
            if members.len() as u64 >= MAX_MEMBERS {
                return Err(Error::limit(format!(
                    "the archive has more than {} members",
                    Grouped(MAX_MEMBERS)
                )));
            }
            members.push(Member {
                name: String::from_utf8_lossy(name).into_owned(),
                size: entry.uncompressed_size_hint(),
                stored: entry.compression_method() == CompressionMethod::STORE,
                way: entry.wayfinder(),
            });
        }
        Ok(Self { source, archive, members })
    }

    /// The members, in the order of the list.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that path.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|m| m.name == name)
    }

    /// The member of that path below the archive's one top folder, whatever that is called, or at the top.
    pub fn below_top(&self, name: &str) -> Option<&Member> {
        let fits = |m: &&Member| m.name.split_once('/').is_some_and(|(_, rest)| rest == name);
        self.members.iter().find(fits).or_else(|| self.member(name))
    }

    /// A member as a source: in place where it is stored plain, else unpacked.
    ///
    /// # Errors
    /// When the member is damaged, is packed in a way other than deflate, or passes a limit of [`super`].
    pub fn open_member(&self, member: &Member) -> Result<Box<dyn Source + 'a>, Error> {
        let entry = self.archive.get_entry(member.way).map_err(|e| {
            Error::damaged(0, format_args!("expected the member `{}` of the archive, found {e}", member.name))
        })?;
        let (start, end) = entry.compressed_data_range();
        let short = member.name.rsplit('/').next().unwrap_or(&member.name);
        let part = Part::new(self.source, short, start, end.saturating_sub(start));
        if member.stored {
            return Ok(Box::new(part));
        }
        let mut local = vec![0; RECOMMENDED_BUFFER_SIZE];
        let method = entry.local_header(&mut local).map(|h| h.compression_method());
        if !method.is_ok_and(|m| m == CompressionMethod::DEFLATE) {
            return Err(Error::new(
                ErrorKind::NotThisFormat,
                format!(
                    "`{}` is packed in a way that is not read: expected it stored or deflated",
                    member.name
                ),
            )
            .with_hint("unpack the archive and pack it again with `zip`"));
        }
        let limit = super::limit(part.len());
        if member.size > limit {
            return Err(super::too_large(&format!("`{}`", member.name), part.len(), limit));
        }
        let bytes = inflate(part.reader(), part.len(), &format!("`{}`", member.name))?;
        Ok(Box::new(Bytes::new(short, bytes)))
    }

    /// Where a member's bytes stand in the archive, first byte and number, if it is stored plain.
    pub fn place(&self, member: &Member) -> Option<(u64, u64)> {
        let entry = self.archive.get_entry(member.way).ok().filter(|_| member.stored)?;
        let (start, end) = entry.compressed_data_range();
        Some((start, end.saturating_sub(start)))
    }

    /// The bytes of a small member.
    ///
    /// # Errors
    /// As [`Zip::open_member`], and when the member has more than `limit` bytes.
    pub fn bytes(&self, member: &Member, limit: u64) -> Result<Vec<u8>, Error> {
        let source = self.open_member(member)?;
        if source.len() > limit {
            return Err(Error::limit(format!(
                "expected `{}` to have at most {} bytes, found {}",
                member.name,
                Grouped(limit),
                Grouped(source.len())
            )));
        }
        Ok(crate::source::take(source.as_ref(), 0, usize::try_from(limit).unwrap_or(usize::MAX))?)
    }
}
