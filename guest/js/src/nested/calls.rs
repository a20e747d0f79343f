//! Calls into nested code and back, and the values that they carry.
//!
//! Invariant: nothing of the state is borrowed while JavaScript or nested code runs; what JavaScript throws reaches
//! JavaScript again.

use super::stores::{grow_references, memory_grow};
use super::{CONTEXT, Exported, NULL_HANDLE, State, exceptions, import, keep, share, with};
use crate::engine;
use emu_abi::{WASM_TRAP_LINK, WASM_TRAP_STACK, WASM_TRAPS, WasmSignature, WasmTableOp, WasmType};
use rquickjs::{Array, Ctx, Error, Exception, Function, Result, Value, qjs};
use std::ffi::c_int;
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

/// What a function is found again by. In wasm a value is one number, tag included.
#[cfg(target_arch = "wasm32")]
fn key(raw: qjs::JSValue) -> u64 {
    raw as u64
}

#[cfg(not(target_arch = "wasm32"))]
fn key(raw: qjs::JSValue) -> u64 {
    // SAFETY: reads the value's own bits.
    unsafe { qjs::JS_VALUE_GET_PTR(raw) as u64 }
}

pub(super) fn number_of(value: &Value<'_>) -> Option<usize> {
    let raw = value.as_raw();
    with(|state| state.by_value.get(&key(raw)).copied())
}

/// The JavaScript function for a function of an instance: always the same one.
pub(super) fn function_of<'js>(ctx: Ctx<'js>, instance: u32, index: u32) -> Result<Value<'js>> {
    if let Some(raw) = with(|state| state.by_index.get(&(instance, index)).map(|at| state.functions[*at].value)) {
        return Ok(share(&ctx, raw));
    }
    let found = with(|state| {
        let module = &state.modules[state.instances[instance as usize].module];
        let at = module.described.functions.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        let signature = Rc::clone(&module.signatures[module.described.functions[at].1 as usize]);
        Some((state.functions.len(), signature))
    });
    let (number, signature) = found.ok_or(Error::Unknown)?;
    // SAFETY: `exported` has the type that the engine wants; the magic number is all it needs.
    let value = unsafe {
        let params = signature.params.len() as c_int;
        let raw =
            qjs::JS_NewCFunctionData(ctx.as_raw().as_ptr(), Some(exported), params, number as c_int, 0, null_mut());
        Value::from_raw(ctx.clone(), raw)
    };
    if let Some(function) = value.as_function() {
        let name = rquickjs::object::Property::from(index.to_string()).configurable();
        function.as_object().ok_or(Error::Unknown)?.prop("name", name)?;
    }
    let raw = keep(&value);
    with(|state| {
        state.functions.push(Exported { instance, index, signature, value: raw });
        state.by_index.insert((instance, index), number);
        state.by_value.insert(key(raw), number);
    });
    Ok(value)
}

/// Calls a nested function.
unsafe extern "C" fn exported(
    context: *mut qjs::JSContext,
    _this: qjs::JSValue,
    argc: c_int,
    argv: *mut qjs::JSValue,
    magic: c_int,
    _data: *mut qjs::JSValue,
) -> qjs::JSValue {
    let Some(context) = NonNull::new(context) else { return qjs::JS_EXCEPTION };
    // SAFETY: the engine calls with the context that runs.
    let ctx = unsafe { Ctx::from_raw(context) };
    let args = match argc {
        0 => &[][..],
        // SAFETY: the engine passes `argc` values at `argv`.
        argc => unsafe { std::slice::from_raw_parts(argv, argc as usize) },
    };
    call(&ctx, magic as usize, args).unwrap_or(qjs::JS_EXCEPTION)
}

