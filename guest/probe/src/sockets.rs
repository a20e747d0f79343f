//! WebSockets: of the worker itself, of an object in both APIs, and outgoing ones.
//!
//! On a socket of an object a text message that parses as a script is run, and its results come back as JSON; any other
//! message comes back as it is. Closes and errors are recorded under the key `socket_events`: `{"close": [code, reason,
//! was_clean, ready_state]}` or `{"error": text}`. A close is answered with the same code unless the socket was opened with
//! `on_close=ignore`.
//!
//! | step | argument | result |
//! | --- | --- | --- |
//! | `socket` | `{"send": text}`, `{"send_bytes": [byte…]}`, `{"close": [code?, reason?]}`, `{"attach": value}` | |
//! | `socket` | `"attachment"`, `"tags"`, `"ready_state"`, `"auto_response_time"` | it |
//! | `sockets` | tag or `null` | the attachments of the object's hibernatable sockets, in order |
//! | `broadcast` | `{"tag"?, "text", "times"?}` | how many were sent |
//! | `auto_response` | `[request, response]` or `null` | the pair that is set now |

use crate::script::{self, Scene, Step};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use worker::wasm_bindgen_futures::spawn_local;
use worker::{
    Request, Response, Result, WebSocket, WebSocketIncomingMessage, WebSocketPair, WebSocketRequestResponsePair,
    WebsocketEvent,
};

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SocketStep {
    Send(String),
    SendBytes(Vec<u8>),
    Close(Option<u16>, Option<String>),
    Attach(Value),
    Attachment,
    Tags,
    ReadyState,
    AutoResponseTime,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Broadcast {
    tag: Option<String>,
    text: String,
    times: Option<u32>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Connect {
    url: String,
    protocols: Option<Vec<String>>,
    #[serde(default)]
    send: Vec<String>,
    /// How many messages to wait for before closing.
    #[serde(default)]
    receive: usize,
}

/// What is attached to an object's socket.
#[derive(Serialize, Deserialize)]
struct Attachment {
    value: Value,
    ignore_close: bool,
}

/// Accepts a socket in the worker itself and echoes what comes.
pub(crate) fn accept_in_worker() -> Result<Response> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    spawn_local(async move {
        let Ok(mut events) = server.events() else { return };
        while let Some(Ok(event)) = events.next().await {
            let echoed = match event {
                WebsocketEvent::Message(message) => match message.text() {
                    Some(text) => server.send_with_str(text),
                    None => server.send_with_bytes(message.bytes().unwrap_or_default()),
                },
                WebsocketEvent::Close(close) => server.close(sendable(close.code()), Some(close.reason())),
            };
            if let Err(error) = echoed {
                worker::console_error!("{error}");
            }
        }
    });
    Response::from_websocket(client)
}

/// A code that may be sent: 1005 and 1006 say that there was none.
fn sendable(code: u16) -> Option<u16> {
    (!matches!(code, 1005 | 1006)).then_some(code)
}

/// Accepts a socket in an object.
pub(crate) fn accept(req: &Request, scene: &Scene) -> Result<Response> {
    #[derive(Deserialize)]
    struct Query {
        api: Option<String>,
        tags: Option<String>,
        attach: Option<String>,
        on_close: Option<String>,
    }
    let query: Query = req.query()?;
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    let ignore_close = query.on_close.as_deref() == Some("ignore");
    let attachment = Attachment { value: json!(query.attach), ignore_close };
    if query.api.as_deref() == Some("standard") {
        server.accept()?;
        server.serialize_attachment(&attachment)?;
        spawn_local(listen(server, scene.clone()));
    } else {
        let tags = query.tags.unwrap_or_default();
        let tags: Vec<&str> = tags.split(',').filter(|tag| !tag.is_empty()).collect();
        scene.inner()?.state.accept_websocket_with_tags(&server, &tags);
        server.serialize_attachment(&attachment)?;
    }
    Response::from_websocket(client)
}

async fn listen(socket: WebSocket, scene: Scene) {
    let Ok(mut events) = socket.events() else { return };
    while let Some(event) = events.next().await {
        let handled = match event {
            Ok(WebsocketEvent::Message(event)) => {
                let incoming = match event.text() {
                    Some(text) => WebSocketIncomingMessage::String(text),
                    None => WebSocketIncomingMessage::Binary(event.bytes().unwrap_or_default()),
                };
                message(socket.clone(), incoming, scene.clone()).await
            }
            Ok(WebsocketEvent::Close(event)) => {
                close(&socket, event.code().into(), &event.reason(), event.was_clean(), &scene).await
            }
            Err(error) => record(json!({ "error": error.to_string() }), &scene).await,
        };
        if let Err(error) = handled {
            worker::console_error!("{error}");
        }
    }
}

/// Runs a script, or echoes.
pub(crate) async fn message(socket: WebSocket, message: WebSocketIncomingMessage, scene: Scene) -> Result<()> {
    match message {
        WebSocketIncomingMessage::Binary(bytes) => socket.send_with_bytes(bytes),
        WebSocketIncomingMessage::String(text) => match serde_json::from_str::<Vec<Step>>(&text) {
            Err(_) => socket.send_with_str(text),
            Ok(steps) => {
                let results = script::run(steps, Scene { socket: Some(socket.clone()), ..scene }).await;
                socket.send(&results)
            }
        },
    }
}

/// Records a close and answers it.
pub(crate) async fn close(socket: &WebSocket, code: usize, reason: &str, clean: bool, scene: &Scene) -> Result<()> {
    let ready_state = socket.as_ref().ready_state();
    record(json!({ "close": [code, reason, clean, ready_state] }), scene).await?;
    if socket.deserialize_attachment::<Attachment>()?.is_some_and(|attachment| attachment.ignore_close) {
        return Ok(());
    }
    socket.close(u16::try_from(code).ok().and_then(sendable), Some(reason))
}

/// Keeps an event for the test to read.
pub(crate) async fn record(event: Value, scene: &Scene) -> Result<()> {
    let storage = scene.inner()?.state.storage();
    let mut events = storage.get::<Vec<Value>>("socket_events").await?.unwrap_or_default();
    events.push(event);
    storage.put("socket_events", events).await
}

pub(crate) fn perform(step: SocketStep, scene: &Scene) -> Result<Value> {
    let socket = scene.socket.as_ref().ok_or("this step needs a socket")?;
    let state = &scene.inner()?.state;
    match step {
        SocketStep::Send(text) => socket.send_with_str(text)?,
        SocketStep::SendBytes(bytes) => socket.send_with_bytes(bytes)?,
        SocketStep::Close(code, reason) => socket.close(code, reason)?,
        SocketStep::Attach(value) => {
            socket.serialize_attachment(Attachment { value, ignore_close: false })?;
        }
        SocketStep::Attachment => return attachment(socket),
        SocketStep::Tags => return Ok(state.get_tags(socket).into()),
        SocketStep::ReadyState => return Ok(socket.as_ref().ready_state().into()),
        SocketStep::AutoResponseTime => return Ok(json!(state.get_websocket_auto_response_timestamp(socket))),
    }
    Ok(Value::Null)
}

fn attachment(socket: &WebSocket) -> Result<Value> {
    Ok(socket.deserialize_attachment::<Attachment>()?.map_or(Value::Null, |attachment| attachment.value))
}

fn of(tag: Option<&str>, scene: &Scene) -> Result<Vec<WebSocket>> {
    let state = &scene.inner()?.state;
    Ok(match tag {
        Some(tag) => state.get_websockets_with_tag(tag),
        None => state.get_websockets(),
    })
}

pub(crate) fn list(tag: Option<&str>, scene: &Scene) -> Result<Value> {
    let attachments = of(tag, scene)?.iter().map(attachment).collect::<Result<Vec<_>>>()?;
    Ok(attachments.into())
}

pub(crate) fn broadcast(broadcast: &Broadcast, scene: &Scene) -> Result<Value> {
    let sockets = of(broadcast.tag.as_deref(), scene)?;
    let times = broadcast.times.unwrap_or(1);
    for _ in 0..times {
        sockets.iter().try_for_each(|socket| socket.send_with_str(&broadcast.text))?;
    }
    Ok((sockets.len() * times as usize).into())
}

pub(crate) fn auto_response(pair: Option<(String, String)>, scene: &Scene) -> Result<Value> {
    let state = &scene.inner()?.state;
    match pair {
        Some((request, response)) => {
            state.set_websocket_auto_response(&WebSocketRequestResponsePair::new(&request, &response)?);
        }
        None => state.unset_websocket_auto_response(),
    }
    Ok(json!(state.get_websocket_auto_response().map(|pair| [pair.request(), pair.response()])))
}

/// Opens a socket, sends, receives, closes, and tells what came.
pub(crate) async fn connect(connect: Connect) -> Result<Value> {
    let url = connect.url.parse()?;
    let protocols = connect.protocols.as_ref().map(|protocols| protocols.iter().map(String::as_str).collect());
    let socket = WebSocket::connect_with_protocols(url, protocols).await?;
    let mut events = socket.events()?;
    socket.accept()?;
    for text in connect.send {
        socket.send_with_str(text)?;
    }
    let mut received = Vec::new();
    let mut closed = Value::Null;
    if connect.receive == 0 {
        socket.close(Some(1000), Some("done"))?;
    }
    while let Some(event) = events.next().await {
        match event? {
            WebsocketEvent::Message(message) => received.push(json!(message.text())),
            WebsocketEvent::Close(close) => closed = json!([close.code(), close.reason(), close.was_clean()]),
        }
        if closed.is_null() && received.len() == connect.receive {
            socket.close(Some(1000), Some("done"))?;
        }
    }
    Ok(json!({ "received": received, "closed": closed, "protocol": socket.as_ref().protocol() }))
}
