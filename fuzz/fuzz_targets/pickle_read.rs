//! Reads bytes as a pickle.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/netloom-import/tests/targets/mod.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::pickle_read(data));
