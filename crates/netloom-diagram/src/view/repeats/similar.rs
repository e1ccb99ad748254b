//! Blocks of one make in a row become the typical one, with what tells the others from it.

use netloom_graph::repeats::{alike, differences};
use netloom_graph::{ModuleId, NodeId, TensorId};

use super::Facts;
use super::content::{Content, Level, Part, stream};
use super::merge::{Places, absorb, hand_over, range};
use super::words::{Given, words};
use crate::view::build::relative;
use crate::view::{NodeKind, View};

/// The longest list of differences, characters; blocks that take more words to tell apart are different blocks.
const MAX_WORDS: usize = 40;

/// The most lengths of a run that are tried from one block on.
const MAX_TRIES: usize = 16;

/// Folds the runs of one level; says whether there were any.
pub(super) fn fold(facts: &Facts<'_>, content: &mut Content, view: &mut View, level: &Level) -> bool {
    let mut changed = false;
    for path in &level.paths {
        let mut start = 0;
        while start + 1 < path.len() {
            let most = longest(facts, view, level, &path[start..]);
            let ends = (2..=most).rev().take(MAX_TRIES);
            let plan =
                ends.filter_map(|end| plan(facts, content, view, level, (path, start, start + end))).next();
            match plan {
                Some(plan) => {
                    start += plan.parts.len();
                    apply(facts, content, view, level, plan);
                    changed = true;
                }
                None => start += 1,
            }
        }
    }
    changed
}

/// How many blocks from the first on are siblings of one make that give away streams of one type.
fn longest(facts: &Facts<'_>, view: &View, level: &Level, path: &[usize]) -> usize {
    let gives =
        |p: &usize| stream(view, &level.parts[p].leaving).map(|(_, t)| facts.graph.tensor(t).ty.shape());
    let is_block = |p: &usize| matches!(view.nodes[*p].kind, NodeKind::Module | NodeKind::Container);
    let first = &path[0];
    let of_one_make = |p: &&usize| {
        let modules = siblings(facts, view, **p, *first);
        is_block(p)
            && view.nodes[**p].kind == view.nodes[*first].kind
            && modules.is_some_and(|(a, b)| alike(facts.graph, a, b))
            && gives(p).is_some()
            && gives(p) == gives(first)
    };
    if is_block(first) { 1 + path[1..].iter().take_while(of_one_make).count() } else { 0 }
}

/// The modules of two blocks below the innermost module that holds both. Of a folded run it is the block that is drawn.
fn siblings(facts: &Facts<'_>, view: &View, a: usize, b: usize) -> Option<(ModuleId, ModuleId)> {
    let way = |n: usize| {
        let mut way = vec![*view.nodes[n].modules.first()?];
        while let Some(parent) = way.last().and_then(|m| facts.graph.module(*m).parent) {
            way.push(parent);
        }
        way.reverse();
        Some(way)
    };
    let (a, b) = (way(a)?, way(b)?);
    let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    Some((*a.get(common)?, *b.get(common)?))
}

/// A run that can be folded.
struct Plan {
    parts: Vec<usize>,
    /// Which part stands for all.
    typical: usize,
    /// For each other part, the boxes of the typical one that its boxes stand for.
    places: Vec<(usize, Places)>,
    note: String,
    /// The arrows of the typical part that come from the part before it, and where they come from then.
    stream: Option<(usize, TensorId)>,
    /// By-passes of the typical part that another part projects.
    projected: Vec<(NodeId, usize)>,
}

