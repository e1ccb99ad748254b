//! Networks from a configuration: templates in the notation, one per family of architectures, filled from a Hugging
//! Face `config.json` or from the keys of a GGUF file and checked against the tensors that the file holds.
//!
//! A template says what a configuration means; the names and dimensions of the stored tensors say whether it is right.
//! Where they disagree, the graph says so, and where they disagree too much, the weights are shown without a network.

mod check;
mod config;
mod fill;
mod finish;

pub use check::MAX_DISAGREEMENT;
pub use config::{MAX_CONFIG, read_config};

use netloom_graph::{Graph, Severity};
use serde_json::Value;

use crate::draft::Draft;
use crate::formats::loom;
use crate::weights_only::{self, Entry};
use crate::{Error, Source};

/// What a file of weights holds, and what is odd about it.
#[derive(Clone, Debug)]
pub struct Weights {
    /// The format of the file, as in `graph.format`.
    pub format: &'static str,
    /// The tensors.
    pub entries: Vec<Entry>,
    /// What is missing or doubtful.
    pub warnings: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// Whether the file sorts names as text, so that their order says nothing.
    pub is_sorted: bool,
}

impl Weights {
    /// Tensors without remarks.
    pub fn new(format: &'static str, entries: Vec<Entry>) -> Self {
        Self { format, entries, warnings: Vec::new(), notes: Vec::new(), is_sorted: false }
    }
}

/// A family of architectures: a row of [`FAMILIES`].
#[derive(Debug)]
pub struct Family {
    /// What `config.json` calls it.
    pub model_type: &'static str,
    /// How its classes begin, such as `Bert`.
    pub stem: &'static str,
    /// The name of the bare model inside one with a head, such as `bert`.
    pub base: &'static str,
    /// The template.
    pub template: &'static str,
}

const fn family(
    model_type: &'static str,
    stem: &'static str,
    base: &'static str,
    template: &'static str,
) -> Family {
    Family { model_type, stem, base, template }
}

const BERT: &str = include_str!("bert.loom");
const CLIP: &str = include_str!("clip.loom");
const DECODER: &str = include_str!("decoder.loom");
const VIT: &str = include_str!("vit.loom");

/// Every family, in order of name.
pub const FAMILIES: &[Family] = &[
    family("bart", "Bart", "model", include_str!("bart.loom")),
    family("bert", "Bert", "bert", BERT),
    family("camembert", "Camembert", "roberta", BERT),
    family("clip", "CLIP", "", CLIP),
    family("clip_text_model", "CLIPText", "text_model", CLIP),
    family("clip_vision_model", "CLIPVision", "vision_model", CLIP),
    family("deit", "DeiT", "deit", VIT),
    family("distilbert", "DistilBert", "distilbert", include_str!("distilbert.loom")),
    family("gemma", "Gemma", "model", DECODER),
    family("gemma2", "Gemma2", "model", DECODER),
    family("gemma3_text", "Gemma3", "model", DECODER),
    family("gpt2", "GPT2", "transformer", include_str!("gpt2.loom")),
    family("gpt_neox", "GPTNeoX", "gpt_neox", include_str!("gpt_neox.loom")),
    family("llama", "Llama", "model", DECODER),
    family("mistral", "Mistral", "model", DECODER),
    family("mixtral", "Mixtral", "model", DECODER),
    family("phi", "Phi", "model", include_str!("phi.loom")),
    family("phi3", "Phi3", "model", DECODER),
    family("qwen2", "Qwen2", "model", DECODER),
    family("qwen2_moe", "Qwen2Moe", "model", DECODER),
    family("qwen3", "Qwen3", "model", DECODER),
    family("qwen3_moe", "Qwen3Moe", "model", DECODER),
    family("roberta", "Roberta", "roberta", BERT),
    family("t5", "T5", "", include_str!("t5.loom")),
    family("vit", "ViT", "vit", VIT),
    family("whisper", "Whisper", "model", include_str!("whisper.loom")),
    family("xlm-roberta", "XLMRoberta", "roberta", BERT),
];

