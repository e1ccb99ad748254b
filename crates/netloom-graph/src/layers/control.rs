//! Branches and loops: operators whose settings are graphs.

use super::{Category, Label, Layer};
use crate::infer::{Infer, InferError, normal_axis};
use crate::{Attribute, DType, Dim, Graph, Node, RegionId, Shape, TensorId, Value, ValueType};

/// How often the body of a loop is inferred in search of types that hold in every iteration; what still changes then
/// is taken as unknown.
pub const MAX_LOOP_PASSES: usize = 4;

/// How many loops inside one another may search; deeper ones assume nothing of what they carry, as the work
/// multiplies with every level.
pub const MAX_SEARCH_DEPTH: usize = 3;

const CONTROL: Layer = Layer { category: Category::Control, ..Layer::DEFAULT };

/// The layers of this family.
pub const FAMILY: &[Layer] = &[
    Layer {
        name: "if",
        about: "runs one of two bodies, by a condition",
        names: &[("onnx", "If")],
        infer: branch,
        label: |_, _| Label::new("if"),
        ..CONTROL
    },
    Layer {
        name: "loop",
        about: "runs its body a number of times or while a condition holds, carrying values along",
        names: &[("onnx", "Loop")],
        infer: repeat,
        label: loop_label,
        ..CONTROL
    },
    Layer {
        name: "scan",
        about: "runs its body on each slice of its inputs in turn, carrying a state along",
        names: &[("onnx", "Scan")],
        infer: scan,
        label: |_, _| Label::new("scan"),
        ..CONTROL
    },
];

/// Says how often the body runs at most, where that is stored.
fn loop_label(graph: &Graph, node: &Node) -> Label {
    let trips = node.input(0).and_then(|t| graph.tensor(t).value.as_ref()?.as_ints()?.first()?.as_known());
    match trips {
        // Exporters write the largest number for a loop that only its condition ends.
        Some(n) if n < i64::MAX / 2 => Label::new("loop").with(format!("at most {n} times")),
        _ => Label::new("loop"),
    }
}

fn body_of(cx: &Infer<'_>, name: &str) -> Option<RegionId> {
    match cx.attributes().get(name) {
        Some(Attribute::Region(region)) => Some(*region),
        _ => None,
    }
}

/// Types and known elements of a body's results, after inference of the body.
fn results_of(cx: &mut Infer<'_>, region: RegionId) -> Vec<(ValueType, Option<Value>)> {
    cx.infer_region(region);
    let graph = cx.graph();
    let outputs = graph.region(region).outputs.iter();
    outputs.map(|t| (graph.tensor(*t).ty.clone(), graph.tensor(*t).value.clone())).collect()
}

fn branch(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let condition = match cx.ints(0) {
        Some([c]) => c.as_known(),
        _ => None,
    };
    let yes = body_of(cx, "then_branch").map(|r| results_of(cx, r)).unwrap_or_default();
    let no = body_of(cx, "else_branch").map(|r| results_of(cx, r)).unwrap_or_default();
    if yes.len() != no.len() {
        let message =
            format!("expected as many results in both branches, found {} and {}", yes.len(), no.len());
        return Err(InferError::new(message));
    }
    for (i, (a, b)) in yes.into_iter().zip(no).enumerate() {
        let (ty, value) = match condition {
            Some(0) => b,
            Some(_) => a,
            None => (a.0.common(&b.0), a.1.filter(|v| b.1.as_ref() == Some(v))),
        };
        cx.set_type(i, ty);
        if let Some(value) = value {
            cx.set_value(i, value);
        }
    }
    Ok(())
}

/// Gives a formal input of a body a type, for this pass; what the file declares of it fills gaps.
fn set_formal(
    cx: &mut Infer<'_>,
    formal: Option<&(TensorId, ValueType)>,
    ty: &ValueType,
    value: Option<Value>,
) {
    if let Some((id, declared)) = formal {
        let tensor = cx.graph().tensor_mut(*id);
        tensor.ty = ty.or(declared);
        tensor.value = value;
    }
}

