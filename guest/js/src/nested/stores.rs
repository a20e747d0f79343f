//! What nested code and JavaScript share: memories, cells of globals, tables.
//!
//! Invariant: addresses come from this file alone; whoever passes one got it here.

use super::calls::{function_of, number_of, returned, to_bits, to_js};
use super::{CONTEXT, MAX_ELEMENTS, Memory, import, keep, share, type_of, with};
use emu_abi::NestedTableOp;
use rquickjs::{Ctx, Exception, Result, Value, qjs};
use std::alloc::{Layout, alloc_zeroed, realloc};
use std::ffi::c_void;
use std::ptr::null_mut;

const PAGE_BYTES: usize = 64 * 1024;
/// Pages of an address space of 32 bits.
const MAX_PAGES: usize = 65536;
/// A memory that grows gets at most this much more than it asks for, so that it need not move each time.
const SPARE_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn layout(bytes: usize) -> Layout {
    // Of 8, so that the allocator can extend in place.
    Layout::from_size_align(bytes.max(8), 8).expect("a memory's size is below 4 GiB")
}

pub(super) fn memory_new(ctx: Ctx<'_>, minimum: u32, maximum: Option<u32>) -> Result<usize> {
    let bytes = minimum as usize * PAGE_BYTES;
    if minimum as usize >= MAX_PAGES / 2 {
        return Err(Exception::throw_range(&ctx, "WebAssembly.Memory(): could not allocate memory"));
    }
    // SAFETY: the layout is not empty.
    let base = unsafe { alloc_zeroed(layout(bytes)) };
    if base.is_null() {
        return Err(Exception::throw_range(&ctx, "WebAssembly.Memory(): could not allocate memory"));
    }
    let description = Box::into_raw(Box::new([base as u32, minimum]));
    let memory = Memory { description, capacity: bytes.max(8), maximum, buffer: qjs::JS_UNDEFINED };
    Ok(with(|state| {
        state.memories.push(memory);
        state.memories.len() - 1
    }))
}

impl Memory {
    fn described(&self) -> [u32; 2] {
        // SAFETY: made by `memory_new` from a box and never freed.
        unsafe { *self.description }
    }
}

/// The bytes behind an `ArrayBuffer` belong to the memory: there is nothing to free or to move.
unsafe extern "C" fn no_realloc(_: *mut qjs::JSRuntime, _: *mut c_void, _: *mut c_void, _: qjs::size_t) -> *mut c_void {
    null_mut()
}

pub(super) fn memory_buffer(ctx: Ctx<'_>, number: usize) -> Value<'_> {
    let raw = with(|state| {
        let memory = &mut state.memories[number];
        if unsafe { qjs::JS_IsUndefined(memory.buffer) } {
            let [base, pages] = memory.described();
            // SAFETY: the bytes stay where they are until `memory_grow`, which detaches the buffer first.
            memory.buffer = unsafe {
                qjs::JS_NewArrayBuffer(
                    ctx.as_raw().as_ptr(),
                    base as usize as *mut u8,
                    (pages as usize * PAGE_BYTES) as _,
                    0,
                    Some(no_realloc),
                    null_mut(),
                    false,
                )
            };
        }
        memory.buffer
    });
    share(&ctx, raw)
}

/// Grows a memory, and says how many pages it had; -1 when it cannot grow.
pub(super) fn memory_grow(number: usize, delta: u32) -> i32 {
    let detached = with(|state| {
        let memory = &mut state.memories[number];
        let [base, pages] = memory.described();
        let grown = pages as usize + delta as usize;
        if grown > memory.maximum.map_or(MAX_PAGES, |maximum| maximum as usize) || grown >= MAX_PAGES / 2 {
            return None;
        }
        let (before, bytes) = (pages as usize * PAGE_BYTES, grown * PAGE_BYTES);
        let mut base = base as usize as *mut u8;
        if bytes > memory.capacity {
            let capacity = bytes + (bytes / 4).min(SPARE_BYTES);
            // SAFETY: `base` was allocated with the layout of `capacity` bytes.
            base = unsafe { realloc(base, layout(memory.capacity), capacity) };
            if base.is_null() {
                return None;
            }
            memory.capacity = capacity;
        }
        // SAFETY: the allocation has at least `bytes` bytes; the description is live, as in `described`.
        unsafe {
            base.add(before).write_bytes(0, bytes - before);
            *memory.description = [base as u32, grown as u32];
        }
        Some((pages, std::mem::replace(&mut memory.buffer, qjs::JS_UNDEFINED)))
    });
    let Some((pages, buffer)) = detached else { return -1 };
    let context = CONTEXT.get();
    // SAFETY: the context lives as long as the guest; the reference that the memory had is given back.
    unsafe {
        qjs::JS_DetachArrayBuffer(context, buffer);
        qjs::JS_FreeValue(context, buffer);
    }
    pages.cast_signed()
}

pub(super) fn cells_new(count: u32) -> *mut u64 {
    Box::leak(vec![0_u64; count.max(1) as usize * 2].into_boxed_slice()).as_mut_ptr()
}

/// The address of the cell of a global that an instance defines.
pub(super) fn cell_of(instance: usize, ordinal: u32) -> u32 {
    with(|state| state.instances[instance].cells as u32 + ordinal * emu_abi::WASM_CELL_BYTES)
}

pub(super) fn cell_get<'js>(ctx: Ctx<'js>, address: u32, kind: String) -> Result<Value<'js>> {
    // SAFETY: the runtime passes on what `cells_new` made; cells are never freed.
    let bits = unsafe { (address as usize as *const u64).read() };
    let raw = with(|state| to_js(&ctx, state, type_of(&kind), bits));
    returned(&ctx, raw)
}

