//! Pooling.

use super::channels;
use super::rules::{self, Ruled};
use super::window::{self, Window};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError};
use crate::{DType, Dim, Node, Shape};

const POOL: Layer = Layer { category: Category::Pool, infer: pool, ..Layer::DEFAULT };
const GLOBAL: Layer = Layer { category: Category::Pool, infer: global_pool, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "max_pool",
        about: "keeps the largest number of each patch",
        names: &[
            ("onnx", "MaxPool"),
            ("torch", "MaxPool1d"),
            ("torch", "MaxPool2d"),
            ("torch", "MaxPool3d"),
            ("keras", "MaxPooling1D"),
            ("keras", "MaxPooling2D"),
            ("keras", "MaxPooling3D"),
            ("loom", "max_pool"),
        ],
        label: |_, node| label("max-pool", node),
        ..POOL
    },
    Layer {
        name: "avg_pool",
        about: "averages each patch",
        names: &[
            ("onnx", "AveragePool"),
            ("torch", "AvgPool1d"),
            ("torch", "AvgPool2d"),
            ("torch", "AvgPool3d"),
            ("keras", "AveragePooling1D"),
            ("keras", "AveragePooling2D"),
            ("keras", "AveragePooling3D"),
            ("loom", "avg_pool"),
        ],
        label: |_, node| label("avg-pool", node),
        ..POOL
    },
    Layer {
        name: "lp_pool",
        about: "takes the p-norm of each patch",
        names: &[("onnx", "LpPool"), ("torch", "LPPool1d"), ("torch", "LPPool2d"), ("torch", "LPPool3d")],
        label: |_, node| label("lp-pool", node),
        ..POOL
    },
    Layer {
        name: "global_avg_pool",
        about: "averages each channel over all positions",
        names: &[
            ("onnx", "GlobalAveragePool"),
            ("keras", "GlobalAveragePooling1D"),
            ("keras", "GlobalAveragePooling2D"),
            ("keras", "GlobalAveragePooling3D"),
            ("loom", "global_avg_pool"),
        ],
        label: |_, _| Label::new("global avg-pool"),
        ..GLOBAL
    },
    Layer {
        name: "global_max_pool",
        about: "keeps the largest number of each channel over all positions",
        names: &[
            ("onnx", "GlobalMaxPool"),
            ("keras", "GlobalMaxPooling1D"),
            ("keras", "GlobalMaxPooling2D"),
            ("keras", "GlobalMaxPooling3D"),
            ("loom", "global_max_pool"),
        ],
        label: |_, _| Label::new("global max-pool"),
        ..GLOBAL
    },
    Layer {
        name: "global_lp_pool",
        about: "takes the p-norm of each channel over all positions",
        names: &[("onnx", "GlobalLpPool")],
        label: |_, _| Label::new("global lp-pool"),
        ..GLOBAL
    },
    Layer {
        name: "adaptive_avg_pool",
        about: "averages patches chosen so that the output has a given size",
        names: &[
            ("torch", "AdaptiveAvgPool1d"),
            ("torch", "AdaptiveAvgPool2d"),
            ("torch", "AdaptiveAvgPool3d"),
        ],
        infer: adaptive,
        label: |_, _| Label::new("adaptive avg-pool"),
        ..GLOBAL
    },
    Layer {
        name: "adaptive_max_pool",
        about: "keeps the largest number of patches chosen so that the output has a given size",
        names: &[
            ("torch", "AdaptiveMaxPool1d"),
            ("torch", "AdaptiveMaxPool2d"),
            ("torch", "AdaptiveMaxPool3d"),
        ],
        infer: adaptive,
        label: |_, _| Label::new("adaptive max-pool"),
        ..GLOBAL
    },
    Layer {
        name: "max_unpool",
        about: "puts pooled numbers back where they came from and fills the rest with zeros",
        names: &[
            ("onnx", "MaxUnpool"),
            ("torch", "MaxUnpool1d"),
            ("torch", "MaxUnpool2d"),
            ("torch", "MaxUnpool3d"),
        ],
        category: Category::Upsample,
        infer: max_unpool,
        label: |_, node| label("max-unpool", node),
        ..Layer::DEFAULT
    },
];

fn kernel(cx: &Infer<'_>) -> Option<Vec<Dim>> {
    Some(cx.attributes().ints("kernel_shape")?.iter().map(|n| Dim::Known(*n)).collect())
}

fn pool(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let x = cx.dims_of_rank(0, 3)?;
    let shape = match (x, kernel(cx)) {
        (Some(x), Some(kernel)) => {
            let x = channels::to_first(cx.node(), x);
            let mut dims = x[..2].to_vec();
            dims.extend(Window::from_settings(cx, kernel)?.slide(&x[2..])?);
            Shape::Ranked(channels::from_first(cx.node(), dims))
        }
        (x, kernel) => {
            let rank = x.map(|x| x.len()).or_else(|| kernel.map(|k| k.len() + 2));
            rank.map_or(Shape::Unranked, Shape::unknown_dims)
        }
    };
    cx.set(0, dtype, shape.clone());
    if cx.n_outputs() > 1 {
        cx.set(1, Some(DType::Int64), shape);
    }
    Ok(())
}

