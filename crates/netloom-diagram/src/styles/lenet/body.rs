//! How large a tensor is drawn, and out of what: maps, sheets, a bar.

use netloom_scene::kurbo::{Rect, Size};

use crate::styles::rowed::{Cost, Kind, Placed, Plan};
use crate::styles::{DrawOptions, Setting};
use crate::tensors::{Form, PowerLaw, Scale};

/// Sides of the smallest maps with the automatic scale, px.
const SHORTEST_MAP: f64 = 11.0;
/// Sides of the largest maps: the first that needs no more rows than any is taken, px.
pub(super) const LONGEST: [f64; 4] = [84.0, 68.0, 56.0, 46.0];
/// From so many tensors on only the smallest size is tried.
const MANY: usize = 200;
/// Length of the shortest bars, px, and how much longer than maps the longest are.
const BARS: (f64, f64) = (16.0, 1.1);
/// A side and a number of units that count as present, so that what stands alone is not drawn large for that.
const USUAL: (u64, u64) = (28, 100);
/// Thickness of a bar, and how far it leans over, as a part of its length, px.
const BAR: (f64, f64) = (8.0, 0.22);
/// The furthest a bar leans over, px.
const LEAN: f64 = 14.0;
/// The least and the greatest shift from one map to the next, px.
const SHIFTS: (f64, f64) = (1.6, 4.0);
/// How far a whole stack shifts, as a part of the side of a map, and between what, px.
const STACK: (f64, f64, f64) = (0.55, 16.0, 30.0);
/// How many maps the dots take the place of on paper.
pub(super) const DOTS: usize = 3;
/// The side of what has no known size, px.
const NEUTRAL: f64 = 40.0;
/// The least a side is drawn, px.
const LEAST: f64 = 4.0;
/// Width of a token's bar and the space behind it, px.
pub(super) const TOKEN: (f64, f64) = (4.0, 2.5);
/// How many tokens are drawn where their number is not known.
const SOME: usize = 4;

/// The laws of one figure.
pub(super) struct Laws {
    maps: PowerLaw,
    bars: PowerLaw,
    cap: usize,
}

/// What a tensor is drawn out of.
pub(super) enum Body {
    /// Squares behind one another, the last in front.
    Maps {
        /// One of them, px.
        map: Size,
        /// How many are drawn, and whether dots stand before the last.
        drawn: (usize, bool),
        /// From one to the next, px.
        shift: f64,
        /// Whether a side or the number is not known.
        vague: bool,
    },
    /// Bars side by side: the tokens of a sequence.
    Tokens {
        /// How many are drawn, and whether dots stand before the last.
        drawn: (usize, bool),
        /// Their length, px.
        length: f64,
        /// Whether the number of tokens or of features is not known.
        vague: bool,
    },
    /// A bar that leans over: a vector.
    Bar {
        /// Its length, px.
        length: f64,
        /// Whether that is not known.
        vague: bool,
    },
}

impl Laws {
    /// The laws with which the largest maps are `longest` px wide.
    pub(super) fn new(
        plan: &Plan,
        options: &DrawOptions,
        settings: &'static [Setting],
        longest: f64,
    ) -> Self {
        let scale = Scale::find(options.settings.word(settings, "scale")).unwrap_or_default();
        let tensors = || plan.pieces.iter().filter(|p| matches!(p.kind, Kind::Tensor | Kind::Closed));
        let sides = tensors()
            .filter(|p| matches!(p.extent.form, Form::Maps | Form::Solid | Form::Signal) && !pixel(&p.extent))
            .flat_map(|p| p.extent.sides.iter().rev().take(2).filter_map(netloom_graph::Dim::as_size));
        let units = tensors()
            .filter(|p| {
                matches!(p.extent.form, Form::Vector | Form::Scalar | Form::Sequence) || pixel(&p.extent)
            })
            .filter_map(|p| p.extent.channels.as_size());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let cap = options.settings.number(settings, "cap").max(2.0) as usize;
        Self {
            maps: PowerLaw::fit(sides.chain([USUAL.0]), SHORTEST_MAP, longest, scale),
            bars: PowerLaw::fit(units.chain([USUAL.1]), BARS.0, longest * BARS.1, scale),
            cap,
        }
    }

    /// How many of so many are drawn, and whether dots stand before the last.
    fn drawn(&self, n: Option<u64>) -> (usize, bool) {
        match n.and_then(|n| usize::try_from(n).ok()) {
            Some(n) if n <= self.cap => (n.max(1), false),
            _ if self.cap > DOTS + 2 => (self.cap - DOTS, true),
            _ => (2, true),
        }
    }

    /// What lengths mean, as far as they are used.
    pub(super) fn notes(&self, bodies: &[Body]) -> Vec<String> {
        let mut notes = Vec::new();
        let mut said = Vec::new();
        let plain = |law: &PowerLaw| law.exponent().is_some_and(|e| (e - 1.0).abs() < 1e-9);
        if bodies.iter().any(|b| matches!(b, Body::Maps { .. })) && !plain(&self.maps) {
            said.push(format!("sides of maps ∝ {}", self.maps.words("size")));
        }
        if bodies.iter().any(|b| matches!(b, Body::Bar { .. } | Body::Tokens { .. })) && !plain(&self.bars) {
            said.push(format!("bars ∝ {}", self.bars.words("units")));
        }
        if !said.is_empty() {
            notes.push(said.join(", "));
        }
        notes
    }
}

