//! Normalisation.

use super::channels;
use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, normal_axis};
use crate::{DType, Dim, Shape};

const NORM: Layer = Layer { category: Category::Norm, infer: rules::same_as_input, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "batch_norm",
        about: "shifts and scales each channel to mean 0 and variance 1 over the batch, then to a learned mean and scale",
        names: &[
            ("onnx", "BatchNormalization"),
            ("torch", "BatchNorm1d"),
            ("torch", "BatchNorm2d"),
            ("torch", "BatchNorm3d"),
            ("torch", "SyncBatchNorm"),
            ("keras", "BatchNormalization"),
            ("loom", "batch_norm"),
        ],
        infer: batch_norm,
        learned: &[1, 2],
        state: &[3, 4],
        label: |_, _| Label::new("BatchNorm"),
        ..NORM
    },
    Layer {
        name: "instance_norm",
        about: "normalises each channel of each example over its positions",
        names: &[
            ("onnx", "InstanceNormalization"),
            ("torch", "InstanceNorm1d"),
            ("torch", "InstanceNorm2d"),
            ("torch", "InstanceNorm3d"),
            ("loom", "instance_norm"),
        ],
        learned: &[1, 2],
        label: |_, _| Label::new("InstanceNorm"),
        ..NORM
    },
    Layer {
        name: "layer_norm",
        about: "normalises each example over its last dimensions, then applies a learned scale and shift",
        names: &[
            ("onnx", "LayerNormalization"),
            ("torch", "LayerNorm"),
            ("keras", "LayerNormalization"),
            ("loom", "layer_norm"),
        ],
        infer: layer_norm,
        learned: &[1, 2],
        label: |_, _| Label::new("LayerNorm"),
        ..NORM
    },
    Layer {
        name: "group_norm",
        about: "normalises groups of channels of each example",
        names: &[
            ("onnx", "GroupNormalization"),
            ("torch", "GroupNorm"),
            ("keras", "GroupNormalization"),
            ("loom", "group_norm"),
        ],
        learned: &[1, 2],
        label: |_, node| match node.attributes.int("num_groups") {
            Some(groups) => Label::new(format!("GroupNorm {groups}")),
            None => Label::new("GroupNorm"),
        },
        ..NORM
    },
    Layer {
        name: "rms_norm",
        about: "divides by the root mean square over the last dimensions, then applies a learned scale",
        names: &[
            ("onnx", "RMSNormalization"),
            ("onnx", "SimplifiedLayerNormalization"),
            ("com.microsoft", "SimplifiedLayerNormalization"),
            ("torch", "RMSNorm"),
            ("keras", "RMSNormalization"),
            ("loom", "rms_norm"),
        ],
        learned: &[1],
        label: |_, _| Label::new("RMSNorm"),
        ..NORM
    },
    Layer {
        name: "lp_norm",
        about: "divides by the length of vectors along one axis",
        names: &[("onnx", "LpNormalization"), ("keras", "UnitNormalization"), ("loom", "lp_norm")],
        label: |_, node| Label::new(format!("L{} norm", node.attributes.int("p").unwrap_or(2))),
        ..NORM
    },
    Layer {
        name: "mean_variance_norm",
        about: "shifts and scales to mean 0 and variance 1 over given axes, with nothing learned",
        names: &[("onnx", "MeanVarianceNormalization")],
        label: |_, _| Label::new("MVN"),
        ..NORM
    },
    Layer {
        name: "local_response_norm",
        about: "divides each number by the energy of its neighbours in nearby channels",
        names: &[("onnx", "LRN"), ("torch", "LocalResponseNorm"), ("loom", "local_response_norm")],
        label: |_, node| match node.attributes.int("size") {
            Some(size) => Label::new(format!("LRN {size}")),
            None => Label::new("LRN"),
        },
        ..NORM
    },
];

/// The first output is normalised; in training, running statistics follow, and in old versions saved ones too.
fn batch_norm(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    let channels = cx.rank(0).map_or(Dim::Unknown, |r| cx.dim(0, channels::axis(cx.node(), r)));
    let dtype = cx.dtype(3).or_else(|| cx.dtype(0));
    for output in 1..cx.n_outputs() {
        let known = cx.dims(3).map(<[Dim]>::to_vec).unwrap_or_else(|| vec![channels.clone()]);
        cx.set(output, dtype, known);
    }
    Ok(())
}

fn layer_norm(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    let dtype = cx.dtype_setting("stash_type").unwrap_or(DType::Float32);
    for output in 1..cx.n_outputs() {
        let shape = match cx.dims(0) {
            Some(dims) => {
                let axis = normal_axis(cx.int("axis").unwrap_or(-1), dims.len())?;
                let mut dims = dims.to_vec();
                dims[axis..].fill(Dim::Known(1));
                Shape::Ranked(dims)
            }
            None => Shape::Unranked,
        };
        cx.set(output, Some(dtype), shape);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes() {
        let stats = "f32[n,8,h,w] f32[8] f32[8] f32[8] f32[8]";
        for (op, settings, inputs, outputs) in [
            ("BatchNormalization@15", "", stats, "f32[n,8,h,w]"),
            ("BatchNormalization@15", "training_mode=1", stats, "f32[n,8,h,w] f32[8] f32[8]"),
            ("BatchNormalization@7", "", stats, "f32[n,8,h,w] f32[8] f32[8] f32[8] f32[8]"),
            ("InstanceNormalization", "", "f32[2,3,4] f32[3] f32[3]", "f32[2,3,4]"),
            ("LayerNormalization", "", "f16[2,3,4] f16[4] f16[4]", "f16[2,3,4] f32[2,3,1] f32[2,3,1]"),
            ("LayerNormalization", "axis=1", "f32[2,3,4] f32[3,4]", "f32[2,3,4] f32[2,1,1]"),
            ("RMSNormalization", "", "f32[2,s,4] f32[4]", "f32[2,s,4]"),
        ] {
            check(op, settings, inputs, outputs);
        }
        check_label("GroupNormalization", "num_groups=4", "f32[1,8,3] f32[8] f32[8]", "GroupNorm 4", Some(0));
    }
}
