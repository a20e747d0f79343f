//! Rewriting the body of one function: memory accesses, globals that can change, references to JavaScript values.
//!
//! Every access adds the address of the nested memory, which a local holds: it is read when the function starts and
//! after everything in which the memory may have moved.
//!
//! Invariant: what the function computes stays the same; only where its memory lies, and what a reference is, changes.

use super::access::access;
use super::exceptions::Frame;
use super::layout::{Layout, Map};
use super::shape::{Refusal, Shape, text};
use emu_abi::{WASM_CELL_BYTES, WasmTableOp, WasmType};
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{BlockType, Encode, Function, Instruction as I, MemArg, ValType};
use wasmparser::{FuncToValidate, FunctionBody, Operator as O, ValidatorResources};

/// Where the pages of a memory stand behind its address.
const PAGES_OFFSET: u64 = 4;
/// Pages are shifted by this to bytes.
const PAGE_SHIFT: i32 = 16;

/// The locals that a rewritten function has besides its own.
pub(super) struct Locals {
    /// Where the memory begins.
    pub(super) base: u32,
    /// How long it is.
    pub(super) bytes: u32,
    /// Three of type `i32`.
    words: u32,
    first_of_others: u32,
}

impl Locals {
    pub(super) fn word(&self, number: u32) -> u32 {
        self.words + number
    }

    /// The local that keeps a value of `ty` for a moment.
    pub(super) fn of(&self, ty: ValType) -> u32 {
        match ty {
            ValType::I64 => self.first_of_others,
            ValType::F32 => self.first_of_others + 1,
            ValType::F64 => self.first_of_others + 2,
            ValType::V128 => self.first_of_others + 3,
            _ => self.words,
        }
    }
}

/// A function while it is rewritten.
pub(super) struct Body<'a> {
    pub(super) shape: &'a Shape,
    pub(super) layout: &'a Layout,
    pub(super) locals: Locals,
    /// The blocks around the instruction, the innermost last; kept only where exceptions may be on their way.
    pub(super) frames: Vec<Frame>,
    /// What the memory has at least.
    pub(super) memory_min_bytes: u64,
    code: Vec<u8>,
    uses_memory: bool,
}

/// The body of a function of the module in its rewritten form.
pub(super) fn rewrite(
    shape: &Shape,
    layout: &Layout,
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: wasmparser::FuncValidatorAllocations,
) -> Result<(Function, wasmparser::FuncValidatorAllocations), Refusal> {
    let params = shape.types[function.ty as usize].params().len() as u32;
    let ty = function.ty as usize;
    let mut validator = function.into_validator(allocations);
    let mut reader = body.get_locals_reader().map_err(text)?;
    let mut own = Vec::new();
    let mut count = params;
    for _ in 0..reader.get_count() {
        let offset = reader.original_position();
        let (many, ty) = reader.read().map_err(text)?;
        validator.define_locals(offset, many, ty).map_err(text)?;
        count = count.saturating_add(many);
        own.push((many, Map(layout).val_type(ty).map_err(said)?));
    }
    let mut operators = body.get_operators_reader().map_err(text)?;
    let mut rewriting = Body {
        shape,
        layout,
        locals: Locals { base: count, bytes: count + 1, words: count + 2, first_of_others: count + 5 },
        frames: Vec::new(),
        memory_min_bytes: shape.memory.map_or(0, |memory| u64::from(memory.minimum) << PAGE_SHIFT),
        code: Vec::new(),
        uses_memory: uses_memory(body)?,
    };
    own.extend([(5, ValType::I32), (1, ValType::I64), (1, ValType::F32), (1, ValType::F64)]);
    if layout.uses_simd {
        own.push((1, ValType::V128));
    }
    let mut function = Function::new(own);
    rewriting.read_base();
    rewriting.begin_function();
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset().map_err(text)?;
        let top = validator.get_operand_type(0).flatten();
        validator.op(offset, &operator).map_err(text)?;
        if !layout.exceptions || !rewriting.exception_operator(&operator, shape.types[ty].results())? {
            rewriting.operator(operator, top)?;
        }
    }
    operators.finish().map_err(text)?;
    function.raw(rewriting.code);
    Ok((function, validator.into_allocations()))
}

