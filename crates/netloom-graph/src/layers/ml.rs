//! Classical machine learning: the set `ai.onnx.ml`.

use super::rules::product;
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{Attribute, DType, Dim, Graph, Node, Shape, ValueType};

const ML: Layer =
    Layer { category: Category::Other, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "array_feature_extractor",
        about: "takes columns by index",
        names: &[("onnx.ml", "ArrayFeatureExtractor")],
        infer: extract,
        category: Category::Shape,
        ..ML
    },
    Layer {
        name: "binarizer",
        about: "turns numbers above a threshold into one, others into zero",
        names: &[("onnx.ml", "Binarizer")],
        infer: super::rules::same_as_input,
        ..ML
    },
    Layer {
        name: "cast_map",
        about: "turns a dictionary into a row of its values",
        names: &[("onnx.ml", "CastMap")],
        infer: cast_map,
        ..ML
    },
    Layer {
        name: "category_mapper",
        about: "turns categories into numbers, or back",
        names: &[("onnx.ml", "CategoryMapper")],
        infer: |cx| {
            let dtype = match cx.dtype(0) {
                Some(DType::String) => Some(DType::Int64),
                Some(DType::Int64) => Some(DType::String),
                _ => None,
            };
            set_shaped(cx, dtype)
        },
        ..ML
    },
    Layer {
        name: "dict_vectorizer",
        about: "turns a dictionary into a row with a place for each word of a vocabulary",
        names: &[("onnx.ml", "DictVectorizer")],
        infer: |cx| {
            let dtype = match cx.input_type(0) {
                ValueType::Map { value, .. } => value.dtype(),
                _ => None,
            };
            let length = list_length(cx, &["string_vocabulary", "int64_vocabulary"]);
            cx.set(0, dtype, [Dim::Known(1), length]);
            Ok(())
        },
        ..ML
    },
    Layer {
        name: "feature_vectorizer",
        about: "puts columns side by side",
        names: &[("onnx.ml", "FeatureVectorizer")],
        infer: |cx| {
            let width = match cx.attributes().ints("inputdimensions") {
                Some(widths) => widths.iter().fold(Dim::Known(0), |n, w| n.plus(&Dim::Known(*w))),
                None => Dim::Unknown,
            };
            let rows = rows(cx);
            cx.set(0, Some(DType::Float32), [rows, width]);
            Ok(())
        },
        category: Category::Merge,
        ..ML
    },
    Layer {
        name: "imputer",
        about: "fills in missing numbers",
        names: &[("onnx.ml", "Imputer")],
        infer: super::rules::same_as_input,
        ..ML
    },
    Layer {
        name: "label_encoder",
        about: "replaces each element by what a table has for it",
        names: &[("onnx.ml", "LabelEncoder"), ("keras", "StringLookup")],
        infer: label_encoder,
        ..ML
    },
    Layer {
        name: "linear_classifier",
        about: "scores each class by a weighted sum and picks the best",
        names: &[("onnx.ml", "LinearClassifier")],
        infer: classify,
        category: Category::Linear,
        macs: |graph, node| linear_macs(graph, node, class_count(node)),
        ..ML
    },
    Layer {
        name: "linear_regressor",
        about: "predicts numbers by weighted sums",
        names: &[("onnx.ml", "LinearRegressor")],
        infer: |cx| {
            let targets = Dim::Known(cx.int("targets").unwrap_or(1));
            let rows = rows(cx);
            cx.set(0, Some(DType::Float32), [rows, targets]);
            Ok(())
        },
        category: Category::Linear,
        macs: |graph, node| linear_macs(graph, node, Some(node.attributes.int("targets").unwrap_or(1))),
        ..ML
    },
    Layer {
        name: "ml_normalizer",
        about: "scales each row to length one",
        names: &[("onnx.ml", "Normalizer")],
        infer: |cx| set_shaped(cx, Some(DType::Float32)),
        category: Category::Norm,
        ..ML
    },
    Layer {
        name: "one_hot_encoder",
        about: "turns each category into a row that is one at its place and zero elsewhere",
        names: &[("onnx.ml", "OneHotEncoder")],
        infer: |cx| {
            let length = list_length(cx, &["cats_int64s", "cats_strings"]);
            let shape = match cx.dims(0) {
                Some(dims) => dims.iter().cloned().chain([length]).collect::<Vec<_>>().into(),
                None => Shape::Unranked,
            };
            cx.set(0, Some(DType::Float32), shape);
            Ok(())
        },
        ..ML
    },
    Layer {
        name: "svm_classifier",
        about: "classifies by likeness to support vectors",
        names: &[("onnx.ml", "SVMClassifier")],
        infer: classify,
        ..ML
    },
    Layer {
        name: "svm_regressor",
        about: "predicts a number by likeness to support vectors",
        names: &[("onnx.ml", "SVMRegressor")],
        infer: |cx| {
            let rows = rows(cx);
            cx.set(0, Some(DType::Float32), [rows, Dim::Known(1)]);
            Ok(())
        },
        ..ML
    },
    Layer {
        name: "scaler",
        about: "shifts and scales each column",
        names: &[("onnx.ml", "Scaler")],
        infer: |cx| set_shaped(cx, Some(DType::Float32)),
        category: Category::Norm,
        ..ML
    },
    Layer {
        name: "tree_ensemble",
        about: "adds up the leaves that many decision trees reach",
        names: &[("onnx.ml", "TreeEnsemble")],
        infer: |cx| trees(cx, true),
        ..ML
    },
    Layer {
        name: "tree_ensemble_classifier",
        about: "lets many decision trees vote on a class",
        names: &[("onnx.ml", "TreeEnsembleClassifier")],
        infer: classify,
        ..ML
    },
    Layer {
        name: "tree_ensemble_regressor",
        about: "predicts numbers by many decision trees",
        names: &[("onnx.ml", "TreeEnsembleRegressor")],
        infer: |cx| trees(cx, false),
        ..ML
    },
    Layer {
        name: "zip_map",
        about: "turns each row of scores into a dictionary by class",
        names: &[("onnx.ml", "ZipMap")],
        infer: |cx| {
            let strings = cx.attributes().get("classlabels_strings").is_some();
            let key = if strings { DType::String } else { DType::Int64 };
            let value = Box::new(ValueType::tensor(DType::Float32, Shape::scalar()));
            cx.set_type(0, ValueType::Sequence(Box::new(ValueType::Map { key, value })));
            Ok(())
        },
        ..ML
    },
];

