//! [`Fetch`].

use crate::{AbortSignal, Method, Request, Response, Result, Url, calls};
use emu_abi::{Call, Outcome, Target};

/// A request to the network.
#[derive(Debug)]
pub enum Fetch {
    /// A `GET` request.
    Url(Url),
    /// Any request.
    Request(Request),
}

impl Fetch {
    /// Sends the request.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn send(&self) -> Result<Response> {
        match self {
            Self::Url(url) => fetch(Target::Internet, &Request::new(url.as_str(), Method::Get)?).await,
            Self::Request(request) => fetch(Target::Internet, request).await,
        }
    }

    /// Sends the request; the signal cancels it.
    ///
    /// # Errors
    /// When no response comes, or the signal is aborted.
    pub async fn send_with_signal(&self, signal: &AbortSignal) -> Result<Response> {
        signal.watch(self.send()).await
    }
}

/// Sends `request` to `target`.
pub(crate) async fn fetch(target: Target, request: &Request) -> Result<Response> {
    let request = request.to_abi()?;
    match calls::start(Call::Fetch { target, request }).await? {
        Outcome::Response(response) => Ok(Response::from_abi(response)),
        other => panic!("the host broke the interface: unexpected outcome {other:?}"),
    }
}
