//! [`Context`]: the invocation of a `fetch` handler.

use crate::scope::{self, Invocation};
use serde::de::DeserializeOwned;
use std::future::Future;
use std::rc::Rc;

/// The invocation of a handler.
#[derive(Clone, Debug)]
pub struct Context {
    invocation: Rc<Invocation>,
}

impl Context {
    pub(crate) fn current() -> Self {
        Self { invocation: scope::current().invocation }
    }

    /// Runs `future` in the background; the invocation lasts until it has ended.
    pub fn wait_until<F>(&self, future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        self.invocation.wait_until(future);
    }

    /// What the service binding that led here was configured with: `props` of `services`, `{}` where it has none.
    ///
    /// # Errors
    /// When it is not a `T`.
    pub fn props<T: DeserializeOwned>(&self) -> crate::Result<T> {
        let json = if self.invocation.props.is_empty() { "{}" } else { &self.invocation.props };
        Ok(serde_json::from_str(json)?)
    }

    /// Forwards the request to the origin when the handler fails. There is no origin here, so this does nothing.
    pub fn pass_through_on_exception(&self) {}
}
