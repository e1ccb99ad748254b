//! A view as plain text: one line per box, the flow as rails on the left like a commit log.

use std::collections::BTreeMap;

use netloom_graph::Graph;

use crate::number;
use crate::view::{NodeKind, View, ViewOptions};

/// The most rails side by side; further streams share the last.
const MAX_RAILS: usize = 12;

/// How to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlainOptions {
    /// Whether only ASCII characters may be used.
    pub ascii: bool,
}

/// Writes a view as lines of text, the last one ended.
pub fn plain(graph: &Graph, view: &View, view_options: &ViewOptions, options: PlainOptions) -> String {
    let order = order(view);
    let glyphs = if options.ascii { ASCII } else { UNICODE };
    let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, n)| (*n, at)).collect();
    // The last line that reads each stream ends its rail.
    let mut last: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for edge in view.edges.iter().filter(|e| !e.back) {
        if let (Some(s), Some(t)) = (place.get(&edge.source), place.get(&edge.target))
            && s < t
        {
            let end = last.entry((edge.source, edge.tensor.index())).or_insert(*t);
            *end = (*end).max(*t);
        }
    }
    let mut arriving: Vec<Vec<(usize, usize)>> = vec![Vec::new(); view.nodes.len()];
    for edge in view.edges.iter().filter(|e| !e.back) {
        arriving[edge.target].push((edge.source, edge.tensor.index()));
    }
    let mut names = Names::new(graph, view);
    let mut rails: Vec<Option<(usize, usize)>> = Vec::new();
    let mut rows: Vec<(String, String, String, String)> = Vec::new();
    for (at, &n) in order.iter().enumerate() {
        let node = &view.nodes[n];
        let reads = &arriving[n];
        let mine: Vec<usize> =
            (0..rails.len()).filter(|r| rails[*r].is_some_and(|s| reads.contains(&s))).collect();
        // The box stands on the first rail it reads, or on a free one. A stream that goes on past the box makes way
        // to a free rail, on a line of its own.
        let slot = mine.first().copied().unwrap_or_else(|| free(&rails));
        let mut mine = mine;
        if let Some(&first) = mine.first()
            && !ends(&rails, first, &last, at)
        {
            let aside = (first + 1..rails.len()).find(|r| rails[*r].is_none()).unwrap_or(rails.len());
            if aside == rails.len() {
                rails.push(None);
            }
            rows.push((
                fork_line(&rails, first, aside, &glyphs),
                String::new(),
                String::new(),
                String::new(),
            ));
            rails[aside] = rails[first].take();
            mine.remove(0);
        }
        let before = rails.clone();
        for r in &mine {
            if ends(&rails, *r, &last, at) {
                rails[*r] = None;
            }
        }
        let made: Vec<(usize, usize)> = last.range((n, 0)..(n + 1, 0)).map(|(s, _)| *s).collect();
        for (i, stream) in made.iter().enumerate() {
            let r = if i == 0 { slot } else { free(&rails) };
            while rails.len() <= r {
                rails.push(None);
            }
            rails[r] = Some(*stream);
        }
        let width = before.len().max(rails.len()).max(slot + 1).min(MAX_RAILS);
        rows.push((
            rail_line(width, slot, &mine, &before, &rails, &glyphs),
            names.of(view, n),
            size(graph, view_options, node.output, node.kind),
            cost(view, n),
        ));
        while rails.last() == Some(&None) {
            rails.pop();
        }
    }
    let count = |s: &str| s.chars().count();
    let w: [usize; 3] = [
        rows.iter().map(|r| count(&r.0)).max().unwrap_or(0),
        rows.iter().map(|r| count(&r.1)).max().unwrap_or(0),
        rows.iter().map(|r| count(&r.2)).max().unwrap_or(0),
    ];
    let mut out = String::new();
    for (rail, name, size, cost) in rows {
        let pad = |s: &str, n: usize| " ".repeat(n.saturating_sub(count(s)));
        let line = format!(
            "{rail}{}  {name}{}  {size}{}  {cost}",
            pad(&rail, w[0]),
            pad(&name, w[1]),
            pad(&size, w[2])
        );
        let line = printable(&line);
        let line = if options.ascii { to_ascii(&line) } else { line };
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// The same text without control characters, which could tell a terminal to do things; line ends stay.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

struct Glyphs {
    node: char,
    rail: char,
    branch: char,
    across: char,
}

const UNICODE: Glyphs = Glyphs { node: '●', rail: '│', branch: '╯', across: '─' };
const ASCII: Glyphs = Glyphs { node: '*', rail: '|', branch: '/', across: '-' };

fn ends(
    rails: &[Option<(usize, usize)>],
    rail: usize,
    last: &BTreeMap<(usize, usize), usize>,
    at: usize,
) -> bool {
    rails[rail].is_some_and(|s| last.get(&s).is_none_or(|end| *end <= at))
}

fn free(rails: &[Option<(usize, usize)>]) -> usize {
    rails.iter().position(Option::is_none).unwrap_or(rails.len())
}

/// One line of rails: the box, streams that go on, and those that arrive from the side.
fn rail_line(
    width: usize,
    slot: usize,
    mine: &[usize],
    before: &[Option<(usize, usize)>],
    after: &[Option<(usize, usize)>],
    glyphs: &Glyphs,
) -> String {
    let far = mine.iter().copied().filter(|r| *r > slot).max().unwrap_or(slot);
    let mut out = String::new();
    for r in 0..width {
        let here = before.get(r).copied().flatten();
        let goes_on = after.get(r).copied().flatten().is_some() && here == after.get(r).copied().flatten();
        let mark = if r == slot.min(MAX_RAILS - 1) {
            glyphs.node
        } else if mine.contains(&r) && r > slot {
            if goes_on { '┤' } else { glyphs.branch }
        } else if here.is_some() {
            if r > slot && r < far { '┼' } else { glyphs.rail }
        } else if r > slot && r < far {
            glyphs.across
        } else {
            ' '
        };
        out.push(mark);
        out.push(if r >= slot && r < far { glyphs.across } else { ' ' });
    }
    out.trim_end().to_owned()
}

/// A line on which a stream forks: one branch stays, the other moves aside.
fn fork_line(rails: &[Option<(usize, usize)>], from: usize, to: usize, glyphs: &Glyphs) -> String {
    let mut out = String::new();
    for (r, rail) in rails.iter().enumerate().take(MAX_RAILS) {
        out.push(match r {
            r if r == from => '├',
            r if r == to => '╮',
            r if r > from && r < to => {
                if rail.is_some() {
                    '┼'
                } else {
                    glyphs.across
                }
            }
            _ if rail.is_some() => glyphs.rail,
            _ => ' ',
        });
        out.push(if r >= from && r < to { glyphs.across } else { ' ' });
    }
    out.trim_end().to_owned()
}

/// Lines in an order in which every box follows those it reads, file order among equals; containers have no line, and
/// stubs stand on their reader's.
fn order(view: &View) -> Vec<usize> {
    let n = view.nodes.len();
    let mut missing = vec![0usize; n];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    for edge in view.edges.iter().filter(|e| !e.back) {
        missing[edge.target] += 1;
        out[edge.source].push(edge.target);
    }
    let mut ready: std::collections::BTreeSet<usize> = (0..n).filter(|v| missing[*v] == 0).collect();
    let mut done = vec![false; n];
    let mut order = Vec::new();
    loop {
        let next = ready.pop_first().or_else(|| done.iter().position(|d| !d));
        let Some(v) = next else { break };
        if std::mem::replace(&mut done[v], true) {
            continue;
        }
        if !matches!(view.nodes[v].kind, NodeKind::Container | NodeKind::Stub) {
            order.push(v);
        }
        for &w in &out[v] {
            missing[w] -= 1;
            if missing[w] == 0 && !done[w] {
                ready.insert(w);
            }
        }
    }
    order
}

/// What the lines say: frames as a path before the box, with how often they come and what tells their copies apart.
struct Names {
    /// The path of each frame as it is printed.
    paths: Vec<String>,
    /// Frames that a line has already told the remarks of.
    told: Vec<bool>,
    /// Names of far values that each box reads.
    stubs: Vec<Vec<String>>,
    /// Boxes that hand something to the next step.
    hands_on: Vec<bool>,
}

impl Names {
    fn new(graph: &Graph, view: &View) -> Self {
        let n = view.nodes.len();
        let mut paths: Vec<String> = vec![String::new(); n];
        for (i, node) in view.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Container) {
            let subject = node.key.subject();
            let whole = node.modules.last().filter(|m| m.index() < graph.modules().len());
            let whole = whole.map(|m| graph.module(*m).path.as_str());
            let first = node.title.split('–').next().unwrap_or_default();
            paths[i] = match (whole, node.parent.map(|p| &view.nodes[p])) {
                _ if node.modules.is_empty() => node.title.clone(),
                // The list that a run fills is its name; a part of a list is told by its first and last.
                (Some(whole), _) if node.repeat > 1 && subject.starts_with(whole) => whole.to_owned(),
                _ if first.len() < node.title.len() && subject.ends_with(first) => {
                    format!("{}{}", &subject[..subject.len() - first.len()], node.title)
                }
                // Frames stand before what they hold, so the path of the outer one is known.
                (_, Some(outer)) if subject.starts_with(outer.key.subject()) => {
                    let rest = &subject[outer.key.subject().len()..];
                    format!("{}{rest}", node.parent.map_or("", |p| &paths[p]))
                }
                _ => subject.to_owned(),
            };
        }
        let mut stubs = vec![Vec::new(); n];
        let mut hands_on = vec![false; n];
        for edge in &view.edges {
            if view.nodes[edge.source].kind == NodeKind::Stub {
                stubs[edge.target].push(view.nodes[edge.source].title.clone());
            }
            hands_on[edge.source] |= edge.back;
        }
        Self { paths, told: vec![false; n], stubs, hands_on }
    }

    fn of(&mut self, view: &View, index: usize) -> String {
        let node = &view.nodes[index];
        let mut outer = String::new();
        let (mut times, mut remarks): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut at = node.parent;
        // Frames nest; a damaged view cannot hold more of them than nodes.
        for _ in 0..view.nodes.len() {
            let Some(p) = at else { break };
            if outer.is_empty() {
                outer.clone_from(&self.paths[p]);
            }
            let frame = &view.nodes[p];
            times.extend((frame.repeat > 1).then(|| format!("×{}", frame.repeat)));
            if !std::mem::replace(&mut self.told[p], true) {
                remarks.extend(frame.notes.iter().cloned());
            }
            at = frame.parent;
        }
        let mut text = match node.kind {
            NodeKind::Merge if node.title == "×" => "⊗".to_owned(),
            NodeKind::Merge => "⊕".to_owned(),
            NodeKind::Module if !node.subtitle.is_empty() => format!("{} · {}", node.title, node.subtitle),
            NodeKind::Layer if !node.subtitle.is_empty() => format!("{}, {}", node.title, node.subtitle),
            _ => node.title.clone(),
        };
        for band in &node.bands {
            text += &format!(" | {}", band.title);
        }
        if !node.header.is_empty() {
            text = format!("{}: {text}", node.header);
        }
        for stub in &self.stubs[index] {
            text += &format!(" ‹{stub}›");
        }
        if node.repeat > 1 {
            text += &format!(" ×{}", node.repeat);
        }
        if self.hands_on[index] {
            text += " ↺";
        }
        remarks.extend(node.notes.iter().cloned());
        if !remarks.is_empty() {
            text += &format!(" ({})", remarks.join(", "));
        }
        times.reverse();
        let outer = [vec![outer], times].concat().join(" ");
        if outer.is_empty() { text } else { format!("{outer}: {text}") }
    }
}

