//! The module tree of a file, from what exporters leave in nodes: PyTorch's scope metadata, paths in node names, and
//! paths in names of stored tensors.
//!
//! Three sources, in order of trust:
//!
//! 1. `pkg.torch.onnx.name_scopes` and `class_hierarchy` (or `namespace`) of the `torch.export` exporter: exact paths
//!    and class names.
//! 2. Node names such as `/layer1/layer1.0/conv1/Conv` of the TorchScript exporter and others: exact paths, no classes.
//!    `layer1.0` inside `layer1` is its child `0`; `layer.0` elsewhere is the child `0` of an uncalled container
//!    `layer`. A suffix `_1` means the second call of the same module where that can be told.
//! 3. Names of stored tensors such as `layer1.0.conv1.weight`: the module of the node that reads them.
//!
//! A node that says nothing goes to the innermost module that holds its neighbours.

use std::collections::BTreeMap;

use super::names::{Name, Names};
use super::paths::{MAX_PATH, owner_of, python_strings, split_call};
use super::schema::{NodeProto, Origin};

/// The most modules inside one another; deeper ones join the last.
const MAX_DEPTH: usize = 32;

/// The most modules that names can make; nodes of further ones stand in the module around.
const MAX_MODULES: usize = 1 << 17;

/// Names that wrap a whole model without being part of it: the usual attribute of a hand-written wrapper, data
/// parallelism, compilation, and TensorFlow's call of a saved function.
const WRAPPERS: &[&str] = &["model", "module", "_orig_mod", "StatefulPartitionedCall"];

/// What PyTorch writes for an operation that no module called.
const NO_SCOPE: &str = "_empty_nn_module_stack_from_metadata_hook";

/// The module tree of one list of nodes.
#[derive(Debug)]
pub struct Tree {
    /// The modules; the first is the root, parents stand before children.
    pub modules: Vec<Entry>,
    /// The module of each node.
    pub of_node: Vec<usize>,
    /// Names that wrapped the whole model and were taken off, from outside inwards.
    pub wrappers: Vec<String>,
}

/// One module of a [`Tree`].
#[derive(Debug, Default)]
pub struct Entry {
    /// The module it stands in; the root stands in itself.
    pub parent: usize,
    /// Last component of its path.
    pub name: String,
    /// Its class without the package, where the file says.
    pub class: Option<String>,
    depth: usize,
    children: BTreeMap<String, usize>,
    /// The module that it is another call of.
    same_as: Option<usize>,
}

impl Tree {
    /// The tree of the network's nodes. `is_stored` tells the names of stored tensors.
    pub fn of_network(nodes: &[NodeProto], names: &Names, is_stored: &dyn Fn(Name) -> bool) -> Self {
        let mut tree = Self::of_body(nodes, names, is_stored);
        while tree.unwrap_root(nodes, names) {}
        tree
    }

    /// The tree of the nodes of a body or function, with every wrapper.
    pub fn of_body(nodes: &[NodeProto], names: &Names, is_stored: &dyn Fn(Name) -> bool) -> Self {
        let mut tree = Self { modules: vec![Entry::default()], of_node: Vec::new(), wrappers: Vec::new() };
        let mut origins = BTreeMap::new();
        let mut places: Vec<Option<usize>> = nodes
            .iter()
            .map(|node| {
                if let Some(origin) = &node.origin {
                    let scope = *origins.entry(key(origin)).or_insert_with(|| tree.by_origin(origin, names));
                    if let Some(scope) = scope {
                        return Some(tree.before_fusion(scope, node, names, is_stored).unwrap_or(scope));
                    }
                }
                tree.by_node_name(names.text(node.name))
            })
            .collect();
        let has_scopes = places.iter().any(Option::is_some);
        if has_scopes {
            tree.fold_calls(nodes, &mut places, names, is_stored);
        } else {
            for (node, place) in nodes.iter().zip(&mut places) {
                *place = tree.by_parameters(node, names, is_stored);
            }
        }
        tree.of_node =
            if has_scopes { tree.by_neighbours(nodes, &places, is_stored) } else { tree.by_order(&places) };
        tree
    }

