//! Random graphs with all that layout considers.

use super::Random;
use crate::{Direction, Edge, EdgeKind, End, Insets, LayoutInput, Node, Port, Side, Size};

/// What a random graph is made of.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Number of nodes.
    pub nodes: usize,
    /// Number of edges, some of which are dropped if they make no sense.
    pub edges: usize,
    /// Whether nodes nest.
    pub containers: bool,
    /// Whether some nodes have ports on all sides.
    pub ports: bool,
    /// Whether some nodes are merge marks, and some may stand beside others.
    pub merges: bool,
    /// Whether edges run against the reading order.
    pub backward: bool,
    /// Whether some edges form bundles.
    pub bundles: bool,
}

/// A random graph of any direction.
pub fn random(random: &mut Random, mix: Mix) -> LayoutInput {
    let mut input = LayoutInput::default();
    let n = mix.nodes;
    for i in 0..n {
        let merge = mix.merges && random.below(5) == 0;
        let mut node = Node {
            size: Size::new(20.0 + random.below(120) as f64, 16.0 + random.below(40) as f64),
            merge,
            ..Node::default()
        };
        if mix.containers && i > 0 && random.below(3) > 0 {
            node.parent = Some(random.below(i));
            node.padding = Insets { top: 20.0, right: 8.0, bottom: 8.0, left: 8.0 };
        }
        if mix.ports && !merge && random.below(3) == 0 {
            let sides = [Side::Top, Side::Right, Side::Bottom, Side::Left];
            // Places that no two ports of a side share, and that keep clear of the middle where free lines attach.
            node.ports = (0..4).map(|k| Port { side: sides[k], at: 0.11 + 0.17 * k as f64 }).collect();
        }
        node.beside = mix.merges && random.below(3) == 0;
        if random.below(8) == 0 {
            node.note = Size::new(30.0, 12.0);
        }
        input.nodes.push(node);
    }
    for _ in 0..mix.edges {
        let (a, b) = (random.below(n), random.below(n));
        let (a, b) = if mix.backward { (a, b) } else { (a.min(b), a.max(b)) };
        if a == b && !mix.backward {
            continue;
        }
        let port = |random: &mut Random, node: usize| {
            let count = input.nodes[node].ports.len();
            (count > 0 && random.below(2) == 0).then(|| random.below(count))
        };
        let source = End { node: a, port: port(random, a) };
        let target = End { node: b, port: port(random, b) };
        input.edges.push(Edge {
            source,
            target,
            bundle: (mix.bundles && random.below(3) > 0).then_some(a),
            kind: [EdgeKind::Flow, EdgeKind::Flow, EdgeKind::Skip, EdgeKind::Back]
                [random.below(if mix.backward { 4 } else { 3 })],
            weight: [1, 1, 2, 8][random.below(4)],
            label: if random.below(9) == 0 { Size::new(24.0, 9.0) } else { Size::default() },
        });
    }
    input.direction = [Direction::Down, Direction::Up, Direction::Right, Direction::Left][random.below(4)];
    input
}
