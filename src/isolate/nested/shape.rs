//! What a nested module imports, defines and exports, and where the rewritten module has it.
//!
//! Invariant: reads sections that a validator has accepted; judges what emu cannot host.

use emu_abi::{WasmExtern, WasmGlobal, WasmMemory, WasmModule, WasmSignature, WasmTable, WasmType};
use std::collections::BTreeSet;
use wasmparser::{ElementItems, ElementKind, ExternalKind, FuncType, Operator, Parser, Payload, TypeRef, ValType};

/// Why a module cannot be hosted, as a `CompileError` says it.
pub(super) type Refusal = String;

/// A global of the module as written.
#[derive(Clone, Copy)]
pub(super) struct Global {
    pub(super) ty: WasmType,
    pub(super) mutable: bool,
}

/// A table of the module as written.
pub(super) struct Table {
    pub(super) described: WasmTable,
    pub(super) imported: bool,
}

/// A module as written.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) types: Vec<FuncType>,
    /// The type of each function, the imported ones first.
    pub(super) functions: Vec<u32>,
    pub(super) imported_functions: u32,
    pub(super) globals: Vec<Global>,
    pub(super) imported_globals: u32,
    pub(super) tables: Vec<Table>,
    pub(super) memory: Option<WasmMemory>,
    pub(super) imports: Vec<(String, String, WasmExtern)>,
    pub(super) exports: Vec<(String, WasmExtern)>,
    pub(super) start: Option<u32>,
    /// Whether each element segment holds functions (others hold nothing but null).
    pub(super) function_segments: Vec<bool>,
    /// Functions that can be reached from outside of their module: exported ones and those in tables.
    pub(super) reachable: BTreeSet<u32>,
    /// What the segments put into each table of functions, as far as it is constant; by index of the table.
    pub(super) initial: Vec<Vec<Option<u32>>>,
    pub(super) data_segments: u32,
    /// The type of each tag, the imported ones first.
    pub(super) tags: Vec<u32>,
}

