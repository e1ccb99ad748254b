//! Finds blocks from their last layer backwards.

use std::collections::BTreeMap;

use super::items::{Item, Items};
use super::names::plain;
use super::{MAX_PATTERNS, Match, Pattern, Term};
use crate::{Graph, NodeId, TensorId};

/// The most ways that are followed at once to match one block.
const MAX_WAYS: usize = 32;
/// The most operators that only move data between two layers.
const MAX_PASSED: usize = 8;

pub(super) fn find(graph: &Graph, patterns: &[Pattern]) -> Vec<Match> {
    let mut items = Items::new(graph);
    for (index, pattern) in patterns.iter().enumerate() {
        let mut classes = BTreeMap::new();
        named_classes(&pattern.chain, &mut classes);
        let opened: Vec<_> = classes
            .into_iter()
            .map(|(class, name)| {
                let id = MAX_PATTERNS + class;
                (id, items.open_classes(id, |c| plain(c) == name))
            })
            .collect();
        for (node, _) in graph.nodes() {
            let Some(item) = items.of(node) else { continue };
            let is_last = !matches!(item, Item::Block(_)) || items.nodes(item).last() == Some(&node);
            if is_last && let Some(nodes) = matched(&items, &pattern.chain, item) {
                items.add(Match { pattern: index, nodes });
            }
        }
        for (id, before) in opened.iter().rev() {
            items.close_classes(*id, before);
        }
    }
    items.whole()
}

/// The classes that a pattern names, with their names.
fn named_classes(chain: &[Term], into: &mut BTreeMap<usize, String>) {
    for term in chain {
        match term {
            Term::Is(atom) => into.extend(atom.class.map(|c| (c, atom.name.clone()))),
            Term::Branches(branches) => branches.iter().for_each(|b| named_classes(b, into)),
        }
    }
}

/// A block matched as far as to some layers, from the end.
#[derive(Clone)]
struct Way {
    items: Vec<Item>,
    /// Operators that only move data between two items.
    passed: Vec<NodeId>,
    /// Items that what comes before must feed, all of them.
    heads: Vec<Item>,
    /// Whether one head is reached by a by-pass.
    by_passed: bool,
}

/// The operators of the block that ends with an item, if there is one.
fn matched(items: &Items<'_>, chain: &[Term], last: Item) -> Option<Vec<NodeId>> {
    let (Term::Is(atom), before) = chain.split_last()? else { return None };
    if !items.is(last, atom) {
        return None;
    }
    let start = Way { items: vec![last], passed: Vec::new(), heads: vec![last], by_passed: false };
    ways(items, vec![start], before).into_iter().find_map(|way| {
        if way.by_passed && !share_a_source(items, &way.heads) {
            return None;
        }
        let mut nodes = way.passed;
        for item in &way.items {
            nodes.extend(operators(items, *item));
        }
        nodes.sort_unstable();
        nodes.dedup();
        let last = operators(items, last);
        (nodes.len() > 1 && items.is_closed(&nodes, &last)).then_some(nodes)
    })
}

fn operators(items: &Items<'_>, item: Item) -> Vec<NodeId> {
    match item {
        Item::Node(node) => vec![node],
        Item::Block(_) => items.nodes(item).to_vec(),
    }
}

/// Goes back from each way through all terms of a chain, the last one first.
fn ways(items: &Items<'_>, mut ways: Vec<Way>, chain: &[Term]) -> Vec<Way> {
    for term in chain.iter().rev() {
        ways = ways.iter().flat_map(|way| before(items, way, term)).take(MAX_WAYS).collect();
    }
    ways
}

fn before(items: &Items<'_>, way: &Way, term: &Term) -> Vec<Way> {
    match term {
        Term::Is(atom) => {
            let Some(&first) = way.heads.first() else { return Vec::new() };
            let mut found: Vec<Way> = Vec::new();
            for source in sources(items, first) {
                let new = !way.items.contains(&source.item) && items.is(source.item, atom);
                if !new || found.iter().any(|w| w.items.last() == Some(&source.item)) {
                    continue;
                }
                let mut next = Way { heads: vec![source.item], by_passed: false, ..way.clone() };
                next.items.push(source.item);
                next.passed.extend(&source.passed);
                let fed = way.heads[1..].iter().all(|head| {
                    let way = sources(items, *head).into_iter().find(|s| s.item == source.item);
                    way.is_some_and(|s| {
                        next.passed.extend(s.passed);
                        true
                    })
                });
                if fed {
                    found.push(next);
                }
            }
            found
        }
        Term::Branches(branches) => {
            let &[join] = way.heads.as_slice() else { return Vec::new() };
            let mut found = vec![Way { heads: Vec::new(), by_passed: false, ..way.clone() }];
            for branch in branches {
                let from = |way: Way| {
                    if branch.is_empty() {
                        let mut way = way;
                        way.heads.push(join);
                        way.by_passed = true;
                        return vec![way];
                    }
                    let start = Way { heads: vec![join], by_passed: false, ..way.clone() };
                    let mut ways = ways(items, vec![start], branch);
                    for next in &mut ways {
                        next.by_passed |= way.by_passed;
                        next.heads.splice(0..0, way.heads.iter().copied());
                    }
                    ways
                };
                found = found.into_iter().flat_map(from).take(MAX_WAYS).collect();
            }
            found
        }
    }
}

/// What an item reads, and the operators between that only move data.
struct SourceOf {
    item: Item,
    passed: Vec<NodeId>,
}

fn sources(items: &Items<'_>, item: Item) -> Vec<SourceOf> {
    let mut found = Vec::new();
    for tensor in items.inputs(item) {
        let mut passed = Vec::new();
        let mut at = Some(tensor);
        while let Some(maker) = at.and_then(|t| items.maker(t))
            && let Some(source) = items.of(maker)
        {
            found.push(SourceOf { item: source, passed: passed.clone() });
            if !matches!(source, Item::Node(_)) || !items.passes(maker) || passed.len() == MAX_PASSED {
                break;
            }
            passed.push(maker);
            at = items.graph.node(maker).input(0);
        }
    }
    found
}

/// Whether all items read one tensor, as it is or moved.
fn share_a_source(items: &Items<'_>, heads: &[Item]) -> bool {
    let origins = |item: Item| -> Vec<TensorId> {
        let origin = |mut tensor: TensorId| {
            for _ in 0..MAX_PASSED {
                let Some(maker) = items.maker(tensor).filter(|m| items.passes(*m)) else { break };
                let Some(before) = items.graph.node(maker).input(0) else { break };
                tensor = before;
            }
            tensor
        };
        items.inputs(item).into_iter().map(origin).collect()
    };
    let Some((first, rest)) = heads.split_first() else { return true };
    origins(*first)
        .iter()
        .any(|t| !items.graph.tensor(*t).is_stored() && rest.iter().all(|head| origins(*head).contains(t)))
}
