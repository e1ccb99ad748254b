//! Which boxes a rule is about.

use netloom_graph::layers;
use netloom_graph::{Graph, ModuleId, NodeId};
use regex_lite::Regex;

use super::RuleError;
use crate::view::{NodeKind, ViewNode};

/// The longest selector, bytes.
const MAX_TEXT: usize = 1024;
/// Kinds of boxes that are no layers.
const ENDS: &[(&str, &[NodeKind])] = &[
    ("input", &[NodeKind::Input]),
    ("output", &[NodeKind::Output]),
    ("module", &[NodeKind::Module, NodeKind::Container]),
    ("merge", &[NodeKind::Merge]),
    ("layer", &[NodeKind::Layer]),
];

/// Which boxes a rule is about.
#[derive(Clone, Debug)]
pub struct Selector {
    text: String,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// A kind, class or category, in small letters.
    Kind(String),
    /// A path with `*` and `?`.
    Path(Vec<char>),
    /// A regular expression.
    Pattern(Regex),
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Selector {
    /// A selector from its text.
    ///
    /// # Errors
    /// Where it is empty, too long, or a regular expression that is none.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(RuleError::new(format!(
                "expected kind=…, a path or /a regular expression/, at most {MAX_TEXT} bytes"
            )));
        }
        let pattern = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')).filter(|t| !t.is_empty());
        let how = if let Some(pattern) = pattern {
            let error = |e| RuleError::new(format!("`{text}` is no regular expression: {e}"));
            How::Pattern(Regex::new(pattern).map_err(error)?)
        } else if let Some(kind) = text.strip_prefix("kind=") {
            How::Kind(kind.trim().to_lowercase())
        } else {
            How::Path(text.chars().collect())
        };
        Ok(Self { text: text.to_owned(), how })
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is about a box of a view.
    pub fn is_about(&self, graph: &Graph, node: &ViewNode) -> bool {
        // The key of a box in a detail figure begins with the letter of that figure.
        let subject = node.key.subject();
        let own = subject.split_once('|').map_or(subject, |(_, rest)| rest);
        // The keys of ends say which of them it is, and then its name: `input:0:image`.
        let own = match node.kind {
            NodeKind::Input | NodeKind::Output => own.splitn(3, ':').nth(2).unwrap_or(own),
            _ => own,
        };
        if let How::Kind(kind) = &self.how {
            let end = ENDS.iter().find(|e| e.0 == kind);
            if end.is_some_and(|e| e.1.contains(&node.kind)) {
                return true;
            }
            let is_drawn = matches!(node.kind, NodeKind::Layer | NodeKind::Module | NodeKind::Merge);
            if is_drawn && node.category.name() == kind {
                return true;
            }
        } else if self.path(own) || is_end(node) && self.path(&node.title) {
            return true;
        }
        let module = |id: &ModuleId| self.module(graph, *id);
        let operator = |id: &NodeId| match &self.how {
            How::Kind(_) => {
                let known = id.index() < graph.nodes().len();
                let category = |id: NodeId| layers::effective(graph, graph.node(id)).map(|l| l.category);
                known && category(*id) == Some(node.category) && self.operator(graph, *id)
            }
            _ => self.operator(graph, *id),
        };
        let is_layer = matches!(node.kind, NodeKind::Layer | NodeKind::Merge);
        let leaf = |id: &NodeId| leaf(graph, *id, node).is_some_and(|m| self.module(graph, m));
        node.modules.iter().any(module)
            || is_layer && node.operators.iter().any(|id| operator(id) || leaf(id))
    }

    pub(super) fn module(&self, graph: &Graph, id: ModuleId) -> bool {
        if id.index() >= graph.modules().len() {
            return false;
        }
        let module = graph.module(id);
        match &self.how {
            How::Kind(kind) => module.class.as_ref().is_some_and(|c| c.to_lowercase() == *kind),
            _ => !module.path.is_empty() && self.path(&module.path),
        }
    }

    pub(super) fn operator(&self, graph: &Graph, id: NodeId) -> bool {
        if id.index() >= graph.nodes().len() {
            return false;
        }
        let node = graph.node(id);
        match &self.how {
            How::Kind(kind) => {
                let layer = layers::effective(graph, node);
                layer.is_some_and(|l| l.name == kind || l.category.name() == kind)
                    || node.op.to_lowercase() == *kind
            }
            _ => self.path(&node.name) || self.path(&graph.node_path(id)),
        }
    }

    /// Whether a path or name is meant; never for a kind.
    pub(super) fn path(&self, name: &str) -> bool {
        match &self.how {
            How::Kind(_) => false,
            How::Path(glob) => !name.is_empty() && is_like(glob, name),
            How::Pattern(pattern) => pattern.is_match(name),
        }
    }

    /// Whether it names a kind of box that every model has.
    pub(super) fn is_end(&self) -> bool {
        matches!(&self.how, How::Kind(kind) if ENDS.iter().any(|e| e.0 == kind))
    }
}

fn is_end(node: &ViewNode) -> bool {
    matches!(node.kind, NodeKind::Input | NodeKind::Output)
}

/// The module that holds an operator and nothing that does not stand in the same box.
fn leaf(graph: &Graph, id: NodeId, node: &ViewNode) -> Option<ModuleId> {
    let module = (id.index() < graph.nodes().len()).then(|| graph.node(id).module)?;
    let held = graph.module(module);
    let whole = held.children.is_empty() && held.nodes.iter().all(|n| node.operators.contains(n));
    whole.then_some(module)
}

/// Whether a name is like a pattern in which `*` stands for anything and `?` for one character.
fn is_like(glob: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut g, mut n) = (0, 0);
    // Where the last star stands, and how much of the name it covers so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, n));
                g += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                g += 1;
                n += 1;
            }
            _ => match star {
                Some((at, covered)) => {
                    star = Some((at, covered + 1));
                    (g, n) = (at + 1, covered + 1);
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_matched_with_stars() {
        for (glob, name, expected) in [
            ("layer1", "layer1", true),
            ("layer1", "layer1.0", false),
            ("layer1.*", "layer1.0.conv1", true),
            ("*.conv1", "layer1.0.conv1", true),
            ("layer?.*.conv1", "layer1.0.conv1", true),
            ("layer?", "layer10", false),
            ("*", "anything", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("café.*", "café.1", true),
        ] {
            let found = Selector::parse(glob).unwrap().path(name);
            assert_eq!(found, expected, "{glob} {name}");
        }
        assert!(Selector::parse(r"/layer\d\.0$/").unwrap().path("layer3.0"));
        assert!(!Selector::parse(r"/layer\d\.0$/").unwrap().path("layer3.01"));
        assert!(Selector::parse("/a(/").unwrap_err().to_string().contains("is no regular expression"));
        assert!(Selector::parse("  ").is_err());
    }
}
