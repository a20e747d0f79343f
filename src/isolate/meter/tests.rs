use super::*;
use crate::isolate::{Base, Engine, EngineOptions, Host, Image, Isolate, Launcher, Limits, Module};
use crate::world::real::thread_cpu_time;
use emu_abi::{Answer, Ask, Event, Failure, Init, LogLevel, Op, Turn};

/// A guest whose turn logs a line `turns` times, and burns some instructions for each.
fn guest(turns: u32) -> Vec<u8> {
    let line = emu_abi::encode(&Op::Log { level: LogLevel::Log, message: "x".into() });
    let data: String = line.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(module
            (import "emu" "op" (func $op (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "{data}")
            (func (export "emu_abi_{version}"))
            (func (export "emu_alloc") (param i32) (result i32) (i32.const 4096))
            (func (export "emu_init") (param i32 i32))
            (func $burn (local $left i32)
                (local.set $left (i32.const 200))
                (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
            (func (export "emu_turn") (param i32 i32) (local $left i32)
                (local.set $left (i32.const {turns}))
                (loop $again
                    (call $burn)
                    (call $op (i32.const 1024) (i32.const {len}))
                    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#,
        version = emu_abi::VERSION,
        len = line.len(),
    );
    wat::parse_str(text).expect("valid text")
}

/// Counts the lines that a guest logs.
#[derive(Default)]
struct Lines(u64);

impl Host for Lines {
    fn op(&mut self, _op: Op) -> Result<(), Death> {
        self.0 += 1;
        Ok(())
    }

    fn ask(&mut self, _object: u32, _ask: Ask) -> Result<Answer, Failure> {
        Err(Failure::error("nothing is answered here"))
    }
}

fn start(metering: Metering, wasm: &[u8], cpu_ms: u64) -> Isolate<Lines> {
    let engine = Engine::new(EngineOptions { cache: None, metering }).expect("an engine");
    let module = Module::compile(&engine, wasm, "guest").expect("a guest");
    let base = Base::boot(&engine, module, "guest").expect("a base");
    let limits = Limits { cpu: Duration::from_millis(cpu_ms), ..Limits::default() };
    let image = Image::freeze(&engine, &base, &Init::default(), limits, &[], &mut |_, _| {}).expect("an image");
    Launcher::new(&engine, image, limits).and_then(|launcher| launcher.start(Lines::default())).expect("an isolate")
}

fn turn(isolate: &mut Isolate<Lines>) -> Result<(), Death> {
    isolate.turn(&Turn { now_ms: 0.0, event: Event::Cancelled { invocation: 1 } })
}

#[test]
fn a_guest_without_end_ends_at_the_same_instruction_every_time() {
    let wasm = guest(u32::MAX);
    let lines = |cpu_ms| {
        let mut isolate = start(Metering::Instructions, &wasm, cpu_ms);
        assert_eq!(turn(&mut isolate), Err(Death::Cpu(None)));
        assert_eq!(turn(&mut isolate), Err(Death::Cpu(None)), "dead it stays");
        isolate.host().0
    };
    let (one, two) = (lines(1), lines(2));
    assert!(one > 100 && one == lines(1), "{one} lines");
    assert!(two.abs_diff(2 * one) <= 1, "{two} lines in twice the time of {one}");
}

#[test]
fn a_guest_without_end_ends_by_the_clock_as_well() {
    let mut isolate = start(Metering::Time(thread_cpu_time), &guest(u32::MAX), 20);
    assert_eq!(turn(&mut isolate), Err(Death::Cpu(None)));
}

#[test]
fn turns_of_one_event_share_a_budget_and_the_next_event_has_its_own() {
    let wasm = guest(100);
    let mut one_event = start(Metering::Instructions, &wasm, 1);
    let turns = (0..1000).take_while(|_| turn(&mut one_event).is_ok()).count();
    assert!((1..1000).contains(&turns), "{turns} turns");
    let mut many_events = start(Metering::Instructions, &wasm, 1);
    for number in 0..3 * turns {
        many_events.refill_cpu();
        assert_eq!(turn(&mut many_events), Ok(()), "event {number}");
    }
}

#[test]
fn a_budget_that_cannot_be_counted_is_the_largest() {
    assert_eq!(instructions(Duration::from_secs(30)), 30_000 * INSTRUCTIONS_PER_MS);
    assert_eq!(instructions(Duration::MAX), u64::MAX);
}
