//! From operators to the graph: every operator becomes nodes of the standard set, or stays itself.

mod control;
mod conv;
mod linear;
mod math;
mod pool;
mod recurrent;
mod reduce;
mod select;
mod shape;
mod slice;

use netloom_graph::{
    Attribute, DType, Dim, Elements, ModuleId, Node, RegionId, Shape, TensorId, Value, ValueType,
};

use super::program::{Body, Op, Program, ValueId};
use super::scopes::Scopes;
use crate::Error;
use crate::draft::{Draft, Stored};

/// A graph under construction and what has been made of the program.
pub(crate) struct Emit<'a> {
    /// The graph.
    pub draft: Draft,
    /// The program.
    pub program: &'a Program,
    scopes: &'a Scopes,
    tensors: Vec<Option<TensorId>>,
    region: Option<RegionId>,
    module: ModuleId,
    depth: u32,
}

/// Whether an operator was understood; one that was not stays itself.
type Done = Result<bool, Error>;

/// A family of operators: tries to make nodes of one.
type Family = fn(&mut Emit<'_>, &Op) -> Done;

/// Every family.
const FAMILIES: &[Family] = &[
    math::emit,
    conv::emit,
    pool::emit,
    linear::emit,
    shape::emit,
    slice::emit,
    reduce::emit,
    select::emit,
    control::emit,
    recurrent::emit,
];

/// Makes the graph of a program.
///
/// # Errors
/// When there are too many parts or modules nest too deep.
pub(crate) fn emit(draft: Draft, program: &Program, scopes: &Scopes) -> Result<Draft, Error> {
    Ok(make(draft, program, scopes)?.0)
}

/// Fills in types that the file does not declare: those that follow from the operators as they stand.
///
/// # Errors
/// When there are too many parts.
pub(crate) fn infer_types(program: &mut Program) -> Result<(), Error> {
    let open = |v: &super::program::Val| v.stored.is_none() && v.ty.shape().dims().is_none();
    let made = program.main.ops.iter().filter_map(Op::output);
    if !made.into_iter().any(|v| open(&program.values[v])) {
        return Ok(());
    }
    let (draft, tensors) = make(Draft::new("", ""), program, &Scopes::default())?;
    let mut graph = draft.finish();
    netloom_graph::infer::infer(&mut graph);
    for (value, tensor) in program.values.iter_mut().zip(tensors) {
        if let Some(tensor) = tensor.filter(|_| open(value)) {
            let known = &graph.tensor(tensor).ty;
            value.ty = value.ty.or(known);
        }
    }
    Ok(())
}

/// Makes the graph and says which tensor each value became.
fn make(draft: Draft, program: &Program, scopes: &Scopes) -> Result<(Draft, Vec<Option<TensorId>>), Error> {
    let module = draft.graph.root();
    let tensors = vec![None; program.values.len()];
    let mut cx = Emit { draft, program, scopes, tensors, region: None, module, depth: 0 };
    let main = &program.main;
    for (place, value) in main.inputs.iter().enumerate() {
        let known = &program.values[*value];
        let name = main.input_names.get(place).unwrap_or(&known.name);
        let tensor = cx.draft.input(name, known.ty.clone())?;
        cx.tensors[*value] = Some(tensor);
    }
    cx.body(main)?;
    for (place, value) in main.outputs.iter().enumerate() {
        let tensor = cx.get(*value)?;
        let tensor = match main.output_names.get(place) {
            // One value may have several names outside, and an input may be a result.
            Some(name) if !cx.draft.graph.outputs.contains(&tensor) => {
                if matches!(cx.draft.graph.tensor(tensor).producer, netloom_graph::Producer::Node(..)) {
                    name.clone_into(&mut cx.draft.graph.tensor_mut(tensor).name);
                }
                tensor
            }
            _ => tensor,
        };
        cx.draft.graph.mark_output(tensor);
    }
    Ok((cx.draft, cx.tensors))
}

impl Emit<'_> {
    /// Makes nodes of every operator of a body.
    fn body(&mut self, body: &Body) -> Result<(), Error> {
        for op in &body.ops {
            if self.region.is_none() {
                self.module = self.scopes.module(&mut self.draft, op.scope())?;
            }
            let mut done = false;
            for family in FAMILIES {
                done = family(self, op)?;
                if done {
                    break;
                }
            }
            if !done {
                self.unknown(op)?;
            }
        }
        Ok(())
    }

    /// Keeps an operator as it is.
    fn unknown(&mut self, op: &Op) -> Result<(), Error> {
        let settings = op.settings.iter().map(|(k, v)| (k.to_owned(), v.clone()));
        let settings: Vec<(String, Attribute)> = settings.collect();
        let mut node = Node::in_domain(op.domain, op.kind.as_str(), 1, self.module);
        for (key, value) in settings {
            node.attributes.set(key, value);
        }
        let inputs = self.get_all(&op.inputs)?;
        self.add(op, node, inputs)
    }

    /// The tensor of a value: of what was made, stored or given, or one that nothing makes.
    fn get(&mut self, value: ValueId) -> Result<TensorId, Error> {
        if let Some(tensor) = self.tensors[value] {
            return Ok(tensor);
        }
        let program = self.program;
        let known = &program.values[value];
        let tensor = match &known.stored {
            Some(stored) => {
                let weight = &stored.weight;
                let path = self.scopes.weight(&stored.path);
                let mut path = if path.is_empty() { "constant".to_owned() } else { path };
                let mut number = 0;
                while self.draft.weight_of(&path).is_some() {
                    number += 1;
                    let base = path.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
                    path = format!("{base}_{number}");
                }
                let facts = Stored {
                    dtype: weight.dtype,
                    shape: weight.shape.clone(),
                    storage: weight.storage.clone(),
                    role: weight.role,
                };
                let tensor = self.draft.weight(&path, facts)?;
                self.draft.graph.tensor_mut(tensor).value.clone_from(&stored.value);
                tensor
            }
            // Sizes are of 64 bits in the standard set; what is computed from them follows.
            None => match &known.ty {
                ValueType::Tensor { dtype: Some(DType::Int32), shape } => {
                    let ty = ValueType::Tensor { dtype: None, shape: shape.clone() };
                    self.draft.tensor(&known.name, ty)?
                }
                ty => self.draft.tensor(&known.name, ty.clone())?,
            },
        };
        self.tensors[value] = Some(tensor);
        Ok(tensor)
    }

    fn get_all(&mut self, values: &[Option<ValueId>]) -> Result<Vec<Option<TensorId>>, Error> {
        values.iter().map(|v| v.map(|v| self.get(v)).transpose()).collect()
    }

    /// Adds a node that makes the results of an operator.
    fn add(&mut self, op: &Op, mut node: Node, inputs: Vec<Option<TensorId>>) -> Result<(), Error> {
        let mut outputs = Vec::with_capacity(op.outputs.len());
        for value in &op.outputs {
            outputs.push(Some(self.get(*value)?));
        }
        op.name.clone_into(&mut node.name);
        node.region = self.region;
        self.draft.add(node.with_inputs(inputs).with_outputs(outputs))?;
        Ok(())
    }

    /// Adds a node of the standard set that makes the first result of an operator.
    fn last(
        &mut self,
        op: &Op,
        kind: &str,
        inputs: Vec<Option<TensorId>>,
        settings: Vec<(&str, Attribute)>,
    ) -> Done {
        let node = with(Node::new(kind, self.module), settings);
        let mut one = op.clone();
        one.outputs.truncate(1);
        self.add(&one, node, inputs)?;
        Ok(true)
    }

    /// Adds a node of the standard set on the way to the result of an operator.
    fn step(
        &mut self,
        op: &Op,
        kind: &str,
        inputs: Vec<Option<TensorId>>,
        settings: Vec<(&str, Attribute)>,
    ) -> Result<TensorId, Error> {
        let node = with(Node::new(kind, self.module), settings);
        let tensor = self.draft.tensor(&format!("{}/{kind}", op.name), ValueType::Unknown)?;
        let mut node = node.with_inputs(inputs).with_outputs([Some(tensor)]);
        node.name = format!("{}/{kind}", op.name);
        node.region = self.region;
        self.draft.add(node)?;
        Ok(tensor)
    }

    /// A constant list of integers.
    fn ints(&mut self, op: &Op, what: &str, list: impl IntoIterator<Item = i64>) -> Result<TensorId, Error> {
        let list = list.into_iter().map(Dim::Known).collect();
        self.draft.ints(&format!("{}/{what}", op.name), list)
    }

    /// A constant number.
    fn float(&mut self, op: &Op, what: &str, number: f64) -> Result<TensorId, Error> {
        let value = Value { dims: Vec::new(), elements: Elements::Floats(vec![number]) };
        self.draft.constant(&format!("{}/{what}", op.name), DType::Float32, value)
    }

    /// The type of a value as the file declares it.
    fn ty(&self, value: Option<ValueId>) -> &ValueType {
        value.map_or(&ValueType::Unknown, |v| &self.program.values[v].ty)
    }

    /// The dimensions of an input as the file declares them.
    fn dims(&self, op: &Op, position: usize) -> Option<Vec<Dim>> {
        self.ty(op.input(position)).shape().dims().map(<[Dim]>::to_vec)
    }

    /// The dimensions of the first result as the file declares them.
    fn made(&self, op: &Op) -> Option<Vec<Dim>> {
        self.ty(op.output()).shape().dims().map(<[Dim]>::to_vec)
    }

    /// The integers of an input that is constant.
    fn known(&self, op: &Op, position: usize) -> Option<Vec<i64>> {
        self.program.values[op.input(position)?].value()?.known_ints()
    }

    /// The numbers of an input that is constant.
    fn known_floats(&self, op: &Op, position: usize) -> Option<Vec<f64>> {
        let value = self.program.values[op.input(position)?].value()?;
        #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
        let ints = || value.known_ints().map(|v| v.into_iter().map(|n| n as f64).collect());
        value.as_floats().map(<[f64]>::to_vec).or_else(ints)
    }

    /// A stored value in dimensions that it does not have in the file.
    fn shaped(&mut self, value: ValueId, shape: Shape) -> Result<TensorId, Error> {
        let tensor = self.get(value)?;
        let known = self.draft.graph.tensor_mut(tensor);
        if known.weight.is_some() && known.ty.shape() != &shape {
            known.ty = ValueType::Tensor { dtype: known.ty.dtype(), shape };
        }
        Ok(tensor)
    }
}

