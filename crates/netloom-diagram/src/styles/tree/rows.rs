//! The module tree of a graph with what each part amounts to: equal parts in a row once, small ones together.

use std::collections::BTreeMap;

use netloom_graph::{Category, Graph, Module, ModuleId, NodeId, layers};

use crate::view::{NodeKind, View};

/// The most parts of one module that are listed one by one.
const MAX_PARTS: usize = 40;
/// The deepest level that is looked at.
const MAX_DEPTH: usize = 64;

/// A module, an operator, or several that are listed together.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// What it is called within the part that holds it.
    pub(super) name: String,
    /// Its class, if the file says.
    pub(super) class: String,
    /// Where it stands in the model; empty for several together.
    pub(super) path: String,
    /// How many equal ones it stands for; the numbers are those of all.
    pub(super) times: u64,
    /// How many equal ones in a row it stands for within what holds it.
    pub(super) own: u64,
    pub(super) parameters: u64,
    /// Multiply-adds; `None` where shapes do not tell.
    pub(super) macs: Option<u64>,
    /// What most of its parameters are in.
    pub(super) category: Category,
    /// What it holds, by index; empty where nothing, or not yet opened.
    pub(super) parts: Vec<usize>,
    /// How deep it is nested.
    pub(super) depth: usize,
    module: Option<ModuleId>,
}

impl Part {
    /// The numbers of one of the equal ones.
    fn alone(&self) -> (u64, Option<u64>) {
        (self.parameters / self.times.max(1), self.macs.map(|m| m / self.times.max(1)))
    }
}

/// The tree: the first part is the whole model, and what a part holds comes behind it.
pub(super) struct Tree {
    pub(super) parts: Vec<Part>,
}

/// Counts the whole module tree, as far as a view does not keep modules closed.
pub(super) fn tree(graph: &Graph, view: &View) -> Tree {
    let closed: Vec<ModuleId> = view
        .nodes
        .iter()
        .filter(|n| n.kind == NodeKind::Module)
        .flat_map(|n| n.modules.iter().copied())
        .collect();
    let categories = heaviest(graph, view);
    let mut tree = Tree { parts: Vec::new() };
    let root = graph.root();
    tree.parts.push(of_module(graph, view, root, &categories, 0));
    tree.parts[0].name = graph.module(root).class.clone().unwrap_or_default();
    tree.parts[0].parameters = view.summary.parameters;
    tree.parts[0].macs = view.summary.macs;
    let mut next = 0;
    while next < tree.parts.len() {
        let part = &tree.parts[next];
        let (depth, times) = (part.depth + 1, part.times);
        if let Some(module) = part.module.filter(|m| depth < MAX_DEPTH && !closed.contains(m)) {
            let mut held = held(graph, view, module, &categories, depth);
            // What holds one part that amounts to the same goes by both names.
            while let [only] = &held[..]
                && next > 0
                && (only.parameters, only.macs) == tree.parts[next].alone()
                && !only.module.is_some_and(|m| closed.contains(&m))
            {
                let name = format!("{}.{}", tree.parts[next].name, only.name);
                let inner = only.module.map(|m| self::held(graph, view, m, &categories, depth));
                let Some(inner) = inner.filter(|i| !i.is_empty()) else {
                    held.clear();
                    break;
                };
                tree.parts[next].name = name;
                held = inner;
            }
            let held = together(fold(held), depth);
            // Numbers count all of the equal ones around.
            for mut part in held {
                part.own = part.times;
                part.times = part.times.saturating_mul(times);
                part.parameters = part.parameters.saturating_mul(times);
                part.macs = part.macs.and_then(|m| m.checked_mul(times));
                let index = tree.parts.len();
                tree.parts[next].parts.push(index);
                tree.parts.push(part);
            }
        }
        next += 1;
    }
    tree
}

