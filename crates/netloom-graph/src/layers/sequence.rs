//! Lists of tensors.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Attribute, DType, Dim, Shape, ValueType};

const LIST: Layer =
    Layer { category: Category::Control, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "sequence_construct",
        about: "makes a list of its inputs",
        names: &[("onnx", "SequenceConstruct")],
        infer: |cx| {
            let types = (1..cx.n_inputs()).map(|i| cx.input_type(i));
            let element = types.fold(cx.input_type(0).clone(), |a, b| a.common(b));
            set_list(cx, element)
        },
        ..LIST
    },
    Layer {
        name: "sequence_empty",
        about: "makes an empty list",
        names: &[("onnx", "SequenceEmpty")],
        infer: |cx| {
            let dtype = cx.dtype_setting("dtype").unwrap_or(DType::Float32);
            set_list(cx, ValueType::tensor(dtype, Shape::Unranked))
        },
        ..LIST
    },
    Layer {
        name: "sequence_at",
        about: "takes one element out of a list",
        names: &[("onnx", "SequenceAt")],
        infer: |cx| {
            let ty = element_of(cx.input_type(0));
            cx.set_type(0, ty);
            Ok(())
        },
        ..LIST
    },
    Layer {
        name: "sequence_insert",
        about: "puts a tensor into a list",
        names: &[("onnx", "SequenceInsert")],
        infer: |cx| {
            let element = element_of(cx.input_type(0)).common(cx.input_type(1));
            set_list(cx, element)
        },
        ..LIST
    },
    Layer {
        name: "sequence_erase",
        about: "removes one element from a list",
        names: &[("onnx", "SequenceErase")],
        infer: |cx| {
            cx.set_like(0, 0);
            Ok(())
        },
        ..LIST
    },
    Layer {
        name: "sequence_length",
        about: "counts the elements of a list",
        names: &[("onnx", "SequenceLength")],
        infer: |cx| {
            cx.set(0, Some(DType::Int64), Shape::scalar());
            Ok(())
        },
        ..LIST
    },
    Layer {
        name: "concat_from_sequence",
        about: "joins the elements of a list along an axis",
        names: &[("onnx", "ConcatFromSequence")],
        infer: concat,
        category: Category::Merge,
        ..LIST
    },
    Layer {
        name: "split_to_sequence",
        about: "cuts a tensor along an axis into a list",
        names: &[("onnx", "SplitToSequence")],
        infer: split,
        ..LIST
    },
    Layer {
        name: "sequence_map",
        about: "applies its body to each element of a list",
        names: &[("onnx", "SequenceMap")],
        infer: map,
        ..LIST
    },
];

/// The type of a list's elements.
fn element_of(ty: &ValueType) -> ValueType {
    match ty {
        ValueType::Sequence(element) => (**element).clone(),
        _ => ValueType::Unknown,
    }
}

fn set_list(cx: &mut Infer<'_>, element: ValueType) -> Result<(), InferError> {
    cx.set_type(0, ValueType::Sequence(Box::new(element)));
    Ok(())
}

fn concat(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let element = element_of(cx.input_type(0));
    let stacks = cx.flag("new_axis");
    let mut shape = Shape::Unranked;
    if let Some(dims) = element.shape().dims() {
        let mut dims = dims.to_vec();
        if stacks {
            let axis = cx.axis("axis", 0, dims.len() + 1)?;
            dims.insert(axis, Dim::Unknown);
        } else {
            let axis = cx.axis("axis", 0, dims.len())?;
            dims[axis] = Dim::Unknown;
        }
        shape = dims.into();
    }
    cx.set(0, element.dtype(), shape);
    Ok(())
}

fn split(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let mut shape = Shape::Unranked;
    if let Some(dims) = cx.dims(0) {
        let mut dims = dims.to_vec();
        let axis = normal_axis(cx.int("axis").unwrap_or(0), dims.len())?;
        if cx.has_input(1) {
            dims[axis] = part_length(cx, &dims[axis]);
        } else if cx.int("keepdims") == Some(0) {
            dims.remove(axis);
        } else {
            dims[axis] = Dim::Known(1);
        }
        shape = dims.into();
    }
    set_list(cx, ValueType::Tensor { dtype, shape })
}

/// The length of every part, where all parts are equal.
fn part_length(cx: &Infer<'_>, whole: &Dim) -> Dim {
    let Some(value) = cx.value(1) else { return Dim::Unknown };
    match (value.dims.is_empty(), value.as_ints()) {
        (true, Some([part])) if *part != Dim::Known(0) && whole.exact_div(part).is_some() => part.clone(),
        (false, Some([first, rest @ ..])) if rest.iter().all(|d| d == first) => first.clone(),
        _ => Dim::Unknown,
    }
}

fn map(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let Some(Attribute::Region(body)) = cx.attributes().get("body") else { return Ok(()) };
    let body = *body;
    let formal = cx.graph().region(body).inputs.clone();
    for (i, tensor) in formal.iter().enumerate() {
        let ty = match cx.input_type(i) {
            ValueType::Sequence(element) => (**element).clone(),
            ty => ty.clone(),
        };
        let tensor = cx.graph().tensor_mut(*tensor);
        tensor.ty = ty.or(&tensor.ty);
    }
    cx.infer_region(body);
    let results = cx.graph().region(body).outputs.clone();
    for (i, tensor) in results.into_iter().enumerate() {
        let ty = cx.graph().tensor(tensor).ty.clone();
        cx.set_type(i, ValueType::Sequence(Box::new(ty)));
    }
    Ok(())
}
