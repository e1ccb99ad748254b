//! The operator test models of the PyPI package `onnx`: all open, and shapes are inferred wherever
//! `onnx.shape_inference` infers them and never against what the reference evaluator of that package computes.
//!
//! `data/make_onnx_backend.py` says how the models were stripped of declared types and what it wrote about each.

#[path = "common/invariants.rs"]
mod invariants;

use std::collections::BTreeMap;
use std::io::Read;

use netloom_graph::{DType, Dim, Graph, RegionId, Shape, TensorId, ValueType};
use netloom_import::{Bytes, read};

static CORPUS: &[u8] = include_bytes!("data/onnx_backend.bin.gz");

/// Values where this project knows less than `onnx.shape_inference`, or another answer: case, value, reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "node/test_loop13_seq",
        "seq_res",
        "the body declares a list of scalars but appends vectors of growing length; ours leaves their rank open",
    ),
    (
        "node/test_affine_grid_3d_align_corners_expanded",
        "AffineGrid_test_affine_grid_3d_align_corners_expanded_function_W_then",
        "a branch that is never taken asks for a dimension of -1; ours is unknown",
    ),
    (
        "node/test_affine_grid_3d_expanded",
        "AffineGrid_test_affine_grid_3d_expanded_function_W_then",
        "the same",
    ),
];

/// Results where the reference evaluator departs from the operator's definition: case, value, reason.
const EVALUATOR_SLIPS: &[(&str, &str, &str)] = &[
    (
        "node/test_range_bfloat16_type_positive_delta_expanded",
        "Range_test_range_bfloat16_type_positive_delta_expanded_function_output_s",
        "it stacks scalars into a column; the model as shipped declares a vector",
    ),
    (
        "node/test_range_float16_type_positive_delta_expanded",
        "Range_test_range_float16_type_positive_delta_expanded_function_output_s",
        "the same",
    ),
];

struct Case {
    name: String,
    model: Vec<u8>,
    answer: String,
    results: String,
}

fn corpus() -> Vec<Case> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(CORPUS).read_to_end(&mut bytes).expect("the corpus is whole");
    let mut rest = bytes.as_slice();
    let mut part = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (part, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        rest = after;
        Some(part.to_vec())
    };
    let text = |bytes| String::from_utf8(bytes).expect("names and answers are UTF-8");
    let mut cases = Vec::new();
    while let Some(name) = part() {
        let (model, answer, results) =
            (part().expect("a model"), part().expect("an answer"), part().expect("results"));
        cases.push(Case { name: text(name), model, answer: text(answer), results: text(results) });
    }
    cases
}

/// The type that the answer writes as `float32[1,n,?]`, `seq(..)` and the like.
fn read_type(text: &str) -> ValueType {
    let inner = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.strip_suffix(')'));
    if let Some(element) = inner("seq(") {
        return ValueType::Sequence(Box::new(read_type(element)));
    }
    if let Some(element) = inner("optional(") {
        return ValueType::Optional(Box::new(read_type(element)));
    }
    if let Some(dense) = inner("sparse(") {
        let dense = read_type(dense);
        return ValueType::SparseTensor { dtype: dense.dtype(), shape: dense.shape().clone() };
    }
    if let Some((key, value)) = inner("map(").and_then(|t| t.split_once(',')) {
        let key = DType::from_name(key).expect("a type name");
        return ValueType::Map { key, value: Box::new(read_type(value)) };
    }
    let (dtype, shape) = match text.split_once('[') {
        None => (text, Shape::Unranked),
        Some((dtype, "]")) => (dtype, Shape::scalar()),
        Some((dtype, dims)) => {
            let dims = dims.trim_end_matches(']').split(',');
            (dtype, Shape::Ranked(dims.map(read_dim).collect()))
        }
    };
    ValueType::Tensor { dtype: DType::from_name(dtype), shape }
}

