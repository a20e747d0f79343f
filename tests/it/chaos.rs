//! Everything at the same time: clients, commands and reloads.
//!
//! Invariant: emu does not panic, no acknowledged write is lost, and in the end everything comes to rest.

use crate::support::{Dice, Emu, Project, Raw, frame, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const CLIENTS: usize = 4;
const STEPS: usize = 600;
const OBJECTS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What the clients share.
struct Play<'a> {
    emu: &'a Emu,
    number: AtomicU64,
    acknowledged: Mutex<BTreeSet<(&'static str, u64)>>,
}

#[test]
fn everything_at_the_same_time_comes_to_a_good_end() {
    let mut dice = Dice::new();
    let project = Project::probe();
    project.replace("\"cpu_ms\": 30000", "\"cpu_ms\": 200");
    let emu = project.serve(&["--lanes", "2", "--evict-after", "5ms"]);
    for object in OBJECTS {
        emu.in_object(object, &json!([{ "sql": { "query": "CREATE TABLE writes (n INTEGER)" } }]));
    }
    let play = Play { emu: &emu, number: AtomicU64::new(0), acknowledged: Mutex::default() };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let mut dice = dice.split();
                let play = &play;
                scope.spawn(move || (0..STEPS).for_each(|_| step(play, &mut dice)))
            })
            .collect();
        scope.spawn(|| reload_until(&over, &project));
        for client in clients {
            client.join().expect("a client does not panic");
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(!emu.log().contains("thread '"), "emu panicked:\n{}", emu.log());
    wait_for("rest", || {
        let resting = |object: &Value| object["state"] == "inactive" && object["sockets"] == 0;
        emu.objects().iter().all(resting).then_some(())
    });
    let acknowledged = play.acknowledged.into_inner().expect("no client panics");
    assert!(acknowledged.len() > CLIENTS * STEPS / 10, "{} writes", acknowledged.len());
    for object in OBJECTS {
        let rows = emu.sql(&format!("Probe/{object}"), "SELECT n FROM writes");
        let kept: BTreeSet<u64> = rows.as_array().expect("rows").iter().filter_map(|row| row[0].as_u64()).collect();
        let lost: Vec<_> = acknowledged.iter().filter(|(of, n)| *of == object && !kept.contains(n)).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    }
}

/// One thing that a client does.
fn step(play: &Play<'_>, dice: &mut Dice) {
    let emu = play.emu;
    let object = *dice.pick(&OBJECTS);
    let label = format!("Probe/{object}");
    match dice.below(12) {
        0..4 => write(play, object, dice),
        4 => {
            let verb = *dice.pick(&["evict", "hibernate", "abort", "crash", "show", "why", "alarm-run", "alarm-show"]);
            // It may be refused, which is an answer too.
            let _ = emu.try_object(verb, &label, json!({ "now": dice.below(2) == 0 && verb == "evict" }));
        }
        5 => {
            let Ok(mut raw) = Raw::try_websocket(emu.port(), &format!("/object/{object}/ws")) else { return };
            raw.send(&frame(0x81, b"hello"));
            if dice.below(2) == 0 {
                raw.frame();
                raw.send(&frame(0x88, &[0x03, 0xe8]));
            }
        }
        6 => {
            let standard = format!("/object/{object}/ws?api=standard");
            let Ok(mut raw) = Raw::try_websocket(emu.port(), &standard) else { return };
            raw.send(&frame(0x81, br#"[{"sleep":3},{"broadcast":{"text":"hello"}}]"#));
            if dice.below(2) == 0 {
                raw.frame();
            }
        }
        7 => {
            let offence = dice
                .pick(&[json!({ "panic": "on purpose" }), json!({ "abort": {} }), json!({ "eat": 200_000_000 })])
                .clone();
            emu.script(&format!("/object/{object}/script"), &json!([{ "sleep": dice.below(5) }, offence]));
        }
        8 => {
            let alarm = json!([{ "alarm": { "in_ms": dice.below(20) } }, { "spawn": [{ "sleep": dice.below(20) }] }]);
            emu.script(&format!("/object/{object}/script"), &alarm);
        }
        9 => {
            let other = *dice.pick(&OBJECTS);
            let call = json!([{ "stub": { "name": other, "steps": [{ "sleep": dice.below(10) }, { "broadcast": { "text": "x" } }] } }]);
            emu.script(&format!("/object/{object}/script"), &call);
        }
        10 => {
            let length = dice.below(200_000);
            let mut raw = Raw::connect(emu.port());
            raw.send(
                format!(
                    "POST /object/{object}/count HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\nabc"
                )
                .as_bytes(),
            );
        }
        _ => {
            let mut raw = Raw::connect(emu.port());
            raw.send(b"GET /stream/zeros?bytes=1000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            raw.read(dice.below(100_000) as usize);
        }
    }
}

/// A write whose success is remembered. Failures are for the commands of the others to explain.
fn write(play: &Play<'_>, object: &'static str, dice: &mut Dice) {
    let number = play.number.fetch_add(1, Ordering::Relaxed);
    let insert = json!({ "sql": { "query": "INSERT INTO writes VALUES (?)", "params": [number] } });
    let steps = match dice.below(4) {
        0 => json!([{ "sleep": dice.below(5) }, insert]),
        1 => json!([{ "block": [{ "sleep": dice.below(3) }, insert] }]),
        2 => json!([{ "transaction": [{ "sleep": dice.below(3) }, insert] }]),
        _ => json!([insert]),
    };
    let reply = play.emu.script(&format!("/object/{object}/script"), &steps);
    if reply.status == 200 && !reply.body.contains("\"error\"") {
        play.acknowledged.lock().expect("no client panics").insert((object, number));
    }
}

fn reload_until(over: &AtomicBool, project: &Project) {
    let greetings = ["\"GREETING\": \"hello\"", "\"GREETING\": \"good day\""];
    let mut round = 0;
    while !over.load(Ordering::Relaxed) {
        project.replace(greetings[round % 2], greetings[(round + 1) % 2]);
        thread::sleep(std::time::Duration::from_millis(150));
        round += 1;
    }
}
