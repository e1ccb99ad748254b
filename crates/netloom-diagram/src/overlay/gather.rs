//! The number of each box: those of the operators and modules it stands for, taken together.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{Graph, ModuleId, NodeId};

use super::measure::size;
use super::{Combine, Measure, Values};
use crate::view::{NodeKind, View, ViewNode};

/// One number per node of a view, or none; `whole` is the view that the figure is about.
pub(super) fn boxes(
    (values, combine): (&Values, Combine),
    graph: &Graph,
    whole: &View,
    view: &View,
) -> Vec<Option<f64>> {
    let none = BTreeMap::new();
    let measured;
    let (operators, modules) = match values {
        Values::Measured(Measure::Size) => {
            let output = |t| size(graph, t);
            return view
                .nodes
                .iter()
                .map(|n| n.output.filter(|_| is_drawn(n.kind)).and_then(output))
                .collect();
        }
        // What several operators of a box share counts once, as in every other number of it.
        Values::Measured(Measure::Parameters) if combine == Combine::Sum => {
            #[expect(clippy::cast_precision_loss, reason = "counts are printed with four digits")]
            let some = |n: u64| (n > 0).then_some(n as f64);
            let own = |n: &ViewNode| some(whole.summary.parameters_of(graph, &n.operators));
            return view.nodes.iter().map(|n| is_drawn(n.kind).then(|| own(n)).flatten()).collect();
        }
        Values::Measured(measure) => {
            measured = measure.operators(graph, &whole.summary);
            (&measured, &none)
        }
        Values::Given { operators, modules } => (operators, modules),
    };
    let covered = Covered::new(graph, view, modules);
    view.nodes
        .iter()
        .enumerate()
        .map(|(i, node)| {
            if !is_drawn(node.kind) {
                return None;
            }
            if let Some(value) = whole_module(values, graph, whole, node) {
                return Some(value);
            }
            let mut values = Vec::new();
            let mut taken = BTreeSet::new();
            for &operator in &node.operators {
                match covered.outermost(graph, operator, i) {
                    Some(module) if taken.insert(module) => values.extend(modules.get(&module)),
                    Some(_) => {}
                    None => values.extend(operators.get(operator.index()).copied().flatten()),
                }
            }
            combine.of(&values)
        })
        .collect()
}

/// The parameters of a closed module as its summary has them: what several of its operators read counts once.
fn whole_module(values: &Values, graph: &Graph, whole: &View, node: &ViewNode) -> Option<f64> {
    let counts = matches!(values, Values::Measured(Measure::Parameters));
    if !counts || node.kind != NodeKind::Module || node.repeat > 1 {
        return None;
    }
    let holds = |m: &&ModuleId| node.operators.iter().all(|o| around(graph, *o).any(|a| a == **m));
    let module = node.modules.iter().rev().find(holds)?;
    let found = whole.summary.modules.get(module.index())?.parameters;
    #[expect(clippy::cast_precision_loss, reason = "counts are printed with four digits")]
    (found > 0).then_some(found as f64)
}

/// Which modules of some have all that is shown of them in one box.
pub(super) fn told(graph: &Graph, view: &View, modules: &BTreeMap<ModuleId, f64>) -> BTreeSet<ModuleId> {
    let covered = Covered::new(graph, view, modules);
    covered.inside.keys().filter(|(m, b)| covered.holds(*m, *b)).map(|(m, _)| *m).collect()
}

/// Whether a node stands for operators.
fn is_box(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Layer | NodeKind::Module | NodeKind::Merge)
}

/// Whether a node shows a number; circles have no room.
fn is_drawn(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Layer | NodeKind::Module)
}

/// How many operators of each module that has a number stand in each box, and in all.
struct Covered {
    inside: BTreeMap<(ModuleId, usize), usize>,
    total: BTreeMap<ModuleId, usize>,
}

impl Covered {
    fn new(graph: &Graph, view: &View, modules: &BTreeMap<ModuleId, f64>) -> Self {
        let mut covered = Self { inside: BTreeMap::new(), total: BTreeMap::new() };
        if modules.is_empty() {
            return covered;
        }
        for (i, node) in view.nodes.iter().enumerate().filter(|(_, n)| is_box(n.kind)) {
            for &operator in &node.operators {
                for module in around(graph, operator).filter(|m| modules.contains_key(m)) {
                    *covered.inside.entry((module, i)).or_default() += 1;
                    *covered.total.entry(module).or_default() += 1;
                }
            }
        }
        covered
    }

    fn holds(&self, module: ModuleId, node: usize) -> bool {
        let inside = self.inside.get(&(module, node));
        inside.is_some() && inside == self.total.get(&module)
    }

    /// The outermost module with a number that holds an operator and stands wholly in one box.
    fn outermost(&self, graph: &Graph, operator: NodeId, node: usize) -> Option<ModuleId> {
        if self.inside.is_empty() {
            return None;
        }
        around(graph, operator).filter(|m| self.holds(*m, node)).last()
    }
}

/// The modules around an operator, innermost first.
fn around(graph: &Graph, operator: NodeId) -> impl Iterator<Item = ModuleId> {
    let known = operator.index() < graph.nodes().len();
    let first = known.then(|| graph.node(operator).module);
    std::iter::successors(first, |m| graph.module(*m).parent)
}
