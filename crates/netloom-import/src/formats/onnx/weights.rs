//! Stored weights: small ones kept beside the model, and those an export lists as inputs.

use std::collections::BTreeMap;

use netloom_graph::{DType, Graph, Producer, Storage, TensorId, Value, Weight};

use super::paths::owner_of;
use super::remarks::Remarks;
use super::tensor::TensorProto;
use crate::Source;
use crate::source::take;

/// The most files beside the model that are looked into.
const MAX_SIBLINGS: usize = 64;

/// The most elements of small tensors that are kept in all.
const MAX_KEPT: u64 = 1 << 22;

/// Reads small integer tensors, whose elements shapes depend on, wherever they are stored.
pub struct Siblings<'a> {
    source: &'a dyn Source,
    kept: u64,
    open: BTreeMap<String, Option<Box<dyn Source>>>,
}

impl<'a> Siblings<'a> {
    /// Looks beside a source.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, kept: 0, open: BTreeMap::new() }
    }

    /// The elements of a small tensor, if they can be had and not too many are kept already.
    pub fn value(&mut self, proto: &TensorProto) -> Option<Value> {
        if !proto.is_small() || self.kept >= MAX_KEPT {
            return None;
        }
        self.kept += proto.elements()?;
        proto.value(|storage| self.read(storage, proto))
    }

    fn read(&mut self, storage: &Storage, proto: &TensorProto) -> Option<Vec<u8>> {
        let want = usize::try_from(proto.byte_len()?).ok()?;
        let bytes = match storage {
            Storage::Inline { offset, len } => {
                take(self.source, *offset, usize::try_from(*len).ok()?.min(want)).ok()?
            }
            Storage::External { location, offset, len } => {
                let is_shape_like = proto.dtype().is_some_and(|d| d.is_int() || d == DType::Bool);
                if !is_shape_like || len.is_some_and(|l| l != want as u64) {
                    return None;
                }
                take(self.sibling(location)?, *offset, want).ok()?
            }
            Storage::Absent => return None,
        };
        (bytes.len() == want).then_some(bytes)
    }

    fn sibling(&mut self, location: &str) -> Option<&dyn Source> {
        // A model may name files beside and below it, nothing else.
        let stays_below = !location.is_empty()
            && !location.contains(['\\', ':', '\0'])
            && location.split('/').all(|part| !part.is_empty() && part != "..");
        if !stays_below || (self.open.len() >= MAX_SIBLINGS && !self.open.contains_key(location)) {
            return None;
        }
        let source = self.source;
        self.open.entry(location.to_owned()).or_insert_with(|| source.sibling(location)).as_deref()
    }
}

/// Takes inputs that are parameters by name out of the model's inputs: an export without weights lists them there.
///
/// Only where nothing is stored at all. An input of known shape is a parameter when its name is the path of one
/// (`layer1.0.conv1.weight`), or when it is a parameter that the TorchScript exporter renamed (`onnx::Conv_193`) and
/// every reader reads it where its kind keeps weights. At least one input must remain.
pub fn take_parameters_from_inputs(graph: &mut Graph, remarks: &mut Remarks) {
    if graph.tensors().any(|(_, t)| t.is_stored()) {
        return;
    }
    let is_parameter: Vec<bool> = graph.inputs.iter().map(|t| is_parameter(graph, *t)).collect();
    let count = is_parameter.iter().filter(|p| **p).count();
    if count == 0 || count == graph.inputs.len() {
        return;
    }
    let all = std::mem::take(&mut graph.inputs);
    for (tensor, is_parameter) in all.into_iter().zip(is_parameter) {
        if is_parameter {
            let entry = graph.tensor_mut(tensor);
            entry.producer = Producer::Stored;
            entry.weight = Some(Weight::new(entry.ty.dtype(), entry.ty.shape().clone(), Storage::Absent));
        } else {
            graph.mark_input(tensor);
        }
    }
    remarks.note(
        "",
        &format!("{count} inputs are parameters by name: they count as stored weights without bytes"),
    );
}

fn is_parameter(graph: &Graph, id: TensorId) -> bool {
    let tensor = graph.tensor(id);
    if tensor.ty.shape().elements().is_none() {
        return false;
    }
    if owner_of(&tensor.name).is_some() {
        return true;
    }
    tensor.name.starts_with("onnx::")
        && !tensor.consumers.is_empty()
        && tensor.consumers.iter().all(|(node, position)| {
            let layer = graph.node(*node).layer;
            layer.is_some_and(|l| l.learned.contains(position) || l.state.contains(position))
        })
}