pub(super) fn cell_set<'js>(ctx: Ctx<'js>, address: u32, kind: String, value: Value<'js>) -> Result<()> {
    let bits = to_bits(&ctx, type_of(&kind), value.as_raw())?;
    // SAFETY: as in `cell_get`.
    unsafe { (address as usize as *mut u64).write(bits) };
    Ok(())
}

pub(super) fn references_new(minimum: usize, maximum: Option<usize>) -> usize {
    let maximum = maximum.unwrap_or(MAX_ELEMENTS).min(MAX_ELEMENTS);
    with(|state| {
        state.references.push((vec![qjs::JS_UNDEFINED; minimum.min(maximum)], maximum));
        state.references.len() - 1
    })
}

pub(super) fn references_of(instance: usize, index: u32) -> Option<usize> {
    with(|state| state.instances[instance].references.get(&index).copied())
}

pub(super) fn references_get<'js>(ctx: Ctx<'js>, number: usize, index: usize) -> Option<Value<'js>> {
    let raw = with(|state| state.references[number].0.get(index).copied());
    raw.map(|raw| share(&ctx, raw))
}

pub(super) fn references_set<'js>(number: usize, index: usize, value: Value<'js>) -> bool {
    let kept = keep(&value);
    let before = with(|state| state.references[number].0.get_mut(index).map(|place| std::mem::replace(place, kept)));
    let context = value.ctx().as_raw().as_ptr();
    // SAFETY: gives back the reference that the table had, or the one just made.
    unsafe { qjs::JS_FreeValue(context, before.unwrap_or(kept)) };
    before.is_some()
}

pub(super) fn references_grow<'js>(number: usize, delta: usize, value: Value<'js>) -> i32 {
    grow_references(value.ctx().as_raw().as_ptr(), number, delta, value.as_raw())
}

pub(super) fn grow_references(context: *mut qjs::JSContext, number: usize, delta: usize, value: qjs::JSValue) -> i32 {
    with(|state| {
        let (table, maximum) = &mut state.references[number];
        let before = table.len();
        if delta > maximum.saturating_sub(before) {
            return -1;
        }
        // SAFETY: each element has a reference of its own.
        table.extend((0..delta).map(|_| unsafe { qjs::JS_DupValue(context, value) }));
        before as i32
    })
}

pub(super) fn table_op(op: u32, table: u32, a: u32, b: u32) -> i32 {
    // SAFETY: these operations use no slots.
    unsafe { import::nested_table(op, table, a, b, null_mut()) }
}

pub(super) fn table_get<'js>(ctx: Ctx<'js>, table: u32, index: u32) -> Result<Value<'js>> {
    let mut slots = [0_u64; 2];
    // SAFETY: the host writes two slots during the call.
    match unsafe { import::nested_table(NestedTableOp::Get as u32, table, index, 0, slots.as_mut_ptr()) } {
        0 => Ok(Value::new_null(ctx)),
        1 => function_of(ctx, slots[0] as u32, slots[1] as u32),
        _ => Ok(Value::new_undefined(ctx)),
    }
}

pub(super) fn table_set<'js>(table: u32, index: u32, value: Value<'js>) -> bool {
    let mut slots = [0_u64; 2];
    let function = number_of(&value);
    if let Some(number) = function {
        slots = with(|state| {
            let function = &state.functions[number];
            [u64::from(function.instance), u64::from(function.index)]
        });
    }
    let given = u32::from(function.is_some());
    // SAFETY: the host reads two slots during the call.
    unsafe { import::nested_table(NestedTableOp::Set as u32, table, index, given, slots.as_mut_ptr()) == 0 }
}
