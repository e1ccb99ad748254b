//! The embedded fonts: one table, each file read when it is first used.

use std::sync::OnceLock;

#[cfg(not(page_engine))]
use harfrust::{Direction, Feature, ShapePlan, Shaper, ShaperData, Tag, script};
use kurbo::BezPath;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::outline::{DrawSettings, OutlineGlyphCollection, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

use super::{Family, Font, TextStyle, Weight};

/// An embedded font file and what CSS calls it.
#[derive(Debug)]
pub struct FontFace {
    /// Its place in the table.
    pub font: Font,
    /// PostScript name, which is the file's name too.
    pub name: &'static str,
    /// Family name.
    pub family: &'static str,
    /// Weight as CSS counts it.
    pub weight: u16,
    /// Whether slanted.
    pub italic: bool,
    /// The file: OpenType with CFF or TrueType outlines.
    pub bytes: &'static [u8],
    /// The licence it is under.
    pub license: &'static str,
}

/// Where characters go that the chosen font lacks.
pub(super) const FALLBACK: Font = Font(6);

/// A font of which only the letters were known until now; parsed once.
pub(super) struct Loaded {
    #[cfg(not(page_engine))]
    pub shaper: Shaper<'static>,
    #[cfg(not(page_engine))]
    pub plan: ShapePlan,
    pub charmap: Charmap<'static>,
    pub units_per_em: f64,
    outlines: OutlineGlyphCollection<'static>,
    metrics: GlyphMetrics<'static>,
    ascent: f64,
    descent: f64,
    cap_height: f64,
}

const OFL_INTER: &str = include_str!("../../fonts/LICENSE-Inter.txt");
const OFL_MONO: &str = include_str!("../../fonts/LICENSE-JetBrainsMono.txt");
const VERA: &str = include_str!("../../fonts/LICENSE-DejaVu.txt");

/// The bytes of a font; the engine of interactive pages, which has to be small, carries cuts that
/// need no shaper, and no letters of equal width, which its figures do not use.
macro_rules! letters {
    ($name:literal, $small:literal) => {{
        #[cfg(not(page_engine))]
        const BYTES: &[u8] = include_bytes!(concat!("../../fonts/", $name));
        #[cfg(page_engine)]
        const BYTES: &[u8] = include_bytes!(concat!("../../fonts/small/", $small));
        BYTES
    }};
}

const COUNT: usize = 7;

static FACES: [FontFace; COUNT] = [
    FontFace {
        font: Font(0),
        name: "Inter-Regular",
        family: "Inter",
        weight: 400,
        italic: false,
        bytes: letters!("Inter-Regular.otf", "Inter-Regular.otf"),
        license: OFL_INTER,
    },
    FontFace {
        font: Font(1),
        name: "Inter-Medium",
        family: "Inter",
        weight: 500,
        italic: false,
        bytes: letters!("Inter-Medium.otf", "Inter-Medium.otf"),
        license: OFL_INTER,
    },
    FontFace {
        font: Font(2),
        name: "Inter-SemiBold",
        family: "Inter",
        weight: 600,
        italic: false,
        bytes: letters!("Inter-SemiBold.otf", "Inter-SemiBold.otf"),
        license: OFL_INTER,
    },
    FontFace {
        font: Font(3),
        name: "Inter-Italic",
        family: "Inter",
        weight: 400,
        italic: true,
        bytes: letters!("Inter-Italic.otf", "Inter-Italic.otf"),
        license: OFL_INTER,
    },
    FontFace {
        font: Font(4),
        name: "JetBrainsMono-Regular",
        family: "JetBrains Mono",
        weight: 400,
        italic: false,
        bytes: letters!("JetBrainsMono-Regular.ttf", "Inter-Regular.otf"),
        license: OFL_MONO,
    },
    FontFace {
        font: Font(5),
        name: "JetBrainsMono-Medium",
        family: "JetBrains Mono",
        weight: 500,
        italic: false,
        bytes: letters!("JetBrainsMono-Medium.ttf", "Inter-Regular.otf"),
        license: OFL_MONO,
    },
    FontFace {
        font: FALLBACK,
        name: "DejaVuSans",
        family: "DejaVu Sans",
        weight: 400,
        italic: false,
        bytes: letters!("DejaVuSans.ttf", "DejaVuSans.ttf"),
        license: VERA,
    },
];

#[cfg(not(page_engine))]
static SHAPER_DATA: [OnceLock<ShaperData>; COUNT] = [const { OnceLock::new() }; COUNT];
static LOADED: [OnceLock<Loaded>; COUNT] = [const { OnceLock::new() }; COUNT];

/// The outline of one glyph at a size, its baseline starting at the origin and y pointing down. Empty for a space and for
/// a glyph the font does not have.
pub fn outline(font: Font, glyph: u16, size_px: f64) -> BezPath {
    let mut pen = Pen(BezPath::new());
    if let Some(loaded) = load(font)
        && size_px.is_finite()
        && let Some(shape) = loaded.outlines.get(GlyphId::from(glyph))
    {
        // Drawn in font units and scaled in f64: drawing at a size would round to f32 first.
        let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
        if shape.draw(settings, &mut pen).is_ok() {
            let scale = size_px / loaded.units_per_em;
            return kurbo::Affine::scale_non_uniform(scale, -scale) * pen.0;
        }
    }
    BezPath::new()
}

/// The font a style takes its letters from.
pub(super) fn choose(style: &TextStyle) -> Font {
    match (style.family, style.weight, style.italic) {
        (Family::Sans, _, true) => Font(3),
        (Family::Sans, Weight::Regular, false) => Font(0),
        (Family::Sans, Weight::Medium, false) => Font(1),
        (Family::Sans, Weight::Bold, false) => Font(2),
        (Family::Mono, Weight::Regular, _) => Font(4),
        (Family::Mono, Weight::Medium | Weight::Bold, _) => Font(5),
    }
}

/// The parsed font; `None` for a font that is not in the table.
pub(super) fn load(font: Font) -> Option<&'static Loaded> {
    let index = font.index();
    let face = FACES.get(index)?;
    Some(LOADED.get(index)?.get_or_init(|| {
        let file = FontRef::new(face.bytes).expect("a test reads every embedded font");
        #[cfg(not(page_engine))]
        let (shaper, plan) = {
            let data = SHAPER_DATA[index].get_or_init(|| ShaperData::new(&file));
            let shaper = data.shaper(&file).build();
            let features = [Feature::new(Tag::new(b"tnum"), 1, ..), Feature::new(Tag::new(b"kern"), 1, ..)];
            let plan = ShapePlan::new(&shaper, Direction::LeftToRight, Some(script::LATIN), None, &features);
            (shaper, plan)
        };
        let metrics = file.metrics(Size::unscaled(), LocationRef::default());
        let units_per_em = f64::from(metrics.units_per_em).max(1.0);
        let em = |units: f32| f64::from(units) / units_per_em;
        Loaded {
            #[cfg(not(page_engine))]
            shaper,
            #[cfg(not(page_engine))]
            plan,
            charmap: file.charmap(),
            units_per_em,
            outlines: file.outline_glyphs(),
            metrics: file.glyph_metrics(Size::unscaled(), LocationRef::default()),
            ascent: em(metrics.ascent),
            descent: -em(metrics.descent),
            cap_height: metrics.cap_height.map_or(0.73, em),
        }
    }))
}

