//! Writes ONNX messages by hand, field by field.
#![allow(dead_code, reason = "each test file uses its own part")]

/// A message under writing.
#[derive(Clone, Default)]
pub struct Msg(pub Vec<u8>);

impl Msg {
    pub fn new() -> Self {
        Self::default()
    }

    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(0x80 | (n & 0x7f) as u8);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub fn int(mut self, field: u32, n: i64) -> Self {
        self.varint(u64::from(field) << 3);
        self.varint(n as u64);
        self
    }

    pub fn float(mut self, field: u32, x: f32) -> Self {
        self.varint(u64::from(field) << 3 | 5);
        self.0.extend(x.to_le_bytes());
        self
    }

    pub fn bytes(mut self, field: u32, bytes: impl AsRef<[u8]>) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.as_ref().len() as u64);
        self.0.extend(bytes.as_ref());
        self
    }

    pub fn msg(self, field: u32, inner: Msg) -> Self {
        self.bytes(field, inner.0)
    }

    pub fn all<T>(self, items: impl IntoIterator<Item = T>, add: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, add)
    }

    pub fn packed(self, field: u32, numbers: &[i64]) -> Self {
        let mut inner = Msg::new();
        numbers.iter().for_each(|n| inner.varint(*n as u64));
        self.bytes(field, inner.0)
    }
}

/// A node: operator, inputs and outputs by name, separated by spaces; `-` leaves one out.
pub fn node(op: &str, inputs: &str, outputs: &str) -> Msg {
    let name = |n: &str| if n == "-" { String::new() } else { n.to_owned() };
    Msg::new()
        .all(inputs.split_whitespace(), |m, n| m.bytes(1, name(n)))
        .all(outputs.split_whitespace(), |m, n| m.bytes(2, name(n)))
        .bytes(4, op)
}

/// A value of float32 with these dimensions; a name stands for a symbol.
pub fn value(name: &str, dims: &str) -> Msg {
    let shape = Msg::new().all(dims.split_whitespace(), |m, d| {
        m.msg(1, d.parse().map_or_else(|_| Msg::new().bytes(2, d), |n| Msg::new().int(1, n)))
    });
    Msg::new().bytes(1, name).msg(2, Msg::new().msg(1, Msg::new().int(1, 1).msg(2, shape)))
}

/// A stored tensor.
pub fn tensor(name: &str, dtype: i64, dims: &[i64], raw: &[u8]) -> Msg {
    Msg::new().packed(1, dims).int(2, dtype).bytes(8, name).bytes(9, raw)
}

/// A graph: nodes, inputs and outputs by name.
pub fn graph(nodes: impl IntoIterator<Item = Msg>, inputs: &str, outputs: &str) -> Msg {
    Msg::new()
        .all(nodes, |m, n| m.msg(1, n))
        .all(inputs.split_whitespace(), |m, n| m.msg(11, value(n, "2 3")))
        .all(outputs.split_whitespace(), |m, n| m.msg(12, Msg::new().bytes(1, n)))
}

/// A model of operator set 17.
pub fn model(graph: Msg) -> Msg {
    Msg::new().int(1, 8).msg(8, Msg::new().bytes(1, "").int(2, 17)).msg(7, graph)
}

/// A setting that holds a body.
pub fn body(name: &str, graph: Msg) -> Msg {
    Msg::new().bytes(1, name).int(20, 5).msg(6, graph)
}

/// A pseudo-random sequence, the same on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 16
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}
