//! Convolutions.

use super::channels::{self, Kernel};
use super::rules::{self, Ruled};
use super::window::{self, Window};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{DType, Dim, Graph, Node, Shape};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "conv",
        about: "slides small learned kernels over its input; each output is a weighted sum of a patch",
        names: &[
            ("onnx", "Conv"),
            ("torch", "Conv1d"),
            ("torch", "Conv2d"),
            ("torch", "Conv3d"),
            ("keras", "Conv1D"),
            ("keras", "Conv2D"),
            ("keras", "Conv3D"),
            ("keras", "DepthwiseConv1D"),
            ("keras", "DepthwiseConv2D"),
            ("loom", "conv"),
        ],
        category: Category::Conv,
        infer: |cx| conv(cx, 1, None),
        learned: &[1, 2],
        macs: |graph, node| conv_macs(graph, node, 1),
        label: |graph, node| label(graph, node, 1),
        ..Layer::DEFAULT
    },
    Layer {
        name: "conv_transpose",
        about: "spreads each input over a patch of a larger output by a learned kernel: a convolution run backwards",
        names: &[
            ("onnx", "ConvTranspose"),
            ("torch", "ConvTranspose1d"),
            ("torch", "ConvTranspose2d"),
            ("torch", "ConvTranspose3d"),
            ("keras", "Conv1DTranspose"),
            ("keras", "Conv2DTranspose"),
            ("keras", "Conv3DTranspose"),
            ("loom", "conv_transpose"),
        ],
        category: Category::Upsample,
        infer: conv_transpose,
        learned: &[1, 2],
        macs: conv_transpose_macs,
        label: label_transpose,
        ..Layer::DEFAULT
    },
    Layer {
        name: "deform_conv",
        about: "a convolution whose sampling points are moved by offsets computed from the data",
        names: &[("onnx", "DeformConv"), ("torch", "DeformConv2d")],
        category: Category::Conv,
        infer: |cx| conv(cx, 1, None),
        learned: &[1, 3],
        macs: |graph, node| conv_macs(graph, node, 1),
        label: |graph, node| renamed(label(graph, node, 1), "deform-conv"),
        ..Layer::DEFAULT
    },
    Layer {
        name: "conv_integer",
        about: "a convolution of whole numbers, as quantised networks use it",
        names: &[("onnx", "ConvInteger")],
        category: Category::Conv,
        infer: |cx| conv(cx, 1, Some(DType::Int32)),
        learned: &[1],
        state: &[2, 3],
        macs: |graph, node| conv_macs(graph, node, 1),
        label: |graph, node| label(graph, node, 1).with("integer"),
    },
    Layer {
        name: "qlinear_conv",
        about: "a convolution of quantised numbers that also quantises its result",
        names: &[("onnx", "QLinearConv")],
        category: Category::Conv,
        infer: |cx| {
            let dtype = cx.dtype(7).or_else(|| cx.dtype(0));
            conv(cx, 3, dtype)
        },
        learned: &[3, 8],
        state: &[1, 2, 4, 5, 6, 7],
        macs: |graph, node| conv_macs(graph, node, 3),
        label: |graph, node| label(graph, node, 3).with("quantised"),
    },
];

/// How a convolution's kernel is stored unless it says otherwise.
const OWN: &str = "OIS";

/// How a transposed convolution's kernel is stored unless it says otherwise.
const OWN_TRANSPOSED: &str = "IOS";

/// The kernel's sides as written, or from its dimensions.
fn sides(cx: &Infer<'_>, kernel: Option<&Kernel>) -> Option<Vec<Dim>> {
    match cx.attributes().ints("kernel_shape") {
        Some(k) => Some(k.iter().map(|n| Dim::Known(*n)).collect()),
        None => kernel.map(|k| k.sides.clone()),
    }
}

