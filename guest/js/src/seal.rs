//! Sealing what lives in the engine, before the memory is frozen: `guest/js/quickjs` says what that is.
//!
//! Invariant: nothing else of the engine is changed here.
#![allow(unsafe_code)]

use rquickjs::{Ctx, qjs};

#[cfg(target_arch = "wasm32")]
unsafe extern "C" {
    fn emu_seal(runtime: *mut qjs::JSRuntime);
}

/// Seals everything that lives: it is never freed and references to it are not counted, so that using it does not write to
/// it, and what is allocated from now on lies together.
pub(crate) fn seal(ctx: &Ctx<'_>) {
    // SAFETY: the runtime of a live context. Only blocks in use are changed, and of them only the counts.
    #[cfg(target_arch = "wasm32")]
    unsafe {
        emu_seal(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()));
    }
    // Elsewhere QuickJS is compiled as it is, for tests.
    #[cfg(not(target_arch = "wasm32"))]
    let _: *mut qjs::JSContext = ctx.as_raw().as_ptr();
}
