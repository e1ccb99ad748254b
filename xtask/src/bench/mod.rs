//! `cargo xtask bench`: what reading, drawing and layout cost, beside the rivals, in one run.
//!
//! Every run is a process of its own, so that its peak memory is its own; the process that measures stays small.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use crate::{Command, Outcome, check, workspace};

mod crossings;
mod draw;
mod fold;
mod layout;
mod onnx;
mod read;
mod rivals;
mod table;
mod usage;

use table::Table;
use usage::Usage;

/// The row of this command.
pub const COMMAND: Command = Command {
    name: "bench",
    about: "measures draw, read and layout: bench [--write] [--only PART] [--most N] [--limit SECS]",
    run,
};

/// One part of the bench: what it measures, and the jobs that its child processes do.
struct Part {
    name: &'static str,
    run: fn(&Bench) -> Result<Vec<Table>, String>,
    /// Does one job of a child process and prints what it found as lines of a name and a number.
    job: fn(&[String]) -> Outcome,
}

const PARTS: &[Part] = &[draw::PART, layout::PART, read::PART, fold::PART];

/// How to measure.
struct Bench {
    /// Where files are made.
    folder: PathBuf,
    /// The largest graph, in nodes.
    most: usize,
    /// Processor time after which a rival is ended, seconds.
    limit_secs: u32,
}

fn run(args: &[String]) -> Outcome {
    if cfg!(debug_assertions) {
        return check::in_release("bench", args);
    }
    if let ["--job", part, rest @ ..] = args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        let part = PARTS.iter().find(|p| p.name == *part).ok_or("no such part")?;
        let rest: Vec<String> = rest.iter().map(|a| (*a).to_owned()).collect();
        return (part.job)(&rest);
    }
    let mut bench = Bench { folder: workspace::target().join("bench"), most: 100_000, limit_secs: 120 };
    let (mut write, mut only) = (false, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().cloned().ok_or_else(|| format!("expected a value after {arg}"));
        match arg.as_str() {
            "--write" => write = true,
            "--only" => only = Some(value()?),
            "--most" => bench.most = value()?.parse().map_err(|_| "expected a number after --most")?,
            "--limit" => bench.limit_secs = value()?.parse().map_err(|_| "expected seconds after --limit")?,
            _ => return Err(format!("there is no option `{arg}`")),
        }
    }
    std::fs::create_dir_all(&bench.folder).map_err(|e| format!("{}: {e}", bench.folder.display()))?;
    let mut page = format!("{HEAD}\n{}\n", machine());
    for part in PARTS.iter().filter(|p| only.as_deref().is_none_or(|o| o == p.name)) {
        for table in (part.run)(&bench)? {
            let text = table.print();
            print!("\n{text}");
            page.push_str(&format!("\n{text}"));
        }
    }
    if write {
        let path = workspace::root().join("docs/benchmarks.md");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(at) = before.find(FROM_PYTHON) {
            page.push_str(&format!("\n{}", &before[at..]));
        }
        std::fs::write(&path, page).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("\nwrote {}", path.display());
    }
    Ok(())
}

/// Begins the part of the page that `bench/python/compare.py` writes, which stays as it is.
const FROM_PYTHON: &str = "<!-- bench/python/compare.py writes from here on -->";

const HEAD: &str = "# Benchmarks

Written by `cargo xtask bench --write`. Every number is of a fresh process. Times are processor time, user and system of
all threads, unless said; peak is the most memory resident at once. Ratios are to Netloom.
";

/// What the numbers were taken on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    let said = |program: &str, args: &[&str]| {
        let output = Process::new(program).args(args).output().ok();
        let text = output.map(|o| [o.stdout, o.stderr].concat()).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = read("/proc/loadavg");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    format!(
        "Machine: {cores} cores of {}, memory {memory}, {}; {}, Node {}, {}. Load at the start: {}.",
        field(&read("/proc/cpuinfo"), "model name"),
        std::env::consts::OS,
        said("rustc", &["--version"]),
        said("node", &["--version"]),
        said("dot", &["-V"]),
        load.split_whitespace().next().unwrap_or("unknown"),
    )
}

impl Bench {
    /// Runs a job of a part in a child process, `runs` times, and gives back the run of median processor time.
    fn job(&self, part: &str, args: &[&str], runs: usize) -> Result<Usage, String> {
        let program = std::env::current_exe().map_err(|e| format!("this program has no path: {e}"))?;
        let command = || {
            let mut command = Process::new(&program);
            command.args(["bench", "--job", part]).args(args).current_dir(&self.folder);
            command
        };
        let usage = median(runs, || usage::measure(&mut command(), &self.log()))?;
        match &usage.failure {
            Some(failure) => Err(format!("{part} {}: {failure}", args.join(" "))),
            None => Ok(usage),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }
}

/// The run of median processor time.
fn median(runs: usize, mut run: impl FnMut() -> Result<Usage, String>) -> Result<Usage, String> {
    let mut usages: Vec<Usage> = (0..runs.max(1)).map(|_| run()).collect::<Result<_, _>>()?;
    usages.sort_by(|a, b| a.cpu_secs.total_cmp(&b.cpu_secs));
    Ok(usages.swap_remove(usages.len() / 2))
}

impl Usage {
    /// The number that the run printed after a name.
    fn said(&self, name: &str) -> Option<f64> {
        let line = self.out.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse().ok()
    }
}

/// The size of a file, if it is there.
fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|m| m.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_name() {
        let usage = Usage { out: "wall 0.5\ncpu 2\n".to_owned(), ..Usage::default() };
        assert_eq!((usage.said("cpu"), usage.said("wall"), usage.said("cp")), (Some(2.0), Some(0.5), None));
    }

    #[test]
    fn the_median_is_of_processor_time() {
        let mut costs = [3.0, 1.0, 2.0].into_iter();
        let usage = median(3, || Ok(Usage { cpu_secs: costs.next().unwrap(), ..Usage::default() })).unwrap();
        assert_eq!(usage.cpu_secs, 2.0);
    }
}
