//! Tells the linker that the interpreter fills in its own symbols.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
