//! DOT, for Graphviz.

use netloom_layout::Direction;
use netloom_scene::Theme;

use super::{Notation, Sheet, Step, hex, one_line, sign};
use crate::view::NodeKind;

pub(super) static NOTATION: Notation = Notation {
    name: "dot",
    about: "boxes and arrows for Graphviz, modules as clusters",
    extensions: &["dot", "gv"],
    write,
};

fn write(sheet: &Sheet<'_>) -> String {
    let theme = sheet.theme;
    let rank = match sheet.direction {
        Direction::Down => "TB",
        Direction::Up => "BT",
        Direction::Right => "LR",
        Direction::Left => "RL",
    };
    let mut out = format!("digraph {} {{\n", quote(&sheet.name));
    let font = "Helvetica,Arial,sans-serif";
    out += &format!(
        "  graph [rankdir={rank}, bgcolor=\"{}\", fontname=\"{font}\", fontcolor=\"{}\"",
        hex(theme.background),
        hex(theme.ink)
    );
    out += &format!(", label={}, labelloc=b, fontsize=11, nodesep=0.25, ranksep=0.3]\n", quote(&sheet.name));
    out += &format!(
        "  node [shape=box, style=\"filled,rounded\", fontname=\"{font}\", fontsize=10, height=0.3, margin=\"0.1,0.05\"]\n"
    );
    out += &format!(
        "  edge [color=\"{}\", fontname=\"{font}\", fontsize=9, fontcolor=\"{}\", arrowsize=0.6]\n",
        hex(theme.edge),
        hex(theme.muted)
    );
    let mut depth = 1;
    for step in sheet.nested() {
        match step {
            Step::Open(i) => {
                let node = &sheet.view.nodes[i];
                let swatch = node.swatch(theme);
                let indent = "  ".repeat(depth);
                out += &format!("{indent}subgraph cluster_{i} {{\n");
                out += &format!(
                    "{indent}  graph [label={}, labelloc=t, labeljust=l, style=rounded, bgcolor=\"{}\", color=\"{}\"]\n",
                    label(&sheet.lines(node)),
                    hex(theme.container_fill(&swatch)),
                    hex(theme.container_stroke_color(&swatch)),
                );
                depth += 1;
            }
            Step::Close => {
                depth -= 1;
                out += &format!("{}}}\n", "  ".repeat(depth));
            }
            Step::Node(i) => out += &format!("{}n{i} [{}]\n", "  ".repeat(depth), looks(sheet, i, theme)),
        }
    }
    for (edge, size) in sheet.view.edges.iter().zip(sheet.sizes()) {
        let mut settings = Vec::new();
        settings.extend(size.map(|s| format!("label={}", quote(&s))));
        if edge.projected {
            settings.push("style=dashed".to_owned());
        }
        if edge.back {
            settings.push("constraint=false".to_owned());
        } else if edge.trunk {
            settings.push("weight=8".to_owned());
        }
        settings.extend(edge.port.map(|p| format!("headlabel={}", quote(p))));
        let settings =
            if settings.is_empty() { String::new() } else { format!(" [{}]", settings.join(", ")) };
        out += &format!("  n{} -> n{}{settings}\n", edge.source, edge.target);
    }
    out += "}\n";
    out
}

fn looks(sheet: &Sheet<'_>, i: usize, theme: &Theme) -> String {
    let node = &sheet.view.nodes[i];
    match node.kind {
        NodeKind::Merge => format!(
            "label={}, shape=circle, style=filled, fillcolor=\"{}\", color=\"{}\", width=0.22, fixedsize=true",
            quote(sign(node)),
            hex(theme.background),
            hex(theme.edge)
        ),
        _ => match sheet.swatch(node) {
            None => format!(
                "label={}, shape=plaintext, style=\"\", fontcolor=\"{}\"",
                label(&sheet.lines(node)),
                hex(theme.ink)
            ),
            Some(swatch) => {
                let fill =
                    if node.kind == NodeKind::Module { theme.module_fill(&swatch) } else { swatch.fill };
                format!(
                    "label={}, fillcolor=\"{}\", color=\"{}\", fontcolor=\"{}\", tooltip={}",
                    label(&sheet.lines(node)),
                    hex(fill),
                    hex(swatch.stroke),
                    hex(swatch.text),
                    quote(node.key.subject())
                )
            }
        },
    }
}

/// A quoted string: only the quote and the backslash mean something inside.
fn quote(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

fn label(lines: &[String]) -> String {
    let quoted: Vec<String> = lines.iter().map(|l| quote(l).trim_matches('"').to_owned()).collect();
    format!("\"{}\"", quoted.join("\\n"))
}
