//! The real world: the system's clock and entropy, and the calm choice every time.
//!
//! Invariant: the only file that reads them.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use super::{Point, TraceKind, Whose, World};
use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The system's clock and entropy.
pub struct RealWorld {
    /// A moment, on the clock that never goes back, and what the time was then.
    base: Cell<(Instant, f64)>,
}

impl Default for RealWorld {
    fn default() -> Self {
        Self { base: Cell::new((Instant::now(), system_ms())) }
    }
}

fn system_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

impl World for RealWorld {
    fn now_ms(&self) -> f64 {
        // The system's clock may be set back; what guests and timers see goes on from where it was.
        let (moment, base_ms) = self.base.get();
        let now = Instant::now();
        let steady_ms = base_ms + now.duration_since(moment).as_secs_f64() * 1000.0;
        let now_ms = steady_ms.max(system_ms());
        self.base.set((now, now_ms));
        now_ms.floor()
    }

    fn random(&self, _whose: Whose, out: &mut [u8]) {
        fill_random(out);
    }

    fn choose(&self, _point: Point, _whose: Whose, _n: usize) -> usize {
        0
    }

    fn trace(&self, _whose: Whose, _kind: TraceKind, _hash: u64, _what: &dyn Fn() -> String) {}
}

/// Fills `out` from the system's entropy.
pub fn fill_random(out: &mut [u8]) {
    let mut filled = 0;
    while filled < out.len() {
        match rustix::rand::getrandom(&mut out[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(more) => filled += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => unreachable!("the system has no entropy: {error}"),
        }
    }
}

/// The CPU time that the calling thread has used.
pub fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The time since some moment, on the clock that never goes back.
pub fn steady() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Today's date in UTC, `YYYY-MM-DD`.
pub fn today() -> String {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / 86_400;
    let (year, month, day) = civil_from_days(days as i64);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The civil date of a day counted from 1970-01-01, by counting in eras of 400 years that start in March.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::civil_from_days;

    #[test]
    fn days_become_dates() {
        for (days, date) in [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_778, (2026, 11, 21))] {
            assert_eq!(civil_from_days(days), date);
        }
    }
}
