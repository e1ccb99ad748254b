//! A network as TensorFlow and TensorFlow Lite write it: operators over values, before it becomes a graph.
//!
//! Both formats have nearly the same operators under two sets of names; readers write them down here under the names of
//! TensorFlow, [`super::passes`] joins what belongs together, and [`super::emit`] makes the graph.

use std::collections::BTreeMap;

use netloom_graph::{Attributes, DType, Dim, Shape, Storage, Value, ValueType, Weight};

/// The place of a value in [`Program::values`].
pub(crate) type ValueId = usize;

/// A whole network.
#[derive(Default, Debug)]
pub(crate) struct Program {
    /// Every value of every body.
    pub values: Vec<Val>,
    /// The network itself.
    pub main: Body,
    /// Bodies of loops and branches; operators name them by place.
    pub bodies: Vec<Body>,
    /// Scales of quantised values, in order of value.
    pub scales: Vec<(ValueId, f64)>,
}

/// Operators in an order in which they can run.
#[derive(Clone, Default, Debug)]
pub(crate) struct Body {
    /// The operators.
    pub ops: Vec<Op>,
    /// Formal inputs.
    pub inputs: Vec<ValueId>,
    /// Results.
    pub outputs: Vec<ValueId>,
    /// What the inputs are called outside, where that differs from the value's own name.
    pub input_names: Vec<String>,
    /// What the outputs are called outside.
    pub output_names: Vec<String>,
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Val {
    /// Name in the file.
    pub name: String,
    /// Type as far as the file declares it.
    pub ty: ValueType,
    /// What is stored for it, if it is a weight or a constant.
    pub stored: Option<Box<Constant>>,
    /// Whether its elements are small integers that stand for real numbers.
    pub quantized: bool,
}

/// A stored value.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    /// Path with dots, unique to what is stored.
    pub path: String,
    /// Facts of what is stored.
    pub weight: Weight,
    /// Its elements, if they are few.
    pub value: Option<Value>,
    /// Whether it is a variable that the file names.
    pub variable: bool,
}

/// One operator.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// Its name in TensorFlow, or as the file has it.
    pub kind: String,
    /// The operator set of an operator that stays unknown.
    pub domain: &'static str,
    /// Name in the file: scopes joined by slashes, its own name last.
    pub name: String,
    /// Values read; `None` where an optional one is left out.
    pub inputs: Vec<Option<ValueId>>,
    /// Values made.
    pub outputs: Vec<ValueId>,
    /// Settings.
    pub settings: Attributes,
    /// Bodies of a loop or branch: the setting's name and the place in [`Program::bodies`].
    pub bodies: Vec<(&'static str, usize)>,
}

impl Val {
    /// A value that an operator makes or that comes from outside.
    pub(crate) fn new(name: impl Into<String>, dtype: Option<DType>, shape: Shape) -> Self {
        Self { name: name.into(), ty: ValueType::Tensor { dtype, shape }, stored: None, quantized: false }
    }

    /// A constant of known elements.
    pub(crate) fn constant(name: impl Into<String>, dtype: DType, value: Value) -> Self {
        let name = name.into();
        let shape = Shape::known(value.dims.iter().map(|n| i64::try_from(*n).unwrap_or(i64::MAX)));
        let weight = Weight::new(Some(dtype), shape.clone(), Storage::Absent);
        let stored = Constant { path: name.clone(), weight, value: Some(value), variable: false };
        Self { stored: Some(Box::new(stored)), ..Self::new(name, Some(dtype), shape) }
    }

    /// Its dimensions, if their number is known.
    pub(crate) fn dims(&self) -> Option<&[Dim]> {
        self.ty.shape().dims()
    }

    /// Its elements, if they are known.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.stored.as_ref()?.value.as_ref()
    }
}

impl Op {
    /// An operator with one result.
    pub(crate) fn new(kind: &str, name: &str, inputs: Vec<Option<ValueId>>, output: ValueId) -> Self {
        Self {
            kind: kind.to_owned(),
            domain: "tensorflow",
            name: name.to_owned(),
            inputs,
            outputs: vec![output],
            settings: Attributes::new(),
            bodies: Vec::new(),
        }
    }

    /// The value at a position, if it is there.
    pub(crate) fn input(&self, position: usize) -> Option<ValueId> {
        self.inputs.get(position).copied().flatten()
    }

    /// The first result.
    pub(crate) fn output(&self) -> Option<ValueId> {
        self.outputs.first().copied()
    }

    /// The scope it stands in: its name without the last part.
    pub(crate) fn scope(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(scope, _)| scope)
    }
}

impl Program {
    /// Adds a value.
    pub(crate) fn value(&mut self, value: Val) -> ValueId {
        self.values.push(value);
        self.values.len() - 1
    }

    /// The scale of a quantised value.
    pub(crate) fn scale(&self, value: ValueId) -> Option<f64> {
        let at = self.scales.binary_search_by_key(&value, |(v, _)| *v).ok()?;
        Some(self.scales[at].1)
    }

