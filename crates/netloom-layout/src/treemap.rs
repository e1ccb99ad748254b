//! Rectangles that share an area by weight, each as square as may be.

use crate::Rect;

/// Shares a rectangle among weights: one rectangle each, in the order of the weights, with areas in proportion to them.
///
/// Together they fill the rectangle without overlap. Weights that are not positive and finite get an empty rectangle in
/// the corner where the filling ended; without any positive weight all are empty.
///
/// # Cost
/// Sorting the weights.
///
/// # Source
/// Bruls, Huizing and van Wijk, *Squarified Treemaps* (2000).
///
/// # Examples
/// ```
/// use netloom_layout::{Rect, squarify};
///
/// let parts = squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], Rect::new(0.0, 0.0, 6.0, 4.0));
/// assert!((parts[0].width * parts[0].height - 6.0).abs() < 1e-9);
/// ```
pub fn squarify(weights: &[f64], rect: Rect) -> Vec<Rect> {
    let (width, height) = (positive(rect.width), positive(rect.height));
    let mut order: Vec<usize> = (0..weights.len()).filter(|i| positive(weights[*i]) > 0.0).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let largest = order.first().map_or(1.0, |i| weights[*i]);
    // Relative to the largest, sums stay finite.
    let share = |i: usize| weights[i] / largest;
    let whole: f64 = order.iter().map(|i| share(*i)).sum();
    let unit = if whole > 0.0 { width * height / whole } else { 0.0 };
    let mut free = Rect::new(rect.x, rect.y, width, height);
    let mut parts = vec![Rect::new(rect.x, rect.y, 0.0, 0.0); weights.len()];
    let mut rest = &order[..];
    while !rest.is_empty() {
        let side = free.width.min(free.height);
        let n = row(rest.iter().map(|i| share(*i) * unit), side);
        let (now, later) = rest.split_at(n);
        let areas: Vec<f64> = now.iter().map(|i| share(*i) * unit).collect();
        free = fill(&areas, free, later.is_empty(), |at, part| parts[now[at]] = part);
        rest = later;
    }
    for (i, part) in parts.iter_mut().enumerate() {
        if positive(weights[i]) == 0.0 {
            *part = Rect::new(free.x, free.y, 0.0, 0.0);
        }
    }
    parts
}

fn positive(x: f64) -> f64 {
    if x.is_finite() && x > 0.0 { x } else { 0.0 }
}

/// How many of some areas, largest first, stand in one row along a side: as many as make the worst of them squarer.
fn row(areas: impl Iterator<Item = f64>, side: f64) -> usize {
    let (mut n, mut sum, mut first, mut worst) = (0, 0.0, 0.0, f64::INFINITY);
    for area in areas {
        let next = sum + area;
        let first_area = if n == 0 { area } else { first };
        let (square, whole) = (side * side, next * next);
        let ratio = (square * first_area / whole).max(whole / (square * area));
        if n > 0 && (ratio > worst || ratio.is_nan()) {
            break;
        }
        (n, sum, first, worst) = (n + 1, next, first_area, ratio);
    }
    n.max(1)
}

/// Sets areas along the shorter side of what is free, and returns what is left. The last row takes all that is left, so
/// that rounding leaves no gap.
fn fill(areas: &[f64], free: Rect, last: bool, mut set: impl FnMut(usize, Rect)) -> Rect {
    let sum: f64 = areas.iter().sum();
    let upright = free.width >= free.height;
    let (side, depth) = if upright { (free.height, free.width) } else { (free.width, free.height) };
    let thick = if last || side <= 0.0 { depth } else { (sum / side).min(depth) };
    let (mut at, mut done) = (0.0, 0.0);
    for (i, area) in areas.iter().enumerate() {
        done += area;
        let end = if i + 1 == areas.len() || sum <= 0.0 { side } else { side * done / sum };
        let part = if upright {
            Rect::new(free.x, free.y + at, thick, end - at)
        } else {
            Rect::new(free.x + at, free.y, end - at, thick)
        };
        set(i, part);
        at = end;
    }
    if upright {
        Rect::new(free.x + thick, free.y, free.width - thick, free.height)
    } else {
        Rect::new(free.x, free.y + thick, free.width, free.height - thick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(weights: &[f64], rect: Rect) {
        let parts = squarify(weights, rect);
        assert_eq!(parts.len(), weights.len());
        let whole: f64 = weights.iter().map(|w| positive(*w)).sum();
        let area = rect.width * rect.height;
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * area.max(1.0);
        for (part, weight) in parts.iter().zip(weights) {
            let share = if whole > 0.0 { positive(*weight) / whole * area } else { 0.0 };
            assert!(near(part.width * part.height, share), "{weights:?}: {part:?} is not {share}");
            assert!(part.width >= 0.0 && part.height >= 0.0, "{weights:?}: {part:?}");
            let inside = part.x >= rect.x - 1e-9
                && part.y >= rect.y - 1e-9
                && part.right() <= rect.right() + 1e-6
                && part.bottom() <= rect.bottom() + 1e-6;
            assert!(inside, "{weights:?}: {part:?} is outside");
        }
        for (i, a) in parts.iter().enumerate() {
            for b in &parts[i + 1..] {
                let (w, h) =
                    (a.right().min(b.right()) - a.x.max(b.x), a.bottom().min(b.bottom()) - a.y.max(b.y));
                assert!(w <= 1e-6 || h <= 1e-6, "{weights:?}: {a:?} overlaps {b:?}");
            }
        }
    }

    #[test]
    fn areas_are_exact_apart_and_inside() {
        let page = Rect::new(3.0, 5.0, 600.0, 400.0);
        check(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], Rect::new(0.0, 0.0, 6.0, 4.0));
        check(&[1.0], page);
        check(&[], page);
        check(&[0.0, -1.0, f64::NAN, f64::INFINITY], page);
        check(&[1.0, 0.0, 1000.0, 3.0, f64::NAN], page);
        check(&[5.0; 97], Rect::new(0.0, 0.0, 10.0, 900.0));
        let falling: Vec<f64> = (0..200).map(|i| 1e9 / f64::from(i + 1)).collect();
        check(&falling, page);
        check(&falling, Rect::new(0.0, 0.0, 0.0, 400.0));
    }

    #[test]
    fn equal_weights_are_nearly_square() {
        let parts = squarify(&[1.0; 24], Rect::new(0.0, 0.0, 600.0, 400.0));
        let worst = parts.iter().map(|p| (p.width / p.height).max(p.height / p.width)).fold(1.0, f64::max);
        assert!(worst < 1.5, "{worst}");
    }

    #[test]
    fn the_example_of_the_paper() {
        let parts = squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], Rect::new(0.0, 0.0, 6.0, 4.0));
        let found: Vec<(f64, f64)> = parts
            .iter()
            .map(|p| ((p.width * 100.0).round() / 100.0, (p.height * 100.0).round() / 100.0))
            .collect();
        let expected =
            [(3.0, 2.0), (3.0, 2.0), (1.71, 2.33), (1.29, 2.33), (1.2, 1.67), (1.2, 1.67), (0.6, 1.67)];
        assert_eq!(found, expected);
    }
}
