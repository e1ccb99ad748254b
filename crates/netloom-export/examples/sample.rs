//! Writes the drawing of the tests as every output into a folder: `cargo run -p netloom-export --example sample -- out`.
#![expect(clippy::disallowed_methods, reason = "a program: it has arguments and writes files")]

use std::error::Error;
use std::path::PathBuf;

use netloom_export::{OUTPUTS, Options, TextMode, find};

#[path = "../tests/drawing/mod.rs"]
mod drawing;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let frame = drawing::drawing();
    let options = Options { width: Some("3.25in".parse()?), dpi: Some(288.0), ..Options::print() };
    for output in OUTPUTS {
        std::fs::write(
            folder.join(format!("sample.{}", output.extension())),
            output.write(&frame, &options)?,
        )?;
    }
    let outlines = Options { text: TextMode::Outlines, ..options };
    std::fs::write(folder.join("sample-outlines.svg"), find("svg")?.write(&frame, &outlines)?)?;
    Ok(())
}