    /// The components of a module's path.
    pub fn path(&self, mut module: usize) -> Vec<&str> {
        let mut path = Vec::new();
        while module != 0 {
            path.push(self.modules[module].name.as_str());
            module = self.modules[module].parent;
        }
        path.reverse();
        path
    }

    fn child(&mut self, parent: usize, name: &str) -> usize {
        if let Some(child) = self.modules[parent].children.get(name) {
            return *child;
        }
        let depth = self.modules[parent].depth + 1;
        if depth > MAX_DEPTH || self.modules.len() >= MAX_MODULES {
            return parent;
        }
        let id = self.modules.len();
        self.modules.push(Entry { parent, name: name.to_owned(), depth, ..Entry::default() });
        self.modules[parent].children.insert(name.to_owned(), id);
        id
    }

    /// The module with an absolute path.
    fn descend(&mut self, path: &str) -> usize {
        path.split('.').filter(|c| !c.is_empty()).fold(0, |at, component| self.child(at, component))
    }

    /// The module that PyTorch's metadata name. The last scope is the operation itself.
    fn by_origin(&mut self, origin: &Origin, names: &Names) -> Option<usize> {
        let mut scopes = python_strings(names.text(origin.scopes));
        let mut classes = python_strings(names.text(origin.classes));
        if scopes.is_empty() {
            let pairs = names.text(origin.namespace).split('/').filter_map(|part| part.split_once(": "));
            (scopes, classes) = pairs.map(|(s, c)| (s.to_owned(), c.to_owned())).unzip();
        }
        scopes.pop()?;
        if scopes.iter().any(|s| s == NO_SCOPE || s.len() > MAX_PATH) {
            return None;
        }
        let mut at = 0;
        for (i, scope) in scopes.iter().enumerate() {
            // The second call of a module is marked `layer@1`.
            let path: Vec<&str> =
                scope.split('.').map(|c| c.split_once('@').map_or(c, |(name, _)| name)).collect();
            at = self.descend(&path.join("."));
            if let Some(class) = classes.get(i).and_then(|c| c.rsplit('.').next()).filter(|c| !c.is_empty()) {
                let class = class.split_once('@').map_or(class, |(name, _)| name);
                self.modules[at].class.get_or_insert_with(|| class.to_owned());
            }
        }
        Some(at)
    }

    /// Where the exporter folded a norm into a convolution it names the norm's module; the stored kernel still names
    /// the convolution's.
    fn before_fusion(
        &mut self,
        scope: usize,
        node: &NodeProto,
        names: &Names,
        is_stored: &dyn Fn(Name) -> bool,
    ) -> Option<usize> {
        if !names.text(node.origin.as_ref()?.rewrites).contains("FuseBatchNorm") {
            return None;
        }
        let kernel = node.inputs.get(1).copied().filter(|n| is_stored(*n))?;
        let (module, _) = names.text(kernel).rsplit_once('.')?;
        let parent = self.modules[scope].parent;
        let own = match self.path(parent).join(".") {
            path if path.is_empty() => module,
            path => module.strip_prefix(&path)?.strip_prefix('.')?,
        };
        (!own.contains('.')).then(|| self.child(parent, own))
    }

    /// `/layer1/layer1.0/conv1/Conv` names the module `layer1.0.conv1`.
    fn by_node_name(&mut self, name: &str) -> Option<usize> {
        let (scopes, _operation) = name.rsplit_once('/').filter(|_| name.len() <= MAX_PATH)?;
        let mut at = 0;
        let mut before = "";
        for scope in scopes.split('/').filter(|s| !s.is_empty()) {
            let inside = |outer: &str| scope.strip_prefix(outer)?.strip_prefix('.');
            let own = match before {
                "" => scope,
                _ => inside(before).or_else(|| inside(split_call(before)?.0)).unwrap_or(scope),
            };
            at = own.split('.').filter(|c| !c.is_empty()).fold(at, |at, c| self.child(at, c));
            before = scope;
        }
        Some(at)
    }

