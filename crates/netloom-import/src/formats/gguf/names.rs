//! What llama.cpp calls settings and tensors, in the words of Hugging Face, which the templates speak.

use std::collections::BTreeMap;

use netloom_graph::{Graph, Storage, TensorId};
use serde_json::{Map, Value, json};

use super::header::{Header, Key, Tensor};
use crate::weights_only::Entry;

/// Settings and tensors in other words.
pub struct Translation {
    /// What `config.json` would say.
    pub config: Value,
    /// The tensors by the names of the templates.
    pub entries: Vec<Entry>,
    /// The names of the file.
    pub names: Names,
}

/// The name in the file of each translated name.
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Calls the weights of a graph again as the file does.
    pub fn give_back(&self, graph: &mut Graph) {
        let stored: Vec<TensorId> =
            graph.tensors().filter(|(_, t)| t.is_stored()).map(|(id, _)| id).collect();
        for id in stored {
            if let Some(name) = self.0.get(&graph.tensor(id).name) {
                graph.tensor_mut(id).name.clone_from(name);
            }
        }
    }
}

/// How an architecture names its tensors.
enum Scheme {
    Bert,
    Decoder,
    Gpt2,
    Phi,
}

/// The architectures, what Hugging Face calls them, the class and the scheme.
///
/// # Source
/// `MODEL_ARCH_NAMES` of <https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py>
const ARCHITECTURES: &[(&str, &str, &str, Scheme)] = &[
    ("bert", "bert", "BertModel", Scheme::Bert),
    ("gemma", "gemma", "GemmaForCausalLM", Scheme::Decoder),
    ("gemma2", "gemma2", "Gemma2ForCausalLM", Scheme::Decoder),
    ("gemma3", "gemma3_text", "Gemma3ForCausalLM", Scheme::Decoder),
    ("gpt2", "gpt2", "GPT2LMHeadModel", Scheme::Gpt2),
    ("llama", "llama", "LlamaForCausalLM", Scheme::Decoder),
    ("mistral", "mistral", "MistralForCausalLM", Scheme::Decoder),
    ("phi2", "phi", "PhiForCausalLM", Scheme::Phi),
    ("phi3", "phi3", "Phi3ForCausalLM", Scheme::Decoder),
    ("qwen2", "qwen2", "Qwen2ForCausalLM", Scheme::Decoder),
    ("qwen2moe", "qwen2_moe", "Qwen2MoeForCausalLM", Scheme::Decoder),
    ("qwen3", "qwen3", "Qwen3ForCausalLM", Scheme::Decoder),
    ("qwen3moe", "qwen3_moe", "Qwen3MoeForCausalLM", Scheme::Decoder),
];

/// Keys after the name of the architecture, and what `config.json` calls them.
const KEYS: &[(&str, &[&str])] = &[
    ("embedding_length", &["hidden_size", "n_embd"]),
    ("block_count", &["num_hidden_layers", "n_layer"]),
    ("feed_forward_length", &["intermediate_size", "n_inner"]),
    ("attention.head_count", &["num_attention_heads", "n_head"]),
    ("attention.head_count_kv", &["num_key_value_heads"]),
    ("attention.key_length", &["head_dim"]),
    ("attention.sliding_window", &["sliding_window"]),
    ("attention.layer_norm_rms_epsilon", &["rms_norm_eps"]),
    ("attention.layer_norm_epsilon", &["layer_norm_eps"]),
    ("context_length", &["max_position_embeddings", "n_positions"]),
    ("vocab_size", &["vocab_size"]),
    ("expert_count", &["num_local_experts"]),
    ("expert_used_count", &["num_experts_per_tok"]),
    ("expert_feed_forward_length", &["moe_intermediate_size"]),
    ("expert_shared_feed_forward_length", &["shared_expert_intermediate_size"]),
];

/// Says in other words what a header says.
///
/// # Errors
/// A sentence for people when the architecture is not known.
pub fn translate(header: &Header) -> Result<Translation, String> {
    let Some(name) = header.text("general.architecture") else {
        return Err("the file names no architecture: the network is unknown".to_owned());
    };
    let Some((_, model_type, class, scheme)) = ARCHITECTURES.iter().find(|(a, ..)| *a == name) else {
        return Err(format!("there is no template for networks of the architecture `{name}`"));
    };
    let experts = header.int(&format!("{name}.expert_count")).unwrap_or(0);
    let (model_type, class) = if *model_type == "llama" && experts > 0 {
        ("mixtral", "MixtralForCausalLM")
    } else {
        (*model_type, *class)
    };
    let config = config(header, name, model_type, class);
    let mut found = Translation { config, entries: Vec::new(), names: Names(BTreeMap::new()) };
    for tensor in &header.tensors {
        for (entry, given) in translated(tensor, scheme, model_type) {
            found.names.0.insert(entry.name.clone(), given);
            found.entries.push(entry);
        }
    }
    Ok(found)
}

