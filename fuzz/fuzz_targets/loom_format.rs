//! Lays bytes out as a text in the notation.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/netloom-import/tests/targets/mod.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::loom_format(data));
