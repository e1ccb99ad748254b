//! Follows the code and writes down the operators that it calls.
//!
//! Numbers, lists and conditions are worked out where they are known; calls of modules and functions are written out in
//! place, with the module that is at work as the place of each operator.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use netloom_graph::{DType, Dim, ModuleId, Role, TensorId, ValueType};

use super::ast::{Call as Code, Class, Expr, Function, Stmt};
use super::objects::{Objects, stored};
use super::ops::{self, Results};
use super::program::{Program, plain};
use super::value::{self, Val};
use crate::aten::{self, Arg, Place};
use crate::draft::Draft;
use crate::formats::torch::container::Container;
use crate::formats::torch::elements;
use crate::{Error, Source};

/// How deep calls, blocks and expressions may stand in one another.
const MAX_NESTING: usize = 160;

/// The most expressions that are worked out.
const MAX_STEPS: usize = 20_000_000;

/// The most rounds of a loop that are written out one by one.
const MAX_ROUNDS: i64 = 256;

/// The most remarks about what could not be known.
const MAX_REMARKS: usize = 20;

/// What follows the code of an archive.
pub(super) struct Runner<'a> {
    pub source: &'a dyn Source,
    pub program: &'a Program<'a>,
    pub objects: Objects<'a>,
    pub constants: Option<Container<'a>>,
    pub draft: Draft,
    pub loaded: BTreeMap<usize, Val>,
    pub steps: usize,
    pub nesting: usize,
    pub remarks: BTreeSet<String>,
}

/// The names of a function at work, and where its operators stand.
pub(super) struct Frame {
    pub names: BTreeMap<Rc<str>, Val>,
    pub place: Place,
}

/// How a statement ends.
enum Flow {
    Next,
    Return(Val),
}

