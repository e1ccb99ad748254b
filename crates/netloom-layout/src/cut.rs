//! Cuts edges at the borders of the containers they pass, and numbers the nets.

use crate::LayoutInput;
use crate::clean::{Clean, NONE};

/// A part of an edge inside one container.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    /// The container; the number of nodes stands for the top level.
    pub level: u32,
    pub net: u32,
    /// The node it comes from, or `NONE` for the gate above.
    pub from: u32,
    /// The node it leads to, or `NONE` for the gate below.
    pub to: u32,
    pub from_port: u32,
    pub to_port: u32,
    pub edge: u32,
    /// Its place among the pieces of the edge.
    pub part: u32,
}

/// Cuts every edge at the borders it passes; pieces of edge `i` are `parts[i]..parts[i + 1]`, from source to target.
pub(crate) fn cut(input: &LayoutInput, clean: &Clean) -> (Vec<Piece>, Vec<u32>) {
    let n = input.nodes.len();
    let nets = nets(input);
    let mut pieces: Vec<Piece> = Vec::with_capacity(input.edges.len());
    let mut parts = vec![0u32];
    let mut downward: Vec<(u32, u32)> = Vec::new();
    for (i, edge) in input.edges.iter().enumerate() {
        let (s, t) = (edge.source.node, edge.target.node);
        if s < n && t < n {
            let mut piece = Piece {
                level: 0,
                net: nets[i],
                from: NONE,
                to: NONE,
                from_port: port(input, edge.source),
                to_port: NONE,
                edge: i as u32,
                part: 0,
            };
            let to_port = port(input, edge.target);
            let mut from_port = piece.from_port;
            let up = |v: u32| clean.parent[v as usize];
            // Climb from both ends to the level that holds both; an end inside the other stops at its border.
            let (mut a, mut b) = (s as u32, t as u32);
            let mut push = |level: u32, from: u32, to: u32, from_port: u32, to_port: u32| {
                let level = if level == NONE { n as u32 } else { level };
                (piece.level, piece.from, piece.to) = (level, from, to);
                (piece.from_port, piece.to_port) = (from_port, to_port);
                pieces.push(piece);
                piece.part += 1;
            };
            downward.clear();
            let mut last_port = to_port;
            let depth = |v: u32| clean.depth[v as usize];
            let mut inside_source = false;
            let mut inside_target = false;
            while depth(a) > depth(b) {
                let parent = up(a);
                push(parent, a, NONE, from_port, NONE);
                from_port = NONE;
                a = parent;
                inside_target |= a == t as u32 && depth(a) == depth(b);
            }
            while depth(b) > depth(a) {
                let parent = up(b);
                downward.push((parent, b));
                b = parent;
                inside_source |= b == s as u32 && depth(a) == depth(b);
            }
            if a == b && (inside_source || inside_target) {
                // One end is the container of the other.
            } else {
                while up(a) != up(b) {
                    let (pa, pb) = (up(a), up(b));
                    push(pa, a, NONE, from_port, NONE);
                    from_port = NONE;
                    downward.push((pb, b));
                    (a, b) = (pa, pb);
                }
                let port = if downward.is_empty() { std::mem::replace(&mut last_port, NONE) } else { NONE };
                push(up(a), a, b, from_port, port);
            }
            for k in (0..downward.len()).rev() {
                let (level, node) = downward[k];
                let port = if k == 0 { last_port } else { NONE };
                push(level, NONE, node, NONE, port);
            }
        }
        parts.push(pieces.len() as u32);
    }
    (pieces, parts)
}

pub(crate) fn port(input: &LayoutInput, end: crate::End) -> u32 {
    end.port.filter(|&p| p < input.nodes[end.node].ports.len()).map_or(NONE, |p| p as u32)
}

/// The net of every edge: edges of one bundle, source and port share one. Numbered by first appearance.
pub(crate) fn nets(input: &LayoutInput) -> Vec<u32> {
    let n = input.nodes.len();
    let mut keyed: Vec<(usize, u32, Option<usize>, usize)> = Vec::with_capacity(input.edges.len());
    for (i, e) in input.edges.iter().enumerate() {
        if e.source.node < n {
            let port = port(input, e.source);
            keyed.push((e.source.node, port, e.bundle, i));
        }
    }
    keyed.sort_unstable();
    let mut leader = vec![NONE; input.edges.len()];
    for group in keyed.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
        for k in group {
            leader[k.3] = if k.2.is_some() { group[0].3 as u32 } else { k.3 as u32 };
        }
    }
    let mut next = 0;
    let mut number = vec![NONE; input.edges.len()];
    for i in 0..leader.len() {
        if leader[i] == NONE {
            continue;
        }
        if leader[i] as usize == i {
            number[i] = next;
            next += 1;
        } else {
            number[i] = number[leader[i] as usize];
        }
    }
    number
}
