//! From nodes and functions to a program: what results need, functions written out at their calls.

use std::collections::BTreeMap;

use netloom_graph::{Attribute, Attributes, DType, Role, Shape, Storage, ValueType, Weight};

use super::program::{Body, Constant, Op, Program, Val, ValueId};
use super::proto::{Function, GraphDef, NodeDef, Setting};
use super::saved::{Saved, Signature};
use super::scopes;
use crate::Error;

/// The most nodes, inputs and values once functions are written out at their calls.
const MAX_PARTS: usize = 1_000_000;

/// How deep calls of functions may nest.
const MAX_CALLS: u32 = 48;

/// Operators that hand on what they read.
const ALIASES: &[&str] = &[
    "CheckNumerics",
    "DisableCopyOnRead",
    "EnsureShape",
    "Identity",
    "IdentityN",
    "PlaceholderWithDefault",
    "PreventGradient",
    "ReadVariableOp",
    "Snapshot",
    "StopGradient",
];

/// Operators whose results have names of their own; the first one is the first result.
const RESULTS: &[(&str, &[&str])] = &[
    (
        "FusedBatchNorm",
        &["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"],
    ),
    ("TopK", &["values", "indices"]),
    ("Unique", &["y", "idx", "count"]),
    ("Switch", &["output_false", "output_true"]),
    ("Merge", &["output", "value_index"]),
    ("NonMaxSuppressionV4", &["selected_indices", "valid_outputs"]),
    ("NonMaxSuppressionV5", &["selected_indices", "selected_scores", "valid_outputs"]),
    ("CombinedNonMaxSuppression", &["nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"]),
    ("CudnnRNN", &["output", "output_h", "output_c", "reserve_space", "host_reserved"]),
    ("BlockLSTM", &["i", "cs", "f", "o", "ci", "co", "h"]),
    ("Svd", &["s", "u", "v"]),
    ("Qr", &["q", "r"]),
    ("SparseSoftmaxCrossEntropyWithLogits", &["loss", "backprop"]),
    ("SoftmaxCrossEntropyWithLogits", &["loss", "backprop"]),
    ("LookupTableExport", &["keys", "values"]),
    ("MaxPoolWithArgmax", &["output", "argmax"]),
    ("RaggedTensorToSparse", &["sparse_indices", "sparse_values", "sparse_dense_shape"]),
];

/// Results of a model and what they are called.
type Results = (Vec<ValueId>, Vec<String>);

/// Comparisons, whose results are truth values.
const TRUTHS: &[&str] = &[
    "Equal",
    "Greater",
    "GreaterEqual",
    "IsFinite",
    "IsInf",
    "IsNan",
    "Less",
    "LessEqual",
    "LogicalAnd",
    "LogicalNot",
    "LogicalOr",
    "NotEqual",
];

/// A program under construction.
struct Inliner<'a> {
    saved: &'a Saved,
    program: Program,
    parts: usize,
    inputs: Vec<ValueId>,
    input_names: BTreeMap<String, String>,
    depth: u32,
}

/// One run of nodes: a graph or the body of a function.
struct Frame<'a> {
    nodes: &'a [NodeDef],
    places: BTreeMap<&'a str, usize>,
    arguments: BTreeMap<&'a str, ValueId>,
    values: Vec<Vec<ValueId>>,
    prefix: String,
}

/// Makes the program of a graph.
///
/// # Errors
/// When calls nest too deep, or there are too many parts.
pub(super) fn program(saved: &Saved) -> Result<Program, Error> {
    let mut inliner = Inliner {
        saved,
        program: Program::default(),
        parts: 0,
        inputs: Vec::new(),
        input_names: BTreeMap::new(),
        depth: 0,
    };
    let mut ops = Vec::new();
    let (outputs, output_names) = match signature(saved) {
        Some(signature) => inliner.signature(&signature, &mut ops)?,
        None => match inliner.function(&mut ops)? {
            Some(found) => found,
            None => inliner.graph(&mut ops)?,
        },
    };
    let mut program = inliner.program;
    let inputs = inliner.inputs;
    let names = inputs.iter().map(|v| {
        let own = &program.values[*v].name;
        inliner.input_names.get(own).unwrap_or(own).clone()
    });
    let input_names = names.collect();
    program.main = Body { ops, inputs, outputs, input_names, output_names };
    Ok(program)
}

