//! The oracles: what of a run counts as a failure of the test, cheapest first.
//!
//! Under faults that callers see (loud ones) a test that does not say how it copes is not judged by its assertions: an
//! error that the fault gave it is no mistake of the worker's.
//!
//! Invariant: pure.

use super::run::{Ended, State, TestError, TestResult};
use crate::simulate::{Happening, Stuck};
use crate::world::mix::mix;
use crate::world::shrink::{is_same_headline, is_same_text};
use crate::world::{Class, Point, Seed, Tape};

/// Who found a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oracle {
    /// The test itself: an assertion, an error.
    Test,
    /// `invariant()` of `emu:test`.
    Invariant,
    /// `eventually()` of `emu:test`, when faults had stopped.
    Eventually,
    /// An error that nobody caught.
    Uncaught,
    /// Nothing can ever happen again.
    Deadlock,
    /// The test goes on and on.
    Endless,
    /// The test was answered otherwise than in the calm run.
    Answers,
    /// Something else is stored than after the calm run.
    Storage,
    /// The same run came to something else the second time.
    Determinism,
}

impl Oracle {
    /// Whether it compares a run with the calm one.
    pub fn compares(self) -> bool {
        matches!(self, Self::Answers | Self::Storage)
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Invariant => "invariant",
            Self::Eventually => "eventually",
            Self::Uncaught => "uncaught",
            Self::Deadlock => "deadlock",
            Self::Endless => "endless",
            Self::Answers => "answers",
            Self::Storage => "storage",
            Self::Determinism => "determinism",
        }
    }
}

/// A failure of one test in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Who found it.
    pub oracle: Oracle,
    /// The error. Where no error was thrown its message says what is wrong.
    pub error: TestError,
}

impl Failure {
    pub(super) fn of(oracle: Oracle, message: String) -> Self {
        Self { oracle, error: TestError { name: "Error".into(), message, ..TestError::default() } }
    }

    /// Whether another failure is the same one: the same oracle, the same words at the same place. Numbers may differ.
    pub fn is_same(&self, other: &Self) -> bool {
        self.oracle == other.oracle
            && self.error.name == other.error.name
            && self.place() == other.place()
            && self.says_the_same(&other.error.message)
    }

    /// Of a deadlock all counts: who waits for what.
    fn says_the_same(&self, other: &str) -> bool {
        match self.oracle {
            Oracle::Deadlock => is_same_text(&self.error.message, other),
            _ => is_same_headline(&self.error.message, other),
        }
    }

    /// The first frame of its stack that is not emu's own.
    fn place(&self) -> Option<&str> {
        let frames = self.error.stack.lines().map(str::trim).filter(|line| line.starts_with("at "));
        frames.into_iter().find(|frame| !frame.contains("emu:") && !frame.contains("(native)"))
    }
}

/// What calm runs of a test came to, to compare others with. What two seeds disagree about is random: an eviction may
/// change it without harm, and nothing is compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Stands for everything the test was answered.
    pub answers: Option<u64>,
    /// Stands for everything that is stored in the end.
    pub storage: Option<u64>,
}

impl Baseline {
    /// What calm runs of two seeds came to.
    pub fn of(calm: &Ended, other: &Ended) -> Self {
        Self {
            answers: (calm.answers == other.answers).then_some(calm.answers),
            storage: calm.storage.filter(|_| calm.storage == other.storage),
        }
    }
}

/// The seed of the calm run that shows what of another one is random.
pub fn other_seed(seed: Seed) -> Seed {
    Seed(mix(&[seed.0]))
}

/// Judges a run of one test. The baseline is the calm run's; without one the run is itself the calm one.
pub fn judge(id: &str, ended: &Ended, baseline: Option<Baseline>) -> Option<Failure> {
    let is_loud = ended.record.tape.iter().any(|(place, _)| place.point.class() >= Class::Loud);
    match &ended.stuck {
        Some(Stuck::Deadlock(_)) => {
            return Some(Failure::of(
                Oracle::Deadlock,
                "nothing can ever happen again, and the test still waits".into(),
            ));
        }
        Some(Stuck::Broken(said)) => return Some(broken(said)),
        Some(Stuck::TooLong) => {
            return Some(Failure::of(Oracle::Endless, "the test goes on and on".into()));
        }
        None => {}
    }
    let result = ended.results.iter().find(|result| result.id == id);
    if let Some(result) = result.filter(|result| result.state == State::Fail) {
        return result.errors.iter().find_map(|error| judge_error(error, is_loud, result.withstands));
    }
    let is_expected = result.is_some_and(|result| result.expects_errors);
    if !is_loud && let Some(failure) = uncaught(ended, is_expected) {
        return Some(failure);
    }
    baseline.and_then(|baseline| compare(ended, baseline, result))
}

