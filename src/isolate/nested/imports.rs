//! What the engine calls to make and run nested instances.
//!
//! A trap of a nested module is an answer; a trap of the engine itself, even below a nested module, ends the isolate,
//! for nothing is known of the state it leaves.
//!
//! Invariant: numbers and addresses from the engine are hostile, as all of a guest's are.

use super::rewrite::is_valid;
use super::state::{function_of, identify, instantiate, make_table, note_engine, value_of};
use crate::isolate::death::Death;
use crate::isolate::guest::{Guest, Host, memory_of};
use emu_abi::{IMPORT_MODULE, NestedTableOp, WASM_SLOTS, WASM_TRAP_LINK, WASM_TRAP_STACK, WasmType};
use wasmtime::{Caller, Func, Linker, Ref, Trap, Val, WasmBacktrace};

/// The names of the imports.
pub(in crate::isolate) const NAMES: [&str; 4] =
    ["nested_instantiate", "nested_call", "nested_table", "nested_validate"];

/// The bytes of one argument or result.
const SLOT_BYTES: usize = 8;
/// The most slots that an instance's values may take: its imports.
const VALUES_MAX: u32 = 1_000_000;
/// The largest module that is looked at to say whether it is valid, in bytes: about a tenth of a second's work.
const VALIDATED_MAX: usize = 16 * 1024 * 1024;

/// Links the imports.
pub(in crate::isolate) fn link<H: Host>(linker: &mut Linker<Guest<H>>) -> wasmtime::Result<()> {
    linker.func_wrap(IMPORT_MODULE, NAMES[0], nested_instantiate::<H>)?;
    linker.func_wrap(IMPORT_MODULE, NAMES[1], nested_call::<H>)?;
    linker.func_wrap(IMPORT_MODULE, NAMES[2], nested_table::<H>)?;
    linker.func_wrap(IMPORT_MODULE, NAMES[3], nested_validate::<H>)?;
    Ok(())
}

fn nested_instantiate<H: Host>(
    mut caller: Caller<'_, Guest<H>>,
    module: u32,
    values: u32,
    count: u32,
) -> wasmtime::Result<i32> {
    if count > VALUES_MAX {
        return Err(Death::Abi("a nested instance has too many values".into()).into());
    }
    note_engine(&mut caller);
    let values = (0..count).map(|number| read_slot(&mut caller, values, number)).collect::<Result<Vec<_>, _>>()?;
    let (number, init) = match instantiate(&mut caller, module, &values) {
        Ok(made) => made,
        Err(error) => {
            let trap = trap_of(&caller, error);
            return Ok(-trap.unwrap_or(WASM_TRAP_LINK).cast_signed());
        }
    };
    match init.call(&mut caller, &[], &mut []) {
        Ok(()) => Ok(number.cast_signed()),
        Err(error) => trap_of(&caller, error).map(|trap| -trap.cast_signed()),
    }
}

fn nested_call<H: Host>(
    mut caller: Caller<'_, Guest<H>>,
    instance: u32,
    function: u32,
    slots: u32,
) -> wasmtime::Result<u32> {
    let function = function_of(&mut caller, instance, function).map_err(|error| Death::Abi(error.to_string()))?;
    let ty = function.ty(&caller);
    if ty.params().len().max(ty.results().len()) > WASM_SLOTS {
        return Err(Death::Abi("a nested function has too many parameters".into()).into());
    }
    let mut params = Vec::with_capacity(ty.params().len());
    for (number, ty) in (0..).zip(ty.params()) {
        let bits = read_slot(&mut caller, slots, number)?;
        params.push(match ty {
            wasmtime::ValType::Ref(_) => Val::FuncRef(None),
            wasmtime::ValType::V128 => return Ok(1),
            ty => value_of(wasm_type(&ty), bits),
        });
    }
    let mut results = vec![Val::I32(0); ty.results().len()];
    if let Err(error) = function.call(&mut caller, &params, &mut results) {
        return trap_of(&caller, error);
    }
    for (number, result) in (0..).zip(&results) {
        let bits = match result {
            Val::I32(value) => u64::from(value.cast_unsigned()),
            Val::I64(value) => value.cast_unsigned(),
            Val::F32(bits) => u64::from(*bits),
            Val::F64(bits) => *bits,
            _ => 0,
        };
        write_slot(&mut caller, slots, number, bits)?;
    }
    Ok(0)
}

fn wasm_type(ty: &wasmtime::ValType) -> WasmType {
    match ty {
        wasmtime::ValType::I64 => WasmType::I64,
        wasmtime::ValType::F32 => WasmType::F32,
        wasmtime::ValType::F64 => WasmType::F64,
        _ => WasmType::I32,
    }
}

