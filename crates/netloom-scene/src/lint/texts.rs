//! Rules of text: inside, apart, large enough, readable.

use kurbo::{BezPath, PathEl, Rect, Shape as _};

use super::grid::Grid;
use super::scan::{Line, Scan};
use super::{LintOptions, Report, Rule, TOLERANCE};
use crate::{Color, Frame};

/// Points in a CSS pixel.
const PT_PER_PX: f64 = 0.75;

pub(super) fn check(scan: &Scan, frame: &Frame, options: &LintOptions, report: &mut Report) {
    let canvas = frame.size.to_rect().inflate(TOLERANCE, TOLERANCE);
    let mut grid = Grid::new(scan.bounds);
    let mut nodes = Grid::new(scan.bounds);
    let mut fills = Grid::new(scan.bounds);
    scan.texts.iter().enumerate().for_each(|(i, t)| grid.insert(t.rect, i));
    scan.boxes.iter().enumerate().filter(|(_, b)| !b.container).for_each(|(i, b)| nodes.insert(b.rect, i));
    scan.fills.iter().enumerate().for_each(|(i, f)| fills.insert(f.rect, i));
    for (i, text) in scan.texts.iter().enumerate() {
        if let Some(owner) = text.owner.map(|o| &scan.boxes[o])
            && !owner.shape.is_empty()
            && !owner.rect.inflate(TOLERANCE, TOLERANCE).contains_rect(text.rect)
        {
            report.add(Rule::TextInBox, &[&text.key, &owner.key], over(owner.rect, text.rect), text.rect);
        }
        if !canvas.contains_rect(text.rect) {
            report.add(Rule::TextOnCanvas, &[&text.key], over(frame.size.to_rect(), text.rect), text.rect);
        }
        for j in grid.near(text.rect).into_iter().filter(|j| *j > i) {
            let other = &scan.texts[j];
            if overlap(text.rect, other.rect) {
                report.add(Rule::TextsApart, &[&text.key, &other.key], String::new(), text.rect);
            }
        }
        for j in nodes.near(text.rect) {
            let node = &scan.boxes[j];
            let own = text.owner.is_some_and(|o| scan.is_within(o, j));
            if !own && overlap(text.rect, node.rect) && pieces(&node.shape).any(|p| overlap(text.rect, p)) {
                report.add(Rule::TextOffNodes, &[&text.key, &node.key], String::new(), text.rect);
            }
        }
        let size_pt = text.size_px * options.scale * PT_PER_PX;
        report.smallest_pt = report.smallest_pt.min(size_pt);
        if size_pt < options.floor_pt - 1e-6 {
            report.add(Rule::TypeSize, &[&text.key], format!("{size_pt:.1} pt"), text.rect);
        }
        let contrast = contrast(scan, frame, &fills, text);
        if contrast < options.contrast - 0.005 {
            report.add(Rule::Contrast, &[&text.key], format!("{contrast:.1}"), text.rect);
        }
    }
}

/// Contrast of a text with all that is painted beneath its centre. A transparent page is taken for a white one, which is
/// what most pages are.
fn contrast(scan: &Scan, frame: &Frame, fills: &Grid, text: &Line) -> f64 {
    let at = text.rect.center();
    let white = Color { r: 255, g: 255, b: 255, a: 255 };
    let mut ground = frame.background.map_or(white, |page| page.over(white));
    for i in fills.near(Rect::from_points(at, at)) {
        let fill = &scan.fills[i];
        if i < text.above && fill.rect.contains(at) && fill.shape.contains(at) {
            ground = fill.color.over(ground);
        }
    }
    text.fill.over(ground).contrast(ground)
}

/// Whether two rectangles share more than rounding.
pub(super) fn overlap(a: Rect, b: Rect) -> bool {
    let both = a.intersect(b);
    both.width() > TOLERANCE && both.height() > TOLERANCE
}

/// The bounding boxes of the pieces of an outline: a node may be drawn as several things apart.
fn pieces(shape: &BezPath) -> impl Iterator<Item = Rect> {
    let starts = |e: &PathEl| matches!(e, PathEl::MoveTo(_));
    let elements = shape.elements();
    let from = elements.iter().enumerate().filter(move |(_, e)| starts(e)).map(|(i, _)| i);
    from.map(move |i| {
        let rest = &elements[i + 1..];
        let end = rest.iter().position(starts).map_or(elements.len(), |n| i + 1 + n);
        BezPath::from_vec(elements[i..end].to_vec()).bounding_box()
    })
}

/// How far a rectangle reaches out of another.
fn over(outer: Rect, inner: Rect) -> String {
    let out = [outer.x0 - inner.x0, outer.y0 - inner.y0, inner.x1 - outer.x1, inner.y1 - outer.y1];
    format!("by {:.1} px", out.into_iter().fold(0.0, f64::max))
}
