//! The graph: arenas of modules, nodes and tensors, and the links between them.

use crate::{Diagnostic, Module, ModuleId, ModuleKind, Node, NodeId, Producer, RegionId, Tensor, TensorId};

/// The most modules, nodes or tensors a graph may have; importers refuse files that need more.
pub const MAX_ELEMENTS: usize = 4_000_000;

/// The most second names of one tensor that are followed.
const MAX_ALIASES: usize = 64;

/// A whole model.
#[derive(Clone, PartialEq, Debug)]
pub struct Graph {
    /// The model's name in the file, or an empty string.
    pub name: String,
    /// Which format it was read from, such as `onnx`.
    pub format: String,
    /// What wrote the file, with version, such as `pytorch 2.15.0`.
    pub producer: String,
    /// Inputs of the model in order, without stored weights.
    pub inputs: Vec<TensorId>,
    /// Outputs of the model in order.
    pub outputs: Vec<TensorId>,
    /// What is odd about the model, in order of discovery.
    pub diagnostics: Vec<Diagnostic>,
    modules: Vec<Module>,
    nodes: Vec<Node>,
    tensors: Vec<Tensor>,
    regions: Vec<Region>,
}

/// A body of a control-flow node: its nodes stand in the graph's arena and may read tensors from outside.
#[derive(Clone, PartialEq, Debug)]
pub struct Region {
    /// The control-flow node, once it has been added.
    pub owner: Option<NodeId>,
    /// The attribute that holds it, such as `then_branch`.
    pub name: String,
    /// The region it stands in, if any.
    pub parent: Option<RegionId>,
    /// The module its nodes stand in.
    pub module: ModuleId,
    /// Formal inputs.
    pub inputs: Vec<TensorId>,
    /// Results.
    pub outputs: Vec<TensorId>,
    /// Nodes directly inside, in file order.
    pub nodes: Vec<NodeId>,
}

impl Graph {
    /// An empty graph with a root module.
    pub fn new(name: impl Into<String>) -> Self {
        let root = Module {
            parent: None,
            name: String::new(),
            path: String::new(),
            class: None,
            kind: ModuleKind::Module,
            children: Vec::new(),
            nodes: Vec::new(),
        };
        Self {
            name: name.into(),
            format: String::new(),
            producer: String::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            diagnostics: Vec::new(),
            modules: vec![root],
            nodes: Vec::new(),
            tensors: Vec::new(),
            regions: Vec::new(),
        }
    }

    /// The module that holds all others.
    pub fn root(&self) -> ModuleId {
        ModuleId::new(0)
    }

    /// Adds a module inside another. Paths join names by dots.
    pub fn add_module(&mut self, parent: ModuleId, name: impl Into<String>, kind: ModuleKind) -> ModuleId {
        let name = name.into();
        let parent_path = &self.module(parent).path;
        let path = if parent_path.is_empty() { name.clone() } else { format!("{parent_path}.{name}") };
        let id = ModuleId::new(self.modules.len());
        self.modules.push(Module {
            parent: Some(parent),
            name,
            path,
            class: None,
            kind,
            children: Vec::new(),
            nodes: Vec::new(),
        });
        self.module_mut(parent).children.push(id);
        id
    }

    /// The child of that name, if there is one.
    pub fn child(&self, parent: ModuleId, name: &str) -> Option<ModuleId> {
        self.module(parent).children.iter().copied().find(|c| self.module(*c).name == name)
    }

    /// Adds a tensor.
    pub fn add_tensor(&mut self, tensor: Tensor) -> TensorId {
        let id = TensorId::new(self.tensors.len());
        self.tensors.push(tensor);
        id
    }

    /// Makes a tensor the next input of the model.
    pub fn mark_input(&mut self, tensor: TensorId) {
        self.tensors[tensor.index()].producer = Producer::Input(self.inputs.len());
        self.inputs.push(tensor);
    }

    /// Makes a tensor the next output of the model.
    pub fn mark_output(&mut self, tensor: TensorId) {
        self.outputs.push(tensor);
    }

    /// Adds a node and links it to its tensors. A tensor that already has a producing node keeps it.
    pub fn add_node(&mut self, node: Node) -> NodeId {
        let id = NodeId::new(self.nodes.len());
        for (position, tensor) in node.inputs.iter().enumerate() {
            if let Some(t) = tensor {
                self.tensors[t.index()].consumers.push((id, position));
            }
        }
        for (position, tensor) in node.outputs.iter().enumerate() {
            if let Some(t) = tensor {
                let producer = &mut self.tensors[t.index()].producer;
                if !matches!(producer, Producer::Node(..)) {
                    *producer = Producer::Node(id, position);
                }
            }
        }
        self.modules[node.module.index()].nodes.push(id);
        if let Some(region) = node.region {
            self.regions[region.index()].nodes.push(id);
        }
        self.nodes.push(node);
        id
    }

    /// Adds a body of a control-flow node; the node itself is linked by [`Graph::own_region`].
    pub fn add_region(
        &mut self,
        name: impl Into<String>,
        parent: Option<RegionId>,
        module: ModuleId,
    ) -> RegionId {
        let id = RegionId::new(self.regions.len());
        self.regions.push(Region {
            owner: None,
            name: name.into(),
            parent,
            module,
            inputs: Vec::new(),
            outputs: Vec::new(),
            nodes: Vec::new(),
        });
        id
    }

    /// Says which node a region is a body of.
    pub fn own_region(&mut self, region: RegionId, owner: NodeId) {
        self.regions[region.index()].owner = Some(owner);
    }

