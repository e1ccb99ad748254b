//! Pooling.

use netloom_graph::{Attribute, TensorId};

use super::Row;
use super::cx::{Built, Cx, int};

const MAX: &str = "self|input kernel_size stride padding dilation ceil_mode return_indices";
const MEAN: &str = "self|input kernel_size stride padding ceil_mode count_include_pad divisor_override";
const ADAPTIVE: &str = "self|input output_size return_indices";

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[
    Row("max_pool1d", MAX, |cx| window(cx, "MaxPool", 1)),
    Row("max_pool2d", MAX, |cx| window(cx, "MaxPool", 2)),
    Row("max_pool3d", MAX, |cx| window(cx, "MaxPool", 3)),
    Row("max_pool1d_with_indices", MAX, |cx| window(cx, "MaxPool", 1)),
    Row("max_pool2d_with_indices", MAX, |cx| window(cx, "MaxPool", 2)),
    Row("max_pool3d_with_indices", MAX, |cx| window(cx, "MaxPool", 3)),
    Row("avg_pool1d", MEAN, |cx| window(cx, "AveragePool", 1)),
    Row("avg_pool2d", MEAN, |cx| window(cx, "AveragePool", 2)),
    Row("avg_pool3d", MEAN, |cx| window(cx, "AveragePool", 3)),
    Row("adaptive_avg_pool1d", ADAPTIVE, |cx| adaptive(cx, true, 1)),
    Row("adaptive_avg_pool2d", ADAPTIVE, |cx| adaptive(cx, true, 2)),
    Row("adaptive_avg_pool3d", ADAPTIVE, |cx| adaptive(cx, true, 3)),
    Row("_adaptive_avg_pool2d", ADAPTIVE, |cx| adaptive(cx, true, 2)),
    Row("_adaptive_avg_pool3d", ADAPTIVE, |cx| adaptive(cx, true, 3)),
    Row("adaptive_max_pool1d", ADAPTIVE, |cx| adaptive(cx, false, 1)),
    Row("adaptive_max_pool2d", ADAPTIVE, |cx| adaptive(cx, false, 2)),
    Row("adaptive_max_pool3d", ADAPTIVE, |cx| adaptive(cx, false, 3)),
];

fn window(cx: &mut Cx<'_>, op: &str, sides: usize) -> Built {
    let (Some(x), Some(kernel)) = (cx.first(), cx.ints("kernel_size")) else { return Ok(None) };
    let each = |list: Option<Vec<i64>>, otherwise: &[i64]| match list.as_deref() {
        Some([one]) => vec![*one; sides],
        Some(list) if list.len() == sides => list.to_vec(),
        _ => otherwise.to_vec(),
    };
    let kernel = each(Some(kernel), &vec![1; sides]);
    let strides = each(cx.ints("stride"), &kernel);
    let pads = each(cx.ints("padding"), &vec![0; sides]).repeat(2);
    let mut attributes = vec![
        ("kernel_shape", Attribute::Ints(kernel)),
        ("strides", Attribute::Ints(strides)),
        ("pads", Attribute::Ints(pads)),
    ];
    if cx.flag("ceil_mode") == Some(true) {
        attributes.push(("ceil_mode", int(1)));
    }
    if op == "MaxPool" {
        attributes.push(("dilations", Attribute::Ints(each(cx.ints("dilation"), &vec![1; sides]))));
    } else {
        attributes.push(("count_include_pad", int(i64::from(cx.flag("count_include_pad") != Some(false)))));
    }
    cx.finish(op, &[Some(x)], attributes)
}

/// To one place: a global pooling. To sizes that divide the input's: a plain one. Else the layer of that name.
fn adaptive(cx: &mut Cx<'_>, mean: bool, sides: usize) -> Built {
    let (Some(x), Some(sizes)) = (cx.first(), cx.dims("output_size")) else { return Ok(None) };
    let sizes = if sizes.len() == 1 { vec![sizes[0].clone(); sides] } else { sizes };
    let batched = cx.rank(x).is_none_or(|r| r == sides + 2);
    if batched && sizes.len() == sides && sizes.iter().all(|d| d.as_known() == Some(1)) {
        let op = if mean { "GlobalAveragePool" } else { "GlobalMaxPool" };
        return cx.finish_first(op, &[Some(x)], vec![]);
    }
    if let Some(kernel) = quotient(cx, x, &sizes, sides).filter(|_| batched) {
        let op = if mean { "AveragePool" } else { "MaxPool" };
        let attributes =
            vec![("kernel_shape", Attribute::Ints(kernel.clone())), ("strides", Attribute::Ints(kernel))];
        return cx.finish_first(op, &[Some(x)], attributes);
    }
    let op = format!("torch.Adaptive{}Pool{sides}d", if mean { "Avg" } else { "Max" });
    let known: Vec<i64> = sizes.iter().map(|d| d.as_known().unwrap_or(-1)).collect();
    cx.finish_first(&op, &[Some(x)], vec![("output_size", Attribute::Ints(known))])
}

fn quotient(cx: &Cx<'_>, x: TensorId, sizes: &[netloom_graph::Dim], sides: usize) -> Option<Vec<i64>> {
    let shape = cx.shape(x)?;
    let from = shape.get(shape.len().checked_sub(sides)?..)?;
    let one = |(a, b): (&netloom_graph::Dim, &netloom_graph::Dim)| {
        let (a, b) = (a.as_known()?, b.as_known()?);
        (b > 0 && a % b == 0).then(|| a / b)
    };
    (from.len() == sizes.len()).then(|| from.iter().zip(sizes).map(one).collect())?
}
