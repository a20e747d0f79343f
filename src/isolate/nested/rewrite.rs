//! Rewriting a nested module so that it lives in the engine's memory.
//!
//! Invariant: bytes in, bytes out; runs nothing.

use super::body::{self, cell_offset, load, said, store};
use super::layout::{Layout, Map};
use super::shape::{Refusal, Shape, text};
use emu_abi::WasmType;
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Encode, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction as I, MemoryType,
    Module, TableSection, TypeSection, ValType,
};
use wasmparser::{DataKind, FuncValidatorAllocations, Parser, Payload, ValidPayload, Validator, WasmFeatures};

/// The export that fills cells and memory, and runs the module's start function.
pub(super) const INIT: &str = "init";

/// Pages of a memory of 4 GiB are shifted by this to bytes.
const PAGE_SHIFT: i64 = 16;

/// The name under which a function of the module is exported.
pub(super) fn function_name(index: u32) -> String {
    format!("f{index}")
}

/// The name under which a table of the module is exported.
pub(super) fn table_name(index: u32) -> String {
    format!("t{index}")
}

fn features() -> WasmFeatures {
    let newer = WasmFeatures::TAIL_CALL | WasmFeatures::EXTENDED_CONST | WasmFeatures::EXCEPTIONS;
    WasmFeatures::WASM2 | WasmFeatures::RELAXED_SIMD | newer
}

/// Whether bytes are a module of the features that are supported.
pub(super) fn is_valid(bytes: &[u8]) -> bool {
    Validator::new_with_features(features()).validate_all(bytes).is_ok()
}

/// Whether a module has tags, and so may throw and catch. What is no module has none.
pub(super) fn has_tags(bytes: &[u8]) -> bool {
    Parser::new(0).parse_all(bytes).map_while(Result::ok).any(|payload| match payload {
        Payload::TagSection(_) => true,
        Payload::ImportSection(section) => {
            section.into_imports().map_while(Result::ok).any(|import| matches!(import.ty, wasmparser::TypeRef::Tag(_)))
        }
        _ => false,
    })
}

/// Validates and rewrites. `exceptions` says whether any module of the worker has tags: then each one looks after every
/// call whether an exception is on its way.
///
/// # Errors
/// What a `WebAssembly.CompileError` says.
pub(super) fn rewrite(bytes: &[u8], exceptions: bool) -> Result<(Shape, Vec<u8>), Refusal> {
    if bytes.is_empty() {
        return Err("BufferSource argument is empty".into());
    }
    let (uses_simd, bodies) = validate_sections(bytes)?;
    let shape = Shape::of(bytes)?;
    let layout = Layout::of(&shape, uses_simd, exceptions);
    Rewriting { shape: &shape, layout: &layout }.module(bytes, bodies).map(|module| (shape, module))
}

type Bodies<'a> = Vec<(wasmparser::FuncToValidate<wasmparser::ValidatorResources>, wasmparser::FunctionBody<'a>)>;

/// Validates everything but the bodies, which are validated while they are rewritten.
fn validate_sections(bytes: &[u8]) -> Result<(bool, Bodies<'_>), Refusal> {
    let mut validator = Validator::new_with_features(features());
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload.map_err(text)?).map_err(text)? {
            bodies.push((function, body));
        }
    }
    let uses_simd = bodies.iter().any(|(_, body)| has_vectors(body).unwrap_or(false));
    Ok((uses_simd, bodies))
}

/// Whether a body may need a local for a vector: its bytes hold the prefix of vector instructions.
fn has_vectors(body: &wasmparser::FunctionBody<'_>) -> Option<bool> {
    Some(body.as_bytes().contains(&0xfd))
}

struct Rewriting<'a> {
    shape: &'a Shape,
    layout: &'a Layout,
}

