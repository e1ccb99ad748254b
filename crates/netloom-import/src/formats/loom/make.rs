//! Makes parts of the graph: nodes with their shape rule run at once, weights, small constants, modules.

use std::collections::BTreeMap;

use netloom_graph::infer::Infer;
use netloom_graph::{
    Attribute, DType, Dim, Graph, ModuleId, ModuleKind, Node, NodeId, Producer, RegionId, Shape, Storage,
    Tensor, TensorId, Value, ValueType, Weight,
};

use super::ast::Span;
use super::problem::Problem;
use crate::error::Grouped;

/// The most nodes, connections, modules, statements and repetitions that one text may ask for.
pub const MAX_PARTS: usize = 300_000;

/// The most bytes of the path of a module.
pub const MAX_PATH: usize = 1000;

/// The most shapes that a message lists.
const MAX_SHAPES_TOLD: usize = 8;

/// A result, or a mistake that has yet to be told.
pub type Made<T> = Result<T, Problem>;

/// Where new parts go.
#[derive(Debug)]
struct Place {
    module: ModuleId,
    /// The path under which weights are kept; a part that is applied again keeps the one of its first use.
    weights: String,
    /// How often each name has been asked for.
    taken: BTreeMap<String, usize>,
    /// Where parts that are applied again keep their weights.
    aliases: BTreeMap<String, String>,
    /// Whether it holds one layer and nothing else.
    is_layer: bool,
}

/// A module begun for the parts of a layer.
#[derive(Debug)]
#[must_use]
pub struct Parts {
    is_own: bool,
}

impl Place {
    fn new(module: ModuleId, weights: String) -> Self {
        Self { module, weights, taken: BTreeMap::new(), aliases: BTreeMap::new(), is_layer: false }
    }
}

/// A graph under construction.
#[derive(Debug)]
pub struct Maker {
    /// The graph so far.
    pub graph: Graph,
    /// The body of a control-flow operator that nodes are being added to.
    pub region: Option<RegionId>,
    /// What a call says of its weights: another name, or a stored value to use.
    pub given: Vec<(String, GivenWeight)>,
    /// What the next node is said to give, where no rule can tell.
    pub gives: Vec<ValueType>,
    places: Vec<Place>,
    /// Groups that have ended, to go on with.
    ended: BTreeMap<ModuleId, Place>,
    weights: BTreeMap<String, TensorId>,
    parts: usize,
}

/// What a call says of one of its weights.
#[derive(Clone, PartialEq, Debug)]
pub enum GivenWeight {
    /// It is this stored value.
    Value(TensorId),
    /// It is kept under this path, from the part on; or it is the weight that has this path.
    Path(String),
}

impl Maker {
    /// An empty graph.
    pub fn new(name: &str) -> Self {
        let graph = Graph::new(name);
        let root = Place::new(graph.root(), String::new());
        Self {
            graph,
            region: None,
            given: Vec::new(),
            gives: Vec::new(),
            places: vec![root],
            ended: BTreeMap::new(),
            weights: BTreeMap::new(),
            parts: 0,
        }
    }

    fn place(&mut self) -> &mut Place {
        self.places.last_mut().expect("the root place is never left")
    }

    /// The module that parts are being added to.
    pub fn module(&self) -> ModuleId {
        self.places.last().map_or(self.graph.root(), |p| p.module)
    }

    /// The path under which weights of a part of this name are kept.
    pub fn weight_path(&self, name: &str) -> String {
        let Some(place) = self.places.last() else { return name.to_owned() };
        place.aliases.get(name).cloned().unwrap_or_else(|| join(&place.weights, name))
    }

    /// Makes a part of the current module keep its weights under another path: that of its first use.
    pub fn alias(&mut self, name: &str, weights: String) {
        self.place().aliases.insert(name.to_owned(), weights);
    }

    /// How many modules are open, to go back there after a mistake by [`Maker::back_to`].
    pub fn depth(&self) -> usize {
        self.places.len()
    }

    /// Ends all modules begun since [`Maker::depth`] gave this number.
    pub fn back_to(&mut self, depth: usize) {
        self.places.truncate(depth.max(1));
    }

