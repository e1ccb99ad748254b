//! Tracks: heights at which the lines of a channel run sideways, so that none lies on another.
//!
//! As in ELK's orthogonal router (after Sander, "A fast heuristic for hierarchical Manhattan layout", 1995) each pair of
//! overlapping runs is put in the order with fewer crossings; a run that leaves downward where another arrives from
//! above must lie below it. A cycle of such demands is broken by a run in two parts.

use crate::clean::NONE;
use crate::skyline::Skyline;

/// Runs in one channel that are compared pair by pair; more are ordered by their hard demands and their left end.
const PAIRWISE: usize = 128;

/// A net in a channel: where it touches the upper and the lower edge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strand {
    pub above: Vec<f64>,
    pub below: Vec<f64>,
    /// Track of the part that joins the upper contacts, or all; `NONE` for a straight line.
    pub track: u32,
    /// For a run in two parts: track of the lower part and the place where the parts meet.
    pub second: Option<(u32, f64)>,
}

impl Strand {
    fn ends(&self) -> (f64, f64) {
        let all = || self.above.iter().chain(&self.below);
        (all().copied().fold(f64::INFINITY, f64::min), all().copied().fold(f64::NEG_INFINITY, f64::max))
    }
}

struct Part {
    strand: u32,
    above: Vec<f64>,
    below: Vec<f64>,
    low: f64,
    high: f64,
    lower_of: u32,
    track: u32,
}

/// Assigns tracks and gives their number. `near` is the distance under which two vertical lines count as one place.
pub(crate) fn tracks(strands: &mut [Strand], near: f64) -> u32 {
    let mut right = f64::NEG_INFINITY;
    let mut parts: Vec<Part> = Vec::new();
    for (i, s) in strands.iter_mut().enumerate() {
        let (low, high) = s.ends();
        right = right.max(high);
        s.track = NONE;
        s.second = None;
        // Lengths are exact here: a straight line comes from equal coordinates.
        if high - low > 1e-6 {
            s.above.sort_by(f64::total_cmp);
            s.below.sort_by(f64::total_cmp);
            let (above, below) = (s.above.clone(), s.below.clone());
            parts.push(Part { strand: i as u32, above, below, low, high, lower_of: NONE, track: 0 });
        }
    }
    match parts.len() {
        0 => return 0,
        1 => {
            strands[parts[0].strand as usize].track = 0;
            return 1;
        }
        _ => {}
    }
    let (sequence, split) = sequence(&mut parts, near, right);
    let count = levels(&mut parts, &sequence, near);
    for part in parts.iter().filter(|p| p.lower_of == NONE) {
        strands[part.strand as usize].track = part.track;
    }
    for (part, meet) in split {
        strands[parts[part].strand as usize].second = Some((parts[part].track, meet));
    }
    count
}

/// Which must lie above which: `a` above `b` for each pair `(a, b)`.
fn demands(parts: &[Part], near: f64) -> Vec<(u32, u32)> {
    let mut above: Vec<(f64, u32)> = Vec::new();
    let mut below: Vec<(f64, u32)> = Vec::new();
    for (i, p) in parts.iter().enumerate() {
        above.extend(p.above.iter().map(|&x| (x, i as u32)));
        below.extend(p.below.iter().map(|&x| (x, i as u32)));
    }
    above.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    below.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut out: Vec<(u32, u32)> = Vec::new();
    let mut start = 0;
    for &(x, a) in &above {
        while start < below.len() && below[start].0 <= x - near {
            start += 1;
        }
        for &(_, b) in below[start..].iter().take_while(|b| b.0 < x + near) {
            if a != b && parts[a as usize].strand != parts[b as usize].strand {
                out.push((a, b));
            }
        }
    }
    out.extend(
        parts.iter().enumerate().filter(|(_, p)| p.lower_of != NONE).map(|(i, p)| (p.lower_of, i as u32)),
    );
    out.sort_unstable();
    out.dedup();
    out
}

