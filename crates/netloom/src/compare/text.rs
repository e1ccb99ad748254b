//! A comparison in lines for a terminal.

use std::collections::{BTreeMap, BTreeSet};

use netloom_diagram::number::{grouped, si};
use netloom_diagram::plain::printable;
use netloom_graph::diff::{Block, Group, Quantized, What};
use netloom_graph::{Graph, ModuleId, NodeId};

use super::{Comparison, label};

/// The most lines of one section; the rest is counted.
const MAX_LINES: usize = 24;
/// The most places that are named on a line.
const MAX_PLACES: usize = 3;

/// Terminal colours of what is added, removed and changed, of headings and of what matters less.
const COLORS: [(&str, &str); 5] = [("+", "32"), ("−", "31"), ("~", "33"), ("#", "1"), (".", "2")];

struct Page {
    out: String,
    color: bool,
}

impl Page {
    fn line(&mut self, mark: &str, text: &str) {
        let shown = if matches!(mark, "#" | ".") { text.to_owned() } else { format!("  {mark} {text}") };
        let code = COLORS.iter().find(|(m, _)| *m == mark).map(|(_, code)| *code);
        // Names come from files and may hold anything.
        let shown = printable(&shown);
        match code {
            Some(code) if self.color => self.out += &format!("\x1b[{code}m{shown}\x1b[0m\n"),
            _ => self.out += &format!("{shown}\n"),
        }
    }

    fn section(&mut self, title: &str, mark: &str, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        self.out.push('\n');
        self.line("#", title);
        let n = lines.len();
        for line in lines.into_iter().take(MAX_LINES) {
            self.line(mark, &line);
        }
        if n > MAX_LINES {
            self.line(".", &format!("    … and {} more lines (--json lists all)", n - MAX_LINES));
        }
    }
}

pub(super) fn text(found: &Comparison, color: bool) -> String {
    let mut page = Page { out: String::new(), color };
    let diff = &found.diff;
    page.line("#", &format!("{} → {}", found.names[0], found.names[1]));
    for line in totals(found) {
        page.line("", &line);
    }
    if diff.is_empty() {
        page.out.push('\n');
        let same = if diff.before.parameters == diff.after.parameters {
            "parameters equal"
        } else {
            "parameters differ"
        };
        page.line("#", &format!("no structural difference; {same}"));
    }
    let quantized = quantized(&diff.before.quantized, &diff.after.quantized);
    page.section("quantisation", "~", quantized);
    page.section("inputs and outputs", "~", ports(found));
    page.section("blocks", "~", repeats(found));
    let (before, after) = (&found.before.graph, &found.after.graph);
    let title = |what: &str, n: usize| format!("{what}: {}", operators(n));
    page.section(&title("added", diff.added.len()), "+", alone(after, &diff.added, &diff.added_blocks));
    page.section(
        &title("removed", diff.removed.len()),
        "−",
        alone(before, &diff.removed, &diff.removed_blocks),
    );
    page.section(&title("changed", diff.changed()), "~", changes(found));
    if diff.before.movement != diff.after.movement {
        page.out.push('\n');
        page.line(".", &format!("not compared: {}", movement(&diff.before.movement, &diff.after.movement)));
    }
    // A line without a mark has none of the room for one either.
    page.out.replace("\n   ", "\n  ").replace("     … and", "    … and")
}

fn operators(n: usize) -> String {
    if n == 1 { "1 operator".to_owned() } else { format!("{} operators", grouped(n as u64)) }
}

