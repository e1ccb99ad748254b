//! The `netloom` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(netloom_cli::run(std::env::args_os()))
}
