//! Spans along a line that cross one another: neither holds the other, and they overlap.

/// Whether each span is crossed by another; places are below `len`.
///
/// # Cost
/// Time proportional to the number of places and spans times the logarithm of the number of places.
pub(super) fn crossed(spans: &[(usize, usize)], len: usize) -> Vec<bool> {
    let mut latest = vec![0; len];
    let mut earliest = vec![0; len];
    for &(from, to) in spans {
        latest[from] = latest[from].max(to);
        // Counted from the far end, so that the smallest place is the largest number.
        earliest[to] = earliest[to].max(len - from);
    }
    let (latest, earliest) = (Maxima::new(latest), Maxima::new(earliest));
    spans
        .iter()
        .map(|&(from, to)| latest.between(from + 1, to) > to || earliest.between(from + 1, to) > len - from)
        .collect()
}

/// Answers what the largest number of a range is.
pub(super) struct Maxima {
    /// Row k holds the maxima of every stretch of 2^k numbers.
    rows: Vec<Vec<usize>>,
}

impl Maxima {
    pub fn new(numbers: Vec<usize>) -> Self {
        let mut rows = vec![numbers];
        let mut width = 1;
        while let Some(row) = rows.last().filter(|r| r.len() > width) {
            let next = (0..row.len() - width).map(|i| row[i].max(row[i + width])).collect();
            rows.push(next);
            width *= 2;
        }
        Self { rows }
    }

    /// The largest of the numbers from one place to before another; 0 where there are none.
    pub fn between(&self, from: usize, to: usize) -> usize {
        let Some(power) = to.checked_sub(from).and_then(usize::checked_ilog2) else { return 0 };
        let row = &self.rows[power as usize];
        row[from].max(row[to - (1 << power)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spans: &[(usize, usize)], expected: &[bool]) {
        assert_eq!(crossed(spans, 12), expected);
    }

    #[test]
    fn only_overlaps_without_nesting_cross() {
        check(&[(0, 3), (3, 6), (7, 9)], &[false; 3]);
        check(&[(0, 11), (1, 5), (2, 4), (1, 3)], &[false, false, true, true]);
        check(&[(0, 4), (2, 6), (6, 9)], &[true, true, false]);
        check(&[(0, 4), (0, 6), (2, 6)], &[true, false, true]);
        check(&[], &[]);
    }
}
