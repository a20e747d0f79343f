//! Accesses to the nested memory: where they are in the engine's, and that none is beyond the nested one.
//!
//! Invariant: an access within the memory is the one that was written; one beyond it traps as elsewhere.

use super::body::{Body, at};
use wasm_encoder::{BlockType, Instruction as I, ValType};
use wasmparser::Operator as O;

/// What a memory instruction does with the operands above the address.
pub(super) struct Access {
    /// The type of the value above the address; none for a load.
    value: Option<ValType>,
    /// How many bytes behind the address the access ends.
    end: u64,
}

impl Body<'_> {
    /// Makes an address of the nested memory, below the value of a store, one of the engine's.
    pub(super) fn add_base(&mut self, access: &Access) {
        let (base, address) = (self.locals.base, self.locals.word(1));
        let value = access.value.map(|ty| self.locals.of(ty));
        if let Some(value) = value {
            self.emit([I::LocalSet(value)]);
        }
        self.emit([I::LocalTee(address)]);
        self.check_end(access.end);
        self.emit([I::LocalGet(address), I::LocalGet(base), I::I32Add]);
        if let Some(value) = value {
            self.emit([I::LocalGet(value)]);
        }
    }

    /// Traps when the address on the stack, which it takes, and `end` bytes are beyond the memory.
    fn check_end(&mut self, end: u64) {
        let bytes = self.locals.bytes;
        match i32::try_from(end) {
            // The memory is never smaller than it was at first, so the difference is not below zero.
            Ok(short) if end <= self.memory_min_bytes => {
                self.emit([I::LocalGet(bytes), I::I32Const(short), I::I32Sub, I::I32GtU]);
            }
            _ => {
                self.emit([I::I64ExtendI32U, I::I64Const(end.cast_signed()), I::I64Add]);
                self.emit([I::LocalGet(bytes), I::I64ExtendI32U, I::I64GtU]);
            }
        }
        self.trap_if_beyond();
    }

    /// Traps when the bytes from an address on, both in locals, are beyond the memory.
    pub(super) fn check_range(&mut self, address: u32, len: u32) {
        self.emit([I::LocalGet(address), I::I64ExtendI32U, I::LocalGet(len), I::I64ExtendI32U, I::I64Add]);
        self.emit([I::LocalGet(self.locals.bytes), I::I64ExtendI32U, I::I64GtU]);
        self.trap_if_beyond();
    }

    fn trap_if_beyond(&mut self) {
        // A load at the end of the address space, where the engine has no memory either, traps as any such load.
        self.emit([I::If(BlockType::Empty), I::I32Const(-1), I::I32Load8U(at(u64::from(u32::MAX), 0)), I::Drop]);
        self.emit([I::Unreachable, I::End]);
    }
}

/// Whether an instruction accesses memory at an address on the stack, and how.
pub(super) fn access(operator: &O<'_>) -> Option<Access> {
    let (value, memarg) = match operator {
        O::I32Load { memarg, .. }
        | O::I64Load { memarg, .. }
        | O::F32Load { memarg, .. }
        | O::F64Load { memarg, .. }
        | O::I32Load8S { memarg, .. }
        | O::I32Load8U { memarg, .. }
        | O::I32Load16S { memarg, .. }
        | O::I32Load16U { memarg, .. }
        | O::I64Load8S { memarg, .. }
        | O::I64Load8U { memarg, .. }
        | O::I64Load16S { memarg, .. }
        | O::I64Load16U { memarg, .. }
        | O::I64Load32S { memarg, .. }
        | O::I64Load32U { memarg, .. }
        | O::V128Load { memarg, .. }
        | O::V128Load8x8S { memarg, .. }
        | O::V128Load8x8U { memarg, .. }
        | O::V128Load16x4S { memarg, .. }
        | O::V128Load16x4U { memarg, .. }
        | O::V128Load32x2S { memarg, .. }
        | O::V128Load32x2U { memarg, .. }
        | O::V128Load8Splat { memarg, .. }
        | O::V128Load16Splat { memarg, .. }
        | O::V128Load32Splat { memarg, .. }
        | O::V128Load64Splat { memarg, .. }
        | O::V128Load32Zero { memarg, .. }
        | O::V128Load64Zero { memarg, .. } => (None, memarg),
        O::I32Store { memarg, .. } | O::I32Store8 { memarg, .. } | O::I32Store16 { memarg, .. } => {
            (Some(ValType::I32), memarg)
        }
        O::I64Store { memarg, .. }
        | O::I64Store8 { memarg, .. }
        | O::I64Store16 { memarg, .. }
        | O::I64Store32 { memarg, .. } => (Some(ValType::I64), memarg),
        O::F32Store { memarg, .. } => (Some(ValType::F32), memarg),
        O::F64Store { memarg, .. } => (Some(ValType::F64), memarg),
        O::V128Store { memarg, .. }
        | O::V128Load8Lane { memarg, .. }
        | O::V128Load16Lane { memarg, .. }
        | O::V128Load32Lane { memarg, .. }
        | O::V128Load64Lane { memarg, .. }
        | O::V128Store8Lane { memarg, .. }
        | O::V128Store16Lane { memarg, .. }
        | O::V128Store32Lane { memarg, .. }
        | O::V128Store64Lane { memarg, .. } => (Some(ValType::V128), memarg),
        _ => return None,
    };
    Some(Access { value, end: memarg.offset + (1 << memarg.max_align) })
}
