//! Has the linker export `_initialize`, which the C library has, as tools that merge modules do.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_TARGET_ARCH").is_some_and(|arch| arch == "wasm32") {
        println!("cargo:rustc-link-arg-examples=--export=_initialize");
    }
}
