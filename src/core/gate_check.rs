//! The gate check: looks whether something left an object before the writes that preceded it were durable.
//!
//! The lane makes outputs wait (`lane::turn`). Whether they did is judged here, by somebody who knows nothing of turns,
//! commits or queues: it is told when a guest writes, what storage then says of itself, and what leaves.
//!
//! Three things are exempt, as on the platform: outputs that precede every write, outputs that follow reads only, and
//! writes inside `transaction()`, which nothing waits for before it ends. Writes with `allowUnconfirmed` are not told
//! apart: emu holds outputs for them as for any others.
//!
//! Invariant: shares nothing with the code that it checks, and decides nothing.

use std::collections::BTreeMap;

/// How many writes, and losses of writes, there had been when something was said, of all objects of a lane together.
pub type WriteCount = u64;

/// What is known of the writes of all objects of a lane.
#[derive(Debug, Default)]
pub struct GateCheck {
    made: WriteCount,
    objects: BTreeMap<usize, Writes>,
}

/// The writes of one object.
#[derive(Debug, Default)]
struct Writes {
    /// The first that may not be durable.
    pending: Option<WriteCount>,
    /// Savepoints that are open since `transaction()` began.
    savepoints: usize,
    /// The first and the last of those that were lost together.
    lost: Vec<(WriteCount, WriteCount)>,
}

/// Why nothing may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The writes before it are not durable.
    Pending,
    /// The writes before it were lost.
    Lost,
}

impl Violation {
    /// What has happened, as half a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pending => "before its writes were durable",
            Self::Lost => "though the writes before it were lost",
        }
    }
}

impl GateCheck {
    /// How many writes and losses there were.
    pub fn made(&self) -> WriteCount {
        self.made
    }

    /// An object writes. `was_durable` is what storage said just before: nothing is pending.
    pub fn write(&mut self, object: usize, was_durable: bool) {
        self.made += 1;
        let writes = self.objects.entry(object).or_default();
        if was_durable {
            writes.pending = None;
        }
        if writes.savepoints == 0 {
            writes.pending.get_or_insert(self.made);
        }
    }

    /// An object opens a savepoint, which is `explicit` where it is that of `transaction()`.
    pub fn savepoint_opens(&mut self, object: usize, explicit: bool, was_durable: bool) {
        let writes = self.objects.entry(object).or_default();
        if was_durable {
            writes.pending = None;
        }
        if explicit || writes.savepoints > 0 {
            writes.savepoints += 1;
        }
    }

    /// The innermost savepoint is closed, and what was written since is kept or undone.
    pub fn savepoint_closes(&mut self, object: usize, kept: bool) {
        let writes = self.objects.entry(object).or_default();
        if writes.savepoints == 1 && kept {
            self.made += 1;
            writes.pending.get_or_insert(self.made);
        }
        writes.savepoints = writes.savepoints.saturating_sub(1);
    }

    /// What an object had not committed is lost.
    pub fn loses(&mut self, object: usize) {
        let Some(writes) = self.objects.get_mut(&object) else { return };
        writes.savepoints = 0;
        if let Some(first) = writes.pending.take() {
            writes.lost.push((first, self.made));
            // What the next instance says before its first write is told apart from what this one said after its last.
            self.made += 1;
        }
    }

    /// Something leaves an object that was said when there were `made` writes. `is_durable` is what storage says now:
    /// nothing is pending.
    ///
    /// # Errors
    /// Why it may not leave.
    pub fn leaves(&mut self, object: usize, made: WriteCount, is_durable: bool) -> Result<(), Violation> {
        let Some(writes) = self.objects.get_mut(&object) else { return Ok(()) };
        if writes.lost.iter().any(|(first, last)| (*first..=*last).contains(&made)) {
            return Err(Violation::Lost);
        }
        if is_durable {
            writes.pending = None;
        }
        match writes.pending {
            Some(first) if first <= made => Err(Violation::Pending),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: usize = 1;
    const OTHER: usize = 2;

    enum Seen {
        Write,
        OtherWrites,
        Begin,
        End { kept: bool },
        Say,
        Commit,
        Lose,
        Leave,
    }
    use Seen::{Begin, Commit, End, Leave, Lose, OtherWrites, Say, Write};

    /// Plays what is seen against a storage that is durable after a commit. Everything that was said leaves at `Leave`.
    fn judge(seen: &[Seen]) -> Result<(), Violation> {
        let mut check = GateCheck::default();
        let (mut is_durable, mut is_held, mut said) = (true, false, Vec::new());
        for seen in seen {
            match seen {
                Write => {
                    check.write(OBJECT, is_durable);
                    is_durable = false;
                }
                OtherWrites => check.write(OTHER, true),
                Begin => {
                    check.savepoint_opens(OBJECT, true, is_durable);
                    is_held = true;
                }
                End { kept } => {
                    check.savepoint_closes(OBJECT, *kept);
                    is_held = false;
                }
                Say => said.push(check.made()),
                Commit => is_durable |= !is_held,
                Lose => {
                    check.loses(OBJECT);
                    (is_durable, is_held) = (true, false);
                }
                Leave => said.drain(..).try_for_each(|made| check.leaves(OBJECT, made, is_durable))?,
            }
        }
        Ok(())
    }

    #[test]
    fn what_leaves_too_early_is_found() {
        for (name, seen) in [
            ("no commit", &[Write, Say, Leave][..]),
            ("a commit of earlier writes", &[Write, Commit, Write, Say, Leave]),
            ("two turns, one commit that is late", &[Write, Say, Write, Say, Leave, Commit]),
            ("after a transaction", &[Begin, Write, End { kept: true }, Say, Leave]),
            ("writes of before the transaction", &[Write, Begin, Write, Commit, Say, Leave]),
            ("while another object writes", &[Write, OtherWrites, Say, OtherWrites, Leave]),
        ] {
            assert_eq!(judge(seen), Err(Violation::Pending), "{name}");
        }
        for (name, seen) in [
            ("lost before it left", &[Write, Say, Lose, Leave][..]),
            ("lost, and the next instance has committed", &[Write, Say, Lose, Write, Commit, Leave]),
            ("lost twice", &[Write, Say, Lose, Write, Lose, Leave]),
        ] {
            assert_eq!(judge(seen), Err(Violation::Lost), "{name}");
        }
    }

    #[test]
    fn what_may_leave_is_left_alone() {
        for (name, seen) in [
            ("nothing is written", &[Say, Leave][..]),
            ("a commit", &[Write, Say, Commit, Leave]),
            ("said before the write", &[Say, Write, Leave]),
            ("said before the write, which is lost", &[Say, Write, Lose, Leave]),
            ("another object writes", &[OtherWrites, Say, Leave]),
            ("in a transaction", &[Begin, Write, Commit, Say, Leave, End { kept: true }, Commit, Say, Leave]),
            ("after one that was rolled back", &[Begin, Write, End { kept: false }, Say, Leave]),
            ("a transaction after a commit", &[Write, Say, Commit, Begin, Write, Leave, Say, Leave]),
            ("the next instance, after a loss", &[Write, Lose, Say, Leave, Write, Say, Commit, Leave]),
        ] {
            assert_eq!(judge(seen), Ok(()), "{name}");
        }
    }
}
