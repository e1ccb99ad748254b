//! Graphs written in the notation: parts that are alike become blocks, rows of them become repetitions.

mod body;
mod call;
mod facts;
mod fold;
mod order;
mod print;
mod settings;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{Graph, NodeId, Producer, RegionId, TensorId, summary};

use body::{Body, Line, Step};
use call::Whole;
use order::{Item, Part};
use tokens::{Token, Tokens, label, text};

/// Writes a graph as a text in the notation, folded. Reading the text gives the same network: operators, settings that
/// matter, wiring, parameters, shapes and modules; names of tensors and where weights are stored are not kept. Shapes
/// are to be inferred first. A lifted graph gives a text that is short.
///
/// ```
/// use netloom_import::{formats::loom, writers};
///
/// let text = "input x [1, 8]\n\nbody: Layer(8) * 3\nlinear(4)\n";
/// let block = "\nblock Layer(features) { [linear(features) > relu, same] > add }\n";
/// let graph = loom::parse(&(text.to_owned() + block)).expect("a sound text");
/// assert_eq!(
///     writers::loom::write(&graph),
///     "block Layer { [linear(8) > relu, same] > add }\n\ninput x [1, 8]\n\nbody: Layer * 3 > linear(4)\n"
/// );
/// ```
pub fn write(graph: &Graph) -> String {
    let learned_ids = summary::summary(graph).learned;
    let mut learned = vec![false; graph.tensors().len()];
    for id in learned_ids {
        learned[id.index()] = true;
    }
    let whole = Whole { graph, shared: shared(graph, &learned), learned, symbols: symbols(graph) };
    let mut writer = Writer { whole, bodies: Vec::new(), owners: owners(graph) };
    let root = order::root(graph);
    let body = writer.root(&root);
    let (whole, bodies) = (writer.whole, writer.bodies);
    let text = print::print(&whole, &bodies, body);
    // The layout is that of the formatter, so that it changes nothing in what is written.
    crate::formats::loom::format(&text).unwrap_or(text)
}

/// Stored tensors that need a name: learned ones that several operators read, and results of the model.
fn shared(graph: &Graph, learned: &[bool]) -> Vec<bool> {
    let mut shared = vec![false; graph.tensors().len()];
    for (id, tensor) in graph.tensors() {
        let several = learned[id.index()] || tensor.value.is_none();
        let stored = matches!(tensor.producer, Producer::Stored | Producer::Missing);
        shared[id.index()] = stored && several && tensor.consumers.len() > 1;
    }
    let results = graph.outputs.iter().chain(graph.regions().flat_map(|(_, r)| &r.outputs));
    for tensor in results {
        let stored = match graph.tensor(*tensor).producer {
            Producer::Stored | Producer::Missing => true,
            Producer::Node(id, _) => call::is_constant(graph.node(id)),
            _ => false,
        };
        shared[tensor.index()] |= stored;
    }
    shared
}

fn symbols(graph: &Graph) -> Vec<String> {
    let mut found = BTreeSet::new();
    for input in &graph.inputs {
        for dim in graph.tensor(*input).ty.shape().dims().unwrap_or(&[]) {
            found.extend(dim.as_symbol().filter(|s| tokens::is_word(s)).map(str::to_owned));
        }
    }
    found.into_iter().collect()
}

/// For each region, the node outside all regions in which it stands.
fn owners(graph: &Graph) -> BTreeMap<RegionId, NodeId> {
    let mut owners = BTreeMap::new();
    for (id, region) in graph.regions() {
        let mut at = region.owner;
        for _ in 0..=graph.regions().len() {
            match at.and_then(|n| graph.node(n).region) {
                Some(outer) => at = graph.region(outer).owner,
                None => break,
            }
        }
        if let Some(node) = at {
            owners.insert(id, node);
        }
    }
    owners
}

/// A body, whose it is, and what the text says of it.
#[derive(Clone, Debug)]
struct Written {
    body: Body,
    class: Option<String>,
    /// Whether it may become a block.
    may_fold: bool,
    /// What a body of control flow is given.
    inputs: Vec<TensorId>,
    /// A name to make one of for a block.
    name: String,
}

struct Writer<'a> {
    whole: Whole<'a>,
    bodies: Vec<Written>,
    owners: BTreeMap<RegionId, NodeId>,
}