/// What must always hold did not: `{ name, error }`, as the test's entrypoint says it.
fn broken(said: &str) -> Failure {
    let said: serde_json::Value = serde_json::from_str(said).unwrap_or_default();
    let mut error: TestError = serde_json::from_value(said["error"].clone()).unwrap_or_default();
    error.message = format!("invariant {}: {}", said["name"], error.message);
    Failure { oracle: Oracle::Invariant, error }
}

fn judge_error(error: &TestError, is_loud: bool, withstands: bool) -> Option<Failure> {
    let oracle = match error.oracle.as_deref() {
        Some("invariant") => Oracle::Invariant,
        Some("eventually") => Oracle::Eventually,
        _ if is_loud && (error.fault || !withstands) => return None,
        _ => Oracle::Test,
    };
    Some(Failure { oracle, error: error.clone() })
}

/// What nobody has caught: outside of tests, or in handlers of which nobody waits, unless that `is_expected`.
fn uncaught(ended: &Ended, is_expected: bool) -> Option<Failure> {
    if let Some(error) = ended.errors.first() {
        return Some(Failure { oracle: Oracle::Uncaught, error: error.clone() });
    }
    let uncaught = ended.happenings.iter().find_map(Happening::lost).filter(|_| !is_expected)?;
    let failure = &uncaught.thrown.failure;
    let error = TestError {
        name: failure.name.clone(),
        message: format!("{} (in {})", failure.message, uncaught.what),
        stack: failure.stack.clone().unwrap_or_default(),
        ..TestError::default()
    };
    Some(Failure { oracle: Oracle::Uncaught, error })
}

/// Whether what a run leaves stored may be compared with what others leave: calm runs, and those in which alarms only ran
/// twice.
pub fn compares_storage(tape: &Tape) -> bool {
    tape.iter().all(|(place, _)| place.point == Point::AlarmTwice)
}