impl Runner<'_> {
    pub fn remark(&mut self, path: &str, message: String) {
        if self.remarks.len() < MAX_REMARKS && self.remarks.insert(format!("{path}: {message}")) {
            self.draft.note(path, message);
        }
    }

    fn path(&self, place: Place) -> String {
        self.draft.graph.module(place.module).path.clone()
    }

    /// Calls a method of an object of the file.
    pub fn method(
        &mut self,
        object: &Val,
        name: &str,
        args: Vec<Val>,
        kwargs: Vec<(Rc<str>, Val)>,
        place: Place,
    ) -> Result<Val, Error> {
        let (class, place) = match object {
            Val::Object(value) => {
                let Some(class) = self.objects.class(*value) else { return Ok(Val::Unknown) };
                let place = match self.objects.path(*value).map(str::to_owned) {
                    Some(path) => Place { module: self.module(&path, &class)?, ..place },
                    None => place,
                };
                (class, place)
            }
            Val::Made(fields, _) => {
                let class = match fields.borrow().get("__class__") {
                    Some(Val::Text(class)) => class.to_string(),
                    _ => return Ok(Val::Unknown),
                };
                (class, place)
            }
            _ => return Ok(Val::Unknown),
        };
        let method =
            self.program.class(&class)?.and_then(|c| c.methods.iter().find(|m| *m.name == *name).cloned());
        let Some(method) = method else {
            return self.operator(
                &format!("torchscript.{}.{name}", plain(&class)),
                args,
                kwargs,
                place,
                None,
            );
        };
        let mut all = vec![object.clone()];
        all.extend(args);
        self.function(&method, all, kwargs, place)
    }

    fn module(&mut self, path: &str, class: &str) -> Result<ModuleId, Error> {
        let module = self.draft.module_at(path)?;
        if self.draft.graph.module(module).class.is_none() {
            self.draft.graph.module_mut(module).class = Some(plain(class).to_owned());
        }
        Ok(module)
    }

    /// Calls a function.
    fn function(
        &mut self,
        function: &Rc<Function>,
        args: Vec<Val>,
        kwargs: Vec<(Rc<str>, Val)>,
        place: Place,
    ) -> Result<Val, Error> {
        let mut frame = Frame { names: BTreeMap::new(), place };
        let mut args = args.into_iter();
        for param in &function.params {
            let value = match args.next() {
                Some(value) => value,
                None => match kwargs.iter().find(|(name, _)| *name == param.name) {
                    Some((_, value)) => value.clone(),
                    None => match &param.default {
                        Some(default) => self.eval(default, &mut frame)?,
                        None => Val::Unknown,
                    },
                },
            };
            frame.names.insert(Rc::clone(&param.name), value);
        }
        match self.block(&function.body, &mut frame)? {
            Flow::Return(value) => Ok(value),
            Flow::Next => Ok(Val::None),
        }
    }

    fn step(&mut self) -> Result<(), Error> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Error::limit(format!("following the code takes more than {MAX_STEPS} steps")));
        }
        Ok(())
    }

    fn block(&mut self, statements: &[Stmt], frame: &mut Frame) -> Result<Flow, Error> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Error::limit(format!("calls of the code nest more than {MAX_NESTING} deep")));
        }
        for statement in statements {
            if let Flow::Return(value) = self.statement(statement, frame)? {
                self.nesting -= 1;
                return Ok(Flow::Return(value));
            }
        }
        self.nesting -= 1;
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Stmt, frame: &mut Frame) -> Result<Flow, Error> {
        self.step()?;
        match statement {
            Stmt::Assign { names, unpack, value } => self.assign(names, *unpack, value, frame)?,
            Stmt::Set(target, value) => self.set(target, value, frame)?,
            Stmt::Return(value) => return Ok(Flow::Return(self.eval(value, frame)?)),
            Stmt::Do(value) => {
                self.eval(value, frame)?;
            }
            Stmt::If(condition, then, other) => {
                let taken = self.branch(condition, then, other, frame)?;
                return self.block(taken, frame);
            }
            Stmt::For(name, over, body) => return self.each(name, over, body, frame),
            Stmt::While(condition, body) => return self.again(condition, body, frame),
        }
        Ok(Flow::Next)
    }

    fn assign(
        &mut self,
        names: &[Rc<str>],
        unpack: bool,
        value: &Expr,
        frame: &mut Frame,
    ) -> Result<(), Error> {
        let hint = Hint { name: names.first().cloned(), parts: unpack.then_some(names.len()) };
        let value = self.eval_for(value, frame, &hint)?;
        if !unpack {
            if let Some(name) = names.first() {
                frame.names.insert(Rc::clone(name), value);
            }
            return Ok(());
        }
        let parts = value.elements().unwrap_or_default();
        for (i, name) in names.iter().enumerate() {
            let part = parts.get(i).cloned().unwrap_or(Val::Unknown);
            frame.names.insert(Rc::clone(name), part);
        }
        Ok(())
    }

    fn set(&mut self, target: &Expr, value: &Expr, frame: &mut Frame) -> Result<(), Error> {
        let value = self.eval(value, frame)?;
        match target {
            Expr::Attribute(object, name) => {
                if let Val::Made(fields, _) = self.eval(object, frame)? {
                    fields.borrow_mut().insert(Rc::clone(name), value);
                }
            }
            Expr::Index(of, key) => {
                let (of, key) = (self.eval(of, frame)?, self.eval(key, frame)?);
                ops::set_item(&self.draft.graph, &of, &key, &value);
            }
            _ => {}
        }
        Ok(())
    }

    /// The branch that is taken.
    fn branch<'b>(
        &mut self,
        condition: &Expr,
        then: &'b [Stmt],
        other: &'b [Stmt],
        frame: &mut Frame,
    ) -> Result<&'b [Stmt], Error> {
        let known = self.eval(condition, frame)?.truth(&self.draft.graph);
        Ok(match known {
            Some(true) => then,
            Some(false) => other,
            // What ends in an error is not the way through a network.
            None if raises(then) => other,
            None if raises(other) => then,
            None => {
                if calls_something(then) || calls_something(other) {
                    let path = self.path(frame.place);
                    let message = "a condition depends on the data or on sizes that the file does not say; what is \
                        drawn is the case that it is false";
                    self.remark(&path, message.to_owned());
                }
                other
            }
        })
    }

    fn again(&mut self, condition: &Expr, body: &[Stmt], frame: &mut Frame) -> Result<Flow, Error> {
        for _ in 0..MAX_ROUNDS {
            match self.eval(condition, frame)?.truth(&self.draft.graph) {
                Some(true) => {
                    if let Flow::Return(value) = self.block(body, frame)? {
                        return Ok(Flow::Return(value));
                    }
                }
                Some(false) => return Ok(Flow::Next),
                None => {
                    self.repeat(None, None, body, frame)?;
                    return Ok(Flow::Next);
                }
            }
        }
        Ok(Flow::Next)
    }

    /// A loop: written out where the number of rounds is known and small, a body of its own otherwise.
    fn each(&mut self, name: &Rc<str>, over: &Expr, body: &[Stmt], frame: &mut Frame) -> Result<Flow, Error> {
        let count = match over {
            Expr::Call(call) if matches!(&call.callee, Expr::Name(n) if **n == *"range") => {
                match call.args.last() {
                    Some(last) => self.eval(last, frame)?,
                    None => Val::Unknown,
                }
            }
            list => {
                let list = self.eval(list, frame)?;
                let Some(elements) = list.elements() else { return Ok(Flow::Next) };
                for element in elements {
                    frame.names.insert(Rc::clone(name), element);
                    if let Flow::Return(value) = self.block(body, frame)? {
                        return Ok(Flow::Return(value));
                    }
                }
                return Ok(Flow::Next);
            }
        };
        let known = match &count {
            Val::Int(n) => n.as_known(),
            _ => None,
        };
        match known {
            Some(n) if n <= MAX_ROUNDS => {
                for round in 0..n {
                    frame.names.insert(Rc::clone(name), Val::Int(round.into()));
                    if let Flow::Return(value) = self.block(body, frame)? {
                        return Ok(Flow::Return(value));
                    }
                }
            }
            _ => self.repeat(Some(&count), Some(name), body, frame)?,
        }
        Ok(Flow::Next)
    }

    /// A loop of a number of rounds that is not known: one round in a body of its own.
    fn repeat(
        &mut self,
        count: Option<&Val>,
        name: Option<&Rc<str>>,
        body: &[Stmt],
        frame: &mut Frame,
    ) -> Result<(), Error> {
        let outer = frame.place;
        let mut looped = self.draft.open_loop(outer)?;
        frame.place.region = Some(looped.region);
        if let Some(name) = name {
            frame.names.insert(Rc::clone(name), Val::Tensor(looped.round));
        }
        // What the body changes is carried from round to round.
        let mut assigned = BTreeSet::new();
        assigned_in(body, &mut assigned);
        let mut carried: Vec<(Rc<str>, TensorId, TensorId)> = Vec::new();
        let mut changed: Vec<Rc<str>> = Vec::new();
        for name in assigned {
            match frame.names.get(&name).cloned() {
                Some(Val::Tensor(before)) => {
                    let formal = self.draft.carry(&looped, &name, before)?;
                    frame.names.insert(Rc::clone(&name), Val::Tensor(formal));
                    carried.push((name, before, formal));
                }
                Some(Val::Int(_) | Val::Float(_) | Val::Bool(_)) => {
                    frame.names.insert(Rc::clone(&name), Val::Int(Dim::Unknown));
                    changed.push(name);
                }
                _ => {}
            }
        }
        let lists: Vec<(Rc<str>, usize)> = frame
            .names
            .iter()
            .filter_map(|(name, v)| match v {
                Val::List(list) => Some((Rc::clone(name), list.borrow().len())),
                _ => None,
            })
            .collect();
        self.block(body, frame)?;
        for (name, _, formal) in &carried {
            let after = match frame.names.get(name) {
                Some(Val::Tensor(t)) => *t,
                _ => *formal,
            };
            looped.results.push(after);
        }
        let mut stacks = Vec::new();
        for (name, before) in lists {
            let Some(Val::List(list)) = frame.names.get(&name).cloned() else { continue };
            let mut list = list.borrow_mut();
            if list.len() <= before {
                continue;
            }
            let added = list.split_off(before);
            match added.as_slice() {
                [Val::Tensor(one)] if before == 0 => {
                    looped.results.push(*one);
                    stacks.push(name);
                }
                _ => {
                    stacks.push(Rc::from(""));
                    looped.results.push(looped.round);
                    frame.names.insert(name, Val::Unknown);
                }
            }
        }
        frame.place = outer;
        let count = match count {
            Some(Val::Int(n)) => n.clone(),
            _ => Dim::Unknown,
        };
        let inputs: Vec<TensorId> = carried.iter().map(|(_, before, _)| *before).collect();
        let made = self.draft.close_loop(&looped, count, &inputs)?;
        for ((name, ..), tensor) in carried.iter().zip(&made) {
            frame.names.insert(Rc::clone(name), Val::Tensor(*tensor));
        }
        for (name, tensor) in stacks.into_iter().zip(&made[carried.len().min(made.len())..]) {
            if !name.is_empty() {
                frame.names.insert(name, Val::Stacked(*tensor));
            }
        }
        for name in changed {
            frame.names.insert(name, Val::Int(Dim::Unknown));
        }
        Ok(())
    }

    pub fn eval(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Val, Error> {
        self.eval_for(expr, frame, &Hint::default())
    }

    fn eval_for(&mut self, expr: &Expr, frame: &mut Frame, hint: &Hint) -> Result<Val, Error> {
        self.step()?;
        match expr {
            Expr::Int(n) => Ok(Val::Int((*n).into())),
            Expr::Float(x) => Ok(Val::Float(*x)),
            Expr::Text(text) => Ok(Val::Text(Rc::clone(text))),
            Expr::Name(name) => Ok(named(name, frame)),
            _ => {
                self.nesting += 1;
                if self.nesting > MAX_NESTING {
                    return Err(Error::limit(format!("calls of the code nest more than {MAX_NESTING} deep")));
                }
                // Calls have a short way of their own: they are what stands deep in one another.
                let value = match expr {
                    Expr::Call(call) => self.call(call, frame, hint)?,
                    _ => self.compound(expr, frame, hint)?,
                };
                self.nesting -= 1;
                Ok(value)
            }
        }
    }

    fn all(&mut self, list: &[Expr], frame: &mut Frame) -> Result<Vec<Val>, Error> {
        list.iter().map(|e| self.eval(e, frame)).collect()
    }

    fn compound(&mut self, expr: &Expr, frame: &mut Frame, hint: &Hint) -> Result<Val, Error> {
        match expr {
            Expr::Attribute(of, name) => match dotted(expr, frame) {
                Some(path) => self.global(&path),
                None => {
                    let of = self.eval(of, frame)?;
                    self.attribute(&of, name, frame.place)
                }
            },
            Expr::Index(of, key) => {
                let (of, key) = (self.eval(of, frame)?, self.eval(key, frame)?);
                match ops::item(&self.draft.graph, &of, &key) {
                    Some(value) => Ok(value),
                    None if matches!(of, Val::Tensor(_) | Val::Stacked(_)) => {
                        let first = Val::Int(0.into());
                        self.operator("aten.select", vec![of, first, key], Vec::new(), frame.place, None)
                    }
                    None => Ok(Val::Unknown),
                }
            }
            Expr::List(list) => Ok(Val::list(self.all(list, frame)?)),
            Expr::Tuple(list) => Ok(Val::Tuple(Rc::new(self.all(list, frame)?))),
            Expr::Dict(entries) => {
                let mut made = Vec::new();
                for (key, value) in entries {
                    made.push((self.eval(key, frame)?, self.eval(value, frame)?));
                }
                Ok(Val::Dict(Rc::new(std::cell::RefCell::new(made))))
            }
            Expr::Choice(parts) => {
                let known = self.eval(&parts[1], frame)?.truth(&self.draft.graph);
                self.eval(if known == Some(true) { &parts[0] } else { &parts[2] }, frame)
            }
            Expr::Each(element, name, over) => {
                let Some(list) = self.eval(over, frame)?.elements() else { return Ok(Val::Unknown) };
                let mut made = Vec::new();
                for one in list {
                    frame.names.insert(Rc::clone(name), one);
                    made.push(self.eval(element, frame)?);
                }
                Ok(Val::list(made))
            }
            Expr::Operator(name, operands) => {
                let operands = self.all(operands, frame)?;
                self.operator(&format!("aten.{name}"), operands, Vec::new(), frame.place, Some(hint))
            }
            Expr::Name(_) | Expr::Int(_) | Expr::Float(_) | Expr::Text(_) | Expr::Call(_) => Ok(Val::Unknown),
        }
    }

    /// What a dotted name that is no variable stands for.
    fn global(&mut self, path: &str) -> Result<Val, Error> {
        if let Some(index) = path.strip_prefix("CONSTANTS.c").and_then(|n| n.parse().ok()) {
            return self.constant(index);
        }
        Ok(Val::Path(Rc::from(path)))
    }

    fn constant(&mut self, index: usize) -> Result<Val, Error> {
        if let Some(value) = self.loaded.get(&index) {
            return Ok(value.clone());
        }
        let Some(container) = &self.constants else { return Ok(Val::Unknown) };
        let list = container.pickle.list(container.pickle.root).unwrap_or(&[]);
        let Some(value) = list.get(index).copied() else { return Ok(Val::Unknown) };
        let made = match container.tensor(value) {
            Some(tensor) => {
                let facts = stored(container, &tensor, Role::Buffer);
                let known = elements::read(self.source, container, &tensor);
                let id = self.draft.weight(&format!("CONSTANTS.c{index}"), facts)?;
                self.draft.graph.tensor_mut(id).value = known;
                Val::Tensor(id)
            }
            None => Val::Unknown,
        };
        self.loaded.insert(index, made.clone());
        Ok(made)
    }

    fn attribute(&mut self, of: &Val, name: &Rc<str>, place: Place) -> Result<Val, Error> {
        match of {
            Val::Object(object) => {
                let class = self.objects.class(*object);
                if let Some(value) = self.objects.container.pickle.attribute(*object, name) {
                    let path = self.objects.path(*object).unwrap_or_default();
                    let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
                    return self.objects.load(&mut self.draft, value, &path);
                }
                let class = match class {
                    Some(class) => self.program.class(&class)?,
                    None => None,
                };
                let Some(class) = class else { return Ok(Val::Unknown) };
                if let Some((_, Some(value))) = class.fields.iter().find(|(n, _)| n == name) {
                    let mut frame = Frame { names: BTreeMap::new(), place };
                    return self.eval(value, &mut frame);
                }
                Ok(Val::Method(Box::new(of.clone()), Rc::clone(name)))
            }
            Val::Made(fields, _) => {
                let found = fields.borrow().get(name).cloned();
                Ok(found.unwrap_or_else(|| Val::Method(Box::new(of.clone()), Rc::clone(name))))
            }
            Val::Tensor(_) | Val::Stacked(_) => {
                let asked = ops::apply(&self.draft.graph, name, std::slice::from_ref(of));
                Ok(asked.unwrap_or_else(|| Val::Method(Box::new(of.clone()), Rc::clone(name))))
            }
            Val::Path(path) => self.global(&format!("{path}.{name}")),
            _ => Ok(Val::Unknown),
        }
    }

    fn call(&mut self, call: &Code, frame: &mut Frame, hint: &Hint) -> Result<Val, Error> {
        // Names of the language itself.
        if let Expr::Name(name) = &call.callee
            && !frame.names.contains_key(name)
        {
            return self.builtin(name, call, frame, hint);
        }
        let callee = match dotted(&call.callee, frame) {
            Some(path) => Val::Path(Rc::from(path)),
            None => match &call.callee {
                Expr::Attribute(of, name) => {
                    let of = self.eval(of, frame)?;
                    match &of {
                        Val::Object(_) | Val::Made(..) | Val::Path(_) => {
                            self.attribute(&of, name, frame.place)?
                        }
                        _ => Val::Method(Box::new(of), Rc::clone(name)),
                    }
                }
                callee => self.eval(callee, frame)?,
            },
        };
        let args = self.all(&call.args, frame)?;
        let mut kwargs = Vec::new();
        for (name, value) in &call.kwargs {
            kwargs.push((Rc::clone(name), self.eval(value, frame)?));
        }
        match callee {
            Val::Method(object, name) => match *object {
                Val::Object(_) | Val::Made(..) => self.method(&object, &name, args, kwargs, frame.place),
                other => {
                    let mut all = vec![other];
                    all.extend(args);
                    self.operator(&format!("aten.{name}"), all, kwargs, frame.place, Some(hint))
                }
            },
            Val::Path(path) => self.named_function(&path, args, kwargs, frame.place, hint),
            Val::Object(_) => self.method(&callee, "__call__", args, kwargs, frame.place),
            _ => Ok(Val::Unknown),
        }
    }

    fn named_function(
        &mut self,
        path: &str,
        args: Vec<Val>,
        kwargs: Vec<(Rc<str>, Val)>,
        place: Place,
        hint: &Hint,
    ) -> Result<Val, Error> {
        if let Some(name) = path.strip_prefix("torch.") {
            return self.operator(&format!("aten.{name}"), args, kwargs, place, Some(hint));
        }
        if let Some(name) = path.strip_prefix("ops.") {
            let name = name.strip_prefix("aten.").map_or_else(|| name.to_owned(), |n| format!("aten.{n}"));
            return self.operator(&name, args, kwargs, place, Some(hint));
        }
        if let Some(function) = self.program.function(path)? {
            return self.function(&function, args, kwargs, place);
        }
        if let Some(class) = self.program.class(path)? {
            return self.made(path, &class, args, kwargs, place);
        }
        self.operator(&format!("torchscript.{}", plain(path)), args, kwargs, place, Some(hint))
    }

    /// An object that the code makes: its fields in order, or as its own method sets them.
    fn made(
        &mut self,
        path: &str,
        class: &Rc<Class>,
        args: Vec<Val>,
        kwargs: Vec<(Rc<str>, Val)>,
        place: Place,
    ) -> Result<Val, Error> {
        let names: Rc<[Rc<str>]> = class.fields.iter().map(|(n, _)| Rc::clone(n)).collect();
        let mut fields = BTreeMap::from([(Rc::from("__class__"), Val::Text(Rc::from(path)))]);
        let init = class.methods.iter().find(|m| *m.name == *"__init__").cloned();
        if init.is_none() {
            for (name, value) in names.iter().zip(args.iter()) {
                fields.insert(Rc::clone(name), value.clone());
            }
            fields.extend(kwargs.iter().cloned());
        }
        let made = Val::Made(Rc::new(std::cell::RefCell::new(fields)), names);
        if let Some(init) = init {
            let mut all = vec![made.clone()];
            all.extend(args);
            self.function(&init, all, kwargs, place)?;
        }
        Ok(made)
    }

    fn builtin(&mut self, name: &str, call: &Code, frame: &mut Frame, hint: &Hint) -> Result<Val, Error> {
        match name {
            // The first argument is a type.
            "annotate" | "unchecked_cast" => match call.args.get(1) {
                Some(value) => {
                    let value = self.eval_for(value, frame, hint)?;
                    // A list with nothing in it, made here, is a list of its own.
                    Ok(value)
                }
                None => Ok(Val::Unknown),
            },
            "uninitialized" => Ok(Val::Unknown),
            "isinstance" => Ok(Val::Unknown),
            "getattr" => {
                let Some([of, Expr::Text(name)]) = call.args.get(..2) else { return Ok(Val::Unknown) };
                let (of, name) = (self.eval(of, frame)?, Rc::clone(name));
                self.attribute(&of, &name, frame.place)
            }
            "fork" | "awaitable" => match call.args.split_first() {
                Some((function, args)) => {
                    let call =
                        Code { callee: function.clone(), args: args.to_vec(), kwargs: call.kwargs.clone() };
                    self.call(&call, frame, hint)
                }
                None => Ok(Val::Unknown),
            },
            _ => {
                let args = self.all(&call.args, frame)?;
                let name = match name {
                    "int" => "Int",
                    "float" => "Float",
                    "bool" => "Bool",
                    other => other,
                };
                self.operator(&format!("aten.{name}"), args, Vec::new(), frame.place, Some(hint))
            }
        }
    }

    /// Calls an operator: worked out if it is one of numbers and lists, a node otherwise.
    fn operator(
        &mut self,
        name: &str,
        mut args: Vec<Val>,
        kwargs: Vec<(Rc<str>, Val)>,
        place: Place,
        hint: Option<&Hint>,
    ) -> Result<Val, Error> {
        let (space, bare) = name.split_once('.').unwrap_or(("aten", name));
        let is_own = matches!(space, "aten" | "prim");
        if is_own {
            if let Some(value) = self.stacked(bare, &args, place)? {
                return Ok(value);
            }
            if matches!(bare, "RaiseException" | "AssertionError") {
                return Ok(Val::None);
            }
            if matches!(
                bare,
                "unchecked_unwrap_optional" | "_unwrap_optional" | "unchecked_cast" | "TupleConstruct"
            ) {
                return Ok(args.into_iter().next().unwrap_or(Val::None));
            }
            let mut asked = args.clone();
            asked.extend(kwargs.iter().filter(|(n, _)| **n == *"rounding_mode").map(|(_, v)| v.clone()));
            if let Some(value) = ops::apply(&self.draft.graph, bare, &asked) {
                return Ok(value);
            }
        }
        let has_tensor = args.iter().chain(kwargs.iter().map(|(_, v)| v)).any(holds_tensor);
        if !has_tensor && is_own && !makes_tensor(bare) {
            return Ok(Val::Unknown);
        }
        // Numbers that a trace had as tensors come first in products and the like.
        if has_tensor && let Some(first @ (Val::Int(_) | Val::Float(_))) = args.first().cloned() {
            args[0] = self.number(&first)?;
        }
        let results = if is_own { ops::results(&self.draft.graph, bare, &args) } else { Results::One };
        let parts = hint.and_then(|h| h.parts);
        let count = match (results, parts) {
            (Results::Tuple(n), _) => n,
            (Results::List(_) | Results::One, Some(n)) => n,
            (Results::List(Some(n)), None) => n,
            (Results::List(None), None) => {
                return Ok(Val::Unknown);
            }
            (Results::One, None) => 1,
        };
        let call = aten::Call {
            op: name.to_owned(),
            overload: overload(bare, &args),
            args: positional(bare, &args),
            kwargs: kwargs.iter().filter_map(|(n, v)| keyword(n, v)).collect(),
        };
        let base = hint.and_then(|h| h.name.as_deref()).unwrap_or(bare);
        let outputs = (0..count)
            .map(|i| if i == 0 { base.to_owned() } else { format!("{base}.{i}") })
            .map(|name| (name, ValueType::Unknown))
            .collect();
        let made = aten::apply(&mut self.draft, place, bare, &call, outputs)?;
        let mut made = made.into_iter().map(Val::Tensor);
        Ok(match (results, parts) {
            (Results::One, None) => made.next().unwrap_or(Val::None),
            (Results::List(_), _) => Val::list(made.collect()),
            _ => Val::Tuple(Rc::new(made.collect())),
        })
    }

    /// A number as a tensor.
    fn number(&mut self, number: &Val) -> Result<Val, Error> {
        let made = match number {
            Val::Int(n) => {
                self.draft.constant("number", DType::Int64, netloom_graph::Value::int(n.clone()))?
            }
            Val::Float(x) => {
                let value =
                    netloom_graph::Value { dims: Vec::new(), ..netloom_graph::Value::floats(vec![*x]) };
                self.draft.constant("number", DType::Float32, value)?
            }
            other => return Ok(other.clone()),
        };
        Ok(Val::Tensor(made))
    }

    /// What a loop has stacked along its first axis, put where it is asked for.
    fn stacked(&mut self, name: &str, args: &[Val], place: Place) -> Result<Option<Val>, Error> {
        let Some(Val::Stacked(tensor)) = args.first() else { return Ok(None) };
        let axis = match args.get(1) {
            Some(Val::Int(n)) => n.as_known().unwrap_or(0),
            _ => 0,
        };
        let (whole, int) = (Val::Tensor(*tensor), |n: i64| Val::Int(n.into()));
        match name {
            "stack" if axis == 0 => Ok(Some(whole)),
            "stack" => {
                let op = if axis == 1 { "aten.transpose" } else { "aten.movedim" };
                self.operator(op, vec![whole, int(0), int(axis)], Vec::new(), place, None).map(Some)
            }
            "cat" => {
                let moved = match axis {
                    0 => whole,
                    _ => self.operator(
                        "aten.movedim",
                        vec![whole, int(0), int(axis)],
                        Vec::new(),
                        place,
                        None,
                    )?,
                };
                let flat = vec![moved, int(axis), int(axis + 1)];
                self.operator("aten.flatten", flat, Vec::new(), place, None).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// For what a value is wanted: the first name that it gets, and how many parts it is taken into.
#[derive(Default)]
struct Hint {
    name: Option<Rc<str>>,
    parts: Option<usize>,
}

fn named(name: &Rc<str>, frame: &Frame) -> Val {
    if let Some(value) = frame.names.get(name) {
        return value.clone();
    }
    match &**name {
        "None" => Val::None,
        "True" => Val::Bool(true),
        "False" => Val::Bool(false),
        "inf" => Val::Float(f64::INFINITY),
        "nan" => Val::Float(f64::NAN),
        _ => Val::Path(Rc::clone(name)),
    }
}

/// The dotted name that an expression is, if it begins with no variable.
fn dotted(expr: &Expr, frame: &Frame) -> Option<String> {
    let mut parts = Vec::new();
    let mut at = expr;
    loop {
        match at {
            Expr::Attribute(of, name) => {
                parts.push(&**name);
                at = of;
            }
            Expr::Name(name) if !frame.names.contains_key(name) => {
                parts.push(&**name);
                break;
            }
            _ => return None,
        }
    }
    parts.reverse();
    Some(parts.join("."))
}

fn raises(block: &[Stmt]) -> bool {
    block.iter().any(|s| match s {
        Stmt::Do(Expr::Call(call)) => {
            matches!(&call.callee, Expr::Attribute(_, name) if **name == *"RaiseException")
        }
        Stmt::If(_, then, other) => raises(then) && raises(other),
        _ => false,
    })
}

fn calls_something(block: &[Stmt]) -> bool {
    block.iter().any(|s| match s {
        Stmt::Assign { value, .. } => matches!(value, Expr::Call(_)),
        Stmt::Do(_) | Stmt::For(..) | Stmt::While(..) => true,
        Stmt::If(_, then, other) => calls_something(then) || calls_something(other),
        _ => false,
    })
}

fn assigned_in(block: &[Stmt], names: &mut BTreeSet<Rc<str>>) {
    for statement in block {
        match statement {
            Stmt::Assign { names: own, .. } => names.extend(own.iter().cloned()),
            Stmt::If(_, then, other) => {
                assigned_in(then, names);
                assigned_in(other, names);
            }
            Stmt::For(_, _, body) | Stmt::While(_, body) => assigned_in(body, names),
            _ => {}
        }
    }
}

/// Whether a value is a tensor or a list with one in it.
fn holds_tensor(value: &Val) -> bool {
    let is_tensor = |v: &Val| matches!(v, Val::Tensor(_) | Val::Stacked(_));
    is_tensor(value) || value.elements().is_some_and(|l| l.iter().any(is_tensor))
}

fn makes_tensor(name: &str) -> bool {
    matches!(
        name,
        "zeros"
            | "ones"
            | "full"
            | "empty"
            | "arange"
            | "linspace"
            | "eye"
            | "rand"
            | "randn"
            | "randint"
            | "randperm"
            | "tensor"
            | "scalar_tensor"
            | "tril_indices"
            | "triu_indices"
            | "empty_strided"
            | "logspace"
            | "normal"
            | "hann_window"
            | "hamming_window"
            | "from_file"
            | "complex"
            | "as_tensor"
    )
}

/// The overload, where only the arguments tell.
fn overload(name: &str, args: &[Val]) -> String {
    let second = match (name, args.get(1)) {
        ("max" | "min" | "median" | "nanmedian", Some(Val::Int(_))) => "dim",
        ("max" | "min", Some(Val::Tensor(_))) => "other",
        (
            "mean" | "sum" | "prod" | "all" | "any" | "std" | "var",
            Some(Val::List(_) | Val::Tuple(_) | Val::Int(_)),
        ) => "dim",
        ("pow", Some(Val::Tensor(_))) => "Tensor_Tensor",
        ("pow", Some(_)) => "Tensor_Scalar",
        ("split", Some(Val::List(_))) => "sizes",
        (
            "add" | "sub" | "mul" | "div" | "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "remainder"
            | "floor_divide" | "bitwise_and" | "bitwise_or" | "__and__" | "__or__",
            Some(second),
        ) => {
            if matches!(second, Val::Tensor(_)) {
                "Tensor"
            } else {
                "Scalar"
            }
        }
        _ => "",
    };
    second.to_owned()
}

/// Arguments by position; numbers that stand for element types become them.
fn positional(name: &str, args: &[Val]) -> Vec<Arg> {
    let is_dtype = |i: usize| match name {
        "to" => args[1..i].iter().all(|a| matches!(a, Val::Device)),
        "softmax" | "log_softmax" | "_softmax" | "_log_softmax" => i == 2,
        "type" | "_to_copy" => i == 1,
        _ => false,
    };
    let arg = |(i, value): (usize, &Val)| match value {
        Val::Int(n) if i > 0 && is_dtype(i) => {
            n.as_known().and_then(value::dtype).map_or_else(|| value.arg(), Arg::DType)
        }
        _ => value.arg(),
    };
    args.iter().enumerate().map(arg).collect()
}

/// An argument by name, where it says anything about the result.
fn keyword(name: &str, value: &Val) -> Option<(String, Arg)> {
    match (name, value) {
        ("layout" | "device" | "pin_memory" | "memory_format" | "generator" | "non_blocking", _) => None,
        (_, Val::None) => None,
        ("dtype", Val::Int(n)) => {
            Some((name.to_owned(), n.as_known().and_then(value::dtype).map_or(Arg::None, Arg::DType)))
        }
        _ => Some((name.to_owned(), value.arg())),
    }
}
