//! The single-threaded executor: tasks are woken by what the host completes, and a turn runs all that are ready.
//!
//! Invariant: knows nothing of what tasks do; no task is polled twice at once, none is dropped while the tables are
//! borrowed (a drop may send ops and spawn).

use crate::scope::{self, Scope};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Names a task; a slot may be used again, so the generation tells its tenants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId {
    slot: usize,
    generation: u32,
}

struct Task {
    scope: Scope,
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
    flag: Arc<Ready>,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    occupied: bool,
    /// Absent while the task is being polled.
    task: Option<Task>,
}

#[derive(Default)]
struct Tasks {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

thread_local! {
    // Never dropped: a guest's memory goes as a whole, and dropping tasks would run code of the worker.
    static TASKS: RefCell<ManuallyDrop<Tasks>> =
        const { RefCell::new(ManuallyDrop::new(Tasks { slots: Vec::new(), free: Vec::new() })) };
    static READY: RefCell<VecDeque<TaskId>> = const { RefCell::new(VecDeque::new()) };
}

/// The waker's side of a task. Guests have one thread, so the queue it pushes to is always the right one.
struct Ready {
    id: TaskId,
    queued: AtomicBool,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            READY.with_borrow_mut(|ready| ready.push_back(self.id));
        }
    }
}

/// Adds a task; it runs before the turn ends.
pub(crate) fn spawn(scope: Scope, future: impl Future<Output = ()> + 'static) -> TaskId {
    let future = Box::pin(future);
    TASKS.with_borrow_mut(|tasks| {
        let slot = tasks.free.pop().unwrap_or_else(|| {
            tasks.slots.push(Slot::default());
            tasks.slots.len() - 1
        });
        let entry = &mut tasks.slots[slot];
        let id = TaskId { slot, generation: entry.generation };
        let flag = Arc::new(Ready { id, queued: AtomicBool::new(false) });
        flag.wake_by_ref();
        entry.occupied = true;
        entry.task = Some(Task { scope, future, waker: Waker::from(flag.clone()), flag });
        id
    })
}

/// Ends a task where it stands and drops what it holds. Nothing happens if it has ended already.
pub(crate) fn cancel(id: TaskId) {
    drop(vacate(id));
}

/// Runs tasks until none is ready.
pub(crate) fn run() {
    while let Some(id) = READY.with_borrow_mut(VecDeque::pop_front) {
        poll(id);
    }
}

fn poll(id: TaskId) {
    let Some(mut task) = TASKS.with_borrow_mut(|tasks| {
        let slot = &mut tasks.slots[id.slot];
        if slot.generation == id.generation { slot.task.take() } else { None }
    }) else {
        return;
    };
    task.flag.queued.store(false, Ordering::Relaxed);
    let waker = task.waker.clone();
    let polled = scope::enter(task.scope.clone(), || task.future.as_mut().poll(&mut Context::from_waker(&waker)));
    match polled {
        Poll::Ready(()) => {
            vacate(id);
        }
        Poll::Pending => {
            // Gone if the task was cancelled by what it did itself; then it is dropped here, outside the borrow.
            let cancelled = TASKS.with_borrow_mut(|tasks| {
                let slot = &mut tasks.slots[id.slot];
                if slot.generation == id.generation && slot.occupied {
                    slot.task = Some(task);
                    None
                } else {
                    Some(task)
                }
            });
            drop(cancelled);
        }
    }
}

/// Frees the slot of `id` and returns its task, unless it is being polled right now.
fn vacate(id: TaskId) -> Option<Task> {
    TASKS.with_borrow_mut(|tasks| {
        let slot = tasks.slots.get_mut(id.slot)?;
        if slot.generation != id.generation || !slot.occupied {
            return None;
        }
        slot.generation = slot.generation.wrapping_add(1);
        slot.occupied = false;
        let task = slot.task.take();
        tasks.free.push(id.slot);
        task
    })
}
