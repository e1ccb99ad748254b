//! Tokens to a tree. After a mistake, reading goes on with the next line, so that one run finds several.

use super::ast::{
    Argument, Atom, Block, Chain, Expr, ExprKind, Extent, File, Input, Item, Name, Span, Statement,
};
use super::lexer::{Kind, Token};
use super::problem::{Problem, nearest};

/// The deepest nesting of brackets in a text.
pub const MAX_NESTING: usize = 64;

/// The most arithmetic signs in one statement outside braces.
pub const MAX_OPERATORS: usize = 256;

/// The most mistakes that are told of one text.
pub const MAX_PROBLEMS: usize = 20;

/// The most arguments of a call, parameters of a block, and elements of a list.
pub const MAX_ITEMS: usize = 64;

/// Words with a meaning of their own, which cannot be names.
pub const RESERVED: &[&str] = &["block", "false", "input", "model", "output", "same", "true"];

/// Layers that read nothing, which may stand where a value is wanted.
pub const VALUES: &[&str] = &["buffer", "constant", "parameter"];

/// Reads a whole text. Mistakes are added to `problems`; the tree holds what could be read.
pub fn parse(tokens: &[Token], problems: &mut Vec<Problem>) -> File {
    let mut parser = Parser { tokens, at: 0, brackets: Vec::new(), operators: 0, problems };
    let mut file = File::default();
    let mut body = Vec::new();
    while parser.next_statement(false) {
        let result = parser.top(&mut file, &mut body);
        if result.is_err() {
            parser.recover(0);
        }
        if parser.problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    file.body = body;
    file
}

/// A mistake that has been told.
struct Told;

type Parsed<T> = Result<T, Told>;

/// A label, and the last number where it is a range.
type Label = (Option<Name>, Option<(i64, Span)>);

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    /// What is open, by place among the tokens: line breaks mean nothing between `(` or `[` and its partner.
    brackets: Vec<(char, usize)>,
    /// Arithmetic signs seen in this statement: every one may make the tree deeper.
    operators: usize,
    problems: &'a mut Vec<Problem>,
}

