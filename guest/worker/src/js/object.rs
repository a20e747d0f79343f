//! Stand-ins for `js_sys::Object`, `js_sys::Reflect` and `js_sys::Math`.

use super::{JsValue, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// A plain object. Its clones are the same object; as a [`JsValue`] it becomes a copy.
#[derive(Clone, Debug, Default)]
pub struct Object(Rc<RefCell<Vec<(String, JsValue)>>>);

impl Object {
    /// `{}`
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields in the order they were set.
    pub(crate) fn fields(&self) -> Vec<(String, JsValue)> {
        self.0.borrow().clone()
    }
}

impl From<Object> for JsValue {
    fn from(object: Object) -> Self {
        Self(Value::Object(object.fields()))
    }
}

/// Access to properties by name.
#[derive(Debug)]
pub struct Reflect;

impl Reflect {
    /// The property `key` of `target`, or `undefined`.
    ///
    /// # Errors
    /// When `target` is not an object.
    pub fn get(target: &JsValue, key: &JsValue) -> Result<JsValue, JsValue> {
        if !target.is_object() {
            return Err(JsValue::from(emu_abi::Failure::type_error("Reflect.get called on non-object")));
        }
        Ok(target.property(&property_name(key)))
    }

    /// Sets the property `key` of `target`.
    ///
    /// # Errors
    /// Never; the signature is the public crate's.
    pub fn set(target: &Object, key: &JsValue, value: &JsValue) -> Result<bool, JsValue> {
        let name = property_name(key);
        let mut fields = target.0.borrow_mut();
        match fields.iter_mut().find(|(field, _)| *field == name) {
            Some(field) => field.1 = value.clone(),
            None => fields.push((name, value.clone())),
        }
        Ok(true)
    }
}

fn property_name(key: &JsValue) -> String {
    match &key.0 {
        Value::String(name) => name.clone(),
        Value::Number(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// `Math`, as far as it needs the host.
#[derive(Debug)]
pub struct Math;

impl Math {
    /// A random number of at least 0 and less than 1.
    ///
    /// # Panics
    /// In global scope, where the platform allows no randomness.
    pub fn random() -> f64 {
        let mut bytes = [0; 8];
        if let Err(failure) = crate::host::random(&mut bytes) {
            panic!("{failure}");
        }
        // The upper 53 bits are all that a double can hold between 0 and 1.
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }
}
