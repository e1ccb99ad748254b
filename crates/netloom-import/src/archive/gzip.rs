//! Gzip: one compressed file.

use super::{Part, grow};
use crate::{Bytes, Error, Source};

/// Whether a source begins as a gzip file does.
pub fn is(source: &dyn Source) -> bool {
    crate::source::take(source, 0, 3).is_ok_and(|head| head == b"\x1f\x8b\x08")
}

/// What is inside, named without the `.gz`.
///
/// # Errors
/// When the data are damaged or pass a limit of [`super`].
pub fn open(source: &dyn Source) -> Result<Bytes, Error> {
    let name = source.name();
    let part = Part::new(source, name, 0, source.len());
    let bytes = grow(flate2::read::MultiGzDecoder::new(part.reader()), source.len(), "the gzip file")?;
    let inner = match name.rsplit_once('.') {
        Some((stem, "tgz")) => format!("{stem}.tar"),
        Some((stem, "gz")) => stem.to_owned(),
        _ => name.to_owned(),
    };
    Ok(Bytes::new(inner, bytes))
}
