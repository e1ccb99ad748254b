//! Joins of branches.

use netloom_graph::{Attribute, TensorId};

use super::Row;
use crate::formats::loom::call::Call;
use crate::formats::loom::make::{Made, Maker};

const MANY: (usize, usize) = (1, usize::MAX);
const TWO: (usize, usize) = (2, 2);

/// The layers of this family.
pub const FAMILY: &[Row] = &[
    Row {
        name: "add",
        inputs: (2, usize::MAX),
        numbers: true,
        build: |maker, call| plain(maker, call, if call.inputs.len() == 2 { "Add" } else { "Sum" }),
        ..Row::DEFAULT
    },
    Row {
        name: "concat",
        settings: &["axis"],
        inputs: MANY,
        build: |maker, call| {
            let axis = call.int("axis", i64::MIN)?.unwrap_or(1);
            call.node(maker, "Concat", call.inputs.clone(), vec![("axis", Attribute::Int(axis))])
        },
        ..Row::DEFAULT
    },
    Row {
        name: "div",
        inputs: TWO,
        numbers: true,
        build: |maker, call| plain(maker, call, "Div"),
        ..Row::DEFAULT
    },
    Row { name: "matmul", inputs: TWO, build: |maker, call| plain(maker, call, "MatMul"), ..Row::DEFAULT },
    Row {
        name: "max",
        inputs: MANY,
        numbers: true,
        build: |maker, call| plain(maker, call, "Max"),
        ..Row::DEFAULT
    },
    Row { name: "mean", inputs: MANY, build: |maker, call| plain(maker, call, "Mean"), ..Row::DEFAULT },
    Row {
        name: "min",
        inputs: MANY,
        numbers: true,
        build: |maker, call| plain(maker, call, "Min"),
        ..Row::DEFAULT
    },
    Row {
        name: "mul",
        inputs: TWO,
        numbers: true,
        build: |maker, call| plain(maker, call, "Mul"),
        ..Row::DEFAULT
    },
    Row {
        name: "pow",
        inputs: TWO,
        numbers: true,
        build: |maker, call| plain(maker, call, "Pow"),
        ..Row::DEFAULT
    },
    Row {
        name: "sub",
        inputs: TWO,
        numbers: true,
        build: |maker, call| plain(maker, call, "Sub"),
        ..Row::DEFAULT
    },
];

fn plain(maker: &mut Maker, call: &Call, op: &str) -> Made<Vec<TensorId>> {
    call.node(maker, op, call.inputs.clone(), vec![])
}
