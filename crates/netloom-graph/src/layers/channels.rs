//! Where channels stand in data and in the kernels of convolutions.
//!
//! ONNX and PyTorch put channels right behind the batch, Keras and TensorFlow last. A node that works on data with its
//! channels last has the setting [`CHANNELS_LAST`]; a convolution whose kernel is not stored as its operator says has
//! the setting [`WEIGHT_LAYOUT`]. Everything else reads either kind by the functions here.

use crate::{Dim, Node};

/// The setting, 1 where the channels of the first input are its last dimension.
pub const CHANNELS_LAST: &str = "channels_last";

/// The setting that says what the dimensions of a kernel are, a letter each: `O` output channels, `I` input channels
/// of a group, `S` all sides, `M` output channels for each input channel, `G` groups, which multiply the channels that
/// follow, `1` nothing. With an `M`, `I` is every input channel. OpenVINO stores `GOIS`. Keras stores `SIO`, its depthwise convolutions `SIM`, its transposed ones `SOI`; TensorFlow Lite `OSI`, its
/// depthwise ones `1SO`. Without it a convolution has `OIS`, a transposed one `IOS`.
pub const WEIGHT_LAYOUT: &str = "weight_layout";

/// Whether a node works on data with its channels last.
pub fn are_last(node: &Node) -> bool {
    node.attributes.int(CHANNELS_LAST).is_some_and(|n| n != 0)
}

/// Which dimension of data of so many dimensions holds the channels for a node; 0 where there is none but the batch.
pub fn axis(node: &Node, rank: usize) -> usize {
    if are_last(node) { rank.saturating_sub(1) } else { 1.min(rank.saturating_sub(1)) }
}

/// The dimensions of what a node reads, channels right behind the batch.
pub fn to_first(node: &Node, mut dims: Vec<Dim>) -> Vec<Dim> {
    if are_last(node) && dims.len() > 2 {
        dims[1..].rotate_right(1);
    }
    dims
}

/// The dimensions of what a node makes, from those with channels right behind the batch.
pub fn from_first(node: &Node, mut dims: Vec<Dim>) -> Vec<Dim> {
    if are_last(node) && dims.len() > 2 {
        dims[1..].rotate_left(1);
    }
    dims
}

/// What the dimensions of the kernel of a convolution are.
#[derive(Clone, PartialEq, Debug)]
pub struct Kernel {
    /// Output channels; of one group for a transposed convolution.
    pub outputs: Dim,
    /// Input channels of one group; all of them for a transposed convolution.
    pub inputs: Dim,
    /// Sides.
    pub sides: Vec<Dim>,
}

impl Kernel {
    /// Reads a kernel's dimensions by the node's [`WEIGHT_LAYOUT`] or its operator's own; `None` where they do not fit.
    pub fn of(node: &Node, dims: &[Dim], own: &str) -> Option<Self> {
        let layout = node.attributes.string(WEIGHT_LAYOUT).unwrap_or(own);
        let sides = (dims.len() + 1).checked_sub(layout.len())?;
        let mut kernel = Self { outputs: Dim::Known(1), inputs: Dim::Known(1), sides: Vec::new() };
        let (mut rest, mut groups) = (dims, Dim::Known(1));
        for letter in layout.chars() {
            let take = if letter == 'S' { sides } else { 1 };
            let (these, after) = rest.split_at_checked(take)?;
            rest = after;
            match letter {
                'S' => kernel.sides = these.to_vec(),
                'G' => groups = these[0].clone(),
                'O' => kernel.outputs = std::mem::replace(&mut groups, Dim::Known(1)).times(&these[0]),
                'I' => kernel.inputs = std::mem::replace(&mut groups, Dim::Known(1)).times(&these[0]),
                'M' => kernel.outputs = these[0].clone(),
                '1' => {}
                _ => return None,
            }
        }
        if layout.contains('M') {
            kernel.outputs = kernel.outputs.times(&kernel.inputs);
            kernel.inputs = Dim::Known(1);
        }
        rest.is_empty().then_some(kernel)
    }

    /// How many numbers each output channel of a group has, or each input channel of a transposed convolution.
    pub fn patch(&self, of: &Dim) -> Dim {
        super::rules::product(&self.sides).times(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attribute, Graph};

    fn check(layout: Option<&str>, dims: &[i64], expected: Option<(i64, i64, &[i64])>) {
        let mut node = Node::new("Conv", Graph::new("").root());
        if let Some(layout) = layout {
            node.attributes.set(WEIGHT_LAYOUT, Attribute::String(layout.to_owned()));
        }
        let dims: Vec<Dim> = dims.iter().map(|n| Dim::Known(*n)).collect();
        let found = Kernel::of(&node, &dims, "OIS").map(|k| {
            let sides: Vec<i64> = k.sides.iter().filter_map(Dim::as_known).collect();
            (k.outputs.as_known().unwrap(), k.inputs.as_known().unwrap(), sides)
        });
        assert_eq!(found, expected.map(|(o, i, s)| (o, i, s.to_vec())), "{layout:?} {dims:?}");
    }

    #[test]
    fn kernels() {
        check(None, &[64, 3, 7, 5], Some((64, 3, &[7, 5])));
        check(Some("SIO"), &[7, 5, 3, 64], Some((64, 3, &[7, 5])));
        check(Some("SIO"), &[7, 3, 64], Some((64, 3, &[7])));
        check(Some("SIM"), &[3, 3, 8, 2], Some((16, 1, &[3, 3])));
        check(Some("1SO"), &[1, 3, 3, 16], Some((16, 1, &[3, 3])));
        check(Some("OSI"), &[64, 7, 7, 3], Some((64, 3, &[7, 7])));
        check(Some("GOIS"), &[4, 16, 8, 3, 3], Some((64, 8, &[3, 3])));
        check(Some("GIOS"), &[4, 16, 8, 3, 3], Some((8, 64, &[3, 3])));
        check(Some("OSI"), &[64], None);
        check(Some("S?"), &[64, 2], None);
    }

    #[test]
    fn there_and_back() {
        let mut node = Node::new("Conv", Graph::new("").root());
        let dims: Vec<Dim> = [1, 28, 30, 3].map(Dim::Known).to_vec();
        assert_eq!(to_first(&node, dims.clone()), dims);
        node.attributes.set(CHANNELS_LAST, Attribute::Int(1));
        assert_eq!(to_first(&node, dims.clone()), [1, 3, 28, 30].map(Dim::Known));
        assert_eq!(from_first(&node, to_first(&node, dims.clone())), dims);
        assert_eq!((axis(&node, 4), axis(&node, 2), axis(&node, 0)), (3, 1, 0));
    }
}
