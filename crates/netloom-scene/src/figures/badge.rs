//! Pills: something short on a round-ended ground, such as how often a part is repeated.

use kurbo::{Point, Rect, Size};

use super::{label_at, oblong};
use crate::{Color, Group, Key, Role, TextRun};

/// A pill about a text, its right top corner at a point; its pieces are keyed `pill` and `pill-text`. The group is a
/// note of its own, keyed `badge`.
pub fn pill(key: &Key, run: TextRun, right_top: Point, padding: Size, colors: (Color, Color)) -> Group {
    let size = Size::new(run.width + 2.0 * padding.width, run.cap_height() + 2.0 * padding.height);
    // Never narrower than high, so that a single figure stands in a circle.
    let width = size.width.max(size.height);
    let rect = Rect::new(right_top.x - width, right_top.y, right_top.x, right_top.y + size.height);
    let mut group = Group::new(key.piece("badge")).with_role(Role::Note);
    group.push(oblong(key.piece("pill"), rect).filled(colors.0));
    group.push(label_at(key.piece("pill-text"), run, rect.center(), colors.1));
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Theme;
    use crate::text::shape;

    #[test]
    fn pills_hold_their_text() {
        let theme = Theme::light();
        let colors = theme.pill(&theme.swatch("conv"));
        let run = shape("×12", &theme.secondary_style());
        let width = run.width;
        let group = pill(&Key::new("a"), run, Point::new(100.0, 10.0), Size::new(6.0, 3.0), colors);
        let bounds = group.bounds();
        assert!(
            (bounds.x1 - 100.0).abs() < 1e-9 && (bounds.width() - width - 12.0).abs() < 1e-9,
            "{bounds:?}"
        );
    }
}
