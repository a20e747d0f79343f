//! HTTP in: requests of clients become inputs of the lane, its answers become responses.
//!
//! Invariant: translates and bounds; decides nothing that a worker could see differently on the platform.

use super::App;
use super::body::OutgoingBody;
use super::control;
use super::driver::Driver;
use super::failed::{Asked, failed};
use super::frames::Role;
use super::headers::{HOP_BY_HOP, header_map, text_of};
use super::log::Served;
use crate::lane::{Input, PortId, Thrown};
use bytes::Bytes;
use emu_abi::{Body as GuestBody, Failure, Redirect, Request as GuestRequest, Response as GuestResponse};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tungstenite::handshake::derive_accept_key;

/// Names the worker that shall answer, whatever the routes say (reference §5.3).
const ROUTE_OVERRIDE: &str = "mf-route-override";

/// Answers one request.
pub(super) async fn serve(
    driver: Rc<Driver>,
    app: Arc<App>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<OutgoingBody>, Infallible> {
    if request.uri().path().starts_with(control::PREFIX) {
        return Ok(control::serve(&driver, &app, request).await);
    }
    let served = Served::begins(&request, &driver.log);
    let response = worker(&driver, peer, request).await;
    served.ends(response.status());
    Ok(response)
}

async fn worker(driver: &Rc<Driver>, peer: SocketAddr, mut request: Request<Incoming>) -> Response<OutgoingBody> {
    if head_bytes(&request) > super::MAX_HEAD_BYTES {
        return plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the head of the request is too large\n");
    }
    let worker = match request.headers_mut().remove(ROUTE_OVERRIDE) {
        None => None,
        Some(name) => match driver.worker_named(&text_of(&name)) {
            None => return plain(StatusCode::NOT_FOUND, "No entrypoint worker found"),
            named => named,
        },
    };
    let upgrade = Upgrade::of(&request);
    let on_upgrade = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    let asked = Asked::of(&request);
    let guest_request = match guest_request(driver, peer, request) {
        Ok(guest_request) => guest_request,
        Err(what) => return plain(StatusCode::BAD_REQUEST, what),
    };
    let path = upgrade.as_ref().map(|_| path_of(&guest_request.url).to_owned());
    let (port, answer) = driver.open_port();
    let exchange = Exchange { driver, port, answer };
    let worker = worker.unwrap_or_else(|| driver.worker_for(&guest_request.url));
    driver.input(Input::Request { port, worker, entrypoint: String::new(), request: guest_request });
    match exchange.answered().await {
        Ok(Ok(response)) if response.socket.is_some() => {
            upgraded(driver, response, upgrade, on_upgrade, path).unwrap_or_else(|error| failed(driver, &asked, &error))
        }
        Ok(Ok(response)) => response_out(driver, response).unwrap_or_else(|error| failed(driver, &asked, &error)),
        Ok(Err(thrown)) => failed(driver, &asked, &thrown),
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "emu is shutting down\n"),
    }
}

/// The size of a request's URL and headers. hyper bounds its buffer, and how much one read brings into that is chance.
fn head_bytes(request: &Request<Incoming>) -> usize {
    let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() + path
}

/// The path of a URL, with its query.
fn path_of(url: &str) -> &str {
    url.splitn(4, '/').nth(3).map_or("/", |path| &url[url.len() - path.len() - 1..])
}

/// Waits for an answer. When the client goes away first, the lane is told, and an answer that nobody took is given up.
struct Exchange<'a> {
    driver: &'a Rc<Driver>,
    port: PortId,
    answer: oneshot::Receiver<Result<GuestResponse, Thrown>>,
}

impl Exchange<'_> {
    async fn answered(mut self) -> Result<Result<GuestResponse, Thrown>, oneshot::error::RecvError> {
        (&mut self.answer).await
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.driver.close_port(self.port);
        if let Ok(Ok(response)) = self.answer.try_recv() {
            self.driver.give_up(response);
        }
    }
}

/// A request to open a WebSocket.
struct Upgrade {
    accept: String,
}

impl Upgrade {
    fn of(request: &Request<Incoming>) -> Option<Self> {
        let headers = request.headers();
        let is = |name: HeaderName, value: &str| {
            headers
                .get_all(name)
                .iter()
                .filter_map(|header| header.to_str().ok())
                .any(|header| header.split(',').any(|item| item.trim().eq_ignore_ascii_case(value)))
        };
        let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
        let version = headers.get(header::SEC_WEBSOCKET_VERSION)?;
        (is(header::UPGRADE, "websocket") && is(header::CONNECTION, "upgrade") && version == "13")
            .then(|| Self { accept: derive_accept_key(key.as_bytes()) })
    }
}

