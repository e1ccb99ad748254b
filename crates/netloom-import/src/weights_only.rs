//! Weights without a network: a module tree with one node per module, told from names and dimensions of what is stored.
//!
//! State dicts, safetensors and the like say which tensors a model has and not what it computes with them. The figure
//! then shows what is there, unconnected; nothing about the flow of data is guessed.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use netloom_graph::{Attribute, DType, Dim, Node, Role, Shape, Storage, ValueType};

use crate::Error;
use crate::draft::{Draft, Stored};

/// A named tensor of a file of weights.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its name as in the file, such as `layer1.0.conv1.weight`.
    pub name: String,
    /// What is known of it.
    pub stored: Stored,
}

impl Entry {
    /// A tensor with a type, dimensions and place.
    pub fn new(name: impl Into<String>, dtype: Option<DType>, dims: Vec<i64>, storage: Storage) -> Self {
        let stored = Stored::new(dtype, dims.into_iter().map(Dim::Known)).at(storage);
        Self { name: name.into(), stored }
    }

    /// A tensor of which only the name is known.
    pub fn unknown(name: impl Into<String>) -> Self {
        let stored = Stored { shape: Shape::Unranked, ..Stored::new(None, []) };
        Self { name: name.into(), stored }
    }

    /// Its dimensions, where all are known.
    pub fn dims(&self) -> Option<Vec<i64>> {
        self.stored.shape.dims()?.iter().map(Dim::as_known).collect()
    }
}

/// Puts entries in the order in which a model has its parts, as far as names tell: numbers in names count as numbers.
/// Formats that sort names as text need it.
pub fn sort_naturally(entries: &mut [Entry]) {
    entries.sort_by(|a, b| natural(&a.name, &b.name));
}

fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return a.cmp(b),
            (None, _) => Ordering::Less,
            (_, None) => Ordering::Greater,
            (Some(x), Some(y)) => match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(m), Ok(n)) => m.cmp(&n),
                _ => x.cmp(y),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Adds the modules and weights of a file that holds no network, with a note that says so.
