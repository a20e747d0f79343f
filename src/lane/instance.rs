//! A running isolate with the lane's book-keeping: who waits for what in it.
//!
//! Invariant: book-keeping only; nothing is carried out here.

use super::call::WORLD;
use super::message::{FetchId, PortId};
use super::thrown::Thrown;
use super::worker::{Prepared, Worker};
use crate::bindings::{GuestHost, ObjectFace};
use crate::core::gate::Section;
use crate::core::life::{Blocker, BlockerKind};
use crate::core::timers::TimerKey;
use crate::isolate::Isolate;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What an instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The stateless side of a worker.
    Worker(usize),
    /// An object.
    Object(usize),
}

impl Owner {
    pub(super) fn object(self) -> Option<usize> {
        match self {
            Self::Object(number) => Some(number),
            Self::Worker(_) => None,
        }
    }
}

/// An isolate, with what tells apart the instances that live in it. In `serve` that is one.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) isolate: Rc<RefCell<Isolate<GuestHost>>>,
    /// The instance that the isolate was started for.
    pub(super) serial: u64,
    last_invocation: Rc<Cell<u32>>,
}

impl Home {
    pub(super) fn new(isolate: Isolate<GuestHost>, serial: u64) -> Self {
        Self { isolate: Rc::new(RefCell::new(isolate)), serial, last_invocation: Rc::default() }
    }
}

/// A running worker or object.
pub(super) struct Instance {
    pub(super) home: Home,
    pub(super) owner: Owner,
    /// How the guest numbers the object; 0 for a worker.
    pub(super) resident: u32,
    /// The worker as it was when the instance started.
    pub(super) prepared: Arc<Prepared>,
    pub(super) invocations: BTreeMap<u32, Invocation>,
    /// Invocations that are over but for calls that nobody waits for.
    pub(super) left_over: BTreeSet<u32>,
    pub(super) calls: BTreeMap<u32, PendingCall>,
    /// Calls whose end has not been delivered yet; kept where the world is traced.
    pub(super) ended_calls: BTreeMap<u32, CallKind>,
    /// Calls that only keep a test going, and invocations by which the world asks it; kept where texts are.
    pub(super) quiet_calls: BTreeSet<u32>,
    pub(super) quiet_invocations: BTreeSet<u32>,
    /// The last stack of which something came, where places are kept.
    pub(super) last_stack: Option<String>,
    /// The section in which each stream was pulled last.
    pub(super) pulls: BTreeMap<u32, Section>,
    /// The timers that limit its open critical sections.
    pub(super) sections: BTreeMap<Section, TimerKey>,
    /// Timers whose time has come while the machine was busy.
    pub(super) stalled_timers: VecDeque<u32>,
    /// How far ahead its clock is.
    pub(super) skew_ms: f64,
    /// Version of the worker's code.
    pub(super) version: u64,
}

/// A delivered event that has not ended.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) origin: Origin,
    /// What it was started for, where texts are kept.
    pub(super) what: Option<String>,
    /// How many requests led to this one, each sent by the handler of the one before.
    pub(super) depth: u32,
    pub(super) since_ms: f64,
    pub(super) settled: bool,
    /// Promises given to `waitUntil` that have not settled.
    pub(super) waits: u32,
    /// Calls under way on its behalf.
    pub(super) calls: u32,
    /// The timer that limits its run time.
    pub(super) deadline: Option<TimerKey>,
    /// The last error that a call threw at it; it may throw that on.
    pub(super) caught: Option<Box<Thrown>>,
    /// How much of the answer of a stateless worker is still under way: its body, its socket.
    pub(super) tails: u32,
}

/// Who waits for an invocation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A client.
    Port(PortId),
    /// Whoever asked for `scheduled()`.
    Scheduled(PortId),
    /// A guest's call of an object or of another worker: the flight of that lane.
    Flight { lane: usize, flight: u64 },
    /// The object itself, to be constructed.
    Construct,
    /// The alarm.
    Alarm,
    /// A hibernatable socket; `last` if nothing can follow.
    Socket { socket: u32, last: bool },
    /// Nobody: it failed already and only its book-keeping is left.
    Nobody,
}

/// A call that has not ended.
#[derive(Debug)]
pub(super) struct PendingCall {
    pub(super) kind: CallKind,
    /// The stack that led to it, where places are kept.
    pub(super) stack: Option<String>,
    pub(super) section: Section,
    pub(super) invocation: u32,
    pub(super) since_ms: f64,
}

/// What a pending call waits for.
#[derive(Debug, PartialEq)]
pub(super) enum CallKind {
    /// An answer from the network.
    Internet { fetch: FetchId, url: String },
    /// An answer from an object or from another worker.
    Flight { flight: u64, what: String },
    /// A time.
    Timer { due_ms: f64, key: TimerKey },
    /// The next commit.
    Sync,
    /// A critical section to be entered.
    Critical(Section),
}

impl CallKind {
    /// Whether it is a command to the world that a test runs in, which takes the way of a request to the network.
    pub(super) fn is_command(&self) -> bool {
        matches!(self, Self::Internet { url, .. } if url == WORLD)
    }
}

