//! Scripts: a JSON array of steps, run one after the other.
//!
//! A step is `{"<name>": <argument>}`, or just `"<name>"` where there is no argument. The answer is an array with the result
//! of each step. A step that fails has the result `{"error": <text>}` with the platform's flags (`remote`, `retryable`,
//! `overloaded`, `durable_object_reset`) where they are set, and the script goes on; inside `transaction`, `block` and
//! `strict` the first failure ends the inner script and is the failure of the outer step.
//!
//! | step | argument | result |
//! | --- | --- | --- |
//! | `now` | | the clock, in milliseconds since the epoch |
//! | `sleep` | milliseconds | |
//! | `random` | how many bytes | their number of distinct values |
//! | `log` | `[level, text]` | |
//! | `throw`, `panic` | text | |
//! | `abort` | `{"reason"?, "retry_alarm"?}` | never |
//! | `spin`, `recurse`, `never` | | never |
//! | `eat` | bytes to allocate and touch | |
//! | `hostile` | see `hostile.rs` | never, if the host is right |
//! | `strict`, `block`, `transaction` | steps | results |
//! | `wait_until`, `spawn` | steps, run in the background | |
//! | `together` | array of scripts, run at the same time | array of results |
//! | `memory` | `[key, value]` or `[key]` | the value in the instance's memory, after setting it |
//! | `events` | | how many events this instance has handled |
//! | `id` | | `{"id", "name"}` of the object |
//! | `ids` | `{"name"}`, `{"hex"}` or `{}`, of the binding `PROBE` | `{"id", "name"}` |
//! | `rollback` | | (inside `transaction`) |
//! | `sync` | | |
//! | `kv`, `alarm` | see `kv.rs` | |
//! | `sql`, `sql_size` | see `sql.rs` | |
//! | `fetch` | `{"url", "method"?, "headers"?, "body"?, "redirect"?, "timeout_ms"?}` | `{"status", "headers", "body"}` |
//! | `stub` | `{"name", "class"?, "steps"}` or `{"hex", …}` | the results of the steps in that object |
//! | `connect` | `{"url", "protocols"?, "send", "receive"}` | the messages received, and the close |
//! | `socket`, `sockets`, `broadcast`, `auto_response`, `event_timeout` | see `sockets.rs` | |

use crate::{hostile, kv, object, sockets, sql};
use futures_util::future::{self, LocalBoxFuture};
use serde::Deserialize;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;
use worker::js_sys::Reflect;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{
    AbortController, Context, Date, Delay, Env, Error, Fetch, Headers, Method, Request, RequestInit, RequestRedirect,
    Response, Result, Transaction, WebSocket,
};

/// Where a script runs.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) env: Env,
    pub(crate) context: Option<Context>,
    pub(crate) object: Option<Rc<object::Inner>>,
    pub(crate) socket: Option<WebSocket>,
    pub(crate) transaction: Option<Rc<Transaction>>,
}

impl Scene {
    pub(crate) fn worker(env: Env, context: Context) -> Self {
        Self { env, context: Some(context), object: None, socket: None, transaction: None }
    }

    pub(crate) fn object(env: Env, object: Rc<object::Inner>) -> Self {
        Self { env, context: None, object: Some(object), socket: None, transaction: None }
    }

