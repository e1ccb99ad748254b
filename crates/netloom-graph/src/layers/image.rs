//! Images and regions of interest: decoding, sampling grids, crops, boxes.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{DType, Dim, Shape};

const IMAGE: Layer =
    Layer { category: Category::Other, label: |_, n| Label::new(n.op.as_str()), ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "image_decoder",
        about: "turns the bytes of an image file into pixels",
        names: &[("onnx", "ImageDecoder")],
        infer: |cx| {
            let grey = cx.attributes().string("pixel_format") == Some("Grayscale");
            let channels = Dim::Known(if grey { 1 } else { 3 });
            cx.set(0, Some(DType::UInt8), [Dim::Unknown, Dim::Unknown, channels]);
            Ok(())
        },
        ..IMAGE
    },
    Layer {
        name: "affine_grid",
        about: "makes the sampling places of a turned, scaled or shifted image",
        names: &[("onnx", "AffineGrid"), ("torch", "affine_grid")],
        infer: affine_grid,
        ..IMAGE
    },
    Layer {
        name: "grid_sample",
        about: "reads an image at the places of a grid",
        names: &[("onnx", "GridSample"), ("com.microsoft", "GridSample"), ("torch", "grid_sample")],
        infer: grid_sample,
        category: Category::Upsample,
        ..IMAGE
    },
    Layer {
        name: "center_crop_pad",
        about: "cuts or pads evenly on both sides to a given size",
        names: &[("onnx", "CenterCropPad"), ("torch", "CenterCrop"), ("keras", "CenterCrop")],
        infer: center_crop_pad,
        category: Category::Shape,
        ..IMAGE
    },
    Layer {
        name: "roi_align",
        about: "reads each box of an image at a fixed number of places between pixels",
        names: &[("onnx", "RoiAlign"), ("torch", "RoIAlign")],
        infer: |cx| {
            let size = |name| Dim::Known(cx.int(name).unwrap_or(1));
            let (height, width) = (size("output_height"), size("output_width"));
            // Boxes and the images they lie in are two lists of one length.
            let boxes = if cx.dim(1, 0).is_unknown() { cx.dim(2, 0) } else { cx.dim(1, 0) };
            let (dtype, channels) = (cx.dtype(0), cx.dim(0, 1));
            cx.set(0, dtype, [boxes, channels, height, width]);
            Ok(())
        },
        category: Category::Pool,
        ..IMAGE
    },
    Layer {
        name: "max_roi_pool",
        about: "keeps the largest value in each cell of each box of an image",
        names: &[("onnx", "MaxRoiPool"), ("torch", "RoIPool")],
        infer: |cx| {
            let mut dims = vec![cx.dim(1, 0), cx.dim(0, 1)];
            match cx.attributes().ints("pooled_shape") {
                Some(size) => dims.extend(size.iter().map(|n| Dim::Known(*n))),
                None => dims.extend([Dim::Unknown, Dim::Unknown]),
            }
            let dtype = cx.dtype(0);
            cx.set(0, dtype, dims);
            Ok(())
        },
        category: Category::Pool,
        ..IMAGE
    },
    Layer {
        name: "non_max_suppression",
        about: "keeps the best boxes that overlap no better one",
        names: &[("onnx", "NonMaxSuppression"), ("torch", "nms")],
        infer: |cx| {
            cx.set(0, Some(DType::Int64), [Dim::Unknown, Dim::Known(3)]);
            Ok(())
        },
        ..IMAGE
    },
    Layer {
        name: "col2im",
        about: "adds up overlapping patches into an image",
        names: &[("onnx", "Col2Im"), ("torch", "Fold")],
        infer: col2im,
        category: Category::Shape,
        ..IMAGE
    },
];

/// Turns the size `N, C, spatial…` into places `N, spatial…, number of spatial axes`.
fn affine_grid(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let shape = match cx.ints(1) {
        Some([n, _, spatial @ ..]) => {
            let axes = i64::try_from(spatial.len()).map_or(Dim::Unknown, Dim::Known);
            [n].into_iter().chain(spatial).cloned().chain([axes]).collect::<Vec<_>>().into()
        }
        _ => {
            // The length of the size alone, or the width of the matrices, tells how many axes there are.
            let axes = match (cx.dim(1, 0).as_known(), cx.dim(0, 1).as_known()) {
                (Some(4), _) | (_, Some(2)) => 2,
                (Some(5), _) | (_, Some(3)) => 3,
                _ => 0,
            };
            if axes == 0 {
                Shape::Unranked
            } else {
                let mut dims = vec![Dim::Unknown; axes + 2];
                dims[0] = cx.dim(0, 0);
                dims[axes + 1] = if axes == 2 { Dim::Known(2) } else { Dim::Known(3) };
                dims.into()
            }
        }
    };
    cx.set(0, dtype, shape);
    Ok(())
}

