//! Projects and command lines that cannot be served.
//!
//! Invariant: emu says what is wrong, where, and what to do, and ends with 2 for what must be corrected first.

use crate::support::{Project, ends};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

/// Something wrong with a project, and what emu says to it.
struct Case {
    what: &'static str,
    spoil: fn(&Project),
    code: i32,
    says: &'static str,
}

const WORKERS: &[Case] = &[
    Case {
        what: "no worker",
        spoil: |project| fs::remove_file(project.path("worker.wasm")).expect("a worker"),
        code: 2,
        says: "error: `main` names `./worker.wasm`, which does not exist
  help: build the worker first, or correct `main`",
    },
    Case {
        what: "an empty worker",
        spoil: |project| project.write("worker.wasm", ""),
        code: 1,
        says: "error: `./worker.wasm` is empty
  help: build the worker again",
    },
    Case {
        what: "a truncated worker",
        spoil: |project| {
            let wasm = fs::read(project.path("worker.wasm")).expect("a worker");
            project.write("worker.wasm", &wasm[..1000]);
        },
        code: 1,
        says: "error: `./worker.wasm` is truncated or damaged at byte ",
    },
    Case {
        what: "something else",
        spoil: |project| project.write("worker.wasm", "#!/bin/sh\necho hello\n"),
        code: 1,
        says: "error: `./worker.wasm` is not a WebAssembly module
  help: `main` must name a compiled worker (`.wasm`) built against emu's `worker` crate; see guest/room",
    },
    Case {
        what: "a module that is no worker",
        spoil: |project| project.write("worker.wasm", b"\0asm\x01\0\0\0"),
        code: 1,
        says: "error: `./worker.wasm` is a WebAssembly module, but not an emu worker
  help: build it against emu's `worker` crate (see guest/room)",
    },
    Case {
        what: "a worker for another emu",
        spoil: |project| {
            let mut wasm = fs::read(project.path("worker.wasm")).expect("a worker");
            let name = b"emu_abi_3";
            let at =
                wasm.windows(name.len()).position(|window| window == name).expect("the export that says the version");
            wasm[at + name.len() - 1] = b'9';
            project.write("worker.wasm", wasm);
        },
        code: 1,
        says: "error: `./worker.wasm` speaks version 9 of the guest interface, this emu speaks version 3
  help: build the worker again with the `worker` crate that belongs to this emu",
    },
    Case {
        what: "Python",
        spoil: |project| {
            project.write("index.py", "from workers import WorkerEntrypoint");
            project.replace("worker.wasm", "index.py");
        },
        code: 1,
        says: "error: `./index.py` is Python, which this emu does not run yet
  help: it runs JavaScript, TypeScript, and compiled workers (`.wasm`)",
    },
    Case {
        what: "a folder",
        spoil: |project| {
            fs::remove_file(project.path("worker.wasm")).expect("a worker");
            fs::create_dir(project.path("worker.wasm")).expect("a folder");
        },
        code: 2,
        says: "error: `main` names `./worker.wasm`, which is a folder
  help: name the `.wasm` file in it",
    },
];

