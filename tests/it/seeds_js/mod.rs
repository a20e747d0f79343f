//! The workers that the seed documents describe, from source: as fixtures of this project, and as the documents print them.
//!
//! Invariant: a fixture and the document it was written after get the same clients.

mod clients;
mod documents;
mod repairs;

use crate::support::{Emu, Project};

/// The objects leave memory whenever they may.
const SHAKEN: &[&str] = &["--hibernate", "after-every-event"];

/// Serves a fixture once for each of these lists of arguments, and lets the clients at it.
fn serve(fixture: &str, arguments: &[&[&str]], clients: fn(&Emu)) {
    let project = Project::sources(fixture);
    for arguments in arguments {
        let emu = project.serve(arguments);
        clients(&emu);
        emu.stop();
    }
}

#[test]
fn the_guides_hibernation_server() {
    serve("guide_hibernation", &[&[], SHAKEN], clients::guide_hibernation);
}

#[test]
fn the_guides_alarm() {
    serve("guide_alarm", &[&[]], clients::guide_alarm);
    serve("guide_alarm", &[SHAKEN], clients::guide_alarm);
}

#[test]
fn a_server_that_counts_its_standard_sockets() {
    serve("websocket_standard", &[&[]], clients::websocket_standard);
}

#[test]
fn a_server_that_counts_its_hibernatable_sockets() {
    serve("websocket_hibernation", &[&[], SHAKEN], clients::websocket_hibernation);
}

#[test]
fn a_chat_on_standard_sockets_in_javascript() {
    serve("chat_standard_js", &[&[]], clients::chat_standard);
}

#[test]
fn a_chat_on_standard_sockets_in_typescript() {
    serve("chat_standard_ts", &[&[]], clients::chat_standard);
}

#[test]
fn a_chat_on_hibernatable_sockets_in_javascript() {
    serve("chat_hibernation_js", &[&[], SHAKEN], clients::chat_hibernation);
}

#[test]
fn a_chat_on_hibernatable_sockets_in_typescript() {
    serve("chat_hibernation_ts", &[&[], SHAKEN], clients::chat_hibernation);
}
