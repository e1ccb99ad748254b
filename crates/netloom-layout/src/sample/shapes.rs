//! Small shapes that networks are made of, by name.

use super::Sketch;
use crate::{EdgeKind, Insets, LayoutInput, Node, Port, Side, Size};

impl Sketch {
    /// Adds a box of a given width inside a container.
    pub fn boxed(&mut self, parent: Option<usize>, width: f64) -> usize {
        self.input.nodes.push(Node { parent, size: Size::new(width, 22.0), ..Node::default() });
        self.input.nodes.len() - 1
    }

    /// Adds a small merge circle inside a container.
    pub fn merge(&mut self, parent: Option<usize>) -> usize {
        self.input.nodes.push(Node { parent, size: Size::new(14.0, 14.0), merge: true, ..Node::default() });
        self.input.nodes.len() - 1
    }

    /// Adds a container with a header.
    pub fn container(&mut self, parent: Option<usize>) -> usize {
        let padding = Insets { top: 26.0, right: 12.0, bottom: 12.0, left: 12.0 };
        self.input.nodes.push(Node { parent, size: Size::new(120.0, 30.0), padding, ..Node::default() });
        self.input.nodes.len() - 1
    }

    /// Adds heavy edges from each node to the next.
    pub fn trunk(&mut self, nodes: &[usize]) {
        for pair in nodes.windows(2) {
            self.edge(pair[0], pair[1]);
            self.last().weight = 8;
        }
    }

    /// Adds a by-pass.
    pub fn skip(&mut self, source: usize, target: usize) {
        self.edge(source, target);
        self.last().kind = EdgeKind::Skip;
    }

    fn last(&mut self) -> &mut crate::Edge {
        self.input.edges.last_mut().expect("an edge was just added")
    }
}

type Draw = fn(&mut Sketch);