const CONFIGURATIONS: &[Case] = &[
    Case {
        what: "broken syntax",
        spoil: |project| {
            project
                .write("wrangler.jsonc", "{\n  \"name\": \"room\",\n  \"main\": \"worker.wasm\"\n  \"vars\": {}\n}\n")
        },
        code: 2,
        says: "error: `wrangler.jsonc` has 1 error

error: expected a comma
 --> wrangler.jsonc:3:24
  |
3 |   \"main\": \"worker.wasm\"
  |                        ^
  = help: put a `,` after the value before",
    },
    Case {
        what: "several problems",
        spoil: |project| {
            project.write(
                "wrangler.jsonc",
                "{\n  \"name\": \"room\",\n  \"main\": 7,\n  \"compatibility_date\": \"2026-10-01\",\n  \
                 \"compatibility_flags\": [\"nodejs_compta\"],\n  \"vras\": {}\n}\n",
            );
        },
        code: 2,
        says: "error: `wrangler.jsonc` has 2 errors

error: expected `main` to be a string, found a number
 --> wrangler.jsonc:3:11
  |
3 |   \"main\": 7,
  |           ^
  = help: put it in quotes: \"7\"

error: No such compatibility flag: nodejs_compta
 --> wrangler.jsonc:5:27
  |
5 |   \"compatibility_flags\": [\"nodejs_compta\"],
  |                           ^^^^^^^^^^^^^^^
  = help: did you mean `nodejs_compat`?

warning: Unexpected fields found in top-level field: \"vras\"
 --> wrangler.jsonc:6:3
  |
6 |   \"vras\": {}
  |   ^^^^^^
  = help: did you mean `vars`?",
    },
    Case {
        what: "a class that is not exported",
        spoil: |project| {
            project.replace("\"class_name\": \"WebSocketServer\"", "\"class_name\": \"Nobody\"");
            project.replace("[\"WebSocketServer\"", "[\"Nobody\"");
        },
        code: 2,
        says: "error: the worker does not export a class `Nobody`
 --> wrangler.jsonc:8:7
  |
8 |       { \"name\": \"WEBSOCKET_SERVER\", \"class_name\": \"Nobody\" },
  |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: it exports `WebSocketHibernationServer`, `WebSocketServer`",
    },
    Case {
        what: "a class of a worker that is not here",
        spoil: |project| {
            project
                .replace("\"class_name\": \"WebSocketServer\"", "\"class_name\": \"Chat\", \"script_name\": \"other\"");
        },
        code: 2,
        says: "error: `WEBSOCKET_SERVER` is bound to class `Chat` of worker `other`, which is not here",
    },
    Case {
        what: "no configuration",
        spoil: |project| fs::remove_file(project.path("wrangler.jsonc")).expect("a configuration"),
        code: 2,
        says: "error: there is no file `wrangler.jsonc`
  help: name the configuration: `-c path/to/wrangler.jsonc`",
    },
];

#[test]
fn what_is_wrong_with_a_project_is_said_before_it_is_served() {
    for case in WORKERS.iter().chain(CONFIGURATIONS) {
        let project = Project::room();
        (case.spoil)(&project);
        let ended = project.run(&["serve", "wrangler.jsonc", "--port", "0"]);
        assert_eq!(ended.code, Some(case.code), "{}: {}", case.what, ended.text);
        assert!(ended.text.starts_with(case.says), "{}:\n{}\ninstead of\n{}", case.what, ended.text, case.says);
    }
}

#[test]
fn a_class_in_no_migration_is_served_and_warned_about() {
    let project = Project::room();
    project.replace("[\"WebSocketServer\", ", "[");
    let emu = project.serve(&[]);
    emu.logged("warning: In your wrangler.jsonc file, you have configured `durable_objects` exported by this Worker");
    emu.logged("\"migrations\": [ …, { \"tag\": \"v2\", \"new_sqlite_classes\": [\"WebSocketServer\"] }]");
    assert!(emu.websocket("/standard/websocket").ask("one").ends_with("Total connections: 1"));
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    let project = Project::room();
    let table: &[(&[&str], &str)] = &[
        (
            &["serve", "--prot", "1"],
            "error: unexpected argument '--prot' found\n\n  tip: a similar argument exists: '--port'",
        ),
        (&["serve", "--port", "99999"], "error: invalid value '99999' for '--port <PORT>'"),
        (
            &["serve", "--ip", "nowhere"],
            "error: `nowhere` is not an IP address\n  help: give an address such as 127.0.0.1",
        ),
        (
            &["serve", "--evict-after", "10"],
            "error: invalid value '10' for '--evict-after <TIME>': give a time with its unit",
        ),
        (&["serve", "--evict-after", "-1s"], "error: "),
        (&["serve", "--hibernate", "sometimes"], "error: invalid value 'sometimes' for '--hibernate <HIBERNATE>'"),
        (
            &["serve", "--var", "A"],
            "error: invalid value 'A' for '--var <NAME:VALUE>': a variable is given as NAME:VALUE",
        ),
        (&["serve", "--compatibility-date", "yesterday"], "error: `wrangler.jsonc` has 1 error"),
        (
            &["serve", "--ephemeral", "--persist-to", "x"],
            "error: the argument '--ephemeral' cannot be used with '--persist-to",
        ),
        (&["serve", "nothing.jsonc"], "error: there is no file `nothing.jsonc`"),
        (&["explode"], "error: unrecognized subcommand 'explode'"),
    ];
    for (args, says) in table {
        let ended = project.run(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.text);
        assert!(ended.text.starts_with(says), "{args:?}: {}", ended.text);
    }
}

#[test]
fn a_busy_port_is_refused_when_asked_for_and_passed_over_when_not() {
    let project = Project::room();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let says = format!(
        "error: Address already in use (127.0.0.1:{port}). Please check that you are not already running a server on \
         this address or specify a different port with --port.\n  because: Address already in use (os error 98)"
    );
    ends(&project.run(&["serve", "--port", &port]), 1, &says);

    // If somebody has it already that does as well.
    let _default = TcpListener::bind((Ipv4Addr::LOCALHOST, 8787));
    let emu = project.start(&["serve"]);
    assert!((8788..8900).contains(&emu.port()), "{}", emu.port());
    assert_eq!(emu.get("/").status, 200);
}

#[test]
fn a_state_folder_that_cannot_be_had_is_refused() {
    let project = Project::room();
    project.write("file", "");
    let says = "error: the state folder `file` cannot be written
  because: File exists (os error 17)
  help: choose another with `--persist-to`, or keep nothing with `--ephemeral`";
    ends(&project.run(&["serve", "--port", "0", "--persist-to", "file"]), 1, says);

    let emu = project.serve(&["--persist-to", "state"]);
    let says = format!(
        "error: another emu uses the state folder `state`: {{\"pid\":{},\"url\":\"http://localhost:{}\"}}
  help: stop it, choose another folder with `--persist-to`, or keep nothing with `--ephemeral`",
        emu.pid(),
        emu.port()
    );
    ends(&project.run(&["serve", "--port", "0", "--persist-to", "state"]), 1, &says);
    // The first one goes on, and a folder of one's own can be had beside it.
    assert_eq!(emu.get("/").status, 200);
    assert_eq!(project.serve(&["--persist-to", "other"]).get("/").status, 200);
    emu.kill();
    project.serve(&["--persist-to", "state"]).stop();
}
