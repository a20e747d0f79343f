//! [`ResponseBuilder`]: status, headers and the rest of a response before its body.

use crate::{Cors, EncodeBody, Error, Headers, ReadableStream, Response, ResponseBody, Result, WebSocket};
use futures_util::TryStream;
use serde::Serialize;

/// Builds a [`Response`].
#[derive(Clone, Debug)]
pub struct ResponseBuilder {
    pub(crate) status_code: u16,
    pub(crate) headers: Headers,
    pub(crate) websocket: Option<WebSocket>,
    pub(crate) encode_body: EncodeBody,
}

impl Default for ResponseBuilder {
    fn default() -> Self {
        Self { status_code: 200, headers: Headers::new(), websocket: None, encode_body: EncodeBody::default() }
    }
}

impl ResponseBuilder {
    /// Status 200, no headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status_code = status;
        self
    }

    /// Sets the headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Sets one header.
    ///
    /// # Errors
    /// When the name or the value is not a valid one.
    pub fn with_header(self, key: &str, value: &str) -> Result<Self> {
        self.headers.set(key, value)?;
        Ok(self)
    }

    /// Adds the headers of `cors`.
    ///
    /// # Errors
    /// When they are not valid headers.
    pub fn with_cors(mut self, cors: &Cors) -> Result<Self> {
        cors.apply_headers(&mut self.headers)?;
        Ok(self)
    }

    /// Sets the socket; the status must be 101.
    #[must_use]
    pub fn with_websocket(self, websocket: WebSocket) -> Self {
        self.with_maybe_websocket(Some(websocket))
    }

    pub(crate) fn with_maybe_websocket(mut self, websocket: Option<WebSocket>) -> Self {
        self.websocket = websocket;
        self
    }

    /// See [`EncodeBody`]; kept, and without effect here.
    #[must_use]
    pub fn with_encode_body(mut self, encode_body: EncodeBody) -> Self {
        self.encode_body = encode_body;
        self
    }

    /// Bytes.
    pub fn fixed(self, body: Vec<u8>) -> Response {
        self.body(ResponseBody::Body(body))
    }

    /// A stream.
    pub fn stream(self, stream: ReadableStream) -> Response {
        self.body(ResponseBody::Stream(stream))
    }

    /// A body.
    pub fn body(self, body: ResponseBody) -> Response {
        Response { body, init: self }
    }

    /// No body.
    pub fn empty(self) -> Response {
        self.body(ResponseBody::Empty)
    }

    /// `value` as JSON.
    ///
    /// # Errors
    /// When it does not serialize.
    #[allow(clippy::wrong_self_convention)]
    pub fn from_json<B: Serialize>(self, value: &B) -> Result<Response> {
        let json = serde_json::to_vec(value).map_err(|_| Error::Json(("Failed to encode data to json".into(), 500)))?;
        Ok(self.with_header("content-type", "application/json")?.fixed(json))
    }

    /// HTML.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    #[allow(clippy::wrong_self_convention)]
    pub fn from_html(self, html: impl AsRef<str>) -> Result<Response> {
        Ok(self.with_header("content-type", "text/html; charset=utf-8")?.fixed(html.as_ref().into()))
    }

    /// Bytes, as `application/octet-stream`.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    #[allow(clippy::wrong_self_convention)]
    pub fn from_bytes(self, bytes: Vec<u8>) -> Result<Response> {
        Ok(self.with_header("content-type", "application/octet-stream")?.fixed(bytes))
    }

    /// A stream, without headers. A body that came from outside and was not read passes through without the worker.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    #[allow(clippy::wrong_self_convention)]
    pub fn from_stream<S>(self, stream: S) -> Result<Response>
    where
        S: TryStream + 'static,
        S::Ok: Into<Vec<u8>>,
        S::Error: Into<Error>,
    {
        Ok(self.body(ResponseBody::from_stream(stream)))
    }

    /// Plain text.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn ok(self, body: impl Into<String>) -> Result<Response> {
        Ok(self.with_header("content-type", "text/plain; charset=utf-8")?.fixed(body.into().into_bytes()))
    }

    /// A message with an error status.
    ///
    /// # Errors
    /// When the status is not within 400 to 599.
    pub fn error(self, message: impl Into<String>, status: u16) -> Result<Response> {
        if !(400..=599).contains(&status) {
            return Err(Error::Internal(
                "error status codes must be in the 400-599 range! see https://developer.mozilla.org/en-US/docs/Web/HTTP/Status for more".into(),
            ));
        }
        Ok(self.with_status(status).fixed(message.into().into_bytes()))
    }
}