/// The formal inputs of a body, with the types that the file declares.
fn formals_of(cx: &mut Infer<'_>, body: RegionId) -> Vec<(TensorId, ValueType)> {
    let graph = cx.graph();
    graph.region(body).inputs.iter().map(|t| (*t, graph.tensor(*t).ty.clone())).collect()
}

fn search_depth(cx: &mut Infer<'_>, body: RegionId) -> usize {
    let graph = cx.graph();
    let parents = std::iter::successors(Some(body), |r| graph.region(*r).parent);
    parents.take(MAX_SEARCH_DEPTH + 2).count()
}

/// A type with only what no iteration can change: that it is a tensor, and its element type.
fn without_shape(ty: &ValueType) -> ValueType {
    match ty {
        ValueType::Tensor { dtype, .. } => ValueType::Tensor { dtype: *dtype, shape: Shape::Unranked },
        ValueType::Sequence(element) => ValueType::Sequence(Box::new(without_shape(element))),
        ValueType::Optional(inner) => ValueType::Optional(Box::new(without_shape(inner))),
        other => other.clone(),
    }
}

/// Inputs: trip count, condition, carried values. Body: counter, condition, carried values → condition, carried
/// values, slices that are stacked over the iterations.
fn repeat(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let Some(body) = body_of(cx, "body") else { return Ok(()) };
    let formals = formals_of(cx, body);
    let n_carried = cx.n_inputs().saturating_sub(2);
    let starts: Vec<ValueType> = (0..n_carried).map(|i| cx.input_type(i + 2).clone()).collect();
    let surely_begins = !cx.has_input(1) || matches!(cx.known_ints(1).as_deref(), Some([n]) if *n != 0);
    let deep = search_depth(cx, body) > MAX_SEARCH_DEPTH;
    let mut carried: Vec<ValueType> =
        if deep { starts.iter().map(without_shape).collect() } else { starts.clone() };
    let mut results = Vec::new();
    for pass in 1..=MAX_LOOP_PASSES {
        set_formal(cx, formals.first(), &ValueType::tensor(DType::Int64, Shape::scalar()), None);
        let go_on = surely_begins.then(|| Value::int(1));
        set_formal(cx, formals.get(1), &ValueType::tensor(DType::Bool, Shape::scalar()), go_on);
        for (i, ty) in carried.iter().enumerate() {
            set_formal(cx, formals.get(i + 2), ty, None);
        }
        results = results_of(cx, body);
        let last = pass + 1 >= MAX_LOOP_PASSES;
        let mut settled = true;
        for (i, ty) in carried.iter_mut().enumerate() {
            let after = results.get(i + 1).map_or(&ValueType::Unknown, |r| &r.0);
            let wider = joined(ty, after);
            if wider != *ty {
                settled = false;
                *ty = if last { without_shape(&wider) } else { wider };
            }
        }
        if settled || deep {
            break;
        }
    }
    // Once begun with a true condition, a body whose condition stays true runs to the trip count.
    let runs_through = surely_begins
        && matches!(results.first(), Some((_, Some(v))) if matches!(v.as_ints(), Some([Dim::Known(n)]) if *n != 0));
    let trips = match cx.ints(0) {
        Some([n]) if runs_through => n.clone(),
        _ => Dim::Unknown,
    };
    let begins = surely_begins && matches!(cx.known_ints(0).as_deref(), Some([n]) if *n > 0);
    for (i, (ty, _)) in results.into_iter().skip(1).enumerate() {
        match starts.get(i) {
            Some(_) if begins => cx.set_type(i, ty),
            // That a value may be absent before the first iteration says nothing of what comes out.
            Some(ValueType::Optional(start)) if !matches!(ty, ValueType::Optional(_)) => {
                cx.set_type(i, ty.common(start));
            }
            Some(start) => cx.set_type(i, ty.common(start)),
            None => cx.set(i, ty.dtype(), stacked(ty.shape(), 0, trips.clone())?),
        }
    }
    Ok(())
}

