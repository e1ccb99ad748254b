//! Whether a mask is proved to hide what comes later from what comes before.

use super::scores::HIDDEN;
use crate::lift::source::{Source, rearranges};
use crate::{Dim, Node, NodeId, TensorId};

/// The most operators on the way from a mask to what proves it.
const MAX_STEPS: usize = 64;

/// How a tensor says what is hidden.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    /// True where a key may be seen.
    Visible,
    /// True where it may not.
    Hidden,
    /// Very low where it may not.
    Added,
}

/// Whether a mask hides every key that stands after its query, in whichever form it says so.
pub(in crate::lift) fn is_causal(source: &Source<'_>, mask: TensorId) -> bool {
    let truth = source.graph.tensor(mask).ty.dtype() == Some(crate::DType::Bool);
    // A truth value is read by a choice, and the choice says which way.
    let forms = if truth { readers_form(source, mask) } else { Some(Form::Added) };
    forms.is_some_and(|form| proved(source, mask, form))
}

/// Whether this operator, which chooses between scores and a very low number, hides every later key.
pub(super) fn chooses_past(source: &Source<'_>, choice: NodeId) -> bool {
    let [Some(test), Some(yes), Some(no)] = source.node(choice).inputs[..] else { return false };
    let form = if is_low(source, no) { Form::Visible } else { Form::Hidden };
    (is_low(source, no) || is_low(source, yes)) && proved(source, test, form)
}

fn readers_form(source: &Source<'_>, mask: TensorId) -> Option<Form> {
    let mut choices = source.readers(mask).filter(|n| source.kind(*n) == "where");
    let [_, yes, no] = source.node(choices.next()?).inputs[..] else { return None };
    match (yes.is_some_and(|t| is_low(source, t)), no.is_some_and(|t| is_low(source, t))) {
        (false, true) => Some(Form::Visible),
        (true, false) => Some(Form::Hidden),
        _ => None,
    }
}

/// Follows a mask back to a comparison, a triangle or a table; either of two masks that both hide will do.
fn proved(source: &Source<'_>, mask: TensorId, form: Form) -> bool {
    let mut work = vec![(mask, form)];
    for _ in 0..MAX_STEPS {
        let Some((at, form)) = work.pop() else { return false };
        if table(source, at, form) {
            return true;
        }
        let Some(id) = source.maker(at) else { continue };
        let node = source.node(id);
        let input = |i: usize| node.input(i);
        match (source.kind(id), form) {
            ("where", Form::Added) => {
                let low = |i: usize| input(i).is_some_and(|t| is_low(source, t));
                match (low(1), low(2)) {
                    (false, true) => work.extend(input(0).map(|t| (t, Form::Visible))),
                    (true, false) => {
                        work.extend(input(0).map(|t| (t, Form::Hidden)));
                        work.extend(input(2).map(|t| (t, Form::Added)));
                    }
                    _ => {}
                }
            }
            ("add" | "min", Form::Added) | ("and", Form::Visible) | ("or", Form::Hidden) => {
                work.extend(node.inputs.iter().flatten().map(|t| (*t, form)));
            }
            ("not", Form::Visible) => work.extend(input(0).map(|t| (t, Form::Hidden))),
            ("not", Form::Hidden) => work.extend(input(0).map(|t| (t, Form::Visible))),
            ("cast" | "expand" | "where", Form::Visible | Form::Hidden)
            | ("cast" | "expand", Form::Added)
                if source.kind(id) != "where" =>
            {
                work.extend(input(0).map(|t| (t, form)));
            }
            ("trilu", _) if triangle(source, node, form) => return true,
            ("less" | "less_or_equal" | "greater" | "greater_or_equal", _) if compares(source, id, form) => {
                return true;
            }
            _ if rearranges(node) && keeps_table(source, id) => work.extend(input(0).map(|t| (t, form))),
            _ => {}
        }
    }
    false
}

fn keeps_table(source: &Source<'_>, id: NodeId) -> bool {
    let last = |t: TensorId| source.dims(t).and_then(|d| Some(d[d.len().checked_sub(2)?..].to_vec()));
    source.kind(id) != "transpose"
        && source.ends(id).is_some_and(|(a, b)| {
            let (a, b) = (last(a), last(b));
            a == b && a.is_some_and(|t| t.iter().all(|d| !d.is_unknown()))
        })
}

/// One very low number, however often repeated.
pub(super) fn is_low(source: &Source<'_>, tensor: TensorId) -> bool {
    let mut at = tensor;
    for _ in 0..MAX_STEPS {
        if let Some(number) = source.fixed(at).or_else(|| source.number(at)) {
            return number < HIDDEN;
        }
        let Some(id) = source.maker(at).filter(|m| matches!(source.kind(*m), "expand" | "cast")) else {
            return false;
        };
        let Some(from) = source.node(id).input(0) else { return false };
        at = from;
    }
    false
}

/// A table whose numbers are known: every key after its query is hidden.
fn table(source: &Source<'_>, tensor: TensorId, form: Form) -> bool {
    let Some(value) = source.graph.tensor(tensor).value.as_ref() else { return false };
    let &[.., rows, columns] = value.dims.as_slice() else { return false };
    if rows != columns || rows < 2 {
        return false;
    }
    let later = |i: usize| i % columns > (i / columns) % rows;
    match (form, value.as_floats(), value.known_ints()) {
        (Form::Added, Some(all), _) => all.iter().enumerate().all(|(i, n)| !later(i) || *n < HIDDEN),
        (Form::Visible, _, Some(all)) => all.iter().enumerate().all(|(i, n)| !later(i) || *n == 0),
        (Form::Hidden, _, Some(all)) => all.iter().enumerate().all(|(i, n)| !later(i) || *n == 1),
        _ => false,
    }
}