/// The way to call a model that is for use.
fn signature(saved: &Saved) -> Option<Signature> {
    let used = |s: &&Signature| !s.outputs.is_empty() && !s.inputs.is_empty();
    let named = saved.signatures.get("serving_default").filter(used);
    let others = || saved.signatures.iter().filter(|(k, _)| !k.starts_with("__")).map(|(_, s)| s).find(used);
    named.or_else(others).cloned()
}

/// What a reference names: the node and which of its results.
fn reference<'b>(text: &'b str, op_of: impl Fn(&str) -> Option<&'b str>) -> (&'b str, usize) {
    let mut parts = text.split(':');
    let name = parts.next().unwrap_or("");
    match (parts.next(), parts.next()) {
        (None, _) => (name, 0),
        (Some(place), None) if place.parse::<usize>().is_ok() => (name, place.parse().unwrap_or(0)),
        (Some(result), place) => {
            let place = place.and_then(|p| p.parse().ok()).unwrap_or(0);
            let op = op_of(name).unwrap_or("");
            let results = RESULTS.iter().find(|(o, _)| op.starts_with(o)).map(|(_, r)| *r);
            let first = results.and_then(|r| r.iter().position(|n| *n == result)).unwrap_or(0);
            (name, first + place)
        }
    }
}

impl<'a> Frame<'a> {
    fn new(nodes: &'a [NodeDef], arguments: BTreeMap<&'a str, ValueId>, prefix: String) -> Self {
        let places = nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
        Self { nodes, places, arguments, values: vec![Vec::new(); nodes.len()], prefix }
    }

    fn split<'b>(&'b self, text: &'b str) -> (&'b str, usize) {
        reference(text, |name| self.places.get(name).map(|i| self.nodes[*i].op.as_str()))
    }

    /// The nodes that these results need, in an order in which they can run.
    fn order(&self, wanted: &[&str]) -> Vec<usize> {
        let mut needed = vec![false; self.nodes.len()];
        let data = |i: usize| self.nodes[i].inputs.iter().filter(|n| !n.starts_with('^'));
        let place = |text: &str| self.places.get(self.split(text).0).copied();
        let mut work: Vec<usize> = wanted.iter().filter_map(|w| place(w)).collect();
        while let Some(i) = work.pop() {
            if !std::mem::replace(&mut needed[i], true) {
                work.extend(data(i).filter_map(|n| place(n)));
            }
        }
        // The order of the file where it can run, else what is read first.
        let mut order = Vec::new();
        let mut state = vec![0_u8; self.nodes.len()];
        for first in (0..self.nodes.len()).filter(|i| needed[*i]) {
            let mut stack = vec![first];
            while let Some(i) = stack.last().copied() {
                match state[i] {
                    0 => {
                        state[i] = 1;
                        stack.extend(data(i).filter_map(|n| place(n)).filter(|j| state[*j] == 0));
                    }
                    1 => {
                        state[i] = 2;
                        order.push(i);
                        stack.pop();
                    }
                    _ => {
                        stack.pop();
                    }
                }
            }
        }
        order
    }

    fn get(&self, text: &str) -> Option<ValueId> {
        let (name, result) = self.split(text);
        if let Some(value) = self.arguments.get(name) {
            return Some(*value);
        }
        self.values[*self.places.get(name)?].get(result).copied()
    }
}

