//! The clock of `--virtual-time`, which all lanes share: what `emu clock` speaks to.
//!
//! * `GET /cdn-cgi/local/clock`: `{"now": ms, "virtual": bool}`.
//! * `POST /cdn-cgi/local/clock`: `{"advance": ms}` or `{"to": ms}`; answered when nothing is due any more.
//!
//! The clock goes from one due time to the next. It goes on when nothing is due on any lane and no lane has something
//! under way to another one. Requests to the network take real time; they are waited for, but not for long.
//!
//! Invariant: while the clock stands, it is moved by nobody but the one who holds [`Clock::moving`].

use super::driver::{Lanes, Mail};
use crate::lane::Answered;
use crate::world::real::steady;
use crate::world::virtual_clock::{LAST_MS, VirtualClock};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};

/// How long the clock may be under way, in real time; less than what `emu clock` waits.
const MAX_MOVE: Duration = Duration::from_secs(90);
/// How long the network is waited for in all while the clock is under way, in real time.
const MAX_NETWORK_WAIT: Duration = Duration::from_secs(2);
/// Between two looks whether the network has answered.
const NETWORK_PAUSE: Duration = Duration::from_millis(5);

/// The clock of all lanes.
pub(super) struct Clock {
    shows: Arc<VirtualClock>,
    /// Parcels that lanes have sent to each other, and those that were taken in.
    sent: AtomicU64,
    taken: AtomicU64,
    moving: Mutex<()>,
}

/// Where a lane is when it has done what is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    /// When something is due next, in milliseconds since the epoch.
    pub(super) next_ms: Option<f64>,
    /// Requests to the network are under way.
    pub(super) is_fetching: bool,
}

/// Where the clock shall go.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) enum Move {
    /// On by so many milliseconds.
    Advance(f64),
    /// To a time, in milliseconds since the epoch.
    To(f64),
}

impl Clock {
    pub(super) fn new(shows: Arc<VirtualClock>) -> Self {
        Self { shows, sent: AtomicU64::new(0), taken: AtomicU64::new(0), moving: Mutex::new(()) }
    }

    /// A lane sends something to another one.
    pub(super) fn parcel_sent(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
    }

    /// A lane has taken in what another one sent.
    pub(super) fn parcel_taken(&self) {
        self.taken.fetch_add(1, Ordering::SeqCst);
    }

    /// How many parcels were sent so far, if none of them is under way.
    fn parcels_at_rest(&self) -> Option<u64> {
        let taken = self.taken.load(Ordering::SeqCst);
        (self.sent.load(Ordering::SeqCst) == taken).then_some(taken)
    }

    /// Moves the clock, and lets everything that becomes due run, each at its own time.
    pub(super) async fn go(&self, lanes: &Lanes, wanted: Move) -> Answered {
        let Ok(_moving) = self.moving.try_lock() else {
            return Err("the clock is being moved already; try again when that has ended".into());
        };
        let from_ms = self.shows.now_ms();
        let to_ms = destination(from_ms, wanted)?;
        let _end = End(lanes);
        let mut bounds = Bounds { deadline: steady() + MAX_MOVE, network_wait: MAX_NETWORK_WAIT };
        loop {
            let Some(next_ms) = self.come_to_rest(lanes, &mut bounds).await? else { break };
            if next_ms > to_ms {
                break;
            }
            self.shows.advance_to(next_ms);
        }
        self.shows.advance_to(to_ms);
        Ok(json!({ "from": from_ms as i64, "now": to_ms as i64 }))
    }

    /// Waits until nothing is due on any lane. Returns when something will be.
    async fn come_to_rest(&self, lanes: &Lanes, bounds: &mut Bounds) -> Result<Option<f64>, String> {
        loop {
            let before = self.parcels_at_rest();
            let mut first = Rest { next_ms: None, is_fetching: false };
            for lane in 0..lanes.len() {
                let rest = run_due(lanes, lane).await?;
                let times = [first.next_ms, rest.next_ms];
                first.next_ms = times.into_iter().flatten().min_by(f64::total_cmp);
                first.is_fetching |= rest.is_fetching;
            }
            // What a lane said counts only if nothing has reached it since.
            let undisturbed = before.is_some() && before == self.parcels_at_rest();
            let is_due = first.next_ms.is_some_and(|next_ms| next_ms <= self.shows.now_ms());
            if undisturbed && !is_due && !(first.is_fetching && bounds.wait_for_network().await) {
                return Ok(first.next_ms);
            }
            if steady() > bounds.deadline {
                let shows_ms = self.shows.now_ms();
                return Err(format!(
                    "after {} s there is still more due; the clock has come to {shows_ms} ms since 1970",
                    MAX_MOVE.as_secs()
                ));
            }
        }
    }
}

/// However a move ends, also when whoever wanted it has gone: what is due by then is done.
struct End<'a>(&'a Lanes);

impl Drop for End<'_> {
    fn drop(&mut self) {
        for lane in self.0.iter() {
            let _ = lane.send(Mail::RunDue(oneshot::channel().0));
        }
    }
}

/// How long a move may take in real time.
struct Bounds {
    deadline: Duration,
    /// What is left for the network.
    network_wait: Duration,
}

impl Bounds {
    /// Gives the network a moment. False if it has had enough.
    #[expect(clippy::disallowed_methods, reason = "the network takes real time")]
    async fn wait_for_network(&mut self) -> bool {
        let Some(left) = self.network_wait.checked_sub(NETWORK_PAUSE) else { return false };
        self.network_wait = left;
        tokio::time::sleep(NETWORK_PAUSE).await;
        true
    }
}

/// Where the clock shall come to, in whole milliseconds since the epoch.
fn destination(from_ms: f64, wanted: Move) -> Result<f64, String> {
    let to_ms = match wanted {
        Move::Advance(ms) => from_ms + ms,
        Move::To(ms) => ms,
    }
    .ceil();
    if to_ms < from_ms {
        return Err(format!("the clock shows {from_ms} ms since 1970 already, and never goes back"));
    }
    if !(0.0..=LAST_MS).contains(&to_ms) {
        return Err("the clock cannot show such a time".into());
    }
    Ok(to_ms)
}

async fn run_due(lanes: &Lanes, lane: usize) -> Result<Rest, String> {
    let stopping = || "emu is shutting down".to_owned();
    let (sender, receiver) = oneshot::channel();
    lanes[lane].send(Mail::RunDue(sender)).map_err(|_| stopping())?;
    receiver.await.map_err(|_| stopping())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_forward_only() {
        let wanted = |text: &str| serde_json::from_str::<Move>(text).expect("where the clock shall go");
        for (text, expected) in [
            (r#"{"advance":7200000}"#, Ok(7_201_000.0)),
            (r#"{"advance":0.5}"#, Ok(1001.0)),
            (r#"{"advance":0}"#, Ok(1000.0)),
            (r#"{"to":1000}"#, Ok(1000.0)),
            (r#"{"to":999}"#, Err("the clock shows 1000 ms since 1970 already, and never goes back")),
            (r#"{"advance":-1}"#, Err("the clock shows 1000 ms since 1970 already, and never goes back")),
            (r#"{"to":1e300}"#, Err("the clock cannot show such a time")),
        ] {
            assert_eq!(destination(1000.0, wanted(text)), expected.map_err(str::to_owned), "{text}");
        }
        for text in ["{}", r#"{"back":1}"#, r#"{"to":1,"advance":1}"#, "7", r#"{"to":"noon"}"#] {
            assert!(serde_json::from_str::<Move>(text).is_err(), "{text}");
        }
    }
}