/// Runs whose only deviations nobody may notice must come to the same as the calm one. What an alarm leaves that runs twice
/// is judged only where the test has said what to expect: one that counts its runs, or logs them, is no mistake. Nor is it
/// one to say how often a cache was hit, but then it is for the test to say that answers may tell of evictions.
fn compare(ended: &Ended, calm: Baseline, result: Option<&TestResult>) -> Option<Failure> {
    let says = |what: fn(&TestResult) -> bool| result.is_some_and(what);
    let tape = &ended.record.tape;
    let differs = |calm: Option<u64>, own: Option<u64>| calm.zip(own).is_some_and(|(calm, own)| calm != own);
    let only = |point: Point| !tape.is_empty() && tape.iter().all(|(place, _)| place.point == point);
    let compares_answers = only(Point::Evict) && !says(|result| result.expects_other_answers);
    if compares_answers && differs(calm.answers, Some(ended.answers)) {
        let message = "the test was answered otherwise than in the calm run, though objects were only evicted while \
                       idle; if answers may tell of that, as a cache's hits do, say `world.expectsOtherAnswers()`, or \
                       `\"expectsOtherAnswers\": true` in a scenario";
        return Some(Failure::of(Oracle::Answers, message.into()));
    }
    if says(|result| result.idempotent_alarms) && only(Point::AlarmTwice) && differs(calm.storage, ended.storage) {
        let message = "something else is stored than in the calm run, though an alarm only ran twice: \
                       `alarm()` is not idempotent";
        return Some(Failure::of(Oracle::Storage, message.into()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::simulated::Record;

    fn ended(tape: &str, result: Option<TestResult>) -> Ended {
        Ended {
            results: result.into_iter().collect(),
            answers: 1,
            storage: Some(2),
            record: Record { tape: tape.parse().expect("a tape"), ..Record::default() },
            ..Ended::default()
        }
    }

    fn failed(error: TestError, withstands: bool) -> Option<TestResult> {
        let id = "0".into();
        let (errors, idempotent_alarms, notes) = (vec![error], false, Vec::new());
        Some(TestResult {
            id,
            state: State::Fail,
            ms: 0.0,
            errors,
            withstands,
            idempotent_alarms,
            expects_errors: false,
            expects_other_answers: false,
            notes,
        })
    }

    fn passed(idempotent_alarms: bool) -> Option<TestResult> {
        let (id, errors, notes) = ("0".into(), Vec::new(), Vec::new());
        Some(TestResult {
            id,
            state: State::Pass,
            ms: 0.0,
            errors,
            withstands: false,
            idempotent_alarms,
            expects_errors: false,
            expects_other_answers: false,
            notes,
        })
    }

    #[test]
    fn loud_faults_are_judged_only_where_a_test_says_how_it_copes() {
        let assertion = TestError { name: "AssertionError".into(), ..TestError::default() };
        let lost = TestError { fault: true, ..TestError::default() };
        let invariant = TestError { oracle: Some("invariant".into()), ..TestError::default() };
        for (tape, error, withstands, found) in [
            ("calm", &assertion, false, Some(Oracle::Test)),
            ("evict.1.0=1", &assertion, false, Some(Oracle::Test)),
            ("crash.1.0=1", &assertion, false, None),
            ("crash.1.0=1", &assertion, true, Some(Oracle::Test)),
            ("crash.1.0=1", &lost, true, None),
            ("crash.1.0=1", &invariant, false, Some(Oracle::Invariant)),
        ] {
            let judged = judge("0", &ended(tape, failed(error.clone(), withstands)), None);
            assert_eq!(judged.map(|failure| failure.oracle), found, "{tape} {error:?} {withstands}");
        }
    }

    #[test]
    fn runs_that_nobody_may_notice_are_compared_with_the_calm_one() {
        for (tape, [answers, storage], idempotent_alarms, found) in [
            ("evict.1.0=1", [Some(1), Some(9)], true, None),
            ("evict.1.0=1", [Some(9), Some(2)], false, Some(Oracle::Answers)),
            ("evict.1.0=1", [None, Some(2)], false, None),
            ("evict.1.0=1+task.0.0=1", [Some(9), Some(9)], true, None),
            ("alarm-twice.1.0=1", [Some(9), Some(2)], true, None),
            ("alarm-twice.1.0=1", [Some(1), Some(9)], true, Some(Oracle::Storage)),
            ("alarm-twice.1.0=1", [Some(1), None], true, None),
            ("alarm-twice.1.0=1", [Some(1), Some(9)], false, None),
            ("calm", [Some(9), Some(9)], true, None),
        ] {
            let calm = Baseline { answers, storage };
            let judged = judge("0", &ended(tape, passed(idempotent_alarms)), Some(calm));
            assert_eq!(judged.map(|failure| failure.oracle), found, "{tape} {calm:?} {idempotent_alarms}");
        }
    }

    #[test]
    fn answers_may_tell_of_evictions_where_a_test_says_so() {
        let calm = Baseline { answers: Some(9), storage: Some(2) };
        for (expects_other_answers, found) in [(false, Some(Oracle::Answers)), (true, None)] {
            let result = passed(false).map(|result| TestResult { expects_other_answers, ..result });
            let judged = judge("0", &ended("evict.1.0=1", result), Some(calm));
            assert_eq!(judged.map(|failure| failure.oracle), found, "{expects_other_answers}");
        }
    }

    #[test]
    fn what_is_random_is_not_compared() {
        let run = |answers, storage| Ended { answers, storage: Some(storage), ..Ended::default() };
        for (one, other, expected) in
            [((1, 2), (1, 2), (Some(1), Some(2))), ((1, 2), (9, 2), (None, Some(2))), ((1, 2), (1, 9), (Some(1), None))]
        {
            let baseline = Baseline::of(&run(one.0, one.1), &run(other.0, other.1));
            assert_eq!((baseline.answers, baseline.storage), expected);
        }
    }

    #[test]
    fn failures_at_other_places_and_of_others_who_wait_are_other_ones() {
        let at = |stack: &str| {
            let error = TestError { message: "expected 1 to be 2".into(), stack: stack.into(), ..TestError::default() };
            Failure { oracle: Oracle::Test, error }
        };
        let one = at("    at fail (emu:test/vitest:1:1)\n    at <anonymous> (a.js:3:4)");
        assert!(one.is_same(&at("    at <anonymous> (a.js:3:4)\n    at more (b.js:1:1)")));
        assert!(!one.is_same(&at("    at <anonymous> (a.js:5:4)")));
        let waits = |who: &str| Failure::of(Oracle::Deadlock, format!("nothing can ever happen again\n{who}"));
        assert!(waits("a of 10 ms").is_same(&waits("a of 20 ms")));
        assert!(!waits("a").is_same(&waits("b")));
    }

    #[test]
    fn numbers_do_not_make_failures_differ() {
        let failure = |message: &str| Failure::of(Oracle::Test, message.into());
        assert!(failure("expected 1 to be 2").is_same(&failure("expected 10 to be 3")));
        assert!(!failure("expected 1 to be 2").is_same(&failure("expected 1 to have 2")));
    }
}
