//! Graphviz's DOT: nodes, edges and clusters become operators, tensors and modules known by their labels.
//!
//! # Source
//! <https://graphviz.org/doc/info/lang.html>

use std::collections::BTreeMap;

use netloom_graph::{Attribute, Graph, ModuleId, Node, TensorId, ValueType};

use crate::draft::Draft;
use crate::error::Grouped;
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The most bytes of a text.
pub const MAX_BYTES: u64 = 64 << 20;

/// The most clusters inside one another.
pub const MAX_DEPTH: usize = 48;

/// The most edges; a group of nodes on either side multiplies.
pub const MAX_EDGES: usize = 1_000_000;

/// DOT as a format.
pub struct Dot;

impl Format for Dot {
    fn name(&self) -> &'static str {
        "dot"
    }

    fn about(&self) -> &'static str {
        "Graphviz graphs (.dot, .gv), drawn as networks of boxes known by their labels"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["dot", "gv"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 4096).unwrap_or_default();
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut words = Tokens { text: &text, at: 0 };
        let mut word = || match words.next() {
            Ok(Some(Token::Word(w))) => w.to_lowercase(),
            Ok(Some(Token::Sign(s))) => s.to_owned(),
            _ => String::new(),
        };
        let first = word();
        let kind = if first == "strict" { word() } else { first };
        let is_graph = kind == "digraph" || kind == "graph";
        let next = word();
        if is_graph && (next == "{" || word() == "{") { Confidence::Content } else { Confidence::No }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if source.len() > MAX_BYTES {
            return Err(Error::limit(format!(
                "expected a text of at most {} bytes, found {}",
                Grouped(MAX_BYTES),
                Grouped(source.len())
            )));
        }
        let bytes = take(source, 0, usize::try_from(MAX_BYTES).unwrap_or(usize::MAX))?;
        let text = String::from_utf8_lossy(&bytes);
        Parser::new(&text).graph()?.build()
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Token<'a> {
    Word(String),
    Sign(&'a str),
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            let rest = &self.text[self.at..];
            let end = match () {
                () if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                () if rest.starts_with('#') => rest.find('\n').unwrap_or(rest.len()),
                () if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |n| n + 2),
                () => return,
            };
            self.at += end;
        }
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Error> {
        self.skip();
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        if first == '"' {
            return self.quoted().map(|w| Some(Token::Word(w)));
        }
        if first == '<' {
            return self.markup().map(|w| Some(Token::Word(w)));
        }
        if rest.starts_with("->") || rest.starts_with("--") {
            self.at += 2;
            return Ok(Some(Token::Sign(&rest[..2])));
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || (c as u32) >= 0x80;
        let len = match rest.strip_prefix('-') {
            Some(number) if number.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                1 + number.find(|c| !is_word(c)).unwrap_or(number.len())
            }
            _ => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        };
        if len > 0 {
            self.at += len;
            return Ok(Some(Token::Word(rest[..len].to_owned())));
        }
        self.at += first.len_utf8();
        Ok(Some(Token::Sign(&rest[..first.len_utf8()])))
    }

    fn quoted(&mut self) -> Result<String, Error> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + i + 2;
                    // Texts joined by a plus are one.
                    let here = self.at;
                    self.skip();
                    if self.text[self.at..].starts_with('+') {
                        self.at += 1;
                        self.skip();
                        if self.text[self.at..].starts_with('"') {
                            // One text per round: a long sum is no deep recursion.
                            let mut more = self.text[self.at + 1..].split('"');
                            let next = more.next().unwrap_or_default();
                            out.push_str(next);
                            self.at = (self.at + next.len() + 2).min(self.text.len());
                            return Ok(out);
                        }
                    }
                    self.at = here;
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, 'n' | 'l' | 'r')) => out.push('\n'),
                    Some((_, '\n')) => {}
                    Some((_, c @ ('"' | '\\' | '{' | '}' | '|' | '<' | '>' | ' '))) => out.push(c),
                    Some((_, c)) => out.extend(['\\', c]),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err(self.wrong(start, "a closing quote", "the end"))
    }

    /// The text of HTML-like markup, its tags left out.
    fn markup(&mut self) -> Result<String, Error> {
        let (start, mut depth, mut out) = (self.at, 0_usize, String::new());
        for (i, c) in self.text[start..].char_indices() {
            match c {
                '<' => depth += 1,
                '>' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = start + i + 1;
                        return Ok(out.split_whitespace().collect::<Vec<_>>().join(" "));
                    }
                    out.push(' ');
                }
                c if depth == 1 => out.push(c),
                _ => {}
            }
        }
        Err(self.wrong(start, "a closing `>`", "the end"))
    }

    fn wrong(&self, at: usize, expected: &str, found: &str) -> Error {
        let line = self.text.get(..at).unwrap_or(self.text).bytes().filter(|b| *b == b'\n').count() + 1;
        Error::syntax(at..at + 1, format!("line {line}: expected {expected}, found {found}"))
    }
}

