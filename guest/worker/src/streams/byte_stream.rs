//! [`ByteStream`]: a body being read.

use super::{ReadableStream, Source};
use crate::Result;
use futures_util::Stream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The bytes of a body, chunk by chunk. A chunk is asked for when the stream is polled, not before.
pub struct ByteStream(pub(crate) Source);

impl Stream for ByteStream {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(context)
    }
}

impl From<ReadableStream> for ByteStream {
    /// An empty stream if the body was taken before.
    fn from(stream: ReadableStream) -> Self {
        Self(stream.take().unwrap_or_default())
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}
