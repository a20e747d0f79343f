//! What objects keep.
//!
//! Invariant: the writes of a turn are kept together or not at all, and before anybody learns of them.

use crate::support::Project;
use rusqlite::types::Value;
use serde_json::json;
use std::fs;
use std::thread;

#[test]
fn values_come_back_as_they_were_put_in_from_any_instance() {
    let project = Project::probe();
    let emu = project.serve(&["--hibernate", "after-every-event"]);
    let values =
        json!([false, true, -1, 1.5, 9007199254740991_u64, "ünï", [1, [2, {}]], { "b": { "a": [] }, "a": "" }]);
    for (index, value) in values.as_array().expect("a list").iter().enumerate() {
        emu.in_object("a", &json!([{ "kv": { "put": [format!("k{index}"), value] } }]));
    }
    for (index, value) in values.as_array().expect("a list").iter().enumerate() {
        assert_eq!(emu.in_object("a", &json!([{ "kv": { "get": format!("k{index}") } }])), json!([value]));
    }
    let table = [
        (json!({ "get": "nothing" }), json!(null)),
        (json!({ "get_many": ["k3", "nothing", "k1"] }), json!([["k1", true], ["k3", 1.5]])),
        (json!({ "list": { "prefix": "k", "limit": 2 } }), json!([["k0", false], ["k1", true]])),
        (json!({ "list": { "start": "k1", "end": "k3" } }), json!([["k1", true], ["k2", -1]])),
        (json!({ "list": { "start": "k1", "end": "k4", "reverse": true, "limit": 1 } }), json!([["k3", 1.5]])),
        (json!({ "delete": "k0" }), json!(true)),
        (json!({ "delete": "k0" }), json!(false)),
        (json!({ "delete_many": ["k0", "k1", "k2"] }), json!(2)),
        (json!({ "put_many": { "z": 1, "y": 2 } }), json!(null)),
        (
            json!({ "list": { "start": "k6" } }),
            json!([["k6", [1, [2, {}]]], ["k7", { "a": "", "b": { "a": [] } }], ["y", 2], ["z", 1]]),
        ),
        (json!("delete_all"), json!(null)),
        (json!({ "list": {} }), json!([])),
    ];
    for (step, result) in table {
        assert_eq!(emu.in_object("a", &json!([{ "kv": step }])), json!([result]), "{step}");
    }
}

#[test]
fn sql_answers_as_the_platform_does() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let table = [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b BLOB)", json!([]), Ok(json!([]))),
        (
            "INSERT INTO t (a, b) VALUES (?, ?), ('two', NULL) RETURNING id",
            json!(["one", { "blob": [0, 255] }]),
            Ok(json!([[1], [2]])),
        ),
        (
            "SELECT a, b, id, 1.5 FROM t ORDER BY id",
            json!([]),
            Ok(json!([["one", { "blob": [0, 255] }, 1, 1.5], ["two", null, 2, 1.5]])),
        ),
        ("SELECT ?", json!([true]), Ok(json!([["true"]]))),
        ("SELECT 1; SELECT 2", json!([]), Ok(json!([[2]]))),
        (
            "INSERT INTO t (a) VALUES ('one')",
            json!([]),
            Err("UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"),
        ),
        ("SELECT 1 FROM bunk bunk bunk", json!([]), Err("near \"bunk\": syntax error at offset 24: SQLITE_ERROR")),
        ("SELECT ?", json!([]), Err("Wrong number of parameter bindings for SQL query.")),
        ("SELECT 1; -- a comment", json!([]), Err("SQL code did not contain a statement.")),
        (
            "SELECT ?; SELECT 1",
            json!([1]),
            Err(
                "When executing multiple SQL statements in a single call, only the last statement can have parameters.",
            ),
        ),
        (
            "BEGIN TRANSACTION",
            json!([]),
            Err(
                "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs",
            ),
        ),
        ("ATTACH DATABASE ':memory:' AS other", json!([]), Err("not authorized")),
        ("CREATE TABLE _cf_mine (a)", json!([]), Err("not authorized")),
        ("SELECT * FROM _cf_KV", json!([]), Err("access to _cf_KV.")),
        ("SELECT sqlite_version()", json!([]), Err("not authorized to use function: sqlite_version")),
        ("PRAGMA journal_mode = DELETE", json!([]), Err("not authorized")),
    ];
    emu.in_object("a", &json!([{ "kv": { "put": ["k", "v"] } }]));
    for (query, params, expected) in table {
        let results = emu.in_object("a", &json!([{ "sql": { "query": query, "params": params } }]));
        match expected {
            Ok(rows) => assert_eq!(results[0]["rows"], rows, "{query}: {results}"),
            Err(text) => {
                let error = results[0]["error"].as_str().unwrap_or_default();
                assert!(error.trim_start_matches("Error: ").starts_with(text), "{query}: {results}");
            }
        }
    }
}

