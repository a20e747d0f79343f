//! How many events per second the core and a simulated world's loop make, without guests: `cargo bench --bench core`.
//!
//! What is played is what a lane does for an event beside running its guest: the clock jumps to what is due, the world
//! chooses an order and each fault that might strike, the gate admits, a line is traced, an alarm is judged, the object
//! is found idle or not. Harness aims at a million of such events per second.
//!
//! Invariant: no guest, no storage, no input or output.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use emu::core::alarm::{Attempts, RunEnd, Verdict, judge};
use emu::core::gate::{Admitted, InputGate};
use emu::core::gate_check::GateCheck;
use emu::core::life::{BlockerKind, Decision, Policy, decide};
use emu::core::socket::{Arrival, Received, Sockets};
use emu::core::timers::{TimerKey, Timers};
use emu::world::driver::{Calm, Driver, Swarm};
use emu::world::simulated::{Keep, SimulatedWorld};
use emu::world::{Class, Point, Points, Seed, TraceKind, Whose, World};
use emu_abi::Message;
use std::collections::VecDeque;
use std::time::Instant;

const OBJECTS: usize = 100;
const SOCKETS: u32 = 2;
const EVENTS: u64 = 2_000_000;
const ROUNDS: usize = 5;

fn main() {
    let usual = Points::of(&[Class::Order, Class::Silent, Class::Loud]);
    for (name, driver) in [("calm", None), ("a swarm of faults", Some(usual))] {
        let mut rates: Vec<f64> = (0..ROUNDS).map(|_| rate(driver)).collect();
        rates.sort_by(f64::total_cmp);
        println!("{:<60} {:>12.0} per second", format!("events of the core, {name}"), rates[ROUNDS / 2]);
    }
}

/// Events per second of one run.
fn rate(points: Option<Points>) -> f64 {
    let driver: Box<dyn Driver> = match points {
        Some(points) => Box::new(Swarm::new(7, points, u32::MAX)),
        None => Box::new(Calm),
    };
    let mut play = Play::new(SimulatedWorld::new(Seed(7), driver, Keep::default()));
    let began = Instant::now();
    while play.events < EVENTS {
        play.step();
    }
    play.events as f64 / began.elapsed().as_secs_f64()
}

/// What waits before the gate of an object.
enum Waiting {
    Request,
    Alarm,
    Socket(u32),
}

/// What timers are for.
enum Due {
    Arrival(usize),
    Alarm(usize),
    Idle(usize),
}

struct Object {
    whose: Whose,
    gate: InputGate<Waiting>,
    sockets: Sockets,
    attempts: Attempts,
    runs: bool,
    idle_check: Option<TimerKey>,
}

struct Play {
    world: SimulatedWorld,
    timers: Timers<Due>,
    ready: VecDeque<usize>,
    objects: Vec<Object>,
    gate_check: GateCheck,
    events: u64,
}

impl Play {
    fn new(world: SimulatedWorld) -> Self {
        let object = |number: usize| {
            let mut sockets = Sockets::default();
            (0..SOCKETS).for_each(|socket| sockets.accept(socket, Box::default()));
            let id = std::array::from_fn(|at| number.to_le_bytes()[at % 8]);
            Object {
                whose: Whose::object("bench-Object", &id),
                gate: InputGate::default(),
                sockets,
                attempts: Attempts::default(),
                runs: false,
                idle_check: None,
            }
        };
        let objects = (0..OBJECTS).map(object).collect();
        let timers = Timers::default();
        let mut play =
            Self { world, timers, ready: VecDeque::new(), objects, gate_check: GateCheck::default(), events: 0 };
        for number in 0..OBJECTS {
            play.timers.add(play.world.now_ms() + number as f64, Due::Arrival(number));
            play.timers.add(play.world.now_ms() + 1000.0 + number as f64, Due::Alarm(number));
        }
        play
    }

    /// Does what is ready, or else what is due next.
    fn step(&mut self) {
        if !self.ready.is_empty() {
            let chosen = self.world.choose(Point::Task, Whose::WORLD, self.ready.len());
            if let Some(number) = self.ready.remove(chosen) {
                self.pump(number);
            }
            return;
        }
        let due_ms = self.timers.next_ms().expect("something is always due");
        self.world.advance_to(due_ms);
        self.world.trace(Whose::WORLD, TraceKind::Clock, due_ms.to_bits(), &|| format!("{due_ms} ms"));
        while let Some(due) = self.timers.due(self.world.now_ms()) {
            self.act(&due);
        }
    }

