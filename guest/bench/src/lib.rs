//! The worker that `benches/` measures. `benches/workerd/worker.js` is the same worker in JavaScript: the routes, the
//! storage operations and the answers are the same, so that a difference between two figures is one of two runtimes.
//!
//! * `GET /hello`: "hello"
//! * `GET /do/mem|kv|sql/<name>`: the object's count after this request, as text
//! * `GET /ws/echo/<name>`: WebSocket; every message comes back to its sender
//! * `GET /ws/fan/<name>`: WebSocket; every message goes to all sockets of the object
//!
//! A plain GET on a `/ws/` route answers how many events this instance of the object has seen: "1" is proof that it was
//! hibernated or evicted just before.

use serde::Deserialize;
use std::cell::Cell;
use worker::*;

#[event(fetch)]
async fn fetch(req: Request, env: Env, _ctx: Context) -> Result<Response> {
    let path = req.path();
    if path == "/hello" {
        return Response::ok("hello");
    }
    let mut segments = path.split('/').skip(1);
    let (area, _work, name) = (segments.next(), segments.next(), segments.next());
    let binding = match area {
        Some("do") => "COUNTER",
        Some("ws") => "SOCKETS",
        _ => return Response::error("not found", 404),
    };
    match name {
        Some(name) if !name.is_empty() => {
            env.durable_object(binding)?.id_from_name(name)?.get_stub()?.fetch_with_request(req).await
        }
        _ => Response::error("not found", 404),
    }
}

/// Counts requests: in a field, in the key-value storage, or in rows.
#[durable_object]
pub struct Counter {
    state: State,
    count: Cell<u64>,
    has_table: Cell<bool>,
}

#[derive(Deserialize)]
struct Hits {
    count: u64,
}

impl DurableObject for Counter {
    fn new(state: State, _env: Env) -> Self {
        Self { state, count: Cell::new(0), has_table: Cell::new(false) }
    }

    async fn fetch(&self, req: Request) -> Result<Response> {
        let path = req.path();
        let count = match path.split('/').nth(2) {
            Some("mem") => {
                self.count.set(self.count.get() + 1);
                self.count.get()
            }
            Some("kv") => {
                let storage = self.state.storage();
                let count = storage.get::<u64>("count").await?.unwrap_or(0) + 1;
                storage.put("count", count).await?;
                count
            }
            Some("sql") => self.insert_and_count()?,
            _ => return Response::error("not found", 404),
        };
        Response::ok(count.to_string())
    }
}

impl Counter {
    fn insert_and_count(&self) -> Result<u64> {
        let sql = self.state.storage().sql();
        if !self.has_table.replace(true) {
            sql.exec("CREATE TABLE IF NOT EXISTS hits (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)", None)?;
        }
        let now = Date::now().as_millis() as f64;
        sql.exec("INSERT INTO hits (at) VALUES (?)", vec![now.into()])?;
        Ok(sql.exec("SELECT count(*) AS count FROM hits", None)?.one::<Hits>()?.count)
    }
}

/// Echoes, or sends to everybody, as the tag of a socket says.
#[durable_object]
pub struct Sockets {
    state: State,
    event_count: Cell<u64>,
}

impl DurableObject for Sockets {
    fn new(state: State, _env: Env) -> Self {
        Self { state, event_count: Cell::new(0) }
    }

    async fn fetch(&self, req: Request) -> Result<Response> {
        self.event_count.set(self.event_count.get() + 1);
        if req.headers().get("Upgrade")?.as_deref() != Some("websocket") {
            return Response::ok(self.event_count.get().to_string());
        }
        let path = req.path();
        let work = path.split('/').nth(2).unwrap_or_default();
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_websocket_with_tags(&server, &[work]);
        Response::from_websocket(client)
    }

    async fn websocket_message(&self, ws: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.event_count.set(self.event_count.get() + 1);
        let fan = self.state.get_tags(&ws).first().is_some_and(|tag| tag == "fan");
        let receivers = if fan { self.state.get_websockets() } else { vec![ws] };
        for receiver in receivers {
            match &message {
                WebSocketIncomingMessage::String(text) => receiver.send_with_str(text)?,
                WebSocketIncomingMessage::Binary(bytes) => receiver.send_with_bytes(bytes)?,
            }
        }
        Ok(())
    }

    async fn websocket_close(&self, ws: WebSocket, code: usize, _reason: String, _was_clean: bool) -> Result<()> {
        // 1005 and 1006 say that no code came; they are not codes a peer may send.
        let code = if matches!(code, 1005 | 1006) { 1000 } else { code as u16 };
        ws.close(Some(code), None::<String>)
    }
}
