//! What a simulated world is told of a lane: every turn, what was said in it, commits, starts and ends.
//!
//! Two runs with the same lines were the same run. The texts are for people and are made only where they are kept.
//!
//! Invariant: changes nothing. In the real world none of this costs more than one question.

use super::Lane;
use super::instance::{CallKind, Origin, Owner};
use crate::bindings::Output;
use crate::core::socket::Arrival;
use crate::world::mix::xxh64;
use crate::world::{TraceKind, Whose};
use emu_abi::{Body, Call, Event, Failure, Invoke, Message, Op, Outcome, Settled, SocketEvent, Target};

/// The longest quotation in a line.
const MAX_QUOTED_CHARS: usize = 60;

impl Lane {
    /// Whose draws and lines those of an owner are.
    pub(super) fn whose(&self, owner: Owner) -> Whose {
        match owner {
            Owner::Object(number) => self.objects[number].whose,
            Owner::Worker(worker) => self.workers[worker].whose,
        }
    }

    /// How people call what a line is about.
    pub fn name_of(&self, whose: Whose) -> Option<String> {
        let object = self.objects.iter().position(|object| object.whose == whose);
        let worker = || self.workers.iter().find(|worker| worker.whose == whose);
        object
            .map(|number| self.object_label(number))
            .or_else(|| worker().map(|worker| worker.prepared.name.to_string()))
    }

    pub(super) fn trace_turn(&mut self, serial: u64, owner: Owner, event: &Event) {
        if self.world().is_traced() {
            let hash = xxh64(&emu_abi::encode(event), 0);
            self.world().trace(self.whose(owner), TraceKind::Deliver, hash, &|| self.event_text(serial, event));
            if let (Event::Complete { call, .. }, Some(instance)) = (event, self.instances.get_mut(&serial)) {
                instance.ended_calls.remove(call);
            }
        }
    }

    pub(super) fn trace_output(&self, serial: u64, output: &Output) {
        let Some(instance) = self.instances.get(&serial).filter(|_| self.world().is_traced()) else { return };
        let hash = match output {
            Output::Op(op) => xxh64(&emu_abi::encode(op), 1),
            Output::Emit(socket, arrival) => xxh64(arrival_text(arrival).as_bytes(), u64::from(*socket)),
            Output::Accepted(_) | Output::Hibernatable(_) => 2,
        };
        self.world().trace(self.whose(instance.owner), TraceKind::Send, hash, &|| output_text(output));
    }

    pub(super) fn trace_object(&self, number: usize, kind: TraceKind, what: &str) {
        if self.world().is_traced() {
            let hash = xxh64(what.as_bytes(), 0);
            self.world().trace(self.objects[number].whose, kind, hash, &|| what.to_owned());
        }
    }

    /// Takes in what a client is told that runs a test: two runs in which it is told the same look the same to it.
    pub(super) fn note_answer(&mut self, serial: u64, invocation: u32, result: &Result<Outcome, Failure>) {
        if self.world().is_traced()
            && self
                .invocation(serial, invocation)
                .is_some_and(|invocation| matches!(invocation.origin, Origin::Port(_)))
        {
            let hash = match result {
                Ok(Outcome::Response(response)) => {
                    let status = u64::from(response.status);
                    match &response.body {
                        Body::Bytes(bytes) => xxh64(&bytes.0, status),
                        _ => xxh64(&status.to_le_bytes(), 0),
                    }
                }
                Ok(Outcome::Done) => return,
                Err(failure) => xxh64(failure.to_string().as_bytes(), 0),
            };
            // A sum: of two answers that were waited for together, either may come first.
            self.answers = self.answers.wrapping_add(hash);
        }
    }

    /// Stands for all that clients were told while they waited.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    fn event_text(&self, serial: u64, event: &Event) -> String {
        match event {
            Event::Construct { .. } => "constructor".into(),
            Event::Invoke { what, .. } => invoke_text(what),
            Event::Complete { call, result } => {
                let ended = self.instances.get(&serial).and_then(|instance| instance.ended_calls.get(call));
                format!("{}: {}", ended.map_or_else(|| "a call".to_owned(), CallKind::subject), outcome_text(result))
            }
            Event::BodyChunk { bytes, .. } => format!("{} bytes of a body", bytes.0.len()),
            Event::BodyEnd { .. } => "the end of a body".into(),
            Event::BodyFailed { failure, .. } => format!("a body broke: {failure}"),
            Event::BodyCredit { .. } => "may send more of a body".into(),
            Event::BodyCancelled { .. } => "nobody reads its body".into(),
            Event::Socket { event, .. } => match event {
                SocketEvent::Message(message) => message_text(message),
                SocketEvent::Close { code, .. } => format!("close {code}"),
                SocketEvent::Error(failure) => format!("socket error: {failure}"),
            },
            Event::Cancelled { .. } => "its caller has gone".into(),
        }
    }
}

