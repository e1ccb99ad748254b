//! Receptive fields: a kernel on the face of the maps it reads, and lines from it to one cell of what it makes.

use netloom_scene::figures::Cuboid;
use netloom_scene::kurbo::{BezPath, Point};
use netloom_scene::{Group, Key, Path, Theme};

use super::solid::Solid;
use crate::tensors::Window;

/// Where the middle of the kernel lies on the face, from front to back and from top to bottom.
const PLACE: (f64, f64) = (0.5, 0.56);
/// Where the lines meet on the front edge of the next volume, from top to bottom.
const APEX: f64 = 0.36;
/// Width of the lines, as a part of that between bands.
const THIN: f64 = 0.7;

/// Whether a kernel reads more than one cell.
pub(super) fn is_wide(window: &Window) -> bool {
    !window.transposed && window.kernel.iter().any(|k| *k > 1)
}

/// A kernel on the right side of one volume, at its true share of the maps, and dashed lines to the next.
pub(super) fn pyramid(
    key: &Key,
    solid: &Solid,
    window: &Window,
    (from, to): (Cuboid, Cuboid),
    theme: &Theme,
) -> Option<Group> {
    let share = |axis: usize, side: Option<u64>| {
        #[expect(clippy::cast_precision_loss, reason = "kernels and maps are far below 2^53")]
        let share = window.span(axis) as f64 / side.filter(|s| *s > 0)? as f64;
        Some(share.min(1.0))
    };
    let (down, deep) = (share(0, solid.extent.height())?, share(1, solid.extent.width())?);
    let at = |middle: f64, share: f64| {
        let low = (middle - share / 2.0).clamp(0.0, 1.0 - share);
        (low, low + share)
    };
    let ((z0, z1), (y0, y1)) = (at(PLACE.0, deep), at(PLACE.1, down));
    let corners = [(z0, y0), (z1, y0), (z1, y1), (z0, y1)].map(|(z, y)| from.on_side(z, y));
    let apex = Point::new(to.front.x0, to.front.y0 + APEX * to.front.height());
    let mut kernel = BezPath::new();
    let mut lines = BezPath::new();
    for (i, corner) in corners.iter().enumerate() {
        if i == 0 {
            kernel.move_to(*corner);
        } else {
            kernel.line_to(*corner);
        }
        lines.move_to(*corner);
        lines.line_to(apex);
    }
    kernel.close_path();
    let mut group = Group::new(key.clone());
    let mut lines =
        Path::new(Key::new(format!("{key}-lines")), lines).stroked(theme.muted, theme.band_stroke * THIN);
    if let Some(stroke) = &mut lines.stroke {
        stroke.dash = Some(theme.back_dash);
    }
    group.push(lines);
    group.push(
        Path::new(Key::new(format!("{key}-kernel")), kernel)
            .filled(theme.background.with_alpha(0.7))
            .stroked(theme.ink, theme.band_stroke * THIN),
    );
    Some(group)
}