/// The type of a carried value that begins as one type and goes on as another.
fn joined(start: &ValueType, after: &ValueType) -> ValueType {
    match (start, after) {
        (ValueType::Optional(inner), ValueType::Tensor { .. } | ValueType::Sequence(_)) => {
            ValueType::Optional(Box::new(inner.common(after)))
        }
        _ => start.common(after),
    }
}

/// The shape of slices of one shape stacked along a new axis.
fn stacked(slice: &Shape, axis: i64, length: Dim) -> Result<Shape, InferError> {
    let Some(dims) = slice.dims() else { return Ok(Shape::Unranked) };
    let mut dims = dims.to_vec();
    let axis = normal_axis(axis, dims.len() + 1)?;
    dims.insert(axis, length);
    Ok(dims.into())
}

/// A type with one axis taken away, and that axis's length.
fn sliced(ty: &ValueType, axis: i64) -> Result<(ValueType, Dim), InferError> {
    let dtype = ty.dtype();
    let Some(dims) = ty.shape().dims() else {
        return Ok((ValueType::Tensor { dtype, shape: Shape::Unranked }, Dim::Unknown));
    };
    let mut dims = dims.to_vec();
    let length = dims.remove(normal_axis(axis, dims.len())?);
    Ok((ValueType::Tensor { dtype, shape: dims.into() }, length))
}

/// Inputs: states, sequences. Body: states, slices → states, slices that are stacked. The first version has the
/// lengths of the sequences in front and a batch axis on everything.
fn scan(cx: &mut Infer<'_>) -> Result<(), InferError> {
    let Some(body) = body_of(cx, "body") else { return Ok(()) };
    let formals = formals_of(cx, body);
    let batched = cx.opset() == 8;
    let skip = usize::from(batched);
    let n_inputs = cx.n_inputs().saturating_sub(skip);
    let n_sequences = cx.int("num_scan_inputs").and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let n_states = n_inputs.checked_sub(n_sequences).ok_or_else(|| {
        InferError::new(format!("expected at least {n_sequences} scanned inputs, found {n_inputs} inputs"))
    })?;
    let axis_setting = |cx: &Infer<'_>, name: &str, i: usize| {
        cx.attributes().ints(name).and_then(|v| v.get(i)).copied().unwrap_or(0)
    };
    let (mut batch, mut length) = (Dim::Unknown, Dim::Unknown);
    for i in 0..n_inputs {
        let mut ty = cx.input_type(i + skip).clone();
        if batched {
            let (inner, found) = sliced(&ty, 0)?;
            ty = inner;
            batch = known_first(batch, found);
        }
        if i >= n_states {
            let (inner, found) = sliced(&ty, axis_setting(cx, "scan_input_axes", i - n_states))?;
            ty = inner;
            length = known_first(length, found);
        }
        set_formal(cx, formals.get(i), &ty, None);
    }
    for (i, (ty, _)) in results_of(cx, body).into_iter().enumerate() {
        let (dtype, mut shape) = (ty.dtype(), ty.shape().clone());
        if i < n_states {
            let state = formals.get(i).map(|(t, _)| cx.graph().tensor(*t).ty.shape().clone());
            shape = state.map_or(shape.clone(), |s| shape.or(&s));
        } else {
            shape = stacked(&shape, axis_setting(cx, "scan_output_axes", i - n_states), length.clone())?;
        }
        if batched {
            shape = stacked(&shape, 0, batch.clone())?;
        }
        cx.set(i, dtype, shape);
    }
    Ok(())
}

