//! `emu serve`.
//!
//! Invariant: listens only when everything is ready; leaves no child, lock or port behind.

use super::engines::{Engines, cache_folder};
use super::levers::LeverArgs;
use super::load::{self, Project};
use super::source;
use super::state::State;
use super::watch::{self, Seen, Watch};
use super::{eprint, prepare, print, test};
use crate::config::{Diagnostic, Overrides, Severity};
use crate::core::life::{Hibernate, Policy};
use crate::error::{self, Error, Result};
use crate::lane::{self, Namespace, OnReload, Prepared};
use crate::serve::{self, Listening, Log, LogFormat, Port, Recorder, ServeOptions, Server};
use crate::storage::Durability;
use crate::world::real::today;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Wrangler's default port.
const DEFAULT_PORT: u16 = 8787;
/// Several changes within this time are one.
const SETTLE: Duration = Duration::from_millis(50);

/// Run a Workers application: HTTP and WebSockets in, everything else emulated and kept on this machine.
///
/// Objects are kept in `.wrangler/state` beside the configuration, in the same files that `wrangler dev` uses.
/// `emu do` looks at them while emu runs.
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// The configuration; by default the nearest wrangler.json, wrangler.jsonc or wrangler.toml from here upwards
    #[arg(value_name = "CONFIG")]
    config: Option<PathBuf>,

    /// The configuration; the first worker answers requests, further ones can be bound to
    #[arg(short, long = "config", value_name = "CONFIG", conflicts_with = "config")]
    configs: Vec<PathBuf>,

    /// The port to listen on; 0 is any free port. Without it 8787, or the next free one
    #[arg(long, short)]
    port: Option<u16>,

    /// The address to listen on; `*` is all of them
    #[arg(long, alias = "host", value_name = "ADDRESS")]
    ip: Option<String>,

    /// The environment of the configuration
    #[arg(long, short, env = "CLOUDFLARE_ENV", value_name = "NAME")]
    env: Option<String>,

    /// A variable for the worker; may be given several times
    #[arg(long = "var", value_name = "NAME:VALUE", value_parser = parse_var)]
    vars: Vec<(String, String)>,

    /// The folder for the objects' databases
    #[arg(long, value_name = "FOLDER")]
    persist_to: Option<PathBuf>,

    /// Keep the objects in memory only
    #[arg(long, conflicts_with = "persist_to")]
    ephemeral: bool,

    /// Instead of the configuration's
    #[arg(long, value_name = "DATE")]
    compatibility_date: Option<String>,

    /// Instead of the configuration's
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    compatibility_flags: Vec<String>,

    /// How long an object may be idle before it leaves memory: `10s`, `500ms`, `2m`, or `never`
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_evict_after)]
    evict_after: EvictAfter,

    /// When to hibernate objects. `after-every-event` shows what an object wrongly keeps in memory
    #[arg(long, value_enum, default_value = "idle")]
    hibernate: HibernateArg,

    /// What a commit survives: the end of the process, or also a loss of power
    #[arg(long, value_enum, default_value = "process")]
    durability: DurabilityArg,

    /// What new code does to objects: hibernate them, so that sockets stay, or reset them, as production does
    #[arg(long, value_enum, default_value = "hibernate")]
    on_reload: OnReloadArg,

    /// Do not watch the worker's files
    #[arg(long)]
    no_watch: bool,

    /// How many threads serve; each object lives on one of them
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=64))]
    lanes: Option<u16>,

    #[command(flatten)]
    levers: LeverArgs,

    /// Write what workers ask of other hosts and what these answer into this file, a JSON object on each line, behind
    /// what is there. Tests beside a file `http.jsonl` are answered from it. Left out are headers of requests, and
    /// `set-cookie`; URLs and bodies may hold secrets
    #[arg(long, value_name = "FILE")]
    record_fetches: Option<PathBuf>,

    /// How the log looks
    #[arg(long, value_enum, default_value = "pretty")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug)]
