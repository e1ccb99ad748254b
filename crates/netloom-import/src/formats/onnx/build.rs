//! From the messages of a file to the graph: edges by name, bodies as regions, functions written out at their calls.

use std::collections::BTreeMap;

use netloom_graph::attribute::TensorLiteral;
use netloom_graph::graph::MAX_ELEMENTS;
use netloom_graph::{
    Attribute, Attributes, Diagnostic, Graph, ModuleId, ModuleKind, Node, NodeId, Producer, RegionId, Tensor,
    TensorId, ValueType, Weight,
};

use super::hierarchy::Tree;
use super::model::{
    AttributeProto, AttributeValue, FunctionProto, GraphProto, ModelProto, NodeProto, ValueInfo,
};
use super::names::{Name, Names};
use super::tensor::{SparseProto, TensorProto};
use super::weights::{self, Siblings};
use crate::{Error, Source};

/// The most functions written out inside one another.
pub const MAX_CALLS: usize = 32;

/// The most bodies and calls inside one another at which a further call is written out.
pub const MAX_LEVELS: u32 = 40;

/// The most that calls of functions may add, in names, settings and the like; further calls stay plain nodes. A node
/// counts about six.
pub const MAX_WRITTEN_OUT: usize = 1 << 19;

/// The longest name of a module made for a body or call, in characters.
const MAX_TITLE: usize = 200;

/// The most remarks of one kind; a sentence says how many more there were.
const MAX_REMARKS: usize = 20;

/// Builds the graph.
pub fn build(
    model: &ModelProto,
    network: &GraphProto,
    names: &Names,
    source: &dyn Source,
) -> Result<Graph, Error> {
    let mut graph = Graph::new(names.text(network.name));
    graph.format = "onnx".to_owned();
    graph.producer = [model.producer.trim(), model.producer_version.trim()].join(" ").trim().to_owned();
    let functions = model
        .functions
        .iter()
        .map(|f| ((f.domain, f.name, f.overload), (f, f.weight(names))))
        .collect::<BTreeMap<_, _>>();
    let root = graph.root();
    let mut builder = Builder {
        graph,
        names,
        siblings: Siblings::new(source),
        functions,
        bindings: vec![None; names.len()],
        undo: Vec::new(),
        frame: 0,
        frames: 1,
        level: 0,
        calls: Vec::new(),
        written_out: 0,
        children: BTreeMap::new(),
        titles: BTreeMap::new(),
        opsets: &model.opsets,
        remarks: Remarks::default(),
        wrappers: Vec::new(),
        early: false,
    };
    builder.network(network, root)?;
    if network.annotations > 0 {
        builder.remarks.note("", &format!("{} quantisation annotations are left out", network.annotations));
    }
    if model.has_training {
        builder.remarks.note("", "graphs for training beside the network are left out");
    }
    builder.finish()
}

/// Operator set, name and overload of a function.
type Key = (Name, Name, Name);

/// What a name stands for.
#[derive(Clone, Copy)]
struct Binding {
    /// Nothing for a formal input of a function that the call leaves out.
    tensor: Option<TensorId>,
    /// The function call in whose body the name holds; 0 outside functions.
    frame: u32,
    /// How many bodies the definition stands in.
    level: u32,
}

/// The place where nodes are being added.
#[derive(Clone, Copy)]
struct Place<'p> {
    module: ModuleId,
    region: Option<RegionId>,
    /// The components of the enclosing module's path, which names of nodes inside repeat.
    scope: &'p [String],
    /// The settings of the call whose function is being written out.
    call: Option<&'p Attributes>,
}

struct Builder<'a> {
    graph: Graph,
    names: &'a Names,
    siblings: Siblings<'a>,
    /// Each with how much a call of it adds.
    functions: BTreeMap<Key, (&'a FunctionProto, usize)>,
    /// What each name stands for at this place.
    bindings: Vec<Option<Binding>>,
    /// Bindings to restore when a body or call ends.
    undo: Vec<(Name, Option<Binding>)>,
    frame: u32,
    frames: u32,
    level: u32,
    calls: Vec<Key>,
    written_out: usize,
    children: BTreeMap<(ModuleId, String), ModuleId>,
    /// The last number that was added to a name to tell siblings apart.
    titles: BTreeMap<(ModuleId, String), u32>,
    opsets: &'a [(Name, i64)],
    remarks: Remarks,
    /// Names that wrapped the whole network and were taken off.
    wrappers: Vec<String>,
    /// Whether a name was read before it was made.
    early: bool,
}

