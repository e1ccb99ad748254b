//! D2, the diagram language of Terrastruct.

use netloom_layout::Direction;

use super::{Notation, Sheet, Step, hex, one_line, sign};
use crate::view::NodeKind;

pub(super) static NOTATION: Notation =
    Notation { name: "d2", about: "boxes, containers and connections for D2", extensions: &["d2"], write };

fn write(sheet: &Sheet<'_>) -> String {
    let theme = sheet.theme;
    let direction = match sheet.direction {
        Direction::Down => "down",
        Direction::Up => "up",
        Direction::Right => "right",
        Direction::Left => "left",
    };
    let mut out = format!("# {}\ndirection: {direction}\n", one_line(&sheet.name));
    let mut depth = 0;
    for step in sheet.nested() {
        let indent = "  ".repeat(depth);
        match step {
            Step::Open(i) => {
                let node = &sheet.view.nodes[i];
                let swatch = node.swatch(theme);
                out += &format!("{indent}n{i}: {} {{\n", label(&sheet.lines(node)));
                out += &format!(
                    "{indent}  style: {{ border-radius: 8; fill: \"{}\"; stroke: \"{}\"; font-color: \"{}\" }}\n",
                    hex(theme.container_fill(&swatch)),
                    hex(theme.container_stroke_color(&swatch)),
                    hex(theme.ink)
                );
                depth += 1;
            }
            Step::Close => {
                depth -= 1;
                out += &format!("{}}}\n", "  ".repeat(depth));
            }
            Step::Node(i) => out += &format!("{indent}n{i}: {}\n", shape(sheet, i)),
        }
    }
    for (edge, size) in sheet.view.edges.iter().zip(sheet.sizes()) {
        let words: Vec<String> = size.into_iter().chain(edge.port.map(str::to_owned)).collect();
        let words = if words.is_empty() { String::new() } else { format!(": {}", label(&words)) };
        let style = if edge.projected || edge.back { " { style.stroke-dash: 4 }" } else { "" };
        let colon = if words.is_empty() && !style.is_empty() { ":" } else { "" };
        out +=
            &format!("{} -> {}{words}{colon}{style}\n", path(sheet, edge.source), path(sheet, edge.target));
    }
    out
}

fn shape(sheet: &Sheet<'_>, i: usize) -> String {
    let (node, theme) = (&sheet.view.nodes[i], sheet.theme);
    if node.kind == NodeKind::Merge {
        let text = label(&[sign(node).to_owned()]);
        return format!(
            "{text} {{ shape: circle; width: 36; height: 36; style: {{ fill: \"{}\"; stroke: \"{}\" }} }}",
            hex(theme.background),
            hex(theme.edge)
        );
    }
    let text = label(&sheet.lines(node));
    match sheet.swatch(node) {
        None => format!("{text} {{ shape: text; style.font-color: \"{}\" }}", hex(theme.ink)),
        Some(swatch) => {
            let fill = if node.kind == NodeKind::Module { theme.module_fill(&swatch) } else { swatch.fill };
            format!(
                "{text} {{ style: {{ border-radius: 3; fill: \"{}\"; stroke: \"{}\"; font-color: \"{}\" }}; tooltip: {} }}",
                hex(fill),
                hex(swatch.stroke),
                hex(swatch.text),
                label(&[node.key.subject().to_owned()])
            )
        }
    }
}

/// A box by the containers around it.
fn path(sheet: &Sheet<'_>, node: usize) -> String {
    let mut path = vec![format!("n{node}")];
    let mut at = node;
    // Frames stand before what they hold, so the way out ends.
    while let Some(parent) = sheet.view.nodes[at].parent.filter(|p| *p < at) {
        path.push(format!("n{parent}"));
        at = parent;
    }
    path.reverse();
    path.join(".")
}

/// A quoted text; `$` would begin a variable.
fn label(lines: &[String]) -> String {
    let plain: Vec<String> = lines
        .iter()
        .map(|l| one_line(l).replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
        .collect();
    format!("\"{}\"", plain.join("\\n"))
}
