//! What must always hold (`invariant()` of `emu:test`): looked at after every event, by asking the test.
//!
//! Invariant: nothing is looked at while something is looked at, and no fault happens meanwhile.

use super::{Simulation, Stuck};
use emu_abi::Request;
use serde_json::{Value, json};

/// The URL under which the test's entrypoint says whether what must hold does.
const INVARIANTS_URL: &str = "emu-test://invariants/";
/// How long looking may take, in steps.
const MAX_STEPS: u64 = 10_000;

impl Simulation {
    /// Looks whether what must always hold does, if there were turns since the last time. While a transaction is open it is
    /// put off: what is written in one is not to be seen before it has ended.
    ///
    /// # Errors
    /// When it does not hold.
    pub(super) fn watch(&mut self) -> Result<(), Stuck> {
        let Some(entrypoint) = self.network.entrypoint.clone() else { return Ok(()) };
        let is_due = |seen: &mut u64| *seen != self.lane.turns() && !self.lane.is_critical();
        if self.watched_turns.take_if(is_due).is_none() {
            return Ok(());
        }
        self.world.look_on();
        let request = Request { method: "POST".into(), url: INVARIANTS_URL.into(), ..Request::default() };
        let port = self.send(0, &entrypoint, request);
        // While it is looked at nothing is watched: the turns of looking would be looked at again.
        let answered = self.run_until_answered(port, MAX_STEPS);
        self.world.looked_on();
        let looked = match answered {
            Ok(Ok(answer)) => serde_json::from_slice::<Value>(&answer.body).unwrap_or_default(),
            // The test was told the same: its isolate has gone.
            Ok(Err(_)) if !self.answers.is_empty() => return Ok(()),
            Ok(Err(thrown)) => return Err(unseen(&format!("looking at it failed: {}", thrown.failure))),
            Err(Stuck::Broken(said)) => return Err(Stuck::Broken(said)),
            Err(Stuck::Deadlock(_)) => return Err(unseen("looking at it waits for something that never comes")),
            Err(Stuck::TooLong) => return Err(unseen("looking at it goes on and on")),
        };
        match (looked["failed"].get(0), looked["checked"].as_u64()) {
            (Some(broken), _) => Err(Stuck::Broken(broken.to_string())),
            (None, None) => Err(unseen("looking at it was not answered")),
            (None, Some(count)) => {
                self.watched_turns = (count > 0).then(|| self.lane.turns());
                Ok(())
            }
        }
    }
}

/// What must always hold could not be looked at.
fn unseen(message: &str) -> Stuck {
    Stuck::Broken(json!({ "name": "of the test", "error": { "name": "Error", "message": message } }).to_string())
}