impl<'a> Builder<'a> {
    fn network(&mut self, network: &'a GraphProto, root: ModuleId) -> Result<(), Error> {
        let types = types_of(network);
        self.stored(network)?;
        for info in &network.inputs {
            let declared = self.declared(info);
            match self.lookup(info.name).flatten() {
                // Older files list stored tensors among the inputs.
                Some(stored) => {
                    let tensor = self.graph.tensor_mut(stored);
                    tensor.ty = tensor.ty.or(&declared);
                }
                None => {
                    let tensor = self.tensor(info.name, declared)?;
                    self.graph.mark_input(tensor);
                    self.bind(info.name, Some(tensor));
                }
            }
        }
        let place = Place { module: root, region: None, scope: &[], call: None };
        let tree = self.nodes(&network.nodes, &types, place, Some(network))?;
        if let Some(class) = tree.modules.first().and_then(|m| m.class.clone()) {
            self.graph.module_mut(root).class = Some(class);
        }
        if !tree.wrappers.is_empty() {
            let wrapper = tree.wrappers.join(".");
            self.remarks
                .note("", &format!("every node stands in '{wrapper}': it is taken as the model itself"));
        }
        for info in &network.outputs {
            let declared = self.declared(info);
            let tensor = self.read(info.name)?;
            let entry = self.graph.tensor_mut(tensor);
            entry.ty = entry.ty.or(&declared);
            self.graph.mark_output(tensor);
        }
        Ok(())
    }

    /// Adds the stored tensors of a network or body.
    fn stored(&mut self, graph: &'a GraphProto) -> Result<(), Error> {
        for proto in &graph.tensors {
            let name = self.names.text(proto.name).to_owned();
            self.check_stored(&name, proto);
            let mut tensor =
                Tensor::new(name, ValueType::Tensor { dtype: proto.dtype(), shape: proto.shape() });
            tensor.value = self.siblings.value(proto);
            tensor.weight = Some(Weight {
                dtype: proto.dtype(),
                shape: proto.shape(),
                storage: proto.storage.clone(),
                sparse: false,
            });
            self.add_stored(proto.name, tensor)?;
        }
        for proto in &graph.sparse {
            let (dtype, shape) = (proto.values.dtype(), proto.shape());
            let name = self.names.text(proto.values.name);
            let mut tensor = Tensor::new(name, ValueType::Tensor { dtype, shape: shape.clone() });
            tensor.weight =
                Some(Weight { dtype, shape, storage: proto.values.storage.clone(), sparse: true });
            self.add_stored(proto.values.name, tensor)?;
        }
        Ok(())
    }

    fn add_stored(&mut self, name: Name, mut tensor: Tensor) -> Result<(), Error> {
        tensor.producer = Producer::Stored;
        self.check_room()?;
        if self.is_bound_here(name) {
            self.remarks.warn(self.names.text(name), "stored twice: the later one counts");
        }
        let id = self.graph.add_tensor(tensor);
        self.bind(name, Some(id));
        Ok(())
    }

    fn check_stored(&mut self, name: &str, proto: &TensorProto) {
        if proto.dims.iter().any(|d| *d < 0) {
            self.remarks
                .warn(name, "expected dimensions of zero or more, found a negative one: taken as unknown");
        } else if proto.elements().is_none() {
            self.remarks.warn(
                name,
                "expected a number of elements below 2^64, found dimensions whose product is larger",
            );
        } else if let (Some(expected), netloom_graph::Storage::Inline { len, .. }) =
            (proto.byte_len(), &proto.storage)
            && proto.is_raw()
            && *len != expected
        {
            self.remarks.warn(name, &format!("expected {expected} bytes, found {len}"));
        }
        if proto.dtype().is_none() {
            self.remarks.warn(name, &format!("expected a known element type, found number {}", proto.dtype));
        }
    }

