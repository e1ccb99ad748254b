//! Blocks that take turns (A B A B) become one round of them with a count.

use netloom_scene::Key;

use super::Facts;
use super::content::{Content, Level};
use super::equal::{are_equal, end_alike, spot};
use super::merge::{absorb, hand_over, places, range};
use crate::view::build::blank;
use crate::view::{NodeKind, View, ViewNode};

/// The most blocks of one round.
const MAX_PERIOD: usize = 8;

/// Folds the rounds of one level; says whether there were any.
pub(super) fn fold(
    facts: &Facts<'_>,
    content: &mut Content,
    view: &mut View,
    level: &Level,
    frame: Option<usize>,
) -> bool {
    let mut changed = false;
    for path in level.paths.iter().filter(|p| p.len() >= 4) {
        let kinds = kinds(facts, content, view, level, path);
        let mut start = 0;
        while start < path.len() {
            match longest(content, view, level, &path[start..], &kinds[start..]) {
                Some((period, count)) => {
                    merge(content, view, level, (&path[start..start + period * count], period), frame);
                    start += period * count;
                    changed = true;
                }
                None => start += 1,
            }
        }
    }
    changed
}

/// For each part of a path, the place of the first one in reach that it is equal to.
fn kinds(facts: &Facts<'_>, content: &Content, view: &View, level: &Level, path: &[usize]) -> Vec<usize> {
    let mut kinds: Vec<usize> = Vec::with_capacity(path.len());
    for i in 0..path.len() {
        let like = (2..=MAX_PERIOD.min(i))
            .map(|back| i - back)
            .find(|j| are_equal(facts, content, view, level, spot(path, *j), spot(path, i)));
        kinds.push(like.map_or(i, |j| kinds[j]));
    }
    kinds
}

/// The length of a round and how many follow one another from the start, if that is worth folding.
fn longest(
    content: &Content,
    view: &View,
    level: &Level,
    path: &[usize],
    kinds: &[usize],
) -> Option<(usize, usize)> {
    let rounds = (2..=MAX_PERIOD.min(path.len() / 2)).filter_map(|period| {
        let is_block = |p: &usize| matches!(view.nodes[*p].kind, NodeKind::Module | NodeKind::Container);
        let least = if path[..period].iter().any(is_block) { 2 } else { 3 };
        let equal = kinds.iter().zip(&kinds[period..]).take_while(|(a, b)| a == b).count();
        let mut count = equal / period + 1;
        let end = |count: usize| &level.parts[&path[period * count - 1]];
        if count > 1 && !end_alike(content, view, end(1), end(count)) {
            count -= 1;
        }
        (count >= least).then_some((period, count))
    });
    rounds.max_by_key(|(period, count)| (period * count, std::cmp::Reverse(*period)))
}

/// Lets the first round stand for all, in a frame of its own or in the frame that holds nothing else.
fn merge(
    content: &mut Content,
    view: &mut View,
    level: &Level,
    (path, period): (&[usize], usize),
    frame: Option<usize>,
) {
    let (first, rest) = path.split_at(period);
    if let (Some(into), Some(last)) = (first.last(), rest.last()) {
        hand_over(content, view, level, *last, &places(level, *last, *into));
    }
    let count = path.len() / period;
    let whole = range(&view.nodes[path[0]].title, &view.nodes[path[path.len() - 1]].title);
    for (at, &into) in first.iter().enumerate() {
        let copies = || rest.iter().skip(at).step_by(period);
        let titles: Vec<String> = copies().map(|p| view.nodes[*p].title.clone()).collect();
        if matches!(view.nodes[into].kind, NodeKind::Module | NodeKind::Container) {
            view.nodes[into].title = turns(&view.nodes[into].title, &titles);
        }
        for &part in copies() {
            absorb(content, view, level, (part, into), &places(level, part, into));
        }
    }
    let repeat = u32::try_from(count).unwrap_or(u32::MAX);
    let alone = content.inside(frame).filter(|i| view.nodes[*i].kind != NodeKind::Stub).count() == period;
    if let (Some(frame), true) = (frame, alone) {
        view.nodes[frame].repeat = repeat;
        return;
    }
    let units: Vec<&ViewNode> = first.iter().map(|p| &view.nodes[*p]).collect();
    let is_block = |n: &&&ViewNode| matches!(n.kind, NodeKind::Module | NodeKind::Container);
    let class = |n: &ViewNode| n.subtitle.split(" · ").next().unwrap_or_default().to_owned();
    let common = units.iter().all(|n| class(n) == class(units[0]) && is_block(&n));
    let node = ViewNode {
        parent: frame,
        kind: NodeKind::Container,
        title: if units.iter().any(|n| is_block(&n)) { whole } else { String::new() },
        subtitle: if common { class(units[0]) } else { String::new() },
        category: units.iter().find(is_block).map_or(units[0].category, |n| n.category),
        repeat,
        modules: units.iter().flat_map(|n| n.modules.clone()).collect(),
        output: units.last().and_then(|n| n.output),
        ..blank(Key::new(format!("{}×{count}", units[0].key)))
    };
    content.enclose(view, node, first);
}

/// The names of every second, third, … of a run: `layer.0, 2 … 10`.
fn turns(first: &str, rest: &[String]) -> String {
    let name = netloom_graph::repeats::stem(first);
    let number = |title: &String| title.strip_prefix(name).filter(|n| !n.is_empty()).map(str::to_owned);
    let numbers: Option<Vec<String>> = rest.iter().map(number).collect();
    match numbers.as_deref() {
        Some([one]) if name.len() < first.len() => format!("{first}, {one}"),
        Some([one, two]) if name.len() < first.len() => format!("{first}, {one}, {two}"),
        Some([one, .., last]) if name.len() < first.len() => format!("{first}, {one} … {last}"),
        _ => first.to_owned(),
    }
}