impl Tree {
    /// The parts to list, in order, each with how many of what it holds are listed: whole levels as long as there is room
    /// for so many, then the largest.
    pub(super) fn listed(&self, room: usize) -> Vec<usize> {
        let mut open = vec![false; self.parts.len()];
        let mut count = 1;
        for depth in 0..MAX_DEPTH {
            let mut level: Vec<usize> = (0..self.parts.len())
                .filter(|i| self.parts[*i].depth == depth && !self.parts[*i].parts.is_empty())
                .filter(|i| self.is_reached(*i, &open))
                .collect();
            level.sort_by_key(|i| std::cmp::Reverse((self.parts[*i].parameters, self.parts[*i].macs)));
            if level.is_empty() {
                break;
            }
            let mut all = true;
            for i in level {
                let more = self.parts[i].parts.len();
                if count + more <= room || i == 0 {
                    open[i] = true;
                    count += more;
                } else {
                    all = false;
                }
            }
            if !all {
                break;
            }
        }
        let mut listed = Vec::new();
        let mut work = vec![0];
        while let Some(i) = work.pop() {
            listed.push(i);
            if open[i] {
                work.extend(self.parts[i].parts.iter().rev());
            }
        }
        listed
    }

    /// Whether everything around a part is open.
    fn is_reached(&self, part: usize, open: &[bool]) -> bool {
        part == 0 || self.parts.iter().position(|p| p.parts.contains(&part)).is_some_and(|p| open[p])
    }
}

/// What a module holds: modules and operators that amount to something, in the order of the file.
fn held(
    graph: &Graph,
    view: &View,
    module: ModuleId,
    categories: &BTreeMap<ModuleId, Category>,
    depth: usize,
) -> Vec<Part> {
    let row = graph.module(module);
    let mut held: Vec<(Option<NodeId>, Part)> = row
        .children
        .iter()
        .map(|m| (first(graph, *m), of_module(graph, view, *m, categories, depth)))
        .filter(|(_, p)| p.parameters > 0 || p.macs.is_none_or(|m| m > 0))
        .collect();
    let own: Vec<(Option<NodeId>, Part)> =
        row.nodes.iter().filter_map(|n| Some((Some(*n), of_node(graph, view, *n, depth)?))).collect();
    // A module that is one layer is told by itself.
    if held.is_empty() && own.len() < 2 {
        return Vec::new();
    }
    held.extend(own);
    held.sort_by_key(|(first, _)| *first);
    held.into_iter().map(|(_, part)| part).collect()
}

/// The first operator in a module or what it holds.
fn first(graph: &Graph, module: ModuleId) -> Option<NodeId> {
    let mut first = None;
    let mut work = vec![module];
    while let Some(module) = work.pop() {
        let row = graph.module(module);
        first = first.into_iter().chain(row.nodes.first().copied()).min();
        work.extend(&row.children);
    }
    first
}

fn of_module(
    graph: &Graph,
    view: &View,
    id: ModuleId,
    categories: &BTreeMap<ModuleId, Category>,
    depth: usize,
) -> Part {
    let Module { name, path, class, .. } = graph.module(id);
    let row = view.summary.modules.get(id.index());
    Part {
        name: name.clone(),
        class: class.clone().unwrap_or_default(),
        path: path.clone(),
        times: 1,
        own: 1,
        parameters: row.map_or(0, |r| r.parameters),
        macs: row.and_then(|r| r.macs),
        category: categories.get(&id).copied().unwrap_or(Category::Other),
        parts: Vec::new(),
        depth,
        module: Some(id),
    }
}

/// An operator, if it amounts to something.
fn of_node(graph: &Graph, view: &View, id: NodeId, depth: usize) -> Option<Part> {
    let row = view.summary.nodes.get(id.index())?;
    if row.parameters == 0 && row.macs.unwrap_or(0) == 0 {
        return None;
    }
    let node = graph.node(id);
    let layer = layers::effective(graph, node);
    let title = layer.map_or_else(|| node.op.clone(), |l| (l.label)(graph, node).title);
    Some(Part {
        name: crate::number::group_digits(&title),
        class: String::new(),
        path: graph.node_path(id),
        times: 1,
        own: 1,
        parameters: row.parameters,
        macs: row.macs,
        category: layer.map_or(Category::Other, |l| l.category),
        parts: Vec::new(),
        depth,
        module: None,
    })
}