fn conv(cx: &mut Infer<'_>, weight: usize, dtype: Option<DType>) -> Ruled {
    let dtype = dtype.or_else(|| cx.dtype(0));
    let (x, w) = (cx.dims_of_rank(0, 3)?, cx.dims_of_rank(weight, 3)?);
    let kernel = w.as_deref().and_then(|w| Kernel::of(cx.node(), w, OWN));
    let outputs = kernel.as_ref().map_or(Dim::Unknown, |k| k.outputs.clone());
    let (Some(x), Some(sides)) = (x.clone(), sides(cx, kernel.as_ref())) else {
        let rank = x.or(w).map(|d| d.len());
        let shape = rank.map_or(Shape::Unranked, |n| {
            let mut dims = vec![Dim::Unknown; n];
            dims[0] = cx.dim(0, 0);
            dims[1] = outputs;
            Shape::Ranked(channels::from_first(cx.node(), dims))
        });
        cx.set(0, dtype, shape);
        return Ok(());
    };
    let x = channels::to_first(cx.node(), x);
    if let Some(kernel) = &kernel {
        let group = cx.int("group").unwrap_or(1);
        let fits = kernel.inputs.times(&Dim::Known(group));
        if let (Some(expected), Some(found)) = (fits.as_known(), x[1].as_known())
            && expected != found
        {
            return Err(InferError::new(format!("expected {expected} input channels, found {found}")));
        }
    }
    let window = Window::from_settings(cx, sides)?;
    let spatial = window.slide(&x[2..])?;
    let mut dims = vec![x[0].clone(), outputs];
    dims.extend(spatial);
    let dims = channels::from_first(cx.node(), dims);
    cx.set(0, dtype, dims);
    Ok(())
}

fn conv_transpose(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let (x, w) = (cx.dims_of_rank(0, 3)?, cx.dims_of_rank(1, 3)?);
    let group = Dim::Known(cx.int("group").unwrap_or(1));
    let kernel = w.as_deref().and_then(|w| Kernel::of(cx.node(), w, OWN_TRANSPOSED));
    let outputs = kernel.as_ref().map_or(Dim::Unknown, |k| k.outputs.times(&group));
    let (Some(x), Some(sides)) = (x.clone(), sides(cx, kernel.as_ref())) else {
        let shape = x.or(w).map_or(Shape::Unranked, |d| Shape::unknown_dims(d.len()));
        cx.set(0, dtype, shape);
        return Ok(());
    };
    let x = channels::to_first(cx.node(), x);
    let n = sides.len();
    if x.len() != n + 2 {
        return Err(InferError::new(format!("expected {n} spatial dimensions, found {}", x.len() - 2)));
    }
    let asked = cx.attributes().ints("output_shape").map(<[i64]>::to_vec);
    let extra = cx.attributes().ints("output_padding").map(<[i64]>::to_vec).unwrap_or_default();
    let window = Window::from_settings(cx, sides)?;
    let mut dims = vec![x[0].clone(), outputs];
    for i in 0..n {
        let stride = Dim::Known(window.strides[i]);
        let asked_here = asked.as_ref().and_then(|a| a.get(a.len().checked_sub(n)? + i));
        dims.push(match (asked_here, window.auto) {
            (Some(size), _) => Dim::Known(*size),
            (None, window::AutoPad::Same) => x[2 + i].times(&stride),
            _ => {
                let one = Dim::Known(1);
                let span = window.kernel[i].minus(&one).times(&Dim::Known(window.dilations[i])).plus(&one);
                let more = Dim::Known(extra.get(i).copied().unwrap_or(0));
                let pads = Dim::Known(window.before[i]).plus(&Dim::Known(window.after[i]));
                x[2 + i].minus(&one).times(&stride).plus(&more).plus(&span).minus(&pads)
            }
        });
    }
    if dims.iter().any(|d| d.as_known().is_some_and(|n| n < 0)) {
        return Err(InferError::new("expected padding smaller than the output, found more"));
    }
    let dims = channels::from_first(cx.node(), dims);
    cx.set(0, dtype, dims);
    Ok(())
}

/// What the dimensions of a node's kernel are.
fn kernel(graph: &Graph, node: &Node, weight: usize, own: &str) -> Option<Kernel> {
    Kernel::of(node, rules::input_shape(graph, node, weight)?, own)
}