/// Gives output 0 the shape of input 0 and an element type.
fn set_shaped(cx: &mut Infer<'_>, dtype: Option<DType>) -> Result<(), InferError> {
    let shape = cx.shape(0).clone();
    cx.set(0, dtype, shape);
    Ok(())
}

/// How many examples input 0 holds: a single row counts as one.
fn rows(cx: &Infer<'_>) -> Dim {
    match cx.dims(0) {
        Some([_]) => Dim::Known(1),
        Some([rows, ..]) => rows.clone(),
        _ => Dim::Unknown,
    }
}

fn length_of(attribute: Option<&Attribute>) -> Option<i64> {
    let length = match attribute? {
        Attribute::Ints(v) => v.len(),
        Attribute::Strings(v) => v.len(),
        Attribute::Floats(v) => v.len(),
        _ => return None,
    };
    i64::try_from(length).ok().filter(|n| *n > 0)
}

/// The length of the first of some lists that is there.
fn list_length(cx: &Infer<'_>, names: &[&str]) -> Dim {
    let length = names.iter().find_map(|name| length_of(cx.attributes().get(name)));
    length.map_or(Dim::Unknown, Dim::Known)
}

const CLASS_LISTS: [&str; 3] = ["classlabels_strings", "classlabels_ints", "classlabels_int64s"];

