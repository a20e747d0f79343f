//! On whose behalf code runs: the object, the invocation and the critical section of the task being polled.
//!
//! Invariant: set only around a poll or a call into user code, and always put back.

use crate::emu::AlarmInfo;
use emu_abi::{Op, Section};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// One delivery of a handler, for as long as the host knows its number.
#[derive(Debug)]
pub(crate) struct Invocation {
    number: u32,
    settled: Cell<bool>,
    waits: Cell<u32>,
    pub(crate) alarm: Option<AlarmInfo>,
    /// What the binding that led here was configured with, as JSON; empty for nothing.
    pub(crate) props: String,
}

impl Invocation {
    pub(crate) fn new(number: u32, alarm: Option<AlarmInfo>, props: String) -> Rc<Self> {
        Rc::new(Self { number, settled: Cell::new(false), waits: Cell::new(0), alarm, props })
    }

    /// The host's number while the invocation lasts, then 0: the host may use the number again.
    pub(crate) fn number(&self) -> u32 {
        if self.settled.get() && self.waits.get() == 0 { 0 } else { self.number }
    }

    /// The handler's result has been sent.
    pub(crate) fn settle(&self) {
        self.settled.set(true);
    }

    /// Runs `future` in the background and holds the invocation open until it ends.
    pub(crate) fn wait_until(self: &Rc<Self>, future: impl Future<Output = ()> + 'static) {
        let number = self.number();
        if number == 0 {
            crate::executor::spawn(current(), future);
            return;
        }
        crate::host::op(&Op::WaitUntilBegin { invocation: number });
        self.waits.set(self.waits.get() + 1);
        let this = self.clone();
        crate::executor::spawn(current(), async move {
            future.await;
            crate::host::op(&Op::WaitUntilEnd { invocation: number, failure: None });
            this.waits.set(this.waits.get() - 1);
        });
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) object: u32,
    pub(crate) invocation: Rc<Invocation>,
    pub(crate) section: Section,
}

impl Scope {
    /// The scope of a handler that is about to start.
    pub(crate) fn of(object: u32, invocation: Rc<Invocation>) -> Self {
        Self { object, invocation, section: 0 }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// The scope of the running code; that of nobody outside of handlers.
pub(crate) fn current() -> Scope {
    CURRENT.with_borrow(|scope| scope.clone()).unwrap_or_else(|| Scope::of(0, Invocation::new(0, None, String::new())))
}

/// The object on whose behalf the running code runs, 0 for the worker.
pub(crate) fn object() -> u32 {
    CURRENT.with_borrow(|scope| scope.as_ref().map_or(0, |scope| scope.object))
}

/// The critical section the running code is in, 0 for none.
pub(crate) fn section() -> Section {
    CURRENT.with_borrow(|scope| scope.as_ref().map_or(0, |scope| scope.section))
}

/// Runs `body` in `scope`.
pub(crate) fn enter<T>(scope: Scope, body: impl FnOnce() -> T) -> T {
    struct Restore(Option<Scope>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _restore = Restore(CURRENT.replace(Some(scope)));
    body()
}

/// `future`, with everything in it polled in `section` of the scope that polls it.
pub(crate) fn in_section<F: Future>(section: Section, future: F) -> InSection<F> {
    InSection { section, future: Box::pin(future) }
}

/// See [`in_section`].
pub(crate) struct InSection<F> {
    section: Section,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for InSection<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let scope = Scope { section: self.section, ..current() };
        enter(scope, || self.future.as_mut().poll(context))
    }
}
