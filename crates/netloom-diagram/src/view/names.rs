//! Names for what goes by a bare number in the file: a class, else the last named part of the path.

use netloom_graph::{Graph, ModuleId};

use super::{NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "names", about: "names boxes and frames that go by a bare number in the file", run };

/// Classes that hold anything, and so name nothing.
const PLAIN: &[&str] = &["Sequential", "ModuleList", "ModuleDict"];

fn run(graph: &Graph, _options: &ViewOptions, view: &mut View) {
    for node in &mut view.nodes {
        let named = matches!(node.kind, NodeKind::Module | NodeKind::Container);
        if !named || !node.title.split('.').next().is_some_and(is_number) {
            continue;
        }
        let (class, rest) = node.subtitle.split_once(" · ").unwrap_or((&node.subtitle, ""));
        let is_class = class.starts_with(char::is_alphabetic) && !PLAIN.contains(&class);
        if is_class && node.title.split('.').all(is_number) {
            (node.title, node.subtitle) = (class.to_owned(), rest.to_owned());
        } else if let Some(name) = stem(graph, &node.modules, &node.title) {
            node.title = name;
        }
    }
}

/// Whether a part of a path is a number, or a range of them.
fn is_number(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_digit() || matches!(c, '–' | '…' | ',' | ' '))
}

/// A title from the last named part before it on, without what is the only content of a numbered part.
fn stem(graph: &Graph, modules: &[ModuleId], title: &str) -> Option<String> {
    let ends = |m: ModuleId| {
        let front = graph.module(m).path.strip_suffix(title);
        front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    let around =
        |m: &ModuleId| std::iter::successors(Some(*m), |m| graph.module(*m).parent).find(|m| ends(*m));
    let (mut at, mut cut) = (modules.iter().rev().find_map(around)?, title);
    while let (Some(parent), Some((front, _))) = (graph.module(at).parent, cut.rsplit_once('.')) {
        let is_only = graph.module(parent).children.len() == 1 && graph.module(parent).nodes.is_empty();
        if !is_only {
            break;
        }
        (at, cut) = (parent, front);
    }
    // The parts of the path in front of those that the title has.
    let front = graph.module(at).path.strip_suffix(cut)?;
    let parts: Vec<&str> = front.split('.').filter(|p| !p.is_empty()).collect();
    let from = parts.iter().rposition(|p| !is_number(p))?;
    Some(format!("{}.{cut}", parts[from..].join(".")))
}