/// The more telling of two lengths that are the same in a valid model.
fn known_first(a: Dim, b: Dim) -> Dim {
    if a.is_unknown() || (a.as_known().is_none() && b.as_known().is_some()) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::layers::check::check_label;

    fn tensor(graph: &mut Graph, name: &str, dims: &str) -> TensorId {
        let shape = Shape::Ranked(dims.split_whitespace().map(Dim::parse).collect());
        graph.add_tensor(Tensor::new(name, ValueType::tensor(DType::Float32, shape)))
    }

    fn known(graph: &mut Graph, name: &str, dtype: DType, value: i64) -> TensorId {
        let id = graph.add_tensor(Tensor::new(name, ValueType::tensor(dtype, Shape::scalar())));
        graph.tensor_mut(id).value = Some(Value::int(value));
        id
    }

    /// Adds one node to a body, with an output of unknown type.
    fn inside(graph: &mut Graph, region: RegionId, op: &str, axis: i64, inputs: &[TensorId]) -> TensorId {
        let out = graph.add_tensor(Tensor::new("inner", ValueType::Unknown));
        let mut node = Node::new(op, graph.root())
            .with_inputs(inputs.iter().copied().map(Some))
            .with_outputs([Some(out)]);
        node.region = Some(region);
        node.attributes.set("axis", Attribute::Int(axis));
        graph.add_node(node);
        out
    }

    /// Adds the control-flow node, infers, and shows the shapes of its outputs.
    fn outputs(
        mut graph: Graph,
        op: &str,
        settings: &[(&str, Attribute)],
        inputs: &[Option<TensorId>],
        n: usize,
    ) -> String {
        let out: Vec<TensorId> =
            (0..n).map(|_| graph.add_tensor(Tensor::new("out", ValueType::Unknown))).collect();
        let mut node = Node::new(op, graph.root())
            .with_inputs(inputs.iter().copied())
            .with_outputs(out.iter().copied().map(Some));
        for (name, value) in settings {
            node.attributes.set(*name, value.clone());
        }
        let id = graph.add_node(node);
        let regions: Vec<RegionId> = graph.regions_of(id).collect();
        for region in regions {
            graph.own_region(region, id);
        }
        crate::infer::infer(&mut graph);
        let messages: Vec<&str> = graph.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, [""; 0]);
        out.iter().map(|t| graph.tensor(*t).ty.shape().to_string()).collect::<Vec<_>>().join(" ")
    }

    fn check_if(condition: Option<i64>, expected: &str) {
        let mut g = Graph::new("if");
        let root = g.root();
        let (a, b) = (tensor(&mut g, "a", "n 3"), tensor(&mut g, "b", "n 4"));
        let (yes, no) = (g.add_region("then_branch", None, root), g.add_region("else_branch", None, root));
        for (region, read) in [(yes, a), (no, b)] {
            let result = inside(&mut g, region, "Relu", 0, &[read]);
            g.mark_region_output(region, result);
        }
        let c = match condition {
            Some(c) => known(&mut g, "c", DType::Bool, c),
            None => tensor(&mut g, "c", ""),
        };
        let settings = [("then_branch", Attribute::Region(yes)), ("else_branch", Attribute::Region(no))];
        assert_eq!(outputs(g, "If", &settings, &[Some(c)], 1), expected);
    }

    #[test]
    fn branches_agree_or_are_chosen() {
        check_if(None, "n×?");
        check_if(Some(1), "n×3");
        check_if(Some(0), "n×4");
    }

    /// A body that keeps one carried value, lets another grow by concatenation, and stacks the first.
    fn check_loop(trips: Option<i64>, condition_stays: bool, expected: &str) {
        let mut g = Graph::new("loop");
        let root = g.root();
        let body = g.add_region("body", None, root);
        let formals: Vec<TensorId> = (0..4)
            .map(|i| {
                let id = g.add_tensor(Tensor::new(format!("formal{i}"), ValueType::Unknown));
                g.mark_region_input(body, id);
                id
            })
            .collect();
        let more = if condition_stays { formals[1] } else { inside(&mut g, body, "Not", 0, &[formals[1]]) };
        let kept = inside(&mut g, body, "Relu", 0, &[formals[2]]);
        let grown = inside(&mut g, body, "Concat", 0, &[formals[3], formals[3]]);
        for result in [more, kept, grown, kept] {
            g.mark_region_output(body, result);
        }
        let trips = trips.map(|n| known(&mut g, "trips", DType::Int64, n));
        let (a, b) = (tensor(&mut g, "a", "n 3"), tensor(&mut g, "b", "2 5"));
        let inputs = [trips, None, Some(a), Some(b)];
        assert_eq!(outputs(g, "Loop", &[("body", Attribute::Region(body))], &inputs, 3), expected);
    }

    #[test]
    fn loops_find_what_holds_in_every_iteration() {
        check_loop(Some(7), true, "n×3 ?×5 7×n×3");
        check_loop(Some(7), false, "n×3 ?×5 ?×n×3");
        check_loop(None, true, "n×3 ?×5 ?×n×3");
    }

    #[test]
    fn loops_say_how_often() {
        check_label("Loop", "", "i64[]{10} _", "loop | at most 10 times", Some(0));
        check_label("Loop", "", "i64[]{9223372036854775807} _", "loop", Some(0));
    }

    #[test]
    fn scans_take_axes_away_and_put_them_back() {
        let mut g = Graph::new("scan");
        let root = g.root();
        let body = g.add_region("body", None, root);
        let formals: Vec<TensorId> = (0..2)
            .map(|i| {
                let id = g.add_tensor(Tensor::new(format!("formal{i}"), ValueType::Unknown));
                g.mark_region_input(body, id);
                id
            })
            .collect();
        let state = inside(&mut g, body, "Relu", 0, &[formals[0]]);
        let slice = inside(&mut g, body, "Relu", 0, &[formals[1]]);
        g.mark_region_output(body, state);
        g.mark_region_output(body, slice);
        let (s, x) = (tensor(&mut g, "s", "4"), tensor(&mut g, "x", "b t 8"));
        let settings = [
            ("body", Attribute::Region(body)),
            ("num_scan_inputs", Attribute::Int(1)),
            ("scan_input_axes", Attribute::Ints(vec![1])),
            ("scan_output_axes", Attribute::Ints(vec![-1])),
        ];
        assert_eq!(outputs(g, "Scan", &settings, &[Some(s), Some(x)], 2), "4 b×8×t");
    }

    #[test]
    fn loops_inside_loops_end_soon() {
        let mut g = Graph::new("nest");
        let root = g.root();
        let start = tensor(&mut g, "x", "1");
        let mut parent = None;
        let mut owners: Vec<(RegionId, TensorId)> = Vec::new();
        for _ in 0..30 {
            let body = g.add_region("body", parent, root);
            let formals: Vec<TensorId> = (0..3)
                .map(|_| {
                    let id = g.add_tensor(Tensor::new("formal", ValueType::Unknown));
                    g.mark_region_input(body, id);
                    id
                })
                .collect();
            g.mark_region_output(body, formals[1]);
            owners.push((body, formals[2]));
            parent = Some(body);
        }
        // Each body holds the next loop; the innermost makes its value grow.
        let mut result = None;
        for (body, carried) in owners.iter().rev() {
            let value = match result {
                None => inside(&mut g, *body, "Concat", 0, &[*carried, *carried]),
                Some(inner) => {
                    let out = inside(&mut g, *body, "Loop", 0, &[*carried]);
                    let (node, _) = g.nodes().last().expect("just added");
                    g.node_mut(node).inputs = vec![None, None, Some(*carried)];
                    g.node_mut(node).attributes.set("body", Attribute::Region(inner));
                    g.own_region(inner, node);
                    out
                }
            };
            g.mark_region_output(*body, value);
            result = Some(*body);
        }
        let body = owners[0].0;
        let found = outputs(g, "Loop", &[("body", Attribute::Region(body))], &[None, None, Some(start)], 1);
        assert_eq!(found, "?");
    }
}
