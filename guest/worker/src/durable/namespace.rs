//! [`ObjectNamespace`].

use super::{ObjectId, Stub};
use crate::{Result, host};
use emu_abi::{Answer, Ask, Failure};

/// The objects of one class.
#[derive(Clone, Debug)]
pub struct ObjectNamespace {
    pub(super) number: u32,
}

impl ObjectNamespace {
    pub(crate) fn new(number: u32) -> Self {
        Self { number }
    }

    fn id(&self, ask: &Ask) -> Result<ObjectId<'_>> {
        match host::ask(crate::scope::object(), ask)? {
            Answer::Id(id) => Ok(ObjectId { id, namespace: Some(self) }),
            other => host::unexpected(&other),
        }
    }

    /// The id of this name, always the same.
    ///
    /// # Errors
    /// What the platform throws.
    pub fn id_from_name(&self, name: &str) -> Result<ObjectId<'_>> {
        self.id(&Ask::IdFromName { namespace: self.number, name: name.to_owned() })
    }

    /// The id that printed as these 64 hex digits.
    ///
    /// # Errors
    /// When they are not an id of this namespace.
    pub fn id_from_string(&self, hex_id: &str) -> Result<ObjectId<'_>> {
        self.id(&Ask::IdFromString { namespace: self.number, hex: hex_id.to_owned() })
    }

    /// A random id that nobody has.
    ///
    /// # Errors
    /// In global scope, where the platform allows no randomness.
    pub fn unique_id(&self) -> Result<ObjectId<'_>> {
        self.id(&Ask::IdUnique { namespace: self.number })
    }

    /// A random id within a jurisdiction.
    ///
    /// # Errors
    /// Always: as in the platform's own local runtime there are no jurisdictions here.
    pub fn unique_id_with_jurisdiction(&self, _jurisdiction: &str) -> Result<ObjectId<'_>> {
        Err(Failure::error("Jurisdiction restrictions are not implemented in workerd.").into())
    }

    /// A stub of the object of this name.
    ///
    /// # Errors
    /// What the platform throws.
    pub fn get_by_name(&self, name: &str) -> Result<Stub> {
        self.id_from_name(name)?.get_stub()
    }

    /// As [`Self::get_by_name`]; the hint has no effect here.
    ///
    /// # Errors
    /// What the platform throws.
    pub fn get_by_name_with_location_hint(&self, name: &str, _location_hint: &str) -> Result<Stub> {
        self.get_by_name(name)
    }
}
