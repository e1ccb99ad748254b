//! Mermaid, for Markdown pages that draw it, such as those of GitHub and GitLab.

use std::collections::BTreeMap;

use netloom_layout::Direction;
use netloom_scene::Swatch;

use super::{Notation, Sheet, Step, hex, one_line, sign};
use crate::view::NodeKind;

pub(super) static NOTATION: Notation = Notation {
    name: "mermaid",
    about: "a flowchart for Markdown pages, modules as subgraphs",
    extensions: &["mmd", "mermaid"],
    write,
};

/// The number of arrows beyond which Mermaid asks for `maxEdges` in its settings.
const MAX_EDGES: usize = 500;

fn write(sheet: &Sheet<'_>) -> String {
    let theme = sheet.theme;
    let rank = match sheet.direction {
        Direction::Down => "TB",
        Direction::Up => "BT",
        Direction::Right => "LR",
        Direction::Left => "RL",
    };
    let mut out = String::new();
    if sheet.view.edges.len() > MAX_EDGES {
        out += &format!("%%{{init: {{\"maxEdges\": {}}}}}%%\n", sheet.view.edges.len());
    }
    out += &format!("flowchart {rank}\n");
    out += &format!("  accTitle: {}\n", one_line(&sheet.name));
    let mut classes: BTreeMap<&'static str, Swatch> = BTreeMap::new();
    let mut depth = 1;
    for step in sheet.nested() {
        let indent = "  ".repeat(depth);
        match step {
            Step::Open(i) => {
                out += &format!("{indent}subgraph n{i} [{}]\n", label(&sheet.lines(&sheet.view.nodes[i])));
                depth += 1;
            }
            Step::Close => {
                depth -= 1;
                out += &format!("{}end\n", "  ".repeat(depth));
            }
            Step::Node(i) => {
                let node = &sheet.view.nodes[i];
                let own = node.look.swatch.is_none().then_some(node.category.name());
                let (open, close, class) = match (node.kind, sheet.swatch(node)) {
                    (NodeKind::Merge, _) => ("((", "))", Some("join")),
                    (_, None) => ("(", ")", Some("words")),
                    (_, Some(swatch)) => {
                        if let Some(class) = own {
                            classes.insert(class, swatch);
                        }
                        ("[", "]", own)
                    }
                };
                let text = if node.kind == NodeKind::Merge {
                    label(&[sign(node).to_owned()])
                } else {
                    label(&sheet.lines(node))
                };
                let class = class.map(|c| format!(":::{c}")).unwrap_or_default();
                out += &format!("{indent}n{i}{open}{text}{close}{class}\n");
                if let (None, Some(s)) = (own, sheet.swatch(node)) {
                    out += &format!("{indent}style n{i} {}\n", colors(&s));
                }
            }
        }
    }
    for (edge, size) in sheet.view.edges.iter().zip(sheet.sizes()) {
        let words: Vec<String> = size.into_iter().chain(edge.port.map(str::to_owned)).collect();
        let words = if words.is_empty() { String::new() } else { format!("|{}|", label(&words)) };
        let arrow = if edge.projected || edge.back { "-.->" } else { "-->" };
        out += &format!("  n{} {arrow}{words} n{}\n", edge.source, edge.target);
    }
    for (class, swatch) in &classes {
        out += &format!("  classDef {class} {}\n", colors(swatch));
    }
    out += &format!(
        "  classDef join fill:{},stroke:{},color:{}\n",
        hex(theme.background),
        hex(theme.edge),
        hex(theme.ink)
    );
    out += &format!("  classDef words fill:none,stroke:none,color:{}\n", hex(theme.ink));
    out
}

fn colors(swatch: &Swatch) -> String {
    format!("fill:{},stroke:{},color:{}", hex(swatch.fill), hex(swatch.stroke), hex(swatch.text))
}

/// Quoted text: what Mermaid or HTML would obey is written as a character code.
fn label(lines: &[String]) -> String {
    let plain = |line: &String| -> String {
        let mut out = String::new();
        for c in one_line(line).chars() {
            match c {
                '"' | '<' | '>' | '&' | '#' | ';' | '`' | '\\' | '|' | '{' | '}' => {
                    out += &format!("#{};", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out
    };
    let lines: Vec<String> = lines.iter().map(plain).collect();
    format!("\"{}\"", lines.join("<br/>"))
}
