//! What is measured, and the bars: the one table that the runner and the report read.
//!
//! Invariant: data only.

/// One thing measured on both sides.
pub(crate) struct Work {
    /// Its name: area, work, size.
    pub(crate) name: &'static str,
    /// What is done.
    pub(crate) kind: Kind,
    /// What emu is to reach.
    pub(crate) bars: &'static [(Metric, Bar)],
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
/// The bars of a compiled (Rust) guest where they depend on the guest's language. Two bars of the project are not measured here:
/// a start beside `wrangler dev`, which would need more than the one npm package, and simulated time, which workerd does not have.
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
    Work { name: "ws/echo/1", kind: Kind::Echo { sockets: 1 }, bars: THREE_TIMES },
    Work { name: "ws/echo/32", kind: Kind::Echo { sockets: 32 }, bars: THREE_TIMES },
    Work { name: "ws/echo/256", kind: Kind::Echo { sockets: 256 }, bars: THREE_TIMES },
    Work { name: "ws/fan/200", kind: Kind::Fan { sockets: 200 }, bars: FIVE_TIMES },
    Work {
        name: "cold/mem",
        kind: Kind::Cold { route: Route::Memory },
        bars: &[(Metric::MedianMs, Bar::OrLess(0.5)), (Metric::P99Ms, Bar::OrLess(2.0))],
    },
    Work {
        name: "cold/kv",
        kind: Kind::Cold { route: Route::Kv },
        bars: &[(Metric::MedianMs, Bar::OrLess(1.0)), (Metric::P99Ms, Bar::OrLess(2.0))],
    },
    Work { name: "start", kind: Kind::Start, bars: &[(Metric::MedianMs, Bar::TimesOrLess(0.5))] },
    Work { name: "memory/idle", kind: Kind::IdleMemory, bars: &[(Metric::Mib, Bar::OrLess(40.0))] },
    Work {
        name: "memory/object",
        kind: Kind::ObjectMemory { objects: 1_000 },
        bars: &[(Metric::KibEach, Bar::OrLess(150.0))],
    },
    Work {
        name: "memory/socket",
        kind: Kind::SocketMemory { objects: 10, sockets_per_object: 1_000 },
        bars: &[(Metric::KibEach, Bar::OrLess(8.0))],
    },
];

const HELLO: &[(Metric, Bar)] = &[(Metric::PerCpuSecond, Bar::TimesOrMore(5.0))];
const THREE_TIMES: &[(Metric, Bar)] = &[(Metric::PerSecond, Bar::TimesOrMore(3.0))];
const FIVE_TIMES: &[(Metric, Bar)] = &[(Metric::PerSecond, Bar::TimesOrMore(5.0))];

const fn requests(name: &'static str, route: Route, connections: u32, bars: &'static [(Metric, Bar)]) -> Work {
    Work { name, kind: Kind::Requests { route, connections, synced: false }, bars }
}

const fn synced(name: &'static str, route: Route, connections: u32) -> Work {
    Work { name, kind: Kind::Requests { route, connections, synced: true }, bars: &[] }
}

impl Kind {
    /// Whether each round starts its own servers; the rounds of all other works share one server per side.
    pub(crate) fn starts_its_own(self) -> bool {
        matches!(self, Self::Start | Self::IdleMemory | Self::ObjectMemory { .. } | Self::SocketMemory { .. })
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
