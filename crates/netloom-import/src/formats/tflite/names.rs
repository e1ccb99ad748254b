//! Names of operators and weights, from the names of tensors.
//!
//! The converter names a tensor after the operator of TensorFlow that made it, or after all that it joined, with
//! semicolons between: `net/relu/Relu;net/conv/Conv2D`. Operators have no names of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{Op, Program, Val, ValueId};

/// What the last part of a name must begin with to be that of an operator.
const HINTS: &[(&str, &[&str])] = &[
    ("Conv2D", &["convolution", "Conv2D", "Conv1D"]),
    ("Conv3D", &["convolution", "Conv3D"]),
    ("DepthwiseConv2dNative", &["depthwise", "separable_conv2d/depthwise"]),
    ("Conv2DBackpropInput", &["conv_transpose", "conv2d_transpose", "Conv2DTranspose"]),
    ("Linear", &["MatMul", "Tensordot", "dense"]),
    ("Relu", &["Relu"]),
    ("Relu6", &["Relu6"]),
    ("Tanh", &["Tanh"]),
    ("AddV2", &["add", "Add"]),
    ("Mean", &["Mean"]),
];

/// Gives every operator a name, and every weight that has none of its own the name of the layer that reads it.
pub(super) fn clean(program: &mut Program) {
    let Program { values, main, bodies, .. } = program;
    let mut scopes: BTreeMap<ValueId, String> = BTreeMap::new();
    let mut owned = BTreeSet::new();
    for body in std::iter::once(main).chain(bodies) {
        for op in &mut body.ops {
            let Some(output) = op.output() else { continue };
            let name = named(op, &values[output].name);
            let scoped = name.contains('/') && !name.starts_with("StatefulPartitionedCall");
            // What ends the model is named after the whole call; it stands where its data comes from.
            let inherited = || op.inputs.iter().flatten().find_map(|v| scopes.get(v)).cloned();
            op.name = if scoped {
                name
            } else {
                match inherited() {
                    Some(scope) => format!("{scope}/{}", op.kind),
                    None => op.kind.clone(),
                }
            };
            let scope = op.scope().to_owned();
            for output in &op.outputs {
                scopes.insert(*output, scope.clone());
            }
            weights(values, op, &mut owned);
        }
    }
}

/// The one of several joined names that is the operator's own.
fn named(op: &Op, name: &str) -> String {
    let mut parts = name.split(';').filter(|p| !p.is_empty());
    let hints = HINTS.iter().find(|(kind, _)| *kind == op.kind).map_or(&[][..], |(_, hints)| *hints);
    let fits = |part: &str| {
        let last = part.rsplit('/').next().unwrap_or(part);
        hints.iter().any(|h| last.starts_with(h))
    };
    let first = parts.clone().next().unwrap_or("");
    parts.find(|p| fits(p)).unwrap_or(first).to_owned()
}

/// Names the stored inputs of a layer by what they are to it; several calls of one layer by the first of their names.
fn weights(values: &mut [Val], op: &Op, owned: &mut BTreeSet<ValueId>) {
    let roles: &[(usize, &str)] = match op.kind.as_str() {
        "Conv2D" | "Conv3D" | "DepthwiseConv2dNative" | "Linear" => &[(1, "kernel"), (2, "bias")],
        "Conv2DBackpropInput" | "Conv3DBackpropInputV2" => &[(1, "kernel"), (3, "bias")],
        "GatherV2" => &[(0, "embeddings")],
        "PRelu" => &[(1, "alpha")],
        _ => return,
    };
    for (position, role) in roles {
        let Some(input) = op.input(*position) else { continue };
        if let Some(stored) = values[input].stored.as_mut()
            && op.name.contains('/')
            && stored.value.as_ref().is_none_or(|v| v.as_ints().is_none())
        {
            let path = format!("{}/{role}", op.scope());
            if owned.insert(input) || path < stored.path {
                stored.path = path;
            }
        }
    }
}
