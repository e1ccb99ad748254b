//! Archives that models come in: ZIP, tar and gzip, read piecemeal within limits.

pub mod gzip;
mod part;
pub mod tar;
pub mod zip;

pub use part::Part;

use crate::Error;
use crate::error::Grouped;

/// The most bytes that one compressed member may become; members that are stored plain are read in place and have no
/// limit.
pub const MAX_INFLATED: u64 = 256 << 20;

/// The most that a compressed member may grow: what text and zeros reach is about a thousand, and no description of a
/// model needs more than this.
pub const MAX_RATIO: u64 = 200;

/// The size from which [`MAX_RATIO`] holds: small members may be as repetitive as they like.
pub const SMALL: u64 = 16 << 20;

/// Inflates raw deflate data within the limits; `from` is what it is called in messages.
pub(crate) fn inflate(compressed: impl std::io::Read, len: u64, from: &str) -> Result<Vec<u8>, Error> {
    grow(flate2::read::DeflateDecoder::new(compressed), len, from)
}

/// Reads a decompressor to its end within the limits.
pub(crate) fn grow(mut data: impl std::io::Read, len: u64, from: &str) -> Result<Vec<u8>, Error> {
    let limit = limit(len);
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(&mut data, limit + 1), &mut bytes)
        .map_err(|e| Error::damaged(0, format_args!("expected compressed data in {from}, found {e}")))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(from, len, limit));
    }
    Ok(bytes)
}

/// What so many compressed bytes may become.
fn limit(len: u64) -> u64 {
    len.saturating_mul(MAX_RATIO).clamp(SMALL, MAX_INFLATED)
}

fn too_large(from: &str, len: u64, limit: u64) -> Error {
    Error::limit(format!(
        "{from} grows from {} to more than {} bytes when unpacked",
        Grouped(len),
        Grouped(limit)
    ))
    .with_hint("descriptions of models do not: the file may be made to exhaust memory")
}
