//! Work beside the interpreter: other threads of Python go on meanwhile, and Ctrl-C is heard.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;

/// How long Ctrl-C may have to wait.
const PATIENCE: Duration = Duration::from_millis(40);

/// As much stack as the command has: that of a thread of Python may be small.
const STACK_BYTES: usize = 8 << 20;

/// Runs `work` on a thread of its own and waits for it. Where a signal raises an exception meanwhile, that is what comes
/// back, and the work ends unheard: it holds nothing of Python's.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (done, mut wait) = channel();
    let thread = Builder::new().name("netloom".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send(work());
    });
    thread.map_err(|e| PyOSError::new_err(format!("cannot start a thread: {e}")))?;
    loop {
        let (received, again) = py.detach(move || (wait.recv_timeout(PATIENCE), wait));
        wait = again;
        match received {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("netloom stopped on a defect of its own, told above"));
            }
        }
    }
}
