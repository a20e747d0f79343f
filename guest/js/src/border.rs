//! The border to the host: the imports, the exports, and what the C library inside the engine wants from outside.
//!
//! Invariant: everything behind it is safe Rust over [`op`] and [`ask`].

use emu_abi::{Answer, Ask, Failure, Op};

/// Sends an operation.
pub(crate) fn op(op: &Op) {
    imports::op(&emu_abi::encode(op));
}

/// Says which stack of the worker leads to the next operation or question.
pub(crate) fn at(stack: &str) {
    imports::at(stack.as_bytes());
}

/// Whether the event has used up its CPU time. If so, the next [`at`] is the last that the isolate does.
pub(crate) fn must_end() -> bool {
    imports::must_end()
}

/// Asks a question on behalf of `object` (0 is the worker itself) and returns its answer.
///
/// # Errors
/// The exception that the platform throws in this place.
pub(crate) fn ask(object: u32, ask: &Ask) -> Result<Answer, Failure> {
    imports::ask(object, ask)
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
mod imports {
    use super::{Answer, Ask, Failure};
    use std::alloc::{Layout, alloc};
    use std::cell::RefCell;

    mod import {
        #[link(wasm_import_module = "emu")]
        unsafe extern "C" {
            pub(super) fn op(ptr: *const u8, len: usize);
            pub(super) fn at(ptr: *const u8, len: usize);
            pub(super) fn must_end() -> u32;
            pub(super) fn ask(object: u32, ptr: *const u8, len: usize, out: *mut u8, capacity: usize) -> usize;
            pub(super) fn reply(out: *mut u8);
        }
    }

    /// The answers of almost all asks fit into so many bytes, so one import call does.
    const REPLY_CAPACITY: usize = 1024;

    thread_local! {
        static REPLY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn op(message: &[u8]) {
        // SAFETY: the host only reads `len` bytes at `ptr`, during the call, and the slice outlives it.
        unsafe { import::op(message.as_ptr(), message.len()) }
    }

    pub(super) fn at(stack: &[u8]) {
        // SAFETY: the host only reads `len` bytes at `ptr`, during the call, and the slice outlives it.
        unsafe { import::at(stack.as_ptr(), stack.len()) }
    }

    pub(super) fn must_end() -> bool {
        // SAFETY: it takes nothing and only gives a number.
        unsafe { import::must_end() != 0 }
    }

    pub(super) fn ask(object: u32, ask: &Ask) -> Result<Answer, Failure> {
        let message = emu_abi::encode(ask);
        let mut buffer = REPLY.take();
        buffer.resize(REPLY_CAPACITY, 0);
        // SAFETY: the host reads `message` and writes at most `capacity` bytes at `out`, both during the call; both
        // buffers are live, distinct and exactly that long.
        let len = unsafe { import::ask(object, message.as_ptr(), message.len(), buffer.as_mut_ptr(), REPLY_CAPACITY) };
        if len > REPLY_CAPACITY {
            buffer.resize(len, 0);
            // SAFETY: the host writes the reply whose length it has just told, and the buffer is that long.
            unsafe { import::reply(buffer.as_mut_ptr()) }
        }
        let answer = emu_abi::decode(&buffer[..len]).expect("the host broke the interface: undecodable reply");
        // A large reply must not stay in memory for the life of the isolate.
        if len <= REPLY_CAPACITY {
            REPLY.set(buffer);
        }
        answer
    }

    /// Only its name counts: it says which version of the interface this guest speaks.
    #[unsafe(no_mangle)]
    pub extern "C" fn emu_abi_3() {
        const { assert!(emu_abi::VERSION == 3, "rename this export together with the version") }
    }

    /// Hands out a buffer for one incoming message; it comes back with `emu_init` or `emu_turn`.
    #[unsafe(no_mangle)]
    pub extern "C" fn emu_alloc(len: usize) -> *mut u8 {
        let Ok(layout) = Layout::array::<u8>(len.max(1)) else { return std::ptr::null_mut() };
        // SAFETY: the layout's size is not zero.
        unsafe { alloc(layout) }
    }

    /// Takes back a buffer of [`emu_alloc`] that the host has filled.
    ///
    /// # Safety
    /// `ptr` came from `emu_alloc(len)`, was not taken before, and all its bytes are written.
    unsafe fn take(ptr: *mut u8, len: usize) -> Vec<u8> {
        if len == 0 {
            return Vec::new();
        }
        // SAFETY: the caller's contract; `emu_alloc` made it with the layout of `len` bytes, as `Vec<u8>` expects.
        unsafe { Vec::from_raw_parts(ptr, len, len) }
    }

    /// Starts the engine and evaluates the runtime, before any worker is known.
    #[unsafe(no_mangle)]
    pub extern "C" fn emu_boot() {
        crate::boot();
    }

    /// Evaluates the worker's modules; called once, before the memory is frozen.
    ///
    /// # Safety
    /// `ptr` and `len` are a filled buffer of `emu_alloc`.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn emu_init(ptr: *mut u8, len: usize) {
        // SAFETY: the caller's contract is `take`'s.
        let message = unsafe { take(ptr, len) };
        crate::init(emu_abi::decode(&message).expect("the host broke the interface: undecodable `Init`"));
    }

    /// Delivers one event and runs until no job is ready.
    ///
    /// # Safety
    /// `ptr` and `len` are a filled buffer of `emu_alloc`.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn emu_turn(ptr: *mut u8, len: usize) {
        // SAFETY: the caller's contract is `take`'s.
        let message = unsafe { take(ptr, len) };
        let turn = emu_abi::decode(&message).expect("the host broke the interface: undecodable `Turn`");
        drop(message);
        crate::turn(turn);
    }

    /// From now on the worker's stack is told with every operation.
    #[unsafe(no_mangle)]
    pub extern "C" fn emu_trace() {
        crate::trace();
    }

    /// The clock of the C library inside the engine, in microseconds since the epoch: the turn's time, which does not
    /// move while code runs (reference §2.2).
    #[unsafe(no_mangle)]
    pub extern "C" fn __rquickjs_host_now_us() -> f64 {
        crate::clock::now_ms() * 1000.0
    }
}

/// Outside of a guest there is no host.
#[cfg(not(target_arch = "wasm32"))]
mod imports {
    use super::{Answer, Ask, Failure};

    pub(super) fn op(_message: &[u8]) {}

    pub(super) fn at(_stack: &[u8]) {}

    pub(super) fn must_end() -> bool {
        false
    }

    pub(super) fn ask(_object: u32, _ask: &Ask) -> Result<Answer, Failure> {
        Err(Failure::error("there is no host: this is not running in a guest"))
    }
}
