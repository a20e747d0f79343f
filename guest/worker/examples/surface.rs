//! Uses as much of the SDK as the public crate `worker` 0.8 has, too. It only has to compile, against both:
//! `guest/check-worker` compiles it against the public crate.

#![allow(dead_code, unused_variables)]

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::*;

#[derive(Serialize, Deserialize)]
struct Row {
    id: u32,
    name: Option<String>,
}

#[event(start)]
fn start() {
    console_log!("started");
}

#[event(fetch, respond_with_errors)]
async fn main(req: Request, env: Env, ctx: Context) -> Result<Response> {
    ctx.wait_until(async { Delay::from(Duration::from_millis(1)).await });
    ctx.pass_through_on_exception();
    Router::with_data(1)
        .get("/", |req, ctx| Response::ok(format!("{} {:?}", ctx.data, ctx.param("id"))))
        .post_async("/x/:id", |mut req, ctx| async move { Response::from_json(&req.json::<Row>().await?) })
        .on("/on", |_, ctx| Response::ok(ctx.var("V")?.to_string() + &ctx.secret("S")?.to_string()))
        .or_else_any_method_async("/*rest", |_, ctx| async move {
            ctx.durable_object("NS")?.get_by_name("n")?.fetch_with_str("http://x/").await
        })
        .run(req, env)
        .await
}

#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, ctx: ScheduleContext) {
    console_debug!("{} {} {}", event.cron(), event.schedule(), event.ty());
    ctx.wait_until(async {});
}

async fn requests(mut req: Request, env: Env) -> Result<Response> {
    let url: Url = req.url()?;
    let (method, path, headers): (Method, String, &Headers) = (req.method(), req.path(), req.headers());
    let row: Row = req.query()?;
    let country = req.cf().and_then(|cf| cf.country());
    let mut copy = req.clone_mut()?;
    copy.headers_mut()?.set("x", "y")?;
    let (text, bytes): (String, Vec<u8>) = (req.clone()?.text().await?, req.clone()?.bytes().await?);
    let mut stream = req.stream()?;
    while let Some(chunk) = stream.next().await {
        let chunk: Vec<u8> = chunk?;
    }
    let form = copy.form_data().await?;
    match form.get("f") {
        Some(FormEntry::File(file)) => drop((file.name(), file.size(), file.type_(), file.bytes().await?)),
        Some(FormEntry::Field(text)) => drop(text),
        None => form.append("a", "b").and(form.set("a", "c"))?,
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some("x".into())).with_redirect(RequestRedirect::Manual);
    init.with_headers(Headers::from_iter([("a", "b")]));
    let request = Request::new_with_init("https://example.com/", &init)?;
    let controller = AbortController::default();
    let signal = controller.signal();
    let mut response = Fetch::Request(request).send_with_signal(&signal).await?;
    controller.abort();
    let row: Row = response.json().await?;
    let other = Fetch::Url(url).send().await?.with_status(201).with_headers(Headers::new());
    Ok(other)
}

fn responses(url: Url, body: ByteStream, socket: WebSocket) -> Result<Vec<Response>> {
    let cors = Cors::new().with_origins(["*"]).with_methods([Method::Get]).with_max_age(60);
    let (builder, rest): (ResponseBuilder, ResponseBody) = Response::empty()?.into_parts();
    Ok(vec![
        Response::ok("x")?.with_cors(&cors)?,
        Response::error("x", 404)?,
        Response::from_html("<p>")?,
        Response::from_bytes(vec![1])?,
        Response::from_stream(body)?,
        Response::from_websocket(socket)?,
        Response::from_body(ResponseBody::Body(vec![]))?,
        Response::redirect(url.clone())?,
        Response::redirect_with_status(url, 301)?,
        Response::builder().with_status(200).with_header("a", "b")?.from_json(&1)?,
        builder.body(rest).cloned()?,
    ])
}

fn headers(headers: &Headers) -> Result<()> {
    headers.append("a", "b")?;
    let (one, has): (Option<String>, bool) = (headers.get("a")?, headers.has("a")?);
    let all: Vec<String> = headers.get_all("set-cookie")?;
    for (name, value) in headers {
        headers.delete(&(name + &value))?;
    }
    let names: Vec<String> = headers.keys().chain(headers.values()).collect();
    Ok(())
}

fn bindings(env: &Env) -> Result<()> {
    let (text, secret): (Var, Secret) = (env.var("A")?, env.secret("B")?);
    let row: Row = env.object_var("C")?;
    let namespace: ObjectNamespace = env.durable_object("D")?;
    let id: ObjectId<'_> = namespace.id_from_name("x")?;
    let same = id == namespace.id_from_string(&id.to_string())? || id == namespace.unique_id()?;
    let (name, stub): (Option<String>, Stub) = (id.name(), id.get_stub()?);
    Ok(())
}

