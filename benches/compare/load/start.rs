//! From the start of the process to the end of its first answer.
//!
//! Invariant: see `load`.

use std::time::Instant;

use super::{Round, Setting};
use crate::Result;
use crate::http::Connection;
use crate::server::Server;
use crate::side::Start;
use crate::works::Metric;

/// One start.
pub(super) async fn round(setting: Setting<'_>) -> Result<Round> {
    let at = Instant::now();
    let server = Server::start(setting.programs, setting.side, Start { bare: true, ..setting.start() }).await?;
    let mut connection = Connection::open(server.port()).await?;
    let body = connection.get("/hello").await?;
    let start_ms = at.elapsed().as_secs_f64() * 1e3;
    if body != "hello" {
        return Err(format!("the first answer is `{body}` instead of `hello`").into());
    }
    Ok(Round { readings: vec![(Metric::MedianMs, start_ms)], notes: Vec::new() })
}
