//! WebSocket connections for load.
//!
//! Invariant: connects to 127.0.0.1 only.

use std::net::Ipv4Addr;

use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};

use crate::Result;

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Opens one WebSocket.
pub(crate) async fn open(port: u16, path: &str) -> Result<Socket> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let uri = format!("ws://127.0.0.1:{port}{path}");
    let opened = ClientBuilder::new().uri(&uri)?.connect_on(stream).await;
    let (socket, _) = opened.map_err(|error| format!("cannot open a WebSocket at `{path}`: {error}"))?;
    Ok(socket)
}

/// Opens `count` WebSockets of one object, one after the other: workerd is known to never hibernate an object whose sockets arrive
/// at almost the same time.
pub(crate) async fn open_many(port: u16, path: &str, count: u32) -> Result<Vec<Socket>> {
    let mut sockets = Vec::with_capacity(count as usize);
    for _ in 0..count {
        sockets.push(open(port, path).await?);
    }
    Ok(sockets)
}

/// Opens `count` WebSockets of each of these objects, the objects side by side.
pub(crate) async fn open_objects(port: u16, paths: &[String], count: u32) -> Result<Vec<Vec<Socket>>> {
    let mut tasks = JoinSet::new();
    for path in paths {
        let path = path.clone();
        tasks.spawn(async move { open_many(port, &path, count).await });
    }
    let mut objects = Vec::with_capacity(paths.len());
    while let Some(done) = tasks.join_next().await {
        objects.push(done??);
    }
    Ok(objects)
}

/// The next message.
///
/// # Errors
///
/// When the socket is closed instead.
pub(crate) async fn receive(
    socket: &mut (impl StreamExt<Item = Result<Message, tokio_websockets::Error>> + Unpin),
) -> Result<Message> {
    match socket.next().await {
        Some(Ok(message)) if message.is_close() => Err(format!("the server closed a WebSocket: {message:?}").into()),
        Some(message) => Ok(message?),
        None => Err("a WebSocket ended".into()),
    }
}
