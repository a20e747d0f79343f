//! What both servers say: the same three lines for every message.

use worker::*;

/// A message as JavaScript prints it into a string.
pub fn printed(message: WebSocketIncomingMessage) -> String {
    match message {
        WebSocketIncomingMessage::String(text) => text,
        WebSocketIncomingMessage::Binary(_) => "[object ArrayBuffer]".into(),
    }
}

/// One line to one client.
pub fn line(message: &str, from: &str, to: &str, connections: usize) -> String {
    format!("[Durable Object] message: {message}, from: {from}, to: {to}. Total connections: {connections}")
}
