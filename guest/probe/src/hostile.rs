//! Everything a guest must not do. Whatever it is, nobody outside of the isolate may be harmed by it.
//!
//! The step `hostile` takes one of these names. What is wrong with memory or with a message's encoding ends the isolate; what
//! only makes no sense may also be ignored.
//!
//! * memory: `op_beyond`, `op_wrap`, `op_huge`, `ask_beyond`, `ask_out_beyond`, `ask_out_wrap`, `reply_beyond`
//! * messages: `op_empty`, `op_garbage`, `ask_empty`, `ask_garbage`, `reply_alone` (may return)
//! * order: `settle_unknown`, `settle_twice`, `leave_unknown`, `pull_unknown`, `chunk_unknown`, `chunk_oversize`,
//!   `end_unknown`, `wait_end_unknown`, `cancel_unknown`, `declare_late`, `call_twice`, `foreign_object`,
//!   `foreign_namespace`, `foreign_socket`, `foreign_cursor`
//!
//! Invariant: the only file of this worker with `unsafe`.

use emu_abi::{Ask, Call, MAX_BODY_CHUNK, Op, Settled};
use std::hint::black_box;
use worker::Result;

mod import {
    #[cfg(target_arch = "wasm32")]
    #[allow(unsafe_code)]
    #[link(wasm_import_module = "emu")]
    unsafe extern "C" {
        pub(super) safe fn op(ptr: usize, len: usize);
        pub(super) safe fn ask(object: u32, ptr: usize, len: usize, out: usize, capacity: usize) -> usize;
        pub(super) safe fn reply(out: usize);
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod absent {
        pub(crate) fn op(_: usize, _: usize) {}
        pub(crate) fn ask(_: u32, _: usize, _: usize, _: usize, _: usize) -> usize {
            0
        }
        pub(crate) fn reply(_: usize) {}
    }
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) use absent::{ask, op, reply};
}

/// Never ends.
pub(crate) fn spin() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Uses the whole stack.
pub(crate) fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    // The compiler cannot know that this is never reached, so it keeps every frame.
    if black_box(depth) == u64::MAX { depth } else { recurse(depth + 1) + frame[0] }
}

/// Allocates `bytes`, touches every page and keeps them.
pub(crate) fn eat(bytes: usize) {
    let mut memory = vec![0u8; bytes];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    std::mem::forget(black_box(memory));
}

/// Where the memory ends, or close behind.
#[cfg(target_arch = "wasm32")]
fn end() -> usize {
    core::arch::wasm32::memory_size(0) << 16
}

#[cfg(not(target_arch = "wasm32"))]
fn end() -> usize {
    0
}

fn send(op: &Op) {
    let message = emu_abi::encode(op);
    import::op(message.as_ptr() as usize, message.len());
}

fn ask(object: u32, ask: &Ask) {
    let message = emu_abi::encode(ask);
    let mut out = [0u8; 1024];
    import::ask(object, message.as_ptr() as usize, message.len(), out.as_mut_ptr() as usize, out.len());
}

/// Commits the offence `name`.
pub(crate) fn call(name: &str) -> Result<()> {
    let wrap = u32::MAX as usize - 15;
    let garbage = [0xffu8; 64];
    let at = garbage.as_ptr() as usize;
    match name {
        "op_beyond" => import::op(end() - 4, 8),
        "op_wrap" => import::op(wrap, 32),
        "op_huge" => import::op(0, u32::MAX as usize),
        "op_empty" => import::op(at, 0),
        "op_garbage" => import::op(at, garbage.len()),
        "ask_beyond" => drop(import::ask(0, end(), 1, at, 0)),
        "ask_empty" => drop(import::ask(0, at, 0, at, 0)),
        "ask_garbage" => drop(import::ask(0, at, garbage.len(), at, 0)),
        "ask_out_beyond" => out_of_bounds(end() - 1),
        "ask_out_wrap" => out_of_bounds(wrap),
        "reply_alone" => import::reply(at),
        "reply_beyond" => {
            ask(0, &Ask::Random { len: 2048 });
            import::reply(end() - 1);
        }
        _ => return out_of_order(name),
    }
    Ok(())
}

/// An ask whose answer would be written to where there is no memory.
fn out_of_bounds(out: usize) {
    let message = emu_abi::encode(&Ask::Random { len: 16 });
    import::ask(0, message.as_ptr() as usize, message.len(), out, 1024);
}

/// Messages that are well-formed and make no sense.
fn out_of_order(name: &str) -> Result<()> {
    const UNKNOWN: u32 = 0x7fff_0000;
    let settle = Op::Settle { invocation: UNKNOWN, result: Ok(Settled::Done) };
    match name {
        "settle_unknown" => send(&settle),
        "settle_twice" => (1..=64).for_each(|invocation| {
            send(&Op::Settle { invocation, result: Ok(Settled::Done) });
            send(&Op::Settle { invocation, result: Ok(Settled::Done) });
        }),
        "leave_unknown" => send(&Op::LeaveCritical { section: UNKNOWN, failure: None }),
        "pull_unknown" => send(&Op::BodyPull { body: UNKNOWN, section: 0 }),
        "chunk_unknown" => send(&Op::BodyChunk { body: UNKNOWN, bytes: vec![0].into() }),
        "chunk_oversize" => send(&Op::BodyChunk { body: 1, bytes: vec![0; MAX_BODY_CHUNK + 1].into() }),
        "end_unknown" => send(&Op::BodyEnd { body: UNKNOWN }),
        "wait_end_unknown" => send(&Op::WaitUntilEnd { invocation: UNKNOWN, failure: None }),
        "cancel_unknown" => send(&Op::Cancel { call: UNKNOWN }),
        "declare_late" => send(&Op::Declare(emu_abi::Exports::default())),
        "call_twice" => (0..2).for_each(|_| {
            let what = Call::Sleep { ms: 1000.0 };
            send(&Op::Call { call: UNKNOWN, invocation: 0, section: 0, what });
        }),
        "foreign_object" => ask(UNKNOWN, &Ask::AlarmGet),
        "foreign_namespace" => ask(0, &Ask::IdUnique { namespace: UNKNOWN }),
        "foreign_socket" => ask(0, &Ask::SocketState { socket: UNKNOWN }),
        "foreign_cursor" => ask(0, &Ask::SqlNext { cursor: UNKNOWN, max_rows: 1 }),
        _ => return Err(format!("there is no offence `{name}`").into()),
    }
    Ok(())
}
