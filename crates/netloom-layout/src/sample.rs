//! Sample graphs for tests and measurements: seeded random networks and small shapes with names.

mod bytes;
mod random;
mod shapes;
mod tower;

pub use bytes::{decode, probe};
pub use random::{Mix, random};
pub use shapes::shapes;
pub use tower::tower;

use crate::{Edge, EdgeKind, End, LayoutInput, Node, Size};

/// The generator mulberry32: small, seeded, equal everywhere.
///
/// # Source
/// Tommy Ettinger, public domain.
#[derive(Clone, Debug)]
pub struct Random(pub u32);

impl Random {
    /// The next 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x6D2B_79F5);
        let mut t = (self.0 ^ (self.0 >> 15)).wrapping_mul(self.0 | 1);
        t ^= t.wrapping_add((t ^ (t >> 7)).wrapping_mul(t | 61));
        t ^ (t >> 14)
    }

    /// A number from 0 up to `n`, `n` excluded; 0 for an `n` of 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.bits()) * n as u64) >> 32) as usize
    }
}

/// A graph under construction.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    /// What has been drawn so far.
    pub input: LayoutInput,
}

impl Sketch {
    /// Adds a box for a label of so many characters, and gives its index.
    pub fn node(&mut self, characters: usize) -> usize {
        let size = Size::new(16.0 + 7.0 * characters as f64, 40.0);
        self.input.nodes.push(Node { size, ..Node::default() });
        self.input.nodes.len() - 1
    }

    /// Adds an edge; all edges from one node form one bundle.
    pub fn edge(&mut self, source: usize, target: usize) {
        self.input.edges.push(Edge {
            source: End { node: source, port: None },
            target: End { node: target, port: None },
            bundle: Some(source),
            kind: EdgeKind::Flow,
            weight: 1,
            label: Size::default(),
        });
    }

    fn chain(&mut self, from: usize, labels: &[usize]) -> usize {
        labels.iter().fold(from, |last, &characters| {
            let next = self.node(characters);
            self.edge(last, next);
            next
        })
    }
}

/// A network of `n` nodes made of blocks: chains (20 %), residuals (40 %), inceptions (20 %), attention (15 %), long
/// concatenations (5 %).
///
/// With `mask`, one more node feeds the softmax of every attention.
///
/// # Source
/// `research/diagrams.md`, section 6.1.
pub fn network(n: usize, seed: u32, mask: bool) -> LayoutInput {
    let (conv, norm, relu, add, concat, matmul, softmax) = (4, 9, 4, 3, 6, 6, 7);
    let mut sketch = Sketch::default();
    let mut random = Random(seed);
    let mut softmaxes = Vec::new();
    let mut last = sketch.node(5);
    // The index of the mask, if any, is the last one, so that both variants agree on all others.
    while sketch.input.nodes.len() < n {
        let before = last;
        match random.below(100) {
            0..20 => {
                for _ in 0..2 + random.below(3) {
                    last = sketch.chain(last, &[[conv, norm, relu][random.below(3)]]);
                }
            }
            20..60 => {
                let body = sketch.chain(last, &[conv, norm, conv][random.below(2)..]);
                let sum = sketch.node(add);
                sketch.edge(body, sum);
                let skip = if random.below(4) == 0 { sketch.chain(before, &[conv]) } else { before };
                sketch.edge(skip, sum);
                last = sum;
            }
            60..80 => {
                let branches: [&[usize]; 4] = [&[conv], &[conv, relu], &[conv, conv], &[7]];
                let ends: Vec<usize> = branches.iter().map(|b| sketch.chain(before, b)).collect();
                last = sketch.node(concat);
                for end in ends {
                    sketch.edge(end, last);
                }
            }
            80..95 => {
                let [q, k, v] = [(); 3].map(|()| sketch.chain(before, &[matmul]));
                let scores = sketch.node(matmul);
                sketch.edge(q, scores);
                sketch.edge(k, scores);
                let weights = sketch.chain(scores, &[softmax]);
                softmaxes.push(weights);
                let mixed = sketch.node(matmul);
                sketch.edge(weights, mixed);
                sketch.edge(v, mixed);
                last = sketch.node(add);
                sketch.edge(mixed, last);
                sketch.edge(before, last);
            }
            _ => {
                let mut taps = vec![last];
                for _ in 0..4 + random.below(8) {
                    last = sketch.chain(last, &[conv, relu]);
                    if random.below(2) == 0 {
                        taps.push(last);
                    }
                }
                let join = sketch.node(concat);
                sketch.edge(last, join);
                for tap in taps.into_iter().filter(|&t| t != last) {
                    sketch.edge(tap, join);
                }
                last = join;
            }
        }
    }
    sketch.input.nodes.truncate(n);
    sketch.input.edges.retain(|e| e.source.node < n && e.target.node < n);
    if mask {
        let source = sketch.node(4);
        for s in softmaxes.into_iter().filter(|&s| s < n) {
            sketch.edge(source, s);
        }
    }
    sketch.input
}
