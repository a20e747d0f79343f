//! Critical sections of an object's input gate: `blockConcurrencyWhile` and `transaction` run inside one.
//!
//! Invariant: a section that was asked for is left exactly once, even if the object's code fails.

use crate::{Error, Result, calls, executor, host, scope};
use emu_abi::{Call, Op, Section};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

thread_local! {
    static NEXT: Cell<Section> = const { Cell::new(1) };
}

/// What becomes of the object when the body of a section fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    /// The object is reset and the waiting code never resumes (`blockConcurrencyWhile`).
    Reset,
    /// The error is returned (`transaction`).
    Return,
}

struct Slot<T> {
    value: Option<Result<T>>,
    waker: Option<Waker>,
}

/// Opens a critical section of `object` at once, runs `body` in it as a task of its own, and returns a future of the
/// result. Dropping that future does not stop the body, as with a promise nobody awaits.
pub(crate) fn run<T: 'static>(
    object: u32,
    on_error: OnError,
    body: impl Future<Output = Result<T>> + 'static,
) -> impl Future<Output = Result<T>> {
    let section = NEXT.get();
    NEXT.set(section.wrapping_add(1).max(1));
    let entered = calls::start(Call::EnterCritical { section, object });
    let slot = Rc::new(RefCell::new(Slot { value: None, waker: None }));
    let result = slot.clone();
    executor::spawn(scope::current(), async move {
        let value = match entered.await {
            Ok(_) => inside(section, on_error, body).await,
            Err(failure) => Some(Err(Error::from(failure))),
        };
        if let Some(value) = value {
            let waker = {
                let mut slot = slot.borrow_mut();
                slot.value = Some(value);
                slot.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    });
    poll_fn(move |context| {
        let mut slot = result.borrow_mut();
        match slot.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
}

/// Runs `body` in the section it has entered and leaves it; nothing is returned when the object is to be reset.
async fn inside<T>(section: Section, on_error: OnError, body: impl Future<Output = Result<T>>) -> Option<Result<T>> {
    let value = scope::in_section(section, body).await;
    let failure = match &value {
        Err(error) if on_error == OnError::Reset => Some(error.to_failure()),
        _ => None,
    };
    let reset = failure.is_some();
    host::op(&Op::LeaveCritical { section, failure });
    if reset { None } else { Some(value) }
}
