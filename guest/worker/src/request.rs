//! [`Request`]: what a handler receives and what a fetch sends.

use crate::streams::{ReadableStream, Source};
use crate::{
    ByteStream, Cf, Error, FormData, Headers, Method, RequestInit, RequestRedirect, ResponseBody, Result, Url,
};
use emu_abi::Failure;
use serde::de::DeserializeOwned;

/// An HTTP request.
#[derive(Debug)]
pub struct Request {
    /// As sent, for what [`Method`] has no variant for.
    verb: String,
    method: Method,
    url: String,
    path: String,
    headers: Headers,
    body: ResponseBody,
    body_used: bool,
    redirect: RequestRedirect,
    cf: Option<Cf>,
    immutable: bool,
}

impl Request {
    /// A request without a body.
    ///
    /// # Errors
    /// When `uri` is not an absolute URL.
    pub fn new(uri: &str, method: Method) -> Result<Self> {
        Self::new_with_init(uri, &RequestInit { method, ..RequestInit::default() })
    }

    /// A request with everything in `init`.
    ///
    /// # Errors
    /// When `uri` is not an absolute URL, or a `GET` or `HEAD` request has a body.
    pub fn new_with_init(uri: &str, init: &RequestInit) -> Result<Self> {
        let url = Url::parse(uri).map_err(|_| Failure::type_error(format!("Invalid URL: {uri}")))?;
        if init.body.is_some() && matches!(init.method, Method::Get | Method::Head) {
            return Err(Failure::type_error("Request with a GET or HEAD method cannot have a body.").into());
        }
        if init.redirect == RequestRedirect::Error {
            return Err(Failure::type_error(crate::request_init::REDIRECT_ERROR).into());
        }
        let headers = init.headers.clone();
        let body = match &init.body {
            None => ResponseBody::Empty,
            Some(value) => crate::request_init::body_of(value, &headers)?,
        };
        Ok(Self {
            verb: init.method.to_string(),
            method: init.method.clone(),
            path: url.path().to_owned(),
            url: url.into(),
            headers,
            body,
            body_used: false,
            redirect: init.redirect,
            cf: None,
            immutable: false,
        })
    }

    pub(crate) fn from_abi(request: emu_abi::Request) -> Self {
        Self {
            method: request.method.clone().into(),
            verb: request.method,
            path: path_of(&request.url).to_owned(),
            url: request.url,
            headers: Headers::from_abi(request.headers),
            body: ResponseBody::from_abi(request.body),
            body_used: false,
            // The platform hands every redirect of an incoming request's fetch back to the client.
            redirect: RequestRedirect::Manual,
            cf: request.cf.and_then(|json| Cf::from_json(&json)),
            immutable: true,
        }
    }

    /// The message for the host. The body is taken; headers and the rest stay readable.
    pub(crate) fn to_abi(&self) -> Result<emu_abi::Request> {
        if self.body_used {
            return Err(Error::BodyUsed);
        }
        Ok(emu_abi::Request {
            method: self.verb.clone(),
            url: self.url.clone(),
            headers: self.headers.to_abi(),
            body: self.body.clone().into_abi()?,
            redirect: match self.redirect {
                RequestRedirect::Manual => emu_abi::Redirect::Manual,
                RequestRedirect::Follow | RequestRedirect::Error => emu_abi::Redirect::Follow,
            },
            cf: None,
        })
    }