/// What both amount to, in columns.
fn totals(found: &Comparison) -> Vec<String> {
    let (a, b) = (&found.diff.before, &found.diff.after);
    let macs = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), si);
    let step = |x: u64, y: u64| match x.cmp(&y) {
        std::cmp::Ordering::Equal => "equal".to_owned(),
        std::cmp::Ordering::Less => format!("+{}", si(y - x)),
        std::cmp::Ordering::Greater => format!("−{}", si(x - y)),
    };
    let rows = [
        ["parameters".to_owned(), si(a.parameters), si(b.parameters), step(a.parameters, b.parameters)],
        [
            "MACs".to_owned(),
            macs(a.macs),
            macs(b.macs),
            a.macs.zip(b.macs).map_or_else(String::new, |(x, y)| step(x, y)),
        ],
        [
            "operators".to_owned(),
            a.operators.to_string(),
            b.operators.to_string(),
            format!("+{} −{} ~{}", found.diff.added.len(), found.diff.removed.len(), found.diff.changed()),
        ],
    ];
    let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
    let pad = |s: &str, n: usize| format!("{}{s}", " ".repeat(n - s.chars().count()));
    rows.iter()
        .map(|r| format!("{:<10}  {} → {}   {}", r[0], pad(&r[1], width(1)), pad(&r[2], width(2)), r[3]))
        .collect()
}

fn quantized(before: &Quantized, after: &Quantized) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let types = |q: &Quantized| {
        let types: Vec<String> = q.dtypes.iter().map(|(d, n)| format!("{n} {d}")).collect();
        types.join(", ")
    };
    let rows = [
        ("QuantizeLinear / DequantizeLinear pairs on activations", before.activations, after.activations),
        ("DynamicQuantizeLinear on activations", before.dynamic, after.dynamic),
        ("stored tensors in whole numbers", before.weights, after.weights),
        ("operators on whole numbers", before.operators, after.operators),
    ];
    let mut lines: Vec<String> =
        rows.iter().filter(|(_, x, y)| x != y).map(|(what, x, y)| format!("{what}: {x} → {y}")).collect();
    if before.dtypes != after.dtypes {
        let text = |q| Some(types(q)).filter(|t| !t.is_empty()).unwrap_or_else(|| "none".to_owned());
        lines.push(format!("tensors by type: {} → {}", text(before), text(after)));
    }
    lines
}

fn ports(found: &Comparison) -> Vec<String> {
    let name = |p: &netloom_graph::diff::Port| {
        let graph = if p.after.is_some() { &found.after.graph } else { &found.before.graph };
        let list = if p.is_output { &graph.outputs } else { &graph.inputs };
        let name = list.get(p.index).map_or("", |t| graph.tensor(*t).name.as_str());
        format!("{} {} {name}", if p.is_output { "output" } else { "input" }, p.index + 1)
    };
    let text = |t: &Option<String>| t.clone().unwrap_or_else(|| "none".to_owned());
    found
        .diff
        .ports
        .iter()
        .map(|p| format!("{}: {} → {}", name(p).trim_end(), text(&p.before), text(&p.after)))
        .collect()
}

fn repeats(found: &Comparison) -> Vec<String> {
    let rows: Vec<(String, String)> = found
        .diff
        .repeats
        .iter()
        .map(|r| {
            let path = path(&found.after.graph, r.after_in);
            (path, format!("{} ×{} → ×{}", r.block, r.before.len(), r.after.len()))
        })
        .collect();
    let width = rows.iter().map(|(p, _)| p.chars().count()).max().unwrap_or(0);
    rows.into_iter().map(|(p, what)| format!("{p:<width$}  {what}")).collect()
}

fn path(graph: &Graph, module: ModuleId) -> String {
    let path = &graph.module(module).path;
    if path.is_empty() { "model".to_owned() } else { path.clone() }
}

