//! Models inside archives: gzip, tar and ZIP are looked into.

use netloom_graph::{Diagnostic, Graph};

use super::{FORMATS, read_at};
use crate::archive::{gzip, tar, zip::Zip};
use crate::source::take;
use crate::{Bytes, Confidence, Error, ErrorKind, Source, SourceError};

/// The most archives inside one another.
pub const MAX_DEPTH: u32 = 3;

/// The most members that are looked at for a model; those with telling names come first.
const MAX_LOOKED_AT: usize = 2000;

/// The most bytes of a member that is read because another one names it.
const MAX_SIBLING: u64 = 64 << 20;

/// The most members that a message lists.
const MAX_TOLD: usize = 6;

/// Extensions of archives, which are looked into inside others.
const ARCHIVES: &[&str] = &["gz", "tgz", "tar", "zip"];

/// Looks for a model in an archive; `None` when the source is no archive.
///
/// # Errors
/// When the archive is damaged, holds no model or several, or archives nest more than [`MAX_DEPTH`] deep.
pub(super) fn read(source: &dyn Source, depth: u32) -> Result<Option<Graph>, Error> {
    let is_zip = Zip::is(source);
    if !is_zip && !gzip::is(source) && !tar::is(source) {
        return Ok(None);
    }
    if depth >= MAX_DEPTH {
        return Err(Error::limit(format!("archives nest more than {MAX_DEPTH} deep"))
            .with_hint("unpack the outer ones"));
    }
    if is_zip {
        let zip = Zip::open(source)?;
        let names = zip.members().iter().map(|m| m.name.clone()).collect();
        let open = |i: usize| zip.members().get(i).and_then(|m| zip.open_member(m).ok());
        return among(source.name(), &Members { names, open: &open }, depth).map(Some);
    }
    if gzip::is(source) {
        let inner = gzip::open(source)?;
        return read_at(&inner, depth + 1).map(Some);
    }
    let members = tar::members(source)?;
    let names = members.iter().map(|m| m.name.clone()).collect();
    let open = |i: usize| members.get(i).map(|m| Box::new(m.open(source)) as Box<dyn Source + '_>);
    among(source.name(), &Members { names, open: &open }, depth).map(Some)
}

/// The members of an archive, by number.
struct Members<'a> {
    names: Vec<String>,
    open: &'a dyn Fn(usize) -> Option<Box<dyn Source + 'a>>,
}

/// Reads the one model among the members.
fn among(archive: &str, members: &Members<'_>, depth: u32) -> Result<Graph, Error> {
    let visible = |name: &str| !name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    let mut order: Vec<usize> = (0..members.names.len()).filter(|i| visible(&members.names[*i])).collect();
    let telling = |name: &str| {
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        ARCHIVES.contains(&extension)
            || FORMATS.iter().any(|f| f.extensions().iter().any(|e| e.eq_ignore_ascii_case(extension)))
    };
    order.sort_by_key(|i| !telling(&members.names[*i]));
    order.truncate(MAX_LOOKED_AT);
    let mut found: Vec<usize> = Vec::new();
    for i in order {
        let Some(member) = (members.open)(i) else { continue };
        let is_model = FORMATS.iter().any(|f| f.sniff(member.as_ref()) == Confidence::Content);
        let is_archive = Zip::is(member.as_ref()) || gzip::is(member.as_ref()) || tar::is(member.as_ref());
        if is_model || is_archive && telling(&members.names[i]) {
            found.push(i);
        }
    }
    found.sort_unstable();
    match found.as_slice() {
        [] => Err(Error::new(
            ErrorKind::UnknownFormat,
            format!("this is an archive without a model: {}", list(&members.names)),
        )
        .with_hint("formats that can be read are listed by `netloom formats`")),
        [one] => {
            let name = &members.names[*one];
            let Some(member) = (members.open)(*one) else {
                return Err(Error::new(ErrorKind::Source, format!("`{name}` of the archive cannot be read")));
            };
            let mut graph = read_at(&Inside { member: member.as_ref(), name, members }, depth + 1)?;
            graph.diagnostics.push(Diagnostic::note("", format!("read from `{name}` in `{archive}`")));
            Ok(graph)
        }
        several => {
            let names: Vec<String> = several.iter().map(|i| members.names[*i].clone()).collect();
            Err(Error::new(
                ErrorKind::UnknownFormat,
                format!("this archive holds several models: {}", list(&names)),
            )
            .with_hint("unpack it and name one of them"))
        }
    }
}

fn list(names: &[String]) -> String {
    let told: Vec<String> = names.iter().take(MAX_TOLD).map(|n| format!("`{n}`")).collect();
    match names.len() {
        0 => "it is empty".to_owned(),
        n if n > MAX_TOLD => format!("{} and {} more", told.join(", "), n - MAX_TOLD),
        _ => told.join(", "),
    }
}

/// A member that finds its siblings in the same archive.
struct Inside<'m, 'a> {
    member: &'m dyn Source,
    name: &'m str,
    members: &'m Members<'a>,
}

impl Source for Inside<'_, '_> {
    fn name(&self) -> &str {
        self.member.name()
    }

    fn len(&self) -> u64 {
        self.member.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        self.member.read_at(offset, buf)
    }

    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        let folder = self.name.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let wanted = format!("{folder}{}", path.trim_start_matches("./"));
        let at = self.members.names.iter().position(|n| *n == wanted)?;
        let member = (self.members.open)(at)?;
        let limit = usize::try_from(MAX_SIBLING).ok()?;
        if member.len() > MAX_SIBLING {
            return None;
        }
        let bytes = take(member.as_ref(), 0, limit).ok()?;
        Some(Box::new(Bytes::new(member.name(), bytes)))
    }
}
