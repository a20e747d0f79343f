//! What becomes of an alarm after its handler ran (reference §1.11).
//!
//! Invariant: jitter is handed in as a fraction; the time of the alarm itself lives in storage.

/// Retries that count before an alarm is abandoned.
pub const MAX_RETRIES: u32 = 6;

const FIRST_DELAY_MS: f64 = 2000.0;
const MAX_DOUBLINGS: u32 = 9;
const JITTER: f64 = 0.25;

/// How often an alarm has failed, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Failures of user code so far: `retryCount`.
    pub counted: u32,
    /// Doublings of the delay so far.
    pub backoff: u32,
    /// The last failure was not user code's.
    pub infrastructure: bool,
}

/// How a run of the handler ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// It returned.
    Succeeded,
    /// It threw, timed out, or exceeded a limit.
    Failed,
    /// Something of the platform failed around it; does not count.
    Interrupted,
    /// It called `abort` with `retryAlarm: false`: nothing has gone wrong that its author does not know.
    Abandoned,
}

/// What to do with the alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is done; forget it.
    Done,
    /// Run it again in so many milliseconds.
    Retry {
        /// The delay.
        in_ms: f64,
        /// What to remember until then.
        attempts: Attempts,
    },
    /// Too many failures: clear it.
    GiveUp,
}

/// Judges a run. `jitter` is a random fraction in `0.0..1.0`; 0 in a deterministic world.
pub fn judge(attempts: Attempts, end: RunEnd, jitter: f64) -> Verdict {
    let user_fault = match end {
        RunEnd::Succeeded | RunEnd::Abandoned => return Verdict::Done,
        RunEnd::Failed => true,
        RunEnd::Interrupted => false,
    };
    if user_fault && attempts.counted >= MAX_RETRIES {
        return Verdict::GiveUp;
    }
    // The delay starts over when the cause turns from the platform to user code.
    let backoff = if user_fault && attempts.infrastructure { 0 } else { attempts.backoff };
    let delay_ms = FIRST_DELAY_MS * f64::from(1_u32 << backoff.min(MAX_DOUBLINGS));
    Verdict::Retry {
        in_ms: delay_ms * (1.0 + JITTER * jitter),
        attempts: Attempts {
            counted: attempts.counted + u32::from(user_fault),
            backoff: backoff + 1,
            infrastructure: !user_fault,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delays in seconds until the alarm is given up.
    fn delays(ends: impl Iterator<Item = RunEnd>) -> Vec<f64> {
        let mut attempts = Attempts::default();
        let mut delays = Vec::new();
        for end in ends {
            match judge(attempts, end, 0.0) {
                Verdict::Retry { in_ms, attempts: next } => {
                    delays.push(in_ms / 1000.0);
                    attempts = next;
                }
                Verdict::Done | Verdict::GiveUp => break,
            }
        }
        delays
    }

    #[test]
    fn a_handler_that_always_throws_runs_seven_times() {
        assert_eq!(delays(std::iter::repeat(RunEnd::Failed)), [2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    }

    #[test]
    fn failures_of_the_platform_do_not_count_and_stop_doubling_at_1024_s() {
        let delays = delays(std::iter::repeat_n(RunEnd::Interrupted, 12));
        assert_eq!(delays, [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 1024.0, 1024.0]);
    }

    #[test]
    fn the_delay_starts_over_when_user_code_becomes_the_cause() {
        use RunEnd::{Failed, Interrupted};
        assert_eq!(delays([Interrupted, Interrupted, Failed, Failed].into_iter()), [2.0, 4.0, 2.0, 4.0]);
    }

    #[test]
    fn jitter_adds_up_to_a_quarter() {
        let Verdict::Retry { in_ms, .. } = judge(Attempts::default(), RunEnd::Failed, 0.999) else { panic!() };
        assert!((2000.0..2500.0).contains(&in_ms));
    }

    #[test]
    fn success_and_abandonment_end_it() {
        assert_eq!(judge(Attempts::default(), RunEnd::Succeeded, 0.0), Verdict::Done);
        assert_eq!(judge(Attempts::default(), RunEnd::Abandoned, 0.0), Verdict::Done);
    }
}