/// What a client sent, as a guest sees it.
fn guest_request(
    driver: &Rc<Driver>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<GuestRequest, &'static str> {
    let (parts, body) = request.into_parts();
    if parts.method == hyper::Method::CONNECT {
        return Err("CONNECT is not supported\n");
    }
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next(), parts.uri.authority()) {
        (Some(host), None, _) => host.to_str().map_err(|_| "the Host header is not text\n")?,
        (None, _, Some(authority)) => authority.as_str(),
        (None, _, None) => return Err("the request has no Host header\n"),
        (Some(_), Some(_), _) => return Err("the request has several Host headers\n"),
    };
    if !is_authority(host) {
        return Err("the Host header is not a host with an optional port\n");
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let url = format!("http://{host}{path}");
    let mut headers = Vec::with_capacity(parts.headers.len() + 1);
    for (name, value) in &parts.headers {
        headers.push((name.as_str().to_owned(), text_of(value)));
    }
    if !parts.headers.contains_key("cf-connecting-ip") {
        headers.push(("cf-connecting-ip".to_owned(), peer.ip().to_canonical().to_string()));
    }
    let length = body.size_hint().exact();
    let body = if body.is_end_stream() || length == Some(0) {
        GuestBody::Empty
    } else {
        // A client that waits for leave to send its body does not get it just to be ignored.
        let drained = !parts.headers.contains_key(header::EXPECT);
        GuestBody::Stream { id: driver.receive_body(body, drained), length }
    };
    Ok(GuestRequest {
        method: parts.method.as_str().to_owned(),
        url,
        headers,
        body,
        redirect: Redirect::Manual,
        cf: Some(super::cf::of(&parts.headers)),
    })
}

/// Whether a Host header is `host` or `host:port`, and nothing that would make another URL of it.
fn is_authority(host: &str) -> bool {
    !host.is_empty()
        && !host.contains('@')
        && host.parse::<hyper::http::uri::Authority>().is_ok_and(|parsed| parsed == *host)
}

fn response_out(driver: &Rc<Driver>, response: GuestResponse) -> Result<Response<OutgoingBody>, Thrown> {
    // The body comes first: dropped, it tells the guest that nobody reads it.
    let mut body = OutgoingBody::of(driver, response.body);
    let mut headers = header_map(&response.headers)?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    if let OutgoingBody::Guest(_, known) = &mut body {
        *known = known.or(length);
    }
    let mut out = Response::new(body);
    *out.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *out.headers_mut() = headers;
    Ok(out)
}

/// Hands a socket to the client that asked for one.
fn upgraded(
    driver: &Rc<Driver>,
    response: GuestResponse,
    upgrade: Option<Upgrade>,
    on_upgrade: Option<hyper::upgrade::OnUpgrade>,
    path: Option<String>,
) -> Result<Response<OutgoingBody>, Thrown> {
    let socket = response.socket.unwrap_or_default();
    let connection = driver.connection(socket, Role::Server);
    connection.name(path.as_deref().unwrap_or(""));
    let (Some(upgrade), Some(on_upgrade)) = (upgrade, on_upgrade) else {
        connection.fail(driver);
        let message = "Worker tried to return a WebSocket in a response to a request which did not contain the header \
                       \"Upgrade: websocket\".";
        return Err(Failure::type_error(message).into());
    };
    let headers = header_map(&response.headers).inspect_err(|_| connection.fail(driver))?;
    let task_driver = Rc::clone(driver);
    tokio::task::spawn_local(async move {
        match on_upgrade.await.map(hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>) {
            Ok(Ok(parts)) => {
                let transport = Box::new(parts.io.into_inner());
                connection.run(task_driver, transport, parts.read_buf).await;
            }
            _ => connection.fail(&task_driver),
        }
    });
    let mut out = Response::new(OutgoingBody::empty());
    *out.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *out.headers_mut() = headers;
    let fixed = [
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
    ];
    for (name, value) in fixed {
        out.headers_mut().insert(name, value);
    }
    if let Ok(accept) = HeaderValue::from_str(&upgrade.accept) {
        out.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok(out)
}

/// A response of emu's own.
pub(super) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<OutgoingBody> {
    let mut response = Response::new(OutgoingBody::whole(text));
    *response.status_mut() = status;
    let text_plain = HeaderValue::from_static("text/plain;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text_plain);
    response
}