fn nested_table<H: Host>(
    mut caller: Caller<'_, Guest<H>>,
    op: u32,
    table: u32,
    a: u32,
    b: u32,
    slots: u32,
) -> wasmtime::Result<i32> {
    if op == NestedTableOp::New as u32 {
        let maximum = (b != u32::MAX).then_some(b);
        return Ok(make_table(&mut caller, a, maximum).map_or(-1, u32::cast_signed));
    }
    if op == NestedTableOp::Exported as u32 {
        return Ok(caller.data().nested.table_of(table, a).map_or(-1, u32::cast_signed));
    }
    let Some(table) = caller.data().nested.table(table) else {
        return Err(Death::Abi(format!("there is no nested table {table}")).into());
    };
    let index = u64::from(a);
    match op {
        op if op == NestedTableOp::Size as u32 => Ok(table.size(&caller) as i32),
        op if op == NestedTableOp::Grow as u32 => {
            Ok(table.grow(&mut caller, index, Ref::Func(None)).map_or(-1, |before| before as i32))
        }
        op if op == NestedTableOp::Get as u32 => match table.get(&mut caller, index) {
            None => Ok(-1),
            Some(Ref::Func(Some(function))) => named(&mut caller, &function, slots),
            Some(_) => Ok(0),
        },
        op if op == NestedTableOp::Set as u32 => {
            let entry = match b {
                0 => None,
                _ => {
                    let (instance, function) = (read_slot(&mut caller, slots, 0)?, read_slot(&mut caller, slots, 1)?);
                    let function = function_of(&mut caller, instance as u32, function as u32);
                    Some(function.map_err(|error| Death::Abi(error.to_string()))?)
                }
            };
            Ok(table.set(&mut caller, index, Ref::Func(entry)).map_or(-1, |()| 0))
        }
        op => Err(Death::Abi(format!("there is no operation {op} on tables")).into()),
    }
}

/// Puts a function's instance and index into two slots.
fn named<H: Host>(caller: &mut Caller<'_, Guest<H>>, function: &Func, slots: u32) -> wasmtime::Result<i32> {
    let Some((instance, index)) = identify(caller, function) else {
        return Err(Death::Abi("a nested table holds a function of nobody".into()).into());
    };
    write_slot(caller, slots, 0, u64::from(instance))?;
    write_slot(caller, slots, 1, u64::from(index))?;
    Ok(1)
}

/// Whether bytes are a module that could be imported; one that is too large is none.
fn nested_validate<H: Host>(mut caller: Caller<'_, Guest<H>>, start: u32, len: u32) -> wasmtime::Result<u32> {
    let memory = memory_of(&mut caller)?;
    let (start, len) = (start as usize, len as usize);
    let bytes = memory.data(&caller).get(start..start + len);
    let bytes = bytes.ok_or_else(|| Death::Abi("a module to validate lies outside its memory".into()))?;
    Ok(u32::from(len <= VALIDATED_MAX && is_valid(bytes)))
}

fn slot_range(slots: u32, number: u32) -> std::ops::Range<usize> {
    let start = slots as usize + number as usize * SLOT_BYTES;
    start..start + SLOT_BYTES
}

fn read_slot<H: Host>(caller: &mut Caller<'_, Guest<H>>, slots: u32, number: u32) -> Result<u64, Death> {
    let memory = memory_of(caller)?;
    let bytes = memory.data(&*caller).get(slot_range(slots, number)).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_le_bytes).ok_or_else(|| Death::Abi("a slot lies outside its memory".into()))
}

fn write_slot<H: Host>(caller: &mut Caller<'_, Guest<H>>, slots: u32, number: u32, bits: u64) -> Result<(), Death> {
    let memory = memory_of(caller)?;
    let target = memory.data_mut(&mut *caller).get_mut(slot_range(slots, number));
    let target = target.ok_or_else(|| Death::Abi("a slot lies outside its memory".into()))?;
    target.copy_from_slice(&bits.to_le_bytes());
    Ok(())
}

/// The trap of a nested module as its code.
///
/// # Errors
/// Everything else that ends a call: the isolate must end of it.
fn trap_of<H: Host>(caller: &Caller<'_, Guest<H>>, error: wasmtime::Error) -> wasmtime::Result<u32> {
    let guest = caller.data();
    if error.is::<Death>() || guest.limiter.exceeded {
        return Err(error);
    }
    let Some(trap) = error.downcast_ref::<Trap>() else { return Err(error) };
    let top = error.downcast_ref::<WasmBacktrace>().and_then(|backtrace| backtrace.frames().first());
    // Without a frame the trap happened before any code ran: while an instance was made.
    if top.is_some_and(|frame| !guest.nested.is_nested(frame.module())) {
        return Err(error);
    }
    Ok(match trap {
        Trap::UnreachableCodeReached => 1,
        Trap::MemoryOutOfBounds | Trap::HeapMisaligned => 2,
        Trap::IntegerDivisionByZero => 3,
        Trap::IntegerOverflow => 4,
        Trap::BadConversionToInteger => 5,
        Trap::TableOutOfBounds => 6,
        Trap::IndirectCallToNull | Trap::BadSignature => 7,
        Trap::NullReference => 8,
        Trap::StackOverflow => WASM_TRAP_STACK,
        _ => return Err(error),
    })
}
