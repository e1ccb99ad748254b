//! Outlines as path data: relative, rounded once, with the fewest characters.

use kurbo::{BezPath, PathEl, Point};

use super::xml::{hundredths, push_decimal};

/// Appends the data of a path. Points are rounded to hundredths before the differences are taken, so that errors do not add
/// up along the path.
pub fn push_data(out: &mut String, path: &BezPath) {
    let mut data = Data { out, last: None };
    let (mut at, mut start) = ((0, 0), (0, 0));
    let mut first = true;
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(p) => {
                let to = grid(p);
                if first {
                    data.command('M', &[to.0, to.1]);
                } else {
                    data.command('m', &[to.0 - at.0, to.1 - at.1]);
                }
                first = false;
                (at, start) = (to, to);
            }
            PathEl::LineTo(p) => {
                let to = grid(p);
                match (to.0 - at.0, to.1 - at.1) {
                    (0, 0) => {}
                    (dx, 0) => data.command('h', &[dx]),
                    (0, dy) => data.command('v', &[dy]),
                    (dx, dy) => data.command('l', &[dx, dy]),
                }
                at = to;
            }
            PathEl::QuadTo(a, p) => {
                let (a, to) = (grid(a), grid(p));
                if a == at && to == at {
                    continue;
                }
                data.command('q', &[a.0 - at.0, a.1 - at.1, to.0 - at.0, to.1 - at.1]);
                at = to;
            }
            PathEl::CurveTo(a, b, p) => {
                let (a, b, to) = (grid(a), grid(b), grid(p));
                if a == at && b == at && to == at {
                    continue;
                }
                data.command(
                    'c',
                    &[a.0 - at.0, a.1 - at.1, b.0 - at.0, b.1 - at.1, to.0 - at.0, to.1 - at.1],
                );
                at = to;
            }
            PathEl::ClosePath => {
                data.command('z', &[]);
                at = start;
            }
        }
    }
}

struct Data<'a> {
    out: &'a mut String,
    /// The letter that may be left out if it comes again.
    last: Option<char>,
}

impl Data<'_> {
    fn command(&mut self, letter: char, numbers: &[i64]) {
        let mut fresh = self.last != Some(letter);
        if fresh {
            self.out.push(letter);
        }
        // After a move more numbers would mean lines.
        self.last = (!matches!(letter, 'M' | 'm' | 'z')).then_some(letter);
        for &number in numbers {
            if !fresh && number >= 0 {
                self.out.push(' ');
            }
            fresh = false;
            push_decimal(self.out, number, 2);
        }
    }
}

fn grid(point: Point) -> (i64, i64) {
    (hundredths(point.x), hundredths(point.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(svg: &str, expected: &str) {
        let mut found = String::new();
        push_data(&mut found, &BezPath::from_svg(svg).expect("test paths are well formed"));
        assert_eq!(found, expected, "{svg}");
    }

    #[test]
    fn data_is_relative_and_short() {
        check("M10,20 L90,20 L90,36 L10,36 Z", "M10 20h80v16h-80z");
        check("M0,0 L1,1 L2,0 L2,0", "M0 0l1 1 1-1");
        check("M0,0 L1,0 Z M5,5 L6,6", "M0 0h1zm5 5l1 1");
        check("M0,0 L1,0 M5,5 L6,6", "M0 0h1m4 5l1 1");
        check("M0,0 Q1,2 3,4 Q5,6 -7.5,8", "M0 0q1 2 3 4 2 2-10.5 4");
        check("M1.5,0 C1,0 0.25,1 0,2", "M1.5 0c-0.5 0-1.25 1-1.5 2");
        check("M0,0 L0.001,0.001", "M0 0");
        // Thirds would drift if every difference were rounded: 0.33 + 0.33 + 0.33.
        check("M0,0 L0.3333,5 L0.6667,10 L1,15", "M0 0l0.33 5 0.34 5 0.33 5");
        // Square corners of a rounded rectangle are curves without extent.
        check("M0,0 C0,0 0,0 0,0 L4,0 Q4,0 4,0 Z", "M0 0h4z");
        check("", "");
    }
}
