//! Reads bytes as a file of the format `torch`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/netloom-import/tests/targets/mod.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::format_read("torch", "a.pt", data));
