//! The control API under `/cdn-cgi/local/` (reference §5.3): what `emu do` speaks, and `scheduled`.
//!
//! Only for this machine: requests whose Host or Origin is not local are refused, so that no web page a developer
//! happens to visit can reach it.
//!
//! * `GET do`: all objects.
//! * `POST do`: `{"class", "object", "verb", …}`, see [`Request`].
//! * `GET clock`, `POST clock`: see [`clock`](super::clock).
//! * `GET scheduled?cron=&time=&format=json`: run `scheduled()` of the first worker.
//!
//! Invariant: names become ids here; what happens to an object is the lane's.

use super::body::OutgoingBody;
use super::clock::Move;
use super::driver::Driver;
use super::http::plain;
use super::{App, command};
use crate::core::id::{self, lane_of, parse_hex};
use crate::lane::{Answered, Command, Input, Verb};
use emu_abi::ObjectId;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::Arc;
use url::Url;

/// Where the control API is.
pub(super) const PREFIX: &str = "/cdn-cgi/";
/// The time that an answer is of, in milliseconds since the epoch, where it is not the system's.
const NOW_HEADER: &str = "emu-now";
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A command about one object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    /// The class, or `worker-Class` where two workers have one of the same name.
    class: String,
    /// The object's name, or its id as 64 hex digits.
    object: String,
    /// `show`, `why`, `evict`, `hibernate`, `abort`, `crash`, `alarm-show`, `alarm-run`, `alarm-set`, `alarm-delete`,
    /// `sql`.
    verb: String,
    /// `evict`: close the hibernatable sockets too.
    #[serde(default)]
    close_sockets: bool,
    /// `evict`, `hibernate`: do not wait for the object to become idle.
    #[serde(default)]
    now: bool,
    /// `abort`: the reason.
    reason: Option<String>,
    /// `alarm-set`: milliseconds since the epoch.
    at: Option<f64>,
    /// `alarm-set`: or milliseconds from now.
    #[serde(rename = "in")]
    from_now: Option<f64>,
    /// `sql`: the query.
    query: Option<String>,
}

/// Answers a request under the prefix.
pub(super) async fn serve(
    driver: &Rc<Driver>,
    app: &Arc<App>,
    request: hyper::Request<Incoming>,
) -> Response<OutgoingBody> {
    for (name, refusal) in [(header::HOST, "Invalid Host header"), (header::ORIGIN, "Invalid Origin header")] {
        if request.headers().get(name).is_some_and(|value| !is_local(value)) {
            return plain(StatusCode::FORBIDDEN, refusal);
        }
    }
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/cdn-cgi/local/do") => with_time(json_response(list(app).await), driver),
        (&Method::POST, "/cdn-cgi/local/do") => {
            with_time(json_response(object_command(app, driver.now_ms(), request).await), driver)
        }
        (&Method::GET, "/cdn-cgi/local/clock") => json_response(Ok(shown_clock(driver))),
        (&Method::POST, "/cdn-cgi/local/clock") => json_response(move_clock(driver, app, request).await),
        (_, "/cdn-cgi/local/scheduled" | "/cdn-cgi/handler/scheduled" | "/cdn-cgi/mf/scheduled") => {
            scheduled(driver, request.uri().query().unwrap_or("")).await
        }
        _ => plain(StatusCode::NOT_FOUND, format!("emu has nothing at {path}\n")),
    }
}

fn is_local(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    url.is_ok_and(|url| {
        matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
            || url.host_str().is_some_and(|host| host.ends_with(".localhost"))
    })
}