fn config(header: &Header, name: &str, model_type: &str, class: &str) -> Value {
    let mut config = Map::new();
    let mut set = |key: &str, value: Value| config.insert(key.to_owned(), value);
    for (key, ours) in KEYS {
        let value = match header.keys.get(&format!("{name}.{key}")) {
            Some(Key::Int(n)) => json!(n),
            Some(Key::Ints(list)) if list.iter().all(|n| Some(n) == list.first()) => json!(list.first()),
            Some(Key::Float(x)) => json!(rounded(*x)),
            _ => continue,
        };
        ours.iter().for_each(|our| {
            set(our, value.clone());
        });
    }
    let has = |name: &str| header.tensors.iter().find(|t| t.name == name);
    if let Some([rows, _]) = has("token_embd.weight").map(|t| t.dims.as_slice()) {
        set("vocab_size", json!(rows));
    }
    set("model_type", json!(model_type));
    set("architectures", json!([class]));
    set("tie_word_embeddings", json!(has("output.weight").is_none()));
    set("attention_bias", json!(has("blk.0.attn_q.bias").is_some()));
    set("o_bias", json!(has("blk.0.attn_output.bias").is_some()));
    set("conv1d", json!(false));
    set("pooler", json!("none"));
    set("type_vocab_size", json!(has("token_types.weight").and_then(|t| t.dims.first())));
    let act = match model_type {
        "bert" => "gelu",
        "gpt2" | "phi" => "gelu_new",
        "gemma" | "gemma2" | "gemma3_text" => "gelu_pytorch_tanh",
        _ => "silu",
    };
    set("hidden_act", json!(act));
    Value::Object(config)
}

/// A number of single precision as people write it: 1e-5, not 0.000009999999747378752.
fn rounded(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

/// The entries that a tensor is, each with what the file calls it; the experts of a layer stand in one tensor.
fn translated(tensor: &Tensor, scheme: &Scheme, model_type: &str) -> Vec<(Entry, String)> {
    let one = |name: String, dims: Vec<i64>| {
        vec![(Entry::new(name, tensor.kind.dtype, dims, tensor.storage.clone()), tensor.name.clone())]
    };
    let same = || one(tensor.name.clone(), tensor.dims.clone());
    if tensor.name.starts_with("rope_") {
        return Vec::new();
    }
    let Some((rest, end)) = tensor.name.rsplit_once('.') else { return same() };
    let Some((number, part)) = rest.strip_prefix("blk.").and_then(|r| r.split_once('.')) else {
        let found = outer(rest, scheme);
        return found.map_or_else(same, |name| one(format!("{name}.{end}"), tensor.dims.clone()));
    };
    let layer = |name: &str| match scheme {
        Scheme::Bert => format!("encoder.layer.{number}.{name}.{end}"),
        Scheme::Gpt2 => format!("transformer.h.{number}.{name}.{end}"),
        Scheme::Decoder | Scheme::Phi => format!("model.layers.{number}.{name}.{end}"),
    };
    if let Some(kind) = part.strip_suffix("_exps")
        && let [count, rows, columns] = tensor.dims[..]
        && let Some(name) = expert(kind, model_type)
    {
        return experts(tensor, count, [rows, columns], |e| layer(&name.replace("{e}", &e.to_string())));
    }
    // Older files have a tensor per expert.
    if let Some((kind, e)) = part.split_once('.')
        && let Some(name) = expert(kind, model_type)
    {
        return one(layer(&name.replace("{e}", e)), tensor.dims.clone());
    }
    if part == "ffn_gate_inp_shexp" {
        let features = tensor.dims.last().copied().unwrap_or(1);
        return one(layer("mlp.shared_expert_gate"), vec![1, features]);
    }
    inner(part, scheme, model_type).map_or_else(same, |name| one(layer(name), tensor.dims.clone()))
}

fn experts(
    tensor: &Tensor,
    count: i64,
    dims: [i64; 2],
    name: impl Fn(i64) -> String,
) -> Vec<(Entry, String)> {
    /// The most experts of a layer.
    const MAX_EXPERTS: i64 = 4096;
    let mut found = Vec::new();
    for e in 0..count.min(MAX_EXPERTS) {
        let storage = match tensor.storage {
            Storage::Inline { offset, len } => {
                let part = len / count.unsigned_abs().max(1);
                Storage::Inline { offset: offset + part * e.unsigned_abs(), len: part }
            }
            _ => Storage::Absent,
        };
        let entry = Entry::new(name(e), tensor.kind.dtype, dims.to_vec(), storage);
        found.push((entry, format!("{}[{e}]", tensor.name)));
    }
    found
}

fn outer(name: &str, scheme: &Scheme) -> Option<&'static str> {
    Some(match (scheme, name) {
        (Scheme::Bert, "token_embd") => "embeddings.word_embeddings",
        (Scheme::Bert, "position_embd") => "embeddings.position_embeddings",
        (Scheme::Bert, "token_types") => "embeddings.token_type_embeddings",
        (Scheme::Bert, "token_embd_norm") => "embeddings.LayerNorm",
        (Scheme::Gpt2, "token_embd") => "transformer.wte",
        (Scheme::Gpt2, "position_embd") => "transformer.wpe",
        (Scheme::Gpt2, "output_norm") => "transformer.ln_f",
        (Scheme::Decoder | Scheme::Phi, "token_embd") => "model.embed_tokens",
        (Scheme::Decoder, "output_norm") => "model.norm",
        (Scheme::Phi, "output_norm") => "model.final_layernorm",
        (Scheme::Decoder | Scheme::Gpt2 | Scheme::Phi, "output") => "lm_head",
        _ => return None,
    })
}

