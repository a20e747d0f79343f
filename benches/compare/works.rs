//! What is measured, and the bars: the one table that the runner and the report read.
//!
//! Invariant: data only.

use crate::side::Side;

/// One thing measured on both sides.
pub(crate) struct Work {
    /// Its name: area, work, size.
    pub(crate) name: &'static str,
    /// Which worker is served.
    pub(crate) worker: Worker,
    /// What is done.
    pub(crate) kind: Kind,
    /// What emu is to reach.
    pub(crate) bars: &'static [(Metric, Bar)],
}

/// The worker that a work is done by. workerd serves the JavaScript in all cases, since it cannot serve what emu calls a compiled
/// worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Worker {
    /// The bench worker, compiled from Rust.
    #[default]
    Compiled,
    /// The bench worker in JavaScript.
    JavaScript,
    /// A Hono application.
    Hono,
    /// Pure computations.
    Compute,
}

/// What a work does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Requests over this many kept-alive connections, one at a time on each; `synced` has emu sync every commit to disk.
    Requests { route: Route, connections: u32, synced: bool },
    /// Messages through one object that come back, one at a time on each socket.
    Echo { sockets: u32 },
    /// Messages of one socket that go to all sockets of one object.
    Fan { sockets: u32 },
    /// First requests to objects that never existed, one at a time.
    Cold { route: Route },
    /// From the start of the process to the end of its first answer.
    Start,
    /// Memory of a process that has answered once.
    IdleMemory,
    /// Memory per object that lives after one request.
    ObjectMemory { objects: u32 },
    /// Memory per idle WebSocket of hibernated objects.
    SocketMemory { objects: u32, sockets_per_object: u32 },
    /// From saving a changed source to the first answer of the changed worker. Of emu alone: workerd has no sources to bundle.
    Reload,
}

/// The routes of the bench worker that requests go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// No object: the worker answers.
    Hello,
    /// A count in a field of the object.
    Memory,
    /// A count in the object's key-value storage.
    Kv,
    /// A row inserted and all rows counted.
    Sql,
    /// A route with a parameter, behind a middleware, of the Hono application.
    Hono,
    /// A computation by its name, and its answer.
    Compute(&'static str, &'static str),
}

/// What a figure says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    /// Requests, round trips or deliveries per second of wall time.
    PerSecond,
    /// The same per second of processor time that the server used: per core.
    PerCpuSecond,
    /// Cores that this client kept busy: near 1, the client is the limit and not the server.
    ClientCores,
    /// Median time, ms.
    MedianMs,
    /// 99th percentile of the times, ms.
    P99Ms,
    /// Memory of the process, MiB.
    Mib,
    /// Memory per object or socket, KiB.
    KibEach,
}

/// What emu is to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    /// At least this many times workerd's figure of the same run.
    TimesOrMore(f64),
    /// At most this part of workerd's figure of the same run.
    TimesOrLess(f64),
    /// At most this, in the metric's unit.
    OrLess(f64),
}

