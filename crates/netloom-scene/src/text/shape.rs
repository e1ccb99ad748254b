//! From characters to placed glyphs.

use std::borrow::Cow;

#[cfg(not(page_engine))]
use harfrust::{Direction, ShapeOptions, UnicodeBuffer, script};

#[cfg(not(page_engine))]
use super::Glyph;
#[cfg(not(page_engine))]
use super::fonts::Loaded;
use super::fonts::{self, FALLBACK};
use super::{Font, TextRun, TextStyle};

/// The longest text shaped, in characters; what is beyond is cut and `…` set in its place.
pub const MAX_CHARS: usize = 4096;

const MISSING: char = '\u{fffd}';

/// A text as glyphs: kerned, digits equally wide, left to right.
///
/// Line ends and tabs become spaces, other control characters the sign for an unknown character, marks that would turn
/// the direction of writing are left out: so the text is safe to write into any output. A character that the style's
/// font lacks comes from the fallback font; one that no font has is drawn as the sign for an unknown character, while the
/// text keeps it. A text longer than [`MAX_CHARS`] is cut.
pub fn shape(text: &str, style: &TextStyle) -> TextRun {
    let text = clean(text);
    let size_px = if style.size_px.is_finite() { style.size_px.max(0.0) } else { 0.0 };
    let own = fonts::choose(style);
    let mut run = TextRun {
        text: String::new(),
        style: TextStyle { size_px, ..*style },
        glyphs: Vec::with_capacity(text.len()),
        width: 0.0,
        ascent: own.face().map_or(0.0, |f| f.ascent() * size_px),
        descent: own.face().map_or(0.0, |f| f.descent() * size_px),
    };
    let mut pending: Vec<(usize, char)> = Vec::new();
    let mut font = own;
    let mut buffer = Buffer::default();
    for (start, character) in text.char_indices() {
        let (next, shown) = pick(own, font, character, pending.is_empty());
        if next != font && !pending.is_empty() {
            buffer = place(&mut run, font, &pending, buffer);
            pending.clear();
        }
        font = next;
        pending.push((start, shown));
    }
    place(&mut run, font, &pending, buffer);
    run.text = text.into_owned();
    run
}

/// Which font draws a character, and as which character. A mark stays with the letter before it.
fn pick(own: Font, current: Font, character: char, first: bool) -> (Font, char) {
    let has = |font: Font| fonts::load(font).is_some_and(|l| l.charmap.map(character).is_some());
    if !first && is_joined(character) && (has(current) || is_invisible(character)) {
        return (current, character);
    }
    if is_invisible(character) || has(own) {
        (own, character)
    } else if has(FALLBACK) {
        (FALLBACK, character)
    } else {
        (FALLBACK, MISSING)
    }
}

#[cfg(not(page_engine))]
type Buffer = UnicodeBuffer;
#[cfg(page_engine)]
type Buffer = ();

#[cfg(page_engine)]
fn place(run: &mut TextRun, font: Font, piece: &[(usize, char)], (): Buffer) -> Buffer {
    super::plain::place(run, font, piece);
}

/// Shapes a piece in one font and puts it at the end of the run; gives the buffer back for the next.
#[cfg(not(page_engine))]
fn place(run: &mut TextRun, font: Font, piece: &[(usize, char)], mut buffer: UnicodeBuffer) -> UnicodeBuffer {
    let (Some(Loaded { shaper, plan, units_per_em, .. }), false) = (fonts::load(font), piece.is_empty())
    else {
        return buffer;
    };
    for &(start, character) in piece {
        let cluster = u32::try_from(start).expect("at most MAX_CHARS characters of four bytes");
        buffer.add(character, cluster);
    }
    buffer.set_direction(Direction::LeftToRight);
    // One script for all: Latin, Greek and Cyrillic share their lookups in the embedded fonts, and one plan a font
    // spares planning each label anew.
    buffer.set_script(script::LATIN);
    let shaped = shaper.shape(buffer, ShapeOptions::new().plan(Some(plan)));
    let scale = run.style.size_px / units_per_em;
    for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
        run.glyphs.push(Glyph {
            font,
            id: u16::try_from(info.glyph_id).unwrap_or(0),
            x: run.width + f64::from(position.x_offset) * scale,
            y: -f64::from(position.y_offset) * scale,
            start: info.cluster as usize,
        });
        run.width += f64::from(position.x_advance) * scale;
    }
    shaped.clear()
}

/// The text as one safe line of at most [`MAX_CHARS`] characters.
fn clean(text: &str) -> Cow<'_, str> {
    let odd = |c: char| {
        c.is_control() || is_directional(c) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
    };
    if !text.contains(odd) && (text.len() <= MAX_CHARS || text.chars().nth(MAX_CHARS).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut kept: Vec<char> = text
        .chars()
        .filter(|&c| !is_directional(c))
        .take(MAX_CHARS + 1)
        .map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if odd(c) => MISSING,
            c => c,
        })
        .collect();
    if kept.len() > MAX_CHARS {
        kept.truncate(MAX_CHARS - 1);
        kept.push('…');
    }
    Cow::Owned(kept.into_iter().collect())
}

/// Marks that turn the direction of writing: they would let a label show its letters in another order than it says.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character belongs to the one before it.
pub(super) fn is_joined(c: char) -> bool {
    is_invisible(c)
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// Characters that the shaper hides, so that no font need have them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}
