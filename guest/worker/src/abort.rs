//! Cancelling a fetch.

use crate::js::JsValue;
use crate::{Error, Result};
use emu_abi::Failure;
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

#[derive(Default)]
struct State {
    reason: Option<JsValue>,
    wakers: Vec<Waker>,
}

/// Aborts what uses its signal.
#[derive(Debug, Default)]
pub struct AbortController {
    signal: AbortSignal,
}

impl AbortController {
    /// The signal.
    pub fn signal(&self) -> AbortSignal {
        self.signal.clone()
    }

    /// Aborts.
    pub fn abort(self) {
        self.abort_with_reason(default_reason());
    }

    /// Aborts with a reason.
    pub fn abort_with_reason(self, reason: impl Into<JsValue>) {
        self.signal.set(reason.into());
    }
}

/// Says when to stop. Clones are the same signal.
#[derive(Clone, Default)]
pub struct AbortSignal(Rc<RefCell<State>>);

fn default_reason() -> JsValue {
    let message = "The operation was aborted".to_owned();
    JsValue::from(Failure { name: "AbortError".to_owned(), message, ..Failure::default() })
}

impl AbortSignal {
    /// Whether it has been aborted.
    pub fn aborted(&self) -> bool {
        self.0.borrow().reason.is_some()
    }

    /// Why it has been aborted.
    pub fn reason(&self) -> Option<JsValue> {
        self.0.borrow().reason.clone()
    }

    /// A signal that is aborted already.
    pub fn abort() -> Self {
        Self::abort_with_reason(default_reason())
    }

    /// A signal that is aborted already.
    pub fn abort_with_reason(reason: impl Into<JsValue>) -> Self {
        let signal = Self::default();
        signal.set(reason.into());
        signal
    }

    fn set(&self, reason: JsValue) {
        let wakers = {
            let mut state = self.0.borrow_mut();
            state.reason.get_or_insert(reason);
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Runs `future` until it ends or the signal is aborted, which drops it.
    pub(crate) async fn watch<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Some(reason) = self.reason() {
                return Poll::Ready(Err(Error::from(reason)));
            }
            let polled = future.as_mut().poll(context);
            if polled.is_pending() {
                self.0.borrow_mut().wakers.push(context.waker().clone());
            }
            polled
        })
        .await
    }
}

impl fmt::Debug for AbortSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortSignal").field("reason", &self.reason()).finish()
    }
}
