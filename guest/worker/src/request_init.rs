//! [`RequestInit`]: how a request is to be made.

use crate::js::{JsValue, Value};
use crate::{Error, Headers, Method, ResponseBody, Result};

pub(crate) const REDIRECT_ERROR: &str = "Invalid redirect value, must be one of \"follow\" or \"manual\" (\"error\" won't be implemented since it does not make sense at the edge; use \"manual\" and check the response status code).";

/// The options of a request.
#[derive(Debug, Default)]
pub struct RequestInit {
    /// The body: a string or bytes.
    pub body: Option<JsValue>,
    /// The headers.
    pub headers: Headers,
    /// What the platform's edge should do; kept, and without effect here.
    pub cf: CfProperties,
    /// The method.
    pub method: Method,
    /// What to do with redirects.
    pub redirect: RequestRedirect,
    /// What to do with caches; kept, and without effect here.
    pub cache: Option<CacheMode>,
}

impl RequestInit {
    /// A `GET` request that follows redirects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the headers.
    pub fn with_headers(&mut self, headers: Headers) -> &mut Self {
        self.headers = headers;
        self
    }

    /// Sets the method.
    pub fn with_method(&mut self, method: Method) -> &mut Self {
        self.method = method;
        self
    }

    /// Sets what to do with redirects.
    pub fn with_redirect(&mut self, redirect: RequestRedirect) -> &mut Self {
        self.redirect = redirect;
        self
    }

    /// Sets what to do with caches.
    pub fn with_cache(&mut self, cache: CacheMode) -> &mut Self {
        self.cache = Some(cache);
        self
    }

    /// Sets the body.
    pub fn with_body(&mut self, body: Option<JsValue>) -> &mut Self {
        self.body = body;
        self
    }

    /// Sets the edge's properties.
    pub fn with_cf_properties(&mut self, props: CfProperties) -> &mut Self {
        self.cf = props;
        self
    }
}

/// What the platform makes of a value given as a body; a string sets the content type if there is none.
pub(crate) fn body_of(value: &JsValue, headers: &Headers) -> Result<ResponseBody> {
    Ok(match &value.0 {
        Value::Undefined | Value::Null => ResponseBody::Empty,
        Value::Bytes(bytes) | Value::Buffer(bytes) => ResponseBody::Body(bytes.clone()),
        Value::String(text) => {
            if !headers.has("content-type")? {
                headers.set("Content-Type", "text/plain;charset=UTF-8")?;
            }
            ResponseBody::Body(text.clone().into_bytes())
        }
        other => return Err(Error::RustError(format!("a body is a string or bytes, not {other:?}"))),
    })
}

/// What a request asks of the platform's edge: the fields people set, without effect here.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CfProperties {
    /// `cacheEverything`
    pub cache_everything: Option<bool>,
    /// `cacheKey`
    pub cache_key: Option<String>,
    /// `cacheTtl`
    pub cache_ttl: Option<i32>,
    /// `resolveOverride`
    pub resolve_override: Option<String>,
}

impl CfProperties {
    /// Nothing in particular.
    pub fn new() -> Self {
        Self::default()
    }
}

/// What a fetch does with a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestRedirect {
    /// Refused by the platform.
    Error,
    /// Follow it.
    #[default]
    Follow,
    /// Hand it to the caller.
    Manual,
}

/// What a fetch does with caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheMode {
    /// `no-store`
    NoStore,
    /// `no-cache`
    NoCache,
    /// `reload`
    Reload,
}
