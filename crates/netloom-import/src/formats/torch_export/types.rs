//! Element types, sizes and symbols.

use std::collections::BTreeMap;

use netloom_graph::{DType, Dim, Shape, ValueType};

use super::schema::{TensorMeta, Union};

/// The element type with this number.
pub(super) fn dtype(code: i64) -> Option<DType> {
    Some(match code {
        1 => DType::UInt8,
        2 => DType::Int8,
        3 => DType::Int16,
        4 => DType::Int32,
        5 => DType::Int64,
        6 => DType::Float16,
        7 => DType::Float32,
        8 => DType::Float64,
        10 => DType::Complex64,
        11 => DType::Complex128,
        12 => DType::Bool,
        13 => DType::BFloat16,
        28 => DType::UInt16,
        29 => DType::Float8E4M3FN,
        30 => DType::Float8E5M2,
        31 => DType::Float8E4M3FNUZ,
        32 => DType::Float8E5M2FNUZ,
        33 => DType::Float8E8M0,
        34 => DType::UInt32,
        35 => DType::UInt64,
        _ => return None,
    })
}

/// The sizes of a program: symbols as the exporter named them, or by what is certain of them.
#[derive(Default)]
pub(super) struct Sizes {
    renamed: BTreeMap<String, String>,
}

impl Sizes {
    /// Names the one symbol that stands first in inputs `batch`.
    pub(super) fn new<'a>(inputs: impl Iterator<Item = &'a TensorMeta>) -> Self {
        let mut first: Vec<String> = Vec::new();
        let plain = Self::default();
        for meta in inputs {
            if let Some(symbol) = meta.sizes.first().map(|s| plain.dim(s)).as_ref().and_then(Dim::as_symbol)
                && !first.iter().any(|s| s == symbol)
            {
                first.push(symbol.to_owned());
            }
        }
        match first.as_slice() {
            [one] if is_made_up(one) => Self { renamed: BTreeMap::from([(one.clone(), "batch".to_owned())]) },
            _ => plain,
        }
    }

    /// One size.
    pub(super) fn dim(&self, size: &Union) -> Dim {
        match size.kind.as_str() {
            "as_int" => size.body.as_i64().map_or(Dim::Unknown, Dim::Known),
            "as_expr" => size
                .body
                .get("expr_str")
                .and_then(|e| e.as_str())
                .map_or(Dim::Unknown, |e| self.expression(e)),
            _ => Dim::Unknown,
        }
    }

    fn expression(&self, text: &str) -> Dim {
        let mut out = String::new();
        let mut word = String::new();
        for c in text.chars().chain([' ']) {
            if c.is_alphanumeric() || c == '_' {
                word.push(c);
                continue;
            }
            out.push_str(self.renamed.get(&word).map_or(word.as_str(), String::as_str));
            word.clear();
            out.push(c);
        }
        let dim = Dim::parse(out.trim());
        // What is no expression would be a name as a whole.
        let is_name = |s: &str| s.chars().all(|c| c.is_alphanumeric() || c == '_');
        if dim.as_symbol().is_some_and(|s| !is_name(s)) { Dim::Unknown } else { dim }
    }

    /// The type of a value.
    pub(super) fn value(&self, meta: &TensorMeta) -> ValueType {
        let dims = meta.sizes.iter().map(|s| self.dim(s)).collect();
        ValueType::Tensor { dtype: dtype(meta.dtype), shape: Shape::Ranked(dims) }
    }
}

/// Whether a symbol was named by the exporter: a letter and a number.
fn is_made_up(symbol: &str) -> bool {
    symbol.strip_prefix(['s', 'u']).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
