//! How reading and shape inference grow with the number of operators.

use std::time::Instant;

use super::table::{Table, digits, megabytes, time};
use super::usage::own_cpu_secs;
use super::{Bench, Part, onnx};
use crate::Outcome;

/// The row of this part.
pub const PART: Part = Part { name: "read", run, job };

const SIZES: &[usize] = &[1_000, 3_000, 10_000, 30_000, 100_000];

fn run(bench: &Bench) -> Result<Vec<Table>, String> {
    let mut rows = Vec::new();
    for size in SIZES.iter().filter(|s| **s <= bench.most) {
        let usage = bench.job("read", &[&size.to_string()], 3)?;
        let said = |name| usage.said(name).ok_or_else(|| format!("read {size}: expected `{name}`"));
        let (read, infer) = (said("read")?, said("infer")?);
        rows.push(vec![
            size.to_string(),
            megabytes(said("bytes")? as u64),
            time(read),
            time(infer),
            format!("{} µs", digits((read + infer) * 1e6 / *size as f64)),
            megabytes(usage.peak_bytes),
        ]);
    }
    Ok(vec![Table {
        title: "Reading ONNX and inferring shapes, by the number of operators".to_owned(),
        columns: vec!["operators", "file", "read", "infer", "per operator", "peak"],
        rows,
        note: "A residual chain of convolutions, activations and sums with weights outside the file. The peak holds the \
               file's bytes and the making of them."
            .to_owned(),
    }])
}

fn job(args: &[String]) -> Outcome {
    let n: usize = args.first().and_then(|a| a.parse().ok()).ok_or("expected a number of operators")?;
    let bytes = onnx::chain(n);
    println!("bytes {}", bytes.len());
    let source = netloom_import::Bytes::new("chain.onnx", bytes);
    let mut graph = timed("read", || netloom_import::read(&source)).map_err(|e| e.to_string())?;
    timed("infer", || netloom_graph::infer::infer(&mut graph));
    let unknown = graph.tensors().filter(|(_, t)| t.ty.shape().to_string().contains("?")).count();
    if unknown > 0 {
        return Err(format!("{unknown} shapes are unknown"));
    }
    Ok(())
}

/// Prints what the work took of the processor.
pub(super) fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (cpu, start) = (own_cpu_secs(), Instant::now());
    let result = work();
    println!("{name} {}\n{name}_wall {}", own_cpu_secs() - cpu, start.elapsed().as_secs_f64());
    result
}
