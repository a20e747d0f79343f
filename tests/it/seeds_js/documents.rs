//! The examples as the documents print them, read from the folder of seeds where there is one.
//!
//! Invariant: changes nothing in an example but what `repairs` lists.

use super::repairs::{self, Repair};
use super::{SHAKEN, clients};
use crate::support::{Emu, Project, repository};
use std::fs;
use std::path::PathBuf;

/// An example in a document.
struct Printed {
    /// The number that the document's name begins with.
    document: &'static str,
    code: Cut,
    repairs: &'static [Repair],
    /// The file that the code is written to.
    main: &'static str,
    config: Config,
    clients: fn(&Emu),
    /// Whether its objects may leave memory while clients are connected.
    hibernates: bool,
}

/// A part of a document.
struct Cut {
    /// Texts before it, in this order.
    after: &'static [&'static str],
    /// The text right after it; nothing if it goes to the end.
    until: Option<&'static str>,
}

/// Where an example's configuration is.
enum Config {
    /// In the document.
    Printed(Cut, &'static [Repair]),
    /// Nowhere, so it is written for this class and the binding of this name.
    Missing(&'static str, &'static str),
}

const HIBERNATION_EXAMPLE: &str = "<example id=\"durable_objects_websocket\">";
const ALARM_EXAMPLE: &str = "<example id=\"durable_objects_alarm_example\">";
const TYPESCRIPT: &str = "<code language=\"typescript\">";

/// The document's configuration, which it prints once for all languages.
const CHAT_CONFIG: Config = Config::Printed(
    Cut { after: &["the namespace and class name chosen previously.\n"], until: Some("name = ") },
    repairs::CHAT_CONFIG,
);

#[test]
fn the_guides_hibernation_server_as_printed() {
    run(&Printed {
        document: "000",
        code: Cut { after: &[HIBERNATION_EXAMPLE, TYPESCRIPT], until: Some("</code>") },
        repairs: repairs::GUIDE_HIBERNATION,
        main: "src/index.ts",
        config: Config::Printed(
            Cut { after: &[HIBERNATION_EXAMPLE, "<configuration>"], until: Some("</configuration>") },
            repairs::GUIDE_CONFIG,
        ),
        clients: clients::guide_hibernation,
        hibernates: true,
    });
}

#[test]
fn the_guides_alarm_as_printed() {
    run(&Printed {
        document: "000",
        code: Cut { after: &[ALARM_EXAMPLE, TYPESCRIPT], until: Some("</code>") },
        repairs: repairs::GUIDE_ALARM,
        main: "src/index.ts",
        config: Config::Printed(
            Cut { after: &[ALARM_EXAMPLE, "<configuration>"], until: Some("</configuration>") },
            repairs::GUIDE_ALARM_CONFIG,
        ),
        clients: clients::guide_alarm_as_printed,
        hibernates: false,
    });
}

#[test]
fn a_server_that_counts_its_standard_sockets_as_printed() {
    run(&Printed {
        document: "001",
        code: Cut { after: &[], until: None },
        repairs: repairs::STANDARD,
        main: "src/index.ts",
        config: Config::Missing("WEBSOCKET_SERVER", "WebSocketServer"),
        clients: clients::websocket_standard,
        hibernates: false,
    });
}

#[test]
fn a_server_that_counts_its_hibernatable_sockets_as_printed() {
    run(&Printed {
        document: "002",
        code: Cut { after: &[], until: None },
        repairs: repairs::HIBERNATION,
        main: "src/index.ts",
        config: Config::Missing("WEBSOCKET_HIBERNATION_SERVER", "WebSocketHibernationServer"),
        clients: clients::websocket_hibernation,
        hibernates: true,
    });
}

#[test]
fn a_chat_on_standard_sockets_in_javascript_as_printed() {
    run(&Printed {
        document: "003",
        code: Cut {
            after: &["refer to Use Durable Objects with WebSockets.\n"],
            until: Some("import { DurableObject } from 'cloudflare:workers'"),
        },
        repairs: repairs::CHAT,
        main: "src/index.js",
        config: CHAT_CONFIG,
        clients: clients::chat_standard,
        hibernates: false,
    });
}

#[test]
fn a_chat_on_standard_sockets_in_typescript_as_printed() {
    run(&Printed {
        document: "003",
        code: Cut { after: &["\"Durable Object is closing WebSocket\"); }}"], until: Some("from workers import") },
        repairs: repairs::CHAT,
        main: "src/index.ts",
        config: CHAT_CONFIG,
        clients: clients::chat_standard,
        hibernates: false,
    });
}

#[test]
fn a_chat_on_hibernatable_sockets_in_typescript_as_printed() {
    run(&Printed {
        document: "004",
        code: Cut { after: &["Code Example:\ntypescript\n"], until: None },
        repairs: &[],
        main: "src/index.ts",
        config: Config::Missing("WEBSOCKET_HIBERNATION_SERVER", "WebSocketHibernationServer"),
        clients: clients::chat_hibernation,
        hibernates: true,
    });
}

/// Serves an example and lets the clients at it, once for each way to serve it.
fn run(example: &Printed) {
    let Some(document) = read(example.document) else { return };
    let project = Project::empty();
    project.write(example.main, repairs::apply(example.code.of(&document), example.repairs));
    let config = match &example.config {
        Config::Printed(cut, repairs) => repairs::apply(cut.of(&document), repairs),
        Config::Missing(binding, class) => config(example.main, binding, class),
    };
    let main_in_config = format!("\"{}\"", example.main);
    project.write("wrangler.jsonc", config.replace("\"src/index.ts\"", &main_in_config));
    complete(&project, example.main);
    let ways: &[&[&str]] = if example.hibernates { &[&[], SHAKEN] } else { &[&[]] };
    for arguments in ways {
        let emu = project.serve(arguments);
        (example.clients)(&emu);
        emu.stop();
    }
}

/// An example that shows a class alone gets a worker that passes requests on to one object of it.
fn complete(project: &Project, main: &str) {
    let code = fs::read_to_string(project.path(main)).expect("the code just written");
    if code.contains("export default") {
        return;
    }
    let worker = "\nexport default {\n    fetch(request: Request, env: any): Promise<Response> {\n        \
                  const objects = env.WEBSOCKET_HIBERNATION_SERVER;\n        \
                  return objects.get(objects.idFromName(\"guide\")).fetch(request);\n    },\n};\n";
    project.write(main, code + worker);
}

fn config(main: &str, binding: &str, class: &str) -> String {
    let config = serde_json::json!({
        "name": "printed",
        "main": main,
        "compatibility_date": "2026-10-01",
        "durable_objects": { "bindings": [{ "name": binding, "class_name": class }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": [class] }],
    });
    config.to_string()
}

impl Cut {
    /// This part of a document.
    fn of(&self, document: &str) -> String {
        let mut rest = document;
        for mark in self.after {
            (_, rest) = rest.split_once(mark).unwrap_or_else(|| panic!("`{mark}` is not in the document"));
        }
        let Some(until) = self.until else { return rest.to_owned() };
        let (part, _) = rest.split_once(until).unwrap_or_else(|| panic!("`{until}` is not in the document"));
        part.to_owned()
    }
}

/// The document whose name begins with this number; nothing, and a line that says so, where the documents are not.
fn read(number: &str) -> Option<String> {
    let given = std::env::var_os("EMU_SEEDS").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| repository().join("../shared/seeds"));
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: there is no folder {} (EMU_SEEDS names another)", folder.display());
        return None;
    };
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    let document = paths.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number)));
    let document = document.unwrap_or_else(|| panic!("{} has no document {number}", folder.display()));
    Some(fs::read_to_string(document).expect("UTF-8 text"))
}
