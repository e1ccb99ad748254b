//! Modules of equal structure: the same operators with the same settings, sizes and wiring, whatever they are called.

use std::collections::{BTreeMap, BTreeSet};

mod align;
mod differences;

pub use differences::{Aspect, Change, Differences, differences};

use crate::{Dim, Graph, ModuleId, NodeId, Shape, Tensor, TensorId, Value, ValueType};

/// A run of consecutive sibling modules of one class, or of one numbered name where the file has no classes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repeat {
    /// The module they stand in.
    pub container: ModuleId,
    /// The modules, in order of first use; at least two.
    pub members: Vec<ModuleId>,
    /// Lengths of the stretches of equal structure within the run; they add up to the number of members.
    pub runs: Vec<usize>,
}

impl Repeat {
    /// Whether all members are equal.
    pub fn is_identical(&self) -> bool {
        self.runs.len() == 1
    }
}

/// Every run of sibling blocks of one class, in order of first use, outer containers first.
///
/// A block is more than one layer: it has parts, or several of its operators read stored matrices.
///
/// # Cost
/// Time proportional to the size of the graph times the depth of its module tree, apart from logarithms.
pub fn repeats(graph: &Graph) -> Vec<Repeat> {
    let mut found = Vec::new();
    for (container, module) in graph.modules() {
        let children = module.children.as_slice();
        let mut start = 0;
        while start < children.len() {
            let mut end = start + 1;
            while end < children.len() && alike(graph, children[start], children[end]) {
                end += 1;
            }
            let members = children[start..end].to_vec();
            start = end;
            if members.len() < 2 || !members.iter().all(|m| is_block(graph, *m)) {
                continue;
            }
            let mut runs = vec![1];
            for pair in members.windows(2) {
                match runs.last_mut() {
                    Some(last) if same(graph, pair[0], pair[1]) => *last += 1,
                    _ => runs.push(1),
                }
            }
            found.push(Repeat { container, members, runs });
        }
    }
    let first = |r: &Repeat| r.members.first().and_then(|m| operators(graph, *m).first().copied());
    found.sort_by_cached_key(|r| (first(r), r.container));
    found
}

/// How many blocks of one make a module consists of, and what one is called, if it consists of nothing else; what its
/// parts are numbered without a name stays without.
pub fn makes_up(graph: &Graph, module: ModuleId) -> Option<(usize, &str)> {
    let module = graph.module(module);
    let computes = |m: &&ModuleId| !operators(graph, **m).is_empty();
    let parts: Vec<ModuleId> = module.children.iter().filter(computes).copied().collect();
    let (first, rest) = parts.split_first()?;
    // Joining what the blocks made is all that may be left to do.
    let joins = |n: &NodeId| graph.node(*n).is_alias() || graph.node(*n).op == "Concat";
    let alone = module.nodes.iter().all(joins);
    let one_make = !rest.is_empty() && parts.windows(2).all(|p| alike(graph, p[0], p[1]));
    if !alone || !one_make || !parts.iter().all(|m| is_block(graph, *m)) {
        return None;
    }
    let first = graph.module(*first);
    let name = first.class.as_deref().map(|c| c.trim_start_matches('_'));
    Some((parts.len(), name.or_else(|| series(&first.name)).unwrap_or_default()))
}

/// Whether a module is more than one layer: it has parts, or more than one of its operators reads a stored matrix of its
/// own. One layer that is called several times reads the same again.
fn is_block(graph: &Graph, module: ModuleId) -> bool {
    let matrix = |t: &TensorId| {
        let tensor = graph.tensor(*t);
        tensor.is_stored() && setting(tensor).is_none() && tensor.ty.shape().rank().is_some_and(|r| r > 1)
    };
    let inside = operators(graph, module);
    let reads = |n: &NodeId| graph.node(*n).inputs.iter().flatten().map(|t| graph.origin(*t)).find(matrix);
    let read: BTreeSet<TensorId> = inside.iter().filter_map(reads).collect();
    !inside.is_empty() && (!graph.module(module).children.is_empty() || read.len() > 1)
}

