//! The URL Standard's parser and setters.
//!
//! Invariant: a URL is its serialised text; positions in it are in UTF-16 code units, which are bytes, for it is ASCII.

use super::raw::Utf8;
use super::set;
use super::text::string;
use rquickjs::{Array, Ctx, Object};
use url::{ParseError, Position, Url, quirks};

pub(super) fn register<'js>(host: &Object<'js>) -> rquickjs::Result<()> {
    set(host, "urlParse", url_parse)?;
    set(host, "urlSet", url_set)
}

/// The parts of the URL that `input` is, relative to `base` if there is one; nothing when it is none.
fn url_parse<'js>(ctx: Ctx<'js>, input: Utf8<'js>, base: Option<Utf8<'js>>) -> rquickjs::Result<Option<Array<'js>>> {
    let parsed = match base {
        None => Url::parse(&input.text()),
        Some(base) => Url::parse(&base.text()).and_then(|base| join(&base, &input.text())),
    };
    parsed.ok().map(|url| parts(&ctx, url)).transpose()
}

/// However many slashes an `http:` URL's authority follows, it is the authority; the crate takes two only.
fn join(base: &Url, input: &str) -> Result<Url, ParseError> {
    let slashes = ['/', '\\'];
    let trimmed = input.trim_start_matches(|character| character <= ' ');
    let authority = trimmed.trim_start_matches(slashes);
    if base.is_special() && base.scheme() != "file" && trimmed.len() - authority.len() > 2 {
        base.join(&format!("//{authority}"))
    } else {
        base.join(input)
    }
}

/// The standard escapes carets in paths since the crate's version of it.
fn with_escaped_carets(url: Url) -> Url {
    if url.cannot_be_a_base() || !url.path().contains('^') {
        return url;
    }
    let (before, after) = (&url[..Position::BeforePath], &url[Position::AfterPath..]);
    let escaped = Url::parse(&format!("{before}{}{after}", url.path().replace('^', "%5E")));
    escaped.unwrap_or(url)
}

/// The parts after setting one of them; nothing when the value is refused.
fn url_set<'js>(
    ctx: Ctx<'js>,
    href: Utf8<'js>,
    which: Utf8<'js>,
    value: Utf8<'js>,
) -> rquickjs::Result<Option<Array<'js>>> {
    let Ok(mut url) = Url::parse(&href.text()) else { return Ok(None) };
    let value = value.text();
    let taken = match which.text().as_ref() {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => Err(()),
    };
    taken.ok().map(|()| parts(&ctx, url)).transpose()
}

/// `[href, scheme end, username end, host start, host end, port, path start, query start, fragment start, origin]`, -1
/// for a port, query or fragment that is not there.
fn parts<'js>(ctx: &Ctx<'js>, url: Url) -> rquickjs::Result<Array<'js>> {
    let url = with_escaped_carets(url);
    let at = quirks::internal_components(&url);
    let position = |position: u32| i64::from(position);
    let optional = |position: Option<u32>| position.map_or(-1, i64::from);
    let positions = [
        position(at.scheme_end),
        position(at.username_end),
        position(at.host_start),
        position(at.host_end),
        at.port.map_or(-1, i64::from),
        position(at.path_start),
        optional(at.query_start),
        optional(at.fragment_start),
    ];
    let parts = Array::new(ctx.clone())?;
    parts.set(0, string(ctx, url.as_str())?)?;
    for (index, position) in positions.into_iter().enumerate() {
        parts.set(index + 1, position)?;
    }
    parts.set(9, string(ctx, &quirks::origin(&url))?)?;
    Ok(parts)
}
