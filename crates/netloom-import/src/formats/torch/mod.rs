//! Files of `torch.save` and other pickles: state dicts, checkpoints and whole modules.

pub(crate) mod container;
pub(crate) mod elements;
mod find;
mod legacy;
mod whole;

use netloom_graph::{DType, Graph, Role};

use container::{Container, Kind};
use find::Found;

use crate::pickle::tensor::Tensor;
use crate::sniff::has_extension;
use crate::templates::{self, Weights};
use crate::weights_only::Entry;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// Files of `torch.save` as a format.
pub struct Torch;

impl Format for Torch {
    fn name(&self) -> &'static str {
        "torch"
    }

    fn about(&self) -> &'static str {
        "state dicts, checkpoints and whole modules that torch.save wrote"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pt", "pth", "bin", "ckpt", "pkl", "pickle", "tar"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        match Kind::of(source) {
            Some(_) => Confidence::Content,
            // The oldest pickles begin with no mark of their own.
            None if has_extension(source, &["pkl", "pickle"]) => Confidence::Extension,
            None => Confidence::No,
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let container = Container::open(source)?;
        match find::find(&container)? {
            Found::Weights { tensors, notes } => {
                let mut weights = weights(&container, tensors);
                weights.notes.extend(notes);
                let mut graph = templates::with_config_beside(source, weights)?;
                graph.producer = format!("pytorch ({})", container.kind);
                Ok(graph)
            }
            Found::Module { object, notes } => whole::read(&container, object, notes),
            Found::Nothing(what) => Err(Error::new(
                ErrorKind::NotThisFormat,
                format!("this is {what}, not a model: expected weights or modules of PyTorch"),
            )
            .with_hint("save the model's weights with `torch.save(model.state_dict(), path)`, or export the network with `torch.export`")),
        }
    }
}

/// The weights of a state dict, for whoever knows the network.
fn weights(container: &Container<'_>, tensors: Vec<(String, Tensor)>) -> Weights {
    let entries = tensors.into_iter().map(|(name, tensor)| {
        let mut entry = Entry::new(name, tensor.dtype, tensor.dims.clone(), container.place(&tensor));
        entry.stored.role = role(&entry.name, &tensor);
        entry
    });
    let mut weights = Weights::new("torch", entries.collect());
    weights.notes.push(
        "for the network too, export it: `torch.export.save(torch.export.export(model, inputs), \"model.pt2\")`"
            .to_owned(),
    );
    weights
}

/// What a tensor is for, as far as its type tells: masks and counters are no parameters.
fn role(name: &str, tensor: &Tensor) -> Option<Role> {
    if let Some(trained) = tensor.parameter {
        return Some(Role::Parameter { trainable: Some(trained) });
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_counter = matches!(tensor.dtype, Some(DType::Bool | DType::Int64 | DType::Int32 | DType::Int16))
        || tensor.dtype == Some(DType::UInt8) && last != "weight";
    let is_scale = matches!(last, "scale" | "zero_point") && tensor.elements() == Some(1);
    ((is_counter && !tensor.quantized) || is_scale).then_some(Role::Buffer)
}
