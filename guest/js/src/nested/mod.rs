//! Nested WebAssembly: memories, tables and calls of the modules that a worker imports.
//!
//! A nested memory is an allocation of this guest. Nested code finds it through a description of two words, so it may
//! move when it grows; `ArrayBuffer`s show it in place and are detached then. Inside nested code a JavaScript value is the
//! number of a handle, which is gone when the call that made it returns.
//!
//! Invariant: the only folder that knows addresses of nested memories; nothing is borrowed while JavaScript runs.
#![allow(unsafe_code)]

mod calls;
mod exceptions;
mod stores;

pub use calls::{emu_nested_grow, emu_nested_import, emu_nested_table};
pub use exceptions::emu_nested_exception;

use crate::data::raw::Bytes;
use crate::engine;
use calls::{drop_handles, function_of, number_of, throw_trap, to_bits};
use emu_abi::{WASM_PENDING_SLOT, WasmExtern, WasmModule, WasmSignature, WasmType};
use rquickjs::{Array, Ctx, Exception, Function, Object, Result, Value, qjs};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr::null_mut;
use std::rc::Rc;
use stores::{
    cell_get, cell_of, cell_set, cells_new, memory_buffer, memory_grow, memory_new, references_get, references_grow,
    references_new, references_of, references_set, table_get, table_op, table_set,
};

/// The most elements of a table.
const MAX_ELEMENTS: usize = 1_000_000;
/// The reference that is null.
const NULL_HANDLE: u32 = 0;

mod import {
    #[cfg(target_arch = "wasm32")]
    #[link(wasm_import_module = "emu")]
    unsafe extern "C" {
        pub(super) fn nested_instantiate(module: u32, values: *const u64, count: usize) -> i32;
        pub(super) fn nested_call(instance: u32, function: u32, slots: *mut u64) -> u32;
        pub(super) fn nested_table(op: u32, table: u32, a: u32, b: u32, slots: *mut u64) -> i32;
        pub(super) fn nested_validate(bytes: *const u8, len: usize) -> u32;
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) unsafe fn nested_instantiate(_module: u32, _values: *const u64, _count: usize) -> i32 {
        -1
    }
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) unsafe fn nested_call(_instance: u32, _function: u32, _slots: *mut u64) -> u32 {
        1
    }
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) unsafe fn nested_table(_op: u32, _table: u32, _a: u32, _b: u32, _slots: *mut u64) -> i32 {
        -1
    }
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) unsafe fn nested_validate(_bytes: *const u8, _len: usize) -> u32 {
        0
    }
}

/// A nested memory. The first two words of the description are what nested code reads.
struct Memory {
    /// Address and length in pages.
    description: *mut [u32; 2],
    capacity: usize,
    maximum: Option<u32>,
    /// The `ArrayBuffer` that shows it now, or undefined.
    buffer: qjs::JSValue,
}

struct Instance {
    /// The imported functions: what is called, and its type.
    imports: Vec<(qjs::JSValue, Rc<WasmSignature>)>,
    /// Its tags, and what their exceptions carry.
    tags: Vec<(qjs::JSValue, Rc<WasmSignature>)>,
    /// The number of each table of values, by its index in the module.
    references: HashMap<u32, usize>,
    cells: *mut u64,
    module: usize,
}

/// A function of a nested instance, as JavaScript has it.
struct Exported {
    instance: u32,
    index: u32,
    signature: Rc<WasmSignature>,
    value: qjs::JSValue,
}

struct Module {
    described: WasmModule,
    signatures: Vec<Rc<WasmSignature>>,
}

#[derive(Default)]
struct State {
    modules: Vec<Module>,
    memories: Vec<Memory>,
    instances: Vec<Instance>,
    functions: Vec<Exported>,
    /// Which function an instance's function is, and which a JavaScript function is.
    by_index: HashMap<(u32, u32), usize>,
    by_value: HashMap<u64, usize>,
    references: Vec<(Vec<qjs::JSValue>, usize)>,
    handles: Vec<qjs::JSValue>,
    /// What was thrown, on its way through nested code.
    thrown: Option<qjs::JSValue>,
    slots: Vec<u64>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
    static CONTEXT: Cell<*mut qjs::JSContext> = const { Cell::new(null_mut()) };
}

fn with<R>(run: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(run)
}

/// The value as the engine's raw one, with a reference of its own.
fn keep(value: &Value<'_>) -> qjs::JSValue {
    // SAFETY: context and value are live.
    unsafe { qjs::JS_DupValue(value.ctx().as_raw().as_ptr(), value.as_raw()) }
}

