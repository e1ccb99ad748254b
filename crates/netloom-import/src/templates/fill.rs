//! Fills a template: `@` lines choose and repeat lines and compute numbers, `$name` stands for a setting.
//!
//! ```text
//! @let size = head_dim or hidden_size / num_attention_heads
//! @if tie_word_embeddings        … @else … @end        (also `not a`, `a = b`, `a and b`)
//! @for i in num_hidden_layers    … $i … @end
//! lm_head: linear($vocab_size)   (`${name}` where a letter follows)
//! ```
//!
//! Names are settings computed before, else values of the model's configuration, with dots for values inside values.

use std::collections::BTreeMap;

use serde_json::Value;

/// The most bytes of a filled template.
const MAX_TEXT: usize = 4 << 20;

/// The most passes through loops.
const MAX_PASSES: u64 = 20_000;

/// Settings by name.
pub type Settings = BTreeMap<String, Value>;

/// Fills a template from a configuration.
///
/// # Errors
/// A sentence that says which setting is missing or has no meaning.
pub fn fill(template: &str, config: &Value, settings: Settings) -> Result<String, String> {
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    let mut filler = Filler { config, settings, out: String::new(), passes: 0 };
    filler.block(&lines)?;
    Ok(filler.out)
}

struct Filler<'a> {
    config: &'a Value,
    settings: Settings,
    out: String,
    passes: u64,
}

impl Filler<'_> {
    fn block(&mut self, lines: &[&str]) -> Result<(), String> {
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            at += 1;
            let Some(directive) = line.strip_prefix('@') else {
                if !line.is_empty() && !line.starts_with('#') {
                    let filled = self.substitute(line)?;
                    self.out.push_str(&filled);
                    self.out.push('\n');
                    if self.out.len() > MAX_TEXT {
                        return Err(format!("the network needs a text of more than {MAX_TEXT} bytes"));
                    }
                }
                continue;
            };
            let directive = self.substitute(directive)?;
            let (word, rest) = directive.split_once(' ').unwrap_or((&directive, ""));
            match word {
                "let" => {
                    let (name, expression) = rest.split_once('=').unwrap_or((rest, ""));
                    let value = self
                        .evaluate(expression.trim())
                        .ok_or_else(|| format!("config.json lacks a fitting `{}`", expression.trim()))?;
                    self.settings.insert(name.trim().to_owned(), value);
                }
                "if" => {
                    let (middle, end) = bounds(lines, at);
                    let (yes, no) = (&lines[at..middle], lines.get(middle + 1..end).unwrap_or(&[]));
                    let chosen = if self.holds(rest) { yes } else { no };
                    self.block(chosen)?;
                    at = end + 1;
                }
                "for" => {
                    let (_, end) = bounds(lines, at);
                    let (name, count) = rest.split_once(" in ").unwrap_or((rest, ""));
                    let count = self.evaluate(count).as_ref().and_then(Value::as_u64);
                    let count = count.ok_or_else(|| format!("config.json lacks a number for `{rest}`"))?;
                    for i in 0..count {
                        self.passes += 1;
                        if self.passes > MAX_PASSES {
                            return Err(format!("the network repeats more than {MAX_PASSES} parts"));
                        }
                        self.settings.insert(name.trim().to_owned(), Value::from(i));
                        self.block(&lines[at..end])?;
                    }
                    at = end + 1;
                }
                _ => return Err(format!("the template has no directive `@{word}`")),
            }
        }
        Ok(())
    }

    /// A name's value: a setting, else a value of the configuration. Null is nothing.
    fn look_up(&self, name: &str) -> Option<Value> {
        let found = match self.settings.get(name) {
            Some(value) => Some(value),
            None => name.split('.').try_fold(self.config, |at, key| match at {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                other => other.get(key),
            }),
        };
        found.filter(|v| !v.is_null()).cloned()
    }

    fn substitute(&self, line: &str) -> Result<String, String> {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, tail) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
                Some(found) => found,
                None => {
                    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    after.split_at(end.unwrap_or(after.len()))
                }
            };
            let value = self.look_up(name).ok_or_else(|| format!("config.json lacks `{name}`"))?;
            match value {
                // Words of a configuration have no business in the text.
                Value::String(text) if self.settings.contains_key(name) => out.push_str(&text),
                Value::Number(number) => out.push_str(&number.to_string()),
                Value::Bool(b) => out.push_str(if b { "true" } else { "false" }),
                _ => return Err(format!("`{name}` of config.json is no number")),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// `a or b`: the first that has a value; each is arithmetic from left to right.
    fn evaluate(&self, expression: &str) -> Option<Value> {
        expression.split(" or ").find_map(|alternative| self.arithmetic(alternative.trim()))
    }

    fn arithmetic(&self, text: &str) -> Option<Value> {
        if let Some(text) = text.strip_prefix('"') {
            return Some(Value::from(text.trim_end_matches('"')));
        }
        let mut words = text.split_whitespace();
        let mut value = self.atom(words.next()?)?;
        while let Some(operator) = words.next() {
            let (a, b) = (value.as_i64()?, self.atom(words.next()?)?.as_i64()?);
            value = Value::from(match operator {
                "+" => a.checked_add(b)?,
                "-" => a.checked_sub(b)?,
                "*" => a.checked_mul(b)?,
                "/" if b != 0 && a % b == 0 => a / b,
                "mod" if b != 0 => a % b,
                _ => return None,
            });
        }
        Some(value)
    }

    fn atom(&self, word: &str) -> Option<Value> {
        match word {
            "true" => return Some(Value::Bool(true)),
            "false" => return Some(Value::Bool(false)),
            _ => {}
        }
        let int = word.parse::<i64>().map(Value::from).ok();
        let float = || word.parse::<f64>().ok().filter(|_| word.starts_with(|c: char| c.is_ascii_digit()));
        int.or_else(|| float().map(Value::from)).or_else(|| self.look_up(word))
    }

    fn holds(&self, condition: &str) -> bool {
        condition.split(" and ").all(|part| {
            let part = part.trim();
            if let Some((a, b)) = part.split_once(" = ") {
                return self.evaluate(a.trim()) == self.evaluate(b.trim());
            }
            if let Some((a, b)) = part.split_once(" > ") {
                let int = |t: &str| self.evaluate(t.trim()).as_ref().and_then(Value::as_i64);
                return int(a).zip(int(b)).is_some_and(|(a, b)| a > b);
            }
            match part.strip_prefix("not ") {
                Some(name) => !self.truth(name.trim()),
                None => self.truth(part),
            }
        })
    }

    fn truth(&self, name: &str) -> bool {
        match self.evaluate(name) {
            None | Some(Value::Bool(false) | Value::Null) => false,
            Some(Value::Number(n)) => n.as_f64() != Some(0.0),
            Some(_) => true,
        }
    }
}

