//! What a template leaves to be said: classes of single layers, and which stored tensors are parameters.

use netloom_graph::{Graph, ModuleId, Role};

use super::Family;

/// Names of stored tensors that the notation makes up; no file holds them.
const MADE_UP: &[&str] = &["position_ids", "distances"];

/// Classes of layers that families have for themselves: class stem, name of the part, class.
const CLASSES: &[(&str, &str, &str)] = &[
    ("Bart", "embed_positions", "BartLearnedPositionalEmbedding"),
    ("Bart", "embed_tokens", "BartScaledWordEmbedding"),
];

/// Whether a stored tensor of a template stands in files.
pub(super) fn is_in_files(graph: &Graph, tensor: netloom_graph::TensorId) -> bool {
    let tensor = graph.tensor(tensor);
    let made_up = tensor.name.rsplit('.').next().is_some_and(|last| MADE_UP.contains(&last));
    tensor.is_stored()
        && tensor.weight.is_some()
        && tensor.value.is_none()
        && !made_up
        && !tensor.consumers.is_empty()
}

/// Gives layers their classes and stored tensors their roles.
pub(super) fn finish(graph: &mut Graph, family: &Family) {
    let modules: Vec<ModuleId> = graph.modules().map(|(id, _)| id).collect();
    for id in modules {
        let module = graph.module(id);
        if module.class.is_some() || !module.children.is_empty() || id == graph.root() {
            continue;
        }
        let named = CLASSES.iter().find(|(stem, name, _)| *stem == family.stem && module.name == *name);
        if let Some((.., class)) = named {
            graph.module_mut(id).class = Some((*class).to_owned());
            continue;
        }
        let class = module.nodes.iter().find_map(|n| class_of(graph, *n, family));
        graph.module_mut(id).class = class;
    }
    let stored: Vec<_> = graph.tensors().filter(|(_, t)| t.is_stored()).map(|(id, _)| id).collect();
    for id in stored {
        let role = if is_in_files(graph, id) { Role::Parameter { trainable: None } } else { Role::Buffer };
        if let Some(weight) = &mut graph.tensor_mut(id).weight {
            weight.role = Some(role);
        }
    }
}

/// The class of the module that a single operator is, in PyTorch and transformers.
fn class_of(graph: &Graph, node: netloom_graph::NodeId, family: &Family) -> Option<String> {
    let node = graph.node(node);
    let rank = |input: usize| graph.tensor(node.input(input)?).ty.shape().rank();
    Some(match node.op.as_str() {
        "Gemm" | "linear" if node.attributes.int("transB") == Some(0) => "Conv1D".to_owned(),
        "Gemm" | "linear" => "Linear".to_owned(),
        "Gather" if family.stem.starts_with("Gemma") => format!("{}TextScaledWordEmbedding", family.stem),
        "Gather" if node.input(0).is_some_and(|t| graph.tensor(t).is_stored()) => "Embedding".to_owned(),
        "LayerNormalization" => "LayerNorm".to_owned(),
        "RMSNormalization" => {
            format!("{}{}", family.stem, if family.stem == "T5" { "LayerNorm" } else { "RMSNorm" })
        }
        "Conv" => format!("Conv{}d", rank(1)?.checked_sub(2)?),
        "Gelu" if family.stem.starts_with("Gemma") => "GELUTanh".to_owned(),
        "Gelu" if node.attributes.string("approximate") == Some("tanh") => "NewGELUActivation".to_owned(),
        "Gelu" if node.attributes.string("approximate") == Some("sigmoid") => {
            "QuickGELUActivation".to_owned()
        }
        "Gelu" => "GELUActivation".to_owned(),
        "Swish" => "SiLUActivation".to_owned(),
        "Relu" => "ReLU".to_owned(),
        "Tanh" => "Tanh".to_owned(),
        _ => return None,
    })
}
