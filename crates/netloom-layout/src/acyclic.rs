//! Cycle removal by depth-first search: links that close a cycle are drawn against the flow.

/// Marks the links to turn round so that the rest has no cycle; `against` are those said to run against the flow.
///
/// The search starts at nodes without incoming links in reading order, then at the others, so that the first node of a
/// loop stays on top. A link said to run against the flow runs with it if turning it would close a cycle. Links from a
/// node to itself are marked as well.
///
/// # Cost
/// Linear in nodes and links.
pub(crate) fn reversed(n: usize, links: &[(u32, u32)], against: &[bool]) -> Vec<bool> {
    let mut reversed = against.to_vec();
    let pairs: Vec<(usize, usize)> = (links.iter().zip(against))
        .map(|(&(u, v), &back)| if back { (v as usize, u as usize) } else { (u as usize, v as usize) })
        .collect();
    let mut first = vec![0u32; n + 1];
    let mut incoming = vec![false; n];
    for (i, &(u, v)) in pairs.iter().enumerate() {
        if u == v {
            reversed[i] = true;
        } else {
            first[u + 1] += 1;
            incoming[v] = true;
        }
    }
    for i in 0..n {
        first[i + 1] += first[i];
    }
    let mut next = first.clone();
    let mut out = vec![0u32; first[n] as usize];
    for (i, &(u, v)) in pairs.iter().enumerate() {
        if u != v {
            out[next[u] as usize] = i as u32;
            next[u] += 1;
        }
    }
    let mut next = first.clone();
    let mut state = vec![0u8; n];
    let mut stack: Vec<usize> = Vec::new();
    let starts = (0..n).filter(|&i| !incoming[i]).chain((0..n).filter(|&i| incoming[i]));
    for start in starts {
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        stack.push(start);
        while let Some(&u) = stack.last() {
            if next[u] == first[u + 1] {
                state[u] = 2;
                stack.pop();
                continue;
            }
            let link = out[next[u] as usize] as usize;
            next[u] += 1;
            let v = pairs[link].1;
            match state[v] {
                0 => {
                    state[v] = 1;
                    stack.push(v);
                }
                1 => reversed[link] = !reversed[link],
                _ => {}
            }
        }
    }
    reversed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: usize, links: &[(u32, u32)], against: &[usize], want: &[usize]) {
        let named: Vec<bool> = (0..links.len()).map(|i| against.contains(&i)).collect();
        let found: Vec<usize> =
            reversed(n, links, &named).iter().enumerate().filter(|r| *r.1).map(|r| r.0).collect();
        assert_eq!(found, want, "{links:?}");
    }

    #[test]
    fn links_that_close_a_cycle_turn() {
        check(3, &[(0, 1), (1, 2)], &[], &[]);
        check(3, &[(0, 1), (1, 2), (2, 0)], &[], &[2]);
        check(2, &[(0, 0), (0, 1)], &[], &[0]);
        // The loop is entered at node 1, so its first node on the way is node 1.
        check(4, &[(3, 1), (0, 1), (1, 2), (2, 0)], &[], &[1]);
        // A name that fits, and one that would close a cycle.
        check(3, &[(0, 1), (1, 2), (2, 1)], &[2], &[2]);
        check(3, &[(0, 1), (1, 2), (0, 2)], &[2], &[]);
    }
}