fn invoke_text(what: &Invoke) -> String {
    match what {
        Invoke::Fetch(request) => format!("{} {}{}", request.method, path(&request.url), body_text(&request.body)),
        Invoke::Scheduled { cron, .. } => format!("scheduled {cron}"),
        Invoke::Alarm { retry_count: 0, .. } => "alarm".into(),
        Invoke::Alarm { retry_count, .. } => format!("alarm, retry {retry_count}"),
        Invoke::SocketMessage { message, .. } => message_text(message),
        Invoke::SocketClose { code, .. } => format!("close {code}"),
        Invoke::SocketError { failure, .. } => format!("socket error: {failure}"),
    }
}

pub(super) fn output_text(output: &Output) -> String {
    match output {
        Output::Op(op) => op_text(op),
        Output::Emit(_, arrival) => arrival_text(arrival),
        Output::Accepted(_) | Output::Hibernatable(_) => "accepts a socket".into(),
    }
}

fn op_text(op: &Op) -> String {
    match op {
        Op::Settle { result: Ok(Settled::Response(response)), .. } => {
            format!("answers {}{}", response.status, body_text(&response.body))
        }
        Op::Settle { result: Ok(Settled::Done), .. } => "done".into(),
        Op::Settle { result: Err(failure), .. } => format!("throws {failure}"),
        Op::Call { what, .. } => call_text(what),
        Op::Cancel { .. } => "gives up waiting".into(),
        Op::WaitUntilBegin { .. } => "waitUntil begins".into(),
        Op::WaitUntilEnd { .. } => "waitUntil ends".into(),
        Op::LeaveCritical { .. } => "leaves a critical section".into(),
        Op::BodyChunk { bytes, .. } => format!("sends {} bytes of a body", bytes.0.len()),
        Op::BodyPull { .. } | Op::BodyCancel { .. } | Op::BodyEnd { .. } | Op::BodyFailed { .. } => "streams".into(),
        Op::SocketDrop { .. } => "drops a socket".into(),
        Op::Log { message, .. } => format!("logs {}", quoted(message)),
        Op::Abort { .. } => "aborts".into(),
        Op::Declare(_) | Op::Refuse(_) => "declares".into(),
    }
}

fn call_text(what: &Call) -> String {
    match what {
        Call::Fetch { target, request } => {
            let whom = match target {
                Target::Internet => request.url.clone(),
                Target::Object { id, .. } => {
                    format!("{}{}", id.name.as_deref().unwrap_or("an object"), path(&request.url))
                }
                Target::Service(_) => format!("a service{}", path(&request.url)),
                Target::World => return format!("asks the world {}", body_text(&request.body)),
            };
            format!("calls {} {whom}{}", request.method, body_text(&request.body))
        }
        Call::Sleep { ms } => format!("sleeps {ms} ms"),
        Call::Sync => "waits for its writes".into(),
        Call::EnterCritical { .. } => "enters a critical section".into(),
    }
}

fn outcome_text(result: &Result<Outcome, Failure>) -> String {
    match result {
        Ok(Outcome::Done) => "done".into(),
        Ok(Outcome::Response(response)) => format!("{}{}", response.status, body_text(&response.body)),
        Err(failure) => failure.to_string(),
    }
}

fn arrival_text(arrival: &Arrival) -> String {
    match arrival {
        Arrival::Message(message) => format!("sends {}", message_text(message)),
        Arrival::Close { code, clean: true, .. } => format!("closes with {code}"),
        Arrival::Close { .. } => "loses its connection".into(),
        Arrival::Error(failure) => format!("fails its socket: {failure}"),
    }
}

fn message_text(message: &Message) -> String {
    match message {
        Message::Text(text) => quoted(text),
        Message::Binary(bytes) => format!("{} bytes", bytes.0.len()),
    }
}

fn body_text(body: &Body) -> String {
    match body {
        Body::Bytes(bytes) => match std::str::from_utf8(&bytes.0) {
            Ok("") => String::new(),
            Ok(text) => format!(" {}", quoted(text)),
            Err(_) => format!(" {} bytes", bytes.0.len()),
        },
        Body::Empty => String::new(),
        Body::Stream { .. } | Body::Forward(_) => " with a stream".into(),
    }
}

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// The path of a URL with its query.
fn path(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    url[after_scheme..].find('/').map_or("/", |at| &url[after_scheme + at..])
}