/// A value of its own from a raw one that somebody else keeps.
fn share<'js>(ctx: &Ctx<'js>, raw: qjs::JSValue) -> Value<'js> {
    // SAFETY: whoever keeps `raw` keeps it alive; the duplicate is ours and goes into the value.
    unsafe { Value::from_raw(ctx.clone(), qjs::JS_DupValue(ctx.as_raw().as_ptr(), raw)) }
}

/// Adds the natives to the object `host`.
pub(crate) fn register<'js>(host: &Object<'js>) -> Result<()> {
    CONTEXT.set(host.ctx().as_raw().as_ptr());
    let set = |name: &str, function: Result<Function<'js>>| host.set(name, function?.with_name(name)?);
    let ctx = host.ctx().clone();
    set("wasmMemoryNew", Function::new(ctx.clone(), memory_new))?;
    set("wasmMemoryBuffer", Function::new(ctx.clone(), memory_buffer))?;
    set("wasmMemoryGrow", Function::new(ctx.clone(), |number: usize, pages: u32| memory_grow(number, pages)))?;
    set("wasmCellNew", Function::new(ctx.clone(), || cells_new(1) as u32))?;
    set("wasmCellOf", Function::new(ctx.clone(), cell_of))?;
    set("wasmCellGet", Function::new(ctx.clone(), cell_get))?;
    set("wasmCellSet", Function::new(ctx.clone(), cell_set))?;
    set("wasmReferencesNew", Function::new(ctx.clone(), references_new))?;
    set("wasmReferencesOf", Function::new(ctx.clone(), references_of))?;
    set("wasmReferencesGet", Function::new(ctx.clone(), references_get))?;
    set("wasmReferencesSet", Function::new(ctx.clone(), references_set))?;
    set("wasmReferencesGrow", Function::new(ctx.clone(), references_grow))?;
    set("wasmReferencesSize", Function::new(ctx.clone(), |number: usize| with(|s| s.references[number].0.len())))?;
    set("wasmTable", Function::new(ctx.clone(), |op: u32, table: u32, a: u32, b: u32| table_op(op, table, a, b)))?;
    set("wasmTableGet", Function::new(ctx.clone(), table_get))?;
    set("wasmTableSet", Function::new(ctx.clone(), table_set))?;
    set("wasmFunction", Function::new(ctx.clone(), function_of))?;
    set("wasmIsFunction", Function::new(ctx.clone(), |value: Value<'js>| number_of(&value).is_some()))?;
    set("wasmValidate", Function::new(ctx.clone(), |bytes: Bytes<'js>| bytes.read(is_valid)))?;
    set("wasmInstantiate", Function::new(ctx.clone(), instantiate))
}

/// Whether bytes are a module that could be imported.
fn is_valid(bytes: &[u8]) -> bool {
    // SAFETY: the host reads `bytes` during the call.
    unsafe { import::nested_validate(bytes.as_ptr(), bytes.len()) != 0 }
}

const KINDS: [&str; 7] = ["i32", "i64", "f32", "f64", "v128", "anyfunc", "externref"];

fn kind_name(ty: WasmType) -> &'static str {
    KINDS[ty as usize]
}

fn type_of(kind: &str) -> WasmType {
    match kind {
        "i64" => WasmType::I64,
        "f32" => WasmType::F32,
        "f64" => WasmType::F64,
        "externref" => WasmType::Externref,
        _ => WasmType::I32,
    }
}

/// The `WebAssembly.Module` of a module that the host has compiled.
///
/// # Errors
/// What the runtime throws.
pub(crate) fn module<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let described: WasmModule =
        emu_abi::decode(bytes).map_err(|_| Exception::throw_internal(ctx, "a module's description is damaged"))?;
    let object = Object::new(ctx.clone())?;
    let imports = Array::new(ctx.clone())?;
    for (at, (module, name, what)) in described.imports.iter().enumerate() {
        let import = describe(ctx, name, what)?;
        import.set("module", module.as_str())?;
        imports.set(at, import)?;
    }
    let exports = Array::new(ctx.clone())?;
    for (at, (name, what)) in described.exports.iter().enumerate() {
        exports.set(at, describe(ctx, name, what)?)?;
    }
    object.set("imports", imports)?;
    object.set("tags", own_tags(ctx, &described)?)?;
    object.set("exports", exports)?;
    if let Some(memory) = described.memory {
        let limits = Object::new(ctx.clone())?;
        limits.set("minimum", memory.minimum)?;
        limits.set("maximum", memory.maximum)?;
        limits.set("imported", memory.imported)?;
        object.set("memory", limits)?;
    }
    let number = with(|state| {
        let signatures = described.signatures.iter().cloned().map(Rc::new).collect();
        state.modules.push(Module { described, signatures });
        state.modules.len() - 1
    });
    object.set("number", number)?;
    let make: Function = engine::handlers(ctx)?.get("wasmModule")?;
    make.call((object,))
}

fn describe<'js>(ctx: &Ctx<'js>, name: &str, what: &WasmExtern) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("name", name)?;
    match what {
        WasmExtern::Function { index, .. } => {
            object.set("kind", "function")?;
            object.set("index", *index)?;
        }
        WasmExtern::Memory => object.set("kind", "memory")?,
        WasmExtern::Table(table) => {
            object.set("kind", "table")?;
            object.set("index", table.index)?;
            object.set("type", kind_name(table.element))?;
            object.set("minimum", table.minimum)?;
            object.set("maximum", table.maximum)?;
        }
        WasmExtern::Global(global) => {
            object.set("kind", "global")?;
            object.set("index", global.index)?;
            object.set("type", kind_name(global.ty))?;
            object.set("mutable", global.mutable)?;
        }
        WasmExtern::Tag { index } => {
            object.set("kind", "tag")?;
            object.set("index", *index)?;
        }
    }
    Ok(object)
}

