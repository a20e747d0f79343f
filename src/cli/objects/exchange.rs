//! One request to the control API of a running emu, and its answer.
//!
//! Invariant: bounded in time and memory whoever listens there; what comes back is JSON or an error.

use super::discover::Server;
use super::table::{cut, printable};
use crate::error::{Error, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use hyper::http::response::Parts;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use url::Host;

/// Also resolving the name.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Above the 30 s that an eviction may wait for its object.
const ANSWER_TIME: Duration = Duration::from_secs(120);
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// The time that an answer is of.
const NOW_HEADER: &str = "emu-now";
/// How much of an answer that is not emu's is shown.
const SHOWN_CHARS: usize = 200;

/// What the control API answered.
#[derive(Debug)]
pub(in crate::cli) struct Answer {
    text: String,
    /// The same, parsed.
    pub(in crate::cli) value: Value,
    /// The time it is of, in milliseconds since the epoch, where emu does not run by the system's clock.
    pub(super) now_ms: Option<f64>,
}

impl Answer {
    /// The JSON as emu wrote it, with one end of line.
    pub(in crate::cli) fn json(&self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}

/// Asks what is at `path` of the control API: what there is to see, or what `command` says.
///
/// # Errors
/// When nothing listens, what listens is no emu, or emu refuses the command.
pub(in crate::cli) async fn ask(server: &Server, path: &'static str, command: Option<&Value>) -> Result<Answer> {
    let stream = within(CONNECT_TIME, connect(server)).await.unwrap_or_else(|| {
        Err(Error::network(format!("`{server}` does not accept connections")).hint(server.advice))
    })?;
    let (head, body) = within(ANSWER_TIME, exchange(stream, path, command)).await.unwrap_or_else(|| {
        Err(Error::network(format!("`{server}` has not answered within {} s", ANSWER_TIME.as_secs()))
            .hint("look at the log of `emu serve`; a worker in an endless loop holds up everything beside it"))
    })?;
    let text = String::from_utf8_lossy(&body).into_owned();
    match (head.status, serde_json::from_str::<Value>(&text)) {
        (StatusCode::OK, Ok(value)) => Ok(Answer { text, value, now_ms: now_ms(&head) }),
        (StatusCode::BAD_REQUEST, Ok(Value::Object(answer))) if answer.contains_key("error") => {
            let message = answer["error"].as_str().map_or_else(|| answer["error"].to_string(), str::to_owned);
            Err(Error::guest(printable(&message)))
        }
        _ => {
            let start = cut(text.trim(), SHOWN_CHARS).0;
            Err(Error::network(format!("what listens at `{server}` does not answer as emu does"))
                .because(format!("it answered {}: {start}", head.status))
                .hint("is it another program, or an emu of another version? `--url` says where to look"))
        }
    }
}

fn now_ms(head: &Parts) -> Option<f64> {
    head.headers.get(NOW_HEADER)?.to_str().ok()?.parse::<u64>().ok().map(|now_ms| now_ms as f64)
}

#[expect(clippy::disallowed_methods, reason = "whoever waits at the terminal must not wait for ever")]
async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

async fn connect(server: &Server) -> Result<TcpStream> {
    let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
    let addresses = addresses(server).await.map_err(|error| {
        Error::network(format!("the host of `{server}` is unknown")).because(error).hint(server.advice)
    })?;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    let what = match last.kind() {
        ErrorKind::ConnectionRefused => Error::network(format!("nothing listens at `{server}`")),
        _ => Error::network(format!("`{server}` cannot be reached")).because(last),
    };
    Err(what.hint(server.advice))
}

/// `localhost` and names below it are this machine, whatever a resolver says.
async fn addresses(server: &Server) -> std::io::Result<Vec<SocketAddr>> {
    let port = server.url.port_or_known_default().unwrap_or(80);
    let at = |ip: IpAddr| SocketAddr::new(ip, port);
    match server.url.host() {
        Some(Host::Ipv4(ip)) => Ok(vec![at(ip.into())]),
        Some(Host::Ipv6(ip)) => Ok(vec![at(ip.into())]),
        Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => {
            Ok(vec![at(Ipv4Addr::LOCALHOST.into()), at(Ipv6Addr::LOCALHOST.into())])
        }
        Some(Host::Domain(name)) => Ok(tokio::net::lookup_host((name, port)).await?.collect()),
        None => Ok(Vec::new()),
    }
}

async fn exchange(stream: TcpStream, path: &'static str, command: Option<&Value>) -> Result<(Parts, Bytes)> {
    let broken = |error: hyper::Error| {
        Error::network("the connection to emu ended before its answer")
            .because(error)
            .hint("look at the log of `emu serve`: it may have been stopped")
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Its end is also the end of the request or of the body, where it is seen.
    tokio::spawn(connection);
    let response = sender.send_request(request(path, command)?).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|error| {
        Error::network("emu's answer cannot be read to its end")
            .because(error)
            .hint("if it is very long, ask for less, such as with `LIMIT` in SQL")
    })?;
    Ok((head, body.to_bytes()))
}

fn request(path: &'static str, command: Option<&Value>) -> Result<Request<Full<Bytes>>> {
    let (method, body) = match command {
        Some(command) => (Method::POST, command.to_string()),
        None => (Method::GET, String::new()),
    };
    Request::builder()
        .method(method)
        .uri(path)
        // emu answers to local names only, which keeps web pages out; whoever runs this is no web page, and may have
        // let emu listen at another address.
        .header(HOST, "localhost")
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Error::internal("the request cannot be built").because(error))
}