    /// The type of a value as declared, with a remark when it makes no sense.
    fn declared(&mut self, info: &ValueInfo) -> ValueType {
        if info.is_negative {
            let name = self.names.text(info.name);
            self.remarks
                .warn(name, "expected dimensions of zero or more, found a negative one: taken as unknown");
        } else if let Some(dims) = info.ty.shape().dims()
            && dims.iter().all(|d| d.as_size().is_some())
            && info.ty.shape().elements().is_none()
        {
            let name = self.names.text(info.name);
            self.remarks.warn(
                name,
                "expected a number of elements below 2^64, found dimensions whose product is larger",
            );
        }
        info.ty.clone()
    }

    /// Adds nodes in file order; their names see what is bound so far.
    fn nodes(
        &mut self,
        nodes: &'a [NodeProto],
        types: &BTreeMap<Name, &'a ValueInfo>,
        place: Place<'_>,
        stored: Option<&GraphProto>,
    ) -> Result<Tree, Error> {
        let mut weights: Vec<Name> = stored.map_or_else(Vec::new, |g| {
            g.tensors.iter().map(|t| t.name).chain(g.sparse.iter().map(|t| t.values.name)).collect()
        });
        if weights.is_empty() {
            // An export without weights lists them among its inputs.
            weights.extend(stored.into_iter().flat_map(|g| &g.inputs).map(|i| i.name));
        }
        weights.sort();
        let is_stored = |n: Name| weights.binary_search(&n).is_ok();
        let tree = if place.region.is_none() && place.call.is_none() {
            let tree = Tree::of_network(nodes, self.names, &is_stored);
            self.wrappers.clone_from(&tree.wrappers);
            tree
        } else {
            Tree::of_body(nodes, self.names, &is_stored)
        };
        let mut modules: Vec<Option<ModuleId>> = vec![None; tree.modules.len()];
        for (node, module) in nodes.iter().zip(&tree.of_node) {
            let module_id = match modules[*module] {
                Some(id) => id,
                None => {
                    let id = self.module(&tree, *module, place)?;
                    modules[*module] = Some(id);
                    id
                }
            };
            // Only bodies need to know the path.
            let has_body = node
                .attributes
                .iter()
                .any(|a| matches!(a.value, AttributeValue::Graph(_) | AttributeValue::Graphs(_)));
            let path: Vec<String> = match has_body {
                true => tree.path(*module).into_iter().map(str::to_owned).collect(),
                false => Vec::new(),
            };
            self.node(node, types, Place { module: module_id, scope: &path, ..place })?;
        }
        Ok(tree)
    }

    /// The module of the graph that a module of the tree is, inside the place. A body's node names repeat the path of
    /// the node that owns the body; that part is left out.
    fn module(&mut self, tree: &Tree, module: usize, place: Place<'_>) -> Result<ModuleId, Error> {
        let mut chain = Vec::new();
        let mut at = module;
        while at != 0 {
            chain.push(at);
            at = tree.modules[at].parent;
        }
        chain.reverse();
        let names = |m: &usize| tree.modules[*m].name.as_str();
        if place.region.is_some() && chain.iter().map(names).zip(&self.wrappers).all(|(m, w)| m == w) {
            chain.drain(..self.wrappers.len().min(chain.len()));
        }
        let repeats = chain.len() >= place.scope.len()
            && chain.iter().zip(place.scope).all(|(m, s)| tree.modules[*m].name == *s);
        let own = if repeats { &chain[place.scope.len()..] } else { &chain[..] };
        let mut at = place.module;
        for step in own {
            let entry = &tree.modules[*step];
            at = self.child(at, &entry.name, ModuleKind::Module)?;
            if let (Some(class), None) = (&entry.class, &self.graph.module(at).class) {
                self.graph.module_mut(at).class = Some(class.clone());
            }
        }
        Ok(at)
    }

    fn child(&mut self, parent: ModuleId, name: &str, kind: ModuleKind) -> Result<ModuleId, Error> {
        if let Some(id) = self.children.get(&(parent, name.to_owned())) {
            return Ok(*id);
        }
        if self.graph.modules().len() >= MAX_ELEMENTS {
            return Err(Error::limit(format!("expected at most {MAX_ELEMENTS} modules, found more")));
        }
        let id = self.graph.add_module(parent, name, kind);
        self.children.insert((parent, name.to_owned()), id);
        Ok(id)
    }

