//! `cargo xtask new <leaf> <name>`: the file of a new leaf and its two lines in the folder's table.

use crate::{Command, Outcome, workspace};

/// The row of this command.
pub const COMMAND: Command =
    Command { name: "new", about: "starts a leaf: new layer|format|pass|style|output <name>", run };

/// A kind of leaf that can be started.
struct Kind {
    name: &'static str,
    folder: &'static str,
    table: &'static str,
    /// The row of a leaf; `NAME` is its module, `TYPE` the same in capitals.
    row: &'static str,
    template: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "layer",
        folder: "crates/netloom-graph/src/layers",
        table: "FAMILIES",
        row: "NAME::FAMILY",
        template: include_str!("new/layer.txt"),
    },
    Kind {
        name: "format",
        folder: "crates/netloom-import/src/formats",
        table: "FORMATS",
        row: "&NAME::TYPE",
        template: include_str!("new/format.txt"),
    },
    Kind {
        name: "pass",
        folder: "crates/netloom-diagram/src/view",
        table: "PASSES",
        row: "&NAME::PASS",
        template: include_str!("new/pass.txt"),
    },
    Kind {
        name: "style",
        folder: "crates/netloom-diagram/src/styles",
        table: "STYLES",
        row: "&NAME::STYLE",
        template: include_str!("new/style.txt"),
    },
    Kind {
        name: "output",
        folder: "crates/netloom-export/src/outputs",
        table: "OUTPUTS",
        row: "&NAME::TYPE",
        template: include_str!("new/output.txt"),
    },
];

fn run(args: &[String]) -> Outcome {
    let [kind, name] = args else {
        return Err("expected a kind of leaf and a name, such as `new layer gelu`".to_owned());
    };
    let Some(kind) = KINDS.iter().find(|k| k.name == kind) else {
        let names: Vec<&str> = KINDS.iter().map(|k| k.name).collect();
        return Err(format!("there is no leaf `{kind}`: expected one of {}", names.join(", ")));
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
        return Err(format!("expected a name of small letters, digits and `_`, found `{name}`"));
    }
    let file = workspace::root().join(kind.folder).join(format!("{name}.rs"));
    let home = workspace::root().join(kind.folder).join("mod.rs");
    if file.exists() {
        return Err(format!("{} exists already", file.display()));
    }
    let text = std::fs::read_to_string(&home).map_err(|e| format!("{}: {e}", home.display()))?;
    let text = registered(&text, kind, name)?;
    std::fs::write(&file, filled(kind.template, name)).map_err(|e| format!("{}: {e}", file.display()))?;
    std::fs::write(&home, text).map_err(|e| format!("{}: {e}", home.display()))?;
    println!("wrote {}\nadded `{name}` to {} in {}", file.display(), kind.table, home.display());
    Ok(())
}

/// The text of the table's file with one more module and row, each where the alphabet puts it; where rows are
/// ordered by meaning, the last place is the start.
fn registered(text: &str, kind: &Kind, name: &str) -> Result<String, String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let module =
        |l: &str| Some(l.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')?.to_owned());
    let modules: Vec<(usize, String)> =
        lines.iter().enumerate().filter_map(|(i, l)| module(l).map(|m| (i, m))).collect();
    let public = modules.first().is_some_and(|(i, _)| lines[*i].starts_with("pub "));
    let place = modules
        .iter()
        .find(|(_, m)| m.as_str() > name)
        .or(modules.last())
        .ok_or("expected a list of modules in the table's file, found none")?;
    let mut at = if place.1.as_str() > name { place.0 } else { place.0 + 1 };
    while at > 0 && lines[at - 1].starts_with("#[") {
        at -= 1;
    }
    lines.insert(at, format!("{}mod {name};", if public { "pub " } else { "" }));

    let mut text = lines.join("\n") + "\n";
    let table = ["const", "static"].iter().find_map(|word| text.find(&format!("{word} {}:", kind.table)));
    let start = table.ok_or_else(|| format!("expected the table {}, found none", kind.table))?;
    let equals = text[start..].find('=').map(|i| start + i).ok_or("expected `=` after the table's name")?;
    let open =
        text[equals..].find("&[").map(|i| equals + i + 2).ok_or("expected `&[` after the table's name")?;
    let close = text[open..].find("];").map(|i| open + i).ok_or("expected `];` at the table's end")?;
    let mut rows: Vec<String> =
        text[open..close].split(',').map(|r| r.trim().to_owned()).filter(|r| !r.is_empty()).collect();
    let row = filled(kind.row, name);
    let path = |row: &str| row.lines().last().map(|l| l.trim().trim_start_matches('&').to_owned());
    let at = rows.iter().position(|r| path(r) > path(&row));
    rows.insert(if kind.table == "PASSES" { rows.len() } else { at.unwrap_or(rows.len()) }, row);
    text.replace_range(open..close, &format!("\n    {},\n", rows.join(",\n    ")));
    Ok(text)
}