/// The graph of a file of weights: with the network that `config.json` beside it describes, else without one.
///
/// # Errors
/// When a limit is passed.
pub fn with_config_beside(source: &dyn Source, weights: Weights) -> Result<Graph, Error> {
    let name = source.name().rsplit('/').next().unwrap_or_default();
    let beside = source.sibling("config.json");
    match beside.as_deref().map(read_config) {
        Some(Ok(config)) => with_config(&config, weights),
        Some(Err(error)) => {
            let mut weights = weights;
            weights.warnings.push(format!("config.json beside {name} cannot be read: {error}"));
            without_network(weights)
        }
        None => without_network(weights),
    }
}

/// The graph of tensors and a configuration: the network of the family's template if the tensors fit it, else the
/// weights without a network and a remark why. Names, types, dimensions and places of the tensors are all that is
/// needed, so every format of weights can use it.
///
/// # Errors
/// When a limit is passed.
pub fn with_config(config: &Value, weights: Weights) -> Result<Graph, Error> {
    let plain = weights.entries.clone();
    with_config_or(config, weights, plain)
}

/// The same where tensors were given the names of the template: `plain` are those of the file, shown when they do not
/// fit.
///
/// # Errors
/// When a limit is passed.
pub fn with_config_or(config: &Value, mut weights: Weights, plain: Vec<Entry>) -> Result<Graph, Error> {
    let mut graph = match network(config) {
        Ok(graph) => graph,
        Err(reason) => {
            weights.warnings.push(reason);
            return without_network(Weights { entries: plain, ..weights });
        }
    };
    let base = family_of(config).map_or("", |f| f.base);
    if let Err(reason) = check::check(&mut graph, &weights.entries, base) {
        weights.warnings.push(reason);
        return without_network(Weights { entries: plain, ..weights });
    }
    weights.format.clone_into(&mut graph.format);
    remark(&mut graph, &weights);
    Ok(graph)
}

/// The network of a configuration alone.
///
/// # Errors
/// A sentence that says why there is none: an unknown family, or settings that are missing or contradict each other.
pub fn network(config: &Value) -> Result<Graph, String> {
    let Some(family) = family_of(config) else {
        let found = config.get("model_type").and_then(Value::as_str).unwrap_or_default();
        return Err(if found.is_empty() {
            "config.json names no `model_type`: the network is unknown".to_owned()
        } else {
            format!("there is no template for networks of the type `{found}`")
        });
    };
    let settings = config::settings(config, family);
    let text = fill::fill(family.template, config, settings)
        .map_err(|reason| format!("the network of config.json is not clear: {reason}"))?;
    let mut graph = loom::parse(&text).map_err(|problems| {
        let first = problems.first().map(|p| p.message.clone()).unwrap_or_default();
        format!("the settings of config.json make no sound network: {first}")
    })?;
    graph.diagnostics.retain(|d| d.severity != Severity::Note);
    finish::finish(&mut graph, family);
    Ok(graph)
}

fn family_of(config: &Value) -> Option<&'static Family> {
    let found = config.get("model_type").and_then(Value::as_str)?;
    FAMILIES.iter().find(|f| f.model_type == found)
}

/// The graph of weights of which nothing says how they are connected.
///
/// # Errors
/// When a limit is passed.
pub fn without_network(mut weights: Weights) -> Result<Graph, Error> {
    let mut draft = Draft::new(weights.format, "");
    if weights.is_sorted {
        weights_only::sort_naturally(&mut weights.entries);
    }
    weights_only::add(&mut draft, std::mem::take(&mut weights.entries))?;
    remark(&mut draft.graph, &weights);
    Ok(draft.finish())
}

fn remark(graph: &mut Graph, weights: &Weights) {
    use netloom_graph::Diagnostic;
    let warnings = weights.warnings.iter().map(|w| Diagnostic::warning("", w.clone()));
    let notes = weights.notes.iter().map(|n| Diagnostic::note("", n.clone()));
    graph.diagnostics.extend(warnings.chain(notes));
}
