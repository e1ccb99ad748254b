//! Calls and what becomes of them.

use netloom_graph::{DType, Dim, Shape, Value, ValueType};

use super::{Arg, Call, FAMILIES, apply, is_known, symbolic};
use crate::draft::{Draft, Stored};

fn f32(dims: &[i64]) -> ValueType {
    ValueType::tensor(DType::Float32, Shape::known(dims.iter().copied()))
}

fn ints(list: &[i64]) -> Arg {
    Arg::Ints(list.iter().map(|n| Dim::Known(*n)).collect())
}

fn int(n: i64) -> Arg {
    Arg::Int(Dim::Known(n))
}

/// A call on an input of these dimensions and stored tensors: the operators it becomes and the shapes of its results.
fn check(
    op: &str,
    overload: &str,
    x: &[i64],
    weights: &[&[i64]],
    more: Vec<Arg>,
    results: usize,
    expected: &str,
) {
    let mut draft = Draft::new("test", "");
    let mut args = vec![Arg::Tensor(draft.input("x", f32(x)).unwrap())];
    for (i, dims) in weights.iter().enumerate() {
        let stored = Stored::new(Some(DType::Float32), dims.iter().map(|n| Dim::Known(*n)));
        args.push(Arg::Tensor(draft.weight(&format!("w{i}"), stored).unwrap()));
    }
    args.extend(more);
    let call = Call { op: op.to_owned(), overload: overload.to_owned(), args, kwargs: Vec::new() };
    let outputs = (0..results).map(|i| (format!("y{i}"), ValueType::Unknown)).collect();
    let root = draft.graph.root();
    let made = apply(&mut draft, root, "y", &call, outputs).unwrap();
    let ops: Vec<String> = draft.graph.nodes().map(|(_, n)| n.op.clone()).collect();
    let shapes: Vec<String> = made.iter().map(|t| draft.ty(*t).shape().to_string()).collect();
    assert_eq!(format!("{} -> {}", ops.join(" "), shapes.join(" ")), expected, "{op}");
}

#[test]
fn calls_become_layers() {
    let x = &[1, 3, 32, 32];
    let conv = vec![Arg::None, ints(&[2, 2]), ints(&[1, 1]), ints(&[1, 1]), int(1)];
    check("aten.conv2d", "default", x, &[&[8, 3, 3, 3]], conv, 1, "Conv -> 1×8×16×16");
    check("aten.relu_", "default", x, &[], vec![], 1, "Relu -> 1×3×32×32");
    check("aten.linear", "default", &[2, 5, 8], &[&[4, 8], &[4]], vec![], 1, "linear -> 2×5×4");
    check("aten.max_pool2d", "default", x, &[], vec![ints(&[2])], 1, "MaxPool -> 1×3×16×16");
    check("aten.adaptive_avg_pool2d", "default", x, &[], vec![int(1)], 1, "GlobalAveragePool -> 1×3×1×1");
    check("aten.flatten", "using_ints", x, &[], vec![int(1)], 1, "Flatten -> 1×3072");
    check("aten.contiguous", "default", x, &[], vec![], 1, " -> 1×3×32×32");
    check("aten.add", "Scalar", x, &[], vec![int(2)], 1, "Add -> 1×3×32×32");
    check("aten.transpose", "int", x, &[], vec![int(1), int(-1)], 1, "Transpose -> 1×32×32×3");
    check("aten.split", "Tensor", x, &[], vec![int(16), int(2)], 2, "Split -> 1×3×16×32 1×3×16×32");
    check("aten.slice", "Tensor", x, &[], vec![int(2), int(4), int(9)], 1, "Slice -> 1×3×5×32");
    check("aten.mean", "dim", x, &[], vec![ints(&[-1, -2])], 1, "ReduceMean -> 1×3");
    check("aten.max", "dim", x, &[], vec![int(1)], 2, "ReduceMax ArgMax -> 1×32×32 1×32×32");
    check("aten.pad", "default", x, &[], vec![ints(&[1, 2])], 1, "Pad -> 1×3×32×35");
    check("aten.pixel_shuffle", "default", &[1, 8, 4, 4], &[], vec![int(2)], 1, "DepthToSpace -> 1×2×8×8");
    check("aten.glu", "default", x, &[], vec![int(-1)], 1, "Split Sigmoid Mul -> 1×3×32×16");
    check("quux.frob", "", x, &[], vec![int(3)], 1, "frob -> ?");
}

#[test]
fn attention_is_written_out() {
    let q = &[2, 4, 6, 8];
    let ops = "Transpose MatMul Mul Softmax MatMul -> 2×4×6×8";
    check("aten.scaled_dot_product_attention", "default", q, &[q, q], vec![], 1, ops);
}

