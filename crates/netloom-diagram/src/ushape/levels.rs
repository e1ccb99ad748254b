//! Levels: how coarse the map is that a box makes, in half octaves.

use netloom_graph::{Category, Graph};

use crate::tensors::{Extent, Form, Window};
use crate::view::{NodeKind, View};

/// How coarse a map is: 2 for each time that its sides were halved.
pub(crate) type Level = i32;

/// The level of what has no sides.
pub(crate) const VECTOR: Level = Level::MAX;

/// Sizes whose quotient is nearer to 1 than this are of one level: convolutions without padding take off the border.
const SAME: f64 = 0.75;

/// How many cells a map has; `None` for what has no sides or unknown ones.
pub(super) fn cells(extent: &Extent) -> Option<u64> {
    if extent.sides.is_empty() {
        return None;
    }
    extent.sides.iter().try_fold(1u64, |n, d| n.checked_mul(d.as_size()?)).filter(|n| *n > 0)
}

/// How many numbers a tensor holds, the batch left out.
pub(super) fn elements(extent: &Extent) -> Option<u64> {
    let cells = if extent.sides.is_empty() { 1 } else { cells(extent)? };
    cells.checked_mul(extent.channels.as_size()?)
}

/// Whether a tensor has no sides, or is known to have none left.
pub(super) fn is_vector(extent: &Extent) -> bool {
    matches!(extent.form, Form::Vector | Form::Scalar) && extent.sides.is_empty()
}

/// Half octaves between two numbers of cells of maps with so many sides.
fn between(from: u64, to: u64, sides: usize) -> Level {
    #[expect(clippy::cast_precision_loss, reason = "maps have far fewer than 2^53 cells")]
    let quotient = from as f64 / to as f64;
    #[expect(clippy::cast_precision_loss, reason = "maps have at most three sides")]
    let octaves = libm::log2(quotient) / sides.max(1) as f64;
    let near = -libm::log2(SAME);
    if octaves.abs() < near {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a quotient of integers is small")]
    let level = (octaves * 2.0).round() as Level;
    if level == 0 { if octaves > 0.0 { 1 } else { -1 } } else { level }
}

/// The level of a map among maps of which the largest has so many cells.
pub(super) fn anchored(extent: &Extent, largest: &Extent) -> Level {
    match (cells(largest), cells(extent)) {
        (Some(most), Some(own)) => between(most, own, largest.sides.len()),
        _ if is_vector(extent) => VECTOR,
        _ => 0,
    }
}

/// By how much a box makes its map coarser; negative where finer.
pub(super) fn change(graph: &Graph, view: &View, node: usize, from: &Extent, to: &Extent) -> Level {
    let quotient = match (cells(from), cells(to)) {
        (Some(a), Some(b)) => Some(between(a, b, from.sides.len().max(to.sides.len()))),
        _ => None,
    };
    match (stride(graph, view, node), quotient) {
        // A stride says it exactly, also where padding takes off the border or sizes are not known.
        (Some(stride), None) => stride,
        (Some(stride), Some(known)) if (stride - known).abs() <= 1 => stride,
        (Some(0), Some(known)) if known.abs() <= 2 => 0,
        (_, Some(known)) => known,
        (None, None) => 0,
    }
}

/// Half octaves of the stride of a layer with a window; `None` for what is no single such layer.
fn stride(graph: &Graph, view: &View, node: usize) -> Option<Level> {
    let node = &view.nodes[node];
    let moves = matches!(node.category, Category::Conv | Category::Pool | Category::Upsample);
    if node.kind != NodeKind::Layer || !moves || node.repeat > 1 {
        return None;
    }
    if let Some(octaves) = grows(&node.title).filter(|_| node.category == Category::Upsample) {
        return Some(-octaves);
    }
    let mut windows = node.operators.iter().filter_map(|n| Window::of(graph, *n));
    let (window, more) = (windows.next()?, windows.next());
    if more.is_some() {
        return None;
    }
    let stride = *window.stride.first()?;
    #[expect(clippy::cast_precision_loss, reason = "strides are small")]
    let octaves = libm::log2(stride.max(1) as f64);
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of an integer is small")]
    let level = (octaves * 2.0).round() as Level;
    Some(if window.transposed { -level } else { level })
}

/// Half octaves of the factor that a title ends in: `resize ×2`.
fn grows(title: &str) -> Option<Level> {
    let factor: f64 = title.rsplit_once('×')?.1.parse().ok().filter(|f: &f64| *f > 1.0 && f.is_finite())?;
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a finite number is small")]
    let level = (libm::log2(factor) * 2.0).round() as Level;
    title.starts_with("resize").then_some(level)
}
