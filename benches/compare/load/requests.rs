//! HTTP requests in a closed loop: every connection sends its next request when it has its answer.
//!
//! Invariant: see `load`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Meter, Round};
use crate::Result;
use crate::http::Connection;
use crate::server::Server;
use crate::works::Route;

/// One round.
pub(super) async fn round(server: &Server, route: Route, connections: u32, tag: &str, time: Duration) -> Result<Round> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(server.port()).await?);
    }
    let load = Arc::new(Load { route, tag: tag.to_owned(), until: Instant::now() + time, started: AtomicU64::new(0) });
    let meter = Meter::start(server)?;
    let mut tasks = JoinSet::new();
    for connection in open {
        tasks.spawn(run(connection, load.clone()));
    }
    let mut done = Done::default();
    while let Some(task) = tasks.join_next().await {
        let Done { requests, count_max } = task??;
        done = Done { requests: done.requests + requests, count_max: done.count_max.max(count_max) };
    }
    let round = meter.stop(server, done.requests)?;
    load.check(&done)?;
    Ok(round)
}

struct Load {
    route: Route,
    tag: String,
    until: Instant,
    started: AtomicU64,
}

#[derive(Default)]
struct Done {
    requests: u64,
    count_max: u64,
}

impl Load {
    /// The number of the object that the next request goes to.
    fn next_object(&self) -> u64 {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        self.route.requests_per_object().map_or(0, |per_object| number / per_object)
    }

    fn path(&self, object: u64) -> String {
        self.route.path(&format!("{}-{object}", self.tag))
    }

    /// An object answers each request with its count, so the highest count says whether one was lost or counted twice.
    fn check(&self, done: &Done) -> Result<()> {
        if self.route.answer().is_some() {
            return Ok(());
        }
        let expected =
            self.route.requests_per_object().map_or(done.requests, |per_object| per_object.min(done.requests));
        if done.count_max == expected {
            return Ok(());
        }
        Err(format!("an object counted to {} after {expected} requests", done.count_max).into())
    }
}

async fn run(mut connection: Connection, load: Arc<Load>) -> Result<Done> {
    let mut done = Done::default();
    let mut object = 0;
    let mut path = load.path(object);
    while Instant::now() < load.until {
        let next = load.next_object();
        if next != object {
            object = next;
            path = load.path(object);
        }
        if let Some(answer) = load.route.answer() {
            let body = connection.get(&path).await?;
            if body != answer {
                return Err(format!("`{path}` answered `{body}` instead of `{answer}`").into());
            }
        } else {
            done.count_max = done.count_max.max(connection.count(&path).await?);
        }
        done.requests += 1;
    }
    Ok(done)
}
