//! Bodies as streams, in both directions.
//!
//! Invariant: one chunk at a time is asked for or sent, within the credit; a body nobody reads is given back to the host.

mod byte_stream;
mod fixed_length;
mod inbound;
mod outbound;
mod readable;
mod tee;

pub use byte_stream::ByteStream;
pub use fixed_length::FixedLengthStream;
pub(crate) use inbound::{Inbound, deliver};
pub(crate) use outbound::{cancelled, credit, send};
pub use readable::ReadableStream;
pub(crate) use readable::Source;
