//! The border to the host: the three imports, the exports, and nothing else.
//!
//! Invariant: the only file of this crate with `unsafe`; everything behind it is safe Rust over [`op`] and [`ask`].

use emu_abi::{Answer, Ask, Failure, Op};

/// Sends an operation.
pub(crate) fn op(op: &Op) {
    border::op(&emu_abi::encode(op));
}

/// Asks a question on behalf of `object` (0 is the worker itself) and returns its answer.
///
/// # Errors
/// The exception that the platform throws in this place.
pub(crate) fn ask(object: u32, ask: &Ask) -> Result<Answer, Failure> {
    border::ask(object, ask)
}

/// Fills `buffer` with random bytes from the host, [`RANDOM_MAX`] at a time.
pub(crate) fn random(buffer: &mut [u8]) -> Result<(), Failure> {
    const RANDOM_MAX: usize = 65_536;
    for chunk in buffer.chunks_mut(RANDOM_MAX) {
        let len = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        match ask(crate::scope::object(), &Ask::Random { len })? {
            Answer::Bytes(bytes) if bytes.0.len() == chunk.len() => chunk.copy_from_slice(&bytes.0),
            other => unexpected(&other),
        }
    }
    Ok(())
}

/// The host answered with something the interface does not allow: nothing sensible can follow.
pub(crate) fn unexpected(answer: &Answer) -> ! {
    panic!("the host broke the interface: unexpected answer {answer:?}")
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
mod border {
    use super::{Answer, Ask, Failure};
    use std::alloc::{Layout, alloc};
    use std::cell::RefCell;

    mod import {
        #[link(wasm_import_module = "emu")]
        unsafe extern "C" {
            pub(super) fn op(ptr: *const u8, len: usize);
            pub(super) fn ask(object: u32, ptr: *const u8, len: usize, out: *mut u8, capacity: usize) -> usize;
            pub(super) fn reply(out: *mut u8);
        }
    }

    // The answers of almost all asks fit into so many bytes, so one import call does.
    const REPLY_CAPACITY: usize = 1024;

    thread_local! {
        static REPLY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn op(message: &[u8]) {
        // SAFETY: the host only reads `len` bytes at `ptr`, during the call, and the slice outlives it.
        unsafe { import::op(message.as_ptr(), message.len()) }
    }

    pub(super) fn ask(object: u32, ask: &Ask) -> Result<Answer, Failure> {
        let message = emu_abi::encode(ask);
        REPLY.with_borrow_mut(|buffer| {
            buffer.resize(REPLY_CAPACITY, 0);
            // SAFETY: the host reads `message` and writes at most `capacity` bytes at `out`, both during the call; both
            // buffers are live, distinct and exactly that long.
            let len =
                unsafe { import::ask(object, message.as_ptr(), message.len(), buffer.as_mut_ptr(), REPLY_CAPACITY) };
            if len > REPLY_CAPACITY {
                buffer.resize(len, 0);
                // SAFETY: the host writes the reply whose length it has just told, and the buffer is that long.
                unsafe { import::reply(buffer.as_mut_ptr()) }
            }
            let answer = emu_abi::decode(&buffer[..len]).expect("the host broke the interface: undecodable reply");
            // A large reply must not stay in memory for the life of the isolate.
            if len > REPLY_CAPACITY {
                *buffer = Vec::new();
            }
            answer
        })
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

    /// Called once, before the memory is frozen.
    ///
    /// # Safety
    /// `ptr` and `len` are a filled buffer of `emu_alloc`.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn emu_init(ptr: *mut u8, len: usize) {
        // SAFETY: the caller's contract is `take`'s.
        let message = unsafe { take(ptr, len) };
        crate::turn::init(emu_abi::decode(&message).expect("the host broke the interface: undecodable `Init`"));
    }

    /// Delivers one event and runs until no task is ready.
    ///
    /// # Safety
    /// `ptr` and `len` are a filled buffer of `emu_alloc`.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn emu_turn(ptr: *mut u8, len: usize) {
        // SAFETY: the caller's contract is `take`'s.
        let message = unsafe { take(ptr, len) };
        let turn = emu_abi::decode(&message).expect("the host broke the interface: undecodable `Turn`");
        drop(message);
        crate::turn::turn(turn);
    }

    /// The backend of the crate `getrandom`, and so of `uuid` and `rand`.
    ///
    /// # Safety
    /// `dest` points to `len` writable bytes, initialised or not.
    #[cfg(getrandom_backend = "custom")]
    #[unsafe(no_mangle)]
    unsafe extern "Rust" fn __getrandom_v03_custom(dest: *mut u8, len: usize) -> Result<(), getrandom::Error> {
        // SAFETY: `dest` is valid for writes of `len` bytes; the slice is made only once all are initialised.
        let buffer = unsafe {
            std::ptr::write_bytes(dest, 0, len);
            std::slice::from_raw_parts_mut(dest, len)
        };
        super::random(buffer).map_err(|failure| panic!("{failure}"))
    }
}

/// A host for the tests of this crate: it keeps the ops and answers asks with what a test has laid in.
#[cfg(not(target_arch = "wasm32"))]
mod border {
    use super::{Answer, Ask, Failure, Op};
    use std::cell::RefCell;

    type Answering = Box<dyn FnMut(u32, &Ask) -> Result<Answer, Failure>>;

    thread_local! {
        static OPS: RefCell<Vec<Op>> = const { RefCell::new(Vec::new()) };
        static ANSWERING: RefCell<Option<Answering>> = const { RefCell::new(None) };
    }

    pub(super) fn op(message: &[u8]) {
        OPS.with_borrow_mut(|ops| ops.push(emu_abi::decode(message).expect("own message")));
    }

    pub(super) fn ask(object: u32, ask: &Ask) -> Result<Answer, Failure> {
        ANSWERING.with_borrow_mut(|answering| match answering {
            Some(answering) => answering(object, ask),
            None => Err(Failure::error("there is no host: this is not running in a guest")),
        })
    }

    #[cfg(test)]
    pub(crate) fn take_ops() -> Vec<Op> {
        OPS.take()
    }

    #[cfg(test)]
    pub(crate) fn answer_with(answering: impl FnMut(u32, &Ask) -> Result<Answer, Failure> + 'static) {
        ANSWERING.set(Some(Box::new(answering)));
    }
}

#[cfg(test)]
pub(crate) use border::{answer_with, take_ops};
