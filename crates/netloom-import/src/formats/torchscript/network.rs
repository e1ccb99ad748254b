//! From an archive to a graph.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use netloom_graph::{Dim, Graph, Shape, TensorId, ValueType};

use super::ast::{Expr, Param};
use super::objects::Objects;
use super::program::{Program, plain};
use super::run::Runner;
use super::value::Val;
use crate::aten::Place;
use crate::draft::Draft;
use crate::formats::torch::container::Container;
use crate::pickle::{Item, Value};
use crate::{Error, Source};

/// The most inputs or outputs that are told apart.
const MAX_ENDS: usize = 10_000;

/// Reads an archive. Where it does not say what its inputs are like, the code is followed twice: first to see what the
/// inputs are used for, then with as much of their types as that tells.
pub(super) fn read(source: &dyn Source) -> Result<Graph, Error> {
    let container = Container::zip(source, "data")?;
    let examples = examples(source);
    let first = follow(source, &container, &examples, &BTreeMap::new())?;
    let told = super::inputs::told(&first);
    if told.is_empty() {
        return Ok(first);
    }
    follow(source, &container, &examples, &told)
}

fn follow(
    source: &dyn Source,
    container: &Container<'_>,
    examples: &[ValueType],
    told: &BTreeMap<String, ValueType>,
) -> Result<Graph, Error> {
    let Some(zip) = container.archive() else {
        return Err(Error::damaged(0, "expected a ZIP archive"));
    };
    let program = Program::new(zip);
    let root = container.pickle.root;
    let mut draft = Draft::new("torchscript", "");
    draft.graph.producer = producer(zip);
    let objects = Objects::find(source, container, &program, &mut draft)?;
    let class = objects.class(root).unwrap_or_default();
    plain(&class).clone_into(&mut draft.graph.name);
    let top = draft.graph.root();
    draft.graph.module_mut(top).class = Some(plain(&class).to_owned()).filter(|c| !c.is_empty());
    let constants = match zip.below_top("constants.pkl") {
        Some(_) => Container::zip(source, "constants").ok(),
        None => None,
    };
    let mut runner = Runner {
        source,
        program: &program,
        objects,
        constants,
        draft,
        loaded: BTreeMap::new(),
        steps: 0,
        nesting: 0,
        remarks: BTreeSet::new(),
    };
    let declared = program.class(&class)?;
    let methods = declared.as_ref().map(|c| c.methods.as_slice()).unwrap_or_default();
    // Modules that are not meant to be called whole have methods of other names.
    let forward = methods.iter().find(|m| *m.name == *"forward").or(match methods {
        [one] => Some(one),
        _ => methods.iter().find(|m| m.name.starts_with("forward") && !m.name.starts_with("forward_pre")),
    });
    match forward {
        None => runner
            .draft
            .warn("", "the archive has no code of `forward`: modules and weights are shown, not the network"),
        Some(forward) => {
            let mut inputs = Inputs { examples: examples.iter(), told };
            let mut args = Vec::new();
            for param in forward.params.iter().skip(1) {
                args.push(inputs.of_param(&mut runner.draft, param)?);
            }
            let name = forward.name.to_string();
            let result = runner.method(&Val::Object(root), &name, args, Vec::new(), Place::from(top))?;
            outputs(&mut runner.draft, &result, "output", 0);
        }
    }
    let Runner { mut draft, objects, .. } = runner;
    objects.finish(&mut draft)?;
    Ok(draft.finish())
}

fn producer(zip: &crate::archive::zip::Zip<'_>) -> String {
    let version = zip.below_top("version").and_then(|m| zip.bytes(m, 64).ok());
    let version = version.map(|b| String::from_utf8_lossy(&b).trim().to_owned()).unwrap_or_default();
    if version.is_empty() {
        "torchscript".to_owned()
    } else {
        format!("torchscript archive version {version}")
    }
}

/// The inputs of the model, in order of the parameters.
struct Inputs<'a> {
    examples: std::slice::Iter<'a, ValueType>,
    told: &'a BTreeMap<String, ValueType>,
}

