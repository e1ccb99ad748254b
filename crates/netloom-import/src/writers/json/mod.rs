//! The graph as JSON: documented in `docs/graph-json.md`, versioned, read back by the format `json`.

pub(crate) mod mirror;
mod to_mirror;

use netloom_graph::Graph;
use serde::Serialize;

/// The version of the documented shape that [`write`] writes: the value of `netloom_graph`.
pub const VERSION: u64 = 1;

/// Writes a graph as JSON: one module, tensor, node, region or diagnostic per line, in the order of the graph.
///
/// Equal graphs give equal bytes.
///
/// ```
/// use netloom_import::{formats::loom, writers::json};
///
/// let graph = loom::parse("model Tiny\ninput x [1, 4]\nrelu\n").expect("a sound text");
/// let text = json::write(&graph);
/// assert!(text.starts_with("{\"netloom_graph\": 1,\n\"name\": \"Tiny\",\n\"format\": \"loom\",\n"));
/// assert!(text.contains(r#"{"name":"x","dtype":"float32","shape":[1,4]}"#));
/// ```
pub fn write(graph: &Graph) -> String {
    let mut out = format!("{{\"netloom_graph\": {VERSION},\n");
    for (key, value) in [("name", &graph.name), ("format", &graph.format), ("producer", &graph.producer)] {
        out += &format!("\"{key}\": {},\n", line(value));
    }
    list(&mut out, "modules", graph.modules().map(|(_, m)| to_mirror::module(m)));
    list(&mut out, "tensors", graph.tensors().map(|(_, t)| to_mirror::tensor(t)));
    list(&mut out, "nodes", graph.nodes().map(|(_, n)| to_mirror::node(n)));
    if graph.regions().len() > 0 {
        list(&mut out, "regions", graph.regions().map(|(_, r)| to_mirror::region(r)));
    }
    for (key, tensors) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
        let indices: Vec<usize> = tensors.iter().map(|t| t.index()).collect();
        out += &format!("\"{key}\": {},\n", line(&indices));
    }
    list(&mut out, "diagnostics", graph.diagnostics.iter().map(to_mirror::diagnostic));
    out.truncate(out.trim_end_matches([',', '\n']).len());
    out += "\n}\n";
    out
}

fn line(value: &impl Serialize) -> String {
    // Maps have text keys and numbers are finite: there is nothing that JSON cannot say.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn list<T: Serialize>(out: &mut String, key: &str, items: impl ExactSizeIterator<Item = T>) {
    let last = items.len();
    *out += &format!("\"{key}\": [");
    for (i, item) in items.enumerate() {
        *out += if i == 0 { "\n  " } else { "  " };
        *out += &line(&item);
        *out += if i + 1 == last { "\n" } else { ",\n" };
    }
    *out += "],\n";
}

#[cfg(test)]
mod tests {
    use crate::formats::loom;

    #[test]
    fn the_page_shows_what_is_written() {
        let text = "model Tiny\ninput x [batch, 4]\nhead: { linear(2, bias=false) }\n";
        let newest = format!("\"opset\":{}", netloom_graph::layers::NEWEST_OPSET);
        let written = super::write(&loom::parse(text).unwrap()).replace(&newest, "\"opset\":26");
        let page = include_str!("../../../../../docs/graph-json.md");
        let shown = page.split("```json\n").nth(1).and_then(|s| s.split("```").next()).unwrap();
        assert_eq!(shown, written);
    }
}
