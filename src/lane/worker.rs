//! A worker as a lane runs it: what is prepared once for all lanes, and what each lane keeps.
//!
//! Invariant: nothing here is done per request.

use super::thrown::Sources;
use crate::bindings::{GuestHost, Switches};
use crate::isolate::Launcher;
use crate::storage::Backend;
use crate::world::Whose;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A worker that is compiled, initialised and frozen. Shared by all lanes.
pub struct Prepared {
    /// Its name.
    pub name: Arc<str>,
    /// Starts its isolates.
    pub launcher: Launcher<GuestHost>,
    /// Compatibility switches.
    pub switches: Switches,
    /// Its service bindings, as the guest numbers them.
    pub services: Arc<[Service]>,
    /// Patterns of the URLs that it answers where several workers are served (reference §5.3).
    pub routes: Vec<String>,
    /// What its code was made of; nothing for a compiled worker.
    pub sources: Option<Arc<dyn Sources>>,
    /// Differs between two versions that behave differently.
    pub digest: [u8; 32],
}

/// A service binding of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The worker that answers, in the numbering all lanes share; `None` if it is not served here.
    pub worker: Option<usize>,
    /// Its name.
    pub worker_name: String,
    /// The named export that answers; empty for the default export.
    pub entrypoint: String,
    /// `ctx.props` of its invocations, as JSON; empty for nothing.
    pub props: String,
}

/// A Durable Object class that is bound or declared, in the numbering all lanes share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Namespace {
    /// `<worker>-<Class>`, with the name the class had before its renames: derives ids and names the folder.
    pub unique_key: String,
    /// The worker that exports the class.
    pub worker: usize,
    /// The class.
    pub class: String,
    /// Its storage.
    pub backend: Backend,
}

/// One worker on one lane.
pub(super) struct Worker {
    pub(super) prepared: Arc<Prepared>,
    /// Whose the draws and the randomness for its stateless side are.
    pub(super) whose: Whose,
    /// The running stateless instance, if there is one.
    pub(super) instance: Option<u64>,
    /// Raised by every reload.
    pub(super) version: u64,
}

impl Worker {
    pub(super) fn new(prepared: Arc<Prepared>) -> Self {
        let whose = Whose::worker(&prepared.name);
        Self { prepared, instance: None, whose, version: 0 }
    }
}