pub(super) fn call(ctx: &Ctx<'_>, number: usize, args: &[qjs::JSValue]) -> Result<qjs::JSValue> {
    let (instance, index, signature, height) = with(|state| {
        let function = &state.functions[number];
        (function.instance, function.index, Rc::clone(&function.signature), state.handles.len())
    });
    let mut few = [0_u64; 8];
    let mut many = Vec::new();
    let needed = signature.params.len().max(signature.results.len());
    let slots = if needed <= few.len() {
        &mut few[..]
    } else {
        many.resize(needed, 0);
        &mut many[..]
    };
    for (at, ty) in signature.params.iter().enumerate() {
        let arg = args.get(at).copied().unwrap_or(qjs::JS_UNDEFINED);
        slots[at] = to_bits(ctx, *ty, arg).inspect_err(|_| drop_handles(ctx, height))?;
    }
    // SAFETY: the host reads the arguments and writes the results, both of which `slots` has room for.
    let trap = unsafe { import::nested_call(instance, index, slots.as_mut_ptr()) };
    let result = match trap {
        0 if !exceptions::is_pending() => results_of(ctx, &signature.results, slots),
        trap => Err(throw_trap(ctx, trap)),
    };
    drop_handles(ctx, height);
    result
}

pub(super) fn results_of(ctx: &Ctx<'_>, types: &[WasmType], slots: &[u64]) -> Result<qjs::JSValue> {
    let value = |at: usize, ty: WasmType| with(|state| to_js(ctx, state, ty, slots[at]));
    match types {
        [] => Ok(qjs::JS_UNDEFINED),
        [ty] => Ok(value(0, *ty)),
        types => {
            let results = Array::new(ctx.clone())?;
            for (at, ty) in types.iter().enumerate() {
                results.set(at, returned(ctx, value(at, *ty))?)?;
            }
            Ok(keep(results.as_value()))
        }
    }
}

/// Throws what stopped nested code: an exception, or a `RuntimeError`.
pub(super) fn throw_trap(ctx: &Ctx<'_>, trap: u32) -> Error {
    if let Some(thrown) = exceptions::take() {
        // SAFETY: the reference that `exceptions` kept becomes the pending exception's.
        unsafe { qjs::JS_Throw(ctx.as_raw().as_ptr(), thrown) };
        return Error::Exception;
    }
    let message = WASM_TRAPS.get(trap as usize).copied().unwrap_or_default();
    let kind = match trap {
        WASM_TRAP_STACK => "RangeError",
        WASM_TRAP_LINK => "LinkError",
        _ => "RuntimeError",
    };
    let made = engine::handlers(ctx).and_then(|handlers| {
        let make: Function = handlers.get("wasmError")?;
        make.call::<_, Value>((kind, message))
    });
    made.map_or_else(|error| error, |error| ctx.throw(error))
}

pub(super) fn drop_handles(ctx: &Ctx<'_>, height: usize) {
    loop {
        let Some(raw) = with(|state| if state.handles.len() > height { state.handles.pop() } else { None }) else {
            return;
        };
        // SAFETY: gives back the reference that the handle had.
        unsafe { qjs::JS_FreeValue(ctx.as_raw().as_ptr(), raw) };
    }
}

/// What an engine function returned.
pub(super) fn returned<'js>(ctx: &Ctx<'js>, raw: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: callers pass a value of their own, whose reference this takes.
    let value = unsafe { Value::from_raw(ctx.clone(), raw) };
    // SAFETY: reads the tag of a value.
    if unsafe { qjs::JS_IsException(raw) } { Err(Error::Exception) } else { Ok(value) }
}

/// A value of nested code as one of JavaScript's, with a reference of its own.
pub(super) fn to_js(ctx: &Ctx<'_>, state: &State, ty: WasmType, bits: u64) -> qjs::JSValue {
    let context = ctx.as_raw().as_ptr();
    match ty {
        WasmType::I32 => qjs::JS_NewFloat64(f64::from((bits as u32).cast_signed())),
        // SAFETY: the context is live.
        WasmType::I64 => unsafe { qjs::JS_NewBigInt64(context, bits.cast_signed()) },
        WasmType::F32 => qjs::JS_NewFloat64(f64::from(f32::from_bits(bits as u32))),
        WasmType::F64 => qjs::JS_NewFloat64(f64::from_bits(bits)),
        WasmType::Externref if bits as u32 != NULL_HANDLE => {
            let raw = state.handles.get(bits as u32 as usize - 1).copied().unwrap_or(qjs::JS_UNDEFINED);
            // SAFETY: the handle keeps the value alive.
            unsafe { qjs::JS_DupValue(context, raw) }
        }
        _ => qjs::JS_NULL,
    }
}

