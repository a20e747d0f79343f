//! WebAssembly modules that a worker imports: what the host tells the engine about one it has compiled.
//!
//! Invariant: describes the module as its author wrote it; how the host rewrote it shows in numbers only.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WasmType {
    /// A JavaScript number, wrapped to 32 bits.
    I32,
    /// A JavaScript `BigInt`, wrapped to 64 bits.
    I64,
    /// A JavaScript number, rounded.
    F32,
    /// A JavaScript number.
    F64,
    /// 128 bits, which JavaScript cannot see.
    V128,
    /// A function of a nested module, or null.
    Funcref,
    /// Any JavaScript value.
    Externref,
}

/// The type of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmSignature {
    /// The types of its parameters.
    pub params: Vec<WasmType>,
    /// The types of its results.
    pub results: Vec<WasmType>,
}

/// Something imported or exported. An `index` counts all things of that kind in the module, the imported ones first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WasmExtern {
    /// A function.
    Function {
        /// Its index.
        index: u32,
        /// The number of its type.
        ty: u32,
    },
    /// A table.
    Table(WasmTable),
    /// The memory.
    Memory,
    /// A global.
    Global(WasmGlobal),
    /// A tag of exceptions.
    Tag {
        /// Its index.
        index: u32,
    },
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmTable {
    /// Its index in the module.
    pub index: u32,
    /// `Funcref` or `Externref`.
    pub element: WasmType,
    /// Elements at first.
    pub minimum: u32,
    /// The most elements it may have.
    pub maximum: Option<u32>,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmGlobal {
    /// Its index in the module.
    pub index: u32,
    /// The type of its value.
    pub ty: WasmType,
    /// Whether its value may change.
    pub mutable: bool,
}

/// The memory that a module has or wants, in pages of 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmMemory {
    /// Pages at first.
    pub minimum: u32,
    /// The most pages it may have.
    pub maximum: Option<u32>,
    /// It is imported.
    pub imported: bool,
}

/// A module that the host has compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmModule {
    /// How `nested_instantiate` calls it.
    pub number: u32,
    /// What it imports: module, name, what.
    pub imports: Vec<(String, String, WasmExtern)>,
    /// What it exports.
    pub exports: Vec<(String, WasmExtern)>,
    /// The types of its functions.
    pub signatures: Vec<WasmSignature>,
    /// The functions that can be reached from outside: their index and the number of their type.
    pub functions: Vec<(u32, u32)>,
    /// Its memory, if it has one.
    pub memory: Option<WasmMemory>,
    /// How many globals it defines; each has a cell.
    pub cells: u32,
    /// The tables of `Externref`, which are the engine's to keep.
    pub reference_tables: Vec<WasmTable>,
    /// The number of the type of each tag, the imported ones first.
    pub tags: Vec<u32>,
}

/// The bytes of a cell that holds a global.
pub const WASM_CELL_BYTES: u32 = 16;

/// The slots for the arguments and results of one call, 8 bytes each: no function has more of either.
pub const WASM_SLOTS: usize = 1000;

/// The slot behind those: its first word is not 0 while an exception is on its way through nested code.
pub const WASM_PENDING_SLOT: usize = WASM_SLOTS;

/// What the engine does with exceptions for a nested module; the number is `op` of `emu_nested_exception`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum WasmExceptionOp {
    /// `what`: tag. An exception with the payload in the slots is on its way.
    Throw = 0,
    /// `what`: tag. Catches an exception of that tag: gives its handle, and its payload in the slots; 0 for another one.
    Catch = 1,
    /// Catches an exception of any tag: gives its handle; 0 for what cannot be caught.
    CatchAll = 2,
    /// `what`: handle. The exception is on its way again; -1 when the handle is null.
    Rethrow = 3,
}

/// What the engine does with a table of `Externref` for a nested module; the number is `op` of `emu_nested_table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum WasmTableOp {
    /// `a`: index. Gives the handle of the element.
    Get = 0,
    /// `a`: index, `b`: handle.
    Set = 1,
    /// Gives the number of elements.
    Size = 2,
    /// `a`: handle, `b`: how many. Gives the number of elements before, -1 when it cannot grow.
    Grow = 3,
    /// `a`: index, `b`: handle, `c`: how many.
    Fill = 4,
    /// `a`: index in the table, `b`: index in the table whose number is in the upper half of `op`, `c`: how many.
    Copy = 5,
}

/// How a call into a nested module ended, as `nested_call` and `nested_instantiate` say it.
pub const WASM_TRAPS: [&str; 11] = [
    "",
    "unreachable",
    "memory access out of bounds",
    "divide by zero",
    "divide result unrepresentable",
    "float unrepresentable in integer range",
    "table index is out of bounds",
    "null function or function signature mismatch",
    "dereferencing a null pointer",
    "Maximum call stack size exceeded",
    "the WebAssembly instance cannot be made",
];

/// The code of a call stack that is exhausted, which JavaScript sees as a `RangeError`.
pub const WASM_TRAP_STACK: u32 = 9;

/// The code of an instance that cannot be linked.
pub const WASM_TRAP_LINK: u32 = 10;

/// What JavaScript does with a table of functions; the number is `op` of `nested_table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum NestedTableOp {
    /// `a`: elements at first, `b`: the most, `u32::MAX` for any. Gives the number of a new table.
    New = 0,
    /// `table`: an instance, `a`: the index of a table in its module. Gives the table's number.
    Exported = 1,
    /// Gives the number of elements.
    Size = 2,
    /// `a`: how many. Gives the number of elements before, -1 when it cannot grow.
    Grow = 3,
    /// `a`: index. Gives 1 and puts instance and function into two slots, 0 for null, -1 beyond the end.
    Get = 4,
    /// `a`: index, `b`: 1 for the function that two slots name (instance, function), 0 for null. Gives -1 beyond the end.
    Set = 5,
}