fn uses_memory(body: &FunctionBody<'_>) -> Result<bool, Refusal> {
    for operator in body.get_operators_reader().map_err(text)? {
        let operator = operator.map_err(text)?;
        if access(&operator).is_some()
            || matches!(operator, O::MemoryCopy { .. } | O::MemoryFill { .. } | O::MemoryInit { .. })
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Body<'_> {
    pub(super) fn emit<const N: usize>(&mut self, instructions: [I<'_>; N]) {
        for instruction in instructions {
            instruction.encode(&mut self.code);
        }
    }

    /// The address and the length of the memory into their locals, if this function needs it.
    pub(super) fn read_base(&mut self) {
        if self.uses_memory {
            self.emit([I::GlobalGet(Layout::MEMORY), I::I32Load(at(0, 2)), I::LocalSet(self.locals.base)]);
            self.emit([I::GlobalGet(Layout::MEMORY), I::I32Load(at(PAGES_OFFSET, 2)), I::I32Const(PAGE_SHIFT)]);
            self.emit([I::I32Shl, I::LocalSet(self.locals.bytes)]);
        }
    }

    pub(super) fn same(&mut self, operator: O<'_>) -> Result<(), Refusal> {
        let instruction = Map(self.layout).instruction(operator).map_err(said)?;
        instruction.encode(&mut self.code);
        Ok(())
    }

    fn operator(&mut self, operator: O<'_>, top: Option<wasmparser::ValType>) -> Result<(), Refusal> {
        if let Some(access) = access(&operator) {
            self.add_base(&access);
            return self.same(operator);
        }
        let (base, first, second, third) =
            (self.locals.base, self.locals.word(0), self.locals.word(1), self.locals.word(2));
        match operator {
            O::Call { .. } | O::CallIndirect { .. } => {
                self.same(operator)?;
                self.leave_if_pending();
                self.read_base();
            }
            O::MemorySize { .. } => self.emit([I::GlobalGet(Layout::MEMORY), I::I32Load(at(PAGES_OFFSET, 2))]),
            O::MemoryGrow { .. } => {
                self.emit([I::LocalSet(first), I::GlobalGet(Layout::MEMORY), I::LocalGet(first)]);
                self.emit([I::Call(Layout::GROW)]);
                self.read_base();
            }
            O::MemoryCopy { .. } => {
                self.emit([I::LocalSet(first), I::LocalSet(second), I::LocalSet(third)]);
                self.check_range(second, first);
                self.check_range(third, first);
                self.emit([I::LocalGet(third), I::LocalGet(base), I::I32Add]);
                self.emit([I::LocalGet(second), I::LocalGet(base), I::I32Add, I::LocalGet(first)]);
                self.same(operator)?;
            }
            O::MemoryFill { .. } | O::MemoryInit { .. } => {
                self.emit([I::LocalSet(first), I::LocalSet(second), I::LocalSet(third)]);
                self.check_range(third, first);
                self.emit([I::LocalGet(third), I::LocalGet(base), I::I32Add]);
                self.emit([I::LocalGet(second), I::LocalGet(first)]);
                self.same(operator)?;
            }
            O::GlobalGet { global_index } if self.shape.globals[global_index as usize].mutable => {
                self.get_global(global_index);
            }
            O::GlobalSet { global_index } => self.set_global(global_index),
            O::RefNull { hty } if hty == wasmparser::HeapType::EXTERN => self.emit([I::I32Const(0)]),
            O::RefIsNull => match top {
                Some(wasmparser::ValType::Ref(ty)) if ty.is_func_ref() => self.same(operator)?,
                Some(_) => self.emit([I::I32Eqz]),
                None => self.emit([I::Drop, I::I32Const(0)]),
            },
            O::ElemDrop { elem_index } if !self.shape.function_segments[elem_index as usize] => {}
            operator => match reference_table(self.shape, &operator) {
                Some(table) => self.table(&operator, table, (first, second, third)),
                None => self.same(operator)?,
            },
        }
        Ok(())
    }

    fn get_global(&mut self, index: u32) {
        let (pointer, offset) = self.layout.cell(index);
        self.emit([I::GlobalGet(pointer), load(self.shape.globals[index as usize].ty, offset)]);
    }

    fn set_global(&mut self, index: u32) {
        let (pointer, offset) = self.layout.cell(index);
        let ty = self.shape.globals[index as usize].ty;
        let value = self.locals.of(val_type(ty));
        self.emit([I::LocalSet(value), I::GlobalGet(pointer), I::LocalGet(value), store(ty, offset)]);
    }

    /// An instruction on a table of JavaScript values, which the engine keeps.
    fn table(&mut self, operator: &O<'_>, table: u32, (first, second, third): (u32, u32, u32)) {
        let none = I::I32Const(0);
        let (op, popped) = match operator {
            O::TableGet { .. } => (WasmTableOp::Get as i32, 1),
            O::TableSet { .. } => (WasmTableOp::Set as i32, 2),
            O::TableSize { .. } => (WasmTableOp::Size as i32, 0),
            O::TableGrow { .. } => (WasmTableOp::Grow as i32, 2),
            O::TableCopy { src_table, .. } => (WasmTableOp::Copy as i32 | (*src_table << 16).cast_signed(), 3),
            // Segments of such values hold nothing but null.
            O::TableInit { .. } => (WasmTableOp::Fill as i32, 3),
            _ => (WasmTableOp::Fill as i32, 3),
        };
        let locals = [first, second, third];
        for local in locals[..popped].iter().rev() {
            self.emit([I::LocalSet(*local)]);
        }
        self.emit([I::GlobalGet(Layout::INSTANCE), I::I32Const(table.cast_signed()), I::I32Const(op)]);
        for (number, local) in locals.iter().enumerate() {
            let is_segment_offset = number == 1 && matches!(operator, O::TableInit { .. });
            let operand = if number < popped && !is_segment_offset { I::LocalGet(*local) } else { none.clone() };
            self.emit([operand]);
        }
        self.emit([I::Call(Layout::TABLE)]);
        match operator {
            O::TableSize { .. } | O::TableGrow { .. } => {}
            O::TableGet { .. } => {
                self.emit([I::LocalTee(first)]);
                self.trap_if_refused();
                self.emit([I::LocalGet(first)]);
            }
            _ => self.trap_if_refused(),
        }
    }

    /// Traps when the engine has answered -1.
    pub(super) fn trap_if_refused(&mut self) {
        self.emit([I::I32Const(-1), I::I32Eq, I::If(BlockType::Empty), I::Unreachable, I::End]);
    }
}

/// The table of JavaScript values that an instruction is about.
fn reference_table(shape: &Shape, operator: &O<'_>) -> Option<u32> {
    let table = match operator {
        O::TableGet { table }
        | O::TableSet { table }
        | O::TableSize { table }
        | O::TableGrow { table }
        | O::TableFill { table }
        | O::TableInit { table, .. } => *table,
        O::TableCopy { dst_table, .. } => *dst_table,
        _ => return None,
    };
    (shape.tables[table as usize].described.element == WasmType::Externref).then_some(table)
}

/// A place in the engine's memory, `offset` behind the address on the stack.
pub(super) fn at(offset: u64, align: u32) -> MemArg {
    MemArg { offset, align, memory_index: 0 }
}

/// Loads a value from a cell or a slot.
pub(super) fn load(ty: WasmType, offset: u64) -> I<'static> {
    match ty {
        WasmType::I64 => I::I64Load(at(offset, 3)),
        WasmType::F32 => I::F32Load(at(offset, 2)),
        WasmType::F64 => I::F64Load(at(offset, 3)),
        WasmType::V128 => I::V128Load(at(offset, 3)),
        WasmType::I32 | WasmType::Externref | WasmType::Funcref => I::I32Load(at(offset, 2)),
    }
}

/// Stores a value to a cell or a slot.
pub(super) fn store(ty: WasmType, offset: u64) -> I<'static> {
    match ty {
        WasmType::I64 => I::I64Store(at(offset, 3)),
        WasmType::F32 => I::F32Store(at(offset, 2)),
        WasmType::F64 => I::F64Store(at(offset, 3)),
        WasmType::V128 => I::V128Store(at(offset, 3)),
        WasmType::I32 | WasmType::Externref | WasmType::Funcref => I::I32Store(at(offset, 2)),
    }
}

pub(super) fn val_type(ty: WasmType) -> ValType {
    match ty {
        WasmType::I64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
        WasmType::V128 => ValType::V128,
        WasmType::I32 | WasmType::Externref | WasmType::Funcref => ValType::I32,
    }
}

/// The offset of a defined global's cell.
pub(super) fn cell_offset(ordinal: u32) -> u64 {
    u64::from(ordinal) * u64::from(WASM_CELL_BYTES)
}

/// What the encoder says.
pub(super) fn said(error: wasm_encoder::reencode::Error) -> Refusal {
    error.to_string()
}