impl Instance {
    pub(super) fn new(home: Home, owner: Owner, resident: u32, worker: &Worker) -> Self {
        Self {
            home,
            owner,
            resident,
            prepared: Arc::clone(&worker.prepared),
            invocations: BTreeMap::new(),
            left_over: BTreeSet::new(),
            calls: BTreeMap::new(),
            ended_calls: BTreeMap::new(),
            last_stack: None,
            quiet_calls: BTreeSet::new(),
            quiet_invocations: BTreeSet::new(),
            pulls: BTreeMap::new(),
            sections: BTreeMap::new(),
            stalled_timers: VecDeque::new(),
            skew_ms: 0.0,
            version: worker.version,
        }
    }

    /// Notes an invocation and gives its number.
    pub(super) fn begin(&mut self, origin: Origin, depth: u32, now_ms: f64) -> u32 {
        let number = self.home.last_invocation.get().wrapping_add(1).max(1);
        self.home.last_invocation.set(number);
        let invocation = Invocation {
            origin,
            what: None,
            depth,
            since_ms: now_ms,
            settled: false,
            waits: 0,
            calls: 0,
            deadline: None,
            caught: None,
            tails: 0,
        };
        self.invocations.insert(number, invocation);
        number
    }

    /// Works with what the guest sees of its object, if the instance is an object's.
    pub(super) fn with_face<T>(&self, work: impl FnOnce(&mut ObjectFace) -> T) -> Option<T> {
        self.home.isolate.borrow_mut().host_mut().resident(self.resident).map(work)
    }

    /// Limits the run time of an invocation.
    pub(super) fn set_deadline(&mut self, number: u32, deadline: TimerKey) {
        if let Some(invocation) = self.invocations.get_mut(&number) {
            invocation.deadline = Some(deadline);
        }
    }

    /// Notes a call, and gives an earlier one of the same number.
    pub(super) fn start_call(&mut self, number: u32, call: PendingCall) -> Option<PendingCall> {
        let earlier = self.end_call(number);
        if let Some(invocation) = self.invocations.get_mut(&call.invocation) {
            invocation.calls += 1;
        }
        self.calls.insert(number, call);
        earlier
    }

    /// Forgets a call.
    pub(super) fn end_call(&mut self, number: u32) -> Option<PendingCall> {
        let call = self.calls.remove(&number)?;
        if let Some(invocation) = self.invocations.get_mut(&call.invocation) {
            invocation.calls = invocation.calls.saturating_sub(1);
        }
        Some(call)
    }

    /// The kinds of things in it that keep it from being hibernated.
    pub(super) fn blocker_kinds(&self) -> Vec<BlockerKind> {
        let invocations = self.invocations.values().map(Invocation::blocker_kind);
        invocations.chain(self.calls.values().map(|call| call.kind.blocker_kind())).collect()
    }

    /// The same, for the reader.
    pub(super) fn blockers(&self) -> Vec<Blocker> {
        let invocations = self.invocations.values().map(|invocation| Blocker {
            kind: invocation.blocker_kind(),
            what: invocation.describe(),
            since_ms: invocation.since_ms,
        });
        let calls = self.calls.values().map(|call| Blocker {
            kind: call.kind.blocker_kind(),
            what: call.kind.describe(call.since_ms),
            since_ms: call.since_ms,
        });
        invocations.chain(calls).collect()
    }
}

impl Invocation {
    fn blocker_kind(&self) -> BlockerKind {
        if self.settled { BlockerKind::WaitUntil } else { BlockerKind::Event }
    }

    fn describe(&self) -> String {
        if self.settled {
            return format!("{} promise(s) given to `waitUntil` have not settled", self.waits);
        }
        match &self.origin {
            Origin::Scheduled(_) => "`scheduled()` is running".into(),
            Origin::Port(_) | Origin::Flight { .. } => "a request is not answered yet".into(),
            Origin::Construct => "the constructor has not returned".into(),
            Origin::Alarm => "`alarm()` is running".into(),
            Origin::Socket { .. } => "a socket event is being handled".into(),
            Origin::Nobody => "a handler is running whose caller has gone".into(),
        }
    }
}

impl CallKind {
    fn blocker_kind(&self) -> BlockerKind {
        match self {
            Self::Internet { .. } | Self::Flight { .. } => BlockerKind::Fetch,
            Self::Timer { .. } => BlockerKind::Timer,
            Self::Sync => BlockerKind::Event,
            Self::Critical(_) => BlockerKind::CriticalSection,
        }
    }

    /// What was waited for, in a few words.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Internet { url, .. } => format!("fetch of {url}"),
            Self::Flight { what, .. } => what.clone(),
            Self::Timer { .. } => "timer".into(),
            Self::Sync => "storage.sync()".into(),
            Self::Critical(_) => "critical section".into(),
        }
    }

    fn describe(&self, since_ms: f64) -> String {
        match self {
            Self::Internet { url, .. } => format!("`fetch` of {url} is not answered yet"),
            Self::Flight { what, .. } => format!("{what} is not answered yet"),
            Self::Timer { due_ms, .. } => format!("a timer of {} ms is pending", (due_ms - since_ms).max(0.0)),
            Self::Sync => "`storage.sync()` is waiting".into(),
            Self::Critical(_) => "a critical section waits to be entered".into(),
        }
    }
}
