use super::*;
use crate::world::driver::{Calm, Replay, Swarm};
use crate::world::point::Points;

const A: Whose = Whose(0xa);
const B: Whose = Whose(0xb);
const ALL: Keep = Keep { census: true, texts: true };

fn world(seed: u64, driver: impl Driver + 'static) -> SimulatedWorld {
    SimulatedWorld::new(Seed(seed), Box::new(driver), ALL)
}

fn swarm(seed: u64) -> SimulatedWorld {
    world(seed, Swarm::new(seed, Points::of(&Class::ALL), 8))
}

fn random(world: &SimulatedWorld, whose: Whose) -> [u8; 16] {
    let mut bytes = [0; 16];
    world.random(whose, &mut bytes);
    bytes
}

/// Something that asks a world for all it has.
fn run(world: &SimulatedWorld) -> Record {
    for step in 0..500_u64 {
        world.advance_to(START_MS + step as f64 * 7.5);
        let whose = if step % 3 == 0 { A } else { B };
        let chosen = world.choose(Point::ALL[step as usize % Point::ALL.len()], whose, 4);
        let hash = chosen as u64 ^ u64::from(random(world, whose)[0]);
        world.trace(whose, TraceKind::Deliver, hash, &|| format!("step {step}"));
    }
    world.record()
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let one = run(&swarm(1));
    assert!(!one.tape.is_empty() && one.census.0.len() == 500 && one.lines.len() == 500 + one.tape.len());
    assert_eq!(one, run(&swarm(1)));
    let other = run(&swarm(2));
    assert_ne!(one.digest, other.digest);
    assert_ne!(one.tape, other.tape);
}

#[test]
fn the_tape_of_a_run_gives_the_run_again() {
    let first = run(&swarm(5));
    let again = run(&world(5, Replay(first.tape.to_string().parse().expect("a tape"))));
    assert_eq!(first, again);
    let calm = run(&world(5, Calm));
    assert!(calm.tape.is_empty());
    assert_ne!(calm.digest, first.digest);
}

#[test]
fn what_is_not_kept_changes_nothing_else() {
    let kept = run(&swarm(1));
    let driver = Swarm::new(1, Points::of(&Class::ALL), 8);
    let lean = SimulatedWorld::new(Seed(1), Box::new(driver), Keep::default());
    assert_eq!(run(&lean), Record { census: Census::default(), lines: Vec::new(), ..kept });
    lean.trace(A, TraceKind::Deliver, 0, &|| unreachable!("nobody reads the text"));
}

#[test]
fn streams_do_not_move_each_other() {
    let (alone, busy) = (world(1, Calm), world(1, Calm));
    let mut long = [0; 100];
    busy.random(A, &mut long);
    busy.random(Whose::WORLD, &mut long);
    busy.choose(Point::Crash, B, 9);
    assert_eq!(random(&alone, B), random(&busy, B));
    // The length of a draw does not matter for the one after it.
    alone.random(A, &mut [0]);
    assert_eq!(random(&alone, A), random(&busy, A));
    let draws = [random(&alone, A), random(&alone, A), random(&alone, B), random(&world(2, Calm), B)];
    for (index, one) in draws.iter().enumerate() {
        assert!(!draws[..index].contains(one), "{index}");
    }
    assert_ne!(world(1, Calm).sql_seed(), world(2, Calm).sql_seed());
}

#[test]
fn decisions_are_counted_for_each_point_and_each_one() {
    let world = world(1, Replay("crash.a.1=1+crash.b.0=3".parse().expect("a tape")));
    let chosen = [
        world.choose(Point::Crash, A, 2),
        world.choose(Point::Evict, A, 2),
        world.choose(Point::Crash, A, 1),
        world.choose(Point::Crash, A, 2),
        // The tape is of a program that had more ways here.
        world.choose(Point::Crash, B, 3),
        world.choose(Point::Crash, B, 3),
    ];
    assert_eq!(chosen, [0, 0, 0, 1, 2, 0]);
    let record = world.record();
    assert_eq!(record.tape.to_string(), "crash.a.1=1+crash.b.0=2");
    assert_eq!(record.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["crash.a.1=1", "crash.b.0=2"]);
    assert_eq!(record.census.0.len(), 5);
}

#[test]
fn no_fault_happens_once_they_are_off_and_orders_stay_open() {
    let world = world(1, Replay("task.0.1=1+crash.a.1=1+crash.a.2=1+crash.a.3=1".parse().expect("a tape")));
    let step = || (world.choose(Point::Task, Whose::WORLD, 2), world.choose(Point::Crash, A, 2));
    assert_eq!(step(), (0, 0));
    world.set_faults(false);
    assert_eq!(step(), (1, 0));
    world.look_on();
    world.set_faults(true);
    assert_eq!(world.choose(Point::Crash, A, 2), 0, "somebody looks on");
    world.looked_on();
    assert_eq!(step(), (0, 1));
}

#[test]
fn the_clock_starts_where_it_can() {
    for (at_ms, expected) in [(f64::NAN, 0.0), (-1.0, 0.0), (0.5, 1.0), (f64::INFINITY, LAST_MS)] {
        assert_eq!(world(1, Calm).starting_at(at_ms).now_ms(), expected, "at {at_ms}");
    }
}

#[test]
fn the_clock_never_goes_back() {
    let world = world(1, Calm);
    let mut last_ms = world.now_ms();
    assert_eq!(last_ms, START_MS);
    for (to_ms, expected) in [
        (START_MS + 0.25, START_MS + 1.0),
        (START_MS, START_MS + 1.0),
        (f64::NAN, START_MS + 1.0),
        (f64::NEG_INFINITY, START_MS + 1.0),
        (START_MS + 1e9, START_MS + 1e9),
        (f64::INFINITY, LAST_MS),
        (0.0, LAST_MS),
    ] {
        world.advance_to(to_ms);
        assert_eq!(world.now_ms(), expected, "to {to_ms}");
        assert!(world.now_ms() >= last_ms);
        last_ms = world.now_ms();
    }
}
