//! Reads bytes as a file of Keras: an archive, HDF5 or JSON, by how they begin.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/netloom-import/tests/targets/mod.rs"]
mod targets;

fuzz_target!(|data: &[u8]| targets::keras_read(data));