struct EvictAfter(Option<f64>);

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HibernateArg {
    AfterEveryEvent,
    Idle,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DurabilityArg {
    /// Commits survive SIGKILL
    Process,
    /// Commits survive a loss of power: an fsync for each, grouped
    Full,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnReloadArg {
    Hibernate,
    Reset,
}

fn parse_var(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a variable is given as NAME:VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_evict_after(text: &str) -> std::result::Result<EvictAfter, String> {
    if text == "never" {
        return Ok(EvictAfter(None));
    }
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let factor_ms = match unit {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err("give a time with its unit, such as `10s`, `500ms` or `2m`, or `never`".into()),
    };
    let number: f64 = text[..text.len() - unit.len()].parse().map_err(|_| format!("`{text}` is not a time"))?;
    Ok(EvictAfter(Some(number * factor_ms)))
}

/// Runs the verb.
pub(super) fn run(args: Box<ServeArgs>) -> Result<()> {
    if args.levers.wants_help() {
        return print(&test::faults_help());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_stack_size(lane::STACK_BYTES)
        .build()
        .map_err(|error| Error::network("the event loop cannot be started").because(error))?;
    let log = Arc::new(Log::new(args.log_format, super::takes_colours()));
    let result = runtime.block_on(serve(Arc::from(args), &log));
    log.flush();
    // What is left are tasks that wait for signals and files; the process ends with them.
    runtime.shutdown_background();
    result
}

async fn serve(args: Arc<ServeArgs>, log: &Arc<Log>) -> Result<()> {
    let mut signals = Signals::new()?;
    let starting = {
        let (args, log) = (Arc::clone(&args), Arc::clone(log));
        move || start(args, log)
    };
    let Some(started) = signals.unless_told_to_stop(starting).await? else {
        log.info("Shutting down");
        return Ok(());
    };
    // The state's folder is ours until the lanes have ended.
    let Started { serving, listening, state: _state, sources } = started?;
    log.ready(&listening.url());
    let keeping = serving.keep_images(&sources.projects);
    serving.until_told_to_stop(sources, &mut signals).await;
    log.info("Shutting down");
    tokio::task::spawn(async move {
        signals.next().await;
        std::process::exit(130);
    });
    let stopped = tokio::task::spawn_blocking(move || serving.server.stop()).await;
    // Where emu served for a moment only, the next start shall be quicker all the same.
    let _ = keeping.await;
    stopped.map_err(|error| Error::internal("the server did not stop").because(error))
}

/// What runs once everything is ready.
struct Started {
    serving: Arc<Serving>,
    listening: Listening,
    state: Option<State>,
    sources: Sources,
}

/// Reads, builds, compiles, and starts to listen.
fn start(args: Arc<ServeArgs>, log: Arc<Log>) -> Result<Started> {
    let configs = configs(&args)?;
    let mut seen = Seen::default();
    let projects = load_all(&args, &configs, &log, &mut seen)?;
    let watch = watch_all(&args, &projects, &seen, &log);
    let mut state = match args.ephemeral {
        true => None,
        false => Some(State::take(&state_folder(&args, &projects[0]))?),
    };
    let recorder = args.record_fetches.as_ref().map(|path| Recorder::open(path, Arc::clone(&log))).transpose()?;
    let engines = Engines::new(cache_folder())?;
    let namespaces = prepare::namespaces(&projects)?;
    let workers = prepare_all(&engines, &projects, &namespaces, &log)?;
    let objects_folder = state.as_ref().map(State::objects);
    let dev = &projects[0].worker.dev;
    let port = match (args.port, dev.port) {
        (Some(port), _) | (None, Some(port)) => Port::Exactly(port),
        (None, None) => Port::From(DEFAULT_PORT),
    };
    let listening = serve::bind(args.ip.as_deref().or(dev.ip.as_deref()).unwrap_or("localhost"), port)?;
    let options = ServeOptions {
        workers: workers.clone(),
        namespaces: namespaces.clone(),
        objects_folder,
        durability: match args.durability {
            DurabilityArg::Process => Durability::Process,
            DurabilityArg::Full => Durability::Full,
        },
        policy: policy(&args),
        on_reload: match args.on_reload {
            OnReloadArg::Hibernate => OnReload::Hibernate,
            OnReloadArg::Reset => OnReload::Reset,
        },
        lanes: lanes(&args),
        levers: args.levers.levers(),
        recorder: recorder.map(Arc::new),
        log: Arc::clone(&log),
    };
    if let Some(levers) = &options.levers {
        args.levers.announce(levers, &log);
    }
    let server = serve::start(options, &listening)?;
    if let Some(state) = &mut state {
        state.announce(&listening.url())?;
    }
    let sources = Sources { projects, seen, watch };
    Ok(Started {
        serving: Arc::new(Serving { args, configs, engines, namespaces, workers: Mutex::new(workers), server, log }),
        listening,
        state,
        sources,
    })
}

/// What the workers that run were made of.
struct Sources {
    projects: Vec<Project>,
    seen: Seen,
    watch: Option<Watch>,
}

/// What a reload needs.
struct Serving {
    args: Arc<ServeArgs>,
    configs: Vec<PathBuf>,
    engines: Engines,
    namespaces: Vec<Namespace>,
    /// The workers as they run.
    workers: Mutex<Vec<Arc<Prepared>>>,
    server: Server,
    log: Arc<Log>,
}

impl Serving {
    /// Keeps the images of the workers for the next start, meanwhile.
    fn keep_images(self: &Arc<Self>, projects: &[Project]) -> tokio::task::JoinHandle<()> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let paths: Vec<_> = projects.iter().map(|project| self.engines.image_path(project)).collect();
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            for (path, worker) in paths.iter().zip(&workers) {
                if let Some(path) = path {
                    this.engines.keep_image(path, worker);
                }
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "lets several writes of one save settle")]
    async fn until_told_to_stop(self: &Arc<Self>, mut sources: Sources, signals: &mut Signals) {
        // What was saved before there was a watch.
        let mut again = sources.seen.has_changed();
        loop {
            let Some(watch) = &mut sources.watch else { return signals.next().await };
            if !again {
                tokio::select! {
                    () = signals.next() => return,
                    _ = watch.changed(&sources.seen) => {}
                }
            }
            tokio::time::sleep(SETTLE).await;
            watch.take_changes();
            let (this, mut seen) = (Arc::clone(self), sources.seen.now());
            let reloading = move || {
                let reloaded = this.reload(&mut seen);
                (seen, reloaded)
            };
            match signals.unless_told_to_stop(reloading).await {
                Ok(None) => return,
                Ok(Some((seen, reloaded))) => {
                    sources.seen = seen;
                    match reloaded {
                        Ok(projects) => {
                            sources.projects = projects;
                            self.log.info("Local server updated and ready");
                        }
                        Err(error) => self.log.error(&error::report(&error)),
                    }
                }
                Err(error) => self.log.error(&error::report(&error)),
            }
            // What was saved meanwhile is taken up too. A build may itself write into a folder that is watched; lest it
            // runs for ever, such changes are taken for the user's only once.
            tokio::time::sleep(SETTLE).await;
            let changes = watch.take_changes();
            let in_folders = changes.iter().any(|path| !sources.seen.has(path));
            again = sources.seen.has_changed() || (in_folders && !again);
            let (files, folders) = watched(&sources.projects, &sources.seen);
            if !watch.covers(&files, &folders) {
                sources.watch = watch_all(&self.args, &sources.projects, &sources.seen, &self.log);
                // What was saved before the new watch began.
                again |= sources.seen.has_changed();
            }
        }
    }

    /// Takes up changed files; on any error the old workers go on.
    fn reload(&self, seen: &mut Seen) -> Result<Vec<Project>> {
        let projects = load_all(&self.args, &self.configs, &self.log, seen)?;
        let namespaces = prepare::namespaces(&projects)?;
        let key = |namespaces: &[Namespace]| {
            namespaces.iter().map(|each| (each.unique_key.clone(), each.class.clone())).collect::<Vec<_>>()
        };
        if key(&namespaces) != key(&self.namespaces) {
            return Err(Error::config("the Durable Object classes have changed").hint("restart emu to take that up"));
        }
        let workers = prepare_all(&self.engines, &projects, &namespaces, &self.log)?;
        let mut running = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = |index: usize| running.get(index).is_none_or(|old| old.digest != workers[index].digest);
        // A file that was saved as it was is a wish for a fresh start; else only what differs is disturbed.
        let nothing_changed = !(0..workers.len()).any(changed);
        for (index, worker) in workers.iter().enumerate().filter(|(index, _)| nothing_changed || changed(*index)) {
            self.server.reload(index, worker);
        }
        *running = workers;
        Ok(projects)
    }
}

/// The files and folders whose changes are taken up.
fn watched(projects: &[Project], seen: &Seen) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut folders = Vec::new();
    for project in projects {
        if let Some(build) = &project.worker.build {
            folders.extend(build.watch_dirs.iter().map(|folder| project.folder.join(folder)));
        }
        folders.extend(project.module_folders.iter().cloned());
    }
    (seen.files(), folders)
}

fn watch_all(args: &ServeArgs, projects: &[Project], seen: &Seen, log: &Log) -> Option<Watch> {
    if args.no_watch {
        return None;
    }
    let (files, folders) = watched(projects, seen);
    let watch = watch::watch(files, folders, &[]).map_err(|error| error.hint("serve without it: `--no-watch`"));
    watch.map_err(|error| log.warn(&error::report(&error))).ok()
}

fn configs(args: &ServeArgs) -> Result<Vec<PathBuf>> {
    if args.configs.is_empty() {
        return Ok(vec![load::find(args.config.as_deref())?]);
    }
    args.configs.iter().map(|config| load::find(Some(config))).collect()
}

/// Reads the configurations and runs the builds. Notes each file that is read as it was before that.
fn load_all(args: &ServeArgs, configs: &[PathBuf], log: &Log, seen: &mut Seen) -> Result<Vec<Project>> {
    let overrides = Overrides {
        env: args.env.clone(),
        vars: args.vars.clone(),
        compatibility_date: args.compatibility_date.clone(),
        compatibility_flags: args.compatibility_flags.clone(),
        name: None,
        today: today(),
    };
    let mut projects: Vec<Project> = Vec::new();
    for config in configs {
        let mut project = load::load(config, &overrides)?;
        show(&project.diagnostics);
        if let Some(other) = projects.iter().find(|other| other.worker.name == project.worker.name) {
            return Err(Error::config(format!(
                "`{}` and `{}` describe workers of the same name, `{}`",
                other.path.display(),
                project.path.display(),
                project.worker.name
            )));
        }
        for file in &project.files {
            seen.note_once(file);
        }
        let built = prepare::build(&project, &mut |line| {
            log.info(line);
            log.flush();
        });
        if let Ok(main) = prepare::main_path(&project) {
            // The build writes it, which is no change to be taken up.
            seen.note(&main);
        }
        built?;
        let since = watch::now();
        source::bundle(&mut project, &mut |warning| log.warn(warning), &mut |input| seen.note_read(input, since))?;
        projects.push(project);
    }
    show(&prepare::missing_services(&projects));
    Ok(projects)
}

pub(super) fn show(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Note => eprint(&format!("{diagnostic}\n")),
            _ => eprint(&format!("{diagnostic}\n\n")),
        }
    }
}