/// A template with the names put in.
fn filled(template: &str, name: &str) -> String {
    let camel: String = name
        .split('_')
        .flat_map(|part| part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)))
        .collect();
    template.replace("NAME", name).replace("TYPE", &camel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, home: &str, name: &str, expected: &str) {
        let kind = KINDS.iter().find(|k| k.name == kind).unwrap();
        assert_eq!(registered(home, kind, name).unwrap(), expected);
    }

    #[test]
    fn a_leaf_gets_its_two_lines_in_order() {
        check(
            "layer",
            "mod activation;\nmod conv;\n\npub const FAMILIES: &[X] = &[activation::FAMILY, conv::FAMILY];\n",
            "attention",
            "mod activation;\nmod attention;\nmod conv;\n\npub const FAMILIES: &[X] = &[\n    activation::FAMILY,\n    \
             attention::FAMILY,\n    conv::FAMILY,\n];\n",
        );
        check(
            "format",
            "pub mod onnx;\n\npub static FORMATS: &[&dyn Format] = &[&onnx::Onnx];\n",
            "tf_lite",
            "pub mod onnx;\npub mod tf_lite;\n\npub static FORMATS: &[&dyn Format] = &[\n    &onnx::Onnx,\n    \
             &tf_lite::TfLite,\n];\n",
        );
        check(
            "pass",
            "mod trunk;\n\npub static PASSES: &[&Pass] =\n    &[&trunk::PASS];\n",
            "fold",
            "mod fold;\nmod trunk;\n\npub static PASSES: &[&Pass] =\n    &[\n    &trunk::PASS,\n    &fold::PASS,\n];\n",
        );
    }

    #[test]
    fn conditions_stay_with_their_lines() {
        check(
            "output",
            "#[cfg(feature = \"pdf\")]\nmod pdf;\nmod svg;\n\npub static OUTPUTS: &[&dyn Output] = &[\n    \
             #[cfg(feature = \"pdf\")]\n    &pdf::Pdf,\n    &svg::Svg,\n];\n",
            "html",
            "mod html;\n#[cfg(feature = \"pdf\")]\nmod pdf;\nmod svg;\n\npub static OUTPUTS: &[&dyn Output] = &[\n    \
             &html::Html,\n    #[cfg(feature = \"pdf\")]\n    &pdf::Pdf,\n    &svg::Svg,\n];\n",
        );
    }

    #[test]
    fn a_table_that_is_not_there_is_told() {
        assert!(registered("mod a;\n", &KINDS[0], "b").is_err());
        assert!(registered("", &KINDS[0], "b").is_err());
    }

    #[test]
    fn every_kind_fits_the_file_of_its_table() {
        for kind in KINDS {
            let home = workspace::root().join(kind.folder).join("mod.rs");
            let text = std::fs::read_to_string(&home).unwrap();
            let text = registered(&text, kind, "zebra").unwrap();
            assert!(text.contains("mod zebra;") && text.contains("zebra::"), "{}", kind.name);
            assert!(filled(kind.template, "zebra").starts_with("//! "), "{}", kind.name);
        }
    }
}
