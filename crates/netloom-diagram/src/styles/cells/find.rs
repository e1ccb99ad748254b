//! Which cells a model has, each kind once.

use netloom_graph::{Attribute, Dim, Graph, Node, NodeId, TensorId, layers};

use crate::number;

/// The most layers that queries, keys and values are followed back through to what makes them.
const MAX_BACK: usize = 24;

/// How many tensors of data one step of a lifted cell may read.
const CELL_DATA: usize = 4;

/// What a cell is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Rnn,
    Lstm,
    Gru,
    Attention,
}

/// How the cells of one kind are built: what their drawing depends on.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Make {
    pub(super) kind: Kind,
    /// What the layer is called: `BiLSTM 256`.
    pub(super) title: String,
    pub(super) hidden: Option<i64>,
    /// Whether it also reads the sequence from its end.
    pub(super) both: bool,
    /// Whether it reads the sequence from its end only.
    pub(super) backwards: bool,
    /// Whether the gates see the memory.
    pub(super) peephole: bool,
    /// Whether what is kept and what is taken in add up to one.
    pub(super) coupled: bool,
    /// Whether the reset gate acts on what is made of the state rather than on the state.
    pub(super) after: bool,
    /// The nonlinearity of the candidate.
    pub(super) bend: String,
    pub(super) heads: Heads,
    /// Whether each is one step of a loop.
    pub(super) one_step: bool,
}

/// What is particular to attention.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Heads {
    pub(super) count: Option<i64>,
    pub(super) size: Option<i64>,
    pub(super) masked: bool,
    pub(super) biased: bool,
    pub(super) rotary: bool,
    /// Whether learned layers stand before and after it.
    pub(super) projected: bool,
    /// Whether one layer makes queries, keys and values together.
    pub(super) packed: bool,
    /// How wide the data around it is.
    pub(super) width: Option<i64>,
}

/// The cells of one make.
pub(super) struct Cells {
    pub(super) make: Make,
    pub(super) nodes: Vec<NodeId>,
    /// The sizes of what they read, each once, in order.
    pub(super) inputs: Vec<String>,
    /// How many steps the sequence has.
    pub(super) steps: Option<u64>,
}

/// Every make of cell in the order of the model.
pub(super) fn find(graph: &Graph) -> Vec<Cells> {
    let mut found: Vec<Cells> = Vec::new();
    for (id, node) in graph.nodes() {
        let Some(make) = make(graph, node) else { continue };
        let input = input(graph, node, make.kind);
        let steps = steps(graph, node);
        match found.iter_mut().find(|c| c.make == make) {
            Some(cells) => {
                cells.nodes.push(id);
                cells.steps = cells.steps.or(steps);
                if let Some(input) = input.filter(|i| !cells.inputs.contains(i)) {
                    cells.inputs.push(input);
                }
            }
            None => {
                let inputs = input.into_iter().collect();
                found.push(Cells { make, nodes: vec![id], inputs, steps });
            }
        }
    }
    found
}

fn make(graph: &Graph, node: &Node) -> Option<Make> {
    let layer = layers::effective(graph, node)?;
    let (kind, one_step) = match layer.name {
        "rnn" => (Kind::Rnn, false),
        "lstm" => (Kind::Lstm, false),
        "gru" => (Kind::Gru, false),
        "rnn_cell" => (Kind::Rnn, true),
        "lstm_cell" => (Kind::Lstm, true),
        "gru_cell" => (Kind::Gru, true),
        "attention" => (Kind::Attention, false),
        _ => return None,
    };
    let int = |name: &str| node.attributes.int(name);
    let direction = node.attributes.string("direction").unwrap_or_default().to_lowercase();
    let hidden = int("hidden_size").or_else(|| dim(graph, node, 2, 2)?.as_known());
    let attention = kind == Kind::Attention;
    Some(Make {
        kind,
        title: (layer.label)(graph, node).title,
        hidden: hidden.filter(|_| !attention),
        both: direction == "bidirectional",
        backwards: direction == "reverse",
        peephole: layer.name == "lstm" && node.input(7).is_some(),
        coupled: layer.name == "lstm" && int("input_forget") == Some(1),
        one_step,
        after: kind == Kind::Gru && (one_step || int("linear_before_reset") == Some(1)),
        bend: bend(node, kind),
        heads: if attention { heads(graph, node) } else { Heads::default() },
    })
}

/// The nonlinearity of the candidate, as it is written in a cell.
fn bend(node: &Node, kind: Kind) -> String {
    let at = if kind == Kind::Rnn { 0 } else { 1 };
    let name = match node.attributes.get("activations") {
        Some(Attribute::Strings(names)) => names.get(at).map(|n| n.to_lowercase()),
        _ => None,
    };
    match name.as_deref() {
        None | Some("tanh") => "tanh".to_owned(),
        Some("relu") => "ReLU".to_owned(),
        Some("sigmoid") => "σ".to_owned(),
        Some(_) => "φ".to_owned(),
    }
}