fn inner(part: &str, scheme: &Scheme, model_type: &str) -> Option<&'static str> {
    let sandwich = matches!(model_type, "gemma2" | "gemma3_text");
    Some(match (scheme, part) {
        (Scheme::Bert, "attn_q") => "attention.self.query",
        (Scheme::Bert, "attn_k") => "attention.self.key",
        (Scheme::Bert, "attn_v") => "attention.self.value",
        (Scheme::Bert, "attn_output") => "attention.output.dense",
        (Scheme::Bert, "attn_output_norm") => "attention.output.LayerNorm",
        (Scheme::Bert, "ffn_up") => "intermediate.dense",
        (Scheme::Bert, "ffn_down") => "output.dense",
        (Scheme::Bert, "layer_output_norm") => "output.LayerNorm",
        (Scheme::Gpt2, "attn_norm") => "ln_1",
        (Scheme::Gpt2, "attn_qkv") => "attn.c_attn",
        (Scheme::Gpt2, "attn_output") => "attn.c_proj",
        (Scheme::Gpt2, "ffn_norm") => "ln_2",
        (Scheme::Gpt2, "ffn_up") => "mlp.c_fc",
        (Scheme::Gpt2, "ffn_down") => "mlp.c_proj",
        (Scheme::Phi, "attn_output") => "self_attn.dense",
        (Scheme::Phi, "ffn_up") => "mlp.fc1",
        (Scheme::Phi, "ffn_down") => "mlp.fc2",
        (Scheme::Decoder | Scheme::Phi, "attn_norm") => "input_layernorm",
        (Scheme::Decoder | Scheme::Phi, "attn_q") => "self_attn.q_proj",
        (Scheme::Decoder | Scheme::Phi, "attn_k") => "self_attn.k_proj",
        (Scheme::Decoder | Scheme::Phi, "attn_v") => "self_attn.v_proj",
        (Scheme::Decoder, "attn_qkv") => "self_attn.qkv_proj",
        (Scheme::Decoder, "attn_output") => "self_attn.o_proj",
        (Scheme::Decoder, "attn_q_norm") => "self_attn.q_norm",
        (Scheme::Decoder, "attn_k_norm") => "self_attn.k_norm",
        (Scheme::Decoder, "ffn_norm") if sandwich => "pre_feedforward_layernorm",
        (Scheme::Decoder, "ffn_norm") => "post_attention_layernorm",
        (Scheme::Decoder, "post_attention_norm") => "post_attention_layernorm",
        (Scheme::Decoder, "post_ffw_norm") => "post_feedforward_layernorm",
        (Scheme::Decoder, "ffn_gate") => "mlp.gate_proj",
        (Scheme::Decoder, "ffn_up") if model_type == "phi3" => "mlp.gate_up_proj",
        (Scheme::Decoder, "ffn_up") => "mlp.up_proj",
        (Scheme::Decoder, "ffn_down") => "mlp.down_proj",
        (Scheme::Decoder, "ffn_gate_inp") if model_type == "mixtral" => "block_sparse_moe.gate",
        (Scheme::Decoder, "ffn_gate_inp") => "mlp.gate",
        (Scheme::Decoder, "ffn_gate_shexp") => "mlp.shared_expert.gate_proj",
        (Scheme::Decoder, "ffn_up_shexp") => "mlp.shared_expert.up_proj",
        (Scheme::Decoder, "ffn_down_shexp") => "mlp.shared_expert.down_proj",
        _ => return None,
    })
}

/// The part of an expert, with `{e}` for its number.
fn expert(kind: &str, model_type: &str) -> Option<&'static str> {
    Some(match (model_type, kind) {
        ("mixtral", "ffn_gate") => "block_sparse_moe.experts.{e}.w1",
        ("mixtral", "ffn_up") => "block_sparse_moe.experts.{e}.w3",
        ("mixtral", "ffn_down") => "block_sparse_moe.experts.{e}.w2",
        (_, "ffn_gate") => "mlp.experts.{e}.gate_proj",
        (_, "ffn_up") => "mlp.experts.{e}.up_proj",
        (_, "ffn_down") => "mlp.experts.{e}.down_proj",
        _ => return None,
    })
}