    pub(crate) fn inner(&self) -> Result<&Rc<object::Inner>> {
        self.object.as_ref().ok_or_else(|| "this step needs an object".into())
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Now,
    Sleep(u64),
    Random(usize),
    Log(String, String),
    Throw(String),
    Panic(String),
    Abort(Abort),
    Spin,
    Recurse,
    Never,
    Eat(usize),
    Hostile(String),
    Strict(Vec<Step>),
    Block(Vec<Step>),
    Transaction(Vec<Step>),
    WaitUntil(Vec<Step>),
    Spawn(Vec<Step>),
    Together(Vec<Vec<Step>>),
    Memory(Vec<Value>),
    Events,
    Id,
    Ids(Ids),
    Rollback,
    Sync,
    Kv(kv::Kv),
    Alarm(kv::Alarm),
    Sql(sql::Sql),
    SqlSize,
    Fetch(Outgoing),
    Stub(StubCall),
    Connect(sockets::Connect),
    Socket(sockets::SocketStep),
    Sockets(Option<String>),
    Broadcast(sockets::Broadcast),
    AutoResponse(Option<(String, String)>),
    EventTimeout(Option<u32>),
}

#[derive(Clone, Deserialize)]
pub(crate) struct Abort {
    reason: Option<String>,
    retry_alarm: Option<bool>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Ids {
    name: Option<String>,
    hex: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Outgoing {
    url: String,
    method: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    redirect: Option<String>,
    timeout_ms: Option<u64>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct StubCall {
    name: Option<String>,
    hex: Option<String>,
    class: Option<String>,
    steps: Value,
}

/// Runs the script in a request's body.
pub(crate) async fn respond(mut req: Request, scene: Scene) -> Result<Response> {
    let steps: Vec<Step> = req.json().await?;
    Response::from_json(&run(steps, scene).await)
}

/// Runs a script; a step that fails has an error for its result.
pub(crate) async fn run(steps: Vec<Step>, scene: Scene) -> Vec<Value> {
    let mut results = Vec::new();
    for step in steps {
        results.push(perform(step, scene.clone()).await.unwrap_or_else(|error| describe(&error)));
    }
    results
}

/// Runs a script up to its first failure.
pub(crate) async fn strict(steps: Vec<Step>, scene: Scene) -> Result<Vec<Value>> {
    let mut results = Vec::new();
    for step in steps {
        results.push(perform(step, scene.clone()).await?);
    }
    Ok(results)
}

pub(crate) fn describe(error: &Error) -> Value {
    let mut description = json!({ "error": error.to_string() });
    if let Error::UnknownJsError { original, .. } = error {
        for (flag, name) in [
            ("remote", "remote"),
            ("retryable", "retryable"),
            ("overloaded", "overloaded"),
            ("durableObjectReset", "durable_object_reset"),
        ] {
            if Reflect::get(original, &flag.into()).is_ok_and(|value| value.as_bool() == Some(true)) {
                description[name] = true.into();
            }
        }
    }
    description
}

/// One step. Boxed, as scripts contain scripts.
fn perform(step: Step, scene: Scene) -> LocalBoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        match step {
            Step::Now => return Ok(Date::now().as_millis().into()),
            Step::Sleep(ms) => Delay::from(Duration::from_millis(ms)).await,
            Step::Random(count) => return random(count),
            Step::Log(level, text) => log(&level, &text),
            Step::Throw(text) => return Err(Error::RustError(text)),
            Step::Panic(text) => panic!("{text}"),
            Step::Abort(abort) => {
                let state = &scene.inner()?.state;
                state.abort_with_options(abort.reason.as_deref(), abort.retry_alarm.unwrap_or(true))
            }
            Step::Spin => hostile::spin(),
            Step::Recurse => return Ok(hostile::recurse(0).into()),
            Step::Never => future::pending().await,
            Step::Eat(bytes) => hostile::eat(bytes),
            Step::Hostile(name) => hostile::call(&name)?,
            Step::Strict(steps) => return Ok(strict(steps, scene).await?.into()),
            Step::Block(steps) => return block(steps, scene).await,
            Step::Transaction(steps) => return transaction(steps, scene).await,
            Step::WaitUntil(steps) => wait_until(steps, scene),
            Step::Spawn(steps) => spawn_local(async { drop(run(steps, scene).await) }),
            Step::Together(scripts) => {
                let runs = scripts.into_iter().map(|steps| run(steps, scene.clone()));
                return Ok(json!(future::join_all(runs).await));
            }
            Step::Memory(entry) => return memory(&entry, &scene),
            Step::Events => return Ok(scene.inner()?.events.get().into()),
            Step::Id => {
                let id = scene.inner()?.state.id();
                return Ok(json!({ "id": id.to_string(), "name": id.name() }));
            }
            Step::Ids(ids) => return ids_of(&ids, &scene),
            Step::Rollback => scene.transaction.ok_or("this step needs a transaction")?.rollback()?,
            Step::Sync => scene.inner()?.state.storage().sync().await?,
            Step::Kv(step) => return kv::perform(step, &scene).await,
            Step::Alarm(step) => return kv::perform_alarm(step, &scene).await,
            Step::Sql(step) => return sql::perform(step, &scene),
            Step::SqlSize => return Ok(scene.inner()?.state.storage().sql().database_size().into()),
            Step::Fetch(outgoing) => return fetch(outgoing).await,
            Step::Stub(call) => return stub(call, &scene).await,
            Step::Connect(connect) => return sockets::connect(connect).await,
            Step::Socket(step) => return sockets::perform(step, &scene),
            Step::Sockets(tag) => return sockets::list(tag.as_deref(), &scene),
            Step::Broadcast(broadcast) => return sockets::broadcast(&broadcast, &scene),
            Step::AutoResponse(pair) => return sockets::auto_response(pair, &scene),
            Step::EventTimeout(ms) => {
                let state = &scene.inner()?.state;
                state.set_hibernatable_websocket_event_timeout(ms)?;
                return Ok(json!(state.get_hibernatable_websocket_event_timeout()));
            }
        }
        Ok(Value::Null)
    })
}

fn random(count: usize) -> Result<Value> {
    let mut bytes = vec![0; count];
    worker::emu::random_bytes(&mut bytes)?;
    bytes.sort_unstable();
    bytes.dedup();
    Ok(bytes.len().into())
}

fn log(level: &str, text: &str) {
    match level {
        "debug" => worker::console_debug!("{text}"),
        "warn" => worker::console_warn!("{text}"),
        "error" => worker::console_error!("{text}"),
        _ => worker::console_log!("{text}"),
    }
}

async fn block(steps: Vec<Step>, scene: Scene) -> Result<Value> {
    let object = scene.inner()?.clone();
    let results = object.state.block_concurrency_while(strict(steps, scene)).await?;
    Ok(results.into())
}

async fn transaction(steps: Vec<Step>, scene: Scene) -> Result<Value> {
    let results = Rc::new(std::cell::RefCell::new(Vec::new()));
    let kept = results.clone();
    let storage = scene.inner()?.state.storage();
    let closure = move |transaction| async move {
        let scene = Scene { transaction: Some(Rc::new(transaction)), ..scene };
        *kept.borrow_mut() = strict(steps, scene).await?;
        Ok(())
    };
    storage.transaction(closure).await?;
    Ok(results.take().into())
}

fn wait_until(steps: Vec<Step>, scene: Scene) {
    let (context, object) = (scene.context.clone(), scene.object.clone());
    let work = async { drop(run(steps, scene).await) };
    match (context, object) {
        (Some(context), _) => context.wait_until(work),
        (None, Some(object)) => object.state.wait_until(work),
        (None, None) => spawn_local(work),
    }
}

fn memory(entry: &[Value], scene: &Scene) -> Result<Value> {
    let mut memory = scene.inner()?.memory.borrow_mut();
    let key = entry.first().and_then(Value::as_str).ok_or("`memory` needs a key")?;
    if let Some(value) = entry.get(1) {
        memory.insert(key.to_owned(), value.clone());
    }
    Ok(memory.get(key).cloned().unwrap_or_default())
}

fn ids_of(ids: &Ids, scene: &Scene) -> Result<Value> {
    let namespace = scene.env.durable_object("PROBE")?;
    let id = match (&ids.name, &ids.hex) {
        (Some(name), _) => namespace.id_from_name(name)?,
        (_, Some(hex)) => namespace.id_from_string(hex)?,
        (None, None) => namespace.unique_id()?,
    };
    Ok(json!({ "id": id.to_string(), "name": id.name() }))
}

async fn fetch(outgoing: Outgoing) -> Result<Value> {
    let mut init = RequestInit::new();
    init.with_method(Method::from(outgoing.method.unwrap_or_default()));
    init.with_headers(Headers::from_iter(outgoing.headers));
    init.with_body(outgoing.body.map(Into::into));
    if outgoing.redirect.as_deref() == Some("manual") {
        init.with_redirect(RequestRedirect::Manual);
    }
    let request = Fetch::Request(Request::new_with_init(&outgoing.url, &init)?);
    let controller = AbortController::default();
    let signal = controller.signal();
    if let Some(ms) = outgoing.timeout_ms {
        spawn_local(async move {
            Delay::from(Duration::from_millis(ms)).await;
            controller.abort();
        });
    }
    let mut response = request.send_with_signal(&signal).await?;
    let headers: Vec<_> = response.headers().entries().collect();
    let body = response.text().await?;
    Ok(json!({ "status": response.status_code(), "headers": headers, "body": body }))
}

async fn stub(call: StubCall, scene: &Scene) -> Result<Value> {
    let built = call.class.as_deref() == Some("Built");
    let namespace = scene.env.durable_object(if built { "BUILT" } else { "PROBE" })?;
    let stub = match (&call.name, &call.hex) {
        (_, Some(hex)) => namespace.id_from_string(hex)?.get_stub()?,
        (Some(name), _) => namespace.get_by_name(name)?,
        (None, None) => namespace.unique_id()?.get_stub()?,
    };
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(call.steps.to_string().into()));
    let request = Request::new_with_init("http://probe/object/stub/script", &init)?;
    stub.fetch_with_request(request).await?.json().await
}