async fn sockets(url: Url) -> Result<()> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    server.send(&1)?;
    server.send_with_str("x")?;
    server.send_with_bytes([1])?;
    server.serialize_attachment(Row { id: 1, name: None })?;
    let row: Option<Row> = server.deserialize_attachment()?;
    let outgoing = WebSocket::connect_with_protocols(url, Some(vec!["p"])).await?;
    let mut events = outgoing.events()?;
    while let Some(event) = events.next().await {
        match event? {
            WebsocketEvent::Message(message) => drop((message.text(), message.bytes(), message.json::<Row>()?)),
            WebsocketEvent::Close(close) => drop((close.code(), close.reason(), close.was_clean())),
        }
    }
    client.close(Some(1000), Some("x"))
}

async fn storage(storage: Storage) -> Result<()> {
    storage.put("k", Row { id: 1, name: None }).await?;
    storage.put_multiple(Row { id: 1, name: None }).await?;
    storage.put_raw("r", "x").await?;
    let value: Option<Row> = storage.get("k").await?;
    let map = storage.get_multiple(vec!["a", "b"]).await?;
    let (size, value): (u32, JsValue) = (map.size(), map.get(&"a".into()));
    for key in map.keys() {
        console_log!("{:?}", key?.as_string());
    }
    let options = ListOptions::new().prefix("a").start("b").end("c").reverse(true).limit(3);
    drop((storage.list().await?, storage.list_with_options(options).await?));
    let (existed, count): (bool, usize) = (storage.delete("k").await?, storage.delete_multiple(vec!["a"]).await?);
    storage.set_alarm(1000).await?;
    storage.set_alarm(Duration::from_secs(1)).await?;
    let alarm: Option<i64> = storage.get_alarm().await?;
    storage.delete_alarm().await?;
    storage
        .transaction(|txn: Transaction| async move {
            let row: Row = txn.get("k").await?;
            txn.put("k", row).await?;
            txn.delete("x").await?;
            txn.rollback()
        })
        .await?;
    storage.sync().await?;
    storage.delete_all().await
}

fn sql(sql: SqlStorage) -> Result<()> {
    let cursor: SqlCursor = sql.exec("SELECT ?", vec![1.into(), "x".into(), None::<f64>.into(), vec![1u8].into()])?;
    let rows: Vec<Row> = cursor.to_array()?;
    let row: Row = sql.exec("SELECT 1", None)?.one()?;
    for row in sql.exec_raw("SELECT ?", vec![JsValue::from("x")])?.next::<Row>() {
        row?;
    }
    for row in cursor.raw() {
        let values: Vec<SqlStorageValue> = row?;
    }
    let counts: (usize, usize, usize) = (cursor.rows_read(), cursor.rows_written(), sql.database_size());
    let names: Vec<String> = cursor.column_names();
    Ok(())
}

#[durable_object]
struct Everything {
    state: State,
    env: Env,
}

impl DurableObject for Everything {
    fn new(state: State, env: Env) -> Self {
        let storage = state.storage();
        let _init = state.block_concurrency_while(async move { storage.put("k", 1).await });
        let pair = WebSocketRequestResponsePair::new("ping", "pong").expect("a pair");
        state.set_websocket_auto_response(&pair);
        let set: Option<(String, String)> =
            state.get_websocket_auto_response().map(|pair| (pair.request(), pair.response()));
        Self { state, env }
    }

    async fn fetch(&self, req: Request) -> Result<Response> {
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_websocket_with_tags(&server, &["tag"]);
        self.state.accept_web_socket(&client);
        let tags: Vec<String> = self.state.get_tags(&server);
        for socket in self.state.get_websockets().iter().chain(&self.state.get_websockets_with_tag("tag")) {
            socket.send_with_str(self.state.id().to_string())?;
        }
        self.state.wait_until(async {});
        spawn_local(async {});
        Response::ok(Date::now().as_millis().to_string())
    }

    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }

    async fn websocket_message(&self, ws: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        match message {
            WebSocketIncomingMessage::String(text) => ws.send_with_str(text),
            WebSocketIncomingMessage::Binary(bytes) => ws.send_with_bytes(bytes),
        }
    }

    async fn websocket_close(&self, ws: WebSocket, code: usize, reason: String, was_clean: bool) -> Result<()> {
        ws.close(Some(code as u16), Some(reason))
    }

    async fn websocket_error(&self, ws: WebSocket, error: Error) -> Result<()> {
        console_error!("{error}");
        console_warn!("{:?}", worker::DateInit::Millis(1));
        Err(Error::RustError("x".into()))
    }
}

#[durable_object(websocket)]
struct OnlySockets {
    state: State,
}

impl DurableObject for OnlySockets {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, _req: Request) -> Result<Response> {
        ok::Ok(Response::empty()?)
    }
}