fn conv_macs(graph: &Graph, node: &Node, weight: usize) -> Option<u64> {
    let outputs = rules::count(rules::output_shape(graph, node, 0)?)?;
    let kernel = kernel(graph, node, weight, OWN)?;
    outputs.checked_mul(kernel.patch(&kernel.inputs).as_size()?)
}

fn conv_transpose_macs(graph: &Graph, node: &Node) -> Option<u64> {
    let inputs = rules::count(rules::input_shape(graph, node, 0)?)?;
    let kernel = kernel(graph, node, 1, OWN_TRANSPOSED)?;
    inputs.checked_mul(kernel.patch(&kernel.outputs).as_size()?)
}

/// The channels of a shape that a node reads or makes.
fn channels_of<'a>(node: &Node, dims: Option<&'a [Dim]>) -> Option<&'a Dim> {
    dims.filter(|d| d.len() > 1).and_then(|d| d.get(channels::axis(node, d.len())))
}

fn label(graph: &Graph, node: &Node, weight: usize) -> Label {
    let kernel = kernel(graph, node, weight, OWN);
    let made = channels_of(node, rules::output_shape(graph, node, 0));
    let outputs = kernel.as_ref().map(|k| &k.outputs).or(made);
    let group = node.attributes.int("group").unwrap_or(1);
    let inputs = channels_of(node, rules::input_shape(graph, node, 0));
    let depthwise = group > 1 && inputs == Some(&Dim::Known(group));
    let name = if depthwise { "dwconv" } else { "conv" };
    let label = titled(name, node, kernel.as_ref(), outputs, if depthwise { 1 } else { group });
    // Kernels of small integers stand for real numbers.
    if node.op == "Conv" && rules::is_quantized(graph, node, weight) {
        label.with("quantised")
    } else {
        label
    }
}

fn label_transpose(graph: &Graph, node: &Node) -> Label {
    let kernel = kernel(graph, node, 1, OWN_TRANSPOSED);
    let group = node.attributes.int("group").unwrap_or(1);
    let outputs = kernel.as_ref().map(|k| k.outputs.times(&Dim::Known(group)));
    let label = titled("conv-transpose", node, kernel.as_ref(), outputs.as_ref(), group);
    // A stride here enlarges.
    Label { title: label.title.replace(", /", ", ×"), ..label }
}

fn titled(name: &str, node: &Node, kernel: Option<&Kernel>, channels: Option<&Dim>, group: i64) -> Label {
    let kernel: Vec<Dim> = match node.attributes.ints("kernel_shape") {
        Some(k) => k.iter().map(|n| Dim::Known(*n)).collect(),
        None => kernel.map_or_else(Vec::new, |k| k.sides.clone()),
    };
    let mut title = name.to_owned();
    if !kernel.is_empty() {
        title.push_str(&format!(" {}", rules::times_text(&kernel, false)));
    }
    if let Some(channels) = channels.filter(|c| !c.is_unknown()) {
        title.push_str(&format!(", {channels}"));
    }
    let label = window::label_window(Label::new(title), node);
    if group > 1 { label.with(format!("groups {group}")) } else { label }
}

