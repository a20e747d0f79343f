//! Gives the engine its stack.

/// The shadow stack in linear memory. `engine::MAX_STACK_BYTES` of it is JavaScript's.
const STACK_BYTES: u32 = 2 * 1024 * 1024;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=EMU_JS_RUNTIME");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo:rustc-link-arg-cdylib=-zstack-size={STACK_BYTES}");
    }
}
