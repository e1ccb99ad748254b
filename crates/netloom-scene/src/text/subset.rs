//! A small font with only what a figure shows, for embedding where the text stays text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use subsetter::GlyphRemapper;

use super::fonts::load;
use super::sfnt::{Sfnt, cmap, gpos};
use super::{Font, TextRun};

/// What of one font a figure shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FontUse {
    /// The font.
    pub font: Font,
    /// The glyph that stands for each character.
    pub glyphs: BTreeMap<char, u16>,
    /// How far pairs of glyphs are moved together (negative) or apart, in font units.
    pub kerns: BTreeMap<(u16, u16), i16>,
}

/// Why no subset could be made of an embedded font.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubsetError(String);

/// What the texts show of each font, in the order of the fonts. Characters that no font has are left out, so that a
/// viewer that has them may show them.
pub fn used<'a>(runs: impl IntoIterator<Item = &'a TextRun>) -> Vec<FontUse> {
    let mut all: BTreeMap<Font, FontUse> = BTreeMap::new();
    for run in runs {
        for (i, glyph) in run.glyphs.iter().enumerate() {
            let entry = all.entry(glyph.font).or_insert_with(|| FontUse {
                font: glyph.font,
                glyphs: BTreeMap::new(),
                kerns: BTreeMap::new(),
            });
            let end =
                run.glyphs[i..].iter().map(|g| g.start).find(|s| *s > glyph.start).unwrap_or(run.text.len());
            let cluster = run.text.get(glyph.start..end).unwrap_or("");
            entry.add(cluster, glyph.id);
            let size = run.style.size_px;
            if let Some(next) = run.glyphs.get(i + 1)
                && next.font == glyph.font
                && size > 0.0
            {
                entry.kern(glyph.id, next.id, (next.x - glyph.x) / size);
            }
        }
    }
    all.into_values().filter(|u| !u.glyphs.is_empty()).collect()
}

/// An OpenType file that shows the same glyphs as the texts it was collected from, with no feature asked for: digits are
/// mapped to their tabular forms, and the kerning is that of the pairs used.
///
/// # Errors
/// If the embedded font cannot be cut, or there is none of that index.
pub fn subset(used: &FontUse) -> Result<Vec<u8>, SubsetError> {
    let face = used.font.face().ok_or_else(|| SubsetError(format!("no font {}", used.font.index())))?;
    let wanted: BTreeSet<u16> = used.glyphs.values().copied().collect();
    let wanted: Vec<u16> = wanted.into_iter().collect();
    let map = GlyphRemapper::new_from_glyphs(&wanted);
    let error = |what: &dyn fmt::Display| SubsetError(format!("{}: {what}", face.name));
    let cut = subsetter::subset(face.bytes, 0, &map).map_err(|e| error(&e))?;
    let damaged = || error(&"damaged table directory");
    let mut file = Sfnt::parse(&cut).ok_or_else(damaged)?;
    let whole = Sfnt::parse(face.bytes).ok_or_else(damaged)?;
    // Browsers refuse a font without these; the cutter leaves them out because PDF does not need them.
    let metrics = whole.table(*b"OS/2").ok_or_else(|| error(&"no OS/2 table"))?;
    file.set(*b"OS/2", metrics.to_vec());
    if let Some(post) = file.table(*b"post") {
        let mut short = post.get(..32).ok_or_else(damaged)?.to_vec();
        short[..4].copy_from_slice(&[0, 3, 0, 0]);
        file.set(*b"post", short);
    }
    let glyphs: Vec<(char, u16)> = used.glyphs.iter().filter_map(|(c, g)| Some((*c, map.get(*g)?))).collect();
    file.set(*b"cmap", cmap(&glyphs));
    let mut kerns: Vec<(u16, u16, i16)> =
        used.kerns.iter().filter_map(|((a, b), k)| Some((map.get(*a)?, map.get(*b)?, *k))).collect();
    kerns.sort_unstable();
    if !kerns.is_empty() {
        file.set(*b"GPOS", gpos(&kerns));
    }
    Ok(file.build())
}

impl FontUse {
    /// Notes which glyph a cluster of characters became.
    fn add(&mut self, cluster: &str, glyph: u16) {
        let Some(loaded) = load(self.font) else { return };
        let mut chars = cluster.chars();
        let (first, single) = (chars.next(), chars.next().is_none());
        if single {
            if let Some(c) = first.filter(|&c| loaded.charmap.map(c).is_some()) {
                self.glyphs.insert(c, glyph);
            }
            return;
        }
        // A letter with marks: viewers that place marks need the parts, those that compose need the whole.
        for c in cluster.chars() {
            if let Some(id) = loaded.charmap.map(c).and_then(|id| u16::try_from(id.to_u32()).ok()) {
                self.glyphs.entry(c).or_insert(id);
            }
        }
        let whole = loaded.charmap.mappings().find(|(_, id)| id.to_u32() == u32::from(glyph));
        if let Some(c) = whole.and_then(|(code, _)| char::from_u32(code)) {
            self.glyphs.entry(c).or_insert(glyph);
        }
    }