    /// A new module with a name that no sibling has.
    fn fresh_child(&mut self, parent: ModuleId, name: &str, kind: ModuleKind) -> Result<ModuleId, Error> {
        let name: String = name.chars().take(MAX_TITLE).map(|c| if c == '.' { '_' } else { c }).collect();
        let mut unique = name.clone();
        while self.children.contains_key(&(parent, unique.clone())) {
            let n = self.titles.entry((parent, name.clone())).or_insert(1);
            *n += 1;
            unique = format!("{name}_{n}");
        }
        self.child(parent, &unique, kind)
    }

    fn node(
        &mut self,
        proto: &'a NodeProto,
        types: &BTreeMap<Name, &'a ValueInfo>,
        place: Place<'_>,
    ) -> Result<(), Error> {
        let inputs = proto.inputs.iter().map(|n| self.input(*n)).collect::<Result<Vec<_>, _>>()?;
        let key = (proto.domain, proto.op, proto.overload);
        if let Some(function) = self.functions.get(&key).copied()
            && self.may_write_out(key, function, proto)
        {
            self.written_out += function.1;
            return self.call(function.0, key, proto, &inputs, types, place);
        }
        let mut outputs = Vec::with_capacity(proto.outputs.len());
        for name in &proto.outputs {
            outputs.push(if name.is_empty() { None } else { Some(self.output(*name, types)?) });
        }
        self.check_room()?;
        let names = self.names;
        let opset = self.opset(proto.domain);
        let mut node = Node::in_domain(names.text(proto.domain), names.text(proto.op), opset, place.module);
        node.name = names.text(proto.name).to_owned();
        node.region = place.region;
        node.inputs = inputs;
        node.outputs.clone_from(&outputs);
        if names.is_lossy(proto.name) {
            self.remarks.warn(&node.name, "expected a name in UTF-8, found other bytes");
        }
        let unknown = node.layer.is_none().then(|| node.kind());
        let id = self.graph.add_node(node);
        if let Some(kind) = unknown {
            self.remarks.unknown(&kind);
        }
        let attributes = self.attributes(&proto.attributes, id, place)?;
        self.graph.node_mut(id).attributes = attributes;
        // Bound last: bodies of the node do not see what it makes.
        for (name, tensor) in proto.outputs.iter().zip(outputs) {
            if tensor.is_some() {
                self.bind(*name, tensor);
            }
        }
        Ok(())
    }

    fn opset(&self, domain: Name) -> i64 {
        let found = self.opsets.iter().find(|(d, _)| *d == domain).map(|(_, v)| *v);
        // The first files had no operator sets to name.
        found.unwrap_or(i64::from(domain.is_empty()))
    }

    /// The tensor that a node's output is: new, or the one that an earlier reader was promised.
    fn output(&mut self, name: Name, types: &BTreeMap<Name, &'a ValueInfo>) -> Result<TensorId, Error> {
        if let Some(Binding { tensor: Some(tensor), .. }) = self.binding(name)
            && matches!(self.graph.tensor(tensor).producer, Producer::Missing)
        {
            if let Some(info) = types.get(&name).copied() {
                let declared = self.declared(info);
                self.graph.tensor_mut(tensor).ty = declared;
            }
            return Ok(tensor);
        }
        if self.is_bound_here(name) {
            self.remarks.warn(
                self.names.text(name),
                "expected one node that makes each value, found another: later readers see the later one",
            );
        }
        let declared = types.get(&name).copied().map_or(ValueType::Unknown, |info| self.declared(info));
        self.tensor(name, declared)
    }

    fn tensor(&mut self, name: Name, ty: ValueType) -> Result<TensorId, Error> {
        self.check_room()?;
        if self.names.is_lossy(name) {
            self.remarks.warn(self.names.text(name), "expected a name in UTF-8, found other bytes");
        }
        Ok(self.graph.add_tensor(Tensor::new(self.names.text(name), ty)))
    }

    fn check_room(&self) -> Result<(), Error> {
        if self.graph.tensors().len() >= MAX_ELEMENTS || self.graph.nodes().len() >= MAX_ELEMENTS {
            return Err(Error::limit(format!(
                "expected at most {MAX_ELEMENTS} nodes and values, found more"
            )));
        }
        Ok(())
    }

