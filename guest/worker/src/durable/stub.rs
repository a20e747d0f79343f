//! [`Stub`].

use crate::{Method, Request, Response, Result};
use emu_abi::Target;

/// Sends requests to one object.
#[derive(Clone, Debug)]
pub struct Stub {
    pub(super) namespace: u32,
    pub(super) id: emu_abi::ObjectId,
}

impl Stub {
    /// Sends a request to the object.
    ///
    /// # Errors
    /// What the object's handler returned, or why it could not be reached.
    pub async fn fetch_with_request(&self, req: Request) -> Result<Response> {
        let target = Target::Object { namespace: self.namespace, id: self.id.clone() };
        crate::global::fetch(target, &req).await
    }

    /// Sends a `GET` request to the object.
    ///
    /// # Errors
    /// As [`Self::fetch_with_request`], and when `url` is not an absolute URL.
    pub async fn fetch_with_str(&self, url: &str) -> Result<Response> {
        self.fetch_with_request(Request::new(url, Method::Get)?).await
    }
}
