//! The nested instances and tables of one isolate, and what is noted of them when it is frozen.
//!
//! Invariant: instances and tables are numbered in the order in which the engine made them, in every isolate of an
//! image.

use super::NestedModule;
use super::rewrite::{INIT, function_name, table_name};
use crate::isolate::guest::{Guest, Host};
use emu_abi::WasmType;
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime::{
    AsContextMut, Extern, Func, Global, GlobalType, Instance, Mutability, Ref, RefType, Table, TableType, Val,
};

/// What instances may cost the host in one isolate, in bytes.
const INSTANCES_MAX_BYTES: usize = 64 * 1024 * 1024;
/// The exports of the engine that nested modules call, in the order of their imports.
const ENGINE_EXPORTS: [&str; 5] =
    ["memory", "emu_nested_import", "emu_nested_grow", "emu_nested_table", "emu_nested_exception"];
/// How many slots come before those of the imported globals.
const OWN_VALUES: usize = 4;

/// The nested part of one isolate.
#[derive(Default)]
pub(in crate::isolate) struct Nested {
    pub(super) modules: Arc<[NestedModule]>,
    instances: Vec<Option<NestedInstance>>,
    tables: Vec<Table>,
    made: Vec<Made>,
    /// Which function of which instance a reference is.
    names: HashMap<usize, (u32, u32)>,
    engine: Vec<Extern>,
    instance_bytes: usize,
}

struct NestedInstance {
    instance: Instance,
    module: usize,
    functions: HashMap<u32, Func>,
    /// The number of each of its tables, by index.
    tables: HashMap<u32, u32>,
    named: bool,
}

/// Something that was made, and how.
#[derive(Clone)]
enum Made {
    Instance {
        module: u32,
        values: Vec<u64>,
    },
    /// An instance that could not be made; only its number counts.
    Nothing,
    Table {
        minimum: u32,
        maximum: Option<u32>,
    },
}

/// A table's contents where they differ from what it had at first.
#[derive(Clone)]
struct Contents {
    size: u64,
    changed: Vec<(u64, Option<(u32, u32)>)>,
}

/// What is kept of the nested part when an isolate is frozen.
#[derive(Clone, Default)]
pub(in crate::isolate) struct Record {
    modules: Arc<[NestedModule]>,
    made: Vec<Made>,
    tables: Vec<Contents>,
}

impl Record {
    /// A record of modules without instances.
    pub(in crate::isolate) fn of_modules(modules: Arc<[NestedModule]>) -> Self {
        Self { modules, ..Self::default() }
    }

    /// Whether there is nothing to make again.
    pub(in crate::isolate) fn is_empty(&self) -> bool {
        self.modules.is_empty() && self.made.is_empty()
    }

    /// Makes everything again beside an engine that starts from its image.
    pub(in crate::isolate) fn restore<H: Host>(
        &self,
        engine: &Instance,
        mut store: impl AsContextMut<Data = Guest<H>>,
    ) -> wasmtime::Result<()> {
        let mut store = store.as_context_mut();
        store.data_mut().nested.modules = Arc::clone(&self.modules);
        if self.made.is_empty() {
            return Ok(());
        }
        let exports = ENGINE_EXPORTS.map(|name| engine.get_export(&mut store, name)).into_iter().flatten().collect();
        store.data_mut().nested.engine = exports;
        for made in &self.made {
            match made {
                Made::Instance { module, values } => {
                    make(&mut store, *module, values)?;
                }
                Made::Nothing => nothing(&mut store),
                Made::Table { minimum, maximum } => {
                    make_table(&mut store, *minimum, *maximum)?;
                }
            }
        }
        for (number, contents) in (0..).zip(&self.tables) {
            restore_table(&mut store, number, contents)?;
        }
        Ok(())
    }
}

/// Notes what has to be made again.
pub(in crate::isolate) fn record<H: Host>(mut store: impl AsContextMut<Data = Guest<H>>) -> wasmtime::Result<Record> {
    let mut store = store.as_context_mut();
    let (modules, made) = {
        let nested = &store.data().nested;
        (Arc::clone(&nested.modules), nested.made.clone())
    };
    let mut tables = Vec::new();
    for number in 0..store.data().nested.tables.len() {
        let table = store.data().nested.tables[number];
        let initial = initial(&store.data().nested, number as u32);
        let size = table.size(&store);
        let mut changed = Vec::new();
        for index in 0..size {
            let found = match table.get(&mut store, index) {
                Some(Ref::Func(Some(function))) => {
                    let found = identify(&mut store, &function);
                    Some(found.ok_or_else(|| wasmtime::Error::msg("a table holds a function of nobody"))?)
                }
                _ => None,
            };
            if initial.get(index as usize).copied().unwrap_or(None) != found {
                changed.push((index, found));
            }
        }
        tables.push(Contents { size, changed });
    }
    Ok(Record { modules, made, tables })
}

