//! What a run cost: wall time, processor time and peak memory, of a child process or of this one.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a run cost.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// From start to end, seconds.
    pub wall_secs: f64,
    /// Processor time of all threads, user and system, seconds.
    pub cpu_secs: f64,
    /// Most memory resident at once, bytes.
    pub peak_bytes: u64,
    /// What it wrote to its standard output.
    pub out: String,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// Runs a command to its end. Standard output goes through the file `log`, so that the process that measures stays
/// small: on Linux a child starts with the peak memory of its parent.
///
/// # Errors
/// When the command cannot be started.
pub fn measure(command: &mut Command, log: &Path) -> Result<Usage, String> {
    let place = |e: std::io::Error| format!("{}: {e}", log.display());
    let errors = log.with_extension("err");
    command
        .stdin(Stdio::null())
        .stdout(File::create(log).map_err(place)?)
        .stderr(File::create(&errors).map_err(place)?);
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let child = command.spawn().map_err(|e| format!("{name} cannot be run: {e}"))?;
    let (status, rusage) = wait(child.id());
    let wall_secs = start.elapsed().as_secs_f64();
    let (cpu_secs, peak_bytes) = costs(&rusage);
    let out = std::fs::read_to_string(log).map_err(place)?;
    let said = std::fs::read_to_string(&errors).unwrap_or_default();
    Ok(Usage { wall_secs, cpu_secs, peak_bytes, out, failure: failure(status, &said) })
}

/// Processor time of this process so far, seconds.
pub fn own_cpu_secs() -> f64 {
    // SAFETY: `rusage` is plain numbers, for which zero is a value; the call only writes into it.
    #[expect(unsafe_code, reason = "the standard library cannot ask what this process has used")]
    let rusage = unsafe {
        let mut rusage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut rusage);
        rusage
    };
    costs(&rusage).0
}

/// Waits for a child that nothing else waits for.
fn wait(id: u32) -> (i32, libc::rusage) {
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zero is a value; the call only writes into what it is given.
    #[expect(unsafe_code, reason = "the standard library cannot ask what a child has used")]
    let rusage = unsafe {
        let mut rusage: libc::rusage = std::mem::zeroed();
        libc::wait4(id.cast_signed(), &raw mut status, 0, &raw mut rusage);
        rusage
    };
    (status, rusage)
}

fn costs(rusage: &libc::rusage) -> (f64, u64) {
    let secs = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    (secs(rusage.ru_utime) + secs(rusage.ru_stime), u64::try_from(rusage.ru_maxrss).unwrap_or(0) * unit)
}

/// Why a run failed, in a few words.
fn failure(status: i32, said: &str) -> Option<String> {
    if libc::WIFSIGNALED(status) {
        return Some(match libc::WTERMSIG(status) {
            libc::SIGXCPU | libc::SIGKILL => "out of time".to_owned(),
            libc::SIGABRT if said.contains("heap out of memory") => "out of memory".to_owned(),
            libc::SIGSEGV => "stack overflow".to_owned(),
            signal => format!("signal {signal}"),
        });
    }
    match libc::WEXITSTATUS(status) {
        0 => None,
        _ if said.contains("heap out of memory") => Some("out of memory".to_owned()),
        _ if said.contains("Maximum call stack") => Some("stack overflow".to_owned()),
        code => {
            let line = said.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
            Some(format!("exit {code}: {}", line.chars().take(80).collect::<String>()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_measured() {
        let log = std::env::temp_dir().join(format!("netloom-usage-{}.txt", std::process::id()));
        let run = |script: &str| measure(Command::new("sh").args(["-c", script]), &log).unwrap();
        let fine = run("echo 12");
        assert_eq!((fine.out.as_str(), fine.failure), ("12\n", None));
        assert!(fine.peak_bytes > 0 && fine.wall_secs > 0.0);
        assert_eq!(run("echo no >&2; exit 3").failure.as_deref(), Some("exit 3: no"));
        assert_eq!(run("kill -XCPU $$").failure.as_deref(), Some("out of time"));
        assert!(measure(&mut Command::new("/no/such/program"), &log).is_err());
        std::fs::remove_file(&log).unwrap();
        std::fs::remove_file(log.with_extension("err")).unwrap();
    }
}
