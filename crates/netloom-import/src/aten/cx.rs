//! What a row works with: the arguments of a call by name, and ways to write nodes.

use netloom_graph::infer::Infer;
use netloom_graph::{Attribute, DType, Dim, Node, Producer, Shape, TensorId, Value, ValueType};

use super::{Arg, Call, Place};
use crate::Error;
use crate::draft::Draft;

/// What a row makes: the results, or nothing where its arguments are not what it knows.
pub(super) type Built = Result<Option<Vec<TensorId>>, Error>;

/// The longest list of an argument that is kept as a setting of an unknown operator.
const MAX_SETTING: usize = 64;

/// A call being written.
pub(super) struct Cx<'a> {
    /// The graph.
    pub draft: &'a mut Draft,
    /// Where it stands.
    pub place: Place,
    /// The names of the arguments in order.
    pub names: &'static str,
    /// The call.
    pub call: &'a Call,
    /// Names and types of the results.
    pub outputs: Vec<(String, ValueType)>,
    name: &'a str,
    made: usize,
}

/// A setting that is a list.
pub(super) fn ints(values: &[i64]) -> Attribute {
    Attribute::Ints(values.to_vec())
}

/// A setting that is a number.
pub(super) fn int(value: i64) -> Attribute {
    Attribute::Int(value)
}

impl<'a> Cx<'a> {
    /// A call about to be written.
    pub(super) fn new(
        draft: &'a mut Draft,
        place: Place,
        name: &'a str,
        call: &'a Call,
        outputs: Vec<(String, ValueType)>,
    ) -> Self {
        Self { draft, place, names: "", call, outputs, name, made: 0 }
    }