    /// Gives names to the free dimensions of inputs: the first is the batch.
    pub(crate) fn name_inputs(&mut self) {
        for value in &self.main.inputs {
            if let ValueType::Tensor { shape: Shape::Ranked(dims), .. } = &mut self.values[*value].ty {
                let rank = dims.len();
                for (axis, dim) in dims.iter_mut().enumerate().filter(|(_, d)| d.is_unknown()) {
                    let name = match (axis, rank) {
                        (0, _) => "batch",
                        (1, 2 | 3) => "length",
                        (1, 4) => "height",
                        (2, 4) => "width",
                        _ => continue,
                    };
                    *dim = Dim::symbol(name);
                }
            }
        }
    }
}

/// Who makes and who reads what in one body.
pub(crate) struct View<'a> {
    /// The values.
    pub values: &'a [Val],
    /// The body.
    pub body: &'a Body,
    maker: BTreeMap<ValueId, usize>,
    readers: BTreeMap<ValueId, Vec<usize>>,
}

/// The most rearrangements between a stored tensor and its use that are followed.
const MAX_STEPS: usize = 8;

impl<'a> View<'a> {
    /// Looks at a body.
    pub(crate) fn new(values: &'a [Val], body: &'a Body) -> Self {
        let (mut maker, mut readers) = (BTreeMap::new(), BTreeMap::<ValueId, Vec<usize>>::new());
        for (place, op) in body.ops.iter().enumerate() {
            for value in &op.outputs {
                maker.insert(*value, place);
            }
            for value in op.inputs.iter().flatten() {
                readers.entry(*value).or_default().push(place);
            }
        }
        // A result is read from outside.
        for value in &body.outputs {
            readers.entry(*value).or_default().push(usize::MAX);
        }
        Self { values, body, maker, readers }
    }

    /// The place of the operator that makes a value.
    pub(crate) fn maker(&self, value: ValueId) -> Option<usize> {
        self.maker.get(&value).copied()
    }

    /// The operator that makes a value.
    pub(crate) fn made_by(&self, value: ValueId) -> Option<&'a Op> {
        self.maker(value).map(|place| &self.body.ops[place])
    }

    /// The operator of that kind that makes a value.
    pub(crate) fn made(&self, value: Option<ValueId>, kinds: &[&str]) -> Option<&'a Op> {
        self.made_by(value?).filter(|op| kinds.contains(&op.kind.as_str()))
    }

    /// The only reader of a value.
    pub(crate) fn only_reader(&self, value: ValueId) -> Option<usize> {
        match self.readers.get(&value).map(Vec::as_slice) {
            Some([place]) if *place != usize::MAX => Some(*place),
            _ => None,
        }
    }

    /// The stored value behind rearrangements that keep its elements.
    pub(crate) fn root(&self, mut value: ValueId) -> Option<ValueId> {
        for _ in 0..MAX_STEPS {
            if self.values[value].stored.is_some() {
                return Some(value);
            }
            let kinds = ["Reshape", "Squeeze", "ExpandDims", "Identity", "Cast", "BroadcastTo", "Dequantize"];
            value = self.made(Some(value), &kinds)?.input(0)?;
        }
        None
    }

    /// The dimensions of a value, if all are known numbers.
    pub(crate) fn sizes(&self, value: ValueId) -> Option<Vec<i64>> {
        self.values[value].dims()?.iter().map(Dim::as_known).collect()
    }

    /// The one number that a constant is.
    pub(crate) fn number(&self, value: ValueId) -> Option<f64> {
        let value = self.values[self.root(value)?].value()?;
        if value.len() != 1 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a number in a formula is small")]
        let int = value.as_ints().and_then(|v| v[0].as_known()).map(|n| n as f64);
        value.as_floats().map(|v| v[0]).or(int)
    }

    /// The integers that a constant is, or that constants joined make.
    pub(crate) fn ints(&self, value: ValueId) -> Option<Vec<i64>> {
        if let Some(value) = self.values[value].value() {
            return value.known_ints();
        }
        match self.made_by(value)? {
            op if op.kind == "ConcatV2" || op.kind == "Pack" => {
                let parts = op.inputs.len().checked_sub(usize::from(op.kind == "ConcatV2"))?;
                let parts = op.inputs[..parts].iter();
                let parts = parts.map(|v| self.values[(*v)?].value()?.known_ints());
                parts.collect::<Option<Vec<_>>>().map(|parts| parts.concat())
            }
            op if op.kind == "Identity" || op.kind == "Cast" => {
                self.values[op.input(0)?].value()?.known_ints()
            }
            _ => None,
        }
    }

    /// The operands of an operator with two, in both orders.
    pub(crate) fn pairs(op: &Op) -> impl Iterator<Item = (ValueId, ValueId)> {
        let pair = op.input(0).zip(op.input(1)).filter(|_| op.inputs.len() == 2);
        pair.into_iter().flat_map(|(a, b)| [(a, b), (b, a)])
    }
}

/// Keeps the operators that results depend on, in order.
pub(crate) fn prune(body: &mut Body) {
    let mut maker = BTreeMap::new();
    for (place, op) in body.ops.iter().enumerate() {
        for value in &op.outputs {
            maker.insert(*value, place);
        }
    }
    let mut needed = vec![false; body.ops.len()];
    let mut work: Vec<ValueId> = body.outputs.clone();
    while let Some(value) = work.pop() {
        if let Some(place) = maker.get(&value).filter(|p| !needed[**p]) {
            needed[*place] = true;
            work.extend(body.ops[*place].inputs.iter().flatten());
        }
    }
    let mut place = 0;
    body.ops.retain(|_| {
        place += 1;
        needed[place - 1]
    });
}
