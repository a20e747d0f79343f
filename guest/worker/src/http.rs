//! [`Method`].

use std::fmt;

/// An HTTP method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Head,
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Connect,
    Trace,
    Report,
}

impl Method {
    /// All methods.
    pub fn all() -> Vec<Self> {
        use Method::{Connect, Delete, Get, Head, Options, Patch, Post, Put, Report, Trace};
        vec![Head, Get, Post, Put, Patch, Delete, Options, Connect, Trace, Report]
    }
}

impl From<String> for Method {
    /// The method of this name in any case; as in the public crate an unknown one is `GET`.
    fn from(name: String) -> Self {
        let name = name.to_ascii_uppercase();
        Self::all().into_iter().find(|method| method.as_ref() == name).unwrap_or_default()
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.as_ref().to_owned()
    }
}

impl AsRef<str> for Method {
    fn as_ref(&self) -> &'static str {
        match self {
            Self::Head => "HEAD",
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Connect => "CONNECT",
            Self::Trace => "TRACE",
            Self::Report => "REPORT",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_ref())
    }
}
