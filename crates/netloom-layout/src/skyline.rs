//! A line of places of which whole ranges are raised and asked for their greatest value, each in logarithmic time.

/// Values at places `0..n`: a tree of maxima (bottom-up, with raises kept at the nodes that cover a range).
pub(crate) struct Skyline {
    n: usize,
    start: f64,
    highest: Vec<f64>,
    raised: Vec<f64>,
}

impl Skyline {
    pub fn new(n: usize, start: f64) -> Self {
        Self { n, start, highest: vec![start; 2 * n], raised: vec![start; 2 * n] }
    }

    /// Raises every place of a range that is not empty to at least `value`.
    pub fn raise(&mut self, from: usize, to: usize, value: f64) {
        let (mut l, mut r) = (from + self.n, to + self.n);
        while l < r {
            for (odd, node) in [(l % 2 == 1, l), (r % 2 == 1, r - 1)] {
                if odd {
                    self.highest[node] = self.highest[node].max(value);
                    self.raised[node] = self.raised[node].max(value);
                }
            }
            (l, r) = (l.div_ceil(2), r / 2);
        }
        for leaf in [from + self.n, to + self.n - 1] {
            let mut node = leaf / 2;
            while node >= 1 {
                let below = self.highest[2 * node].max(self.highest[2 * node + 1]);
                self.highest[node] = below.max(self.raised[node]);
                node /= 2;
            }
        }
    }

    /// The greatest value in a range that is not empty.
    pub fn highest(&self, from: usize, to: usize) -> f64 {
        let mut best = self.start;
        let (mut l, mut r) = (from + self.n, to + self.n);
        while l < r {
            if l % 2 == 1 {
                best = best.max(self.highest[l]);
            }
            if r % 2 == 1 {
                best = best.max(self.highest[r - 1]);
            }
            (l, r) = (l.div_ceil(2), r / 2);
        }
        for leaf in [from + self.n, to + self.n - 1] {
            let mut node = leaf / 2;
            while node >= 1 {
                best = best.max(self.raised[node]);
                node /= 2;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skyline_equals_plain_arrays() {
        for n in [1, 2, 3, 7, 16, 21] {
            let mut sky = Skyline::new(n, f64::NEG_INFINITY);
            let mut plain = vec![f64::NEG_INFINITY; n];
            let mut seed = 5usize;
            for step in 0..200 {
                seed = (seed * 137 + 71) % 10_007;
                let from = seed % n;
                let to = from + 1 + (seed / 7) % (n - from);
                let want = plain[from..to].iter().copied().fold(f64::NEG_INFINITY, f64::max);
                assert_eq!(sky.highest(from, to), want, "n {n}, step {step}");
                let value = (seed % 53) as f64;
                sky.raise(from, to, value);
                plain[from..to].iter_mut().for_each(|p| *p = p.max(value));
            }
        }
    }
}