fn size(
    graph: &Graph,
    options: &ViewOptions,
    output: Option<netloom_graph::TensorId>,
    kind: NodeKind,
) -> String {
    match output {
        Some(t) if kind != NodeKind::Stub => number::shape(graph.tensor(t).ty.shape(), options.batch),
        _ => String::new(),
    }
}

fn cost(view: &View, index: usize) -> String {
    let total: u64 = view.nodes[index]
        .operators
        .iter()
        .filter_map(|n| view.summary.nodes.get(n.index()))
        .fold(0, |sum, row| sum.saturating_add(row.parameters));
    if total == 0 {
        return String::new();
    }
    format!("{:>8} {:>7}", number::si(total), number::percent(total, view.summary.parameters))
}

/// The same text in ASCII only.
pub fn to_ascii(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '×' => out.push('x'),
            '·' => out.push('-'),
            '⊕' => out.push_str("(+)"),
            '⊗' => out.push_str("(x)"),
            '↺' => out.push_str("(loop)"),
            '–' => out.push('-'),
            '…' => out.push_str("..."),
            '→' => out.push_str("->"),
            '\u{a0}' | '\u{2009}' => out.push(' '),
            '┤' | '│' | '├' => out.push('|'),
            '╮' => out.push('\\'),
            '┼' => out.push('+'),
            '─' => out.push('-'),
            '‹' => out.push('<'),
            '›' => out.push('>'),
            '●' => out.push('*'),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
