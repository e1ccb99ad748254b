//! Rails: the streams that run beside the lines.

use std::collections::{BTreeMap, BTreeSet};

use crate::view::{NodeKind, View};

/// The most rails side by side; further streams share the last.
const MAX_RAILS: usize = 12;

/// A stream: the box that makes it and the tensor.
type Stream = (usize, usize);

/// The streams that run beside the lines written so far.
pub(super) struct Rails {
    /// What each box reads.
    reads: BTreeMap<usize, Vec<Stream>>,
    /// The last line that reads each stream; it ends its rail.
    last: BTreeMap<Stream, usize>,
    rails: Vec<Option<Stream>>,
    /// Rails that the next box reads beside the one it stands on.
    mine: Vec<usize>,
    /// The rail that the next box stands on.
    slot: usize,
}

impl Rails {
    pub(super) fn new(view: &View, order: &[usize]) -> Self {
        let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, n)| (*n, at)).collect();
        let reads = super::reads(view);
        let mut last: BTreeMap<Stream, usize> = BTreeMap::new();
        for (target, streams) in &reads {
            for stream in streams {
                if let (Some(s), Some(t)) = (place.get(&stream.0), place.get(target))
                    && s < t
                {
                    let end = last.entry(*stream).or_insert(*t);
                    *end = (*end).max(*t);
                }
            }
        }
        Self { reads, last, rails: Vec::new(), mine: Vec::new(), slot: 0 }
    }

    /// The rails on a line without a box.
    pub(super) fn through(&self) -> String {
        let cells = self.rails.iter().take(MAX_RAILS).map(|r| if r.is_some() { "│ " } else { "  " });
        cells.collect::<String>().trim_end().to_owned()
    }

    /// Finds the rail of a box. A stream that goes on past it makes way to a free rail, on a line of its own.
    pub(super) fn fork(&mut self, at: usize, n: usize) -> Option<String> {
        let reads = self.reads.get(&n).map_or(&[][..], Vec::as_slice);
        self.mine =
            (0..self.rails.len()).filter(|r| self.rails[*r].is_some_and(|s| reads.contains(&s))).collect();
        self.slot = self.mine.first().copied().unwrap_or_else(|| free(&self.rails));
        let first = self.mine.first().copied().filter(|r| !self.ends(*r, at))?;
        let aside =
            (first + 1..self.rails.len()).find(|r| self.rails[*r].is_none()).unwrap_or(self.rails.len());
        if aside == self.rails.len() {
            self.rails.push(None);
        }
        let line = self.fork_line(first, aside);
        self.rails[aside] = self.rails[first].take();
        self.mine.remove(0);
        Some(line)
    }

    /// The rails on the line of a box, and from there on.
    pub(super) fn line(&mut self, view: &View, at: usize, n: usize) -> String {
        let before = self.rails.clone();
        let mine = std::mem::take(&mut self.mine);
        for r in mine.iter().copied() {
            if self.ends(r, at) {
                self.rails[r] = None;
            }
        }
        let made: Vec<Stream> = self.last.range((n, 0)..(n + 1, 0)).map(|(s, _)| *s).collect();
        for (i, stream) in made.iter().enumerate() {
            let r = if i == 0 { self.slot } else { free(&self.rails) };
            while self.rails.len() <= r {
                self.rails.push(None);
            }
            self.rails[r] = Some(*stream);
        }
        let line = self.box_line(&before, &mine, mark(view, n));
        while self.rails.last() == Some(&None) {
            self.rails.pop();
        }
        line
    }

    fn ends(&self, rail: usize, at: usize) -> bool {
        self.rails[rail].is_some_and(|s| self.last.get(&s).is_none_or(|end| *end <= at))
    }

    /// The box, streams that go on, and those that arrive from the side.
    fn box_line(&self, before: &[Option<Stream>], mine: &[usize], mark: char) -> String {
        let width = before.len().max(self.rails.len()).max(self.slot + 1).min(MAX_RAILS);
        let slot = self.slot.min(MAX_RAILS - 1);
        let far = mine.iter().copied().max().unwrap_or(slot).clamp(slot, MAX_RAILS - 1);
        let mut out = String::new();
        for r in 0..width {
            let here = before.get(r).copied().flatten();
            let goes_on = here.is_some() && here == self.rails.get(r).copied().flatten();
            out.push(match () {
                () if r == slot => mark,
                () if r > slot && mine.contains(&r) => match (goes_on, r == far) {
                    (true, true) => '┤',
                    (true, false) => '┼',
                    (false, true) => '╯',
                    (false, false) => '┴',
                },
                () if here.is_some() && r > slot && r < far => '┼',
                () if here.is_some() => '│',
                () if r > slot && r < far => '─',
                () => ' ',
            });
            out.push(if r >= slot && r < far { '─' } else { ' ' });
        }
        out.trim_end().to_owned()
    }

    /// A stream forks: one branch stays, the other moves aside.
    fn fork_line(&self, from: usize, to: usize) -> String {
        let mut out = String::new();
        for (r, rail) in self.rails.iter().enumerate().take(MAX_RAILS) {
            out.push(match () {
                () if r == from => '├',
                () if r == to => '╮',
                () if r > from && r < to => {
                    if rail.is_some() {
                        '┼'
                    } else {
                        '─'
                    }
                }
                () if rail.is_some() => '│',
                () => ' ',
            });
            out.push(if r >= from && r < to { '─' } else { ' ' });
        }
        out.trim_end().to_owned()
    }
}

/// The sign of a box on its rail.
fn mark(view: &View, n: usize) -> char {
    let node = &view.nodes[n];
    match node.kind {
        NodeKind::Input | NodeKind::Output => '○',
        NodeKind::Merge if node.title == "×" => '⊗',
        NodeKind::Merge => '⊕',
        NodeKind::Module => '■',
        _ => '●',
    }
}

fn free(rails: &[Option<Stream>]) -> usize {
    rails.iter().position(Option::is_none).unwrap_or(rails.len())
}

/// Lines in an order in which every box follows those it reads, file order among equals; containers have no line, and
/// stubs stand on their reader's.
pub(super) fn order(view: &View) -> Vec<usize> {
    let n = view.nodes.len();
    let mut missing = vec![0usize; n];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    for edge in view.edges.iter().filter(|e| !e.back) {
        missing[edge.target] += 1;
        out[edge.source].push(edge.target);
    }
    let mut ready: BTreeSet<usize> = (0..n).filter(|v| missing[*v] == 0).collect();
    let mut done = vec![false; n];
    let mut order = Vec::new();
    let mut rest = 0;
    loop {
        let next = ready.pop_first().or_else(|| {
            // Only a damaged view has a cycle; it is cut at its first box.
            rest = (rest..n).find(|v| !done[*v]).unwrap_or(n);
            (rest < n).then_some(rest)
        });
        let Some(v) = next else { break };
        if std::mem::replace(&mut done[v], true) {
            continue;
        }
        if !matches!(view.nodes[v].kind, NodeKind::Container | NodeKind::Stub) {
            order.push(v);
        }
        for &w in &out[v] {
            missing[w] = missing[w].saturating_sub(1);
            if missing[w] == 0 && !done[w] {
                ready.insert(w);
            }
        }
    }
    order
}