fn with(mut node: Node, settings: Vec<(&str, Attribute)>) -> Node {
    for (key, value) in settings {
        node.attributes.set(key, value);
    }
    node
}

/// Whether channels stand last, as they do unless an operator says otherwise.
fn channels_last(op: &Op) -> bool {
    op.settings.string("data_format").is_none_or(|f| !f.starts_with("NC"))
}

/// The entries of a list of one number per dimension that belong to sides.
fn sides(op: &Op, list: &[i64]) -> Vec<i64> {
    match (list, channels_last(op)) {
        ([_, middle @ .., _], true) if !middle.is_empty() => middle.to_vec(),
        ([_, _, rest @ ..], false) => rest.to_vec(),
        _ => list.to_vec(),
    }
}

/// Padding as the standard set writes it.
fn padding(op: &Op, settings: &mut Vec<(&str, Attribute)>) {
    match op.settings.string("padding") {
        Some("SAME") => settings.push(("auto_pad", Attribute::String("SAME_UPPER".to_owned()))),
        Some("EXPLICIT") => {
            let pads = op.settings.ints("explicit_paddings").unwrap_or(&[]);
            let before: Vec<i64> = pads.iter().copied().step_by(2).collect();
            let after: Vec<i64> = pads.iter().copied().skip(1).step_by(2).collect();
            let pads = [sides(op, &before), sides(op, &after)].concat();
            settings.push(("pads", Attribute::Ints(pads)));
        }
        _ => {}
    }
}
