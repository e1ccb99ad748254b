//! Writes graphs in the notation.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/netloom-import/tests/targets/mod.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::loom_write(data));