/// All shapes with their names.
pub fn shapes() -> Vec<(&'static str, LayoutInput)> {
    let all: [(&'static str, Draw); 21] = [
        ("chain", chain),
        ("residual", residual),
        ("projection", projection),
        ("inception", inception),
        ("dense", dense),
        ("attention", attention),
        ("unet", unet),
        ("two_inputs", two_inputs),
        ("outputs", outputs),
        ("recurrence", recurrence),
        ("loops", loops),
        ("cell", cell),
        ("nested", nested),
        ("resnet", resnet),
        ("bert", bert),
        ("cross", cross),
        ("ports", ports),
        ("stub", stub),
        ("stub_low", stub_low),
        ("satellite", satellite),
        ("apart", apart),
    ];
    all.into_iter()
        .map(|(name, draw)| {
            let mut sketch = Sketch::default();
            draw(&mut sketch);
            (name, sketch.input)
        })
        .collect()
}

fn chain(s: &mut Sketch) {
    let nodes = [60.0, 120.0, 90.0].map(|w| s.boxed(None, w));
    s.trunk(&nodes);
}

fn residual(s: &mut Sketch) {
    let nodes = [60.0, 120.0, 120.0].map(|w| s.boxed(None, w));
    let add = s.merge(None);
    let out = s.boxed(None, 50.0);
    s.trunk(&[nodes[0], nodes[1], nodes[2], add, out]);
    s.skip(nodes[0], add);
}

fn projection(s: &mut Sketch) {
    let nodes = [60.0, 120.0, 120.0].map(|w| s.boxed(None, w));
    let one = s.boxed(None, 70.0);
    let add = s.merge(None);
    let out = s.boxed(None, 50.0);
    s.trunk(&[nodes[0], nodes[1], nodes[2], add, out]);
    s.edge(nodes[0], one);
    s.edge(one, add);
}

fn inception(s: &mut Sketch) {
    let top = s.boxed(None, 60.0);
    let columns: [&[f64]; 4] = [&[60.0], &[60.0, 60.0], &[60.0, 60.0, 60.0], &[70.0, 60.0]];
    let mut ends = Vec::new();
    for column in columns {
        let mut last = top;
        for &w in column {
            let next = s.boxed(None, w);
            s.edge(last, next);
            last = next;
        }
        ends.push(last);
    }
    let concat = s.boxed(None, 160.0);
    for end in ends {
        s.edge(end, concat);
    }
    let out = s.boxed(None, 60.0);
    s.edge(concat, out);
}

fn dense(s: &mut Sketch) {
    let mut taps = vec![s.boxed(None, 60.0)];
    for _ in 0..4 {
        let concat = s.boxed(None, 70.0);
        let conv = s.boxed(None, 90.0);
        for &tap in &taps[..taps.len() - 1] {
            s.skip(tap, concat);
        }
        s.trunk(&[taps[taps.len() - 1], concat, conv]);
        taps.push(conv);
    }
}

fn three_ports(s: &mut Sketch, parent: Option<usize>) -> usize {
    let node = s.boxed(parent, 144.0);
    s.input.nodes[node].size.height = 42.0;
    s.input.nodes[node].ports = [0.17, 0.5, 0.83].map(|at| Port { side: Side::Top, at }).to_vec();
    node
}

fn fork(s: &mut Sketch, from: usize, to: usize) {
    for port in [1, 0, 2] {
        s.edge(from, to);
        s.last().target.port = Some(port);
        s.last().weight = if port == 1 { 8 } else { 1 };
    }
}

fn attention(s: &mut Sketch) {
    let input = s.boxed(None, 60.0);
    let qkv = three_ports(s, None);
    let add = s.merge(None);
    let norm = s.boxed(None, 100.0);
    fork(s, input, qkv);
    s.trunk(&[qkv, add, norm]);
    s.skip(input, add);
}

fn unet(s: &mut Sketch) {
    let down: Vec<usize> = (0..4).map(|_| s.boxed(None, 90.0)).collect();
    let bottom = s.boxed(None, 110.0);
    s.trunk(&down);
    s.trunk(&[down[3], bottom]);
    let mut last = bottom;
    for &from in down.iter().rev() {
        let concat = s.boxed(None, 50.0);
        let conv = s.boxed(None, 90.0);
        s.trunk(&[last, concat, conv]);
        s.skip(from, concat);
        last = conv;
    }
}

fn two_inputs(s: &mut Sketch) {
    let inputs = [60.0, 60.0, 60.0].map(|w| s.boxed(None, w));
    let tables = [90.0, 90.0, 90.0].map(|w| s.boxed(None, w));
    let add = s.merge(None);
    for (i, t) in inputs.into_iter().zip(tables) {
        s.edge(i, t);
    }
    for t in tables {
        s.edge(t, add);
    }
    let norm = s.boxed(None, 150.0);
    s.trunk(&[add, norm]);
}

fn outputs(s: &mut Sketch) {
    let body = [60.0, 120.0].map(|w| s.boxed(None, w));
    s.trunk(&body);
    let heads = [80.0, 80.0].map(|w| s.boxed(None, w));
    for h in heads {
        s.edge(body[1], h);
        let out = s.boxed(None, 50.0);
        s.edge(h, out);
    }
}

fn recurrence(s: &mut Sketch) {
    let nodes = [60.0, 120.0, 100.0, 60.0].map(|w| s.boxed(None, w));
    s.trunk(&nodes);
    s.edge(nodes[2], nodes[1]);
    s.last().kind = EdgeKind::Back;
}

/// Two recurrences, one around the other, and one that ends where another starts.
fn loops(s: &mut Sketch) {
    let nodes = [60.0, 120.0, 100.0, 90.0, 120.0, 60.0].map(|w| s.boxed(None, w));
    s.trunk(&nodes);
    for (from, to) in [(3, 2), (4, 1), (1, 1)] {
        s.edge(nodes[from], nodes[to]);
        s.last().kind = EdgeKind::Back;
    }
}

/// A recurrent cell in a container: its state comes back from a merge below, its output from a box goes round all.
fn cell(s: &mut Sketch) {
    let input = s.boxed(None, 60.0);
    let cell = s.container(None);
    let join = s.boxed(Some(cell), 80.0);
    let gates = [60.0, 60.0, 60.0].map(|w| s.boxed(Some(cell), w));
    let add = s.merge(Some(cell));
    let state = s.boxed(Some(cell), 90.0);
    let output = s.boxed(None, 60.0);
    s.trunk(&[input, join]);
    for gate in gates {
        s.edge(join, gate);
        s.edge(gate, add);
    }
    s.trunk(&[add, state, output]);
    for to in [add, join] {
        s.edge(state, to);
        s.last().kind = EdgeKind::Back;
    }
    s.edge(output, join);
    s.last().kind = EdgeKind::Back;
}

fn nested(s: &mut Sketch) {
    let input = s.boxed(None, 60.0);
    let outer = s.container(None);
    let inner = s.container(Some(outer));
    let a = s.boxed(Some(inner), 80.0);
    let b = s.boxed(Some(inner), 60.0);
    let c = s.boxed(Some(outer), 100.0);
    let output = s.boxed(None, 60.0);
    s.trunk(&[input, a, b, c, output]);
    s.skip(a, output);
    s.skip(input, c);
}

fn block(s: &mut Sketch, parent: Option<usize>) -> (usize, usize) {
    let one = s.boxed(parent, 130.0);
    let two = s.boxed(parent, 130.0);
    let add = s.merge(parent);
    let relu = s.boxed(parent, 36.0);
    s.trunk(&[one, two, add, relu]);
    (one, relu)
}

fn resnet(s: &mut Sketch) {
    let image = s.boxed(None, 40.0);
    let stem = s.boxed(None, 130.0);
    let pool = s.boxed(None, 130.0);
    s.trunk(&[image, stem, pool]);
    let mut last = pool;
    for _ in 0..2 {
        let layer = s.container(None);
        let (first, relu) = block(s, Some(layer));
        s.trunk(&[last, first]);
        s.skip(last, first + 2);
        last = relu;
    }
    let head = [130.0, 130.0].map(|w| s.boxed(None, w));
    s.trunk(&[last, head[0], head[1]]);
    s.input.nodes[stem].note = Size::new(30.0, 20.0);
}

fn bert(s: &mut Sketch) {
    two_inputs(s);
    let norm = s.input.nodes.len() - 1;
    let layer = s.container(None);
    let qkv = three_ports(s, Some(layer));
    let add = s.merge(Some(layer));
    let middle = s.boxed(Some(layer), 106.0);
    let mlp = s.boxed(Some(layer), 144.0);
    let sum = s.merge(Some(layer));
    let last = s.boxed(Some(layer), 106.0);
    fork(s, norm, qkv);
    s.trunk(&[qkv, add, middle, mlp, sum, last]);
    s.skip(norm, add);
    s.skip(middle, sum);
    let hidden = s.boxed(None, 80.0);
    let pooler = s.boxed(None, 90.0);
    let output = s.boxed(None, 60.0);
    s.trunk(&[last, hidden]);
    s.edge(last, pooler);
    s.edge(pooler, output);
}

/// An encoder whose output feeds every layer of a decoder.
fn cross(s: &mut Sketch) {
    let encoder = s.container(None);
    let inside = [80.0, 80.0].map(|w| s.boxed(Some(encoder), w));
    s.trunk(&inside);
    let mut last = s.boxed(None, 60.0);
    for _ in 0..3 {
        let layer = s.container(None);
        let own = s.boxed(Some(layer), 90.0);
        let cross = s.boxed(Some(layer), 90.0);
        let out = s.boxed(Some(layer), 90.0);
        s.trunk(&[last, own, cross, out]);
        s.edge(inside[1], cross);
        last = out;
    }
}

fn ports(s: &mut Sketch) {
    let a = s.boxed(None, 80.0);
    let b = s.boxed(None, 80.0);
    let c = s.boxed(None, 80.0);
    let d = s.boxed(None, 80.0);
    let sides = [Side::Top, Side::Right, Side::Bottom, Side::Left];
    s.input.nodes[b].ports = sides.map(|side| Port { side, at: 0.5 }).to_vec();
    s.trunk(&[a, b, c, d]);
    for (port, to) in [(1, c), (3, d), (0, d)] {
        s.edge(b, to);
        s.last().source.port = Some(port);
    }
    for (port, from) in [(1, a), (3, a), (2, a)] {
        s.edge(from, b);
        s.last().target.port = Some(port);
    }
}

/// A trunk with a tall container, and a chain that nothing joins to it.
fn apart(s: &mut Sketch) {
    let first = s.boxed(None, 60.0);
    let mask = s.boxed(None, 50.0);
    let block = s.container(None);
    let inside = [90.0, 90.0, 90.0].map(|w| s.boxed(Some(block), w));
    let last = s.boxed(None, 60.0);
    s.trunk(&[first, inside[0], inside[1], inside[2], last]);
    let [select, and] = [60.0, 40.0].map(|w| s.boxed(None, w));
    s.edge(mask, select);
    s.edge(select, and);
    s.boxed(None, 40.0);
}

/// Stubs beside a tall container and beside a box, each for what follows.
fn stub_low(s: &mut Sketch) {
    let first = s.boxed(None, 60.0);
    let block = s.container(None);
    let inside = [90.0, 90.0, 90.0].map(|w| s.boxed(Some(block), w));
    let [next, last] = [90.0, 90.0].map(|w| s.boxed(None, w));
    s.trunk(&[first, inside[0], inside[1], inside[2], next, last]);
    for reader in [next, last] {
        let note = s.boxed(None, 30.0);
        s.edge(note, reader);
    }
}

/// Stubs that may stand beside what they lead to: three at one box, one alone with a box, one at a merge.
fn satellite(s: &mut Sketch) {
    let first = s.boxed(None, 60.0);
    let columns = [60.0, 60.0, 60.0].map(|w| s.boxed(None, w));
    let join = s.boxed(None, 120.0);
    let add = s.merge(None);
    let lone = s.boxed(None, 90.0);
    let last = s.boxed(None, 90.0);
    for c in columns {
        s.edge(first, c);
        s.edge(c, join);
    }
    s.trunk(&[join, add, last]);
    for reader in [join, join, join, add, lone] {
        let stub = s.boxed(None, 30.0);
        s.input.nodes[stub].size.height = 12.0;
        s.input.nodes[stub].beside = true;
        s.edge(stub, reader);
    }
}

/// A trunk that forks into a box under a stub and a by-pass of the box.
fn stub(s: &mut Sketch) {
    let first = s.boxed(None, 60.0);
    let block = s.container(None);
    let note = s.boxed(Some(block), 30.0);
    let body = s.boxed(Some(block), 90.0);
    let output = s.boxed(Some(block), 90.0);
    let last = s.boxed(None, 60.0);
    s.trunk(&[first, body, output, last]);
    s.edge(note, body);
    s.skip(first, output);
}
