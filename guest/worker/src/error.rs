//! [`Error`]: everything that can go wrong, with the variants of the public crate that this one can produce.

use crate::js::JsValue;
use emu_abi::Failure;
use std::fmt;

/// An error of a worker.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The content type does not fit.
    BadEncoding,
    /// The body was read before.
    BodyUsed,
    /// A JSON error with a status.
    Json((String, u16)),
    /// A string thrown by the platform.
    JsError(String),
    /// Cannot happen.
    Infallible,
    /// A value thrown by the platform that is no error.
    Internal(JsValue),
    /// An I/O error.
    Io(std::io::Error),
    /// No binding of this name.
    BindingError(String),
    /// A route could not be added.
    RouteInsertError(matchit::InsertError),
    /// A route has no data.
    RouteNoDataError,
    /// An error of Rust code.
    RustError(String),
    /// A JSON error.
    SerdeJsonError(serde_json::Error),
    /// Text that is not UTF-8.
    Utf8Error(std::str::Utf8Error),
    /// An exception of the platform or of the code that was called.
    UnknownJsError {
        /// The exception; [`crate::js_sys::Reflect::get`] reads `retryable`, `overloaded`, `remote` and so on from it.
        original: JsValue,
        /// Its constructor.
        name: Option<String>,
        /// Its message.
        message: String,
        /// Its `code`.
        code: Option<String>,
        /// What caused it.
        cause: Option<Box<Error>>,
    },
}

impl Error {
    /// The exception that a caller sees when a handler returns this error.
    pub(crate) fn to_failure(&self) -> Failure {
        match self {
            Self::UnknownJsError { original: JsValue(crate::js::Value::Error(error)), .. } => error.0.clone(),
            other => Failure::error(with_causes(other)),
        }
    }
}

/// The error and each of its causes on a line of its own.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\nCaused by:\n    {cause}"));
        source = cause.source();
    }
    text
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::UnknownJsError {
            name: Some(failure.name.clone()),
            message: failure.message.clone(),
            code: None,
            cause: None,
            original: JsValue::from(failure),
        }
    }
}

impl From<JsValue> for Error {
    fn from(value: JsValue) -> Self {
        match value.0 {
            crate::js::Value::Error(error) => error.0.into(),
            crate::js::Value::String(text) => Self::JsError(text),
            other => Self::Internal(JsValue(other)),
        }
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownJsError { original, .. } => original,
            Error::Internal(value) => value,
            Error::JsError(text) => Self::from(text),
            other => Self::from(other.to_failure()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadEncoding => f.write_str("content-type mismatch"),
            Self::BodyUsed => f.write_str("body has already been read"),
            Self::Infallible => f.write_str("infallible"),
            Self::RouteNoDataError => f.write_str("route has no corresponding shared data"),
            Self::JsError(text) | Self::RustError(text) => f.write_str(text),
            Self::BindingError(name) => write!(f, "no binding found for `{name}`"),
            Self::Json((message, status)) => write!(f, "{message} (status: {status})"),
            Self::Io(_) => f.write_str("I/O error"),
            Self::Utf8Error(_) => f.write_str("UTF-8 decoding error"),
            Self::SerdeJsonError(_) => f.write_str("JSON serialization error"),
            Self::RouteInsertError(_) => f.write_str("failed to insert route"),
            Self::Internal(value) => write!(f, "unrecognized JavaScript value: {value:?}"),
            Self::UnknownJsError { name, message, code, .. } => {
                let name = name.as_deref().unwrap_or("Error");
                match code {
                    Some(code) => write!(f, "{name} [{code}]: {message}"),
                    None => write!(f, "{name}: {message}"),
                }
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Utf8Error(error) => Some(error),
            Self::SerdeJsonError(error) => Some(error),
            Self::RouteInsertError(error) => Some(error),
            Self::UnknownJsError { cause: Some(cause), .. } => Some(cause.as_ref()),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $error:expr;)*) => {
        $(impl From<$type> for Error {
            fn from($value: $type) -> Self {
                $error
            }
        })*
    };
}

from! {
    &str => |text| Self::RustError(text.to_owned());
    String => |text| Self::RustError(text);
    std::str::Utf8Error => |error| Self::Utf8Error(error);
    std::convert::Infallible => |never| match never {};
    std::io::Error => |error| Self::Io(error);
    serde_json::Error => |error| Self::SerdeJsonError(error);
    serde_urlencoded::de::Error => |error| Self::RustError(error.to_string());
    url::ParseError => |error| Self::RustError(error.to_string());
    matchit::InsertError => |error| Self::RouteInsertError(error);
}