fn prepare_all(
    engines: &Engines,
    projects: &[Project],
    namespaces: &[Namespace],
    log: &Log,
) -> Result<Vec<Arc<Prepared>>> {
    let prepare = |index: usize| {
        let code = prepare::Code::of(&projects[index])?;
        let worker = prepare::prepare(engines, projects, namespaces, index, &code, &mut |line| log.guest(&line))?;
        Ok(worker.prepared)
    };
    let workers: Vec<_> = (0..projects.len()).map(prepare).collect::<Result<_>>()?;
    prepare::check_entrypoints(projects, &workers)?;
    Ok(workers)
}

fn state_folder(args: &ServeArgs, project: &Project) -> PathBuf {
    args.persist_to.clone().unwrap_or_else(|| project.folder.join(".wrangler").join("state"))
}

fn policy(args: &ServeArgs) -> Policy {
    Policy {
        // Each worker's own flags decide.
        io_tasks_prevent_eviction: false,
        idle_ms: args.evict_after.0,
        hibernate: match args.hibernate {
            HibernateArg::AfterEveryEvent => Hibernate::AfterEveryEvent,
            HibernateArg::Idle => Hibernate::WhenIdle,
            HibernateArg::Never => Hibernate::Never,
        },
    }
}

fn lanes(args: &ServeArgs) -> usize {
    args.lanes.map_or(1, usize::from)
}

/// The signals that end emu: Ctrl-C, SIGTERM, and the end of the terminal.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).map_err(|error| Error::internal("signals cannot be received").because(error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Does what takes long on a thread of its own. `None` when emu is told to stop meanwhile: a build is ended, the rest
    /// is left behind.
    async fn unless_told_to_stop<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let work = tokio::task::spawn_blocking(work);
        tokio::select! {
            done = work => done.map(Some).map_err(|error| Error::internal("a thread has ended").because(error)),
            () = self.next() => {
                prepare::end_builds();
                Ok(None)
            }
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
