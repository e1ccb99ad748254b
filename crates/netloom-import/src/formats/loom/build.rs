//! A tree of the notation to a graph: names are looked up, blocks written out, repetitions unrolled.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{DType, Diagnostic, Dim, Graph, Shape, Tensor, TensorId, ValueType, layers as kinds};

use super::ast::{Argument, Atom, Block, Chain, ExprKind, Extent, File, Input, Item, Name, Span, Statement};
use super::call::{Arg, Call, Given, plural};
use super::layers::{self, Row};
use super::make::{GivenWeight, Made, Maker};
use super::parser::{MAX_PROBLEMS, RESERVED, suggestion};
use super::problem::{Problem, nearest};

/// How deep blocks, groups and branches may stand inside one another once blocks are written out.
pub const MAX_DEPTH: usize = 64;

/// The most values side by side.
pub const MAX_FLOW: usize = 256;

/// What flows along a chain: one value, or several side by side.
type Flow = Vec<TensorId>;

/// Builds the graph of a text. Mistakes are added to `problems`; the graph is of use only when there are none.
pub fn build(file: &File, problems: &mut Vec<Problem>) -> Graph {
    let name = file.model.as_ref().map_or("", |n| n.text.as_str());
    let mut builder = Builder {
        maker: Maker::new(name),
        blocks: file.blocks.iter().map(|b| (b.name.text.as_str(), b)).collect(),
        scopes: vec![Scope::new(Current::Nothing, true)],
        symbols: BTreeMap::new(),
        open_blocks: Vec::new(),
        depth: 0,
        bodies: Vec::new(),
        sketched: BTreeSet::new(),
        problems,
    };
    let end = file.body.last().map_or(0, end_of);
    let result = builder.body(&file.body).and_then(|()| builder.result(end..end));
    match result {
        Ok(outputs) => outputs.into_iter().for_each(|t| builder.maker.graph.mark_output(t)),
        Err(problem) => builder.tell(problem),
    }
    let mut graph = builder.maker.graph;
    "loom".clone_into(&mut graph.format);
    let root = graph.root();
    graph.module_mut(root).class = file.model.as_ref().map(|n| n.text.clone());
    graph
}

fn start_of(statement: &Statement) -> usize {
    match statement {
        Statement::Input(inputs) => inputs.first().map_or(0, |i| i.name.span.start),
        Statement::Output(chains) => chains.first().map_or(0, |c| c.span.start),
        Statement::Chain { chain, .. } => chain.span.start,
    }
}

fn end_of(statement: &Statement) -> usize {
    match statement {
        Statement::Input(inputs) => inputs.last().map_or(0, |i| i.name.span.end),
        Statement::Output(chains) => chains.last().map_or(0, |c| c.span.end),
        Statement::Chain { chain, .. } => chain.span.end,
    }
}

/// What a name stands for.
#[derive(Clone)]
enum Binding<'a> {
    /// A number, text, list or value.
    Arg(Arg),
    /// A part that can be applied again, and where its weights are kept.
    Label(&'a Item, String),
    /// Something that could not be made; the mistake has been told.
    Broken,
}

/// The value that a chain without beginning starts from.
enum Current {
    Nothing,
    /// Several inputs were declared: which one to start from must be said.
    Ambiguous(usize),
    Flow(Flow),
    Broken,
}

struct Scope<'a> {
    names: BTreeMap<&'a str, Binding<'a>>,
    current: Current,
    outputs: Option<Flow>,
    /// What flowed into a block, until its `input` names it.
    arguments: Flow,
    /// Whether names outside are out of sight: in blocks, and at the top.
    closed: bool,
}

impl Scope<'_> {
    fn new(current: Current, closed: bool) -> Self {
        let arguments = if let Current::Flow(flow) = &current { flow.clone() } else { Vec::new() };
        Self { names: BTreeMap::new(), current, outputs: None, arguments, closed }
    }
}

/// How a part gets its name.
enum Part {
    /// From what it is.
    Auto,
    /// As given; already unique.
    Exact(String),
}

/// Where an item gets its inputs.
enum Incoming {
    /// It begins a chain: values among its arguments, else the current value.
    Start,
    /// From the item before it.
    Flow(Flow),
}