/// An order from top to bottom that keeps all demands, splitting parts where they form a cycle; gives the split parts
/// with the places where they meet their upper halves.
fn sequence(parts: &mut Vec<Part>, near: f64, right: f64) -> (Vec<u32>, Vec<(usize, f64)>) {
    let mut split: Vec<(usize, f64)> = Vec::new();
    loop {
        let n = parts.len();
        let hard = demands(parts, near);
        let soft = if n <= PAIRWISE { preferences(parts) } else { Vec::new() };
        let mut waiting = vec![0u32; n];
        let mut score = vec![0i64; n];
        for &(_, b) in &hard {
            waiting[b as usize] += 1;
        }
        for &(a, b, gain) in &soft {
            score[a as usize] -= gain;
            score[b as usize] += gain;
        }
        let mut done = vec![false; n];
        let mut sequence = Vec::with_capacity(n);
        let mut ready: Vec<u32> = (0..n as u32).filter(|&i| waiting[i as usize] == 0).collect();
        if soft.is_empty() {
            ready.sort_by(|&a, &b| parts[a as usize].low.total_cmp(&parts[b as usize].low).then(a.cmp(&b)));
        }
        let mut head = 0;
        while sequence.len() < n {
            let next = if soft.is_empty() {
                head += 1;
                ready.get(head - 1).copied()
            } else {
                let found = (0..n as u32)
                    .filter(|&i| !done[i as usize] && waiting[i as usize] == 0)
                    .min_by_key(|&i| (score[i as usize], i));
                if let Some(i) = found {
                    for &(a, b, gain) in &soft {
                        if a == i {
                            score[b as usize] -= gain;
                        } else if b == i {
                            score[a as usize] += gain;
                        }
                    }
                }
                found
            };
            let Some(i) = next else { break };
            done[i as usize] = true;
            sequence.push(i);
            let from = hard.partition_point(|h| h.0 < i);
            for &(_, b) in hard[from..].iter().take_while(|h| h.0 == i) {
                waiting[b as usize] -= 1;
                if waiting[b as usize] == 0 {
                    ready.push(b);
                }
            }
        }
        if sequence.len() == n {
            return (sequence, split);
        }
        // Split the first part of what is left that can be split; its halves meet right of everything.
        let meet = right + near * 2.0 * (split.len() as f64 + 1.0);
        let candidate = (0..n).find(|&i| {
            let p = &parts[i];
            !done[i]
                && p.lower_of == NONE
                && !p.above.is_empty()
                && !p.below.is_empty()
                && !split.iter().any(|s| parts[s.0].strand == p.strand)
        });
        let Some(i) = candidate else {
            sequence.extend((0..n as u32).filter(|&i| !done[i as usize]));
            return (sequence, split);
        };
        let below = std::mem::replace(&mut parts[i].below, vec![meet]);
        parts[i].high = meet;
        parts[i].low = parts[i].above[0];
        let low = below[0];
        let strand = parts[i].strand;
        parts.push(Part { strand, above: vec![meet], below, low, high: meet, lower_of: i as u32, track: 0 });
        split.push((n, meet));
    }
}

/// Pairs `(a, b, gain)`: `a` above `b` saves `gain` crossings (or costs them, if negative).
fn preferences(parts: &[Part]) -> Vec<(u32, u32, i64)> {
    let mut out = Vec::new();
    let inside = |xs: &[f64], low: f64, high: f64| {
        (xs.partition_point(|&x| x < high) as i64 - xs.partition_point(|&x| x <= low) as i64).max(0)
    };
    for (i, a) in parts.iter().enumerate() {
        for (j, b) in parts.iter().enumerate().skip(i + 1) {
            if a.low >= b.high || b.low >= a.high {
                continue;
            }
            let first = inside(&a.below, b.low, b.high) + inside(&b.above, a.low, a.high);
            let second = inside(&b.below, a.low, a.high) + inside(&a.above, b.low, b.high);
            // A tie: the shorter run stays nearer to where lines arrive.
            let tie = i64::from((a.high - a.low) < (b.high - b.low)) * 2 - 1;
            out.push((i as u32, j as u32, (second - first) * 4 + tie));
        }
    }
    out
}

/// Tracks by the sequence: each part lies below all earlier ones that it overlaps.
fn levels(parts: &mut [Part], sequence: &[u32], near: f64) -> u32 {
    let mut count = 0;
    if parts.len() <= PAIRWISE * 2 {
        for k in 0..sequence.len() {
            let p = &parts[sequence[k] as usize];
            let mut track = 0;
            for &q in &sequence[..k] {
                let q = &parts[q as usize];
                if p.low < q.high + near && q.low < p.high + near {
                    track = track.max(q.track + 1);
                }
            }
            parts[sequence[k] as usize].track = track;
            count = count.max(track + 1);
        }
        return count;
    }
    // The deepest track over ranges of places, kept in a tree over the sorted ends.
    let mut places: Vec<f64> = parts.iter().flat_map(|p| [p.low - near / 2.0, p.high + near / 2.0]).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let mut deepest = Skyline::new(places.len(), 0.0);
    for &i in sequence {
        let p = &parts[i as usize];
        let from = places.partition_point(|&x| x < p.low - near / 2.0);
        let to = places.partition_point(|&x| x <= p.high + near / 2.0);
        let track = deepest.highest(from, to) as u32;
        deepest.raise(from, to, f64::from(track + 1));
        parts[i as usize].track = track;
        count = count.max(track + 1);
    }
    count
}
