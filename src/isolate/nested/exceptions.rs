//! Exceptions without an engine that has them: a call that ends by one leaves a mark, and whoever called looks for it.
//!
//! The exception itself is a JavaScript value that the engine keeps; inside nested code it is the number of a handle. A
//! `try_table` becomes two blocks. Its body is in the inner one, the *pad*, at whose end the exception is offered to
//! each catch; what nobody catches goes on to the next pad outside. A function is such a pair of blocks too: its pad
//! returns zeros, for its caller looks for the mark before it looks at results.
//!
//! Invariant: control flow only; what an exception is, and which tag it has, is the engine's business.

use super::body::{Body, at, load, said, store, val_type};
use super::layout::{Layout, Map};
use super::shape::{Refusal, value_type};
use emu_abi::{WASM_PENDING_SLOT, WasmExceptionOp, WasmType};
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{BlockType, HeapType, Instruction as I};
use wasmparser::{Catch, Operator as O, ValType};

/// The bytes of a slot.
const SLOT_BYTES: u64 = 8;

/// A block of the function as written.
pub(super) enum Frame {
    /// One block here, too.
    Block,
    /// Two blocks here: the inner one is its pad.
    Try(Vec<Catch>),
    /// The function itself: its body is a pad.
    Function,
}

impl Body<'_> {
    /// What stands before the first instruction.
    pub(super) fn begin_function(&mut self) {
        if self.layout.exceptions {
            self.frames.push(Frame::Function);
            self.emit([I::Block(BlockType::Empty)]);
        }
    }

    /// Goes to the innermost pad when the call that has just ended was ended by an exception.
    pub(super) fn leave_if_pending(&mut self) {
        if self.layout.exceptions {
            let pad = self.pad();
            let pending = WASM_PENDING_SLOT as u64 * SLOT_BYTES;
            self.emit([I::GlobalGet(Layout::SLOTS), I::I32Load(at(pending, 2)), I::BrIf(pad)]);
        }
    }

    /// Rewrites an instruction that opens, closes or leaves blocks; says whether it was one. `results` are the
    /// function's.
    pub(super) fn exception_operator(&mut self, operator: &O<'_>, results: &[ValType]) -> Result<bool, Refusal> {
        match operator {
            O::Block { .. } | O::Loop { .. } | O::If { .. } => {
                self.frames.push(Frame::Block);
                return Ok(false);
            }
            O::End => match self.frames.pop() {
                Some(Frame::Try(catches)) => self.end_try(&catches)?,
                Some(Frame::Function) => self.end_function(results)?,
                Some(Frame::Block) | None => return Ok(false),
            },
            O::Br { relative_depth } => self.emit([I::Br(self.depth(*relative_depth))]),
            O::BrIf { relative_depth } => self.emit([I::BrIf(self.depth(*relative_depth))]),
            O::BrTable { targets } => {
                let depths = targets.targets().map(|depth| depth.map(|depth| self.depth(depth)));
                let depths = depths.collect::<Result<Vec<_>, _>>().map_err(super::shape::text)?;
                let default = self.depth(targets.default());
                self.emit([I::BrTable(depths.into(), default)]);
            }
            O::TryTable { try_table } => self.begin_try(try_table)?,
            O::Throw { tag_index } => self.throw(*tag_index)?,
            O::ThrowRef => self.throw_ref(),
            // There is no frame left to look for the mark: the caller does.
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// How far away a block of the function is here.
    fn depth(&self, relative: u32) -> u32 {
        let inside = self.frames.iter().rev().take(relative as usize + 1);
        relative + inside.filter(|frame| !matches!(frame, Frame::Block)).count() as u32
    }

    /// How far away the innermost pad is.
    fn pad(&self) -> u32 {
        self.frames.iter().rev().take_while(|frame| matches!(frame, Frame::Block)).count() as u32
    }

    fn begin_try(&mut self, try_table: &wasmparser::TryTable) -> Result<(), Refusal> {
        if let wasmparser::BlockType::FuncType(ty) = try_table.ty
            && !self.shape.types[ty as usize].params().is_empty()
        {
            return Err("`try_table` with parameters is not supported".into());
        }
        let ty = Map(self.layout).block_type(try_table.ty).map_err(said)?;
        self.emit([I::Block(ty), I::Block(BlockType::Empty)]);
        self.frames.push(Frame::Try(try_table.catches.clone()));
        Ok(())
    }

    fn end_try(&mut self, catches: &[Catch]) -> Result<(), Refusal> {
        self.emit([I::Br(1), I::End]);
        self.read_base();
        let handle = self.locals.word(0);
        for catch in catches {
            let (op, tag, label, wants_handle) = match *catch {
                Catch::One { tag, label } => (WasmExceptionOp::Catch, Some(tag), label, false),
                Catch::OneRef { tag, label } => (WasmExceptionOp::Catch, Some(tag), label, true),
                Catch::All { label } => (WasmExceptionOp::CatchAll, None, label, false),
                Catch::AllRef { label } => (WasmExceptionOp::CatchAll, None, label, true),
            };
            self.ask(op, I::I32Const(tag.unwrap_or(0).cast_signed()));
            self.emit([I::LocalTee(handle), I::If(BlockType::Empty)]);
            for (slot, ty) in (0..).zip(self.payload(tag)?) {
                self.emit([I::GlobalGet(Layout::SLOTS), load(ty, slot * SLOT_BYTES)]);
            }
            if wants_handle {
                self.emit([I::LocalGet(handle)]);
            }
            // Out of this `if` and of the outer block.
            self.emit([I::Br(self.depth(label) + 2), I::End]);
        }
        self.emit([I::Br(self.pad() + 1), I::End]);
        Ok(())
    }

    fn end_function(&mut self, results: &[ValType]) -> Result<(), Refusal> {
        self.emit([I::Return, I::End]);
        for ty in results {
            let zero = match value_type(*ty) {
                Ok(WasmType::I64) => I::I64Const(0),
                Ok(WasmType::F32) => I::F32Const(0.0.into()),
                Ok(WasmType::F64) => I::F64Const(0.0.into()),
                Ok(WasmType::V128) => I::V128Const(0),
                Ok(WasmType::Funcref) => I::RefNull(HeapType::FUNC),
                // References to JavaScript values and to exceptions are numbers.
                _ => I::I32Const(0),
            };
            self.emit([zero]);
        }
        self.emit([I::End]);
        Ok(())
    }

    fn throw(&mut self, tag: u32) -> Result<(), Refusal> {
        let payload = self.payload(Some(tag))?;
        for (slot, ty) in payload.into_iter().enumerate().rev() {
            let value = self.locals.of(val_type(ty));
            self.emit([I::LocalSet(value), I::GlobalGet(Layout::SLOTS), I::LocalGet(value)]);
            self.emit([store(ty, slot as u64 * SLOT_BYTES)]);
        }
        self.ask(WasmExceptionOp::Throw, I::I32Const(tag.cast_signed()));
        self.emit([I::Drop, I::Br(self.pad())]);
        Ok(())
    }

    fn throw_ref(&mut self) {
        let handle = self.locals.word(0);
        self.emit([I::LocalSet(handle)]);
        self.ask(WasmExceptionOp::Rethrow, I::LocalGet(handle));
        self.trap_if_refused();
        self.emit([I::Br(self.pad())]);
    }

    fn ask(&mut self, op: WasmExceptionOp, what: I<'_>) {
        self.emit([I::GlobalGet(Layout::INSTANCE), I::I32Const(op as i32), what, I::GlobalGet(Layout::SLOTS)]);
        self.emit([I::Call(Layout::EXCEPTION)]);
    }

    fn payload(&self, tag: Option<u32>) -> Result<Vec<WasmType>, Refusal> {
        let Some(tag) = tag else { return Ok(Vec::new()) };
        let ty = &self.shape.types[self.shape.tags[tag as usize] as usize];
        ty.params().iter().map(|ty| value_type(*ty)).collect()
    }
}
