//! A blocking WebSocket client.
//!
//! Invariant: nothing of it is emu's own WebSocket library.

use super::LIMIT;
use futures_util::{SinkExt, StreamExt};
use std::net::Ipv4Addr;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, CloseCode, Error, Message, WebSocketStream};

/// An open WebSocket.
pub(crate) struct Socket {
    runtime: Runtime,
    stream: WebSocketStream<TcpStream>,
}

/// What arrives on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// The answer to a ping.
    Pong(Vec<u8>),
    /// A Close frame.
    Closed(u16, String),
    /// The connection ended without one; a browser calls that 1006.
    Lost,
}

impl Socket {
    /// Opens a WebSocket on a port of this machine.
    pub(crate) fn open(port: u16, path: &str) -> Self {
        Self::try_open(port, path).unwrap_or_else(|error| panic!("no WebSocket at {path}: {error}"))
    }

    /// Opens a WebSocket on a port of this machine, if that is possible.
    ///
    /// # Errors
    /// When the server refuses it or has gone.
    pub(crate) fn try_open(port: u16, path: &str) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build().expect("an event loop");
        let opened = bounded(&runtime, async {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            stream.set_nodelay(true)?;
            let uri = format!("ws://localhost:{port}{path}");
            let (stream, _) = ClientBuilder::new().uri(&uri).expect("a URL").connect_on(stream).await?;
            Ok::<_, Error>(stream)
        });
        let stream = opened.unwrap_or_else(|| panic!("no WebSocket at {path}: no answer within {LIMIT:?}"))?;
        Ok(Self { runtime, stream })
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: Message) {
        self.try_send(message).expect("the connection takes the message");
    }

    /// Sends a message, or says that the connection has gone.
    pub(crate) fn try_send(&mut self, message: Message) -> Result<(), Error> {
        bounded(&self.runtime, self.stream.send(message)).expect("the connection takes the message in time")
    }

    /// Sends a text message.
    pub(crate) fn say(&mut self, text: &str) {
        self.send(Message::text(text.to_owned()));
    }

    /// Waits for what arrives next.
    pub(crate) fn next(&mut self) -> Got {
        match bounded(&self.runtime, self.stream.next()) {
            None => panic!("nothing arrived within {LIMIT:?}"),
            Some(None | Some(Err(Error::Io(_)))) => Got::Lost,
            Some(Some(Err(error))) => panic!("the server broke the protocol: {error}"),
            Some(Some(Ok(message))) => got(&message),
        }
    }

    /// Waits for a text message.
    pub(crate) fn text(&mut self) -> String {
        match self.next() {
            Got::Text(text) => text,
            other => panic!("{other:?} instead of a text message"),
        }
    }

    /// Sends a message and waits for the one that answers it.
    pub(crate) fn ask(&mut self, text: &str) -> String {
        self.say(text);
        self.text()
    }

    /// Closes with a code and a reason, and waits for what the other side makes of it.
    pub(crate) fn close(mut self, code: u16, reason: &str) -> Got {
        let code = CloseCode::try_from(code).expect("a close code");
        self.send(Message::close(Some(code), reason));
        self.next()
    }
}

/// What a future comes to, or nothing if that takes too long.
fn bounded<T>(runtime: &Runtime, future: impl Future<Output = T>) -> Option<T> {
    // The timeout has to be made where the event loop runs.
    runtime.block_on(async { timeout(LIMIT, future).await.ok() })
}

fn got(message: &Message) -> Got {
    let payload = || message.as_payload().to_vec();
    match message {
        message if message.is_binary() => Got::Binary(payload()),
        message if message.is_pong() => Got::Pong(payload()),
        message => match (message.as_text(), message.as_close()) {
            (Some(text), _) => Got::Text(text.to_owned()),
            (_, Some((code, reason))) => Got::Closed(code.into(), reason.to_owned()),
            _ => panic!("{message:?} arrived"),
        },
    }
}
