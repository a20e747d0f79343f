//! Lanes with real connections and clocks: what `emu serve` runs.
//!
//! Each lane is a thread with its own event loop. All of them accept from the same listening sockets. Reading order:
//! [`listen`], [`driver`] (a lane's inputs and effects), [`http`], [`headers`], [`routes`], [`body`] and [`failed`] (error pages), [`frames`] and [`connection`]
//! (WebSockets), [`outbound`], [`record`], [`control`], [`levers`] and [`clock`].
//!
//! Invariant: translates bytes to inputs and effects to bytes. The sole user of hyper and tungstenite.

mod body;
mod cf;
mod clock;
mod connection;
mod control;
mod driver;
mod failed;
mod frames;
mod headers;
mod http;
mod levers;
mod listen;
mod log;
mod outbound;
mod record;
mod routes;
mod sink;

pub use listen::{Listening, Port, bind};
pub use log::{Log, LogFormat};
pub use record::Recorder;

use crate::core::life::Policy;
use crate::error::{Error, Result};
use crate::lane::{Lane, LaneOptions, Namespace, OnReload, Prepared};
use crate::storage::{Durability, Storage};
use crate::world::World;
use crate::world::levers::{LeveredWorld, Levers};
use crate::world::real::RealWorld;
use clock::Clock;
use driver::{Driver, Lanes, Mail};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use levers::LaneLevers;
use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{LocalSet, spawn_local};

/// A client has this long to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// What a client of HTTP/2 sends first.
const H2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between two looks at an incomplete beginning.
const PEEK_PAUSE: Duration = Duration::from_millis(20);
/// The largest head of a request (reference §10: 128 KB of headers, 16 KB of URL).
const MAX_HEAD_BYTES: usize = 160 * 1024;
/// How long requests under way may take when emu stops.
const DRAIN: Duration = Duration::from_millis(2500);

/// How much longer lanes may take to close their databases.
const CLOSE_GRACE: Duration = Duration::from_millis(300);

/// What is served, and how.
pub struct ServeOptions {
    /// The workers; the first one answers clients, unless another one has a route for it.
    pub workers: Vec<Arc<Prepared>>,
    /// All Durable Object namespaces.
    pub namespaces: Vec<Namespace>,
    /// Where objects are kept; `None` keeps them in memory.
    pub objects_folder: Option<PathBuf>,
    /// What a commit survives.
    pub durability: Durability,
    /// When idle objects leave memory.
    pub policy: Policy,
    /// What a reload does to objects.
    pub on_reload: OnReload,
    /// How many lanes there are.
    pub lanes: usize,
    /// What is not as in the real world; `None` is nothing.
    pub levers: Option<Levers>,
    /// Where requests to the network are recorded.
    pub recorder: Option<Arc<Recorder>>,
    /// The log.
    pub log: Arc<Log>,
}

/// What the requests of all lanes know about the application.
struct App {
    namespaces: Vec<Namespace>,
    lanes: Lanes,
    /// Open connections of all lanes.
    open: AtomicUsize,
}

/// A running server.
pub struct Server {
    lanes: Lanes,
    /// Is disconnected when the last lane has ended.
    ended: Mutex<Receiver<()>>,
}

/// Open databases of one lane; more are closed and opened again as needed.
const MAX_OPEN_DATABASES: usize = 256;

/// Starts the lanes. When this returns, connections are accepted.
///
/// # Errors
/// When a lane cannot start: an unreadable state folder, no more threads.
pub fn start(options: ServeOptions, listening: &Listening) -> Result<Server> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..options.lanes).map(|_| mpsc::unbounded_channel()).unzip();
    let lanes: Lanes = senders.into();
    let app =
        Arc::new(App { namespaces: options.namespaces.clone(), lanes: Arc::clone(&lanes), open: AtomicUsize::new(0) });
    let (running, ended) = std::sync::mpsc::channel();
    let clock = options.levers.as_ref().and_then(|levers| levers.clock.clone());
    let clock = clock.map(|shows| Arc::new(Clock::new(shows)));
    let mut started = Vec::new();
    for (me, mail) in receivers.into_iter().enumerate() {
        let listeners = listening.for_lane()?;
        let (ready, is_ready) = std::sync::mpsc::channel();
        let setup = LaneSetup {
            me,
            lanes: Arc::clone(&lanes),
            count: options.lanes,
            workers: options.workers.clone(),
            namespaces: options.namespaces.clone(),
            objects_folder: options.objects_folder.clone(),
            durability: options.durability,
            policy: options.policy,
            on_reload: options.on_reload,
            levers: options.levers.clone(),
            recorder: options.recorder.clone(),
            clock: clock.clone(),
            log: Arc::clone(&options.log),
            app: Arc::clone(&app),
        };
        let running = running.clone();
        thread::Builder::new()
            .name(format!("lane-{me}"))
            .stack_size(crate::lane::STACK_BYTES)
            .spawn(move || {
                run_lane(setup, listeners, mail, &ready);
                drop(running);
            })
            .map_err(|error| Error::network("a lane cannot be started").because(error))?;
        started.push(is_ready);
    }
    for is_ready in started {
        is_ready.recv().unwrap_or_else(|_| Err(Error::internal("a lane ended while it started")))?;
    }
    Ok(Server { lanes, ended: Mutex::new(ended) })
}