/// What most of the parameters of each module are in, else most of its multiply-adds.
fn heaviest(graph: &Graph, view: &View) -> BTreeMap<ModuleId, Category> {
    let mut weights: BTreeMap<(ModuleId, Category), (u64, u64)> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        let Some(row) = view.summary.nodes.get(id.index()) else { continue };
        let Some(layer) = layers::effective(graph, node) else { continue };
        if row.parameters == 0 && row.macs.unwrap_or(0) == 0 {
            continue;
        }
        let around = std::iter::successors(Some(node.module), |m| graph.module(*m).parent);
        for module in around.take(MAX_DEPTH) {
            let weight = weights.entry((module, layer.category)).or_default();
            weight.0 = weight.0.saturating_add(row.parameters);
            weight.1 = weight.1.saturating_add(row.macs.unwrap_or(0));
        }
    }
    let mut best: BTreeMap<ModuleId, ((u64, u64), Category)> = BTreeMap::new();
    for ((module, category), weight) in weights {
        let found = best.entry(module).or_insert((weight, category));
        if weight > found.0 {
            *found = (weight, category);
        }
    }
    best.into_iter().map(|(module, (_, category))| (module, category)).collect()
}

/// Numbered parts in a row that amount to the same, once with their number.
fn fold(parts: Vec<Part>) -> Vec<Part> {
    let mut folded: Vec<Part> = Vec::new();
    let mut first: Option<(String, u64)> = None;
    for part in parts {
        let number = numbered(&part.name);
        if let (Some(last), Some((stem, from)), Some((own, at))) = (folded.last_mut(), &first, &number)
            && stem == own
            && from.checked_add(last.times) == Some(*at)
            && last.class == part.class
            && last.module.is_some()
            && part.module.is_some()
            && last.parameters == part.parameters.saturating_mul(last.times)
            && last.macs == part.macs.and_then(|m| m.checked_mul(last.times))
        {
            last.times += 1;
            last.parameters = last.parameters.saturating_add(part.parameters);
            last.macs = last.macs.and_then(|m| m.checked_add(part.macs?));
            last.name = format!("{stem}{from}–{at}");
            continue;
        }
        first = number;
        folded.push(part);
    }
    folded
}

/// A name that ends in a number: what stands before, and the number.
fn numbered(name: &str) -> Option<(String, u64)> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((stem.to_owned(), name[stem.len()..].parse().ok()?))
}

/// The parts, the smallest of very many together.
fn together(parts: Vec<Part>, depth: usize) -> Vec<Part> {
    if parts.len() <= MAX_PARTS {
        return parts;
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse((parts[*i].parameters, parts[*i].macs)));
    let kept: std::collections::BTreeSet<usize> = order.into_iter().take(MAX_PARTS - 1).collect();
    let mut rest = Part {
        name: format!("{} more", parts.len() - kept.len()),
        class: String::new(),
        path: String::new(),
        times: 1,
        own: 1,
        parameters: 0,
        macs: Some(0),
        category: Category::Other,
        parts: Vec::new(),
        depth,
        module: None,
    };
    let mut all = Vec::new();
    for (i, part) in parts.into_iter().enumerate() {
        if kept.contains(&i) {
            all.push(part);
        } else {
            rest.parameters = rest.parameters.saturating_add(part.parameters);
            rest.macs = rest.macs.and_then(|m| m.checked_add(part.macs?));
        }
    }
    all.push(rest);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[(&str, u64)], expected: &[(&str, u64, u64)]) {
        let parts = names.iter().enumerate().map(|(i, (name, parameters))| Part {
            name: (*name).to_owned(),
            class: String::new(),
            path: (*name).to_owned(),
            times: 1,
            own: 1,
            parameters: *parameters,
            macs: Some(0),
            category: Category::Linear,
            parts: Vec::new(),
            depth: 1,
            module: Some(ModuleId::new(i)),
        });
        let folded = fold(parts.collect());
        let found: Vec<(&str, u64, u64)> =
            folded.iter().map(|p| (p.name.as_str(), p.times, p.parameters)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_parts_in_a_row_fold() {
        check(&[("0", 5), ("1", 5), ("2", 5), ("3", 6)], &[("0–2", 3, 15), ("3", 1, 6)]);
        check(&[("0", 5), ("2", 5)], &[("0", 1, 5), ("2", 1, 5)]);
        check(&[("conv1", 5), ("conv2", 5), ("norm3", 5)], &[("conv1–2", 2, 10), ("norm3", 1, 5)]);
        check(&[("a", 5), ("b", 5)], &[("a", 1, 5), ("b", 1, 5)]);
    }
}
