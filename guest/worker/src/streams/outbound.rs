//! Streams of the guest: a task per stream takes chunks from their source and sends them within the host's credit.

use super::Source;
use crate::{executor, host, scope};
use emu_abi::{Bytes, INITIAL_BODY_CREDIT, MAX_BODY_CHUNK, Op};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};

struct Outgoing {
    credit: u64,
    waker: Option<Waker>,
    task: Option<executor::TaskId>,
}

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(1) };
    static STREAMS: RefCell<BTreeMap<u32, Outgoing>> = const { RefCell::new(BTreeMap::new()) };
}

/// Turns a source into the body of a message that is about to be sent.
pub(crate) fn send(source: Source) -> emu_abi::Body {
    let length = source.length();
    let source = match source {
        Source::Taken => return emu_abi::Body::Empty,
        Source::Bytes(bytes) => return emu_abi::Body::Bytes(Bytes(bytes)),
        Source::Host(mut inbound) => match inbound.forward() {
            Some(id) => return emu_abi::Body::Forward(id),
            None => Source::Host(inbound),
        },
        Source::Guest { .. } => source,
    };
    let id = NEXT.get();
    NEXT.set(id.wrapping_add(1).max(1));
    let outgoing = Outgoing { credit: INITIAL_BODY_CREDIT.into(), waker: None, task: None };
    STREAMS.with_borrow_mut(|streams| streams.insert(id, outgoing));
    // The task runs only when the caller has sent the message that announces the stream.
    let task = executor::spawn(scope::current(), pump(id, source));
    STREAMS.with_borrow_mut(|streams| {
        if let Some(outgoing) = streams.get_mut(&id) {
            outgoing.task = Some(task);
        }
    });
    emu_abi::Body::Stream { id, length }
}

async fn pump(id: u32, mut source: Source) {
    let last = loop {
        // Nothing is taken from the source before somebody wants it.
        credited(id).await;
        match poll_fn(|context| source.poll_chunk(context)).await {
            Some(Ok(chunk)) => send_chunk(id, chunk).await,
            Some(Err(error)) => break Op::BodyFailed { body: id, failure: error.to_failure() },
            None => break Op::BodyEnd { body: id },
        }
    };
    STREAMS.with_borrow_mut(|streams| streams.remove(&id));
    host::op(&last);
}

async fn send_chunk(id: u32, chunk: Vec<u8>) {
    let mut rest = chunk.as_slice();
    while !rest.is_empty() {
        let credit = usize::try_from(credited(id).await).unwrap_or(usize::MAX);
        let (piece, later) = rest.split_at(rest.len().min(credit).min(MAX_BODY_CHUNK));
        STREAMS.with_borrow_mut(|streams| {
            if let Some(outgoing) = streams.get_mut(&id) {
                outgoing.credit -= piece.len() as u64;
            }
        });
        host::op(&Op::BodyChunk { body: id, bytes: Bytes(piece.to_vec()) });
        rest = later;
    }
}

/// Waits until there is credit and returns it.
async fn credited(id: u32) -> u64 {
    poll_fn(|context| {
        STREAMS.with_borrow_mut(|streams| match streams.get_mut(&id) {
            Some(outgoing) if outgoing.credit > 0 => Poll::Ready(outgoing.credit),
            Some(outgoing) => {
                outgoing.waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Pending,
        })
    })
    .await
}

/// The host lets the guest send so many bytes more.
pub(crate) fn credit(id: u32, bytes: u32) {
    let waker = STREAMS.with_borrow_mut(|streams| {
        let outgoing = streams.get_mut(&id)?;
        outgoing.credit += u64::from(bytes);
        outgoing.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Nobody reads the stream any more: its task ends and drops the source.
pub(crate) fn cancelled(id: u32) {
    let outgoing = STREAMS.with_borrow_mut(|streams| streams.remove(&id));
    if let Some(task) = outgoing.and_then(|outgoing| outgoing.task) {
        executor::cancel(task);
    }
}
