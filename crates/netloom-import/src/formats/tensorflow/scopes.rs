//! The tree of modules that the names of operators tell.
//!
//! TensorFlow names an operator after the scopes it was made in: `model/block/conv/BiasAdd`. Functions of TensorFlow
//! open scopes as well (`moments`, `Tensordot`); these are no parts of a model. Keras traces a model anew when it is
//! exported, and every scope then has a number at its end that no layer has.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::ModuleId;

use super::program::{Op, Program};
use crate::Error;
use crate::draft::{Draft, MAX_DEPTH};

/// Scopes that functions of TensorFlow open.
const FUNCTIONS: &[&str] = &[
    "AvgPool",
    "BatchMatMul",
    "BatchMatMulV2",
    "BiasAdd",
    "Cast",
    "Conv1D",
    "Conv2D",
    "Einsum",
    "Elu",
    "GatherV2",
    "Gelu",
    "MatMul",
    "MaxPool",
    "Mean",
    "PartitionedCall",
    "Relu",
    "Relu6",
    "Reshape",
    "SelectV2",
    "Selu",
    "Shape",
    "Silu",
    "Softmax",
    "Squeeze",
    "StatefulPartitionedCall",
    "Tensordot",
    "batchnorm",
    "convolution",
    "depthwise",
    "einsum",
    "embedding_lookup",
    "l2_normalize",
    "moments",
    "normalize_moments",
    "strided_slice",
    "zeros",
    "zeros_like",
];

/// The same, with names that layers have as well; layers stand right below the model.
const AMBIGUOUS: &[&str] = &[
    "add",
    "concat",
    "cond",
    "conv1d",
    "conv2d_transpose",
    "conv_transpose",
    "dropout",
    "mul",
    "ones",
    "resize",
    "separable_conv2d",
    "split",
    "stack",
    "sub",
    "swish",
    "while",
];

/// Which module each scope is.
#[derive(Default, Debug)]
pub(crate) struct Scopes {
    paths: BTreeMap<String, Vec<String>>,
    root: Option<String>,
}

/// A name without the number at its end: `conv1_2` is `conv1`.
pub(crate) fn base(name: &str) -> &str {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem.strip_suffix('_') {
        Some(stem) if stem.len() + 1 < name.len() && !stem.is_empty() => stem,
        _ => name,
    }
}

fn is_function(part: &str, depth: usize) -> bool {
    let base = base(part);
    depth > 0 && FUNCTIONS.binary_search(&base).is_ok() || depth > 1 && AMBIGUOUS.binary_search(&base).is_ok()
}

/// The parts of a scope up to the first that a function opened.
fn parts(scope: &str) -> Vec<&str> {
    let parts = scope.split('/').filter(|p| !p.is_empty()).enumerate();
    parts.take_while(|(depth, part)| !is_function(part, *depth)).map(|(_, p)| p).take(MAX_DEPTH - 2).collect()
}

impl Scopes {
    /// Reads the names of the operators of a program.
    pub(crate) fn new(program: &Program) -> Self {
        let scopes: BTreeSet<&str> = program.main.ops.iter().map(Op::scope).collect();
        let numbered = numbered(&scopes);
        let plain = |parts: &[&str]| -> Vec<String> {
            let mut path = Vec::new();
            for (depth, part) in parts.iter().enumerate() {
                path.push(match numbered.get(&parts[..depth]) {
                    Some(inside) => called(part, inside),
                    None => (*part).to_owned(),
                });
            }
            path
        };
        let mut paths: BTreeMap<String, Vec<String>> =
            scopes.iter().map(|scope| ((*scope).to_owned(), plain(&parts(scope)))).collect();
        let renamed = renamed(program, &paths);
        for path in paths.values_mut() {
            let before = path.clone();
            for depth in 0..path.len() {
                if let Some(name) = renamed.get(&before[..=depth]) {
                    path[depth].clone_from(name);
                }
            }
        }
        let root = common_root(&paths);
        if root.is_some() {
            for path in paths.values_mut().filter(|p| !p.is_empty()) {
                path.remove(0);
            }
        }
        Self { paths, root }
    }

