//! Series-parallel networks: chains, residuals, by-passes into boxes, forks with joins, nested in each other and in
//! containers.

use super::{Random, Sketch};
use crate::LayoutInput;

/// What is under construction: where the next node stands, and whether edges there belong to the trunk.
#[derive(Clone, Copy)]
struct Place {
    parent: Option<usize>,
    depth: usize,
    trunk: bool,
}

/// A series-parallel network of so many blocks, each of which holds others down to a depth.
///
/// Edges of weight 8 form the trunk, which is interrupted where branches of equal right stand about its line.
pub fn tower(random: &mut Random, blocks: usize, depth: usize) -> LayoutInput {
    let mut sketch = Sketch::default();
    let first = sketch.boxed(None, 60.0);
    let place = Place { parent: None, depth, trunk: true };
    sketch.blocks(random, first, blocks, place);
    sketch.input
}

impl Sketch {
    /// Adds blocks after a node and gives the last one.
    fn blocks(&mut self, random: &mut Random, from: usize, count: usize, place: Place) -> usize {
        (0..count).fold(from, |last, _| self.one(random, last, place))
    }

    fn next(&mut self, from: usize, to: usize, place: Place) {
        if place.trunk { self.trunk(&[from, to]) } else { self.edge(from, to) }
    }

    fn one(&mut self, random: &mut Random, from: usize, place: Place) -> usize {
        let inner = Place { depth: place.depth.saturating_sub(1), ..place };
        let width = 60.0 + 10.0 * random.below(8) as f64;
        let kind = if place.depth == 0 { 0 } else { random.below(8) };
        match kind {
            // A residual, its body and sum in a container or not.
            2 | 3 => {
                let parent = if kind == 3 { Some(self.container(place.parent)) } else { place.parent };
                let body = self.one(random, from, Place { depth: 0, parent, ..place });
                let count = random.below(3);
                let body = self.blocks(random, body, count, Place { parent, ..inner });
                let sum = self.merge(parent);
                self.next(body, sum, place);
                if random.below(3) == 0 {
                    let one = self.boxed(place.parent, 70.0);
                    self.edge(from, one);
                    self.edge(one, sum);
                } else {
                    self.skip(from, sum);
                }
                sum
            }
            // A by-pass into a box.
            4 => {
                let count = 1 + random.below(2);
                let body = self.one(random, from, Place { depth: 0, ..place });
                let body = self.blocks(random, body, count, inner);
                let join = self.boxed(place.parent, width);
                self.next(body, join, place);
                self.skip(from, join);
                join
            }
            5 | 6 => {
                let count = 2 + random.below(3);
                let branch = Place { trunk: false, ..inner };
                let mut ends = Vec::new();
                for _ in 0..count {
                    let length = random.below(2);
                    let first = self.one(random, from, Place { depth: 0, ..branch });
                    ends.push(self.blocks(random, first, length, branch));
                }
                let join = self.boxed(place.parent, width);
                ends.into_iter().for_each(|end| self.edge(end, join));
                join
            }
            7 => {
                let parent = Some(self.container(place.parent));
                let count = 1 + random.below(3);
                self.blocks(random, from, count, Place { parent, ..inner })
            }
            _ => {
                let node = self.boxed(place.parent, width);
                self.next(from, node, place);
                node
            }
        }
    }
}
