//! Layers of neural networks in ONNX's words, by the number of their field.

use netloom_graph::{Attribute, DType, Dim, ModuleId, Node, Role, TensorId, Value};

use super::fields::Fields;
use crate::Error;
use crate::assemble::{Filters, Place, Window};
use crate::draft::{Draft, Stored};
use crate::wire::Reader;

/// One layer: where it stands, what it is called and which it is.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub module: ModuleId,
    pub name: &'a str,
    pub kind: u32,
    pub outputs: usize,
}

/// Layers without settings that matter.
const PLAIN: &[(u32, &str)] = &[
    (230, "Add"),
    (231, "Mul"),
    (240, "Mean"),
    (260, "Max"),
    (261, "Min"),
    (665, "Ceil"),
    (670, "Floor"),
    (680, "Sign"),
    (685, "Round"),
    (710, "Sin"),
    (715, "Cos"),
    (760, "Tanh"),
    (790, "Erf"),
    (795, "Gelu"),
    (815, "Equal"),
    (825, "Less"),
    (827, "LessOrEqual"),
    (830, "Greater"),
    (832, "GreaterOrEqual"),
    (840, "Or"),
    (850, "Not"),
    (855, "And"),
    (865, "Mod"),
    (870, "Min"),
    (875, "Max"),
    (880, "Add"),
    (885, "Pow"),
    (890, "Div"),
    (900, "Mul"),
    (905, "Sub"),
    (1065, "Shape"),
    (1330, "Where"),
];

/// What layers without an equal are called, by the number of their field.
const NAMES: &[(u32, &str)] = &[
    (165, "meanVariance"),
    (190, "crop"),
    (200, "padding"),
    (212, "cropResize"),
    (220, "unary"),
    (270, "dot"),
    (280, "reduce"),
    (300, "reshape"),
    (340, "sequenceRepeat"),
    (345, "reorganizeData"),
    (350, "slice"),
    (500, "custom"),
    (605, "branch"),
    (615, "loop"),
    (920, "tile"),
    (925, "stack"),
    (930, "gather"),
    (995, "slice"),
    (1000, "slice"),
    (1015, "topK"),
    (1155, "pad"),
    (1400, "nonMaximumSuppression"),
];