/// A value of JavaScript as nested code has it.
pub(super) fn to_bits(ctx: &Ctx<'_>, ty: WasmType, raw: qjs::JSValue) -> Result<u64> {
    let context = ctx.as_raw().as_ptr();
    let check = |status: c_int| if status < 0 { Err(Error::Exception) } else { Ok(()) };
    let (mut word, mut long, mut float) = (0, 0, 0.0);
    // SAFETY: context and value are live; the engine writes one number.
    unsafe {
        Ok(match ty {
            WasmType::I32 => {
                check(qjs::JS_ToInt32(context, &raw mut word, raw))?;
                u64::from(word.cast_unsigned())
            }
            WasmType::I64 => {
                check(qjs::JS_ToBigInt64(context, &raw mut long, raw))?;
                long.cast_unsigned()
            }
            WasmType::F32 => {
                check(qjs::JS_ToFloat64(context, &raw mut float, raw))?;
                u64::from((float as f32).to_bits())
            }
            WasmType::F64 => {
                check(qjs::JS_ToFloat64(context, &raw mut float, raw))?;
                float.to_bits()
            }
            WasmType::Externref => u64::from(handle(context, raw)),
            WasmType::V128 | WasmType::Funcref => {
                return Err(Exception::throw_type(ctx, "type incompatibility when transforming from/to JS"));
            }
        })
    }
}

/// A handle for a value, for as long as the call that runs.
pub(super) fn handle(context: *mut qjs::JSContext, raw: qjs::JSValue) -> u32 {
    // SAFETY: reads a tag; the handle gets a reference of its own.
    unsafe {
        if qjs::JS_IsNull(raw) {
            return NULL_HANDLE;
        }
        let kept = qjs::JS_DupValue(context, raw);
        with(|state| {
            state.handles.push(kept);
            state.handles.len() as u32
        })
    }
}

/// Calls an imported function; the result is not 0 when it threw.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn emu_nested_import(instance: u32, import: u32, slots: *mut u64) -> u32 {
    let Some(context) = NonNull::new(CONTEXT.get()) else { return 1 };
    // SAFETY: nested code runs inside a call of this context's JavaScript.
    let ctx = unsafe { Ctx::from_raw(context) };
    let (callee, signature) = with(|state| {
        let (callee, signature) = &state.instances[instance as usize].imports[import as usize];
        (*callee, Rc::clone(signature))
    });
    match call_import(&ctx, callee, &signature, slots) {
        Ok(()) => 0,
        Err(_) => {
            // SAFETY: takes the pending exception, which is ours from then on.
            let thrown = unsafe { qjs::JS_GetException(context.as_ptr()) };
            exceptions::raise(ctx.as_raw().as_ptr(), thrown);
            1
        }
    }
}

pub(super) fn call_import(
    ctx: &Ctx<'_>,
    callee: qjs::JSValue,
    signature: &WasmSignature,
    slots: *mut u64,
) -> Result<()> {
    let context = ctx.as_raw().as_ptr();
    // SAFETY: nested code passes `WASM_SLOTS` slots, which no signature exceeds; nothing else uses them now.
    let slot = |at: usize| unsafe { &mut *slots.add(at) };
    let mut args: Vec<qjs::JSValue> =
        with(|state| signature.params.iter().enumerate().map(|(at, ty)| to_js(ctx, state, *ty, *slot(at))).collect());
    // SAFETY: callee and arguments are live; the arguments are given back after the call.
    let result = unsafe {
        let result = qjs::JS_Call(context, callee, qjs::JS_UNDEFINED, args.len() as c_int, args.as_mut_ptr());
        for arg in args {
            qjs::JS_FreeValue(context, arg);
        }
        result
    };
    let result = returned(ctx, result)?;
    match signature.results.as_slice() {
        [] => {}
        [ty] => *slot(0) = to_bits(ctx, *ty, result.as_raw())?,
        types => {
            let all: Vec<Value<'_>> = result.get()?;
            let bits = types.iter().zip(&all).map(|(ty, value)| to_bits(ctx, *ty, value.as_raw()));
            for (at, bits) in bits.collect::<Result<Vec<_>>>()?.into_iter().enumerate() {
                *slot(at) = bits;
            }
        }
    }
    Ok(())
}

