//! What must always hold (`invariant()` of `emu:test`): looked at after every event, by asking the test.
//!
//! Invariant: nothing is looked at while something is looked at, and no fault happens meanwhile.

use super::{Simulation, Stuck};
use emu_abi::Request;
use serde_json::Value;

/// The URL under which the test's entrypoint says whether what must hold does.
const INVARIANTS_URL: &str = "emu-test://invariants/";
/// How long looking may take, in steps.
const MAX_STEPS: u64 = 10_000;

impl Simulation {
    /// Looks whether what must always hold does, if there were turns since the last time.
    ///
    /// # Errors
    /// When it does not hold.
    pub(super) fn watch(&mut self) -> Result<(), Stuck> {
        let Some(entrypoint) = self.network.entrypoint.clone() else { return Ok(()) };
        if self.watched_turns.take_if(|seen| *seen != self.lane.turns()).is_none() {
            return Ok(());
        }
        let had_faults = self.world.set_faults(false);
        let request = Request { method: "POST".into(), url: INVARIANTS_URL.into(), ..Request::default() };
        let port = self.send(0, &entrypoint, request);
        // While it is looked at nothing is watched: the turns of looking would be looked at again.
        let answered = self.run_until_answered(port, MAX_STEPS);
        self.world.set_faults(had_faults);
        let Ok(Ok(answer)) = answered else {
            // The test is over, or its isolate has gone: it says so itself.
            return Ok(());
        };
        let looked: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match looked["failed"].get(0) {
            Some(broken) => Err(Stuck::Broken(broken.to_string())),
            None => {
                self.watched_turns = looked["checked"].as_u64().filter(|count| *count > 0).map(|_| self.lane.turns());
                Ok(())
            }
        }
    }
}
