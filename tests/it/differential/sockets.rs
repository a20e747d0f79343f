//! What a WebSocket client sees.
//!
//! Invariant: data, and the one function that plays it; each case has an object of its own.

use super::transcript::{Transcript, line};
use crate::support::{Got, Socket, agent, exchange};
use std::thread;
use std::time::{Duration, Instant};
use tokio_websockets::Message;

/// A connection.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Whose sockets: the kind and the work, as the fixture's class `Sockets` reads them, or a path of the worker's own.
    path: &'static str,
    steps: &'static [Step],
}

/// What the client does next.
#[derive(Clone, Copy)]
enum Step {
    /// Sends text.
    Say(&'static str),
    /// Sends bytes.
    Send(&'static [u8]),
    /// Sends a ping.
    Ping(&'static [u8]),
    /// Waits for what arrives next.
    Read,
    /// Waits for so many messages.
    ReadMany(usize),
    /// Sends a Close frame.
    Close(u16, &'static str),
    /// Sends a Close frame without a code.
    CloseEmpty,
    /// Drops the connection.
    Drop,
    /// Waits until the object has seen so many events.
    Seen(usize),
}

use Step::{Close, CloseEmpty, Drop, Ping, Read, ReadMany, Say, Seen, Send};

/// Plays a case against a server.
pub(super) fn run(port: u16, case: &Case) -> Transcript {
    let object = format!("/socket/{}", case.name.replace(' ', "-"));
    let path = if case.path.starts_with("/worker-socket") { case.path.to_owned() } else { object.clone() + case.path };
    let mut socket = match Socket::try_open(port, &path) {
        Ok(socket) => Some(socket),
        Err(error) => return vec![line("refused", error)],
    };
    let mut transcript = Transcript::new();
    for (number, step) in case.steps.iter().enumerate() {
        let shown = play(&mut socket, step).or_else(|| match step {
            Seen(count) => Some(seen(port, &object, *count)),
            _ => None,
        });
        transcript.extend(shown.map(|shown| line(&format!("step {number}"), shown)));
    }
    transcript
}

fn play(socket: &mut Option<Socket>, step: &Step) -> Option<String> {
    if let Drop = step {
        *socket = None;
    }
    let socket = socket.as_mut()?;
    match *step {
        Say(text) => socket.send(Message::text(text)),
        Send(bytes) => socket.send(Message::binary(bytes)),
        Ping(bytes) => socket.send(Message::ping(bytes)),
        Close(code, reason) => socket.send(Message::close(Some(code.try_into().expect("a code")), reason)),
        CloseEmpty => socket.send(Message::close(None, "")),
        Read => return Some(shown(&socket.next())),
        ReadMany(count) => {
            let all: Vec<String> = (0..count).map(|_| shown(&socket.next())).collect();
            return Some(all.join(", "));
        }
        Drop | Seen(_) => {}
    }
    None
}

fn shown(got: &Got) -> String {
    match got {
        Got::Text(text) if text.len() > 100 => format!("text of {}", text.len()),
        Got::Binary(bytes) if bytes.len() > 100 => format!("binary of {}", bytes.len()),
        got => format!("{got:?}"),
    }
}

/// What the object has seen, once that is as much as it should, or will not become more.
fn seen(port: u16, object: &str, count: usize) -> String {
    let url = format!("http://localhost:{port}{object}/seen");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reply = exchange(&agent(), "GET", &url, &[], b"").expect("an answer");
        let events: Vec<serde_json::Value> = serde_json::from_str(&reply.body).unwrap_or_default();
        if events.len() >= count || Instant::now() > deadline {
            return reply.body;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// How long an event may take to reach an object. Some never come, on either side.
const PATIENCE: Duration = Duration::from_secs(3);

const LONG: &str = include_str!("sockets.rs");

pub(super) const CASES: &[Case] = &[
    Case {
        name: "text",
        path: "/hibernatable/echo",
        steps: &[Say("hello"), Read, Say(""), Read, Say("ünïcödé ✓"), Read, Close(1000, "bye"), Read, Seen(1)],
    },
    Case {
        name: "text to standard sockets",
        path: "/standard/echo",
        steps: &[Say("hello"), Read, Say(""), Read, Say("ünïcödé ✓"), Read, Close(1000, "bye"), Read, Seen(1)],
    },
    Case { name: "bytes", path: "/hibernatable/echo", steps: &[Send(&[0, 255, 10]), Read, Send(&[]), Read] },
    Case {
        name: "bytes to standard sockets",
        path: "/standard/echo",
        steps: &[Send(&[0, 255, 10]), Read, Send(&[]), Read],
    },
    Case { name: "kinds", path: "/hibernatable/kind", steps: &[Say("abc"), Read, Send(&[1, 2]), Read] },
    Case { name: "long text", path: "/hibernatable/echo", steps: &[Say(LONG), Read] },
    Case { name: "ping", path: "/hibernatable/echo", steps: &[Ping(b"p"), Read, Say("x"), Read] },
    Case { name: "ping to a standard socket", path: "/standard/echo", steps: &[Ping(b"p"), Read] },
    Case { name: "greeting", path: "/hibernatable/greet", steps: &[Read] },
    Case { name: "greeting of a standard socket", path: "/standard/greet", steps: &[Read] },
    Case { name: "farewell", path: "/hibernatable/farewell", steps: &[Read, Read, Seen(1)] },
    Case { name: "farewell of a standard socket", path: "/standard/farewell", steps: &[Read, Read, Seen(1)] },
    Case { name: "many at once", path: "/hibernatable/many", steps: &[Say("50"), ReadMany(50)] },
    Case { name: "close with a code", path: "/hibernatable/echo", steps: &[Close(4321, "enough"), Read, Seen(1)] },
    Case { name: "standard close with a code", path: "/standard/echo", steps: &[Close(4321, "enough"), Read, Seen(1)] },
    Case { name: "close without a code", path: "/hibernatable/echo", steps: &[CloseEmpty, Read, Seen(1)] },
    Case { name: "standard close without a code", path: "/standard/echo", steps: &[CloseEmpty, Read, Seen(1)] },
    Case { name: "going away", path: "/hibernatable/echo", steps: &[Close(1001, ""), Read, Seen(1)] },
    Case { name: "lost", path: "/hibernatable/echo", steps: &[Say("x"), Read, Drop, Seen(1)] },
    Case { name: "lost standard socket", path: "/standard/echo", steps: &[Say("x"), Read, Drop, Seen(1)] },
    Case { name: "closed by the object", path: "/hibernatable/close", steps: &[Say("4001"), Read, Read, Seen(1)] },
    Case { name: "standard closed by the object", path: "/standard/close", steps: &[Say("4001"), Read, Read, Seen(1)] },
    Case { name: "closed without a code", path: "/hibernatable/close", steps: &[Say(""), Read] },
    Case {
        name: "sending after closing",
        path: "/hibernatable/close-and-send",
        steps: &[Say("x"), Read, Read, Seen(1)],
    },
    Case { name: "handler that throws", path: "/hibernatable/throw", steps: &[Say("throw"), Say("still there"), Read] },
    Case { name: "attachments", path: "/hibernatable/count", steps: &[Say("a"), Read, Say("b"), Read] },
    Case { name: "tags", path: "/hibernatable/tags", steps: &[Say("?"), Read] },
    Case {
        name: "automatic answer",
        path: "/hibernatable/automatic",
        steps: &[Say("x"), Read, Say("ping"), Read, Say("Ping"), Read],
    },
    Case {
        name: "socket of the worker",
        path: "/worker-socket/echo",
        steps: &[Say("x"), Read, Send(&[1]), Read, Close(4000, "r"), Read],
    },
    Case { name: "closed by the worker", path: "/worker-socket/close", steps: &[Read] },
    Case { name: "no socket", path: "/worker-socket/../handler/text", steps: &[] },
];
