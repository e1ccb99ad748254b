//! Repetition, and the exchange of channels for pixels.

use super::channels;
use super::rules::{self, Ruled};
use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Dim, Shape};

const SHAPE: Layer = Layer { category: Category::Shape, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "expand",
        about: "repeats its input along dimensions of size 1",
        names: &[("onnx", "Expand"), ("keras", "RepeatVector"), ("loom", "expand")],
        infer: expand,
        ..SHAPE
    },
    Layer {
        name: "tile",
        about: "repeats its input side by side",
        names: &[("onnx", "Tile"), ("loom", "tile")],
        infer: tile,
        ..SHAPE
    },
    Layer {
        name: "depth_to_space",
        about: "turns groups of channels into blocks of pixels",
        names: &[
            ("onnx", "DepthToSpace"),
            ("torch", "PixelShuffle"),
            ("keras", "PixelShuffle2D"),
            ("loom", "depth_to_space"),
        ],
        category: Category::Upsample,
        infer: depth_to_space,
        label: |_, node| match node.attributes.int("blocksize") {
            Some(n) => Label::new(format!("depth-to-space {n}")),
            None => Label::new("depth-to-space"),
        },
        ..SHAPE
    },
    Layer {
        name: "space_to_depth",
        about: "turns blocks of pixels into groups of channels",
        names: &[("onnx", "SpaceToDepth"), ("torch", "PixelUnshuffle"), ("loom", "space_to_depth")],
        infer: space_to_depth,
        label: |_, node| match node.attributes.int("blocksize") {
            Some(n) => Label::new(format!("space-to-depth {n}")),
            None => Label::new("space-to-depth"),
        },
        ..SHAPE
    },
];

fn expand(cx: &mut Infer<'_>) -> Ruled {
    let target = match (cx.ints(1), cx.dims(1)) {
        // Some exporters write -1 where the dimension stays.
        (Some(dims), _) => {
            let keep = |d: &Dim| if *d == Dim::Known(-1) { Dim::Known(1) } else { d.clone() };
            Shape::Ranked(dims.iter().map(keep).collect())
        }
        (None, Some([Dim::Known(n)])) if (0..=64).contains(n) => {
            Shape::unknown_dims(usize::try_from(*n).unwrap_or(0))
        }
        _ => Shape::Unranked,
    };
    let shape = rules::broadcast([cx.shape(0), &target])?;
    let dims: Option<Vec<usize>> =
        shape.dims().and_then(|d| d.iter().map(|d| usize::try_from(d.as_known()?).ok()).collect());
    if let Some(value) = dims.and_then(|d| cx.value(0)?.stretch(&d)) {
        cx.set_value(0, value);
    }
    let dtype = cx.dtype(0);
    cx.set(0, dtype, shape);
    Ok(())
}

fn tile(cx: &mut Infer<'_>) -> Ruled {
    let Some(dims) = cx.dims(0).map(<[Dim]>::to_vec) else {
        rules::set_unranked(cx);
        return Ok(());
    };
    let mut repeats = vec![Dim::Unknown; dims.len()];
    if cx.has_input(2) {
        // Operator set 1 gives one number of tiles and one axis.
        if let (Some([tiles]), Some(axis)) = (cx.ints(1), cx.known_ints(2)) {
            let at = normal_axis(axis.first().copied().unwrap_or(0), dims.len())?;
            let tiles = tiles.clone();
            repeats.fill(Dim::Known(1));
            repeats[at] = tiles;
        }
    } else if let Some(given) = cx.setting_dims("repeats", 1) {
        if given.len() != dims.len() {
            return Err(InferError::new(format!("expected {} repeats, found {}", dims.len(), given.len())));
        }
        repeats = given;
    }
    let out: Vec<Dim> = dims.iter().zip(&repeats).map(|(d, r)| d.times(r)).collect();
    if let ([Dim::Known(n)], [Dim::Known(r)], Some(value)) =
        (dims.as_slice(), repeats.as_slice(), cx.value(0))
    {
        let (n, r) = (usize::try_from(*n).unwrap_or(0), usize::try_from(*r).unwrap_or(0));
        if let Some(total) = n.checked_mul(r).filter(|t| *t <= crate::value::MAX_ELEMENTS) {
            let places: Vec<usize> = (0..total).map(|i| i % n.max(1)).collect();
            if let Some(value) = value.pick(vec![total], &places) {
                cx.set_value(0, value);
            }
        }
    }
    let dtype = cx.dtype(0);
    cx.set(0, dtype, out);
    Ok(())
}

fn blocks(cx: &mut Infer<'_>) -> Result<Option<(Vec<Dim>, Dim)>, InferError> {
    let size = cx.int("blocksize").unwrap_or(1);
    if size < 1 {
        return Err(InferError::new(format!("expected a block of at least 1, found {size}")));
    }
    match cx.dims(0) {
        Some(dims) if dims.len() == 4 => {
            Ok(Some((channels::to_first(cx.node(), dims.to_vec()), Dim::Known(size))))
        }
        Some(dims) => Err(InferError::new(format!("expected 4 dimensions, found {}", dims.len()))),
        None => {
            let dtype = cx.dtype(0);
            cx.set(0, dtype, Shape::unknown_dims(4));
            Ok(None)
        }
    }
}

fn depth_to_space(cx: &mut Infer<'_>) -> Ruled {
    if let Some((d, size)) = blocks(cx)? {
        let dtype = cx.dtype(0);
        let channels = d[1].floor_div(&size.times(&size));
        let dims = vec![d[0].clone(), channels, d[2].times(&size), d[3].times(&size)];
        let dims = channels::from_first(cx.node(), dims);
        cx.set(0, dtype, dims);
    }
    Ok(())
}

fn space_to_depth(cx: &mut Infer<'_>) -> Ruled {
    if let Some((d, size)) = blocks(cx)? {
        let dtype = cx.dtype(0);
        let channels = d[1].times(&size).times(&size);
        let dims = vec![d[0].clone(), channels, d[2].floor_div(&size), d[3].floor_div(&size)];
        let dims = channels::from_first(cx.node(), dims);
        cx.set(0, dtype, dims);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::layers::check::check;

    #[test]
    fn shapes_and_values() {
        for (op, settings, inputs, outputs) in [
            ("Expand", "", "f32[3,1] i64[3]{2,1,6}", "f32[2,3,6]"),
            ("Expand", "", "f32[1,1,768] i64[3]{batch,-1,-1}", "f32[batch,1,768]"),
            ("Expand", "", "i64[1]{4} i64[1]{3}", "i64[3]{4,4,4}"),
            ("Tile", "", "f32[n,3] i64[2]{2,4}", "f32[2*n,12]"),
            ("Tile@1", "", "f32[n,3] i64[]{4} i64[]{1}", "f32[n,12]"),
            ("DepthToSpace", "blocksize=2", "f32[n,8,h,3]", "f32[n,2,2*h,6]"),
            ("SpaceToDepth", "blocksize=2", "f32[n,2,h,6]", "f32[n,8,h//2,3]"),
        ] {
            check(op, settings, inputs, outputs);
        }
    }
}
