//! How the kernel of a convolution or pooling moves over its input.

use netloom_graph::{Graph, Node, NodeId};

/// Kernel, stride, padding and so on, one number per spatial axis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: Vec<u64>,
    /// Step.
    pub stride: Vec<u64>,
    /// Cells added before each axis.
    pub pad: Vec<u64>,
    /// Distance of two cells that the kernel reads.
    pub dilation: Vec<u64>,
    /// Into how many parts the channels are split, each convolved alone; 1 for a plain convolution.
    pub groups: u64,
    /// Whether it spreads one cell over many instead (transposed convolution).
    pub transposed: bool,
}

impl Window {
    /// The window of an operator, if it has one of known size.
    pub fn of(graph: &Graph, node: NodeId) -> Option<Self> {
        let node = graph.node(node);
        let name = node.layer?.name;
        let kernel = numbers(node.attributes.ints("kernel_shape")).or_else(|| weights(graph, node))?;
        if kernel.is_empty() {
            return None;
        }
        let per_axis = |name: &str, default: u64| {
            let found = numbers(node.attributes.ints(name)).filter(|v| v.len() >= kernel.len());
            found.map_or_else(|| vec![default; kernel.len()], |v| v[..kernel.len()].to_vec())
        };
        let groups = node.attributes.int("group").and_then(|g| u64::try_from(g).ok()).unwrap_or(1).max(1);
        Some(Self {
            stride: per_axis("strides", 1),
            pad: per_axis("pads", 0),
            dilation: per_axis("dilations", 1),
            groups,
            transposed: name.contains("transpose"),
            kernel,
        })
    }

    /// How many input cells along an axis the kernel spans, dilation included.
    pub fn span(&self, axis: usize) -> u64 {
        let kernel = self.kernel.get(axis).copied().unwrap_or(1).max(1);
        let dilation = self.dilation.get(axis).copied().unwrap_or(1);
        (kernel - 1).saturating_mul(dilation).saturating_add(1)
    }
}

fn numbers(ints: Option<&[i64]>) -> Option<Vec<u64>> {
    ints?.iter().map(|n| u64::try_from(*n).ok()).collect()
}

/// The sides of the kernel as the shape of the weights tells them.
fn weights(graph: &Graph, node: &Node) -> Option<Vec<u64>> {
    if !node.layer.is_some_and(|l| l.name.contains("conv")) {
        return None;
    }
    let dims = graph.tensor(node.input(1)?).ty.shape().dims()?;
    let own = if node.op.contains("Transpose") { "IOS" } else { "OIS" };
    let kernel = netloom_graph::layers::channels::Kernel::of(node, dims, own)?;
    kernel.sides.iter().map(netloom_graph::Dim::as_size).collect()
}