fn heads(graph: &Graph, node: &Node) -> Heads {
    let int = |name: &str| node.attributes.int(name);
    let yes = |name: &str| int(name).is_some_and(|n| n != 0);
    let dims = |i: usize| node.input(i).and_then(|t| graph.tensor(t).ty.shape().dims());
    let own = int("head_size").is_some();
    let count = if own { int("heads") } else { int("q_num_heads") };
    let count = count.or_else(|| match dims(0)? {
        [_, heads, _, _] => heads.as_known(),
        _ => None,
    });
    let size = int("head_size").or_else(|| match dims(0)? {
        [_, _, _, size] => size.as_known(),
        [.., all] => Some(all.as_known()? / count.filter(|n| *n > 0)?),
        [] => None,
    });
    let before: Vec<Option<NodeId>> = (0..3).map(|i| linear_behind(graph, node.input(i))).collect();
    let after = linear_after(graph, node.output(0));
    let width = after.and_then(|n| {
        let out = graph.node(n).output(0)?;
        graph.tensor(out).ty.shape().dims()?.last()?.as_known()
    });
    Heads {
        count,
        size,
        masked: yes("causal") || node.input(3).is_some(),
        biased: node.input(7).is_some(),
        rotary: yes("rotary"),
        packed: before[0].is_some() && before.iter().all(|b| *b == before[0]),
        projected: before.iter().all(Option::is_some) && after.is_some(),
        width,
    }
}

/// The dense layer that makes a tensor, behind whatever moves, splits or turns its result.
fn linear_behind(graph: &Graph, tensor: Option<TensorId>) -> Option<NodeId> {
    let mut tensor = tensor?;
    for _ in 0..MAX_BACK {
        let netloom_graph::Producer::Node(id, _) = graph.tensor(tensor).producer else { return None };
        let node = graph.node(id);
        if is_dense(graph, node) {
            return Some(id);
        }
        tensor = node.inputs.iter().flatten().copied().find(|t| !graph.tensor(*t).is_stored())?;
    }
    None
}

/// The dense layer that reads a tensor, behind whatever moves it.
fn linear_after(graph: &Graph, tensor: Option<TensorId>) -> Option<NodeId> {
    let mut tensor = tensor?;
    for _ in 0..MAX_BACK {
        let (id, _) = *graph.tensor(tensor).consumers.first()?;
        let node = graph.node(id);
        if is_dense(graph, node) {
            return Some(id);
        }
        let shapes =
            layers::effective(graph, node).is_some_and(|l| l.category == netloom_graph::Category::Shape);
        tensor = node.output(0).filter(|_| shapes || node.is_alias())?;
    }
    None
}

fn is_dense(graph: &Graph, node: &Node) -> bool {
    layers::effective(graph, node).is_some_and(|l| l.name == "linear")
}

fn dim(graph: &Graph, node: &Node, input: usize, axis: usize) -> Option<Dim> {
    graph.tensor(node.input(input)?).ty.shape().dims()?.get(axis).cloned()
}

/// The size of what one step reads.
fn input(graph: &Graph, node: &Node, kind: Kind) -> Option<String> {
    let conv = node.attributes.int("conv") == Some(1);
    let features = |tensor: TensorId| {
        let dims = graph.tensor(tensor).ty.shape().dims()?;
        if conv && !layers::channels::are_last(node) { dims.get(1) } else { dims.last() }
    };
    // One step reads its states too, in no fixed order: they are as wide as what it makes.
    let one_step = layers::effective(graph, node).is_some_and(|l| l.name.ends_with("_cell"));
    let hidden = node.attributes.int("hidden_size").map(Dim::Known);
    let read = node.inputs.iter().take(if one_step { CELL_DATA } else { 1 }).flatten();
    let read: Vec<&Dim> =
        read.filter(|t| !graph.tensor(**t).is_stored()).filter_map(|t| features(*t)).collect();
    let other = read.iter().find(|d| Some(**d) != hidden.as_ref()).or(read.first()).copied();
    other.filter(|d| kind != Kind::Attention && !d.is_unknown()).map(number::dim)
}

/// How many steps a layer that reads a sequence makes.
fn steps(graph: &Graph, node: &Node) -> Option<u64> {
    let first = usize::from(node.attributes.int("layout").is_some_and(|n| n != 0));
    let shape = graph.tensor(node.input(0)?).ty.shape();
    let dims = shape.dims().filter(|d| d.len() == 3)?;
    dims.get(first)?.as_size()
}
