//! The stand-in for `web_sys::WebSocket`, and the events of sockets accepted in the standard way.

use crate::ws_events::{CloseEvent, MessageEvent, WebsocketEvent};
use crate::{Result, WebSocket, host};
use emu_abi::{Answer, Ask, Failure, Op, SocketEvent, SocketState};
use futures_util::Stream;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

/// A socket of the host.
#[derive(Clone, Debug)]
pub struct Socket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    number: u32,
    object: u32,
    /// The host keeps it, whatever becomes of this handle.
    held: AtomicBool,
}

impl Socket {
    pub(crate) fn new(number: u32, object: u32, held: bool) -> Self {
        Self(Arc::new(Inner { number, object, held: AtomicBool::new(held) }))
    }

    pub(crate) fn number(&self) -> u32 {
        self.0.number
    }

    pub(crate) fn hold(&self) {
        self.0.held.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ask(&self, ask: &Ask) -> std::result::Result<Answer, Failure> {
        host::ask(self.0.object, ask)
    }

    fn state(&self) -> SocketState {
        match self.ask(&Ask::SocketState { socket: self.0.number }) {
            Ok(Answer::Socket(state)) => state,
            Ok(other) => host::unexpected(&other),
            // The host has forgotten it, so it is closed.
            Err(_) => SocketState { ready_state: 3, ..SocketState::default() },
        }
    }

    /// 0 connecting, 1 open, 2 closing, 3 closed.
    pub fn ready_state(&self) -> u16 {
        self.state().ready_state.into()
    }

    /// The URL it was opened with, or empty.
    pub fn url(&self) -> String {
        self.state().url.unwrap_or_default()
    }

    /// The negotiated protocol, or empty.
    pub fn protocol(&self) -> String {
        self.state().protocol
    }

    /// The negotiated extensions, or empty.
    pub fn extensions(&self) -> String {
        self.state().extensions
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}

impl Eq for Socket {}

impl Drop for Inner {
    fn drop(&mut self) {
        if !*self.held.get_mut() {
            host::op(&Op::SocketDrop { socket: self.number });
        }
    }
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Result<WebsocketEvent>>,
    waker: Option<Waker>,
}

type Listeners = BTreeMap<u32, Vec<Weak<RefCell<Queue>>>>;

thread_local! {
    static LISTENERS: RefCell<Listeners> = const { RefCell::new(BTreeMap::new()) };
}

/// The events of a socket; the last one is the close.
#[derive(Debug)]
pub struct EventStream<'ws> {
    socket: &'ws WebSocket,
    queue: Rc<RefCell<Queue>>,
    closed: bool,
}

impl<'ws> EventStream<'ws> {
    pub(crate) fn new(socket: &'ws WebSocket) -> Self {
        let queue = Rc::new(RefCell::new(Queue::default()));
        LISTENERS.with_borrow_mut(|all| all.entry(socket.number()).or_default().push(Rc::downgrade(&queue)));
        Self { socket, queue, closed: false }
    }
}

impl Stream for EventStream<'_> {
    type Item = Result<WebsocketEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.closed {
            return Poll::Ready(None);
        }
        let event = {
            let mut queue = self.queue.borrow_mut();
            let event = queue.events.pop_front();
            if event.is_none() {
                queue.waker = Some(context.waker().clone());
            }
            event
        };
        let Some(event) = event else { return Poll::Pending };
        self.closed = matches!(event, Ok(WebsocketEvent::Close(_)));
        Poll::Ready(Some(event))
    }
}

impl Drop for EventStream<'_> {
    fn drop(&mut self) {
        let queue = Rc::downgrade(&self.queue);
        LISTENERS.with_borrow_mut(|all| {
            let Some(listeners) = all.get_mut(&self.socket.number()) else { return };
            listeners.retain(|listener| !listener.ptr_eq(&queue));
            if listeners.is_empty() {
                all.remove(&self.socket.number());
            }
        });
    }
}

/// Delivers an event to everybody who listens to the socket; as in JavaScript it is lost when nobody does.
pub(crate) fn deliver(socket: u32, event: &SocketEvent) {
    let listeners = LISTENERS.with_borrow(|all| all.get(&socket).cloned()).unwrap_or_default();
    for queue in listeners.iter().filter_map(Weak::upgrade) {
        let mut queue = queue.borrow_mut();
        queue.events.push_back(match event {
            SocketEvent::Message(message) => Ok(WebsocketEvent::Message(MessageEvent::new(message.clone()))),
            SocketEvent::Close { code, reason, clean } => {
                Ok(WebsocketEvent::Close(CloseEvent::new(*code, reason.clone(), *clean)))
            }
            SocketEvent::Error(failure) => Err(failure.clone().into()),
        });
        if let Some(waker) = queue.waker.take() {
            waker.wake();
        }
    }
}
