//! The canonical layout of a text: spaces, indentation and blank lines, with every word and comment kept.

use super::lexer::{Kind, Token, lex_all};
use super::parser;
use super::problem::Problem;

/// Chains are broken before `>` where their line would be longer, in characters.
pub const MAX_COLUMNS: usize = 110;

/// Lays a text out: four spaces per level, one space where a space belongs, at most one blank line, chains broken where
/// lines get long. Line breaks of the text stay. A text that is laid out already stays as it is, byte for byte.
///
/// ```
/// use netloom_import::formats::loom;
///
/// let text = "input  x[1,3,32,32] # a picture\n\n\nconv( 8,3,pad = 1 )>relu";
/// assert_eq!(loom::format(text).expect("a sound text"), "input x [1, 3, 32, 32]  # a picture\n\nconv(8, 3, pad=1) > relu\n");
/// ```
///
/// # Errors
/// When the text cannot be parsed: its layout would be a guess.
pub fn format(text: &str) -> Result<String, Vec<Problem>> {
    if text.len() > super::MAX_BYTES {
        return Err(vec![Problem::new(
            0..0,
            format!("expected a text of at most {} bytes", super::MAX_BYTES),
        )]);
    }
    let mut problems = Vec::new();
    let tokens = lex_all(text, &mut problems);
    let meant: Vec<Token> = tokens.iter().filter(|t| t.kind != Kind::Comment).cloned().collect();
    parser::parse(&meant, &mut problems);
    if !problems.is_empty() {
        problems.sort_by_key(|p| (p.span.start, p.span.end));
        return Err(problems);
    }
    let mut out = String::new();
    let mut open = Vec::new();
    let mut blank = false;
    let mut before: Option<&Token> = None;
    for line in tokens.split(|t| matches!(t.kind, Kind::Line | Kind::End)) {
        if line.is_empty() {
            blank = !out.is_empty();
            continue;
        }
        let opened = before.is_some_and(|t| matches!(t.kind, Kind::Sign('{' | '(' | '[')));
        let closes = matches!(line.first().map(|t| &t.kind), Some(Kind::Sign('}' | ')' | ']')));
        if std::mem::take(&mut blank) && !opened && !closes {
            out.push('\n');
        }
        write_line(&mut out, text, line, &mut open, before);
        before = line.iter().rev().find(|t| t.kind != Kind::Comment).or(before);
    }
    Ok(out)
}

/// A bracket that is open, and how far the line that opened it is indented.
struct Open {
    sign: char,
    level: usize,
}

fn write_line(out: &mut String, text: &str, line: &[Token], open: &mut Vec<Open>, before: Option<&Token>) {
    // Only what a line begins with closes the level that it stands on.
    let mut closed = open.len();
    for token in line {
        match token.kind {
            Kind::Sign('}' | ')' | ']') => closed = closed.saturating_sub(1),
            _ => break,
        }
    }
    let levels = match open.get(closed) {
        Some(first) => first.level,
        None => open.last().map_or(0, |o| o.level + 1),
    };
    let goes_on = matches!(line.first().map(|t| &t.kind), Some(Kind::Sign('>')))
        || before.is_some_and(|t| matches!(t.kind, Kind::Sign('>' | '=' | ':')))
            && line.first().is_some_and(|t| !matches!(t.kind, Kind::Sign('}' | ')' | ']')));
    let level = levels + usize::from(goes_on);
    let indent = " ".repeat(4 * level);
    let depth = open.len();
    let mut shown = indent.clone();
    // Where the line may be broken: before which bytes, at its own level.
    let mut breaks = Vec::new();
    for (i, token) in line.iter().enumerate() {
        let word = &text[token.span.clone()];
        if i > 0 && is_spaced(line, i, open) {
            if token.kind == Kind::Sign('>') && open.len() == depth {
                breaks.push(shown.len());
            }
            shown.push(' ');
        }
        match token.kind {
            Kind::Sign(sign @ ('{' | '(' | '[')) => open.push(Open { sign, level }),
            Kind::Sign('}' | ')' | ']') => {
                open.pop();
            }
            _ => {}
        }
        match token.kind {
            Kind::Comment if i > 0 => {
                shown.push(' ');
                shown += word.trim_end();
            }
            Kind::Comment => shown += word.trim_end(),
            Kind::Sign('*') => shown.push('*'),
            _ => shown += word,
        }
    }
    let extra = if goes_on { indent } else { format!("{indent}    ") };
    let is_closed = open.len() == depth;
    let mut start = 0;
    let columns = |part: &str| part.chars().count();
    while is_closed && columns(&shown[start..]) + if start > 0 { extra.len() } else { 0 } > MAX_COLUMNS {
        let room = MAX_COLUMNS - if start > 0 { extra.len().min(MAX_COLUMNS) } else { 0 };
        let mut fits = breaks.iter().filter(|b| **b > start && columns(&shown[start..**b]) <= room);
        let Some(at) = fits.next_back().or(breaks.iter().find(|b| **b > start)).copied() else { break };
        *out += &shown[start..at];
        out.push('\n');
        *out += &extra;
        start = at + 1;
    }
    *out += &shown[start..];
    out.push('\n');
}

