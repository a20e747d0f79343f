//! [`Cors`]: the response headers that let other origins in.

use crate::{Headers, Method, Result};

/// What to allow. The default allows nothing.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    credentials: bool,
    max_age: Option<u32>,
    origins: Vec<String>,
    methods: Vec<String>,
    allowed_headers: Vec<String>,
    exposed_headers: Vec<String>,
}

fn collect<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

impl Cors {
    /// Nothing allowed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether credentials may be shared.
    #[must_use]
    pub fn with_credentials(mut self, credentials: bool) -> Self {
        self.credentials = credentials;
        self
    }

    /// For how many seconds a preflight answer holds.
    #[must_use]
    pub fn with_max_age(mut self, max_age: u32) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Which origins.
    #[must_use]
    pub fn with_origins<S: Into<String>, V: IntoIterator<Item = S>>(mut self, origins: V) -> Self {
        self.origins = collect(origins);
        self
    }

    /// Which methods.
    #[must_use]
    pub fn with_methods<V: IntoIterator<Item = Method>>(mut self, methods: V) -> Self {
        self.methods = collect(methods);
        self
    }

    /// Which request headers.
    #[must_use]
    pub fn with_allowed_headers<S: Into<String>, V: IntoIterator<Item = S>>(mut self, headers: V) -> Self {
        self.allowed_headers = collect(headers);
        self
    }

    /// Which response headers a script may see.
    #[must_use]
    pub fn with_exposed_headers<S: Into<String>, V: IntoIterator<Item = S>>(mut self, headers: V) -> Self {
        self.exposed_headers = collect(headers);
        self
    }

    /// Sets the headers.
    ///
    /// # Errors
    /// When one of the values is no valid header value.
    pub fn apply_headers(&self, headers: &mut Headers) -> Result<()> {
        if self.credentials {
            headers.set("Access-Control-Allow-Credentials", "true")?;
        }
        if let Some(seconds) = self.max_age {
            headers.set("Access-Control-Max-Age", &seconds.to_string())?;
        }
        for (name, values) in [
            ("Access-Control-Allow-Origin", &self.origins),
            ("Access-Control-Allow-Methods", &self.methods),
            ("Access-Control-Allow-Headers", &self.allowed_headers),
            ("Access-Control-Expose-headers", &self.exposed_headers),
        ] {
            if !values.is_empty() {
                headers.set(name, &values.join(","))?;
            }
        }
        Ok(())
    }
}
