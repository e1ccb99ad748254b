//! How lifting, the search for blocks and folding grow with the number of operators.

use netloom_graph::{
    Attribute, DType, Dim, Graph, ModuleId, Node, Producer, Shape, Tensor, TensorId, Value, ValueType,
};
use netloom_graph::{hierarchy, infer, lift, repeats, units};

use super::read::timed;
use super::table::{Table, digits, megabytes, time};
use super::{Bench, Part};
use crate::Outcome;

/// The row of this part.
pub const PART: Part = Part { name: "fold", run, job };

const SIZES: &[usize] = &[1_000, 3_000, 10_000, 30_000, 100_000];
/// What is timed, in order.
const STEPS: &[&str] = &["lift", "units", "hierarchy", "repeats", "figure"];

fn run(bench: &Bench) -> Result<Vec<Table>, String> {
    let mut rows = Vec::new();
    for size in SIZES.iter().filter(|s| **s <= bench.most) {
        let usage = bench.job("fold", &[&size.to_string()], 3)?;
        let said = |name| usage.said(name).ok_or_else(|| format!("fold {size}: expected `{name}`"));
        let operators = said("operators")?;
        let mut row = vec![format!("{operators}")];
        let mut sum = 0.0;
        for step in STEPS {
            let secs = said(step)?;
            sum += secs;
            row.push(time(secs));
        }
        row.push(format!("{} µs", digits(sum * 1e6 / operators)));
        row.push(format!("{}", said("boxes")?));
        row.push(megabytes(usage.peak_bytes));
        rows.push(row);
    }
    Ok(vec![Table {
        title: "Lifting, finding blocks and folding, by the number of operators".to_owned(),
        columns: vec![
            "operators",
            "lift",
            "units",
            "blocks without names",
            "repeats",
            "figure",
            "per operator",
            "boxes",
            "peak",
        ],
        rows,
        note: "A chain of encoder layers as an exporter writes them: attention, layer norms and GELU in small \
               operators, no names and no modules. *Figure* is everything from the file's graph to a scene that fits a \
               page, the steps before it once more included."
            .to_owned(),
    }])
}

fn job(args: &[String]) -> Outcome {
    let n: usize = args.first().and_then(|a| a.parse().ok()).ok_or("expected a number of operators")?;
    let mut graph = encoder(n);
    infer::infer(&mut graph);
    println!("operators {}", graph.nodes().len());
    let lifted = timed("lift", || lift::lift(&graph));
    let found = timed("units", || units::find(&lifted.graph, units::Level::Paper));
    let named = timed("hierarchy", || hierarchy::infer(&lifted.graph));
    let runs = timed("repeats", || repeats::repeats(&named));
    let layered = netloom::FigureOptions { style: "layered".to_owned(), ..netloom::FigureOptions::default() };
    let figure = timed("figure", || netloom::draw(&graph, &layered));
    let figure = figure.map_err(|e| e.to_string())?;
    println!("boxes {}", figure.view.nodes.len());
    if found.is_empty() || runs.is_empty() {
        return Err(format!("expected units and repeats, found {} and {}", found.len(), runs.len()));
    }
    Ok(())
}

/// Writes operators one after another.
struct Writer {
    graph: Graph,
    root: ModuleId,
    made: usize,
}

/// A chain of encoder layers with at least `n` operators: width 64, 4 heads, 16 positions.
fn encoder(n: usize) -> Graph {
    let mut graph = Graph::new("encoder");
    let root = graph.root();
    let x = graph.add_tensor(Tensor::new("x", float(&[1, 16, 64])));
    graph.mark_input(x);
    let mut writer = Writer { graph, root, made: 0 };
    let mut at = x;
    while writer.made < n {
        at = writer.layer(at);
    }
    writer.graph.mark_output(at);
    writer.graph
}

fn float(dims: &[i64]) -> ValueType {
    ValueType::tensor(DType::Float32, Shape::known(dims.iter().copied()))
}

impl Writer {
    fn op(&mut self, op: &str, inputs: &[TensorId], settings: &[(&str, Attribute)]) -> TensorId {
        self.made += 1;
        let made = self.graph.add_tensor(Tensor::new(format!("t{}", self.made), ValueType::Unknown));
        let mut node = Node::in_domain("", op, 17, self.root)
            .with_inputs(inputs.iter().map(|t| Some(*t)))
            .with_outputs([Some(made)]);
        for (name, value) in settings {
            node.attributes.set(*name, value.clone());
        }
        self.graph.add_node(node);
        made
    }

