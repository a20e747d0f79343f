//! What a lane is told, and what it wants done: closed enums, so that everything that can happen is listed here.
//!
//! Invariant: plain data.

use super::control::{Answered, Command};
use super::thrown::{LogLine, Thrown, Uncaught};
use super::worker::Prepared;
use crate::core::ends::SocketId;
use crate::core::socket::Arrival;
use crate::core::stream::{Signal, StreamId};
use emu_abi::{Failure, ObjectId, Request, Response};
use std::sync::Arc;

/// Numbers an exchange with a client, by the driver.
pub type PortId = u64;

/// Numbers an outgoing request, by the lane.
pub type FetchId = u64;

/// What can happen to a lane.
pub enum Input {
    /// A client sent a request to a worker. A streamed body was opened with [`super::Lane::open_stream`].
    Request {
        /// The exchange.
        port: PortId,
        /// The worker's number.
        worker: usize,
        /// The named export; empty for the default one.
        entrypoint: String,
        /// The request.
        request: Request,
    },
    /// The client of an exchange went away before it was answered.
    PortClosed(PortId),
    /// The party outside says something about a stream.
    Stream(StreamId, Signal),
    /// The connection that holds a socket emits something.
    Socket(SocketId, Arrival),
    /// An outgoing request was answered. A socket in the response was opened with [`super::Lane::open_socket`].
    Fetched(FetchId, Result<Response, Failure>),
    /// Another lane sent something.
    Parcel(usize, Parcel),
    /// Somebody at a terminal wants something; `u64` comes back with the answer.
    Control(u64, Command),
    /// A worker has new code or configuration.
    Reload(usize, Arc<Prepared>),
    /// Run `scheduled()` of a worker.
    Scheduled {
        /// The exchange that waits for the end.
        port: PortId,
        /// The worker's number.
        worker: usize,
        /// The cron expression.
        cron: String,
        /// When it was due.
        scheduled_ms: f64,
    },
}

/// What a lane wants done.
#[derive(Debug)]
pub enum Effect {
    /// Answer a client. A streamed body is to be pulled; a socket's end is now the connection's.
    Respond(PortId, Result<Response, Thrown>),
    /// Tell the party outside about a stream.
    Stream(StreamId, Signal),
    /// Send something over the connection that holds a socket.
    Socket(SocketId, Arrival),
    /// The connection that holds a socket may be read again, after [`super::Lane::is_congested`].
    SocketReady(SocketId),
    /// Send a request to the network.
    Fetch(FetchId, Request),
    /// A guest asks something of its world, in JSON; answered like a request to the network.
    Command(FetchId, String),
    /// Nobody waits for this any more.
    CancelFetch(FetchId),
    /// Send something to another lane.
    Parcel(usize, Parcel),
    /// Log a line.
    Log(LogLine),
    /// Report an error that nobody caught and no client is told of.
    Uncaught(Uncaught),
    /// Answer whoever is at the terminal.
    Control(u64, Answered),
}

/// What lanes tell each other.
#[derive(Debug)]
pub enum Parcel {
    /// A request to an object of the receiver. A streamed body and the response are the sender's to number.
    Fetch {
        /// The sender's number of the flight.
        flight: u64,
        /// The namespace.
        namespace: usize,
        /// The object.
        id: ObjectId,
        /// How many requests led to this one.
        depth: u32,
        /// The request.
        request: Request,
    },
    /// The answer to a flight of the receiver.
    Response(u64, Result<Response, Thrown>),
    /// The caller of this flight of the sender has gone.
    CancelFlight(u64),
    /// About a stream of the receiver.
    Stream(StreamId, Signal),
    /// The holder of this end of the receiver emits something.
    Socket(SocketId, Arrival),
    /// The receiver's connection behind this end shall wait, or may go on.
    Busy(SocketId, bool),
    /// This end of the receiver is held by that end of the sender from now on.
    Link(SocketId, SocketId),
}
