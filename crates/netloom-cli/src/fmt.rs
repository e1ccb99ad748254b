//! `netloom fmt`.

use std::io::Read as _;
use std::path::Path;

use netloom::import::formats::loom;

use crate::args::FmtArgs;
use crate::failure::Failure;
use crate::files;

/// Lays files out. The code to leave with is 1 where a file cannot be, or is not with `--check`.
pub(crate) fn run(args: &FmtArgs) -> u8 {
    let mut code = 0;
    for path in &args.files {
        match lay_out(path, args.check) {
            Ok(true) => {}
            Ok(false) => code = 1,
            Err(failure) if failure.is_broken_pipe() => {}
            Err(failure) => {
                failure.report();
                code = code.max(failure.code());
            }
        }
    }
    code
}

/// Lays one file out, or finds out whether it is.
fn lay_out(path: &Path, check: bool) -> Result<bool, Failure> {
    let is_stdin = path == Path::new("-");
    let (name, text) = if is_stdin {
        let mut text = String::new();
        let limit = loom::MAX_BYTES as u64 + 1;
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_string(&mut text)
            .map_err(|e| Failure::io(path, "read", &e))?;
        ("standard input".to_owned(), text)
    } else {
        (path.display().to_string(), files::text(path)?)
    };
    let laid_out = loom::format(&text).map_err(|problems| {
        let shown: Vec<String> = problems.iter().map(|p| p.render(&name, &text)).collect();
        Failure::in_text(format!("{name}: the text has mistakes"), shown.join("\n"))
    })?;
    if check {
        if laid_out != text {
            files::write(Path::new("-"), format!("{name}\n").as_bytes())?;
        }
        return Ok(laid_out == text);
    }
    if is_stdin || laid_out != text {
        files::write(path, laid_out.as_bytes())?;
    }
    Ok(true)
}
