//! Worlds for tests in Rust, in the test's own process: `cargo test` and nextest run them like any other test.
//!
//! [`World`] is what a test holds, [`Client`] a WebSocket from outside, [`Explore`] tries to make a test fail.
//! [`World::on_fetch`] stands for other hosts.
//!
//! ```no_run
//! use emu::World;
//! use std::time::Duration;
//!
//! # fn main() -> emu::error::Result<()> {
//! let world = World::open("wrangler.jsonc")?;
//! let ada = world.connect("/room/lobby?name=ada");
//! ada.send("hello");
//! assert_eq!(ada.texts(), ["ada: hello"]);
//! world.advance(Duration::from_secs(24 * 60 * 60)); // alarms go off on the way, at once
//! world.evict("ROOM/lobby");
//! assert_eq!(world.sql("ROOM/lobby", "SELECT count(*) FROM messages"), [[0]]);
//! # Ok(())
//! # }
//! ```
//!
//! [`explore`] runs such a test calmly, with every single fault, and with seeds:
//!
//! ```no_run
//! emu::explore("wrangler.jsonc", |world| {
//!     for visitors in ["1", "2", "3"] {
//!         assert_eq!(world.fetch("POST", "/", "").text(), visitors);
//!     }
//! });
//! ```
//!
//! Invariant: what a test gets wrong is a panic at the test's own line; only opening an application gives errors.

mod application;
mod client;
mod explore;
mod outside;
mod quiet;
mod request;
mod stage;

pub use application::{Application, Builder};
pub use client::Client;
pub use explore::{Explore, explore};
pub use outside::{Request, Response};
pub use request::{Answer, RequestBuilder};

pub use crate::simulate::Frame;

use crate::error::Result;
use crate::lane::{NOT_RUNNING, Verb};
use crate::simulate::{Happening, Simulation, Stuck};
use crate::world::{TraceKind, Whose, World as _};
use emu_abi::ObjectId;
use serde_json::Value;
use stage::Stage;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The steps that one thing a test does may take: what goes on longer than this does not end.
const MAX_STEPS: u64 = 2_000_000;

/// A simulated world with an application in it, which does nothing that the test does not ask for.
///
/// Objects are named as `BINDING/name` or `Class/name`; instead of the name there may be the 64 hex digits of an id.
pub struct World {
    stage: Arc<Stage>,
    application: Application,
}

impl World {
    /// Opens an application in a calm world: no faults, and events in the order in which they come. `EMU_SEED` in the
    /// environment repeats what a failure named.
    ///
    /// # Errors
    /// When the configuration or a worker has errors.
    pub fn open(config: impl AsRef<Path>) -> Result<Self> {
        Application::open(config)?.world().open()
    }

    /// Sends a request to a path of the first worker and waits for the answer. An error that the worker throws is an answer
    /// of status 500.
    ///
    /// # Panics
    /// When there will never be an answer.
    #[track_caller]
    pub fn fetch(&self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.request(method, path).body(body).send()
    }

