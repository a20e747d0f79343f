//! What a client gets when a worker throws: a page for people who look at it in a browser, the stack as text for all
//! others (reference §5.4).
//!
//! Invariant: the page loads nothing and runs nothing; whatever a worker or a client said stands in it as text.

use super::body::OutgoingBody;
use super::driver::Driver;
use super::headers::text_of;
use super::http::plain;
use crate::lane::Thrown;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Bytes of one text on the page; a longer one is cut.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Headers that are shown.
const HEADERS_MAX: usize = 200;
/// The page needs its own style and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
const STYLE: &str = include_str!("failed.css");

/// What a client asked for, as far as an error is concerned.
pub(super) struct Asked {
    /// `GET http://localhost:8787/path`.
    line: String,
    /// Kept for the page only.
    headers: HeaderMap,
    wants_page: bool,
}

impl Asked {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let host = request.headers().get(header::HOST).map(text_of);
        let host = host.or_else(|| uri.authority().map(ToString::to_string)).unwrap_or_default();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let wants_page = wants_page(request.headers());
        Self {
            line: format!("{} http://{host}{path}", request.method()),
            headers: if wants_page { request.headers().clone() } else { HeaderMap::new() },
            wants_page,
        }
    }
}

/// Whether a client shows pages to people, by wrangler's rule.
fn wants_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or("");
    let accept = text(header::ACCEPT).to_ascii_lowercase();
    let is_curl = text(header::USER_AGENT).to_ascii_lowercase().contains("curl/");
    !is_curl && ["text/html", "text/*", "*/*"].iter().any(|kind| accept.contains(kind))
}

/// The answer when a worker threw, which the log gets as well.
pub(super) fn failed(driver: &Driver, asked: &Asked, thrown: &Thrown) -> Response<OutgoingBody> {
    driver.log.failed_while(&format!("answering {}", asked.line), thrown);
    let mut response = match asked.wants_page {
        true => {
            let html = page(&thrown.text(), thrown.code_frame().as_deref(), asked);
            let mut response = plain(StatusCode::INTERNAL_SERVER_ERROR, html);
            let html = HeaderValue::from_static("text/html;charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, html);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
            response
        }
        false => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", thrown.text())),
    };
    if thrown.failure.overloaded {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The page: the error, the source around it, the stack, the request.
fn page(text: &str, code_frame: Option<&str>, asked: &Asked) -> String {
    let (head, stack) = split_stack(text);
    let title = head.lines().next().unwrap_or_default();
    let mut page = format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n<main>\n<p class=kind>Uncaught exception</p>\n<h1>{}</h1>\n",
        escaped(title),
        escaped(head)
    );
    if let Some(frame) = code_frame {
        page.push_str("<pre class=source>");
        for line in cut(frame).lines() {
            let is_mark = line.trim_start().starts_with('|') && line.trim_end().ends_with('^');
            let _ = match is_mark {
                true => writeln!(page, "<mark>{}</mark>", escaped(line)),
                false => writeln!(page, "{}", escaped(line)),
            };
        }
        page.push_str("</pre>\n");
    }
    if !stack.is_empty() {
        page.push_str("<h2>Stack</h2>\n<pre class=stack>");
        for line in cut(stack).lines() {
            let is_package = line.contains("node_modules/");
            let _ = match is_package {
                true => writeln!(page, "<i>{}</i>", escaped(line)),
                false => writeln!(page, "{}", escaped(line)),
            };
        }
        page.push_str("</pre>\n");
    }
    let _ = write!(page, "<h2>Request</h2>\n<pre class=line>{}</pre>\n<table>\n", escaped(&asked.line));
    for (name, value) in asked.headers.iter().take(HEADERS_MAX) {
        let _ = writeln!(page, "<tr><th>{}<td>{}", escaped(name.as_str()), escaped(&text_of(value)));
    }
    page.push_str("</table>\n</main>\n");
    page
}

/// Name and message, and the frames under them.
fn split_stack(text: &str) -> (&str, &str) {
    let starts = |line: &str| line.trim_start().starts_with("at ");
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if starts(line) {
            return (text[..at].trim_end(), &text[at..]);
        }
        at += line.len();
    }
    (text, "")
}

/// As much of a text as the page shows.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let end = (0..=TEXT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Cow::Owned(format!("{} …", &text[..end]))
}

/// A text that HTML takes for nothing else, between tags and in quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in cut(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\0' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&str, &str)]) -> Asked {
        let mut request = Request::builder().uri("/a?b&c").header("host", "localhost:8787");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Asked::of(&request.body(()).expect("a request"))
    }

    #[test]
    fn whoever_shows_pages_gets_one() {
        let cases: [(&[(&str, &str)], bool); 8] = [
            (&[("accept", "text/html,application/xhtml+xml"), ("user-agent", "Mozilla/5.0")], true),
            (&[("accept", "*/*"), ("user-agent", "Mozilla/5.0")], true),
            (&[("accept", "TEXT/*")], true),
            (&[("accept", "*/*"), ("user-agent", "curl/8.0")], false),
            (&[("accept", "text/html"), ("user-agent", "curl/8.0")], false),
            (&[("accept", "application/json")], false),
            (&[("user-agent", "Mozilla/5.0")], false),
            (&[], false),
        ];
        for (headers, wants) in cases {
            assert_eq!(asked(headers).wants_page, wants, "{headers:?}");
        }
    }

    #[test]
    fn a_page_shows_the_error_its_source_and_the_request() {
        let text = "TypeError: not\na function\n    at f (src/index.ts:1:2)\n    at node_modules/hono/x.js:3:4";
        let page = page(text, Some("1 | f()\n  | ^"), &asked(&[("accept", "*/*"), ("x-one", "1")]));
        for part in [
            "<title>TypeError: not</title>",
            "<h1>TypeError: not\na function</h1>",
            "<pre class=source>1 | f()\n<mark>  | ^</mark>\n</pre>",
            "<pre class=stack>    at f (src/index.ts:1:2)\n<i>    at node_modules/hono/x.js:3:4</i>\n</pre>",
            "<pre class=line>GET http://localhost:8787/a?b&amp;c</pre>",
            "<tr><th>x-one<td>1",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
    }

    #[test]
    fn nothing_said_becomes_part_of_the_page() {
        let hostile = "</pre></title></style><script>alert('&\"')</script>\0";
        let headers = [("accept", "text/html"), ("x-hostile", "<img src=x onerror=alert(1)>")];
        let text = format!("Error: {hostile}\n    at {hostile} (a.ts:1:1)");
        let page = page(&text, Some(&format!("1 | {hostile}\n  | ^")), &asked(&headers));
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\0'), "{page}");
        assert_eq!((page.matches("</title>").count(), page.matches("</style>").count()), (1, 1));
    }

    #[test]
    fn a_huge_error_is_cut() {
        let page = page(&"é<".repeat(10 << 20), None, &asked(&[]));
        assert!(page.len() < 1 << 20, "{} bytes", page.len());
    }
}
