//! What requests and responses share: a body that comes from the host, from bytes or from a stream.

use crate::streams::{ByteStream, FixedLengthStream, Inbound, ReadableStream, Source, send};
use crate::{Error, Result};
use futures_util::{StreamExt, TryStream, TryStreamExt};
use std::any::Any;

/// The body of a [`crate::Response`].
#[derive(Clone, Debug)]
pub enum ResponseBody {
    /// None.
    Empty,
    /// All of it.
    Body(Vec<u8>),
    /// A stream.
    Stream(ReadableStream),
}

impl ResponseBody {
    pub(crate) fn from_abi(body: emu_abi::Body) -> Self {
        match body {
            emu_abi::Body::Empty | emu_abi::Body::Forward(_) => Self::Empty,
            emu_abi::Body::Bytes(bytes) => Self::Stream(ReadableStream::new(Source::Bytes(bytes.0))),
            emu_abi::Body::Stream { id, length } => {
                Self::Stream(ReadableStream::new(Source::Host(Inbound::new(id, length))))
            }
        }
    }

    /// The body of a message that is sent at once.
    ///
    /// # Errors
    /// When it was read or sent before.
    pub(crate) fn into_abi(self) -> Result<emu_abi::Body> {
        Ok(match self {
            Self::Empty => emu_abi::Body::Empty,
            Self::Body(bytes) => emu_abi::Body::Bytes(bytes.into()),
            Self::Stream(stream) => send(stream.take()?),
        })
    }

    /// Any stream of chunks. One that comes from the host unread stays the host's.
    pub(crate) fn from_stream<S>(stream: S) -> Self
    where
        S: TryStream + 'static,
        S::Ok: Into<Vec<u8>>,
        S::Error: Into<Error>,
    {
        let any: Box<dyn Any> = Box::new(Some(stream));
        let source = match any.downcast::<Option<ByteStream>>() {
            Ok(bytes) => bytes.map_or(Source::Taken, |bytes| bytes.0),
            Err(any) => {
                let length = any.downcast_ref::<Option<FixedLengthStream>>();
                let length = length.and_then(|stream| stream.as_ref().map(|stream| stream.length));
                let Ok(stream) = any.downcast::<Option<S>>() else { unreachable!("it is one of the two types") };
                let Some(stream) = *stream else { unreachable!("it was put there") };
                let chunks = stream.map_ok(Into::into).map_err(Into::into).into_stream();
                Source::Guest { stream: chunks.boxed_local(), length }
            }
        };
        Self::Stream(ReadableStream::new(source))
    }

    /// A second body with the same content.
    ///
    /// # Errors
    /// When it was read or sent before.
    pub(crate) fn tee(&self) -> Result<Self> {
        Ok(match self {
            Self::Empty => Self::Empty,
            Self::Body(bytes) => Self::Body(bytes.clone()),
            Self::Stream(stream) => Self::Stream(stream.tee()?),
        })
    }

    /// Everything, taking a stream.
    ///
    /// # Errors
    /// When it was read or sent before, or when the stream breaks.
    pub(crate) async fn read(&self) -> Result<Vec<u8>> {
        let source = match self {
            Self::Empty => return Ok(Vec::new()),
            Self::Body(bytes) => return Ok(bytes.clone()),
            Self::Stream(stream) => stream.take()?,
        };
        if let Source::Bytes(bytes) = source {
            return Ok(bytes);
        }
        ByteStream(source)
            .try_fold(Vec::new(), |mut all, chunk| async move {
                all.extend(chunk);
                Ok(all)
            })
            .await
    }

    /// Everything as text; what is not UTF-8 becomes replacement characters, as `text()` of the platform does.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) async fn read_text(&self) -> Result<String> {
        let bytes = self.read().await?;
        let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => rest.to_vec(),
            None => bytes,
        };
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}
