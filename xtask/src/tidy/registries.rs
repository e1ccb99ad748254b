//! Every leaf is in the table of its folder, in order, says what it is, and documents what it gives away.

use super::{Check, Problem, before_tests};
use crate::workspace::{File, Workspace};

/// The row of this check.
pub const CHECK: Check =
    Check { name: "registries", about: "every leaf is in its folder's table, in order, documented", find };

/// A folder of leaves and the table that lists them.
struct Registry {
    /// The folder, from the root.
    folder: &'static str,
    /// The file of the table.
    home: &'static str,
    /// The name of the table.
    table: &'static str,
    order: Order,
    /// Files of the folder that are no leaves, each with what it is.
    beside: &'static [(&'static str, &'static str)],
}

/// How a table is ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By file name, so that a new row has one place.
    ByName,
    /// By what the rows do; the table says how.
    ByMeaning,
}

const REGISTRIES: &[Registry] = &[
    Registry {
        folder: "crates/netloom-graph/src/layers",
        home: "crates/netloom-graph/src/layers/mod.rs",
        table: "FAMILIES",
        order: Order::ByName,
        beside: &[
            ("check", "the tests' way to write shape rules as text"),
            ("channels", "where channels stand in data and kernels"),
            ("rules", "shape rules that families share"),
            ("window", "shapes of convolution and pooling windows"),
        ],
    },
    Registry {
        folder: "crates/netloom-graph/src/lift",
        home: "crates/netloom-graph/src/lift/mod.rs",
        table: "RULES",
        order: Order::ByMeaning,
        beside: &[
            ("cone", "what only serves one tensor, for rules that take it in"),
            ("dead", "what nothing reads any more, for all rules"),
            ("expression", "formulas as trees, for rules that match one"),
            ("gates", "gates of recurrent cells, for the rules of cells"),
            ("reach", "what outputs depend on, before and after"),
            ("rewrite", "groups replaced by nodes, with what they stand for"),
            ("source", "questions that rules ask of a graph"),
            ("tests", "tests of all rules together"),
        ],
    },
    Registry {
        folder: "crates/netloom-graph/src/units",
        home: "crates/netloom-graph/src/units/mod.rs",
        table: "UNITS",
        order: Order::ByMeaning,
        beside: &[
            ("seek", "questions that rules ask of a lifted graph"),
            ("tests", "tests of all rules together"),
        ],
    },
    Registry {
        folder: "crates/netloom-import/src/formats",
        home: "crates/netloom-import/src/formats/mod.rs",
        table: "FORMATS",
        order: Order::ByName,
        beside: &[("inside", "models inside archives")],
    },
    Registry {
        folder: "crates/netloom-import/src/formats/keras/layers",
        home: "crates/netloom-import/src/formats/keras/layers/mod.rs",
        table: "FAMILIES",
        order: Order::ByName,
        beside: &[
            ("custom", "layers of classes that are not known"),
            ("ops", "operations between layers, told by their module"),
        ],
    },
    Registry {
        folder: "crates/netloom-import/src/formats/loom/layers",
        home: "crates/netloom-import/src/formats/loom/layers/mod.rs",
        table: "FAMILIES",
        order: Order::ByName,
        beside: &[],
    },
    Registry {
        folder: "crates/netloom-diagram/src/view",
        home: "crates/netloom-diagram/src/view/mod.rs",
        table: "PASSES",
        order: Order::ByMeaning,
        beside: &[
            ("build", "the first view, before any pass"),
            ("callouts", "detail figures of closed boxes, made from two views"),
            ("calls", "which operators belong to which call of a module"),
            ("elide", "the last resort for what fits no page"),
            ("ends", "what inputs and outputs are called"),
            ("flow", "which operators carry data, for all passes"),
            ("groups", "layers that the first view draws as one box"),
            ("look", "colours, numbers and pictures that boxes are given"),
            ("patterns", "what the box of a manual pattern says"),
            ("tables", "what look-ups and stored rows of features are called"),
            ("words", "what a box of the first view says"),
        ],
    },
    Registry {
        folder: "crates/netloom-diagram/src/notations",
        home: "crates/netloom-diagram/src/notations/mod.rs",
        table: "NOTATIONS",
        order: Order::ByName,
        beside: &[],
    },
    Registry {
        folder: "crates/netloom-diagram/src/styles",
        home: "crates/netloom-diagram/src/styles/mod.rs",
        table: "STYLES",
        order: Order::ByName,
        beside: &[
            ("auto", "which style suits a model"),
            ("caption", "name, totals and legend below a figure of any style"),
            ("rowed", "tensors in rows, for the styles of maps and units"),
            ("settings", "what can be set about a style"),
            ("sheet", "a body and its caption on one canvas"),
            ("value", "numbers and pictures at boxes of any style"),
        ],
    },
    Registry {
        folder: "crates/netloom-export/src/outputs",
        home: "crates/netloom-export/src/outputs/mod.rs",
        table: "OUTPUTS",
        order: Order::ByName,
        beside: &[],
    },
    Registry {
        folder: "xtask/src/tidy",
        home: "xtask/src/tidy/mod.rs",
        table: "CHECKS",
        order: Order::ByName,
        beside: &[],
    },
    Registry {
        folder: "xtask/src",
        home: "xtask/src/main.rs",
        table: "COMMANDS",
        order: Order::ByName,
        beside: &[("workspace", "where things are, for all commands")],
    },
];

