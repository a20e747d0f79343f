//! What holds all the time: looked at after everything that happens.
//!
//! Invariant: looking changes nothing in the world. An object or a table that does not exist yet counts as holding.

use super::{Check, Scenario};
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
    let id = world.object_named(check.namespace, &check.object);
    let expected = &check.written.is;
    let (object, place) = &check.written.object;
    let found = match world.look(check.namespace, &id, &check.written.sql)? {
        Ok(found) if expected.is_array() => found["rows"].clone(),
        Ok(found) => found["rows"][0][0].clone(),
        Err(message) if message.contains(NO_TABLE) => return None,
        Err(message) => Value::String(message),
    };
    if found == *expected {
        return None;
    }
    Some(TestError {
        name: "AssertionError".into(),
        message: format!("`always` does not hold in `{object}`: it is {found}, not {expected}: {}", check.written.sql),
        stack: format!("    at always ({place})"),
        diff: Some(format!("- Expected\n+ Received\n\n- {expected}\n+ {found}")),
        oracle: Some("invariant".into()),
        cause: None,
        fault: false,
    })
}