/// The first size of maps that needs no more rows than any other, and that fits where another does; the smallest where there are very many.
pub(super) fn fewest_rows<T>(
    plan: &Plan,
    room: Size,
    attempt: impl Fn(f64) -> (Laws, T, Placed),
) -> (Laws, T, Placed) {
    let mut best: Option<(Cost, (Laws, T, Placed))> = None;
    let tries = if plan.pieces.len() > MANY { &LONGEST[LONGEST.len() - 1..] } else { &LONGEST[..] };
    for longest in tries {
        let found = attempt(*longest);
        let cost = found.2.cost(room);
        if best.as_ref().is_none_or(|b| cost < b.0) {
            best = Some((cost, found));
        }
    }
    best.map_or_else(|| attempt(LONGEST[0]), |b| b.1)
}

fn pixel(extent: &crate::tensors::Extent) -> bool {
    !extent.sides.is_empty() && extent.sides.iter().all(|d| d.as_size() == Some(1))
}

impl Body {
    pub(super) fn new(plan: &Plan, piece: usize, laws: &Laws) -> Self {
        let extent = &plan.pieces[piece].extent;
        let side = |i: usize| {
            let dim = extent.sides.iter().rev().nth(i).and_then(netloom_graph::Dim::as_size);
            dim.map(|n| laws.maps.px(n).max(LEAST))
        };
        let units = extent.channels.as_size();
        match extent.form {
            _ if pixel(extent) && units.is_some() => Self::bar(units, laws),
            Form::Maps | Form::Solid | Form::Signal => {
                let width = side(0);
                let height = if extent.form == Form::Signal { Some(LEAST) } else { side(1) };
                let map = Size::new(width.unwrap_or(NEUTRAL), height.unwrap_or(NEUTRAL));
                let drawn = laws.drawn(units);
                #[expect(clippy::cast_precision_loss, reason = "at most 64")]
                let steps = (slots(drawn) - 1).max(1) as f64;
                let (least, most) = SHIFTS;
                let shift = ((map.width.max(map.height) * STACK.0).clamp(STACK.1, STACK.2) / steps)
                    .clamp(least, most);
                let vague = units.is_none() || width.is_none() || height.is_none();
                Self::Maps { map, drawn, shift, vague }
            }
            Form::Sequence if units == Some(1) => {
                let n = extent.height();
                let drawn = if n.is_none() { (SOME, true) } else { laws.drawn(n) };
                Self::Tokens { drawn, length: TOKEN.0 + 2.0, vague: n.is_none() }
            }
            Form::Sequence => {
                let n = extent.height();
                let drawn = if n.is_none() { (SOME, true) } else { laws.drawn(n) };
                let length = units.map_or(NEUTRAL, |u| laws.bars.px(u).max(LEAST));
                Self::Tokens { drawn, length, vague: n.is_none() || units.is_none() }
            }
            Form::Vector | Form::Scalar => Self::bar(units, laws),
            Form::Other => Self::Maps {
                map: Size::new(NEUTRAL * 0.7, NEUTRAL * 0.7),
                drawn: (1, false),
                shift: 0.0,
                vague: true,
            },
        }
    }

    fn bar(units: Option<u64>, laws: &Laws) -> Self {
        let length = units.map_or(NEUTRAL, |u| laws.bars.px(u).max(2.0 * LEAST));
        Self::Bar { length, vague: units.is_none() }
    }

    /// The whole drawing, px.
    pub(super) fn size(&self) -> Size {
        match self {
            Self::Maps { map, drawn, shift, .. } => {
                let all = steps(*drawn) * shift;
                Size::new(map.width + all, map.height + all)
            }
            Self::Tokens { drawn, length, .. } => {
                Size::new((steps(*drawn) + 1.0) * (TOKEN.0 + TOKEN.1) - TOKEN.1, *length)
            }
            Self::Bar { length, .. } => Size::new(BAR.0 + lean(*length), *length),
        }
    }

    /// How far from its ends an arrow at half its height meets it, px.
    pub(super) fn inset(&self) -> f64 {
        match self {
            Self::Maps { map, .. } => {
                let Size { width, height } = self.size();
                let over = height / 2.0 - map.height;
                if over <= 0.0 { 0.0 } else { over / (height - map.height) * (width - map.width) }
            }
            Self::Tokens { .. } => 0.0,
            Self::Bar { length, .. } => lean(*length) / 2.0,
        }
    }

    /// The map in front, the whole of anything else.
    pub(super) fn front(&self, at: Rect) -> Rect {
        match self {
            Self::Maps { map, .. } => Rect::new(at.x1 - map.width, at.y1 - map.height, at.x1, at.y1),
            _ => at,
        }
    }
}

/// How many places maps take up, those of the dots included.
pub(super) fn slots((drawn, dots): (usize, bool)) -> usize {
    drawn + if dots { DOTS } else { 0 }
}

#[expect(clippy::cast_precision_loss, reason = "at most 64")]
fn steps(drawn: (usize, bool)) -> f64 {
    (slots(drawn) - 1) as f64
}

/// How far a bar leans over, px.
pub(super) fn lean(length: f64) -> f64 {
    (length * BAR.1).min(LEAN)
}