    /// Notes how far two neighbours stand apart, in ems, where that is not the width of the first.
    fn kern(&mut self, left: u16, right: u16, apart: f64) {
        let Some(face) = self.font.face() else { return };
        let (own, next) = (face.advance(left), face.advance(right));
        if own == 0.0 || next == 0.0 {
            return;
        }
        let units = ((apart - own) * face.units_per_em()).round();
        if units != 0.0 && units.abs() <= f64::from(i16::MAX) {
            #[expect(clippy::cast_possible_truncation, reason = "in range by the line above")]
            let units = units as i16;
            self.kerns.insert((left, right), units);
        }
    }
}

impl fmt::Display for SubsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot cut an embedded font: {}", self.0)
    }
}

impl std::error::Error for SubsetError {}

#[cfg(test)]
mod tests {
    use skrifa::instance::{LocationRef, Size};
    use skrifa::{FontRef, MetadataProvider as _};

    use super::*;
    use crate::text::{TextStyle, Weight, outline, shape};

    /// Width of a text in a subset, by its own cmap and advances and the kerning it was given.
    fn width(file: &[u8], used: &FontUse, text: &str, size: f64) -> f64 {
        let font = FontRef::new(file).expect("a subset is a font");
        let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        let units = f64::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        let map = font.charmap();
        let advances: f64 = text
            .chars()
            .map(|c| {
                f64::from(
                    metrics.advance_width(map.map(c).expect("every character is mapped")).unwrap_or(0.0),
                )
            })
            .sum();
        let chars: Vec<char> = text.chars().collect();
        let kerns: f64 = chars
            .windows(2)
            .filter_map(|w| used.kerns.get(&(used.glyphs[&w[0]], used.glyphs[&w[1]])))
            .map(|k| f64::from(*k))
            .sum();
        (advances + kerns) * size / units
    }

    #[test]
    fn a_subset_is_as_wide_as_the_shaped_text() {
        let styles = [
            TextStyle::sans(11.0),
            TextStyle::sans(11.0).with_weight(Weight::Medium),
            TextStyle::sans(9.5).with_weight(Weight::Bold),
            TextStyle::sans(9.5).with_italic(true),
            TextStyle::mono(10.0),
        ];
        for style in styles {
            for text in ["7×7, 64, /2", "AVATAR To. 1190", "layer1 · BasicBlock", "11.69 M parameters"] {
                let run = shape(text, &style);
                let used = used([&run]);
                assert_eq!(used.len(), 1, "{text}");
                let file = subset(&used[0]).expect("embedded fonts can be cut");
                let own = width(&file, &used[0], text, style.size_px);
                assert!((own - run.width).abs() < 0.05, "{text}: {own} for {}", run.width);
                assert!(file.len() < 12_000, "{text}: {} bytes", file.len());
                assert_eq!(file.len() % 4, 0);
            }
        }
    }

    #[test]
    fn a_subset_shows_the_same_outlines() {
        let run = shape("⌊α1⌋ 𝛼 é e\u{301} 层", &TextStyle::sans(100.0));
        for used in used([&run]) {
            let file = subset(&used).expect("embedded fonts can be cut");
            let font = FontRef::new(&file).expect("a subset is a font");
            let glyphs = font.outline_glyphs();
            for (c, old) in &used.glyphs {
                let id = font.charmap().map(*c).expect("every character is mapped");
                let mut pen = skrifa::outline::pen::SvgPen::new();
                let settings =
                    skrifa::outline::DrawSettings::unhinted(Size::new(100.0), LocationRef::default());
                if let Some(glyph) = glyphs.get(id) {
                    glyph.draw(settings, &mut pen).expect("outlines are whole");
                }
                let empty = outline(used.font, *old, 100.0).is_empty();
                assert_eq!(pen.to_string().is_empty(), empty, "{c:?}");
            }
            assert!(!used.glyphs.contains_key(&'层'));
        }
    }

    #[test]
    fn an_unknown_font_is_an_error() {
        let none = FontUse { font: Font::new(99), glyphs: BTreeMap::new(), kerns: BTreeMap::new() };
        assert_eq!(subset(&none).unwrap_err().to_string(), "cannot cut an embedded font: no font 99");
    }
}
