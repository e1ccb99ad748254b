//! Joins of several streams.

use netloom_graph::TensorId;

use super::super::build::{Builder, Part, place};
use super::{Built, Row, int, text};

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row { classes: &["Add"], build: |builder, part| each(builder, part, "Add", "Sum") },
    Row { classes: &["Average"], build: |builder, part| each(builder, part, "Mean", "Mean") },
    Row { classes: &["Concatenate"], build: |builder, part| concat(builder, part, "axis") },
    Row { classes: &["Dot"], build: dot },
    Row { classes: &["Maximum"], build: |builder, part| each(builder, part, "Max", "Max") },
    Row { classes: &["Merge"], build: merge },
    Row { classes: &["Minimum"], build: |builder, part| each(builder, part, "Min", "Min") },
    Row { classes: &["Multiply"], build: |builder, part| each(builder, part, "Mul", "Mul") },
    Row { classes: &["Subtract"], build: |builder, part| each(builder, part, "Sub", "Sub") },
];

/// One node for two streams; for more, one node that takes all, or one after the other.
fn each<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, two: &str, many: &str) -> Built {
    if part.inputs.len() > 2 && two != many || matches!(many, "Mean" | "Max" | "Min") {
        let inputs = part.inputs.iter().map(|t| Some(*t)).collect();
        return Ok(vec![builder.op(part, many, inputs, vec![])?]);
    }
    let mut at = part.input()?;
    for next in part.inputs.iter().skip(1) {
        at = builder.op(part, two, vec![Some(at), Some(*next)], vec![])?;
    }
    Ok(vec![at])
}

fn concat<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>, axis: &str) -> Built {
    let axis = part.config().int(axis).unwrap_or(-1);
    let inputs = part.inputs.iter().map(|t| Some(*t)).collect();
    Ok(vec![builder.op(part, "Concat", inputs, vec![("axis", int(axis))])?])
}

/// The one layer for all joins that Keras 1 had.
fn merge<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    match part.config().text("mode").unwrap_or("sum") {
        "sum" => each(builder, part, "Add", "Sum"),
        "mul" => each(builder, part, "Mul", "Mul"),
        "ave" => each(builder, part, "Mean", "Mean"),
        "max" => each(builder, part, "Max", "Max"),
        "concat" => concat(builder, part, "concat_axis"),
        _ => super::custom::build(builder, part),
    }
}

/// Products summed over one axis of each stream: all pairs of what is left.
fn dot<'a>(builder: &mut Builder<'a>, part: &Part<'_, 'a>) -> Built {
    let (Some(a), Some(b)) = (part.inputs.first().copied(), part.inputs.get(1).copied()) else {
        return super::custom::build(builder, part);
    };
    let (Some(left), Some(right)) = (builder.rank(a), builder.rank(b)) else {
        return super::custom::build(builder, part);
    };
    let axes = part.config().ints("axes").unwrap_or_else(|| vec![-1]);
    let axis = |i: usize, rank: usize| axes.get(i).or(axes.first()).and_then(|a| place(*a, rank));
    let (Some(x), Some(y)) = (axis(0, left), axis(1, right)) else {
        return super::custom::build(builder, part);
    };
    let streams = if part.config().flag("normalize", false) {
        let mut unit = |t: TensorId, axis: usize| {
            let attributes = vec![("axis", int(axis as i64)), ("p", int(2))];
            builder.op(part, "LpNormalization", vec![Some(t)], attributes)
        };
        [unit(a, x)?, unit(b, y)?]
    } else {
        [a, b]
    };
    let mut letters = ('b'..='y').collect::<Vec<char>>().into_iter();
    let mut word = |rank: usize, summed: usize| -> Vec<char> {
        let letter = |i| {
            if i == 0 {
                'a'
            } else if i == summed {
                'z'
            } else {
                letters.next().unwrap_or('y')
            }
        };
        (0..rank).map(letter).collect()
    };
    let (left, right) = (word(left, x), word(right, y));
    let rest = |w: &[char]| w.iter().skip(1).filter(|c| **c != 'z').collect::<String>();
    let (mut result, words) = (String::from("a"), [&left, &right].map(|w| w.iter().collect::<String>()));
    result.push_str(&rest(&left));
    result.push_str(&rest(&right));
    let flat = result.len() == 1;
    let equation = format!("{},{}->{result}", words[0], words[1]);
    let inputs = streams.map(Some).to_vec();
    let made = builder.op(part, "Einsum", inputs, vec![("equation", text(&equation))])?;
    if !flat {
        return Ok(vec![made]);
    }
    // Vectors leave a single number for each example, which keeps a dimension.
    let axes = builder.ints(part, "axes", &[1])?;
    Ok(vec![builder.op(part, "Unsqueeze", vec![Some(made), axes], vec![])?])
}
