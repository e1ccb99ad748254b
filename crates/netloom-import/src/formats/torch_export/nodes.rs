//! Nodes, in the modules they were called in; bodies of branches and loops.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use netloom_graph::{Attribute, ModuleId, ModuleKind, Producer, RegionId, TensorId, ValueType};

use super::alias::{Views, is_view, is_written, written};
use super::build::{Build, Scope};
use super::place::steps;
use super::schema::{Graph, Node, Union};
use super::values::names;
use crate::Error;
use crate::aten::{Arg, Call, Place, apply};
use crate::draft::MAX_DEPTH;

/// Operators that run a body as it stands.
const WRAPPERS: &[&str] =
    &["wrap", "checkpoint", "autocast", "set_grad", "invoke_subgraph", "hints", "inner"];

impl Build<'_> {
    /// Writes the nodes of the current graph that lead to these values.
    pub(super) fn nodes(&mut self, wanted: &[String]) -> Result<(), Error> {
        let graph = Rc::clone(&self.scope().graph);
        let live = live(&graph, wanted);
        for (node, _) in graph.nodes.iter().zip(live).filter(|(_, live)| *live) {
            self.node(node)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<(), Error> {
        let outputs: Vec<&str> = node.outputs.iter().flat_map(output_names).collect();
        if outputs.iter().all(|n| n.is_empty()) {
            return Ok(());
        }
        let module = self.module(node.metadata.nn_module_stack.as_deref())?;
        self.scope_mut().module = module;
        let call = self.call(node)?;
        let has_body = node.inputs.iter().any(|i| i.arg.kind == "as_graph");
        let typed = outputs.iter().map(|n| ((*n).to_owned(), self.declared(n))).collect();
        let made =
            if has_body { self.control(node, call.clone(), typed)? } else { self.write(node, &call, typed)? };
        for (name, id) in outputs.iter().zip(&made) {
            if !name.is_empty() {
                self.scope_mut().names.insert((*name).to_owned(), *id);
            }
        }
        self.follow(node, &call, &outputs)
    }

    /// Writes a call where the current graph stands.
    pub(super) fn write(
        &mut self,
        node: &Node,
        call: &Call,
        outputs: Vec<(String, ValueType)>,
    ) -> Result<Vec<TensorId>, Error> {
        let place = Place { module: self.scope().module, region: self.scope().region };
        let name = node.name.as_deref().or_else(|| outputs.first().map(|(n, _)| n.as_str()));
        let name = name.unwrap_or_default().to_owned();
        apply(&mut self.draft, place, &name, call, outputs)
    }

    fn call(&mut self, node: &Node) -> Result<Call, Error> {
        let (op, overload) = target(&node.target);
        let mut call = Call { op, overload, ..Call::default() };
        for input in &node.inputs {
            let arg = self.argument(&input.arg)?;
            if input.name.is_empty() {
                call.args.push(arg);
            } else {
                call.kwargs.push((input.name.clone(), arg));
            }
        }
        Ok(call)
    }

    /// The module a stack names; where there is none, that of the operator before. A body of a branch or loop is one
    /// module.
    fn module(&mut self, stack: Option<&str>) -> Result<ModuleId, Error> {
        let within = self.scope().region.is_some();
        let Some(stack) = stack.filter(|s| !s.is_empty() && !within) else { return Ok(self.scope().module) };
        if let Some(id) = self.places.get(stack) {
            return Ok(*id);
        }
        let mut at = self.draft.graph.root();
        for step in steps(stack) {
            let class = step.class.as_deref();
            at = match step.path.rsplit_once('.') {
                Some((parent, name)) => {
                    let parent = self.draft.module_at(parent)?;
                    self.draft.module(parent, name, class)?
                }
                None if step.path.is_empty() => {
                    let root = self.draft.graph.root();
                    let module = self.draft.graph.module_mut(root);
                    module.class = module.class.take().or(step.class);
                    root
                }
                None => {
                    let root = self.draft.graph.root();
                    self.draft.module(root, &step.path, class)?
                }
            };
        }
        self.places.insert(stack.to_owned(), at);
        Ok(at)
    }

    /// An operator with bodies: a wrapper is written out, others keep them as regions.
    fn control(
        &mut self,
        node: &Node,
        mut call: Call,
        outputs: Vec<(String, ValueType)>,
    ) -> Result<Vec<TensorId>, Error> {
        if self.scopes.len() >= MAX_DEPTH {
            return Err(Error::limit(format!("bodies nest more than {MAX_DEPTH} deep")));
        }
        let mut bodies: Vec<(String, Rc<Graph>)> = Vec::new();
        for input in node.inputs.iter().filter(|i| i.arg.kind == "as_graph") {
            let name = input.arg.name().unwrap_or("body").to_owned();
            let graph = input.arg.body.get("graph").cloned().unwrap_or_default();
            let graph: Graph = serde_json::from_value(graph)
                .map_err(|e| Error::damaged(0, format_args!("expected the graph `{name}`, found {e}")))?;
            bodies.push((name, Rc::new(graph)));
        }
        // Lists of operands and single ones, in order.
        let mut operands: Vec<TensorId> = Vec::new();
        let args = call.args.iter().chain(call.kwargs.iter().map(|(_, a)| a));
        for arg in args {
            match arg {
                Arg::Tensor(t) => operands.push(*t),
                Arg::Tensors(list) => operands.extend(list.iter().flatten()),
                _ => {}
            }
        }
        // Never an operator that may be left out: its node owns the bodies.
        let op = call.op.rsplit('.').next().unwrap_or_default().to_owned();
        call.op = format!("higher_order.{op}");
        if bodies.len() == 1 && WRAPPERS.iter().any(|w| op.contains(w)) {
            let (_, body) = bodies.remove(0);
            return self.body(body, &operands, None);
        }
        let is_branch = op == "cond";
        let mut condition = None;
        if is_branch {
            let is_tensor = node.inputs.first().is_some_and(|i| i.arg.kind == "as_tensor");
            condition = if is_tensor && !operands.is_empty() { Some(operands.remove(0)) } else { None };
        }
        let mut regions = Vec::new();
        for (name, body) in bodies {
            regions.push(self.region(&name, body, &operands, is_branch)?);
        }
        if is_branch {
            let condition = match condition {
                Some(condition) => condition,
                None => self.draft.tensor("condition", ValueType::Unknown)?,
            };
            call = Call { op: "aten.cond".to_owned(), args: vec![Arg::Tensor(condition)], ..Call::default() };
            call.args.extend(regions.iter().map(|r| Arg::Region(*r)));
        }
        let made = self.write(node, &call, outputs)?;
        let owner = made.first().map(|t| self.draft.graph.tensor(*t).producer);
        let Some(Producer::Node(owner, _)) = owner else { return Ok(made) };
        for region in &regions {
            self.draft.graph.own_region(*region, owner);
        }
        if !is_branch || regions.len() != 2 {
            self.draft.graph.node_mut(owner).attributes.set("bodies", Attribute::Regions(regions));
        }
        Ok(made)
    }

    /// A body of a branch reads what is around it; one of a loop has inputs of its own.
    fn region(
        &mut self,
        name: &str,
        body: Rc<Graph>,
        operands: &[TensorId],
        reads_outside: bool,
    ) -> Result<RegionId, Error> {
        let around = self.scope().region;
        let outside = self.scope().module;
        let module = self.draft.graph.add_module(outside, name, ModuleKind::Region);
        let region = self.draft.graph.add_region(name.to_owned(), around, module);
        let mut inputs = operands.to_vec();
        if !reads_outside {
            inputs.clear();
            for input in &body.inputs {
                let name = super::values::inner_name(&input.body).unwrap_or_default();
                let ty = body.tensor_values.get(name).map_or(ValueType::Unknown, |m| self.sizes.value(m));
                let id = self.draft.tensor(name, ty)?;
                self.draft.graph.mark_region_input(region, id);
                inputs.push(id);
            }
        }
        self.scope_mut().module = module;
        let results = self.body(body, &inputs, Some(region))?;
        self.scope_mut().module = outside;
        for result in results {
            self.draft.graph.mark_region_output(region, result);
        }
        Ok(region)
    }

    /// Writes a body with these tensors as its inputs.
    fn body(
        &mut self,
        graph: Rc<Graph>,
        inputs: &[TensorId],
        region: Option<RegionId>,
    ) -> Result<Vec<TensorId>, Error> {
        let tensors = graph.inputs.iter().filter(|i| i.kind == "as_tensor").filter_map(Union::name);
        let names: BTreeMap<String, TensorId> =
            tensors.map(str::to_owned).zip(inputs.iter().copied()).collect();
        let wanted: Vec<String> =
            graph.outputs.iter().flat_map(super::values::names).map(str::to_owned).collect();
        let (module, around) = (self.scope().module, self.scope().region);
        let region = region.or(around);
        self.scopes.push(Scope { graph, names, views: Views::default(), region, module });
        let done = self.nodes(&wanted);
        let results = done.and_then(|()| wanted.iter().map(|n| self.named(n)).collect::<Result<Vec<_>, _>>());
        self.scopes.pop();
        results
    }

    /// What an operator writes in place is what later operators read under the same name.
    fn follow(&mut self, node: &Node, call: &Call, outputs: &[&str]) -> Result<(), Error> {
        let source = node.inputs.iter().flat_map(|i| names(&i.arg)).next().unwrap_or_default().to_owned();
        let (Some(first), false) = (outputs.first(), source.is_empty()) else { return Ok(()) };
        if !is_written(&call.op) {
            self.scope_mut().views.note(first, &source, call);
            return Ok(());
        }
        let Some(new) = self.scope().names.get(*first).copied() else { return Ok(()) };
        written(self, node, &source, new)
    }
}

/// `torch.ops.aten.conv2d.default` is `aten.conv2d` and `default`.
fn target(full: &str) -> (String, String) {
    let rest = full.strip_prefix("torch.ops.").unwrap_or(full);
    let mut parts = rest.splitn(3, '.');
    let (namespace, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (format!("{namespace}.{name}"), parts.next().unwrap_or_default().to_owned())
}

/// The tensors of a result, a nameless one where it is left out.
fn output_names(output: &Union) -> Vec<&str> {
    match output.kind.as_str() {
        "as_tensor" | "as_tensors" | "as_optional_tensors" | "as_nested_tensors" | "as_optional_tensor" => {
            names(output)
        }
        "as_none" => vec![""],
        _ => Vec::new(),
    }
}

/// Which nodes lead to these values. What is written in place counts for who reads it later.
fn live(graph: &Graph, wanted: &[String]) -> Vec<bool> {
    let mut needed: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    // Parts of a tensor that is written through them.
    let mut whole: BTreeMap<&str, &str> = BTreeMap::new();
    for node in &graph.nodes {
        let source = node.inputs.first().and_then(|i| names(&i.arg).first().copied());
        let made = node.outputs.first().and_then(|o| names(o).first().copied());
        let (op, _) = target(&node.target);
        if let (Some(source), Some(made), true) = (source, made, is_view(&op) || is_written(&op)) {
            let root = whole.get(source).copied().unwrap_or(source);
            whole.insert(made, root);
        }
    }
    let mut live = vec![false; graph.nodes.len()];
    for (node, live) in graph.nodes.iter().zip(&mut live).rev() {
        let outputs = node.outputs.iter().flat_map(|o| names(o));
        let mut made = false;
        for output in outputs {
            made |= needed.contains(output);
        }
        let (op, _) = target(&node.target);
        let written =
            node.inputs.first().and_then(|i| names(&i.arg).first().copied()).filter(|_| is_written(&op));
        let through = written
            .is_some_and(|w| needed.contains(w) || whole.get(w).is_some_and(|root| needed.contains(root)));
        if made || through {
            *live = true;
            needed.extend(node.inputs.iter().flat_map(|i| names(&i.arg)));
        }
    }
    live
}
