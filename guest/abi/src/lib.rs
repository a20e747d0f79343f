//! The messages that emu and its guests exchange: the one definition both sides compile.
//!
//! A guest is a core wasm module for `wasm32-unknown-unknown` that
//!
//! * exports its memory as `memory`;
//! * exports a function whose name is [`VERSION_EXPORT_PREFIX`] followed by [`VERSION`]. Only the name counts, so the host
//!   can refuse a guest of another version before it runs any of it;
//! * exports `emu_alloc(len) -> ptr`, which hands out a buffer for one incoming message;
//! * exports `emu_init(ptr, len)`, called once with an [`Init`]. The memory is frozen when it returns and every isolate
//!   starts from that image, so nothing random, timed or outside may be looked at in it. Before it, the host calls every
//!   export whose name starts with [`REGISTER_EXPORT_PREFIX`], in the order of their names;
//! * may export [`BOOT_EXPORT`]`()`, called before `emu_init`: what takes long and does not depend on the worker. The
//!   host keeps the memory it leaves and may start later from there, for another worker too;
//! * exports `emu_turn(ptr, len)`, called with a [`Turn`]: deliver the event, run until no task is ready, return;
//! * may export `emu_trace()`, called once before the first turn of an isolate whose run a person will read about: from then
//!   on it says with `at` which code of the worker its ops and asks come from, and asks now and then whether it `must_end`.
//!
//! It may import five functions from the module [`IMPORT_MODULE`]:
//!
//! * `op(ptr, len)`: an [`Op`], acted upon when the turn's writes are committed;
//! * `at(ptr, len)`: the stack, as text, that leads to the next `op` or `ask`;
//! * `must_end() -> ends`: whether the event has used up its CPU time (not 0): the next `at` says where, and ends the isolate;
//! * `ask(object, ptr, len, out, capacity) -> reply_len`: an [`Ask`], answered inside the turn with a postcard
//!   `Result<Answer, Failure>`. If the reply fits it is at `out`; else the guest makes room and calls
//! * `reply(out)`, which copies that last reply.
//!
//! A guest that hosts nested WebAssembly modules ([`ModuleKind::Wasm`]) may import three more:
//!
//! * `nested_instantiate(module, values, count) -> instance`: makes an instance of a module. At `values` are `count` slots
//!   of 8 bytes: the address of the memory's description (two `u32`: its address, its length in pages), of the slots for
//!   arguments, the engine's own number of the instance, the address of the cells of its globals, then for each imported
//!   global its value (if immutable) or the address of its cell, then for each imported table of functions its number.
//!   The result is a trap's code below zero when it failed;
//! * `nested_call(instance, function, slots) -> trap`: calls a function; arguments are read from and results written to
//!   `slots`, one of 8 bytes for each. The result is an index of [`WASM_TRAPS`]; 0 is success;
//! * `nested_table(op, table, a, b, slots) -> result`: what JavaScript does with tables of functions
//!   ([`NestedTableOp`]).
//!
//! Such a guest exports, for nested modules to call:
//!
//! * `emu_nested_import(instance, import, slots) -> failed`: calls an imported function;
//! * `emu_nested_grow(memory, pages) -> pages_before`: grows a memory; -1 when it cannot;
//! * `emu_nested_table(instance, table, op, a, b, c) -> result`: a table of JavaScript values ([`WasmTableOp`]);
//! * `emu_nested_exception(instance, op, what, slots) -> result`: throws and catches ([`WasmExceptionOp`]). Where a module
//!   of the worker has tags, what an imported function threw is on its way as well ([`WASM_PENDING_SLOT`]).
//!
//! A JavaScript value inside a nested module is the number of a handle; 0 is null. Handles that a call makes are gone when
//! it returns.
//!
//! Buffers made by `emu_alloc` belong to the guest from the call that delivers them on.
//!
//! Invariant: nothing here knows a clock, an engine or a network; it is data and its encoding. A change of any type
//! raises [`VERSION`].

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ask;
mod event;
mod nested;
mod op;
mod types;

pub use ask::{Answer, Ask, Hash, KvEntry, ListOptions, Rows, SocketState, SqlValue};
pub use event::{Event, Init, Invoke, Module, ModuleKind, Outcome, SocketEvent, Turn};
pub use nested::{
    NestedTableOp, WASM_CELL_BYTES, WASM_PENDING_SLOT, WASM_SLOTS, WASM_TRAP_LINK, WASM_TRAP_STACK, WASM_TRAPS,
    WasmExceptionOp, WasmExtern, WasmGlobal, WasmMemory, WasmModule, WasmSignature, WasmTable, WasmTableOp, WasmType,
};
pub use op::{Call, Class, Entrypoint, Exports, LogLevel, Op, Section, Settled, Target};
pub use types::{Binding, Body, Bytes, Failure, Headers, Message, ObjectId, Redirect, Request, Response};

use alloc::vec::Vec;
use serde::{Serialize, de::DeserializeOwned};

/// The version of this interface. Host and guest must agree on it exactly.
pub const VERSION: u32 = 3;

/// A guest exports a function of this name followed by its [`VERSION`] in decimal.
pub const VERSION_EXPORT_PREFIX: &str = "emu_abi_";

/// The optional export that prepares a guest for any worker; see the module documentation.
pub const BOOT_EXPORT: &str = "emu_boot";

/// Exports with this prefix register handlers and classes; see the module documentation.
pub const REGISTER_EXPORT_PREFIX: &str = "emu_register_";

/// The module name of all imports.
pub const IMPORT_MODULE: &str = "emu";

/// How many bytes of an outgoing body a guest may send before the host has granted more.
pub const INITIAL_BODY_CREDIT: u32 = 64 * 1024;

/// The largest chunk of a body that either side sends in one message, in bytes.
pub const MAX_BODY_CHUNK: usize = 64 * 1024;

/// The largest single message (op, ask or event) in bytes: a 32 MiB socket message and its envelope.
pub const MAX_MESSAGE: usize = 33 * 1024 * 1024;

/// Encodes a message into a fresh buffer.
///
/// # Panics
/// Never: the types of this crate are all encodable.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    postcard::to_allocvec(message).expect("every message of the interface is encodable")
}

/// Encodes a message behind what `buffer` already holds, and returns the extended buffer.
///
/// # Panics
/// Never: the types of this crate are all encodable.
pub fn encode_into<T: Serialize>(message: &T, buffer: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(message, buffer).expect("every message of the interface is encodable")
}

/// Decodes a whole message.
///
/// # Errors
/// When the bytes are not exactly one value of the type. The bytes may come from a hostile peer.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, postcard::Error> {
    let (value, rest) = postcard::take_from_bytes(bytes)?;
    if rest.is_empty() { Ok(value) } else { Err(postcard::Error::SerdeDeCustom) }
}
