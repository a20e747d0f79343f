//! SIGKILL at random moments, under load.
//!
//! Invariant: every write that was acknowledged is there, what was written together is there together or not at all,
//! every alarm that was acknowledged fires, and no database is damaged.

use crate::support::{Dice, Emu, Got, Project, wait_for};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const ROUNDS: u64 = 50;
/// The longest life of an emu, after it is ready.
const LIFE_MS: u64 = 120;

/// What was acknowledged: writes by object and number, and objects whose alarm was set.
#[derive(Default)]
struct Acknowledged {
    writes: Mutex<BTreeSet<(String, u64)>>,
    alarms: Mutex<BTreeSet<String>>,
}

#[test]
fn what_was_acknowledged_survives_sigkill_at_any_moment() {
    let mut dice = Dice::new();
    let project = Project::probe();
    let acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        if dice.below(5) == 0 {
            kill_while_it_starts(&project, dice.below(60));
        }
        // Objects move between lanes from one life to the next.
        let lanes = (1 + dice.below(3)).to_string();
        let emu = project.serve(&["--lanes", &lanes]);
        thread::scope(|scope| {
            scope.spawn(|| write_over_http(&emu, round, &acknowledged));
            scope.spawn(|| write_over_a_websocket(&emu, round, &acknowledged));
            scope.spawn(|| set_alarms(&emu, round, &acknowledged));
            thread::sleep(Duration::from_millis(dice.below(LIFE_MS)));
            emu.signal(Signal::KILL);
        });
    }
    let (writes, alarms) = (acknowledged.writes.into_inner().unwrap(), acknowledged.alarms.into_inner().unwrap());
    assert!(writes.len() as u64 > ROUNDS && alarms.len() as u64 > ROUNDS, "there was hardly any load");
    let emu = project.serve(&[]);
    check_alarms(&emu, &alarms);
    let files = ["http", "websocket"].map(|object| {
        let id = emu.object("show", &format!("Probe/{object}"))["id"].as_str().expect("an id").to_owned();
        (object, project.databases("probe-Probe").join(format!("{id}.sqlite")))
    });
    emu.stop();
    for (object, file) in files {
        check_writes(&file, object, &writes);
    }
    check_databases(&project);
    println!("{} writes and {} alarms in {ROUNDS} rounds", writes.len(), alarms.len());
}

/// A number that is written as a key and as a row in one turn.
fn steps(number: u64) -> Value {
    json!([
        { "sql": { "query": "CREATE TABLE IF NOT EXISTS writes (n INTEGER)" } },
        { "kv": { "put": [number.to_string(), number] } },
        { "sql": { "query": "INSERT INTO writes VALUES (?)", "params": [number] } },
    ])
}

fn write_over_http(emu: &Emu, round: u64, acknowledged: &Acknowledged) {
    for number in round * 1_000_000.. {
        let body = steps(number).to_string();
        match emu.try_request("POST", "/object/http/script", &[], body.as_bytes()) {
            Ok(reply) => {
                assert!(reply.status == 200 && !reply.body.contains("error"), "{}", reply.body);
                acknowledged.writes.lock().unwrap().insert(("http".into(), number));
            }
            Err(_) => return,
        }
    }
}

fn write_over_a_websocket(emu: &Emu, round: u64, acknowledged: &Acknowledged) {
    let Some(mut socket) = emu.try_websocket("/object/websocket/ws") else { return };
    for number in round * 1_000_000.. {
        let sent = socket.try_send(tokio_websockets::Message::text(steps(number).to_string()));
        match (sent, socket.next()) {
            (Ok(()), Got::Text(text)) => {
                assert!(!text.contains("error"), "{text}");
                acknowledged.writes.lock().unwrap().insert(("websocket".into(), number));
            }
            _ => return,
        }
    }
}

fn set_alarms(emu: &Emu, round: u64, acknowledged: &Acknowledged) {
    for number in 0..20 {
        let object = format!("alarm-{round}-{number}");
        // Some are due at once, some in this life, some in a later one.
        let body = json!([{ "alarm": { "in_ms": number * 20 } }]).to_string();
        match emu.try_request("POST", &format!("/object/{object}/script"), &[], body.as_bytes()) {
            Ok(reply) => {
                assert_eq!(reply.status, 200, "{}", reply.body);
                acknowledged.alarms.lock().unwrap().insert(object);
            }
            Err(_) => return,
        }
    }
}

fn kill_while_it_starts(project: &Project, after_ms: u64) {
    let mut command = project.command(&["serve", "--port", "0"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("emu can be started");
    thread::sleep(Duration::from_millis(after_ms));
    child.kill().expect("one's own process");
    child.wait().expect("a killed process ends");
}

fn check_writes(file: &Path, object: &str, writes: &BTreeSet<(String, u64)>) {
    let database = rusqlite::Connection::open(file).expect("a database");
    let numbers = |query: &str| -> Vec<i64> {
        let mut statement = database.prepare(query).expect("a table");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a number")).collect()
    };
    let rows = numbers("SELECT n FROM writes ORDER BY n");
    let keys = numbers("SELECT CAST(key AS INTEGER) AS n FROM _cf_KV WHERE key GLOB '[0-9]*' ORDER BY n");
    assert_eq!(rows, keys, "{object}: half of a turn was kept");
    for (_, number) in writes.iter().filter(|(of, _)| of == object) {
        assert!(rows.binary_search(&(*number as i64)).is_ok(), "{object}: {number} was acknowledged and is lost");
    }
}

fn check_alarms(emu: &Emu, alarms: &BTreeSet<String>) {
    for object in alarms {
        wait_for(&format!("the alarm of {object}"), || {
            let runs = emu.in_object(object, &json!([{ "kv": { "get": "alarm_runs" } }]));
            runs[0].is_array().then_some(())
        });
    }
}

fn check_databases(project: &Project) {
    let mut checked = 0;
    for entry in fs::read_dir(project.databases("probe-Probe")).expect("the objects' folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            let database = rusqlite::Connection::open(&path).expect("a database");
            let verdict: String =
                database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
            assert_eq!(verdict, "ok", "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked > ROUNDS, "{checked} databases");
}