fn read_dim(text: &str) -> Dim {
    match text.parse() {
        Ok(n) => Dim::Known(n),
        Err(_) if text == "?" => Dim::Unknown,
        Err(_) => Dim::symbol(text),
    }
}

/// Whether ours says all that theirs says, and nothing that contradicts it.
fn covers(ours: &ValueType, theirs: &ValueType) -> bool {
    use ValueType as T;
    match (ours, theirs) {
        (_, T::Unknown) => true,
        (T::Sequence(a), T::Sequence(b)) | (T::Optional(a), T::Optional(b)) => covers(a, b),
        (T::Map { key, value }, T::Map { key: k, value: v }) => key == k && covers(value, v),
        (T::Tensor { dtype, shape }, T::Tensor { dtype: d, shape: s })
        | (T::SparseTensor { dtype, shape }, T::SparseTensor { dtype: d, shape: s }) => {
            (d.is_none() || dtype == d) && shape_covers(shape, s)
        }
        _ => false,
    }
}

fn shape_covers(ours: &Shape, theirs: &Shape) -> bool {
    let Some(theirs) = theirs.dims() else { return true };
    let Some(ours) = ours.dims() else { return false };
    let same = |(a, b): (&Dim, &Dim)| match (a, b) {
        (_, Dim::Unknown) => true,
        // A symbol says less than a number.
        (Dim::Known(_), Dim::Expr(_)) => true,
        (a, b) => a == b,
    };
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(same)
}

/// Whether a type says nothing that a real result, whose dimensions are all numbers, belies.
fn allows(ours: &ValueType, result: &ValueType) -> bool {
    let dims = match (ours.shape().dims(), result.shape().dims()) {
        (Some(a), Some(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.as_known().is_none_or(|a| Some(a) == b.as_known()))
        }
        _ => true,
    };
    dims && (ours.dtype().is_none() || ours.dtype() == result.dtype())
}

/// What a type lacks until it is known in full.
fn is_complete(ty: &ValueType) -> bool {
    match ty {
        ValueType::Unknown => false,
        ValueType::Tensor { dtype, shape } | ValueType::SparseTensor { dtype, shape } => {
            dtype.is_some() && shape.dims().is_some_and(|d| d.iter().all(|d| !d.is_unknown()))
        }
        ValueType::Sequence(inner) | ValueType::Optional(inner) => is_complete(inner),
        ValueType::Map { .. } => true,
    }
}

fn shown(ty: &ValueType) -> String {
    match ty {
        ValueType::Sequence(inner) => format!("seq({})", shown(inner)),
        ValueType::Optional(inner) => format!("optional({})", shown(inner)),
        ValueType::Unknown => "?".into(),
        ty => format!("{} {}", ty.dtype().map_or("?", DType::name), ty.shape()),
    }
}

/// The path of a body as the answers write it.
fn scope(graph: &Graph, region: Option<RegionId>) -> String {
    let Some(id) = region else { return String::new() };
    let region = graph.region(id);
    let owner = region.owner.map(|n| graph.node(n));
    let first = owner.and_then(|n| n.outputs.iter().flatten().next());
    let name = format!("{}:{}", first.map_or("", |t| &graph.tensor(*t).name), region.name);
    match scope(graph, region.parent) {
        outer if outer.is_empty() => name,
        outer => format!("{outer}/{name}"),
    }
}

/// What nodes make, by scope and name.
fn values(graph: &Graph) -> BTreeMap<(String, String), (TensorId, String)> {
    let mut out = BTreeMap::new();
    for (_, node) in graph.nodes() {
        let scope = scope(graph, node.region);
        for tensor in node.outputs.iter().flatten() {
            let key = (scope.clone(), graph.tensor(*tensor).name.clone());
            out.entry(key).or_insert((*tensor, node.op.clone()));
        }
    }
    out
}

