//! What holds all the time: looked at after everything that happens.
//!
//! Invariant: looking changes nothing in the world. An object or a table that does not exist yet counts as holding.

use super::compare::is_same;
use super::{Check, Scenario, outside};
use crate::config::Place;
use crate::simulate::Simulation;
use crate::test::run::TestError;
use serde_json::Value;

/// How the database says that a query is about what does not exist yet.
const NO_TABLE: &str = "no such table: ";

/// The checks of a run.
pub(super) struct Checks<'a> {
    scenario: &'a Scenario,
    /// The first that did not hold.
    pub(super) violated: Option<TestError>,
    /// What each of them has met.
    met: Vec<Met>,
}

/// What a query has met so far.
#[derive(Clone)]
enum Met {
    /// The object did not exist yet.
    Nothing,
    /// The object had no such table.
    NoTable(String),
    /// It was judged.
    Answer,
}

impl<'a> Checks<'a> {
    pub(super) fn of(scenario: &'a Scenario) -> Self {
        Self { scenario, violated: None, met: vec![Met::Nothing; scenario.always.len()] }
    }

    /// Looks at all of them.
    pub(super) fn look(&mut self, world: &mut Simulation) {
        if self.violated.is_none() {
            let mut checks = self.scenario.always.iter().zip(&mut self.met);
            self.violated = checks.find_map(|(check, met)| violated(check, world, met));
        }
    }

    /// Which queries were never judged, a sentence each: they may well be about something that does not exist.
    pub(super) fn never_judged(&self) -> Vec<String> {
        let sentence = |(check, met): (&Check, &Met)| {
            let Check::Query { object: (object, place), .. } = check else { return None };
            let what = match met {
                Met::Nothing => "the object itself".to_owned(),
                Met::NoTable(table) => format!("a table `{table}`"),
                Met::Answer => return None,
            };
            Some(format!("`always` never saw {what} in `{object}`, and so says nothing ({place})"))
        };
        self.scenario.always.iter().zip(&self.met).filter_map(sentence).collect()
    }
}

fn violated(check: &Check, world: &mut Simulation, met: &mut Met) -> Option<TestError> {
    match check {
        Check::Query { namespace, name, object, sql, is } => {
            let id = world.object_named(*namespace, name);
            let answer = world.look(*namespace, &id, sql)?;
            match answer.as_ref().err().and_then(|message| missing_table(message)) {
                Some(_) if matches!(met, Met::Answer) => {}
                Some(table) => *met = Met::NoTable(table.to_owned()),
                None => *met = Met::Answer,
            }
            let found = match answer {
                Ok(found) if is.is_array() => found["rows"].clone(),
                Ok(found) => found["rows"][0][0].clone(),
                Err(message) if missing_table(&message).is_some() => return None,
                Err(message) => Value::String(message),
            };
            let (object, place) = object;
            let message = || format!("`always` does not hold in `{object}`: it is {found}, not {is}: {sql}");
            let diff = || format!("- Expected\n+ Received\n\n- {is}\n+ {found}");
            (!is_same(is, &found)).then(|| error(message(), place, Some(diff())))
        }
        Check::Outside { place, counted, at_most } => {
            let found = outside::count(counted, world.outgoing());
            let message = || format!("`always` does not hold: {}, at most {at_most}", outside::told(counted, found));
            (found > *at_most).then(|| error(message(), place, None))
        }
    }
}

/// The table that a query misses, by what the database says.
fn missing_table(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(NO_TABLE)?;
    rest.split([':', ' ']).next()
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
