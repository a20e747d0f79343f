//! The stand-in for `js_sys::Map`, what `Storage::list` and `get_multiple` return.

use super::{JsValue, Value};

/// A map in the order of its keys' insertion.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(pub(crate) Vec<(JsValue, JsValue)>);

/// What the iterating members of [`Map`] return: like `js_sys::Iterator`, it yields results.
#[derive(Debug)]
pub struct Iterator(std::vec::IntoIter<JsValue>);

impl std::iter::Iterator for Iterator {
    type Item = Result<JsValue, JsValue>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Ok)
    }
}

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of `key`, or `undefined`.
    pub fn get(&self, key: &JsValue) -> JsValue {
        self.0.iter().find(|(name, _)| name == key).map_or(JsValue::UNDEFINED, |(_, value)| value.clone())
    }

    /// Whether there is an entry for `key`.
    pub fn has(&self, key: &JsValue) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    /// Sets the value of `key`.
    pub fn set(&mut self, key: &JsValue, value: &JsValue) -> &mut Self {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some(entry) => entry.1 = value.clone(),
            None => self.0.push((key.clone(), value.clone())),
        }
        self
    }

    /// The number of entries.
    pub fn size(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The keys.
    pub fn keys(&self) -> Iterator {
        self.iterate(|(key, _)| key.clone())
    }

    /// The values.
    pub fn values(&self) -> Iterator {
        self.iterate(|(_, value)| value.clone())
    }

    /// The entries, each an array of key and value.
    pub fn entries(&self) -> Iterator {
        self.iterate(|(key, value)| JsValue(Value::Array(vec![key.clone(), value.clone()])))
    }

    /// Calls `callback` with each value and its key.
    pub fn for_each(&self, callback: &mut dyn FnMut(JsValue, JsValue)) {
        for (key, value) in &self.0 {
            callback(value.clone(), key.clone());
        }
    }

    fn iterate(&self, pick: impl Fn(&(JsValue, JsValue)) -> JsValue) -> Iterator {
        Iterator(self.0.iter().map(pick).collect::<Vec<_>>().into_iter())
    }
}

impl From<Map> for JsValue {
    fn from(map: Map) -> Self {
        Self(Value::Map(map.0))
    }
}