/// What the exceptions of each tag carry that the module defines.
fn own_tags<'js>(ctx: &Ctx<'js>, described: &WasmModule) -> Result<Array<'js>> {
    let is_tag = |what: &WasmExtern| matches!(what, WasmExtern::Tag { .. });
    let imported = described.imports.iter().filter(|(_, _, what)| is_tag(what)).count();
    let tags = Array::new(ctx.clone())?;
    for (at, ty) in described.tags.iter().skip(imported).enumerate() {
        let types: Vec<_> = described.signatures[*ty as usize].params.iter().map(|ty| kind_name(*ty)).collect();
        tags.set(at, types)?;
    }
    Ok(tags)
}

/// Makes an instance. `given` are the imported functions, then all tags. `globals` are pairs of an address or value and its type; a type of `"address"` is the address of
/// a cell. `references` are pairs of index and number.
fn instantiate<'js>(
    ctx: Ctx<'js>,
    module: usize,
    given: Vec<Value<'js>>,
    memory: Option<usize>,
    globals: Vec<Value<'js>>,
    tables: Vec<u32>,
    references: Vec<u32>,
) -> Result<usize> {
    let mut values = Vec::with_capacity(4 + globals.len() / 2 + tables.len());
    let mut constants = Vec::with_capacity(globals.len() / 2);
    for pair in globals.chunks_exact(2) {
        let kind: String = pair[1].get()?;
        let kind = if kind == "address" { WasmType::I32 } else { type_of(&kind) };
        constants.push(to_bits(&ctx, kind, pair[0].as_raw())?);
    }
    let number = with(|state| {
        let Module { described, signatures } = &state.modules[module];
        let types = described.imports.iter().filter_map(|(_, _, what)| match what {
            WasmExtern::Function { ty, .. } => Some(Rc::clone(&signatures[*ty as usize])),
            _ => None,
        });
        let imports: Vec<_> = given.iter().map(keep).zip(types).collect();
        let payloads = described.tags.iter().map(|ty| Rc::clone(&signatures[*ty as usize]));
        let tags = given.iter().skip(imports.len()).map(keep).zip(payloads).collect();
        let mut by_index: HashMap<u32, usize> =
            references.chunks_exact(2).map(|pair| (pair[0], pair[1] as usize)).collect();
        for table in &described.reference_tables {
            let maximum = table.maximum.map_or(MAX_ELEMENTS, |maximum| maximum as usize).min(MAX_ELEMENTS);
            by_index.insert(table.index, state.references.len());
            state.references.push((vec![qjs::JS_NULL; (table.minimum as usize).min(maximum)], maximum));
        }
        let cells = cells_new(described.cells);
        if state.slots.is_empty() {
            state.slots = vec![0; WASM_PENDING_SLOT + 1];
        }
        let number = state.instances.len();
        let memory = memory.map_or(0, |memory| state.memories[memory].description as u32);
        values.extend([memory, state.slots.as_ptr() as u32, number as u32, cells as u32].map(u64::from));
        state.instances.push(Instance { imports, tags, references: by_index, cells, module });
        number
    });
    values.extend(constants);
    values.extend(tables.into_iter().map(u64::from));
    let height = with(|state| state.handles.len());
    let host_number = with(|state| state.modules[module].described.number);
    // SAFETY: the host reads `values` during the call.
    let made = unsafe { import::nested_instantiate(host_number, values.as_ptr(), values.len()) };
    drop_handles(&ctx, height);
    if made < 0 || exceptions::is_pending() {
        return Err(throw_trap(&ctx, made.min(0).unsigned_abs()));
    }
    Ok(number)
}