#[test]
fn a_class_that_is_in_no_migration_has_no_sql() {
    let project = Project::probe();
    project.replace("[\"Probe\", \"Built\"]", "[\"Built\"]");
    let emu = project.serve(&[]);
    let results = emu.in_object(
        "a",
        &json!([{ "kv": { "put": ["k", 1] } }, { "kv": { "get": "k" } }, { "sql": { "query": "SELECT 1" } }]),
    );
    assert_eq!(results[1], 1);
    let error = results[2]["error"].as_str().unwrap_or_default();
    let text =
        "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to `new_sqlite_classes`";
    assert!(error.contains(text), "{results}");
}

#[test]
fn a_transaction_is_kept_whole_or_undone_whole() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    emu.in_object(
        "a",
        &json!([{ "kv": { "put": ["k", "before"] } }, { "sql": { "query": "CREATE TABLE t (n INTEGER)" } }]),
    );
    let write = [json!({ "kv": { "put": ["k", "after"] } }), json!({ "sql": { "query": "INSERT INTO t VALUES (1)" } })];
    let read = json!([{ "kv": { "get": "k" } }, { "sql": { "query": "SELECT count(*) FROM t" } }]);
    // The last step of the transaction, and whether it is kept.
    let table = [(json!({ "throw": "no" }), false), (json!("rollback"), false), (json!({ "sleep": 10 }), true)];
    for (last, kept) in table {
        emu.in_object("a", &json!([{ "transaction": [write[0], write[1], { "sleep": 10 }, last] }]));
        let results = emu.in_object("a", &read);
        let expected = if kept { json!(["after", [[1]]]) } else { json!(["before", [[0]]]) };
        assert_eq!(json!([results[0], results[1]["rows"]]), expected, "{last}");
    }
}

#[test]
fn what_an_event_wrote_in_a_turn_that_failed_is_undone() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let put = |value: &str| json!({ "kv": { "put": ["k", value] } });
    let get = json!([{ "kv": { "get": "k" } }]);
    // Steps, and what is left of them.
    let table = [
        ("one turn", json!([put("lost"), put("lost too"), { "panic": "now" }]), json!([null])),
        ("after an await", json!([put("kept"), { "sleep": 1 }, put("lost"), { "panic": "now" }]), json!(["kept"])),
        ("after a sync", json!([put("kept"), "sync", put("lost"), { "abort": {} }]), json!(["kept"])),
        ("an exception", json!([put("kept"), { "throw": "caught" }]), json!(["kept"])),
    ];
    for (what, steps, left) in table {
        let object = what.replace(' ', "-");
        emu.script(&format!("/object/{object}/script"), &steps);
        assert_eq!(emu.in_object(&object, &get), left, "{what}");
    }
}

#[test]
fn an_object_is_found_by_name_and_by_id_and_has_the_platforms_id() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    // The first 16 bytes are HMAC-SHA256(SHA-256("probe-Probe"), "lobby"), the rest authenticates them.
    let by_name = emu.in_worker(&json!([{ "ids": { "name": "lobby" } }]))[0].clone();
    let hex = by_name["id"].as_str().expect("an id").to_owned();
    assert_eq!((by_name["name"].as_str(), hex.len()), (Some("lobby"), 64));
    emu.in_object("lobby", &json!([{ "kv": { "put": ["k", "here"] } }]));
    assert!(project.databases("probe-Probe").join(format!("{hex}.sqlite")).is_file());
    let found = emu.in_worker(&json!([
        { "stub": { "hex": hex, "steps": [{ "kv": { "get": "k" } }, "id"] } },
        { "stub": { "name": "lobby", "steps": ["id"] } },
        { "ids": { "hex": hex.to_uppercase() } },
        { "ids": { "hex": "abc" } },
        { "ids": { "hex": "0".repeat(64) } },
    ]));
    assert_eq!(found[0][0], "here");
    assert_eq!(found[1], json!([{ "id": hex, "name": "lobby" }]));
    assert_eq!(found[2], json!({ "id": hex, "name": null }));
    assert_eq!(found[3]["error"], "TypeError: Invalid Durable Object ID: must be 64 hex digits");
    assert_eq!(found[4]["error"], "TypeError: Durable Object ID is not valid for this namespace.");
    // Ids of their own are all different, and nameless.
    let unique = emu.in_worker(&json!([{ "ids": {} }, { "ids": {} }, { "stub": { "steps": ["id"] } }]));
    assert_ne!(unique[0]["id"], unique[1]["id"]);
    assert_eq!(unique[2][0]["name"], json!(null));
}