    fn input(&mut self, name: Name) -> Result<Option<TensorId>, Error> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(tensor) = self.lookup(name) {
            return Ok(tensor);
        }
        self.read(name).map(Some)
    }

    /// The tensor of a name; one that nothing has made yet is promised to whoever makes it.
    fn read(&mut self, name: Name) -> Result<TensorId, Error> {
        if let Some(tensor) = self.lookup(name).flatten() {
            return Ok(tensor);
        }
        self.early = true;
        let tensor = self.tensor(name, ValueType::Unknown)?;
        self.bind(name, Some(tensor));
        Ok(tensor)
    }

    fn binding(&self, name: Name) -> Option<Binding> {
        self.bindings[name.index()].filter(|b| b.frame == self.frame)
    }

    fn lookup(&self, name: Name) -> Option<Option<TensorId>> {
        self.binding(name).map(|b| b.tensor)
    }

    fn is_bound_here(&self, name: Name) -> bool {
        self.binding(name).is_some_and(|b| b.level == self.level)
    }

    fn bind(&mut self, name: Name, tensor: Option<TensorId>) {
        let binding = Some(Binding { tensor, frame: self.frame, level: self.level });
        let before = std::mem::replace(&mut self.bindings[name.index()], binding);
        if self.level > 0 {
            self.undo.push((name, before));
        }
    }

    /// Forgets what was bound since `mark`.
    fn unbind(&mut self, mark: usize) {
        while self.undo.len() > mark {
            if let Some((name, before)) = self.undo.pop() {
                self.bindings[name.index()] = before;
            }
        }
    }

    fn attributes(
        &mut self,
        protos: &'a [AttributeProto],
        owner: NodeId,
        place: Place<'_>,
    ) -> Result<Attributes, Error> {
        let mut attributes = Attributes::new();
        for proto in protos {
            let name = self.names.text(proto.name);
            if let Some(value) = self.attribute(proto, owner, place)? {
                attributes.set(name, value);
            }
        }
        Ok(attributes)
    }

    fn attribute(
        &mut self,
        proto: &'a AttributeProto,
        owner: NodeId,
        place: Place<'_>,
    ) -> Result<Option<Attribute>, Error> {
        if !proto.reference.is_empty() {
            return Ok(self.given(proto, place));
        }
        let name = self.names.text(proto.name);
        Ok(Some(match &proto.value {
            AttributeValue::Graph(body) => Attribute::Region(self.region(body, name, owner, place)?),
            AttributeValue::Graphs(bodies) => Attribute::Regions(
                bodies.iter().map(|body| self.region(body, name, owner, place)).collect::<Result<_, _>>()?,
            ),
            other => match self.plain(other) {
                Some(attribute) => attribute,
                None => {
                    let path = self.graph.node_path(owner);
                    self.remarks.warn(&path, &format!("expected a value of setting '{name}', found none"));
                    return Ok(None);
                }
            },
        }))
    }

    /// The setting of the call that a setting in a function refers to. Long ones are not copied without end.
    fn given(&mut self, proto: &AttributeProto, place: Place<'_>) -> Option<Attribute> {
        let given = place.call?.get(self.names.text(proto.reference))?;
        self.written_out += match given {
            Attribute::String(s) => s.len() / 64,
            Attribute::Ints(v) => v.len() / 8,
            Attribute::Floats(v) => v.len() / 8,
            Attribute::Strings(v) => v.iter().map(|s| 1 + s.len() / 64).sum(),
            Attribute::Tensor(t) => t.value.as_ref().map_or(0, |v| v.len() / 4),
            _ => 0,
        };
        Some(if self.written_out > MAX_WRITTEN_OUT {
            Attribute::Other("a setting given by the call".to_owned())
        } else {
            given.clone()
        })
    }

    /// A setting that holds no body.
    fn plain(&mut self, value: &AttributeValue) -> Option<Attribute> {
        Some(match value {
            AttributeValue::Missing | AttributeValue::Graph(_) | AttributeValue::Graphs(_) => return None,
            AttributeValue::Int(n) => Attribute::Int(*n),
            AttributeValue::Float(x) => Attribute::Float((*x).into()),
            AttributeValue::String(s) => Attribute::String(s.clone()),
            AttributeValue::Ints(v) => Attribute::Ints(v.clone()),
            AttributeValue::Floats(v) => Attribute::Floats(v.clone()),
            AttributeValue::Strings(v) => Attribute::Strings(v.clone()),
            AttributeValue::Tensor(proto) => Attribute::Tensor(Box::new(self.literal(proto))),
            AttributeValue::Sparse(proto) => Attribute::Tensor(Box::new(sparse_literal(proto))),
            AttributeValue::Type(ty) => Attribute::Type(ty.clone()),
            AttributeValue::Other(what) => Attribute::Other((*what).to_owned()),
        })
    }

    fn literal(&mut self, proto: &TensorProto) -> TensorLiteral {
        TensorLiteral {
            dtype: proto.dtype(),
            shape: proto.shape(),
            value: self.siblings.value(proto),
            sparse: false,
        }
    }

    /// Adds a body of a control-flow node.
    fn region(
        &mut self,
        body: &'a GraphProto,
        name: &str,
        owner: NodeId,
        place: Place<'_>,
    ) -> Result<RegionId, Error> {
        let node = self.graph.node(owner);
        let own = node.name.rsplit('/').next().filter(|s| !s.is_empty()).unwrap_or(&node.op);
        let title = format!("{own}:{name}");
        let module = self.fresh_child(place.module, &title, ModuleKind::Region)?;
        let region = self.graph.add_region(name, place.region, module);
        self.graph.own_region(region, owner);
        let mark = self.undo.len();
        self.level += 1;
        let types = types_of(body);
        self.stored(body)?;
        for info in &body.inputs {
            let declared = self.declared(info);
            let tensor = self.tensor(info.name, declared)?;
            self.graph.mark_region_input(region, tensor);
            self.bind(info.name, Some(tensor));
        }
        let inside = Place { module, region: Some(region), ..place };
        self.nodes(&body.nodes, &types, inside, Some(body))?;
        for info in &body.outputs {
            let tensor = self.read(info.name)?;
            self.graph.mark_region_output(region, tensor);
        }
        self.level -= 1;
        self.unbind(mark);
        Ok(region)
    }

    /// Whether a call may be written out; a remark says why not.
    fn may_write_out(
        &mut self,
        key: Key,
        (function, weight): (&FunctionProto, usize),
        call: &NodeProto,
    ) -> bool {
        let name = self.names.text(function.name);
        let problem = if self.calls.contains(&key) {
            "calls itself: its call stays a plain node".to_owned()
        } else if self.calls.len() >= MAX_CALLS || self.level >= MAX_LEVELS {
            format!(
                "called more than {MAX_CALLS} functions or {MAX_LEVELS} bodies deep: its call stays a plain node"
            )
        } else if self.written_out.saturating_add(weight) > MAX_WRITTEN_OUT {
            format!(
                "calls of functions add more than {MAX_WRITTEN_OUT} names: further calls stay plain nodes"
            )
        } else if call.outputs.len() > function.outputs.len() {
            format!(
                "expected at most {} outputs of its call, found {}: the call stays a plain node",
                function.outputs.len(),
                call.outputs.len()
            )
        } else {
            return true;
        };
        self.remarks.warn(name, &problem);
        false
    }

    /// Writes a function out at its call: its nodes stand in a module of their own.
    fn call(
        &mut self,
        function: &'a FunctionProto,
        key: Key,
        call: &'a NodeProto,
        inputs: &[Option<TensorId>],
        types: &BTreeMap<Name, &'a ValueInfo>,
        place: Place<'_>,
    ) -> Result<(), Error> {
        let class = self.names.text(function.name);
        let own = self.names.text(call.name).rsplit('/').next().filter(|s| !s.is_empty()).unwrap_or(class);
        let module = self.fresh_child(place.module, own, ModuleKind::Function)?;
        self.graph.module_mut(module).class = Some(class.to_owned());

        let settings = self.call_settings(function, call, place);
        let mark = self.undo.len();
        let (frame, opsets) = (self.frame, self.opsets);
        self.frame = self.frames;
        self.frames += 1;
        self.level += 1;
        self.opsets = &function.opsets;
        self.calls.push(key);
        for (i, name) in function.inputs.iter().enumerate() {
            self.bind(*name, inputs.get(i).copied().flatten());
        }
        let inner_types = function.values.iter().map(|v| (v.name, v)).collect();
        let inside = Place { module, call: Some(&settings), scope: &[], ..place };
        self.nodes(&function.nodes, &inner_types, inside, None)?;
        let results = (function.outputs.iter().take(call.outputs.len()))
            .map(|name| self.input(*name))
            .collect::<Result<Vec<_>, _>>()?;
        self.calls.pop();
        self.level -= 1;
        self.frame = frame;
        self.opsets = opsets;
        self.unbind(mark);

        for (name, result) in call.outputs.iter().zip(results) {
            if let (false, Some(result)) = (name.is_empty(), result) {
                self.bind_result(*name, result, types, Place { module, ..place })?;
            }
        }
        Ok(())
    }

    /// Gives the result of a call its outer name.
    fn bind_result(
        &mut self,
        name: Name,
        result: TensorId,
        types: &BTreeMap<Name, &'a ValueInfo>,
        place: Place<'_>,
    ) -> Result<(), Error> {
        let promised = self.lookup(name).flatten();
        let is_promised =
            promised.is_some_and(|t| matches!(self.graph.tensor(t).producer, Producer::Missing));
        if is_promised {
            // Earlier readers hold a tensor already: a node that copies ties both.
            let output = self.output(name, types)?;
            let mut node = Node::in_domain("", "Identity", self.opset(Name::EMPTY), place.module);
            node.region = place.region;
            self.check_room()?;
            self.graph.add_node(node.with_inputs([Some(result)]).with_outputs([Some(output)]));
            return Ok(());
        }
        if self.is_bound_here(name) {
            let text = self.names.text(name);
            self.remarks.warn(
                text,
                "expected one node that makes each value, found another: later readers see the later one",
            );
        }
        let declared = types.get(&name).copied().map_or(ValueType::Unknown, |info| self.declared(info));
        let tensor = self.graph.tensor_mut(result);
        tensor.ty = tensor.ty.or(&declared);
        if matches!(tensor.producer, Producer::Node(..)) {
            self.names.text(name).clone_into(&mut tensor.name);
        }
        self.bind(name, Some(result));
        Ok(())
    }

    /// The settings that a function's body may refer to: those of the call, then defaults.
    fn call_settings(
        &mut self,
        function: &'a FunctionProto,
        call: &'a NodeProto,
        place: Place<'_>,
    ) -> Attributes {
        let mut settings = Attributes::new();
        for proto in function.defaults.iter().chain(&call.attributes) {
            let name = self.names.text(proto.name);
            let value =
                if proto.reference.is_empty() { self.plain(&proto.value) } else { self.given(proto, place) };
            match value {
                Some(value) => settings.set(name, value),
                None if matches!(proto.value, AttributeValue::Graph(_) | AttributeValue::Graphs(_)) => {
                    settings.set(name, Attribute::Other("a body given by the call".to_owned()));
                }
                None => {}
            }
        }
        settings
    }

    fn finish(mut self) -> Result<Graph, Error> {
        order_children(&mut self.graph);
        weights::take_parameters_from_inputs(&mut self.graph, &mut self.remarks);
        for (_, tensor) in self.graph.tensors() {
            if matches!(tensor.producer, Producer::Missing) {
                self.remarks.warn(
                    &tensor.name,
                    "expected an input, a stored value or a node that makes it, found none",
                );
            }
        }
        if self.early {
            self.remarks.cycles(&self.graph);
        }
        self.graph.diagnostics = self.remarks.finish();
        Ok(self.graph)
    }
}

