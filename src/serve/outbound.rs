//! HTTP out: `fetch` to the network, and WebSockets that a worker opens.
//!
//! Invariant: bodies are streamed both ways; redirects are followed as the platform follows them (reference §2.4).

use super::body::OutgoingBody;
use super::connection::Connection;
use super::driver::Driver;
use super::frames::Role;
use super::headers::{header_map, text_of};
use super::levers::FetchFault;
use super::record::Recording;
use crate::core::base64;
use crate::lane::FetchId;
use crate::world::real::fill_random;
use bytes::Bytes;
use emu_abi::{Body as GuestBody, Failure, Redirect, Request as GuestRequest, Response as GuestResponse};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use url::Url;

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 20;

/// The requests of a lane that are under way.
#[derive(Default)]
pub(super) struct Outbound {
    running: RefCell<BTreeMap<FetchId, AbortHandle>>,
}

impl Outbound {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Sends a request; its answer becomes an input of the lane.
    pub(super) fn start(&self, driver: &Rc<Driver>, fetch: FetchId, mut request: GuestRequest) {
        let fault = driver.fetch_fault(fetch, &request.url);
        let driver = Rc::clone(driver);
        // However the task ends, and even when it never runs, the body is dropped and so cancelled.
        // What chaos does is no answer of the other server.
        let recorder = driver.recorder.as_ref().filter(|_| fault.is_none());
        let recording = recorder.map(|recorder| Recording::of(recorder, &request));
        let body = OutgoingBody::of(&driver, std::mem::replace(&mut request.body, GuestBody::Empty));
        if let Some(recording) = &recording {
            body.record(recording.request_body());
        }
        let task = tokio::task::spawn_local(async move {
            let result = match fault {
                None => fetch_following(&driver, request, body).await,
                Some(FetchFault::Fails) => Err(connection_lost()),
                Some(FetchFault::Hangs) => std::future::pending().await,
            };
            let recording = recording.and_then(|recording| recording.answered(&result));
            if let (Some(recording), Ok(GuestResponse { body: GuestBody::Stream { id, .. }, .. })) =
                (recording, &result)
            {
                driver.record_body(*id, recording);
            }
            driver.outbound_done(fetch);
            driver.fetched(fetch, result);
        });
        self.running.borrow_mut().insert(fetch, task.abort_handle());
    }

    /// Nobody waits for the answer any more.
    pub(super) fn cancel(&self, fetch: FetchId) {
        if let Some(task) = self.running.borrow_mut().remove(&fetch) {
            task.abort();
        }
    }

    /// Whether a request has not been answered.
    pub(super) fn is_busy(&self) -> bool {
        !self.running.borrow().is_empty()
    }

    pub(super) fn done(&self, fetch: FetchId) {
        self.running.borrow_mut().remove(&fetch);
    }
}

fn connection_lost() -> Failure {
    Failure { retryable: true, ..Failure::error("Network connection lost.") }
}

async fn fetch_following(
    driver: &Rc<Driver>,
    request: GuestRequest,
    mut body: OutgoingBody,
) -> Result<GuestResponse, Failure> {
    let mut url = Url::parse(&request.url).map_err(|_| Failure::type_error(format!("Invalid URL: {}", request.url)))?;
    let mut method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| Failure::type_error(format!("Invalid HTTP method string: {}", request.method)))?;
    let mut headers = request.headers;
    for _ in 0..=MAX_REDIRECTS {
        let replay = match &body {
            OutgoingBody::Whole(bytes) => Some(OutgoingBody::Whole(bytes.clone())),
            OutgoingBody::Guest(..) => None,
        };
        let mut map = header_map(&headers)?;
        if is_websocket(&map) {
            return open_websocket(driver, &url, map).await;
        }
        map.remove(header::CONTENT_LENGTH);
        let response = send(&url, method.clone(), map, body).await?;
        let Some(location) = redirect_of(&response).filter(|_| request.redirect == Redirect::Follow) else {
            return Ok(response_in(driver, response));
        };
        let next = url.join(&location).map_err(|_| Failure::type_error(format!("Invalid redirect URL: {location}")))?;
        let status = response.status();
        let becomes_get = status == StatusCode::SEE_OTHER && method != Method::HEAD
            || matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND) && method == Method::POST;
        if becomes_get {
            method = Method::GET;
            body = OutgoingBody::empty();
            headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        } else {
            body = replay.ok_or_else(|| {
                Failure::type_error(
                    "A request with a one-time-use body (it was initialized from a stream, not a buffer) encountered a \
                     redirect requiring the body to be retransmitted.",
                )
            })?;
        }
        if next.origin() != url.origin() {
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        }
        url = next;
    }
    Err(Failure::type_error("Too many redirects."))
}

