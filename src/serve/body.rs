//! A body that a guest sends out, as hyper wants it: one chunk is pulled when hyper asks for one.
//!
//! Invariant: buffers at most the chunk that was asked for.

use super::driver::Driver;
use super::record::Kept;
use crate::core::stream::{Signal, StreamId};
use crate::lane::Input;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A guest's body on its way out, as the driver sees it.
pub(super) struct GuestBody {
    driver: Rc<Driver>,
    stream: StreamId,
    arrived: RefCell<Option<Signal>>,
    pulled: Cell<bool>,
    ended: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// What is kept of it, where it is recorded.
    kept: RefCell<Option<Rc<RefCell<Kept>>>>,
}

impl GuestBody {
    pub(super) fn new(driver: Rc<Driver>, stream: StreamId) -> Rc<Self> {
        Rc::new(Self {
            driver,
            stream,
            arrived: RefCell::new(None),
            pulled: Cell::new(false),
            ended: Cell::new(false),
            waker: RefCell::new(None),
            kept: RefCell::new(None),
        })
    }

    fn keep(&self, bytes: &[u8]) {
        if let Some(kept) = &*self.kept.borrow() {
            kept.borrow_mut().take(bytes);
        }
    }

    /// What the lane says about the stream.
    pub(super) fn receive(&self, signal: Signal) {
        *self.arrived.borrow_mut() = Some(signal);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// The body of a response to a client, or of a request to the network.
pub(super) enum OutgoingBody {
    /// All of it.
    Whole(Option<Bytes>),
    /// A guest's stream, with its length where it is known.
    Guest(Rc<GuestBody>, Option<u64>),
}

impl OutgoingBody {
    pub(super) fn empty() -> Self {
        Self::Whole(None)
    }

    /// What a guest gave as a body. A stream is cancelled when this is dropped before its end.
    pub(super) fn of(driver: &Rc<Driver>, body: emu_abi::Body) -> Self {
        match body {
            emu_abi::Body::Empty | emu_abi::Body::Forward(_) => Self::empty(),
            emu_abi::Body::Bytes(bytes) => Self::whole(bytes.0),
            emu_abi::Body::Stream { id, length } => Self::Guest(driver.send_body(id), length),
        }
    }

    /// Keeps what passes of a guest's stream.
    pub(super) fn record(&self, kept: Rc<RefCell<Kept>>) {
        if let Self::Guest(body, _) = self {
            *body.kept.borrow_mut() = Some(kept);
        }
    }

    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let body = match self.get_mut() {
            Self::Whole(bytes) => {
                return Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))));
            }
            Self::Guest(body, _) => body,
        };
        if body.ended.get() {
            return Poll::Ready(None);
        }
        *body.waker.borrow_mut() = Some(cx.waker().clone());
        if body.arrived.borrow().is_none() && !body.pulled.replace(true) {
            body.driver.input(Input::Stream(body.stream, Signal::Pull(0)));
        }
        let signal = body.arrived.borrow_mut().take();
        match signal {
            None => Poll::Pending,
            Some(Signal::Chunk(bytes)) => {
                body.pulled.set(false);
                body.keep(&bytes);
                Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
            }
            Some(Signal::Failed(failure)) => {
                body.ended.set(true);
                Poll::Ready(Some(Err(std::io::Error::other(failure))))
            }
            Some(_) => {
                body.ended.set(true);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Guest(body, _) => body.ended.get(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Guest(_, Some(length)) => SizeHint::with_exact(*length),
            Self::Guest(_, None) => SizeHint::default(),
        }
    }
}

impl Drop for OutgoingBody {
    fn drop(&mut self) {
        if let Self::Guest(body, _) = self {
            body.driver.forget_body(body.stream);
            if !body.ended.get() {
                body.driver.input(Input::Stream(body.stream, Signal::Cancel));
            }
        }
    }
}
