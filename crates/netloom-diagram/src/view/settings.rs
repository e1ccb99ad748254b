//! At full detail, writes the settings of a layer under its name: padding, dilation, groups, rates.

use netloom_graph::Graph;

use super::{Detail, NodeKind, Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "settings", about: "writes the settings of a layer under its name at full detail", run };

fn run(_graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.detail != Detail::Implement {
        return;
    }
    for node in view.nodes.iter_mut().filter(|n| n.kind == NodeKind::Layer) {
        let said = |d: &&String| !d.is_empty() && !node.title.contains(d.as_str());
        let details: Vec<&str> = node.details.iter().filter(said).map(String::as_str).collect();
        let parts: Vec<&str> =
            std::iter::once(node.subtitle.as_str()).filter(|s| !s.is_empty()).chain(details).collect();
        node.subtitle = parts.join(", ");
    }
}