    fn stored(&mut self, dims: &[i64]) -> TensorId {
        let name = format!("w{}", self.graph.tensors().len());
        let mut tensor = Tensor::new(name, float(dims));
        tensor.producer = Producer::Stored;
        self.graph.add_tensor(tensor)
    }

    fn number(&mut self, number: f64) -> TensorId {
        let t = self.stored(&[]);
        self.graph.tensor_mut(t).value = Some(Value::floats(vec![number]).with_dims(Vec::new()));
        t
    }

    fn ints(&mut self, ints: &[i64]) -> TensorId {
        let name = format!("c{}", self.graph.tensors().len());
        let dims = [i64::try_from(ints.len()).unwrap_or(0)];
        let mut tensor = Tensor::new(name, ValueType::tensor(DType::Int64, Shape::known(dims)));
        tensor.producer = Producer::Stored;
        tensor.value = Some(Value::ints(ints.iter().map(|n| Dim::from(*n)).collect()));
        self.graph.add_tensor(tensor)
    }

    fn linear(&mut self, x: TensorId, from: i64, to: i64) -> TensorId {
        let (w, b) = (self.stored(&[from, to]), self.stored(&[to]));
        let product = self.op("MatMul", &[x, w], &[]);
        self.op("Add", &[product, b], &[])
    }

    fn heads(&mut self, x: TensorId, perm: [i64; 4]) -> TensorId {
        let shape = self.ints(&[1, 16, 4, 16]);
        let split = self.op("Reshape", &[x, shape], &[]);
        self.op("Transpose", &[split], &[("perm", Attribute::Ints(perm.to_vec()))])
    }

    fn norm(&mut self, x: TensorId) -> TensorId {
        let axes = [("axes", Attribute::Ints(vec![-1]))];
        let (two, epsilon) = (self.number(2.0), self.number(1e-5));
        let mean = self.op("ReduceMean", &[x], &axes);
        let d = self.op("Sub", &[x, mean], &[]);
        let square = self.op("Pow", &[d, two], &[]);
        let variance = self.op("ReduceMean", &[square], &axes);
        let sum = self.op("Add", &[variance, epsilon], &[]);
        let root = self.op("Sqrt", &[sum], &[]);
        let quotient = self.op("Div", &[d, root], &[]);
        let (w, b) = (self.stored(&[64]), self.stored(&[64]));
        let scaled = self.op("Mul", &[quotient, w], &[]);
        self.op("Add", &[scaled, b], &[])
    }

    fn layer(&mut self, x: TensorId) -> TensorId {
        let [q, k, v] = [0, 1, 2].map(|_| self.linear(x, 64, 64));
        let (q, k, v) =
            (self.heads(q, [0, 2, 1, 3]), self.heads(k, [0, 2, 3, 1]), self.heads(v, [0, 2, 1, 3]));
        let scores = self.op("MatMul", &[q, k], &[]);
        let four = self.number(4.0);
        let scaled = self.op("Div", &[scores, four], &[]);
        let weights = self.op("Softmax", &[scaled], &[("axis", Attribute::Int(-1))]);
        let mixed = self.op("MatMul", &[weights, v], &[]);
        let back = Attribute::Ints(vec![0, 2, 1, 3]);
        let mixed = self.op("Transpose", &[mixed], &[("perm", back)]);
        let shape = self.ints(&[1, 16, 64]);
        let mixed = self.op("Reshape", &[mixed, shape], &[]);
        let out = self.linear(mixed, 64, 64);
        let sum = self.op("Add", &[out, x], &[]);
        let x = self.norm(sum);
        let wide = self.linear(x, 64, 256);
        let (root, one, half) = (self.number(std::f64::consts::SQRT_2), self.number(1.0), self.number(0.5));
        let divided = self.op("Div", &[wide, root], &[]);
        let erf = self.op("Erf", &[divided], &[]);
        let shifted = self.op("Add", &[erf, one], &[]);
        let gated = self.op("Mul", &[wide, shifted], &[]);
        let active = self.op("Mul", &[gated, half], &[]);
        let narrow = self.linear(active, 256, 64);
        let sum = self.op("Add", &[narrow, x], &[]);
        self.norm(sum)
    }
}
