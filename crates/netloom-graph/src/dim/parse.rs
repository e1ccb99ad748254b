//! Reads expressions over dimensions, as exporters write them.

use super::Dim;

/// How deep brackets may nest.
const MAX_DEPTH: usize = 32;

/// The expression that the whole text is; `None` when it is none.
pub(super) fn expression(text: &str) -> Option<Dim> {
    let mut parser = Parser { rest: text, depth: 0 };
    let dim = parser.sum()?;
    parser.skip_space();
    parser.rest.is_empty().then_some(dim)
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> Option<Dim> {
        let mut left = self.product()?;
        loop {
            if self.eat("+") {
                left = left.plus(&self.product()?);
            } else if self.eat("-") {
                left = left.minus(&self.product()?);
            } else {
                return Some(left);
            }
        }
    }

    fn product(&mut self) -> Option<Dim> {
        let mut left = self.unit()?;
        loop {
            if self.eat("**") {
                return None;
            } else if self.eat("*") {
                left = left.times(&self.unit()?);
            } else if self.eat("//") {
                left = left.floor_div(&self.unit()?);
            } else {
                return Some(left);
            }
        }
    }

    /// `a/b` is a quotient only where a floor is written around it.
    fn floor(&mut self, close: &str) -> Option<Dim> {
        let mut dim = self.sum()?;
        if self.eat("/") {
            let divisor = self.unit()?;
            dim = dim.floor_div(&divisor);
        }
        self.eat(close).then_some(dim)
    }

    fn unit(&mut self) -> Option<Dim> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let dim = self.unit_inside();
        self.depth -= 1;
        dim
    }

    fn unit_inside(&mut self) -> Option<Dim> {
        if self.eat("-") {
            return Some(Dim::Known(0).minus(&self.unit()?));
        }
        if self.eat("(") {
            let dim = self.sum()?;
            return self.eat(")").then_some(dim);
        }
        if self.eat("⌊") {
            return self.floor("⌋");
        }
        self.skip_space();
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        self.rest = rest;
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return word.parse().ok().map(Dim::Known);
        }
        if !self.eat("(") {
            return Some(Dim::symbol(word));
        }
        match word {
            "floor" => self.floor(")"),
            "FloorDiv" | "max" | "Max" | "min" | "Min" => {
                let a = self.sum()?;
                let b = if self.eat(",") { self.sum()? } else { return None };
                self.eat(")").then(|| match word {
                    "FloorDiv" => a.floor_div(&b),
                    "max" | "Max" => a.larger(&b),
                    _ => a.smaller(&b),
                })
            }
            _ => None,
        }
    }
}