struct Builder<'a> {
    maker: Maker,
    blocks: BTreeMap<&'a str, &'a Block>,
    scopes: Vec<Scope<'a>>,
    symbols: BTreeMap<&'a str, Dim>,
    /// Blocks being written out, outermost first.
    open_blocks: Vec<&'a str>,
    depth: usize,
    /// The scopes that are bodies of control-flow operators, as their numbers.
    bodies: Vec<usize>,
    /// Unknown layers that have been noted.
    sketched: BTreeSet<String>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Builder<'a> {
    fn tell(&mut self, problem: Problem) {
        if !problem.is_silent() && !self.problems.contains(&problem) && self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn scope(&mut self) -> &mut Scope<'a> {
        self.scopes.last_mut().expect("the outermost scope is never left")
    }

    /// Whether the innermost scope is the body of a control-flow operator.
    fn in_body(&self) -> bool {
        self.bodies.last() == Some(&self.scopes.len())
    }

    fn visible(&self) -> impl Iterator<Item = &Scope<'a>> {
        let from = self.scopes.iter().rposition(|s| s.closed).unwrap_or(0);
        self.scopes[from..].iter().rev()
    }

    fn find(&self, name: &str) -> Option<&Binding<'a>> {
        self.visible().find_map(|s| s.names.get(name))
    }

    /// Does every statement, then fails if one did.
    fn body(&mut self, body: &'a [Statement]) -> Made<()> {
        let mut failed = false;
        for statement in body {
            let (places, scopes, blocks, depth) =
                (self.maker.depth(), self.scopes.len(), self.open_blocks.len(), self.depth);
            let (bodies, region) = (self.bodies.len(), self.maker.region);
            if let Err(problem) = self.statement(statement) {
                failed = true;
                self.tell(problem);
                self.maker.back_to(places);
                self.scopes.truncate(scopes);
                self.open_blocks.truncate(blocks);
                self.bodies.truncate(bodies);
                self.maker.region = region;
                self.maker.given.clear();
                self.depth = depth;
                if let Statement::Chain { names, .. } = statement {
                    for name in names {
                        self.scope().names.insert(&name.text, Binding::Broken);
                    }
                }
                self.scope().current = Current::Broken;
            }
        }
        if failed { Err(Problem::follows()) } else { Ok(()) }
    }

    /// What a finished body gives: its outputs, else its current value.
    fn result(&mut self, span: Span) -> Made<Flow> {
        if let Some(outputs) = self.scope().outputs.take() {
            return Ok(outputs);
        }
        self.current(&span).map_err(|mut p| {
            if !p.is_silent() && !p.message.contains("inputs") {
                "expected an input and layers, found an empty model".clone_into(&mut p.message);
            }
            p
        })
    }

    fn statement(&mut self, statement: &'a Statement) -> Made<()> {
        self.maker.count(&(start_of(statement)..end_of(statement)))?;
        match statement {
            Statement::Input(inputs) if self.scopes.len() == 1 || self.in_body() => {
                inputs.iter().try_for_each(|i| self.model_input(i))
            }
            Statement::Input(inputs) => self.block_inputs(inputs),
            Statement::Output(chains) => {
                for chain in chains {
                    let flow = self.chain(chain, 1)?;
                    self.scope().outputs.get_or_insert_default().extend(flow);
                }
                Ok(())
            }
            Statement::Chain { names, chain } => self.assign(names, chain),
        }
    }

    fn assign(&mut self, names: &'a [Name], chain: &'a Chain) -> Made<()> {
        let before = self.maker.graph.tensors().len();
        let flow = self.chain(chain, names.len().max(1))?;
        if names.len() > 1 && flow.len() != names.len() {
            let message = format!("expected {}, found {}", plural(names.len(), "result"), flow.len());
            return Err(Problem::new(chain.span.clone(), message));
        }
        for (i, name) in names.iter().enumerate() {
            if matches!(self.scope().names.get(name.text.as_str()), Some(Binding::Label(..))) {
                return Err(Problem::new(name.span.clone(), format!("`{}` already names a part", name.text)));
            }
            if name.text == "_" {
                continue;
            }
            let own = if names.len() > 1 { flow[i..=i].to_vec() } else { flow.clone() };
            // A result made here takes the name; a value that came from elsewhere keeps its own.
            if let [tensor] = own[..]
                && tensor.index() >= before
                && !self.maker.graph.tensor(tensor).is_stored()
            {
                self.maker.graph.tensor_mut(tensor).name = self.maker.path(&name.text);
            }
            self.scope().names.insert(&name.text, Binding::Arg(Arg::Flow(own)));
        }
        self.scope().current = Current::Flow(flow);
        Ok(())
    }

    fn model_input(&mut self, input: &'a Input) -> Made<()> {
        let dtype = match &input.dtype {
            None => DType::Float32,
            Some(name) if name.text == "any" => DType::Float32,
            Some(name) => DType::from_name(&name.text).ok_or_else(|| {
                let hint = suggestion(&name.text, DType::ALL.iter().map(|d| d.name()))
                    .unwrap_or_else(|| "for example float32, float16, int64 or bool".to_owned());
                Problem::new(name.span.clone(), format!("unknown element type `{}`", name.text))
                    .with_hint(hint)
            })?,
        };
        let name = &input.name;
        if self.scope().names.contains_key(name.text.as_str()) {
            return Err(Problem::new(name.span.clone(), format!("`{}` already has a meaning", name.text)));
        }
        let mut shape = Shape::Unranked;
        if let Some(extents) = &input.shape {
            let dims: Made<Vec<Dim>> = extents.iter().map(|e| self.extent(e)).collect();
            shape = Shape::Ranked(dims?);
        }
        self.maker.count(&name.span)?;
        let ty = match &input.dtype {
            Some(name) if name.text == "any" && input.shape.is_none() => ValueType::Unknown,
            Some(name) if name.text == "any" => ValueType::Tensor { dtype: None, shape },
            _ => ValueType::tensor(dtype, shape),
        };
        let tensor = self.maker.graph.add_tensor(Tensor::new(name.text.clone(), ty));
        match self.maker.region.filter(|_| self.scopes.len() > 1) {
            Some(region) => self.maker.graph.mark_region_input(region, tensor),
            None => self.maker.graph.mark_input(tensor),
        }
        let scope = self.scope();
        scope.names.insert(&name.text, Binding::Arg(Arg::Flow(vec![tensor])));
        scope.current = match scope.current {
            Current::Nothing => Current::Flow(vec![tensor]),
            Current::Ambiguous(n) => Current::Ambiguous(n + 1),
            _ => Current::Ambiguous(2),
        };
        Ok(())
    }

    fn extent(&mut self, extent: &'a Extent) -> Made<Dim> {
        Ok(match extent {
            Extent::Number(n) => Dim::Known(*n),
            Extent::Unknown => Dim::Unknown,
            Extent::Symbol(name) => {
                let dim = Dim::symbol(&name.text);
                self.symbols.insert(&name.text, dim.clone());
                dim
            }
            Extent::Expr(expr) => {
                // Symbols in arithmetic need no other declaration.
                let value = super::eval::eval(expr, &mut |word, _| Ok(Arg::Dim(Dim::symbol(word))))?;
                match value {
                    Arg::Dim(dim) => dim,
                    Arg::Text(text) => Dim::parse(&text),
                    other => {
                        let message = format!("expected a dimension, found {}", other.describe());
                        return Err(Problem::new(expr.span.clone(), message));
                    }
                }
            }
        })
    }

    fn block_inputs(&mut self, inputs: &'a [Input]) -> Made<()> {
        for input in inputs {
            let span = input.name.span.clone();
            if !self.scope().closed {
                return Err(Problem::new(span, "expected `input` at the top of a text or of a block"));
            }
            if input.dtype.is_some() || input.shape.is_some() {
                let message = format!(
                    "expected the name of a block's input alone, found a type of `{}`",
                    input.name.text
                );
                return Err(Problem::new(span, message).with_hint("a block takes the shape that flows in"));
            }
            let scope = self.scope();
            if scope.arguments.is_empty() {
                let block = self.open_blocks.last().copied().unwrap_or_default();
                return Err(Problem::new(
                    span,
                    format!("nothing flows into block `{block}` for `{}`", input.name.text),
                ));
            }
            let value = scope.arguments.remove(0);
            scope.names.insert(&input.name.text, Binding::Arg(Arg::Flow(vec![value])));
            scope.current = Current::Flow(vec![value]);
        }
        if self.scope().arguments.is_empty() {
            return Ok(());
        }
        let (block, n) = (self.open_blocks.last().copied().unwrap_or_default(), inputs.len());
        let found = n + self.scope().arguments.len();
        let span = inputs.first().map_or(0..0, |i| i.name.span.clone());
        Err(Problem::new(span, format!("expected {} of block `{block}`, found {found}", plural(n, "input"))))
    }

    fn current(&mut self, span: &Span) -> Made<Flow> {
        match &self.scope().current {
            Current::Flow(flow) => Ok(flow.clone()),
            Current::Broken => Err(Problem::follows()),
            Current::Nothing => Err(Problem::new(span.clone(), "expected a value to start from, found none")
                .with_hint("declare one first: `input x [1, 3, 224, 224]`")),
            Current::Ambiguous(n) => {
                let message = format!("expected a value to start from, found {n} inputs");
                Err(Problem::new(span.clone(), message)
                    .with_hint("begin with the one that is meant, as in `x > relu`"))
            }
        }
    }

    fn chain(&mut self, chain: &'a Chain, wanted: usize) -> Made<Flow> {
        let mut incoming = Incoming::Start;
        let last = chain.items.len().saturating_sub(1);
        for (i, item) in chain.items.iter().enumerate() {
            let wanted = if i == last { wanted } else { 1 };
            let flow = match (i, self.reference(item)?) {
                (0, Some(flow)) => flow,
                (_, Some(_)) => return Err(self.misplaced_value(item)),
                (_, None) => self.item(item, incoming, wanted)?,
            };
            if flow.len() > MAX_FLOW {
                let message =
                    format!("expected at most {MAX_FLOW} values side by side, found {}", flow.len());
                return Err(Problem::new(item.span.clone(), message));
            }
            incoming = Incoming::Flow(flow);
        }
        match incoming {
            Incoming::Flow(flow) => Ok(flow),
            Incoming::Start => self.current(&chain.span),
        }
    }

    /// The value that an item names, if it is no more than a name of a value.
    fn reference(&mut self, item: &'a Item) -> Made<Option<Flow>> {
        let Atom::Call { name, called: false, .. } = &item.atom else { return Ok(None) };
        if name.text == "same" {
            return self.plain(item, "same").and_then(|()| self.current(&name.span)).map(Some);
        }
        match self.find(&name.text) {
            Some(Binding::Broken) => Err(Problem::follows()),
            Some(Binding::Arg(Arg::Flow(flow))) => {
                let flow = flow.clone();
                self.plain(item, &name.text)?;
                Ok(Some(flow))
            }
            Some(Binding::Arg(other)) if layers::find(&name.text).is_none() => {
                let message = format!(
                    "expected a layer or a value, found `{}`, which is {}",
                    name.text,
                    other.describe()
                );
                Err(Problem::new(name.span.clone(), message))
            }
            _ => Ok(None),
        }
    }

    fn plain(&self, item: &Item, name: &str) -> Made<()> {
        if item.label.is_none() && item.repeat.is_none() && !item.more {
            return Ok(());
        }
        Err(Problem::new(
            item.span.clone(),
            format!("expected a layer to label or repeat, found the value `{name}`"),
        ))
    }

    fn misplaced_value(&self, item: &Item) -> Problem {
        let name = match &item.atom {
            Atom::Call { name, .. } => name.text.as_str(),
            _ => "",
        };
        let problem = Problem::new(item.span.clone(), format!("expected a layer, found the value `{name}`"));
        if name == "same" {
            return problem.with_hint("`same` begins a branch: `[conv(8, 3, pad=1), same] > add`");
        }
        problem.with_hint(format!("join it by a layer: `add({name})` or `concat({name})`"))
    }

    fn item(&mut self, item: &'a Item, incoming: Incoming, wanted: usize) -> Made<Flow> {
        let Some(label) = &item.label else { return self.apply(item, Part::Auto, incoming, wanted) };
        if item.more {
            return self.go_on(label, item, incoming, wanted);
        }
        if let Some((last, _)) = &item.until {
            let mut incoming = incoming;
            for name in self.range(label, *last)? {
                let part = self.numbered(label, &name)?;
                incoming = Incoming::Flow(self.apply(item, part, incoming, wanted)?);
            }
            return match incoming {
                Incoming::Flow(flow) => Ok(flow),
                Incoming::Start => self.current(&item.span),
            };
        }
        match self.scope().names.get(label.text.as_str()) {
            None => {}
            Some(Binding::Label(..)) => {
                let message = format!("label `{}` is used twice", label.text);
                let hint = format!(
                    "to apply the same part again, with the same weights, write `{0}` alone; to add to it, \
                     `more {0}: {{ … }}`",
                    label.text
                );
                return Err(Problem::new(label.span.clone(), message).with_hint(hint));
            }
            Some(_) => {
                return Err(Problem::new(
                    label.span.clone(),
                    format!("`{}` already names a value", label.text),
                ));
            }
        }
        // A word that names a layer goes on naming the layer, not the part.
        if is_layer(&label.text) {
            let part = self.numbered(label, &label.text)?;
            return self.apply(item, part, incoming, wanted);
        }
        let name = self.maker.unique(&label.text);
        let weights = self.maker.weight_path(&name);
        let flow = self.apply(item, Part::Exact(name), incoming, wanted)?;
        self.scope().names.insert(&label.text, Binding::Label(item, weights));
        Ok(flow)
    }

    /// The names of the parts that `0..3:` stands for.
    fn range(&mut self, label: &Name, last: i64) -> Made<Vec<String>> {
        let first: i64 = label.text.parse().unwrap_or(0);
        let mut names = Vec::new();
        for n in first..=last {
            self.maker.count(&label.span)?;
            names.push(n.to_string());
        }
        Ok(names)
    }

    fn numbered(&mut self, label: &Name, name: &str) -> Made<Part> {
        let own = self.maker.unique(name);
        if own != name {
            return Err(Problem::new(label.span.clone(), format!("label `{name}` is used twice")));
        }
        Ok(Part::Exact(own))
    }

    /// `more encoder: { … }`: adds to a group that has ended.
    fn go_on(&mut self, label: &'a Name, item: &'a Item, incoming: Incoming, wanted: usize) -> Made<Flow> {
        if item.repeat.is_some() {
            let message = format!("expected one layer or group after `more {}:`", label.text);
            return Err(Problem::new(item.span.clone(), message));
        }
        let flow = match incoming {
            Incoming::Flow(flow) => Some(flow),
            Incoming::Start => self.current(&item.span).ok(),
        };
        self.maker.enter_again(&label.text, &label.span)?;
        let flow = if let Atom::Group(_, body) = &item.atom {
            self.inside(item, Part::Auto, flow, |b| {
                b.body(body)?;
                b.result(item.span.clone())
            })?
        } else {
            self.once(item, Part::Auto, flow.map_or(Incoming::Start, Incoming::Flow), wanted)?
        };
        self.maker.leave();
        Ok(flow)
    }

    /// Applies an item as often as it says.
    fn apply(&mut self, item: &'a Item, part: Part, incoming: Incoming, wanted: usize) -> Made<Flow> {
        let Some(repeat) = &item.repeat else { return self.once(item, part, incoming, wanted) };
        let count = match self.eval(repeat)? {
            Arg::Dim(Dim::Known(n)) if n >= 1 => n,
            other => {
                let message =
                    format!("expected a number of repetitions of at least 1, found {}", other.describe());
                return Err(Problem::new(repeat.span.clone(), message));
            }
        };
        if item.shared {
            return self.shared(item, count, part, incoming, wanted);
        }
        let container = match (part, &item.atom) {
            (Part::Exact(name), _) => Some(name),
            (Part::Auto, Atom::Group(class, _)) => {
                let name = class.as_ref().map_or_else(|| "group".to_owned(), |c| snake(&c.text));
                Some(self.maker.unique(&name))
            }
            (Part::Auto, Atom::Call { name, .. }) if self.blocks.contains_key(name.text.as_str()) => {
                Some(self.maker.unique(&snake(&name.text)))
            }
            (Part::Auto, _) => None,
        };
        if let Some(name) = &container {
            self.maker.enter(name, None, &item.span)?;
        }
        let mut incoming = incoming;
        for i in 0..count {
            self.maker.count(&repeat.span)?;
            let part = match &container {
                Some(_) => Part::Exact(self.maker.unique(&i.to_string())),
                None => Part::Auto,
            };
            let wanted = if i == count - 1 { wanted } else { 1 };
            let flow = self.once(item, part, incoming, wanted)?;
            if flow.len() > MAX_FLOW {
                let message =
                    format!("expected at most {MAX_FLOW} values side by side, found {}", flow.len());
                return Err(Problem::new(item.span.clone(), message));
            }
            incoming = Incoming::Flow(flow);
        }
        if container.is_some() {
            self.maker.leave();
        }
        match incoming {
            Incoming::Flow(flow) => Ok(flow),
            Incoming::Start => self.current(&item.span),
        }
    }

    /// Steps of a recurrence: one part, applied again and again to its own result.
    fn shared(
        &mut self,
        item: &'a Item,
        count: i64,
        part: Part,
        mut incoming: Incoming,
        wanted: usize,
    ) -> Made<Flow> {
        let base = match (part, &item.atom) {
            (Part::Exact(name), _) => name,
            (Part::Auto, Atom::Call { name, .. } | Atom::Sketch { name, .. }) => {
                self.maker.unique(&snake(&name.text))
            }
            (Part::Auto, Atom::Group(Some(class), _)) => self.maker.unique(&snake(&class.text)),
            (Part::Auto, _) => self.maker.unique("step"),
        };
        let weights = self.maker.weight_path(&base);
        for i in 0..count {
            self.maker.count(&item.span)?;
            let own = if i == 0 { base.clone() } else { self.maker.unique(&base) };
            self.maker.alias(&own, weights.clone());
            let flow = self.once(item, Part::Exact(own), incoming, wanted)?;
            if flow.len() > MAX_FLOW {
                let message =
                    format!("expected at most {MAX_FLOW} values side by side, found {}", flow.len());
                return Err(Problem::new(item.span.clone(), message));
            }
            incoming = Incoming::Flow(flow);
        }
        match incoming {
            Incoming::Flow(flow) => Ok(flow),
            Incoming::Start => self.current(&item.span),
        }
    }

    fn name(&mut self, part: Part, from: &str) -> String {
        match part {
            Part::Exact(name) => name,
            Part::Auto => self.maker.unique(from),
        }
    }

    fn once(&mut self, item: &'a Item, part: Part, incoming: Incoming, wanted: usize) -> Made<Flow> {
        match &item.atom {
            Atom::Call { name, arguments, called } => {
                if let Some(Binding::Label(target, weights)) = self.find(&name.text)
                    && !std::ptr::eq(*target, item)
                {
                    let (target, weights) = (*target, weights.clone());
                    if *called {
                        let message =
                            format!("expected no settings: `{}` is applied again as it is", name.text);
                        return Err(Problem::new(item.span.clone(), message));
                    }
                    let own = self.name(part, &name.text);
                    self.maker.alias(&own, weights);
                    return self.apply(target, Part::Exact(own), incoming, wanted).map_err(|mut p| {
                        // The mistake is in the use, not in the definition, which worked.
                        p.span = item.span.clone();
                        p
                    });
                }
                if let Some(block) = self.blocks.get(name.text.as_str()).copied() {
                    return self.call_block(block, item, arguments, part, incoming);
                }
                let given = self.arguments(arguments)?;
                self.call_layer(name, given, *called, item, part, incoming, wanted)
            }
            Atom::Sketch { name, arguments } => {
                let given = self.arguments(arguments)?;
                self.sketch(name, given, item, part, incoming, wanted)
            }
            Atom::Branches(branches) => {
                let flow = self.incoming(incoming, &item.span, branches)?;
                self.inside(item, part, flow, |b| {
                    let mut results = Vec::new();
                    for branch in branches {
                        b.maker.count(&branch.span)?;
                        results.extend(b.branch(branch)?);
                    }
                    Ok(results)
                })
            }
            Atom::Group(class, body) => {
                let flow = match incoming {
                    Incoming::Flow(flow) => Some(flow),
                    Incoming::Start => self.current(&item.span).ok(),
                };
                let part = match (part, class) {
                    (Part::Auto, Some(class)) => Part::Exact(self.maker.unique(&snake(&class.text))),
                    (part, _) => part,
                };
                let class = class.as_ref().map(|c| c.text.as_str());
                self.inside(item, part, flow, |b| {
                    let module = b.maker.module();
                    if class.is_some() {
                        b.maker.graph.module_mut(module).class = class.map(str::to_owned);
                    }
                    b.body(body)?;
                    b.result(item.span.clone())
                })
            }
        }
    }

    /// One branch; `0..7: part` stands for eight of them, side by side.
    fn branch(&mut self, branch: &'a Chain) -> Made<Flow> {
        let [item] = branch.items.as_slice() else { return self.chain(branch, 1) };
        let (Some(label), Some((last, _))) = (&item.label, &item.until) else {
            return self.chain(branch, 1);
        };
        let mut results = Vec::new();
        for name in self.range(label, *last)? {
            let part = self.numbered(label, &name)?;
            results.extend(self.apply(item, part, Incoming::Start, 1)?);
            if results.len() > MAX_FLOW {
                break;
            }
        }
        Ok(results)
    }

    /// What flows into branches; nothing is needed where every branch names its own beginning.
    fn incoming(&mut self, incoming: Incoming, span: &Span, branches: &'a [Chain]) -> Made<Option<Flow>> {
        match incoming {
            Incoming::Flow(flow) => Ok(Some(flow)),
            Incoming::Start => match self.current(span) {
                Ok(flow) => Ok(Some(flow)),
                Err(problem) => {
                    for item in branches.iter().filter_map(|b| b.items.first()) {
                        if self.reference(item)?.is_none()
                            && matches!(item.atom, Atom::Call { called: false, .. })
                        {
                            return Err(problem);
                        }
                    }
                    Ok(None)
                }
            },
        }
    }

    /// Does something in a scope of its own, in a module of its own if it has a name.
    fn inside(
        &mut self,
        item: &'a Item,
        part: Part,
        flow: Option<Flow>,
        make: impl FnOnce(&mut Self) -> Made<Flow>,
    ) -> Made<Flow> {
        self.deeper(&item.span)?;
        let named = matches!(part, Part::Exact(_));
        if let Part::Exact(name) = &part {
            self.maker.enter(name, None, &item.span)?;
        }
        let current = match flow {
            Some(flow) => Current::Flow(flow),
            None => match self.scope().current {
                Current::Ambiguous(n) => Current::Ambiguous(n),
                Current::Broken => Current::Broken,
                _ => Current::Nothing,
            },
        };
        self.scopes.push(Scope::new(current, false));
        let result = make(self)?;
        self.scopes.pop();
        if named {
            self.maker.leave();
        }
        self.depth -= 1;
        Ok(result)
    }

    fn deeper(&mut self, span: &Span) -> Made<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::new(
                span.clone(),
                format!("expected at most {MAX_DEPTH} parts inside one another"),
            ));
        }
        Ok(())
    }

    fn call_block(
        &mut self,
        block: &'a Block,
        item: &'a Item,
        arguments: &'a [Argument],
        part: Part,
        incoming: Incoming,
    ) -> Made<Flow> {
        let name = block.name.text.as_str();
        if self.open_blocks.contains(&name) {
            return Err(Problem::new(item.span.clone(), format!("block `{name}` contains itself")));
        }
        let parameters: Vec<&str> = block.parameters.iter().map(|(n, _)| n.text.as_str()).collect();
        let given = self.arguments(arguments)?;
        let call = Call::bind(name, &parameters, given, false, item.span.clone())?;
        let flow = match incoming {
            Incoming::Flow(flow) => Current::Flow(flow),
            Incoming::Start => match self.current(&item.span) {
                Ok(flow) => Current::Flow(flow),
                Err(p) if p.is_silent() => return Err(p),
                // A block may begin with a parameter that is a value.
                Err(_) => Current::Nothing,
            },
        };
        self.deeper(&item.span)?;
        let own = self.name(part, &snake(name));
        self.maker.enter(&own, Some(name), &item.span)?;
        self.scopes.push(Scope::new(flow, true));
        self.open_blocks.push(name);
        for (parameter, default) in &block.parameters {
            let value = match (call.get(&parameter.text), default) {
                (Some((value, _)), _) => value.clone(),
                (None, Some(default)) => self.eval(default)?,
                (None, None) => {
                    let all = parameters.join(", ");
                    return Err(call
                        .problem(format!("block `{name}` needs the parameter `{}`", parameter.text))
                        .with_hint(format!("give it in parentheses, in order or by name: `{name}({all})`")));
                }
            };
            self.scope().names.insert(&parameter.text, Binding::Arg(value));
        }
        self.body(&block.body)?;
        let result = self.result(item.span.clone())?;
        self.open_blocks.pop();
        self.scopes.pop();
        self.maker.leave();
        self.depth -= 1;
        Ok(result)
    }

    #[expect(clippy::too_many_arguments, reason = "one call, in its parts")]
    fn call_layer(
        &mut self,
        name: &'a Name,
        given: Vec<Given>,
        called: bool,
        item: &'a Item,
        part: Part,
        incoming: Incoming,
        wanted: usize,
    ) -> Made<Flow> {
        let Some((row, foreign)) = layers::find_or_alias(&name.text) else {
            let kind = kinds::find_by_name("loom", &name.text)
                .or_else(|| kinds::all().find(|k| k.name == name.text));
            let domain = |d: &str| kind.and_then(|k| k.names.iter().find(|(f, _)| *f == d));
            return match (domain("onnx"), domain("loom")) {
                (Some((_, op)), _) => {
                    let set = ("", kinds::NEWEST_OPSET, *op);
                    self.call_operator(set, name, given, item, part, incoming, wanted)
                }
                (None, Some((_, op))) => {
                    self.call_operator(("loom", 0, *op), name, given, item, part, incoming, wanted)
                }
                (None, None) => {
                    self.unknown_layer(name, called || matches!(incoming, Incoming::Flow(_)))?;
                    self.sketch(name, given, item, part, incoming, wanted)
                }
            };
        };
        let is_part = matches!(part, Part::Exact(_)) && row.inputs.1 > 0;
        let mut own = self.name(part, row.name);
        let before = self.maker.depth();
        let (weights, given): (Vec<Given>, Vec<Given>) = given.into_iter().partition(is_weight);
        let mut given_weights = Vec::new();
        for weight in weights {
            let name = weight.name.map_or_else(String::new, |n| n.text);
            given_weights.push((
                name,
                match weight.value {
                    Arg::Flow(flow) if let [value] = flow[..] => GivenWeight::Value(value),
                    Arg::Text(path) => GivenWeight::Path(path),
                    other => {
                        let message = format!(
                            "expected a stored value or its name in quotes, found {}",
                            other.describe()
                        );
                        return Err(Problem::new(weight.span, message));
                    }
                },
            ));
        }
        let (inputs, settings) = self.inputs(row.numbers, &own, given, incoming, item, row.inputs.1 > 0)?;
        let inputs = all_there(inputs, item)?;
        if is_part {
            self.maker.enter_layer(&own, row.name, &item.span)?;
            row.name.clone_into(&mut own);
        }
        let mut call = Call::bind(row.name, row.settings, settings, foreign, item.span.clone())?;
        check_inputs(row, &inputs, &item.span)?;
        call.name = own;
        call.inputs = inputs;
        call.wanted = wanted;
        if foreign {
            call.refuse_channels(&self.maker, &name.text)?;
        }
        let outside = std::mem::replace(&mut self.maker.given, given_weights);
        let made = (row.build)(&mut self.maker, &call);
        self.maker.given = outside;
        let made = made?;
        while self.maker.depth() > before {
            self.maker.leave();
        }
        Ok(made)
    }

    /// An operator that the graph knows and the notation has no rule for: settings go to it as they are.
    #[expect(clippy::too_many_arguments, reason = "one call, in its parts")]
    fn call_operator(
        &mut self,
        (domain, opset, op): (&str, i64, &str),
        name: &'a Name,
        given: Vec<Given>,
        item: &'a Item,
        part: Part,
        incoming: Incoming,
        wanted: usize,
    ) -> Made<Flow> {
        let is_part = matches!(part, Part::Exact(_));
        let kind = kinds::find(domain, op).map_or(op, |k| k.name);
        let mut own = self.name(part, &snake(kind));
        let (inputs, settings) = self.inputs(true, &own, given, incoming, item, true)?;
        if is_part {
            self.maker.enter_layer(&own, kind, &item.span)?;
            own = snake(kind);
        }
        let dtype = inputs.iter().flatten().find_map(|t| self.maker.graph.tensor(*t).ty.dtype());
        let mut attributes = Vec::new();
        let mut gives = Vec::new();
        for given in &settings {
            let Some(key) = &given.name else {
                return Err(Problem::new(
                    given.span.clone(),
                    format!("expected `{}` to get settings by name", name.text),
                ));
            };
            if key.text == GIVES {
                gives = shapes(&given.value, &given.span)?;
                continue;
            }
            attributes.push((key.text.as_str(), given.value.to_attribute()));
        }
        let mut inputs = inputs;
        while inputs.last() == Some(&None) {
            inputs.pop();
        }
        self.maker.gives = gives.into_iter().map(|shape| ValueType::Tensor { dtype, shape }).collect();
        let made = self.maker.node_in((domain, opset), op, &own, inputs, attributes, wanted, &item.span)?;
        if is_part {
            self.maker.leave();
        }
        Ok(made)
    }

    fn sketch(
        &mut self,
        name: &'a Name,
        given: Vec<Given>,
        item: &'a Item,
        part: Part,
        incoming: Incoming,
        wanted: usize,
    ) -> Made<Flow> {
        // `"com.microsoft::FusedConv"` and `"onnx::Relu"` are operators, exactly.
        if let Some((set, op)) = name.text.split_once("::").filter(|(set, op)| is_set(set) && !op.is_empty())
        {
            let (domain, opset) = set.split_once('@').map_or((set, None), |(d, v)| (d, v.parse().ok()));
            let opset = opset.unwrap_or(if domain == "onnx" { kinds::NEWEST_OPSET } else { 1 });
            let domain = if domain == "onnx" { "" } else { domain };
            return self.call_operator((domain, opset, op), name, given, item, part, incoming, wanted);
        }
        let is_part = matches!(part, Part::Exact(_));
        let mut own = self.name(part, &snake(&name.text));
        let (inputs, settings) = self.inputs(false, &own, given, incoming, item, true)?;
        if is_part {
            let inner = snake(&name.text);
            self.maker.enter_layer(&own, &inner, &item.span)?;
            own = inner;
        }
        let mut shape = None;
        let mut attributes = Vec::new();
        for (i, given) in settings.iter().enumerate() {
            match (&given.name, &given.value) {
                (Some(key), Arg::List(items)) if key.text == "shape" => {
                    let dims = items.iter().map(|a| match a {
                        Arg::Dim(d) => Ok(d.clone()),
                        Arg::Text(text) => Ok(Dim::parse(text)),
                        other => {
                            let message =
                                format!("expected dimensions of `shape`, found {}", other.describe());
                            Err(Problem::new(given.span.clone(), message))
                        }
                    });
                    shape = Some(dims.collect::<Result<Vec<Dim>, _>>()?);
                }
                (Some(key), value) => attributes.push((key.text.clone(), value.to_attribute())),
                (None, value) => attributes.push((format!("{}", i + 1), value.to_attribute())),
            }
        }
        let attributes = attributes.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        let dtype = inputs.iter().flatten().next().and_then(|t| self.maker.graph.tensor(*t).ty.dtype());
        let results = self.maker.sketch(&name.text, &own, inputs, attributes, wanted, &item.span)?;
        if is_part {
            self.maker.leave();
        }
        if let (Some(shape), Some(first)) = (shape, results.first()) {
            self.maker.graph.tensor_mut(*first).ty = ValueType::Tensor { dtype, shape: shape.into() };
        }
        Ok(results)
    }

    /// Fails where a name looks like a mistake; notes that it will be a sketch otherwise.
    fn unknown_layer(&mut self, name: &Name, clearly_a_layer: bool) -> Made<()> {
        if let Some(Binding::Arg(Arg::Flow(_))) = self.find(&name.text) {
            let message = format!("expected a layer, found the value `{}`", name.text);
            return Err(Problem::new(name.span.clone(), message)
                .with_hint("a value begins a chain: `a > conv(8, 3)`"));
        }
        let blocks: Vec<&str> = self.blocks.keys().copied().collect();
        let names: Vec<&str> = self.visible().flat_map(|s| s.names.keys().copied()).collect();
        let rows = layers::all().map(|r| r.name).chain(["same"]);
        let near = nearest(&name.text, rows.chain(blocks).chain(names))
            .or_else(|| nearest(&name.text, kinds::all().map(|k| k.name)));
        let problem = Problem::new(name.span.clone(), format!("unknown layer `{}`", name.text));
        if let Some(near) = near {
            return Err(
                problem.with_hint(format!("did you mean `{near}`? A name in quotes is drawn as it is"))
            );
        }
        if !clearly_a_layer {
            let mut problem =
                Problem::new(name.span.clone(), format!("unknown layer or value `{}`", name.text));
            if !self.open_blocks.is_empty() {
                problem.hint = Some(format!(
                    "in a block, `same` is what flows in; `input {}` gives it a name",
                    name.text
                ));
            }
            return Err(problem);
        }
        if !self.sketched.insert(name.text.clone()) {
            return Ok(());
        }
        let path = self.maker.path(&name.text);
        let note = Diagnostic::note(
            path,
            format!("unknown layer `{}`: drawn as a sketch, its result unknown", name.text),
        );
        self.maker.graph.diagnostics.push(note);
        Ok(())
    }

    /// Parts the arguments of a layer into inputs and settings.
    fn inputs(
        &mut self,
        numbers: bool,
        owner: &str,
        given: Vec<Given>,
        incoming: Incoming,
        item: &Item,
        needed: bool,
    ) -> Made<(Vec<Option<TensorId>>, Vec<Given>)> {
        let start = matches!(incoming, Incoming::Start);
        let mut inputs: Vec<Option<TensorId>> = if let Incoming::Flow(flow) = incoming {
            flow.into_iter().map(Some).collect()
        } else {
            Vec::new()
        };
        let mut settings = Vec::new();
        let mut constants = Vec::new();
        let mut has_values = false;
        for given in given {
            match (&given.name, &given.value) {
                (None, Arg::Flow(flow)) => {
                    has_values = true;
                    inputs.extend(flow.iter().copied().map(Some));
                }
                (None, Arg::None) => {
                    has_values = true;
                    inputs.push(None);
                }
                (None, Arg::Dim(_) | Arg::Float(_)) if numbers && given.value.as_float().is_some() => {
                    constants.push((inputs.len(), given.value.as_float()));
                    inputs.push(None);
                }
                _ => settings.push(given),
            }
        }
        if start && !has_values && needed {
            let flow = self.current(&item.span)?;
            constants.iter_mut().for_each(|(at, _)| *at += flow.len());
            inputs.splice(0..0, flow.into_iter().map(Some));
        }
        let known = inputs.iter().flatten().next();
        let dtype = known.and_then(|t| self.maker.graph.tensor(*t).ty.dtype()).unwrap_or(DType::Float32);
        for (i, (at, x)) in constants.into_iter().enumerate() {
            let Some(x) = x else { continue };
            inputs[at] = Some(self.maker.float(owner, &format!("number_{i}"), x, dtype));
        }
        Ok((inputs, settings))
    }

    fn arguments(&mut self, arguments: &'a [Argument]) -> Made<Vec<Given>> {
        let mut given = Vec::new();
        for argument in arguments {
            let mut value = self.eval_argument(argument)?;
            // `pad=same` and `pad="same"` are one.
            if argument.name.is_some() && is_same(argument) {
                value = Arg::Text("same".to_owned());
            }
            given.push(Given { name: argument.name.clone(), value, span: argument.value.span.clone() });
        }
        Ok(given)
    }

    fn eval_argument(&mut self, argument: &'a Argument) -> Made<Arg> {
        if argument.name.is_some() && is_same(argument) {
            return Ok(Arg::Text("same".to_owned()));
        }
        // A part in the place of a weight is the weight of that part.
        if let (Some(name), ExprKind::Word(word)) = (&argument.name, &argument.value.kind)
            && WEIGHTS.contains(&name.text.as_str())
            && let Some(Binding::Label(_, path)) = self.find(word)
        {
            let path = format!("{path}.{}", name.text);
            return match self.maker.weight_of(&path) {
                Some(weight) => Ok(Arg::Flow(vec![weight])),
                None => {
                    let message = format!("the part `{word}` has no `{}`", name.text);
                    Err(Problem::new(argument.value.span.clone(), message))
                }
            };
        }
        if let ExprKind::Call(name, arguments) = &argument.value.kind {
            let Some((row, _)) = layers::find_or_alias(&name.text) else {
                return Err(Problem::new(name.span.clone(), format!("unknown layer `{}`", name.text)));
            };
            let given = self.arguments(arguments)?;
            let mut call = Call::bind(row.name, row.settings, given, false, argument.value.span.clone())?;
            call.name = self.maker.unique(argument.name.as_ref().map_or(row.name, |n| n.text.as_str()));
            return (row.build)(&mut self.maker, &call).map(Arg::Flow);
        }
        if let ExprKind::Body(body) = &argument.value.kind {
            let name = argument.name.as_ref().map_or("body", |n| n.text.as_str());
            return self.region(name, body, &argument.value.span);
        }
        self.eval(&argument.value)
    }
}