/// Adds the nodes of a layer.
pub fn build(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    at: At<'_>,
    params: &Fields,
    inputs: &[TensorId],
) -> Result<Vec<TensorId>, Error> {
    let place = Place { module: at.module, name: at.name };
    let all: Vec<Option<TensorId>> = inputs.iter().copied().map(Some).collect();
    let int = |name: &'static str, n: i64| (name, Attribute::Int(n));
    let Some(input) = inputs.first().copied() else {
        return constant(reader, draft, at, params);
    };
    let first = [Some(input)];
    if let Some((_, op)) = PLAIN.iter().find(|(kind, _)| *kind == at.kind) {
        return draft.op(place, op, &all, vec![], at.outputs);
    }
    Ok(match at.kind {
        100 => {
            let filters = Filters {
                outputs: params.int(1).unwrap_or(0),
                groups: params.int(10).unwrap_or(1).max(1),
                bias: params.flag(70),
                transposed: params.flag(60),
            };
            let mut window = window(reader, params, [20, 30], 50, 51)?;
            window.dilations = params.ints(reader, 40)?;
            if window.dilations.len() != window.kernel.len() {
                window.dilations = Vec::new();
            }
            vec![draft.conv(place, input, &window, filters)?]
        }
        120 => {
            let max = params.int(1).unwrap_or(0) == 0;
            if params.flag(60) {
                let op = if max { "GlobalMaxPool" } else { "GlobalAveragePool" };
                return draft.op(place, op, &first, vec![], 1);
            }
            let mut window = window(reader, params, [10, 20], 30, 31)?;
            if let Some(last) = params.message(reader, 32)? {
                let pads = Fields::read(reader, last)?.ints(reader, 10)?;
                window.pads = [pads.clone(), pads].concat();
                window.ceil = true;
            }
            let op = if max { "MaxPool" } else { "AveragePool" };
            draft.op(place, op, &first, window.attributes(), 1)?
        }
        130 => activation(reader, draft, place, params, input)?,
        140 => vec![draft.dense(place, input, params.int(2).unwrap_or(0), params.flag(10))?],
        150 | 1040 => {
            let (rows, features) = (params.int(1).unwrap_or(0), params.int(2).unwrap_or(0));
            let table = learned(draft, at, "weight", vec![Dim::Known(rows), Dim::Known(features)])?;
            draft.op(place, "Gather", &[Some(table), Some(input)], vec![int("axis", 0)], 1)?
        }
        160 if params.flag(6) => draft.op(place, "InstanceNormalization", &first, vec![], 1)?,
        160 => vec![draft.batch_norm(place, input, true)?],
        170 => draft.op(place, "LpNormalization", &first, vec![int("axis", 1)], 1)?,
        175 => draft.op(place, "Softmax", &first, vec![int("axis", 1)], 1)?,
        180 => draft.op(place, "LRN", &first, vec![int("size", params.int(3).unwrap_or(1))], 1)?,
        210 | 211 => {
            let scales = params.ints(reader, 1)?;
            let scale = |i: usize| f64::from(i32::try_from(scales.get(i).copied().unwrap_or(2)).unwrap_or(1));
            let scales = Value::floats(vec![1.0, 1.0, scale(0), scale(1)]);
            let scales = draft.constant(&format!("{}.scales", at.name), DType::Float32, scales)?;
            let mode = if at.kind == 210 && params.int(5).unwrap_or(0) == 0 { "nearest" } else { "linear" };
            let mode = vec![("mode", Attribute::String(mode.to_owned()))];
            draft.op(place, "Resize", &[Some(input), None, Some(scales)], mode, 1)?
        }
        245 => vec![draft.scale(place, input, params.flag(3))?],
        250 => {
            let channels = vec![draft.dim(input, 1), Dim::Known(1), Dim::Known(1)];
            let bias = learned(draft, at, "bias", channels)?;
            draft.op(place, "Add", &[Some(input), Some(bias)], vec![], 1)?
        }
        301 | 1130 => draft.op(place, "Flatten", &first, vec![], 1)?,
        320 => draft.op(place, "Concat", &all, vec![int("axis", 1)], 1)?,
        330 | 975 => {
            let axis = if at.kind == 330 { 1 } else { params.int(1).unwrap_or(0) };
            let n = i64::try_from(at.outputs).unwrap_or(1);
            draft.op(place, "Split", &first, vec![int("axis", axis), int("num_outputs", n)], at.outputs)?
        }
        310 | 985 => {
            let order = params.ints(reader, 1)?;
            draft.op(place, "Transpose", &first, vec![("perm", Attribute::Ints(order))], 1)?
        }
        400 | 410 | 420 | 430 => recurrent(reader, draft, at, params, input)?,
        600 => vec![input],
        950 => draft.op(place, "Softmax", &first, vec![int("axis", params.int(1).unwrap_or(-1))], 1)?,
        980 => draft.op(place, "Concat", &all, vec![int("axis", params.int(1).unwrap_or(0))], 1)?,
        1045 => matmul(draft, at, params, &all)?,
        1140 => {
            let dims = params.ints(reader, 1)?.into_iter().map(Dim::Known).collect();
            let shape = draft.ints(&format!("{}.shape", at.name), dims)?;
            draft.op(place, "Reshape", &[Some(input), Some(shape)], vec![], 1)?
        }
        1350 => {
            let dims: Vec<Dim> = params.ints(reader, 1)?.into_iter().map(Dim::Known).collect();
            let n = i64::try_from(dims.len()).unwrap_or(1);
            let mut read = vec![Some(input)];
            for name in ["gamma", "beta"] {
                read.push(Some(learned(draft, at, name, dims.clone())?));
            }
            draft.op(place, "LayerNormalization", &read, vec![int("axis", -n)], 1)?
        }
        kind => {
            let custom = if kind == 500 { params.text(reader, 10)? } else { String::new() };
            let known = NAMES.iter().find(|(n, _)| *n == kind).map(|(_, name)| (*name).to_owned());
            let op = match (custom.is_empty(), known) {
                (false, _) => custom,
                (true, Some(name)) => name,
                (true, None) => format!("layer{kind}"),
            };
            let node = Node::in_domain("coreml", op, 0, at.module);
            draft.worked_out(place, node, &all, vec![], at.outputs)?
        }
    })
}

/// What reads nothing: a stored tensor.
fn constant(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    at: At<'_>,
    params: &Fields,
) -> Result<Vec<TensorId>, Error> {
    let dims = params.ints(reader, 1)?;
    Ok(vec![learned(draft, at, "data", dims.into_iter().map(Dim::Known).collect())?])
}

fn learned(draft: &mut Draft, at: At<'_>, name: &str, dims: Vec<Dim>) -> Result<TensorId, Error> {
    let role = Role::Parameter { trainable: None };
    draft.weight(&format!("{}.{name}", at.name), Stored::new(Some(DType::Float32), dims).with_role(role))
}

