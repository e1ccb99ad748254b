//! Whole runs of the command, from a model file to a figure, in fresh processes.

use std::path::PathBuf;
use std::process::Command;

use super::table::{Table, megabytes, time};
use super::usage::{Usage, measure};
use super::{Bench, Part, median, onnx, size};
use crate::workspace;

/// The row of this part.
pub const PART: Part = Part { name: "draw", run, job: |_| Err("this part has no jobs".to_owned()) };

/// Runs per model; the median counts.
const RUNS: usize = 7;

/// Floats of the huge weight: two thousand million bytes, just under the most that protobuf allows.
const HUGE: u64 = 500_000_000;

/// The model that has bounds to keep.
const MEASURE: &str = "resnet50.ts.op19.onnx";

fn run(bench: &Bench) -> Result<Vec<Table>, String> {
    let mut models = models()?;
    let huge = bench.folder.join("huge.onnx");
    if let Some(plain) = models.iter().find(|m| m.ends_with(MEASURE)).or(models.first()) {
        let bytes = std::fs::read(plain).map_err(|e| format!("{}: {e}", plain.display()))?;
        onnx::with_huge_weight(&huge, &bytes, HUGE).map_err(|e| format!("{}: {e}", huge.display()))?;
        models.push(huge.clone());
    }
    let mut rows = Vec::new();
    for model in &models {
        let name = model.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut row = vec![name, megabytes(size(model).unwrap_or(0))];
        for depth in ["2", "full"] {
            let svg = bench.folder.join("figure.svg");
            let usage = drawn(bench, model, &svg, depth)?;
            row.extend(match &usage.failure {
                Some(failure) => vec![failure.clone(), String::new(), String::new(), String::new()],
                None => vec![
                    time(usage.wall_secs),
                    time(usage.cpu_secs),
                    megabytes(usage.peak_bytes),
                    megabytes(size(&svg).unwrap_or(0)),
                ],
            });
        }
        rows.push(row);
    }
    let _ = std::fs::remove_file(&huge);
    Ok(vec![Table {
        title: "From file to SVG, whole process".to_owned(),
        columns: vec!["model", "file", "wall", "CPU", "peak", "SVG", "wall, full", "CPU", "peak", "SVG"],
        rows,
        note: format!(
            "`netloom draw MODEL -o figure.svg --depth 2`, then `--depth full`; median of {RUNS} fresh processes. \
             `huge.onnx` is the ResNet-50 file with one more weight of {} bytes inside. A start of an empty process on this machine \
             takes {}.",
            4 * HUGE,
            time(empty(bench)?)
        ),
    }])
}

/// The models of the corpus, else the examples, smallest file first.
fn models() -> Result<Vec<PathBuf>, String> {
    let corpus = workspace::corpus();
    let folder = if corpus.is_dir() { corpus } else { workspace::root().join("examples") };
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut models: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    models.retain(|m| m.extension().is_some_and(|e| e == "onnx"));
    models.sort_by_key(|m| (size(m), m.clone()));
    Ok(models)
}

fn drawn(bench: &Bench, model: &PathBuf, svg: &PathBuf, depth: &str) -> Result<Usage, String> {
    let program = workspace::target().join("release/netloom");
    median(RUNS, || {
        let mut command = Command::new(&program);
        command.arg("draw").arg(model).arg("-o").arg(svg).args(["--depth", depth]);
        measure(&mut command, &bench.log())
    })
}

/// The wall time of a process that does nothing.
fn empty(bench: &Bench) -> Result<f64, String> {
    Ok(median(RUNS, || measure(&mut Command::new("true"), &bench.log()))?.wall_secs)
}
