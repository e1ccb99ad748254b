//! Rules of the whole: a canvas that fits, and keys that name one thing each.

use kurbo::Rect;

use super::scan::Scan;
use super::{LintOptions, Report, Rule};
use crate::Frame;

/// How far the canvas may be off what is drawn and its margin, px: sizes are rounded up to a grid of four, and the
/// outermost thing may be text, whose box is larger than its ink.
const SLACK: f64 = 8.0;

pub(super) fn check(scan: &Scan, frame: &Frame, options: &LintOptions, report: &mut Report) {
    let (canvas, drawn) = (frame.size.to_rect(), scan.bounds);
    let sides = [
        ("left", drawn.x0 - canvas.x0),
        ("top", drawn.y0 - canvas.y0),
        ("right", canvas.x1 - drawn.x1),
        ("bottom", canvas.y1 - drawn.y1),
    ];
    for (side, space) in sides {
        if drawn != Rect::ZERO
            && !((options.margin - SLACK).max(0.0)..=options.margin + SLACK).contains(&space)
        {
            let detail = format!("{space:.1} px of margin at the {side}, expected {}", options.margin);
            report.add(Rule::Canvas, &[], detail, canvas);
        }
    }
    for (key, count) in scan.keys.iter().filter(|(_, count)| **count > 1) {
        report.add(Rule::KeysUnique, &[key], format!("{count} times"), Rect::ZERO);
    }
}