    /// The module that owns the stored tensors a node reads, when all of them name one.
    fn by_parameters(
        &mut self,
        node: &NodeProto,
        names: &Names,
        is_stored: &dyn Fn(Name) -> bool,
    ) -> Option<usize> {
        let owners: Vec<&str> =
            node.inputs.iter().filter(|n| is_stored(**n)).filter_map(|n| owner_of(names.text(*n))).collect();
        let first = *owners.first()?;
        owners.iter().all(|o| *o == first).then(|| self.descend(first))
    }

    /// Joins `relu_1` to its sibling `relu` where it is a further call of the same module: both run the same operators
    /// and read the same stored tensors. Modules inside count for themselves: their names carry their own numbers.
    fn fold_calls(
        &mut self,
        nodes: &[NodeProto],
        places: &mut [Option<usize>],
        names: &Names,
        is_stored: &dyn Fn(Name) -> bool,
    ) {
        let candidates: Vec<usize> = (1..self.modules.len()).filter(|m| self.base_of(*m).is_some()).collect();
        if candidates.is_empty() {
            return;
        }
        let mut own: Vec<Vec<usize>> = vec![Vec::new(); self.modules.len()];
        // Equal stored tensors are kept once; other readers get a copy by name.
        let mut copies = BTreeMap::new();
        for (i, (node, place)) in nodes.iter().zip(places.iter()).enumerate() {
            match names.text(node.op) {
                "Constant" => {}
                "Identity" if node.inputs.first().is_some_and(|n| is_stored(*n)) => {
                    copies.insert(node.outputs.first().copied(), node.inputs.first().copied());
                }
                _ => own[place.unwrap_or(0)].push(i),
            }
        }
        let stored = |n: Name| {
            let n = copies.get(&Some(n)).copied().flatten().unwrap_or(n);
            is_stored(n).then_some(n)
        };
        let signature = |module: usize| {
            let mut ops: Vec<Name> = own[module].iter().map(|i| nodes[*i].op).collect();
            let mut read: Vec<Name> =
                own[module].iter().flat_map(|i| &nodes[*i].inputs).filter_map(|n| stored(*n)).collect();
            ops.sort();
            read.sort();
            read.dedup();
            (ops, read)
        };
        for module in candidates {
            let Some(base) = self.base_of(module) else { continue };
            if own[base].first() < own[module].first() && signature(base) == signature(module) {
                self.modules[module].same_as = Some(base);
            }
        }
        for place in places.iter_mut().flatten() {
            *place = self.folded(*place);
        }
    }

    /// The sibling that a name with a call number may be another call of.
    fn base_of(&self, module: usize) -> Option<usize> {
        let entry = &self.modules[module];
        let (base, _) = split_call(&entry.name)?;
        self.modules[entry.parent].children.get(base).copied()
    }

    fn folded(&mut self, module: usize) -> usize {
        let path: Vec<usize> = {
            let mut path = vec![module];
            while let Some(parent) = path.last().map(|m| self.modules[*m].parent).filter(|p| *p != 0) {
                path.push(parent);
            }
            path.reverse();
            path
        };
        let mut at = 0;
        for step in path.into_iter().filter(|m| *m != 0) {
            let named = self.modules[step].same_as.unwrap_or(step);
            let name = self.modules[named].name.clone();
            at = self.child(at, &name);
        }
        at
    }

