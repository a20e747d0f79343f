//! A chat room: two WebSocket servers, one that keeps its object in memory and one that lets it hibernate.
//!
//! This file is the worker: it looks at a request and hands it to the right Durable Object. The objects are in
//! `standard.rs` and `hibernation.rs`.

mod hibernation;
mod message;
mod standard;

use worker::*;

const ENDPOINTS: &str = "Supported endpoints:
/websocket: Expects a WebSocket upgrade request
/history: The last messages, as JSON
/room/<name>/websocket, /room/<name>/history: The same, in a room of your own
/standard/websocket: Expects a WebSocket upgrade request; this server does not hibernate";

#[event(fetch)]
async fn fetch(req: Request, env: Env, _ctx: Context) -> Result<Response> {
    let url = req.url()?;
    let path: Vec<&str> = url.path().trim_start_matches('/').split('/').collect();
    // Which class of objects, and which object of it: everybody who names the same one ends up in the same room.
    let (binding, name) = match path[..] {
        ["history"] => ("WEBSOCKET_HIBERNATION_SERVER", "foo"),
        ["room", name, "history" | "websocket"] => ("WEBSOCKET_HIBERNATION_SERVER", name),
        ["standard", "websocket"] => ("WEBSOCKET_SERVER", "foo"),
        _ if url.as_str().ends_with("/websocket") => ("WEBSOCKET_HIBERNATION_SERVER", "foo"),
        _ => return text(ENDPOINTS, 200, "text/plain"),
    };
    if path.ends_with(&["websocket"]) {
        if req.headers().get("Upgrade")?.as_deref() != Some("websocket") {
            return text("Worker expected Upgrade: websocket", 426, "text/plain;charset=UTF-8");
        }
        if req.method() != Method::Get {
            return text("Worker expected GET method", 400, "text/plain;charset=UTF-8");
        }
    }
    env.durable_object(binding)?.get_by_name(name)?.fetch_with_request(req).await
}

fn text(body: &str, status: u16, content_type: &str) -> Result<Response> {
    let response = Response::builder().with_status(status).with_header("Content-Type", content_type)?;
    Ok(response.fixed(body.into()))
}
