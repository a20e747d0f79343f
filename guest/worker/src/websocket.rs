//! [`WebSocket`] and what belongs to it.

use crate::js::JsValue;
use crate::sockets::{EventStream, Socket};
use crate::{Error, Fetch, Method, Request, Result, Url, host, v8};
use emu_abi::{Answer, Ask, Message};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Two connected ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketPair {
    /// The end to return in a response.
    pub client: WebSocket,
    /// The end to keep.
    pub server: WebSocket,
}

impl WebSocketPair {
    /// A new pair.
    ///
    /// # Errors
    /// In global scope, where the platform allows no I/O.
    pub fn new() -> Result<Self> {
        match host::ask(crate::scope::object(), &Ask::SocketPair)? {
            Answer::Pair(client, server) => {
                Ok(Self { client: WebSocket::fresh(client), server: WebSocket::fresh(server) })
            }
            other => host::unexpected(&other),
        }
    }
}

/// One end of a WebSocket. Clones are the same socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocket {
    socket: Socket,
}

impl WebSocket {
    /// Connects to `url` (`ws`, `wss`, `http` or `https`). The socket must be accepted before it is used.
    ///
    /// # Errors
    /// When the connection fails or the server does not switch protocols.
    pub async fn connect(url: Url) -> Result<Self> {
        Self::connect_with_protocols(url, None).await
    }

    /// Connects to `url` and offers these protocols.
    ///
    /// # Errors
    /// When the connection fails or the server does not switch protocols.
    pub async fn connect_with_protocols(mut url: Url, protocols: Option<Vec<&str>>) -> Result<Self> {
        let scheme = match url.scheme() {
            "ws" => "http",
            "wss" => "https",
            other => other,
        };
        let scheme = scheme.to_owned();
        url.set_scheme(&scheme).map_err(|()| Error::from(format!("a WebSocket cannot be opened to `{url}`")))?;
        let mut request = Request::new(url.as_str(), Method::Get)?;
        request.headers_mut()?.set("upgrade", "websocket")?;
        if let Some(protocols) = protocols {
            request.headers_mut()?.set("Sec-WebSocket-Protocol", &protocols.join(","))?;
        }
        let response = Fetch::Request(request).send().await?;
        response.websocket().ok_or_else(|| "server did not accept".into())
    }

    /// A socket that the host drops unless it is accepted or handed over.
    pub(crate) fn fresh(number: u32) -> Self {
        Self { socket: Socket::new(number, crate::scope::object(), false) }
    }

    /// A socket that the host keeps whatever happens to this handle.
    pub(crate) fn held(number: u32) -> Self {
        Self { socket: Socket::new(number, crate::scope::object(), true) }
    }

    /// The socket's number, on its way to the host within a response or into hibernation.
    pub(crate) fn hand_over(&self) -> u32 {
        self.socket.hold();
        self.socket.number()
    }

    pub(crate) fn number(&self) -> u32 {
        self.socket.number()
    }

    /// Accepts the socket: its events arrive in this isolate from now on.
    ///
    /// # Errors
    /// When it was accepted or returned before.
    pub fn accept(&self) -> Result<()> {
        self.socket.ask(&Ask::SocketAccept { socket: self.number(), half_open: false })?;
        self.socket.hold();
        Ok(())
    }

    /// Sends `data` as JSON text.
    ///
    /// # Errors
    /// When it does not serialize, or as [`Self::send_with_str`].
    pub fn send<T: Serialize>(&self, data: &T) -> Result<()> {
        self.send_with_str(serde_json::to_string(data)?)
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// When the socket was not accepted or is closed.
    pub fn send_with_str<S: AsRef<str>>(&self, data: S) -> Result<()> {
        self.send_message(Message::Text(data.as_ref().to_owned()))
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// When the socket was not accepted or is closed.
    pub fn send_with_bytes<D: AsRef<[u8]>>(&self, bytes: D) -> Result<()> {
        self.send_message(Message::Binary(bytes.as_ref().to_owned().into()))
    }

    fn send_message(&self, message: Message) -> Result<()> {
        self.socket.ask(&Ask::SocketSend { socket: self.number(), message })?;
        Ok(())
    }

    /// Closes the socket. As in the public crate a reason without a code is left out.
    ///
    /// # Errors
    /// When the code or the reason is not a valid one.
    pub fn close<S: AsRef<str>>(&self, code: Option<u16>, reason: Option<S>) -> Result<()> {
        let reason = code.and(reason).map(|reason| reason.as_ref().to_owned());
        self.socket.ask(&Ask::SocketClose { socket: self.number(), code, reason })?;
        Ok(())
    }

    /// The events of the socket from now on, until it closes.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn events(&self) -> Result<EventStream<'_>> {
        Ok(EventStream::new(self))
    }

    /// Keeps `value` with the socket, through hibernation if it is hibernatable.
    ///
    /// # Errors
    /// When it does not serialize or is larger than 16,384 bytes.
    pub fn serialize_attachment<T: Serialize>(&self, value: T) -> Result<()> {
        let value = v8::write(&JsValue::serialize(&value)?)?;
        self.socket.ask(&Ask::AttachmentSet { socket: self.number(), value: value.into() })?;
        Ok(())
    }

    /// What was last kept with the socket.
    ///
    /// # Errors
    /// When it does not have the shape of `T`.
    pub fn deserialize_attachment<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let bytes = match self.socket.ask(&Ask::AttachmentGet { socket: self.number() })? {
            Answer::MaybeBytes(bytes) => bytes,
            other => host::unexpected(&other),
        };
        let Some(bytes) = bytes else { return Ok(None) };
        let value = v8::read(&bytes.0)?;
        if value.is_null_or_undefined() { Ok(None) } else { value.deserialize().map(Some) }
    }
}

impl AsRef<Socket> for WebSocket {
    fn as_ref(&self) -> &Socket {
        &self.socket
    }
}

/// A message that the platform answers by itself, without waking the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketRequestResponsePair {
    request: String,
    response: String,
}

impl WebSocketRequestResponsePair {
    /// Answers `request` with `response`.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn new(request: &str, response: &str) -> std::result::Result<Self, JsValue> {
        Ok(Self { request: request.to_owned(), response: response.to_owned() })
    }

    /// The message.
    pub fn request(&self) -> String {
        self.request.clone()
    }

    /// Its answer.
    pub fn response(&self) -> String {
        self.response.clone()
    }
}

/// A message that arrived on a hibernatable socket.
#[derive(Debug)]
pub enum WebSocketIncomingMessage {
    /// A text message.
    String(String),
    /// A binary message.
    Binary(Vec<u8>),
}

impl From<Message> for WebSocketIncomingMessage {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::String(text),
            Message::Binary(bytes) => Self::Binary(bytes.0),
        }
    }
}