impl<'a> Inliner<'a> {
    fn count(&mut self, parts: usize) -> Result<(), Error> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MAX_PARTS {
            return Err(Error::limit(format!(
                "the model has more than {MAX_PARTS} parts once its functions are written out"
            )));
        }
        Ok(())
    }

    fn value(&mut self, value: Val) -> Result<ValueId, Error> {
        self.count(1)?;
        Ok(self.program.value(value))
    }

    /// What a signature names.
    fn signature(&mut self, signature: &Signature, ops: &mut Vec<Op>) -> Result<Results, Error> {
        for (outside, inside) in &signature.inputs {
            let name = inside.split(':').next().unwrap_or("");
            self.input_names.insert(name.to_owned(), outside.clone());
        }
        let saved = self.saved;
        let mut frame = Frame::new(&saved.graph.nodes, BTreeMap::new(), String::new());
        // Every input of the signature is one of the model, read or not; their order is that of their names.
        let inputs: Vec<&str> = signature.inputs.values().map(String::as_str).collect();
        let outputs: Vec<&str> = signature.outputs.values().map(String::as_str).collect();
        self.run(&mut frame, &[inputs, outputs.clone()].concat(), ops)?;
        self.inputs.sort_by_key(|v| {
            let name = &self.program.values[*v].name;
            self.input_names.get(name).cloned().unwrap_or_default()
        });
        let found = signature.outputs.iter();
        Ok(found.filter_map(|(outside, inside)| Some((frame.get(inside)?, outside.clone()))).unzip())
    }

    /// The function of a model that was saved without a signature.
    fn function(&mut self, ops: &mut Vec<Op>) -> Result<Option<Results>, Error> {
        let saved = self.saved;
        let fit = saved.functions.iter().filter_map(|(name, bound)| {
            Some((saved.graph.functions.get(name)?, bound)).filter(|(f, _)| !f.results.is_empty())
        });
        // The one that reads most variables is the whole model.
        let Some((function, bound)) = fit.max_by_key(|(_, bound)| bound.len()) else { return Ok(None) };
        let own = function.arguments.len().saturating_sub(bound.len());
        let mut arguments = BTreeMap::new();
        for (place, name) in function.arguments.iter().enumerate() {
            let value = if place < own {
                let shape = function.shapes.get(&place).cloned().unwrap_or_default();
                let value = self.value(Val::new(name.clone(), None, shape))?;
                self.inputs.push(value);
                value
            } else {
                let known = saved.objects.get(&bound[place - own]);
                let variable = known.and_then(|n| Some((n, saved.variables.get(n)?)));
                match variable {
                    Some((name, v)) => {
                        let (dtype, shape) = (v.dtype, v.shape.clone());
                        self.variable(name, dtype, shape)?
                    }
                    None => self.value(Val::new(name.clone(), None, Shape::Unranked))?,
                }
            };
            arguments.insert(name.as_str(), value);
        }
        let results = self.body(function, arguments, String::new(), ops)?;
        let names = results.iter().map(|v| self.program.values[*v].name.clone()).collect();
        Ok(Some((results, names)))
    }

    /// A graph alone: its placeholders are inputs, what nobody reads are outputs.
    fn graph(&mut self, ops: &mut Vec<Op>) -> Result<Results, Error> {
        let nodes = &self.saved.graph.nodes;
        let mut frame = Frame::new(nodes, BTreeMap::new(), String::new());
        let outputs = ends(&frame);
        self.run(&mut frame, &outputs, ops)?;
        let found = outputs.iter();
        Ok(found.filter_map(|name| Some((frame.get(name)?, (*name).to_owned()))).unzip())
    }

    /// Runs the nodes that some results need.
    fn run(&mut self, frame: &mut Frame<'a>, wanted: &[&str], ops: &mut Vec<Op>) -> Result<(), Error> {
        let order = frame.order(wanted);
        let mut results = vec![1_usize; frame.nodes.len()];
        for i in &order {
            for input in &frame.nodes[*i].inputs {
                let (name, result) = frame.split(input);
                if let Some(place) = frame.places.get(name) {
                    results[*place] = results[*place].max(result.saturating_add(1).min(1 << 16));
                }
            }
        }
        for text in wanted {
            let (name, result) = frame.split(text);
            if let Some(place) = frame.places.get(name) {
                results[*place] = results[*place].max(result.saturating_add(1).min(1 << 16));
            }
        }
        for i in order {
            frame.values[i] = self.node(frame, i, results[i], ops)?;
        }
        Ok(())
    }

    /// Writes out a function.
    fn body(
        &mut self,
        function: &'a Function,
        arguments: BTreeMap<&'a str, ValueId>,
        prefix: String,
        ops: &mut Vec<Op>,
    ) -> Result<Vec<ValueId>, Error> {
        if self.depth >= MAX_CALLS {
            return Err(Error::limit(format!("functions call one another more than {MAX_CALLS} deep"))
                .with_hint("a function that calls itself cannot be written out"));
        }
        self.depth += 1;
        let mut frame = Frame::new(&function.nodes, arguments, prefix);
        let wanted: Vec<&str> =
            function.results.iter().map(|r| function.returns.get(r).unwrap_or(r).as_str()).collect();
        self.run(&mut frame, &wanted, ops)?;
        let mut results = Vec::with_capacity(wanted.len());
        for text in wanted {
            results.push(match frame.get(text) {
                Some(value) => value,
                None => self.value(Val::new(text, None, Shape::Unranked))?,
            });
        }
        self.depth -= 1;
        Ok(results)
    }

    /// What one node makes.
    fn node(
        &mut self,
        frame: &Frame<'a>,
        place: usize,
        results: usize,
        ops: &mut Vec<Op>,
    ) -> Result<Vec<ValueId>, Error> {
        let node = &frame.nodes[place];
        self.count(1 + node.inputs.len())?;
        let inputs: Vec<Option<ValueId>> =
            node.inputs.iter().filter(|n| !n.starts_with('^')).map(|n| frame.get(n)).collect();
        let name = joined(&frame.prefix, &node.name);
        match node.op.as_str() {
            "Const" | "HostConst" => return Ok(vec![self.constant(node, name)?]),
            "VarHandleOp" | "VariableV2" | "Variable" => {
                let shape = match node.settings.get("shape") {
                    Some(Setting::Shape(shape)) => shape.clone(),
                    _ => Shape::Unranked,
                };
                return Ok(vec![self.variable(&name, node.dtype("dtype"), shape)?]);
            }
            "Placeholder" | "PlaceholderV2" => {
                let shape = match (node.settings.get("shape"), node.shapes().first()) {
                    (Some(Setting::Shape(shape)), _) if shape.rank().is_some_and(|r| r > 0) => shape.clone(),
                    (_, Some(shape)) => shape.clone(),
                    (Some(Setting::Shape(shape)), None) => shape.clone(),
                    _ => Shape::Unranked,
                };
                let value = self.value(Val::new(name, node.dtype("dtype"), shape))?;
                self.inputs.push(value);
                return Ok(vec![value]);
            }
            op if ALIASES.contains(&op) && inputs.first().is_some_and(Option::is_some) => {
                return Ok(inputs.into_iter().flatten().collect());
            }
            "NoOp" | "Assert" => return Ok(Vec::new()),
            _ => {}
        }
        let called = match node.op.as_str() {
            "PartitionedCall" | "StatefulPartitionedCall" | "TPUPartitionedCall" => node.function("f"),
            // Functions may be called like operators.
            op => Some(op),
        };
        let graph: &'a GraphDef = &self.saved.graph;
        if let Some(function) = called.and_then(|name| graph.functions.get(name)) {
            let arguments = self.arguments(function, &inputs)?;
            return self.body(function, arguments, prefix_of(&name), ops);
        }
        let mut op = Op::new(&node.op, &name, inputs, 0);
        op.settings = settings(node);
        for (role, key) in [
            ("then_branch", "then_branch"),
            ("else_branch", "else_branch"),
            ("cond", "cond"),
            ("body", "body"),
        ] {
            if let Some(function) = node.function(key).and_then(|name| graph.functions.get(name)) {
                let formal = self.formal(function, &op.inputs, node.op.contains("If"))?;
                let mut inside = Vec::new();
                let arguments =
                    function.arguments.iter().map(String::as_str).zip(formal.iter().copied()).collect();
                let outputs = self.body(function, arguments, name.clone(), &mut inside)?;
                let body = Body { ops: inside, inputs: formal, outputs, ..Body::default() };
                self.program.bodies.push(body);
                op.bodies.push((role, self.program.bodies.len() - 1));
            }
        }
        let shapes = node.shapes();
        let results = if op.bodies.is_empty() { results } else { shapes.len().max(results) };
        op.outputs.clear();
        for result in 0..results.max(shapes.len().min(results.max(1))) {
            let shape = shapes.get(result).cloned().unwrap_or_default();
            let value = self.value(Val::new(name.clone(), made(node), shape))?;
            op.outputs.push(value);
        }
        let outputs = op.outputs.clone();
        ops.push(op);
        Ok(outputs)
    }

    /// Arguments of a function by name; what is left out is a value that nothing makes.
    fn arguments(
        &mut self,
        function: &'a Function,
        inputs: &[Option<ValueId>],
    ) -> Result<BTreeMap<&'a str, ValueId>, Error> {
        let mut arguments = BTreeMap::new();
        for (place, name) in function.arguments.iter().enumerate() {
            let value = match inputs.get(place).copied().flatten() {
                Some(value) => value,
                None => self.value(Val::new(name.clone(), None, Shape::Unranked))?,
            };
            arguments.insert(name.as_str(), value);
        }
        Ok(arguments)
    }

    /// Formal inputs of a body; the first input of a branch is its condition.
    fn formal(
        &mut self,
        function: &Function,
        inputs: &[Option<ValueId>],
        branch: bool,
    ) -> Result<Vec<ValueId>, Error> {
        let mut formal = Vec::with_capacity(function.arguments.len());
        for (place, name) in function.arguments.iter().enumerate() {
            let given = inputs.get(place + usize::from(branch)).copied().flatten();
            let ty = match (given.map(|v| self.program.values[v].ty.clone()), function.shapes.get(&place)) {
                (Some(ValueType::Tensor { dtype, .. }), Some(shape)) => {
                    ValueType::Tensor { dtype, shape: shape.clone() }
                }
                (Some(ty), None) => ty,
                (_, shape) => ValueType::Tensor { dtype: None, shape: shape.cloned().unwrap_or_default() },
            };
            formal.push(self.value(Val { ty, ..Val::new(name.clone(), None, Shape::Unranked) })?);
        }
        Ok(formal)
    }

    fn constant(&mut self, node: &NodeDef, name: String) -> Result<ValueId, Error> {
        let Some(Setting::Tensor(constant)) = node.settings.get("value") else {
            let shape = node.shapes().first().cloned().unwrap_or_default();
            return self.value(Val::new(name, node.dtype("dtype"), shape));
        };
        let weight = Weight::new(constant.dtype, constant.shape.clone(), constant.storage.clone());
        let stored = Constant { path: name.clone(), weight, value: constant.value.clone(), variable: false };
        let value = Val::new(name, constant.dtype, constant.shape.clone());
        self.value(Val { stored: Some(Box::new(stored)), ..value })
    }

    fn variable(&mut self, name: &str, dtype: Option<DType>, shape: Shape) -> Result<ValueId, Error> {
        // Copies that Keras makes for an export have a number at the end.
        let known = self.saved.variables.get(name).map(|v| (name, v)).or_else(|| {
            let base = scopes::base(name);
            self.saved.variables.get(base).filter(|v| v.shape == shape).map(|v| (base, v))
        });
        let (path, trainable) = known.map_or((name, None), |(name, v)| (name, Some(v.trainable)));
        let mut weight = Weight::new(dtype, shape.clone(), Storage::Absent);
        weight.role = match dtype {
            Some(dtype) if !dtype.is_float() => Some(Role::Buffer),
            _ => trainable.map(|t| Role::Parameter { trainable: Some(t) }),
        };
        let stored = Constant { path: path.to_owned(), weight, value: None, variable: true };
        self.value(Val { stored: Some(Box::new(stored)), ..Val::new(name, dtype, shape) })
    }
}