impl Font {
    /// Every embedded font, in the order of [`Font::index`].
    pub fn all() -> &'static [FontFace] {
        &FACES
    }

    /// The file behind this font; `None` if there is no font of that index.
    pub fn face(self) -> Option<&'static FontFace> {
        FACES.get(self.index())
    }
}

impl FontFace {
    /// Font units in an em.
    pub fn units_per_em(&self) -> f64 {
        load(self.font).map_or(1000.0, |l| l.units_per_em)
    }

    /// Height of a line above its baseline, in ems.
    pub fn ascent(&self) -> f64 {
        load(self.font).map_or(0.0, |l| l.ascent)
    }

    /// Depth of a line below its baseline, in ems.
    pub fn descent(&self) -> f64 {
        load(self.font).map_or(0.0, |l| l.descent)
    }

    /// Height of a capital letter, in ems.
    pub fn cap_height(&self) -> f64 {
        load(self.font).map_or(0.0, |l| l.cap_height)
    }

    /// How far a glyph moves the pen on, in ems; 0 for one the font does not have.
    pub fn advance(&self, glyph: u16) -> f64 {
        let units =
            |l: &Loaded| Some(f64::from(l.metrics.advance_width(GlyphId::from(glyph))?) / l.units_per_em);
        load(self.font).and_then(units).unwrap_or(0.0)
    }

    /// The glyph the font shows for a character when nothing is beside it, before any substitution.
    pub fn glyph(&self, character: char) -> Option<u16> {
        let id = load(self.font)?.charmap.map(character)?;
        u16::try_from(id.to_u32()).ok()
    }
}

struct Pen(BezPath);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to((f64::from(x), f64::from(y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to((f64::from(x), f64::from(y)));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to((f64::from(cx), f64::from(cy)), (f64::from(x), f64::from(y)));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.curve_to(
            (f64::from(ax), f64::from(ay)),
            (f64::from(bx), f64::from(by)),
            (f64::from(x), f64::from(y)),
        );
    }

    fn close(&mut self) {
        self.0.close_path();
    }
}

#[cfg(test)]
mod tests {
    use kurbo::Shape as _;

    use super::*;

    #[test]
    fn every_font_is_read_and_stands_at_its_index() {
        for (index, face) in Font::all().iter().enumerate() {
            assert_eq!(face.font.index(), index);
            assert!(load(face.font).is_some(), "{}", face.name);
            assert!((0.5..1.0).contains(&face.cap_height()), "{}: {}", face.name, face.cap_height());
            assert!(face.ascent() > 0.7 && face.descent() > 0.1, "{}", face.name);
            assert!(face.license.contains("ermission"), "{}", face.name);
        }
        assert!(Font::all().iter().map(|f| f.bytes.len()).sum::<usize>() < 1_500_000);
    }

    #[test]
    fn outlines_stand_on_the_baseline() {
        for face in Font::all() {
            let glyph = face.glyph('H').expect("every font has an H");
            let bounds = outline(face.font, glyph, 100.0).bounding_box();
            assert!(bounds.y1.abs() < 0.5, "{}: {bounds:?}", face.name);
            assert!((bounds.height() - 100.0 * face.cap_height()).abs() < 1.0, "{}: {bounds:?}", face.name);
        }
        assert!(outline(Font::new(99), 1, 10.0).is_empty());
    }
}
