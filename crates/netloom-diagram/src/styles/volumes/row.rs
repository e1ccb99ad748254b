//! A plain row of stages: as near to one another as their volumes and words allow.

use netloom_layout::{Layout, Size};
use netloom_scene::Theme;
use netloom_scene::kurbo::{Rect, Vec2};

use super::place::Shape;

/// Space between words of two stages, and between words and volumes, px.
const WORDS: (f64, f64) = (6.0, 3.0);
/// Words that reach past more stages than this are none.
const REACH: usize = 6;

/// One rectangle of a shape, and whether it is the one around its volumes.
type Part = (Rect, bool);

/// Sets shapes side by side with `gap` px between their volumes, all on one axis.
pub(super) fn row(shapes: &[Shape], theme: &Theme, gap: f64) -> Layout {
    let parts: Vec<Vec<Part>> = shapes.iter().map(|s| parts(s, theme)).collect();
    let mut at: Vec<f64> = Vec::with_capacity(shapes.len());
    for i in 0..shapes.len() {
        let before = i.saturating_sub(REACH)..i;
        let mut x = 0.0f64;
        for (from, part) in before.flat_map(|j| parts[j].iter().map(move |p| (j, p))) {
            for own in &parts[i] {
                x = x.max(at[from] + apart(*part, *own, gap));
            }
        }
        at.push(x);
    }
    let placed = |i: usize| parts[i].iter().map(move |(r, _)| (*r, i));
    let all = (0..shapes.len()).flat_map(placed).map(|(r, i)| r + Vec2::new(at[i], 0.0));
    let all = all.reduce(|a, b| a.union(b)).unwrap_or_default();
    let nodes = shapes.iter().zip(&at).map(|(s, x)| netloom_layout::Rect {
        x: s.bounds.x0 + x - all.x0,
        y: s.bounds.y0 - all.y0,
        width: s.bounds.width(),
        height: s.bounds.height(),
    });
    Layout { nodes: nodes.collect(), size: Size::new(all.width(), all.height()), ..Layout::default() }
}

fn parts(shape: &Shape, theme: &Theme) -> Vec<Part> {
    // Bars stand as far apart as their words are wide, whether these are at one height or not.
    if shape.placed.iter().all(|p| p.cuboid.away == Vec2::ZERO) {
        let tall = Rect::new(shape.bounds.x0, shape.hull.y0, shape.bounds.x1, shape.bounds.y1);
        return vec![(shape.hull, true), (tall, false)];
    }
    let texts = shape.lines.iter().map(|l| (l.bounds(theme), false));
    std::iter::once((shape.hull, true)).chain(texts).collect()
}

/// How far right of the origin of one part's stage that of the other has to stand at the least.
fn apart((a, a_hull): Part, (b, b_hull): Part, gap: f64) -> f64 {
    let space = match (a_hull, b_hull) {
        (true, true) => gap,
        (false, false) => WORDS.0,
        _ => WORDS.1,
    };
    let meet = a.y0 < b.y1 && b.y0 < a.y1;
    if meet || a_hull && b_hull { a.x1 + space - b.x0 } else { 0.0 }
}
