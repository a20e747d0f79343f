//! Exceptions on their way through nested code, which throws and catches them through the engine.
//!
//! Nested code looks at a mark behind the slots after each call. Which tag an exception has is known to the runtime.
//!
//! Invariant: the mark is set exactly while there is an exception that nobody has caught.

use super::calls::{returned, to_bits, to_js};
use super::{CONTEXT, NULL_HANDLE, keep, share, with};
use crate::engine;
use emu_abi::{WASM_PENDING_SLOT, WasmExceptionOp, WasmSignature};
use rquickjs::{Array, Ctx, Function, Result, Value, qjs};
use std::ptr::NonNull;
use std::rc::Rc;

/// Whether an exception is on its way.
pub(super) fn is_pending() -> bool {
    with(|state| state.thrown.is_some())
}

/// Sends an exception on its way; its reference is taken.
pub(super) fn raise(context: *mut qjs::JSContext, thrown: qjs::JSValue) {
    let before = with(|state| {
        if let Some(mark) = state.slots.get_mut(WASM_PENDING_SLOT) {
            *mark = 1;
        }
        state.thrown.replace(thrown)
    });
    if let Some(before) = before {
        // SAFETY: the reference was the state's.
        unsafe { qjs::JS_FreeValue(context, before) };
    }
}

/// The exception that is on its way, which it is no longer; its reference is the caller's.
pub(super) fn take() -> Option<qjs::JSValue> {
    with(|state| {
        if let Some(mark) = state.slots.get_mut(WASM_PENDING_SLOT) {
            *mark = 0;
        }
        state.thrown.take()
    })
}

/// Throws and catches for nested code (`WasmExceptionOp`).
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn emu_nested_exception(instance: u32, op: u32, what: u32, slots: *mut u64) -> i32 {
    let Some(context) = NonNull::new(CONTEXT.get()) else { return 0 };
    // SAFETY: nested code runs inside a call of this context's JavaScript.
    let ctx = unsafe { Ctx::from_raw(context) };
    let tag_of = |tag: u32| {
        with(|state| {
            let (tag, payload) = &state.instances[instance as usize].tags[tag as usize];
            (share(&ctx, *tag), Rc::clone(payload))
        })
    };
    let done = match op {
        op if op == WasmExceptionOp::Throw as u32 => {
            let (tag, payload) = tag_of(what);
            throw(&ctx, tag, &payload, slots)
        }
        op if op == WasmExceptionOp::Catch as u32 => {
            let (tag, payload) = tag_of(what);
            caught(&ctx, tag, &payload, slots)
        }
        op if op == WasmExceptionOp::CatchAll as u32 => {
            caught(&ctx, Value::new_undefined(ctx.clone()), &WasmSignature::default(), slots)
        }
        _ => return rethrow(context.as_ptr(), what),
    };
    done.unwrap_or_else(|_| {
        // What the runtime throws at this, a stack overflow for one, goes on its way instead.
        // SAFETY: takes the pending exception, which is ours from then on.
        raise(context.as_ptr(), unsafe { qjs::JS_GetException(context.as_ptr()) });
        0
    })
}

fn throw<'js>(ctx: &Ctx<'js>, tag: Value<'js>, payload: &WasmSignature, slots: *mut u64) -> Result<i32> {
    let values = Array::new(ctx.clone())?;
    for (at, ty) in payload.params.iter().enumerate() {
        // SAFETY: nested code passes `WASM_SLOTS` slots, which no signature exceeds; nothing else uses them now.
        let bits = unsafe { *slots.add(at) };
        values.set(at, returned(ctx, with(|state| to_js(ctx, state, *ty, bits)))?)?;
    }
    let make: Function = engine::handlers(ctx)?.get("wasmException")?;
    let thrown: Value = make.call((tag, values))?;
    raise(ctx.as_raw().as_ptr(), keep(&thrown));
    Ok(0)
}

/// Catches the exception that is on its way if it has this tag, or any when there is none.
fn caught<'js>(ctx: &Ctx<'js>, tag: Value<'js>, payload: &WasmSignature, slots: *mut u64) -> Result<i32> {
    let Some(raw) = with(|state| state.thrown) else { return Ok(0) };
    let open: Function = engine::handlers(ctx)?.get("wasmCaught")?;
    let Some(values) = open.call::<_, Option<Vec<Value>>>((share(ctx, raw), tag))? else { return Ok(0) };
    for (at, (ty, value)) in payload.params.iter().zip(&values).enumerate() {
        let bits = to_bits(ctx, *ty, value.as_raw())?;
        // SAFETY: as in `throw`.
        unsafe { *slots.add(at) = bits };
    }
    let Some(raw) = take() else { return Ok(0) };
    Ok(with(|state| {
        // Not through `handle`: an exception is never null, even if the value that was thrown is.
        state.handles.push(raw);
        state.handles.len() as i32
    }))
}

fn rethrow(context: *mut qjs::JSContext, handle: u32) -> i32 {
    let found = match handle {
        NULL_HANDLE => None,
        handle => with(|state| state.handles.get(handle as usize - 1).copied()),
    };
    let Some(raw) = found else { return -1 };
    // SAFETY: the handle keeps the value alive; the duplicate goes on its way.
    raise(context, unsafe { qjs::JS_DupValue(context, raw) });
    0
}