/// A triangle cut from a table that is the same everywhere.
fn triangle(source: &Source<'_>, node: &Node, form: Form) -> bool {
    let upper = node.attributes.int("upper").unwrap_or(1) != 0;
    let diagonal = match node.input(1) {
        Some(k) => source.number(k),
        None => Some(0.0),
    };
    let Some(diagonal) = diagonal else { return false };
    match form {
        Form::Visible => !upper && diagonal <= 0.0,
        Form::Hidden => {
            upper && diagonal <= 1.0 && node.input(0).is_some_and(|t| fill(source, t) == Some(1.0))
        }
        Form::Added => {
            upper
                && diagonal <= 1.0
                && node
                    .input(0)
                    .is_some_and(|t| is_low(source, t) || fill(source, t).is_some_and(|n| n < HIDDEN))
        }
    }
}

/// The number that fills a tensor.
pub(super) fn fill(source: &Source<'_>, tensor: TensorId) -> Option<f64> {
    if let Some(value) = source.graph.tensor(tensor).value.as_ref() {
        let floats = value.as_floats().map(<[f64]>::to_vec);
        #[expect(clippy::cast_precision_loss, reason = "truth values")]
        let all = floats.or_else(|| Some(value.known_ints()?.iter().map(|n| *n as f64).collect()))?;
        let first = *all.first()?;
        #[expect(clippy::float_cmp, reason = "one number, repeated")]
        return all.iter().all(|n| *n == first).then_some(first);
    }
    let node = source.node(source.maker(tensor)?);
    match node.layer?.name {
        "constant_of_shape" => match node.attributes.get("value") {
            Some(crate::Attribute::Tensor(t)) => {
                let value = t.value.as_ref()?;
                let int = || value.known_ints().and_then(|n| n.first().copied());
                #[expect(clippy::cast_precision_loss, reason = "truth values")]
                value.as_floats().and_then(|f| f.first().copied()).or_else(|| int().map(|n| n as f64))
            }
            _ => Some(0.0),
        },
        "expand" | "cast" => {
            let from = node.input(0)?;
            source.number(from).or_else(|| fill(source, from))
        }
        _ => None,
    }
}

/// A comparison of the positions of keys with those of queries.
fn compares(source: &Source<'_>, id: NodeId, form: Form) -> bool {
    let Some((a, b)) = source.pair(id) else { return false };
    let (key_first, k, q) =
        match (ramp(source, a, 1), ramp(source, b, 2), ramp(source, a, 2), ramp(source, b, 1)) {
            (Some(k), Some(q), ..) => (true, k, q),
            (_, _, Some(q), Some(k)) => (false, k, q),
            _ => return false,
        };
    let ahead = q - k;
    // As if the key stood first: `key < query` and the like.
    let (below, or_equal) = match source.kind(id) {
        "less" => (key_first, false),
        "less_or_equal" => (key_first, true),
        "greater" => (!key_first, false),
        _ => (!key_first, true),
    };
    match (form, below) {
        (Form::Visible, true) => ahead < if or_equal { 1 } else { 2 },
        (Form::Hidden, false) => ahead < if or_equal { 2 } else { 1 },
        _ => false,
    }
}

/// Numbers that rise by one along the dimension that is this far from the end, and nothing else: the first.
fn ramp(source: &Source<'_>, tensor: TensorId, from_end: usize) -> Option<i64> {
    let mut at = tensor;
    let dims = source.dims(tensor)?;
    let along = dims.len().checked_sub(from_end);
    let one = |(i, d): (usize, &Dim)| Some(i) == along || *d == Dim::Known(1);
    if along.is_none_or(|a| dims[a] == Dim::Known(1)) || !dims.iter().enumerate().all(one) {
        return None;
    }
    let mut offset = 0;
    for _ in 0..MAX_STEPS {
        if let Some(all) = source.graph.tensor(at).value.as_ref().and_then(crate::Value::known_ints) {
            let first = *all.first()?;
            let rises = all.iter().zip(first..).all(|(n, expected)| *n == expected);
            return (rises && all.len() > 1).then_some(first + offset);
        }
        let id = source.maker(at)?;
        match source.kind(id) {
            "range" => {
                let whole = |i: usize| source.node(id).input(i).and_then(|t| source.number(t));
                return (whole(0) == Some(0.0) && whole(2) == Some(1.0)).then_some(offset);
            }
            "add" => {
                let (a, b) = source.pair(id)?;
                let (from, by) = match (source.number(a), source.number(b)) {
                    (_, Some(n)) => (a, n),
                    (Some(n), _) => (b, n),
                    _ => return None,
                };
                #[expect(clippy::cast_possible_truncation, reason = "offsets are small")]
                let by = by as i64;
                offset = by.checked_add(offset).filter(|n| n.unsigned_abs() < u64::from(u32::MAX))?;
                at = from;
            }
            "cast" | "unsqueeze" | "reshape" | "squeeze" | "expand" => at = source.node(id).input(0)?,
            _ => return None,
        }
    }
    None
}