/// workerd syncs every commit to disk, so the works named `-synced` are the like for like of storage; the bars are on what emu does
/// unless told otherwise, which survives the end of the process but not of the machine.
///
/// The bars depend on the guest's language in some works: those of the JavaScript engine are the names that begin with `js/`. Two bars
/// of the project are not measured here: a start beside `wrangler dev`, which would need more than the one npm package, and simulated
/// time, which workerd does not have.
pub(crate) const WORKS: &[Work] = &[
    requests("http/hello/1", Route::Hello, 1, HELLO),
    requests("http/hello/64", Route::Hello, 64, HELLO),
    requests("object/mem/1", Route::Memory, 1, FIVE_TIMES),
    requests("object/mem/64", Route::Memory, 64, FIVE_TIMES),
    requests("object/kv/1", Route::Kv, 1, FIVE_TIMES),
    requests("object/kv/64", Route::Kv, 64, FIVE_TIMES),
    synced("object/kv-synced/1", Route::Kv, 1),
    synced("object/kv-synced/64", Route::Kv, 64),
    requests("object/sql/1", Route::Sql, 1, FIVE_TIMES),
    requests("object/sql/64", Route::Sql, 64, FIVE_TIMES),
    synced("object/sql-synced/1", Route::Sql, 1),
    synced("object/sql-synced/64", Route::Sql, 64),
    compiled("ws/echo/1", Kind::Echo { sockets: 1 }, THREE_TIMES),
    compiled("ws/echo/32", Kind::Echo { sockets: 32 }, THREE_TIMES),
    compiled("ws/echo/256", Kind::Echo { sockets: 256 }, THREE_TIMES),
    compiled("ws/fan/200", Kind::Fan { sockets: 200 }, FIVE_TIMES),
    compiled("cold/mem", Kind::Cold { route: Route::Memory }, COLD),
    compiled("cold/kv", Kind::Cold { route: Route::Kv }, COLD_STORAGE),
    compiled("start", Kind::Start, HALF_THE_TIME),
    compiled("memory/idle", Kind::IdleMemory, &[(Metric::Mib, Bar::OrLess(40.0))]),
    compiled("memory/object", Kind::ObjectMemory { objects: 1_000 }, OBJECT_MEMORY),
    compiled("memory/socket", Kind::SocketMemory { objects: 10, sockets_per_object: 1_000 }, SOCKET_MEMORY),
    javascript("js/http/hello/1", load(Route::Hello, 1), TWO_TIMES_PER_CORE),
    javascript("js/http/hello/64", load(Route::Hello, 64), TWO_TIMES_PER_CORE),
    javascript("js/object/mem/1", load(Route::Memory, 1), FIVE_TIMES),
    javascript("js/object/mem/64", load(Route::Memory, 64), FIVE_TIMES),
    javascript("js/object/kv/1", load(Route::Kv, 1), FIVE_TIMES),
    javascript("js/object/kv/64", load(Route::Kv, 64), FIVE_TIMES),
    javascript("js/object/sql/1", load(Route::Sql, 1), FIVE_TIMES),
    javascript("js/object/sql/64", load(Route::Sql, 64), FIVE_TIMES),
    javascript("js/ws/echo/1", Kind::Echo { sockets: 1 }, THREE_TIMES),
    javascript("js/ws/echo/32", Kind::Echo { sockets: 32 }, THREE_TIMES),
    javascript("js/ws/echo/256", Kind::Echo { sockets: 256 }, THREE_TIMES),
    javascript("js/ws/fan/200", Kind::Fan { sockets: 200 }, FIVE_TIMES),
    javascript("js/cold/mem", Kind::Cold { route: Route::Memory }, COLD),
    javascript("js/cold/kv", Kind::Cold { route: Route::Kv }, COLD_STORAGE),
    javascript("js/start", Kind::Start, HALF_THE_TIME),
    javascript("js/memory/idle", Kind::IdleMemory, &[(Metric::Mib, Bar::OrLess(40.0))]),
    javascript("js/memory/object", Kind::ObjectMemory { objects: 1_000 }, OBJECT_MEMORY),
    javascript("js/memory/socket", Kind::SocketMemory { objects: 10, sockets_per_object: 1_000 }, SOCKET_MEMORY),
    hono("js/hono/route/1", load(Route::Hono, 1), &[]),
    hono("js/hono/route/64", load(Route::Hono, 64), &[]),
    hono("js/hono/reload", Kind::Reload, &[(Metric::MedianMs, Bar::OrLess(500.0))]),
    compute("js/compute/fib", "fib", "17711"),
    compute("js/compute/json", "json", "13470"),
    compute("js/compute/sort", "sort", "3232159859"),
    compute("js/compute/regexp", "regexp", "213213"),
    compute("js/compute/hash", "hash", "412589509"),
];

const HELLO: &[(Metric, Bar)] = &[(Metric::PerCpuSecond, Bar::TimesOrMore(5.0))];
const THREE_TIMES: &[(Metric, Bar)] = &[(Metric::PerSecond, Bar::TimesOrMore(3.0))];
const FIVE_TIMES: &[(Metric, Bar)] = &[(Metric::PerSecond, Bar::TimesOrMore(5.0))];

const TWO_TIMES_PER_CORE: &[(Metric, Bar)] = &[(Metric::PerCpuSecond, Bar::TimesOrMore(2.0))];
const HALF_THE_TIME: &[(Metric, Bar)] = &[(Metric::MedianMs, Bar::TimesOrLess(0.5))];
const COLD: &[(Metric, Bar)] = &[(Metric::MedianMs, Bar::OrLess(0.5)), (Metric::P99Ms, Bar::OrLess(2.0))];
const COLD_STORAGE: &[(Metric, Bar)] = &[(Metric::MedianMs, Bar::OrLess(1.0)), (Metric::P99Ms, Bar::OrLess(2.0))];
const OBJECT_MEMORY: &[(Metric, Bar)] = &[(Metric::KibEach, Bar::OrLess(150.0))];
const SOCKET_MEMORY: &[(Metric, Bar)] = &[(Metric::KibEach, Bar::OrLess(8.0))];

