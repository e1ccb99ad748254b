//! Outlines: how far a part of a level reaches left and right of its axis, row by row.

use crate::Spacing;

/// How far a part reaches in one row from its axis, and whether a box is what reaches so far.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    pub left: f64,
    pub right: f64,
    pub left_box: bool,
    pub right_box: bool,
}

impl Reach {
    pub const NOTHING: Self =
        Self { left: f64::NEG_INFINITY, right: f64::NEG_INFINITY, left_box: false, right_box: false };

    /// What reaches `left` and `right` from a middle that is `by` right of the axis.
    pub fn at(by: f64, left: f64, right: f64, boxed: bool) -> Self {
        Self { left: left - by, right: right + by, left_box: boxed, right_box: boxed }
    }

    fn join(&mut self, other: Self) {
        if other.left > self.left {
            (self.left, self.left_box) = (other.left, other.left_box);
        }
        if other.right > self.right {
            (self.right, self.right_box) = (other.right, other.right_box);
        }
    }

    fn shifted(self, by: f64) -> Self {
        Self { left: self.left - by, right: self.right + by, ..self }
    }
}

/// The outline of a part about the axis on which it is entered.
#[derive(Default)]
pub(crate) struct Outline {
    pub row: usize,
    pub reach: Vec<Reach>,
    /// How far right of it the part is left.
    pub drift: f64,
    /// The links on the axis at both ends.
    pub first: Option<u32>,
    pub last: Option<u32>,
    pub items: u32,
    pub area: f64,
    pub weight: u32,
    /// Where it stands in reading order.
    pub index: u32,
}

impl Outline {
    fn cover(&mut self, from: usize, to: usize) {
        if self.reach.is_empty() {
            self.row = from;
        }
        let more = self.row.saturating_sub(from);
        if more > 0 {
            self.reach.splice(0..0, std::iter::repeat_n(Reach::NOTHING, more));
            self.row = from;
        }
        if to > self.row + self.reach.len() {
            self.reach.resize(to - self.row, Reach::NOTHING);
        }
    }

    pub fn add(&mut self, row: usize, reach: Reach) {
        self.cover(row, row + 1);
        self.reach[row - self.row].join(reach);
    }

    pub fn merge(&mut self, other: &Self, by: f64) {
        if !other.reach.is_empty() {
            self.cover(other.row, other.row + other.reach.len());
        }
        for (k, reach) in other.reach.iter().enumerate() {
            self.reach[other.row + k - self.row].join(reach.shifted(by));
        }
    }

    pub fn width(&self) -> f64 {
        let most = |side: fn(&Reach) -> f64| self.reach.iter().map(side).fold(f64::NEG_INFINITY, f64::max);
        most(|r| r.left) + most(|r| r.right)
    }

    /// The outline seen from behind, so that left and right change places.
    pub fn mirrored(&self) -> Self {
        let turn =
            |r: &Reach| Reach { left: r.right, right: r.left, left_box: r.right_box, right_box: r.left_box };
        Self { row: self.row, reach: self.reach.iter().map(turn).collect(), ..Self::default() }
    }

    /// How far right of this axis another must stand at the least.
    pub fn clear(&self, other: &Self, spacing: &Spacing) -> f64 {
        let from = self.row.max(other.row);
        let to = (self.row + self.reach.len()).min(other.row + other.reach.len());
        let mut least = f64::NEG_INFINITY;
        for row in from..to {
            let (a, b) = (&self.reach[row - self.row], &other.reach[row - other.row]);
            let gap = if a.right_box && b.left_box { spacing.node } else { spacing.lane };
            least = least.max(a.right + gap + b.left);
        }
        least
    }
}
