//! Seeds as people write them, and what runs a test again.
//!
//! Invariant: a text is hostile; what it parses to prints as a text that parses to the same.

use super::tape::Tape;
use std::fmt;
use std::str::FromStr;

/// Where all randomness of a simulated world comes from. Its text is hex digits in groups of four: `7f3a-19c2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:x}", self.0);
        for (index, digit) in digits.chars().enumerate() {
            let grouped = index > 0 && (digits.len() - index).is_multiple_of(4);
            write!(f, "{}{digit}", if grouped { "-" } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits: String = text.chars().filter(|char| *char != '-').take(17).collect();
        let hex = (1..=16).contains(&digits.len()) && digits.chars().all(|char| char.is_ascii_hexdigit());
        let seed = if hex { u64::from_str_radix(&digits, 16).ok() } else { None };
        seed.map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            format!("`{shown}` is no seed; a seed is 1 to 16 hex digits, like `7f3a-19c2`")
        })
    }
}

/// What `--seed` says: streams from the seed, and decisions either from it as well or from a tape (`7f3a-19c2:calm`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerun {
    /// The seed.
    pub seed: Seed,
    /// The only decisions that are not calm.
    pub tape: Option<Tape>,
}

impl fmt::Display for Rerun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tape {
            Some(tape) => write!(f, "{}:{tape}", self.seed),
            None => self.seed.fmt(f),
        }
    }
}

impl FromStr for Rerun {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((seed, tape)) => Ok(Self { seed: seed.parse()?, tape: Some(tape.parse()?) }),
            None => Ok(Self { seed: text.parse()?, tape: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_written_in_groups_of_four() {
        for (seed, text) in [
            (0, "0"),
            (0xfff, "fff"),
            (0x7f3a_19c2, "7f3a-19c2"),
            (0x1_0000, "1-0000"),
            (u64::MAX, "ffff-ffff-ffff-ffff"),
        ] {
            assert_eq!(Seed(seed).to_string(), text);
            assert_eq!(text.parse(), Ok(Seed(seed)));
        }
        assert_eq!("7F3A19C2".parse(), Ok(Seed(0x7f3a_19c2)));
        for text in ["", "-", "xyz", "+1", "0x1", "11112222333344445", "7f3a 19c2", "ü"] {
            assert!(text.parse::<Seed>().is_err_and(|error| error.contains("hex digits")), "{text}");
        }
    }

    #[test]
    fn a_rerun_is_a_seed_with_or_without_a_tape() {
        for text in ["7f3a-19c2", "7f3a-19c2:calm", "1:task.0.17=2+crash.1a2b.3=1"] {
            assert_eq!(text.parse::<Rerun>().map(|rerun| rerun.to_string()).as_deref(), Ok(text));
        }
        for text in [":calm", "1:", "1:calm:calm", "x:calm"] {
            assert!(text.parse::<Rerun>().is_err(), "{text}");
        }
    }
}