    /// The scope that holds the whole model, if there is one.
    pub(crate) fn model(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// The module of a scope.
    ///
    /// # Errors
    /// When modules nest too deep or there are too many.
    pub(crate) fn module(&self, draft: &mut Draft, scope: &str) -> Result<ModuleId, Error> {
        let path = self.paths.get(scope).map_or(&[][..], Vec::as_slice);
        path.iter().try_fold(draft.graph.root(), |at, name| draft.module(at, &name.replace('.', "_"), None))
    }

    /// The path of a stored tensor, with dots and without the scope of the model.
    pub(crate) fn weight(&self, name: &str) -> String {
        let name = name.trim_end_matches(":0");
        if let Some((scope, last)) = name.rsplit_once('/')
            && let Some(path) = self.paths.get(scope)
        {
            return path.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join(".");
        }
        let parts: Vec<&str> = name.split('/').filter(|p| !p.is_empty()).collect();
        let inside = match (&self.root, parts.split_first()) {
            (Some(root), Some((first, rest))) if first == root && !rest.is_empty() => rest,
            _ => &parts,
        };
        inside.join(".")
    }
}

/// What a part is called that has a number at its end since the model was traced anew: as its layer, with a number from
/// the layer's second call on.
fn called(part: &str, beside: &BTreeSet<&str>) -> String {
    let own = base(part);
    let number = |p: &str| p.get(own.len() + 1..).and_then(|n| n.parse::<u64>().ok());
    let before = beside.iter().filter(|p| base(p) == own && number(p) < number(part)).count();
    let name = if before == 0 { own.to_owned() } else { format!("{own}_{before}") };
    // A layer may be called as a call would be.
    let is_taken = before > 0 && beside.iter().any(|p| base(p) == name);
    if is_taken { own.to_owned() } else { name }
}

/// The scopes whose parts inside all have a number at their end because the model was traced anew, with these parts.
fn numbered<'a>(scopes: &BTreeSet<&'a str>) -> BTreeMap<Vec<&'a str>, BTreeSet<&'a str>> {
    let mut inside: BTreeMap<Vec<&str>, BTreeSet<&str>> = BTreeMap::new();
    for scope in scopes {
        let parts = parts(scope);
        for depth in 0..parts.len() {
            inside.entry(parts[..depth].to_vec()).or_default().insert(parts[depth]);
        }
    }
    let mut numbered: BTreeMap<Vec<&str>, BTreeSet<&str>> = BTreeMap::new();
    // Outer scopes come before inner ones.
    for (scope, parts) in &inside {
        let outer = scope.split_last().is_none_or(|(_, before)| numbered.contains_key(before));
        let all = parts.iter().all(|p| base(p) != *p);
        // A model whose layers are numbered but which is not itself was never traced anew.
        if outer && all {
            numbered.insert(scope.clone(), parts.clone());
        }
    }
    // One level alone may be numbered by chance: `conv_1`, `conv_2`.
    let deep = numbered.keys().any(|s| !s.is_empty());
    if deep || inside.get(&[][..]).is_some_and(|p| p.len() == 1) { numbered } else { BTreeMap::new() }
}

/// Scopes that are called otherwise than the variables they read: the name of a variable is that of its layer.
fn renamed(program: &Program, paths: &BTreeMap<String, Vec<String>>) -> BTreeMap<Vec<String>, String> {
    let mut renamed: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for op in &program.main.ops {
        let Some(path) = paths.get(op.scope()) else { continue };
        for value in op.inputs.iter().flatten() {
            let stored = program.values[*value].stored.as_ref().filter(|s| s.variable);
            let Some(stored) = stored else { continue };
            let layer: Vec<&str> = stored.path.split('/').collect();
            let Some((_, layer)) = layer.split_last() else { continue };
            if layer.len() != path.len() || layer.iter().zip(path).any(|(a, b)| base(a) != base(b)) {
                continue;
            }
            for depth in 0..path.len() {
                renamed.entry(path[..=depth].to_vec()).or_insert_with(|| layer[depth].to_owned());
            }
        }
    }
    renamed
}

/// The first part of every path, if there is but one and more than one module inside.
fn common_root(paths: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let firsts: BTreeSet<&String> = paths.values().filter_map(|p| p.first()).collect();
    let seconds: BTreeSet<&String> = paths.values().filter_map(|p| p.get(1)).collect();
    match firsts.first() {
        Some(first) if firsts.len() == 1 && !seconds.is_empty() => Some((*first).clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected: &[&str]) {
        let mut program = Program::default();
        for name in names {
            program.main.ops.push(Op::new("Relu", name, Vec::new(), 0));
        }
        let scopes = Scopes::new(&program);
        let found: Vec<String> =
            program.main.ops.iter().map(|op| scopes.paths[op.scope()].join(".")).collect();
        assert_eq!(found, expected, "{names:?}");
    }

    #[test]
    fn names_become_modules() {
        assert!(FUNCTIONS.is_sorted() && AMBIGUOUS.is_sorted());
        check(
            &["net_1/conv1_1/convolution", "net_1/conv1_1/Relu", "net_1/block_1/conv_1/batchnorm/mul_1"],
            &["conv1", "conv1", "block.conv"],
        );
        // Calls of one layer are told apart.
        check(&["net_1/twin_3/conv_1/Conv2D", "net_1/twin_1/conv_1/Conv2D"], &["twin_1.conv", "twin.conv"]);
        // Numbers of layers stay where the model has none.
        check(&["net/conv_1/Conv2D", "net/conv_2/Conv2D"], &["conv_1", "conv_2"]);
        check(&["conv_1/Conv2D", "conv_2/Conv2D"], &["conv_1", "conv_2"]);
        check(&["a/Tensordot/MatMul", "b/dropout/mul", "Relu"], &["a", "b.dropout", ""]);
    }
}