fn plan(
    facts: &Facts<'_>,
    content: &Content,
    view: &View,
    level: &Level,
    (path, start, end): (&[usize], usize, usize),
) -> Option<Plan> {
    let parts = &path[start..end];
    let at = (0..parts.len()).max_by_key(|i| (view.nodes[parts[*i]].repeat, *i))?;
    let typical = parts[at];
    let before = |i: usize| (start + i).checked_sub(1).map(|b| path[b]);
    let given = |i: usize| given(content, view, &level.parts[&parts[i]], before(i));
    let (stream_at, sides) = given(at)?;
    let leaves = stream(view, &level.parts[&typical].leaving)?.0;
    let (mut places, mut projected, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let mut length = 0;
    for (i, &part) in parts.iter().enumerate() {
        if i == at {
            continue;
        }
        let (own, own_sides) = given(i)?;
        if own_sides != sides {
            return None;
        }
        let (a, b) = siblings(facts, view, typical, part)?;
        let found = differences(facts.graph, a, b)?;
        let phrases = words(facts, &found, Given { typical: stream_at.1, other: own.1 })?;
        for (left, right) in &found.pairs {
            if let (Some(x), Some(y)) = (facts.residuals.get(left), facts.residuals.get(right))
                && x.projection.is_none()
                && y.projection.is_some()
            {
                projected.push((x.add, x.operand));
            }
        }
        let stands = stands_for(view, &level.parts[&typical], &level.parts[&part], &found.pairs);
        if i + 1 == parts.len() {
            let source = stream(view, &level.parts[&part].leaving)?.0;
            if stands.get(&source) != Some(&leaves) || content.is_read_afar(&level.parts[&part]) {
                return None;
            }
        }
        places.push((part, stands));
        if !phrases.is_empty() {
            length += phrases.iter().map(|p| p.chars().count() + 2).sum::<usize>();
            told.push((i, phrases.join(", ")));
        }
        if length > MAX_WORDS {
            return None;
        }
    }
    let counts: Vec<u32> = parts.iter().map(|p| view.nodes[*p].repeat).collect();
    let note = note(&counts, &told);
    let stream = if at == 0 { None } else { Some(given(0)?.0) };
    (note.chars().count() <= MAX_WORDS).then_some(Plan {
        parts: parts.to_vec(),
        typical,
        places,
        note,
        stream,
        projected,
    })
}

/// The stream that a part is given, and the other tensors that it reads.
fn given(
    content: &Content,
    view: &View,
    part: &Part,
    before: Option<usize>,
) -> Option<((usize, TensorId), Vec<TensorId>)> {
    let owner = |e: &usize| content.part(view.edges[*e].source).map(|(part, _)| part);
    let is_stub = |e: &usize| view.nodes[view.edges[*e].source].kind == NodeKind::Stub;
    let comes = |e: &&usize| match before {
        Some(_) => owner(e) == before,
        None => !is_stub(e),
    };
    let (main, side): (Vec<usize>, Vec<usize>) = part.arriving.iter().partition(comes);
    let mut side: Vec<TensorId> = side.iter().map(|e| view.edges[*e].tensor).collect();
    side.sort_unstable();
    side.dedup();
    Some((stream(view, &main)?, side))
}

/// Which boxes of the typical part the boxes of another stand for: those of operators that stand for one another, and
/// the frames around them.
pub(super) fn stands_for(view: &View, typical: &Part, other: &Part, pairs: &[(NodeId, NodeId)]) -> Places {
    let owners = |part: &Part| -> std::collections::BTreeMap<NodeId, usize> {
        let all = part.boxes.iter().flat_map(|b| view.nodes[*b].operators.iter().map(move |o| (*o, *b)));
        all.collect()
    };
    let (into, from) = (owners(typical), owners(other));
    let mut places = Places::new();
    for (left, right) in pairs {
        let (Some(&x), Some(&y)) = (into.get(left), from.get(right)) else { continue };
        if view.nodes[x].kind == view.nodes[y].kind {
            places.entry(y).or_insert(x);
        }
    }
    // Boxes stand behind their frames: inner frames find their like before outer ones.
    for &b in other.boxes.iter().rev() {
        let Some(&x) = places.get(&b) else { continue };
        if let (Some(p), Some(q)) = (view.nodes[b].parent, view.nodes[x].parent)
            && other.boxes.binary_search(&p).is_ok()
            && typical.boxes.binary_search(&q).is_ok()
        {
            places.entry(p).or_insert(q);
        }
    }
    places
}

/// Which of the blocks differ, and how: `first: /2, skip 1×1`.
fn note(counts: &[u32], told: &[(usize, String)]) -> String {
    let total: u32 = counts.iter().sum();
    let mut ranges: Vec<(u32, u32, &str)> = Vec::new();
    for (i, words) in told {
        let from: u32 = counts[..*i].iter().sum();
        let to = from + counts[*i];
        match ranges.last_mut() {
            Some(last) if last.2 == words && last.1 == from => last.1 = to,
            _ => ranges.push((from, to, words)),
        }
    }
    let name = |from: u32, to: u32| match (from, to) {
        (0, 1) => "first".to_owned(),
        (0, n) => format!("first {n}"),
        (a, b) if b == total && b - a == 1 => "last".to_owned(),
        (a, b) if b == total => format!("last {}", b - a),
        (a, b) if b - a == 1 => format!("{b}."),
        (a, b) => format!("{}.–{b}.", a + 1),
    };
    ranges.iter().map(|(a, b, words)| format!("{}: {words}", name(*a, *b))).collect::<Vec<_>>().join("; ")
}

fn apply(facts: &Facts<'_>, content: &mut Content, view: &mut View, level: &Level, plan: Plan) {
    let typical = plan.typical;
    let (first, last) = (plan.parts[0], plan.parts[plan.parts.len() - 1]);
    let repeat = plan.parts.iter().fold(0u32, |sum, p| sum.saturating_add(view.nodes[*p].repeat));
    let title = siblings(facts, view, first, last).map(|(a, _)| {
        // A folded run is called after its last block, so the first one is asked for its own name.
        let name = |module: ModuleId| {
            let module = facts.graph.module(module);
            let base = module.parent.map_or("", |p| facts.graph.module(p).path.as_str());
            relative(&module.path, base)
        };
        let ends = [first, last].map(|p| {
            let end = if p == first { view.nodes[p].modules.first() } else { view.nodes[p].modules.last() };
            end.map(|m| climb(facts, *m, a)).map(name).unwrap_or_default()
        });
        range(&ends[0], &ends[1])
    });
    if let Some((source, tensor)) = plan.stream {
        let order: Vec<usize> = plan.parts.clone();
        let at = order.iter().position(|p| *p == typical).unwrap_or_default();
        let before = at.checked_sub(1).map(|b| order[b]);
        let head = level.parts[&first].arriving.iter().find(|e| view.edges[**e].tensor == tensor);
        let arrives = head.map_or(tensor, |e| view.edges[*e].arrives);
        for &e in &level.parts[&typical].arriving {
            if content.part(view.edges[e].source).map(|(part, _)| part) == before {
                content.resource(view, e, source);
                view.edges[e].tensor = tensor;
                view.edges[e].arrives = arrives;
            }
        }
    }
    if let Some((_, places)) = plan.places.iter().find(|(part, _)| *part == last) {
        hand_over(content, view, level, last, places);
    }
    for (part, places) in &plan.places {
        absorb(content, view, level, (*part, typical), places);
    }
    for &e in level.parts[&typical].inner.iter().chain(&level.parts[&typical].arriving) {
        let edge = &mut view.edges[e];
        edge.projected |= edge.reader.is_some_and(|reader| plan.projected.contains(&reader));
    }
    let node = &mut view.nodes[typical];
    node.repeat = repeat;
    if let Some(title) = title {
        node.title = title;
    }
    if !plan.note.is_empty() {
        node.notes.push(plan.note);
    }
}

/// The module around another that stands beside a third.
fn climb(facts: &Facts<'_>, module: ModuleId, beside: ModuleId) -> ModuleId {
    let home = facts.graph.module(beside).parent;
    let mut at = module;
    while let Some(parent) = facts.graph.module(at).parent {
        if Some(parent) == home {
            return at;
        }
        at = parent;
    }
    module
}
