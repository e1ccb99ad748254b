//! Makes any input sane: finite sizes, a tree of parents, flow downward.

use crate::{Direction, Insets, LayoutInput, Size, Spacing};

/// Largest width or height of a node, px; larger, infinite and undefined sizes are clamped to it or to zero.
pub const MAX_SIZE: f64 = 1e6;
/// Largest distance in [`Spacing`], px.
pub const MAX_SPACING: f64 = 1e4;
/// Deepest nesting that is drawn; what lies deeper becomes a neighbour of its container instead of its content.
pub const MAX_DEPTH: usize = 48;
/// Largest weight of an edge; larger ones are clamped.
pub const MAX_WEIGHT: u32 = 1000;

/// No index.
pub(crate) const NONE: u32 = u32::MAX;

/// The parent of every node as layout sees it: bad indices ignored, cycles cut at their lowest index, and no deeper
/// than [`MAX_DEPTH`].
///
/// # Cost
/// Linear in the number of nodes.
pub fn parents(input: &LayoutInput) -> Vec<Option<usize>> {
    let (parent, _, _) = forest(input);
    parent.into_iter().map(|p| (p != NONE).then_some(p as usize)).collect()
}

/// The nodes of an input in the frame of a downward flow.
pub(crate) struct Clean {
    pub size: Vec<Size>,
    pub padding: Vec<Insets>,
    pub note: Vec<Size>,
    pub parent: Vec<u32>,
    pub depth: Vec<u32>,
    /// Nodes so that parents come before their children.
    pub sequence: Vec<u32>,
    /// Children of node `i` are `children[first[i]..first[i + 1]]`; those of the top level follow at index `n`.
    pub first: Vec<u32>,
    pub children: Vec<u32>,
    pub spacing: Spacing,
}

impl Clean {
    /// Children of a node, or of the top level for the index after the last node.
    pub fn children(&self, node: usize) -> &[u32] {
        &self.children[self.first[node] as usize..self.first[node + 1] as usize]
    }

    /// Whether the node has content.
    pub fn is_container(&self, node: usize) -> bool {
        self.first[node] < self.first[node + 1]
    }
}

/// Cleans the nodes of an input.
pub(crate) fn clean(input: &LayoutInput) -> Clean {
    let n = input.nodes.len();
    let (parent, depth, sequence) = forest(input);
    let mut first = vec![0u32; n + 2];
    for &p in &parent {
        let p = if p == NONE { n } else { p as usize };
        first[p + 1] += 1;
    }
    for i in 0..=n {
        first[i + 1] += first[i];
    }
    let mut children = vec![0u32; n];
    let mut next = first.clone();
    for (i, &p) in parent.iter().enumerate() {
        let p = if p == NONE { n } else { p as usize };
        children[next[p] as usize] = i as u32;
        next[p] += 1;
    }
    let flip = matches!(input.direction, Direction::Right | Direction::Left);
    let turn = |s: Size| if flip { Size::new(s.height, s.width) } else { s };
    Clean {
        size: input.nodes.iter().map(|node| turn(size(node.size))).collect(),
        padding: input.nodes.iter().map(|node| insets(node.padding, input.direction)).collect(),
        note: input.nodes.iter().map(|node| turn(size(node.note))).collect(),
        parent,
        depth,
        sequence,
        first,
        children,
        spacing: spacing(input.spacing),
    }
}

/// A length between zero and [`MAX_SIZE`].
pub(crate) fn length(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, MAX_SIZE) }
}

/// A size with both lengths clamped.
pub(crate) fn size(value: Size) -> Size {
    Size::new(length(value.width), length(value.height))
}

fn insets(p: Insets, direction: Direction) -> Insets {
    let (t, r, b, l) = (length(p.top), length(p.right), length(p.bottom), length(p.left));
    let (top, right, bottom, left) = match direction {
        Direction::Down => (t, r, b, l),
        Direction::Up => (b, r, t, l),
        Direction::Right => (l, b, r, t),
        Direction::Left => (r, b, l, t),
    };
    Insets { top, right, bottom, left }
}

fn spacing(s: Spacing) -> Spacing {
    let keep = |v: f64| if v.is_nan() { 1.0 } else { v.clamp(1.0, MAX_SPACING) };
    Spacing { rank: keep(s.rank), node: keep(s.node), lane: keep(s.lane) }
}

/// Parents, depths and a sequence with parents first.
fn forest(input: &LayoutInput) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let n = input.nodes.len();
    let mut parent: Vec<u32> =
        (input.nodes.iter()).map(|node| node.parent.filter(|&p| p < n).map_or(NONE, |p| p as u32)).collect();
    // A walk up from each node stamps its path; meeting its own stamp means a cycle.
    let mut stamp = vec![NONE; n];
    for start in 0..n {
        let mut at = start;
        while stamp[at] == NONE {
            stamp[at] = start as u32;
            if parent[at] == NONE {
                break;
            }
            at = parent[at] as usize;
        }
        if stamp[at] == start as u32 && parent[at] != NONE {
            let (mut lowest, mut walk) = (at, parent[at] as usize);
            while walk != at {
                lowest = lowest.min(walk);
                walk = parent[walk] as usize;
            }
            parent[lowest] = NONE;
        }
    }
    let mut first = vec![0u32; n + 1];
    for &p in parent.iter().filter(|&&p| p != NONE) {
        first[p as usize + 1] += 1;
    }
    for i in 0..n {
        first[i + 1] += first[i];
    }
    let mut next = first.clone();
    let mut children = vec![0u32; first[n] as usize];
    for (i, &p) in parent.iter().enumerate() {
        if p != NONE {
            children[next[p as usize] as usize] = i as u32;
            next[p as usize] += 1;
        }
    }
    let mut sequence: Vec<u32> = (0..n as u32).filter(|&i| parent[i as usize] == NONE).collect();
    let mut depth = vec![0u32; n];
    let mut at = 0;
    while at < sequence.len() {
        let node = sequence[at] as usize;
        at += 1;
        for &child in &children[first[node] as usize..first[node + 1] as usize] {
            let child_index = child as usize;
            if depth[node] as usize >= MAX_DEPTH {
                parent[child_index] = parent[node];
                depth[child_index] = depth[node];
            } else {
                depth[child_index] = depth[node] + 1;
            }
            sequence.push(child);
        }
    }
    (parent, depth, sequence)
}
