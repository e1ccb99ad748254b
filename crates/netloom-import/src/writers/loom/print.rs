//! Bodies as text: names for values and blocks, rows of equal parts as repetitions.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::{ModuleId, Producer, TensorId, layers as kinds};

use super::Written;
use super::body::{Line, takes_values};
use super::call::Whole;
use super::fold::{self, Folds, NumberId};
use super::tokens::{Token, Tokens, is_word, quoted};
use crate::formats::loom::{layers, snake};

/// The longest body in braces that stays on one line, in characters.
const MAX_INLINE: usize = 72;

/// Names that exporters give to every model.
const NAMELESS: &[&str] = &["main", "main_graph", "torch-jit-export", "torch_jit"];

/// The longest chain on one line, in characters; a longer one goes on in a statement of its own.
const MAX_CHAIN: usize = 100;

/// The text of a model.
pub(super) fn print(whole: &Whole<'_>, bodies: &[Written], root: usize) -> String {
    let mut folds = fold::find(bodies, root);
    let reserved = reserved(whole);
    let blocks = name_blocks(bodies, &mut folds, &reserved, root);
    let mut out = String::new();
    let name = &whole.graph.name;
    if !name.is_empty() && !NAMELESS.contains(&name.as_str()) {
        let shown = if is_word(name) { name.clone() } else { quoted(name) };
        out += &format!("model {shown}\n\n");
    }
    for class in &blocks {
        let Some(first) = folds.classes[*class].bodies.first() else { continue };
        out += &block(whole, bodies, &folds, &reserved, *class, *first);
        out.push('\n');
    }
    let mut scope = Scope::new(whole, bodies, &folds, &reserved);
    for input in &whole.graph.inputs {
        scope.name(*input);
    }
    let lines = scope.lines(&bodies[root].body.lines);
    let inputs = whole.graph.inputs.len();
    for (i, line) in lines.iter().enumerate() {
        if i == inputs && i > 0 {
            out.push('\n');
        }
        out += line;
        out.push('\n');
    }
    out
}

/// Words that no value and no block may have.
fn reserved(whole: &Whole<'_>) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = whole.symbols.iter().cloned().collect();
    words.extend(whole.graph.modules().map(|(_, m)| m.name.clone()));
    words.extend(layers::all().map(|r| r.name.to_owned()));
    words.extend(kinds::all().map(|k| k.name.to_owned()));
    words.extend(
        whole
            .graph
            .tensors()
            .filter_map(|(_, t)| t.ty.shape().dims())
            .flatten()
            .filter_map(|d| d.as_symbol().map(str::to_owned)),
    );
    words
}

/// The classes that are blocks, in the order in which the text needs them, inner ones first.
fn blocks(bodies: &[Written], folds: &Folds, root: usize) -> Vec<usize> {
    let mut order = Vec::new();
    let mut seen = vec![false; folds.classes.len()];
    let mut work = vec![(root, false)];
    while let Some((index, done)) = work.pop() {
        let class = folds.class_of[index];
        if done {
            if folds.is_block(bodies, class) {
                order.push(class);
            }
            continue;
        }
        if std::mem::replace(&mut seen[class], true) {
            continue;
        }
        // The body that a block is written from is its first.
        let index = folds.classes[class].bodies.first().copied().unwrap_or(index);
        work.push((index, true));
        let tokens = bodies[index].body.lines.iter().flat_map(|l| l.chain.iter().flatten());
        let inner: Vec<usize> =
            tokens.filter_map(|t| if let Token::Body(inner) = t { Some(*inner) } else { None }).collect();
        work.extend(inner.into_iter().rev().map(|i| (i, false)));
    }
    order
}

/// Names the blocks.
fn name_blocks(
    bodies: &[Written],
    folds: &mut Folds,
    reserved: &BTreeSet<String>,
    root: usize,
) -> Vec<usize> {
    let mut taken: BTreeSet<String> = reserved.clone();
    let order = blocks(bodies, folds, root);
    for class in order.iter().copied() {
        let Some(first) = folds.classes[class].bodies.first().map(|b| &bodies[*b]) else { continue };
        let mut base = first.class.clone().unwrap_or_else(|| camel(&first.name));
        if base.is_empty() || !is_word(&base) {
            base = "Part".to_owned();
        }
        let is_layer = |n: &str| layers::find_or_alias(n).is_some() || kinds::all().any(|k| k.name == n);
        if is_layer(&base) || base.chars().next().is_some_and(char::is_lowercase) && reserved.contains(&base)
        {
            base += "Block";
        }
        let mut name = base.clone();
        let mut n = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}{n}");
            n += 1;
        }
        folds.classes[class].name = name;
    }
    order
}

