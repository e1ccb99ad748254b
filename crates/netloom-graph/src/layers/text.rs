//! Text.

use super::rules::broadcast_inputs;
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Attribute, DType, Dim, Shape};

const TEXT: Layer =
    Layer { category: Category::Other, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "string_normalizer",
        about: "changes case and drops words that say little",
        names: &[("onnx", "StringNormalizer")],
        infer: normalizer,
        ..TEXT
    },
    Layer {
        name: "tf_idf_vectorizer",
        about: "counts short runs of words, weighted by how rare they are",
        names: &[("onnx", "TfIdfVectorizer"), ("keras", "TextVectorization")],
        infer: tf_idf,
        ..TEXT
    },
    Layer {
        name: "regex_full_match",
        about: "says which texts match a pattern",
        names: &[("onnx", "RegexFullMatch")],
        infer: |cx| {
            let shape = cx.shape(0).clone();
            cx.set(0, Some(DType::Bool), shape);
            Ok(())
        },
        ..TEXT
    },
    Layer {
        name: "string_split",
        about: "cuts each text into words",
        names: &[("onnx", "StringSplit")],
        infer: |cx| {
            let shape = cx.shape(0).clone();
            let words = match shape.dims() {
                Some(dims) => dims.iter().cloned().chain([Dim::Unknown]).collect::<Vec<_>>().into(),
                None => Shape::Unranked,
            };
            cx.set(0, Some(DType::String), words);
            cx.set(1, Some(DType::Int64), shape);
            Ok(())
        },
        ..TEXT
    },
    Layer {
        name: "string_concat",
        about: "joins texts end to end",
        names: &[("onnx", "StringConcat")],
        infer: |cx| {
            let shape = broadcast_inputs(cx, 0..2)?;
            cx.set(0, Some(DType::String), shape);
            Ok(())
        },
        category: Category::Merge,
        ..TEXT
    },
];

fn normalizer(cx: &mut Infer<'_>) -> Result<(), InferError> {
    // Dropped words shorten the last axis; without a list of them only the letters change.
    let drops =
        matches!(cx.attributes().get("stopwords"), Some(Attribute::Strings(words)) if !words.is_empty());
    let shape = match cx.shape(0).dims() {
        Some([.., _]) if !drops => cx.shape(0).clone(),
        Some([first, _]) => [first.clone(), Dim::Unknown].into(),
        Some([_]) => [Dim::Unknown].into(),
        _ => Shape::Unranked,
    };
    cx.set(0, Some(DType::String), shape);
    Ok(())
}

fn tf_idf(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let width = cx.attributes().ints("ngram_indexes").and_then(|v| v.iter().max()?.checked_add(1));
    let width = width.map_or(Dim::Unknown, Dim::Known);
    let shape = match cx.dims(0) {
        Some([batch, _]) => [batch.clone(), width].into(),
        Some(_) => [width].into(),
        None => Shape::Unranked,
    };
    cx.set(0, Some(DType::Float32), shape);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes() {
        check("StringNormalizer", "", "string[1,7]", "string[1,7]");
        check("StringNormalizer", "stopwords=[the,a]", "string[7]", "string[?]");
        check("TfIdfVectorizer", "ngram_indexes=[0,4,2]", "i64[n,9]", "f32[n,5]");
        check("StringSplit", "", "string[n,2]", "string[n,2,?] i64[n,2]");
        check("StringConcat", "", "string[n,1] string[3]", "string[n,3]");
    }
}
