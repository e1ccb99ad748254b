//! Characters that every terminal takes.

/// The same text without control characters, which could tell a terminal to do things; line ends stay.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The same text in ASCII only.
pub fn to_ascii(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '×' | '⊗' => out.push('x'),
            '·' | '–' | '─' | '┴' => out.push('-'),
            '⊕' => out.push('+'),
            '↺' => out.push_str("(loop)"),
            '…' => out.push_str("..."),
            '→' => out.push_str("->"),
            '\u{a0}' | '\u{2009}' => out.push(' '),
            '┤' | '│' | '├' | '┼' => out.push('|'),
            '╮' => out.push('\\'),
            '╯' => out.push('/'),
            '‹' => out.push('<'),
            '›' => out.push('>'),
            '●' => out.push('*'),
            '○' => out.push('o'),
            '■' => out.push('#'),
            '²' => out.push_str("^2"),
            '√' => out.push_str("sqrt "),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