impl Writer<'_> {
    fn graph(&self) -> &Graph {
        self.whole.graph
    }

    fn root(&mut self, part: &Part) -> usize {
        let steps = self.steps(part);
        let graph = self.whole.graph;
        let declared: Vec<TensorId> =
            graph.tensors().map(|(id, _)| id).filter(|t| self.whole.shared[t.index()]).collect();
        let primary = match graph.inputs.as_slice() {
            [one] if declared.is_empty() => Some(*one),
            _ => None,
        };
        let mut body = body::lines(&steps, primary, &graph.outputs);
        let inputs = graph.inputs.iter().map(|t| {
            let mut chain = vec![text("input ")];
            chain.extend(self.whole.input(*t));
            Line { names: Vec::new(), is_output: false, chain: vec![chain] }
        });
        let stored = declared.iter().map(|t| Line {
            names: vec![Some(*t)],
            is_output: false,
            chain: vec![self.whole.stored(*t)],
        });
        let lines: Vec<Line> = inputs.chain(stored).chain(std::mem::take(&mut body.lines)).collect();
        body.lines = lines;
        self.add(Written { body, class: None, may_fold: false, inputs: Vec::new(), name: String::new() })
    }

    fn add(&mut self, written: Written) -> usize {
        self.bodies.push(written);
        self.bodies.len() - 1
    }

    fn steps(&mut self, part: &Part) -> Vec<Step> {
        let mut steps = Vec::new();
        for item in &part.items {
            steps.push(match item {
                Item::Node(id) => self.node(*id),
                Item::Part(part) => self.part(part),
            });
        }
        steps
    }

    fn node(&mut self, id: NodeId) -> Step {
        let graph = self.whole.graph;
        let node = graph.node(id);
        let mut regions = Vec::new();
        for region in graph.regions_of(id) {
            regions.push((region, self.region(region)));
        }
        let call = self.whole.call(node, &mut |region| {
            let index = regions.iter().find(|(r, _)| *r == region).map_or(0, |(_, i)| *i);
            vec![Token::Body(index)]
        });
        let read = |t: TensorId| !graph.tensor(t).consumers.is_empty() || self.is_result(t);
        let mut results: Vec<Option<TensorId>> =
            node.outputs.iter().map(|t| t.filter(|t| read(*t))).collect();
        while results.last() == Some(&None) && results.len() > 1 {
            results.pop();
        }
        // A node that nothing reads still makes something.
        if results == [None] || results.is_empty() {
            results = vec![node.outputs.first().copied().flatten()];
        }
        let mut named: Vec<TensorId> = call.arguments.iter().flatten().filter_map(value).collect();
        for (_, index) in &regions {
            named.extend(&self.bodies[*index].body.outside);
        }
        Step {
            head: vec![text(call.head)],
            flows: call.flows,
            arguments: call.arguments,
            tail: Vec::new(),
            named,
            results,
            is_layer: true,
        }
    }

    fn is_result(&self, tensor: TensorId) -> bool {
        let graph = self.graph();
        graph.outputs.contains(&tensor) || graph.regions().any(|(_, r)| r.outputs.contains(&tensor))
    }

    fn region(&mut self, id: RegionId) -> usize {
        let graph = self.whole.graph;
        let region = graph.region(id);
        let nodes = region.nodes.iter().filter(|n| !call::is_constant(graph.node(**n)));
        let steps: Vec<Step> = nodes.map(|n| self.node(*n)).collect();
        let mut body = body::lines(&steps, None, &region.outputs);
        if !region.inputs.is_empty() {
            let mut chain = vec![text("input ")];
            chain.extend(tokens::listed(region.inputs.iter().map(|t| self.whole.input(*t)).collect()));
            body.lines.insert(0, Line { names: Vec::new(), is_output: false, chain: vec![chain] });
        }
        body.outside.retain(|t| !region.inputs.contains(t));
        let (inputs, name) = (region.inputs.clone(), String::new());
        self.add(Written { body, class: None, may_fold: false, inputs, name })
    }

    fn part(&mut self, part: &Part) -> Step {
        let graph = self.whole.graph;
        let module = graph.module(part.module);
        let mut head: Tokens = vec![text(label(&self.own_name(part))), text(": ")];
        if !part.is_whole {
            head.insert(0, Token::More(part.module));
        }
        if let [Item::Node(id)] = part.items.as_slice() {
            let mut step = self.node(*id);
            head.extend(step.head);
            step.head = head;
            return step;
        }
        let steps = self.steps(part);
        let mut inside = BTreeSet::new();
        members(part, &mut inside);
        let made: BTreeSet<TensorId> =
            steps.iter().flat_map(|s| s.results.iter().flatten()).copied().collect();
        let results: Vec<TensorId> = made
            .iter()
            .copied()
            .filter(|t| {
                let read_outside = graph.tensor(*t).consumers.iter().any(|(n, _)| {
                    let top = graph.node(*n).region.and_then(|r| self.owners.get(&r).copied()).unwrap_or(*n);
                    !inside.contains(&top)
                });
                read_outside || self.is_result(*t)
            })
            .collect();
        // What nobody reads outside still has a value that the group gives.
        let results = match (results.is_empty(), steps.last()) {
            (true, Some(last)) => last.results.iter().flatten().take(1).copied().collect(),
            _ => results,
        };
        let outside = |t: TensorId| !made.contains(&t) && self.whole.is_value(t);
        let body = body::lines_from(&steps, &outside, &results);
        let (primary, named) = (body.primary, body.outside.clone());
        let results = body.results.clone();
        let class = module.class.clone().filter(|c| tokens::is_word(c) && part.is_first);
        let plain = matches!(class.as_deref(), Some("ModuleList" | "Sequential"));
        let parent = module.parent.map_or("", |p| graph.module(p).name.as_str());
        let name = if module.name.bytes().all(|b| b.is_ascii_digit()) { parent } else { &module.name };
        let name = name.to_owned();
        let index = self.add(Written {
            body,
            class: class.filter(|_| !plain),
            may_fold: part.is_whole,
            inputs: Vec::new(),
            name,
        });
        Step {
            head,
            flows: primary.into_iter().collect(),
            arguments: Vec::new(),
            tail: vec![Token::Body(index)],
            named,
            results: results.into_iter().map(Some).collect(),
            is_layer: false,
        }
    }

    /// The name of a module among its siblings.
    fn own_name(&self, part: &Part) -> String {
        let graph = self.graph();
        let module = graph.module(part.module);
        let twins = module.parent.map_or(0, |p| {
            let before = graph.module(p).children.iter().take_while(|c| **c != part.module);
            before.filter(|c| graph.module(**c).name == module.name).count()
        });
        if twins == 0 { module.name.clone() } else { format!("{}_{twins}", module.name) }
    }
}

fn value(token: &Token) -> Option<TensorId> {
    match token {
        Token::Value(t) => Some(*t),
        _ => None,
    }
}

fn members(part: &Part, into: &mut BTreeSet<NodeId>) {
    for item in &part.items {
        match item {
            Item::Node(id) => {
                into.insert(*id);
            }
            Item::Part(part) => members(part, into),
        }
    }
}
