//! The stack machine: every opcode of protocols 0 to 5.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::{Id, Item, MAX_ITEMS, MAX_STACK, MAX_TEXT, MAX_TEXTS, Object, Pickle, Value, globals};
use crate::error::Grouped;
use crate::{Error, ErrorKind, Source};

/// The newest protocol.
const NEWEST: u8 = 5;

/// Runs the pickle that begins at an offset.
pub(super) fn run(source: &dyn Source, offset: u64) -> Result<Pickle, Error> {
    let mut machine = Machine {
        reader: Reader::new(source, offset),
        at: offset,
        items: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
        texts: 0,
    };
    let root = loop {
        machine.at = machine.reader.offset();
        let opcode = machine.reader.byte()?;
        if opcode == b'.' {
            break machine.pop()?;
        }
        machine.step(opcode)?;
        if machine.stack.len() > MAX_STACK || machine.marks.len() > MAX_STACK {
            return Err(Error::limit(format!(
                "the pickle piles up more than {} values",
                Grouped(MAX_STACK as u64)
            )));
        }
    };
    Ok(Pickle { end: machine.reader.offset(), items: machine.items, root })
}

struct Machine<'a> {
    reader: Reader<'a>,
    /// Where the opcode at work stands.
    at: u64,
    items: Vec<Item>,
    stack: Vec<Value>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: BTreeMap<u64, Value>,
    texts: u64,
}