/// Puts the parts of each module in order of first use. Copies of stored tensors, which exporters put in front of
/// everything, use nothing.
fn order_children(graph: &mut Graph) {
    let mut first = vec![usize::MAX; graph.modules().len()];
    for (id, node) in graph.nodes() {
        let is_copy =
            !node.inputs.is_empty() && node.inputs.iter().flatten().all(|t| graph.tensor(*t).is_stored());
        let entry = &mut first[node.module.index()];
        if !is_copy {
            *entry = (*entry).min(id.index());
        }
    }
    let parents: Vec<Option<ModuleId>> = graph.modules().map(|(_, m)| m.parent).collect();
    for (i, parent) in parents.iter().enumerate().rev() {
        if let Some(parent) = parent {
            first[parent.index()] = first[parent.index()].min(first[i]);
        }
    }
    for i in 0..first.len() {
        graph.module_mut(ModuleId::new(i)).children.sort_by_key(|c| first[c.index()]);
    }
}

fn types_of(graph: &GraphProto) -> BTreeMap<Name, &ValueInfo> {
    graph.values.iter().chain(&graph.outputs).map(|v| (v.name, v)).collect()
}

fn sparse_literal(proto: &SparseProto) -> TensorLiteral {
    TensorLiteral { dtype: proto.values.dtype(), shape: proto.shape(), value: None, sparse: true }
}

