//! Databases that are damaged, locked, or cannot grow.
//!
//! Invariant: the object they belong to fails with the reason; every other object works.

use crate::support::{Emu, Got, Project};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

const CLASS: &str = "WebSocketHibernationServer";

/// What is done to the file of an object, and what the log says when it is used.
struct Damage {
    what: &'static str,
    damage: fn(&Path),
    says: &'static str,
}

const DAMAGES: &[Damage] = &[
    Damage {
        what: "another file",
        damage: |file| fs::write(file, "this is no database ".repeat(1000)).expect("a file"),
        says: "file is not a database: SQLITE_NOTADB",
    },
    Damage {
        what: "noise in the middle",
        damage: |file| {
            let mut bytes = fs::read(file).expect("a file");
            bytes[4096..].fill(0xff);
            fs::write(file, bytes).expect("a file");
        },
        says: "database disk image is malformed: SQLITE_CORRUPT",
    },
    Damage {
        what: "a folder",
        damage: |file| {
            fs::remove_file(file).expect("a file");
            fs::create_dir(file).expect("a folder");
        },
        says: "SQLITE_CANTOPEN",
    },
];

#[test]
fn a_damaged_database_is_its_own_objects_trouble() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for room in ["broken", "whole"] {
        emu.websocket(&format!("/room/{room}/websocket")).ask("remember me");
    }
    let file = database(&project, &emu, "broken");
    emu.stop();
    let bytes = fs::read(&file).expect("the object's file");
    for Damage { what, damage, says } in DAMAGES {
        remove_log(&file);
        damage(&file);
        let emu = project.serve(&[]);
        for _ in 0..2 {
            assert_eq!(emu.get("/room/broken/history").status, 500, "{what}");
            assert!(emu.text("/room/whole/history").contains("remember me"), "{what}");
        }
        emu.logged(says);
        assert!(!emu.log().contains("panicked"), "{}", emu.log());
        emu.stop();
        if file.is_dir() {
            fs::remove_dir(&file).expect("a folder");
        }
        remove_log(&file);
        fs::write(&file, &bytes).expect("a file");
    }
    // What was put back is read again.
    assert!(project.serve(&[]).text("/room/broken/history").contains("remember me"));
}

#[test]
fn a_database_that_another_program_holds_is_named() {
    let project = Project::room();
    let emu = project.serve(&[]);
    for room in ["held", "free"] {
        emu.websocket(&format!("/room/{room}/websocket")).ask("remember me");
    }
    let file = database(&project, &emu, "held");
    emu.stop();
    let other = rusqlite::Connection::open(&file).expect("a database");
    other.execute_batch("BEGIN EXCLUSIVE").expect("nobody else uses it");
    let emu = project.serve(&[]);
    assert_eq!(emu.get("/room/held/history").status, 500);
    assert!(emu.text("/room/free/history").contains("remember me"));
    emu.logged("database is locked");
    // Once it is let go, the object works.
    drop(other);
    assert!(emu.text("/room/held/history").contains("remember me"));
}

#[test]
fn alarms_that_cannot_be_read_are_said_at_the_start() {
    let project = Project::room();
    let emu = project.serve(&[]);
    emu.websocket("/websocket").ask("one");
    emu.stop();
    let index = project.databases(&format!("room-{CLASS}")).join("metadata.sqlite");
    remove_log(&index);
    fs::write(&index, "garbage ".repeat(1000)).expect("a file");
    let ended = project.run(&["serve", "--port", "0"]);
    assert_eq!(ended.code, Some(1), "{}", ended.text);
    let says = format!("error: cannot open the database `./.wrangler/state/v3/do/room-{CLASS}/metadata.sqlite`");
    assert!(ended.text.starts_with(&says), "{}", ended.text);
}

#[test]
fn what_does_not_fit_on_the_disk_is_never_acknowledged() {
    let project = Project::room();
    let emu = project.serve_after("trap '' XFSZ");
    // From now on no file of the process may grow beyond 512 KiB; a write beyond fails, as on a full disk.
    let limit = Rlimit { current: Some(512 * 1024), maximum: None };
    prlimit(Pid::from_raw(emu.pid() as i32), Resource::Fsize, limit).expect("one's own process");
    let mut socket = emu.websocket("/room/full/websocket");
    let text = "x".repeat(50_000);
    let mut acknowledged = 0;
    loop {
        socket.say(&text);
        match socket.next() {
            Got::Text(_) => acknowledged += 1,
            Got::Lost => break,
            other => panic!("{other:?}"),
        }
        assert_eq!(socket.next(), Got::Text(socket_line(&emu, &text)), "the second line");
        assert!(acknowledged < 100, "the disk is never full");
    }
    assert!(acknowledged > 3, "{acknowledged}");
    // Others work, and nothing that was acknowledged is lost.
    assert!(emu.websocket("/room/small/websocket").ask("fits").contains("message: fits, from: "));
    emu.kill();
    let emu = project.serve(&[]);
    assert_eq!(emu.sql(&format!("{CLASS}/full"), "SELECT count(*) FROM messages"), json!([[acknowledged]]));
    assert!(emu.text("/room/small/history").contains("fits"));
    assert!(emu.websocket("/room/full/websocket").ask("again").contains("message: again, from: "));
}

/// The line that goes to everybody, in a room with one client.
fn socket_line(emu: &Emu, text: &str) -> String {
    let rows = emu.sql(&format!("{CLASS}/full"), "SELECT sender FROM messages LIMIT 1");
    let id = rows[0][0].as_str().expect("a sender");
    format!("[Durable Object] message: {text}, from: {id}, to: all clients. Total connections: 1")
}

/// The file of a room.
fn database(project: &Project, emu: &Emu, room: &str) -> PathBuf {
    let id = emu.object("show", &format!("{CLASS}/{room}"))["id"].as_str().expect("an id").to_owned();
    project.databases(&format!("room-{CLASS}")).join(format!("{id}.sqlite"))
}

/// Removes the write-ahead log of a file, which would repair it.
fn remove_log(file: &Path) {
    for end in ["-wal", "-shm"] {
        // There may be none.
        let _ = fs::remove_file(format!("{}{end}", file.display()));
    }
}
