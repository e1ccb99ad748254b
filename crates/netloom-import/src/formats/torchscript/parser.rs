//! From words to the tree of a file of code.
//!
//! # Source
//! What `torch/csrc/jit/serialization/python_print.cpp` of PyTorch writes, and a little more of Python.

use std::rc::Rc;

use super::ast::{Call, Class, Expr, File, Function, Param, Stmt};
use super::lexer::{Word, words};
use crate::Error;

/// How deep expressions and blocks may nest.
const MAX_NESTING: usize = 64;

/// Parses a file of code.
pub(super) fn parse(text: &str) -> Result<File, Error> {
    let words = words(text)?;
    let mut parser = Parser { words, at: 0, depth: 0 };
    let mut file = File::default();
    loop {
        match parser.peek().clone() {
            Word::End => return Ok(file),
            Word::Line => parser.at += 1,
            _ if parser.takes_name("class") => {
                let class = parser.class()?;
                file.classes.push(Rc::new(class));
            }
            _ if parser.takes_name("def") => {
                let function = parser.function()?;
                file.functions.push(Rc::new(function));
            }
            _ => {
                // Imports and other statements of a file say nothing about a network.
                parser.statement()?;
            }
        }
    }
}

struct Parser {
    words: Vec<(Word, usize)>,
    at: usize,
    depth: usize,
}

/// Infix operators by how tightly they bind, and the functions that they stand for.
const INFIX: &[&[(&str, &str)]] = &[
    &[("or", "__or__")],
    &[("and", "__and__")],
    &[
        ("==", "eq"),
        ("!=", "ne"),
        ("<=", "le"),
        (">=", "ge"),
        ("<", "lt"),
        (">", "gt"),
        ("in", "__contains__"),
        ("is", "__is__"),
    ],
    &[("|", "__or__")],
    &[("^", "__xor__")],
    &[("&", "__and__")],
    &[("<<", "__lshift__"), (">>", "__rshift__")],
    &[("+", "add"), ("-", "sub")],
    &[("*", "mul"), ("//", "floordiv"), ("/", "div"), ("%", "remainder"), ("@", "matmul")],
    &[("**", "pow")],
];

/// The place of comparisons in [`INFIX`].
const COMPARISON: usize = 2;

impl Parser {
    fn peek(&self) -> &Word {
        self.words.get(self.at).map_or(&Word::End, |(w, _)| w)
    }

    fn next(&mut self) -> Word {
        let word = self.peek().clone();
        self.at += 1;
        word
    }

    fn error(&self, expected: &str) -> Error {
        let (word, at) = self.words.get(self.at).or(self.words.last()).cloned().unwrap_or((Word::End, 0));
        let found = match word {
            Word::Name(name) => format!("`{name}`"),
            Word::Mark(mark) => format!("`{mark}`"),
            Word::Int(n) => format!("{n}"),
            Word::Float(x) => format!("{x}"),
            Word::Text(_) => "a text".to_owned(),
            Word::Line | Word::Indent | Word::Dedent => "the end of a line".to_owned(),
            Word::End => "the end of the code".to_owned(),
        };
        Error::damaged(at as u64, format_args!("expected {expected}, found {found}"))
    }

    fn takes(&mut self, mark: &str) -> bool {
        let is = matches!(self.peek(), Word::Mark(m) if *m == mark);
        self.at += usize::from(is);
        is
    }