/// Whether a word is the name of a layer, of the notation or of the graph.
pub(crate) fn is_layer(word: &str) -> bool {
    layers::find_or_alias(word).is_some()
        || kinds::find_by_name("loom", word).is_some()
        || kinds::all().any(|k| k.name == word)
}

/// The settings that say which tensor a weight is.
const WEIGHTS: &[&str] = &["weight", "bias", "running_mean", "running_var"];

/// Whether an argument says which tensor a weight is; `bias=false` says something else.
fn is_weight(given: &Given) -> bool {
    given.name.as_ref().is_some_and(|n| WEIGHTS.contains(&n.text.as_str()))
        && matches!(given.value, Arg::Flow(_) | Arg::Text(_))
}

/// The setting of an operator that says the shapes of its results, for what no rule can tell.
pub(crate) const GIVES: &str = "gives";

/// `[1, 8]`, or `[[1, 8], [1, 4]]` for several results.
fn shapes(value: &Arg, span: &Span) -> Made<Vec<Shape>> {
    let problem =
        || Problem::new(span.clone(), format!("expected a shape, or a list of shapes, as `{GIVES}`"));
    let Arg::List(items) = value else { return Err(problem()) };
    let dims = |items: &[Arg]| -> Option<Vec<Dim>> {
        let one = |a: &Arg| match a {
            Arg::Dim(d) => Some(d.clone()),
            Arg::Text(text) => Some(Dim::parse(text)),
            _ => None,
        };
        items.iter().map(one).collect()
    };
    if let Some(one) = dims(items) {
        return Ok(vec![Shape::Ranked(one)]);
    }
    let several = items.iter().map(|i| match i {
        Arg::List(inner) => dims(inner).map(Shape::Ranked),
        Arg::None => Some(Shape::Unranked),
        _ => None,
    });
    several.collect::<Option<Vec<Shape>>>().ok_or_else(problem)
}

