//! What a box says: titles, sizes and classes of operators and modules.

use std::collections::BTreeMap;

use netloom_graph::{Category, Elements, Graph, ModuleId, NodeId, TensorId, layers, repeats};
use netloom_scene::Key;

use super::build::{Builder, blank, relative, safe};
use super::flow;
use super::{NodeKind, ViewNode, tables};
use crate::number;

impl Builder<'_> {
    /// The box of one operator.
    pub(super) fn operator(&self, id: NodeId) -> ViewNode {
        let graph = self.graph;
        let node = graph.node(id);
        let category = flow::category(graph, node);
        let label = layers::effective(graph, node).map(|l| (l.label)(graph, node));
        let is_stored = |t: TensorId| graph.tensor(graph.origin(t)).is_stored();
        let streams = node.inputs.iter().flatten().filter(|t| !is_stored(**t)).count();
        let kind = match node.op.as_str() {
            "Add" | "Sum" | "Mul" if streams >= 2 && node.domain.is_empty() => NodeKind::Merge,
            _ => NodeKind::Layer,
        };
        let (mut title, details) =
            label.map_or_else(|| (node.op.clone(), Vec::new()), |l| (l.title, l.details));
        title = number::group_digits(&title.replace('_', " "));
        if kind == NodeKind::Merge {
            title = if node.op == "Mul" { "×".to_owned() } else { "+".to_owned() };
        }
        let mut subtitle = String::new();
        let stored = node.inputs.iter().flatten().find(|t| is_stored(**t));
        let (mut title, mut category) = (title, category);
        match (node.op.as_str(), stored) {
            ("Gather", Some(table)) if node.input(0) == Some(*table) => {
                (title, category) = (tables::lookup(graph, id), Category::Embedding);
                if let Some([rows, width]) = graph.tensor(*table).ty.shape().dims() {
                    subtitle = format!("{} → {}", number::dim(rows), number::dim(width));
                }
            }
            ("Gather" | "GatherND" | "Slice", _) => title = tables::selection(graph, node),
            ("Concat", _) if tables::class_tokens(graph, node).is_some() => {
                title = tables::class_tokens(graph, node).unwrap_or_default();
            }
            ("Add", Some(other)) if kind == NodeKind::Layer && tables::is_position(graph, node, *other) => {
                (title, category) = ("+ position embedding".to_owned(), Category::Embedding);
            }
            ("Add", Some(other)) if kind == NodeKind::Layer => {
                title = format!("+ {}", operand(graph, *other))
            }
            ("Mul", Some(other)) if kind == NodeKind::Layer => {
                title = format!("× {}", operand(graph, *other))
            }
            ("Div", Some(other)) if node.input(1) == Some(*other) => {
                title = format!("÷ {}", operand(graph, *other))
            }
            _ => {}
        }
        ViewNode {
            kind,
            title,
            subtitle,
            details,
            category,
            output: node.output(0),
            ..blank(Key::new(safe(&graph.node_path(id))))
        }
    }

    /// The box of a closed module.
    pub(super) fn module(&self, id: ModuleId, base: &str) -> ViewNode {
        let graph = self.graph;
        let module = graph.module(id);
        let key = Key::new(safe(&module.path));
        let row = self.summary.modules.get(id.index());
        let output = row.and_then(|r| r.outputs.first().copied());
        let levels = self.levels(id);
        let known = self.layer_of(id).filter(|_| self.is_known_layer(id) || levels.is_some());
        if let Some(layer) = known {
            let width = output
                .and_then(|t| graph.tensor(t).ty.shape().dims().and_then(|d| d.last()))
                .map_or_else(String::new, |d| format!(" {}", number::dim(d)));
            let title = match layer.category {
                Category::Linear => format!("linear{width}"),
                Category::Norm | Category::Activation | Category::Attention | Category::Recurrent => {
                    levels.or_else(|| module.class.clone()).unwrap_or_default()
                }
                _ => layer.name.replace('_', " "),
            };
            return ViewNode {
                kind: if self.is_known_layer(id) { NodeKind::Layer } else { NodeKind::Module },
                title,
                category: layer.category,
                modules: vec![id],
                output,
                ..blank(key)
            };
        }
        let parameters = row.map_or(0, |r| r.parameters);
        let mut subtitle = self.made_of(id).unwrap_or_else(|| self.class(id));
        if parameters > 0 {
            let size = number::si(parameters);
            subtitle = if subtitle.is_empty() { size } else { format!("{subtitle} · {size}") };
        }
        let name = if module.parent.is_none() {
            module.class.clone().unwrap_or_else(|| graph.name.clone())
        } else {
            relative(&module.path, base)
        };
        ViewNode {
            kind: NodeKind::Module,
            title: name,
            subtitle,
            category: self.heaviest(id),
            modules: vec![id],
            output,
            ..blank(key)
        }
    }

    /// What a recurrent layer of one or more equal levels is called: `BiLSTM 256`, `2 × BiLSTM 256`.
    fn levels(&self, id: ModuleId) -> Option<String> {
        self.layer_of(id).filter(|l| l.category == Category::Recurrent)?;
        let inside = self.graph.module(id).nodes.iter().map(|n| self.graph.node(*n));
        let labels: Vec<String> = inside
            .filter_map(|n| layers::effective(self.graph, n).map(|l| (l, n)))
            .filter(|(l, _)| l.category == Category::Recurrent)
            .map(|(l, n)| (l.label)(self.graph, n).title)
            .collect();
        let first = labels.first()?;
        match labels.len() {
            1 => Some(first.clone()),
            n => labels.iter().all(|l| l == first).then(|| format!("{n} × {first}")),
        }
    }

    /// The class to print: for a plain list of equal parts, how many of what; none for a list of anything.
    pub(super) fn class(&self, id: ModuleId) -> String {
        let module = self.graph.module(id);
        // A mark of what is private to its file says nothing here.
        let class = module.class.as_deref().unwrap_or_default().trim_start_matches('_').to_owned();
        if !matches!(class.as_str(), "" | "Sequential" | "ModuleList") {
            // `self_attention · SelfAttention` says the same thing twice.
            let bare = |s: &str| s.replace('_', "").to_lowercase();
            return if bare(&class) == bare(&module.name) { String::new() } else { class };
        }
        self.made_of(id).unwrap_or_default()
    }

    /// How many blocks of what a module consists of, if it consists of nothing else.
    fn made_of(&self, id: ModuleId) -> Option<String> {
        repeats::makes_up(self.graph, id).map(|(n, kind)| match kind {
            "" | "Sequential" => format!("{n} blocks"),
            kind => format!("{n} × {kind}"),
        })
    }

    /// The category that costs most inside a module, by multiply-adds, then parameters, then count.
    pub(super) fn heaviest(&self, id: ModuleId) -> Category {
        let mut weight: BTreeMap<Category, (u64, u64, u64)> = BTreeMap::new();
        let mut stack = vec![id];
        while let Some(m) = stack.pop() {
            let module = self.graph.module(m);
            stack.extend(&module.children);
            for &n in &module.nodes {
                if !self.flow.is_shown(n) {
                    continue;
                }
                let row = self.summary.nodes.get(n.index()).copied().unwrap_or_default();
                let entry = weight.entry(flow::category(self.graph, self.graph.node(n))).or_default();
                entry.0 = entry.0.saturating_add(row.macs.unwrap_or(0));
                entry.1 = entry.1.saturating_add(row.parameters);
                entry.2 += 1;
            }
        }
        weight
            .into_iter()
            .max_by_key(|(c, w)| (*w, std::cmp::Reverse(*c)))
            .map_or(Category::Other, |(c, _)| c)
    }
}

/// A stored operand: its number when it is one, else its name.
fn operand(graph: &Graph, id: TensorId) -> String {
    let tensor = graph.tensor(id);
    let value = tensor.value.as_ref().filter(|v| v.len() == 1);
    match value.map(|v| &v.elements) {
        Some(Elements::Floats(v)) => number::float(v[0]),
        Some(Elements::Ints(v)) => number::dim(&v[0]),
        _ => short(&tensor.name),
    }
}

/// The last part of a stored tensor's name that a person gave it; names made by exporters say `constant`.
fn short(name: &str) -> String {
    let last = name.rsplit(['.', '/', ':']).find(|s| !s.is_empty()).unwrap_or_default();
    if last.is_empty() || last.ends_with("output_0") || last.chars().any(|c| c.is_ascii_digit()) {
        return "constant".to_owned();
    }
    last.to_owned()
}
