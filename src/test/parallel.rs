//! Pieces of work on several threads.
//!
//! Invariant: results come in the order of the work, whichever thread was faster.

use crate::lane::STACK_BYTES;
use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Does pieces of work on `jobs` threads, each with a stack that guests can run on, and tells what they have to tell.
///
/// # Panics
/// When a piece of work does, or no thread can be started at all.
pub fn in_parallel<T: Send, R: Send, M: Send>(
    jobs: usize,
    work: Vec<T>,
    tell: &mut dyn FnMut(M),
    piece: impl Fn(T, &Sender<M>) -> R + Sync,
) -> Vec<R> {
    let threads = jobs.clamp(1, work.len().max(1));
    let work: Mutex<VecDeque<(usize, T)>> = Mutex::new(work.into_iter().enumerate().collect());
    let done = Mutex::new(Vec::new());
    // A function of its own: in the head of a loop the lock would be held while the piece is done.
    let next = || locked(&work).pop_front();
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for number in 0..threads {
            let (sender, next, done, piece) = (sender.clone(), &next, &done, &piece);
            let name = format!("world-{number}");
            let spawned = thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn_scoped(scope, move || {
                while let Some((place, one)) = next() {
                    let result = piece(one, &sender);
                    locked(done).push((place, result));
                }
            });
            // Whatever threads there are do all of the work.
            assert!(spawned.is_ok() || number > 0, "no thread can be started");
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn pieces_are_done_at_the_same_time_and_told_in_their_order() {
        // Each waits until all others have begun.
        let barrier = Barrier::new(4);
        let mut told = Vec::new();
        let done = in_parallel(4, vec![1, 2, 3, 4], &mut |number: i32| told.push(number), |number, sender| {
            barrier.wait();
            sender.send(number).expect("somebody listens");
            number * 10
        });
        told.sort_unstable();
        assert_eq!((done, told), (vec![10, 20, 30, 40], vec![1, 2, 3, 4]));
    }

    #[test]
    fn few_threads_do_all_of_the_work() {
        for jobs in [0, 1, 3] {
            assert_eq!(
                in_parallel(jobs, (0..20).collect(), &mut |()| {}, |number, _| number),
                (0..20).collect::<Vec<_>>()
            );
        }
        assert!(in_parallel(2, Vec::<u32>::new(), &mut |()| {}, |number, _| number).is_empty());
    }
}
