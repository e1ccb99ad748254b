//! From XML to layers and edges.

use std::collections::BTreeMap;

use netloom_graph::{DType, Dim, Shape, ValueType};
use roxmltree::{Document, Node, ParsingOptions};

use crate::Error;
use crate::error::Grouped;

/// The most elements of the XML.
const MAX_ELEMENTS: u32 = 20_000_000;

/// A network as written.
pub struct Net {
    pub name: String,
    pub version: String,
    pub layers: Vec<Layer>,
    /// What each input port of a layer reads: by number of the layer and of the port, those of the maker.
    pub edges: BTreeMap<(i64, i64), (i64, i64)>,
}

/// One layer as written.
pub struct Layer {
    pub id: i64,
    pub name: String,
    pub kind: String,
    pub settings: BTreeMap<String, String>,
    /// Numbers of the ports that read, in order.
    pub inputs: Vec<i64>,
    /// Ports that give, in order.
    pub outputs: Vec<Port>,
}

/// What a port gives.
pub struct Port {
    pub id: i64,
    pub ty: ValueType,
    /// Names of the tensor, joined by commas.
    pub names: String,
}

impl Layer {
    /// A list of integers such as `1, 1`.
    pub fn ints(&self, name: &str) -> Vec<i64> {
        let words = self.settings.get(name).map_or("", String::as_str).split(',');
        words.filter_map(|w| w.trim().parse().ok()).collect()
    }

    /// An integer.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.settings.get(name)?.trim().parse().ok()
    }

    /// A number.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.settings.get(name)?.trim().parse().ok()
    }

    /// A text.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.word(name), Some("true" | "True" | "1"))
    }
}

/// Reads the text.
pub fn read(text: &str) -> Result<Net, Error> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_ELEMENTS, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|e| {
        let at = e.pos();
        let line = text.lines().take(usize::try_from(at.row).unwrap_or(1).saturating_sub(1));
        let start = line.map(|l| l.len() + 1).sum::<usize>();
        Error::damaged(start as u64, format_args!("expected well-formed XML, found a fault: {e}"))
    })?;
    let root = document.root_element();
    let child = |name: &str| root.children().find(|c| c.has_tag_name(name));
    let number = |n: Node<'_, '_>, name: &str| n.attribute(name).and_then(|w| w.trim().parse::<i64>().ok());
    let mut layers = Vec::new();
    for node in child("layers").into_iter().flat_map(|l| l.children()).filter(|n| n.has_tag_name("layer")) {
        let Some(id) = number(node, "id") else {
            return Err(Error::damaged(
                node.range().start as u64,
                format_args!(
                    "expected a number as `id` of layer {}, found none",
                    Grouped(layers.len() as u64)
                ),
            ));
        };
        layers.push(layer(node, id));
    }
    let mut edges = BTreeMap::new();
    for edge in child("edges").into_iter().flat_map(|l| l.children()).filter(|n| n.has_tag_name("edge")) {
        if let (Some(to), Some(to_port), Some(from), Some(from_port)) = (
            number(edge, "to-layer"),
            number(edge, "to-port"),
            number(edge, "from-layer"),
            number(edge, "from-port"),
        ) {
            edges.insert((to, to_port), (from, from_port));
        }
    }
    let word = |name: &str| root.attribute(name).unwrap_or_default().to_owned();
    Ok(Net { name: word("name"), version: word("version"), layers, edges })
}

fn layer(node: Node<'_, '_>, id: i64) -> Layer {
    let child = |name: &str| node.children().find(|c| c.has_tag_name(name));
    let ports = |name: &str| {
        let ports = child(name).into_iter().flat_map(|p| p.children()).filter(|n| n.has_tag_name("port"));
        ports.collect::<Vec<_>>()
    };
    let number = |n: &Node<'_, '_>| n.attribute("id").and_then(|w| w.parse().ok()).unwrap_or(-1);
    let settings = child("data").into_iter().flat_map(|d| d.attributes());
    Layer {
        id,
        name: node.attribute("name").unwrap_or_default().to_owned(),
        kind: node.attribute("type").unwrap_or_default().to_owned(),
        settings: settings.map(|a| (a.name().to_owned(), a.value().to_owned())).collect(),
        inputs: ports("input").iter().map(number).collect(),
        outputs: ports("output")
            .iter()
            .map(|p| Port {
                id: number(p),
                ty: ValueType::Tensor {
                    dtype: p.attribute("precision").and_then(precision),
                    shape: shape(*p),
                },
                names: p.attribute("names").unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

/// The dimensions of a port; -1 is free.
fn shape(port: Node<'_, '_>) -> Shape {
    let dims = port.children().filter(|c| c.has_tag_name("dim"));
    let dim = |d: Node<'_, '_>| match d.text().unwrap_or_default().trim().parse::<i64>() {
        Ok(n) if n >= 0 => Dim::Known(n),
        _ => Dim::Unknown,
    };
    Shape::Ranked(dims.map(dim).collect())
}

/// Element types by their names in ports and in settings.
pub fn precision(name: &str) -> Option<DType> {
    DType::from_name(match name {
        "FP32" | "f32" => "float32",
        "FP16" | "f16" => "float16",
        "FP64" | "f64" => "float64",
        "BF16" | "bf16" => "bfloat16",
        "I64" | "i64" => "int64",
        "I32" | "i32" => "int32",
        "I16" | "i16" => "int16",
        "I8" | "i8" => "int8",
        "U64" | "u64" => "uint64",
        "U32" | "u32" => "uint32",
        "U16" | "u16" => "uint16",
        "U8" | "u8" => "uint8",
        "U4" | "u4" => "uint4",
        "I4" | "i4" => "int4",
        "BOOL" | "boolean" => "bool",
        "STRING" | "string" => "string",
        _ => return None,
    })
}
