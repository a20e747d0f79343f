//! The thread that a world lives on: guests need a deeper stack than the threads of tests have.
//!
//! Invariant: one job at a time, in the order they were asked for. The thread ends with its world.

use crate::error::{Error, Result};
use crate::lane::STACK_BYTES;
use crate::simulate::{Setup, Simulation};
use crate::world::driver::{Calm, Driver, Replay, Swarm};
use crate::world::shrink::MAX_FAULTS;
use crate::world::simulated::{Keep, SimulatedWorld};
use crate::world::{Points, Rerun};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

type Job = Box<dyn FnOnce(&mut Simulation) + Send>;

/// What a world is made of.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) setup: Setup,
    pub(super) rerun: Rerun,
    /// Where the seed may decide, if no tape does.
    pub(super) points: Points,
    pub(super) start_ms: Option<f64>,
    pub(super) keep: Keep,
}

impl Plan {
    fn world(&self) -> SimulatedWorld {
        let driver: Box<dyn Driver> = match &self.rerun.tape {
            Some(tape) => Box::new(Replay(tape.clone())),
            None if self.points == Points::NONE => Box::new(Calm),
            None => Box::new(Swarm::new(self.rerun.seed.0, self.points, MAX_FAULTS)),
        };
        let world = SimulatedWorld::new(self.rerun.seed, driver, self.keep);
        match self.start_ms {
            Some(start_ms) => world.starting_at(start_ms),
            None => world,
        }
    }
}

/// A world on its thread.
pub(super) struct Stage {
    /// Closed when the world ends.
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Stage {
    /// Sets up a world in which nothing has happened yet.
    ///
    /// # Errors
    /// When there is no memory or no thread for it.
    pub(super) fn open(plan: Plan) -> Result<Self> {
        let (jobs, waiting) = channel::<Job>();
        let (opened, is_open) = channel();
        let live = move || {
            let mut simulation = match Simulation::new(&plan.setup, Rc::new(plan.world())) {
                Ok(simulation) => simulation,
                Err(error) => return drop(opened.send(Err(error))),
            };
            if opened.send(Ok(())).is_ok() {
                waiting.into_iter().for_each(|job: Job| job(&mut simulation));
            }
        };
        let thread = Builder::new().name("world".into()).stack_size(STACK_BYTES).spawn(live);
        let thread = thread.map_err(|error| Error::internal("no thread can be started").because(error))?;
        let stage = Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) };
        match is_open.recv() {
            Ok(Ok(())) => Ok(stage),
            Ok(Err(error)) => Err(error),
            Err(_) => stage.died(),
        }
    }

    /// Does something in the world, and waits for it.
    pub(super) fn ask<T: Send + 'static>(&self, work: impl FnOnce(&mut Simulation) -> T + Send + 'static) -> T {
        let (answer, answered) = channel();
        let job: Job = Box::new(move |simulation| drop(answer.send(work(simulation))));
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(jobs) = jobs {
            // That nobody takes it shows in the answer.
            let _ = jobs.send(job);
        }
        answered.recv().unwrap_or_else(|_| self.died())
    }

    /// The thread has panicked, and so does whoever waited for it.
    fn died(&self) -> ! {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread.map(JoinHandle::join) {
            Some(Err(panic)) => resume_unwind(panic),
            _ => unreachable!("a world has ended while it was asked for something"),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Its panic has been passed on, or nobody waits for anything any more.
            let _ = thread.join();
        }
    }
}