fn grid_sample(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let shape = match (cx.dims_of_rank(0, 2)?, cx.dims_of_rank(1, 2)?) {
        (Some(image), Some(grid)) => {
            let batch = if image[0].is_unknown() { &grid[0] } else { &image[0] };
            [batch, &image[1]].into_iter().chain(&grid[1..grid.len() - 1]).cloned().collect::<Vec<_>>().into()
        }
        (Some(image), None) => {
            let mut dims = vec![Dim::Unknown; image.len()];
            dims[..2].clone_from_slice(&image[..2]);
            dims.into()
        }
        (None, Some(mut grid)) => {
            // Without the coordinates in the last place and with channels after the batch, the rank stays.
            grid.pop();
            grid.insert(1, Dim::Unknown);
            grid.into()
        }
        (None, None) => Shape::Unranked,
    };
    cx.set(0, dtype, shape);
    Ok(())
}

fn center_crop_pad(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let Some(dims) = cx.dims(0) else {
        cx.set(0, dtype, Shape::Unranked);
        return Ok(());
    };
    let mut dims = dims.to_vec();
    let axes: Vec<usize> = match cx.attributes().ints("axes") {
        Some(axes) => axes.iter().map(|a| normal_axis(*a, dims.len())).collect::<Result<_, _>>()?,
        None => (0..dims.len()).collect(),
    };
    let sizes = cx.ints(1).map(<[Dim]>::to_vec);
    if let Some(sizes) = &sizes
        && sizes.len() != axes.len()
    {
        return Err(InferError::new(format!("expected {} sizes, found {}", axes.len(), sizes.len())));
    }
    for (i, axis) in axes.into_iter().enumerate() {
        dims[axis] = sizes.as_ref().and_then(|s| s.get(i)).cloned().unwrap_or(Dim::Unknown);
    }
    cx.set(0, dtype, dims);
    Ok(())
}

fn col2im(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let dtype = cx.dtype(0);
    let channels = match cx.ints(2) {
        Some(block) => {
            let patch = block.iter().fold(Dim::Known(1), |n, d| n.times(d));
            cx.dim(0, 1).floor_div(&patch)
        }
        None => Dim::Unknown,
    };
    let spatial = match (cx.ints(1), cx.dim(1, 0).as_size(), cx.dim(2, 0).as_size()) {
        (Some(sizes), _, _) => Some(sizes.to_vec()),
        // A list of sizes of known length still tells the rank.
        (None, Some(n), _) | (None, None, Some(n)) if n <= 16 => Some((0..n).map(|_| Dim::Unknown).collect()),
        _ => None,
    };
    let shape = match spatial {
        Some(spatial) => [cx.dim(0, 0), channels].into_iter().chain(spatial).collect::<Vec<_>>().into(),
        None => Shape::Unranked,
    };
    cx.set(0, dtype, shape);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_remark};

    #[test]
    fn sampling() {
        check("AffineGrid", "", "f32[n,2,3] i64[4]{n,3,5,6}", "f32[n,5,6,2]");
        check("AffineGrid", "", "f32[n,3,4] i64[5]", "f32[n,?,?,?,3]");
        check("GridSample", "", "f32[n,c,8,8] f32[n,5,6,2]", "f32[n,c,5,6]");
        check("GridSample", "", "f32? f32[n,5,6,2]", "f32[n,?,5,6]");
        check("RoiAlign", "output_height=7 output_width=5", "f32[1,c,9,9] f32[r,4] i64[r]", "f32[r,c,7,5]");
        check("MaxRoiPool", "pooled_shape=[2,3]", "f32[1,c,9,9] f32[r,5]", "f32[r,c,2,3]");
    }

    #[test]
    fn crops_and_patches() {
        check("CenterCropPad", "axes=[-1,0]", "f32[n,5,6] i64[2]{4,m}", "f32[m,5,4]");
        check_remark("CenterCropPad", "", "f32[n,5] i64[1]{4}", "expected 2 sizes, found 1");
        check("Col2Im", "", "f32[n,12,9] i64[2]{4,5} i64[2]{2,3}", "f32[n,2,4,5]");
        check("NonMaxSuppression", "", "f32[1,n,4] f32[1,c,n]", "i64[?,3]");
    }
}
