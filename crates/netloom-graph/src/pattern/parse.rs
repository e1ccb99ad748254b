//! Reads the text of patterns.

use super::names::{plain, resolve};
use super::{Atom, MAX_PATTERNS, Pattern, PatternError, Term};
use crate::Graph;

/// The most characters of one pattern.
const MAX_LENGTH: usize = 4096;
/// How deep branches may be nested.
const MAX_DEPTH: usize = 8;
/// The most branches side by side.
const MAX_BRANCHES: usize = 16;

/// Reads patterns such as `ConvBnRelu = Conv > BatchNorm > Relu`; later ones may use the names of earlier ones, and
/// all may use the names of layers, of operators of the graph and of classes of its modules.
///
/// # Errors
/// When a text is no pattern, or names what neither the graph nor this program knows.
pub fn parse(graph: &Graph, texts: &[String]) -> Result<Vec<Pattern>, PatternError> {
    let mut patterns: Vec<Pattern> = Vec::new();
    for text in texts {
        let mut reader = Reader::new(graph, &patterns, text)?;
        if patterns.len() == MAX_PATTERNS {
            return Err(reader.wrong(0, format!("expected at most {MAX_PATTERNS} patterns")));
        }
        let pattern = reader.pattern()?;
        patterns.push(pattern);
    }
    Ok(patterns)
}

/// A word or mark, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Token {
    at: usize,
    text: String,
}

struct Reader<'a> {
    graph: &'a Graph,
    earlier: &'a [Pattern],
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl<'a> Reader<'a> {
    fn new(graph: &'a Graph, earlier: &'a [Pattern], text: &'a str) -> Result<Self, PatternError> {
        let mut reader = Self { graph, earlier, text, tokens: Vec::new(), next: 0 };
        let mut word: Option<Token> = None;
        for (at, c) in text.chars().enumerate() {
            if at == MAX_LENGTH {
                return Err(reader.wrong(at, format!("expected at most {MAX_LENGTH} characters")));
            }
            if c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '-') {
                word.get_or_insert(Token { at, text: String::new() }).text.push(c);
                continue;
            }
            reader.tokens.extend(word.take());
            if matches!(c, '=' | '>' | '(' | ')' | '|' | '[' | ']' | '×') {
                reader.tokens.push(Token { at, text: c.to_string() });
            } else if !c.is_whitespace() {
                return Err(reader.wrong(at, format!("expected a name or one of = > ( | ) [ ], found `{c}`")));
            }
        }
        reader.tokens.extend(word);
        Ok(reader)
    }

    fn wrong(&self, at: usize, message: String) -> PatternError {
        PatternError { text: self.text.to_owned(), at, message, hint: None }
    }

    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.next).map(|t| t.text.as_str())
    }

    /// Where the next token stands, or the text ends.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or_else(|| self.text.chars().count(), |t| t.at)
    }

    fn unexpected(&self, expected: &str) -> PatternError {
        let found = self.peek().map_or_else(|| "the end".to_owned(), |t| format!("`{t}`"));
        self.wrong(self.at(), format!("expected {expected}, found {found}"))
    }

    fn take(&mut self, mark: &str) -> bool {
        let is_there = self.peek() == Some(mark);
        self.next += usize::from(is_there);
        is_there
    }

    fn word(&mut self, expected: &str) -> Result<String, PatternError> {
        match self.peek() {
            Some(word) if word.chars().any(char::is_alphanumeric) => {
                let word = word.to_owned();
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn pattern(&mut self) -> Result<Pattern, PatternError> {
        let name = self.word("a name for the block")?;
        if self.earlier.iter().any(|p| plain(&p.name) == plain(&name)) {
            return Err(self.wrong(0, format!("expected a new name, found `{name}` again")));
        }
        if !self.take("=") {
            return Err(self.unexpected("`=`"));
        }
        let chain = self.chain(0)?;
        if self.next < self.tokens.len() {
            return Err(self.unexpected("`>` or the end"));
        }
        if let Some(Term::Branches(_)) = chain.last() {
            return Err(self.unexpected("`>` and the layer that joins the branches"));
        }
        Ok(Pattern { name, chain })
    }

    fn chain(&mut self, depth: usize) -> Result<Vec<Term>, PatternError> {
        let mut chain = vec![self.term(depth)?];
        while self.take(">") {
            let next = self.term(depth)?;
            if matches!((chain.last(), &next), (Some(Term::Branches(_)), Term::Branches(_))) {
                return Err(self.unexpected("a layer between branches and branches"));
            }
            chain.push(next);
        }
        Ok(chain)
    }

    fn term(&mut self, depth: usize) -> Result<Term, PatternError> {
        let start = self.at();
        if !self.take("(") {
            return Ok(Term::Is(self.atom()?));
        }
        if depth == MAX_DEPTH {
            return Err(self.wrong(start, format!("expected branches nested at most {MAX_DEPTH} deep")));
        }
        let mut branches = Vec::new();
        loop {
            let is_empty = matches!(self.peek(), Some("|" | ")"));
            let from = self.at();
            let branch = if is_empty { Vec::new() } else { self.chain(depth + 1)? };
            if let Some(Term::Branches(_)) = branch.last() {
                return Err(self.unexpected("`>` and the layer that joins the branches"));
            }
            if is_empty && branches.iter().any(Vec::is_empty) {
                return Err(self.wrong(from, "expected one empty branch at most".to_owned()));
            }
            branches.push(branch);
            if branches.len() > MAX_BRANCHES {
                return Err(self.wrong(from, format!("expected at most {MAX_BRANCHES} branches")));
            }
            if self.take(")") {
                break;
            }
            if !self.take("|") {
                return Err(self.unexpected("`|` or `)`"));
            }
        }
        if branches.len() < 2 {
            return Err(self.wrong(start, "expected at least two branches in parentheses".to_owned()));
        }
        Ok(Term::Branches(branches))
    }

    fn atom(&mut self) -> Result<Atom, PatternError> {
        let at = self.at();
        let name = self.word("a name or `(`")?;
        let mut atom = resolve(self.graph, self.earlier, &name).map_err(|near| PatternError {
            hint: near.map(|n| format!("did you mean `{n}`?")),
            ..self.wrong(at, format!("unknown layer, class or pattern `{name}`"))
        })?;
        if self.take("[") {
            atom.kernel = Some(self.kernel()?);
            if !self.take("]") {
                return Err(self.unexpected("`]`"));
            }
        }
        Ok(atom)
    }

    /// A kernel such as `3x3` or `3×3`.
    fn kernel(&mut self) -> Result<Vec<i64>, PatternError> {
        let at = self.at();
        let mut text = self.word("a kernel such as `3x3`")?;
        while self.take("×") {
            text += "x";
            text += &self.word("a number")?;
        }
        let sizes: Result<Vec<i64>, _> = text.split('x').map(str::parse).collect();
        sizes.map_err(|_| self.wrong(at, format!("expected a kernel such as `3x3`, found `{text}`")))
    }
}
