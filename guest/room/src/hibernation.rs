//! The server with the Hibernation API. Its object may leave memory while its clients stay connected: what it must not
//! forget it attaches to the sockets or writes into its storage.

use crate::message::{line, printed};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::time::Duration;
use uuid::Uuid;
use worker::*;

/// How many messages a room keeps, and how often it throws the older ones away.
const KEPT_MESSAGES: i32 = 100;
const TRIM_AFTER: Duration = Duration::from_secs(60);

#[durable_object]
pub struct WebSocketHibernationServer {
    state: State,
    /// All connections, each with what is attached to it.
    sessions: RefCell<Vec<(WebSocket, Session)>>,
}

/// What is attached to a socket.
#[derive(Clone, Serialize, Deserialize)]
struct Session {
    id: String,
}

/// A message of the history.
#[derive(Serialize, Deserialize)]
struct Message {
    id: u64,
    at_ms: u64,
    sender: String,
    body: String,
}

impl DurableObject for WebSocketHibernationServer {
    /// Runs when the first request comes, and again whenever something wakes the object from hibernation.
    fn new(state: State, _env: Env) -> Self {
        let sockets = state.get_websockets().into_iter();
        let sessions = sockets.filter_map(|socket| Some((socket.clone(), socket.deserialize_attachment().ok()??)));
        let sessions = RefCell::new(sessions.collect());
        // The platform answers these pings by itself, without waking the object.
        if let Ok(pair) = WebSocketRequestResponsePair::new("ping", "pong") {
            state.set_websocket_auto_response(&pair);
        }
        let table =
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, at_ms INTEGER, sender TEXT, body TEXT)";
        if let Err(error) = state.storage().sql().exec(table, None) {
            console_error!("{error}");
        }
        Self { state, sessions }
    }

    async fn fetch(&self, req: Request) -> Result<Response> {
        if req.path().ends_with("/history") {
            return self.history();
        }
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        // Unlike `server.accept()` this lets the object hibernate while the socket is open.
        self.state.accept_web_socket(&server);
        let session = Session { id: Uuid::new_v4().to_string() };
        server.serialize_attachment(&session)?;
        self.sessions.borrow_mut().push((server, session));
        Response::from_websocket(client)
    }

    async fn websocket_message(&self, ws: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        let message = printed(message);
        let id = self.session(&ws)?.id;
        self.remember(&id, &message).await?;

        let sessions = self.sessions.borrow();
        let line = |to: &str| line(&message, &id, to, sessions.len());
        ws.send_with_str(line("the initiating client"))?;
        for (session, _) in sessions.iter() {
            session.send_with_str(line("all clients"))?;
        }
        for (session, _) in sessions.iter().filter(|(session, _)| *session != ws) {
            session.send_with_str(line("all clients except the initiating client"))?;
        }
        Ok(())
    }

    async fn websocket_close(&self, ws: WebSocket, code: usize, _reason: String, _was_clean: bool) -> Result<()> {
        self.sessions.borrow_mut().retain(|(session, _)| *session != ws);
        // 1005 and 1006 say that there was no code; they must not be sent.
        let code = if matches!(code, 1005 | 1006) { 1000 } else { code as u16 };
        ws.close(Some(code), Some("Durable Object is closing WebSocket"))
    }

    async fn websocket_error(&self, ws: WebSocket, error: Error) -> Result<()> {
        self.sessions.borrow_mut().retain(|(session, _)| *session != ws);
        console_warn!("a connection failed: {error}");
        Ok(())
    }

    /// Runs some time after a message, even if the object has been hibernating since.
    async fn alarm(&self) -> Result<Response> {
        let trim = "DELETE FROM messages WHERE id <= (SELECT max(id) FROM messages) - ?";
        self.state.storage().sql().exec(trim, vec![KEPT_MESSAGES.into()])?;
        Response::empty()
    }
}

impl WebSocketHibernationServer {
    fn session(&self, ws: &WebSocket) -> Result<Session> {
        let sessions = self.sessions.borrow();
        let session = sessions.iter().find(|(socket, _)| socket == ws);
        session.map(|(_, session)| session.clone()).ok_or_else(|| "a message from an unknown connection".into())
    }

    /// Writes a message into the history, and has the history trimmed later.
    async fn remember(&self, sender: &str, body: &str) -> Result<()> {
        let now = Date::now().as_millis() as f64;
        let insert = "INSERT INTO messages (at_ms, sender, body) VALUES (?, ?, ?)";
        self.state.storage().sql().exec(insert, vec![now.into(), sender.into(), body.into()])?;
        if self.state.storage().get_alarm().await?.is_none() {
            self.state.storage().set_alarm(TRIM_AFTER).await?;
        }
        Ok(())
    }

    fn history(&self) -> Result<Response> {
        let query = "SELECT * FROM (SELECT * FROM messages ORDER BY id DESC LIMIT ?) ORDER BY id";
        let messages = self.state.storage().sql().exec(query, vec![KEPT_MESSAGES.into()])?;
        Response::from_json(&messages.to_array::<Message>()?)
    }
}
