//! [`Fetch`].

use crate::{AbortSignal, Method, ReadableStream, Request, Response, ResponseBody, Result, Url, calls};
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

    /// Sends the request; the signal cancels it, or the response's body if that is still coming.
    ///
    /// # Errors
    /// When no response comes, or the signal is aborted.
    pub async fn send_with_signal(&self, signal: &AbortSignal) -> Result<Response> {
        let mut response = signal.watch(self.send()).await?;
        if let ResponseBody::Stream(stream) = &response.body {
            let source = signal.clone().watch_body(stream.take()?);
            response.body = ResponseBody::Stream(ReadableStream::new(source));
        }
        Ok(response)
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
