//! [`FormData`]: fields and files of a form.

use crate::{Date, DateInit, Result};
use emu_abi::Failure;
use std::cell::RefCell;
use url::form_urlencoded;

mod multipart;

/// A value of a form.
#[derive(Clone, Debug, PartialEq)]
pub enum FormEntry {
    /// Text.
    Field(String),
    /// A file.
    File(File),
}

/// A form.
#[derive(Clone, Debug, Default)]
pub struct FormData(RefCell<Vec<(String, FormEntry)>>);

impl FormData {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// The form in a body of this content type.
    pub(crate) fn parse(content_type: &str, body: Vec<u8>) -> Result<Self> {
        let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let entries = match kind.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => form_urlencoded::parse(&body)
                .map(|(name, value)| (name.into_owned(), FormEntry::Field(value.into_owned())))
                .collect(),
            "multipart/form-data" => multipart::parse(parameters, &body)?,
            _ => {
                return Err(Failure::type_error(
                    "Unrecognized Content-Type header value. FormData can only parse the following MIME types: multipart/form-data, application/x-www-form-urlencoded.",
                )
                .into());
            }
        };
        Ok(Self(RefCell::new(entries)))
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<FormEntry> {
        self.get_all(name)?.into_iter().next()
    }

    /// The first value of `name`, if it is text.
    pub fn get_field(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            FormEntry::Field(text) => Some(text),
            FormEntry::File(_) => None,
        }
    }

    /// The values of `name`; an empty list if there are none.
    pub fn get_all(&self, name: &str) -> Option<Vec<FormEntry>> {
        let entries = self.0.borrow();
        Some(entries.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect())
    }

    /// Whether there is a value of `name`.
    pub fn has(&self, name: &str) -> bool {
        self.0.borrow().iter().any(|(known, _)| known == name)
    }

    /// Adds a value.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn append(&self, name: &str, value: &str) -> Result<()> {
        self.0.borrow_mut().push((name.to_owned(), FormEntry::Field(value.to_owned())));
        Ok(())
    }

    /// Sets the only value of `name`, in the place of the first there was.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        let mut entries = self.0.borrow_mut();
        let at = entries.iter().position(|(known, _)| known == name).unwrap_or(entries.len());
        entries.retain(|(known, _)| known != name);
        entries.insert(at, (name.to_owned(), FormEntry::Field(value.to_owned())));
        Ok(())
    }

    /// Removes the values of `name`.
    pub fn delete(&self, name: &str) {
        self.0.borrow_mut().retain(|(known, _)| known != name);
    }
}

/// A file of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    name: String,
    kind: String,
    bytes: Vec<u8>,
    modified_ms: f64,
}

impl File {
    /// A file of these bytes.
    pub fn new(data: impl AsRef<[u8]>, name: &str) -> Self {
        Self::with_type(data.as_ref().to_owned(), name.to_owned(), String::new())
    }

    pub(crate) fn with_type(bytes: Vec<u8>, name: String, kind: String) -> Self {
        Self { name, kind, bytes, modified_ms: crate::date::now_ms() }
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its content type, or empty.
    pub fn type_(&self) -> String {
        self.kind.clone()
    }

    /// Its bytes.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub async fn bytes(&self) -> Result<Vec<u8>> {
        Ok(self.bytes.clone())
    }

    /// When it was made.
    pub fn last_modified(&self) -> Date {
        DateInit::Millis(self.modified_ms as u64).into()
    }
}
