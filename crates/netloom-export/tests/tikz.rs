//! TikZ: balanced, with every style and colour defined, and nothing obeyed that a name says.

use std::collections::BTreeSet;

use netloom_export::{Options, find};

mod drawing;

fn between<'a>(text: &'a str, start: &str, end: char) -> BTreeSet<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

#[test]
fn documents_are_whole() {
    let bytes = find("tex").expect("an output").write(&drawing::drawing(), &Options::default());
    let text = String::from_utf8(bytes.expect("the drawing can be drawn")).expect("text");
    let code: String =
        text.lines().filter(|l| !l.trim_start().starts_with('%')).collect::<Vec<_>>().join("\n");

    let (mut depth, mut escaped) = (0i32, false);
    for c in code.chars() {
        match c {
            '{' if !escaped => depth += 1,
            '}' if !escaped => depth -= 1,
            _ => {}
        }
        assert!(depth >= 0, "a brace too many");
        escaped = c == '\\' && !escaped;
    }
    assert_eq!(depth, 0, "braces are balanced");

    let defined = between(&code, "  nl/", '/');
    let used: BTreeSet<&str> =
        between(&code, "[nl/", ']').iter().filter_map(|s| s.split(',').next()).collect();
    assert!(used.len() > 5, "{used:?}");
    assert!(used.is_subset(&defined), "{used:?} of {defined:?}");
    let colors = between(&code, "\\definecolor{", '}');
    for role in ["fill=nl-", "draw=nl-", "text=nl-"] {
        for name in between(&code, role, ',') {
            let name = format!("nl-{}", name.trim_end_matches('}'));
            assert!(colors.contains(name.as_str()), "{name} of {colors:?}");
        }
    }
    assert_eq!(code.matches("\\begin{").count(), code.matches("\\end{").count());
    // The name that the drawing carries holds what TeX would obey.
    assert!(drawing::HOSTILE.contains('&') && !code.contains(" & "), "an ampersand is escaped");
}
