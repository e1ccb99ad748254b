//! The configuration of a model, and the settings that templates get beside it.

use serde_json::Value;

use super::Family;
use super::fill::Settings;
use crate::source::take;
use crate::{Error, ErrorKind, Source};

/// The most bytes of a configuration.
pub const MAX_CONFIG: usize = 16 << 20;

/// Reads a `config.json`.
///
/// # Errors
/// When it is too large or no JSON object.
pub fn read_config(source: &dyn Source) -> Result<Value, Error> {
    if source.len() > MAX_CONFIG as u64 {
        let found = source.len();
        return Err(Error::limit(format!(
            "expected a configuration of at most {MAX_CONFIG} bytes, found {found}"
        )));
    }
    let text = take(source, 0, MAX_CONFIG)?;
    match serde_json::from_slice::<Value>(&text) {
        Ok(config) if config.is_object() => Ok(config),
        Ok(_) => Err(Error::new(ErrorKind::NotThisFormat, "expected an object as configuration")),
        Err(error) => {
            Err(Error::new(ErrorKind::NotThisFormat, format!("expected a configuration, found {error}")))
        }
    }
}

/// What templates are given beside the configuration: the classes and what stands on top of the bare model.
pub(super) fn settings(config: &Value, family: &Family) -> Settings {
    let architecture = config.get("architectures").and_then(|a| a.get(0)).and_then(Value::as_str);
    let default = format!("{}Model", family.stem);
    let is_word = |a: &&str| a.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let architecture = architecture.filter(is_word).unwrap_or(&default);
    let head = match architecture.strip_prefix(family.stem).unwrap_or(architecture) {
        "" => "Model",
        rest => rest,
    };
    let labels = ["id2label", "label2id"].iter().find_map(|k| config.get(k)?.as_object().map(|o| o.len()));
    let labels = labels.or_else(|| config.get("num_labels")?.as_u64()?.try_into().ok()).unwrap_or(2);
    let mut settings = Settings::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    set("C", family.stem.into());
    set("base", family.base.into());
    set("architecture", architecture.into());
    set("head", head.into());
    set("is_base", (head == "Model").into());
    set("labels", labels.into());
    // Versions before 5 leave out what is as usual for a family.
    let tied = config.get("tie_word_embeddings").and_then(Value::as_bool);
    set("tied", tied.unwrap_or(!UNTIED.contains(&family.stem)).into());
    set("conv1d", (config.get("conv1d") != Some(&Value::Bool(false))).into());
    for key in [
        "hidden_act",
        "hidden_activation",
        "activation_function",
        "activation",
        "feed_forward_proj",
        "dense_act_fn",
    ] {
        if let Some(act) = config.get(key).and_then(Value::as_str).and_then(activation) {
            set("act", act.into());
        }
    }
    // Models of pictures and texts have one per part.
    for (part, name) in [("text_config", "act_text"), ("vision_config", "act_vision")] {
        let act = config.get(part).and_then(|p| p.get("hidden_act")).and_then(Value::as_str);
        if let Some(act) = act.and_then(activation).or_else(|| config.get(part).map(|_| QUICK_GELU)) {
            set(name, act.into());
        }
    }
    settings
}

/// Families whose last matrix is not that of the embedding unless the configuration says so.
const UNTIED: &[&str] =
    &["GPTNeoX", "Llama", "Mistral", "Mixtral", "Phi", "Phi3", "Qwen2", "Qwen2Moe", "Qwen3", "Qwen3Moe"];

/// The activation of CLIP, which its configurations used to leave out.
const QUICK_GELU: &str = "\"onnx::Gelu\"(approximate=\"sigmoid\")";

/// The layer of the notation for an activation's name.
fn activation(name: &str) -> Option<&'static str> {
    Some(match name {
        "gelu" | "gelu_python" => "gelu",
        "gated-gelu" | "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => "gelu(approximate=\"tanh\")",
        "quick_gelu" => QUICK_GELU,
        "relu" => "relu",
        "gated-silu" | "silu" | "swish" => "silu",
        "tanh" => "tanh",
        "sigmoid" => "sigmoid",
        "mish" => "mish",
        "relu6" => "relu6",
        "leaky_relu" => "leaky_relu",
        "selu" => "selu",
        _ => return None,
    })
}