/// Where the part that a directive opens has its `@else`, or its end, and where it ends.
fn bounds(lines: &[&str], from: usize) -> (usize, usize) {
    let (mut depth, mut middle) = (0_usize, None);
    for (i, line) in lines.iter().enumerate().skip(from) {
        if line.starts_with("@if ") || line.starts_with("@for ") {
            depth += 1;
        } else if *line == "@else" && depth == 0 {
            middle = Some(i);
        } else if *line == "@end" {
            match depth.checked_sub(1) {
                None => return (middle.unwrap_or(i), i),
                Some(less) => depth = less,
            }
        }
    }
    (lines.len(), lines.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_chosen_repeated_and_filled() {
        let template = "
            # Left out.
            @let size = head_dim or n / heads
            @let inner = wide or 4 * n
            @if tied and not bias
            a($size, ${inner}x)
            @else
            b
            @end
            @for i in heads
            @if kinds.$i = \"w\"
            $i: c
            @else
            $i: d
            @end
            @end";
        let config = json!({"n": 8, "heads": 2, "tied": true, "wide": null, "kinds": ["w", "v"]});
        let filled = fill(template, &config, Settings::new()).unwrap();
        assert_eq!(filled, "a(4, 32x)\n0: c\n1: d\n");
        let error = fill("x($y)", &config, Settings::new()).unwrap_err();
        assert_eq!(error, "config.json lacks `y`");
        let error = fill("@let z = n / 3", &config, Settings::new()).unwrap_err();
        assert_eq!(error, "config.json lacks a fitting `n / 3`");
        assert!(fill("@for i in big\nx\n@end", &json!({"big": 1_000_000}), Settings::new()).is_err());
    }
}