impl Inputs<'_> {
    fn of_param(&mut self, draft: &mut Draft, param: &Param) -> Result<Val, Error> {
        match (&param.ty, &param.default) {
            // What may be left out is left out, unless an example was kept.
            (Some(ty), Some(Expr::Name(none))) if **none == *"None" && is_optional(ty) => {
                match self.examples.len() {
                    0 => Ok(Val::None),
                    _ => self.tensor(draft, &param.name),
                }
            }
            (Some(ty), _) => self.of_type(draft, &param.name, ty, 0),
            (None, _) => self.tensor(draft, &param.name),
        }
    }

    fn tensor(&mut self, draft: &mut Draft, name: &str) -> Result<Val, Error> {
        let ty = match self.examples.next() {
            Some(ty) => ty.clone(),
            None => self
                .told
                .get(name)
                .cloned()
                .unwrap_or(ValueType::Tensor { dtype: None, shape: Shape::Unranked }),
        };
        draft.input(name, ty).map(Val::Tensor)
    }

    fn of_type(&mut self, draft: &mut Draft, name: &str, ty: &Expr, depth: usize) -> Result<Val, Error> {
        if depth > 8 {
            return Ok(Val::Unknown);
        }
        match ty {
            Expr::Name(n) => match &**n {
                "Tensor" | "Any" => self.tensor(draft, name),
                "int" | "number" => Ok(Val::Int(Dim::symbol(name))),
                _ => Ok(Val::Unknown),
            },
            Expr::Index(of, inner) => {
                let Expr::Name(of) = &**of else { return Ok(Val::Unknown) };
                match (&**of, &**inner) {
                    ("Optional", inner) => self.of_type(draft, name, inner, depth + 1),
                    ("Tuple", Expr::Tuple(parts)) => {
                        let mut made = Vec::new();
                        for (i, part) in parts.iter().enumerate() {
                            made.push(self.of_type(draft, &format!("{name}.{i}"), part, depth + 1)?);
                        }
                        Ok(Val::Tuple(Rc::new(made)))
                    }
                    ("Tuple", one) => {
                        let made = self.of_type(draft, &format!("{name}.0"), one, depth + 1)?;
                        Ok(Val::Tuple(Rc::new(vec![made])))
                    }
                    // How many there are, only the examples say.
                    ("List", Expr::Name(n)) if **n == *"Tensor" => {
                        let mut made = Vec::new();
                        let count = self.examples.len().clamp(1, MAX_ENDS);
                        for i in 0..count {
                            made.push(self.tensor(draft, &format!("{name}.{i}"))?);
                        }
                        Ok(Val::list(made))
                    }
                    _ => Ok(Val::Unknown),
                }
            }
            _ => Ok(Val::Unknown),
        }
    }
}

fn is_optional(ty: &Expr) -> bool {
    matches!(ty, Expr::Index(of, _) if matches!(&**of, Expr::Name(n) if **n == *"Optional"))
}

/// Marks what a function gives as the outputs of the model.
fn outputs(draft: &mut Draft, value: &Val, name: &str, depth: usize) {
    if depth > 16 || draft.graph.outputs.len() >= MAX_ENDS {
        return;
    }
    match value {
        Val::Tensor(t) | Val::Stacked(t) => mark(draft, *t, name),
        Val::Dict(entries) => {
            for (key, value) in entries.borrow().iter() {
                match key {
                    Val::Text(key) => outputs(draft, value, key, depth + 1),
                    _ => outputs(draft, value, name, depth + 1),
                }
            }
        }
        Val::Made(fields, names) => {
            for field in names.iter() {
                let value = fields.borrow().get(field).cloned();
                if let Some(value) = value {
                    outputs(draft, &value, field, depth + 1);
                }
            }
        }
        Val::List(_) | Val::Tuple(_) => {
            for value in value.elements().unwrap_or_default() {
                outputs(draft, &value, name, depth + 1);
            }
        }
        _ => {}
    }
}

fn mark(draft: &mut Draft, tensor: TensorId, name: &str) {
    // Names that the code made up say nothing; keys of a dictionary do.
    let own = draft.graph.tensor(tensor).name.clone();
    let made_up = own.starts_with('_') || name != "output";
    if made_up && matches!(draft.graph.tensor(tensor).producer, netloom_graph::Producer::Node(..)) {
        name.clone_into(&mut draft.graph.tensor_mut(tensor).name);
    }
    draft.graph.mark_output(tensor);
}

/// The types of the tensors that the model was traced with.
fn examples(source: &dyn Source) -> Vec<ValueType> {
    let Ok(container) = Container::zip(source, "traced_inputs") else { return Vec::new() };
    let pickle = &container.pickle;
    let Some(forward) = pickle.get(pickle.untagged(pickle.root), "forward") else { return Vec::new() };
    let mut found = Vec::new();
    let mut stack = vec![(pickle.untagged(forward), 0)];
    while let Some((value, depth)) = stack.pop() {
        if found.len() >= MAX_ENDS || depth > 16 {
            break;
        }
        if let Some(tensor) = container.tensor(value) {
            let dims = tensor.dims.iter().map(|n| Dim::Known(*n)).collect();
            found.push(ValueType::Tensor { dtype: tensor.dtype, shape: Shape::Ranked(dims) });
            continue;
        }
        let inner: Vec<Value> = match pickle.item(value) {
            Some(Item::List(list) | Item::Tuple(list)) => list.clone(),
            Some(Item::Dict(entries)) => entries.iter().map(|(_, v)| *v).collect(),
            _ => Vec::new(),
        };
        stack.extend(inner.into_iter().rev().take(MAX_ENDS).map(|v| (pickle.untagged(v), depth + 1)));
    }
    found
}
