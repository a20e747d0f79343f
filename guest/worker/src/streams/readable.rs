//! The stand-in for `web_sys::ReadableStream`: a handle to a body that can be taken once.

use super::Inbound;
use super::tee::tee;
use crate::{Error, Result};
use futures_util::stream::LocalBoxStream;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Where the bytes of a body come from.
#[derive(Default)]
pub(crate) enum Source {
    /// A stream of the host.
    Host(Inbound),
    /// All of it.
    Bytes(Vec<u8>),
    /// A stream of the guest.
    Guest { stream: LocalBoxStream<'static, Result<Vec<u8>>>, length: Option<u64> },
    /// Somebody else has it.
    #[default]
    Taken,
}

impl Source {
    /// The length in bytes, where it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Host(inbound) => inbound.length,
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Guest { length, .. } => *length,
            Self::Taken => Some(0),
        }
    }

    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        match self {
            Self::Host(inbound) => inbound.poll_chunk(context),
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Self::Guest { stream, .. } => stream.as_mut().poll_next(context),
            Self::Taken => Poll::Ready(None),
        }
    }
}

/// A body. Clones are the same body; reading or sending it takes it from all of them.
#[derive(Clone)]
pub struct ReadableStream(Rc<RefCell<Source>>);

impl ReadableStream {
    pub(crate) fn new(source: Source) -> Self {
        Self(Rc::new(RefCell::new(source)))
    }

    /// Takes the body.
    ///
    /// # Errors
    /// When it was taken before.
    pub(crate) fn take(&self) -> Result<Source> {
        match self.0.take() {
            Source::Taken => Err(Error::BodyUsed),
            source => Ok(source),
        }
    }

    /// Splits the body in two that can be read apart; what one has read and the other has not is kept in memory.
    pub(crate) fn tee(&self) -> Result<Self> {
        let source = match self.take()? {
            Source::Bytes(bytes) => {
                self.0.replace(Source::Bytes(bytes.clone()));
                return Ok(Self::new(Source::Bytes(bytes)));
            }
            source => source,
        };
        let length = source.length();
        let [one, other] = tee(source);
        self.0.replace(Source::Guest { stream: Box::pin(one), length });
        Ok(Self::new(Source::Guest { stream: Box::pin(other), length }))
    }
}

impl fmt::Debug for ReadableStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadableStream").finish_non_exhaustive()
    }
}