/// Whether two siblings count as one kind of part: of one class; or without class, but both plain lists of parts or
/// both numbered alike with most of their parts called alike.
pub fn alike(graph: &Graph, a: ModuleId, b: ModuleId) -> bool {
    let is_list = |m: ModuleId| is_list(graph, m);
    let (x, y) = (graph.module(a), graph.module(b));
    x.kind == y.kind
        && match (&x.class, &y.class) {
            (Some(x), Some(y)) => x == y,
            (None, None) if is_list(a) || is_list(b) => is_list(a) && is_list(b),
            (None, None) => {
                series(&x.name).is_some_and(|s| Some(s) == series(&y.name)) && share_parts(graph, a, b)
            }
            _ => false,
        }
}

/// Whether a module does nothing by itself and only numbers its parts, as a `Sequential` does.
fn is_list(graph: &Graph, module: ModuleId) -> bool {
    let module = graph.module(module);
    let is_number = |m: &ModuleId| graph.module(*m).name.bytes().all(|b| b.is_ascii_digit());
    module.nodes.is_empty() && !module.children.is_empty() && module.children.iter().all(is_number)
}

/// Whether at least half of the parts of the one with fewer parts have their like in the other, by name.
fn share_parts(graph: &Graph, a: ModuleId, b: ModuleId) -> bool {
    let names = |m: ModuleId| -> BTreeSet<&str> {
        graph.module(m).children.iter().map(|c| graph.module(*c).name.as_str()).collect()
    };
    let (a, b) = (names(a), names(b));
    a.is_empty() == b.is_empty() && a.intersection(&b).count() * 2 >= a.len().min(b.len())
}

/// What a numbered name counts: `layer` of `layer1`, `inception3` of `inception3a`.
fn series(name: &str) -> Option<&str> {
    let lettered = || {
        let before = name.strip_suffix(|c: char| c.is_ascii_lowercase())?;
        before.ends_with(|c: char| c.is_ascii_digit()).then_some(before)
    };
    let numbered = stem(name);
    if numbered.len() < name.len() { Some(numbered) } else { lettered() }
}

/// A name without the number at its end.
pub fn stem(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Whether two modules hold the same: operators in the same order, with equal settings, sizes and wiring.
///
/// Names do not count, nor does what can be computed without running the model, nor whether stored tensors are shared:
/// exporters store equal weights once. Two symbolic sizes count as equal.
pub fn same(graph: &Graph, a: ModuleId, b: ModuleId) -> bool {
    let (left, right) = (operators(graph, a), operators(graph, b));
    if left.is_empty() || left.len() != right.len() {
        return false;
    }
    let mut tensors = Pairs::default();
    left.iter().zip(&right).all(|(a, b)| {
        let (a, b) = (graph.node(*a), graph.node(*b));
        a.op == b.op
            && a.domain == b.domain
            && a.attributes == b.attributes
            && a.inputs.len() == b.inputs.len()
            && a.outputs.len() == b.outputs.len()
            && a.inputs
                .iter()
                .zip(&b.inputs)
                .chain(a.outputs.iter().zip(&b.outputs))
                .all(|(a, b)| tensors.agree(graph, *a, *b))
    })
}

/// What a module computes, everything below included, in file order; what is known without running it is left out.
fn operators(graph: &Graph, module: ModuleId) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut stack = vec![module];
    while let Some(id) = stack.pop() {
        let module = graph.module(id);
        stack.extend(&module.children);
        found.extend(module.nodes.iter().copied().filter(|n| {
            let node = graph.node(*n);
            let is_known = node.outputs.iter().flatten().all(|t| graph.tensor(*t).value.is_some());
            !is_known && !node.is_alias()
        }));
    }
    found.sort_unstable();
    found
}

/// Which tensor of one module stands where another stands in the other.
#[derive(Default)]
struct Pairs {
    there: BTreeMap<TensorId, TensorId>,
    back: BTreeMap<TensorId, TensorId>,
}

