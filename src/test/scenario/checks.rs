//! What holds all the time: looked at after everything that happens.
//!
//! Invariant: looking changes nothing in the world. An object or a table that does not exist yet counts as holding.

use super::{Check, Scenario, outside};
use crate::config::Place;
use crate::simulate::Simulation;
use crate::test::run::TestError;
use serde_json::Value;

/// How the database says that a query is about what does not exist yet.
const NO_TABLE: &str = "no such table";

/// The checks of a run.
pub(super) struct Checks<'a> {
    scenario: &'a Scenario,
    /// The first that did not hold.
    pub(super) violated: Option<TestError>,
}

impl<'a> Checks<'a> {
    pub(super) fn of(scenario: &'a Scenario) -> Self {
        Self { scenario, violated: None }
    }

    /// Looks at all of them.
    pub(super) fn look(&mut self, world: &mut Simulation) {
        if self.violated.is_none() {
            self.violated = self.scenario.always.iter().find_map(|check| violated(check, world));
        }
    }
}

fn violated(check: &Check, world: &mut Simulation) -> Option<TestError> {
    match check {
        Check::Query { namespace, name, object, sql, is } => {
            let id = world.object_named(*namespace, name);
            let found = match world.look(*namespace, &id, sql)? {
                Ok(found) if is.is_array() => found["rows"].clone(),
                Ok(found) => found["rows"][0][0].clone(),
                Err(message) if message.contains(NO_TABLE) => return None,
                Err(message) => Value::String(message),
            };
            let (object, place) = object;
            let message = || format!("`always` does not hold in `{object}`: it is {found}, not {is}: {sql}");
            let diff = || format!("- Expected\n+ Received\n\n- {is}\n+ {found}");
            (found != *is).then(|| error(message(), place, Some(diff())))
        }
        Check::Outside { place, counted, at_most } => {
            let found = outside::count(counted, world.outgoing());
            let message = || format!("`always` does not hold: {}, at most {at_most}", outside::told(counted, found));
            (found > *at_most).then(|| error(message(), place, None))
        }
    }
}

fn error(message: String, place: &Place, diff: Option<String>) -> TestError {
    TestError {
        name: "AssertionError".into(),
        message,
        stack: format!("    at always ({place})"),
        diff,
        oracle: Some("invariant".into()),
        cause: None,
        fault: false,
    }
}