impl Parser<'_> {
    fn token(&self, at: usize) -> &Token {
        // The last token is the end, and nothing reads beyond it.
        self.tokens.get(at).or(self.tokens.last()).expect("the lexer always gives an end")
    }

    fn skip_lines(&mut self) {
        while self.token(self.at).kind == Kind::Line {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> &Kind {
        if self.brackets.last().is_some_and(|(b, _)| *b != '{') {
            self.skip_lines();
        }
        &self.token(self.at).kind
    }

    fn is(&mut self, sign: char) -> bool {
        *self.peek() == Kind::Sign(sign)
    }

    fn is_word(&mut self, word: &str) -> bool {
        matches!(self.peek(), Kind::Word(w) if w == word)
    }

    fn eat(&mut self, sign: char) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn start(&mut self) -> usize {
        self.peek();
        self.token(self.at).span.start
    }

    /// Where the last token that was read ends.
    fn end(&self) -> usize {
        (0..self.at).rev().map(|i| self.token(i)).find(|t| t.kind != Kind::Line).map_or(0, |t| t.span.end)
    }

    fn tell<T>(&mut self, problem: Problem) -> Parsed<T> {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
        Err(Told)
    }

    fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        self.expected_hint(what, None)
    }

    fn expected_hint<T>(&mut self, what: &str, hint: Option<&str>) -> Parsed<T> {
        let found = self.peek().describe();
        let mut span = self.token(self.at).span.clone();
        if self.token(self.at).kind == Kind::Line {
            span.end = span.start;
        }
        let mut problem = Problem::new(span, format!("expected {what}, found {found}"));
        problem.hint = hint.map(str::to_owned);
        self.tell(problem)
    }

    fn open(&mut self, bracket: char) -> Parsed<()> {
        let span = self.token(self.at).span.clone();
        if self.brackets.len() >= MAX_NESTING {
            return self.tell(Problem::new(
                span,
                format!("expected at most {MAX_NESTING} brackets inside one another"),
            ));
        }
        self.brackets.push((bracket, self.at));
        self.at += 1;
        Ok(())
    }

    /// The line of the text on which a token stands, from 1.
    fn line(&self, at: usize) -> usize {
        self.tokens.iter().take(at).filter(|t| t.kind == Kind::Line).count() + 1
    }

    fn close(&mut self, bracket: char, what: &str) -> Parsed<()> {
        if !self.is(bracket) {
            let open = self.brackets.last().copied();
            let hint = open.filter(|(_, at)| self.line(*at) != self.line(self.at));
            let hint = hint.map(|(open, at)| format!("the `{open}` of line {} is still open", self.line(at)));
            return self.expected_hint(what, hint.as_deref());
        }
        self.at += 1;
        self.brackets.pop();
        Ok(())
    }

    /// Goes on to the next statement of a body; `false` at its end.
    fn next_statement(&mut self, in_braces: bool) -> bool {
        while matches!(self.token(self.at).kind, Kind::Line | Kind::Sign(';')) {
            self.at += 1;
        }
        match self.token(self.at).kind {
            Kind::End => false,
            Kind::Sign('}') => !in_braces,
            _ => true,
        }
    }

    /// Skips the rest of a statement that holds a mistake, with everything in its braces.
    fn recover(&mut self, depth: usize) {
        let mut braces = self.brackets.iter().skip(depth).filter(|(b, _)| *b == '{').count();
        self.brackets.truncate(depth);
        loop {
            match self.token(self.at).kind {
                Kind::End => return,
                Kind::Line | Kind::Sign(';') if braces == 0 => return,
                Kind::Sign('{') => braces += 1,
                Kind::Sign('}') if braces == 0 && depth > 0 => return,
                Kind::Sign('}') => braces = braces.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn top(&mut self, file: &mut File, body: &mut Vec<Statement>) -> Parsed<()> {
        if self.is_word("model") {
            self.at += 1;
            let span = self.token(self.at).span.clone();
            let text = match self.peek().clone() {
                Kind::Word(text) | Kind::Text(text) => text,
                _ => return self.expected("the model's name"),
            };
            self.at += 1;
            file.model = Some(Name { text, span });
        } else if self.is_word("block") {
            let block = self.block()?;
            if let Some(other) = file.blocks.iter().find(|b| b.name.text == block.name.text) {
                let name = other.name.text.clone();
                return self.tell(Problem::new(block.name.span, format!("block `{name}` is defined twice")));
            }
            file.blocks.push(block);
        } else {
            body.push(self.statement()?);
        }
        self.end_of_statement()
    }

    fn end_of_statement(&mut self) -> Parsed<()> {
        match self.peek().clone() {
            Kind::Line | Kind::End | Kind::Sign(';') => Ok(()),
            Kind::Sign('}') if !self.brackets.is_empty() => Ok(()),
            Kind::Sign('}') => self.expected_hint("a statement", Some("no `{` is open here")),
            Kind::Sign('=') => self.expected_hint(
                "`>` or the end of the line",
                Some("names stand before one `=`: `a = conv(8, 3)`, or `a, b = split(2)`"),
            ),
            Kind::Word(_) | Kind::Text(_) => {
                self.expected_hint("`>` or the end of the line", Some("layers are chained by `>`"))
            }
            _ => self.expected("`>` or the end of the line"),
        }
    }

    fn name(&mut self, what: &str) -> Parsed<Name> {
        let span = {
            self.start();
            self.token(self.at).span.clone()
        };
        match self.peek().clone() {
            Kind::Word(text) if RESERVED.contains(&text.as_str()) => {
                self.tell(Problem::new(span, format!("expected {what}, found the reserved word `{text}`")))
            }
            Kind::Word(text) => {
                self.at += 1;
                Ok(Name { text, span })
            }
            _ => self.expected(what),
        }
    }

    fn block(&mut self) -> Parsed<Block> {
        self.at += 1;
        let name = self.name("the block's name")?;
        let mut parameters: Vec<(Name, Option<Expr>)> = Vec::new();
        if self.is('(') {
            self.open('(')?;
            while !self.is(')') {
                let parameter = self.name("a parameter or `)`")?;
                if parameters.iter().any(|(n, _)| n.text == parameter.text) {
                    let message = format!("parameter `{}` is named twice", parameter.text);
                    return self.tell(Problem::new(parameter.span, message));
                }
                let default = if self.eat('=') { Some(self.expr()?) } else { None };
                parameters.push((parameter, default));
                self.few(parameters.len())?;
                if !self.eat(',') {
                    break;
                }
            }
            self.close(')', "`,` or `)`")?;
        }
        self.skip_lines();
        if !self.is('{') {
            return self.expected("`{`");
        }
        let body = self.braces()?;
        Ok(Block { name, parameters, body })
    }

    fn braces(&mut self) -> Parsed<Vec<Statement>> {
        self.open('{')?;
        let depth = self.brackets.len();
        let mut body = Vec::new();
        while self.next_statement(true) {
            let result = self.statement().and_then(|s| {
                body.push(s);
                self.end_of_statement()
            });
            if result.is_err() {
                if self.problems.len() >= MAX_PROBLEMS {
                    return Err(Told);
                }
                self.recover(depth);
            }
        }
        self.close('}', "a statement or `}`")?;
        Ok(body)
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.operators = 0;
        if self.is_word("input") {
            self.at += 1;
            let mut inputs = vec![self.input()?];
            while self.eat(',') {
                inputs.push(self.input()?);
            }
            return Ok(Statement::Input(inputs));
        }
        if self.is_word("output") {
            self.at += 1;
            let mut chains = vec![self.chain()?];
            while self.eat(',') {
                chains.push(self.chain()?);
            }
            return Ok(Statement::Output(chains));
        }
        for word in ["block", "model"] {
            if self.is_word(word) {
                let span = self.token(self.at).span.clone();
                return self.tell(
                    Problem::new(span, format!("expected a statement, found `{word}`"))
                        .with_hint(format!("`{word}` stands at the top of a text only")),
                );
            }
        }
        let names = self.names();
        Ok(Statement::Chain { names, chain: self.chain()? })
    }

    /// The names before `=`, if the statement has such.
    fn names(&mut self) -> Vec<Name> {
        let before = self.at;
        let mut names = Vec::new();
        while let Kind::Word(text) = self.peek().clone() {
            if RESERVED.contains(&text.as_str()) {
                break;
            }
            names.push(Name { text, span: self.token(self.at).span.clone() });
            self.at += 1;
            if self.eat('=') {
                self.skip_lines();
                return names;
            }
            if !self.eat(',') {
                break;
            }
        }
        self.at = before;
        Vec::new()
    }

    fn input(&mut self) -> Parsed<Input> {
        let name = self.name("the input's name")?;
        let colon = self.eat(':');
        let dtype = match self.peek() {
            Kind::Word(_) => Some(self.name("an element type")?),
            _ => None,
        };
        let shape = if self.is('[') { Some(self.extents()?) } else { None };
        if colon && dtype.is_none() && shape.is_none() {
            return self.expected_hint(
                "an element type or `[`",
                Some("for example `input x: float32[batch, 3, 224, 224]`"),
            );
        }
        Ok(Input { name, dtype, shape })
    }

    fn extents(&mut self) -> Parsed<Vec<Extent>> {
        self.open('[')?;
        let mut extents = Vec::new();
        while !self.is(']') {
            let extent = match self.peek().clone() {
                Kind::Sign('?') => {
                    self.at += 1;
                    Extent::Unknown
                }
                // Arithmetic, or a symbol whose name is no word.
                Kind::Text(_) | Kind::Sign('(') => Extent::Expr(self.expr()?),
                Kind::Int(_) | Kind::Word(_)
                    if matches!(self.token(self.at + 1).kind, Kind::Sign('+' | '-' | '*' | '/')) =>
                {
                    Extent::Expr(self.expr()?)
                }
                Kind::Int(n) => {
                    self.at += 1;
                    Extent::Number(n)
                }
                _ => Extent::Symbol(self.name("a number, a symbol or `?`")?),
            };
            extents.push(extent);
            self.few(extents.len())?;
            if !self.eat(',') {
                break;
            }
        }
        self.close(']', "`,` or `]`")?;
        Ok(extents)
    }

    fn chain(&mut self) -> Parsed<Chain> {
        let start = self.start();
        let mut items = vec![self.item()?];
        loop {
            // A line may begin with `>`: it goes on with the chain above.
            let mut ahead = self.at;
            while self.token(ahead).kind == Kind::Line {
                ahead += 1;
            }
            if self.token(ahead).kind != Kind::Sign('>') {
                break;
            }
            self.at = ahead + 1;
            self.skip_lines();
            items.push(self.item()?);
        }
        Ok(Chain { items, span: start..self.end() })
    }

    fn item(&mut self) -> Parsed<Item> {
        let start = self.start();
        let more = self.is_word("more")
            && matches!(self.token(self.at + 1).kind, Kind::Word(_) | Kind::Int(_) | Kind::Text(_))
            && self.token(self.at + 2).kind == Kind::Sign(':');
        self.at += usize::from(more);
        let (label, until) = self.label()?;
        let atom = self.atom()?;
        let repeat = if self.eat('*') { Some(self.operand()?) } else { None };
        let shared = repeat.is_some() && self.is_word("shared");
        self.at += usize::from(shared);
        Ok(Item { label, until, more, atom, repeat, shared, span: start..self.end() })
    }

    /// What stands before a `:`, if anything does: a name, a number, a range of numbers, or text.
    fn label(&mut self) -> Parsed<Label> {
        let first = self.peek().clone();
        let span = self.token(self.at).span.clone();
        let next = |p: &Self, n: usize| p.token(p.at + n).kind.clone();
        if let (Kind::Int(from), Kind::Dots, Kind::Int(to)) = (&first, next(self, 1), next(self, 2)) {
            let until = self.token(self.at + 2).span.clone();
            let (from, all) = (*from, span.start..until.end);
            self.at += 3;
            if !self.eat(':') {
                return self.expected("`:` after a range of parts");
            }
            if to < from {
                let message = format!("expected a range that goes up, found {from}..{to}");
                return self.tell(Problem::new(all, message));
            }
            self.skip_lines();
            return Ok((Some(Name { text: from.to_string(), span }), Some((to, until))));
        }
        if next(self, 1) != Kind::Sign(':') {
            return Ok((None, None));
        }
        let name = match first {
            Kind::Word(_) => self.name("a label")?,
            Kind::Int(n) => {
                self.at += 1;
                Name { text: n.to_string(), span }
            }
            Kind::Text(text) => {
                self.at += 1;
                if text.is_empty() || text.contains(['\n', '\r']) {
                    return self.tell(Problem::new(span, "expected a label, found an empty text"));
                }
                Name { text, span }
            }
            _ => return Ok((None, None)),
        };
        self.at += 1;
        self.skip_lines();
        Ok((Some(name), None))
    }

    fn atom(&mut self) -> Parsed<Atom> {
        let start = self.start();
        let span = self.token(self.at).span.clone();
        match self.peek().clone() {
            Kind::Word(text) => {
                if matches!(text.as_str(), "for" | "repeat" | "if" | "def" | "while" | "import") {
                    let hint = match text.as_str() {
                        "for" | "while" | "repeat" => "repeat by `*`: `{ conv(8, 3) > relu } * 4`",
                        "def" => "define parts by `block Name(parameter) { … }`",
                        _ => "a text describes one network: write the parts that it has",
                    };
                    return self.tell(
                        Problem::new(span, format!("expected a layer, a value, `[` or `{{`, found `{text}`"))
                            .with_hint(hint),
                    );
                }
                if RESERVED.contains(&text.as_str()) && text != "same" {
                    return self.expected("a layer, a value, `[` or `{`");
                }
                self.at += 1;
                if self.token(self.at).kind == Kind::Sign('{') && text != "same" {
                    let class = Some(Name { text, span });
                    return Ok(Atom::Group(class, self.braces()?));
                }
                let called = self.is('(');
                let arguments = if called { self.arguments()? } else { Vec::new() };
                Ok(Atom::Call { name: Name { text, span }, arguments, called })
            }
            Kind::Text(text) => {
                self.at += 1;
                let arguments = if self.is('(') { self.arguments()? } else { Vec::new() };
                Ok(Atom::Sketch { name: Name { text, span }, arguments })
            }
            Kind::Sign('[') => {
                self.open('[')?;
                let mut branches = Vec::new();
                while !self.is(']') {
                    branches.push(self.chain()?);
                    if !self.eat(',') {
                        break;
                    }
                }
                self.close(']', "`>`, `,` or `]`")?;
                if branches.is_empty() {
                    return self
                        .tell(Problem::new(start..self.end(), "expected a branch between `[` and `]`"));
                }
                Ok(Atom::Branches(branches))
            }
            Kind::Sign('{') => Ok(Atom::Group(None, self.braces()?)),
            _ => self.expected("a layer, a value, `[` or `{`"),
        }
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.open('(')?;
        let mut arguments: Vec<Argument> = Vec::new();
        while !self.is(')') {
            self.peek();
            let named =
                matches!(self.peek(), Kind::Word(_)) && self.token(self.at + 1).kind == Kind::Sign('=');
            let name = if named {
                let name = self.name("a setting")?;
                self.at += 1;
                Some(name)
            } else {
                None
            };
            let value = self.expr()?;
            if name.is_none()
                && let Some(last) = arguments.last().and_then(|a| a.name.as_ref())
            {
                let hint = format!("settings without name stand before `{}=…`", last.text);
                return self.tell(
                    Problem::new(value.span, "a setting without name after a named one").with_hint(hint),
                );
            }
            arguments.push(Argument { name, value });
            self.few(arguments.len())?;
            if !self.eat(',') {
                break;
            }
        }
        let again = matches!(self.peek(), Kind::Int(_) | Kind::Float(_) | Kind::Word(_) | Kind::Text(_));
        let open = self.brackets.last().map(|(_, at)| *at);
        let same_line = open.is_some_and(|at| self.line(at) == self.line(self.at));
        if again && same_line && !arguments.is_empty() {
            return self.expected_hint("`,` or `)`", Some("settings are separated by commas"));
        }
        self.close(')', "`,` or `)`")?;
        Ok(arguments)
    }

    fn expr(&mut self) -> Parsed<Expr> {
        let mut left = self.term()?;
        while let Kind::Sign(sign @ ('+' | '-')) = *self.peek() {
            self.operator()?;
            left = binary(sign, left, self.term()?);
        }
        Ok(left)
    }

    fn term(&mut self) -> Parsed<Expr> {
        let mut left = self.operand()?;
        while let Kind::Sign(sign @ ('*' | '/')) = *self.peek() {
            self.operator()?;
            left = binary(sign, left, self.operand()?);
        }
        Ok(left)
    }

    fn operator(&mut self) -> Parsed<()> {
        let span = self.token(self.at).span.clone();
        self.at += 1;
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return self.tell(Problem::new(
                span,
                format!("expected at most {MAX_OPERATORS} operators in a statement"),
            ));
        }
        Ok(())
    }

    fn operand(&mut self) -> Parsed<Expr> {
        let start = self.start();
        let kind = match self.peek().clone() {
            Kind::Sign('(') => {
                self.open('(')?;
                let inner = self.expr()?;
                self.close(')', "an operator or `)`")?;
                inner.kind
            }
            Kind::Sign('[') => {
                self.open('[')?;
                let mut list = Vec::new();
                while !self.is(']') {
                    list.push(self.expr()?);
                    self.few(list.len())?;
                    if !self.eat(',') {
                        break;
                    }
                }
                self.close(']', "`,` or `]`")?;
                ExprKind::List(list)
            }
            Kind::Sign('{') => ExprKind::Body(self.braces()?),
            Kind::Sign('-') => {
                self.at += 1;
                if self.is('-') {
                    return self.expected("a number or a name");
                }
                ExprKind::Minus(Box::new(self.operand()?))
            }
            Kind::Int(n) => self.take(ExprKind::Int(n)),
            Kind::Float(x) => self.take(ExprKind::Float(x)),
            Kind::Text(t) => self.take(ExprKind::Text(t)),
            Kind::Sign('?') => self.take(ExprKind::Unknown),
            Kind::Word(w)
                if VALUES.contains(&w.as_str()) && self.token(self.at + 1).kind == Kind::Sign('(') =>
            {
                let name = Name { text: w, span: self.token(self.at).span.clone() };
                self.at += 1;
                ExprKind::Call(name, self.arguments()?)
            }
            Kind::Word(w) => {
                let expr = self.take(ExprKind::Word(w.clone()));
                if self.is('(') {
                    let hint = format!(
                        "layers are not nested but chained, `x > {w}(…) > …`; a value that is needed twice gets a name, \
                         `y = {w}(…)`"
                    );
                    return self.expected_hint("a number, a name or text", Some(&hint));
                }
                expr
            }
            _ => return self.expected("a number, a name or text"),
        };
        Ok(Expr { kind, span: start..self.end() })
    }

    fn few(&mut self, n: usize) -> Parsed<()> {
        if n <= MAX_ITEMS {
            return Ok(());
        }
        let span = self.token(self.at).span.clone();
        self.tell(Problem::new(span, format!("expected at most {MAX_ITEMS} items between brackets")))
    }

    fn take(&mut self, kind: ExprKind) -> ExprKind {
        self.at += 1;
        kind
    }
}

fn binary(sign: char, left: Expr, right: Expr) -> Expr {
    let span = left.span.start..right.span.end;
    Expr { kind: ExprKind::Binary(sign, Box::new(left), Box::new(right)), span }
}

/// The reserved word or other candidate that a word may have been meant to be.
pub(super) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|w| format!("did you mean `{w}`?"))
}
