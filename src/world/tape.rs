//! The tape: what a run decided other than calm, and its text.
//!
//! A tape is sparse. What is not on it is 0, so the empty tape is the calm run, and a tape goes on meaning the same when
//! the program asks once more than it did.
//!
//! Invariant: a text is hostile; what it parses to prints as a text that parses to the same.

use super::point::Point;
use super::whose::Whose;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// One decision: which one of a point's for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Where.
    pub point: Point,
    /// For whom.
    pub whose: Whose,
    /// How many were made before it, at this point for this one.
    pub ordinal: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.point, self.whose, self.ordinal)
    }
}

/// The decisions of a run that were not calm. Its text is `point.whose.ordinal=value` joined by `+`, with whose in hex;
/// the empty tape is `calm`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tape(BTreeMap<Place, u32>);

/// The longest text of a tape.
const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// The text of the empty tape.
const CALM: &str = "calm";

impl Tape {
    /// What was decided at a place; 0 if nothing else was.
    pub fn value(&self, place: Place) -> u32 {
        self.0.get(&place).copied().unwrap_or(0)
    }

    /// Decides `value` at a place; 0 takes the place off the tape.
    pub fn set(&mut self, place: Place, value: u32) {
        match value {
            0 => self.0.remove(&place),
            value => self.0.insert(place, value),
        };
    }

    /// Its decisions, by place.
    pub fn iter(&self) -> impl Iterator<Item = (Place, u32)> {
        self.0.iter().map(|(place, value)| (*place, *value))
    }

    /// How many decisions it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is the calm run's.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Place, u32)> for Tape {
    fn from_iter<I: IntoIterator<Item = (Place, u32)>>(decisions: I) -> Self {
        Self(decisions.into_iter().filter(|(_, value)| *value != 0).collect())
    }
}

impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str(CALM);
        }
        for (index, (place, value)) in self.iter().enumerate() {
            write!(f, "{}{place}={value}", if index == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

impl FromStr for Tape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(format!("a tape of {} bytes is too long; at most {MAX_TEXT_BYTES} are read", text.len()));
        }
        let mut tape = Self::default();
        if text == CALM {
            return Ok(tape);
        }
        for decision in text.split('+') {
            let (place, value) = parse(decision).map_err(|problem| {
                let shown: String = decision.chars().take(80).collect();
                format!("`{shown}` is no decision of a tape: {problem}; it is written `point.whose.ordinal=value`")
            })?;
            if tape.0.insert(place, value).is_some() {
                return Err(format!("the tape decides `{place}` twice"));
            }
        }
        Ok(tape)
    }
}

fn parse(decision: &str) -> Result<(Place, u32), String> {
    let (place, value) = decision.split_once('=').ok_or("it has no `=`")?;
    let [point, whose, ordinal] = place.split('.').collect::<Vec<_>>()[..] else {
        return Err("there are not three parts before `=`".into());
    };
    let point = Point::named(point).ok_or("there is no such point")?;
    let whose = whose_of(whose).ok_or("whose it is has to be 1 to 16 lower case hex digits")?;
    let ordinal = decimal(ordinal).ok_or("the ordinal has to be a number below 2^32")?;
    match decimal(value) {
        Some(0) | None => Err("the value has to be a number from 1 to 2^32 - 1".into()),
        Some(value) => Ok((Place { point, whose, ordinal }, value)),
    }
}

fn whose_of(text: &str) -> Option<Whose> {
    let digits = (1..=16).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits { u64::from_str_radix(text, 16).ok().map(Whose) } else { None }
}

/// A number without a sign, which `parse` would take.
fn decimal(text: &str) -> Option<u32> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::mix::SplitMix64;

    #[test]
    fn tapes_are_read_back_from_their_texts() {
        let mut stream = SplitMix64::new(1);
        for len in [0, 1, 2, 200] {
            let tape: Tape = (0..len)
                .map(|_| {
                    let point = Point::ALL[stream.next() as usize % Point::ALL.len()];
                    let place = Place { point, whose: Whose(stream.next()), ordinal: stream.next() as u32 };
                    (place, stream.next() as u32 | 1)
                })
                .collect();
            let text = tape.to_string();
            assert_eq!(text.parse(), Ok(tape), "{text}");
            assert!(text.chars().all(|char| char.is_ascii_alphanumeric() || ".=+-".contains(char)), "{text}");
        }
    }

    #[test]
    fn a_text_is_short_and_in_order() {
        let text = "task.0.17=2+crash.1a2b3c4d.3=1";
        let tape: Tape = text.parse().expect("a tape");
        assert_eq!(tape.to_string(), text);
        let crash = Place { point: Point::Crash, whose: Whose(0x1a2b_3c4d), ordinal: 3 };
        assert_eq!((tape.value(crash), tape.value(Place { ordinal: 4, ..crash }), tape.len()), (1, 0, 2));
        assert_eq!(
            "crash.1.0=1+task.0.1=1".parse::<Tape>().map(|tape| tape.to_string()).as_deref(),
            Ok("task.0.1=1+crash.1.0=1")
        );
        assert_eq!(Tape::default().to_string(), "calm");
    }

    #[test]
    fn what_is_no_tape_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "no `=`"),
            ("Calm", "no `=`"),
            ("crash.1.0=1+", "no `=`"),
            ("crash.1=1", "three parts"),
            ("crash.1.2.3=1", "three parts"),
            ("crush.1.0=1", "no such point"),
            ("crash..0=1", "hex digits"),
            ("crash.1A.0=1", "hex digits"),
            ("crash.11112222333344445.0=1", "hex digits"),
            ("crash.1.4294967296=1", "below 2^32"),
            ("crash.1.-1=1", "below 2^32"),
            ("crash.1.0=0", "from 1"),
            ("crash.1.0=1=1", "from 1"),
            ("crash.1.0=4294967296", "from 1"),
            ("crash.1.0=1+crash.01.0=2", "twice"),
            ("crash.1.0=1+calm", "no `=`"),
        ] {
            let error = text.parse::<Tape>().expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
        let long = "+".repeat(MAX_TEXT_BYTES + 1);
        assert!(long.parse::<Tape>().is_err_and(|error| error.contains("too long")));
        let wide = "ü".repeat(1000);
        assert!(wide.parse::<Tape>().is_err_and(|error| error.chars().count() < 200));
    }
}
