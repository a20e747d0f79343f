//! What emu offers beyond the public crate `worker` 0.8. Source that uses it does not deploy to Cloudflare unchanged.

/// The argument of the platform's `alarm(info)`, which the public crate does not pass on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlarmInfo {
    /// Counted retries so far.
    pub retry_count: u32,
    /// When the alarm was due, in milliseconds since the epoch.
    pub scheduled_ms: f64,
}

/// The argument of the `alarm` handler that is running, if one is.
pub fn alarm_info() -> Option<AlarmInfo> {
    crate::scope::current().invocation.alarm
}

/// Fills `buffer` with random bytes.
///
/// # Errors
/// In global scope, where the platform allows no randomness.
pub fn random_bytes(buffer: &mut [u8]) -> crate::Result<()> {
    Ok(crate::host::random(buffer)?)
}