/// `double_conv` as `DoubleConv`, `layers` as `Layer`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for part in name.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()) {
        let mut chars = part.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(chars.as_str());
    }
    let digits = out.trim_end_matches(|c: char| c.is_ascii_digit());
    let single = digits.strip_suffix('s').filter(|s| s.len() > 3 && !s.ends_with('s')).unwrap_or(digits);
    single.trim_start_matches(|c: char| !c.is_alphabetic()).to_owned()
}

fn block(
    whole: &Whole<'_>,
    bodies: &[Written],
    folds: &Folds,
    reserved: &BTreeSet<String>,
    class: usize,
    first: usize,
) -> String {
    let mut scope = Scope::new(whole, bodies, folds, reserved);
    let (class, numbers) = (&folds.classes[class], &folds.numbers[first]);
    let mut parameters = Vec::new();
    for parameter in &class.parameters {
        let name = scope.free(parameter.name);
        for position in &parameter.positions {
            scope.numbers.insert(numbers[*position].0, name.clone());
        }
        parameters.push(name);
    }
    for (position, parameter, factor) in &class.multiples {
        scope.numbers.insert(numbers[*position].0, format!("{factor} * {}", parameters[*parameter]));
    }
    for value in &folds.outside[first] {
        let base = if whole.graph.tensor(*value).is_stored() { "w" } else { "y" };
        parameters.push(scope.name_as(*value, base));
    }
    let written = &bodies[first];
    let mut lines = Vec::new();
    if let Some(primary) = written.body.primary.filter(|_| written.body.names_primary) {
        lines.push(format!("input {}", scope.name_as(primary, "x")));
    }
    let numbered = scope.with_numbers(first);
    lines.extend(scope.lines(&numbered));
    let parameters =
        if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
    format!("block {}{parameters} {}\n", class.name, braces(&lines))
}

fn braces(lines: &[String]) -> String {
    match lines {
        [one] if !one.contains('\n') && one.chars().count() <= MAX_INLINE => format!("{{ {one} }}"),
        lines => {
            let inner: String = lines.iter().map(|l| format!("{l}\n")).collect();
            format!("{{\n{inner}}}")
        }
    }
}

/// A definition under writing: the model, or a block.
struct Scope<'a> {
    whole: &'a Whole<'a>,
    bodies: &'a [Written],
    folds: &'a Folds,
    names: BTreeMap<TensorId, String>,
    taken: BTreeSet<String>,
    reserved: &'a BTreeSet<String>,
    /// Numbers that parameters stand for.
    numbers: BTreeMap<NumberId, String>,
    /// Modules of several pieces that have begun.
    begun: BTreeSet<ModuleId>,
}

/// An item of a chain as text.
struct Shown {
    /// The number of its label, and what stands behind it.
    numbered: Option<(i64, String)>,
    text: String,
    /// Whether it names values in its parentheses.
    takes: bool,
}

impl<'a> Scope<'a> {
    fn new(
        whole: &'a Whole<'a>,
        bodies: &'a [Written],
        folds: &'a Folds,
        reserved: &'a BTreeSet<String>,
    ) -> Self {
        let mut taken: BTreeSet<String> = BTreeSet::new();
        taken.extend(folds.classes.iter().map(|c| c.name.clone()));
        Self {
            whole,
            bodies,
            folds,
            names: BTreeMap::new(),
            taken,
            reserved,
            numbers: BTreeMap::new(),
            begun: BTreeSet::new(),
        }
    }

    /// A word that nothing has.
    fn free(&mut self, base: &str) -> String {
        let mut name = base.to_owned();
        let mut n = 2;
        let bad = |s: &Self, name: &str| {
            !is_word(name)
                || s.taken.contains(name)
                || s.reserved.contains(name)
                || layers::find_or_alias(name).is_some()
        };
        while bad(self, &name) {
            name = format!("{base}{n}");
            n += 1;
        }
        self.taken.insert(name.clone());
        name
    }