fn find(workspace: &Workspace) -> Vec<Problem> {
    REGISTRIES.iter().flat_map(|registry| check(workspace, registry)).collect()
}

fn check(workspace: &Workspace, registry: &Registry) -> Vec<Problem> {
    let leaves = leaves(workspace, registry);
    if leaves.is_empty() {
        return Vec::new();
    }
    let home = registry.home;
    let Some(text) = workspace.text(home) else {
        return vec![Problem::new(home, 0, format!("expected the table {}, found no file", registry.table))];
    };
    let Some((line, rows)) = rows(text, registry.table) else {
        return vec![Problem::new(home, 0, format!("expected the table {}, found none", registry.table))];
    };
    let mut problems = Vec::new();
    for (name, file) in &leaves {
        if !rows.iter().any(|row| row == name) {
            problems.push(Problem::new(
                &file.path,
                0,
                format!("expected a row of `{name}` in {}", registry.table),
            ));
        }
        problems.extend(undocumented(file));
    }
    for row in &rows {
        if !leaves.iter().any(|(name, _)| name == row) {
            let folder = registry.folder;
            problems.push(Problem::new(home, line, format!("`{row}` is a row but no leaf of {folder}")));
        }
    }
    if registry.order == Order::ByName
        && let Some(pair) = rows.windows(2).find(|pair| pair[0] > pair[1])
    {
        problems.push(Problem::new(home, line, format!("`{}` must stand before `{}`", pair[1], pair[0])));
    }
    problems
}

/// The leaves of a folder by name: files, and folders by their `mod.rs`.
fn leaves<'a>(workspace: &'a Workspace, registry: &Registry) -> Vec<(&'a str, &'a File)> {
    let leaf = |file: &'a File| {
        let rest = file.path.strip_prefix(registry.folder)?.strip_prefix('/')?;
        let name = rest.strip_suffix("/mod.rs").or_else(|| rest.strip_suffix(".rs"))?;
        let apart = matches!(name, "mod" | "main" | "lib")
            || registry.beside.iter().any(|(beside, _)| *beside == name);
        (!name.contains('/') && !apart).then_some((name, file))
    };
    workspace.rust().filter_map(leaf).collect()
}

/// The modules that a table names, in its order without repeats, and the line where it starts.
fn rows<'a>(text: &'a str, table: &str) -> Option<(usize, Vec<&'a str>)> {
    let start = ["const", "static"].iter().find_map(|word| text.find(&format!("{word} {table}:")))?;
    let line = text[..start].matches('\n').count() + 1;
    let body = &text[start..];
    let body = &body[body.find('=')?..body.find("];")?];
    let mut rows: Vec<&str> = Vec::new();
    for (at, _) in body.match_indices("::") {
        let before = &body[..at];
        let from = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + 1);
        let name = &before[from..];
        let is_module = name.starts_with(|c: char| c.is_ascii_lowercase());
        if is_module && !rows.contains(&name) {
            rows.push(name);
        }
    }
    Some((line, rows))
}

