//! The letters a figure uses, as fonts embedded in its style sheet.

use std::collections::BTreeMap;

use netloom_scene::text::{subset, used};
use netloom_scene::{Family, Font, Frame, TextRun};

use super::base64;
use crate::walk::{Event, walk};
use crate::{Error, ErrorKind};

/// Appends a style sheet with the letters of every text that is drawn; nothing if there is no text.
///
/// Each style asked for is a font of its own, made of the letters shown in it, so that digits and kerning come out as they
/// were measured.
///
/// # Errors
/// If a font cannot be cut.
pub fn push_style(out: &mut String, frame: &Frame, prefix: &str) -> Result<(), Error> {
    let mut styles: BTreeMap<(Family, Font), Vec<&TextRun>> = BTreeMap::new();
    for event in walk(frame) {
        if let Event::Text(text) = event {
            let style = text.run.style;
            styles.entry((style.family, style.font())).or_default().push(&text.run);
        }
    }
    if styles.is_empty() {
        return Ok(());
    }
    out.push_str("<style>");
    for ((family, font), runs) in styles {
        let family = match family {
            Family::Sans => "sans",
            Family::Mono => "mono",
        };
        for source in used(runs) {
            let file = subset(&source).map_err(|e| Error::new(ErrorKind::Encoding, e.to_string()))?;
            out.push_str(&format!("@font-face{{font-family:{prefix}{family};"));
            if let Some(face) = font.face() {
                if face.weight != 400 {
                    out.push_str(&format!("font-weight:{};", face.weight));
                }
                if face.italic {
                    out.push_str("font-style:italic;");
                }
            }
            if source.font != font {
                // Only what the style's own font lacks.
                let numbers: Vec<_> =
                    source.glyphs.keys().map(|&c| format!("U+{:X}", u32::from(c))).collect();
                out.push_str(&format!("unicode-range:{};", numbers.join(",")));
            }
            out.push_str("src:url(data:font/otf;base64,");
            base64::push(out, &file);
            out.push_str(")}");
        }
    }
    out.push_str("</style>\n");
    Ok(())
}
