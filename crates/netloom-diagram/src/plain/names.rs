//! What the lines say: frames of several boxes as headings, of a single one before its name.

use netloom_graph::Graph;

use crate::view::{NodeKind, View, ViewNode};

/// Space by which what stands in a frame is indented.
const INDENT: &str = "  ";
/// The most frames inside one another that are indented.
const MAX_INDENT: usize = 8;

/// What the lines say.
pub(super) struct Names<'a> {
    order: &'a [usize],
    /// The frames around each line, the outermost first.
    frames: Vec<Vec<usize>>,
    /// The path of each frame as it is printed.
    paths: Vec<String>,
    /// Frames that a line has already named.
    told: Vec<bool>,
    /// Frames whose heading stands above the line that comes.
    open: Vec<usize>,
    /// Names of far values that each box reads.
    stubs: Vec<Vec<String>>,
    /// Boxes that hand something to the next step.
    hands_on: Vec<bool>,
}

impl<'a> Names<'a> {
    pub(super) fn new(graph: &Graph, view: &View, order: &'a [usize]) -> Self {
        let n = view.nodes.len();
        let mut stubs = vec![Vec::new(); n];
        let mut hands_on = vec![false; n];
        for edge in &view.edges {
            if view.nodes[edge.source].kind == NodeKind::Stub {
                stubs[edge.target].push(view.nodes[edge.source].title.clone());
            }
            hands_on[edge.source] |= edge.back;
        }
        let frames = order.iter().map(|n| frames(view, *n)).collect();
        Self {
            order,
            frames,
            paths: paths(graph, view),
            told: vec![false; n],
            open: Vec::new(),
            stubs,
            hands_on,
        }
    }

    /// Headings above a line: frames that begin here and hold the next lines too.
    pub(super) fn headings(&mut self, view: &View, at: usize) -> Vec<String> {
        let around = &self.frames[at];
        let common = self.open.iter().zip(around).take_while(|(a, b)| a == b).count();
        self.open.truncate(common);
        let mut lines = Vec::new();
        for (depth, &frame) in around.iter().enumerate().skip(common) {
            let holds = |next: &Vec<usize>| next.get(depth) == Some(&frame);
            if !self.frames.get(at + 1).is_some_and(holds) {
                break;
            }
            let node = &view.nodes[frame];
            let again = std::mem::replace(&mut self.told[frame], true);
            let mut text = self.relative(view, frame);
            if !node.subtitle.is_empty() && node.subtitle != node.title && !again {
                text += &format!(" · {}", node.subtitle);
            }
            if node.repeat > 1 {
                text += &format!(" ×{}", node.repeat);
            }
            if again {
                text = format!("… {text}");
            } else if !node.notes.is_empty() {
                text += &format!(" ({})", node.notes.join(", "));
            }
            lines.push(format!("{}{text}", indent(depth)));
            self.open.push(frame);
        }
        lines
    }

    /// What the line of a box says.
    pub(super) fn of(&mut self, view: &View, at: usize) -> String {
        let index = self.order[at];
        let node = &view.nodes[index];
        let single: Vec<usize> = self.frames[at].iter().copied().skip(self.open.len()).collect();
        let mut remarks: Vec<String> = Vec::new();
        for frame in single.iter().rev() {
            if !std::mem::replace(&mut self.told[*frame], true) {
                remarks.extend(view.nodes[*frame].notes.iter().cloned());
            }
        }
        let mut text = said(node);
        for stub in &self.stubs[index] {
            text += &format!(" ‹{stub}›");
        }
        if node.repeat > 1 {
            text += &format!(" ×{}", node.repeat);
        }
        if self.hands_on[index] {
            text += " ↺";
        }
        remarks.extend(node.notes.iter().cloned());
        if !remarks.is_empty() {
            text += &format!(" ({})", remarks.join(", "));
        }
        if let Some(&inner) = single.last() {
            let mut outer = self.relative(view, inner);
            for frame in single.iter().filter(|f| view.nodes[**f].repeat > 1) {
                outer += &format!(" ×{}", view.nodes[*frame].repeat);
            }
            text = format!("{outer}: {text}");
        }
        format!("{}{text}", indent(self.open.len()))
    }

    /// The path of a frame below the nearest frame with a heading.
    fn relative(&self, view: &View, frame: usize) -> String {
        let path = &self.paths[frame];
        let shown = self.open.last().filter(|o| view.is_ancestor(**o, frame)).map(|o| &self.paths[*o]);
        let rest = shown.and_then(|outer| path.strip_prefix(outer.as_str()));
        match rest.map(|r| r.trim_start_matches(['.', '/'])) {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ if shown.is_some() => view.nodes[frame].title.clone(),
            _ => path.clone(),
        }
    }
}

fn indent(depth: usize) -> String {
    INDENT.repeat(depth.min(MAX_INDENT))
}

/// The frames around a box, the outermost first.
fn frames(view: &View, node: usize) -> Vec<usize> {
    let mut frames = Vec::new();
    let mut at = view.nodes[node].parent;
    // Frames nest; a damaged view cannot hold more of them than nodes.
    while let Some(p) = at.filter(|_| frames.len() <= view.nodes.len()) {
        frames.push(p);
        at = view.nodes[p].parent;
    }
    frames.reverse();
    frames
}

/// A box in words.
fn said(node: &ViewNode) -> String {
    let mut text = match node.kind {
        NodeKind::Merge if node.title == "×" => "multiply".to_owned(),
        NodeKind::Merge if node.title == "+" => "add".to_owned(),
        // Its parameters have a column of their own.
        NodeKind::Module => {
            let class = node.subtitle.split(" · ").filter(|s| !s.starts_with(|c: char| c.is_ascii_digit()));
            std::iter::once(node.title.as_str())
                .chain(class.filter(|s| !s.is_empty()))
                .collect::<Vec<_>>()
                .join(" · ")
        }
        NodeKind::Layer if !node.subtitle.is_empty() => format!("{}, {}", node.title, node.subtitle),
        _ => node.title.clone(),
    };
    for band in &node.bands {
        text += &format!(" | {}", band.title);
    }
    if node.header.is_empty() { text } else { format!("{}: {text}", node.header) }
}

/// The path of each frame as it is printed.
fn paths(graph: &Graph, view: &View) -> Vec<String> {
    let mut paths: Vec<String> = vec![String::new(); view.nodes.len()];
    for (i, node) in view.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Container) {
        let subject = node.key.subject();
        let whole = node.modules.last().filter(|m| m.index() < graph.modules().len());
        let whole = whole.map(|m| graph.module(*m).path.as_str());
        let first = node.title.split('–').next().unwrap_or_default();
        paths[i] = match (whole, node.parent.map(|p| &view.nodes[p])) {
            _ if node.modules.is_empty() => node.title.clone(),
            // The list that a run fills is its name; a part of a list is told by its first and last.
            (Some(whole), _) if node.repeat > 1 && subject.starts_with(whole) => whole.to_owned(),
            _ if first.len() < node.title.len() && subject.ends_with(first) => {
                format!("{}{}", &subject[..subject.len() - first.len()], node.title)
            }
            // Frames stand before what they hold, so the path of the outer one is known.
            (_, Some(outer)) if subject.starts_with(outer.key.subject()) => {
                let rest = &subject[outer.key.subject().len()..];
                format!("{}{rest}", node.parent.map_or("", |p| &paths[p]))
            }
            _ => subject.to_owned(),
        };
    }
    paths
}