/// Whether a space stands before a token of a line.
fn is_spaced(line: &[Token], at: usize, open: &[Open]) -> bool {
    let kind = |i: usize| line.get(i).map(|t| &t.kind);
    let (Some(token), Some(before)) = (kind(at), at.checked_sub(1).and_then(kind)) else { return false };
    let in_call = open.last().is_some_and(|o| o.sign == '(');
    match (before, token) {
        (Kind::Dots, _) | (_, Kind::Dots) => false,
        (_, Kind::Comment) => true,
        (_, Kind::Sign(',' | ';' | ':' | ')' | ']')) => false,
        (Kind::Sign('(' | '['), _) => false,
        (Kind::Sign('='), _) | (_, Kind::Sign('=')) => !in_call,
        (Kind::Word(_) | Kind::Text(_), Kind::Sign('(')) => {
            // An operand in brackets can follow no word, so this is a call.
            false
        }
        // `int64[batch]` is one type; `input x [batch]` is a name and a shape.
        (Kind::Word(_), Kind::Sign('[')) => kind(at.wrapping_sub(2)) != Some(&Kind::Sign(':')),
        (Kind::Sign('-'), _) => {
            let left = at.checked_sub(2).and_then(kind);
            matches!(
                left,
                Some(
                    Kind::Word(_)
                        | Kind::Int(_)
                        | Kind::Float(_)
                        | Kind::Text(_)
                        | Kind::Sign(')' | ']' | '?')
                )
            )
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let once = format(text).expect(text);
        assert_eq!(once, expected, "{text}");
        assert_eq!(format(&once).expect(&once), once, "laid out twice: {text}");
    }

    #[test]
    fn spaces_stand_where_they_belong() {
        check("input x:int64[ batch ,2*n ]", "input x: int64[batch, 2 * n]\n");
        check("input  x[1]\n a,b=split( 2,axis = - 1 )", "input x [1]\na, b = split(2, axis=-1)\n");
        check("[ relu,same ]>add ; tanh×3", "[relu, same] > add; tanh * 3\n");
        check("block B(c=2*3){relu}", "block B(c=2 * 3) { relu }\n");
        check("h:{0 .. 3:B(1-2)}", "h: { 0..3: B(1 - 2) }\n");
        check("\u{feff}\"my op\" (-1,[ -2 , 3 ])\r\n", "\"my op\"(-1, [-2, 3])\n");
    }

    #[test]
    fn lines_blank_lines_and_comments_stay() {
        check(
            "\n\n# top\ninput x\n\n\n\nbody: {\n\n# inner\nrelu # end\n  > tanh\n\n}\n",
            "# top\ninput x\n\nbody: {\n    # inner\n    relu  # end\n        > tanh\n}\n",
        );
        check("y =\n relu(\nx\n)", "y =\n    relu(\n        x\n    )\n");
    }

    #[test]
    fn long_chains_are_broken() {
        let text = format!("input x\n{}relu", "conv(64, 3, pad=1) > ".repeat(8));
        let laid_out = format(&text).expect("sound");
        assert!(laid_out.lines().all(|l| l.chars().count() <= MAX_COLUMNS), "{laid_out}");
        check(&text, &laid_out);
    }

    #[test]
    fn what_cannot_be_parsed_is_left_alone() {
        assert_eq!(format("conv(").expect_err("open").len(), 1);
    }
}
