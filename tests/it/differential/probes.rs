//! Probes: functions of the fixture that write down what they find.
//!
//! Invariant: the list of them is the fixture's own.

use super::transcript::{Transcript, line};
use crate::support::{Reply, agent, exchange};

/// The paths of all probes.
pub(super) fn paths(port: u16) -> Vec<String> {
    let listed = get(port, "/probes");
    let mut paths: Vec<String> =
        serde_json::from_str(&listed.body).unwrap_or_else(|error| panic!("{error}: {}", listed.body));
    paths.push("/global-scope".into());
    paths
}

/// What one of them writes.
pub(super) fn run(port: u16, path: &str) -> Transcript {
    let reply = get(port, path);
    if reply.status != 200 {
        return vec![line("status", reply.status), line("body", reply.body.escape_debug())];
    }
    let labelled =
        |text: &str| text.split_once(": ").map_or_else(|| line(text, ""), |(label, value)| line(label, value));
    reply.body.lines().map(labelled).collect()
}

fn get(port: u16, path: &str) -> Reply {
    let url = format!("http://localhost:{port}{path}");
    exchange(&agent(), "GET", &url, &[], b"").unwrap_or_else(|error| panic!("{path}: {error}"))
}
