//! [`State`]: what an object is given when it is built.

use super::{ObjectId, Storage};
use crate::critical::{self, OnError};
use crate::{Result, WebSocket, WebSocketRequestResponsePair, host};
use emu_abi::{Answer, Ask, Op};
use std::future::Future;

/// The state of an object.
#[derive(Debug)]
pub struct State {
    object: u32,
    id: emu_abi::ObjectId,
}

impl State {
    pub(crate) fn new(object: u32, id: emu_abi::ObjectId) -> Self {
        Self { object, id }
    }

    /// The public crate's `State` cannot fail in these places: it panics, and so does this one.
    fn ask(&self, ask: &Ask) -> Answer {
        host::ask(self.object, ask).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// The object's id.
    pub fn id(&self) -> ObjectId<'_> {
        ObjectId { id: self.id.clone(), namespace: None }
    }

    /// The object's storage.
    pub fn storage(&self) -> Storage {
        Storage::new(self.object)
    }

    /// Runs `future` in the background.
    pub fn wait_until<F>(&self, future: F)
    where
        F: Future<Output = ()> + 'static,
    {
        crate::scope::current().invocation.wait_until(future);
    }

    /// Delivers no other event to the object until `future` has ended. The gate closes with this call, whether or not the
    /// result is awaited. If the future fails, the object is reset and the result never comes.
    ///
    /// # Errors
    /// What the platform throws when it cannot enter, such as too deep a nesting.
    pub fn block_concurrency_while<F, T>(&self, future: F) -> impl Future<Output = Result<T>> + use<F, T>
    where
        F: Future<Output = Result<T>> + 'static,
        T: 'static,
    {
        critical::run(self.object, OnError::Reset, future)
    }

    /// Accepts a socket so that the object can hibernate while it is open.
    ///
    /// # Panics
    /// When the socket was accepted or returned before.
    pub fn accept_web_socket(&self, ws: &WebSocket) {
        self.accept_websocket_with_tags(ws, &[]);
    }

    /// As [`Self::accept_web_socket`], with tags to find the socket by.
    ///
    /// # Panics
    /// When the socket was accepted or returned before, and for too many or too long tags.
    pub fn accept_websocket_with_tags(&self, ws: &WebSocket, tags: &[&str]) {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        self.ask(&Ask::SocketHibernate { socket: ws.number(), tags });
        ws.hand_over();
    }

    fn sockets(&self, tag: Option<String>) -> Vec<WebSocket> {
        match self.ask(&Ask::Sockets { tag }) {
            Answer::Sockets(sockets) => sockets.into_iter().map(WebSocket::held).collect(),
            other => host::unexpected(&other),
        }
    }

    /// The hibernatable sockets, newest first.
    pub fn get_websockets(&self) -> Vec<WebSocket> {
        self.sockets(None)
    }

    /// The hibernatable sockets with this tag, oldest first.
    pub fn get_websockets_with_tag(&self, tag: &str) -> Vec<WebSocket> {
        self.sockets(Some(tag.to_owned()))
    }

    /// The tags of a hibernatable socket.
    ///
    /// # Panics
    /// When the socket is not hibernatable.
    pub fn get_tags(&self, websocket: &WebSocket) -> Vec<String> {
        match self.ask(&Ask::SocketTags { socket: websocket.number() }) {
            Answer::Texts(tags) => tags,
            other => host::unexpected(&other),
        }
    }

    /// Lets the platform answer a message by itself, without waking the object.
    ///
    /// # Panics
    /// When one of the two is longer than 2,048 bytes.
    pub fn set_websocket_auto_response(&self, pair: &WebSocketRequestResponsePair) {
        self.ask(&Ask::AutoResponseSet { pair: Some((pair.request(), pair.response())) });
    }

    /// What [`Self::set_websocket_auto_response`] has set.
    pub fn get_websocket_auto_response(&self) -> Option<WebSocketRequestResponsePair> {
        match self.ask(&Ask::AutoResponseGet) {
            Answer::MaybePair(pair) => {
                pair.and_then(|(request, response)| WebSocketRequestResponsePair::new(&request, &response).ok())
            }
            other => host::unexpected(&other),
        }
    }
}

/// Beyond the public crate, where these are reached through `as_raw()` and JavaScript.
impl State {
    /// Resets the object; this call does not return.
    pub fn abort(&self, reason: Option<&str>) -> ! {
        self.abort_with_options(reason, true)
    }

    /// As [`Self::abort`]; `retry_alarm` says whether an alarm that is running may be retried.
    pub fn abort_with_options(&self, reason: Option<&str>, retry_alarm: bool) -> ! {
        host::op(&Op::Abort { object: 0, reason: reason.map(str::to_owned), retry_alarm });
        unreachable!("the host ends the isolate inside `Op::Abort`")
    }

    /// Removes what [`Self::set_websocket_auto_response`] has set.
    pub fn unset_websocket_auto_response(&self) {
        self.ask(&Ask::AutoResponseSet { pair: None });
    }

    /// When the platform last answered a message of this socket by itself, in milliseconds since the epoch.
    pub fn get_websocket_auto_response_timestamp(&self, websocket: &WebSocket) -> Option<f64> {
        self.time(&Ask::AutoResponseTime { socket: websocket.number() })
    }

    /// Limits how long one socket event may run.
    ///
    /// # Errors
    /// When the limit is longer than a week.
    pub fn set_hibernatable_websocket_event_timeout(&self, ms: Option<u32>) -> Result<()> {
        host::ask(self.object, &Ask::EventTimeoutSet { ms })?;
        Ok(())
    }

    /// What [`Self::set_hibernatable_websocket_event_timeout`] has set, in milliseconds.
    pub fn get_hibernatable_websocket_event_timeout(&self) -> Option<f64> {
        self.time(&Ask::EventTimeoutGet)
    }

    fn time(&self, ask: &Ask) -> Option<f64> {
        match self.ask(ask) {
            Answer::Time(time) => time,
            other => host::unexpected(&other),
        }
    }
}
