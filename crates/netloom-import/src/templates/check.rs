//! Whether the tensors of a file are the weights of a network, by name and dimensions.

use std::collections::BTreeMap;

use netloom_graph::{DType, Diagnostic, Dim, Graph, Shape, TensorId, ValueType};

use super::finish::is_in_files;
use crate::weights_only::Entry;

/// The share of a network's weights, or of a file's tensors, in percent, that may disagree before the network is given
/// up.
pub const MAX_DISAGREEMENT: usize = 10;

/// The most tensors that a remark names.
const MAX_NAMED: usize = 8;

/// Stored tensors that no network needs, by the end of their names: tables and masks that old versions saved.
const NEEDLESS: &[&str] = &[
    "position_ids",
    "rotary_emb.inv_freq",
    "attn.bias",
    "attn.masked_bias",
    "attention.bias",
    "attention.masked_bias",
    "final_logits_bias",
    "EncDecAttention.relative_attention_bias.weight",
];

/// Second copies of a matrix that is used in several places, by the end of their names.
const COPIES: &[&str] = &[
    "lm_head.weight",
    "embed_out.weight",
    "proj_out.weight",
    "embed_tokens.weight",
    "shared.weight",
    "vocab_projector.weight",
    "decoder.weight",
    "decoder.bias",
    "predictions.bias",
    "lm_head.bias",
];

/// What follows the name of a weight in the names of what unpacks it, where weights are quantised.
const UNPACKING: &[&str] =
    &["_scale", "_scale_inv", "_scale_2", ".absmax", ".quant_map", ".quant_state", "_format", ".SCB"];

/// Other names of the same weight: what old versions or files call the end of a name.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("LayerNorm.weight", "LayerNorm.gamma"),
    ("LayerNorm.bias", "LayerNorm.beta"),
    ("predictions.decoder.bias", "predictions.bias"),
    ("lm_head.decoder.bias", "lm_head.bias"),
    ("lm_head.weight", "embed_out.weight"),
    // The first block keeps the table that all blocks read.
    ("relative_attention_bias.weight", "block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
    ("encoder.embed_tokens.weight", "shared.weight"),
];

/// Gives the weights of a network the types and places of a file's tensors, and remarks what does not fit.
///
/// # Errors
/// A sentence for people when more than [`MAX_DISAGREEMENT`] percent of either side does not fit.
pub(super) fn check(graph: &mut Graph, entries: &[Entry], base: &str) -> Result<(), String> {
    let needed: Vec<TensorId> =
        graph.tensors().map(|(id, _)| id).filter(|id| is_in_files(graph, *id)).collect();
    let held: BTreeMap<&str, usize> = entries.iter().enumerate().map(|(i, e)| (e.name.as_str(), i)).collect();
    let naming = Naming::best(graph, &needed, &held, base);
    let mut taken = vec![false; entries.len()];
    let (mut missing, mut different, mut fits) = (Vec::new(), Vec::new(), Vec::new());
    for id in &needed {
        let name = graph.tensor(*id).name.clone();
        let Some(at) = naming.find(&name, &held) else {
            missing.push(name);
            continue;
        };
        taken[at] = true;
        let (wanted, found) = (graph.tensor(*id).ty.shape(), &entries[at].stored.shape);
        if found.rank().is_none() || wanted == found || is_same_vector(wanted, found) {
            fits.push((*id, at));
        } else {
            different.push(format!("{} is {found} in the file, {wanted} in the network", entries[at].name));
        }
    }
    let (mut left, mut unpacking) = (Vec::new(), 0);
    for (i, entry) in entries.iter().enumerate().filter(|(i, _)| !taken[*i]) {
        let ends = |list: &[&str]| list.iter().any(|end| entry.name.ends_with(end));
        let unpacks = || {
            UNPACKING.iter().any(|end| {
                let weight = entry.name.strip_suffix(end);
                weight.and_then(|w| held.get(w)).is_some_and(|at| taken[*at])
            })
        };
        if ends(NEEDLESS) || (ends(COPIES) && is_copy(graph, &needed, &entries[i])) {
            continue;
        }
        if unpacks() {
            unpacking += 1;
        } else {
            left.push(entry.name.clone());
        }
    }
    let too_much = |n: usize, of: usize| n * 100 > of * MAX_DISAGREEMENT;
    if too_much(missing.len() + different.len(), needed.len()) || too_much(left.len(), entries.len()) {
        return Err(format!(
            "the file does not fit the network of its configuration: of {} weights {} are missing and {} have other \
             dimensions, of {} tensors {} have no place{}",
            needed.len(),
            missing.len(),
            different.len(),
            entries.len(),
            left.len(),
            examples(&missing, &different, &left)
        ));
    }
    for (remark, names) in [
        ("weights of the network that the file does not hold", &missing),
        ("weights whose dimensions differ", &different),
        ("tensors of the file that have no place in the network", &left),
    ] {
        if !names.is_empty() {
            graph.diagnostics.push(Diagnostic::warning("", format!("{remark}: {}", few(names, "; "))));
        }
    }
    if unpacking > 0 {
        let message = format!("{unpacking} tensors unpack quantised weights; the figure shows the weights");
        graph.diagnostics.push(Diagnostic::note("", message));
    }
    place(graph, entries, &fits);
    Ok(())
}