/// Public items without a doc comment; the compiler sees only those that leave the crate.
fn undocumented(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut documented = false;
    // Fields of a struct that stays in its crate are its own business.
    let mut private = false;
    for (i, line) in before_tests(&file.text).lines().enumerate() {
        let line = line.trim_start();
        let item =
            line.strip_prefix("pub ").filter(|rest| !rest.starts_with("use ") && !rest.starts_with("mod "));
        if line.contains("struct ") {
            private = !line.starts_with("pub struct ");
        } else if line == "}" {
            private = false;
        }
        if let Some(item) = item
            && !documented
            && !private
        {
            let name = item.split(['(', '{', '=', ';', ':']).next().unwrap_or_default().trim();
            problems.push(Problem::new(&file.path, i + 1, format!("expected `///` above `{name}`")));
        }
        documented =
            line.starts_with("///") || (documented && (line.starts_with("#[") || line.ends_with(")]")));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::said;
    use super::*;

    const HOME: &str = "crates/netloom-graph/src/layers/mod.rs";
    const TABLE: &str =
        "/// Families.\npub const FAMILIES: &[&[Layer]] = &[activation::FAMILY, conv::FAMILY];\n";
    const LEAF: &str = "//! A family of layers.\n\n/// The layers.\npub const FAMILY: &[Layer] = &[];\n";

    fn check(home: &str, leaves: &[(&str, &str)], expected: &[&str]) {
        let paths: Vec<(String, &str)> =
            leaves.iter().map(|(n, t)| (format!("crates/netloom-graph/src/layers/{n}"), *t)).collect();
        let mut files: Vec<(&str, &str)> = paths.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        files.push((HOME, home));
        assert_eq!(said(&CHECK, &files), expected);
    }

    #[test]
    fn a_leaf_is_a_file_and_a_row() {
        check(TABLE, &[("activation.rs", LEAF), ("conv.rs", LEAF), ("rules.rs", "")], &[]);
        check(TABLE, &[("activation.rs", LEAF), ("conv/mod.rs", LEAF), ("conv/cost.rs", "")], &[]);
        check(
            TABLE,
            &[("activation.rs", LEAF), ("conv.rs", LEAF), ("pool.rs", LEAF)],
            &["crates/netloom-graph/src/layers/pool.rs: expected a row of `pool` in FAMILIES"],
        );
        check(
            TABLE,
            &[("activation.rs", LEAF)],
            &[
                "crates/netloom-graph/src/layers/mod.rs:2: `conv` is a row but no leaf of crates/netloom-graph/src/layers",
            ],
        );
        check(
            "",
            &[("conv.rs", LEAF)],
            &["crates/netloom-graph/src/layers/mod.rs: expected the table FAMILIES, found none"],
        );
    }

    #[test]
    fn rows_stand_in_order() {
        check(
            "pub static FAMILIES: &[X] = &[conv::FAMILY,\n activation::FAMILY];",
            &[("activation.rs", LEAF), ("conv.rs", LEAF)],
            &["crates/netloom-graph/src/layers/mod.rs:1: `activation` must stand before `conv`"],
        );
    }

    #[test]
    fn public_items_are_documented() {
        let bare =
            "//! A family of layers.\n\n#[derive(Debug)]\npub struct Conv {\n    pub kernel: u32,\n}\n";
        let path = "crates/netloom-graph/src/layers/conv.rs";
        let own = "//! A family of layers.\n\nstruct Conv {\n    pub kernel: u32,\n}\n";
        check(TABLE, &[("activation.rs", LEAF), ("conv.rs", own)], &[]);
        check(
            TABLE,
            &[("activation.rs", LEAF), ("conv.rs", bare)],
            &[
                &format!("{path}:4: expected `///` above `struct Conv`"),
                &format!("{path}:5: expected `///` above `kernel`"),
            ],
        );
    }

    #[test]
    fn files_beside_the_leaves_are_argued() {
        for registry in REGISTRIES {
            assert!(registry.beside.iter().all(|(_, what)| !what.is_empty()), "{}", registry.table);
        }
    }
}
