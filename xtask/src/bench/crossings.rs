//! Counts crossings of any drawing the same way, whoever made it: the judge of layout engines.

/// A drawing: the course of every edge as a chain of straight lines, and its size.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Drawing {
    /// Width, px.
    pub width: f64,
    /// Height, px.
    pub height: f64,
    /// The edges.
    pub edges: Vec<Edge>,
}

/// The course of an edge.
#[derive(Clone, PartialEq, Debug)]
pub struct Edge {
    /// The node where it starts.
    pub source: usize,
    /// The node where it ends.
    pub target: usize,
    /// Corners of the chain, px.
    pub points: Vec<[f64; 2]>,
}

impl Drawing {
    /// Reads what the engines' scripts print: `size w h`, then `edge source target x y x y …` per edge.
    ///
    /// # Errors
    /// When a line is neither, or holds something else than numbers.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut drawing = Self::default();
        for line in text.lines() {
            let fault = || format!("expected `size w h` or `edge s t x y …`, found `{line:.60}`");
            let mut words = line.split_whitespace();
            match words.next() {
                Some("size") => {
                    let mut number = || words.next().and_then(|w| w.parse().ok()).ok_or_else(fault);
                    (drawing.width, drawing.height) = (number()?, number()?);
                }
                Some("edge") => {
                    let mut index = || words.next().and_then(|w| w.parse().ok()).ok_or_else(fault);
                    let (source, target) = (index()?, index()?);
                    let numbers: Vec<f64> =
                        words.map(str::parse).collect::<Result<_, _>>().map_err(|_| fault())?;
                    let points = numbers.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
                    drawing.edges.push(Edge { source, target, points });
                }
                _ => return Err(fault()),
            }
        }
        Ok(drawing)
    }

    /// The text that [`Drawing::parse`] reads.
    #[cfg(test)]
    fn print(&self) -> String {
        let mut text = format!("size {} {}\n", self.width, self.height);
        for edge in &self.edges {
            text.push_str(&format!("edge {} {}", edge.source, edge.target));
            for [x, y] in &edge.points {
                text.push_str(&format!(" {x} {y}"));
            }
            text.push('\n');
        }
        text
    }

    /// The number of pairs of edges that cross. Edges from one node carry one value and may share their way, so pairs
    /// of them do not count.
    ///
    /// A pair crosses when two of its lines meet inside both. Lines that run along each other have no such point, so
    /// pairs without a common end also cross when, after each edge is moved by its own hundredth of a px, the number
    /// of meetings is odd: then no way of pulling them apart avoids one.
    pub fn crossings(&self) -> usize {
        let mut pairs = self.meetings(0.0);
        pairs.dedup();
        let moved = self.meetings(0.01);
        let odd = moved.chunk_by(|a, b| a == b).filter(|run| run.len() % 2 == 1).map(|run| run[0]);
        let apart = odd.filter(|(a, b)| {
            let ([a, b], ends) = ([*a, *b].map(|i| &self.edges[i]), |e: &Edge| [e.source, e.target]);
            !ends(a).iter().any(|end| ends(b).contains(end))
        });
        pairs.extend(apart);
        pairs.sort_unstable();
        pairs.dedup();
        pairs.len()
    }

    /// The pairs of edges whose lines meet inside both, once per meeting, in order; each edge first moved by at most
    /// `shift` px of its own.
    fn meetings(&self, shift: f64) -> Vec<(usize, usize)> {
        let mut lines: Vec<Line> = Vec::new();
        for (edge, Edge { points, .. }) in self.edges.iter().enumerate() {
            // Multiples of two irrational numbers are never equal for two edges.
            let part = |step: f64| shift * (step * edge as f64).fract();
            let (dx, dy) = (part(0.618_033_988_7), part(0.754_877_666_2));
            let moved = |p: [f64; 2]| [p[0] + dx, p[1] + dy];
            lines.extend(points.windows(2).map(|p| Line { a: moved(p[0]), b: moved(p[1]), edge }));
        }
        lines.sort_by(|a, b| a.top().total_cmp(&b.top()));
        let mut pairs = Vec::new();
        let mut open: Vec<Line> = Vec::new();
        for line in lines {
            open.retain(|other| other.bottom() >= line.top());
            for other in &open {
                let same = other.edge == line.edge
                    || self.edges[other.edge].source == self.edges[line.edge].source
                    || other.right() < line.left()
                    || line.right() < other.left();
                if !same && line.meets(other) {
                    pairs.push((line.edge.min(other.edge), line.edge.max(other.edge)));
                }
            }
            open.push(line);
        }
        pairs.sort_unstable();
        pairs
    }
}

/// One straight piece of an edge.
#[derive(Clone, Copy)]
struct Line {
    a: [f64; 2],
    b: [f64; 2],
    edge: usize,
}

impl Line {
    fn top(&self) -> f64 {
        self.a[1].min(self.b[1])
    }

    fn bottom(&self) -> f64 {
        self.a[1].max(self.b[1])
    }

    fn left(&self) -> f64 {
        self.a[0].min(self.b[0])
    }

    fn right(&self) -> f64 {
        self.a[0].max(self.b[0])
    }

    /// Whether the lines have one point in common that is inside both.
    fn meets(&self, other: &Self) -> bool {
        let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
            (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        };
        let apart = |x: f64, y: f64| (x > 0.0 && y < 0.0) || (x < 0.0 && y > 0.0);
        apart(side(self.a, self.b, other.a), side(self.a, self.b, other.b))
            && apart(side(other.a, other.b, self.a), side(other.a, other.b, self.b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edges: &str, expected: usize) {
        let drawing = Drawing::parse(&format!("size 100 100\n{edges}")).unwrap();
        assert_eq!(drawing.crossings(), expected, "{edges}");
        assert_eq!(Drawing::parse(&drawing.print()).unwrap(), drawing);
    }

    #[test]
    fn plain_crossings_count_once_per_pair() {
        check("edge 0 1 0 0 10 10\nedge 2 3 10 0 0 10\n", 1);
        check("edge 0 1 0 0 10 0 10 10 0 10\nedge 2 3 5 -5 5 15\n", 1);
        check("edge 0 1 0 0 10 10\nedge 0 3 10 0 0 10\n", 0);
        check("edge 0 1 0 0 0 10\nedge 2 3 5 0 5 10\n", 0);
    }

    #[test]
    fn shared_lanes_cross_when_pulling_apart_cannot_help() {
        // Both come from the left and leave to the left, one inside the other.
        check("edge 0 1 0 0 9 0 9 30 0 30\nedge 2 3 0 10 9 10 9 20 0 20\n", 0);
        // From the left to the right along a lane that the other takes from the right to the left, which must cross.
        check("edge 0 1 0 0 9 0 9 30 20 30\nedge 2 3 20 10 9 10 9 20 0 20\n", 1);
        // A corner of one upon the middle of the other.
        check("edge 0 1 0 5 5 5 9 9\nedge 2 3 5 0 5 10\n", 1);
        // Two that end at one place.
        check("edge 0 1 0 0 5 5 5 10\nedge 2 1 10 0 5 5 5 10\n", 0);
    }

    #[test]
    fn other_text_is_told() {
        assert!(Drawing::parse("size 1\n").is_err());
        assert!(Drawing::parse("edge 0 1 a b\n").is_err());
        assert!(Drawing::parse("hello\n").is_err());
    }
}