fn redirect_of(response: &Response<Incoming>) -> Option<String> {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| response.headers().get(header::LOCATION).map(text_of))
        .flatten()
}

async fn send(
    url: &Url,
    method: Method,
    mut headers: header::HeaderMap,
    body: OutgoingBody,
) -> Result<Response<Incoming>, Failure> {
    headers.remove(header::HOST);
    headers.insert(header::HOST, host_of(url)?);
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target.push('?');
        target.push_str(query);
    }
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().map_err(|_| Failure::type_error(format!("Invalid URL: {url}")))?;
    *request.headers_mut() = headers;
    let transport = connect(url).await?;
    let lost = |error: hyper::Error| Failure {
        retryable: true,
        ..Failure::error(format!("Network connection lost. ({url}: {error})"))
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(transport)).await.map_err(lost)?;
    tokio::task::spawn_local(async move {
        // Its error reaches the guest through the response or its body.
        let _ = connection.with_upgrades().await;
    });
    sender.send_request(request).await.map_err(lost)
}

fn host_of(url: &Url) -> Result<HeaderValue, Failure> {
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(Failure::type_error(format!("Invalid URL: {url}"))),
    };
    HeaderValue::from_str(&host).map_err(|_| Failure::type_error(format!("Invalid URL: {url}")))
}

async fn connect(url: &Url) -> Result<Box<dyn super::connection::Transport>, Failure> {
    let tls = match url.scheme() {
        "http" | "ws" => false,
        "https" | "wss" => true,
        _ => return Err(Failure::type_error(format!("Fetch API cannot load: {url}"))),
    };
    let host = url.host_str().ok_or_else(|| Failure::type_error(format!("Invalid URL: {url}")))?.to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let refused = |error: std::io::Error| Failure {
        retryable: true,
        ..Failure::error(format!("Network connection lost. ({host}:{port}: {error})"))
    };
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let stream = TcpStream::connect((name.as_str(), port)).await.map_err(refused)?;
    let _ = stream.set_nodelay(true);
    if !tls {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(name).map_err(|_| Failure::type_error(format!("Invalid URL: {url}")))?;
    let stream = TlsConnector::from(tls_config()).connect(name, stream).await.map_err(refused)?;
    Ok(Box::new(stream))
}

fn tls_config() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    Arc::clone(CONFIG.get_or_init(|| {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }))
}

/// The answer, as a guest sees it.
fn response_in(driver: &Rc<Driver>, response: Response<Incoming>) -> GuestResponse {
    let (parts, body) = response.into_parts();
    let length = body.size_hint().exact();
    let body = if body.is_end_stream() || length == Some(0) {
        GuestBody::Empty
    } else {
        GuestBody::Stream { id: driver.receive_body(body, false), length }
    };
    GuestResponse {
        status: parts.status.as_u16(),
        status_text: parts.status.canonical_reason().unwrap_or("").to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text_of(value))).collect(),
        body,
        socket: None,
    }
}

fn is_websocket(headers: &header::HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// `fetch` with `Upgrade: websocket`, and `new WebSocket(url)`.
async fn open_websocket(
    driver: &Rc<Driver>,
    url: &Url,
    mut headers: header::HeaderMap,
) -> Result<GuestResponse, Failure> {
    let mut nonce = [0; 16];
    fill_random(&mut nonce);
    let key = base64::encode(&nonce);
    let fixed = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
        (header::SEC_WEBSOCKET_KEY, &key),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_str(value).map_err(|_| Failure::type_error("Invalid header value."))?);
    }
    let mut response = send(url, Method::GET, headers, OutgoingBody::empty()).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response_in(driver, response));
    }
    let expected = tungstenite::handshake::derive_accept_key(key.as_bytes());
    if response
        .headers()
        .get(header::SEC_WEBSOCKET_ACCEPT)
        .is_none_or(|accept| accept.as_bytes() != expected.as_bytes())
    {
        return Err(Failure::error(format!("the server at {url} did not complete the WebSocket handshake")));
    }
    let protocol = response.headers().get(header::SEC_WEBSOCKET_PROTOCOL).map(text_of).unwrap_or_default();
    let socket = driver.open_socket(&protocol);
    let connection: Rc<Connection> = driver.connection(socket, Role::Client);
    connection.name(url.as_str());
    let on_upgrade = hyper::upgrade::on(&mut response);
    let task_driver = Rc::clone(driver);
    tokio::task::spawn_local(async move {
        match on_upgrade.await {
            Ok(upgraded) => connection.run(task_driver, Box::new(TokioIo::new(upgraded)), Bytes::new()).await,
            Err(_) => connection.fail(&task_driver),
        }
    });
    let mut answer = response_in(driver, response);
    answer.body = GuestBody::Empty;
    answer.socket = Some(socket);
    Ok(answer)
}
