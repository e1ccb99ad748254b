//! `summary`: a table for people, one line per module or layer, totals below.

use netloom_diagram::number::{grouped, percent, shape, si};
use netloom_diagram::plain::printable;
use netloom_graph::summary::summary;
use netloom_graph::{Graph, ModuleId, NodeId, layers};

use crate::description;

/// The width of the description, characters.
const LINE: usize = 100;
/// The most lines of a table; the rest is counted.
const MAX_LINES: usize = 4000;

enum Row {
    Module(ModuleId),
    Node(NodeId),
}

/// The summary of a model as a table; modules nested deeper than `depth` are one line each, `None` shows all.
pub fn table(graph: &Graph, name: &str, depth: Option<u32>) -> String {
    let counted = summary(graph);
    let mut lines: Vec<[String; 5]> = Vec::new();
    let mut hidden = 0usize;
    // Depth-first without recursion: rows still to print with their indents.
    let mut stack: Vec<(Row, String, bool, u32)> = Vec::new();
    let push_children = |stack: &mut Vec<_>, id: ModuleId, indent: &str, level: u32| {
        let module = graph.module(id);
        let mut rows: Vec<(usize, Row)> = module
            .children
            .iter()
            .map(|c| (first_node(graph, *c), Row::Module(*c)))
            .chain(module.nodes.iter().filter(|n| shown(graph, **n)).map(|n| (n.index(), Row::Node(*n))))
            .collect();
        rows.sort_by_key(|(at, _)| *at);
        let n = rows.len();
        for (i, (_, row)) in rows.into_iter().enumerate().rev() {
            stack.push((row, indent.to_owned(), i + 1 == n, level));
        }
    };
    push_children(&mut stack, graph.root(), "", 1);
    while let Some((row, indent, last, level)) = stack.pop() {
        if lines.len() >= MAX_LINES {
            hidden += 1;
            continue;
        }
        let mark = if last { "└─ " } else { "├─ " };
        let deeper = format!("{indent}{}", if last { "   " } else { "│  " });
        match row {
            Row::Module(id) => {
                let module = graph.module(id);
                let row = counted.modules.get(id.index());
                let inner: Vec<NodeId> = module.nodes.iter().copied().filter(|n| shown(graph, *n)).collect();
                let only = match (module.children.is_empty(), inner.as_slice()) {
                    (true, [n]) => Some(*n),
                    _ => None,
                };
                let what = match (&module.class, only) {
                    (_, Some(n)) => label(graph, n),
                    (Some(class), None) => class.clone(),
                    (None, None) => String::new(),
                };
                let output = row.and_then(|r| r.outputs.first());
                lines.push([
                    format!("{indent}{mark}{}", module.name),
                    what,
                    output.map_or_else(String::new, |t| shape(graph.tensor(*t).ty.shape(), true)),
                    row.map_or(0, |r| r.parameters).to_string(),
                    row.and_then(|r| r.macs).map_or_else(|| "?".to_owned(), |m| m.to_string()),
                ]);
                // A part without parts whose class the file names is a layer to its author: its operators are detail.
                let is_layer = module.children.is_empty() && module.class.is_some();
                if only.is_none() && !is_layer && depth.is_none_or(|d| level < d) {
                    push_children(&mut stack, id, &deeper, level + 1);
                }
            }
            Row::Node(id) => {
                let row = counted.nodes.get(id.index()).copied().unwrap_or_default();
                let output = graph.node(id).output(0);
                lines.push([
                    format!("{indent}{mark}{}", graph.node(id).kind()),
                    label(graph, id),
                    output.map_or_else(String::new, |t| shape(graph.tensor(t).ty.shape(), true)),
                    row.parameters.to_string(),
                    row.macs.map_or_else(|| "?".to_owned(), |m| m.to_string()),
                ]);
            }
        }
    }
    let total = counted.parameters;
    let rows: Vec<[String; 6]> = lines
        .into_iter()
        .map(|[a, b, c, p, m]| {
            let n: u64 = p.parse().unwrap_or(0);
            let number = |s: &str| {
                s.parse::<u64>()
                    .map_or_else(|_| "?".to_owned(), |n| if n == 0 { String::new() } else { grouped(n) })
            };
            let share = if n > 0 { percent(n, total) } else { String::new() };
            [a, b, c, number(&p), share, number(&m)]
        })
        .collect();
    let head = ["module", "layer", "output", "parameters", "", "MACs"].map(str::to_owned);
    let mut out = render(&head, &rows);
    if hidden > 0 {
        out += &format!("… and {hidden} more lines\n");
    }
    out += "\n";
    let source = name;
    let name =
        if graph.producer.is_empty() { name.to_owned() } else { format!("{name} ({})", graph.producer) };
    out += &format!("{name}\n");
    out += &format!("parameters  {} ({})\n", grouped(total), si(total));
    if counted.buffers > 0 {
        out += &format!("buffers     {}\n", grouped(counted.buffers));
    }
    match counted.macs {
        Some(macs) => out += &format!("MACs        {} ({})\n", grouped(macs), si(macs)),
        None => out += "MACs        unknown: some shapes are symbolic or unknown\n",
    }
    for (title, ports) in [("input", &graph.inputs), ("output", &graph.outputs)] {
        for t in ports {
            let tensor = graph.tensor(*t);
            let dtype = tensor.ty.dtype().map_or(String::new(), |d| format!(" {d}"));
            out += &format!("{title:<11} {}{dtype} {}\n", tensor.name, shape(tensor.ty.shape(), true));
        }
    }
    out += &format!("\n{}", wrapped(&description(graph, super::stem(source)), LINE));
    printable(&out)
}

/// Text in lines of at most so many characters, but for longer words.
fn wrapped(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let n = word.chars().count();
        if used > 0 && used + 1 + n > most {
            out.push('\n');
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out += word;
        used += n;
    }
    out.push('\n');
    out
}

fn shown(graph: &Graph, id: NodeId) -> bool {
    graph.node(id).kind() != "constant"
}

fn first_node(graph: &Graph, id: ModuleId) -> usize {
    let mut least = usize::MAX;
    let mut stack = vec![id];
    while let Some(m) = stack.pop() {
        let module = graph.module(m);
        least = module.nodes.iter().map(|n| n.index()).fold(least, usize::min);
        stack.extend(&module.children);
    }
    least
}

fn label(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    layers::effective(graph, node).map_or_else(|| node.op.clone(), |l| (l.label)(graph, node).title)
}

/// Columns padded to their widest cell; numbers to the right.
fn render(head: &[String; 6], rows: &[[String; 6]]) -> String {
    let count = |s: &str| s.chars().count();
    let width: Vec<usize> =
        (0..6).map(|c| rows.iter().chain([head]).map(|r| count(&r[c])).max().unwrap_or(0)).collect();
    let line = |row: &[String; 6]| {
        let mut out = String::new();
        for (c, cell) in row.iter().enumerate() {
            let pad = " ".repeat(width[c] - count(cell));
            out += &if c < 3 { format!("{cell}{pad}  ") } else { format!("{pad}{cell}  ") };
        }
        format!("{}\n", out.trim_end())
    };
    let mut out = line(head);
    out += &format!("{}\n", "─".repeat(count(out.trim_end()).max(width.iter().sum::<usize>() + 10)));
    for row in rows {
        out += &line(row);
    }
    out
}