fn global_pool(cx: &mut Infer<'_>) -> Ruled {
    let shape = match cx.dims_of_rank(0, 2)? {
        Some(dims) => {
            let mut dims = channels::to_first(cx.node(), dims);
            if cx.int("keepdims") == Some(0) {
                dims.truncate(2);
            } else {
                dims[2..].fill(Dim::Known(1));
            }
            Shape::Ranked(channels::from_first(cx.node(), dims))
        }
        None => Shape::Unranked,
    };
    let dtype = cx.dtype(0);
    cx.set(0, dtype, shape);
    Ok(())
}

fn max_unpool(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    if cx.has_input(2) {
        let shape = match (cx.ints(2), cx.dims(2)) {
            (Some(dims), _) => Shape::Ranked(dims.to_vec()),
            (None, Some([Dim::Known(n)])) => Shape::unknown_dims(usize::try_from(*n).unwrap_or(0).min(16)),
            _ => Shape::Unranked,
        };
        cx.set(0, dtype, shape);
        return Ok(());
    }
    let (Some(x), Some(kernel)) = (cx.dims_of_rank(0, 3)?, kernel(cx)) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let window = Window::from_settings(cx, kernel)?;
    if x.len() != window.kernel.len() + 2 {
        return Err(InferError::new(format!(
            "expected {} spatial dimensions, found {}",
            window.kernel.len(),
            x.len() - 2
        )));
    }
    let mut dims = x[..2].to_vec();
    for i in 0..window.kernel.len() {
        let pads = Dim::Known(window.before[i]).plus(&Dim::Known(window.after[i]));
        let steps = x[2 + i].minus(&Dim::Known(1)).times(&Dim::Known(window.strides[i]));
        dims.push(steps.plus(&window.kernel[i]).minus(&pads));
    }
    cx.set(0, dtype, dims);
    Ok(())
}

fn label(name: &str, node: &Node) -> Label {
    let kernel = node.attributes.ints("kernel_shape").unwrap_or_default();
    let kernel: Vec<Dim> = kernel.iter().map(|n| Dim::Known(*n)).collect();
    let title = if kernel.is_empty() {
        name.to_owned()
    } else {
        format!("{name} {}", rules::times_text(&kernel, false))
    };
    window::label_window(Label::new(title), node)
}

/// The last dimensions become the `output_size`; -1 in it is a size nobody told.
fn adaptive(cx: &mut Infer<'_>) -> Ruled {
    let dtype = cx.dtype(0);
    let sizes = cx.attributes().ints("output_size").unwrap_or_default().to_vec();
    let Some(mut dims) = cx.dims(0).map(<[Dim]>::to_vec) else { return Ok(()) };
    let Some(first) = dims.len().checked_sub(sizes.len()) else { return Ok(()) };
    for (dim, size) in dims[first..].iter_mut().zip(sizes) {
        *dim = if size < 0 { Dim::Unknown } else { Dim::Known(size) };
    }
    cx.set(0, dtype, dims);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes() {
        for (op, settings, inputs, outputs) in [
            (
                "MaxPool",
                "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]",
                "f32[1,64,112,112]",
                "f32[1,64,56,56]",
            ),
            ("MaxPool", "kernel_shape=[2,2] strides=[2,2]", "f32[n,c,h,w]", "f32[n,c,(h-2)//2+1,w//2]"),
            (
                "MaxPool",
                "kernel_shape=[3,3] strides=[2,2] ceil_mode=1",
                "f32[1,1,4,4]",
                "f32[1,1,2,2] i64[1,1,2,2]",
            ),
            ("MaxPool", "kernel_shape=[2] strides=[3] ceil_mode=1 pads=[0,2]", "f32[1,1,3]", "f32[1,1,1]"),
            ("AveragePool", "kernel_shape=[2,2] auto_pad=SAME_LOWER", "f32[1,3,32,32]", "f32[1,3,32,32]"),
            ("AveragePool", "kernel_shape=[3] dilations=[2]", "f32[1,3,32]", "f32[1,3,28]"),
            ("LpPool", "kernel_shape=[2]", "f32[1,3,?]", "f32[1,3,?]"),
            ("GlobalAveragePool", "", "f32[n,3,h,w]", "f32[n,3,1,1]"),
            ("GlobalAveragePool", "channels_last=1", "f32[n,h,w,3]", "f32[n,1,1,3]"),
            ("GlobalAveragePool", "channels_last=1 keepdims=0", "f32[n,h,w,3]", "f32[n,3]"),
            ("MaxPool", "channels_last=1 kernel_shape=[2,2] strides=[2,2]", "f32[n,8,6,3]", "f32[n,4,3,3]"),
            ("MaxUnpool", "kernel_shape=[2,2] strides=[2,2]", "f32[1,1,2,2] i64[1,1,2,2]", "f32[1,1,4,4]"),
            ("MaxUnpool", "kernel_shape=[2,2]", "f32[1,1,2,2] i64[1,1,2,2] i64[4]{1,1,5,5}", "f32[1,1,5,5]"),
        ] {
            check(op, settings, inputs, outputs);
        }
    }

    #[test]
    fn labels() {
        let settings = "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]";
        check_label("MaxPool", settings, "f32[1,64,8,8]", "max-pool 3×3, /2 | pad 1", Some(0));
        check_label("GlobalAveragePool", "", "f32[1,64,8,8]", "global avg-pool", Some(0));
    }
}