    /// A request with headers, or one that is sent again when it was lost.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, path)
    }

    /// Opens a WebSocket.
    ///
    /// # Panics
    /// When the worker answers with anything else.
    #[track_caller]
    pub fn connect(&self, path: &str) -> Client {
        self.request("GET", path).connect()
    }

    /// Lets time pass; what is due on the way happens.
    ///
    /// # Panics
    /// When things go on and on without time passing.
    #[track_caller]
    pub fn advance(&self, length: Duration) {
        let ms = length.as_secs_f64() * 1000.0;
        finished("`advance`", self.ask(move |world| world.run_until(world.world().now_ms() + ms, MAX_STEPS)));
    }

    /// The world's time, since 1970.
    pub fn now(&self) -> Duration {
        Duration::from_secs_f64(self.ask(|world| world.world().now_ms()) / 1000.0)
    }

    /// Drops an object's instance now, as the platform does with idle ones; its WebSockets stay. False if it was not
    /// running.
    ///
    /// # Panics
    /// When the object has never been used.
    #[track_caller]
    pub fn evict(&self, object: &str) -> bool {
        match self.control(object, Verb::Evict { close_sockets: false, now: true }) {
            Ok(_) => true,
            Err(message) if message == NOT_RUNNING => false,
            Err(message) => panic!("`evict` of `{object}`: {message}"),
        }
    }

    /// Ends an object's instance in the middle of what it does, as if its machine had died: what was not committed is lost,
    /// and so are its WebSockets.
    ///
    /// # Panics
    /// When the object has never been used.
    #[track_caller]
    pub fn crash(&self, object: &str) {
        if let Err(message) = self.control(object, Verb::Crash) {
            panic!("`crash` of `{object}`: {message}");
        }
    }

    /// Runs an object's alarm now, if one is set, until its handler has returned. False if none is set.
    ///
    /// # Panics
    /// When the object has never been used, or the handler never returns.
    #[track_caller]
    pub fn run_alarm(&self, object: &str) -> bool {
        let (namespace, id) = self.object(object);
        match finished("`run_alarm`", self.ask(move |world| world.run_alarm_now(namespace, &id, MAX_STEPS))) {
            Ok(ran) => ran,
            Err(message) => panic!("`run_alarm` of `{object}`: {message}"),
        }
    }

    /// Runs SQL in an object's database. Gives the rows.
    ///
    /// # Panics
    /// When the object has never been used, or the query has errors.
    #[track_caller]
    pub fn sql(&self, object: &str, query: &str) -> Vec<Vec<Value>> {
        match self.control(object, Verb::Sql(query.to_owned(), Vec::new())) {
            Ok(mut found) => serde_json::from_value(found["rows"].take()).unwrap_or_default(),
            Err(message) => panic!("`sql` in `{object}`: {message}"),
        }
    }

    /// Stops the faults, and waits until no handler runs, nothing is retried and nothing waits to be committed.
    ///
    /// # Panics
    /// When that never comes about: something waits for what will never happen.
    #[track_caller]
    pub fn settle(&self) {
        finished("`settle`", self.ask(|world| world.settle(MAX_STEPS)));
    }

    /// Lets the world make faults, or none any more.
    pub fn set_faults(&self, on: bool) {
        self.ask(move |world| world.world().set_faults(on));
    }

    /// A line in the timeline.
    pub fn mark(&self, text: &str) {
        let text = text.to_owned();
        self.ask(move |world| world.world().trace(Whose::WORLD, TraceKind::Mark, 0, &|| text.clone()));
    }

    /// What was logged since the last time, and the errors that nobody caught.
    pub fn logs(&self) -> Vec<String> {
        self.ask(|world| world.take_happenings().iter().map(line_of).collect())
    }

    /// Stands for everything that has happened so far: two worlds of the same digest went the same way.
    pub fn digest(&self) -> u64 {
        self.ask(|world| world.world().digest())
    }

    fn ask<T: Send + 'static>(&self, work: impl FnOnce(&mut Simulation) -> T + Send + 'static) -> T {
        self.stage.ask(work)
    }

    #[track_caller]
    fn control(&self, object: &str, verb: Verb) -> std::result::Result<Value, String> {
        let (namespace, id) = self.object(object);
        let answered = self.ask(move |world| world.control_object_now(namespace, id, verb, MAX_STEPS));
        finished("a command", answered)
    }

    #[track_caller]
    fn object(&self, object: &str) -> (usize, ObjectId) {
        let (namespace, name) = match self.application.split(object) {
            Ok(split) => split,
            Err(message) => panic!("{message}"),
        };
        (namespace, self.ask(move |world| world.object_named(namespace, &name)))
    }
}

/// A line of the log, as people read it.
fn line_of(happening: &Happening) -> String {
    match happening {
        Happening::Log(line) => line.text().into_owned(),
        Happening::Uncaught(uncaught) => format!("uncaught in {}: {}", uncaught.what, uncaught.thrown.text()),
    }
}

/// What came of something that was waited for.
#[track_caller]
fn finished<T>(what: &str, ended: std::result::Result<T, Stuck>) -> T {
    match ended {
        Ok(ended) => ended,
        Err(Stuck::Broken(said)) => panic!("{what}: something that must always hold did not: {said}"),
        Err(Stuck::TooLong) => panic!("{what} does not end: things go on and on"),
        Err(Stuck::Deadlock(waiting)) => {
            let waiting: Vec<String> = waiting.iter().map(ToString::to_string).collect();
            panic!("{what} will never end: nothing can happen any more\n  {}", waiting.join("\n  "))
        }
    }
}
