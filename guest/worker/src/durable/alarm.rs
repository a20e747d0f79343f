//! When an alarm is to run.

use crate::{Date, js_sys};
use chrono::{DateTime, Utc};
use std::time::Duration;

#[derive(Debug)]
enum Due {
    /// Milliseconds since the epoch.
    At(f64),
    /// Milliseconds from the call that sets the alarm.
    In(f64),
}

/// The time of an alarm. From an `i64` or a [`Duration`] it is an offset from now in milliseconds; from a [`DateTime`] it
/// is that moment.
#[derive(Debug)]
pub struct ScheduledTime(Due);

impl ScheduledTime {
    /// That moment.
    pub fn new(date: js_sys::Date) -> Self {
        Self(Due::At(date.get_time()))
    }

    pub(super) fn at_ms(&self) -> f64 {
        match self.0 {
            Due::At(ms) => ms,
            Due::In(offset_ms) => Date::now().as_millis() as f64 + offset_ms,
        }
    }
}

impl From<i64> for ScheduledTime {
    fn from(offset_ms: i64) -> Self {
        Self(Due::In(offset_ms as f64))
    }
}

impl From<Duration> for ScheduledTime {
    fn from(offset: Duration) -> Self {
        Self(Due::In(offset.as_millis() as f64))
    }
}

impl From<DateTime<Utc>> for ScheduledTime {
    fn from(date: DateTime<Utc>) -> Self {
        Self(Due::At(date.timestamp_millis() as f64))
    }
}

/// Options of `get_alarm`; without effect here.
#[derive(Clone, Debug, Default)]
pub struct GetAlarmOptions {
    /// Do not take the input lock.
    pub allow_concurrency: Option<bool>,
}

/// Options of `set_alarm`; without effect here.
#[derive(Clone, Debug, Default)]
pub struct SetAlarmOptions {
    /// Do not take the input lock.
    pub allow_concurrency: Option<bool>,
    /// Do not lock the output gate for this write.
    pub allow_unconfirmed: Option<bool>,
}
