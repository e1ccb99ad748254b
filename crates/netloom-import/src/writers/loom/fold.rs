//! Which bodies are alike, and by which numbers the alike differ.

use std::collections::BTreeMap;

use netloom_graph::TensorId;

use super::Written;
use super::tokens::Token;

/// A number in a body: which body it stands in, and which number of that body it is.
pub(super) type NumberId = (usize, usize);

/// Bodies that are equal but for numbers.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// The bodies, in order.
    pub bodies: Vec<usize>,
    /// How often the class stands in the text.
    pub written: usize,
    /// The numbers in which the bodies differ: position, name, and a factor where it is a multiple of another one.
    pub parameters: Vec<Parameter>,
    /// Numbers that are a multiple of a parameter: position, parameter, factor.
    pub multiples: Vec<(usize, usize, i64)>,
    /// What the block is called.
    pub name: String,
}

/// A number in which bodies differ.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// The places of the number, counted over everything inside.
    pub positions: Vec<usize>,
    /// What it is for.
    pub name: &'static str,
}

/// Everything about bodies that are alike.
#[derive(Debug)]
pub(super) struct Folds {
    pub classes: Vec<Class>,
    /// The class of each body.
    pub class_of: Vec<usize>,
    /// The numbers inside each body, nested ones included, in order.
    pub numbers: Vec<Vec<(NumberId, i64, &'static str)>>,
    /// Values from outside that each body names, in order of first use.
    pub outside: Vec<Vec<TensorId>>,
}

/// Finds the classes of all bodies. Bodies come after those inside them.
pub(super) fn find(bodies: &[Written], root: usize) -> Folds {
    let mut numbers: Vec<Vec<(NumberId, i64, &'static str)>> = Vec::new();
    let mut streams: Vec<Vec<Mark>> = Vec::new();
    let mut outside = Vec::new();
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of = Vec::new();
    for (index, written) in bodies.iter().enumerate() {
        let (stream, own) = stream(index, written, &streams, &numbers);
        let (key, order) = key(written, &stream);
        outside.push(order);
        let class = *keys.entry(key).or_insert_with(|| {
            classes.push(Class {
                bodies: Vec::new(),
                written: 0,
                parameters: Vec::new(),
                multiples: Vec::new(),
                name: String::new(),
            });
            classes.len() - 1
        });
        classes[class].bodies.push(index);
        class_of.push(class);
        streams.push(stream);
        numbers.push(own);
    }
    let mut folds = Folds { classes, class_of, numbers, outside };
    folds.count(bodies, root);
    for class in 0..folds.classes.len() {
        if folds.is_block(bodies, class) {
            folds.parametrise(class);
        }
    }
    folds
}

/// What a body says, without numbers, nested bodies included.
#[derive(Clone, PartialEq, Debug)]
enum Mark {
    Text(String),
    Number,
    Value(TensorId),
    Made(TensorId),
}

fn stream(
    index: usize,
    written: &Written,
    streams: &[Vec<Mark>],
    numbers: &[Vec<(NumberId, i64, &'static str)>],
) -> (Vec<Mark>, Vec<(NumberId, i64, &'static str)>) {
    let (mut marks, mut own) = (Vec::new(), Vec::new());
    let mut ordinal = 0;
    for line in &written.body.lines {
        for item in &line.chain {
            marks.push(Mark::Text(">".to_owned()));
            for token in item {
                match token {
                    Token::Text(s) => marks.push(Mark::Text(s.clone())),
                    Token::Number(n, what) => {
                        marks.push(Mark::Number);
                        own.push(((index, ordinal), *n, *what));
                        ordinal += 1;
                    }
                    Token::Value(t) => marks.push(Mark::Value(*t)),
                    Token::More(_) => marks.push(Mark::Text("more".to_owned())),
                    Token::Body(inner) => {
                        marks.push(Mark::Text("{".to_owned()));
                        marks.extend(streams.get(*inner).cloned().unwrap_or_default());
                        marks.push(Mark::Text("}".to_owned()));
                        own.extend(numbers.get(*inner).cloned().unwrap_or_default());
                    }
                }
            }
        }
        marks.push(Mark::Text(if line.is_output { "output" } else { "=" }.to_owned()));
        for name in &line.names {
            marks.push(name.map_or(Mark::Text("_".to_owned()), Mark::Made));
        }
    }
    (marks, own)
}

/// The text of a body with numbers blanked and values counted, and the values from outside in order.
fn key(written: &Written, stream: &[Mark]) -> (String, Vec<TensorId>) {
    let mut seen: BTreeMap<TensorId, usize> = BTreeMap::new();
    let mut made = Vec::new();
    let mut order = Vec::new();
    let mut out = format!(
        "{:?} {} {} {} ",
        written.class,
        written.may_fold,
        written.body.primary.is_some(),
        written.body.names_primary
    );
    if let Some(primary) = written.body.primary {
        seen.insert(primary, 0);
        made.push(primary);
    }
    for mark in stream {
        match mark {
            Mark::Text(s) => {
                out += s;
                out.push('\u{1}');
            }
            Mark::Number => out.push('#'),
            Mark::Value(t) | Mark::Made(t) => {
                let next = seen.len();
                let n = *seen.entry(*t).or_insert(next);
                out += &format!("%{n} ");
                if matches!(mark, Mark::Made(_)) {
                    made.push(*t);
                } else if n == next && written.body.outside.contains(t) {
                    order.push(*t);
                }
            }
        }
    }
    (out, order)
}

impl Folds {
    /// Whether a class is written as a block.
    pub fn is_block(&self, bodies: &[Written], class: usize) -> bool {
        let class = &self.classes[class];
        let Some(first) = class.bodies.first().map(|b| &bodies[*b]) else { return false };
        let items: usize = first.body.lines.iter().map(|l| l.chain.len()).sum();
        first.may_fold && class.written > 1 && items > 1
    }

    /// Counts how often each class stands in the text: inside a block once, however often the block is used.
    fn count(&mut self, bodies: &[Written], root: usize) {
        let mut work = vec![root];
        let mut seen = vec![false; self.classes.len()];
        while let Some(index) = work.pop() {
            let tokens = bodies[index].body.lines.iter().flat_map(|l| l.chain.iter().flatten());
            for token in tokens {
                let Token::Body(inner) = token else { continue };
                let class = self.class_of[*inner];
                self.classes[class].written += 1;
                if !std::mem::replace(&mut seen[class], true) {
                    work.push(*inner);
                }
            }
        }
    }

    /// Finds the numbers in which the bodies of a class differ.
    fn parametrise(&mut self, class: usize) {
        let bodies = self.classes[class].bodies.clone();
        let Some(first) = bodies.first().map(|b| &self.numbers[*b]) else { return };
        let mut parameters: Vec<(Parameter, Vec<i64>)> = Vec::new();
        let mut multiples = Vec::new();
        for (position, (_, _, name)) in first.iter().enumerate() {
            let column: Vec<i64> =
                bodies.iter().map(|b| self.numbers[*b].get(position).map_or(0, |n| n.1)).collect();
            if column.windows(2).all(|w| w[0] == w[1]) {
                continue;
            }
            if let Some((parameter, _)) = parameters.iter_mut().find(|(_, c)| *c == column) {
                parameter.positions.push(position);
                continue;
            }
            let factor = parameters.iter().enumerate().find_map(|(i, (_, c))| {
                let k = column.first()?.checked_div(*c.first()?)?;
                let all = c.iter().zip(&column).all(|(a, b)| a.checked_mul(k) == Some(*b));
                (all && k > 1).then_some((i, k))
            });
            match factor {
                Some((parameter, k)) => multiples.push((position, parameter, k)),
                None => parameters.push((Parameter { positions: vec![position], name }, column)),
            }
        }
        self.classes[class].parameters = parameters.into_iter().map(|(p, _)| p).collect();
        self.classes[class].multiples = multiples;
    }
}
