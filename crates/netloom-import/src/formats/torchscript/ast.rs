//! The restricted Python of TorchScript as a tree.

use std::rc::Rc;

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Expr {
    Name(Rc<str>),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    Attribute(Box<Expr>, Rc<str>),
    Index(Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    /// `then if condition else other`.
    Choice(Box<[Expr; 3]>),
    /// `[element for name in list]`.
    Each(Box<Expr>, Rc<str>, Box<Expr>),
    /// An operator by the name of the function that it stands for.
    Operator(&'static str, Vec<Expr>),
}

/// A call.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Call {
    pub callee: Expr,
    pub args: Vec<Expr>,
    pub kwargs: Vec<(Rc<str>, Expr)>,
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Stmt {
    /// Names get the parts of a value, or the whole where there is one name and no comma.
    Assign {
        names: Vec<Rc<str>>,
        unpack: bool,
        value: Expr,
    },
    /// An attribute or element gets a value.
    Set(Expr, Expr),
    Return(Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    For(Rc<str>, Expr, Vec<Stmt>),
    While(Expr, Vec<Stmt>),
    Do(Expr),
}

/// A function or method.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Function {
    pub name: Rc<str>,
    pub params: Vec<Param>,
    pub body: Vec<Stmt>,
}

/// A formal parameter.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Param {
    pub name: Rc<str>,
    pub ty: Option<Expr>,
    pub default: Option<Expr>,
}

/// A class: what it declares, and its methods.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Class {
    pub name: String,
    /// What it derives from, such as `Module` or `NamedTuple`.
    pub base: String,
    /// Attributes in order, with the values of those that are constant.
    pub fields: Vec<(Rc<str>, Option<Expr>)>,
    pub parameters: Vec<Rc<str>>,
    pub buffers: Vec<Rc<str>>,
    pub methods: Vec<Rc<Function>>,
}

/// A file of code.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct File {
    pub classes: Vec<Rc<Class>>,
    pub functions: Vec<Rc<Function>>,
}
