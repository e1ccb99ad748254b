//! Stages: neighbours that work at one resolution.

use super::arrange::{Item, Tree, items};
use super::blocks::{blocks, changes, heavy};
use super::flow::Flow;
use super::link::{Link, key};

/// Blocks grouped by resolution, where every stage keeps one size, or something between them changes it.
pub(super) fn of_blocks(flow: &Flow<'_>, items: Vec<Item>) -> Vec<Tree> {
    let mut blocks: Vec<usize> = (0..items.len()).filter(|i| items[*i].is_block).collect();
    // A last block of its own kind, such as a pyramid of pooling, is the head.
    let is_alone = |blocks: &[usize]| {
        let last = blocks.last().map(|i| items[*i].class());
        blocks.len() > 2 && blocks.iter().filter(|i| Some(items[**i].class()) == last).count() == 1
    };
    while is_alone(&blocks) {
        blocks.pop();
    }
    let sizes = grouped(&blocks, |i| flow.shape(items[i].last));
    let areas = grouped(&blocks, |i| flow.area(items[i].last));
    let is_even =
        |g: &Vec<usize>| g.iter().all(|i| flow.shape(items[*i].last) == flow.shape(items[g[0]].last));
    let between = |pair: &[Vec<usize>]| {
        let (from, to) = (pair[0].last().map_or(0, |i| i + 1), pair[1][0]);
        items[from..to].iter().any(|i| i.changes)
    };
    // Stages of one size are sure where each begins with a block that makes the size and goes on with others that keep
    // it, or where each is all there is at its resolution.
    let begins = |g: &Vec<usize>| !items[g[0]].straight && g[1..].iter().all(|i| items[*i].straight);
    let several = areas.len() > 1 && sizes.iter().all(|g| g.len() > 1) && sizes[1..].iter().all(begins);
    let parted = areas.iter().all(is_even) || areas.windows(2).all(between);
    let groups = if several { sizes } else { areas };
    let grouped = several || groups.len() > 1 && groups.iter().any(|g| g.len() > 1) && parted;
    let mut trees = Vec::new();
    // After the last block comes the head, which belongs to no stage.
    let starts: Vec<usize> = groups
        .iter()
        .enumerate()
        .map(|(n, g)| n.checked_sub(1).map_or(g[0], |before| groups[before].last().map_or(0, |i| i + 1)))
        .collect();
    let end = groups.last().and_then(|g| g.last()).map_or(0, |i| i + 1);
    let first = starts.first().copied().unwrap_or(end);
    let mut loose: Vec<Tree> = Vec::new();
    let mut stage: Vec<Tree> = Vec::new();
    let mut weight = 0;
    for (i, item) in items.into_iter().enumerate() {
        if grouped && i > first && starts.contains(&i) {
            trees.push(Tree::part("stage", "stage", std::mem::take(&mut stage)));
        }
        let inside = i >= first && i < end;
        if inside && !item.is_block {
            weight += item.heavy;
            loose.extend(item.trees);
            continue;
        }
        let row = if inside && grouped { &mut stage } else { &mut trees };
        if weight > 0 && loose.len() > 1 {
            let between = std::mem::take(&mut loose);
            row.push(Tree::part("transition", "transition", between));
        }
        row.append(&mut loose);
        weight = 0;
        row.extend(item.trees);
        if grouped && i + 1 == end {
            trees.push(Tree::part("stage", "stage", std::mem::take(&mut stage)));
        }
    }
    trees
}

/// Neighbours of which something is equal.
fn grouped<T: PartialEq>(blocks: &[usize], of: impl Fn(usize) -> T) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for block in blocks {
        match groups.last_mut() {
            Some(group) if of(group[0]) == of(*block) => group.push(*block),
            _ => groups.push(vec![*block]),
        }
    }
    groups
}

/// A chain cut where its resolution changes: the stages of plain convolutional networks, encoders and decoders.
pub(super) fn by_resolution(flow: &Flow<'_>, links: Vec<Link>) -> Vec<Tree> {
    let changes = changes(flow, &links);
    let areas: Vec<Option<u64>> = links.iter().map(|l| flow.area(l.last()).filter(|a| *a > 1)).collect();
    let mut rises = false;
    let mut before = None;
    let mut directions = Vec::with_capacity(links.len());
    for (area, changes) in areas.iter().zip(&changes) {
        directions.push(*changes && *area > before);
        rises |= *changes && *area > before;
        before = area.or(before);
    }
    // What no longer sees positions is the head.
    let seen = links.iter().zip(&areas).rposition(|(_, a)| a.is_some()).map_or(0, |i| i + 1);
    let mut cuts = vec![0];
    for (i, _) in changes.iter().enumerate().take(seen).filter(|(_, c)| **c) {
        let pools = !flow.class[links[i].last()].is_heavy();
        // Pooling ends a stage of a classifier and begins one of a network that goes down and up.
        cuts.push(if pools && !rises { i + 1 } else { i });
    }
    cuts.push(seen);
    cuts.dedup();
    let mut segments: Vec<(usize, usize)> =
        cuts.windows(2).filter(|c| c[0] < c[1]).map(|c| (c[0], c[1])).collect();
    if let [.., before, last] = segments.as_mut_slice() {
        // A last stage that goes on after what the others do carries the head.
        let row = |s: (usize, usize)| -> Vec<_> {
            links[s.0..s.1].iter().map(|l| (key(flow, l), l.last())).collect()
        };
        let (model, own) = (row(*before), row(*last));
        if own.len() > model.len() && own.iter().zip(&model).all(|(a, b)| a.0 == b.0) {
            last.1 = last.0 + model.len();
        }
    }
    let mut trees = Vec::new();
    let mut at = 0;
    for (start, end) in segments {
        let held: Vec<&Link> = links[start..end].iter().collect();
        if heavy(flow, &held) < 2 {
            continue;
        }
        loose(&links[at..start], &mut trees);
        at = end;
        let inner = blocks(flow, &links[start..end]);
        let inside =
            items(flow, &links[start..end], &inner.ranges).into_iter().flat_map(|i| i.trees).collect();
        let (stem, class) = if !rises {
            ("stage", "convolution stage")
        } else if start == 0 {
            ("stem", "stem")
        } else if directions[start] {
            ("decoder", "decoder stage")
        } else {
            ("encoder", "encoder stage")
        };
        trees.push(Tree::part(stem, class, inside));
    }
    loose(&links[at..], &mut trees);
    let staged = trees.iter().filter(|t| matches!(t, Tree::Part(_))).count();
    if staged < 2 { plain(flow, &links) } else { trees }
}

fn loose(links: &[Link], trees: &mut Vec<Tree>) {
    trees.extend(links.iter().flat_map(|l| &l.nodes).map(|n| Tree::Operator(*n)));
}

/// Blocks without stages.
fn plain(flow: &Flow<'_>, links: &[Link]) -> Vec<Tree> {
    let found = blocks(flow, links);
    items(flow, links, &found.ranges).into_iter().flat_map(|i| i.trees).collect()
}
