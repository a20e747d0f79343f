//! Asynchronous calls: a future per call, woken when the host completes it, cancelled when it is dropped before.
//!
//! Invariant: a call number is used once in the life of an isolate.

use crate::{host, scope};
use emu_abi::{Call, Failure, Op, Outcome};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct Entry {
    result: Option<Result<Outcome, Failure>>,
    waker: Option<Waker>,
}

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(1) };
    static CALLS: RefCell<BTreeMap<u32, Entry>> = const { RefCell::new(BTreeMap::new()) };
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Pending {
    call: u32,
}

/// Starts a call in the current scope.
pub(crate) fn start(what: Call) -> Pending {
    let call = NEXT.get();
    NEXT.set(call.wrapping_add(1).max(1));
    CALLS.with_borrow_mut(|calls| calls.insert(call, Entry::default()));
    let scope = scope::current();
    host::op(&Op::Call { call, invocation: scope.invocation.number(), section: scope.section, what });
    Pending { call }
}

/// Delivers the end of a call. One that was cancelled meanwhile is nobody's any more.
pub(crate) fn complete(call: u32, result: Result<Outcome, Failure>) {
    let delivered = CALLS.with_borrow_mut(|calls| match calls.get_mut(&call) {
        Some(entry) => {
            entry.result = Some(result);
            Ok(entry.waker.take())
        }
        None => Err(result),
    });
    match delivered {
        Ok(Some(waker)) => waker.wake(),
        Ok(None) => {}
        Err(result) => discard(result),
    }
}

/// What a response brings along (a body, a socket) must be given back to the host.
fn discard(result: Result<Outcome, Failure>) {
    if let Ok(Outcome::Response(response)) = result {
        drop(crate::Response::from_abi(response));
    }
}

impl Future for Pending {
    type Output = Result<Outcome, Failure>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        CALLS.with_borrow_mut(|calls| {
            let entry = calls.get_mut(&self.call).expect("a call is not polled after it is done");
            match entry.result.take() {
                Some(result) => {
                    calls.remove(&self.call);
                    Poll::Ready(result)
                }
                None => {
                    entry.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        match CALLS.with_borrow_mut(|calls| calls.remove(&self.call)) {
            None => {}
            Some(Entry { result: Some(result), .. }) => discard(result),
            Some(_) => host::op(&Op::Cancel { call: self.call }),
        }
    }
}
