//! `--record-fetches`: requests to the network and their answers, as lines of a file from which worlds of `emu test` are
//! answered.
//!
//! A [`Recording`] follows one request. It sees of the request's body what the other server takes of it, and reads the
//! answer's ahead of the guest, who may leave it unread.
//!
//! Invariant: changes nothing of what it sees, keeps a bounded part of it, and reads a bounded part ahead.

use super::driver::next_chunk;
use super::log::Log;
use crate::core::outgoing::Reply;
use crate::core::recording::{MAX_BODY_BYTES, line};
use crate::error::{Error, Result};
use bytes::Bytes;
use emu_abi::{Body, Failure, Headers, Request, Response};
use hyper::body::Incoming;
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Chunks of an answer that wait for the guest.
const CHUNKS_AHEAD: usize = 16;
/// How long an answer is read that the guest does not want any more.
const LEFT_TIMEOUT: Duration = Duration::from_secs(1);

/// The file that requests are recorded in.
pub struct Recorder {
    /// `None` when it could not be written.
    file: Mutex<Option<File>>,
    log: Arc<Log>,
}

impl Recorder {
    /// Opens a file, behind whose lines further ones are written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path, log: Arc<Log>) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
            Error::usage(format!("`{}` cannot be written, where requests are to be recorded", path.display()))
                .because(error)
        })?;
        Ok(Self { file: Mutex::new(Some(file)), log })
    }

    fn write(&self, line: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = file.as_mut().map(|file| file.write_all(line.as_bytes())) {
            self.log.warn(&format!("requests are not recorded any more: the file cannot be written: {error}"));
            *file = None;
        }
    }
}

/// As much of a body as is recorded.
#[derive(Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Kept {
    /// Takes more of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = MAX_BODY_BYTES - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// A request whose answer has not come to its end.
pub(super) struct Recording {
    recorder: Arc<Recorder>,
    method: String,
    url: String,
    request: Rc<RefCell<Kept>>,
    /// The status and the headers of the answer, once they are there.
    head: Option<(u16, Headers)>,
    answer: Kept,
}

impl Recording {
    /// A request begins.
    pub(super) fn of(recorder: &Arc<Recorder>, request: &Request) -> Self {
        let mut kept = Kept::default();
        if let Body::Bytes(bytes) = &request.body {
            kept.take(&bytes.0);
        }
        Self {
            recorder: Arc::clone(recorder),
            method: request.method.clone(),
            url: request.url.clone(),
            request: Rc::new(RefCell::new(kept)),
            head: None,
            answer: Kept::default(),
        }
    }

    /// Where the rest of the request's body goes, if it is a stream.
    pub(super) fn request_body(&self) -> Rc<RefCell<Kept>> {
        Rc::clone(&self.request)
    }

    /// The request is answered. Gives itself back where the answer has a body, which is still to come.
    pub(super) fn answered(mut self, result: &std::result::Result<Response, Failure>) -> Option<Self> {
        match result {
            // What is said in a WebSocket cannot be repeated.
            Ok(Response { socket: Some(_), .. }) => None,
            Ok(response) => {
                self.head = Some((response.status, response.headers.clone()));
                match &response.body {
                    Body::Stream { .. } => return Some(self),
                    Body::Bytes(bytes) => self.answer.take(&bytes.0),
                    Body::Empty | Body::Forward(_) => {}
                }
                self.ended();
                None
            }
            Err(failure) => {
                self.write(&Reply::Fails(failure.message.clone()));
                None
            }
        }
    }

    /// Reads the answer's body, and gives it on.
    #[expect(clippy::disallowed_methods, reason = "a server's slowness is bounded by real time")]
    pub(super) fn follow(mut self, mut body: Incoming) -> mpsc::Receiver<hyper::Result<Bytes>> {
        let (to, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let from = to.clone();
        let reading = async move {
            while let Some(chunk) = next_chunk(&mut body).await {
                if let Ok(bytes) = &chunk {
                    self.answer.take(bytes);
                }
                let is_broken = chunk.is_err();
                let is_left = from.send(chunk).await.is_err();
                // What was read so far is a line that says so.
                if is_broken || is_left && self.answer.is_cut {
                    return;
                }
            }
            self.ended();
        };
        tokio::task::spawn_local(async move {
            let left = async {
                to.closed().await;
                tokio::time::sleep(LEFT_TIMEOUT).await;
            };
            tokio::select! {
                () = reading => {}
                () = left => {}
            }
        });
        chunks
    }

    /// The whole answer has come.
    fn ended(mut self) {
        let Some((status, headers)) = self.head.take() else { return };
        let reply = match self.answer.is_cut {
            true => too_large(),
            false => Reply::Response { status, headers, body: std::mem::take(&mut self.answer.bytes) },
        };
        self.write(&reply);
    }

    fn write(&self, reply: &Reply) {
        let request = self.request.borrow();
        // One that is too large is left out: such a line is for any body.
        let body = (!request.is_cut).then_some(request.bytes.as_slice());
        let has_body = !matches!(self.method.as_str(), "GET" | "HEAD");
        self.recorder.write(&line(&self.method, &self.url, body.filter(|_| has_body), reply));
    }
}

impl Drop for Recording {
    /// An answer that broke off, or that nobody waited for, is a line too.
    fn drop(&mut self) {
        if self.head.take().is_some() {
            let broken = || Reply::Incomplete("whose body did not come to its end".into());
            self.write(&if self.answer.is_cut { too_large() } else { broken() });
        }
    }
}

fn too_large() -> Reply {
    Reply::Incomplete(format!("whose body is larger than {} MiB", MAX_BODY_BYTES >> 20))
}
