//! Durable Objects on a lane: their deliveries, the gate before them, their construction and their end.
//!
//! Invariant: at most one instance per object; nothing is delivered past the gate.

use super::Lane;
use super::control::Eviction;
use super::faults::SlowStart;
use super::instance::{Home, Instance, Origin, Owner};
use crate::bindings::{GuestHost, ObjectFace};
use crate::core::alarm::{Attempts, RunEnd};
use crate::core::gate::{Admitted, InputGate, Section};
use crate::core::socket::{Arrival, Sockets};
use crate::core::timers::TimerKey;
use crate::storage::ObjectStorage;
use crate::world::{TraceKind, Whose};
use emu_abi::{Event, Failure, Invoke, ObjectId, Outcome, Request};
use std::cell::RefCell;
use std::rc::Rc;

/// Deliveries that may wait before an object is overloaded.
const MAX_WAITING: usize = 10_000;

/// A Durable Object that this lane has met.
pub(super) struct Object {
    pub(super) namespace: usize,
    pub(super) id: ObjectId,
    /// Whose the draws and the randomness for it are.
    pub(super) whose: Whose,
    pub(super) instance: Option<u64>,
    pub(super) gate: InputGate<Gated>,
    pub(super) sockets: Rc<RefCell<Sockets>>,
    pub(super) storage: ObjectStorage,
    pub(super) alarm: AlarmState,
    /// How often the constructor ran.
    pub(super) starts: u64,
    /// How often an instance was hibernated or evicted.
    pub(super) evictions: u64,
    pub(super) idle_since_ms: f64,
    /// A timer will look whether it is still idle.
    pub(super) idle_check: Option<(f64, TimerKey)>,
    /// The handler of a socket's close has ended and may have left the close without an answer.
    pub(super) may_owe_close: bool,
    /// Somebody waits for it to be evicted.
    pub(super) wanted_eviction: Option<Eviction>,
    /// It is in the queue of things to do.
    pub(super) awake: bool,
    /// Where it is with a slow start.
    pub(super) slow_start: SlowStart,
}

/// The alarm of an object, beside what storage says.
#[derive(Default)]
pub(super) struct AlarmState {
    /// What the index on disk says.
    pub(super) indexed_ns: Option<i64>,
    /// The time the running handler runs for.
    pub(super) running_ns: Option<i64>,
    pub(super) attempts: Attempts,
    /// What the handler threw when it ran last.
    pub(super) thrown: Option<String>,
    /// When a failed run is retried.
    pub(super) retry_due_ms: Option<f64>,
    /// A run waits before the gate.
    pub(super) waiting: bool,
    /// The run that waits or runs repeats one that succeeded.
    pub(super) is_repeat: bool,
    /// Something else was admitted since the handler began to run.
    pub(super) is_overtaken: bool,
    /// The timer for its next run.
    pub(super) timer: Option<TimerKey>,
}

/// What waits before the gate of an object.
pub(super) enum Gated {
    /// An event for the running instance.
    Event(Event),
    /// Something new, for whichever instance is there.
    Delivery(Delivery),
}

/// What starts a handler of an object.
pub(super) enum Delivery {
    Fetch { origin: Origin, depth: u32, request: Request },
    Alarm { forced: bool },
    Socket { socket: u32, arrival: Arrival },
}

impl Lane {
    /// The number of an object, which is entered in the books if it is new.
    pub(super) fn object_number(&mut self, namespace: usize, id: &ObjectId) -> usize {
        if let Some(number) = self.object_numbers.get(&(namespace, id.bytes)) {
            // The name counts for instances started from now on (reference §1.2).
            if id.name.is_some() {
                self.objects[*number].id.name.clone_from(&id.name);
            }
            return *number;
        }
        let declared = &self.namespaces[namespace];
        let storage = self.storage.open(&declared.unique_key, &id.bytes, declared.backend);
        let number = self.objects.len();
        self.objects.push(Object {
            namespace,
            id: id.clone(),
            whose: Whose::object(&declared.unique_key, &id.bytes),
            instance: None,
            gate: InputGate::default(),
            sockets: Rc::default(),
            storage,
            alarm: AlarmState::default(),
            starts: 0,
            evictions: 0,
            idle_since_ms: 0.0,
            idle_check: None,
            may_owe_close: false,
            wanted_eviction: None,
            awake: false,
            slow_start: SlowStart::default(),
        });
        self.object_numbers.insert((namespace, id.bytes), number);
        number
    }

