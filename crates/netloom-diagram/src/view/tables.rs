//! What look-ups, selections and stored rows of features are called: token and position embeddings, class tokens.

use netloom_graph::{Dim, Graph, Node, NodeId, Producer, TensorId};

/// The most operators that an index is followed back to see where it comes from.
const MAX_INDEX: usize = 48;

/// The most operators between a stored tensor and where it is used.
const MAX_STEPS: usize = 8;

/// Rank of a batch of sequences of features.
const SEQUENCE: usize = 3;

/// Words in names of tables, and the role that they tell; the first that fits counts.
const ROLES: &[(&str, &str)] = &[
    ("token_type", "segment"),
    ("segment", "segment"),
    ("relative", "relative position"),
    ("position", "position"),
    ("pos_emb", "position"),
    ("embed_pos", "position"),
    ("wpe", "position"),
    ("word", "token"),
    ("wte", "token"),
    ("tok", "token"),
];

/// What a look-up in a stored table is called: by the names of its module and table, or by what it is looked up with.
pub(super) fn lookup(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    let module = graph.module(node.module);
    let table = node.input(0).map_or("", |t| graph.tensor(t).name.as_str());
    let named = [module.name.as_str(), table].into_iter().find_map(|name| {
        let name = name.to_lowercase();
        ROLES.iter().find(|(word, _)| name.contains(word)).map(|(_, role)| *role)
    });
    let fixed = || node.input(1).is_some_and(|t| is_fixed(graph, t)).then_some("position");
    named.or_else(fixed).map_or_else(|| "embedding".to_owned(), |role| format!("{role} embedding"))
}

/// Whether an index is the same in every run, apart from how long it is.
fn is_fixed(graph: &Graph, index: TensorId) -> bool {
    let mut work = vec![index];
    let mut steps = 0;
    while let Some(tensor) = work.pop() {
        steps += 1;
        if steps > MAX_INDEX {
            return false;
        }
        match graph.tensor(tensor).producer {
            Producer::Stored => {}
            Producer::Node(id, _) if matches!(graph.node(id).op.as_str(), "Shape" | "Size") => {}
            Producer::Node(id, _) => work.extend(graph.node(id).inputs.iter().flatten()),
            _ => return false,
        }
    }
    true
}

/// What a selection takes, as far as it is known: `first token`, `last 4`, `select`.
pub(super) fn selection(graph: &Graph, node: &Node) -> String {
    let what = if node.op == "Slice" { range(graph, node) } else { entry(graph, node) };
    what.unwrap_or_else(|| "select".to_owned())
}

fn entry(graph: &Graph, node: &Node) -> Option<String> {
    let index = graph.tensor(node.input(1)?).value.as_ref().filter(|v| v.len() == 1)?.known_ints()?[0];
    let rank = graph.tensor(node.input(0)?).ty.shape().rank()?;
    let axis = node.attributes.int("axis").unwrap_or(0);
    token(rank, axis, index, index.checked_add(1)?)
}

fn range(graph: &Graph, node: &Node) -> Option<String> {
    let one = |input: usize, name: &str| -> Option<i64> {
        let ints = match node.attributes.ints(name) {
            Some(ints) => ints.to_vec(),
            None => graph.tensor(node.input(input)?).value.as_ref()?.known_ints()?,
        };
        if let [n] = ints[..] { Some(n) } else { None }
    };
    let (start, end, axis) = (one(1, "starts")?, one(2, "ends")?, one(3, "axes")?);
    let step = if node.input(4).is_some() { one(4, "steps")? } else { 1 };
    let shape = graph.tensor(node.input(0)?).ty.shape();
    let axis_at =
        usize::try_from(if axis < 0 { axis.checked_add(i64::try_from(shape.rank()?).ok()?)? } else { axis });
    let length = shape.dims()?.get(axis_at.ok()?).and_then(Dim::as_known);
    let to_end = length.map_or(end > i64::from(i32::MAX) - 1, |l| end >= l);
    if step != 1 {
        return (start == 0 && to_end && step > 1).then(|| format!("every {step}th"));
    }
    if let Some(token) = token(shape.rank()?, axis, start, if to_end { 0 } else { end }) {
        return Some(token);
    }
    match (start, to_end) {
        (0, false) if end > 0 => Some(format!("first {end}")),
        (0, false) => Some(format!("all but last {}", end.checked_neg()?)),
        (_, true) if start < 0 => Some(format!("last {}", start.checked_neg()?)),
        (_, true) => Some(format!("all but first {start}")),
        _ => None,
    }
}

/// One entry of a sequence: the first or the last.
fn token(rank: usize, axis: i64, start: i64, end: i64) -> Option<String> {
    if rank != SEQUENCE || !matches!(axis, 1 | -2) {
        return None;
    }
    match (start, end) {
        (0, 1) => Some("first token".to_owned()),
        (-1, 0) => Some("last token".to_owned()),
        _ => None,
    }
}

/// What a concatenation does that puts stored rows before or behind a sequence.
pub(super) fn class_tokens(graph: &Graph, node: &Node) -> Option<String> {
    let dims = |t: TensorId| graph.tensor(t).ty.shape().dims();
    let [Some(a), Some(b)] = node.inputs[..] else { return None };
    let rank = dims(a)?.len();
    if rank != SEQUENCE || !matches!(node.attributes.int("axis"), Some(1 | -2)) {
        return None;
    }
    let (stored, verb) = match (is_stored(graph, a), is_stored(graph, b)) {
        (true, false) => (a, "prepend"),
        (false, true) => (b, "append"),
        _ => return None,
    };
    match dims(stored)?[1].as_known()? {
        1 => Some(format!("{verb} class token")),
        n => Some(format!("{verb} {n} tokens")),
    }
}

/// Whether what is added to a sequence is one stored row of features for each position.
pub(super) fn is_position(graph: &Graph, node: &Node, stored: TensorId) -> bool {
    let dims = |t: TensorId| graph.tensor(t).ty.shape().dims().unwrap_or_default();
    let Some(output) = node.output(0).map(dims).filter(|d| d.len() == SEQUENCE) else { return false };
    let table = dims(stored);
    let tail = table.len().checked_sub(2).map_or(&[][..], |at| &table[at..]);
    let lead = &table[..table.len().saturating_sub(2)];
    tail == &output[1..]
        && tail.iter().all(|d| d.as_known().is_some_and(|n| n > 1))
        && lead.iter().all(|d| d.as_known() == Some(1))
}

/// Whether a tensor is stored, perhaps repeated for every example.
fn is_stored(graph: &Graph, tensor: TensorId) -> bool {
    let mut at = tensor;
    for _ in 0..MAX_STEPS {
        match graph.tensor(at).producer {
            Producer::Stored => return true,
            Producer::Node(id, _)
                if matches!(
                    graph.node(id).op.as_str(),
                    "Expand" | "Identity" | "Reshape" | "Unsqueeze" | "Cast" | "Tile" | "Transpose"
                ) =>
            {
                let Some(from) = graph.node(id).input(0) else { return false };
                at = from;
            }
            _ => return false,
        }
    }
    false
}
