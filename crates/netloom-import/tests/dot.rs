//! Graphs of Graphviz: nodes, edges, clusters, groups, labels, and damaged texts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use netloom_graph::Graph;
use netloom_import::{Bytes, read};

fn open(text: &str) -> Graph {
    read(&Bytes::new("a.dot", text.as_bytes())).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Every node as `module/title(readings)`.
fn listing(graph: &Graph) -> Vec<String> {
    let title = |node: &netloom_graph::Node| {
        let inputs: Vec<&str> =
            node.inputs.iter().flatten().map(|t| graph.tensor(*t).name.as_str()).collect();
        format!("{}/{}({})", graph.module(node.module).path, node.op, inputs.join(","))
    };
    graph.nodes().map(|(_, n)| title(n)).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(listing(&open(text)), expected, "{text}");
}

#[test]
fn graphs() {
    check("digraph { a -> b -> c }", &["/b(a)", "/c(b)"]);
    check("graph g { a -- b; b -- c [label=\"x\"]; }", &["/b(a)", "/c(b)"]);
    check("strict digraph \"n\" { a; b [label=\"conv\\n3x3\"]; a:p:n -> b:q }", &["/conv(a)"]);
    check("digraph { a -> {b c} -> d /* both */ // end\n }", &["/b(a)", "/c(a)", "/d(b,c)"]);
    check(
        "digraph { subgraph cluster_x { label = \"block 1\"; b -> c } subgraph { rank=same; d } a -> b; c -> d }",
        &["block 1/b(a)", "block 1/c(b)", "/d(c)"],
    );
    check("digraph { a -> b [color=red]; b [label=<<b>Bold</b> text>, shape=box] }", &["/Bold text(a)"]);
    check("digraph { a -> r; r [shape=record, label=\"{<in>x|linear|<out>y}\"] }", &["/x(a)"]);
    let inputs = open("digraph { image -> conv; conv -> head }");
    assert_eq!((inputs.inputs.len(), inputs.outputs.len()), (1, 1));
}

#[test]
fn mistakes_are_told() {
    for (text, message) in [
        ("digraph { a -> ", "line 1: expected a closing `}`, found the end"),
        ("digraph {\n a [label=\"x }", "line 2: expected a closing quote, found the end"),
        ("digraph {}", "expected nodes of a graph, found none"),
        ("digraph { a [=] }", "line 1: expected a setting or `]`, found `=`"),
    ] {
        assert_eq!(read(&Bytes::new("a.dot", text.as_bytes())).unwrap_err().to_string(), message, "{text}");
    }
    let deep = format!("digraph {{ {} }}", "subgraph cluster_a { ".repeat(10_000));
    assert!(read(&Bytes::new("a.dot", deep.as_bytes())).unwrap_err().to_string().contains("deep"));
    let group = (0..2000).map(|i| format!("n{i} ")).collect::<String>();
    let many = format!("digraph {{ {{{group}}} -> {{{group}}} }}");
    assert!(read(&Bytes::new("a.dot", many.as_bytes())).unwrap_err().to_string().contains("edges"));
    let whole = "digraph g { a [label=\"x\\ny\"]; subgraph cluster_b { b -> {c d} [label=<e<f>>] } a -> b }";
    for cut in 0..whole.len() {
        let _ = read(&Bytes::new("a.dot", &whole.as_bytes()[..cut])).map(|g| g.nodes().len());
    }
}
