//! The server with the standard WebSocket API. It remembers its clients in memory, so it stays there while one is connected.

use crate::message::line;
use futures_util::StreamExt;
use std::cell::RefCell;
use std::rc::Rc;
use uuid::Uuid;
use worker::wasm_bindgen_futures::spawn_local;
use worker::*;

#[durable_object(fetch)]
pub struct WebSocketServer {
    /// All connections, each with its id, in the order they came.
    sessions: Sessions,
}

type Sessions = Rc<RefCell<Vec<(WebSocket, String)>>>;

impl DurableObject for WebSocketServer {
    fn new(_state: State, _env: Env) -> Self {
        Self { sessions: Sessions::default() }
    }

    async fn fetch(&self, _req: Request) -> Result<Response> {
        // Two ends of a connection: one for the client, one for us.
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        // From here on the socket's events arrive in this object.
        server.accept()?;
        let id = Uuid::new_v4().to_string();
        self.sessions.borrow_mut().push((server.clone(), id.clone()));
        spawn_local(listen(self.sessions.clone(), server, id));
        Response::from_websocket(client)
    }
}

/// Handles the events of one socket until it closes.
async fn listen(sessions: Sessions, socket: WebSocket, id: String) {
    let Ok(mut events) = socket.events() else { return };
    while let Some(event) = events.next().await {
        let handled = match event {
            Ok(WebsocketEvent::Message(message)) => {
                let message = message.text().unwrap_or_else(|| "[object ArrayBuffer]".into());
                broadcast(&sessions.borrow(), &socket, &id, &message)
            }
            Ok(WebsocketEvent::Close(_)) | Err(_) => {
                sessions.borrow_mut().retain(|(session, _)| *session != socket);
                socket.close(Some(1000), Some("Durable Object is closing WebSocket"))
            }
        };
        if let Err(error) = handled {
            console_error!("{error}");
        }
    }
}

fn broadcast(sessions: &[(WebSocket, String)], socket: &WebSocket, id: &str, message: &str) -> Result<()> {
    let line = |to: &str| line(message, id, to, sessions.len());
    socket.send_with_str(line("the initiating client"))?;
    for (session, _) in sessions.iter().filter(|(session, _)| session != socket) {
        session.send_with_str(line("all clients except the initiating client"))?;
    }
    for (session, _) in sessions {
        session.send_with_str(line("all clients"))?;
    }
    Ok(())
}
