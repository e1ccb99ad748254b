//! `cargo xtask web`: the engine of interactive pages, compiled, packed and put where the façade embeds it.
//!
//! `--check` tells whether the engine is older than what it is made from, and whether it can still be made.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use netloom::html::sha256;
use netloom::live::VERSION;

use crate::workspace::{File, Workspace};
use crate::{Command, Outcome, workspace};

/// The row of this command.
pub const COMMAND: Command =
    Command { name: "web", about: "the engine inside interactive pages; --check, --quick", run };

/// What the façade embeds, and the record of what it was made from.
const ENGINE: &str = "crates/netloom/assets/engine.wasm.gz";
const RECORD: &str = "crates/netloom/assets/engine.txt";
/// The most bytes of the packed engine: a page is to stay under a megabyte.
const MAX_BYTES: usize = 640_000;
/// Crates that the engine is made of.
const CRATES: &[&str] = &[
    "netloom",
    "netloom-diagram",
    "netloom-export",
    "netloom-graph",
    "netloom-import",
    "netloom-layout",
    "netloom-scene",
    "netloom-web",
];
/// Folders of these crates that are no part of it.
const APART: &[&str] = &["/tests/", "/examples/", "/html/", "/assets/"];
const TARGET: &str = "wasm32-unknown-unknown";

fn run(args: &[String]) -> Outcome {
    let (mut check, mut quick) = (false, false);
    for arg in args {
        match arg.as_str() {
            "--check" => check = true,
            // Whether it is up to date, without making it.
            "--quick" => quick = true,
            other => return Err(format!("unknown argument `{other}`: expected --check or --quick")),
        }
    }
    let sources = digest(&Workspace::load()?);
    let record = std::fs::read_to_string(workspace::root().join(RECORD)).unwrap_or_default();
    let fresh = field(&record, "sources") == Some(sources.as_str());
    if quick || check {
        sound(&record)?;
        if fresh {
            println!("web: the engine is made from these sources");
            return Ok(());
        }
        println!("note: the engine is older than its sources; `cargo xtask web` makes it anew");
        if quick {
            return Ok(());
        }
    }
    let Some(way) = way() else {
        let needed = "rustup component add rust-src, or Debian's rust-web and rust-web-src";
        if check {
            println!("web: not made here, for want of a compiler for {TARGET} ({needed})");
            return Ok(());
        }
        return Err(format!("no compiler for {TARGET}: {needed}"));
    };
    let packed = pack(&make(&way)?)?;
    println!("web: {} bytes packed, made {}", packed.len(), way.name());
    if packed.len() > MAX_BYTES && way.is_small() {
        return Err(format!("the engine has {} bytes packed: expected at most {MAX_BYTES}", packed.len()));
    }
    if check {
        return Ok(());
    }
    let record = format!(
        "interface {VERSION}\nsources {sources}\nengine {}\nbytes {}\n",
        hex(&sha256(&packed)),
        packed.len()
    );
    for (path, bytes) in [(ENGINE, packed.as_slice()), (RECORD, record.as_bytes())] {
        let path = workspace::root().join(path);
        std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// A compiler with what it needs for the target.
enum Way {
    /// The compiler of this build with the source of its standard library, which is compiled along: small.
    WithStd,
    /// That of the target as it comes.
    Plain,
    /// Debian's, which has no standard library for the target but its source.
    Debian(PathBuf),
}

impl Way {
    fn name(&self) -> &'static str {
        match self {
            Self::WithStd => "with its standard library",
            Self::Plain => "on the standard library as it comes, which is larger",
            Self::Debian(_) => "with Debian's compiler",
        }
    }

    fn is_small(&self) -> bool {
        matches!(self, Self::WithStd)
    }
}

fn way() -> Option<Way> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Process::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let has = |root: &Path, part: &str| root.join("lib/rustlib").join(part).is_dir();
    if has(&sysroot, "src/rust/library/std") {
        return Some(Way::WithStd);
    }
    if has(&sysroot, TARGET) {
        return Some(Way::Plain);
    }
    let usr = PathBuf::from("/usr");
    (has(&usr, "src/rust/library/std") && usr.join("bin/cargo-web").exists()).then_some(Way::Debian(usr))
}

