//! From a program to the graph: its ends, its stored tensors, the names of values.

use std::collections::BTreeMap;
use std::rc::Rc;

use netloom_graph::{Diagnostic, Graph, ModuleId, RegionId, TensorId, ValueType};
use serde_json::Value;

use super::alias::Views;
use super::facts::{Payload, stored};
use super::schema::{self, Program, Union};
use super::types::Sizes;
use super::values::inner_name;
use crate::Error;
use crate::draft::Draft;

/// The newest major version of the schema that is known.
const NEWEST_MAJOR: i64 = 8;

/// The longest message of a failed pass that is told, in bytes.
const MAX_MESSAGE: usize = 400;

/// A graph under construction.
pub(super) struct Build<'a> {
    pub draft: Draft,
    pub sizes: Sizes,
    pub scopes: Vec<Scope>,
    /// Modules by the text that names them.
    pub places: BTreeMap<String, ModuleId>,
    program: &'a Program,
    payloads: &'a BTreeMap<String, Payload>,
    /// Stored tensors by what they share: the member that holds them, or the name of the first of them.
    tied: BTreeMap<String, TensorId>,
}

/// A graph or body being written: what its names stand for.
pub(super) struct Scope {
    pub graph: Rc<schema::Graph>,
    pub names: BTreeMap<String, TensorId>,
    pub views: Views,
    pub region: Option<RegionId>,
    /// Where the last operator stood.
    pub module: ModuleId,
}

/// Writes a program.
///
/// # Errors
/// When it passes a limit.
pub(super) fn graph(
    mut program: Program,
    name: &str,
    payloads: &BTreeMap<String, Payload>,
) -> Result<Graph, Error> {
    let graph = Rc::new(std::mem::take(&mut program.graph_module.graph));
    let draft = Draft::new("torch-export", name);
    let root = draft.graph.root();
    let specs = &program.graph_module.signature.input_specs;
    let user = specs.iter().filter(|s| s.kind == "user_input").filter_map(|s| inner_name(s.body.get("arg")?));
    let sizes = Sizes::new(user.filter_map(|n| graph.tensor_values.get(n)));
    let scope = Scope {
        graph: Rc::clone(&graph),
        names: BTreeMap::new(),
        views: Views::default(),
        region: None,
        module: root,
    };
    let mut build = Build {
        draft,
        sizes,
        scopes: vec![scope],
        places: BTreeMap::new(),
        program: &program,
        payloads,
        tied: BTreeMap::new(),
    };
    build.about();
    build.inputs()?;
    build.unread()?;
    let outputs = build.output_names();
    build.nodes(&outputs)?;
    build.outputs(&outputs)?;
    build.classes()?;
    build.failure();
    Ok(build.draft.finish())
}