/// Whether two shapes are one vector with ones around it, as a class token is that is joined to others.
fn is_same_vector(a: &Shape, b: &Shape) -> bool {
    let long = |s: &Shape| -> Option<Vec<Dim>> {
        let long: Vec<Dim> = s.dims()?.iter().filter(|d| d.as_known() != Some(1)).cloned().collect();
        (long.len() <= 1).then_some(long)
    };
    long(a).is_some_and(|a| long(b) == Some(a))
}

/// Whether a tensor has the dimensions of a weight that the network has, so that it may be a copy.
fn is_copy(graph: &Graph, needed: &[TensorId], entry: &Entry) -> bool {
    let shape = &entry.stored.shape;
    shape.rank().is_none() || needed.iter().any(|id| graph.tensor(*id).ty.shape() == shape)
}

fn examples(missing: &[String], different: &[String], left: &[String]) -> String {
    let named: Vec<String> = [missing, different, left].iter().filter_map(|l| l.first().cloned()).collect();
    if named.is_empty() { String::new() } else { format!(" (among them: {})", named.join("; ")) }
}

fn few(names: &[String], between: &str) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let shown = names[..names.len().min(MAX_NAMED)].join(between);
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// Types and places from the file; what flows between weights has their most common type.
fn place(graph: &mut Graph, entries: &[Entry], fits: &[(TensorId, usize)]) {
    let mut common: BTreeMap<DType, usize> = BTreeMap::new();
    for (_, at) in fits {
        if let Some(dtype) = entries[*at].stored.dtype.filter(|d| d.is_float()) {
            *common.entry(dtype).or_default() += 1;
        }
    }
    let flow = common.into_iter().max_by_key(|(_, n)| *n).map_or(DType::Float32, |(d, _)| d);
    let flow = if fits.iter().any(|(_, at)| entries[*at].stored.dtype != Some(flow)) {
        DType::Float32
    } else {
        flow
    };
    let ids: Vec<TensorId> = graph.tensors().map(|(id, _)| id).collect();
    for id in ids {
        if let ValueType::Tensor { dtype: Some(dtype), .. } = &mut graph.tensor_mut(id).ty
            && *dtype == DType::Float32
        {
            *dtype = flow;
        }
    }
    for (id, at) in fits {
        let stored = &entries[*at].stored;
        let tensor = graph.tensor_mut(*id);
        tensor.name.clone_from(&entries[*at].name);
        if let Some(weight) = &mut tensor.weight {
            weight.dtype = stored.dtype.or(weight.dtype.filter(|_| stored.shape.rank().is_none()));
            weight.storage = stored.storage.clone();
        }
    }
}

/// How names of a network become names of a file.
#[derive(Clone, Copy)]
enum Naming<'a> {
    Same,
    /// The file leaves out the name of the bare model.
    Without(&'a str),
    /// The file has the bare model inside another.
    With(&'a str),
}

impl<'a> Naming<'a> {
    /// The way that finds most weights.
    fn best(graph: &Graph, needed: &[TensorId], held: &BTreeMap<&str, usize>, base: &'a str) -> Self {
        let ways = [Self::With(base), Self::Without(base), Self::Same];
        let found = |way: &Self| {
            needed.iter().filter(|id| way.find(&graph.tensor(**id).name, held).is_some()).count()
        };
        ways.into_iter().max_by_key(found).unwrap_or(Self::Same)
    }

    fn find(self, name: &str, held: &BTreeMap<&str, usize>) -> Option<usize> {
        let renamed = match self {
            Self::Same => name.to_owned(),
            Self::Without(base) => {
                let rest = name.strip_prefix(base).and_then(|r| r.strip_prefix('.'));
                rest.unwrap_or(name).to_owned()
            }
            Self::With(base) => format!("{base}.{name}"),
        };
        let other = || {
            OTHER_NAMES.iter().find_map(|(ours, theirs)| {
                let begin = renamed.strip_suffix(ours)?;
                held.get(format!("{begin}{theirs}").as_str())
            })
        };
        held.get(renamed.as_str()).or_else(other).copied()
    }
}
