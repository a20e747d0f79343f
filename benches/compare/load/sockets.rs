//! WebSocket messages through one object with hibernatable sockets.
//!
//! Invariant: see `load`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_websockets::{Error, Message};

use super::{Meter, Round};
use crate::Result;
use crate::server::Server;
use crate::websocket::{Socket, open_many, receive};

/// Messages of a fan-out that may be under way at once: enough that the server never waits for the client's last socket.
const FAN_WINDOW: u32 = 4;

/// Every socket sends its next message when the last one came back.
pub(super) async fn echo(server: &Server, sockets: u32, tag: &str, time: Duration) -> Result<Round> {
    let open = open_many(server.port(), &format!("/ws/echo/{tag}"), sockets).await?;
    let until = Instant::now() + time;
    let meter = Meter::start(server)?;
    let mut tasks = JoinSet::new();
    for (number, socket) in open.into_iter().enumerate() {
        tasks.spawn(echo_until(socket, number, until));
    }
    let mut trips = 0;
    while let Some(task) = tasks.join_next().await {
        trips += task??;
    }
    meter.stop(server, trips)
}

async fn echo_until(mut socket: Socket, number: usize, until: Instant) -> Result<u64> {
    let mut trips = 0;
    while Instant::now() < until {
        let text = format!("message {trips:010} of socket {number:03}");
        socket.send(Message::text(text.clone())).await?;
        let answer = receive(&mut socket).await?;
        if answer.as_text() != Some(&text) {
            return Err(format!("sent `{text}`, got {answer:?} back").into());
        }
        trips += 1;
    }
    Ok(trips)
}

/// One socket sends, all sockets receive; a figure counts deliveries.
pub(super) async fn fan(server: &Server, sockets: u32, tag: &str, time: Duration) -> Result<Round> {
    let open = open_many(server.port(), &format!("/ws/fan/{tag}"), sockets).await?;
    let fan = Arc::new(Fan {
        sockets: sockets.into(),
        delivered: AtomicU64::new(0),
        window: Semaphore::new(FAN_WINDOW as usize),
    });
    let until = Instant::now() + time;
    let meter = Meter::start(server)?;
    let mut readers = JoinSet::new();
    let mut sink = None;
    for socket in open {
        let (sender, receiver) = socket.split();
        sink.get_or_insert(sender);
        readers.spawn(fan.clone().read(receiver));
    }
    let sender = sink.ok_or("a fan-out to no socket")?;
    tokio::select! {
        sent = fan.send(sender, until) => sent?,
        // Readers go on until the server closes a socket or a message is wrong.
        Some(failed) = readers.join_next() => failed??,
    }
    meter.stop(server, fan.delivered.load(Ordering::Relaxed))
}

struct Fan {
    sockets: u64,
    delivered: AtomicU64,
    window: Semaphore,
}

impl Fan {
    /// Sends until the time is over, then waits until everything sent is delivered.
    async fn send(&self, mut sender: impl SinkExt<Message, Error = Error> + Unpin, until: Instant) -> Result<()> {
        let mut sent = 0_u64;
        while Instant::now() < until {
            self.window.acquire().await?.forget();
            sender.send(Message::text(format!("message {sent:010} to everybody"))).await?;
            sent += 1;
        }
        let _all_delivered = self.window.acquire_many(FAN_WINDOW).await?;
        Ok(())
    }

    async fn read(self: Arc<Self>, mut receiver: impl StreamExt<Item = Result<Message, Error>> + Unpin) -> Result<()> {
        for number in 0_u64.. {
            let message = receive(&mut receiver).await?;
            let text = message.as_text().unwrap_or_default();
            if text.get(8..18).and_then(|digits| digits.parse().ok()) != Some(number) {
                return Err(format!("expected message {number} of a fan-out, got {message:?}").into());
            }
            if (self.delivered.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.sockets) {
                self.window.add_permits(1);
            }
        }
        Ok(())
    }
}
