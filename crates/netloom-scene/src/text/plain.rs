//! From characters to glyphs with nothing but widths: for the letters of interactive pages, which have no kerning and
//! digits that are equally wide.

use super::fonts::{self, Loaded};
use super::{Font, Glyph, TextRun};

/// Puts a piece in one font at the end of a run, every character by itself.
pub(super) fn place(run: &mut TextRun, font: Font, piece: &[(usize, char)]) {
    let (Some(Loaded { charmap, .. }), Some(face)) = (fonts::load(font), font.face()) else { return };
    for &(start, character) in piece {
        let id = charmap.map(character).and_then(|g| u16::try_from(g.to_u32()).ok()).unwrap_or(0);
        run.glyphs.push(Glyph { font, id, x: run.width, y: 0.0, start });
        run.width += face.advance(id) * run.style.size_px;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TextStyle, shape};
    use super::*;

    #[test]
    fn widths_are_those_of_the_shaper_but_for_kerning() {
        for text in ["conv 3×3, 64", "layer4.2 · Bottleneck", "max-pool 3×3", "768", "AVATAR To"] {
            let style = TextStyle::sans(11.0);
            let shaped = shape(text, &style);
            let mut plain = TextRun { glyphs: Vec::new(), width: 0.0, ..shaped.clone() };
            let piece: Vec<(usize, char)> = text.char_indices().collect();
            place(&mut plain, style.font(), &piece);
            assert_eq!(plain.glyphs.len(), shaped.glyphs.len(), "{text}");
            let apart = (plain.width - shaped.width).abs();
            assert!(apart < 0.08 * shaped.width, "{text}: {} and {}", plain.width, shaped.width);
        }
    }
}
