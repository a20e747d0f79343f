//! A blocking HTTP client.
//!
//! Invariant: nothing of it is emu's own HTTP library.

use super::{Emu, LIMIT};
use serde_json::Value;
use ureq::http::{Request, Response};

/// A whole response.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers in order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, as text.
    pub(crate) body: String,
}

impl Reply {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A client that follows no redirect and takes every status as it is.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(LIMIT))
        // Who accepts everything is shown errors as pages.
        .accept("")
        .allow_non_standard_methods(true);
    config.build().new_agent()
}

impl Emu {
    /// Where a path of this emu is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port())
    }

    /// Sends a request with these headers and this body.
    ///
    /// # Errors
    /// When no response comes back.
    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Reply, ureq::Error> {
        exchange(&self.agent, method, &self.url(path), headers, body)
    }

    /// Sends a request with these headers and this body.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let reply = self.try_request(method, path, headers, body);
        reply.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log()))
    }

    /// `GET`.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, &[], b"")
    }

    /// `POST`.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Reply {
        self.request("POST", path, &[], body)
    }

    /// The body of a `GET` that succeeds.
    pub(crate) fn text(&self, path: &str) -> String {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "GET {path}: {}", reply.body);
        reply.body
    }
}

/// Sends a request with these headers and this body to any server.
///
/// # Errors
/// When no response comes back.
pub(crate) fn exchange(
    agent: &ureq::Agent,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Reply, ureq::Error> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = match method {
        "GET" | "HEAD" => agent.run(request.body(())?)?,
        _ => agent.run(request.body(body)?)?,
    };
    whole(response)
}

fn whole(mut response: Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = response.body_mut().read_to_vec()?;
    Ok(Reply { status: response.status().as_u16(), headers, body: String::from_utf8_lossy(&body).into_owned() })
}