/// Grows a memory of which nested code knows the description.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn emu_nested_grow(memory: u32, delta: u32) -> i32 {
    let found = with(|state| state.memories.iter().position(|known| known.description as u32 == memory));
    found.map_or(-1, |number| memory_grow(number, delta))
}

/// Works on a table of JavaScript values; -1 is a trap, or that it cannot grow.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn emu_nested_table(instance: u32, table: u32, op: u32, a: u32, b: u32, c: u32) -> i32 {
    let context = CONTEXT.get();
    let number_of = |index: u32| with(|state| state.instances[instance as usize].references.get(&index).copied());
    let Some(number) = number_of(table) else { return -1 };
    let value_of = |handle: u32| {
        with(|state| match handle {
            NULL_HANDLE => qjs::JS_NULL,
            handle => state.handles.get(handle as usize - 1).copied().unwrap_or(qjs::JS_UNDEFINED),
        })
    };
    match op & 0xffff {
        op if op == WasmTableOp::Get as u32 => {
            let found = with(|state| state.references[number].0.get(a as usize).copied());
            found.map_or(-1, |raw| handle(context, raw).cast_signed())
        }
        op if op == WasmTableOp::Set as u32 => fill(context, number, a as usize, value_of(b), 1),
        op if op == WasmTableOp::Size as u32 => with(|state| state.references[number].0.len() as i32),
        op if op == WasmTableOp::Grow as u32 => grow_references(context, number, b as usize, value_of(a)),
        op if op == WasmTableOp::Fill as u32 => fill(context, number, a as usize, value_of(b), c as usize),
        _ => number_of(op >> 16).map_or(-1, |from| copy(context, (number, a as usize), (from, b as usize), c as usize)),
    }
}

pub(super) fn fill(
    context: *mut qjs::JSContext,
    number: usize,
    start: usize,
    value: qjs::JSValue,
    count: usize,
) -> i32 {
    let filled = with(|state| {
        let places = state.references[number].0.get_mut(start..start.saturating_add(count))?;
        // SAFETY: each place gets a reference of its own.
        let replace = |place| std::mem::replace(place, unsafe { qjs::JS_DupValue(context, value) });
        Some(places.iter_mut().map(replace).collect::<Vec<_>>())
    });
    let Some(before) = filled else { return -1 };
    for raw in before {
        // SAFETY: gives back the reference that the table had.
        unsafe { qjs::JS_FreeValue(context, raw) };
    }
    0
}

pub(super) fn copy(context: *mut qjs::JSContext, to: (usize, usize), from: (usize, usize), count: usize) -> i32 {
    let copied = with(|state| {
        let source = state.references[from.0].0.get(from.1..from.1.saturating_add(count))?.to_vec();
        let places = state.references[to.0].0.get_mut(to.1..to.1.saturating_add(count))?;
        // SAFETY: each place gets a reference of its own.
        let replace = |(place, raw)| std::mem::replace(place, unsafe { qjs::JS_DupValue(context, raw) });
        Some(places.iter_mut().zip(source).map(replace).collect::<Vec<_>>())
    });
    let Some(before) = copied else { return -1 };
    for raw in before {
        // SAFETY: gives back the reference that the table had.
        unsafe { qjs::JS_FreeValue(context, raw) };
    }
    0
}
