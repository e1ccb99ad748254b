//! From the messages of a file to the graph: edges by name, bodies as regions, functions written out at their calls.

use std::collections::BTreeMap;

use netloom_graph::graph::MAX_ELEMENTS;
use netloom_graph::{
    Attributes, Graph, ModuleId, ModuleKind, Node, NodeId, Producer, RegionId, Tensor, TensorId, ValueType,
    Weight,
};

use super::hierarchy::Tree;
use super::names::{Name, Names};
use super::remarks::Remarks;
use super::schema::{AttributeValue, FunctionProto, GraphProto, ModelProto, NodeProto, ValueInfo};
use super::tensor::TensorProto;
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
pub type Key = (Name, Name, Name);

/// What a name stands for.
#[derive(Clone, Copy)]
pub struct Binding {
    /// Nothing for a formal input of a function that the call leaves out.
    tensor: Option<TensorId>,
    /// The function call in whose body the name holds; 0 outside functions.
    frame: u32,
    /// How many bodies the definition stands in.
    level: u32,
}

/// The place where nodes are being added.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    pub module: ModuleId,
    pub region: Option<RegionId>,
    /// The components of the enclosing module's path, which names of nodes inside repeat.
    pub scope: &'p [String],
    /// The settings of the call whose function is being written out.
    pub call: Option<&'p Attributes>,
}

/// Builds the graph of one file.
pub struct Builder<'a> {
    pub graph: Graph,
    pub names: &'a Names,
    pub siblings: Siblings<'a>,
    /// Each with how much a call of it adds.
    pub functions: BTreeMap<Key, (&'a FunctionProto, usize)>,
    /// What each name stands for at this place.
    pub bindings: Vec<Option<Binding>>,
    /// Bindings to restore when a body or call ends.
    pub undo: Vec<(Name, Option<Binding>)>,
    pub frame: u32,
    pub frames: u32,
    pub level: u32,
    pub calls: Vec<Key>,
    pub written_out: usize,
    pub children: BTreeMap<(ModuleId, String), ModuleId>,
    /// The last number that was added to a name to tell siblings apart.
    pub titles: BTreeMap<(ModuleId, String), u32>,
    pub opsets: &'a [(Name, i64)],
    pub remarks: Remarks,
    /// Names that wrapped the whole network and were taken off.
    pub wrappers: Vec<String>,
    /// Whether a name was read before it was made.
    pub early: bool,
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
            tensor.weight = Some(Weight::new(proto.dtype(), proto.shape(), proto.storage.clone()));
            self.add_stored(proto.name, tensor)?;
        }
        for proto in &graph.sparse {
            let (dtype, shape) = (proto.values.dtype(), proto.shape());
            let name = self.names.text(proto.values.name);
            let mut tensor = Tensor::new(name, ValueType::Tensor { dtype, shape: shape.clone() });
            let storage = proto.values.storage.clone();
            tensor.weight = Some(Weight { sparse: true, ..Weight::new(dtype, shape, storage) });
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
    pub fn declared(&mut self, info: &ValueInfo) -> ValueType {
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
    pub fn nodes(
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
    pub fn fresh_child(&mut self, parent: ModuleId, name: &str, kind: ModuleKind) -> Result<ModuleId, Error> {
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

    pub fn opset(&self, domain: Name) -> i64 {
        let found = self.opsets.iter().find(|(d, _)| *d == domain).map(|(_, v)| *v);
        // The first files had no operator sets to name.
        found.unwrap_or(i64::from(domain.is_empty()))
    }

    /// The tensor that a node's output is: new, or the one that an earlier reader was promised.
    pub fn output(&mut self, name: Name, types: &BTreeMap<Name, &'a ValueInfo>) -> Result<TensorId, Error> {
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

    pub fn tensor(&mut self, name: Name, ty: ValueType) -> Result<TensorId, Error> {
        self.check_room()?;
        if self.names.is_lossy(name) {
            self.remarks.warn(self.names.text(name), "expected a name in UTF-8, found other bytes");
        }
        Ok(self.graph.add_tensor(Tensor::new(self.names.text(name), ty)))
    }

    pub fn check_room(&self) -> Result<(), Error> {
        if self.graph.tensors().len() >= MAX_ELEMENTS || self.graph.nodes().len() >= MAX_ELEMENTS {
            return Err(Error::limit(format!(
                "expected at most {MAX_ELEMENTS} nodes and values, found more"
            )));
        }
        Ok(())
    }

    pub fn input(&mut self, name: Name) -> Result<Option<TensorId>, Error> {
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

    pub fn lookup(&self, name: Name) -> Option<Option<TensorId>> {
        self.binding(name).map(|b| b.tensor)
    }

    pub fn is_bound_here(&self, name: Name) -> bool {
        self.binding(name).is_some_and(|b| b.level == self.level)
    }

    pub fn bind(&mut self, name: Name, tensor: Option<TensorId>) {
        let binding = Some(Binding { tensor, frame: self.frame, level: self.level });
        let before = std::mem::replace(&mut self.bindings[name.index()], binding);
        if self.level > 0 {
            self.undo.push((name, before));
        }
    }

    /// Forgets what was bound since `mark`.
    pub fn unbind(&mut self, mark: usize) {
        while self.undo.len() > mark {
            if let Some((name, before)) = self.undo.pop() {
                self.bindings[name.index()] = before;
            }
        }
    }

    /// Adds a body of a control-flow node.
    pub fn region(
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
