//! What the uses of an input tell of its type, where a file does not say it.

use std::collections::BTreeMap;

use netloom_graph::{Attribute, DType, Dim, Graph, Node, NodeId, Shape, TensorId, ValueType};

/// How many tensors are followed from one input.
const MAX_FOLLOWED: usize = 10_000;

/// Types of inputs whose number of dimensions nothing says, by name: channels and features from the weights that read
/// them, a symbol for every size that any input may have.
pub(super) fn told(graph: &Graph) -> BTreeMap<String, ValueType> {
    let mut told = BTreeMap::new();
    let unknown: Vec<TensorId> =
        graph.inputs.iter().copied().filter(|t| graph.tensor(*t).ty.shape().rank().is_none()).collect();
    for input in unknown {
        if let Some(ty) = by_use(graph, input) {
            told.insert(graph.tensor(input).name.clone(), ty);
        }
    }
    told
}

/// Follows an input through what leaves its shape alone to the first layer that fixes it.
fn by_use(graph: &Graph, input: TensorId) -> Option<ValueType> {
    let mut queue = vec![input];
    let mut at = 0;
    let name = graph.tensor(input).name.clone();
    while let Some(tensor) = queue.get(at).copied().filter(|_| at < MAX_FOLLOWED) {
        at += 1;
        for (id, position) in &graph.tensor(tensor).consumers {
            let node = graph.node(*id);
            if let Some(found) = fixed(graph, *id, node, *position, &name) {
                return Some(found);
            }
            let keeps = node.layer.is_some_and(|l| {
                matches!(
                    l.category,
                    netloom_graph::layers::Category::Activation
                        | netloom_graph::layers::Category::Elementwise
                        | netloom_graph::layers::Category::Norm
                        | netloom_graph::layers::Category::Dropout
                )
            });
            if keeps && *position == 0 {
                queue.extend(node.output(0).filter(|t| !queue.contains(t)));
            }
        }
    }
    None
}

fn fixed(graph: &Graph, id: NodeId, node: &Node, position: usize, name: &str) -> Option<ValueType> {
    let float =
        |dims: Vec<Dim>| Some(ValueType::Tensor { dtype: Some(DType::Float32), shape: Shape::Ranked(dims) });
    let stored = |i: usize| -> Option<Vec<Dim>> {
        let tensor = node.input(i)?;
        graph.tensor(tensor).weight.as_ref()?.shape.dims().map(<[Dim]>::to_vec)
    };
    let (batch, symbol) = (Dim::symbol("batch"), |s: &str| Dim::symbol(s));
    let sides = |n: usize| -> Vec<Dim> {
        match n {
            1 => vec![symbol("length")],
            2 => vec![symbol("height"), symbol("width")],
            _ => ["depth", "height", "width"].iter().map(|s| symbol(s)).collect(),
        }
    };
    let image = |channels: Dim, n: usize| {
        let mut dims = vec![batch.clone(), channels];
        dims.extend(sides(n));
        float(dims)
    };
    match (node.layer?.name, position) {
        ("conv", 0) => {
            let kernel = stored(1)?;
            let groups = node.attributes.int("group").unwrap_or(1);
            image(kernel.get(1)?.times(&Dim::Known(groups)), kernel.len().checked_sub(2)?.clamp(1, 3))
        }
        ("conv_transpose", 0) => {
            let kernel = stored(1)?;
            image(kernel.first()?.clone(), kernel.len().checked_sub(2)?.clamp(1, 3))
        }
        ("linear", 0) => {
            let matrix = stored(1)?;
            let features =
                if node.attributes.int("transB") == Some(1) { matrix.get(1)? } else { matrix.first()? };
            float(vec![batch, features.clone()])
        }
        ("max_pool" | "avg_pool" | "global_avg_pool" | "global_max_pool", 0) => {
            let n = match node.attributes.get("kernel_shape") {
                Some(Attribute::Ints(sides)) => sides.len().clamp(1, 3),
                _ => 2,
            };
            image(symbol("channels"), n)
        }
        // Indices into a table: one for each place of a sequence.
        ("gather" | "embedding", 1) => {
            let table = stored(0)?;
            let dims = vec![batch, Dim::symbol(&format!("{name}_length"))];
            (table.len() == 2).then_some(ValueType::tensor(DType::Int64, Shape::Ranked(dims)))
        }
        ("lstm" | "gru" | "rnn", 0) => {
            let features = stored(1)?.last()?.clone();
            let (first, second) = if node.attributes.int("layout") == Some(1) {
                (batch, symbol("length"))
            } else {
                (symbol("length"), batch)
            };
            float(vec![first, second, features])
        }
        // Added to or multiplied with something whose shape is known.
        ("add" | "mul" | "sub" | "div", _) => {
            let other = node.inputs.iter().enumerate().find(|(i, _)| *i != position)?.1.as_ref()?;
            let ty = &graph.tensor(*other).ty;
            let has_sides = ty.shape().rank().is_some_and(|r| r > 1) && !graph.tensor(*other).is_stored();
            let _ = id;
            has_sides.then(|| ty.clone())
        }
        _ => None,
    }
}
