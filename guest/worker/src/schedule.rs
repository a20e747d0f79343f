//! Cron triggers.

use crate::scope::{self, Invocation};
use std::future::Future;
use std::rc::Rc;

/// A cron trigger that is due.
#[derive(Clone, Debug)]
pub struct ScheduledEvent {
    cron: String,
    scheduled_ms: f64,
}

impl ScheduledEvent {
    pub(crate) fn new(cron: String, scheduled_ms: f64) -> Self {
        Self { cron, scheduled_ms }
    }

    /// The cron expression.
    pub fn cron(&self) -> String {
        self.cron.clone()
    }

    /// `scheduled`
    pub fn ty(&self) -> String {
        "scheduled".to_owned()
    }

    /// When it was due, in milliseconds since the epoch.
    pub fn schedule(&self) -> f64 {
        self.scheduled_ms
    }
}

/// The invocation of a `scheduled` handler.
#[derive(Clone, Debug)]
pub struct ScheduleContext {
    invocation: Rc<Invocation>,
}

impl ScheduleContext {
    pub(crate) fn current() -> Self {
        Self { invocation: scope::current().invocation }
    }

    /// Runs `future` in the background; the invocation lasts until it has ended.
    pub fn wait_until<T>(&self, future: T)
    where
        T: Future<Output = ()> + 'static,
    {
        self.invocation.wait_until(future);
    }
}