/// Blocks by the module they stand in and their class, then single operators by what they are.
fn alone(graph: &Graph, nodes: &[NodeId], blocks: &[Block]) -> Vec<String> {
    let mut found: Vec<(Option<ModuleId>, String, Vec<&Block>)> = Vec::new();
    for block in blocks {
        let module = graph.module(block.module);
        let class = module.class.clone().unwrap_or_default();
        match found.last_mut() {
            Some((parent, c, list)) if *parent == module.parent && *c == class => list.push(block),
            _ => found.push((module.parent, class, vec![block])),
        }
    }
    let mut lines: Vec<String> = found
        .iter()
        .map(|(_, class, list)| {
            let count: usize = list.iter().map(|b| b.operators).sum();
            let what = match (class.is_empty(), list.len()) {
                (true, 1) => "block".to_owned(),
                (true, n) => format!("{n} blocks"),
                (false, 1) => class.clone(),
                (false, n) => format!("{n} {class}"),
            };
            let places = places(list.iter().map(|b| path(graph, b.module)).collect());
            format!("{places}: {what}, {}", operators(count))
        })
        .collect();
    let whole: BTreeSet<ModuleId> = blocks.iter().map(|b| b.module).collect();
    let inside = |id: &NodeId| {
        let mut module = Some(graph.node(*id).module);
        while let Some(m) = module {
            if whole.contains(&m) {
                return true;
            }
            module = graph.module(m).parent;
        }
        false
    };
    let mut singles: Vec<(String, Vec<String>)> = Vec::new();
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    for id in nodes.iter().filter(|n| !inside(n)) {
        let what = label(graph, *id);
        let i = *at.entry(what.clone()).or_insert_with(|| {
            singles.push((what, Vec::new()));
            singles.len() - 1
        });
        singles[i].1.push(graph.node_path(*id));
    }
    lines.extend(singles.into_iter().map(|(what, paths)| {
        let count = if paths.len() > 1 { format!("{} × ", paths.len()) } else { String::new() };
        format!("{count}{what}: {}", places(paths))
    }));
    lines
}

fn places(paths: Vec<String>) -> String {
    let more = paths.len().saturating_sub(MAX_PLACES);
    let mut text = paths.into_iter().take(MAX_PLACES).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}

fn changes(found: &Comparison) -> Vec<String> {
    let groups = &found.diff.groups;
    let mut lines: Vec<String> = groups.iter().filter(|g| !g.implied).map(|g| change(found, g)).collect();
    let implied: usize = groups.iter().filter(|g| g.implied).map(|g| g.pairs.len()).sum();
    if implied > 0 {
        let what = if implied == 1 {
            "stored tensor has".to_owned()
        } else {
            format!("{implied} stored tensors have")
        };
        lines.push(format!("{what} another shape as a consequence"));
    }
    lines
}

fn change(found: &Comparison, group: &Group) -> String {
    let kinds: Vec<String> =
        group.kinds.iter().map(|(k, n)| if *n > 1 { format!("{n} {k}") } else { k.clone() }).collect();
    let head = match &group.what {
        What::Operator => format!("{} → {}", group.before, group.after),
        what => format!("{} {} → {}", what.name(), group.before, group.after),
    };
    let n = group.pairs.len();
    if n > MAX_PLACES {
        let kinds = if matches!(group.what, What::Operator) {
            String::new()
        } else {
            format!(": {}", kinds.join(", "))
        };
        return format!("{head} in {}{kinds}", operators(n));
    }
    let graph = &found.after.graph;
    let paths = group.pairs.iter().map(|p| graph.node_path(found.diff.pairs[*p].after)).collect();
    format!("{head}: {}", places(paths))
}

fn movement(before: &BTreeMap<String, usize>, after: &BTreeMap<String, usize>) -> String {
    let mut kinds: Vec<&String> = before.keys().chain(after.keys()).collect();
    kinds.sort();
    kinds.dedup();
    let count = |m: &BTreeMap<String, usize>, k: &str| m.get(k).copied().unwrap_or(0);
    let rows: Vec<String> = kinds
        .into_iter()
        .filter(|k| count(before, k) != count(after, k))
        .map(|k| format!("{k} {} → {}", count(before, k), count(after, k)))
        .collect();
    format!("movement of data ({})", rows.join(", "))
}
