//! Functions of the code that are worked out while it is followed: numbers, lists, and what is asked of shapes.

use std::cmp::Ordering;
use std::rc::Rc;

use netloom_graph::{Dim, Graph, TensorId};

use super::value::{self, Val};

/// The most elements that a list made from a count may have.
const MAX_LIST: usize = 16_384;

/// How deep lists in lists are compared.
const MAX_INSIDE: usize = 3;

/// How many elements of lists in lists are compared.
const MAX_COMPARED: usize = 64;

/// A number known as far as it can be.
enum Number {
    Int(Dim),
    Float(f64),
}

/// What a function gives that makes no operator; `None` where it does make one.
pub(super) fn apply(graph: &Graph, name: &str, args: &[Val]) -> Option<Val> {
    asked(graph, name, args)
        .or_else(|| compared(graph, name, args))
        .or_else(|| computed(graph, name, args))
        .or_else(|| listed(graph, name, args))
}

fn int(n: i64) -> Val {
    Val::Int(Dim::Known(n))
}

/// Questions about tensors.
fn asked(graph: &Graph, name: &str, args: &[Val]) -> Option<Val> {
    let tensor = match args.first() {
        Some(Val::Tensor(t) | Val::Stacked(t)) => *t,
        _ => return None,
    };
    let ty = &graph.tensor(tensor).ty;
    let dims = ty.shape().dims();
    Some(match (name, args.len()) {
        ("size", 1) => match dims {
            Some(dims) => Val::list(dims.iter().cloned().map(Val::Int).collect()),
            None => Val::Unknown,
        },
        ("size" | "sym_size", 2) => match (&args[1], dims) {
            (Val::Int(axis), Some(dims)) => {
                axis_of(axis, dims.len()).map_or(Val::Unknown, |i| Val::Int(dims[i].clone()))
            }
            _ => Val::Int(Dim::Unknown),
        },
        ("dim" | "ndim" | "ndimension", _) => dims.map_or(Val::Unknown, |d| Val::int(d.len())),
        ("len", _) => match dims {
            Some([first, ..]) => Val::Int(first.clone()),
            _ => Val::Int(Dim::Unknown),
        },
        ("numel", _) => {
            let product = |dims: &[Dim]| dims.iter().fold(Dim::Known(1), |n, d| n.times(d));
            Val::Int(dims.map_or(Dim::Unknown, product))
        }
        ("dtype", _) => ty.dtype().map_or(Val::Unknown, Val::DType),
        ("device" | "layout", _) => Val::Device,
        ("is_floating_point", _) => ty.dtype().map_or(Val::Unknown, |d| Val::Bool(d.is_float())),
        (
            "is_complex" | "is_quantized" | "is_sparse" | "is_cuda" | "is_mkldnn" | "is_mps"
            | "requires_grad",
            _,
        ) => Val::Bool(false),
        ("is_contiguous", _) => Val::Bool(true),
        ("stride" | "storage_offset", _) => Val::Unknown,
        (
            "item" | "Int" | "Float" | "Scalar" | "Bool" | "IntImplicit" | "FloatImplicit" | "ScalarImplicit",
            _,
        ) => value::scalar(graph, tensor).unwrap_or(Val::Int(Dim::Unknown)),
        _ => return None,
    })
}

fn axis_of(axis: &Dim, rank: usize) -> Option<usize> {
    let axis = axis.as_known()?;
    let rank = i64::try_from(rank).ok()?;
    let at = if axis < 0 { axis + rank } else { axis };
    usize::try_from(at).ok().filter(|_| at < rank)
}