impl Pairs {
    fn agree(&mut self, graph: &Graph, a: Option<TensorId>, b: Option<TensorId>) -> bool {
        let (a, b) = match (a, b) {
            (None, None) => return true,
            (Some(a), Some(b)) => (graph.origin(a), graph.origin(b)),
            _ => return false,
        };
        let (left, right) = (graph.tensor(a), graph.tensor(b));
        match (setting(left), setting(right)) {
            (Some(x), Some(y)) => return equal_values(x, y),
            (None, None) => {}
            _ => return false,
        }
        if left.is_stored() != right.is_stored() || !equal_types(&left.ty, &right.ty) {
            return false;
        }
        left.is_stored() || *self.there.entry(a).or_insert(b) == b && *self.back.entry(b).or_insert(a) == a
    }
}

/// The elements of a tensor where they are a setting; several stored numbers with fractions are weights, however few.
fn setting(tensor: &Tensor) -> Option<&Value> {
    let value = tensor.value.as_ref()?;
    let is_weight = tensor.is_stored() && value.as_floats().is_some() && value.len() > 1;
    (!is_weight).then_some(value)
}

pub(crate) fn equal_types(a: &ValueType, b: &ValueType) -> bool {
    a.dtype() == b.dtype() && equal_shapes(a.shape(), b.shape())
}

fn equal_shapes(a: &Shape, b: &Shape) -> bool {
    match (a.dims(), b.dims()) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_dims(a, b)),
        (None, None) => true,
        _ => false,
    }
}

/// Exporters give every unknown size a name of its own, so names do not tell sizes apart.
fn equal_dims(a: &Dim, b: &Dim) -> bool {
    a.as_known() == b.as_known()
}

pub(crate) fn equal_values(a: &Value, b: &Value) -> bool {
    match (a.as_ints(), b.as_ints()) {
        (Some(x), Some(y)) => a.dims == b.dims && x.iter().zip(y).all(|(x, y)| equal_dims(x, y)),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, ModuleKind, Node, Producer};

    /// A chain of blocks `0`, `1`, … that each multiply by a weight, apply an activation and multiply again.
    fn chain(blocks: &[(i64, &str)]) -> Graph {
        let mut graph = Graph::new("chain");
        let float = |dims: [i64; 2]| ValueType::tensor(DType::Float32, Shape::known(dims));
        let mut at = graph.add_tensor(Tensor::new("x", float([1, 4])));
        graph.mark_input(at);
        let root = graph.root();
        for (i, (width, activation)) in blocks.iter().enumerate() {
            let block = graph.add_module(root, i.to_string(), ModuleKind::Module);
            for op in ["MatMul", activation, "MatMul"] {
                let before =
                    graph.tensor(at).ty.shape().dims().and_then(|d| d[1].as_known()).expect("a width");
                let made = graph.add_tensor(Tensor::new(format!("{i}.{op}"), float([1, *width])));
                let mut inputs = vec![Some(at)];
                if op == "MatMul" {
                    let mut weight = Tensor::new(format!("{i}.weight"), float([before, *width]));
                    weight.producer = Producer::Stored;
                    inputs.push(Some(graph.add_tensor(weight)));
                }
                graph.add_node(Node::new(op, block).with_inputs(inputs).with_outputs([Some(made)]));
                at = made;
            }
        }
        graph.mark_output(at);
        graph
    }

    #[track_caller]
    fn check(blocks: &[(i64, &str)], want: &[usize]) {
        let found = repeats(&chain(blocks));
        let [repeat] = found.as_slice() else { panic!("one run of siblings, found {found:?}") };
        assert_eq!(repeat.runs, want);
        assert_eq!(repeat.is_identical(), want.len() == 1);
    }

    #[test]
    fn runs_end_where_sizes_or_operators_change() {
        check(&[(4, "Relu"), (4, "Relu"), (4, "Relu")], &[3]);
        check(&[(4, "Relu"), (4, "Tanh"), (4, "Tanh")], &[1, 2]);
        check(&[(8, "Relu"), (8, "Relu"), (8, "Relu")], &[1, 2]);
    }
}