/// What a table holds after instantiation.
fn initial(nested: &Nested, table: u32) -> Vec<Option<(u32, u32)>> {
    for (number, instance) in (0..).zip(&nested.instances) {
        let Some(instance) = instance else { continue };
        for (index, initial) in &nested.modules[instance.module].tables {
            if instance.tables.get(index) == Some(&table) {
                return initial.iter().map(|function| function.map(|function| (number, function))).collect();
            }
        }
    }
    Vec::new()
}

fn restore_table<H: Host>(
    store: &mut impl AsContextMut<Data = Guest<H>>,
    number: u32,
    contents: &Contents,
) -> wasmtime::Result<()> {
    let mut store = store.as_context_mut();
    let table = store.data().nested.tables[number as usize];
    let grown = contents.size.saturating_sub(table.size(&store));
    if grown > 0 {
        table.grow(&mut store, grown, Ref::Func(None))?;
    }
    for (index, entry) in &contents.changed {
        let entry = match entry {
            Some((instance, function)) => Some(function_of(&mut store, *instance, *function)?),
            None => None,
        };
        table.set(&mut store, *index, Ref::Func(entry))?;
    }
    Ok(())
}

/// Keeps the engine's exports, found by the first instance that is made.
pub(super) fn note_engine<H: Host>(caller: &mut wasmtime::Caller<'_, Guest<H>>) {
    if caller.data().nested.engine.is_empty() {
        let exports = ENGINE_EXPORTS.map(|name| caller.get_export(name)).into_iter().flatten().collect();
        caller.data_mut().nested.engine = exports;
    }
}

fn nothing<H: Host>(store: &mut impl AsContextMut<Data = Guest<H>>) {
    let mut store = store.as_context_mut();
    let nested = &mut store.data_mut().nested;
    nested.instances.push(None);
    nested.made.push(Made::Nothing);
}

/// Makes an instance; on failure its number is taken all the same.
pub(super) fn instantiate<H: Host>(
    store: &mut impl AsContextMut<Data = Guest<H>>,
    module: u32,
    values: &[u64],
) -> wasmtime::Result<(u32, Func)> {
    let made = make(store, module, values);
    if made.is_err() {
        nothing(store);
    }
    made
}

fn make<H: Host>(
    store: &mut impl AsContextMut<Data = Guest<H>>,
    module: u32,
    values: &[u64],
) -> wasmtime::Result<(u32, Func)> {
    let mut store = store.as_context_mut();
    let nested = &mut store.data_mut().nested;
    let modules = Arc::clone(&nested.modules);
    let compiled =
        modules.get(module as usize).ok_or_else(|| wasmtime::Error::msg(format!("there is no module {module}")))?;
    nested.instance_bytes += compiled.instance_bytes;
    if nested.instance_bytes > INSTANCES_MAX_BYTES {
        return Err(wasmtime::Error::msg("there are too many instances"));
    }
    let mut externs = nested.engine.clone();
    let (globals, tables) = values
        .split_at_checked(OWN_VALUES + compiled.global_types.len())
        .filter(|(_, tables)| tables.len() == compiled.imported_tables && externs.len() == ENGINE_EXPORTS.len())
        .ok_or_else(|| wasmtime::Error::msg("the instance's values do not fit"))?;
    let types = [WasmType::I32; OWN_VALUES].into_iter().chain(compiled.global_types.iter().copied());
    for (ty, bits) in types.zip(globals) {
        let value = value_of(ty, *bits);
        let ty = GlobalType::new(value_type(ty), Mutability::Const);
        externs.push(Global::new(&mut store, ty, value)?.into());
    }
    for number in tables {
        let table = store.data().nested.tables.get(*number as usize).copied();
        externs.push(table.ok_or_else(|| wasmtime::Error::msg("there is no such table"))?.into());
    }
    let instance = Instance::new(&mut store, &compiled.wasmtime, &externs)?;
    let init = instance.get_func(&mut store, INIT).ok_or_else(|| wasmtime::Error::msg("no initialiser"))?;
    let mut numbers = HashMap::new();
    for (index, _) in &compiled.tables {
        if let Some(table) = instance.get_table(&mut store, &table_name(*index)) {
            let tables = &mut store.data_mut().nested.tables;
            numbers.insert(*index, tables.len() as u32);
            tables.push(table);
        }
    }
    let nested = &mut store.data_mut().nested;
    nested.made.push(Made::Instance { module, values: values.to_vec() });
    nested.instances.push(Some(NestedInstance {
        instance,
        module: module as usize,
        functions: HashMap::new(),
        tables: numbers,
        named: false,
    }));
    Ok((nested.instances.len() as u32 - 1, init))
}