    /// Something new arrived for an object.
    pub(super) fn deliver(&mut self, number: usize, delivery: Delivery) {
        // An object has one alarm, and one event of each socket, under way; only requests can be too many.
        if matches!(delivery, Delivery::Fetch { .. }) && self.objects[number].gate.waiting() >= MAX_WAITING {
            let message = "Durable Object is overloaded. Too many requests queued.";
            let failure = Failure { overloaded: true, ..Failure::error(message) };
            self.refuse(number, delivery, &failure, RunEnd::Failed);
            return;
        }
        self.objects[number].gate.arrive(0, Gated::Delivery(delivery));
        self.wake(number);
    }

    /// An event arrived for the running instance of an object.
    pub(super) fn gate_event(&mut self, number: usize, section: Section, event: Event) {
        self.objects[number].gate.arrive(section, Gated::Event(event));
        self.wake(number);
    }

    /// Delivers what the gate of an object admits, one turn at a time.
    pub(super) fn pump(&mut self, number: usize) {
        loop {
            if self.objects[number].instance.is_none() {
                if self.objects[number].gate.waiting() == 0 || self.starts_late(number) {
                    return;
                }
                if let Err(failure) = self.construct(number) {
                    self.reset(number, &failure, RunEnd::Failed);
                    return;
                }
                continue;
            }
            let Some(admitted) = self.objects[number].gate.admit() else { return };
            match admitted {
                Admitted::Entered(section) => self.entered(number, section),
                Admitted::Event(Gated::Event(event)) => self.turn_of(number, event),
                Admitted::Event(Gated::Delivery(delivery)) => self.start_handler(number, delivery),
            }
        }
    }

    fn turn_of(&mut self, number: usize, event: Event) {
        if let Some(serial) = self.objects[number].instance {
            self.turn(serial, event);
        }
    }

    fn entered(&mut self, number: usize, section: Section) {
        let Some(serial) = self.objects[number].instance else { return };
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        let waits = super::instance::CallKind::Critical(section);
        let Some(call) = instance.calls.iter().find(|(_, call)| call.kind == waits).map(|(call, _)| *call) else {
            self.objects[number].gate.leave(section);
            return;
        };
        instance.end_call(call);
        self.watch_section(serial, section);
        self.turn(serial, Event::Complete { call, result: Ok(Outcome::Done) });
    }

    fn start_handler(&mut self, number: usize, delivery: Delivery) {
        let now_ms = self.world().now_ms();
        let Some(serial) = self.objects[number].instance else { return };
        let Some(instance) = self.instances.get_mut(&serial) else { return };
        self.objects[number].alarm.is_overtaken = !matches!(delivery, Delivery::Alarm { .. });
        let (invocation, what) = match delivery {
            Delivery::Fetch { origin, depth, request } => {
                let invocation = instance.begin(origin.clone(), depth, now_ms);
                self.running.insert(origin, (serial, invocation));
                self.take_body(serial, &request.body);
                (invocation, Invoke::Fetch(request))
            }
            Delivery::Alarm { forced } => match self.begin_alarm(number, serial, forced) {
                Some(begun) => begun,
                None => return,
            },
            Delivery::Socket { socket, arrival } => {
                let invocation = instance.begin(Origin::Socket { socket, last: arrival.is_last() }, 0, now_ms);
                self.watch_socket_event(number, serial, invocation);
                (
                    invocation,
                    match arrival {
                        Arrival::Message(message) => Invoke::SocketMessage { socket, message },
                        Arrival::Close { code, reason, clean } => Invoke::SocketClose { socket, code, reason, clean },
                        Arrival::Error(failure) => Invoke::SocketError { socket, failure },
                    },
                )
            }
        };
        let object = self.instances.get(&serial).map_or(0, |instance| instance.resident);
        let (entrypoint, props) = (String::new(), String::new());
        self.turn(serial, Event::Invoke { invocation, object, entrypoint, props, what });
    }

    /// Starts an instance and runs the constructor.
    fn construct(&mut self, number: usize) -> Result<(), Failure> {
        let now_ms = self.world().now_ms();
        let object = &self.objects[number];
        let namespace = &self.namespaces[object.namespace];
        let worker = &self.workers[namespace.worker];
        let class =
            worker.prepared.launcher.image().exports().classes.iter().find(|class| class.name == namespace.class);
        let Some(class) = class else {
            return Err(Failure::error(format!(
                "The worker `{}` does not export a Durable Object class named `{}`.",
                worker.prepared.name, namespace.class
            )));
        };
        let (has_alarm_handler, event_class) = (class.alarm, class.name.clone());
        self.last_instance += 1;
        let serial = self.last_instance;
        let (worker, whose) = (namespace.worker, object.whose);
        let (home, resident) = self.home_of(worker, serial, whose)?;
        let object = &self.objects[number];
        let face = ObjectFace {
            instance: serial,
            number,
            id: object.id.clone(),
            whose: object.whose,
            storage: object.storage.clone(),
            storage_failed: None,
            sockets: Rc::clone(&object.sockets),
            has_alarm_handler,
            constructing: true,
            running_alarm_ns: None,
            alarm_touched: false,
        };
        home.isolate.borrow_mut().host_mut().take_in(resident, face);
        let worker = &self.workers[self.namespaces[object.namespace].worker];
        let mut instance = Instance::new(home, Owner::Object(number), resident, worker);
        instance.skew_ms = self.skew_ms(number);
        let invocation = instance.begin(Origin::Construct, 0, now_ms);
        self.instances.insert(serial, instance);
        let object = &mut self.objects[number];
        object.instance = Some(serial);
        object.starts += 1;
        object.gate.construct();
        let id = object.id.clone();
        self.turn(serial, Event::Construct { invocation, object: resident, class: event_class, id });
        Ok(())
    }

