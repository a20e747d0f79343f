//! [`Headers`]: the header list of the Fetch standard.

use crate::Result;
use emu_abi::Failure;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

/// The headers of a request or a response. Names match in any case; the case they were first set in is kept.
#[derive(Clone, Default)]
pub struct Headers(RefCell<Vec<(String, String)>>);

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn from_abi(headers: emu_abi::Headers) -> Self {
        Self(RefCell::new(headers))
    }

    pub(crate) fn to_abi(&self) -> emu_abi::Headers {
        self.0.borrow().clone()
    }

    /// The values of a header, joined by `, `.
    ///
    /// # Errors
    /// When the name is not a valid one.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        check_name(name)?;
        let headers = self.0.borrow();
        let mut values = matching(&headers, name);
        let Some(first) = values.next() else { return Ok(None) };
        Ok(Some(values.fold(first.to_owned(), |all, value| all + ", " + value)))
    }

    /// Every value of a header by itself.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn get_all(&self, name: &str) -> Result<Vec<String>> {
        Ok(matching(&self.0.borrow(), name).map(str::to_owned).collect())
    }

    /// Whether there is no header.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Whether there is a header of this name.
    ///
    /// # Errors
    /// When the name is not a valid one.
    pub fn has(&self, name: &str) -> Result<bool> {
        check_name(name)?;
        Ok(matching(&self.0.borrow(), name).next().is_some())
    }

    /// Adds a value beside those there are.
    ///
    /// # Errors
    /// When the name or the value is not a valid one.
    pub fn append(&self, name: &str, value: &str) -> Result<()> {
        check_name(name)?;
        let value = check_value(value)?;
        self.0.borrow_mut().push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Sets the only value of a header.
    ///
    /// # Errors
    /// When the name or the value is not a valid one.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        check_name(name)?;
        let value = check_value(value)?.to_owned();
        let mut headers = self.0.borrow_mut();
        match headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)) {
            None => headers.push((name.to_owned(), value)),
            Some(first) => {
                headers[first].1 = value;
                let mut index = 0;
                headers.retain(|(known, _)| {
                    index += 1;
                    index - 1 <= first || !known.eq_ignore_ascii_case(name)
                });
            }
        }
        Ok(())
    }

    /// Removes a header.
    ///
    /// # Errors
    /// When the name is not a valid one.
    pub fn delete(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.0.borrow_mut().retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        Ok(())
    }

    /// Names in lower case with their joined values, sorted by name; each `set-cookie` by itself.
    pub fn entries(&self) -> std::vec::IntoIter<(String, String)> {
        let mut sorted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in self.0.borrow().iter() {
            sorted.entry(name.to_ascii_lowercase()).or_default().push(value.clone());
        }
        let entries = sorted.into_iter().flat_map(|(name, values)| {
            let values = if name == "set-cookie" { values } else { vec![values.join(", ")] };
            values.into_iter().map(move |value| (name.clone(), value))
        });
        entries.collect::<Vec<_>>().into_iter()
    }

    /// The names of [`Self::entries`].
    pub fn keys(&self) -> impl Iterator<Item = String> + use<> {
        self.entries().map(|(name, _)| name)
    }

    /// The values of [`Self::entries`].
    pub fn values(&self) -> impl Iterator<Item = String> + use<> {
        self.entries().map(|(_, value)| value)
    }
}

fn matching<'a>(headers: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn check_name(name: &str) -> Result<()> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(token) {
        return Ok(());
    }
    Err(Failure::type_error("Invalid header name.").into())
}

/// The value without the white space around it.
fn check_value(value: &str) -> Result<&str> {
    let value = value.trim_matches(['\t', '\n', '\r', ' ']);
    if value.contains(['\0', '\n', '\r']) {
        return Err(Failure::type_error("Invalid header value.").into());
    }
    Ok(value)
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

impl IntoIterator for &Headers {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries()
    }
}

impl<T: AsRef<str>> FromIterator<(T, T)> for Headers {
    fn from_iter<I: IntoIterator<Item = (T, T)>>(iter: I) -> Self {
        let headers = Self::new();
        for (name, value) in iter {
            // As in the public crate an invalid header is left out.
            headers.append(name.as_ref(), value.as_ref()).ok();
        }
        headers
    }
}

impl<'a, T: AsRef<str>> FromIterator<&'a (T, T)> for Headers {
    fn from_iter<I: IntoIterator<Item = &'a (T, T)>>(iter: I) -> Self {
        iter.into_iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect()
    }
}