const fn compiled(name: &'static str, kind: Kind, bars: &'static [(Metric, Bar)]) -> Work {
    Work { name, worker: Worker::Compiled, kind, bars }
}

const fn javascript(name: &'static str, kind: Kind, bars: &'static [(Metric, Bar)]) -> Work {
    Work { name, worker: Worker::JavaScript, kind, bars }
}

const fn hono(name: &'static str, kind: Kind, bars: &'static [(Metric, Bar)]) -> Work {
    Work { name, worker: Worker::Hono, kind, bars }
}

/// There is no bar: the distance between an interpreter and a JIT is what there is to see.
const fn compute(name: &'static str, work: &'static str, answer: &'static str) -> Work {
    Work { name, worker: Worker::Compute, kind: load(Route::Compute(work, answer), 1), bars: &[] }
}

const fn load(route: Route, connections: u32) -> Kind {
    Kind::Requests { route, connections, synced: false }
}

const fn requests(name: &'static str, route: Route, connections: u32, bars: &'static [(Metric, Bar)]) -> Work {
    compiled(name, load(route, connections), bars)
}

const fn synced(name: &'static str, route: Route, connections: u32) -> Work {
    compiled(name, Kind::Requests { route, connections, synced: true }, &[])
}

impl Kind {
    /// Whether each round starts its own servers; the rounds of all other works share one server per side.
    pub(crate) fn starts_its_own(self) -> bool {
        matches!(
            self,
            Self::Start | Self::IdleMemory | Self::ObjectMemory { .. } | Self::SocketMemory { .. } | Self::Reload
        )
    }

    /// Whether a side can do this.
    pub(crate) fn is_of(self, side: Side) -> bool {
        !(matches!(self, Self::Reload) && side == Side::Workerd)
    }
}

impl Route {
    /// The path of this route, for the object of this name.
    pub(crate) fn path(self, name: &str) -> String {
        match self {
            Self::Hello => "/hello".to_owned(),
            Self::Memory => format!("/do/mem/{name}"),
            Self::Kv => format!("/do/kv/{name}"),
            Self::Sql => format!("/do/sql/{name}"),
            Self::Hono => "/hono/anna".to_owned(),
            Self::Compute(work, _) => format!("/compute/{work}"),
        }
    }

    /// The one answer of a route without an object; `None` for a route of objects, which count.
    pub(crate) fn answer(self) -> Option<&'static str> {
        match self {
            Self::Hello => Some("hello"),
            Self::Hono => Some("hello anna"),
            Self::Compute(_, answer) => Some(answer),
            Self::Memory | Self::Kv | Self::Sql => None,
        }
    }

    /// How many requests an object gets before the next name is used; `None` for all of a round. Counting rows takes time in
    /// proportion to them, so the faster side would be given the harder work if the rows of an object had no bound.
    pub(crate) fn requests_per_object(self) -> Option<u64> {
        (self == Self::Sql).then_some(1_000)
    }
}

impl Metric {
    /// What stands after the work's name in the table.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::PerSecond => "per second",
            Self::PerCpuSecond => "per core-second",
            Self::ClientCores => "client cores",
            Self::MedianMs => "median ms",
            Self::P99Ms => "p99 ms",
            Self::Mib => "MiB",
            Self::KibEach => "KiB each",
        }
    }

    /// The name in the JSON file.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::PerSecond => "per_second",
            Self::PerCpuSecond => "per_core_second",
            Self::ClientCores => "client_cores",
            Self::MedianMs => "median_ms",
            Self::P99Ms => "p99_ms",
            Self::Mib => "mib",
            Self::KibEach => "kib_each",
        }
    }
}

impl Bar {
    /// Whether emu's figure reaches the bar; `None` while workerd's is missing and the bar is a ratio.
    pub(crate) fn is_met(self, emu: f64, workerd: Option<f64>) -> Option<bool> {
        match self {
            Self::TimesOrMore(times) => workerd.map(|workerd| emu >= workerd * times),
            Self::TimesOrLess(times) => workerd.map(|workerd| emu <= workerd * times),
            Self::OrLess(figure) => Some(emu <= figure),
        }
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimesOrMore(times) => write!(f, ">= {times}x"),
            Self::TimesOrLess(times) => write!(f, "<= {times}x"),
            Self::OrLess(figure) => write!(f, "<= {figure}"),
        }
    }
}