/// One box: where it stands and what is written about it.
#[derive(Default)]
struct Boxed {
    cluster: usize,
    settings: BTreeMap<String, String>,
}

/// A graph as written.
#[derive(Default)]
struct Written {
    name: String,
    /// Parent and label; the first is the graph.
    clusters: Vec<(usize, String)>,
    names: Vec<String>,
    boxes: Vec<Boxed>,
    index: BTreeMap<String, usize>,
    edges: Vec<(usize, usize, String)>,
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    peeked: Option<Option<Token<'a>>>,
    written: Written,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { tokens: Tokens { text, at: 0 }, peeked: None, written: Written::default() }
    }

    fn peek(&mut self) -> Result<Option<&Token<'a>>, Error> {
        if self.peeked.is_none() {
            self.peeked = Some(self.tokens.next()?);
        }
        Ok(self.peeked.as_ref().and_then(Option::as_ref))
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Error> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.tokens.next(),
        }
    }

    /// Takes a sign if it comes next.
    fn takes(&mut self, sign: &str) -> Result<bool, Error> {
        let is = matches!(self.peek()?, Some(Token::Sign(s)) if *s == sign);
        if is {
            self.next()?;
        }
        Ok(is)
    }

    fn word(&mut self, expected: &str) -> Result<String, Error> {
        match self.next()? {
            Some(Token::Word(word)) => Ok(word),
            Some(Token::Sign(sign)) => Err(self.tokens.wrong(self.tokens.at, expected, &format!("`{sign}`"))),
            None => Err(self.tokens.wrong(self.tokens.at, expected, "the end")),
        }
    }

    fn graph(mut self) -> Result<Written, Error> {
        let mut kind = self.word("`digraph`")?.to_lowercase();
        if kind == "strict" {
            kind = self.word("`digraph`")?.to_lowercase();
        }
        if kind != "digraph" && kind != "graph" {
            return Err(Error::new(ErrorKind::NotThisFormat, format!("expected `digraph`, found `{kind}`")));
        }
        if let Some(Token::Word(_)) = self.peek()? {
            self.written.name = self.word("a name")?;
        }
        if !self.takes("{")? {
            return Err(self.tokens.wrong(self.tokens.at, "`{`", "something else"));
        }
        self.written.clusters.push((0, String::new()));
        self.statements()?;
        Ok(self.written)
    }

    /// All statements up to the end of the graph, without recursion: clusters are a stack.
    fn statements(&mut self) -> Result<(), Error> {
        // Cluster, and the boxes named in it, for edges from and to a group.
        let mut open: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new())];
        // Groups or boxes that edges of the statement under way start from.
        let mut from: Vec<(usize, Vec<usize>)> = Vec::new();
        // The first edge of the statement under way.
        let mut began = 0;
        while let Some((cluster, _)) = open.last() {
            let cluster = *cluster;
            let ended = match self.next()? {
                None => return Err(self.tokens.wrong(self.tokens.at, "a closing `}`", "the end")),
                Some(Token::Sign(";" | ",")) => continue,
                Some(Token::Sign("}")) => {
                    let Some((_, inside)) = open.pop() else { break };
                    if let Some((_, outer)) = open.last_mut() {
                        outer.extend(&inside);
                    }
                    if open.is_empty() {
                        break;
                    }
                    inside
                }
                Some(Token::Sign("{")) => {
                    self.enter(&mut open, String::new())?;
                    continue;
                }
                Some(Token::Sign(sign)) => {
                    return Err(self.tokens.wrong(
                        self.tokens.at,
                        "a node, an edge or `}`",
                        &format!("`{sign}`"),
                    ));
                }
                Some(Token::Word(word)) => match word.as_str() {
                    "subgraph" => {
                        let name = if let Some(Token::Word(_)) = self.peek()? {
                            self.word("a name")?
                        } else {
                            String::new()
                        };
                        if !self.takes("{")? {
                            return Err(self.tokens.wrong(self.tokens.at, "`{`", "something else"));
                        }
                        self.enter(&mut open, name)?;
                        continue;
                    }
                    "graph" | "node" | "edge" if matches!(self.peek()?, Some(Token::Sign("["))) => {
                        let settings = self.settings()?;
                        if let Some(label) = settings.get("label").filter(|_| word == "graph") {
                            self.written.clusters[cluster].1.clone_from(label);
                        }
                        continue;
                    }
                    _ if self.takes("=")? => {
                        let value = self.word("a value")?;
                        if word == "label" {
                            self.written.clusters[cluster].1 = value;
                        }
                        continue;
                    }
                    _ => {
                        while self.takes(":")? {
                            self.word("a port")?;
                        }
                        vec![self.boxed(word, cluster)]
                    }
                },
            };
            // Joined to what stood before an arrow, and the start of the next arrow.
            let depth = open.len();
            match from.pop() {
                Some((at, starts)) if at == depth => self.join(&starts, &ended)?,
                other => {
                    from.extend(other);
                    began = self.written.edges.len();
                }
            }
            if let Some((_, named)) = open.last_mut() {
                named.extend(&ended);
            }
            if self.takes("->")? || self.takes("--")? {
                from.push((depth, ended));
            } else if matches!(self.peek()?, Some(Token::Sign("["))) {
                let settings = self.settings()?;
                match (began < self.written.edges.len(), ended.as_slice()) {
                    (true, _) => {
                        let label = settings.get("label").cloned().unwrap_or_default();
                        self.written.edges[began..].iter_mut().for_each(|e| e.2.clone_from(&label));
                    }
                    (false, [one]) => self.written.boxes[*one].settings.extend(settings),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, open: &mut Vec<(usize, Vec<usize>)>, name: String) -> Result<(), Error> {
        if open.len() >= MAX_DEPTH {
            return Err(Error::limit(format!("clusters nest more than {MAX_DEPTH} deep")));
        }
        let parent = open.last().map_or(0, |o| o.0);
        // Only clusters are drawn by Graphviz; other groups set what lies side by side.
        if name.starts_with("cluster") {
            let name = name.trim_start_matches("cluster").trim_start_matches('_').to_owned();
            self.written.clusters.push((parent, name));
            open.push((self.written.clusters.len() - 1, Vec::new()));
        } else {
            open.push((parent, Vec::new()));
        }
        Ok(())
    }

    fn boxed(&mut self, name: String, cluster: usize) -> usize {
        if let Some(id) = self.written.index.get(&name) {
            return *id;
        }
        let id = self.written.boxes.len();
        self.written.boxes.push(Boxed { cluster, settings: BTreeMap::new() });
        self.written.names.push(name.clone());
        self.written.index.insert(name, id);
        id
    }

    fn join(&mut self, from: &[usize], to: &[usize]) -> Result<(), Error> {
        if self.written.edges.len() + from.len().saturating_mul(to.len()) > MAX_EDGES {
            return Err(Error::limit(format!("the graph has more than {} edges", Grouped(MAX_EDGES as u64))));
        }
        for a in from {
            self.written.edges.extend(to.iter().map(|b| (*a, *b, String::new())));
        }
        Ok(())
    }

    fn settings(&mut self) -> Result<BTreeMap<String, String>, Error> {
        let mut out = BTreeMap::new();
        while self.takes("[")? {
            while !self.takes("]")? {
                if self.takes(",")? || self.takes(";")? {
                    continue;
                }
                let name = self.word("a setting or `]`")?;
                let value = if self.takes("=")? { self.word("a value")? } else { "true".to_owned() };
                out.insert(name, value);
            }
        }
        Ok(out)
    }
}

impl Written {
    fn build(self) -> Result<Graph, Error> {
        if self.boxes.is_empty() {
            return Err(Error::new(ErrorKind::UnknownFormat, "expected nodes of a graph, found none"));
        }
        let mut draft = Draft::new("dot", self.name.as_str());
        let mut modules: Vec<ModuleId> = vec![draft.graph.root()];
        for (i, (parent, label)) in self.clusters.iter().enumerate().skip(1) {
            let parent = modules.get(*parent).copied().unwrap_or(draft.graph.root());
            let name = if label.is_empty() { format!("cluster{i}") } else { label.replace(['.', '\n'], " ") };
            let name = draft.free_name(parent, &name);
            modules.push(draft.module(parent, &name, None)?);
        }
        let mut reads: Vec<Vec<usize>> = vec![Vec::new(); self.boxes.len()];
        let mut is_read = vec![false; self.boxes.len()];
        for (from, to, _) in &self.edges {
            if !reads[*to].contains(from) {
                reads[*to].push(*from);
                is_read[*from] = true;
            }
        }
        let mut made: Vec<TensorId> = Vec::new();
        for (i, name) in self.names.iter().enumerate() {
            // What nothing leads to and something reads is an input, unless everything is.
            let is_input = reads[i].is_empty() && is_read[i];
            let label = self.label(i);
            let id = if is_input {
                draft.input(&label, ValueType::Unknown)?
            } else {
                draft.tensor(name, ValueType::Unknown)?
            };
            made.push(id);
        }
        for (i, boxed) in self.boxes.iter().enumerate() {
            if reads[i].is_empty() && is_read[i] {
                continue;
            }
            let label = self.label(i);
            let module = modules.get(boxed.cluster).copied().unwrap_or(draft.graph.root());
            let mut lines = label.lines();
            let title = lines.next().unwrap_or_default();
            let mut node = Node::in_domain("dot", title, 0, module);
            node.name.clone_from(&self.names[i]);
            for (n, line) in lines.enumerate() {
                node.attributes.set(format!("line{}", n + 2), Attribute::String(line.to_owned()));
            }
            let inputs: Vec<Option<TensorId>> = reads[i].iter().map(|r| Some(made[*r])).collect();
            draft.add(node.with_inputs(inputs).with_outputs([Some(made[i])]))?;
            if !is_read[i] {
                draft.graph.mark_output(made[i]);
            }
        }
        draft.note("", "a drawn graph: boxes are known by their labels only");
        Ok(draft.finish())
    }

    /// What is written in a box.
    fn label(&self, i: usize) -> String {
        let name = &self.names[i];
        let is_record = self.boxes[i]
            .settings
            .get("shape")
            .is_some_and(|s| s.eq_ignore_ascii_case("record") || s == "Mrecord");
        match self.boxes[i].settings.get("label") {
            Some(label) if label == "\\N" => name.clone(),
            // A record's fields stand side by side; ports in angle brackets have no text.
            Some(label) if is_record => {
                let fields = label.split(['{', '}', '|']).map(without_port).filter(|f| !f.is_empty());
                fields.collect::<Vec<_>>().join("\n")
            }
            Some(label) if !label.trim().is_empty() => label.trim().to_owned(),
            _ => name.clone(),
        }
    }
}

/// A field of a record without the port that it begins with.
fn without_port(field: &str) -> &str {
    let field = field.trim();
    match field.strip_prefix('<') {
        Some(rest) => rest.split_once('>').map_or(field, |(_, text)| text.trim()),
        None => field,
    }
}