/// Makes a table of functions that belongs to no instance.
pub(super) fn make_table<H: Host>(
    store: &mut impl AsContextMut<Data = Guest<H>>,
    minimum: u32,
    maximum: Option<u32>,
) -> wasmtime::Result<u32> {
    let mut store = store.as_context_mut();
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, minimum, maximum), Ref::Func(None))?;
    let nested = &mut store.data_mut().nested;
    nested.made.push(Made::Table { minimum, maximum });
    nested.tables.push(table);
    Ok(nested.tables.len() as u32 - 1)
}

impl Nested {
    /// A table by its number.
    pub(super) fn table(&self, number: u32) -> Option<Table> {
        self.tables.get(number as usize).copied()
    }

    /// The number of a table that an instance defines.
    pub(super) fn table_of(&self, instance: u32, index: u32) -> Option<u32> {
        self.instances.get(instance as usize)?.as_ref()?.tables.get(&index).copied()
    }

    /// Whether code belongs to a nested module.
    pub(super) fn is_nested(&self, module: &wasmtime::Module) -> bool {
        self.modules.iter().any(|nested| wasmtime::Module::same(&nested.wasmtime, module))
    }
}

/// A function of an instance.
pub(super) fn function_of<H: Host>(
    store: &mut impl AsContextMut<Data = Guest<H>>,
    instance: u32,
    function: u32,
) -> wasmtime::Result<Func> {
    let mut store = store.as_context_mut();
    let missing = || wasmtime::Error::msg(format!("there is no function {function} of the nested instance {instance}"));
    let nested = &store.data().nested;
    let found = nested.instances.get(instance as usize).and_then(Option::as_ref).ok_or_else(missing)?;
    if let Some(function) = found.functions.get(&function) {
        return Ok(*function);
    }
    let instance_of = found.instance;
    let found = instance_of.get_func(&mut store, &function_name(function)).ok_or_else(missing)?;
    if let Some(Some(instance)) = store.data_mut().nested.instances.get_mut(instance as usize) {
        instance.functions.insert(function, found);
    }
    Ok(found)
}

/// Which function of which instance a reference is.
pub(super) fn identify<H: Host>(store: &mut impl AsContextMut<Data = Guest<H>>, function: &Func) -> Option<(u32, u32)> {
    let mut store = store.as_context_mut();
    let raw = function.to_raw(&mut store).addr();
    if let Some(name) = store.data().nested.names.get(&raw) {
        return Some(*name);
    }
    for number in 0..store.data().nested.instances.len() {
        let Some(instance) = &mut store.data_mut().nested.instances[number] else { continue };
        if std::mem::replace(&mut instance.named, true) {
            continue;
        }
        let (instance, module) = (instance.instance, instance.module);
        let modules = Arc::clone(&store.data().nested.modules);
        let names = modules[module].wasmtime.exports().map(|export| export.name());
        for (name, index) in names.filter_map(|name| Some((name, name.strip_prefix('f')?.parse::<u32>().ok()?))) {
            if let Some(function) = instance.get_func(&mut store, name) {
                let raw = function.to_raw(&mut store).addr();
                store.data_mut().nested.names.entry(raw).or_insert((number as u32, index));
            }
        }
    }
    store.data().nested.names.get(&raw).copied()
}

/// A value of a slot.
pub(super) fn value_of(ty: WasmType, bits: u64) -> Val {
    match ty {
        WasmType::I64 => Val::I64(bits.cast_signed()),
        WasmType::F32 => Val::F32(bits as u32),
        WasmType::F64 => Val::F64(bits),
        _ => Val::I32((bits as u32).cast_signed()),
    }
}

fn value_type(ty: WasmType) -> wasmtime::ValType {
    match ty {
        WasmType::I64 => wasmtime::ValType::I64,
        WasmType::F32 => wasmtime::ValType::F32,
        WasmType::F64 => wasmtime::ValType::F64,
        _ => wasmtime::ValType::I32,
    }
}