#[test]
fn a_renamed_class_keeps_its_objects() {
    let project = Project::probe();
    let config = |class: &str, migrations: &str| {
        format!(
            r#"{{ "name": "probe", "main": "worker.wasm", "compatibility_date": "2026-10-01", "migrations": [{migrations}],
                 "durable_objects": {{ "bindings": [{{ "name": "PROBE", "class_name": "{class}" }}] }} }}"#
        )
    };
    let created = r#"{ "tag": "v1", "new_sqlite_classes": ["Built"] }"#;
    let renamed = r#", { "tag": "v2", "renamed_classes": [{ "from": "Built", "to": "Probe" }] }"#;
    project.write("wrangler.jsonc", config("Built", created));
    let emu = project.serve(&[]);
    let id = emu.in_object("plain", &json!([{ "kv": { "put": ["k", "kept"] } }, "id"]))[1]["id"].clone();
    emu.stop();
    project.write("wrangler.jsonc", config("Probe", &format!("{created}{renamed}")));
    for _ in 0..2 {
        let emu = project.serve(&[]);
        assert_eq!(emu.in_object("plain", &json!([{ "kv": { "get": "k" } }])), json!(["kept"]));
        let found = emu.in_worker(&json!([{ "stub": { "hex": id, "steps": [{ "kv": { "get": "k" } }] } }]));
        assert_eq!(found, json!([["kept"]]));
        emu.stop();
    }
}

#[test]
fn there_may_be_more_objects_than_files_are_held_open() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let objects: Vec<String> = (0..400).map(|number| format!("o{number}")).collect();
    for object in &objects {
        emu.in_object(object, &json!([{ "kv": { "put": ["k", object] } }]));
    }
    for object in &objects {
        assert_eq!(emu.in_object(object, &json!([{ "kv": { "get": "k" } }])), json!([object]));
    }
    let open = fs::read_dir(format!("/proc/{}/fd", emu.pid())).expect("the process is there").count();
    assert!(open < 900, "{open} open files for 400 objects");
    assert_eq!(emu.objects().len(), 400);
}

#[test]
fn concurrent_events_lose_no_update() {
    let project = Project::probe();
    let emu = project.serve(&["--lanes", "2"]);
    emu.in_object("a", &json!([{ "sql": { "query": "CREATE TABLE t (n INTEGER)" } }, { "sql": { "query": "INSERT INTO t VALUES (0)" } }]));
    let add = json!([{ "sql": { "query": "UPDATE t SET n = n + 1" } }]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| drop(emu.in_object("a", &add))));
        }
    });
    assert_eq!(emu.sql("Probe/a", "SELECT n FROM t"), json!([[400]]));
}

/// `"v"` and `1` in V8's serialisation.
const TEXT_V: &[u8] = b"\xff\x0f\"\x01v";
const NUMBER_1: &[u8] = b"\xff\x0fI\x02";

#[test]
fn other_tools_find_the_platforms_own_files() {
    let project = Project::probe();
    let emu = project.serve(&[]);
    let due_ms = 1_893_456_000_000_i64;
    emu.in_object("a", &json!([{ "kv": { "put": ["k", "v"] } }, { "alarm": { "at_ms": due_ms } }]));
    let id = emu.object("show", "Probe/a")["id"].as_str().expect("an id").to_owned();
    emu.stop();
    let folder = project.databases("probe-Probe");
    let object = rusqlite::Connection::open(folder.join(format!("{id}.sqlite"))).expect("a database");
    let pragma =
        |name: &str| object.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, Value>(0)).expect("a value");
    assert_eq!((pragma("journal_mode"), pragma("page_size")), (Value::Text("wal".into()), Value::Integer(4096)));
    let value: Vec<u8> =
        object.query_row("SELECT value FROM _cf_KV WHERE key = 'k'", [], |row| row.get(0)).expect("a row");
    assert_eq!(value, TEXT_V);
    let due_ns: i64 =
        object.query_row("SELECT value FROM _cf_METADATA WHERE key = 1", [], |row| row.get(0)).expect("a row");
    assert_eq!(due_ns, due_ms * 1_000_000);
    let index = rusqlite::Connection::open(folder.join("metadata.sqlite")).expect("a database");
    let query = "SELECT actor_id, scheduled_time, actor_name FROM _cf_ALARM";
    let row: (String, i64, String) =
        index.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("a row");
    assert_eq!(row, (id, due_ns, "a".to_owned()));
}

#[test]
fn files_of_other_tools_are_read() {
    let project = Project::probe();
    let emu = project.serve(&["--ephemeral"]);
    let id = emu.in_worker(&json!([{ "ids": { "name": "a" } }]))[0]["id"].as_str().expect("an id").to_owned();
    emu.stop();
    let folder = project.databases("probe-Probe");
    fs::create_dir_all(&folder).expect("a folder");
    let object = rusqlite::Connection::open(folder.join(format!("{id}.sqlite"))).expect("a database");
    object
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
             CREATE TABLE mine (n INTEGER); INSERT INTO mine VALUES (7);",
        )
        .expect("tables");
    object.execute("INSERT INTO _cf_KV VALUES ('k', ?)", [NUMBER_1]).expect("a row");
    drop(object);
    let emu = project.serve(&[]);
    let results = emu.in_object("a", &json!([{ "kv": { "get": "k" } }, { "sql": { "query": "SELECT n FROM mine" } }]));
    assert_eq!((&results[0], &results[1]["rows"]), (&json!(1), &json!([[7]])));
}
