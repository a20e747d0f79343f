//! Requests from one worker to another, or to another entrypoint of the same one, through service bindings.
//!
//! Invariant: the worker that is called runs on the caller's lane, in its stateless instance, as for a client.

use super::call::Caller;
use super::instance::{CallKind, Origin};
use super::respond::Start;
use super::worker::Service;
use super::{Flown, Lane, Task};
use crate::core::stream::Party;
use emu_abi::{Body, Exports, Failure, Invoke, Outcome, Request, Response};
use std::sync::Arc;

/// Requests that may lead to each other, through workers and objects alike (reference §2.2, error 1019).
const MAX_DEPTH: u32 = 16;

impl Lane {
    /// How deep a request lies that a call sends: one deeper than what the call serves.
    ///
    /// # Errors
    /// The platform's own, when that is too deep.
    pub(super) fn depth_below(&mut self, caller: Caller) -> Result<u32, Failure> {
        let depth = self.invocation(caller.serial, caller.invocation).map_or(0, |invocation| invocation.depth) + 1;
        if depth <= MAX_DEPTH {
            return Ok(depth);
        }
        Err(Failure::error(
            "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can happen e.g. \
             if you have a Worker or Durable Object that calls other Workers or objects recursively.",
        ))
    }

    /// Sends a request to a service, as the caller's worker numbers it.
    pub(super) fn fetch_service(&mut self, caller: Caller, number: u32, request: Request) {
        let services = self.instances.get(&caller.serial).map(|instance| Arc::clone(&instance.prepared.services));
        let Some(service) = services.as_ref().and_then(|services| services.get(number as usize)) else {
            self.refuse_call(caller, Failure::error(format!("there is no service {number}")));
            return;
        };
        self.fetch_worker(caller, service, request);
    }

    /// Sends a request to an entrypoint of a worker on this lane.
    pub(super) fn fetch_worker(&mut self, caller: Caller, service: &Service, mut request: Request) {
        self.last_flight += 1;
        let flight = self.last_flight;
        let what = format!("a request to `{}` of the worker `{}`", request.url, service.worker_name);
        self.note_call(caller, CallKind::Flight { flight, what });
        let sendable = self.take_guest_body(caller.serial, &mut request.body, Party::Nobody);
        let result = match (sendable.and_then(|()| self.depth_below(caller)), service.worker) {
            (Ok(depth), Some(worker)) => {
                self.flights
                    .insert(flight, Flown { serial: caller.serial, call: caller.call, to: self.me, object: None });
                let origin = Origin::Flight { lane: self.me, flight };
                let (entrypoint, props) = (service.entrypoint.clone(), service.props.clone());
                let start = Start { worker, entrypoint, props, origin, depth, what: Invoke::Fetch(request) };
                // Not at once: what the caller said after this call keeps its place before what the other one says.
                self.ready.push_back(Task::Start(start));
                return;
            }
            (Ok(_), None) => Ok(Outcome::Response(not_here(&service.worker_name))),
            (Err(failure), _) => Err(failure),
        };
        self.drop_body(&request.body);
        self.complete(caller.serial, caller.call, result);
    }

    /// Whether somebody still waits for a request that has not begun.
    pub(super) fn is_wanted(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Flight { lane, flight } if *lane == self.me => self.flights.contains_key(flight),
            _ => true,
        }
    }
}

/// What wrangler answers in place of a worker that does not run (reference §5.7).
fn not_here(worker: &str) -> Response {
    let text = format!("Worker \"{worker}\" not found. Make sure it is running locally.");
    Response {
        status: 503,
        headers: vec![("content-type".into(), "text/plain;charset=UTF-8".into())],
        body: Body::Bytes(text.into_bytes().into()),
        ..Response::default()
    }
}

/// Why a worker's export cannot handle this, in the platform's words (reference §2.1).
pub(super) fn missing_handler(exports: &Exports, entrypoint: &str, what: &Invoke) -> Option<Failure> {
    let (has_fetch, has_scheduled) = match exports.entrypoints.iter().find(|export| export.name == entrypoint) {
        _ if entrypoint.is_empty() => (exports.fetch, exports.scheduled),
        Some(export) => (export.fetch, export.scheduled),
        None if exports.classes.iter().any(|class| class.name == entrypoint) => {
            return Some(Failure::type_error(format!(
                "The entrypoint name {entrypoint} refers to a Durable Object class, but the incoming request is trying \
                 to invoke it as a stateless worker."
            )));
        }
        None => {
            return Some(Failure::type_error(format!(
                "The entrypoint name {entrypoint} was not found in this worker. Ensure the worker exports an entrypoint \
                 with that name."
            )));
        }
    };
    let message = match what {
        Invoke::Fetch(_) if !has_fetch => "Handler does not export a fetch() function.",
        Invoke::Scheduled { .. } if !has_scheduled => "Handler does not export a scheduled() function",
        _ => return None,
    };
    Some(Failure::error(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_abi::{Class, Entrypoint};

    #[test]
    fn an_export_handles_what_it_has_a_handler_for() {
        let exports = Exports {
            fetch: true,
            scheduled: false,
            classes: vec![Class { name: "Room".into(), ..Class::default() }],
            entrypoints: vec![
                Entrypoint { name: "Admin".into(), fetch: true, scheduled: true },
                Entrypoint { name: "Calls".into(), ..Entrypoint::default() },
            ],
        };
        let fetch = Invoke::Fetch(Request::default());
        let scheduled = Invoke::Scheduled { cron: String::new(), scheduled_ms: 0.0 };
        let cases = [
            ("", &fetch, None),
            ("", &scheduled, Some("Error: Handler does not export a scheduled() function")),
            ("Admin", &fetch, None),
            ("Admin", &scheduled, None),
            ("Calls", &fetch, Some("Error: Handler does not export a fetch() function.")),
            (
                "Other",
                &fetch,
                Some(
                    "TypeError: The entrypoint name Other was not found in this worker. Ensure the worker exports an \
                     entrypoint with that name.",
                ),
            ),
            (
                "Room",
                &fetch,
                Some(
                    "TypeError: The entrypoint name Room refers to a Durable Object class, but the incoming request is \
                     trying to invoke it as a stateless worker.",
                ),
            ),
        ];
        for (entrypoint, what, expected) in cases {
            let missing = missing_handler(&exports, entrypoint, what).map(|failure| failure.to_string());
            assert_eq!(missing.as_deref(), expected, "{entrypoint}");
        }
    }
}
