//! Writes the table of themes: every file of `themes/`, by name.
#![expect(clippy::disallowed_methods, reason = "a build script reads the tree it builds")]

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=themes");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut table = String::from("[\n");
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        table += &format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string());
    }
    table += "]\n";
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("themes.rs"), table)?;
    Ok(())
}