fn renamed(label: Label, name: &str) -> Label {
    Label { title: label.title.replacen("conv", name, 1), ..label }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label, check_remark};

    #[test]
    fn shapes() {
        for (op, settings, inputs, output) in [
            ("Conv", "", "f32[1,3,224,224] f32[64,3,7,7]", "f32[1,64,218,218]"),
            ("Conv", "strides=[2,2] pads=[3,3,3,3]", "f32[1,3,224,224] f32[64,3,7,7]", "f32[1,64,112,112]"),
            ("Conv", "dilations=[2,2]", "f32[n,3,9,9] f32[8,3,3,3]", "f32[n,8,5,5]"),
            (
                "Conv",
                "strides=[2,2] pads=[1,1,1,1]",
                "f32[n,3,h,w] f32[8,3,3,3]",
                "f32[n,8,(h-1)//2+1,(w-1)//2+1]",
            ),
            ("Conv", "auto_pad=SAME_UPPER strides=[2,2]", "f32[1,3,7,8] f32[8,3,3,3]", "f32[1,8,4,4]"),
            ("Conv", "group=4", "f32[1,4,9] f32[8,1,3]", "f32[1,8,7]"),
            ("Conv", "kernel_shape=[3,3]", "f32[1,4,9,9] f32?", "f32[1,?,7,7]"),
            ("Conv", "", "f32? f32[8,4,3,3]", "f32[?,8,?,?]"),
            ("ConvInteger", "", "u8[1,1,3,3] u8[1,1,2,2]", "int32[1,1,2,2]"),
            (
                "Conv",
                "channels_last=1 weight_layout=SIO strides=[2,2] auto_pad=SAME_UPPER",
                "f32[n,28,28,3] f32[5,5,3,16]",
                "f32[n,14,14,16]",
            ),
            (
                "Conv",
                "channels_last=1 weight_layout=SIM group=8",
                "f32[n,28,28,8] f32[3,3,8,2]",
                "f32[n,26,26,16]",
            ),
            (
                "ConvTranspose",
                "channels_last=1 weight_layout=SOI strides=[2,2] auto_pad=SAME_UPPER",
                "f32[n,7,7,8] f32[3,3,4,8]",
                "f32[n,14,14,4]",
            ),
            ("QLinearConv", "", "u8[1,1,7,7] f32[] u8[] u8[1,1,1,1] f32[1] u8[1] f32[] u8[]", "u8[1,1,7,7]"),
            ("DeformConv", "", "f32[1,1,3,3] f32[1,1,2,2] f32[1,8,2,2]", "f32[1,1,2,2]"),
            ("ConvTranspose", "", "f32[1,1,3,3] f32[1,2,3,3]", "f32[1,2,5,5]"),
            ("ConvTranspose", "strides=[2,2] pads=[1,1,1,1]", "f32[n,8,h,4] f32[8,4,4,4]", "f32[n,4,2*h,8]"),
            (
                "ConvTranspose",
                "strides=[3,2] output_shape=[10,8]",
                "f32[1,1,3,3] f32[1,2,3,3]",
                "f32[1,2,10,8]",
            ),
            (
                "ConvTranspose",
                "strides=[3,2] output_padding=[1,1]",
                "f32[1,1,3,3] f32[1,2,3,3]",
                "f32[1,2,10,8]",
            ),
            (
                "ConvTranspose",
                "auto_pad=SAME_UPPER strides=[2,2]",
                "f32[1,1,3,3] f32[1,2,3,3]",
                "f32[1,2,6,6]",
            ),
        ] {
            check(op, settings, inputs, output);
        }
        check_remark("Conv", "", "f32[1,4,9,9] f32[8,3,3,3]", "expected 3 input channels, found 4");
        check_remark(
            "Conv",
            "strides=[0]",
            "f32[1,3,9] f32[8,3,3]",
            "expected strides and dilations of at least 1, found 0",
        );
        check_remark(
            "Conv",
            "",
            "f32[1,3,2] f32[8,3,3]",
            "expected a window of at most the padded size, found 3 on 2",
        );
    }

    #[test]
    fn labels_and_costs() {
        let image = "f32[1,3,224,224] f32[64,3,7,7]";
        check_label(
            "Conv",
            "strides=[2,2] pads=[3,3,3,3]",
            image,
            "conv 7×7, 64, /2 | pad 3",
            Some(118_013_952),
        );
        check_label(
            "Conv",
            "channels_last=1 weight_layout=SIO kernel_shape=[5,5]",
            "f32[1,28,28,3] f32[5,5,3,16]",
            "conv 5×5, 16",
            Some(24 * 24 * 16 * 75),
        );
        check_label("Conv", "group=8", "f32[1,8,3,3] f32[8,1,3,3]", "dwconv 3×3, 8", Some(72));
        check_label("Conv", "group=2", "f32[1,8,3,3] f32[8,4,3,3]", "conv 3×3, 8 | groups 2", Some(288));
        check_label("Conv", "", "f32[n,8,3,3] f32[8,8,3,3]", "conv 3×3, 8", None);
        check_label(
            "ConvTranspose",
            "strides=[2,2]",
            "f32[1,8,4,4] f32[8,4,2,2]",
            "conv-transpose 2×2, 4, ×2",
            Some(2048),
        );
    }
}