impl Shape {
    /// Reads `bytes`, which are valid.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut shape = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            shape.read(payload.map_err(text)?)?;
        }
        let referenced = shape.globals.iter().skip(shape.imported_globals as usize);
        if referenced.clone().any(|global| global.mutable && is_reference(global.ty)) {
            return Err("mutable globals of reference types are not supported".into());
        }
        Ok(shape)
    }

    fn read(&mut self, payload: Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(ty.map_err(text)?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import.map_err(text)?)?;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty.map_err(text)?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.table(table.map_err(text)?.ty, false)?;
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory(memory.map_err(text)?, false)?;
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.map_err(text)?;
                    self.globals.push(Global { ty: value_type(global.ty.content_type)?, mutable: global.ty.mutable });
                    self.reach(&global.init_expr)?;
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tag(tag.map_err(text)?)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(export.map_err(text)?)?;
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    self.element(element.map_err(text)?)?;
                }
            }
            Payload::DataSection(section) => self.data_segments = section.count(),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: wasmparser::Import<'_>) -> Result<(), Refusal> {
        let what = match import.ty {
            TypeRef::Func(ty) => {
                self.functions.push(ty);
                self.imported_functions += 1;
                self.function(self.imported_functions - 1)?
            }
            TypeRef::Table(ty) => {
                self.table(ty, true)?;
                WasmExtern::Table(self.tables[self.tables.len() - 1].described.clone())
            }
            TypeRef::Memory(ty) => {
                self.memory(ty, true)?;
                WasmExtern::Memory
            }
            TypeRef::Global(ty) => {
                let global = Global { ty: value_type(ty.content_type)?, mutable: ty.mutable };
                if is_reference(global.ty) || global.ty == WasmType::V128 {
                    return Err("imported globals of reference types are not supported".into());
                }
                self.globals.push(global);
                self.imported_globals += 1;
                self.global(self.imported_globals - 1)
            }
            TypeRef::Tag(ty) => {
                self.tag(ty)?;
                WasmExtern::Tag { index: self.tags.len() as u32 - 1 }
            }
            _ => return Err(format!("the import `{}` is of a kind that is not supported", import.name)),
        };
        self.imports.push((import.module.to_owned(), import.name.to_owned(), what));
        Ok(())
    }

    fn export(&mut self, export: wasmparser::Export<'_>) -> Result<(), Refusal> {
        let what = match export.kind {
            ExternalKind::Func => {
                self.reachable.insert(export.index);
                self.function(export.index)?
            }
            ExternalKind::Table => WasmExtern::Table(self.tables[export.index as usize].described.clone()),
            ExternalKind::Memory => WasmExtern::Memory,
            ExternalKind::Global => self.global(export.index),
            ExternalKind::Tag => WasmExtern::Tag { index: export.index },
            _ => return Err(format!("the export `{}` is of a kind that is not supported", export.name)),
        };
        self.exports.push((export.name.to_owned(), what));
        Ok(())
    }

    fn function(&self, index: u32) -> Result<WasmExtern, Refusal> {
        signature(self.type_of(index))?;
        Ok(WasmExtern::Function { index, ty: self.functions[index as usize] })
    }

    /// The type of a function by its index.
    pub(super) fn type_of(&self, function: u32) -> &FuncType {
        &self.types[self.functions[function as usize] as usize]
    }

    fn global(&self, index: u32) -> WasmExtern {
        let Global { ty, mutable } = self.globals[index as usize];
        WasmExtern::Global(WasmGlobal { index, ty, mutable })
    }

    fn table(&mut self, ty: wasmparser::TableType, imported: bool) -> Result<(), Refusal> {
        let described = WasmTable {
            index: self.tables.len() as u32,
            element: value_type(ValType::Ref(ty.element_type))?,
            minimum: u32::try_from(ty.initial).map_err(|_| "a table is too large")?,
            maximum: ty.maximum.map(|maximum| u32::try_from(maximum).unwrap_or(u32::MAX)),
        };
        self.tables.push(Table { described, imported });
        self.initial.push(Vec::new());
        Ok(())
    }

    fn memory(&mut self, ty: wasmparser::MemoryType, imported: bool) -> Result<(), Refusal> {
        let pages = |pages: u64| u32::try_from(pages).map_err(|_| "the memory is too large");
        let maximum = ty.maximum.map(pages).transpose()?;
        self.memory = Some(WasmMemory { minimum: pages(ty.initial)?, maximum, imported });
        Ok(())
    }

    fn tag(&mut self, ty: wasmparser::TagType) -> Result<(), Refusal> {
        let payload = signature(&self.types[ty.func_type_idx as usize])?;
        if payload.params.iter().any(|ty| matches!(ty, WasmType::V128 | WasmType::Funcref)) {
            return Err("tags with vectors or functions are not supported".into());
        }
        self.tags.push(ty.func_type_idx);
        Ok(())
    }

    /// Notes the functions that a constant expression refers to.
    fn reach(&mut self, expression: &wasmparser::ConstExpr<'_>) -> Result<Option<u32>, Refusal> {
        let mut found = None;
        for operator in expression.get_operators_reader() {
            if let Operator::RefFunc { function_index } = operator.map_err(text)? {
                self.reachable.insert(function_index);
                found = Some(function_index);
            }
        }
        Ok(found)
    }

    fn element(&mut self, element: wasmparser::Element<'_>) -> Result<(), Refusal> {
        let mut items = Vec::new();
        let mut of_functions = true;
        match element.items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    let function = function.map_err(text)?;
                    self.reachable.insert(function);
                    items.push(Some(function));
                }
            }
            ElementItems::Expressions(ty, expressions) => {
                of_functions = value_type(ValType::Ref(ty))? == WasmType::Funcref;
                for expression in expressions {
                    items.push(self.reach(&expression.map_err(text)?)?);
                }
            }
        }
        self.function_segments.push(of_functions);
        if let ElementKind::Active { table_index, offset_expr } = element.kind
            && let Some(offset) = constant(&offset_expr)
        {
            let index = table_index.unwrap_or(0) as usize;
            let minimum = self.tables[index].described.minimum as usize;
            let initial = &mut self.initial[index];
            let end = (offset as usize).saturating_add(items.len());
            if end <= minimum && of_functions {
                initial.resize(initial.len().max(end), None);
                initial[offset as usize..end].copy_from_slice(&items);
            }
        }
        Ok(())
    }

    /// The description for the engine.
    pub(super) fn describe(&self, number: u32) -> WasmModule {
        let references = |table: &&Table| table.described.element == WasmType::Externref && !table.imported;
        WasmModule {
            number,
            // Types that cannot be carried do not occur in functions: their sections were refused.
            signatures: self.types.iter().map(|ty| signature(ty).unwrap_or_default()).collect(),
            functions: self.reachable.iter().map(|index| (*index, self.functions[*index as usize])).collect(),
            imports: self.imports.clone(),
            exports: self.exports.clone(),
            memory: self.memory,
            cells: self.globals.len() as u32 - self.imported_globals,
            tags: self.tags.clone(),
            reference_tables: self.tables.iter().filter(references).map(|table| table.described.clone()).collect(),
        }
    }
}

fn signature(ty: &FuncType) -> Result<WasmSignature, Refusal> {
    let types = |types: &[ValType]| types.iter().map(|ty| value_type(*ty)).collect::<Result<Vec<_>, _>>();
    Ok(WasmSignature { params: types(ty.params())?, results: types(ty.results())? })
}

fn constant(expression: &wasmparser::ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}

pub(super) fn is_reference(ty: WasmType) -> bool {
    matches!(ty, WasmType::Funcref | WasmType::Externref)
}

/// The type of a value, if emu can carry it.
pub(super) fn value_type(ty: ValType) -> Result<WasmType, Refusal> {
    Ok(match ty {
        ValType::I32 => WasmType::I32,
        ValType::I64 => WasmType::I64,
        ValType::F32 => WasmType::F32,
        ValType::F64 => WasmType::F64,
        ValType::V128 => WasmType::V128,
        ValType::Ref(ty) if ty.is_func_ref() => WasmType::Funcref,
        ValType::Ref(ty) if ty.is_extern_ref() => WasmType::Externref,
        ValType::Ref(ty) => return Err(format!("the type `{ty}` is not supported")),
    })
}

/// What the parser says.
pub(super) fn text(error: wasmparser::BinaryReaderError) -> Refusal {
    format!("{} @+{}", error.message(), error.offset())
}