impl Build<'_> {
    /// The graph being written.
    pub(super) fn graph(&self) -> &schema::Graph {
        &self.scope().graph
    }

    pub(super) fn scope(&self) -> &Scope {
        self.scopes.last().expect("the outermost graph is never left")
    }

    pub(super) fn scope_mut(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the outermost graph is never left")
    }

    /// What the file declares of a value.
    pub(super) fn declared(&self, name: &str) -> ValueType {
        self.graph().tensor_values.get(name).map_or(ValueType::Unknown, |m| self.sizes.value(m))
    }

    /// The tensor of a name; one that nothing makes where the file never says where it comes from.
    pub(super) fn named(&mut self, name: &str) -> Result<TensorId, Error> {
        if let Some(id) = self.scope().names.get(name) {
            return Ok(*id);
        }
        let ty = self.declared(name);
        let id = self.draft.tensor(name, ty)?;
        self.scope_mut().names.insert(name.to_owned(), id);
        Ok(id)
    }

    fn about(&mut self) {
        let version = self.program.torch_version.as_str().unwrap_or_default();
        self.draft.graph.producer = format!("pytorch {version}").trim_end().to_owned();
        let schema = &self.program.schema_version;
        let major = schema.get("major").unwrap_or(schema).as_i64();
        if let Some(major) = major.filter(|m| *m > NEWEST_MAJOR) {
            self.draft.warn("", format!("the program has version {major} of its schema, newer than {NEWEST_MAJOR}: parts may be missing"));
        }
        if let Some(live) = &self.program.netloom {
            if !live.name.is_empty() {
                self.draft.graph.name.clone_from(&live.name);
            }
            for note in &live.notes {
                self.draft.note("", note.clone());
            }
        }
    }

    fn inputs(&mut self) -> Result<(), Error> {
        let program = self.program;
        let signature = &program.graph_module.signature;
        if signature.input_specs.is_empty() {
            // PyTorch 2.1 named what is stored and left the rest to the graph.
            let graph = Rc::clone(&self.scope().graph);
            for input in &graph.inputs {
                let Some(name) = inner_name(&input.body) else { continue };
                if let Some(full) = signature.inputs_to_parameters.get(name) {
                    self.weight(name, full, true)?;
                } else if let Some(full) = signature.inputs_to_buffers.get(name) {
                    self.weight(name, full, false)?;
                } else {
                    self.input(name)?;
                }
            }
            return Ok(());
        }
        for spec in &signature.input_specs {
            let Some(name) = spec.body.get("arg").and_then(inner_name) else { continue };
            let full = |key: &str| spec.body.get(key).and_then(Value::as_str).unwrap_or(name).to_owned();
            match spec.kind.as_str() {
                "user_input" => self.input(name)?,
                "parameter" => self.weight(name, &full("parameter_name"), true)?,
                "buffer" => self.weight(name, &full("buffer_name"), false)?,
                "tensor_constant" => self.weight(name, &full("tensor_constant_name"), false)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn input(&mut self, name: &str) -> Result<(), Error> {
        let ty = self.declared(name);
        let id = self.draft.input(name, ty)?;
        self.scope_mut().names.insert(name.to_owned(), id);
        Ok(())
    }

    /// A stored tensor under the name it has in the graph and its own.
    fn weight(&mut self, name: &str, full: &str, is_parameter: bool) -> Result<(), Error> {
        let id = self.keep(full, is_parameter, Some(name))?;
        self.scope_mut().names.insert(name.to_owned(), id);
        Ok(())
    }

    fn keep(&mut self, full: &str, is_parameter: bool, name: Option<&str>) -> Result<TensorId, Error> {
        let program = self.program;
        let live = program.netloom.as_ref();
        let payload = self.payloads.get(full);
        let shared = live.and_then(|l| l.weights.get(full)).and_then(|w| w.shared_with.as_deref());
        let key = match (payload, shared) {
            (Some(payload), _) => payload.path.clone(),
            (None, Some(first)) => first.to_owned(),
            (None, None) => full.to_owned(),
        };
        if let Some(id) = self.tied.get(&key) {
            return Ok(*id);
        }
        let graph = Rc::clone(&self.scope().graph);
        let meta = name.and_then(|n| graph.tensor_values.get(n));
        let stored = stored(full, meta, payload, is_parameter, live, &self.sizes);
        let id = self.draft.weight(full, stored)?;
        if let Some(value) = payload.and_then(|p| p.value.clone()) {
            self.draft.graph.tensor_mut(id).value = Some(value);
        }
        self.tied.insert(key, id);
        Ok(id)
    }

    /// Weights of a live model that the pass did not read.
    fn unread(&mut self) -> Result<(), Error> {
        let Some(live) = self.program.netloom.as_ref() else { return Ok(()) };
        for (name, weight) in &live.weights {
            if weight.shared_with.is_none() && self.draft.weight_of(name).is_none() {
                self.keep(name, weight.kind == "parameter", None)?;
            }
        }
        Ok(())
    }

    /// The values that the model gives out.
    fn output_names(&self) -> Vec<String> {
        let signature = &self.program.graph_module.signature;
        let told = |s: &Union| matches!(s.kind.as_str(), "user_output" | "loss_output");
        let specs = signature.output_specs.iter().filter(|s| told(s));
        let named: Vec<String> =
            specs.filter_map(|s| inner_name(s.body.get("arg")?)).map(str::to_owned).collect();
        if !signature.output_specs.is_empty() {
            return named;
        }
        let old = signature.user_outputs.iter().filter_map(|v| v.as_str().or_else(|| inner_name(v)));
        let old: Vec<String> = old.map(str::to_owned).collect();
        if !old.is_empty() {
            return old;
        }
        self.graph().outputs.iter().filter_map(|o| inner_name(&o.body)).map(str::to_owned).collect()
    }

    fn outputs(&mut self, names: &[String]) -> Result<(), Error> {
        let keys = self.keys();
        let keys = if keys.len() == names.len() { keys } else { vec![None; names.len()] };
        for (name, key) in names.iter().zip(keys) {
            let id = self.named(name)?;
            if self.draft.graph.outputs.contains(&id) {
                continue;
            }
            let tensor = self.draft.graph.tensor_mut(id);
            if let Some(key) = key.filter(|_| matches!(tensor.producer, netloom_graph::Producer::Node(..))) {
                tensor.name = key;
            }
            self.draft.graph.mark_output(id);
        }
        Ok(())
    }

    /// What the model's author calls its results, where they have names.
    fn keys(&self) -> Vec<Option<String>> {
        let calls = &self.program.graph_module.module_call_graph;
        let root = calls.iter().find(|c| c.get("fqn").and_then(Value::as_str) == Some(""));
        let spec = root.and_then(|r| r.get("signature")?.get("out_spec")?.as_str());
        let Some(tree) = spec.and_then(|s| serde_json::from_str::<Value>(s).ok()) else { return Vec::new() };
        let mut keys = Vec::new();
        leaves(tree.get(1).unwrap_or(&tree), None, &mut keys);
        keys
    }

    /// Classes that only a live model knows.
    fn classes(&mut self) -> Result<(), Error> {
        let Some(live) = self.program.netloom.as_ref() else { return Ok(()) };
        for (path, class) in &live.modules {
            let mut at = path.split('.').filter(|p| !p.is_empty());
            let root = self.draft.graph.root();
            let found = at.try_fold(root, |m, name| self.draft.graph.child(m, name));
            if let Some(found) = found {
                let module = self.draft.graph.module_mut(found);
                if module.class.is_none() {
                    module.class = super::place::class_of(class);
                }
            }
        }
        Ok(())
    }

    /// Where a live pass broke off.
    fn failure(&mut self) {
        let Some(failed) = self.program.netloom.as_ref().and_then(|l| l.failed_at.as_ref()) else { return };
        let class = failed.class.as_deref().and_then(super::place::class_of).unwrap_or_default();
        let mut message: String = failed.message.chars().take(MAX_MESSAGE).collect();
        if message.is_empty() {
            message.push_str("no reason given");
        }
        let op = failed.op.as_deref().map(|o| format!(" in {o}")).unwrap_or_default();
        let told = format!("the forward pass failed here{op}: {message}; what ran before is shown");
        let path = if failed.module.is_empty() { class } else { failed.module.clone() };
        self.draft.graph.diagnostics.push(Diagnostic::error(path, told));
        let node = failed.node.as_deref().and_then(|n| self.scope().names.get(n)).copied();
        if let Some(netloom_graph::Producer::Node(id, _)) = node.map(|t| self.draft.graph.tensor(t).producer)
        {
            let attributes = &mut self.draft.graph.node_mut(id).attributes;
            attributes.set("failed", netloom_graph::Attribute::String(message));
        }
    }
}

/// The deepest nesting of results.
const MAX_NESTING: usize = 32;

/// The keys of the leaves of a tree of results, in order.
fn leaves(spec: &Value, key: Option<String>, out: &mut Vec<Option<String>>) {
    let mut work = vec![(spec, key, 0)];
    while let Some((spec, key, depth)) = work.pop() {
        let children =
            spec.get("children_spec").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if spec.get("type").is_none_or(Value::is_null) || depth > MAX_NESTING {
            out.push(key);
            continue;
        }
        let context = spec.get("context").and_then(Value::as_str).unwrap_or_default();
        let names: Vec<String> = serde_json::from_str(context).unwrap_or_default();
        for (i, child) in children.iter().enumerate().rev() {
            let own = match (names.get(i).filter(|_| names.len() == children.len()), &key) {
                (Some(name), None) => Some(name.clone()),
                (Some(name), Some(key)) => Some(format!("{key}.{name}")),
                (None, Some(key)) => Some(format!("{key}.{i}")),
                (None, None) => None,
            };
            work.push((child, own, depth + 1));
        }
    }
}
