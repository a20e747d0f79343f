//! Plain HTTP routes; the table is in `lib.rs`.

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{Env, Fetch, FormEntry, Headers, Method, Request, RequestInit, RequestRedirect, Response, Result, Url};

pub(crate) async fn echo(mut req: Request) -> Result<Response> {
    let body = req.bytes().await?;
    let headers: Vec<_> = req.headers().entries().collect();
    Response::from_json(&json!({
        "method": req.method().to_string(),
        "url": req.url()?.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
        "body_bytes": body.len(),
    }))
}

pub(crate) fn variable(env: &Env, name: &str) -> Result<Response> {
    match env.var(name) {
        Ok(text) => Response::ok(text.to_string()),
        Err(_) => Response::from_json(&env.object_var::<Value>(name)?),
    }
}

pub(crate) fn status(code: &str) -> Result<Response> {
    let status = code.parse().map_err(|_| "the status is not a number")?;
    let builder = Response::builder().with_status(status);
    if matches!(status, 204 | 205 | 304) {
        return Ok(builder.empty());
    }
    Ok(builder.fixed(format!("status {status}").into_bytes()))
}

pub(crate) fn cookies() -> Result<Response> {
    let headers = Headers::new();
    headers.append("Set-Cookie", "a=1; Path=/")?;
    headers.append("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")?;
    headers.append("X-Twice", "one")?;
    headers.append("X-Twice", "two")?;
    Ok(Response::ok("cookies")?.with_headers(headers))
}

pub(crate) fn redirect(req: &Request) -> Result<Response> {
    #[derive(Deserialize)]
    struct Query {
        to: String,
        status: Option<u16>,
    }
    let query: Query = req.query()?;
    Response::redirect_with_status(query.to.parse::<Url>()?, query.status.unwrap_or(302))
}

/// Sends the request on as it came, the body unread.
pub(crate) async fn proxy(mut req: Request) -> Result<Response> {
    #[derive(Deserialize)]
    struct Query {
        url: String,
    }
    let query: Query = req.query()?;
    let headers = Headers::from_iter(req.headers().entries().filter(|(name, _)| name != "host"));
    let method = req.method();
    let mut init = RequestInit::new();
    init.with_method(method.clone()).with_headers(headers).with_redirect(RequestRedirect::Manual);
    let mut outgoing = Request::new_with_init(&query.url, &init)?;
    if !matches!(method, Method::Get | Method::Head)
        && let Ok(body) = req.stream()
    {
        outgoing = outgoing.with_body_stream(body);
    }
    Fetch::Request(outgoing).send().await
}

pub(crate) async fn form(mut req: Request) -> Result<Response> {
    let form = req.form_data().await?;
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    for name in ["a", "b", "file"] {
        for entry in form.get_all(name).unwrap_or_default() {
            match entry {
                FormEntry::Field(text) => fields.push(json!([name, text])),
                FormEntry::File(file) => files.push(json!([file.name(), file.type_(), file.size()])),
            }
        }
    }
    Response::from_json(&json!({ "fields": fields, "files": files }))
}
