//! Graphs from arbitrary bytes: whatever they are, layout must hold its promises.

use crate::{
    Defect, Direction, Edge, EdgeKind, End, Insets, LayoutInput, Node, Port, Side, Size, Spacing, layout,
    verify,
};

/// Nodes and edges that bytes may describe at the most.
const MOST: usize = 400;

/// Decodes any bytes into a graph, odd ones included: bad indices, cycles of parents, sizes that are no numbers.
pub fn decode(bytes: &[u8]) -> LayoutInput {
    let mut bytes = bytes.iter().copied();
    let mut next = move || bytes.next();
    let mut input = LayoutInput::default();
    let Some(head) = next() else { return input };
    input.direction =
        [Direction::Down, Direction::Up, Direction::Right, Direction::Left][usize::from(head % 4)];
    if head & 4 != 0 {
        let mut length = || f64::from(next().unwrap_or(0)) / 4.0;
        input.spacing = Spacing { rank: length(), node: length(), lane: length() };
    }
    let odd = head & 8 != 0;
    while input.nodes.len() < MOST && input.edges.len() < MOST {
        let Some(kind) = next() else { break };
        let mut byte = || next().unwrap_or(0);
        if kind < 96 {
            let flags = byte();
            let mut node =
                Node { size: Size::new(length(byte(), odd), length(byte(), odd)), ..Node::default() };
            node.merge = flags & 1 != 0;
            node.beside = flags & 16 != 0;
            node.parent = (flags & 2 != 0).then(|| usize::from(byte()));
            if flags & 4 != 0 {
                let p = length(byte(), odd);
                node.padding = Insets { top: p, right: p / 2.0, bottom: p / 3.0, left: p };
            }
            if flags & 8 != 0 {
                node.note = Size::new(length(byte(), odd), length(byte(), odd));
            }
            for _ in 0..flags >> 6 {
                let place = byte();
                let side = [Side::Top, Side::Right, Side::Bottom, Side::Left][usize::from(place % 4)];
                let at = if odd && place > 250 { f64::NAN } else { f64::from(place / 4) / 60.0 };
                node.ports.push(Port { side, at });
            }
            input.nodes.push(node);
        } else {
            let end = |node: u8, port: u8| End {
                node: usize::from(node),
                port: (!port.is_multiple_of(4)).then(|| usize::from(port / 4)),
            };
            let (source, target) = (end(byte(), kind % 16), end(byte(), kind / 16));
            let how = byte();
            input.edges.push(Edge {
                source,
                target,
                bundle: (how & 3 != 0).then_some(usize::from(how & 3)),
                kind: [EdgeKind::Flow, EdgeKind::Skip, EdgeKind::Flow, EdgeKind::Back]
                    [usize::from(how >> 2 & 3)],
                weight: u32::from(how >> 4),
                label: if how > 240 { Size::new(length(byte(), odd), 9.0) } else { Size::default() },
            });
        }
    }
    input
}

/// Lays out what bytes describe and gives the promises that broke. Lines that share a place are forgiven where boxes
/// are too small to keep them apart.
pub fn probe(bytes: &[u8]) -> (LayoutInput, Vec<Defect>) {
    let input = decode(bytes);
    let mut defects = verify(&input, &layout(&input));
    let crowded = |edge: usize| {
        let e = &input.edges[edge];
        [e.source.node, e.target.node].into_iter().any(|node| {
            let lines =
                input.edges.iter().filter(|e| e.source.node == node || e.target.node == node).count() as f64;
            let n = &input.nodes[node];
            let small = |v: f64| v.is_nan() || v < lines + 1.0;
            small(n.size.width) || small(n.size.height) || !n.ports.is_empty()
        })
    };
    // Lines of one bundle are reported by its first edge, whose ends need not be where the lines meet.
    if (0..input.edges.len()).any(|e| {
        input.edges[e].source.node < input.nodes.len()
            && input.edges[e].target.node < input.nodes.len()
            && crowded(e)
    }) {
        defects.retain(|d| !matches!(d, Defect::Shared { .. }));
    }
    (input, defects)
}

fn length(byte: u8, odd: bool) -> f64 {
    match byte {
        255 if odd => f64::NAN,
        254 if odd => f64::INFINITY,
        253 if odd => -5.0,
        252 if odd => 1e300,
        _ => f64::from(byte) * 0.75,
    }
}
