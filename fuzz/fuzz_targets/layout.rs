//! Any graph, however odd, gets a layout that keeps its promises.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (input, defects) = netloom_layout::sample::probe(bytes);
    assert!(defects.is_empty(), "{defects:?} in {input:?}");
});
