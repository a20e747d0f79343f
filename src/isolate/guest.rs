//! What a guest may call, and the one place where its pointers are checked.
//!
//! Invariant: every pointer and length from a guest is hostile. A bad one ends the isolate with [`Death::Abi`].

use super::death::Death;
use super::meter::{CpuTime, is_used_up};
use super::nested::{self, Nested};
use emu_abi::{Answer, Ask, Failure, IMPORT_MODULE, MAX_MESSAGE, Op};
use wasmtime::{AsContextMut, Caller, Extern, Linker, Memory, ResourceLimiter};

/// What stands behind the imports of a guest.
pub trait Host: 'static {
    /// Takes note of an op. Errors end the isolate.
    ///
    /// # Errors
    /// When the guest may not say that now.
    fn op(&mut self, op: Op) -> Result<(), Death>;

    /// Whether the guest has made the host keep too much: it dies of it.
    fn is_exhausted(&self) -> bool {
        false
    }

    /// Whether the guest is to say, where it can, which code of the worker its ops and asks come from.
    fn wants_places(&self) -> bool {
        false
    }

    /// The stack that leads to the next op or ask, as the guest gives it.
    fn at(&mut self, _stack: String) {}

    /// Answers an ask on behalf of the object that the guest numbered `object`.
    ///
    /// # Errors
    /// The exception that the guest sees.
    fn ask(&mut self, object: u32, ask: Ask) -> Result<Answer, Failure>;
}

/// The data of a store: the host behind the guest, and its limits.
pub(super) struct Guest<H> {
    pub(super) host: H,
    pub(super) memory: Option<Memory>,
    pub(super) death: Option<Death>,
    pub(super) limiter: MemoryLimiter,
    pub(super) cpu: CpuTime,
    /// The guest was told that its CPU time is used up: it has only to say where it was.
    must_end: bool,
    pub(super) nested: Nested,
    /// The last reply that did not fit.
    reply: Vec<u8>,
}

impl<H: Host> Guest<H> {
    pub(super) fn new(host: H, memory_limit: usize) -> Self {
        Self {
            host,
            memory: None,
            death: None,
            limiter: MemoryLimiter { limit: memory_limit, exceeded: false, table_elements: 0 },
            cpu: CpuTime::default(),
            must_end: false,
            nested: Nested::default(),
            reply: Vec::new(),
        }
    }

    /// Makes the reply to an ask, in the buffer of the last one.
    fn answer(&mut self, answer: &Result<Answer, Failure>) {
        let mut buffer = std::mem::take(&mut self.reply);
        buffer.clear();
        if buffer.capacity() > REPLY_KEPT_BYTES {
            buffer = Vec::new();
        }
        self.reply = emu_abi::encode_into(answer, buffer);
    }
}

/// A reply buffer larger than this is not kept.
const REPLY_KEPT_BYTES: usize = 64 * 1024;

/// More of a stack than this is not looked at.
const STACK_BYTES_MAX: usize = 4096;

/// The elements that the tables of an isolate may have together.
const TABLE_ELEMENTS_MAX: usize = 2_000_000;

/// Refuses growth beyond the limit of an isolate.
pub(super) struct MemoryLimiter {
    limit: usize,
    pub(super) exceeded: bool,
    /// Elements of all tables together.
    table_elements: usize,
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limit {
            self.exceeded = true;
            return Err(wasmtime::Error::msg("memory limit"));
        }
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.table_elements.saturating_add(desired.saturating_sub(current));
        if all > TABLE_ELEMENTS_MAX {
            return Ok(false);
        }
        self.table_elements = all;
        Ok(true)
    }
}

/// Links the imports of guests whose host is `H`.
pub(super) fn linker<H: Host>(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Guest<H>>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(IMPORT_MODULE, "op", op::<H>)?;
    linker.func_wrap(IMPORT_MODULE, "at", at::<H>)?;
    linker.func_wrap(IMPORT_MODULE, "must_end", must_end::<H>)?;
    linker.func_wrap(IMPORT_MODULE, "ask", ask::<H>)?;
    linker.func_wrap(IMPORT_MODULE, "reply", reply::<H>)?;
    nested::link(&mut linker)?;
    Ok(linker)
}

fn op<H: Host>(mut caller: Caller<'_, Guest<H>>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (bytes, guest) = message(&mut caller, ptr, len)?;
    let op: Op = emu_abi::decode(bytes).map_err(|error| Death::Abi(format!("an op does not decode: {error}")))?;
    guest.host.op(op)?;
    Ok(())
}

