//! OpenVINO's intermediate representation: layers and edges in XML, weights in a file beside it.
//!
//! # Source
//! <https://docs.openvino.ai/2024/documentation/openvino-ir-format.html>

mod build;
mod ops;
mod xml;

use netloom_graph::Graph;

use crate::error::Grouped;
use crate::source::take;
use crate::{Confidence, Error, Format, Source};

/// The most bytes of the XML.
pub const MAX_BYTES: u64 = 256 << 20;

/// OpenVINO as a format.
pub struct OpenVino;

impl Format for OpenVino {
    fn name(&self) -> &'static str {
        "openvino"
    }

    fn about(&self) -> &'static str {
        "OpenVINO intermediate representation (.xml), versions 7 to 11"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 2048).unwrap_or_default();
        let text = String::from_utf8_lossy(&head);
        let root = text
            .split('<')
            .map(str::trim_start)
            .find(|t| !t.is_empty() && !t.starts_with(['?', '!', '\u{feff}']));
        let is_net = root.is_some_and(|t| t.starts_with("net ") || t.starts_with("Net "));
        if is_net && text.contains("<layers") { Confidence::Content } else { Confidence::No }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if source.len() > MAX_BYTES {
            return Err(Error::limit(format!(
                "expected at most {} bytes of XML, found {}",
                Grouped(MAX_BYTES),
                Grouped(source.len())
            )));
        }
        let bytes = take(source, 0, usize::try_from(MAX_BYTES).unwrap_or(usize::MAX))?;
        let net = xml::read(&String::from_utf8_lossy(&bytes))?;
        build::build(&net, source)
    }
}
