//! [`Delay`].

use crate::calls::{self, Pending};
use emu_abi::Call;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Waits. The time begins with the first poll; dropping it stops the timer.
#[derive(Debug)]
pub struct Delay {
    duration: Duration,
    timer: Option<Pending>,
    over: bool,
}

impl From<Duration> for Delay {
    fn from(duration: Duration) -> Self {
        Self { duration, timer: None, over: false }
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.over {
            return Poll::Ready(());
        }
        // A timer has whole milliseconds.
        let ms = self.duration.as_millis() as f64;
        let timer = self.timer.get_or_insert_with(|| calls::start(Call::Sleep { ms }));
        let result = ready!(Pin::new(timer).poll(context));
        self.over = true;
        self.timer = None;
        if let Err(failure) = result {
            panic!("{failure}");
        }
        Poll::Ready(())
    }
}
