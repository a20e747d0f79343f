# Sourced by the scripts beside it: finds a Rust compiler for wasm32-unknown-unknown.

# Sets `wasm_cargo_args` and exports what cargo needs to use the compiler found; says what to install when there is none.
find_wasm_toolchain() {
    wasm_cargo_args=()
    local sysroot
    if sysroot=$(rustc --print sysroot 2>/dev/null) && [[ -d $sysroot/lib/rustlib/wasm32-unknown-unknown/lib ]]; then
        return
    fi
    # Debian has the compiler's wasm backend in `rustc-web` and the standard library as source. `RUSTC_BOOTSTRAP` lets a
    # stable compiler build that library.
    if [[ -x /usr/bin/rustc && -d $(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library ]]; then
        local linker
        for linker in wasm-ld wasm-ld-{21,20,19,18}; do
            if command -v "$linker" >/dev/null; then
                export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
                export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
                wasm_cargo_args=(-Zbuild-std=std,panic_abort)
                return
            fi
        done
    fi
    cat >&2 <<'EOF'
error: there is no Rust compiler for wasm32-unknown-unknown here
  help: with rustup: rustup target add wasm32-unknown-unknown
  help: on Debian: apt-get install -y --no-install-recommends rustc-web rust-web-src lld-19
EOF
    return 1
}

# Exports what `cc` needs to compile C for wasm, with the instructions that every engine has by now.
find_c_compiler_for_wasm() {
    local version
    for version in '' -21 -20 -19 -18; do
        if command -v "clang$version" >/dev/null && command -v "llvm-ar$version" >/dev/null; then
            # The digest has the C compiled again when that which changes it does.
            export EMU_JS_CLANG=clang$version AR_wasm32_unknown_unknown=llvm-ar$version
            export CC_wasm32_unknown_unknown=$PWD/js/quickjs/cc
            export CFLAGS_wasm32_unknown_unknown='-O3 -mbulk-memory -msign-ext -mnontrapping-fptoint -mmutable-globals'
            CFLAGS_wasm32_unknown_unknown+=" -DEMU_QUICKJS=$(cat js/quickjs/* | sha256sum | cut -c-16)"
            return
        fi
    done
    cat >&2 <<'EOF'
error: there is no clang with llvm-ar here; the JavaScript engine is C
  help: on Debian: apt-get install -y --no-install-recommends clang-19 llvm-19 lld-19
EOF
    return 1
}
