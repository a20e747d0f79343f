//! Nested WebAssembly: modules that a JavaScript worker imports, run beside the engine in its store.
//!
//! A nested module is rewritten ([`rewrite`]) to live in the engine's own memory, so that JavaScript sees its bytes
//! without a copy. Everything of it that changes is there too, except its tables of functions: those are noted when the
//! engine is frozen and made again when an isolate starts ([`state`]).
//!
//! Reading order: [`shape`] (what a module has), [`layout`] (where it is after rewriting), [`body`] (rewriting one
//! function), [`access`], [`exceptions`], [`rewrite`], [`state`] (instances and tables of one
//! isolate), [`imports`] (what the engine calls).
//!
//! Invariant: a nested module can harm the memory of its own isolate and nothing else.

mod access;
mod body;
mod exceptions;
mod imports;
mod layout;
mod rewrite;
mod shape;
mod state;

pub(super) use imports::{NAMES, link};
pub(super) use state::{Nested, Record, record};

use super::engine::Engine;
use emu_abi::{Failure, Init, ModuleKind};
use std::borrow::Cow;
use std::sync::Arc;

/// A nested module, ready to be instantiated.
pub(super) struct NestedModule {
    wasmtime: wasmtime::Module,
    /// The types of the imported globals; an address where one can change.
    global_types: Vec<emu_abi::WasmType>,
    /// How many tables of functions it imports.
    imported_tables: usize,
    /// Its own tables of functions: their index, and what they hold at first.
    tables: Vec<(u32, Vec<Option<u32>>)>,
    /// What an instance costs the host, roughly, in bytes.
    instance_bytes: usize,
}

/// Compiles the WebAssembly modules of a worker, and replaces them by their descriptions.
///
/// # Errors
/// The `CompileError` of a module that is not valid or not supported.
pub(super) fn compile<'a>(engine: &Engine, init: &'a Init) -> Result<(Cow<'a, Init>, Arc<[NestedModule]>), Failure> {
    if init.modules.iter().all(|module| module.kind != ModuleKind::Wasm) {
        return Ok((Cow::Borrowed(init), Arc::new([])));
    }
    let is_wasm = |module: &&emu_abi::Module| module.kind == ModuleKind::Wasm;
    let exceptions = init.modules.iter().filter(is_wasm).any(|module| rewrite::has_tags(&module.bytes.0));
    let mut init = init.clone();
    let mut compiled = Vec::new();
    for module in init.modules.iter_mut().filter(|module| module.kind == ModuleKind::Wasm) {
        let refused = |message: String| Failure {
            name: "CompileError".into(),
            message: format!("WebAssembly.Module(): {message} (`{}`)", module.name),
            ..Failure::default()
        };
        let (shape, rewritten) = rewrite::rewrite(&module.bytes.0, exceptions).map_err(refused)?;
        let wasmtime =
            wasmtime::Module::new(&engine.wasmtime, &rewritten).map_err(|error| refused(format!("{error:#}")))?;
        let description = shape.describe(compiled.len() as u32);
        compiled.push(NestedModule::of(wasmtime, &shape));
        module.bytes = emu_abi::encode(&description).into();
    }
    Ok((Cow::Owned(init), compiled.into()))
}

impl NestedModule {
    fn of(wasmtime: wasmtime::Module, shape: &shape::Shape) -> Self {
        let imported = &shape.globals[..shape.imported_globals as usize];
        let of_functions = |table: &&shape::Table| table.described.element == emu_abi::WasmType::Funcref;
        let tables = shape.tables.iter().filter(of_functions);
        Self {
            wasmtime,
            global_types: imported
                .iter()
                .map(|global| if global.mutable { emu_abi::WasmType::I32 } else { global.ty })
                .collect(),
            imported_tables: tables.clone().filter(|table| table.imported).count(),
            tables: tables
                .filter(|table| !table.imported)
                .map(|table| (table.described.index, shape.initial[table.described.index as usize].clone()))
                .collect(),
            instance_bytes: 1024 + 16 * shape.globals.len() + 48 * (shape.functions.len() + shape.reachable.len()),
        }
    }
}