    /// The name of a value that comes from outside, where its own name says nothing.
    fn name_as(&mut self, tensor: TensorId, base: &str) -> String {
        if let Some(name) = self.names.get(&tensor) {
            return name.clone();
        }
        let name = self.free(base);
        self.names.insert(tensor, name.clone());
        name
    }

    /// The name of a value.
    fn name(&mut self, tensor: TensorId) -> String {
        if let Some(name) = self.names.get(&tensor) {
            return name.clone();
        }
        let graph = self.whole.graph;
        let own = graph.tensor(tensor).name.as_str();
        let is_input = matches!(graph.tensor(tensor).producer, Producer::Input(_));
        let short = own.rsplit(['.', '/']).next().unwrap_or(own);
        // Numbers tell equal names apart; the text has numbers of its own.
        let own = own.rsplit('.').next().unwrap_or(own);
        let bare =
            if is_input { short } else { own.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_') };
        let is_free = |n: &str| !self.reserved.contains(n) && layers::find_or_alias(n).is_none();
        let base = if graph.tensor(tensor).is_stored() {
            "w".to_owned()
        } else if is_input {
            if is_word(bare) { bare.to_owned() } else { snake(bare) }
        } else if is_word(bare) && bare.len() <= 24 && is_free(bare) {
            bare.to_owned()
        } else {
            match graph.tensor(tensor).producer {
                Producer::Node(id, _) => {
                    let label = &graph.module(graph.node(id).module).name;
                    let first = label.trim_start_matches('_').chars().next();
                    first
                        .filter(|c| c.is_alphabetic())
                        .map_or("x".to_owned(), |c| c.to_lowercase().to_string())
                }
                _ => "x".to_owned(),
            }
        };
        let base: String = if is_word(&base) { base } else { "x".to_owned() };
        let name = self.free(&base);
        self.names.insert(tensor, name.clone());
        name
    }

    fn lines(&mut self, lines: &[Line]) -> Vec<String> {
        let mut out = Vec::new();
        for line in lines {
            let items: Vec<Shown> = line.chain.iter().map(|item| self.item(item)).collect();
            let items = fold_runs(items);
            let names: Vec<String> =
                line.names.iter().map(|n| n.map_or("_".to_owned(), |t| self.name(t))).collect();
            let mut prefix =
                if names.is_empty() { String::new() } else { format!("{} = ", names.join(", ")) };
            if line.is_output {
                "output ".clone_into(&mut prefix);
            }
            out.extend(statements(&prefix, items));
        }
        out
    }

    fn item(&mut self, tokens: &Tokens) -> Shown {
        let mut parts = Vec::new();
        for token in tokens {
            parts.push(self.token(token));
        }
        let text: String = parts.concat();
        let takes = takes_values(tokens);
        let number = match parts.as_slice() {
            [label, colon, ..] if colon == ": " => label.parse().ok(),
            _ => None,
        };
        let numbered = number.map(|n: i64| (n, parts[2..].concat()));
        Shown { numbered, text, takes }
    }

    fn token(&mut self, token: &Token) -> String {
        match token {
            Token::Text(s) => s.clone(),
            Token::Number(n, _) => n.to_string(),
            Token::Value(t) => self.name(*t),
            Token::Body(index) => self.body(*index),
            Token::More(module) => {
                if self.begun.insert(*module) {
                    String::new()
                } else {
                    "more ".to_owned()
                }
            }
        }
    }

    /// A body in braces, or the call of the block that it is.
    fn body(&mut self, index: usize) -> String {
        let class = self.folds.class_of[index];
        if self.folds.is_block(self.bodies, class) {
            return self.block_call(index, class);
        }
        let written = &self.bodies[index];
        for input in &written.inputs {
            self.name(*input);
        }
        let mut lines = Vec::new();
        if let Some(primary) = written.body.primary.filter(|_| written.body.names_primary) {
            let name = self.name_as(primary, "x");
            lines.push(format!("{name} = same"));
        }
        let numbered = self.with_numbers(index);
        lines.extend(self.lines(&numbered));
        // A row of parts and nothing else is a repetition.
        if let [one] = lines.as_slice()
            && written.class.is_none()
            && written.may_fold
            && let Some((last, part)) = one.strip_prefix("0..").and_then(|r| r.split_once(": "))
            && !part.contains(" > ")
            && let Ok(last) = last.parse::<i64>()
        {
            return format!("{part} * {}", last + 1);
        }
        match &written.class {
            Some(class) => format!("{class} {}", braces(&lines)),
            None => braces(&lines),
        }
    }

    /// The lines of a body, with parameters in the place of numbers.
    fn with_numbers(&self, index: usize) -> Vec<Line> {
        let mut ordinal = 0;
        let mut lines = self.bodies[index].body.lines.clone();
        for token in lines.iter_mut().flat_map(|l| l.chain.iter_mut().flatten()) {
            if let Token::Number(..) = token {
                if let Some(shown) = self.numbers.get(&(index, ordinal)) {
                    *token = Token::Text(shown.clone());
                }
                ordinal += 1;
            }
        }
        lines
    }

    fn block_call(&mut self, index: usize, class: usize) -> String {
        let class = &self.folds.classes[class];
        let numbers = &self.folds.numbers[index];
        let mut arguments: Vec<String> = Vec::new();
        for parameter in &class.parameters {
            let Some((id, n, _)) = parameter.positions.first().and_then(|p| numbers.get(*p)) else {
                continue;
            };
            arguments.push(self.numbers.get(id).cloned().unwrap_or_else(|| n.to_string()));
        }
        for value in &self.folds.outside[index] {
            arguments.push(self.name(*value));
        }
        if arguments.is_empty() {
            class.name.clone()
        } else {
            format!("{}({})", class.name, arguments.join(", "))
        }
    }
}

/// A chain as statements: what takes several lines stands alone, and no line is too long. The names belong to the last.
fn statements(prefix: &str, items: Vec<Shown>) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let is_big = |text: &str| text.contains('\n') && !text.starts_with('[');
    let mut is_source = false;
    let last = items.len().saturating_sub(1);
    for (i, item) in items.into_iter().enumerate() {
        let room = MAX_CHAIN.saturating_sub(if i == last { prefix.chars().count() } else { 0 });
        let split = pieces.last().is_some_and(|piece| {
            let longer = piece.chars().count() + 3 + item.text.chars().count() > room;
            !is_source && (is_big(piece) || is_big(&item.text) || longer)
        });
        let is_plain = i == 0 && (is_word(&item.text) || item.text == "same") && last > 0;
        match pieces.last_mut().filter(|_| !split) {
            Some(piece) => {
                piece.push_str(" > ");
                piece.push_str(&item.text);
            }
            // What names values takes none from the line above by itself.
            None if item.takes && i > 0 => pieces.push(format!("same > {}", item.text)),
            None => pieces.push(item.text),
        }
        is_source = is_plain;
    }
    if let Some(piece) = pieces.last_mut() {
        piece.insert_str(0, prefix);
    }
    pieces
}

/// Equal parts with numbers in a row as one: `0..3: Layer(64)`.
fn fold_runs(items: Vec<Shown>) -> Vec<Shown> {
    let mut out: Vec<Shown> = Vec::new();
    let mut run: Option<(i64, i64, String, bool)> = None;
    let close = |run: &mut Option<(i64, i64, String, bool)>, out: &mut Vec<Shown>| {
        if let Some((first, last, part, takes)) = run.take() {
            let label = if first == last { first.to_string() } else { format!("{first}..{last}") };
            out.push(Shown { numbered: None, text: format!("{label}: {part}"), takes });
        }
    };
    for item in items {
        match (item.numbered, &mut run) {
            (Some((n, part)), Some((_, last, same, _))) if *last + 1 == n && *same == part => *last = n,
            (Some((n, part)), _) => {
                close(&mut run, &mut out);
                run = Some((n, n, part, item.takes));
            }
            (None, _) => {
                close(&mut run, &mut out);
                out.push(Shown { numbered: None, ..item });
            }
        }
    }
    close(&mut run, &mut out);
    out
}
