//! Memory of the server: idle, per live object, per hibernated socket.
//!
//! Invariant: see `load`. Each round has a fresh process, so that no earlier work's free memory is counted or filled.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use tokio::time::sleep;
use tokio_websockets::Message;

use super::{Round, Setting};
use crate::Result;
use crate::http::Connection;
use crate::process::{pss_kib, raise_open_files};
use crate::server::Server;
use crate::side::{Side, Start};
use crate::websocket::{Socket, open_objects, receive};
use crate::works::{Metric, Route};

/// After this, what a process does once after an answer is done.
const SETTLE_TIME: Duration = Duration::from_secs(1);
/// Objects that are used before the first reading, so that what a process needs once is not counted as an object's.
const WARM_UP_OBJECTS: u32 = 10;
/// Files that a process has open besides its sockets: a generous bound.
const OTHER_FILES: u64 = 200;
/// How long memory may take to come to rest after hibernation is due.
const REST_TIME_MAX: Duration = Duration::from_secs(30);

/// The process after one answer.
pub(super) async fn idle(setting: Setting<'_>) -> Result<Round> {
    let server = Server::start(setting.programs, setting.side, setting.start()).await?;
    Connection::open(server.port()).await?.get("/hello").await?;
    sleep(SETTLE_TIME).await;
    Ok(Round { readings: vec![(Metric::Mib, pss_kib(server.pid())? / 1024.0)], notes: Vec::new() })
}

/// Per object that lives after one request without storage.
pub(super) async fn objects(setting: Setting<'_>, objects: u32) -> Result<Round> {
    let server = Server::start(setting.programs, setting.side, setting.start()).await?;
    let mut connection = Connection::open(server.port()).await?;
    for number in 0..WARM_UP_OBJECTS {
        connection.get(&Route::Memory.path(&format!("warm-{number}"))).await?;
    }
    let before = pss_kib(server.pid())?;
    for number in 0..objects {
        connection.get(&Route::Memory.path(&format!("live-{number}"))).await?;
    }
    let after = pss_kib(server.pid())?;
    let mut round =
        Round { readings: vec![(Metric::KibEach, (after - before) / f64::from(objects))], notes: Vec::new() };
    if connection.count(&Route::Memory.path("live-0")).await? != 2 {
        round.notes.push("the first object was evicted before the last one lived".to_owned());
    }
    Ok(round)
}

/// Per idle WebSocket of hibernated objects.
pub(super) async fn sockets(setting: Setting<'_>, objects: u32, sockets_per_object: u32) -> Result<Round> {
    let mut round = Round::default();
    let per_object = affordable(setting.side, objects, sockets_per_object);
    if per_object < sockets_per_object {
        round.notes.push(format!("only {} sockets: the limit of open files allows no more", per_object * objects));
    }
    let server =
        Server::start(setting.programs, setting.side, Start { evict_after: Some("1s"), ..setting.start() }).await?;
    // What the server printed last often says why it did not hold them.
    let held =
        hold(&server, setting.side, objects, per_object).await.map_err(|error| server.describe(&error.to_string()))?;
    round.readings.extend(held.readings);
    round.notes.extend(held.notes);
    Ok(round)
}

/// How many sockets each object can get, of those wanted, within the limit of open files.
fn affordable(side: Side, objects: u32, sockets_per_object: u32) -> u32 {
    // workerd duplicates each socket.
    let files_per_socket = if side == Side::Workerd { 2 } else { 1 };
    let files = files_per_socket * u64::from(objects);
    let limit = raise_open_files(files * u64::from(sockets_per_object) + OTHER_FILES);
    let affordable = limit.saturating_sub(OTHER_FILES) / files;
    sockets_per_object.min(u32::try_from(affordable).unwrap_or(u32::MAX))
}

async fn hold(server: &Server, side: Side, objects: u32, per_object: u32) -> Result<Round> {
    drop(open_objects(server.port(), &paths("warm", objects), 10).await?);
    sleep(SETTLE_TIME).await;

    let before = pss_kib(server.pid())?;
    let paths = paths("held", objects);
    let mut held = open_objects(server.port(), &paths, per_object).await?;
    let after = at_rest(server, side).await?;
    let kib_each = (after - before) / f64::from(per_object * objects);

    let note = hibernation(server, &paths).await;
    for socket in held.iter_mut().flat_map(|sockets| sockets.iter_mut().step_by(10)) {
        echo_once(socket).await?;
    }
    Ok(Round { readings: vec![(Metric::KibEach, kib_each)], notes: note.into_iter().collect() })
}

fn paths(prefix: &str, objects: u32) -> Vec<String> {
    (0..objects).map(|number| format!("/ws/echo/{prefix}-{number}")).collect()
}

/// Waits until the objects are due to hibernate and the memory has come to rest; the memory then, in KiB.
async fn at_rest(server: &Server, side: Side) -> Result<f64> {
    let due = match side {
        // Fixed at ten seconds, of which it gives no sign.
        Side::Workerd => Duration::from_secs(13),
        Side::Emu => Duration::from_secs(3),
    };
    sleep(due).await;
    let until = Instant::now() + REST_TIME_MAX;
    let mut last = pss_kib(server.pid())?;
    loop {
        sleep(SETTLE_TIME).await;
        let now = pss_kib(server.pid())?;
        if (now - last).abs() <= last * 0.005 || Instant::now() > until {
            return Ok(now);
        }
        last = now;
    }
}

/// A plain request makes the worker say how many events its instance has seen: one, exactly when it was hibernated.
async fn hibernation(server: &Server, paths: &[String]) -> Option<String> {
    let mut awake = 0;
    for path in paths {
        let answer = async { Connection::open(server.port()).await?.count(path).await }.await;
        match answer {
            Ok(1) => {}
            Ok(_) => awake += 1,
            Err(error) => return Some(format!("whether they hibernated is unknown: {error}")),
        }
    }
    (awake > 0).then(|| format!("{awake} of {} objects had not hibernated", paths.len()))
}

async fn echo_once(socket: &mut Socket) -> Result<()> {
    socket.send(Message::text("still there")).await?;
    let answer = receive(socket).await?;
    if answer.as_text() == Some("still there") {
        Ok(())
    } else {
        Err(format!("a held socket got {answer:?} back").into())
    }
}
