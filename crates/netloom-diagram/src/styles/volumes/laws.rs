//! How long things are drawn: sides, thickness and bars, each by a power law that the caption states.

use netloom_graph::Dim;
use netloom_scene::kurbo::Vec2;

use super::solid::{Body, Solid};
use crate::tensors::{Form, PowerLaw, Scale};

/// The shortest and the longest side of a map at size 1, px.
const SIDES: (f64, f64) = (13.0, 96.0);
/// The same where nothing has two sides, px.
const LENGTHS: (f64, f64) = (13.0, 46.0);
/// The least and the greatest thickness at size 1, px.
const THICKNESS: (f64, f64) = (3.0, 21.0);
/// The shortest and the longest bar at size 1, px; those between are drawn by the cube root where that fits.
const BARS: (f64, f64) = (16.0, 64.0);
/// Thickness of pools, norms and activations that stand alone, at size 1, px.
const THIN: f64 = 4.4;
/// Width of a bar at size 1, px.
const BAR: f64 = 6.4;
/// What lies one px behind, to the right and up: the one projection of the whole figure.
const AWAY: Vec2 = Vec2::new(0.25, -0.2);
/// The same where kernels are drawn on what lies behind: the sides are seen more from the side.
const FAR: Vec2 = Vec2::new(0.42, -0.25);
/// How deep what has no second side is drawn at size 1, px.
const SHEET: f64 = 16.0;
/// How long what is not known is drawn, as a part of the longest.
const NEUTRAL: f64 = 0.4;

/// The laws of one figure.
pub(super) struct Laws {
    side: PowerLaw,
    thickness: PowerLaw,
    bar: PowerLaw,
    size: f64,
    away: Vec2,
    /// Whether there are different sides, channels and units, which the laws tell apart.
    varies: [bool; 3],
}

/// Lengths of one solid, px.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Lengths {
    pub(super) height: f64,
    pub(super) thickness: f64,
    /// From its front to its back on the page.
    pub(super) away: Vec2,
    /// Whether all of it is known.
    pub(super) known: bool,
}

impl Laws {
    /// Fits the laws to all solids of a figure; `size` makes everything larger or smaller.
    pub(super) fn new(solids: &[Solid], scale: Scale, size: f64, has_pyramids: bool) -> Self {
        let volumes = || solids.iter().filter(|s| s.body == Body::Volume);
        let sides: Vec<u64> =
            volumes().flat_map(|s| s.extent.sides.iter().filter_map(Dim::as_size)).collect();
        let thick = |s: &&Solid| !s.thin;
        let channels: Vec<u64> =
            volumes().filter(thick).filter_map(|s| s.extent.channels.as_size()).collect();
        let units: Vec<u64> = solids
            .iter()
            .filter(|s| s.body == Body::Bar)
            .filter_map(|s| s.extent.channels.as_size())
            .collect();
        let (least, greatest) = (units.iter().min().copied(), units.iter().max().copied());
        #[expect(clippy::cast_precision_loss, reason = "sizes of tensors that are drawn are far below 2^53")]
        let ratio = least.unwrap_or(1).max(1) as f64 / greatest.unwrap_or(1).max(1) as f64;
        let shortest = (BARS.1 * libm::cbrt(ratio)).max(BARS.0);
        let varies = [&sides, &channels, &units].map(|all| all.iter().any(|n| *n != all[0]));
        let has_maps = volumes().any(|s| matches!(s.extent.form, Form::Maps | Form::Solid));
        let range = if has_maps { SIDES } else { LENGTHS };
        Self {
            side: PowerLaw::fit(sides, size * range.0, size * range.1, scale),
            thickness: PowerLaw::fit(channels, size * THICKNESS.0, size * THICKNESS.1, scale),
            bar: PowerLaw::fit(units, size * shortest, size * BARS.1, scale),
            size,
            away: if has_pyramids { FAR } else { AWAY },
            varies,
        }
    }

    /// The lengths of a solid; with `parts` above 1, those of one of so many equal parts of its channels.
    pub(super) fn of(&self, solid: &Solid, parts: u64) -> Lengths {
        let extent = &solid.extent;
        let part = |n: u64| if parts > 1 { (n / parts).max(1) } else { n };
        let channels = extent.channels.as_size().map(part);
        if solid.body == Body::Bar {
            let height = channels.map(|n| self.bar.px(n));
            return Lengths {
                height: height.unwrap_or(self.size * BARS.1 * NEUTRAL),
                thickness: self.size * BAR,
                away: Vec2::ZERO,
                known: height.is_some(),
            };
        }
        let neutral = self.size * SIDES.1 * NEUTRAL;
        let (rows, columns) = match (extent.form, &extent.sides[..]) {
            (Form::Maps | Form::Solid, [.., rows, columns]) => (Some(rows), Some(columns)),
            (_, [rows, ..]) => (Some(rows), None),
            _ => (None, None),
        };
        let drawn = |dim: Option<&Dim>| dim.and_then(Dim::as_size).map(|n| self.side.px(n));
        let depth = match columns {
            Some(_) => drawn(columns).unwrap_or(neutral),
            None if rows.is_some() => self.size * SHEET,
            None => neutral,
        };
        let sheet = if solid.sheet { self.size * THIN } else { f64::INFINITY };
        let thick = if solid.thin {
            Some(self.size * THIN)
        } else {
            channels.map(|n| self.thickness.px(n).min(sheet))
        };
        Lengths {
            height: drawn(rows).unwrap_or(neutral),
            thickness: thick.unwrap_or(self.size * THICKNESS.1 * NEUTRAL),
            away: self.away * depth,
            known: drawn(rows).is_some()
                && (columns.is_none() || drawn(columns).is_some())
                && thick.is_some(),
        }
    }

    /// What sizes mean, in words.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        let laws = [
            ("side", &self.side, "size"),
            ("thickness", &self.thickness, "channels"),
            ("bar", &self.bar, "units"),
        ];
        for ((drawn, law, what), varies) in laws.into_iter().zip(self.varies) {
            if varies {
                words.push(format!("{drawn} ∝ {}", law.words(what)));
            }
        }
        words.join(", ")
    }
}
