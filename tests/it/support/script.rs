//! Scripts for the probe worker: see `guest/probe/src/script.rs` for the steps.
//!
//! Invariant: says what to run and gives back what came of it, no more.

use super::{Emu, Reply, Socket};
use serde_json::Value;

impl Emu {
    /// The results of steps run in the worker itself.
    pub(crate) fn in_worker(&self, steps: &Value) -> Value {
        self.results("/script", steps)
    }

    /// The results of steps run in the object `name` of the class `Probe`.
    pub(crate) fn in_object(&self, name: &str, steps: &Value) -> Value {
        self.results(&format!("/object/{name}/script"), steps)
    }

    /// The results of steps run in the object `name` of the class `Built`.
    pub(crate) fn in_built(&self, name: &str, steps: &Value) -> Value {
        self.results(&format!("/built/{name}/script"), steps)
    }

    /// The response to steps, which may never come to results.
    pub(crate) fn script(&self, path: &str, steps: &Value) -> Reply {
        self.post(path, steps.to_string().as_bytes())
    }

    fn results(&self, path: &str, steps: &Value) -> Value {
        let reply = self.script(path, steps);
        assert_eq!(reply.status, 200, "{steps}: {}\n{}", reply.body, self.log());
        reply.json()
    }
}

impl Socket {
    /// The results of steps run in the object behind the socket.
    pub(crate) fn script(&mut self, steps: &Value) -> Value {
        let results = self.ask(&steps.to_string());
        serde_json::from_str(&results).unwrap_or_else(|error| panic!("{error}: {results}"))
    }
}
