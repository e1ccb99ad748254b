//! Movement of channels that has a name of its own.

use super::{Level, Unit, UnitRule, seek};
use crate::lift::Source;
use crate::{Category, Dim, NodeId, TensorId};

/// The rule.
pub(super) const RULE: UnitRule = UnitRule {
    name: "channel_shuffle",
    about: "channels dealt out to groups in turn are a channel shuffle, channels laid out in space a pixel shuffle",
    pattern: "Reshape(Transpose(Reshape(x))) with rows and columns of channels exchanged | DepthToSpace(x)",
    level: Level::Paper,
    find,
};

fn find(source: &Source<'_>, first: NodeId) -> Option<Unit> {
    if source.kind(first) != "reshape" {
        return None;
    }
    let (x, cut) = source.ends(first)?;
    let transpose = seek::only_reader(source, cut).filter(|n| source.kind(*n) == "transpose")?;
    let last = seek::only_reader(source, source.node(transpose).output(0)?)
        .filter(|n| matches!(source.kind(*n), "reshape" | "flatten"))?;
    let perm = source.node(transpose).attributes.ints("perm")?;
    let result = source.node(last).output(0)?;
    let (from, inner, to) = (known(source, x)?, known(source, cut)?, known(source, result)?);
    let title = match (&from[..], &inner[..], perm, &to[..]) {
        ([Some(c), ..], [Some(groups), _, ..], [0, 2, 1, rest @ ..], [Some(d), ..])
            if c == d && is_image(&from, &inner, &to) && (3..).zip(rest).all(|(i, p)| i == *p) =>
        {
            format!("channel shuffle, {groups}")
        }
        ([Some(c), ..], [Some(left), Some(r), Some(s), ..], [0, 1, 4, 2, 5, 3], [Some(d), ..])
            if r == s && left == d && *c == d * r * s =>
        {
            format!("pixel shuffle, ×{r}")
        }
        _ => return None,
    };
    Some(Unit { nodes: vec![first, transpose, last], title, category: Category::Shape, ..Unit::default() })
}

/// Whether channels are cut in two dimensions and joined again while the others, at least two, stay.
fn is_image(from: &[Option<i64>], inner: &[Option<i64>], to: &[Option<i64>]) -> bool {
    from.len() >= 3 && from.get(1..) == inner.get(2..) && from.get(1..) == to.get(1..)
}

/// The dimensions of a tensor after the batch.
fn known(source: &Source<'_>, tensor: TensorId) -> Option<Vec<Option<i64>>> {
    Some(source.dims(tensor)?.get(1..)?.iter().map(Dim::as_known).collect())
}
