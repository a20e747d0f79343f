//! One WebSocket connection: the bytes between its socket and its end on the lane.
//!
//! An idle connection is a file descriptor and this small struct: bytes are read into a buffer that all connections of
//! a lane share, and written straight from the turn that sent them.
//!
//! Invariant: never calls the lane while its own state is borrowed.

use super::driver::Driver;
use super::frames::{self, Incoming, Parser, Role, Violation};
use super::log::SocketEnded;
use crate::core::ends::SocketId;
use crate::core::socket::Arrival;
use crate::lane::Input;
use crate::world::World;
use crate::world::real::{RealWorld, fill_random};
use bytes::Bytes;
use emu_abi::Failure;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// What a connection runs over.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;
/// Bytes that may wait to be written before the peer counts as gone.
const MAX_UNSENT_BYTES: usize = 256 * 1024 * 1024;
/// With more than this waiting to be written nothing is read: a peer that asks (pings do) must also read the answers.
const MAX_UNSENT_WHILE_READING_BYTES: usize = 16 * 1024 * 1024;
/// A write buffer larger than this is given back once it is empty.
const KEPT_BYTES: usize = 4 * 1024;

/// What is still read of a peer that broke the protocol, and how long.
const MAX_DISCARDED_BYTES: u64 = 64 * 1024 * 1024;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// One WebSocket connection.
pub(super) struct Connection {
    socket: SocketId,
    /// What the log calls it.
    path: RefCell<Box<str>>,
    state: RefCell<State>,
}

struct State {
    role: Role,
    /// Missing until the upgrade has happened.
    transport: Option<Box<dyn Transport>>,
    parser: Parser,
    unsent: Vec<u8>,
    /// We have sent a Close frame.
    sent_close: bool,
    /// We have received one.
    got_close: bool,
    /// It ends as soon as `unsent` is written.
    finishing: bool,
    /// It ends while the peer may still be sending.
    unread: bool,
    /// It ends now.
    dead: bool,
    /// Its handler is behind; do not read.
    paused: bool,
    waker: Option<Waker>,
    /// The close code that either side gave first.
    code: Option<u16>,
    received: u64,
    sent: u64,
    since_ms: f64,
}

impl Connection {
    pub(super) fn new(socket: SocketId, role: Role) -> Rc<Self> {
        let state = State {
            role,
            transport: None,
            parser: Parser::new(role),
            unsent: Vec::new(),
            sent_close: false,
            got_close: false,
            finishing: false,
            unread: false,
            dead: false,
            paused: false,
            waker: None,
            code: None,
            received: 0,
            sent: 0,
            since_ms: RealWorld::default().now_ms(),
        };
        Rc::new(Self { socket, path: RefCell::default(), state: RefCell::new(state) })
    }

    /// Says what the log shall call it.
    pub(super) fn name(&self, path: &str) {
        *self.path.borrow_mut() = path.into();
    }

    /// Sends what arrived at this end from the other one.
    pub(super) fn send(&self, arrival: &Arrival) {
        let state = &mut *self.state.borrow_mut();
        match arrival {
            Arrival::Close { clean: false, .. } => state.dead = true,
            _ if state.sent_close => return,
            arrival => {
                frames::encode(arrival, state.mask(), &mut state.unsent);
                state.count(arrival, false);
                if arrival.is_last() {
                    state.sent_close = true;
                    state.unread = !state.got_close && matches!(arrival, Arrival::Error(_));
                    state.finishing = state.got_close || state.unread;
                }
            }
        }
        // Most frames leave here, in the turn that sent them. The task is woken for what does not.
        state.write(&mut Context::from_waker(Waker::noop()));
        if state.dead || state.finishing || !state.unsent.is_empty() {
            state.dead |= state.unsent.len() > MAX_UNSENT_BYTES;
            state.wake();
        }
    }

    /// The handler has caught up: read on.
    pub(super) fn resume(&self) {
        let state = &mut *self.state.borrow_mut();
        state.paused = false;
        state.wake();
    }

    /// Runs the connection over `transport` until it ends. `early` was read beyond the upgrade; it is let go of at once,
    /// for it keeps hyper's whole buffer.
    pub(super) async fn run(self: Rc<Self>, driver: Rc<Driver>, transport: Box<dyn Transport>, early: Bytes) {
        self.state.borrow_mut().transport = Some(transport);
        self.received(&driver, &early);
        drop(early);
        std::future::poll_fn(|cx| self.poll(&driver, cx)).await;
        self.log_end(&driver);
        let left = self.state.borrow_mut().take_unread();
        self.ended(&driver);
        if let Some(transport) = left {
            discard(transport).await;
        }
    }

    /// The connection never came to be.
    pub(super) fn fail(&self, driver: &Rc<Driver>) {
        self.ended(driver);
    }

    fn log_end(&self, driver: &Driver) {
        let state = self.state.borrow();
        let ended = SocketEnded {
            code: state.code.unwrap_or(1006),
            received: state.received,
            sent: state.sent,
            duration_ms: RealWorld::default().now_ms() - state.since_ms,
        };
        driver.log.socket(&self.path.borrow(), &ended);
    }

    fn ended(&self, driver: &Rc<Driver>) {
        let finished = {
            let state = &mut *self.state.borrow_mut();
            state.dead = true;
            state.transport = None;
            state.unsent = Vec::new();
            state.got_close && state.sent_close
        };
        driver.forget_socket(self.socket);
        if !finished {
            driver.input(Input::Socket(self.socket, Arrival::lost()));
        }
    }

