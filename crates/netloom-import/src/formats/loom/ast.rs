//! The notation as a tree, with the bytes of every part.

use std::ops::Range;

/// Bytes of the text.
pub type Span = Range<usize>;

/// A word and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Its bytes.
    pub span: Span,
}

/// A whole text.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct File {
    /// The model's name, if given.
    pub model: Option<Name>,
    /// Block definitions.
    pub blocks: Vec<Block>,
    /// Everything else, in order.
    pub body: Vec<Statement>,
}

/// A named part with parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// What calls use.
    pub name: Name,
    /// Its parameters, with defaults.
    pub parameters: Vec<(Name, Option<Expr>)>,
    /// What it is made of.
    pub body: Vec<Statement>,
}

/// One line of a body.
#[derive(Clone, PartialEq, Debug)]
pub enum Statement {
    /// `input x: float32[batch, 3, 224, 224]`; in a block without type.
    Input(Vec<Input>),
    /// `output a, b`
    Output(Vec<Chain>),
    /// `a, b = chain`, or a chain alone.
    Chain {
        /// The names given to the results; `_` for none.
        names: Vec<Name>,
        /// What makes them.
        chain: Chain,
    },
}

/// One declared input.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// Its name.
    pub name: Name,
    /// The name of its element type, if given.
    pub dtype: Option<Name>,
    /// Its dimensions, if given.
    pub shape: Option<Vec<Extent>>,
}

/// One dimension of a declared input.
#[derive(Clone, PartialEq, Debug)]
pub enum Extent {
    /// A number.
    Number(i64),
    /// A symbol.
    Symbol(Name),
    /// Arithmetic over symbols and numbers, or text that says it.
    Expr(Expr),
    /// `?`
    Unknown,
}

/// Items that hand their results on, left to right.
#[derive(Clone, PartialEq, Debug)]
pub struct Chain {
    /// At least one.
    pub items: Vec<Item>,
    /// From the first item to the last.
    pub span: Span,
}

/// One step of a chain.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// The name of the part, if given.
    pub label: Option<Name>,
    /// The last number of `0..3:`, where the label is its first: the parts of these numbers, one after another.
    pub until: Option<(i64, Span)>,
    /// Whether it goes on with a group that was begun before: `more encoder: { … }`.
    pub more: bool,
    /// What it is.
    pub atom: Atom,
    /// How often it stands in a row, if more than once.
    pub repeat: Option<Expr>,
    /// Whether all of these have the weights of the first.
    pub shared: bool,
    /// All of it.
    pub span: Span,
}

/// What a step is.
#[derive(Clone, PartialEq, Debug)]
pub enum Atom {
    /// A layer, block, value or label, with or without arguments.
    Call {
        /// Its name.
        name: Name,
        /// What stands in the parentheses.
        arguments: Vec<Argument>,
        /// Whether there are parentheses.
        called: bool,
    },
    /// `"any text"(…)`: an operation to be drawn under that text.
    Sketch {
        /// The text.
        name: Name,
        /// What stands in the parentheses.
        arguments: Vec<Argument>,
    },
    /// `[a, b]`: chains side by side, each from the value that flows in.
    Branches(Vec<Chain>),
    /// `{ … }`: a body of its own; `Encoder { … }` says what class it is.
    Group(Option<Name>, Vec<Statement>),
}

/// One argument of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Argument {
    /// The parameter it is for, if named.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// A value of an argument.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text in quotes.
    Text(String),
    /// A parameter, symbol, value, `true`, `false` or `same`.
    Word(String),
    /// `?`
    Unknown,
    /// `[a, b]`
    List(Vec<Expr>),
    /// `-a`
    Minus(Box<Expr>),
    /// `parameter([3, 4])` or `constant(1)`: a value that reads nothing, on the spot.
    Call(Name, Vec<Argument>),
    /// `{ … }`: a body that a control-flow operator runs.
    Body(Vec<Statement>),
    /// `a + b` and so on.
    Binary(char, Box<Expr>, Box<Expr>),
}