/// Compiles the engine.
fn make(way: &Way) -> Result<Vec<u8>, String> {
    let folder = workspace::target().join("engine");
    let mut cargo = Process::new(match way {
        Way::Debian(usr) => usr.join("bin/cargo").into_os_string(),
        _ => std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    });
    cargo.args(["build", "--quiet", "--profile", "web", "-p", "netloom-web", "--target", TARGET]);
    cargo.arg("--target-dir").arg(&folder).current_dir(workspace::root());
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let flags = match way {
        // Messages of panics and their places in the source are a quarter of the code, and a page shows none of them.
        Way::WithStd => "--cfg page_engine -Zunstable-options -Cpanic=immediate-abort",
        Way::Plain => "--cfg page_engine",
        Way::Debian(_) => "--cfg page_engine -Clinker=rust-lld",
    };
    cargo.env("RUSTFLAGS", flags);
    match way {
        Way::Plain => {}
        Way::WithStd => {
            cargo.env("RUSTC_BOOTSTRAP", "1");
            cargo.args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"]);
        }
        Way::Debian(usr) => {
            cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", usr.join("bin/rustc"));
            cargo.arg("-Zbuild-std=std,panic_abort");
        }
    }
    let status = cargo.status().map_err(|e| format!("cargo cannot be run: {e}"))?;
    if !status.success() {
        return Err("the engine does not compile".to_owned());
    }
    let path = folder.join(TARGET).join("web/netloom_web.wasm");
    std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Packs as tightly as gzip can.
fn pack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut packed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, bytes, &mut packed)
        .map_err(|e| e.to_string())?;
    Ok(packed)
}

/// Whether the engine is the one of the record and speaks the language of these pages.
fn sound(record: &str) -> Outcome {
    let path = workspace::root().join(ENGINE);
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    if field(record, "engine") != Some(hex(&sha256(&bytes)).as_str()) {
        return Err(format!("{ENGINE} is not the engine that {RECORD} tells of"));
    }
    if field(record, "interface") != Some(VERSION.to_string().as_str()) {
        return Err(format!("the engine is of another interface than {VERSION}: `cargo xtask web`"));
    }
    Ok(())
}

/// One digest of every file the engine is made from.
fn digest(workspace: &Workspace) -> String {
    let part = |f: &&File| {
        let inside = CRATES.iter().any(|c| f.path.starts_with(&format!("crates/{c}/")));
        inside && !APART.iter().any(|a| f.path.contains(a)) && !f.text.is_empty()
    };
    let mut all = String::new();
    for file in workspace.files.iter().filter(part) {
        all += &format!("{} {}\n", hex(&sha256(file.text.as_bytes())), file.path);
    }
    hex(&sha256(all.as_bytes()))
}

fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_the_recorded_one_and_fits_a_page() {
        let record = std::fs::read_to_string(workspace::root().join(RECORD)).unwrap();
        assert_eq!(sound(&record), Ok(()));
        assert!(field(&record, "bytes").unwrap().parse::<usize>().unwrap() <= MAX_BYTES);
    }

    #[test]
    fn a_digest_changes_with_the_sources_of_the_engine_only() {
        let lib = ("crates/netloom-web/src/lib.rs", "//! One.");
        let one = digest(&Workspace::of(&[lib]));
        assert_ne!(one, digest(&Workspace::of(&[("crates/netloom-web/src/lib.rs", "//! Two.")])));
        assert_ne!(one, digest(&Workspace::of(&[("crates/netloom-web/src/main.rs", "//! One.")])));
        let page = ("crates/netloom/src/html/page.js", "1");
        assert_eq!(one, digest(&Workspace::of(&[lib, page, ("xtask/src/web.rs", "//! One.")])));
    }
}