///
/// # Errors
/// When the draft passes a limit.
pub fn add(draft: &mut Draft, entries: Vec<Entry>) -> Result<(), Error> {
    draft.note(
        "",
        "the file holds weights without a network: what is stored is shown, how it is connected is unknown",
    );
    let mut groups: Vec<(String, Vec<Entry>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        let owner = entry.name.rsplit_once('.').map_or("", |(owner, _)| owner).to_owned();
        let at = *places.entry(owner.clone()).or_insert_with(|| {
            groups.push((owner, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(entry);
    }
    for (owner, entries) in groups {
        group(draft, &owner, entries)?;
    }
    Ok(())
}

fn group(draft: &mut Draft, owner: &str, entries: Vec<Entry>) -> Result<(), Error> {
    let module = draft.module_at(owner)?;
    let seen = Seen::of(owner, &entries);
    let kind = seen.kind();
    if !owner.is_empty() && draft.graph.module(module).class.is_none() {
        draft.graph.module_mut(module).class = kind.as_ref().map(|k| k.class.to_owned());
    }
    // Figures leave out what is made of stored values alone; this is what flows in, from nobody knows where.
    let mut inputs = vec![Some(draft.tensor(&format!("{owner}.input"), ValueType::Unknown)?)];
    for entry in entries {
        let is_buffer = BUFFERS.contains(&last(&entry.name));
        let role = if is_buffer { Role::Buffer } else { Role::Parameter { trainable: None } };
        let stored = Stored { role: entry.stored.role.or(Some(role)), ..entry.stored };
        inputs.push(Some(draft.weight(&entry.name, stored)?));
    }
    let name = owner.rsplit('.').next().unwrap_or_default();
    let op = kind.as_ref().map_or("Parameters", |k| k.class);
    let mut node = Node::in_domain("weights", op, 0, module);
    node.layer = None;
    let attributes = kind.map(|k| k.settings).unwrap_or_default();
    let attributes = attributes.into_iter().map(|(n, v)| (n, Attribute::Int(v))).collect();
    draft.node(node, name, inputs, attributes, vec![(owner, ValueType::Unknown)])?;
    Ok(())
}

/// Names of stored tensors that frameworks do not count as parameters.
const BUFFERS: &[&str] = &["running_mean", "running_var", "num_batches_tracked", "inv_freq", "position_ids"];

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What a module seems to be.
struct Kind {
    class: &'static str,
    settings: Vec<(&'static str, i64)>,
}

/// What is stored for one module.
struct Seen<'a> {
    owner: &'a str,
    shapes: BTreeMap<&'a str, Option<Vec<i64>>>,
}

impl<'a> Seen<'a> {
    fn of(owner: &'a str, entries: &'a [Entry]) -> Self {
        Self { owner, shapes: entries.iter().map(|e| (last(&e.name), e.dims())).collect() }
    }

    fn shape(&self, name: &str) -> Option<&[i64]> {
        self.shapes.get(name)?.as_deref()
    }

    /// The kind of layer that has such weights, in the words of PyTorch.
    fn kind(&self) -> Option<Kind> {
        let kind =
            |class, settings: &[(&'static str, i64)]| Some(Kind { class, settings: settings.to_vec() });
        if let Some(recurrence) = self.shape("weight_hh_l0") {
            let (rows, hidden) = (*recurrence.first()?, *recurrence.get(1)?);
            let class = match rows.checked_div(hidden) {
                Some(4) => "LSTM",
                Some(3) => "GRU",
                _ => "RNN",
            };
            return kind(class, &[("hidden", hidden)]);
        }
        if let Some([_, features]) = self.shape("in_proj_weight") {
            return kind("MultiheadAttention", &[("features", *features)]);
        }
        let weight = self.shape("weight")?;
        match *weight {
            [features] if self.shapes.contains_key("running_mean") => {
                kind("BatchNorm", &[("features", features)])
            }
            [features] if self.shapes.contains_key("bias") => kind("Norm", &[("features", features)]),
            [features] => kind("RMSNorm", &[("features", features)]),
            [size, features] if self.is_table() => {
                kind("Embedding", &[("size", size), ("features", features)])
            }
            [out, from] => kind("Linear", &[("in", from), ("out", out)]),
            [out, from, k] => kind("Conv1d", &[("in", from), ("out", out), ("kernel", k)]),
            [out, from, k, _] => kind("Conv2d", &[("in", from), ("out", out), ("kernel", k)]),
            [out, from, k, _, _] => kind("Conv3d", &[("in", from), ("out", out), ("kernel", k)]),
            _ => None,
        }
    }

    /// Whether a matrix is a table of vectors: tables have no bias and say so in their names.
    fn is_table(&self) -> bool {
        let name = last(self.owner).to_ascii_lowercase();
        let telling = ["embed", "emb", "wte", "wpe", "shared"].iter().any(|w| name.contains(w));
        telling && !self.shapes.contains_key("bias")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(lines: &str) -> Vec<Entry> {
        let line = |l: &str| {
            let (name, dims) = l.trim().split_once(' ').unwrap();
            let dims = dims.split('x').map(|d| d.parse().unwrap()).collect();
            Entry::new(name, Some(DType::Float32), dims, Storage::Absent)
        };
        lines.lines().filter(|l| !l.trim().is_empty()).map(line).collect()
    }

    #[test]
    fn kinds_follow_from_names_and_dimensions() {
        let mut entries = entries(
            "h.10.norm.weight 8
             h.2.norm.weight 8
             h.2.norm.bias 8
             conv.weight 6x1x5x5
             embed.weight 100x8
             fc.bias 10
             fc.weight 10x84
             lstm.weight_ih_l0 64x8
             lstm.weight_hh_l0 64x16
             scale 3",
        );
        sort_naturally(&mut entries);
        let mut draft = Draft::new("test", "");
        add(&mut draft, entries).unwrap();
        let graph = draft.finish();
        let found: Vec<String> =
            graph.nodes().map(|(id, n)| format!("{} {}", graph.node_path(id), n.op)).collect();
        let expected =
            "conv Conv2d|embed Embedding|fc Linear|h.2.norm Norm|h.10.norm RMSNorm|lstm LSTM| Parameters";
        let short = |s: &String| {
            let (path, op) = s.rsplit_once(' ').unwrap();
            format!("{} {op}", path.rsplit_once('/').map_or("", |(m, _)| m))
        };
        let found: Vec<String> = found.iter().map(short).collect();
        assert_eq!(found.join("|"), expected);
        assert_eq!(graph.tensors().filter(|(_, t)| t.is_stored()).count(), 10);
    }
}
