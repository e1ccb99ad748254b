//! The layout engines measured beside ours: how each is installed, fed and read.

use std::path::Path;
use std::process::{Command, Stdio};

use netloom_layout::LayoutInput;

use super::crossings::{Drawing, Edge};

/// A layout engine that runs as a process of its own, from the file of a graph to the file of a drawing.
pub struct Rival {
    /// The name in tables.
    pub name: &'static str,
    /// Version and how it is set, for the table's foot.
    pub about: &'static str,
    /// The ending of the graph's file that it reads.
    input: &'static str,
    program: &'static [&'static str],
    /// What stands between the graph's file and the drawing's.
    between: &'static [&'static str],
    /// Reads the drawing it made.
    pub read: fn(&str) -> Result<Drawing, String>,
}

/// The stack and the heap are raised as far as Node allows: with its own limits, deep graphs end in a stack overflow.
const NODE: &[&str] = &["node", "--stack-size=50000", "--max-old-space-size=8192"];

/// The packages, at the versions that were the newest when this was written.
const PACKAGES: &[&str] = &["@dagrejs/dagre@3.1.3", "elkjs@0.12.1"];

/// Every rival, in order of name.
pub const RIVALS: &[Rival] = &[
    Rival {
        name: "dagre",
        about: "@dagrejs/dagre 3.1.3 in Node with a stack of 50 000 kB; time of `dagre.layout` alone",
        input: "json",
        program: &["dagre.mjs"],
        between: &[],
        read: Drawing::parse,
    },
    Rival {
        name: "dot",
        about: "Graphviz `dot -Tplain`; time of the process",
        input: "dot",
        program: &["dot", "-Tplain"],
        between: &["-o"],
        read: parse_plain,
    },
    Rival {
        name: "elk",
        about: "elkjs 0.12.1, `layered`, in Node as dagre; time of `elk.layout` alone",
        input: "json",
        program: &["elk.mjs"],
        between: &[],
        read: Drawing::parse,
    },
];

impl Rival {
    /// The command that lays out the graph `name` of a folder, ended after `limit_secs` of processor time.
    pub fn command(&self, folder: &Path, name: &str, limit_secs: u32) -> Command {
        let mut command = Command::new("sh");
        let limits = "ulimit -S -s unlimited 2>/dev/null; ulimit -t \"$1\"; shift; exec \"$@\"";
        command.current_dir(folder).args(["-c", limits, "sh", &limit_secs.to_string()]);
        if self.input == "json" {
            command.args(NODE);
        }
        command.args(self.program).arg(format!("{name}.{}", self.input)).args(self.between);
        command.arg(self.output(name));
        command
    }

    /// The file of its drawing.
    pub fn output(&self, name: &str) -> String {
        format!("{name}.{}.txt", self.name)
    }
}

