//! [`JsValue`]: a JavaScript value as a tree.

use emu_abi::Failure;
use serde::de::DeserializeOwned;

/// A JavaScript value. Unlike the real one it is a tree of its own: cloning copies it, nothing is shared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsValue(pub(crate) Value);

/// What a [`JsValue`] can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    #[default]
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    BigInt(i128),
    String(String),
    /// Bytes behind a view (`Uint8Array`).
    Bytes(Vec<u8>),
    /// Bytes (`ArrayBuffer`).
    Buffer(Vec<u8>),
    Array(Vec<JsValue>),
    /// A plain object; keys are unique.
    Object(Vec<(String, JsValue)>),
    Map(Vec<(JsValue, JsValue)>),
    Set(Vec<JsValue>),
    /// Milliseconds since the epoch.
    Date(f64),
    Error(Box<ErrorValue>),
}

/// An exception with the platform's extra properties.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorValue(pub(crate) Failure);

impl JsValue {
    /// `undefined`
    pub const UNDEFINED: Self = Self(Value::Undefined);
    /// `null`
    pub const NULL: Self = Self(Value::Null);
    /// `true`
    pub const TRUE: Self = Self(Value::Bool(true));
    /// `false`
    pub const FALSE: Self = Self(Value::Bool(false));

    /// `undefined`
    pub const fn undefined() -> Self {
        Self::UNDEFINED
    }

    /// `null`
    pub const fn null() -> Self {
        Self::NULL
    }

    /// A string.
    #[allow(clippy::should_implement_trait)]
    pub fn from_str(text: &str) -> Self {
        Self(Value::String(text.to_owned()))
    }

    /// A number.
    pub fn from_f64(number: f64) -> Self {
        Self(Value::Number(number))
    }

    /// A boolean.
    pub fn from_bool(value: bool) -> Self {
        Self(Value::Bool(value))
    }

    /// The string, if it is one.
    pub fn as_string(&self) -> Option<String> {
        if let Value::String(text) = &self.0 { Some(text.clone()) } else { None }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Number(number) = self.0 { Some(number) } else { None }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.0 { Some(value) } else { None }
    }

    /// Whether it is `undefined`.
    pub fn is_undefined(&self) -> bool {
        self.0 == Value::Undefined
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.0 == Value::Null
    }

    /// Whether it is `null` or `undefined`.
    pub fn is_null_or_undefined(&self) -> bool {
        self.is_null() || self.is_undefined()
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self.0, Value::String(_))
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        matches!(self.0, Value::Array(_))
    }

    /// Whether it is neither a primitive nor `null`.
    pub fn is_object(&self) -> bool {
        !matches!(
            self.0,
            Value::Undefined | Value::Null | Value::Bool(_) | Value::Number(_) | Value::BigInt(_) | Value::String(_)
        )
    }

    /// The value as `T`; what `serde_wasm_bindgen::from_value` does in the public crate's world.
    ///
    /// # Errors
    /// When the value does not have the shape of `T`.
    pub fn deserialize<T: DeserializeOwned>(self) -> crate::Result<T> {
        super::from_value(self)
    }

    /// The value of `T`; what `serde_wasm_bindgen::to_value` does in the public crate's world.
    ///
    /// # Errors
    /// When `value` has no JavaScript equivalent, such as an integer beyond 2^53.
    pub fn serialize<T: serde::Serialize + ?Sized>(value: &T) -> crate::Result<Self> {
        super::to_value(value)
    }

    /// The property `key` of an object or an error, else `undefined`.
    pub(crate) fn property(&self, key: &str) -> Self {
        match &self.0 {
            Value::Object(fields) => {
                fields.iter().find(|(name, _)| name == key).map_or(Self::UNDEFINED, |(_, value)| value.clone())
            }
            Value::Error(error) => error.property(key),
            Value::Array(items) => {
                key.parse::<usize>().ok().and_then(|index| items.get(index)).cloned().unwrap_or_default()
            }
            _ => Self::UNDEFINED,
        }
    }
}

impl ErrorValue {
    fn property(&self, key: &str) -> JsValue {
        let Failure { name, message, stack, remote, retryable, overloaded, durable_object_reset, .. } = &self.0;
        let flag = |set: &bool| if *set { JsValue::TRUE } else { JsValue::UNDEFINED };
        match key {
            "name" => JsValue::from_str(name),
            "message" => JsValue::from_str(message),
            "stack" => stack.as_deref().map_or(JsValue::UNDEFINED, JsValue::from_str),
            "remote" => flag(remote),
            "retryable" => flag(retryable),
            "overloaded" => flag(overloaded),
            "durableObjectReset" => flag(durable_object_reset),
            _ => JsValue::UNDEFINED,
        }
    }
}

macro_rules! from {
    ($($type:ty => |$value:ident| $variant:expr;)*) => {
        $(impl From<$type> for JsValue {
            fn from($value: $type) -> Self {
                Self($variant)
            }
        })*
    };
}

from! {
    &str => |value| Value::String(value.to_owned());
    String => |value| Value::String(value);
    &String => |value| Value::String(value.clone());
    bool => |value| Value::Bool(value);
    f32 => |value| Value::Number(value.into());
    f64 => |value| Value::Number(value);
    i8 => |value| Value::Number(value.into());
    i16 => |value| Value::Number(value.into());
    i32 => |value| Value::Number(value.into());
    u8 => |value| Value::Number(value.into());
    u16 => |value| Value::Number(value.into());
    u32 => |value| Value::Number(value.into());
    i64 => |value| Value::BigInt(value.into());
    u64 => |value| Value::BigInt(value.into());
    Vec<u8> => |value| Value::Bytes(value);
    Vec<JsValue> => |value| Value::Array(value);
    Failure => |value| Value::Error(Box::new(ErrorValue(value)));
}

impl<T: Into<JsValue>> From<Option<T>> for JsValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::UNDEFINED, Into::into)
    }
}