/// The scope that a call opens: its name, unless that only says that it is a call.
fn prefix_of(name: &str) -> String {
    let (scope, own) = name.rsplit_once('/').unwrap_or(("", name));
    let call =
        ["StatefulPartitionedCall", "PartitionedCall", "TPUPartitionedCall"].contains(&scopes::base(own));
    if call { scope } else { name }.to_owned()
}

/// A name inside a scope; names that repeat the scope stay as they are.
fn joined(prefix: &str, name: &str) -> String {
    let repeated =
        prefix.is_empty() || name.starts_with(prefix) && name.as_bytes().get(prefix.len()) == Some(&b'/');
    if repeated { name.to_owned() } else { format!("{prefix}/{name}") }
}

/// Nodes that nobody reads and that make something of the inputs.
fn ends<'a>(frame: &Frame<'a>) -> Vec<&'a str> {
    const SILENT: &[&str] = &[
        "Assert",
        "Assign",
        "AssignAdd",
        "AssignSub",
        "AssignVariableOp",
        "Const",
        "HostConst",
        "InitializeTable",
        "InitializeTableV2",
        "MergeV2Checkpoints",
        "NoOp",
        "Print",
        "PrintV2",
        "Placeholder",
        "RestoreV2",
        "Save",
        "SaveV2",
        "ShardedFilename",
        "VarHandleOp",
        "VarIsInitializedOp",
        "Variable",
        "VariableV2",
    ];
    // Saving and restoring is done under a scope of that name.
    let silent = |n: &NodeDef| SILENT.contains(&n.op.as_str()) || n.name.starts_with("save/");
    let mut read = vec![false; frame.nodes.len()];
    let mut fed = vec![false; frame.nodes.len()];
    let everything: Vec<&str> = frame.nodes.iter().map(|n| n.name.as_str()).collect();
    for i in frame.order(&everything) {
        let node = &frame.nodes[i];
        let inputs = node.inputs.iter().filter(|n| !n.starts_with('^'));
        let places: Vec<usize> = inputs.filter_map(|n| frame.places.get(frame.split(n).0).copied()).collect();
        fed[i] = node.op.starts_with("Placeholder") || places.iter().any(|p| fed[*p]);
        if !silent(node) {
            places.into_iter().for_each(|p| read[p] = true);
        }
    }
    let open = |i: &usize| !read[*i] && !silent(&frame.nodes[*i]);
    let found: Vec<usize> = (0..frame.nodes.len()).filter(open).collect();
    let from_inputs: Vec<usize> = found.iter().copied().filter(|i| fed[*i]).collect();
    let chosen = if from_inputs.is_empty() { found } else { from_inputs };
    chosen.into_iter().map(|i| frame.nodes[i].name.as_str()).collect()
}