impl Machine<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm per opcode, in the order of the documentation")]
    fn step(&mut self, opcode: u8) -> Result<(), Error> {
        match opcode {
            // The stack.
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                // Popping a mark is what Python's own machine does when it finds one on top.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => {
                self.since_mark()?;
            }
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }

            // Small values.
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'I' => {
                let line = self.reader.line()?;
                match line.as_str() {
                    "00" => self.stack.push(Value::Bool(false)),
                    "01" => self.stack.push(Value::Bool(true)),
                    text => self.decimal(text)?,
                }
            }
            b'L' => {
                let line = self.reader.line()?;
                self.decimal(line.trim_end_matches('L'))?;
            }
            b'J' => {
                let n = i32::from_le_bytes(self.reader.array()?);
                self.stack.push(Value::Int(n.into()));
            }
            b'K' => {
                let n = self.reader.byte()?;
                self.stack.push(Value::Int(n.into()));
            }
            b'M' => {
                let n = u16::from_le_bytes(self.reader.array()?);
                self.stack.push(Value::Int(n.into()));
            }
            0x8a => {
                let len = self.reader.byte()?;
                self.long(u64::from(len))?;
            }
            0x8b => {
                let len = u32::from_le_bytes(self.reader.array()?);
                self.long(u64::from(len))?;
            }
            b'F' => {
                let line = self.reader.line()?;
                let x = line.trim().parse().map_err(|_| self.unexpected("a number", &format!("`{line}`")))?;
                self.stack.push(Value::Float(x));
            }
            b'G' => {
                let x = f64::from_be_bytes(self.reader.array()?);
                self.stack.push(Value::Float(x));
            }

            // Text and bytes.
            b'S' => {
                let line = self.reader.line()?;
                let quoted = line.trim();
                let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                self.text(inner.to_owned())?;
            }
            b'V' => {
                let line = self.reader.line()?;
                self.text(line)?;
            }
            b'T' | b'X' | b'B' | 0x8d | 0x8e | 0x96 | b'U' | b'C' | 0x8c => {
                let len = match opcode {
                    b'T' | b'X' | b'B' => u64::from(u32::from_le_bytes(self.reader.array()?)),
                    0x8d | 0x8e | 0x96 => u64::from_le_bytes(self.reader.array()?),
                    _ => u64::from(self.reader.byte()?),
                };
                let is_text = !matches!(opcode, b'B' | b'C' | 0x8e | 0x96);
                self.chunk(len, is_text)?;
            }
            0x97 => return Err(self.unexpected("all data inside the pickle", "a buffer beside it")),
            0x98 => {}

            // Containers.
            b')' => self.make(Item::Tuple(Vec::new()))?,
            b't' => {
                let values = self.since_mark()?;
                self.make(Item::Tuple(values))?;
            }
            0x85..=0x87 => {
                let values = self.take(usize::from(opcode - 0x84))?;
                self.make(Item::Tuple(values))?;
            }
            b']' => self.make(Item::List(Vec::new()))?,
            b'l' => {
                let values = self.since_mark()?;
                self.make(Item::List(values))?;
            }
            b'a' => {
                let values = self.take(1)?;
                self.append(values)?;
            }
            b'e' | 0x90 => {
                let values = self.since_mark()?;
                self.append(values)?;
            }
            b'}' => self.make(Item::Dict(Vec::new()))?,
            b'd' => {
                let values = self.since_mark()?;
                self.make(Item::Dict(pairs(&values)))?;
            }
            b's' => {
                let values = self.take(2)?;
                self.set(&values)?;
            }
            b'u' => {
                let values = self.since_mark()?;
                self.set(&values)?;
            }
            0x8f => self.make(Item::Set(Vec::new()))?,
            0x91 => {
                let values = self.since_mark()?;
                self.make(Item::Set(values))?;
            }

            // The memo.
            b'p' | b'g' => {
                let line = self.reader.line()?;
                let key = line.trim().parse();
                let key = key.map_err(|_| self.unexpected("a number of the memo", &format!("`{line}`")))?;
                self.memo(opcode == b'p', key)?;
            }
            b'q' | b'h' => {
                let key = self.reader.byte()?;
                self.memo(opcode == b'q', key.into())?;
            }
            b'r' | b'j' => {
                let key = u32::from_le_bytes(self.reader.array()?);
                self.memo(opcode == b'r', key.into())?;
            }
            0x94 => {
                let key = self.memo.len() as u64;
                self.memo(true, key)?;
            }

            // Names and calls, none of which is carried out.
            b'c' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                self.global(module, name)?;
            }
            0x93 => {
                let values = self.take(2)?;
                let text = |v: &Value| match v {
                    Value::Item(id) => match &self.items[id.index()] {
                        Item::Text(text) => Some(text.clone()),
                        _ => None,
                    },
                    _ => None,
                };
                match (text(&values[0]), text(&values[1])) {
                    (Some(module), Some(name)) => self.global(module, name)?,
                    _ => return Err(self.unexpected("a module and a name", "other values")),
                }
            }
            b'R' | 0x81 => {
                let values = self.take(2)?;
                self.call(values[0], values[1])?;
            }
            0x92 => {
                let values = self.take(3)?;
                self.call(values[0], values[1])?;
                if let Some(Item::Object(object)) = self.items.last_mut() {
                    object.entries.push((Value::None, values[2]));
                }
            }
            b'i' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                let values = self.since_mark()?;
                self.global(module, name)?;
                let callee = self.pop()?;
                self.make(Item::Tuple(values))?;
                let arguments = self.pop()?;
                self.call(callee, arguments)?;
            }
            b'o' => {
                let mut values = self.since_mark()?;
                if values.is_empty() {
                    return Err(self.unexpected("a class", "nothing"));
                }
                let callee = values.remove(0);
                self.make(Item::Tuple(values))?;
                let arguments = self.pop()?;
                self.call(callee, arguments)?;
            }
            b'b' => {
                let state = self.pop()?;
                self.build(state)?;
            }
            0x82..=0x84 => {
                let code = match opcode {
                    0x82 => u32::from(self.reader.byte()?),
                    0x83 => u32::from(u16::from_le_bytes(self.reader.array()?)),
                    _ => u32::from_le_bytes(self.reader.array()?),
                };
                self.global("copyreg".to_owned(), format!("extension {code}"))?;
            }
            b'P' => {
                let line = self.reader.line()?;
                self.text(line)?;
                let id = self.pop()?;
                self.make(Item::Persistent(id))?;
            }
            b'Q' => {
                let id = self.pop()?;
                self.make(Item::Persistent(id))?;
            }

            // What frames the program.
            0x80 => {
                let protocol = self.reader.byte()?;
                if protocol > NEWEST {
                    let found = format!("protocol {protocol}");
                    return Err(self.unexpected(&format!("a pickle of protocol 0 to {NEWEST}"), &found));
                }
            }
            0x95 => {
                self.reader.array::<8>()?;
            }
            other => return Err(self.unexpected("an opcode of a pickle", &format!("the byte {other:#04x}"))),
        }
        Ok(())
    }

    fn unexpected(&self, expected: &str, found: &str) -> Error {
        Error::damaged(self.at, format_args!("expected {expected}, found {found}"))
    }

    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Value, Error> {
        let top = self.stack.last().copied().filter(|_| self.stack.len() > self.floor());
        top.ok_or_else(|| self.unexpected("a value on the stack of the pickle", "none"))
    }

    fn pop(&mut self) -> Result<Value, Error> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The topmost values, so many of them, the lowest first.
    fn take(&mut self, n: usize) -> Result<Vec<Value>, Error> {
        let at = self.stack.len().checked_sub(n).filter(|at| *at >= self.floor());
        let at =
            at.ok_or_else(|| self.unexpected(&format!("{n} values on the stack of the pickle"), "fewer"))?;
        Ok(self.stack.split_off(at))
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, Error> {
        let Some(at) = self.marks.pop() else {
            return Err(self.unexpected("a mark on the stack of the pickle", "none"));
        };
        // Nothing pops below a mark, so the stack is at least as high as it was then.
        Ok(self.stack.split_off(at.min(self.stack.len())))
    }

    fn make(&mut self, item: Item) -> Result<(), Error> {
        if self.items.len() >= MAX_ITEMS {
            return Err(Error::limit(format!(
                "the pickle holds more than {} objects",
                Grouped(MAX_ITEMS as u64)
            )));
        }
        let id = u32::try_from(self.items.len()).expect("the limit fits");
        self.items.push(item);
        self.stack.push(Value::Item(Id(id)));
        Ok(())
    }

    fn count_text(&mut self, len: u64) -> Result<(), Error> {
        self.texts += len;
        if self.texts > MAX_TEXTS {
            return Err(Error::limit(format!(
                "the pickle holds more than {} bytes of text",
                Grouped(MAX_TEXTS)
            )));
        }
        Ok(())
    }

    fn text(&mut self, text: String) -> Result<(), Error> {
        self.count_text(text.len() as u64)?;
        self.make(Item::Text(text))
    }

    fn chunk(&mut self, len: u64, is_text: bool) -> Result<(), Error> {
        if !is_text || len > MAX_TEXT {
            let offset = self.reader.skip(len)?;
            return self.make(Item::Bytes { offset, len });
        }
        let bytes = self.reader.bytes(usize::try_from(len).expect("the limit fits"))?;
        self.text(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn decimal(&mut self, text: &str) -> Result<(), Error> {
        let text = text.trim();
        match text.parse() {
            Ok(n) => self.stack.push(Value::Int(n)),
            // The digits of a larger number are of no use to anybody, but it is a number.
            Err(_)
                if !text.is_empty() && text.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) =>
            {
                self.count_text(text.len() as u64)?;
                self.make(Item::Big(text.as_bytes().to_vec()))?;
            }
            Err(_) => return Err(self.unexpected("an integer", &format!("`{text}`"))),
        }
        Ok(())
    }

    fn long(&mut self, len: u64) -> Result<(), Error> {
        if len > MAX_TEXT {
            let offset = self.reader.skip(len)?;
            return self.make(Item::Bytes { offset, len });
        }
        let bytes = self.reader.bytes(usize::try_from(len).expect("the limit fits"))?;
        if bytes.len() > 8 {
            self.count_text(len)?;
            return self.make(Item::Big(bytes));
        }
        let sign = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut all = [sign; 8];
        all[..bytes.len()].copy_from_slice(&bytes);
        self.stack.push(Value::Int(i64::from_le_bytes(all)));
        Ok(())
    }

    fn memo(&mut self, put: bool, key: u64) -> Result<(), Error> {
        if put {
            let top = self.top()?;
            if self.memo.len() >= MAX_ITEMS {
                return Err(Error::limit("the pickle remembers too many values".to_owned()));
            }
            self.memo.insert(key, top);
            return Ok(());
        }
        let Some(value) = self.memo.get(&key).copied() else {
            return Err(
                self.unexpected("a value that was remembered", &format!("number {key}, which was not"))
            );
        };
        self.stack.push(value);
        Ok(())
    }

    fn append(&mut self, values: Vec<Value>) -> Result<(), Error> {
        let target = self.top()?;
        let Value::Item(id) = target else {
            return Err(self.unexpected("a list", "a plain value"));
        };
        match &mut self.items[id.index()] {
            Item::List(list) | Item::Set(list) => list.extend(values),
            Item::Object(object) => object.appended.extend(values),
            _ => return Err(self.unexpected("a list", "something else")),
        }
        Ok(())
    }

    fn set(&mut self, values: &[Value]) -> Result<(), Error> {
        let target = self.top()?;
        let Value::Item(id) = target else {
            return Err(self.unexpected("a dictionary", "a plain value"));
        };
        match &mut self.items[id.index()] {
            Item::Dict(entries) => entries.extend(pairs(values)),
            Item::Object(object) => object.entries.extend(pairs(values)),
            _ => return Err(self.unexpected("a dictionary", "something else")),
        }
        Ok(())
    }

    fn global(&mut self, module: String, name: String) -> Result<(), Error> {
        if globals::refused(&module, &name) {
            return Err(refuse(&module, &name));
        }
        self.count_text((module.len() + name.len()) as u64)?;
        self.make(Item::Global { module, name })
    }

    fn call(&mut self, callee: Value, arguments: Value) -> Result<(), Error> {
        let item = |v: Value| match v {
            Value::Item(id) => Some(&self.items[id.index()]),
            _ => None,
        };
        let given: &[Value] = match item(arguments) {
            Some(Item::Tuple(given)) => given,
            _ => &[],
        };
        let first = given.first().copied().and_then(item);
        let made = match item(callee) {
            Some(Item::Global { module, name }) if globals::is_getattr(module, name) => {
                let attribute = given.get(1).copied().and_then(item);
                let plain = |s: &str| {
                    !s.starts_with("__")
                        && !s.is_empty()
                        && s.chars().all(|c| c.is_alphanumeric() || c == '_')
                };
                if !matches!(attribute, Some(Item::Text(name)) if plain(name)) {
                    return Err(refuse(module, name));
                }
                None
            }
            Some(Item::Global { module, name }) => match (module.as_str(), name.as_str()) {
                ("collections", "OrderedDict" | "Counter") | ("__builtin__" | "builtins", "dict") => {
                    match first {
                        None => Some(Item::Dict(Vec::new())),
                        Some(Item::Dict(entries)) => Some(Item::Dict(entries.clone())),
                        // Python 2 wrote ordered dictionaries as a list of pairs.
                        Some(Item::List(list) | Item::Tuple(list)) => {
                            let pair = |v: &Value| match item(*v) {
                                Some(Item::List(pair) | Item::Tuple(pair)) if pair.len() == 2 => {
                                    Some((pair[0], pair[1]))
                                }
                                _ => None,
                            };
                            Some(Item::Dict(list.iter().filter_map(pair).collect()))
                        }
                        _ => None,
                    }
                }
                ("collections", "defaultdict") => Some(Item::Dict(Vec::new())),
                ("__builtin__" | "builtins", "set" | "frozenset") => match first {
                    Some(Item::List(list) | Item::Tuple(list) | Item::Set(list)) => {
                        Some(Item::Set(list.clone()))
                    }
                    None => Some(Item::Set(Vec::new())),
                    _ => None,
                },
                ("torch", "Size") => match first {
                    Some(Item::List(list) | Item::Tuple(list)) => Some(Item::Tuple(list.clone())),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        if let Some(Item::Dict(_) | Item::Set(_) | Item::Tuple(_)) = &made {
            // What is copied counts like what is read: a short program could copy a long list many times.
            let copied = match &made {
                Some(Item::Dict(entries)) => entries.len(),
                Some(Item::Set(list) | Item::Tuple(list)) => list.len(),
                _ => 0,
            };
            self.count_text(copied as u64 * 64)?;
        }
        self.make(made.unwrap_or_else(|| {
            Item::Object(Box::new(Object {
                callee,
                arguments,
                state: None,
                appended: Vec::new(),
                entries: Vec::new(),
            }))
        }))
    }

    fn build(&mut self, state: Value) -> Result<(), Error> {
        let target = self.top()?;
        if let Value::Item(id) = target {
            match &mut self.items[id.index()] {
                Item::Object(object) => object.state = Some(state),
                // A subclass of a container may keep attributes beside what it contains; nobody asks for them.
                Item::Dict(_) | Item::List(_) | Item::Set(_) | Item::Tuple(_) => {}
                _ => return Err(self.unexpected("an object to set up", "something else")),
            }
            return Ok(());
        }
        Err(self.unexpected("an object to set up", "a plain value"))
    }
}

fn pairs(values: &[Value]) -> Vec<(Value, Value)> {
    values.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

fn refuse(module: &str, name: &str) -> Error {
    Error::new(ErrorKind::NotThisFormat, format!("refused: names the global {module}.{name}"))
        .with_hint("no model needs it to be stored: the file may be made to run commands when it is loaded")
        .with_hint("nothing of it was run here; do not load it with `torch.load` or `pickle.load`")
}
