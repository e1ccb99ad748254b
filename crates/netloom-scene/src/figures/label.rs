//! Labels: shaped text set about a point.

use kurbo::Point;

use crate::{Color, Key, Text, TextRun};

/// A line of text whose middle is at a point: half its width, and half the height of its capitals.
pub fn label_at(key: impl Into<Key>, run: TextRun, center: Point, color: Color) -> Text {
    let start = center.x - run.width / 2.0;
    label_from(key, run, Point::new(start, center.y), color)
}

/// A line of text that starts at a point and has it at half the height of its capitals.
pub fn label_from(key: impl Into<Key>, run: TextRun, start: Point, color: Color) -> Text {
    let origin = Point::new(start.x, start.y + run.cap_height() / 2.0);
    Text { key: key.into(), run, origin, fill: color }
}

/// A line of text that ends at a point and has it at half the height of its capitals.
pub fn label_to(key: impl Into<Key>, run: TextRun, end: Point, color: Color) -> Text {
    let start = end.x - run.width;
    label_from(key, run, Point::new(start, end.y), color)
}

/// Several lines, each centred, the whole centred at a point; `line_height` px from one to the next. Keyed by the
/// pieces `line0`, `line1`, ….
pub fn label_lines(
    key: &Key,
    runs: Vec<TextRun>,
    center: Point,
    line_height: f64,
    color: Color,
) -> Vec<Text> {
    #[expect(clippy::cast_precision_loss, reason = "labels have few lines")]
    let middle = (runs.len().max(1) - 1) as f64 / 2.0;
    let mut y = center.y - middle * line_height;
    runs.into_iter()
        .enumerate()
        .map(|(i, run)| {
            let text = label_at(key.piece(&format!("line{i}")), run, Point::new(center.x, y), color);
            y += line_height;
            text
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kurbo::{Affine, Shape as _};

    use super::*;
    use crate::text::{TextStyle, shape};

    #[test]
    fn capitals_are_centred() {
        let color = Color::parse("1a1a1a").unwrap();
        let center = Point::new(100.0, 50.0);
        let label = label_at("a", shape("H", &TextStyle::sans(20.0)), center, color);
        let ink = (Affine::translate(label.origin.to_vec2()) * label.run.outline()).bounding_box();
        assert!((ink.center() - center).hypot() < 0.2, "{ink:?}");
        let runs = || ["H", "H"].iter().map(|t| shape(t, &TextStyle::sans(20.0))).collect::<Vec<_>>();
        let lines = label_lines(&Key::new("a"), runs(), center, 24.0, color);
        assert!(((lines[0].origin.y + lines[1].origin.y) / 2.0 - label.origin.y).abs() < 1e-9);
        assert!((lines[1].origin.y - lines[0].origin.y - 24.0).abs() < 1e-9);
        assert!(label_lines(&Key::new("a"), Vec::new(), center, 24.0, color).is_empty());
    }
}