    fn act(&mut self, due: &Due) {
        let now_ms = self.world.now_ms();
        match *due {
            Due::Arrival(number) => {
                let late = self.world.choose(Point::Deliver, self.objects[number].whose, 4);
                self.arrive(number, Waiting::Request);
                for socket in 0..SOCKETS {
                    let arrival = Arrival::Message(Message::Text("hello".into()));
                    if let Received::Deliver(_) = self.objects[number].sockets.receive(socket, arrival, true, now_ms) {
                        self.arrive(number, Waiting::Socket(socket));
                    }
                }
                self.timers.add(now_ms + 100.0 + late as f64, Due::Arrival(number));
            }
            Due::Alarm(number) => self.arrive(number, Waiting::Alarm),
            Due::Idle(number) => {
                self.objects[number].idle_check = None;
                self.objects[number].runs = false;
            }
        }
    }

    fn arrive(&mut self, number: usize, what: Waiting) {
        self.objects[number].gate.arrive(0, what);
        self.ready.push_back(number);
    }

    /// Delivers what the gate of an object admits.
    fn pump(&mut self, number: usize) {
        if !self.objects[number].runs {
            self.objects[number].runs = true;
            self.objects[number].gate.construct();
            self.turn(number);
            self.objects[number].gate.constructed();
        }
        while let Some(admitted) = self.objects[number].gate.admit() {
            let Admitted::Event(waiting) = admitted else { continue };
            self.turn(number);
            match waiting {
                Waiting::Request => {}
                Waiting::Alarm => self.judge(number),
                Waiting::Socket(socket) => {
                    self.objects[number].sockets.handled(socket, false);
                }
            }
            self.consider_idle(number);
        }
    }

    /// A turn that writes something and answers.
    fn turn(&mut self, number: usize) {
        self.events += 1;
        let whose = self.objects[number].whose;
        self.world.trace(whose, TraceKind::Deliver, self.events, &|| "an event".into());
        self.gate_check.write(number, true);
        let made = self.gate_check.made();
        for point in [
            Point::CpuLimit,
            Point::MemoryLimit,
            Point::CrashBeforeCommit,
            Point::StorageError,
            Point::FlushLate,
            Point::CrashAfterCommit,
            Point::Crash,
        ] {
            self.world.choose(point, whose, 2);
        }
        self.world.trace(whose, TraceKind::Commit, 0, &|| "its writes are durable".into());
        self.gate_check.leaves(number, made, true).expect("it is durable");
        self.world.trace(whose, TraceKind::Send, made, &|| "answers 200".into());
    }

    fn judge(&mut self, number: usize) {
        let again = self.world.choose(Point::AlarmTwice, self.objects[number].whose, 2) == 1;
        let end = if again { RunEnd::Interrupted } else { RunEnd::Succeeded };
        let verdict = judge(self.objects[number].attempts, end, 0.0);
        let (in_ms, attempts) = match verdict {
            Verdict::Retry { in_ms, attempts } => (in_ms, attempts),
            Verdict::Done | Verdict::GiveUp => (1000.0, Attempts::default()),
        };
        self.objects[number].attempts = attempts;
        self.timers.add(self.world.now_ms() + in_ms, Due::Alarm(number));
    }

    fn consider_idle(&mut self, number: usize) {
        let now_ms = self.world.now_ms();
        let waits = self.objects[number].gate.waiting() > 0;
        let blockers: &[BlockerKind] = if waits { &[BlockerKind::Queued] } else { &[] };
        if !waits && self.world.choose(Point::Evict, self.objects[number].whose, 2) == 1 {
            self.objects[number].runs = false;
        }
        if let Decision::AskAt(at_ms) = decide(Policy::default(), blockers, now_ms, now_ms)
            && self.objects[number].idle_check.is_none()
        {
            self.objects[number].idle_check = Some(self.timers.add(at_ms, Due::Idle(number)));
        }
    }
}