/// Whether a text names an operator set: `onnx`, `com.microsoft`, `onnx@13`.
fn is_set(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
}

/// The inputs of a layer that needs all it is given.
fn all_there(inputs: Vec<Option<TensorId>>, item: &Item) -> Made<Flow> {
    let all: Option<Flow> = inputs.into_iter().collect();
    all.ok_or_else(|| Problem::new(item.span.clone(), "expected a value, found `none`"))
}

fn is_same(argument: &Argument) -> bool {
    matches!(&argument.value.kind, ExprKind::Word(w) if w == "same")
}

fn check_inputs(row: &Row, inputs: &[TensorId], span: &Span) -> Made<()> {
    let (least, most) = row.inputs;
    let found = inputs.len();
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let expected = match (least, most) {
        (0, 0) => "no inputs".to_owned(),
        (a, b) if a == b => plural(a, "input"),
        (a, usize::MAX) => format!("at least {}", plural(a, "input")),
        (a, b) => format!("{a} to {b} inputs"),
    };
    let problem = Problem::new(span.clone(), format!("`{}` expected {expected}, found {found}", row.name));
    Err(match (found < least, most) {
        (true, _) if least > 1 => problem.with_hint(format!(
            "name the values, `{0}(a, b)`, or give branches, `[…, same] > {0}`",
            row.name
        )),
        (false, 1) => {
            problem.with_hint("join the values first by `add` or `concat`, or begin with one of them")
        }
        _ => problem,
    })
}