impl Rewriting<'_> {
    fn map(&self) -> Map<'_> {
        Map(self.layout)
    }

    fn module(&self, bytes: &[u8], bodies: Bodies<'_>) -> Result<Vec<u8>, Refusal> {
        let mut module = Module::new();
        let mut parts = Parts::default();
        let mut init = self.init_globals(bytes)?;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(text)? {
                Payload::ElementSection(section) => {
                    for (element, of_functions) in section.into_iter().zip(&self.shape.function_segments) {
                        if *of_functions {
                            self.map().parse_element(&mut parts.elements, element.map_err(text)?).map_err(said)?;
                        }
                    }
                }
                Payload::DataSection(section) => {
                    for (index, datum) in (0..).zip(section) {
                        let datum = datum.map_err(text)?;
                        if let DataKind::Active { offset_expr, .. } = &datum.kind {
                            self.init_data(&mut init, index, datum.data.len(), offset_expr)?;
                        }
                        parts.data.passive(datum.data.iter().copied());
                    }
                }
                _ => {}
            }
        }
        self.types(&mut parts.types)?;
        self.imports(&mut parts.imports);
        self.functions(&mut parts.functions);
        self.tables(&mut parts.tables)?;
        self.globals(bytes, &mut parts.globals)?;
        self.exports(&mut parts.exports);
        self.code(&mut parts.code, bodies, init)?;
        module.section(&parts.types).section(&parts.imports).section(&parts.functions).section(&parts.tables);
        module.section(&parts.globals).section(&parts.exports).section(&parts.elements);
        module.section(&DataCountSection { count: self.shape.data_segments });
        module.section(&parts.code).section(&parts.data);
        Ok(module.finish())
    }

    fn engine_types(&self) -> u32 {
        self.shape.types.len() as u32
    }

    fn types(&self, types: &mut TypeSection) -> Result<(), Refusal> {
        for ty in &self.shape.types {
            let ty = self.map().func_type(ty.clone()).map_err(said)?;
            types.ty().func_type(&ty);
        }
        for params in [3, 2, 6, 4] {
            types.ty().function(vec![ValType::I32; params], [ValType::I32]);
        }
        types.ty().function([], []);
        Ok(())
    }

    fn imports(&self, imports: &mut ImportSection) {
        let memory = MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
        imports.import("", "memory", memory);
        for number in 0..Layout::ENGINE_FUNCTIONS {
            imports.import("", "function", EntityType::Function(self.engine_types() + number));
        }
        let global = |val_type| GlobalType { val_type, mutable: false, shared: false };
        for _ in 0..Layout::OWN_GLOBALS {
            imports.import("", "global", global(ValType::I32));
        }
        for imported in &self.shape.globals[..self.shape.imported_globals as usize] {
            let ty = match imported.ty {
                WasmType::I64 if !imported.mutable => ValType::I64,
                WasmType::F32 if !imported.mutable => ValType::F32,
                WasmType::F64 if !imported.mutable => ValType::F64,
                _ => ValType::I32,
            };
            imports.import("", "global", global(ty));
        }
        for table in &self.shape.tables {
            if table.imported && table.described.element == WasmType::Funcref {
                imports.import("", "table", table_type(&table.described));
            }
        }
    }

    fn functions(&self, functions: &mut FunctionSection) {
        for ty in &self.shape.functions {
            functions.function(*ty);
        }
        functions.function(self.engine_types() + Layout::ENGINE_FUNCTIONS);
    }

    fn tables(&self, tables: &mut TableSection) -> Result<(), Refusal> {
        for table in &self.shape.tables {
            if !table.imported && table.described.element == WasmType::Funcref {
                tables.table(table_type(&table.described));
            }
        }
        Ok(())
    }

    /// The globals that the module defines and that never change.
    fn globals(&self, bytes: &[u8], globals: &mut GlobalSection) -> Result<(), Refusal> {
        each_global(bytes, |_, global| {
            if !global.ty.mutable {
                let ty = self.map().global_type(global.ty).map_err(said)?;
                let is_extern = matches!(global.ty.content_type, wasmparser::ValType::Ref(ty) if ty.is_extern_ref());
                let value = match is_extern {
                    true => ConstExpr::i32_const(0),
                    false => self.map().const_expr(global.init_expr).map_err(said)?,
                };
                globals.global(ty, &value);
            }
            Ok(())
        })
    }

    fn exports(&self, exports: &mut ExportSection) {
        for function in &self.shape.reachable {
            exports.export(&function_name(*function), ExportKind::Func, function + Layout::ENGINE_FUNCTIONS);
        }
        for table in &self.shape.tables {
            if table.described.element == WasmType::Funcref {
                let index = table.described.index;
                let rewritten = self.map().table_index(index).unwrap_or(0);
                exports.export(&table_name(index), ExportKind::Table, rewritten);
            }
        }
        let init = Layout::ENGINE_FUNCTIONS + self.shape.functions.len() as u32;
        exports.export(INIT, ExportKind::Func, init);
    }

    fn code(&self, code: &mut CodeSection, bodies: Bodies<'_>, mut init: Vec<u8>) -> Result<(), Refusal> {
        for import in 0..self.shape.imported_functions {
            code.function(&self.thunk(import)?);
        }
        let mut allocations = FuncValidatorAllocations::default();
        for (function, body) in bodies {
            let rewritten = body::rewrite(self.shape, self.layout, function, &body, allocations)?;
            code.function(&rewritten.0);
            allocations = rewritten.1;
        }
        if let Some(start) = self.shape.start {
            I::Call(start + Layout::ENGINE_FUNCTIONS).encode(&mut init);
        }
        I::End.encode(&mut init);
        let mut function = Function::new([(1, ValType::I32)]);
        function.raw(init);
        code.function(&function);
        Ok(())
    }

    /// Calls an imported function: arguments go into slots, results come out of them.
    fn thunk(&self, import: u32) -> Result<Function, Refusal> {
        let ty = self.shape.type_of(import);
        let types = |types: &[wasmparser::ValType]| {
            types.iter().map(|ty| super::shape::value_type(*ty)).collect::<Result<Vec<_>, _>>()
        };
        let (params, results) = (types(ty.params())?, types(ty.results())?);
        let mut thunk = Function::new([]);
        let carried = |ty: &WasmType| !matches!(ty, WasmType::V128 | WasmType::Funcref);
        if !params.iter().chain(&results).all(carried) {
            thunk.instruction(&I::Unreachable).instruction(&I::End);
            return Ok(thunk);
        }
        for (number, ty) in (0..).zip(&params) {
            thunk.instruction(&I::GlobalGet(Layout::SLOTS)).instruction(&I::LocalGet(number));
            thunk.instruction(&store(*ty, u64::from(number) * 8));
        }
        thunk.instruction(&I::GlobalGet(Layout::INSTANCE)).instruction(&I::I32Const(import.cast_signed()));
        thunk.instruction(&I::GlobalGet(Layout::SLOTS)).instruction(&I::Call(Layout::IMPORT));
        match self.layout.exceptions {
            // The caller looks whether an exception is on its way before it looks at the results.
            true => thunk.instruction(&I::Drop),
            false => thunk.instruction(&I::If(BlockType::Empty)).instruction(&I::Unreachable).instruction(&I::End),
        };
        for (number, ty) in (0..).zip(&results) {
            thunk.instruction(&I::GlobalGet(Layout::SLOTS)).instruction(&load(*ty, number * 8));
        }
        thunk.instruction(&I::End);
        Ok(thunk)
    }

    /// The instructions that give every defined global's cell its first value.
    fn init_globals(&self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut init = Vec::new();
        each_global(bytes, |ordinal, global| {
            let ty = super::shape::value_type(global.ty.content_type)?;
            if !super::shape::is_reference(ty) {
                I::GlobalGet(Layout::CELLS).encode(&mut init);
                self.expression(&mut init, &global.init_expr)?;
                store(ty, cell_offset(ordinal)).encode(&mut init);
            }
            Ok(())
        })?;
        Ok(init)
    }

    fn expression(&self, code: &mut Vec<u8>, expression: &wasmparser::ConstExpr<'_>) -> Result<(), Refusal> {
        for operator in expression.get_operators_reader() {
            let operator = operator.map_err(text)?;
            if !matches!(operator, wasmparser::Operator::End) {
                self.map().instruction(operator).map_err(said)?.encode(code);
            }
        }
        Ok(())
    }

    /// Copies a data segment to where it belongs, or traps.
    fn init_data(
        &self,
        init: &mut Vec<u8>,
        segment: u32,
        len: usize,
        offset: &wasmparser::ConstExpr<'_>,
    ) -> Result<(), Refusal> {
        const OFFSET: u32 = 0;
        let len = i32::try_from(len).map_err(|_| "a data segment is too large")?;
        self.expression(init, offset)?;
        let instructions = [
            I::LocalTee(OFFSET),
            I::I64ExtendI32U,
            I::I64Const(i64::from(len)),
            I::I64Add,
            I::GlobalGet(Layout::MEMORY),
            I::I32Load(body::at(4, 2)),
            I::I64ExtendI32U,
            I::I64Const(PAGE_SHIFT),
            I::I64Shl,
            I::I64GtU,
            I::If(BlockType::Empty),
            I::Unreachable,
            I::End,
            I::GlobalGet(Layout::MEMORY),
            I::I32Load(body::at(0, 2)),
            I::LocalGet(OFFSET),
            I::I32Add,
            I::I32Const(0),
            I::I32Const(len),
            I::MemoryInit { mem: 0, data_index: segment },
            I::DataDrop(segment),
        ];
        for instruction in instructions {
            instruction.encode(init);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Parts {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

fn table_type(table: &emu_abi::WasmTable) -> wasm_encoder::TableType {
    wasm_encoder::TableType {
        element_type: wasm_encoder::RefType::FUNCREF,
        table64: false,
        minimum: u64::from(table.minimum),
        maximum: table.maximum.map(u64::from),
        shared: false,
    }
}

/// Every global that the module defines, with its ordinal among them.
fn each_global(
    bytes: &[u8],
    mut visit: impl FnMut(u32, wasmparser::Global<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::GlobalSection(section) = payload.map_err(text)? {
            for (ordinal, global) in (0..).zip(section) {
                visit(ordinal, global.map_err(text)?)?;
            }
        }
    }
    Ok(())
}