    fn poll(&self, driver: &Rc<Driver>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut found = Vec::new();
            let step = {
                let state = &mut *self.state.borrow_mut();
                state.waker = Some(cx.waker().clone());
                state.write(cx);
                if state.dead || (state.finishing && state.unsent.is_empty()) {
                    return Poll::Ready(());
                }
                // One that finishes has nothing more to say that counts.
                if state.finishing || state.paused || state.unsent.len() > MAX_UNSENT_WHILE_READING_BYTES {
                    return Poll::Pending;
                }
                state.read(cx, &mut found)
            };
            match step {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(true)) => self.hand_over(driver, found),
                Poll::Ready(Ok(false)) => return Poll::Ready(()),
                Poll::Ready(Err(violation)) => {
                    self.hand_over(driver, found);
                    self.violated(driver, &violation);
                }
            }
        }
    }

    /// Takes bytes that were read before the connection was ours.
    fn received(&self, driver: &Rc<Driver>, bytes: &[u8]) {
        let mut found = Vec::new();
        let parsed = self.state.borrow_mut().parser.take(bytes, &mut found);
        self.hand_over(driver, found);
        if let Err(violation) = parsed {
            self.violated(driver, &violation);
        }
    }

    fn hand_over(&self, driver: &Rc<Driver>, found: Vec<Incoming>) {
        for incoming in found {
            match incoming {
                Incoming::Ping(payload) => {
                    let state = &mut *self.state.borrow_mut();
                    if !state.sent_close {
                        frames::pong(&payload, state.mask(), &mut state.unsent);
                    }
                }
                Incoming::Arrival(arrival) => {
                    self.state.borrow_mut().count(&arrival, true);
                    if arrival.is_last() {
                        let state = &mut *self.state.borrow_mut();
                        state.got_close = true;
                        state.finishing |= state.sent_close;
                    }
                    driver.input(Input::Socket(self.socket, arrival));
                }
            }
        }
        let congested = driver.is_congested(self.socket);
        self.state.borrow_mut().paused = congested;
    }

    /// The peer broke the protocol: it is told, and the object sees an error.
    fn violated(&self, driver: &Rc<Driver>, violation: &Violation) {
        {
            let state = &mut *self.state.borrow_mut();
            if !state.sent_close {
                frames::close_frame(violation.code, violation.what, state.mask(), &mut state.unsent);
            }
            state.code = Some(violation.code);
            state.sent_close = true;
            state.got_close = true;
            state.finishing = true;
            state.unread = true;
        }
        let Violation { code, what } = violation;
        let message =
            format!("WebSocket protocol error; protocolError.statusCode = {code}; protocolError.description = {what}");
        driver.input(Input::Socket(self.socket, Arrival::Error(Failure::error(message))));
    }
}

/// Ends a connection whose peer may still be sending. Closed with bytes unread it would be reset, and the Close frame that
/// says why be lost with it; so they are read, up to a bound.
#[expect(clippy::disallowed_methods, reason = "a peer is given a bounded real time to read why its connection ends")]
async fn discard(mut transport: Box<dyn Transport>) {
    let ends = async move {
        transport.shutdown().await?;
        tokio::io::copy(&mut transport.take(MAX_DISCARDED_BYTES), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, ends).await;
}

impl State {
    fn count(&mut self, arrival: &Arrival, received: bool) {
        match arrival {
            Arrival::Message(_) if received => self.received += 1,
            Arrival::Message(_) => self.sent += 1,
            Arrival::Close { code, .. } => self.code = self.code.or(Some(*code)),
            Arrival::Error(_) => {}
        }
    }

    fn mask(&self) -> Option<[u8; 4]> {
        (self.role == Role::Client).then(|| {
            let mut mask = [0; 4];
            fill_random(&mut mask);
            mask
        })
    }

    /// The transport, if it is to be closed with care.
    fn take_unread(&mut self) -> Option<Box<dyn Transport>> {
        if self.unread && !self.dead { self.transport.take() } else { None }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Writes as much as goes.
    fn write(&mut self, cx: &mut Context<'_>) {
        let Some(transport) = &mut self.transport else { return };
        let mut written = 0;
        while written < self.unsent.len() {
            match Pin::new(&mut *transport).poll_write(cx, &self.unsent[written..]) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    self.dead = true;
                    break;
                }
                Poll::Ready(Ok(count)) => written += count,
                Poll::Pending => break,
            }
        }
        self.unsent.drain(..written);
        if self.unsent.is_empty() {
            if self.unsent.capacity() > KEPT_BYTES {
                self.unsent = Vec::new();
            }
            // A TLS transport keeps bytes back until it is flushed.
            if let Poll::Ready(Err(_)) = Pin::new(transport).poll_flush(cx) {
                self.dead = true;
            }
        }
    }

    /// Reads once. False at the end of the stream.
    fn read(&mut self, cx: &mut Context<'_>, found: &mut Vec<Incoming>) -> Poll<Result<bool, Violation>> {
        let Some(transport) = &mut self.transport else { return Poll::Ready(Ok(false)) };
        SCRATCH.with(|scratch| {
            let scratch = &mut *scratch.borrow_mut();
            let mut buffer = ReadBuf::new(scratch);
            match Pin::new(transport).poll_read(cx, &mut buffer) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(_)) => Poll::Ready(Ok(false)),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => Poll::Ready(Ok(false)),
                Poll::Ready(Ok(())) => Poll::Ready(self.parser.take(buffer.filled(), found).map(|()| true)),
            }
        })
    }
}