    fn use_body(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.body_used, true) { Err(Error::BodyUsed) } else { Ok(()) }
    }

    /// The body, parsed as JSON.
    ///
    /// # Errors
    /// When it was read before or does not parse as `B`.
    pub async fn json<B: DeserializeOwned>(&mut self) -> Result<B> {
        self.use_body()?;
        Ok(serde_json::from_str(&self.body.read_text().await?)?)
    }

    /// The body as text.
    ///
    /// # Errors
    /// When it was read before or breaks.
    pub async fn text(&mut self) -> Result<String> {
        self.use_body()?;
        self.body.read_text().await
    }

    /// The body.
    ///
    /// # Errors
    /// When it was read before or breaks.
    pub async fn bytes(&mut self) -> Result<Vec<u8>> {
        self.use_body()?;
        self.body.read().await
    }

    /// The body as a form.
    ///
    /// # Errors
    /// When it was read before or is not a form.
    pub async fn form_data(&mut self) -> Result<FormData> {
        self.use_body()?;
        let content_type = self.headers.get("content-type")?.unwrap_or_default();
        FormData::parse(&content_type, self.body.read().await?)
    }

    /// The body as a stream.
    ///
    /// # Errors
    /// When it was read before or there is none.
    pub fn stream(&mut self) -> Result<ByteStream> {
        self.use_body()?;
        match &self.body {
            ResponseBody::Empty => Err(Error::RustError("no body for request".into())),
            ResponseBody::Body(bytes) => Ok(ByteStream(Source::Bytes(bytes.clone()))),
            ResponseBody::Stream(stream) => Ok(ByteStream(stream.take()?)),
        }
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The headers, to be changed.
    ///
    /// # Errors
    /// When the request came from outside; change a [`Self::clone_mut`] of it.
    pub fn headers_mut(&mut self) -> Result<&mut Headers> {
        if self.immutable {
            return Err(Error::JsError("Cannot get a mutable reference to an immutable headers object.".into()));
        }
        Ok(&mut self.headers)
    }

    /// `request.cf`, which only requests from outside have.
    pub fn cf(&self) -> Option<&Cf> {
        self.cf.as_ref()
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method.clone()
    }

    /// The path of the URL.
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// What [`Self::path`] returns, to be changed. As in the public crate this does not change the URL.
    ///
    /// # Errors
    /// When the request came from outside.
    pub fn path_mut(&mut self) -> Result<&mut String> {
        if self.immutable {
            return Err(Error::JsError("Cannot get a mutable reference to an immutable path.".into()));
        }
        Ok(&mut self.path)
    }

    /// The URL.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn url(&self) -> Result<Url> {
        let url = &self.url;
        url.parse().map_err(|error| Error::RustError(format!("failed to parse Url from {error}: {url}")))
    }

    /// The query, parsed as `Q`.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn query<Q: DeserializeOwned>(&self) -> Result<Q> {
        let url = self.url()?;
        Ok(Q::deserialize(serde_urlencoded::Deserializer::new(url.query_pairs()))?)
    }

    /// A second request with the same content; each can read the body.
    ///
    /// # Errors
    /// When the body was read before.
    #[allow(clippy::should_implement_trait)]
    pub fn clone(&self) -> Result<Self> {
        if self.body_used {
            return Err(Error::BodyUsed);
        }
        Ok(self.with_other_body(self.body.tee()?))
    }

    /// The same request, to be changed. There is one body: whoever reads it first has it.
    ///
    /// # Errors
    /// When the body was read before.
    pub fn clone_mut(&self) -> Result<Self> {
        if self.body_used {
            return Err(Error::BodyUsed);
        }
        Ok(Self { immutable: false, ..self.with_other_body(self.body.clone()) })
    }

    fn with_other_body(&self, body: ResponseBody) -> Self {
        Self {
            verb: self.verb.clone(),
            method: self.method.clone(),
            url: self.url.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            body,
            body_used: false,
            redirect: self.redirect,
            cf: self.cf.clone(),
            immutable: self.immutable,
        }
    }

    /// Sets the body to a stream. Beyond the public crate, where a `JsValue` can be one.
    #[must_use]
    pub fn with_body_stream(mut self, body: ByteStream) -> Self {
        self.body = ResponseBody::from_stream(body);
        self
    }

    /// The body as a handle, as `inner().body()` of the public crate.
    pub fn body(&self) -> Option<ReadableStream> {
        match &self.body {
            ResponseBody::Empty => None,
            ResponseBody::Body(bytes) => Some(ReadableStream::new(Source::Bytes(bytes.clone()))),
            ResponseBody::Stream(stream) => Some(stream.clone()),
        }
    }
}

/// The path of a URL that is normalised already, as all the host's are.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = after_scheme.find(['?', '#']).unwrap_or(after_scheme.len());
    let before_query = &after_scheme[..end];
    before_query.find('/').map_or("/", |start| &before_query[start..])
}

/// What a `fetch` handler may take.
pub trait FromRequest: Sized {
    /// The request.
    ///
    /// # Errors
    /// When it cannot be one of these.
    fn from_raw(request: Request) -> std::result::Result<Self, impl Into<Box<dyn std::error::Error>>>;
}

impl FromRequest for Request {
    fn from_raw(request: Request) -> std::result::Result<Self, impl Into<Box<dyn std::error::Error>>> {
        Ok::<_, Error>(request)
    }
}
