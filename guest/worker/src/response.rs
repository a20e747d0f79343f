//! [`Response`]: what a handler returns and what a fetch brings.

use crate::{ByteStream, Cors, Error, Headers, ResponseBody, ResponseBuilder, Result, Url, WebSocket};
use emu_abi::Failure;
use futures_util::TryStream;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    pub(crate) body: ResponseBody,
    pub(crate) init: ResponseBuilder,
}

/// Whether the platform compresses a body as its `Content-Encoding` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeBody {
    /// It does.
    #[default]
    Automatic,
    /// The body is encoded already.
    Manual,
}

impl Response {
    /// A builder, at status 200 and without headers.
    pub fn builder() -> ResponseBuilder {
        ResponseBuilder::new()
    }

    /// `value` as JSON.
    ///
    /// # Errors
    /// When it does not serialize.
    pub fn from_json<B: Serialize>(value: &B) -> Result<Self> {
        ResponseBuilder::new().from_json(value)
    }

    /// HTML.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn from_html(html: impl AsRef<str>) -> Result<Self> {
        ResponseBuilder::new().from_html(html)
    }

    /// Bytes, as `application/octet-stream`.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        ResponseBuilder::new().from_bytes(bytes)
    }

    /// A body, without headers.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn from_body(body: ResponseBody) -> Result<Self> {
        Ok(ResponseBuilder::new().body(body))
    }

    /// Switches the connection to this end of a pair.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn from_websocket(websocket: WebSocket) -> Result<Self> {
        Ok(ResponseBuilder::new().with_websocket(websocket).with_status(101).empty())
    }

    /// A stream, without headers.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn from_stream<S>(stream: S) -> Result<Self>
    where
        S: TryStream + 'static,
        S::Ok: Into<Vec<u8>>,
        S::Error: Into<Error>,
    {
        ResponseBuilder::new().from_stream(stream)
    }

    /// Plain text.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn ok(body: impl Into<String>) -> Result<Self> {
        ResponseBuilder::new().ok(body)
    }

    /// Nothing, with status 200.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn empty() -> Result<Self> {
        Ok(ResponseBuilder::new().empty())
    }

    /// A message with an error status.
    ///
    /// # Errors
    /// When the status is not within 400 to 599.
    pub fn error(message: impl Into<String>, status: u16) -> Result<Self> {
        ResponseBuilder::new().error(message, status)
    }

    /// A redirect with status 302.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn redirect(url: Url) -> Result<Self> {
        Self::redirect_with_status(url, 302)
    }

    /// A redirect.
    ///
    /// # Errors
    /// When the status is not one of a redirect.
    pub fn redirect_with_status(url: Url, status_code: u16) -> Result<Self> {
        if !(300..=399).contains(&status_code) {
            return Err(Error::Internal(
                "redirect status codes must be in the 300-399 range! Please checkout https://developer.mozilla.org/en-US/docs/Web/HTTP/Status#redirection_messages for more".into(),
            ));
        }
        if ![301, 302, 303, 307, 308].contains(&status_code) {
            return Err(Failure::range_error(format!("{status_code} is not a redirect status code.")).into());
        }
        Ok(ResponseBuilder::new().with_status(status_code).with_header("Location", url.as_str())?.empty())
    }

    pub(crate) fn from_abi(response: emu_abi::Response) -> Self {
        let websocket = response.socket.map(WebSocket::fresh);
        let init = ResponseBuilder::new()
            .with_status(response.status)
            .with_headers(Headers::from_abi(response.headers))
            .with_maybe_websocket(websocket);
        Self { body: ResponseBody::from_abi(response.body), init }
    }

    /// The message for the host.
    ///
    /// # Errors
    /// What the platform throws for a status, a body and a socket that do not go together.
    pub(crate) fn into_abi(self) -> Result<emu_abi::Response> {
        let Self { body, init } = self;
        let status = init.status_code;
        let no_body = matches!(body, ResponseBody::Empty);
        if init.websocket.is_some() && status != 101 {
            return Err(Failure::range_error("Responses with a WebSocket must have status code 101.").into());
        }
        let switches = status == 101 && init.websocket.is_some();
        if !switches && !(200..=599).contains(&status) {
            let message = "Responses may only be constructed with status codes in the range 200 to 599, inclusive.";
            return Err(Failure::range_error(message).into());
        }
        if matches!(status, 101 | 204 | 205 | 304) && !no_body {
            let message = "Response with null body status (101, 204, 205, or 304) cannot have a body.";
            return Err(Failure::type_error(message).into());
        }
        Ok(emu_abi::Response {
            status,
            status_text: String::new(),
            headers: init.headers.to_abi(),
            body: body.into_abi()?,
            socket: init.websocket.map(|socket| socket.hand_over()),
        })
    }

    /// The status.
    pub fn status_code(&self) -> u16 {
        self.init.status_code
    }

    /// The body.
    pub fn body(&self) -> &ResponseBody {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// When it was read before or breaks.
    pub async fn text(&mut self) -> Result<String> {
        self.body.read_text().await
    }

    /// The body, parsed as JSON.
    ///
    /// # Errors
    /// When it was read before or does not parse as `B`.
    pub async fn json<B: DeserializeOwned>(&mut self) -> Result<B> {
        Ok(serde_json::from_str(&self.text().await?)?)
    }

    /// The body.
    ///
    /// # Errors
    /// When it was read before or breaks.
    pub async fn bytes(&mut self) -> Result<Vec<u8>> {
        self.body.read().await
    }

    /// The body as a stream.
    ///
    /// # Errors
    /// When it is not a stream or was read before.
    pub fn stream(&mut self) -> Result<ByteStream> {
        match &self.body {
            ResponseBody::Stream(stream) => Ok(ByteStream(stream.take()?)),
            _ => Err(Error::RustError("body is not streamable".into())),
        }
    }

    /// The socket that came with the response.
    pub fn websocket(self) -> Option<WebSocket> {
        self.init.websocket
    }

    /// Sets the headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.init = self.init.with_headers(headers);
        self
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status_code: u16) -> Self {
        self.init = self.init.with_status(status_code);
        self
    }

    /// Adds the headers of `cors`.
    ///
    /// # Errors
    /// When they are not valid headers.
    pub fn with_cors(mut self, cors: &Cors) -> Result<Self> {
        self.init = self.init.with_cors(cors)?;
        Ok(self)
    }

    /// Sets the socket; the status must be 101.
    #[must_use]
    pub fn with_websocket(mut self, websocket: Option<WebSocket>) -> Self {
        self.init = self.init.with_maybe_websocket(websocket);
        self
    }

    /// See [`EncodeBody`].
    pub fn encode_body(&self) -> &EncodeBody {
        &self.init.encode_body
    }

    /// See [`EncodeBody`]; kept, and without effect here.
    #[must_use]
    pub fn with_encode_body(mut self, encode_body: EncodeBody) -> Self {
        self.init = self.init.with_encode_body(encode_body);
        self
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.init.headers
    }

    /// The headers, to be changed.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.init.headers
    }

    /// Takes the response apart.
    pub fn into_parts(self) -> (ResponseBuilder, ResponseBody) {
        (self.init, self.body)
    }

    /// A second response with the same content.
    ///
    /// # Errors
    /// When the body was read before, or there is a socket.
    pub fn cloned(&mut self) -> Result<Self> {
        if self.init.websocket.is_some() {
            return Err(Error::RustError("WebSockets cannot be cloned".into()));
        }
        Ok(Self { body: self.body.tee()?, init: self.init.clone() })
    }
}

/// What a `fetch` handler may return.
pub trait IntoResponse {
    /// The response.
    ///
    /// # Errors
    /// When it is none.
    fn into_raw(self) -> std::result::Result<Response, impl Into<Box<dyn std::error::Error>>>;
}

impl IntoResponse for Response {
    fn into_raw(self) -> std::result::Result<Response, impl Into<Box<dyn std::error::Error>>> {
        Ok::<_, Error>(self)
    }
}
