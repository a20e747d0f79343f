//! [`FixedLengthStream`]: a stream whose length is known beforehand.

use crate::{Error, Result};
use futures_util::Stream;
use futures_util::stream::LocalBoxStream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream that fails when it is longer or shorter than promised.
pub struct FixedLengthStream {
    pub(crate) length: u64,
    read: u64,
    stream: LocalBoxStream<'static, Result<Vec<u8>>>,
}

impl FixedLengthStream {
    /// Promises that `stream` is `length` bytes long.
    pub fn wrap(stream: impl Stream<Item = Result<Vec<u8>>> + 'static, length: u64) -> Self {
        Self { length, read: 0, stream: Box::pin(stream) }
    }

    fn wrong(&self) -> Error {
        Error::from(format!(
            "fixed length stream had different length than expected (expected {}, got {})",
            self.length, self.read,
        ))
    }
}

impl Stream for FixedLengthStream {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.stream.as_mut().poll_next(context)) {
            Some(Ok(chunk)) => {
                self.read += chunk.len() as u64;
                Some(if self.read > self.length { Err(self.wrong()) } else { Ok(chunk) })
            }
            Some(Err(error)) => Some(Err(error)),
            None if self.read != self.length => Some(Err(self.wrong())),
            None => None,
        })
    }
}

impl fmt::Debug for FixedLengthStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedLengthStream").field("length", &self.length).finish_non_exhaustive()
    }
}
