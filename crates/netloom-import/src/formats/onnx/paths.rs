//! Paths of modules as exporters write them: in names of calls and of stored tensors, and as Python lists.

/// The longest name that is taken for a path, in bytes.
pub const MAX_PATH: usize = 1024;

/// Endings of names of stored tensors that PyTorch modules own.
const PARAMETERS: &[&str] = &[
    "weight",
    "bias",
    "running_mean",
    "running_var",
    "num_batches_tracked",
    "gamma",
    "beta",
    "kernel",
    "embedding",
    "token",
    "scale",
    "weight_g",
    "weight_v",
    "embeddings",
    "embed",
];

/// `relu_1` is `relu`, called once before.
pub fn split_call(name: &str) -> Option<(&str, &str)> {
    let (base, number) = name.rsplit_once('_')?;
    let is_count =
        !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty();
    (is_count && !base.is_empty()).then_some((base, number))
}

/// The module that owns a stored tensor, by its name: `layer1.0.conv1` of `layer1.0.conv1.weight`.
pub fn owner_of(tensor: &str) -> Option<&str> {
    let (owner, own) = tensor.rsplit_once('.').filter(|_| tensor.len() <= MAX_PATH)?;
    let parts_are_names =
        tensor.split('.').all(|c| !c.is_empty() && c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    let is_parameter =
        PARAMETERS.iter().any(|p| own == *p || own.strip_suffix(p).is_some_and(|s| s.ends_with('_')))
            || own.starts_with("weight_")
            || own.starts_with("bias_");
    (parts_are_names && is_parameter).then_some(owner)
}

/// The texts of a Python list such as `['', 'layer1']`; anything else is empty.
pub fn python_strings(list: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = list.chars();
    while let Some(quote) = chars.find(|c| matches!(c, '\'' | '"')) {
        let mut text = String::new();
        loop {
            match chars.next() {
                None => return out,
                Some('\\') => text.extend(chars.next()),
                Some(c) if c == quote => break,
                Some(c) => text.push(c),
            }
        }
        out.push(text);
    }
    out
}
