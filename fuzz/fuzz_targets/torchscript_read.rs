//! Reads bytes as the code of a TorchScript archive.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/netloom-import/tests/targets/mod.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::torchscript_read(data));
