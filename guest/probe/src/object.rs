//! The class `Probe`.
//!
//! | route | answer |
//! | --- | --- |
//! | `POST …/script` | the results of the steps in the body |
//! | `GET …/ws?api=standard\|hibernation&tags=a,b&attach=<text>&on_close=reply\|ignore` | WebSocket, see `sockets.rs` |
//! | `GET …/echo` | as `/echo` of the worker |
//! | `POST …/count` | as `/stream/count` of the worker |
//!
//! The alarm handler appends `{"at_ms", "scheduled_ms", "retry_count"}` to the key `alarm_runs`, runs the steps under the key
//! `alarm_steps`, and then fails as often as the key `alarm_failures` says, counting it down.

use crate::script::{self, Scene, Step};
use crate::{http, sockets, streams};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use worker::{
    Date, DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    durable_object, emu,
};

/// What a script sees of the object it runs in.
pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) memory: RefCell<BTreeMap<String, Value>>,
    pub(crate) events: Cell<u32>,
}

impl Inner {
    pub(crate) fn new(state: State) -> Rc<Self> {
        Rc::new(Self { state, memory: RefCell::default(), events: Cell::new(0) })
    }
}

/// See the module's documentation.
#[durable_object]
pub struct Probe {
    inner: Rc<Inner>,
    env: Env,
}

impl Probe {
    fn scene(&self) -> Scene {
        self.inner.events.set(self.inner.events.get() + 1);
        Scene::object(self.env.clone(), self.inner.clone())
    }
}

impl DurableObject for Probe {
    fn new(state: State, env: Env) -> Self {
        Self { inner: Inner::new(state), env }
    }

    async fn fetch(&self, req: Request) -> Result<Response> {
        let scene = self.scene();
        match req.path().rsplit('/').next().unwrap_or_default() {
            "script" => script::respond(req, scene).await,
            "ws" => sockets::accept(&req, &scene),
            "echo" => http::echo(req).await,
            "count" => streams::handle("count", req).await,
            _ => Response::error("no such route in the object", 404),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        let scene = self.scene();
        let storage = self.inner.state.storage();
        let info = emu::alarm_info().ok_or("the alarm has no info")?;
        let mut runs = storage.get::<Vec<Value>>("alarm_runs").await?.unwrap_or_default();
        runs.push(json!({
            "at_ms": Date::now().as_millis(),
            "scheduled_ms": info.scheduled_ms,
            "retry_count": info.retry_count,
        }));
        storage.put("alarm_runs", runs).await?;
        // A stored JSON object is a JavaScript Map, which serde does not take for an enum.
        if let Some(steps) = storage.get::<Value>("alarm_steps").await? {
            let steps: Vec<Step> = serde_json::from_value(steps)?;
            script::strict(steps, scene).await?;
        }
        let failures = storage.get::<u32>("alarm_failures").await?.unwrap_or(0);
        if failures > 0 {
            storage.put("alarm_failures", failures - 1).await?;
            return Err("the alarm fails on purpose".into());
        }
        Response::empty()
    }

    async fn websocket_message(&self, ws: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        sockets::message(ws, message, self.scene()).await
    }

    async fn websocket_close(&self, ws: WebSocket, code: usize, reason: String, was_clean: bool) -> Result<()> {
        sockets::close(&ws, code, &reason, was_clean, &self.scene()).await
    }

    async fn websocket_error(&self, _ws: WebSocket, error: Error) -> Result<()> {
        sockets::record(json!({ "error": error.to_string() }), &self.scene()).await
    }
}
