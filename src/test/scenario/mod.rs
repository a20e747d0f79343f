//! Scenarios: tests in no language, against workers in any.
//!
//! [`play`] does what the steps say, [`checks`] looks after what holds all the time, [`compare`] says what an answer lacks,
//! [`outside`] is about other hosts.
//!
//! Invariant: a scenario is run, judged, shrunk and told like any other test; only here is known that it is one.

mod checks;
mod compare;
mod outside;
mod play;

pub(super) use play::play;

use super::program::Test;
use crate::config::scenario::{self as written, Action, Always, Counted, Step};
use crate::config::{Diagnostic, Place, Severity};
use crate::error::{Error, Result};
use crate::simulate::Rule;
use crate::world::{Class, Points};

/// The id of the one test that a scenario is.
pub(super) const ID: &str = "0";

/// A scenario with the names in it resolved.
#[derive(Debug)]
pub struct Scenario {
    /// Its name: that of its folder.
    pub(super) name: String,
    pub(super) start_ms: Option<f64>,
    /// What the world may do.
    pub(super) points: Points,
    pub(super) steps: Vec<Step>,
    pub(super) always: Vec<Check>,
    /// Answers may tell of evictions.
    pub(super) expects_other_answers: bool,
    /// What other hosts answer.
    rules: Vec<Rule>,
    /// The names of the objects' classes.
    classes: Vec<(String, usize)>,
}

/// What holds all the time.
#[derive(Debug)]
pub(super) enum Check {
    /// A query whose result never changes.
    Query {
        namespace: usize,
        /// The object's name.
        name: String,
        /// The object as it is written, and where.
        object: (String, Place),
        sql: String,
        is: serde_json::Value,
    },
    /// Requests to other hosts, of which there are no more.
    Outside { place: Place, counted: Counted, at_most: u64 },
}

impl Scenario {
    /// Resolves the names in a scenario: `classes` are the bindings and classes with their namespaces.
    ///
    /// # Errors
    /// When there is no such class, fault or client, with its place.
    pub fn new(name: &str, written: written::Scenario, classes: Vec<(String, usize)>) -> Result<Self> {
        let mut scenario = Self {
            name: name.to_owned(),
            start_ms: written.start_ms,
            points: points(written.modes.as_deref())?,
            steps: written.steps,
            always: Vec::new(),
            expects_other_answers: written.expects_other_answers,
            rules: outside::rules(&written.outside)?,
            classes,
        };
        for always in written.always {
            let check = scenario.check_of(always)?;
            scenario.always.push(check);
        }
        scenario.check(&scenario.steps, &mut Vec::new())?;
        Ok(scenario)
    }

    fn check_of(&self, always: Always) -> Result<Check> {
        match always {
            Always::Query { object, sql, is } => {
                let (namespace, name) = self.find(&object.0).map_err(|what| refused(what, &object.1))?;
                Ok(Check::Query { namespace, name, object, sql, is })
            }
            Always::Outside { place, counted, at_most } => {
                Ok(Check::Outside { place, counted, at_most: at_most.into() })
            }
        }
    }

    /// What other hosts answer in it.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The one test that it is.
    pub(super) fn test(&self) -> Test {
        Test::named(ID, &self.name, &[])
    }

    /// It can be judged when callers see errors.
    pub(super) fn withstands(&self) -> bool {
        let retries = |step: &Step| matches!(&step.action, Action::Fetch(fetch) if fetch.retries.is_some());
        let any = |step: &Step| match &step.action {
            Action::Together(steps) => steps.iter().any(retries),
            _ => retries(step),
        };
        !self.always.is_empty() || self.steps.iter().any(any)
    }

    /// The namespace and the name in `BINDING:name`.
    pub(super) fn find(&self, object: &str) -> std::result::Result<(usize, String), String> {
        let split = object.split_once([':', '/']).filter(|(_, name)| !name.is_empty());
        let (class, name) = split.ok_or_else(|| format!("`{object}` names no object: write `BINDING:name`"))?;
        let found = self.classes.iter().find(|(known, _)| known == class);
        found.map(|(_, namespace)| (*namespace, name.to_owned())).ok_or_else(|| {
            let known: Vec<_> = self.classes.iter().map(|(known, _)| format!("`{known}`")).collect();
            format!("there is no binding or class `{class}`; there is {}", known.join(", "))
        })
    }

    /// Objects must have classes, and clients must have connected.
    fn check<'s>(&'s self, steps: &'s [Step], connected: &mut Vec<&'s str>) -> Result<()> {
        for step in steps {
            match &step.action {
                Action::Connect { client, .. } => connected.push(client),
                Action::Send { client, .. }
                | Action::Close { client, .. }
                | Action::Lose { client }
                | Action::Expect { client, .. } => {
                    if !connected.contains(&client.as_str()) {
                        return Err(refused(format!("`{client}` has not connected before this"), &step.place));
                    }
                    if let Action::Send { payload, .. } = &step.action {
                        outside::check(payload)?;
                    }
                }
                Action::Object(_, object) => {
                    self.find(object).map_err(|what| refused(what, &step.place))?;
                }
                Action::Together(steps) => self.check(steps, connected)?,
                Action::Fetch(_) | Action::Outside { .. } | Action::Advance(_) | Action::Settle => {}
            }
        }
        Ok(())
    }
}

/// What the world may do in the runs that a scenario has to survive.
fn points(modes: Option<&[(String, Place)]>) -> Result<Points> {
    let Some(modes) = modes else { return Ok(Points::of(&Class::ALL)) };
    let faults: Vec<_> = modes.iter().filter(|(mode, _)| mode != "calm").collect();
    if let Some((what, place)) = faults.iter().find_map(|(mode, place)| Some((Points::parse(mode).err()?, place))) {
        return Err(refused(what, place));
    }
    // Together: what is left out is left out of those before it.
    let names: Vec<&str> = faults.iter().map(|(mode, _)| mode.as_str()).collect();
    let parsed = if names.is_empty() { Ok(Points::NONE) } else { Points::parse(&names.join(",")) };
    parsed.map_err(Error::config)
}

fn refused(message: String, place: &Place) -> Error {
    let diagnostic = Diagnostic { severity: Severity::Error, message, place: Some(place.clone()), help: None };
    let text = diagnostic.to_string();
    Error::config(text.strip_prefix("error: ").unwrap_or(&text))
}