    fn takes_name(&mut self, name: &str) -> bool {
        let is = self.is_name(name);
        self.at += usize::from(is);
        is
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Word::Name(n) if **n == *name)
    }

    fn expect(&mut self, mark: &str) -> Result<(), Error> {
        if self.takes(mark) { Ok(()) } else { Err(self.error(&format!("`{mark}`"))) }
    }

    fn name(&mut self) -> Result<Rc<str>, Error> {
        match self.peek() {
            Word::Name(name) => {
                let name = Rc::clone(name);
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.error("a name")),
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(Error::limit(format!("the code nests more than {MAX_NESTING} deep")));
        }
        let made = parse(self);
        self.depth -= 1;
        made
    }

    /// What follows the colon of a block: indented statements, or one on the same line.
    fn block(&mut self) -> Result<Vec<Stmt>, Error> {
        self.expect(":")?;
        if !matches!(self.peek(), Word::Line) {
            return Ok(self.statement()?.into_iter().collect());
        }
        self.at += 1;
        if !matches!(self.next(), Word::Indent) {
            self.at -= 1;
            return Err(self.error("an indented line"));
        }
        let mut statements = Vec::new();
        loop {
            match self.peek() {
                Word::Dedent => {
                    self.at += 1;
                    return Ok(statements);
                }
                Word::End => return Ok(statements),
                Word::Line => self.at += 1,
                _ => statements.extend(self.deeper(Self::statement)?),
            }
        }
    }

    fn class(&mut self) -> Result<Class, Error> {
        let mut class = Class { name: self.name()?.to_string(), ..Class::default() };
        if self.takes("(") {
            if let Word::Name(base) = self.peek() {
                class.base = base.to_string();
            }
            while !self.takes(")") {
                if matches!(self.next(), Word::End) {
                    return Err(self.error("`)`"));
                }
            }
        }
        self.expect(":")?;
        self.at += usize::from(matches!(self.peek(), Word::Line));
        if !matches!(self.next(), Word::Indent) {
            self.at -= 1;
            return Err(self.error("an indented line"));
        }
        loop {
            match self.peek().clone() {
                Word::Dedent => {
                    self.at += 1;
                    return Ok(class);
                }
                Word::End => return Ok(class),
                Word::Line => self.at += 1,
                _ if self.takes_name("def") => {
                    let method = self.function()?;
                    class.methods.push(Rc::new(method));
                }
                _ => self.member(&mut class)?,
            }
        }
    }

    /// A line of a class that is no method: `name : type = value`.
    fn member(&mut self, class: &mut Class) -> Result<(), Error> {
        if self.takes_name("pass") {
            return Ok(());
        }
        let target = self.expression()?;
        if self.takes(":") {
            self.expression()?;
        }
        let value = if self.takes("=") { Some(self.expressions()?.0) } else { None };
        let texts = |value: &Option<Expr>| match value {
            Some(Expr::List(list)) => list
                .iter()
                .filter_map(|e| match e {
                    Expr::Text(text) => Some(Rc::clone(text)),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        match target {
            Expr::Name(name) if &*name == "__parameters__" => class.parameters = texts(&value),
            Expr::Name(name) if &*name == "__buffers__" => class.buffers = texts(&value),
            Expr::Name(name) if !name.starts_with("__") => class.fields.push((name, value)),
            // Names that Python does not allow: `__annotations__["0"] = type`.
            Expr::Index(_, key) => {
                if let Expr::Text(name) = *key {
                    class.fields.push((name, None));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn function(&mut self) -> Result<Function, Error> {
        let name = self.name()?;
        self.expect("(")?;
        let mut params = Vec::new();
        while !self.takes(")") {
            while self.takes("*") || self.takes(",") {}
            if self.takes(")") {
                break;
            }
            let name = self.name()?;
            let ty = if self.takes(":") { Some(self.expression()?) } else { None };
            let default = if self.takes("=") { Some(self.expression()?) } else { None };
            params.push(Param { name, ty, default });
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        if self.takes("->") {
            self.expression()?;
        }
        let body = self.block()?;
        Ok(Function { name, params, body })
    }

    fn statement(&mut self) -> Result<Option<Stmt>, Error> {
        if self.takes_name("pass") {
            return Ok(None);
        }
        if self.takes_name("return") {
            if matches!(self.peek(), Word::Line | Word::End) {
                return Ok(Some(Stmt::Return(Expr::Name(Rc::from("None")))));
            }
            return Ok(Some(Stmt::Return(self.expressions()?.0)));
        }
        if self.takes_name("if") {
            return self.branches().map(Some);
        }
        if self.takes_name("while") {
            let condition = self.expression()?;
            return Ok(Some(Stmt::While(condition, self.block()?)));
        }
        if self.takes_name("for") {
            let name = self.name()?;
            if !self.takes_name("in") {
                return Err(self.error("`in`"));
            }
            let over = self.expression()?;
            return Ok(Some(Stmt::For(name, over, self.block()?)));
        }
        if self.takes_name("with") {
            // A context changes how something is computed, not what.
            self.expression()?;
            if self.takes_name("as") {
                self.name()?;
            }
            let body = self.block()?;
            return Ok(Some(Stmt::If(Expr::Name(Rc::from("True")), body, Vec::new())));
        }
        for skipped in ["import", "from", "raise", "assert", "del", "global"] {
            if self.takes_name(skipped) {
                while !matches!(self.peek(), Word::Line | Word::End) {
                    self.at += 1;
                }
                return Ok(None);
            }
        }
        let (target, mut unpack) = self.expressions()?;
        if self.takes(":") {
            self.expression()?;
        }
        if !self.takes("=") {
            return Ok(Some(Stmt::Do(target)));
        }
        let value = self.expressions()?.0;
        let names: Vec<Rc<str>> = match &target {
            Expr::Name(name) => vec![Rc::clone(name)],
            Expr::Tuple(parts) | Expr::List(parts) => {
                unpack = true;
                let names = parts.iter().map(|p| match p {
                    Expr::Name(name) => Some(Rc::clone(name)),
                    _ => None,
                });
                match names.collect() {
                    Some(names) => names,
                    None => return Err(self.error("names to assign to")),
                }
            }
            Expr::Attribute(..) | Expr::Index(..) => return Ok(Some(Stmt::Set(target, value))),
            _ => return Err(self.error("a name to assign to")),
        };
        Ok(Some(Stmt::Assign { names, unpack, value }))
    }

    fn branches(&mut self) -> Result<Stmt, Error> {
        let condition = self.expression()?;
        let then = self.block()?;
        while matches!(self.peek(), Word::Line) {
            self.at += 1;
        }
        let other = if self.takes_name("else") {
            self.block()?
        } else if self.takes_name("elif") {
            vec![self.deeper(Self::branches)?]
        } else {
            Vec::new()
        };
        Ok(Stmt::If(condition, then, other))
    }

    /// One expression, or several with commas as a tuple; and whether there was a comma.
    fn expressions(&mut self) -> Result<(Expr, bool), Error> {
        let first = self.expression()?;
        if !matches!(self.peek(), Word::Mark(",")) {
            return Ok((first, false));
        }
        let mut all = vec![first];
        while self.takes(",") {
            if matches!(self.peek(), Word::Mark("=" | ")" | "]") | Word::Line | Word::End) {
                break;
            }
            all.push(self.expression()?);
        }
        Ok((Expr::Tuple(all), true))
    }

    fn expression(&mut self) -> Result<Expr, Error> {
        self.deeper(|p| {
            let value = p.infix(0)?;
            if !p.takes_name("if") {
                return Ok(value);
            }
            let condition = p.infix(0)?;
            if !p.takes_name("else") {
                return Err(p.error("`else`"));
            }
            let other = p.expression()?;
            Ok(Expr::Choice(Box::new([value, condition, other])))
        })
    }

    /// The infix operator that comes next, if it binds at least so tightly: its level, its function, and whether the
    /// result is turned round.
    fn operator(&mut self, least: usize) -> Option<(usize, &'static str, bool)> {
        let text: &str = match self.peek() {
            Word::Mark(mark) => mark,
            Word::Name(name) => name,
            _ => return None,
        };
        if text == "not" && least <= COMPARISON {
            self.at += 1;
            let is = self.takes_name("in");
            self.at -= usize::from(!is);
            return is.then_some((COMPARISON, "__contains__", true));
        }
        let mut levels = INFIX.iter().enumerate().skip(least);
        let (level, text, function) =
            levels.find_map(|(i, row)| row.iter().find(|(t, _)| *t == text).map(|(t, f)| (i, *t, *f)))?;
        self.at += 1;
        let negated = text == "is" && self.takes_name("not");
        Some((level, function, negated))
    }

    fn infix(&mut self, least: usize) -> Result<Expr, Error> {
        let mut left = if self.takes_name("not") {
            Expr::Operator("__not__", vec![self.deeper(|p| p.infix(COMPARISON))?])
        } else {
            self.prefix()?
        };
        while let Some((level, function, negated)) = self.operator(least) {
            let right = self.deeper(|p| p.infix(level + 1))?;
            let operands = if function == "__contains__" { vec![right, left] } else { vec![left, right] };
            left = Expr::Operator(function, operands);
            if negated {
                left = Expr::Operator("__not__", vec![left]);
            }
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Expr, Error> {
        if self.takes("-") {
            return Ok(match self.deeper(Self::prefix)? {
                Expr::Int(n) => Expr::Int(n.wrapping_neg()),
                Expr::Float(x) => Expr::Float(-x),
                other => Expr::Operator("neg", vec![other]),
            });
        }
        if self.takes("+") {
            return self.deeper(Self::prefix);
        }
        if self.takes("~") {
            let operand = self.deeper(Self::prefix)?;
            return Ok(Expr::Operator("bitwise_not", vec![operand]));
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Result<Expr, Error> {
        let mut value = self.atom()?;
        loop {
            if self.takes(".") {
                let name = self.name()?;
                value = Expr::Attribute(Box::new(value), name);
            } else if self.takes("(") {
                let (mut args, mut kwargs) = (Vec::new(), Vec::new());
                while !self.takes(")") {
                    self.takes("*");
                    let named = match (self.peek(), self.words.get(self.at + 1)) {
                        (Word::Name(name), Some((Word::Mark("="), _))) => Some(Rc::clone(name)),
                        _ => None,
                    };
                    if let Some(name) = named {
                        self.at += 2;
                        kwargs.push((name, self.expression()?));
                    } else {
                        args.push(self.expression()?);
                    }
                    if !self.takes(",") {
                        self.expect(")")?;
                        break;
                    }
                }
                value = Expr::Call(Box::new(Call { callee: value, args, kwargs }));
            } else if self.takes("[") {
                let key = if self.takes("]") {
                    Expr::Tuple(Vec::new())
                } else {
                    let key = self.expressions()?.0;
                    self.expect("]")?;
                    key
                };
                value = Expr::Index(Box::new(value), Box::new(key));
            } else {
                return Ok(value);
            }
        }
    }

    fn atom(&mut self) -> Result<Expr, Error> {
        match self.peek().clone() {
            Word::Name(name) => {
                self.at += 1;
                Ok(Expr::Name(name))
            }
            Word::Int(n) => {
                self.at += 1;
                Ok(Expr::Int(n))
            }
            Word::Float(x) => {
                self.at += 1;
                Ok(Expr::Float(x))
            }
            Word::Text(first) => {
                self.at += 1;
                let mut text = first.to_string();
                while let Word::Text(more) = self.peek() {
                    text.push_str(more);
                    self.at += 1;
                }
                Ok(Expr::Text(Rc::from(text)))
            }
            Word::Mark("(") => {
                self.at += 1;
                if self.takes(")") {
                    return Ok(Expr::Tuple(Vec::new()));
                }
                let value = self.expressions()?.0;
                self.expect(")")?;
                Ok(value)
            }
            Word::Mark("[") => {
                self.at += 1;
                let mut list = Vec::new();
                while !self.takes("]") {
                    list.push(self.expression()?);
                    if list.len() == 1 && self.takes_name("for") {
                        let name = self.name()?;
                        if !self.takes_name("in") {
                            return Err(self.error("`in`"));
                        }
                        let over = self.expression()?;
                        self.expect("]")?;
                        let element = list.pop().map_or(Expr::Int(0), |e| e);
                        return Ok(Expr::Each(Box::new(element), name, Box::new(over)));
                    }
                    if !self.takes(",") {
                        self.expect("]")?;
                        break;
                    }
                }
                Ok(Expr::List(list))
            }
            Word::Mark("{") => {
                self.at += 1;
                let mut entries = Vec::new();
                while !self.takes("}") {
                    let key = self.expression()?;
                    self.expect(":")?;
                    entries.push((key, self.expression()?));
                    if !self.takes(",") {
                        self.expect("}")?;
                        break;
                    }
                }
                Ok(Expr::Dict(entries))
            }
            _ => Err(self.error("an expression")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_with_all_sorts_of_lines() {
        let text = "class Net(Module):\n  __parameters__ = [\"weight\", ]\n  __buffers__ = []\n  weight : Tensor\n  \
            n : Final[int] = 3\n  __annotations__[\"0\"] = __torch__.A\n  def forward(self: __torch__.Net,\n    \
            x: Tensor,\n    y: Optional[Tensor]=None) -> Tuple[Tensor, Tensor]:\n    _0 = uninitialized(Tensor)\n    \
            a, b, = torch.chunk(x, 2, 1)\n    if torch.gt(n, 0):\n      c : Tensor = torch.neg(a)\n    else:\n      \
            c = -1.5e-05\n    for t in range((torch.size(x))[1]):\n      _1 = [f(k) for k in b]\n    \
            return ((self).sub(c, ), {\"k\": b})\n";
        let file = parse(text).unwrap();
        let class = &file.classes[0];
        assert_eq!((&*class.name, &*class.base), ("Net", "Module"));
        assert_eq!(class.fields.iter().map(|f| &*f.0).collect::<Vec<_>>(), ["weight", "n", "0"]);
        assert_eq!(class.fields[1].1, Some(Expr::Int(3)));
        assert_eq!(class.parameters.len(), 1);
        let forward = &class.methods[0];
        assert_eq!(forward.params.len(), 3);
        assert_eq!(forward.body.len(), 5);
        let Stmt::Assign { names, unpack: true, .. } = &forward.body[1] else {
            panic!("{:?}", forward.body[1])
        };
        assert_eq!(names.len(), 2);
        assert!(matches!(&forward.body[2], Stmt::If(_, then, other) if then.len() == 1 && other.len() == 1));
        assert!(matches!(&forward.body[4], Stmt::Return(Expr::Tuple(parts)) if parts.len() == 2));
    }

    #[test]
    fn damage_is_told_with_its_place() {
        for (text, message) in [
            (
                "class A(Module):\n  def f(self:",
                "damaged at byte 30: expected an expression, found the end of a line",
            ),
            ("def f(x):\n  return (1", "damaged at byte 21: expected `)`, found the end of a line"),
            ("def f(x):\nreturn 1\n", "damaged at byte 10: expected an indented line, found `return`"),
            ("x = \"abc", "damaged at byte 4: expected the end of a string, found the end of the code"),
            ("x = ?", "damaged at byte 4: expected code of TorchScript, found `?`"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
        let deep = format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(parse(&deep).is_err());
    }
}