fn class_count(node: &Node) -> Option<i64> {
    CLASS_LISTS.iter().find_map(|name| length_of(node.attributes.get(name)))
}

/// Classes and scores, one row per example.
fn classify(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let strings = length_of(cx.attributes().get("classlabels_strings")).is_some();
    let rows = rows(cx);
    let classes = class_count(cx.node()).map_or(Dim::Unknown, Dim::Known);
    cx.set(0, Some(if strings { DType::String } else { DType::Int64 }), [rows.clone()]);
    cx.set(1, Some(DType::Float32), [rows, classes]);
    Ok(())
}

fn trees(cx: &mut Infer<'_>, keeps_dtype: bool) -> Result<(), InferError> {
    let dtype = if keeps_dtype { cx.dtype(0) } else { Some(DType::Float32) };
    let targets = cx.int("n_targets").map_or(Dim::Unknown, Dim::Known);
    let rows = rows(cx);
    cx.set(0, dtype, [rows, targets]);
    Ok(())
}

fn extract(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let picked = cx.dims(1).map_or(Dim::Unknown, product);
    let shape = match cx.dims(0) {
        Some([_]) => [Dim::Known(1), picked].into(),
        Some([front @ .., _]) => front.iter().cloned().chain([picked]).collect::<Vec<_>>().into(),
        _ => Shape::Unranked,
    };
    cx.set(0, dtype, shape);
    Ok(())
}

fn cast_map(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = match cx.attributes().string("cast_to") {
        Some("TO_STRING") => DType::String,
        Some("TO_INT64") => DType::Int64,
        _ => DType::Float32,
    };
    let sparse = cx.attributes().string("map_form") == Some("SPARSE");
    let width = if sparse { cx.int("max_map").map_or(Dim::Unknown, Dim::Known) } else { Dim::Unknown };
    cx.set(0, Some(dtype), [Dim::Known(1), width]);
    Ok(())
}

fn label_encoder(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let settings = cx.attributes();
    let has = |name| settings.get(name).is_some();
    let dtype = match settings.get("values_tensor") {
        Some(Attribute::Tensor(values)) => values.dtype,
        _ if has("values_strings") => Some(DType::String),
        _ if has("values_int64s") => Some(DType::Int64),
        _ if has("values_floats") => Some(DType::Float32),
        // The first version has one table for both directions.
        _ => match cx.dtype(0) {
            Some(DType::String) => Some(DType::Int64),
            Some(DType::Int64) => Some(DType::String),
            _ => None,
        },
    };
    set_shaped(cx, dtype)
}

/// Each feature of each example is multiplied once per result.
fn linear_macs(graph: &Graph, node: &Node, results: Option<i64>) -> Option<u64> {
    let input = graph.tensor(node.input(0)?);
    input.ty.shape().elements()?.checked_mul(u64::try_from(results?).ok()?)
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes() {
        check("ai.onnx.ml.ArrayFeatureExtractor@1", "", "f32[3,4] i64[1,2]", "f32[3,2]");
        check(
            "ai.onnx.ml.LinearClassifier@1",
            "classlabels_strings=[a,b,c]",
            "f32[n,4]",
            "string[n] f32[n,3]",
        );
        check("ai.onnx.ml.LinearRegressor@1", "targets=2", "f64[7]", "f32[1,2]");
        check("ai.onnx.ml.OneHotEncoder@1", "cats_int64s=[1,2,5]", "i64[n]", "f32[n,3]");
        check("ai.onnx.ml.LabelEncoder@4", "values_int64s=[1,2]", "string[n,2]", "i64[n,2]");
        check("ai.onnx.ml.TreeEnsembleRegressor@3", "n_targets=4", "f64[n,9]", "f32[n,4]");
        check_label("ai.onnx.ml.LinearRegressor@1", "targets=2", "f32[5,7]", "LinearRegressor", Some(70));
    }
}