    /// Where a new instance of an object of `worker` lives, and how the guest numbers it: in an isolate of its own, or
    /// where objects are colocated in the worker's.
    fn home_of(&mut self, worker: usize, serial: u64, whose: Whose) -> Result<(Home, u32), Failure> {
        if self.is_colocated {
            let landlord = self.worker_instance(worker)?;
            self.last_resident += 1;
            let home = self.instances.get(&landlord).map(|instance| instance.home.clone());
            return home
                .map(|home| (home, OBJECT_IN_ISOLATE + self.last_resident))
                .ok_or_else(|| Failure::error("the worker's isolate has gone"));
        }
        let worker = &self.workers[worker];
        let host = GuestHost::new(Rc::clone(&self.shared), serial, whose, worker.prepared.switches);
        let isolate = worker
            .prepared
            .launcher
            .start(host)
            .map_err(|error| Failure { overloaded: true, ..Failure::error(crate::error::report(&error)) })?;
        Ok((Home::new(isolate, serial), OBJECT_IN_ISOLATE))
    }

    /// The object is broken: its instance, its sockets and everything that waits for it end with `failure`. `run_end` says
    /// how an alarm counts whose handler is cut off.
    pub(super) fn reset(&mut self, number: usize, failure: &Failure, run_end: RunEnd) {
        self.trace_object(number, TraceKind::End, &failure.message);
        self.drop_instance_of(number, failure, run_end);
        if let Some(eviction) = self.objects[number].wanted_eviction.take() {
            let label = self.object_label(number);
            self.answer_control(eviction.token, Ok(serde_json::json!({ "object": label, "evicted": true })));
        }
        let waiting = self.objects[number].gate.reset();
        for gated in waiting {
            if let Gated::Delivery(delivery) = gated {
                self.refuse(number, delivery, failure, run_end);
            }
        }
        let sockets = self.objects[number].sockets.borrow_mut().clear();
        for socket in sockets {
            self.emit(socket, Arrival::lost());
        }
        self.cut_unanswered(number);
    }

    /// Cuts the sockets whose other side has closed and waits for an answer: who would give it has gone.
    pub(super) fn cut_unanswered(&mut self, number: usize) {
        if !std::mem::take(&mut self.objects[number].may_owe_close) {
            return;
        }
        let unanswered = self.shared.ends.borrow().unanswered(number);
        for socket in unanswered {
            if !self.objects[number].sockets.borrow().contains(socket) {
                self.emit(socket, Arrival::lost());
            }
        }
    }

    /// Drops the instance of an object, if there is one: what waits for it fails with `failure`, and what it has not
    /// committed is lost.
    pub(super) fn drop_instance_of(&mut self, number: usize, failure: &Failure, run_end: RunEnd) {
        self.forget_late(number);
        self.objects[number].storage.rollback();
        self.shared.with_gate_check(|check| check.loses(number));
        if self.objects[number].alarm.indexed_ns.is_some() {
            // An alarm that was indexed before a commit that did not happen.
            self.index_flushed_alarm(number);
        }
        if let Some(serial) = self.objects[number].instance.take() {
            self.drop_instance(serial, failure, run_end);
        }
    }

    /// A delivery that will not happen.
    fn refuse(&mut self, number: usize, delivery: Delivery, failure: &Failure, run_end: RunEnd) {
        match delivery {
            Delivery::Fetch { origin, request, .. } => {
                self.drop_body(&request.body);
                self.answer(&origin, Err(failure.clone().into()));
            }
            Delivery::Alarm { .. } => self.alarm_refused(number, run_end),
            // The sockets of an object that is reset are cut.
            Delivery::Socket { .. } => {}
        }
    }
}

/// How the guest numbers the object of an isolate that hosts one.
const OBJECT_IN_ISOLATE: u32 = 1;
