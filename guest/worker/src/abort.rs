//! Cancelling a fetch.

use crate::js::JsValue;
use crate::streams::Source;
use crate::{Error, Result};
use emu_abi::Failure;
use futures_util::stream;
use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

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
        poll_fn(|context| match self.poll_aborted(context) {
            Some(error) => Poll::Ready(Err(error)),
            None => future.as_mut().poll(context),
        })
        .await
    }

    /// `source`, which fails as soon as the signal is aborted.
    pub(crate) fn watch_body(self, mut source: Source) -> Source {
        let length = source.length();
        let chunks = stream::poll_fn(move |context| {
            let aborted = if matches!(source, Source::Taken) { None } else { self.poll_aborted(context) };
            match aborted {
                Some(error) => {
                    source = Source::Taken;
                    Poll::Ready(Some(Err(error)))
                }
                None => source.poll_chunk(context),
            }
        });
        Source::Guest { stream: Box::pin(chunks), length }
    }

    /// Why it was aborted, if it was; else wakes the task when it is.
    fn poll_aborted(&self, context: &Context<'_>) -> Option<Error> {
        let mut state = self.0.borrow_mut();
        if let Some(reason) = &state.reason {
            return Some(reason.clone().into());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        None
    }
}

impl fmt::Debug for AbortSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortSignal").field("reason", &self.reason()).finish()
    }
}
