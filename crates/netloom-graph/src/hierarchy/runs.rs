//! Runs: stretches of a row of signs that repeat themselves.

/// The longest period that is looked for.
const MAX_PERIOD: usize = 48;

/// A stretch that repeats itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// The first sign.
    pub start: usize,
    /// After the last sign; the last copy may be cut short.
    pub end: usize,
    /// Signs of one copy.
    pub period: usize,
}

impl Run {
    /// Whole copies.
    pub fn count(&self) -> usize {
        (self.end - self.start) / self.period
    }
}

/// The runs of a row, in order and apart from one another: those that cover most come first, and among equals those
/// of the shortest period. A run has at least two copies and does not reach over a break, which is a place that
/// starts something new.
///
/// # Cost
/// Time proportional to the length of the row times the longest period.
pub(super) fn runs(signs: &[u32], breaks: &[bool]) -> Vec<Run> {
    let n = signs.len();
    let mut section = Vec::with_capacity(n);
    let mut number = 0u32;
    for at in 0..n {
        number += u32::from(breaks.get(at).copied().unwrap_or(false));
        section.push(number);
    }
    let mut found = Vec::new();
    for period in 1..=MAX_PERIOD.min(n / 2) {
        let mut start = 0;
        for at in 0..=n - period {
            let equal =
                at + period < n && signs[at] == signs[at + period] && section[start] == section[at + period];
            if equal {
                continue;
            }
            if at >= start + period {
                found.push(Run { start, end: at + period, period });
            }
            start = at + 1;
        }
    }
    let covers = |r: &Run| r.count() * r.period;
    found.sort_by_key(|r| (std::cmp::Reverse(covers(r)), r.period, r.start));
    let mut taken = vec![false; n];
    let mut chosen = Vec::new();
    for mut run in found {
        // What a better run left of this one may still repeat itself.
        while run.start < run.end && taken[run.start] {
            run.start += 1;
        }
        while run.end > run.start && taken[run.end - 1] {
            run.end -= 1;
        }
        if run.count() < 2 || (run.start..run.end).any(|at| taken[at]) {
            continue;
        }
        taken[run.start..run.end].fill(true);
        chosen.push(run);
    }
    chosen.sort_unstable_by_key(|r| r.start);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters are signs, a bar breaks; found runs are told as start, copies and period.
    #[track_caller]
    fn check(row: &str, expected: &[(usize, usize, usize)]) {
        let mut signs = Vec::new();
        let mut breaks = Vec::new();
        for letter in row.chars() {
            match letter {
                '|' => breaks.resize(signs.len() + 1, true),
                sign => {
                    signs.push(u32::from(sign));
                    breaks.resize(signs.len(), false);
                }
            }
        }
        let found: Vec<_> = runs(&signs, &breaks).iter().map(|r| (r.start, r.count(), r.period)).collect();
        assert_eq!(found, expected, "{row}");
    }

    #[test]
    fn the_widest_repetition_wins() {
        check("xababay", &[(1, 2, 2)]);
        check("abcabcabc", &[(0, 3, 3)]);
        check("aaaa", &[(0, 4, 1)]);
        check("saabbbbaat", &[(1, 2, 1), (3, 4, 1), (7, 2, 1)]);
        check("abcd", &[]);
        check("", &[]);
    }

    #[test]
    fn breaks_part_runs() {
        check("aaa|aa", &[(0, 3, 1), (3, 2, 1)]);
        check("ab|ab", &[]);
    }
}