#[derive(Default, Debug)]
struct Counts {
    cases: usize,
    /// Values of which the other inference knows something.
    known_there: usize,
    /// Of those, where ours says the same.
    equal: usize,
    /// Of those, where ours says more.
    more: usize,
    /// Values of which only ours knows the whole type.
    only_ours: usize,
    exceptions: usize,
    /// Values that the reference evaluator made.
    run: usize,
    /// Of those, where ours knew the whole type without running.
    run_and_known: usize,
}

#[test]
fn shapes_are_known_where_onnx_knows_them() {
    let mut counts = Counts::default();
    let mut failures: Vec<String> = Vec::new();
    let mut used = vec![false; EXCEPTIONS.len()];
    for case in corpus() {
        counts.cases += 1;
        let mut graph = match read(&Bytes::new("model.onnx", case.model.as_slice())) {
            Ok(graph) => graph,
            Err(error) => {
                failures.push(format!("{}: does not open: {error}", case.name));
                continue;
            }
        };
        netloom_graph::infer::infer(&mut graph);
        let mut ours = values(&graph);
        for line in case.results.lines() {
            let (name, text) = line.split_once('\t').expect("name and type");
            let Some((tensor, op)) = ours.get(&(String::new(), name.to_owned())) else { continue };
            let ty = &graph.tensor(*tensor).ty;
            counts.run += 1;
            counts.run_and_known += usize::from(is_complete(ty));
            let slip = EVALUATOR_SLIPS.iter().any(|(c, v, _)| (*c, *v) == (case.name.as_str(), name));
            if !slip && !allows(ty, &read_type(text)) {
                failures.push(format!("{op} | {} | {name} | really {text} | ours {}", case.name, shown(ty)));
            }
        }
        for line in case.answer.lines() {
            let mut fields = line.splitn(3, '\t');
            let mut field = || fields.next().expect("three fields").to_owned();
            let (scope, name, text) = (field(), field(), field());
            let theirs = read_type(&text);
            counts.known_there += 1;
            let found = ours.remove(&(scope.clone(), name.clone()));
            let (ty, op) = match &found {
                Some((tensor, op)) => (&graph.tensor(*tensor).ty, op.as_str()),
                None => (&ValueType::Unknown, "no such value"),
            };
            if covers(ty, &theirs) {
                if covers(&theirs, ty) {
                    counts.equal += 1;
                } else {
                    counts.more += 1;
                }
            } else if let Some(i) =
                EXCEPTIONS.iter().position(|(c, v, _)| (*c, *v) == (case.name.as_str(), name.as_str()))
            {
                used[i] = true;
                counts.exceptions += 1;
            } else {
                let remarks: Vec<String> =
                    graph.diagnostics.iter().map(|d| d.message.clone()).take(2).collect();
                failures.push(format!(
                    "{op} | {} | {scope} {name} | theirs {text} | ours {} | {}",
                    case.name,
                    shown(ty),
                    remarks.join("; ")
                ));
            }
        }
        counts.only_ours += ours.values().filter(|(t, _)| is_complete(&graph.tensor(*t).ty)).count();
    }
    println!("{counts:#?}");
    for ((case, value, _), _) in EXCEPTIONS.iter().zip(&used).filter(|(_, used)| !**used) {
        failures.push(format!("{case}: {value} is listed as an exception but is none"));
    }
    failures.sort();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert_eq!((counts.cases, counts.known_there, counts.run), (2033, 19_045, 14_066), "the corpus is whole");
}

#[test]
fn lifting_keeps_what_a_model_amounts_to() {
    for case in corpus() {
        let mut graph = read(&Bytes::new(case.name.clone(), case.model)).expect("every case opens");
        netloom_graph::infer::infer(&mut graph);
        let lifted = netloom_graph::lift::lift(&graph);
        invariants::check(&case.name, &graph, &lifted);
        // Finding parts moves nodes between modules and changes nothing else.
        let found = netloom_graph::hierarchy::infer(&lifted.graph);
        let held: usize = found.modules().map(|(_, m)| m.nodes.len()).sum();
        assert_eq!(held, lifted.graph.nodes().len(), "{}", case.name);
    }
}
