//! Rules of arrows: around boxes and text; their crossings and bends are counted.

use kurbo::{Line, ParamCurve as _, PathSeg, Point, Rect, Shape as _};

use super::grid::Grid;
use super::scan::{Arrow, Boxed, Scan};
use super::{Report, Rule, TOLERANCE};

/// A straight piece of an arrow.
struct Piece {
    edge: usize,
    a: Point,
    b: Point,
}

pub(super) fn check(scan: &Scan, report: &mut Report) {
    let mut pieces = Vec::new();
    for (edge, arrow) in scan.edges.iter().enumerate() {
        report.bends += arrow.bends;
        pieces.extend(arrow.points.windows(2).map(|w| Piece { edge, a: w[0], b: w[1] }));
    }
    through_boxes(scan, report);
    through_text(scan, &pieces, report);
    report.crossings = crossings(scan, &pieces);
}

fn through_boxes(scan: &Scan, report: &mut Report) {
    let mut grid = Grid::new(scan.bounds);
    scan.boxes.iter().enumerate().for_each(|(i, b)| grid.insert(b.rect, i));
    for arrow in &scan.edges {
        let mut met: Vec<usize> = arrow.points.windows(2).flat_map(|w| grid.near_line(w[0], w[1])).collect();
        met.sort_unstable();
        met.dedup();
        for i in met {
            let node = &scan.boxes[i];
            if !belongs(scan, arrow, i) && arrow.points.windows(2).any(|w| meets(node, w[0], w[1])) {
                report.add(Rule::EdgeOffNodes, &[&arrow.key, &node.key], String::new(), node.rect);
            }
        }
    }
}

/// Whether an arrow may touch a box: it ends there, or the box is a container and an end lies in it.
fn belongs(scan: &Scan, arrow: &Arrow, index: usize) -> bool {
    let own = &scan.boxes[index];
    if own.key == arrow.from || own.key == arrow.to {
        return true;
    }
    let area = own.rect.inflate(1.0, 1.0);
    own.container
        && [arrow.points.first(), arrow.points.last()].into_iter().flatten().any(|p| area.contains(*p))
}

/// Whether a straight line runs through the inside of a box, by its outline.
fn meets(node: &Boxed, a: Point, b: Point) -> bool {
    let inside = node.rect.inset(-TOLERANCE);
    if inside.width() <= 0.0 || inside.height() <= 0.0 || !crosses(inside, a, b) {
        return false;
    }
    // A rectangle is settled; anything rounder is asked itself.
    let line = Line::new(a, b);
    let cut = |s: PathSeg| !s.intersect_line(line).is_empty();
    [0.0, 0.25, 0.5, 0.75, 1.0].iter().any(|t| node.shape.contains(line.eval(*t)))
        || node.shape.segments().filter(|s| cut(*s)).take(2).count() == 2
}

/// Whether a straight line runs through a rectangle (Liang and Barsky, 1984).
fn crosses(rect: Rect, a: Point, b: Point) -> bool {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let d = b - a;
    for (p, q) in [(-d.x, a.x - rect.x0), (d.x, rect.x1 - a.x), (-d.y, a.y - rect.y0), (d.y, rect.y1 - a.y)] {
        if p == 0.0 {
            if q < 0.0 {
                return false;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    enter < leave
}

fn through_text(scan: &Scan, pieces: &[Piece], report: &mut Report) {
    let mut grid = Grid::new(scan.bounds);
    pieces.iter().enumerate().for_each(|(i, p)| grid.insert_line(p.a, p.b, i));
    for text in &scan.texts {
        let inside = text.rect.inset(-TOLERANCE);
        let mut told = None;
        for i in grid.near(text.rect) {
            let Piece { edge, a, b } = pieces[i];
            // A line may break for its own label.
            if text.edge != Some(edge) && told != Some(edge) && crosses(inside, a, b) {
                told = Some(edge);
                let keys = [&scan.edges[edge].key, &text.key];
                report.add(Rule::EdgeOffText, &keys, String::new(), text.rect);
            }
        }
    }
}

/// How often two arrows cross; arrows that part from or join one line do not.
fn crossings(scan: &Scan, pieces: &[Piece]) -> usize {
    let mut grid = Grid::new(scan.bounds);
    let mut count = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let near = grid.near_line(piece.a, piece.b);
        count +=
            near.into_iter().filter(|j| pieces[*j].edge != piece.edge && cross(piece, &pieces[*j])).count();
        grid.insert_line(piece.a, piece.b, i);
    }
    count
}

/// Whether two straight pieces cross in their insides.
fn cross(one: &Piece, two: &Piece) -> bool {
    /// Ends nearer than this to the other line only touch it, px.
    const TOUCH: f64 = 1e-6;
    let side = |p: &Piece, q: Point| (p.b - p.a).cross(q - p.a) / (p.b - p.a).hypot().max(TOUCH);
    let apart = |a: f64, b: f64| a.abs() > TOUCH && b.abs() > TOUCH && (a > 0.0) != (b > 0.0);
    apart(side(one, two.a), side(one, two.b)) && apart(side(two, one.a), side(two, one.b))
}