fn json_response(answered: Answered) -> Response<OutgoingBody> {
    let (status, body) = match answered {
        Ok(value) => (StatusCode::OK, value),
        Err(message) => (StatusCode::BAD_REQUEST, json!({ "error": message })),
    };
    let mut response = plain(status, format!("{body}\n"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Says which time an answer is of, where that is not the system's.
fn with_time(mut response: Response<OutgoingBody>, driver: &Driver) -> Response<OutgoingBody> {
    if driver.has_standing_clock() {
        response.headers_mut().insert(NOW_HEADER, HeaderValue::from(driver.now_ms() as u64));
    }
    response
}

async fn list(app: &App) -> Answered {
    let mut objects = Vec::new();
    for lane in 0..app.lanes.len() {
        if let Value::Array(found) = command(&app.lanes, lane, Command::List).await? {
            objects.extend(found);
        }
    }
    let key =
        |object: &Value| [&object["worker"], &object["class"], &object["name"], &object["id"]].map(ToString::to_string);
    objects.sort_by_key(key);
    Ok(Value::Array(objects))
}

async fn object_command(app: &App, now_ms: f64, request: hyper::Request<Incoming>) -> Answered {
    let request: Request = read_command(request).await?;
    let namespace = find_namespace(app, &request.class)?;
    let id = find_object(app, namespace, &request.object)?;
    let verb = verb(&request, now_ms)?;
    let lane = lane_of(&id.bytes, app.lanes.len());
    command(&app.lanes, lane, Command::Object { namespace, id, verb }).await
}

async fn read_command<T: DeserializeOwned>(request: hyper::Request<Incoming>) -> Result<T, String> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES)
        .collect()
        .await
        .map_err(|error| format!("the command cannot be read: {error}"))?
        .to_bytes();
    serde_json::from_slice(&body).map_err(|error| format!("the command cannot be understood: {error}"))
}

fn shown_clock(driver: &Driver) -> Value {
    json!({ "now": driver.now_ms() as i64, "virtual": driver.has_standing_clock() })
}

async fn move_clock(driver: &Driver, app: &App, request: hyper::Request<Incoming>) -> Answered {
    let wanted: Move = read_command(request).await?;
    let clock = driver.levers.as_ref().and_then(|levers| levers.clock.as_ref());
    let clock = clock.ok_or("this emu runs by the system's clock, which it cannot move")?;
    clock.go(&app.lanes, wanted).await
}

fn find_namespace(app: &App, class: &str) -> Result<usize, String> {
    let label = |index: usize| &app.namespaces[index].class;
    let matching: Vec<usize> = (0..app.namespaces.len())
        .filter(|index| label(*index) == class || app.namespaces[*index].unique_key == class)
        .collect();
    match matching.as_slice() {
        [one] => Ok(*one),
        [] => {
            let known: Vec<_> = app.namespaces.iter().map(|namespace| format!("`{}`", namespace.class)).collect();
            let known =
                if known.is_empty() { "there is none".to_owned() } else { format!("there is {}", known.join(", ")) };
            Err(format!("no Durable Object class is called `{class}`; {known}"))
        }
        several => {
            let names: Vec<_> =
                several.iter().map(|index| format!("`{}`", app.namespaces[*index].unique_key)).collect();
            Err(format!("several workers have a class `{class}`: say {}", names.join(" or ")))
        }
    }
}

fn find_object(app: &App, namespace: usize, object: &str) -> Result<ObjectId, String> {
    let ids = id::Namespace::new(&app.namespaces[namespace].unique_key);
    if parse_hex(object).is_some() {
        let bytes = ids.id_from_string(object).map_err(|failure| failure.message)?;
        return Ok(ObjectId { bytes, name: None });
    }
    Ok(ObjectId { bytes: ids.id_from_name(object), name: Some(object.to_owned()) })
}

fn verb(request: &Request, now_ms: f64) -> Result<Verb, String> {
    Ok(match request.verb.as_str() {
        "show" => Verb::Show,
        "why" => Verb::Why,
        "evict" => Verb::Evict { close_sockets: request.close_sockets, now: request.now },
        "hibernate" => Verb::Evict { close_sockets: false, now: request.now },
        "abort" => Verb::Abort { reason: request.reason.clone() },
        "crash" => Verb::Crash,
        "alarm-show" => Verb::AlarmShow,
        "alarm-run" => Verb::AlarmRun,
        "alarm-set" => {
            let at_ms = request.at.or_else(|| request.from_now.map(|ms| now_ms + ms.max(0.0)));
            Verb::AlarmSet(at_ms.filter(|at| *at > 0.0).ok_or("`alarm-set` needs a time above 0 in `at`")?)
        }
        "alarm-delete" => Verb::AlarmDelete,
        "sql" => Verb::Sql(request.query.clone().ok_or("`sql` needs a `query`")?, Vec::new()),
        other => return Err(format!("there is no command `{other}` for objects")),
    })
}

async fn scheduled(driver: &Rc<Driver>, query: &str) -> Response<OutgoingBody> {
    let parameters: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let scheduled_ms = get("time").and_then(|time| time.parse().ok()).unwrap_or_else(|| driver.now_ms());
    let (port, answer) = driver.open_port();
    driver.input(Input::Scheduled { port, worker: 0, cron: get("cron").unwrap_or_default(), scheduled_ms });
    let outcome = match answer.await {
        Ok(Ok(_)) => "ok",
        Ok(Err(thrown)) => {
            driver.log.failed_while("running scheduled()", &thrown);
            "exception"
        }
        Err(_) => "canceled",
    };
    let status = if outcome == "ok" { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    if get("format").as_deref() == Some("json") {
        return plain(status, json!({ "outcome": outcome, "noRetry": false }).to_string());
    }
    plain(status, outcome)
}
