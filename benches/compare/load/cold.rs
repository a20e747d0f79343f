//! The first request to an object that never existed, one at a time.
//!
//! Invariant: see `load`.

use std::time::Instant;

use super::Round;
use crate::Result;
use crate::http::Connection;
use crate::server::Server;
use crate::stats::percentile;
use crate::works::{Metric, Route};

/// One round.
pub(super) async fn round(server: &Server, route: Route, names: u32, tag: &str) -> Result<Round> {
    let mut connection = Connection::open(server.port()).await?;
    let mut times_ms = Vec::with_capacity(names as usize);
    for number in 0..names {
        let path = route.path(&format!("{tag}-{number}"));
        let at = Instant::now();
        let count = connection.count(&path).await?;
        times_ms.push(at.elapsed().as_secs_f64() * 1e3);
        if count != 1 {
            return Err(format!("`{path}` answered {count}: the object is not new").into());
        }
    }
    let reading = |metric, share| percentile(&times_ms, share).map(|value| (metric, value));
    let readings = [reading(Metric::MedianMs, 0.5), reading(Metric::P99Ms, 0.99)];
    Ok(Round { readings: readings.into_iter().flatten().collect(), notes: Vec::new() })
}
