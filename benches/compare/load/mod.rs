//! The works themselves: each runs one round against one side and returns its figures.
//!
//! Invariant: every answer is checked; a wrong one ends the round with an error instead of counting as fast.

mod cold;
mod memory;
mod reload;
mod requests;
mod sockets;
mod start;

use std::time::{Duration, Instant};

use crate::Result;
use crate::options::Effort;
use crate::process::cpu_time;
use crate::server::Server;
use crate::side::{Programs, Side, Start};
use crate::works::{Kind, Metric, Worker};

/// One round's figures.
#[derive(Default)]
pub(crate) struct Round {
    /// The figures.
    pub(crate) readings: Vec<(Metric, f64)>,
    /// What the reader must know about them.
    pub(crate) notes: Vec<String>,
}

/// What a round needs to know besides the work.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// Where both programs are.
    pub(crate) programs: &'a Programs,
    /// The side whose turn it is.
    pub(crate) side: Side,
    /// The worker that is served.
    pub(crate) worker: Worker,
    /// How much to do.
    pub(crate) effort: Effort,
    /// Names the round, and so its objects: no two rounds of a server share an object.
    pub(crate) tag: &'a str,
}

impl Setting<'_> {
    /// How the servers of this work are started unless it needs more.
    fn start(&self) -> Start<'static> {
        Start { worker: self.worker, ..Start::default() }
    }
}

/// Runs a round of a work that shares the server with its other rounds; `time` is how long the load lasts.
pub(crate) async fn shared(kind: Kind, server: &Server, setting: Setting<'_>, time: Duration) -> Result<Round> {
    match kind {
        Kind::Requests { route, connections, .. } => {
            requests::round(server, route, connections, setting.tag, time).await
        }
        Kind::Echo { sockets } => sockets::echo(server, sockets, setting.tag, time).await,
        Kind::Fan { sockets } => sockets::fan(server, sockets, setting.tag, time).await,
        Kind::Cold { route } => cold::round(server, route, setting.effort.cold_names, setting.tag).await,
        Kind::Start | Kind::IdleMemory | Kind::ObjectMemory { .. } | Kind::SocketMemory { .. } | Kind::Reload => {
            unreachable!("`Kind::starts_its_own` says so")
        }
    }
}

/// Runs a round of a work that starts its own server.
pub(crate) async fn own(kind: Kind, setting: Setting<'_>) -> Result<Round> {
    match kind {
        Kind::Start => start::round(setting).await,
        Kind::IdleMemory => memory::idle(setting).await,
        Kind::ObjectMemory { objects } => memory::objects(setting, objects).await,
        Kind::SocketMemory { objects, sockets_per_object } => {
            memory::sockets(setting, objects, sockets_per_object).await
        }
        Kind::Reload => reload::round(setting).await,
        Kind::Requests { .. } | Kind::Echo { .. } | Kind::Fan { .. } | Kind::Cold { .. } => {
            unreachable!("`Kind::starts_its_own` says so")
        }
    }
}

/// Wall time, and the processor time of server and client, from its start to its end.
struct Meter {
    at: Instant,
    server: Duration,
    client: Duration,
}

impl Meter {
    fn start(server: &Server) -> Result<Self> {
        Ok(Self { server: cpu_time(server.pid())?, client: cpu_time(std::process::id())?, at: Instant::now() })
    }

    /// The figures of `count` things done since the start.
    fn stop(self, server: &Server, count: u64) -> Result<Round> {
        let wall = self.at.elapsed().as_secs_f64();
        let server = (cpu_time(server.pid())? - self.server).as_secs_f64();
        let client = (cpu_time(std::process::id())? - self.client).as_secs_f64();
        let mut readings = vec![(Metric::PerSecond, count as f64 / wall), (Metric::ClientCores, client / wall)];
        // Too little for the kernel's 10 ms steps: better no figure than a wild one.
        if server >= 0.05 {
            readings.push((Metric::PerCpuSecond, count as f64 / server));
        }
        Ok(Round { readings, notes: Vec::new() })
    }
}
