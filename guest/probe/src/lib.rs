//! The worker that emu's end-to-end tests drive. What a test wants done it sends as a script (see [`script`]); the rest are
//! plain HTTP routes.
//!
//! | route | answer |
//! | --- | --- |
//! | any `/echo/…` | JSON: `method`, `url`, `headers` (pairs, sorted), `body` (text), `body_bytes` (count) |
//! | `GET /env/<name>` | the text variable, or the JSON variable as JSON |
//! | `GET /status/<code>` | that status with a short text; without a body for 204 and 304 |
//! | `GET /cookies` | two `Set-Cookie` headers and an `X-Twice` header with two values |
//! | `GET /redirect?to=<url>&status=<code>` | a redirect |
//! | `POST /stream/count` | JSON: `bytes`, `chunks`, `sum` of the body, read as a stream |
//! | `GET /stream/zeros?bytes=<n>&chunk=<n>&break_after=<n>&delay_ms=<n>` | a stream of zero bytes |
//! | `GET /stream/fixed?bytes=<n>&promised=<n>` | the same with a promised length |
//! | `POST /stream/through` | the body, chunk by chunk through the guest |
//! | `POST /stream/forward` | the body, unread |
//! | `POST /stream/twice` | JSON: the lengths that two readers of the same body saw |
//! | any `/proxy?url=<url>` | the response of sending this request's method, headers and body to `url` |
//! | `GET /ws` | WebSocket: the worker itself accepts and echoes |
//! | `POST /form` | JSON: the fields of the form, and its files as `[name, type, bytes]` |
//! | `POST /script` | JSON: the results of the steps in the body, run in the worker |
//! | any `/object/<name>/…` | handed to the object `<name>` of the class `Probe` (see [`object`]) |
//! | any `/built/<name>/…` | handed to the object `<name>` of the class `Built` (see [`built`]) |
//!
//! Bindings: `PROBE` and `BUILT` (classes `Probe` and `Built`, both with SQLite). The cron handler counts in the object
//! `cron` of `Probe`: it runs the script step `{"kv": {"put": ["cron", <expression>]}}` there.

mod built;
mod hostile;
mod http;
mod kv;
mod object;
mod script;
mod sockets;
mod sql;
mod streams;

use script::Scene;
use worker::{
    Context, Env, Error, Method, Request, RequestInit, Response, Result, ScheduleContext, ScheduledEvent, event,
};

#[event(fetch, respond_with_errors)]
async fn fetch(req: Request, env: Env, context: Context) -> Result<Response> {
    let path = req.path();
    let segments: Vec<&str> = path.trim_start_matches('/').splitn(3, '/').collect();
    match segments[..] {
        ["echo", ..] => http::echo(req).await,
        ["env", name] => http::variable(&env, name),
        ["status", code] => http::status(code),
        ["cookies"] => http::cookies(),
        ["redirect"] => http::redirect(&req),
        ["proxy"] => http::proxy(req).await,
        ["form"] => http::form(req).await,
        ["stream", kind] => streams::handle(kind, req).await,
        ["ws"] => sockets::accept_in_worker(),
        ["script"] => script::respond(req, Scene::worker(env, context)).await,
        ["object", name, _] => env.durable_object("PROBE")?.get_by_name(name)?.fetch_with_request(req).await,
        ["built", name, _] => env.durable_object("BUILT")?.get_by_name(name)?.fetch_with_request(req).await,
        _ => Response::error("no such route", 404),
    }
}

#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let count = async {
        let steps = serde_json::json!([{ "kv": { "put": ["cron", event.cron()] } }]);
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(steps.to_string().into()));
        let request = Request::new_with_init("http://probe/object/cron/script", &init)?;
        env.durable_object("PROBE")?.get_by_name("cron")?.fetch_with_request(request).await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = count.await {
        worker::console_error!("{error}");
    }
}