/// Installs the packages and the scripts into a folder.
///
/// # Errors
/// When npm is missing or fails.
pub fn install(folder: &Path) -> Result<(), String> {
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).map_err(|e| format!("{}/{name}: {e}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    write("dagre.mjs", include_str!("rivals/dagre.mjs"))?;
    write("elk.mjs", include_str!("rivals/elk.mjs"))?;
    if folder.join("node_modules/elkjs").exists() && folder.join("node_modules/@dagrejs/dagre").exists() {
        return Ok(());
    }
    write("package.json", "{\"name\": \"bench-node\", \"private\": true}\n")?;
    let status = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--save-exact"])
        .args(PACKAGES)
        .current_dir(folder)
        .stdout(Stdio::null())
        .status()
        .map_err(|e| format!("npm cannot be run: {e}"))?;
    if status.success() { Ok(()) } else { Err("npm could not install the rivals".to_owned()) }
}

/// Writes a graph the way each rival reads it.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, name: &str, graph: &LayoutInput) -> Result<(), String> {
    let join = |items: Vec<String>| items.join(",");
    let nodes = join(graph.nodes.iter().map(|n| format!("[{},{}]", n.size.width, n.size.height)).collect());
    let edges = join(graph.edges.iter().map(|e| format!("[{},{}]", e.source.node, e.target.node)).collect());
    let (rank, node) = (graph.spacing.rank, graph.spacing.node);
    let json = format!("{{\"rank\":{rank},\"node\":{node},\"nodes\":[{nodes}],\"edges\":[{edges}]}}\n");

    let inch = |px: f64| px / PX_PER_INCH;
    let mut dot = format!(
        "digraph {{\ngraph [ranksep={}, nodesep={}];\nnode [shape=box, fixedsize=true, label=\"\"];\n",
        inch(rank),
        inch(node)
    );
    for (i, n) in graph.nodes.iter().enumerate() {
        dot.push_str(&format!("{i} [width={}, height={}];\n", inch(n.size.width), inch(n.size.height)));
    }
    for e in &graph.edges {
        dot.push_str(&format!("{} -> {};\n", e.source.node, e.target.node));
    }
    dot.push_str("}\n");
    for (end, text) in [("json", json), ("dot", dot)] {
        let path = folder.join(format!("{name}.{end}"));
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

const PX_PER_INCH: f64 = 72.0;

/// Straight lines that stand for one Bézier curve.
const LINES_PER_CURVE: u32 = 8;

/// Reads Graphviz's plain format, whose edges are chains of cubic Bézier curves.
fn parse_plain(text: &str) -> Result<Drawing, String> {
    let mut drawing = Drawing::default();
    for line in text.lines() {
        let fault = || format!("expected a line of Graphviz's plain format, found `{line:.60}`");
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |i: usize| words.get(i).and_then(|w| w.parse::<f64>().ok()).ok_or_else(fault);
        let index = |i: usize| words.get(i).and_then(|w| w.parse::<usize>().ok()).ok_or_else(fault);
        match words.first().copied() {
            Some("graph") => {
                (drawing.width, drawing.height) = (number(2)? * PX_PER_INCH, number(3)? * PX_PER_INCH);
            }
            Some("edge") => {
                let count = index(3)?;
                let corners: Vec<[f64; 2]> = (0..count)
                    .map(|i| Ok([number(4 + 2 * i)? * PX_PER_INCH, number(5 + 2 * i)? * PX_PER_INCH]))
                    .collect::<Result<_, String>>()?;
                drawing.edges.push(Edge { source: index(1)?, target: index(2)?, points: flat(&corners) });
            }
            _ => {}
        }
    }
    Ok(drawing)
}

/// The chain of lines along a chain of cubic Bézier curves.
fn flat(corners: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut points: Vec<[f64; 2]> = corners.first().copied().into_iter().collect();
    for curve in corners.windows(4).step_by(3) {
        for step in 1..=LINES_PER_CURVE {
            let t = f64::from(step) / f64::from(LINES_PER_CURVE);
            let s = 1.0 - t;
            let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
            let at = |axis: usize| (0..4).map(|i| weights[i] * curve[i][axis]).sum();
            points.push([at(0), at(1)]);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_curves_become_lines() {
        let text = "graph 1 2 3\nnode 0 1 1 1 1 \"\" solid box black lightgrey\n\
                    edge 0 1 4 0 0 0 1 0 2 0 3 solid black\nstop\n";
        let drawing = parse_plain(text).unwrap();
        assert_eq!((drawing.width, drawing.height), (144.0, 216.0));
        let points = &drawing.edges[0].points;
        assert_eq!((points.len(), points[0], points[8]), (9, [0.0, 0.0], [0.0, 216.0]));
        assert!(parse_plain("edge 0 1 4 0 0\n").is_err());
    }

    #[test]
    fn rivals_are_in_order() {
        assert!(RIVALS.is_sorted_by(|a, b| a.name < b.name));
    }
}