#[test]
fn recurrent_layers_are_written_out() {
    let mut draft = Draft::new("test", "");
    let x = draft.input("x", f32(&[4, 10, 16])).unwrap();
    let mut params = Vec::new();
    for (layer, wide) in [(0, 16), (1, 16)] {
        for way in 0..2 {
            for (name, dims) in
                [("ih", vec![32, wide]), ("hh", vec![32, 8]), ("b", vec![32]), ("c", vec![32])]
            {
                let stored = Stored::new(Some(DType::Float32), dims.into_iter().map(Dim::Known));
                params.push(Some(draft.weight(&format!("{name}{layer}{way}"), stored).unwrap()));
            }
        }
    }
    let zeros = draft.weight("h", Stored::new(Some(DType::Float32), [4, 4, 8].map(Dim::Known))).unwrap();
    let call = Call {
        op: "aten.lstm".to_owned(),
        overload: "input".to_owned(),
        args: vec![
            Arg::Tensor(x),
            Arg::Tensors(vec![Some(zeros), Some(zeros)]),
            Arg::Tensors(params),
            Arg::Bool(true),
            int(2),
            Arg::Float(0.5),
            Arg::Bool(false),
            Arg::Bool(true),
            Arg::Bool(true),
        ],
        kwargs: Vec::new(),
    };
    let outputs = ["y", "h_n", "c_n"].map(|n| (n.to_owned(), ValueType::Unknown)).to_vec();
    let root = draft.graph.root();
    let made = apply(&mut draft, root, "lstm", &call, outputs).unwrap();
    let shapes: Vec<String> = made.iter().map(|t| draft.ty(*t).shape().to_string()).collect();
    assert_eq!(shapes, ["4×10×16", "4×4×8", "4×4×8"]);
    assert_eq!(draft.graph.nodes().filter(|(_, n)| n.op == "lstm").count(), 2);
}

#[test]
fn numbers_between_two_ends() {
    let check = |args: Vec<Arg>, want: Option<&[f64]>| {
        let mut draft = Draft::new("test", "");
        let call = Call { op: "aten.linspace".to_owned(), args, ..Call::default() };
        let root = draft.graph.root();
        let made = apply(&mut draft, root, "l", &call, vec![("l".to_owned(), ValueType::Unknown)]).unwrap();
        let value = draft.graph.tensor(made[0]).value.clone();
        assert_eq!(value, want.map(|list| Value::floats(list.to_vec())), "{call:?}");
    };
    check(vec![int(0), Arg::Float(0.5), int(3)], Some(&[0.0, 0.25, 0.5]));
    check(vec![int(2), int(7), int(1)], Some(&[2.0]));
    check(vec![int(2), int(7), int(i64::MAX)], None);
}

#[test]
fn numbers_are_worked_out() {
    let mut draft = Draft::new("test", "");
    let shape = Shape::Ranked(vec![Dim::symbol("n"), Dim::Known(6)]);
    let x = draft.input("x", ValueType::tensor(DType::Float32, shape)).unwrap();
    let check = |op: &str, args: Vec<Arg>, expected: Option<Arg>| {
        let call = Call { op: op.to_owned(), args, ..Call::default() };
        assert_eq!(symbolic::evaluate(&draft, &call), expected, "{op}");
    };
    let n = Dim::symbol("n");
    check("aten.size", vec![Arg::Tensor(x), int(-1)], Some(int(6)));
    check("aten.sym_size", vec![Arg::Tensor(x), int(0)], Some(Arg::Int(n.clone())));
    check("aten.size", vec![Arg::Tensor(x), int(7)], None);
    check("aten.mul", vec![Arg::Int(n.clone()), int(2)], Some(Arg::Int(n.times(&Dim::Known(2)))));
    check("aten.floordiv", vec![int(7), int(2)], Some(int(3)));
    check("aten.eq", vec![int(7), int(2)], Some(Arg::Bool(false)));
}

#[test]
fn rows_are_unique_and_found() {
    let mut names: Vec<&str> = FAMILIES.iter().flat_map(|f| f.iter().map(|r| r.0)).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|w| w[0] != w[1]), "{names:?}");
    for (op, overload, known) in [
        ("aten.add_", "Tensor", true),
        ("aten.permute_copy", "default", true),
        ("aten.__and__", "Tensor", true),
        ("aten.frobnicate", "default", false),
        ("mine.add", "default", false),
    ] {
        assert_eq!(is_known(op, overload), known, "{op}");
    }
}

#[test]
fn odd_arguments_do_no_harm() {
    let args = [
        Arg::None,
        int(i64::MIN),
        int(i64::MAX),
        Arg::Int(Dim::Unknown),
        ints(&[i64::MIN, i64::MAX, 0]),
        ints(&[]),
        Arg::Tensors(vec![]),
        Arg::Tensors(vec![None]),
        Arg::Float(f64::NAN),
        Arg::Bool(true),
        Arg::Str("same".to_owned()),
    ];
    for row in FAMILIES.iter().flat_map(|f| f.iter()) {
        for shift in 0..args.len() {
            for rank in 0..5 {
                let mut draft = Draft::new("test", "");
                let x = draft.input("x", f32(&[2, 3, 4, 5][..4.min(rank)])).unwrap();
                let mut given = vec![Arg::Tensor(x)];
                if shift % 2 == 0 {
                    given.push(Arg::Tensor(x));
                }
                given.extend((0..8).map(|i| args[(i * (rank + 1) + shift) % args.len()].clone()));
                let call = Call { op: format!("aten.{}", row.0), args: given, ..Call::default() };
                for results in 0..3 {
                    let outputs = (0..results).map(|i| (format!("y{i}"), ValueType::Unknown)).collect();
                    let root = draft.graph.root();
                    apply(&mut draft, root, "y", &call, outputs).unwrap();
                }
            }
        }
    }
}
