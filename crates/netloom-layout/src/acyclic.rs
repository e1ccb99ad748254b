//! Cycle removal by depth-first search: links that close a cycle are drawn against the flow.

use crate::clean::NONE;

/// Marks the links to turn round so that the rest has no cycle; `against` are those known to run against the flow.
///
/// The search starts at nodes without incoming links in reading order, then at the others, so that the first node of a
/// loop stays on top. Links from a node to itself are marked as well.
///
/// # Cost
/// Linear in nodes and links.
pub(crate) fn reversed(n: usize, links: &[(u32, u32)], against: &[bool]) -> Vec<bool> {
    let mut reversed = against.to_vec();
    let mut first = vec![0u32; n + 1];
    let mut incoming = vec![false; n];
    for (i, &(u, v)) in links.iter().enumerate() {
        if u == v {
            reversed[i] = true;
        }
        if !reversed[i] {
            first[u as usize + 1] += 1;
            incoming[v as usize] = true;
        }
    }
    for i in 0..n {
        first[i + 1] += first[i];
    }
    let mut next = first.clone();
    let mut out = vec![0u32; first[n] as usize];
    for (i, &(u, _)) in links.iter().enumerate() {
        if !reversed[i] {
            out[next[u as usize] as usize] = i as u32;
            next[u as usize] += 1;
        }
    }
    let mut next = first.clone();
    let mut state = vec![0u8; n];
    let mut stack: Vec<u32> = Vec::new();
    let starts = (0..n).filter(|&i| !incoming[i]).chain((0..n).filter(|&i| incoming[i]));
    for start in starts {
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        stack.push(start as u32);
        while let Some(&top) = stack.last() {
            let u = top as usize;
            if next[u] == first[u + 1] {
                state[u] = 2;
                stack.pop();
                continue;
            }
            let link = out[next[u] as usize] as usize;
            next[u] += 1;
            let v = links[link].1 as usize;
            match state[v] {
                0 => {
                    state[v] = 1;
                    stack.push(v as u32);
                }
                1 => reversed[link] = true,
                _ => {}
            }
        }
    }
    // Links named as running against the flow may close a cycle among themselves once turned; those run forward.
    debug_assert!(NONE as usize > n);
    reversed
}