    /// The argument of a name; `None` where it is left out.
    pub(super) fn arg(&self, name: &str) -> &'a Arg {
        let fits = |names: &str| names.split('|').any(|n| n == name);
        let row = self.names.split_whitespace().find(|names| fits(names)).unwrap_or(name);
        let by_name = || {
            let named = |(n, _): &&(String, Arg)| row.split('|').any(|r| r == n);
            self.call.kwargs.iter().find(named).map(|(_, a)| a)
        };
        let at = self.names.split_whitespace().position(fits);
        at.and_then(|at| self.call.args.get(at)).or_else(by_name).unwrap_or(&Arg::None)
    }

    /// The first argument whatever its name.
    pub(super) fn first(&self) -> Option<TensorId> {
        let mut all = self.call.args.iter().chain(self.call.kwargs.iter().map(|(_, a)| a));
        match all.next()? {
            Arg::Tensor(t) => Some(*t),
            _ => None,
        }
    }

    /// Every argument.
    pub(super) fn all_args(&self) -> impl Iterator<Item = &'a Arg> {
        self.call.args.iter().chain(self.call.kwargs.iter().map(|(_, a)| a))
    }

    pub(super) fn tensor(&self, name: &str) -> Option<TensorId> {
        match self.arg(name) {
            Arg::Tensor(t) => Some(*t),
            _ => None,
        }
    }

    pub(super) fn tensors(&self, name: &str) -> Option<&'a [Option<TensorId>]> {
        match self.arg(name) {
            Arg::Tensors(list) => Some(list),
            _ => None,
        }
    }

    /// Every tensor of a list, where none is left out.
    pub(super) fn full_list(&self, name: &str) -> Option<Vec<TensorId>> {
        self.tensors(name)?.iter().copied().collect()
    }

    pub(super) fn dim(&self, name: &str) -> Option<Dim> {
        match self.arg(name) {
            Arg::Int(n) => Some(n.clone()),
            Arg::Bool(b) => Some(Dim::Known(i64::from(*b))),
            Arg::Tensor(t) => match self.draft.graph.tensor(*t).value.as_ref()?.as_ints()? {
                [n] => Some(n.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.dim(name)?.as_known()
    }

    /// A list of whole numbers; one number is a list of one.
    pub(super) fn dims(&self, name: &str) -> Option<Vec<Dim>> {
        match self.arg(name) {
            Arg::Ints(list) => Some(list.clone()),
            Arg::Int(n) => Some(vec![n.clone()]),
            // A list with nothing in it has no kind.
            Arg::Tensors(list) if list.is_empty() => Some(Vec::new()),
            Arg::Floats(list) if list.is_empty() => Some(Vec::new()),
            Arg::Tensors(list) => list
                .iter()
                .map(|t| match self.draft.graph.tensor((*t)?).value.as_ref()?.as_ints()? {
                    [n] => Some(n.clone()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// A list of sizes that may be given as such or one by one.
    pub(super) fn sizes(&self, name: &str) -> Option<Vec<Dim>> {
        let at = self.names.split_whitespace().position(|n| n.split('|').any(|n| n == name))?;
        match self.arg(name) {
            Arg::Int(_) => self
                .call
                .args
                .get(at..)?
                .iter()
                .map(|a| match a {
                    Arg::Int(n) => Some(n.clone()),
                    _ => None,
                })
                .collect(),
            _ => self.dims(name),
        }
    }

    pub(super) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.dims(name)?.iter().map(Dim::as_known).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "settings written as integers are small")]
    pub(super) fn float(&self, name: &str) -> Option<f64> {
        match self.arg(name) {
            Arg::Float(x) => Some(*x),
            Arg::Int(n) => n.as_known().map(|n| n as f64),
            Arg::Bool(b) => Some(f64::from(u8::from(*b))),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.arg(name) {
            Arg::Bool(b) => Some(*b),
            Arg::Int(n) => n.as_known().map(|n| n != 0),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match self.arg(name) {
            Arg::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The element type asked for, under whatever name.
    pub(super) fn asked_dtype(&self) -> Option<DType> {
        self.all_args().find_map(|a| match a {
            Arg::DType(d) => Some(*d),
            _ => None,
        })
    }

    pub(super) fn dtype(&self, tensor: TensorId) -> Option<DType> {
        self.draft.ty(tensor).dtype()
    }

    pub(super) fn shape(&self, tensor: TensorId) -> Option<Vec<Dim>> {
        self.draft.ty(tensor).shape().dims().map(<[Dim]>::to_vec)
    }

    pub(super) fn rank(&self, tensor: TensorId) -> Option<usize> {
        self.draft.ty(tensor).shape().rank()
    }

    /// The dimensions that the file gives a result.
    pub(super) fn declared(&self, output: usize) -> Option<Vec<Dim>> {
        self.outputs.get(output)?.1.shape().dims().map(<[Dim]>::to_vec)
    }

    /// An axis counted from the front.
    pub(super) fn axis(&self, tensor: TensorId, axis: i64) -> Option<i64> {
        let rank = i64::try_from(self.rank(tensor)?).ok()?.max(1);
        let at = if axis < 0 { axis.checked_add(rank)? } else { axis };
        (0..rank).contains(&at).then_some(at)
    }

    fn part(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{}.{what}_{}", self.name, self.made)
    }

    /// A constant list of whole numbers.
    pub(super) fn list(&mut self, elements: Vec<Dim>) -> Result<Option<TensorId>, Error> {
        let name = self.part("list");
        self.draft.ints(&name, elements).map(Some)
    }

    /// A constant list of known whole numbers.
    pub(super) fn known(&mut self, elements: &[i64]) -> Result<Option<TensorId>, Error> {
        self.list(elements.iter().map(|n| Dim::Known(*n)).collect())
    }

    /// A constant whole number.
    pub(super) fn whole(&mut self, n: impl Into<Dim>) -> Result<Option<TensorId>, Error> {
        let name = self.part("number");
        self.draft.constant(&name, DType::Int64, Value::int(n)).map(Some)
    }

    /// A constant number without dimensions.
    pub(super) fn number(&mut self, x: f64, dtype: Option<DType>) -> Result<Option<TensorId>, Error> {
        let name = self.part("number");
        let value = Value { dims: Vec::new(), ..Value::floats(vec![x]) };
        self.draft.constant(&name, dtype.unwrap_or(DType::Float32), value).map(Some)
    }

    /// A constant list of numbers.
    pub(super) fn numbers(&mut self, list: Vec<f64>) -> Result<Option<TensorId>, Error> {
        let name = self.part("numbers");
        self.draft.constant(&name, DType::Float32, Value::floats(list)).map(Some)
    }

    /// Yes or no as a constant.
    pub(super) fn truth(&mut self, yes: bool) -> Result<Option<TensorId>, Error> {
        let name = self.part("truth");
        self.draft.constant(&name, DType::Bool, Value::int(i64::from(yes))).map(Some)
    }

    /// A constant list of equal numbers.
    pub(super) fn filled(&mut self, n: usize, x: f64) -> Result<Option<TensorId>, Error> {
        self.numbers(vec![x; n])
    }

    /// An argument as an operand beside a tensor: itself, or a number of that tensor's type.
    pub(super) fn operand(&mut self, name: &str, beside: TensorId) -> Result<Option<TensorId>, Error> {
        let arg = self.arg(name);
        self.as_operand(arg, self.dtype(beside))
    }

    /// An argument of a name as an operand of an element type.
    pub(super) fn operand_of(&mut self, name: &str, dtype: DType) -> Result<Option<TensorId>, Error> {
        let arg = self.arg(name);
        self.as_operand(arg, Some(dtype))
    }

    /// An argument as an operand of an element type.
    pub(super) fn as_operand(&mut self, arg: &Arg, dtype: Option<DType>) -> Result<Option<TensorId>, Error> {
        let float = dtype.filter(|d| d.is_float());
        match arg {
            Arg::Tensor(t) => Ok(Some(*t)),
            Arg::Float(x) => self.number(*x, float),
            Arg::Int(n) => match (n.as_known(), float) {
                #[expect(clippy::cast_precision_loss, reason = "numbers in formulas are small")]
                (Some(n), Some(float)) => self.number(n as f64, Some(float)),
                _ => {
                    let name = self.part("number");
                    let dtype = dtype.filter(|d| d.is_int()).unwrap_or(DType::Int64);
                    self.draft.constant(&name, dtype, Value::int(n.clone())).map(Some)
                }
            },
            Arg::Bool(b) if dtype == Some(DType::Bool) => self.truth(*b),
            Arg::Bool(b) => self.number(f64::from(u8::from(*b)), float),
            _ => Ok(None),
        }
    }

    /// Writes a node whose result other nodes of this call read.
    pub(super) fn node(
        &mut self,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
    ) -> Result<TensorId, Error> {
        let name = self.part(&op.to_lowercase());
        let made = self.write(op, &name, inputs, attributes, vec![(name.clone(), ValueType::Unknown)])?;
        Ok(made[0])
    }

    /// Writes a node with so many results that other nodes of this call read.
    pub(super) fn node_with(
        &mut self,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
        outputs: usize,
    ) -> Result<Vec<TensorId>, Error> {
        let name = self.part(&op.to_lowercase());
        let outputs = (0..outputs).map(|i| (format!("{name}.{i}"), ValueType::Unknown)).collect();
        self.write(op, &name, inputs, attributes, outputs)
    }

    /// Writes a node that makes tensors of these names and types.
    pub(super) fn node_named(
        &mut self,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
        outputs: Vec<(String, ValueType)>,
    ) -> Result<Vec<TensorId>, Error> {
        let name = outputs.first().map_or(self.name, |(n, _)| n.as_str()).to_owned();
        self.write(op, &name, inputs, attributes, outputs)
    }

    /// Writes the node that makes all results of the call.
    pub(super) fn finish(
        &mut self,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
    ) -> Built {
        let outputs = std::mem::take(&mut self.outputs);
        let name = self.name;
        self.write(op, name, inputs, attributes, outputs).map(Some)
    }

    /// Writes the node that makes the first result; the others are known by their types alone, as nothing that runs
    /// the network reads them.
    pub(super) fn finish_first(
        &mut self,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
    ) -> Built {
        let mut outputs = std::mem::take(&mut self.outputs);
        let rest = outputs.split_off(outputs.len().min(1));
        let name = self.name;
        let mut made = self.write(op, name, inputs, attributes, outputs)?;
        for (name, ty) in rest {
            made.push(self.draft.tensor(&name, ty)?);
        }
        Ok(Some(made))
    }

    /// Writes the node that makes one of several results, named as declared.
    pub(super) fn finish_one(
        &mut self,
        output: usize,
        op: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
    ) -> Result<TensorId, Error> {
        let (name, ty) = self.outputs.get(output).cloned().unwrap_or_default();
        let name = if name.is_empty() { self.part("result") } else { name };
        let made = self.write(op, &name, inputs, attributes, vec![(name.clone(), ty)])?;
        Ok(made[0])
    }

    /// The result is a tensor that was there before. What the file declares of it fills what was not known.
    pub(super) fn same(&mut self, tensor: TensorId) -> Built {
        if let Some((_, ty)) = self.outputs.first()
            && self.draft.ty(tensor).shape().rank().is_none()
        {
            let ty = self.draft.ty(tensor).or(ty);
            self.draft.graph.tensor_mut(tensor).ty = ty;
        }
        Ok(Some(vec![tensor]))
    }

    /// The operator as it is, in its own domain.
    pub(super) fn opaque(&mut self) -> Result<Vec<TensorId>, Error> {
        let (domain, op) = self.call.op.split_once('.').unwrap_or(("aten", &self.call.op));
        let mut inputs = Vec::new();
        let mut attributes = Vec::new();
        let positional = self.call.args.iter().enumerate();
        let names: Vec<&str> = self.names.split_whitespace().collect();
        let named = positional.map(|(i, a)| {
            let name = names.get(i).and_then(|n| n.split('|').next());
            (name.map_or_else(|| format!("arg{i}"), str::to_owned), a)
        });
        let all: Vec<(String, &Arg)> =
            named.chain(self.call.kwargs.iter().map(|(n, a)| (n.clone(), a))).collect();
        for (name, arg) in &all {
            match arg {
                Arg::Tensor(t) => inputs.push(Some(*t)),
                Arg::Tensors(list) => inputs.extend(list),
                other => attributes.extend(setting(other).map(|a| (name.as_str(), a))),
            }
        }
        let op = if op.starts_with("__") { op } else { op.trim_end_matches('_') };
        let op = format!("{domain}:{op}");
        let outputs = std::mem::take(&mut self.outputs);
        let name = self.name;
        self.write(&op, name, &inputs, attributes, outputs)
    }

    fn write(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[Option<TensorId>],
        attributes: Vec<(&str, Attribute)>,
        outputs: Vec<(String, ValueType)>,
    ) -> Result<Vec<TensorId>, Error> {
        let mut node = match op.split_once(':').or_else(|| op.split_once('.')) {
            Some((domain, op)) => Node::in_domain(domain, op, 0, self.place.module),
            None => Node::new(op, self.place.module),
        };
        node.region = self.place.region;
        let mut inputs = inputs.to_vec();
        while inputs.last() == Some(&None) {
            inputs.pop();
        }
        let outputs = outputs.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
        let made = self.draft.node(node, name, inputs, attributes, outputs)?;
        self.infer(&made);
        Ok(made)
    }

    /// Works out the types of a node's results where the file does not give them, and numbers that are known.
    fn infer(&mut self, made: &[TensorId]) {
        let Some(Producer::Node(id, _)) = made.first().map(|t| self.draft.graph.tensor(*t).producer) else {
            return;
        };
        let graph = &mut self.draft.graph;
        let known = |t: &TensorId| graph.tensor(*t).ty.shape().rank().is_some();
        let ints = |t: &TensorId| graph.tensor(*t).ty.dtype().is_some_and(DType::is_int);
        if made.iter().all(|t| known(t) && !ints(t)) {
            return;
        }
        let Some(layer) = graph.node(id).layer else { return };
        let before = graph.diagnostics.len();
        // A contradiction is told when the whole graph is inferred.
        let _ = (layer.infer)(&mut Infer::new(graph, id));
        graph.diagnostics.truncate(before);
    }
}

/// An argument as a setting of an unknown operator.
fn setting(arg: &Arg) -> Option<Attribute> {
    Some(match arg {
        Arg::Int(n) => n.as_known().map_or_else(|| Attribute::String(n.to_string()), Attribute::Int),
        Arg::Ints(list) if list.len() <= MAX_SETTING => match list.iter().map(Dim::as_known).collect() {
            Some(known) => Attribute::Ints(known),
            None => Attribute::Strings(list.iter().map(Dim::to_string).collect()),
        },
        Arg::Float(x) => Attribute::Float(*x),
        Arg::Floats(list) if list.len() <= MAX_SETTING => Attribute::Floats(list.clone()),
        Arg::Bool(b) => Attribute::Int(i64::from(*b)),
        Arg::Bools(list) if list.len() <= MAX_SETTING => {
            Attribute::Ints(list.iter().map(|b| i64::from(*b)).collect())
        }
        Arg::Str(s) => Attribute::String(s.clone()),
        Arg::DType(d) => {
            Attribute::Type(Box::new(ValueType::Tensor { dtype: Some(*d), shape: Shape::Unranked }))
        }
        Arg::Region(r) => Attribute::Region(*r),
        Arg::Other(s) => Attribute::Other(s.clone()),
        Arg::Tensor(_) | Arg::Tensors(_) | Arg::Device | Arg::None => return None,
        Arg::Ints(_) | Arg::Floats(_) | Arg::Bools(_) => Attribute::Other("a long list".to_owned()),
    })
}
