//! Pickled Python objects, read as plain data: nothing a pickle names is ever looked up, called or built.
//!
//! A pickle is a program for a small stack machine. [`Pickle::read`] runs its opcodes, all of protocols 0 to 5, over an
//! arena of [`Item`]s: a class or function is a [`Item::Global`], two words; what the program would call is an
//! [`Item::Object`] that holds the callee, its arguments and what was added later. Names that exist to run commands or
//! code ([`Pickle::read`] says which) refuse the whole pickle, since no model needs them; unknown classes are kept as
//! data. Objects may hold each other in circles: whoever walks them bounds the walk.
//!
//! # Source
//! <https://docs.python.org/3/library/pickle.html> and `Lib/pickletools.py` of CPython, which documents every opcode.

mod access;
mod globals;
mod machine;
mod reader;
pub mod tensor;
#[cfg(test)]
mod tests;

use crate::{Error, Source};

/// The most items that one pickle may make.
pub const MAX_ITEMS: usize = 8_000_000;

/// The most values on the stack, and in it between two marks.
pub const MAX_STACK: usize = 4_000_000;

/// The longest name or text that is kept, in bytes; of longer ones only the place is.
pub const MAX_TEXT: u64 = 1 << 16;

/// The most bytes of names and texts that are kept.
pub const MAX_TEXTS: u64 = 256 << 20;

/// The place of an item in its pickle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Id(u32);

impl Id {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value: a small one itself, or where the item is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A number.
    Float(f64),
    /// Anything else.
    Item(Id),
}

/// What values refer to.
#[derive(Clone, PartialEq, Debug)]
pub enum Item {
    /// Text; bytes of it that are not UTF-8 are replaced.
    Text(String),
    /// Bytes, or a text longer than [`MAX_TEXT`]: where they stand in the source.
    Bytes {
        /// The first one.
        offset: u64,
        /// How many there are.
        len: u64,
    },
    /// An integer of more than 64 bits, in two's complement, the lowest byte first.
    Big(Vec<u8>),
    /// A class or function, by name only.
    Global {
        /// Its module, such as `torch.nn.modules.conv`.
        module: String,
        /// Its name there, such as `Conv2d`.
        name: String,
    },
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A set, frozen or not.
    Set(Vec<Value>),
    /// A dictionary of any class of the standard library: pairs in order of insertion, later ones replace earlier ones.
    Dict(Vec<(Value, Value)>),
    /// What a call of a class or function would make.
    Object(Box<Object>),
    /// What the program's surroundings are to give, such as the bytes of a tensor.
    Persistent(Value),
}

/// What a call would make, as data.
#[derive(Clone, PartialEq, Debug)]
pub struct Object {
    /// What would be called: nearly always a [`Item::Global`].
    pub callee: Value,
    /// With what, a tuple.
    pub arguments: Value,
    /// What it would be told to set up itself with.
    pub state: Option<Value>,
    /// What would be appended to it.
    pub appended: Vec<Value>,
    /// What would be set in it by key.
    pub entries: Vec<(Value, Value)>,
}

/// A pickle that has been read.
#[derive(Clone, PartialEq, Debug)]
pub struct Pickle {
    items: Vec<Item>,
    /// What it stands for as a whole.
    pub root: Value,
    /// Where it ends, in bytes from the start of the source.
    pub end: u64,
}

impl Pickle {
    /// Reads the pickle that begins at an offset.
    ///
    /// # Errors
    /// When it is damaged, passes a limit, or names something that runs commands, opens files or networks, or reaches
    /// into the interpreter: `os`, `subprocess`, `socket`, `shutil`, `ctypes` and the like, and `eval`, `exec`, `open`,
    /// `__import__`, … of `builtins`. `getattr` is let through as data where it only names a plain attribute, as bound
    /// methods and enumerations are stored, and refuses the pickle otherwise.
    pub fn read(source: &dyn Source, offset: u64) -> Result<Self, Error> {
        machine::run(source, offset)
    }
}