/// A window with its padding: amounts at each border, or as much as keeps the size.
fn window(
    reader: &mut Reader<'_>,
    params: &Fields,
    [kernel, stride]: [u32; 2],
    valid: u32,
    same: u32,
) -> Result<Window, Error> {
    let two = |list: Vec<i64>, default: i64| match list.as_slice() {
        [h, w, ..] => [*h, *w],
        _ => [default; 2],
    };
    let kernel = two(params.ints(reader, kernel)?, 3);
    let stride = two(params.ints(reader, stride)?, 1);
    let mut window = Window::square(kernel, stride, [0; 2]);
    if params.has(same) {
        // As much as is needed for windows that begin at every step; exact for sizes that the steps divide.
        for i in 0..2 {
            let all = (kernel[i] - stride[i]).max(0);
            window.pads[i] = all / 2;
            window.pads[2 + i] = all - all / 2;
        }
    } else if let Some(valid) = params.message(reader, valid)?
        && let Some(amounts) = Fields::read(reader, valid)?.message(reader, 1)?
    {
        let amounts = Fields::read(reader, amounts)?;
        for (i, border) in amounts.messages(reader, 10)?.into_iter().take(2).enumerate() {
            let border = Fields::read(reader, border)?;
            window.pads[i] = border.int(1).unwrap_or(0);
            window.pads[2 + i] = border.int(2).unwrap_or(0);
        }
    }
    Ok(window)
}

fn activation(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    place: Place<'_>,
    params: &Fields,
    input: TensorId,
) -> Result<Vec<TensorId>, Error> {
    let kind = params.one_of(5..=99).unwrap_or(10);
    let inner = match params.message(reader, kind)? {
        Some(m) => Fields::read(reader, m)?,
        None => Fields::default(),
    };
    let alpha = inner.float(1);
    let (op, attributes) = match kind {
        5 => return Ok(vec![draft.scale(place, input, false)?]),
        15 => ("LeakyRelu", alpha.map(|a| ("alpha", Attribute::Float(a)))),
        20 => ("ThresholdedRelu", alpha.map(|a| ("alpha", Attribute::Float(a)))),
        25 => ("PRelu", None),
        30 | 31 => ("Tanh", None),
        40 => ("Sigmoid", None),
        41 => ("HardSigmoid", None),
        50 => ("Elu", None),
        60 => ("Softsign", None),
        70 | 71 => ("Softplus", None),
        _ => ("Relu", None),
    };
    draft.op(place, op, &[Some(input)], attributes.into_iter().collect(), 1)
}

fn matmul(
    draft: &mut Draft,
    at: At<'_>,
    params: &Fields,
    all: &[Option<TensorId>],
) -> Result<Vec<TensorId>, Error> {
    let place = Place { module: at.module, name: at.name };
    if let ([input], Some(rows), Some(columns)) = (all, params.int(5), params.int(6)) {
        let weight = learned(draft, at, "weight", vec![Dim::Known(rows), Dim::Known(columns)])?;
        let mut read = vec![*input, Some(weight)];
        if params.flag(7) {
            read.push(Some(learned(draft, at, "bias", vec![Dim::Known(columns)])?));
        }
        let node = Node::in_domain("loom", "linear", 0, at.module);
        return draft.worked_out(place, node, &read, vec![], 1);
    }
    draft.op(place, "MatMul", all, vec![], 1)
}

fn recurrent(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    at: At<'_>,
    params: &Fields,
    input: TensorId,
) -> Result<Vec<TensorId>, Error> {
    let (op, gates) = match at.kind {
        400 => ("RNN", 1),
        410 => ("GRU", 3),
        _ => ("LSTM", 4),
    };
    let both = at.kind == 430;
    let (from, hidden) = (params.int(1).unwrap_or(0), params.int(2).unwrap_or(0));
    let ways = if both { 2 } else { 1 };
    let biased = match params.message(reader, 15)? {
        Some(inner) if matches!(at.kind, 420 | 430) => Fields::read(reader, inner)?.flag(20),
        _ => params.flag(20),
    };
    let known = |n: i64| Dim::Known(n);
    let rows = known(hidden).times(&known(gates));
    let mut read = vec![Some(input)];
    read.push(Some(learned(draft, at, "weight", vec![known(ways), rows.clone(), known(from)])?));
    read.push(Some(learned(draft, at, "recurrence", vec![known(ways), rows.clone(), known(hidden)])?));
    if biased {
        read.push(Some(learned(draft, at, "bias", vec![known(ways), rows])?));
    }
    let direction = if both {
        "bidirectional"
    } else if params.flag(100) {
        "reverse"
    } else {
        "forward"
    };
    let attributes =
        vec![("hidden_size", Attribute::Int(hidden)), ("direction", Attribute::String(direction.to_owned()))];
    draft.op(Place { module: at.module, name: at.name }, op, &read, attributes, at.outputs.clamp(1, 3))
}
