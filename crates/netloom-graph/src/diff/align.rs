//! Order-keeping alignment of two sequences: the pairs of greatest gain.

use crate::pairing::best;

/// The most cells of one table.
const MAX_CELLS: usize = 1 << 22;

/// The most differences that are followed where two sequences are too long for a table.
const MAX_EDITS: usize = 1 << 10;

/// Pairs of places, rising in both. `equal` tells certain pairs, which are set aside at both ends; `gain` weighs a pair
/// and is 0 where there is none; `cells` is what is left of the budget of table cells.
pub(super) fn align<T: Copy>(
    a: &[T],
    b: &[T],
    cells: &mut usize,
    equal: &dyn Fn(T, T) -> bool,
    gain: &mut dyn FnMut(T, T) -> u64,
) -> Vec<(usize, usize)> {
    let head = a.iter().zip(b).take_while(|(x, y)| equal(**x, **y)).count();
    let most = a.len().min(b.len()) - head;
    let tail = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(x, y)| equal(**x, **y)).count();
    let mut pairs: Vec<(usize, usize)> = (0..head).map(|i| (i, i)).collect();
    let inner = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let (n, m) = (inner.0.len(), inner.1.len());
    let area = n.saturating_mul(m);
    if area <= MAX_CELLS.min(*cells) {
        *cells -= area;
        pairs.extend(
            best((n, m), |x, y| gain(inner.0[x], inner.1[y])).into_iter().map(|(i, j)| (head + i, head + j)),
        );
    } else {
        // Certain pairs first, then tables between them where they are small enough.
        let (mut i0, mut j0) = (0, 0);
        let mut anchors = common(inner.0, inner.1, equal);
        anchors.push((n, m));
        for (i, j) in anchors {
            let area = (i - i0) * (j - j0);
            if area > 0 && area <= MAX_CELLS.min(*cells) {
                *cells -= area;
                let found = best((i - i0, j - j0), |x, y| gain(inner.0[i0 + x], inner.1[j0 + y]));
                pairs.extend(found.into_iter().map(|(x, y)| (head + i0 + x, head + j0 + y)));
            }
            if i < n && j < m {
                pairs.push((head + i, head + j));
            }
            (i0, j0) = (i + 1, j + 1);
        }
    }
    pairs.extend((0..tail).map(|i| (a.len() - tail + i, b.len() - tail + i)));
    pairs
}

/// A longest common subsequence of two long sequences with few differences; with more, what is common up to there.
fn common<T: Copy>(a: &[T], b: &[T], equal: &dyn Fn(T, T) -> bool) -> Vec<(usize, usize)> {
    // `furthest[k]` is how far into `a` one gets on diagonal `k - MAX_EDITS` (a place minus b place).
    let width = 2 * MAX_EDITS + 3;
    let middle = MAX_EDITS + 1;
    let mut furthest = vec![0usize; width];
    let mut history: Vec<Vec<usize>> = Vec::new();
    let mut end = (0, 0, 0);
    'edits: for d in 0..=MAX_EDITS {
        history.push(furthest[middle - d.min(middle)..=(middle + d).min(width - 1)].to_vec());
        let mut k = middle - d;
        while k <= middle + d {
            let down = k == middle - d || (k != middle + d && furthest[k - 1] < furthest[k + 1]);
            let mut x = if down { furthest[k + 1] } else { furthest[k - 1] + 1 };
            // On the left of the middle, b is ahead.
            let Some(mut y) = (x + middle).checked_sub(k) else {
                k += 2;
                continue;
            };
            if x > a.len() || y > b.len() {
                furthest[k] = x.min(a.len());
                k += 2;
                continue;
            }
            while x < a.len() && y < b.len() && equal(a[x], b[y]) {
                (x, y) = (x + 1, y + 1);
            }
            furthest[k] = x;
            if x + y >= end.0 + end.1 {
                end = (x, y, d);
            }
            if x == a.len() && y == b.len() {
                break 'edits;
            }
            k += 2;
        }
    }
    let (mut x, mut y, d) = end;
    let mut pairs = Vec::new();
    for d in (1..=d).rev() {
        let before = &history[d];
        // `before` holds the diagonals within `d` of the middle, as they were before this edit.
        let get = |k: usize| before.get((k + d).wrapping_sub(middle)).copied().unwrap_or(0);
        let k = x + middle - y;
        let down = k == middle - d || (k != middle + d && get(k - 1) < get(k + 1));
        let from = if down { k + 1 } else { k - 1 };
        let x0 = get(from);
        let Some(y0) = (x0 + middle).checked_sub(from) else { break };
        let start = if down { x0 } else { x0 + 1 };
        while x > start && y > 0 {
            (x, y) = (x - 1, y - 1);
            pairs.push((x, y));
        }
        (x, y) = (x0, y0);
    }
    while x > 0 && y > 0 {
        (x, y) = (x - 1, y - 1);
        pairs.push((x, y));
    }
    pairs.reverse();
    // A walk that was cut short may have left the diagonal; only certain pairs count.
    pairs.retain(|(x, y)| equal(a[*x], b[*y]));
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, want: &str) {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let common = common(&a, &b, &|x, y| x == y);
        let text: String = common.iter().map(|(i, _)| a[*i]).collect();
        assert_eq!(text, want, "{common:?}");
        assert!(common.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1), "{common:?}");
        let table = best((a.len(), b.len()), |x, y| u64::from(a[x] == b[y]));
        assert_eq!(table.len(), want.chars().count());
    }

    #[test]
    fn both_ways_find_what_is_common() {
        check("abcabba", "cbabac", "caba");
        check("abc", "abc", "abc");
        check("abc", "xyz", "");
        check("", "abc", "");
        check("abcdef", "abxdef", "abdef");
        check("aab", "aaab", "aab");
    }

    #[test]
    fn long_sequences_are_aligned_without_a_table() {
        let a: Vec<usize> = (0..20_000).map(|i| i % 7).collect();
        let mut b = a.clone();
        b.insert(3, 9);
        b.remove(15_000);
        let pairs = align(&a, &b, &mut 0, &|x, y| x == y, &mut |x, y| u64::from(x == y));
        assert_eq!(pairs.len(), 19_999);
    }
}
