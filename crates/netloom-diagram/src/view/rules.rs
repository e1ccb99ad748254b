//! Does what a person said about boxes by rules: looks, words, what is left out, in which order.

use netloom_graph::Graph;

use super::{Pass, View, ViewOptions};

pub(super) static PASS: Pass =
    Pass { name: "rules", about: "does what a person said about boxes by rules", run };

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if !options.rules.is_empty() {
        crate::rules::apply(graph, &options.rules, view);
    }
}
