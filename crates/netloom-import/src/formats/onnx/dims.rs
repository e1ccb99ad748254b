//! Sizes given by name: a symbol such as `batch`, or arithmetic over symbols such as `2*s0 + 1`.

use netloom_graph::Dim;

/// The longest text that is taken for arithmetic, in bytes.
const MAX_LEN: usize = 256;

/// The most brackets inside one another.
const MAX_DEPTH: u32 = 16;

/// The size that a `dim_param` stands for. What is not clearly arithmetic is one symbol, whatever it holds.
pub fn parse(text: &str) -> Dim {
    if text.is_empty() {
        return Dim::Unknown;
    }
    let mut parser = Parser { rest: text.trim(), depth: 0 };
    let arithmetic = (text.len() <= MAX_LEN).then(|| parser.sum()).flatten();
    match arithmetic {
        Some(dim) if parser.rest.is_empty() && !dim.is_unknown() => dim,
        _ => Dim::symbol(text),
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: u32,
}

impl Parser<'_> {
    fn sum(&mut self) -> Option<Dim> {
        let mut total = self.product()?;
        loop {
            // A hyphen may be part of a name: minus stands apart, or before a number.
            let spaced = self.rest.starts_with(char::is_whitespace);
            self.skip();
            if self.take("+") {
                total = total.plus(&self.product()?);
            } else if let Some(after) = self.rest.strip_prefix('-')
                && (spaced && after.starts_with(char::is_whitespace)
                    || after.starts_with(|c: char| c.is_ascii_digit()))
            {
                self.rest = after;
                total = total.minus(&self.product()?);
            } else {
                return Some(total);
            }
        }
    }

    fn product(&mut self) -> Option<Dim> {
        let mut total = self.atom()?;
        loop {
            let before = self.rest;
            self.skip();
            if self.take("//") {
                total = total.floor_div(&self.atom()?);
            } else if !self.rest.starts_with("**") && self.take("*") {
                total = total.times(&self.atom()?);
            } else {
                self.rest = before;
                return Some(total);
            }
        }
    }

    fn atom(&mut self) -> Option<Dim> {
        self.skip();
        if self.take("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let inner = self.sum()?;
            self.skip();
            self.depth -= 1;
            return self.take(")").then_some(inner);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | ':'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word.chars().next()? {
            '0'..='9' => word.parse().ok().map(Dim::Known),
            // A call such as `Max(a, b)` is none of ours: the whole text becomes a symbol.
            _ if rest.starts_with('(') => None,
            _ => Some(Dim::symbol(word)),
        }
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, sign: &str) -> bool {
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text).to_string(), expected, "{text}");
    }

    #[test]
    fn arithmetic_is_understood() {
        check("batch", "batch");
        check("2*s0", "2*s0");
        check("past_sequence_length + 1", "past_sequence_length + 1");
        check("1 + s0*(s1 - 1)", "-s0 + s0*s1 + 1");
        check("4*s0//2", "2*s0");
        assert_eq!(parse("s0//2"), Dim::symbol("s0").floor_div(&Dim::Known(2)));
        check("N-1", "N - 1");
        assert_eq!(parse("s0 + s1"), parse("s1 + s0"));
    }

    #[test]
    fn anything_else_is_one_symbol() {
        for text in ["batch-size", "batch size", "Max(1, s0)", "s0**2", "a/b", "(", "2*", "s0 -"] {
            assert_eq!(parse(text).as_symbol(), Some(text));
        }
        assert_eq!(parse(""), Dim::Unknown);
        assert!(parse(&"(".repeat(200)).as_symbol().is_some());
        assert!(
            parse(&format!("{}0", "9223372036854775807*".repeat(5))).as_known().is_some(),
            "zero times anything"
        );
    }
}
