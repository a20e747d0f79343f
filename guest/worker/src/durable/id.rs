//! [`ObjectId`].

use super::{ObjectNamespace, Stub};
use crate::{Error, Result};
use std::fmt;

/// The id of an object.
#[derive(Debug)]
pub struct ObjectId<'a> {
    pub(super) id: emu_abi::ObjectId,
    pub(super) namespace: Option<&'a ObjectNamespace>,
}

impl ObjectId<'_> {
    /// A stub of the object.
    ///
    /// # Errors
    /// When this is [`super::State::id`]: an object does not know its namespace.
    pub fn get_stub(&self) -> Result<Stub> {
        let namespace =
            self.namespace.ok_or_else(|| Error::JsError("Cannot get stub from within a Durable Object".to_owned()))?;
        Ok(Stub { namespace: namespace.number, id: self.id.clone() })
    }

    /// As [`Self::get_stub`]; the hint has no effect here.
    ///
    /// # Errors
    /// As [`Self::get_stub`].
    pub fn get_stub_with_location_hint(&self, _location_hint: &str) -> Result<Stub> {
        self.get_stub()
    }

    /// The name the id was made from, where that is known.
    pub fn name(&self) -> Option<String> {
        self.id.name.clone()
    }
}

impl PartialEq for ObjectId<'_> {
    /// Compares the bytes; names and namespaces do not count.
    fn eq(&self, other: &Self) -> bool {
        self.id.bytes == other.id.bytes
    }
}

impl fmt::Display for ObjectId<'_> {
    /// 64 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