/// `BasicBlock` as `basic_block`; what is no letter or digit becomes `_`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_uppercase() && lower_before {
            out.push('_');
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else {
            out.push('_');
        }
    }
    if RESERVED.contains(&out.as_str()) || out.is_empty() { format!("{out}_") } else { out }
}

impl<'a> Builder<'a> {
    /// A body of a control-flow operator; its `input` lines are what it is given.
    fn region(&mut self, name: &str, body: &'a [Statement], span: &Span) -> Made<Arg> {
        self.deeper(span)?;
        let region = self.maker.graph.add_region(name, self.maker.region, self.maker.module());
        let outside = self.maker.region.replace(region);
        self.scopes.push(Scope::new(Current::Nothing, false));
        self.bodies.push(self.scopes.len());
        let made = self.body(body).and_then(|()| self.result(span.clone()));
        self.bodies.pop();
        self.maker.region = outside;
        let flow = made?;
        self.scopes.pop();
        self.depth -= 1;
        for tensor in flow {
            self.maker.graph.mark_region_output(region, tensor);
        }
        Ok(Arg::Body(region))
    }

    fn eval(&mut self, expr: &'a super::ast::Expr) -> Made<Arg> {
        super::eval::eval(expr, &mut |word, span| self.word(word, span))
    }

