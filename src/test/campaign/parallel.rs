//! Pieces of work on several threads.
//!
//! Invariant: results come in the order of the work, whichever thread was faster.

use super::Progress;
use crate::lane::STACK_BYTES;
use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Does pieces of work on `jobs` threads, and tells what they have to tell.
pub(super) fn in_parallel<T: Send, R: Send>(
    jobs: usize,
    work: Vec<T>,
    tell: &mut dyn FnMut(Progress),
    piece: impl Fn(T, &Sender<Progress>) -> R + Sync,
) -> Vec<R> {
    let threads = jobs.clamp(1, work.len().max(1));
    let work: Mutex<VecDeque<(usize, T)>> = Mutex::new(work.into_iter().enumerate().collect());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for number in 0..threads {
            let (sender, work, done, piece) = (sender.clone(), &work, &done, &piece);
            let name = format!("world-{number}");
            let spawned = thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn_scoped(scope, move || {
                while let Some((place, next)) = locked(work).pop_front() {
                    let result = piece(next, &sender);
                    locked(done).push((place, result));
                }
            });
            if spawned.is_err() && number == 0 {
                unreachable!("no thread can be started");
            }
        }
        drop(sender);
        receiver.into_iter().for_each(tell);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