/// The element type of what a node makes, where its settings say so.
fn made(node: &NodeDef) -> Option<DType> {
    match node.op.as_str() {
        "Cast" => node.dtype("DstT"),
        op if TRUTHS.contains(&op) => Some(DType::Bool),
        "Shape" | "Size" | "Rank" => None,
        _ => node.dtype("dtype").filter(|_| !node.op.contains("Variable")),
    }
}

/// Settings as a graph has them; those that only concern running are left out.
fn settings(node: &NodeDef) -> Attributes {
    let mut settings = Attributes::new();
    for (key, value) in &node.settings {
        if key.starts_with('_')
            || ["config_proto", "executor_type", "config", "device"].contains(&key.as_str())
        {
            continue;
        }
        let value = match value {
            Setting::Text(text) => Attribute::String(text.clone()),
            Setting::Int(n) => Attribute::Int(*n),
            Setting::Float(x) => Attribute::Float(*x),
            Setting::Bool(b) => Attribute::Int((*b).into()),
            Setting::List(list) if !list.ints.is_empty() => Attribute::Ints(list.ints.clone()),
            Setting::List(list) if !list.floats.is_empty() => Attribute::Floats(list.floats.clone()),
            Setting::List(list) if !list.texts.is_empty() => Attribute::Strings(list.texts.clone()),
            _ => continue,
        };
        settings.set(key.as_str(), value);
    }
    settings
}
