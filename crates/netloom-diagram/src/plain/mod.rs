//! A view as plain text: one line per box, the flow as rails on the left like a commit log.

use std::collections::BTreeMap;

use netloom_graph::Graph;

use crate::number;
use crate::view::{NodeKind, View, ViewOptions};

mod letters;
mod names;
mod rails;

pub use letters::{printable, to_ascii};

use names::Names;
use rails::Rails;

/// How to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlainOptions {
    /// Whether only ASCII characters may be used.
    pub ascii: bool,
    /// The most columns of a line; names that do not fit are cut. At least [`LEAST_WIDTH`].
    pub width: usize,
}

impl Default for PlainOptions {
    fn default() -> Self {
        Self { ascii: false, width: 100 }
    }
}

/// The least width of a line, columns: what rails, sizes and numbers take up at the most, and a short name.
pub const LEAST_WIDTH: usize = 80;
/// The most columns of a size.
const MAX_SIZE: usize = 24;
/// Space between columns.
const GAP: usize = 2;

/// A line in cells.
#[derive(Default)]
struct Row {
    rail: String,
    name: String,
    size: String,
    parameters: String,
    share: String,
}

impl Row {
    fn cells(&self) -> [&String; 5] {
        [&self.rail, &self.name, &self.size, &self.parameters, &self.share]
    }
}

/// Writes a view as lines of text, the last one ended.
///
/// The first line names the columns. Every box has one line with what it makes, its parameters and their share; a frame
/// of several boxes has a line above them. Streams are rails: `├─╮` forks one, `╯` ends it where it is read. The text
/// is the same whether it goes to a terminal or a pipe.
pub fn plain(graph: &Graph, view: &View, view_options: &ViewOptions, options: PlainOptions) -> String {
    let order = rails::order(view);
    let mut rails = Rails::new(view, &order);
    let mut names = Names::new(graph, view, &order);
    let mut rows = vec![Row {
        name: "layer".to_owned(),
        size: "output".to_owned(),
        parameters: "parameters".to_owned(),
        share: "share".to_owned(),
        ..Row::default()
    }];
    for (at, &n) in order.iter().enumerate() {
        for heading in names.headings(view, at) {
            rows.push(Row { rail: rails.through(), name: heading, ..Row::default() });
        }
        if let Some(rail) = rails.fork(at, n) {
            rows.push(Row { rail, ..Row::default() });
        }
        let node = &view.nodes[n];
        let (parameters, share) = cost(view, n);
        let size = match node.output {
            Some(t) => number::size(graph, t, view_options.batch),
            None => String::new(),
        };
        rows.push(Row { rail: rails.line(view, at, n), name: names.of(view, at), size, parameters, share });
    }
    write(rows, options)
}

/// Sets cells in columns.
fn write(mut rows: Vec<Row>, options: PlainOptions) -> String {
    let count = |s: &str| s.chars().count();
    for row in &mut rows {
        for cell in [&mut row.rail, &mut row.name, &mut row.size, &mut row.parameters, &mut row.share] {
            let text = printable(cell);
            *cell = if options.ascii { to_ascii(&text) } else { text };
        }
        cut(&mut row.size, MAX_SIZE, options.ascii);
    }
    let widest =
        |column: usize, rows: &[Row]| rows.iter().map(|r| count(r.cells()[column])).max().unwrap_or(0);
    let others: usize = [0, 2, 3, 4].iter().map(|c| widest(*c, &rows) + GAP).sum();
    let room = options.width.max(LEAST_WIDTH).saturating_sub(others).max(1);
    for row in &mut rows {
        cut(&mut row.name, room, options.ascii);
    }
    let widths: Vec<usize> = (0..5).map(|c| widest(c, &rows)).collect();
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (c, cell) in row.cells().into_iter().enumerate() {
            let pad = " ".repeat(widths[c].saturating_sub(count(cell)));
            // Numbers stand right in their columns.
            line += &if c > 2 { format!("{pad}{cell}") } else { format!("{cell}{pad}") };
            line += &" ".repeat(GAP);
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// Cuts a text to so many columns, with dots in the place of its end.
fn cut(text: &mut String, most: usize, ascii: bool) {
    if text.chars().count() <= most {
        return;
    }
    let dots = if ascii { "..." } else { "…" };
    let kept: String = text.chars().take(most.saturating_sub(dots.chars().count())).collect();
    *text = format!("{}{dots}", kept.trim_end());
}

/// The parameters of a box and their share of all.
fn cost(view: &View, index: usize) -> (String, String) {
    let total: u64 = view.nodes[index]
        .operators
        .iter()
        .filter_map(|n| view.summary.nodes.get(n.index()))
        .fold(0, |sum, row| sum.saturating_add(row.parameters));
    if total == 0 {
        return (String::new(), String::new());
    }
    (number::si(total), number::percent(total, view.summary.parameters))
}

/// What each box reads, by what makes it and the tensor; steps back left out.
fn reads(view: &View) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let mut reads: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for edge in view.edges.iter().filter(|e| !e.back && view.nodes[e.source].kind != NodeKind::Stub) {
        reads.entry(edge.target).or_default().push((edge.source, edge.tensor.index()));
    }
    reads
}