impl Server {
    /// Takes up new code or configuration of a worker.
    pub fn reload(&self, worker: usize, prepared: &Arc<Prepared>) {
        for lane in self.lanes.iter() {
            let _ = lane.send(Mail::Reload(worker, Arc::clone(prepared)));
        }
    }

    /// Stops accepting, lets requests under way finish for a moment, closes the databases. A lane that is busy with a
    /// guest for longer is left behind: what it acknowledged is on disk.
    pub fn stop(&self) {
        for lane in self.lanes.iter() {
            let _ = lane.send(Mail::Drain);
        }
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(DRAIN + CLOSE_GRACE);
    }
}

struct LaneSetup {
    me: usize,
    lanes: Lanes,
    count: usize,
    workers: Vec<Arc<Prepared>>,
    namespaces: Vec<Namespace>,
    objects_folder: Option<PathBuf>,
    durability: Durability,
    policy: Policy,
    on_reload: OnReload,
    levers: Option<Levers>,
    recorder: Option<Arc<Recorder>>,
    clock: Option<Arc<Clock>>,
    log: Arc<Log>,
    app: Arc<App>,
}

fn run_lane(
    setup: LaneSetup,
    listeners: Vec<StdListener>,
    mail: mpsc::UnboundedReceiver<Mail>,
    ready: &std::sync::mpsc::Sender<Result<()>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(Error::network("a lane's event loop cannot be started").because(error)));
            return;
        }
    };
    LocalSet::new().block_on(&runtime, async {
        match open_lane(setup, listeners) {
            Ok((driver, app, listeners)) => {
                let _ = ready.send(Ok(()));
                lane_loop(driver, app, listeners, mail).await;
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    });
}

fn open_lane(setup: LaneSetup, listeners: Vec<StdListener>) -> Result<(Rc<Driver>, Arc<App>, Vec<TcpListener>)> {
    let storage = Storage::new(setup.objects_folder, setup.durability, MAX_OPEN_DATABASES);
    let (world, levers) = open_world(setup.levers.as_ref(), setup.clock, setup.me, &storage)?;
    let options = LaneOptions {
        me: setup.me,
        lanes: setup.count,
        workers: setup.workers,
        namespaces: setup.namespaces,
        storage,
        policy: setup.policy,
        on_reload: setup.on_reload,
        is_colocated: false,
    };
    let workers = options.workers.clone();
    let lane = Lane::new(options, world)?;
    let driver = Driver::new(lane, setup.me, setup.lanes, workers, levers, setup.recorder, setup.log);
    let listeners = listeners
        .into_iter()
        .map(TcpListener::from_std)
        .collect::<std::io::Result<_>>()
        .map_err(|error| Error::network("the listening socket cannot be used").because(error))?;
    Ok((driver, setup.app, listeners))
}

/// The world of a lane: the real one, unless somebody asked for another.
fn open_world(
    levers: Option<&Levers>,
    clock: Option<Arc<Clock>>,
    lane: usize,
    storage: &Storage,
) -> Result<(Rc<dyn World>, Option<LaneLevers>)> {
    let Some(levers) = levers else { return Ok((Rc::new(RealWorld::default()), None)) };
    let world = Rc::new(LeveredWorld::new(levers, lane));
    storage.simulate(world.sql_seed());
    let levers = LaneLevers { world: Rc::clone(&world), storage: storage.clone(), clock };
    Ok((world, Some(levers)))
}

async fn lane_loop(
    driver: Rc<Driver>,
    app: Arc<App>,
    listeners: Vec<TcpListener>,
    mut mail: mpsc::UnboundedReceiver<Mail>,
) {
    let (drain, draining) = watch::channel(false);
    for listener in listeners {
        let accepting = accept(Rc::clone(&driver), Arc::clone(&app), listener, draining.clone());
        spawn_local(accepting);
    }
    spawn_local(run_timers(Rc::clone(&driver)));
    while let Some(letter) = mail.recv().await {
        if matches!(letter, Mail::Drain) {
            break;
        }
        driver.mail(letter);
    }
    let _ = drain.send(true);
    finish(&driver, &app, &mut mail).await;
}

/// Lets connections end for a moment. Those of other lanes too, for their requests may need an object of this one.
#[expect(clippy::disallowed_methods, reason = "shutting down is bounded by real time")]
async fn finish(driver: &Rc<Driver>, app: &App, mail: &mut mpsc::UnboundedReceiver<Mail>) {
    let deadline = tokio::time::Instant::now() + DRAIN;
    while (app.open.load(Ordering::Relaxed) > 0 || driver.is_busy()) && tokio::time::Instant::now() < deadline {
        let pause = tokio::time::sleep(Duration::from_millis(5));
        tokio::select! {
            letter = mail.recv() => if let Some(letter) = letter { driver.mail(letter) },
            () = pause => {}
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the real world's timers are this")]
async fn run_timers(driver: Rc<Driver>) {
    loop {
        match driver.run_due() {
            // There was too much to be done at once; others have their turn first.
            Some(due_ms) if due_ms <= driver.now_ms() => tokio::task::yield_now().await,
            Some(_) if driver.has_standing_clock() => driver.rearm.notified().await,
            None => driver.rearm.notified().await,
            Some(due_ms) => {
                let wait_ms = (due_ms - driver.now_ms()).max(0.0);
                let wait = tokio::time::sleep(Duration::from_micros((wait_ms * 1000.0) as u64));
                tokio::select! {
                    () = driver.rearm.notified() => {}
                    () = wait => {}
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "waits for file descriptors to become free")]
async fn accept(driver: Rc<Driver>, app: Arc<App>, listener: TcpListener, mut draining: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = draining.wait_for(|draining| *draining) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                app.open.fetch_add(1, Ordering::Relaxed);
                let connection = serve_connection(Rc::clone(&driver), Arc::clone(&app), stream, peer, draining.clone());
                let app = Arc::clone(&app);
                spawn_local(async move {
                    connection.await;
                    app.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Err(error) => {
                driver.log.warn(&format!("a connection cannot be accepted: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve_connection(
    driver: Rc<Driver>,
    app: Arc<App>,
    stream: TcpStream,
    peer: std::net::SocketAddr,
    mut draining: watch::Receiver<bool>,
) {
    let speaks = tokio::select! {
        speaks = says_version(&stream) => speaks,
        _ = draining.wait_for(|draining| *draining) => false,
    };
    if !speaks {
        return;
    }
    let mut builder = auto::Builder::new(LocalExecutor);
    // A client that has nothing more to send still waits for its answer (`half_close`).
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .half_close(true);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(MAX_HEAD_BYTES as u32);
    let service = service_fn(|request| http::serve(Rc::clone(&driver), Arc::clone(&app), peer, request));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let drained = tokio::select! {
        _ = connection.as_mut() => false,
        _ = draining.wait_for(|draining| *draining) => true,
    };
    if drained {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// Waits until a client has sent what tells HTTP/1 from HTTP/2, for hyper waits for that without a bound. False when it has
/// not in time, or has gone.
#[expect(clippy::disallowed_methods, reason = "a client's silence is bounded by real time")]
async fn says_version(stream: &TcpStream) -> bool {
    let mut start = [0; H2_PREFACE.len()];
    let said = async {
        loop {
            match stream.peek(&mut start).await {
                Err(_) | Ok(0) => return false,
                Ok(count) if count < start.len() && H2_PREFACE.starts_with(&start[..count]) => {}
                Ok(_) => return true,
            }
            // What is there is there again at the next look, so that there is nothing to wait for but time.
            tokio::time::sleep(PEEK_PAUSE).await;
        }
    };
    tokio::time::timeout(HEADER_TIMEOUT, said).await.unwrap_or(false)
}

/// Runs hyper's tasks on the lane's own thread.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor
where
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}

/// Sends a command to a lane and waits for its answer.
async fn command(lanes: &Lanes, lane: usize, command: crate::lane::Command) -> crate::lane::Answered {
    let (sender, receiver) = oneshot::channel();
    if lanes[lane].send(Mail::Control(command, sender)).is_err() {
        return Err("emu is shutting down".into());
    }
    receiver.await.unwrap_or_else(|_| Err("emu is shutting down".into()))
}
