//! Attention with the projections before and after it.

use std::collections::BTreeSet;

use super::{Level, Unit, UnitRule, seek};
use crate::layers::attention as row;
use crate::lift::Source;
use crate::{Category, DType, NodeId, TensorId, layers};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "multi_head_attention",
    about: "an attention with the linear layers that make its operands and the one that mixes its result",
    pattern: "Linear(Attention(Linear(x), Linear(x), Linear(y))) | Linear(Attention(Split(Linear(x))))",
    level: Level::Paper,
    find,
};

/// Query, key and value.
pub(super) const OPERANDS: usize = 3;

/// The most operators between a projection and the attention: rotations, norms of heads, movement.
const MAX_DRESSING: usize = 24;

/// How many operators back two streams may part for an attention between them to be one of a stream to itself.
const MAX_DETOUR: usize = 64;

/// The most operators that a mask is looked through for a learned table.
const MAX_BIAS: usize = 16;

fn find(source: &Source<'_>, attention: NodeId) -> Option<Unit> {
    let node = source.node(attention);
    if !is_attention(source, attention) {
        return None;
    }
    let mut nodes = vec![attention];
    let operands: Vec<TensorId> = (0..OPERANDS).map_while(|i| node.input(i)).collect();
    let made: Vec<Option<Projection>> = operands.iter().map(|t| projection(source, *t)).collect();
    for projection in made.iter().flatten() {
        nodes.extend(&projection.nodes);
    }
    let sides: Vec<(usize, &'static str)> =
        (OPERANDS..node.inputs.len()).filter_map(|i| Some((i, side(source, attention, i)?))).collect();
    for (i, _) in &sides {
        nodes.extend(node.input(*i).map_or_else(Vec::new, |t| looked_up(source, t)));
    }
    let mut last = attention;
    let mut path = Vec::new();
    if let Some(mix) = seek::next(source, attention, &mut path).filter(|n| seek::kind(source, *n) == "linear")
    {
        last = mix;
        nodes.append(&mut path);
    }
    last = seek::tail(source, last, &mut nodes);
    let nodes = seek::private(source, &nodes, last);
    // Alone, an attention says what it is itself.
    if nodes.iter().all(|n| *n == attention || seek::moves(source, *n)) {
        return None;
    }
    let held = |i: usize| made.get(i)?.as_ref().map(|p| p.linear).filter(|n| nodes.contains(n));
    let mut ports: Vec<(NodeId, usize, &'static str)> = Vec::new();
    let names = ["Q", "K", "V"];
    for (i, name) in names.into_iter().enumerate().take(operands.len()) {
        ports.push(held(i).map_or((attention, i, name), |linear| (linear, 0, name)));
    }
    share(&mut ports);
    // What only this attention looks up for itself is no operand.
    let is_own = |i: &usize| node.input(*i).and_then(|t| source.maker(t)).is_some_and(|m| nodes.contains(&m));
    let mut subtitle = subtitle(source, attention);
    if sides.iter().any(|(i, _)| is_own(i)) {
        subtitle += ", position bias";
    }
    ports.extend(sides.iter().filter(|(i, _)| !is_own(i)).map(|(i, role)| (attention, *i, *role)));
    Some(Unit {
        title: title(source, attention, &made),
        subtitle,
        category: Category::Attention,
        ports,
        nodes,
        ..Unit::default()
    })
}

/// What an operand that is neither query, key nor value is called.
pub(super) fn side(source: &Source<'_>, attention: NodeId, position: usize) -> Option<&'static str> {
    let tensor = source.node(attention).input(position)?;
    let is_lifted = source.node(attention).domain == "loom";
    Some(match position {
        row::COS | row::SIN if is_lifted => "angles",
        row::BIAS if is_lifted => "bias",
        _ if is_learned(source, tensor) => "bias",
        _ => "mask",
    })
}

/// The nodes that look up and lay out a bias of positions; none for what is no look-up in a learned table.
fn looked_up(source: &Source<'_>, bias: TensorId) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let table = seek::before(source, bias, &mut nodes);
    match source.maker(table).filter(|m| looks_up(source, *m)) {
        Some(table) => {
            nodes.push(table);
            nodes
        }
        None => Vec::new(),
    }
}

/// Whether a node takes entries of a stored table, by rows or one by one.
fn looks_up(source: &Source<'_>, id: NodeId) -> bool {
    let is_stored = || source.node(id).input(0).is_some_and(|t| layers::is_stored(source.graph, t));
    matches!(source.kind(id), "gather" | "gather_nd" | "gather_elements") && is_stored()
}

/// Whether a node is an attention without projections of its own.
pub(super) fn is_attention(source: &Source<'_>, id: NodeId) -> bool {
    let node = source.node(id);
    let learns = |i: &usize| node.input(*i).is_some_and(|t| layers::is_stored(source.graph, t));
    // Some operators hold the projections themselves; what is lifted never does.
    let is_whole = |l: &layers::Layer| {
        l.name == "multi_head_attention" || node.domain != "loom" && l.learned.iter().any(learns)
    };
    node.layer.is_some_and(|l| l.category == Category::Attention && !is_whole(l))
}

/// One name where one reader takes several operands; none where it takes all three.
fn share(ports: &mut Vec<(NodeId, usize, &'static str)>) {
    let same = |a: usize, b: usize| match (ports.get(a), ports.get(b)) {
        (Some(a), Some(b)) => (a.0, a.1) == (b.0, b.1),
        _ => false,
    };
    match (same(0, 1), same(1, 2)) {
        (true, true) => ports.clear(),
        (_, true) => {
            ports.truncate(2);
            ports[1].2 = "K V";
        }
        (true, _) => {
            ports.remove(1);
            ports[0].2 = "Q K";
        }
        _ if ports.len() < 2 => ports.clear(),
        _ => {}
    }
}

/// A linear layer that makes an operand, and the nodes from it to the attention.
struct Projection {
    linear: NodeId,
    nodes: Vec<NodeId>,
}

fn projection(source: &Source<'_>, operand: TensorId) -> Option<Projection> {
    let mut nodes: BTreeSet<NodeId> = BTreeSet::new();
    let mut linear = None;
    let mut work = vec![operand];
    while let Some(tensor) = work.pop() {
        let Some(maker) = source.maker(tensor) else { continue };
        if seek::kind(source, maker) == "linear" {
            if linear.is_some_and(|l| l != maker) {
                return None;
            }
            linear = Some(maker);
            nodes.insert(maker);
            continue;
        }
        if !dresses(source, maker) || !nodes.insert(maker) {
            continue;
        }
        if nodes.len() > MAX_DRESSING {
            return None;
        }
        work.extend(source.node(maker).inputs.iter().flatten().filter(|t| source.number(**t).is_none()));
    }
    linear.map(|linear| Projection { linear, nodes: nodes.into_iter().collect() })
}

/// Whether a node may stand between a projection and the attention.
fn dresses(source: &Source<'_>, id: NodeId) -> bool {
    let makes = |t: &TensorId, kind: &str| source.made_by(*t, kind).is_some();
    match source.kind(id) {
        "split" | "slice" | "concat" | "neg" | "mul" | "div" | "rotary_embedding" | "tile" => true,
        "gather" => source.node(id).input(1).is_some_and(|t| source.graph.tensor(t).value.is_some()),
        // A rotation adds two products; any other sum is where a stream goes by.
        "add" => source.node(id).inputs.iter().flatten().all(|t| makes(t, "mul")),
        // Queries and keys may be normed head by head.
        "layer_norm" | "rms_norm" => {
            source.ends(id).and_then(|(x, _)| source.shape(x).rank()).is_some_and(|rank| rank >= 4)
        }
        _ => seek::moves(source, id),
    }
}

fn title(source: &Source<'_>, attention: NodeId, made: &[Option<Projection>]) -> String {
    let node = source.node(attention);
    let flag = |name: &str| node.attributes.int(name).map(|n| n != 0);
    let stream = |i: usize| {
        let tensor = match made.get(i).and_then(Option::as_ref) {
            Some(projection) => source.node(projection.linear).input(0),
            None => node.input(i),
        };
        tensor.map(|t| seek::before(source, t, &mut Vec::new()))
    };
    let known = flag("cross").or_else(|| flag("self").map(|own| !own));
    let cross = known.unwrap_or_else(|| match (stream(0), stream(1)) {
        (Some(q), Some(k)) => !are_near(source, q, k),
        _ => false,
    });
    let causal = flag("causal").or_else(|| flag("is_causal")).or_else(|| flag("unidirectional"));
    let windowed = node.attributes.get("window").is_some();
    match (cross, causal.unwrap_or(false), windowed) {
        (true, ..) => "cross-attention".to_owned(),
        (_, true, _) => "masked self-attention".to_owned(),
        (.., true) => "window attention".to_owned(),
        _ => "self-attention".to_owned(),
    }
}

/// Whether two tensors are one, or come from one a few operators back.
fn are_near(source: &Source<'_>, a: TensorId, b: TensorId) -> bool {
    let behind = |t: TensorId| {
        let mut found = BTreeSet::from([t]);
        let mut work = std::collections::VecDeque::from([t]);
        let mut steps = 0;
        while let Some(maker) = work.pop_front().and_then(|t| source.maker(t)) {
            steps += 1;
            if steps > MAX_DETOUR {
                break;
            }
            // Beyond an attention lie other streams.
            if seek::category(source, maker) == Category::Attention {
                continue;
            }
            // What is the same for every word, such as a mask, joins no streams.
            let streams = source.node(maker).inputs.iter().flatten();
            for input in streams.filter(|t| source.shape(**t).rank().is_some_and(|r| r >= 3)) {
                if !layers::is_stored(source.graph, *input) && found.insert(*input) {
                    work.push_back(*input);
                }
            }
        }
        found
    };
    a == b || !behind(a).is_disjoint(&behind(b))
}

fn subtitle(source: &Source<'_>, attention: NodeId) -> String {
    let node = source.node(attention);
    let int = |names: &[&str]| names.iter().find_map(|n| node.attributes.int(n));
    let heads = int(&["heads", "q_num_heads", "num_heads"]);
    let mut text = match (heads, int(&["head_size"])) {
        (Some(1), Some(size)) => format!("1 head × {size}"),
        (Some(heads), Some(size)) => format!("{heads} heads × {size}"),
        (Some(heads), None) => format!("{heads} heads"),
        _ => String::new(),
    };
    if let Some(kv) = int(&["kv_heads", "kv_num_heads"]).filter(|kv| heads.is_some_and(|h| h != *kv)) {
        text += &format!(", {kv} kv");
    }
    if int(&["rotary"]).is_some_and(|n| n != 0) {
        text += ", rotary";
    }
    text
}

/// Whether what is added to the scores is looked up in a learned table, as a bias of relative positions is.
pub(super) fn is_learned(source: &Source<'_>, tensor: TensorId) -> bool {
    if source.graph.tensor(tensor).ty.dtype() == Some(DType::Bool) {
        return false;
    }
    let mut work = vec![tensor];
    let mut steps = 0;
    while let Some(tensor) = work.pop() {
        steps += 1;
        if steps > MAX_BIAS {
            return false;
        }
        let Some(maker) = source.maker(tensor) else { continue };
        if looks_up(source, maker) {
            return true;
        }
        work.extend(source.node(maker).inputs.iter().flatten());
    }
    false
}
