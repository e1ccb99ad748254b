//! Dropout.

use super::rules::Ruled;
use super::{Category, Label, Layer};
use crate::infer::Infer;
use crate::{DType, Graph, Node};

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "dropout",
        about: "switches off random units while training, so that none is relied on alone; does nothing afterwards",
        names: &[
            ("onnx", "Dropout"),
            ("torch", "Dropout"),
            ("torch", "Dropout1d"),
            ("torch", "Dropout2d"),
            ("torch", "Dropout3d"),
            ("torch", "AlphaDropout"),
            ("torch", "FeatureAlphaDropout"),
            ("keras", "Dropout"),
            ("keras", "SpatialDropout1D"),
            ("keras", "SpatialDropout2D"),
            ("keras", "SpatialDropout3D"),
            ("keras", "AlphaDropout"),
            ("loom", "dropout"),
        ],
        category: Category::Dropout,
        infer: dropout,
        label,
        ..Layer::DEFAULT
    },
    Layer {
        name: "gaussian_noise",
        about: "adds or multiplies random noise while training",
        names: &[("keras", "GaussianNoise"), ("keras", "GaussianDropout")],
        category: Category::Dropout,
        infer: dropout,
        label: |_, _| Label::new("noise"),
        ..Layer::DEFAULT
    },
];

fn dropout(cx: &mut Infer<'_>) -> Ruled {
    cx.set_like(0, 0);
    if cx.n_outputs() > 1 {
        // Before operator set 10 the mask has the element type of the data.
        let dtype = if cx.opset() < 10 { cx.dtype(0) } else { Some(DType::Bool) };
        let shape = cx.shape(0).clone();
        cx.set(1, dtype, shape);
    }
    Ok(())
}

fn label(graph: &Graph, node: &Node) -> Label {
    let input = node.input(1).and_then(|t| graph.tensor(t).value.as_ref()?.as_floats()?.first().copied());
    // Rates are stored in 32 bits: 0.1 would read 0.10000000149.
    match node.attributes.float("ratio").or(input) {
        Some(rate) => Label::new(format!("dropout {}", (rate * 1e4).round() / 1e4)),
        None => Label::new("dropout"),
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::check::{check, check_label};

    #[test]
    fn shapes_and_labels() {
        check("Dropout", "", "f32[n,10]", "f32[n,10] bool[n,10]");
        check("Dropout@7", "ratio=0.5", "f32[n,10]", "f32[n,10] f32[n,10]");
        check_label("Dropout", "", "f32[n,10] f32[]{0.10000000149}", "dropout 0.1", Some(0));
        check_label("Dropout@7", "ratio=0.5", "f32[n,10]", "dropout 0.5", Some(0));
    }
}