    fn word(&mut self, word: &str, span: &Span) -> Made<Arg> {
        match word {
            "true" => return Ok(Arg::Bool(true)),
            "false" => return Ok(Arg::Bool(false)),
            "same" => return self.current(span).map(Arg::Flow),
            _ => {}
        }
        if self.find(word).is_none() && !self.symbols.contains_key(word) {
            match word {
                "none" => return Ok(Arg::None),
                "inf" => return Ok(Arg::Float(f64::INFINITY)),
                "nan" => return Ok(Arg::Float(f64::NAN)),
                _ => {}
            }
        }
        match self.find(word) {
            Some(Binding::Arg(arg)) => return Ok(arg.clone()),
            Some(Binding::Broken) => return Err(Problem::follows()),
            Some(Binding::Label(_, path)) => {
                // A label of a parameter names its value.
                return self.maker.weight_of(path).map(|t| Arg::Flow(vec![t])).ok_or_else(|| {
                    Problem::new(
                        span.clone(),
                        format!("expected a number or a value, found the part `{word}`"),
                    )
                });
            }
            None => {}
        }
        if let Some(dim) = self.symbols.get(word) {
            return Ok(Arg::Dim(dim.clone()));
        }
        let names: Vec<&str> = self.visible().flat_map(|s| s.names.keys().copied()).collect();
        let hint = suggestion(
            word,
            names.into_iter().chain(self.symbols.keys().copied()).chain(["true", "false"]),
        )
        .unwrap_or_else(|| {
            format!(
                "a size with a name is declared by an input, as in `input x [{word}, 64]`; text stands in \
                         quotes: \"{word}\""
            )
        });
        Err(Problem::new(span.clone(), format!("unknown name `{word}`")).with_hint(hint))
    }
}
