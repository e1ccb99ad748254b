//! Softplus with a guard against overflow.

use super::Rule;
use super::rewrite::Found;
use super::source::Source;
use crate::NodeId;

/// The rule.
pub(super) const RULE: Rule = Rule {
    name: "softplus",
    about: "a softplus that passes large numbers through as they are is a softplus",
    pattern: "Where(x > threshold, x, Softplus(x)) | Log(Exp(x) + 1)",
    find,
};

/// From where on softplus is its operand to within a float's precision.
const THRESHOLD: f64 = 15.0;

fn find(source: &Source<'_>, node: NodeId) -> Option<Found> {
    match source.kind(node) {
        "softplus" => guarded(source, node),
        "exp" => written_out(source, node),
        _ => None,
    }
}

fn guarded(source: &Source<'_>, softplus: NodeId) -> Option<Found> {
    let (x, soft) = source.ends(softplus)?;
    let choose = source.only_reader(soft).filter(|n| source.kind(*n) == "where")?;
    let [Some(condition), Some(large), Some(small)] = source.node(choose).inputs.as_slice() else {
        return None;
    };
    let test = source.maker(*condition).filter(|n| source.node(*n).op == "Greater")?;
    let (left, threshold) = source.pair(test)?;
    let fits = *large == x && *small == soft && left == x && source.number(threshold)? >= THRESHOLD;
    let result = source.node(choose).output(0)?;
    fits.then(|| source.pointwise("softplus", vec![softplus, test, choose], (x, result), &[]))
}

fn written_out(source: &Source<'_>, exp: NodeId) -> Option<Found> {
    let (x, e) = source.ends(exp)?;
    let add = source.only_reader(e).filter(|n| source.kind(*n) == "add")?;
    #[expect(clippy::float_cmp, reason = "the formula adds exactly 1")]
    let one = source.number(source.beside(add, e)?)? == 1.0;
    let log = source.only_reader(source.node(add).output(0)?).filter(|n| source.kind(*n) == "log")?;
    let result = source.node(log).output(0)?;
    one.then(|| source.pointwise("softplus", vec![exp, add, log], (x, result), &[]))
}
