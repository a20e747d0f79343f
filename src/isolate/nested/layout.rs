//! Where things of a nested module are in its rewritten form.
//!
//! Functions: four of the engine's, then a thunk for each imported one, then the module's own, then the initialiser.
//! Globals: four numbers of the instance, then the imported ones, then the constant ones that the module defines; what
//! changes lives in cells in the engine's memory. Tables: those of functions; others are the engine's.
//!
//! Invariant: numbers only.

use super::shape::Shape;
use emu_abi::WasmType;
use wasm_encoder::reencode::{Error, Reencode};

/// Indices in the rewritten module.
pub(super) struct Layout {
    /// The rewritten index of each global; of no meaning for those in cells.
    globals: Vec<u32>,
    imported_globals: u32,
    /// The rewritten index of each table of functions.
    tables: Vec<Option<u32>>,
    /// The rewritten index of each element segment of functions.
    segments: Vec<u32>,
    pub(super) uses_simd: bool,
    /// Whether a call may leave an exception on its way.
    pub(super) exceptions: bool,
}

impl Layout {
    /// The function that calls an imported one.
    pub(super) const IMPORT: u32 = 0;
    /// The function that grows a memory.
    pub(super) const GROW: u32 = 1;
    /// The function that works on the engine's tables.
    pub(super) const TABLE: u32 = 2;
    /// The function that throws and catches.
    pub(super) const EXCEPTION: u32 = 3;
    /// How many functions of the engine there are.
    pub(super) const ENGINE_FUNCTIONS: u32 = 4;

    /// The global with the address of the memory's description.
    pub(super) const MEMORY: u32 = 0;
    /// The global with the address of the slots for arguments.
    pub(super) const SLOTS: u32 = 1;
    /// The global with the engine's number of the instance.
    pub(super) const INSTANCE: u32 = 2;
    /// The global with the address of the cells.
    pub(super) const CELLS: u32 = 3;
    /// How many globals the rewriting adds.
    pub(super) const OWN_GLOBALS: u32 = 4;

    pub(super) fn of(shape: &Shape, uses_simd: bool, exceptions: bool) -> Self {
        let imported_globals = shape.imported_globals;
        let mut next = Self::OWN_GLOBALS;
        let globals = (0..).zip(&shape.globals).map(|(index, global)| {
            let here = next;
            next += u32::from(index < imported_globals || !global.mutable);
            here
        });
        let globals = globals.collect();
        let mut next = 0;
        let tables = shape.tables.iter().map(|table| {
            let here = (table.described.element == WasmType::Funcref).then_some(next);
            next += u32::from(here.is_some());
            here
        });
        let tables = tables.collect();
        let mut next = 0;
        let segments = shape.function_segments.iter().map(|of_functions| {
            let here = next;
            next += u32::from(*of_functions);
            here
        });
        Self { globals, imported_globals, tables, segments: segments.collect(), uses_simd, exceptions }
    }

    /// The global with the address of a changing global's cell, and the cell's offset from there.
    pub(super) fn cell(&self, global: u32) -> (u32, u64) {
        match global.checked_sub(self.imported_globals) {
            Some(ordinal) => (Self::CELLS, super::body::cell_offset(ordinal)),
            None => (self.globals[global as usize], 0),
        }
    }
}

/// Translates what is only renumbered or retyped.
pub(super) struct Map<'a>(pub(super) &'a Layout);

impl Reencode for Map<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(function + Layout::ENGINE_FUNCTIONS)
    }

    fn global_index(&mut self, global: u32) -> Result<u32, Error> {
        Ok(self.0.globals[global as usize])
    }

    fn table_index(&mut self, table: u32) -> Result<u32, Error> {
        Ok(self.0.tables[table as usize].unwrap_or(0))
    }

    fn element_index(&mut self, element: u32) -> Result<u32, Error> {
        Ok(self.0.segments[element as usize])
    }

    fn val_type(&mut self, ty: wasmparser::ValType) -> Result<wasm_encoder::ValType, Error> {
        match ty {
            // Numbers of handles.
            wasmparser::ValType::Ref(ty) if ty.is_extern_ref() || ty == wasmparser::RefType::EXNREF => {
                Ok(wasm_encoder::ValType::I32)
            }
            ty => wasm_encoder::reencode::utils::val_type(self, ty),
        }
    }
}