    /// Adds a formal input to a region.
    pub fn mark_region_input(&mut self, region: RegionId, tensor: TensorId) {
        let inputs = &mut self.regions[region.index()].inputs;
        self.tensors[tensor.index()].producer = Producer::RegionInput(region, inputs.len());
        inputs.push(tensor);
    }

    /// Adds a result to a region.
    pub fn mark_region_output(&mut self, region: RegionId, tensor: TensorId) {
        self.regions[region.index()].outputs.push(tensor);
    }

    /// One module.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    /// One module, to change. Links are kept by the methods of the graph.
    pub fn module_mut(&mut self, id: ModuleId) -> &mut Module {
        &mut self.modules[id.index()]
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// One node, to change. Links are kept by the methods of the graph.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    /// One tensor.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.index()]
    }

    /// The tensor behind its second names: what an `Identity` reads, however many stand in a row.
    pub fn origin(&self, mut tensor: TensorId) -> TensorId {
        // Names that go round exist in damaged files only; the bound ends the walk there.
        for _ in 0..MAX_ALIASES {
            let Producer::Node(id, _) = self.tensor(tensor).producer else { break };
            match self.node(id).input(0) {
                Some(before) if self.node(id).is_alias() => tensor = before,
                _ => break,
            }
        }
        tensor
    }

    /// One tensor, to change. Links are kept by the methods of the graph.
    pub fn tensor_mut(&mut self, id: TensorId) -> &mut Tensor {
        &mut self.tensors[id.index()]
    }

    /// One region.
    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.index()]
    }

    /// Every module, parents before children.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = (ModuleId, &Module)> {
        self.modules.iter().enumerate().map(|(i, m)| (ModuleId::new(i), m))
    }

    /// Every node, in file order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, n)| (NodeId::new(i), n))
    }

    /// Every tensor.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = (TensorId, &Tensor)> {
        self.tensors.iter().enumerate().map(|(i, t)| (TensorId::new(i), t))
    }

    /// Every region.
    pub fn regions(&self) -> impl ExactSizeIterator<Item = (RegionId, &Region)> {
        self.regions.iter().enumerate().map(|(i, r)| (RegionId::new(i), r))
    }

    /// Moves a node to another module.
    pub fn move_node(&mut self, node: NodeId, module: ModuleId) {
        let from = self.nodes[node.index()].module;
        self.modules[from.index()].nodes.retain(|n| *n != node);
        self.modules[module.index()].nodes.push(node);
        self.nodes[node.index()].module = module;
    }

    /// Replaces every node, keeping modules, regions and tensors; `moved` says where each old node went.
    ///
    /// Tensors that no node makes any more lose their producer.
    pub(crate) fn replace_nodes(&mut self, nodes: Vec<Node>, moved: &[Option<NodeId>]) {
        self.nodes.clear();
        for module in &mut self.modules {
            module.nodes.clear();
        }
        for region in &mut self.regions {
            region.nodes.clear();
            region.owner = region.owner.and_then(|n| moved.get(n.index()).copied().flatten());
        }
        for tensor in &mut self.tensors {
            tensor.consumers.clear();
            if matches!(tensor.producer, Producer::Node(..)) {
                tensor.producer = Producer::Missing;
            }
        }
        for node in nodes {
            self.add_node(node);
        }
    }

    /// Drops the tensors that are not marked and renumbers the others; no node, region or end of the model may name
    /// a dropped one.
    pub(crate) fn keep_tensors(&mut self, kept: &[bool]) {
        let mut renumbered = Vec::with_capacity(kept.len());
        let mut next = 0;
        for keep in kept {
            renumbered.push(TensorId::new(next));
            next += usize::from(*keep);
        }
        let mut index = 0;
        self.tensors.retain(|_| {
            index += 1;
            kept[index - 1]
        });
        let rename = |t: &mut TensorId| *t = renumbered[t.index()];
        let nodes = self.nodes.iter_mut();
        nodes.flat_map(|n| n.inputs.iter_mut().chain(&mut n.outputs)).flatten().for_each(rename);
        self.inputs.iter_mut().chain(&mut self.outputs).for_each(rename);
        self.regions.iter_mut().flat_map(|r| r.inputs.iter_mut().chain(&mut r.outputs)).for_each(rename);
    }

    /// The bodies of a control-flow node, by attribute order.
    pub fn regions_of(&self, node: NodeId) -> impl Iterator<Item = RegionId> {
        let attributes = &self.node(node).attributes;
        attributes.iter().flat_map(|(_, a)| match a {
            crate::Attribute::Region(r) => vec![*r],
            crate::Attribute::Regions(r) => r.clone(),
            _ => Vec::new(),
        })
    }

    /// The innermost module that holds all these nodes; the root for none.
    pub fn common_module(&self, nodes: &[NodeId]) -> ModuleId {
        let path = |id: NodeId| {
            let mut path = vec![self.node(id).module];
            while let Some(parent) = path.last().and_then(|m| self.module(*m).parent) {
                path.push(parent);
            }
            path.reverse();
            path
        };
        let mut common: Option<Vec<ModuleId>> = None;
        for node in nodes {
            let path = path(*node);
            common = Some(match common {
                None => path,
                Some(common) => {
                    common.into_iter().zip(path).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
                }
            });
        }
        common.and_then(|path| path.last().copied()).unwrap_or_else(|| self.root())
    }

    /// Where a node stands, for people: its module's path, a slash, and its name or operator.
    pub fn node_path(&self, id: NodeId) -> String {
        let node = self.node(id);
        let module = &self.module(node.module).path;
        let own = node.name.rsplit(['/', '.']).next().filter(|s| !s.is_empty()).unwrap_or(&node.op);
        if module.is_empty() { own.to_owned() } else { format!("{module}/{own}") }
    }
}