    /// The path of something of this name in the current module.
    pub fn path(&self, name: &str) -> String {
        join(&self.graph.module(self.module()).path, name)
    }

    /// Counts one part against [`MAX_PARTS`].
    pub fn count(&mut self, span: &Span) -> Made<()> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > MAX_PARTS + 1 {
            return Err(Problem::follows());
        }
        if self.parts > MAX_PARTS {
            return Err(Problem::new(
                span.clone(),
                format!("expected a network of at most {} parts", Grouped(MAX_PARTS as u64)),
            )
            .with_hint("repetitions inside one another multiply"));
        }
        Ok(())
    }

    /// A name that nothing else in the current module has: itself, or itself with a number.
    pub fn unique(&mut self, name: &str) -> String {
        let taken = &mut self.place().taken;
        let mut candidate = name.to_owned();
        while let Some(count) = taken.get_mut(&candidate) {
            candidate = format!("{name}_{count}");
            *count += 1;
        }
        taken.insert(candidate.clone(), 1);
        candidate
    }

    /// Begins a module inside the current one; [`Maker::leave`] ends it.
    pub fn enter(&mut self, name: &str, class: Option<&str>, span: &Span) -> Made<()> {
        self.count(span)?;
        let weights = self.weight_path(name);
        if self.path(name).len().max(weights.len()) > MAX_PATH {
            return Err(Problem::new(span.clone(), format!("expected paths of at most {MAX_PATH} bytes")));
        }
        let module = self.graph.add_module(self.module(), name, ModuleKind::Module);
        self.graph.module_mut(module).class = class.map(str::to_owned);
        self.places.push(Place::new(module, weights));
        Ok(())
    }

    /// Begins a part that is one layer: its nodes stand in a module of this name, its weights right below it. `inner` is
    /// what the layer calls itself.
    pub fn enter_layer(&mut self, name: &str, inner: &str, span: &Span) -> Made<()> {
        self.enter(name, None, span)?;
        let place = self.place();
        let weights = place.weights.clone();
        place.aliases.insert(inner.to_owned(), weights);
        place.is_layer = true;
        place.taken.insert(inner.to_owned(), 1);
        Ok(())
    }

    /// Begins a module that a layer of several operators is, unless it has one already.
    pub fn enter_parts(&mut self, name: &str, class: &str, span: &Span) -> Made<Parts> {
        if self.places.last().is_some_and(|p| p.is_layer) {
            let module = self.module();
            self.graph.module_mut(module).class = Some(class.to_owned());
            return Ok(Parts { is_own: false });
        }
        self.enter(name, Some(class), span)?;
        Ok(Parts { is_own: true })
    }

    /// Ends what [`Maker::enter_parts`] began.
    pub fn leave_parts(&mut self, parts: Parts) {
        if parts.is_own {
            self.leave();
        }
    }

    /// Goes on with a group of the current module that has ended.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn enter_again(&mut self, name: &str, span: &Span) -> Made<()> {
        self.count(span)?;
        let child = self.graph.child(self.module(), name);
        match child.and_then(|m| self.ended.remove(&m)) {
            Some(place) => {
                self.places.push(place);
                Ok(())
            }
            None => {
                Err(Problem::new(span.clone(), format!("expected a part `{name}` to go on with, found none"))
                    .with_hint(format!("`{name}: {{ … }}` begins it")))
            }
        }
    }

    /// Ends the module begun last.
    pub fn leave(&mut self) {
        if self.places.len() > 1
            && let Some(place) = self.places.pop()
        {
            self.ended.insert(place.module, place);
        }
    }

    /// The weight of a path, if there is one.
    pub fn weight_of(&self, path: &str) -> Option<TensorId> {
        self.weights.get(path).copied()
    }

    /// Adds a node of the standard ONNX set and works out its outputs.
    ///
    /// # Errors
    /// When the inputs contradict the operator.
    pub fn node(
        &mut self,
        op: &str,
        name: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
        span: &Span,
    ) -> Made<Vec<TensorId>> {
        let node = Node::new(op, self.module());
        self.add(node, name, inputs, attributes, outputs, span)
    }

    /// Adds a node that stands for something nobody knows.
    pub fn sketch(
        &mut self,
        op: &str,
        name: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
        span: &Span,
    ) -> Made<Vec<TensorId>> {
        let mut node = Node::in_domain("loom", op, 0, self.module());
        node.layer = None;
        self.add(node, name, inputs, attributes, outputs, span)
    }

    /// Adds a node of any operator set.
    ///
    /// # Errors
    /// When the inputs contradict the operator.
    #[expect(clippy::too_many_arguments, reason = "a node in its parts")]
    pub fn node_in(
        &mut self,
        (domain, opset): (&str, i64),
        op: &str,
        name: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
        span: &Span,
    ) -> Made<Vec<TensorId>> {
        let node = Node::in_domain(domain, op, opset, self.module());
        self.add(node, name, inputs, attributes, outputs, span)
    }

    fn add(
        &mut self,
        mut node: Node,
        name: &str,
        inputs: Vec<Option<TensorId>>,
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
        span: &Span,
    ) -> Made<Vec<TensorId>> {
        for _ in &inputs {
            self.count(span)?;
        }
        let mut results = Vec::new();
        let gives = std::mem::take(&mut self.gives);
        for i in 0..outputs.max(1) {
            self.count(span)?;
            let own = if i == 0 { self.path(name) } else { format!("{}.{i}", self.path(name)) };
            let ty = gives.get(i).cloned().unwrap_or(ValueType::Unknown);
            results.push(self.graph.add_tensor(Tensor::new(own, ty)));
        }
        name.clone_into(&mut node.name);
        node.region = self.region;
        for (key, value) in attributes {
            node.attributes.set(key, value);
        }
        let node = node.with_inputs(inputs).with_outputs(results.iter().copied().map(Some));
        let rule = node.layer.map(|l| l.infer);
        let id = self.graph.add_node(node);
        let bodies: Vec<RegionId> = self.graph.regions_of(id).collect();
        for body in bodies {
            self.graph.own_region(body, id);
        }
        if let Some(rule) = rule {
            let before = self.graph.diagnostics.len();
            let done = rule(&mut Infer::new(&mut self.graph, id));
            // Whoever reads the graph runs inference over all of it, and gets these remarks then.
            self.graph.diagnostics.truncate(before);
            if gives.is_empty() {
                done.map_err(|e| self.contradiction(id, &e.to_string(), span))?;
            }
        }
        Ok(results)
    }

    /// What a shape rule says, with the shapes that it saw.
    fn contradiction(&self, node: NodeId, message: &str, span: &Span) -> Problem {
        let node = self.graph.node(node);
        let problem = Problem::new(span.clone(), message);
        let flowing = node.inputs.iter().flatten().map(|t| self.graph.tensor(*t)).filter(|t| !t.is_stored());
        let shapes: Vec<String> = flowing.take(MAX_SHAPES_TOLD).map(|t| t.ty.shape().to_string()).collect();
        match shapes.as_slice() {
            [] => problem,
            [one] => problem.with_hint(format!("its input is {one}")),
            many => {
                let all = format!("its inputs are {}", many.join(", "));
                problem.with_hint(match node.op.as_str() {
                    "Add" | "Sub" | "Mul" | "Sum" | "Concat" => {
                        format!("{all}; `pad=\"same\"` makes convolutions and pools keep sizes, `conv(n, 1)` changes channels")
                    }
                    _ => all,
                })
            }
        }
    }

    /// A learned tensor of the part `owner`; the same one again when the part is applied again.
    ///
    /// # Errors
    /// When the part was applied before to something that needs another shape.
    pub fn weight(
        &mut self,
        owner: &str,
        name: &str,
        dtype: DType,
        dims: Vec<Dim>,
        span: &Span,
    ) -> Made<TensorId> {
        if let Some(n) = dims.iter().filter_map(Dim::as_known).find(|n| *n < 1) {
            return Err(Problem::new(
                span.clone(),
                format!("expected a weight of at least 1 in each dimension, found {n}"),
            ));
        }
        let shape = Shape::Ranked(dims);
        let mut path = join(&self.weight_path(owner), name);
        match self.given.iter().find(|(n, _)| n == name).map(|(_, w)| w.clone()) {
            Some(GivenWeight::Value(id)) => {
                let found = self.graph.tensor(id).ty.shape();
                if *found != shape {
                    let message = format!("expected a value of {shape} as `{name}`, found {found}");
                    return Err(Problem::new(span.clone(), message));
                }
                return Ok(id);
            }
            Some(GivenWeight::Path(own)) if self.weights.contains_key(&own) => path = own,
            Some(GivenWeight::Path(own)) => path = join(&self.weight_path(owner), &own),
            None => {}
        }
        if let Some(id) = self.weights.get(&path) {
            let first = self.graph.tensor(*id).ty.shape();
            if *first != shape {
                return Err(Problem::new(
                    span.clone(),
                    format!("expected to share the weight `{path}` of {first}, found a need for {shape}"),
                )
                .with_hint("a part that is applied again takes the same number of channels"));
            }
            return Ok(*id);
        }
        let mut tensor = Tensor::new(path.clone(), ValueType::tensor(dtype, shape.clone()));
        tensor.producer = Producer::Stored;
        tensor.weight = Some(Weight::new(Some(dtype), shape, Storage::Absent));
        let id = self.graph.add_tensor(tensor);
        self.weights.insert(path, id);
        Ok(id)
    }

    /// A constant list of integers.
    pub fn ints(&mut self, owner: &str, name: &str, elements: Vec<Dim>) -> TensorId {
        self.constant(owner, name, DType::Int64, Value::ints(elements))
    }

    /// A constant integer.
    pub fn int(&mut self, owner: &str, name: &str, element: i64) -> TensorId {
        self.constant(owner, name, DType::Int64, Value::int(element))
    }

    /// A constant list of numbers.
    pub fn floats(&mut self, owner: &str, name: &str, elements: Vec<f64>) -> TensorId {
        self.constant(owner, name, DType::Float32, Value::floats(elements))
    }

    /// A constant number.
    pub fn float(&mut self, owner: &str, name: &str, element: f64, dtype: DType) -> TensorId {
        let value = Value { dims: Vec::new(), ..Value::floats(vec![element]) };
        self.constant(owner, name, dtype, value)
    }

    /// A stored number that says that something is so.
    pub fn yes(&mut self, owner: &str, name: &str) -> TensorId {
        self.constant(owner, name, DType::Bool, Value::int(1))
    }

    fn constant(&mut self, owner: &str, name: &str, dtype: DType, value: Value) -> TensorId {
        let dims = value.dims.iter().map(|n| Dim::Known(i64::try_from(*n).unwrap_or(i64::MAX)));
        let shape = Shape::Ranked(dims.collect());
        self.stored(owner, name, dtype, shape, Some(value))
    }

    /// A stored tensor that no layer owns, with its elements if they are known.
    pub fn stored(
        &mut self,
        owner: &str,
        name: &str,
        dtype: DType,
        shape: Shape,
        value: Option<Value>,
    ) -> TensorId {
        let path = self.path(&join(owner, name));
        let mut tensor = Tensor::new(path, ValueType::tensor(dtype, shape.clone()));
        tensor.producer = Producer::Stored;
        tensor.weight = Some(Weight::new(Some(dtype), shape, Storage::Absent));
        tensor.value = value;
        self.graph.add_tensor(tensor)
    }

    /// The dimensions of a tensor, if their number is known.
    pub fn dims(&self, tensor: TensorId) -> Option<Vec<Dim>> {
        self.graph.tensor(tensor).ty.shape().dims().map(<[Dim]>::to_vec)
    }

    /// The element type that weights beside this input have.
    pub fn dtype(&self, tensor: TensorId) -> DType {
        self.graph.tensor(tensor).ty.dtype().filter(|d| d.is_float()).unwrap_or(DType::Float32)
    }
}

fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{path}.{name}"),
    }
}
