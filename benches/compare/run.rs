//! The order of things: works one after the other, sides in turns within a work.
//!
//! Invariant: at any moment at most one side has load; what one work fails at does not stop the next.

use std::time::Duration;

use tokio::time::timeout;

use crate::Result;
use crate::load::{self, Round, Setting};
use crate::options::{Effort, Options};
use crate::report::{self, Report};
use crate::server::Server;
use crate::side::{Programs, Side, Start};
use crate::works::{Kind, WORKS, Work, Worker};

/// Above the load itself, what a round may take: opening ten thousand sockets, waiting for hibernation.
const ROUND_TIME_MARGIN: Duration = Duration::from_secs(120);
/// Load before the first round that counts: compilers, caches and allocators come to rest.
const WARM_UP_TIME: Duration = Duration::from_millis(500);

/// One work's rounds on one side.
#[derive(Default)]
pub(crate) struct Rounds {
    /// What was measured, in order.
    pub(crate) rounds: Vec<Round>,
    /// Why there are no more.
    pub(crate) error: Option<String>,
}

/// Measures and reports; `false` when a work failed on a side.
pub(crate) async fn run(options: &Options) -> Result<bool> {
    let works = Vec::from_iter(WORKS.iter().filter(|work| options.wants(work.name)));
    if works.is_empty() {
        return Err("no work has such a name\n  help: `--list` shows the names".into());
    }
    if options.list {
        report::list(&works);
        return Ok(true);
    }
    let sides = options.sides();
    let programs = Programs::find(sides)?;
    let mut report = Report::new(&programs, sides);
    warm_caches(&programs, sides, &works).await?;
    for work in works {
        eprint!("{:<22}", work.name);
        report.add(work, measure(work, &programs, sides, options.effort()).await);
        eprintln!();
    }
    report.print();
    if let Some(path) = &options.json {
        report.write(path)?;
    }
    Ok(!report.has_failures())
}

/// Fills emu's cache of compiled code and the kernel's cache of files, so that all later starts are alike.
async fn warm_caches(programs: &Programs, sides: &[Side], works: &[&Work]) -> Result<()> {
    let mut workers = Vec::new();
    for worker in works.iter().map(|work| work.worker) {
        if !workers.contains(&worker) {
            workers.push(worker);
        }
    }
    for (&side, worker) in sides.iter().flat_map(|side| workers.iter().map(move |worker| (side, *worker))) {
        Server::start(programs, side, Start { worker, ..Start::default() }).await?;
    }
    Ok(())
}

/// All rounds of a work, the sides in turns.
async fn measure(work: &Work, programs: &Programs, sides: &[Side], effort: Effort) -> Vec<(Side, Rounds)> {
    let mut turns = Vec::new();
    for &side in sides.iter().filter(|side| work.kind.is_of(**side)) {
        turns.push(Turn::new(work, programs, side, effort).await);
    }
    for number in 0..round_count(work.kind, effort) {
        for turn in &mut turns {
            turn.round(work.kind, programs, effort, number).await;
            eprint!(".");
        }
    }
    turns.into_iter().map(|turn| (turn.side, turn.rounds)).collect()
}

fn round_count(kind: Kind, effort: Effort) -> u32 {
    match kind {
        Kind::Start | Kind::Reload => effort.start_count,
        Kind::IdleMemory | Kind::ObjectMemory { .. } => effort.memory_rounds,
        // Ten thousand sockets average by themselves, and workerd takes its time to hibernate them.
        Kind::SocketMemory { .. } => 1,
        Kind::Requests { .. } | Kind::Echo { .. } | Kind::Fan { .. } | Kind::Cold { .. } => effort.rounds,
    }
}

/// One side of a work, between its rounds.
struct Turn {
    side: Side,
    worker: Worker,
    server: Option<Server>,
    rounds: Rounds,
}

impl Turn {
    /// Starts the server that the rounds share, if they do, and warms it up.
    async fn new(work: &Work, programs: &Programs, side: Side, effort: Effort) -> Self {
        let mut turn = Self { side, worker: work.worker, server: None, rounds: Rounds::default() };
        if work.kind.starts_its_own() {
            return turn;
        }
        let synced = matches!(work.kind, Kind::Requests { synced: true, .. });
        match Server::start(programs, side, Start { worker: work.worker, synced, ..Start::default() }).await {
            Ok(server) => turn.server = Some(server),
            Err(error) => turn.rounds.error = Some(error.to_string()),
        }
        let warm_up = Effort { cold_names: 50, ..effort };
        let setting = Setting { programs, side, worker: work.worker, effort: warm_up, tag: "warm" };
        if let Err(error) = turn.once(work.kind, setting, WARM_UP_TIME).await {
            turn.rounds.error.get_or_insert(error);
        }
        turn
    }

    /// One round; nothing once a round has failed.
    async fn round(&mut self, kind: Kind, programs: &Programs, effort: Effort, number: u32) {
        if self.rounds.error.is_some() {
            return;
        }
        let setting =
            Setting { programs, side: self.side, worker: self.worker, effort, tag: &format!("round-{number}") };
        match self.once(kind, setting, effort.round_time).await {
            Ok(round) => self.rounds.rounds.push(round),
            Err(error) => self.rounds.error = Some(error),
        }
    }

    async fn once(&self, kind: Kind, setting: Setting<'_>, time: Duration) -> Result<Round, String> {
        let outcome = match &self.server {
            Some(server) => timeout(time + ROUND_TIME_MARGIN, load::shared(kind, server, setting, time)).await,
            None if kind.starts_its_own() => timeout(time + ROUND_TIME_MARGIN, load::own(kind, setting)).await,
            None => return Err("no server".to_owned()),
        };
        let error = match outcome {
            Ok(Ok(round)) => return Ok(round),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "a round took too long".to_owned(),
        };
        // What the server printed last often says why.
        Err(self.server.as_ref().map_or_else(|| error.clone(), |server| server.describe(&error).to_string()))
    }
}
