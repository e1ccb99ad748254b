//! Branches and loops, whose bodies are graphs of their own.

use netloom_graph::{Attribute, RegionId};

use super::cx::{Built, Cx};
use super::{Arg, Row};

/// The operators of this family.
pub(super) const FAMILY: &[Row] = &[Row("cond", "pred true_graph false_graph operands", cond)];

fn region(arg: &Arg) -> Option<RegionId> {
    match arg {
        Arg::Region(region) => Some(*region),
        _ => None,
    }
}

/// Bodies of `If` read what is around them; the reader binds the operands to the names inside, and says whose
/// bodies they are.
fn cond(cx: &mut Cx<'_>) -> Built {
    let bodies: Vec<RegionId> = cx.all_args().filter_map(region).collect();
    let (Some(condition), [yes, no]) = (cx.first(), bodies.as_slice()) else { return Ok(None) };
    let attributes = vec![("then_branch", Attribute::Region(*yes)), ("else_branch", Attribute::Region(*no))];
    cx.finish("If", &[Some(condition)], attributes)
}