fn at<H: Host>(mut caller: Caller<'_, Guest<H>>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (bytes, guest) = message(&mut caller, ptr, len)?;
    let shown = bytes.get(..STACK_BYTES_MAX).unwrap_or(bytes);
    let stack = String::from_utf8_lossy(shown).into_owned();
    if guest.must_end {
        return Err(Death::Cpu(Some(stack).filter(|stack| !stack.is_empty())).into());
    }
    guest.host.at(stack);
    Ok(())
}

fn must_end<H: Host>(mut caller: Caller<'_, Guest<H>>) -> u32 {
    let must_end = is_used_up(&caller);
    caller.data_mut().must_end |= must_end;
    must_end.into()
}

fn ask<H: Host>(
    mut caller: Caller<'_, Guest<H>>,
    object: u32,
    ptr: u32,
    len: u32,
    out: u32,
    capacity: u32,
) -> wasmtime::Result<u32> {
    let (bytes, guest) = message(&mut caller, ptr, len)?;
    let ask: Ask = emu_abi::decode(bytes).map_err(|error| Death::Abi(format!("an ask does not decode: {error}")))?;
    let answer = guest.host.ask(object, ask);
    if guest.host.is_exhausted() {
        return Err(Death::Memory.into());
    }
    guest.answer(&answer);
    if guest.reply.len() > MAX_MESSAGE {
        let message = format!("the result is too large: {} bytes; ask for less at once", guest.reply.len());
        guest.answer(&Err(Failure::range_error(message)));
    }
    let reply_len = guest.reply.len();
    if reply_len <= capacity as usize {
        write_reply(&mut caller, out)?;
    }
    Ok(reply_len as u32)
}

fn reply<H: Host>(mut caller: Caller<'_, Guest<H>>, out: u32) -> wasmtime::Result<()> {
    write_reply(&mut caller, out)
}

fn write_reply<H: Host>(caller: &mut Caller<'_, Guest<H>>, out: u32) -> wasmtime::Result<()> {
    let memory = memory_of(caller)?;
    let (data, guest) = memory.data_and_store_mut(caller);
    let target = range(out, guest.reply.len())
        .and_then(|range| data.get_mut(range))
        .ok_or_else(|| Death::Abi(format!("a reply buffer at {out} lies outside its memory")))?;
    target.copy_from_slice(&guest.reply);
    Ok(())
}

/// The bytes of a message and the store's data beside them.
fn message<'a, H: Host>(
    caller: &'a mut Caller<'_, Guest<H>>,
    ptr: u32,
    len: u32,
) -> Result<(&'a [u8], &'a mut Guest<H>), Death> {
    if len as usize > MAX_MESSAGE {
        return Err(Death::Abi(format!("a message of {len} bytes is too large")));
    }
    let memory = memory_of(caller)?;
    let (data, guest) = memory.data_and_store_mut(caller);
    let bytes = range(ptr, len as usize)
        .and_then(|range| data.get(range))
        .ok_or_else(|| Death::Abi(format!("a message of {len} bytes at {ptr} lies outside its memory")))?;
    Ok((bytes, guest))
}

fn range(start: u32, len: usize) -> Option<std::ops::Range<usize>> {
    let start = start as usize;
    Some(start..start.checked_add(len)?)
}

pub(super) fn memory_of<H: Host>(caller: &mut Caller<'_, Guest<H>>) -> Result<Memory, Death> {
    if let Some(memory) = caller.data().memory {
        return Ok(memory);
    }
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(Death::Abi("it exports no memory".into())),
    }
}

/// Copies a message into a buffer that the guest allocates for it.
pub(super) fn deliver<H: Host>(
    mut store: impl AsContextMut<Data = Guest<H>>,
    memory: Memory,
    alloc: &wasmtime::TypedFunc<u32, u32>,
    bytes: &[u8],
) -> wasmtime::Result<(u32, u32)> {
    let len = u32::try_from(bytes.len()).map_err(|_| Death::Abi("an event is too large".into()))?;
    let ptr = alloc.call(store.as_context_mut(), len)?;
    let target = range(ptr, bytes.len())
        .and_then(|range| memory.data_mut(&mut store).get_mut(range))
        .ok_or_else(|| Death::Abi(format!("`emu_alloc({len})` returned {ptr}, which lies outside its memory")))?;
    target.copy_from_slice(bytes);
    Ok((ptr, len))
}