    /// A node without a scope goes to the innermost module that holds both who made its inputs and who reads its
    /// outputs, constants to the readers alone; to the root where a side is unknown.
    fn by_neighbours(
        &self,
        nodes: &[NodeProto],
        places: &[Option<usize>],
        is_stored: &dyn Fn(Name) -> bool,
    ) -> Vec<usize> {
        if places.iter().all(Option::is_some) {
            return places.iter().flatten().copied().collect();
        }
        let join = |a: Option<usize>, b: usize| Some(a.map_or(b, |a| self.common(a, b)));
        let mut makers = BTreeMap::new();
        // Gathered forwards and then backwards, so that chains of such nodes know both sides.
        let mut before: Vec<Option<usize>> = Vec::with_capacity(nodes.len());
        for (i, (node, place)) in nodes.iter().zip(places).enumerate() {
            let of_inputs =
                node.inputs.iter().filter_map(|n| makers.get(n)).filter_map(|m: &usize| before[*m]);
            before.push(place.or_else(|| of_inputs.fold(None, join)));
            makers.extend(node.outputs.iter().filter(|n| !n.is_empty()).map(|n| (*n, i)));
        }
        let mut of_node = vec![0; nodes.len()];
        let mut readers: Vec<Option<usize>> = vec![None; nodes.len()];
        for (i, node) in nodes.iter().enumerate().rev() {
            let is_constant = node.inputs.iter().all(|n| n.is_empty() || is_stored(*n));
            let place = places[i].or_else(|| match (readers[i], before[i]) {
                (reader, _) if is_constant => reader,
                (Some(reader), Some(maker)) => Some(self.common(reader, maker)),
                _ => None,
            });
            if let Some(place) = place {
                of_node[i] = place;
                for maker in node.inputs.iter().filter_map(|n| makers.get(n)) {
                    readers[*maker] = join(readers[*maker], place);
                }
            }
        }
        of_node
    }

    /// Without scopes, a node goes to the innermost module that holds the placed nodes before and after it.
    fn by_order(&self, places: &[Option<usize>]) -> Vec<usize> {
        let mut after = vec![None; places.len()];
        let mut next = None;
        for (i, place) in places.iter().enumerate().rev() {
            next = place.or(next);
            after[i] = next;
        }
        let mut before = None;
        places
            .iter()
            .zip(after)
            .map(|(place, after)| {
                before = place.or(before);
                place.unwrap_or_else(|| match (before, after) {
                    (Some(a), Some(b)) => self.common(a, b),
                    _ => 0,
                })
            })
            .collect()
    }

    /// The innermost module that holds both.
    fn common(&self, mut a: usize, mut b: usize) -> usize {
        while a != b {
            if self.modules[a].depth >= self.modules[b].depth {
                a = self.modules[a].parent;
            } else {
                b = self.modules[b].parent;
            }
        }
        a
    }

    /// Takes off a module that wraps the whole model: it has a wrapper's name, everything stands in it, and the root
    /// around it has only plumbing. Says whether there was one.
    fn unwrap_root(&mut self, nodes: &[NodeProto], names: &Names) -> bool {
        let mut used = vec![false; self.modules.len()];
        for (i, place) in self.of_node.iter().enumerate() {
            let plumbing = matches!(names.text(nodes[i].op), "Constant" | "Identity" | "Cast");
            if *place != 0 || !plumbing {
                used[*place] = true;
            }
        }
        let mut top = None;
        for (module, _) in used.iter().enumerate().filter(|(_, u)| **u) {
            let mut at = module;
            while self.modules[at].parent != 0 {
                at = self.modules[at].parent;
            }
            if at == 0 || top.is_some_and(|t| t != at) {
                return false;
            }
            top = Some(at);
        }
        let Some(top) = top.filter(|t| WRAPPERS.contains(&self.modules[*t].name.as_str())) else {
            return false;
        };
        // A container that is never called itself holds its children only: nothing was wrapped.
        let called = used[top]
            || self.modules[top].children.keys().any(|name| !name.bytes().all(|b| b.is_ascii_digit()));
        if !called {
            return false;
        }
        self.wrappers.push(std::mem::take(&mut self.modules[top].name));
        self.modules[0].class = self.modules[top].class.take();
        for entry in &mut self.modules {
            if entry.parent == top {
                entry.parent = 0;
            }
        }
        for place in &mut self.of_node {
            if *place == top {
                *place = 0;
            }
        }
        true
    }
}

fn key(origin: &Origin) -> (Name, Name, Name) {
    (origin.scopes, origin.classes, origin.namespace)
}