/// Diagnostics, at most so many of one kind.
#[derive(Default)]
pub struct Remarks {
    all: Vec<Diagnostic>,
    /// How often each message was left out.
    counts: BTreeMap<String, usize>,
    unknown: BTreeMap<String, usize>,
}

impl Remarks {
    /// Something missing or doubtful.
    pub fn warn(&mut self, path: &str, message: &str) {
        self.push(Diagnostic::warning(path, message));
    }

    /// Something worth knowing.
    pub fn note(&mut self, path: &str, message: &str) {
        self.push(Diagnostic::note(path, message));
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        let count = self.counts.entry(diagnostic.message.clone()).or_insert(0);
        *count += 1;
        // Messages with numbers in them are all different: the total is bounded as well.
        if *count <= MAX_REMARKS && self.all.len() < 10 * MAX_REMARKS {
            self.all.push(diagnostic);
        }
    }

    /// An operator that no layer kind stands for.
    fn unknown(&mut self, kind: &str) {
        *self.unknown.entry(kind.to_owned()).or_insert(0) += 1;
    }

    /// Says which nodes feed themselves.
    fn cycles(&mut self, graph: &Graph) {
        let count = graph.nodes().len();
        let mut degree = vec![0usize; count];
        let next = |id: NodeId| {
            let outputs = &graph.node(id).outputs;
            outputs.iter().flatten().flat_map(|t| graph.tensor(*t).consumers.iter().map(|(n, _)| *n))
        };
        for (id, _) in graph.nodes() {
            next(id).for_each(|n| degree[n.index()] += 1);
        }
        let mut ready: Vec<NodeId> =
            graph.nodes().map(|(id, _)| id).filter(|id| degree[id.index()] == 0).collect();
        while let Some(id) = ready.pop() {
            for n in next(id) {
                degree[n.index()] -= 1;
                if degree[n.index()] == 0 {
                    ready.push(n);
                }
            }
        }
        // What is left stands on a cycle or behind one; going backwards from ends takes the latter away.
        let mut left: Vec<bool> = degree.iter().map(|d| *d > 0).collect();
        let mut out: Vec<usize> = graph
            .nodes()
            .map(|(id, _)| if left[id.index()] { next(id).filter(|n| left[n.index()]).count() } else { 0 })
            .collect();
        let mut ends: Vec<NodeId> =
            graph.nodes().map(|(id, _)| id).filter(|id| left[id.index()] && out[id.index()] == 0).collect();
        while let Some(id) = ends.pop() {
            left[id.index()] = false;
            for tensor in graph.node(id).inputs.iter().flatten() {
                if let Producer::Node(maker, _) = graph.tensor(*tensor).producer
                    && left[maker.index()]
                {
                    out[maker.index()] = out[maker.index()].saturating_sub(1);
                    if out[maker.index()] == 0 {
                        ends.push(maker);
                    }
                }
            }
        }
        let members: Vec<String> =
            graph.nodes().filter(|(id, _)| left[id.index()]).map(|(id, _)| graph.node_path(id)).collect();
        if let Some(first) = members.first() {
            let named: Vec<String> = members.iter().take(4).map(|m| format!("'{m}'")).collect();
            let more =
                if members.len() > 4 { format!(" and {} more", members.len() - 4) } else { String::new() };
            let message = format!("nodes feed each other in a cycle: {}{more}", named.join(", "));
            self.all.push(Diagnostic::warning(first.clone(), message));
        }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        let shown = self.all.len();
        let total: usize = self.counts.values().sum();
        for (kind, count) in self.unknown.iter().take(MAX_REMARKS) {
            let times = if *count == 1 { String::new() } else { format!(" ({count} nodes)") };
            self.all.push(Diagnostic::note(
                "",
                format!("the operator {kind} is not known{times}: shapes behind it are not inferred"),
            ));
        }
        if total > shown {
            self.all.push(Diagnostic::note(
                "",
                format!("{} more remarks like these are left out", total - shown),
            ));
        }
        self.all
    }
}