fn number(graph: &Graph, val: &Val) -> Option<Number> {
    match val {
        Val::Int(n) => Some(Number::Int(n.clone())),
        Val::Bool(b) => Some(Number::Int(Dim::Known((*b).into()))),
        Val::Float(x) => Some(Number::Float(*x)),
        Val::Tensor(t) => match value::scalar(graph, *t)? {
            Val::Int(n) => Some(Number::Int(n)),
            Val::Float(x) => Some(Number::Float(x)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value is a plain number rather than a tensor.
fn is_plain(val: &Val) -> bool {
    matches!(val, Val::Int(_) | Val::Float(_) | Val::Bool(_) | Val::Unknown)
}

#[expect(clippy::cast_precision_loss, reason = "numbers in code are small")]
fn float(number: &Number) -> Option<f64> {
    match number {
        Number::Int(n) => n.as_known().map(|n| n as f64),
        Number::Float(x) => Some(*x),
    }
}

/// Comparisons and logic.
fn compared(graph: &Graph, name: &str, args: &[Val]) -> Option<Val> {
    match (name, args) {
        ("__is__" | "__isnot__", [a, b]) => {
            let none = |v: &Val| matches!(v, Val::None);
            let unknown = |v: &Val| matches!(v, Val::Unknown);
            let same = match (a, b) {
                _ if unknown(a) || unknown(b) => return Some(Val::Unknown),
                _ if none(a) || none(b) => none(a) && none(b),
                (Val::Bool(a), Val::Bool(b)) => a == b,
                _ => return Some(Val::Unknown),
            };
            Some(Val::Bool(same == (name == "__is__")))
        }
        ("__not__", [a]) => Some(a.truth(graph).map_or(Val::Unknown, |b| Val::Bool(!b))),
        ("__and__" | "__or__", [a, b]) if is_plain(a) && is_plain(b) => {
            let (a, b) = (a.truth(graph), b.truth(graph));
            Some(match (name, a, b) {
                ("__and__", Some(false), _) | ("__and__", _, Some(false)) => Val::Bool(false),
                ("__or__", Some(true), _) | ("__or__", _, Some(true)) => Val::Bool(true),
                (_, Some(a), Some(b)) => Val::Bool(if name == "__and__" { a && b } else { a || b }),
                _ => Val::Unknown,
            })
        }
        ("__contains__", [list, wanted]) => {
            let list = match list {
                Val::Dict(entries) => entries.borrow().iter().map(|(k, _)| k.clone()).collect(),
                list => list.elements()?,
            };
            let mut unsure = false;
            for one in &list {
                match equal(graph, one, wanted) {
                    Some(true) => return Some(Val::Bool(true)),
                    Some(false) => {}
                    None => unsure = true,
                }
            }
            Some(if unsure { Val::Unknown } else { Val::Bool(false) })
        }
        ("eq" | "ne", [a, b]) => {
            if matches!(a, Val::Tensor(_)) || matches!(b, Val::Tensor(_)) {
                let both = is_plain(a) || is_plain(b);
                if !both || number(graph, a).is_none() || number(graph, b).is_none() {
                    return None;
                }
            }
            Some(equal(graph, a, b).map_or(Val::Unknown, |same| Val::Bool(same == (name == "eq"))))
        }
        ("lt" | "le" | "gt" | "ge", [a, b]) if is_plain(a) || is_plain(b) => {
            if matches!(a, Val::Unknown) || matches!(b, Val::Unknown) {
                return Some(Val::Unknown);
            }
            let (a, b) = (number(graph, a)?, number(graph, b)?);
            let known = |order: Ordering| {
                Val::Bool(match name {
                    "lt" => order.is_lt(),
                    "le" => order.is_le(),
                    "gt" => order.is_gt(),
                    _ => order.is_ge(),
                })
            };
            if let (Number::Int(a), Number::Int(b)) = (&a, &b)
                && let Some(difference) = a.minus(b).as_known()
            {
                return Some(known(difference.cmp(&0)));
            }
            Some(match (float(&a), float(&b)) {
                (Some(a), Some(b)) => a.partial_cmp(&b).map_or(Val::Unknown, known),
                _ => Val::Unknown,
            })
        }
        _ => None,
    }
}

/// Whether two values are equal, where that is known.
fn equal(graph: &Graph, a: &Val, b: &Val) -> Option<bool> {
    equal_within(graph, a, b, 0)
}

fn equal_within(graph: &Graph, a: &Val, b: &Val, depth: usize) -> Option<bool> {
    if depth > MAX_INSIDE {
        return None;
    }
    match (a, b) {
        (Val::None, Val::None) => Some(true),
        (Val::None, other) | (other, Val::None) if !matches!(other, Val::Unknown) => Some(false),
        (Val::Text(a), Val::Text(b)) => Some(a == b),
        (Val::DType(a), Val::DType(b)) => Some(a == b),
        (Val::DType(a), Val::Int(n)) | (Val::Int(n), Val::DType(a)) => {
            Some(value::dtype(n.as_known()?) == Some(*a))
        }
        (Val::Device, Val::Device) => Some(true),
        _ => {
            if let (Some(a), Some(b)) = (number(graph, a), number(graph, b)) {
                if let (Number::Int(a), Number::Int(b)) = (&a, &b) {
                    return a.minus(b).as_known().map(|d| d == 0);
                }
                #[expect(clippy::float_cmp, reason = "the code asks for equal numbers")]
                return Some(float(&a)? == float(&b)?);
            }
            let (a, b) = (a.elements()?, b.elements()?);
            if a.len() != b.len() {
                return Some(false);
            }
            if depth > 0 && a.len() > MAX_COMPARED {
                return None;
            }
            let mut sure = true;
            for (a, b) in a.iter().zip(&b) {
                match equal_within(graph, a, b, depth + 1) {
                    Some(false) => return Some(false),
                    Some(true) => {}
                    None => sure = false,
                }
            }
            sure.then_some(true)
        }
    }
}

/// Arithmetic of numbers.
fn computed(graph: &Graph, name: &str, args: &[Val]) -> Option<Val> {
    match (name, args) {
        (
            "NumToTensor"
            | "scalar_tensor"
            | "ScalarImplicit"
            | "Int"
            | "int"
            | "Float"
            | "float"
            | "Scalar"
            | "item"
            | "_local_scalar_dense"
            | "IntImplicit"
            | "FloatImplicit",
            [one, ..],
        ) if is_plain(one) => Some(match (name, one) {
            ("Int" | "int" | "IntImplicit", Val::Float(x)) => whole(*x),
            ("Int" | "int", Val::Bool(b)) => int((*b).into()),
            ("Float" | "float", Val::Int(n)) => match float(&Number::Int(n.clone())) {
                Some(x) => Val::Float(x),
                None => one.clone(),
            },
            _ => one.clone(),
        }),
        ("Bool" | "bool", [one, ..]) if is_plain(one) => {
            Some(one.truth(graph).map_or(Val::Unknown, Val::Bool))
        }
        ("neg", [one]) if is_plain(one) => Some(match number(graph, one)? {
            Number::Int(n) => Val::Int(Dim::Known(0).minus(&n)),
            Number::Float(x) => Val::Float(-x),
        }),
        ("floor" | "ceil" | "round" | "trunc", [one, ..]) if is_plain(one) => {
            Some(match number(graph, one)? {
                Number::Int(n) => Val::Int(n),
                Number::Float(x) => whole(match name {
                    "floor" => (x).floor(),
                    "ceil" => -(-x).floor(),
                    "round" => (x + 0.5).floor(),
                    _ => x,
                }),
            })
        }
        ("sqrt", [one]) if is_plain(one) => {
            Some(float(&number(graph, one)?).map_or(Val::Unknown, |x| Val::Float(x.sqrt())))
        }
        ("abs", [one]) if is_plain(one) => Some(match number(graph, one)? {
            Number::Int(n) => n.as_known().map_or(Val::Int(n), |n| int(n.wrapping_abs())),
            Number::Float(x) => Val::Float(x.abs()),
        }),
        (_, [a, b, rest @ ..]) if is_plain(a) || is_plain(b) => {
            let known = matches!(
                name,
                "add"
                    | "sub"
                    | "mul"
                    | "rsub"
                    | "floordiv"
                    | "floor_divide"
                    | "div"
                    | "true_divide"
                    | "remainder"
                    | "pow"
                    | "min"
                    | "max"
                    | "fmod"
                    | "mod"
            );
            if !known {
                return None;
            }
            if matches!(a, Val::Unknown) && is_plain(b) || matches!(b, Val::Unknown) && is_plain(a) {
                return Some(Val::Unknown);
            }
            let (x, y) = (number(graph, a)?, number(graph, b)?);
            let floors = rest.iter().any(|r| matches!(r, Val::Text(t) if **t == *"floor" || **t == *"trunc"));
            let name = if name == "div" && floors { "floordiv" } else { name };
            Some(pair(name, &x, &y))
        }
        ("min" | "max" | "prod" | "sum", [list @ (Val::List(_) | Val::Tuple(_))]) => {
            let list = list.elements()?;
            let mut numbers = list.iter().map(|v| is_plain(v).then(|| number(graph, v)).flatten());
            let mut all = match name {
                "prod" => Number::Int(Dim::Known(1)),
                "sum" => Number::Int(Dim::Known(0)),
                _ => numbers.next()??,
            };
            for next in numbers {
                let op = match name {
                    "prod" => "mul",
                    "sum" => "add",
                    other => other,
                };
                all = match pair(op, &all, &next?) {
                    Val::Int(n) => Number::Int(n),
                    Val::Float(x) => Number::Float(x),
                    _ => return Some(Val::Unknown),
                };
            }
            Some(match all {
                Number::Int(n) => Val::Int(n),
                Number::Float(x) => Val::Float(x),
            })
        }
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "as the language does; far too large numbers become the largest"
)]
fn whole(x: f64) -> Val {
    int(x as i64)
}

fn pair(name: &str, a: &Number, b: &Number) -> Val {
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let power = || {
            let (base, exponent) = (a.as_known()?, u32::try_from(b.as_known()?).ok()?);
            base.checked_pow(exponent)
        };
        match name {
            "add" => return Val::Int(a.plus(b)),
            "sub" => return Val::Int(a.minus(b)),
            "rsub" => return Val::Int(b.minus(a)),
            "mul" => return Val::Int(a.times(b)),
            "floordiv" | "floor_divide" if b.as_known() != Some(0) => return Val::Int(a.floor_div(b)),
            "remainder" | "mod" if b.as_known() != Some(0) => {
                return Val::Int(a.minus(&a.floor_div(b).times(b)));
            }
            "min" => return Val::Int(a.smaller(b)),
            "max" => return Val::Int(a.larger(b)),
            "pow" => return power().map_or(Val::Int(Dim::Unknown), int),
            "div" | "true_divide" => {
                // Quotients that are whole stay whole: sizes are divided where they divide.
                if let (Some(x), Some(y)) = (a.as_known(), b.as_known())
                    && y != 0
                {
                    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
                    return Val::Float(x as f64 / y as f64);
                }
                return Val::Int(a.floor_div(b));
            }
            _ => return Val::Int(Dim::Unknown),
        }
    }
    let (Some(a), Some(b)) = (float(a), float(b)) else { return Val::Unknown };
    Val::Float(match name {
        "add" => a + b,
        "sub" => a - b,
        "rsub" => b - a,
        "mul" => a * b,
        "div" | "true_divide" => a / b,
        "floordiv" | "floor_divide" => (a / b).floor(),
        "min" => a.min(b),
        "max" => a.max(b),
        "remainder" | "mod" | "fmod" => a - (a / b).floor() * b,
        _ => return Val::Unknown,
    })
}

/// Lists, texts and dictionaries.
fn listed(graph: &Graph, name: &str, args: &[Val]) -> Option<Val> {
    match (name, args) {
        ("len", [Val::Dict(d)]) => Some(Val::int(d.borrow().len())),
        ("len", [Val::Text(t)]) => Some(Val::int(t.chars().count())),
        ("len", [Val::Unknown]) => Some(Val::Int(Dim::Unknown)),
        ("len", [list]) => Some(Val::int(list.elements()?.len())),
        ("append", [Val::List(list), value]) => {
            list.borrow_mut().push(value.clone());
            Some(args[0].clone())
        }
        ("extend", [Val::List(list), more]) => {
            let more = more.elements()?;
            let mut list = list.borrow_mut();
            if list.len() + more.len() <= MAX_LIST {
                list.extend(more);
            }
            Some(args[0].clone())
        }
        ("insert", [Val::List(list), Val::Int(at), value]) => {
            let mut list = list.borrow_mut();
            let at = at.as_known().and_then(|n| usize::try_from(n).ok()).unwrap_or(0).min(list.len());
            list.insert(at, value.clone());
            Some(args[0].clone())
        }
        ("pop", [Val::List(list), ..]) => {
            let mut list = list.borrow_mut();
            let at = match args.get(1) {
                Some(Val::Int(n)) => axis_of(n, list.len())?,
                _ => list.len().checked_sub(1)?,
            };
            Some(if at < list.len() { list.remove(at) } else { Val::Unknown })
        }
        ("reverse", [Val::List(list)]) => {
            list.borrow_mut().reverse();
            Some(Val::None)
        }
        ("clear", [Val::List(list)]) => {
            list.borrow_mut().clear();
            Some(Val::None)
        }
        ("list" | "copy" | "tuple", [list @ (Val::List(_) | Val::Tuple(_))]) => {
            Some(Val::list(list.elements()?))
        }
        ("list" | "copy", [Val::Dict(d)]) => {
            Some(Val::Dict(Rc::new(std::cell::RefCell::new(d.borrow().clone()))))
        }
        ("keys", [Val::Dict(d)]) => Some(Val::list(d.borrow().iter().map(|(k, _)| k.clone()).collect())),
        ("values", [Val::Dict(d)]) => Some(Val::list(d.borrow().iter().map(|(_, v)| v.clone()).collect())),
        ("items", [Val::Dict(d)]) => {
            let pair = |(k, v): &(Val, Val)| Val::Tuple(Rc::new(vec![k.clone(), v.clone()]));
            Some(Val::list(d.borrow().iter().map(pair).collect()))
        }
        ("get", [Val::Dict(_), key, ..]) => {
            Some(item(graph, &args[0], key).unwrap_or_else(|| args.get(2).cloned().unwrap_or(Val::None)))
        }
        ("_set_item" | "__setitem__", [target, key, value]) => {
            set_item(graph, target, key, value);
            Some(Val::None)
        }
        ("__getitem__" | "select", [list, key]) if !matches!(list, Val::Tensor(_)) => item(graph, list, key),
        ("add", [a @ (Val::List(_) | Val::Tuple(_)), b @ (Val::List(_) | Val::Tuple(_))]) => {
            let (a, b) = (a.elements()?, b.elements()?);
            Some(if a.len() + b.len() <= MAX_LIST { Val::list([a, b].concat()) } else { Val::Unknown })
        }
        ("mul", [list @ Val::List(_), Val::Int(n)]) | ("mul", [Val::Int(n), list @ Val::List(_)]) => {
            let list = list.elements()?;
            let n = usize::try_from(n.as_known()?).unwrap_or(0);
            (n.checked_mul(list.len())? <= MAX_LIST)
                .then(|| Val::list((0..n).flat_map(|_| list.iter().cloned()).collect()))
        }
        ("slice", [list @ (Val::List(_) | Val::Tuple(_)), rest @ ..]) => {
            let list = list.elements()?;
            let bound = |v: Option<&Val>, default: usize| match v {
                Some(Val::Int(n)) => {
                    let n = n.as_known()?;
                    let n = if n < 0 { n.checked_add(i64::try_from(list.len()).ok()?)?.max(0) } else { n };
                    Some(usize::try_from(n).unwrap_or(0).min(list.len()))
                }
                _ => Some(default),
            };
            let (from, to) = (bound(rest.first(), 0)?, bound(rest.get(1), list.len())?);
            let step = match rest.get(2) {
                Some(Val::Int(n)) => usize::try_from(n.as_known()?).ok().filter(|n| *n > 0)?,
                _ => 1,
            };
            Some(Val::list(list.get(from..to.max(from))?.iter().step_by(step).cloned().collect()))
        }
        ("range" | "__range_length", _) => None,
        ("format" | "str" | "join" | "percentFormat", _) => Some(Val::Text(Rc::from("…"))),
        (
            "warn" | "print" | "manual_seed" | "profile" | "wait" | "set_grad_enabled" | "save" | "_assert"
            | "_assert_scalar" | "record_function",
            _,
        ) => Some(args.first().cloned().unwrap_or(Val::None)),
        ("is_grad_enabled" | "is_autocast_enabled" | "is_tracing" | "is_scripting", _) => {
            Some(Val::Bool(name == "is_scripting"))
        }
        ("get_device_module" | "device", _) => Some(Val::Device),
        _ => None,
    }
}

/// The element of a list or dictionary.
pub(super) fn item(graph: &Graph, of: &Val, key: &Val) -> Option<Val> {
    if let Val::Dict(entries) = of {
        let entries = entries.borrow();
        let found = entries.iter().rev().find(|(k, _)| equal(graph, k, key) == Some(true));
        return found.map(|(_, v)| v.clone());
    }
    let list = of.elements()?;
    match key {
        Val::Int(n) => list.get(axis_of(n, list.len())?).cloned(),
        _ => None,
    }
}

/// Puts an element into a list or dictionary.
pub(super) fn set_item(graph: &Graph, target: &Val, key: &Val, value: &Val) {
    match target {
        Val::Dict(entries) => {
            let mut entries = entries.borrow_mut();
            match entries.iter_mut().find(|(k, _)| equal(graph, k, key) == Some(true)) {
                Some(entry) => entry.1 = value.clone(),
                None => entries.push((key.clone(), value.clone())),
            }
        }
        Val::List(list) => {
            let mut list = list.borrow_mut();
            let len = list.len();
            if let Val::Int(n) = key
                && let Some(at) = axis_of(n, len)
            {
                list[at] = value.clone();
            }
        }
        _ => {}
    }
}

/// How many results an operator has, where it is more than one and known; lists are counted by what they split.
pub(super) fn results(graph: &Graph, name: &str, args: &[Val]) -> Results {
    let is_int = |i: usize| matches!(args.get(i), Some(Val::Int(_)));
    let dims = |t: TensorId| graph.tensor(t).ty.shape().dims();
    let tensor = match args.first() {
        Some(Val::Tensor(t)) => Some(*t),
        _ => None,
    };
    let along = |at: usize| {
        let dims = dims(tensor?)?;
        let axis = match args.get(at) {
            Some(Val::Int(axis)) => axis_of(axis, dims.len())?,
            _ => 0,
        };
        dims.get(axis)?.as_known()
    };
    let count = |n: Option<i64>| {
        Results::List(n.and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=MAX_LIST).contains(n)))
    };
    match name {
        "lstm" | "native_layer_norm" | "native_batch_norm" | "native_group_norm" | "svd" | "unique_dim"
        | "_unique2" | "unique_consecutive" => Results::Tuple(3),
        "gru"
        | "rnn_tanh"
        | "rnn_relu"
        | "lstm_cell"
        | "topk"
        | "sort"
        | "mode"
        | "kthvalue"
        | "cummax"
        | "cummin"
        | "var_mean"
        | "std_mean"
        | "max_pool1d_with_indices"
        | "max_pool2d_with_indices"
        | "max_pool3d_with_indices"
        | "adaptive_max_pool1d"
        | "adaptive_max_pool2d"
        | "adaptive_max_pool3d"
        | "fractional_max_pool2d"
        | "_native_multi_head_attention"
        | "native_dropout"
        | "_pack_padded_sequence"
        | "_pad_packed_sequence"
        | "frexp"
        | "slogdet"
        | "qr"
        | "eig"
        | "native_multi_head_attention" => Results::Tuple(2),
        "max" | "min" | "median" | "nanmedian" if is_int(1) => Results::Tuple(2),
        "chunk" | "unsafe_chunk" | "tensor_split" => match args.get(1) {
            Some(Val::Int(n)) => {
                let pieces = n.as_known();
                // The last pieces may be missing: each has the size rounded up.
                let real = pieces.filter(|n| *n > 0).and_then(|n| {
                    let size = along(2)?.max(1);
                    let each = Dim::Known(size).ceil_div(&Dim::Known(n));
                    Dim::Known(size).ceil_div(&each).as_known()
                });
                count(if name == "tensor_split" { pieces } else { real.or(pieces) })
            }
            _ => count(None),
        },
        "split" | "unsafe_split" | "split_with_sizes" | "unsafe_split_with_sizes" => match args.get(1) {
            Some(Val::Int(n)) => {
                let size = n.as_known().filter(|n| *n > 0);
                count(size.and_then(|n| Dim::Known(along(2)?).ceil_div(&Dim::Known(n)).as_known()))
            }
            Some(list) => count(list.elements().and_then(|l| i64::try_from(l.len()).ok())),
            None => count(None),
        },
        "unbind" | "unsafe_unbind" => count(along(1)),
        "meshgrid" | "broadcast_tensors" | "align_tensors" => {
            count(args.first().and_then(Val::elements).and_then(|l| i64::try_from(l.len()).ok()))
        }
        _ => Results::One,
    }
}

/// What an operator gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Results {
    One,
    Tuple(usize),
    List(Option<usize>),
}
