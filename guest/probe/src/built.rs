//! The class `Built`: what its constructor does depends on the object's name.
//!
//! | name begins with | constructor |
//! | --- | --- |
//! | `ok` | adds one to the key `constructions` inside `block_concurrency_while` |
//! | `slow` | the same, after waiting 300 ms in it |
//! | `fail` | fails inside `block_concurrency_while` |
//! | `panic` | panics |
//! | `stuck` | never ends its `block_concurrency_while` |
//! | `alarm` | sets an alarm for now |
//! | `plain` | nothing |
//!
//! `POST …/script` runs the steps in the body. The class has no handlers beside `fetch`.

use crate::object::Inner;
use crate::script::{self, Scene};
use std::rc::Rc;
use std::time::Duration;
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, Storage, durable_object};

/// See the module's documentation.
#[durable_object(fetch)]
pub struct Built {
    inner: Rc<Inner>,
    env: Env,
}

async fn count(storage: Storage) -> Result<()> {
    let constructions = storage.get::<u32>("constructions").await?.unwrap_or(0);
    storage.put("constructions", constructions + 1).await
}

impl DurableObject for Built {
    fn new(state: State, env: Env) -> Self {
        let name = state.id().name().unwrap_or_default();
        let storage = state.storage();
        // The futures are dropped unawaited: the gate is closed by the call.
        match name.split('-').next().unwrap_or_default() {
            "ok" => drop(state.block_concurrency_while(count(storage))),
            "slow" => drop(state.block_concurrency_while(async move {
                Delay::from(Duration::from_millis(300)).await;
                count(storage).await
            })),
            "fail" => {
                drop(state.block_concurrency_while(async { Err::<(), _>("the constructor fails on purpose".into()) }))
            }
            "panic" => panic!("the constructor panics on purpose"),
            "stuck" => drop(state.block_concurrency_while(std::future::pending::<Result<()>>())),
            "alarm" => drop(state.block_concurrency_while(async move { storage.set_alarm(0).await })),
            _ => {}
        }
        Self { inner: Inner::new(state), env }
    }

    async fn fetch(&self, req: Request) -> Result<Response> {
        self.inner.events.set(self.inner.events.get() + 1);
        script::respond(req, Scene::object(self.env.clone(), self.inner.clone())).await
    }
}
