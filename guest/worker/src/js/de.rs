//! From [`JsValue`] to `T`, with the conversions that `serde_wasm_bindgen::from_value` makes.

use super::{JsValue, Value};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// Integers between these are exact as a number.
pub(super) const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Why a value and a type do not fit.
#[derive(Debug)]
pub struct Mismatch(pub(super) String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl serde::ser::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// See [`JsValue::deserialize`].
pub(crate) fn from_value<T: DeserializeOwned>(value: JsValue) -> crate::Result<T> {
    T::deserialize(value).map_err(|mismatch| crate::Error::JsError(format!("Error: {mismatch}")))
}

impl JsValue {
    fn invalid(&self, expected: &dyn de::Expected) -> Mismatch {
        let text;
        let unexpected = match &self.0 {
            Value::Undefined | Value::Null => de::Unexpected::Unit,
            Value::Bool(value) => de::Unexpected::Bool(*value),
            Value::Number(number) => de::Unexpected::Float(*number),
            Value::BigInt(integer) => {
                text = format!("bigint `{integer}`");
                de::Unexpected::Other(&text)
            }
            Value::String(text) => de::Unexpected::Str(text),
            Value::Bytes(bytes) | Value::Buffer(bytes) => de::Unexpected::Bytes(bytes),
            Value::Array(_) | Value::Set(_) => de::Unexpected::Seq,
            Value::Object(_) | Value::Map(_) => de::Unexpected::Map,
            Value::Date(_) => de::Unexpected::Other("Date"),
            Value::Error(_) => de::Unexpected::Other("Error"),
        };
        de::Error::invalid_type(unexpected, expected)
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Number(number) if number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER => {
                visitor.visit_i64(number as i64)
            }
            Value::BigInt(integer) => match (i64::try_from(integer), u64::try_from(integer)) {
                (Ok(integer), _) => visitor.visit_i64(integer),
                (_, Ok(integer)) => visitor.visit_u64(integer),
                _ => visitor.visit_i128(integer),
            },
            _ => Err(self.invalid(&visitor)),
        }
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Number(number) | Value::Date(number) => visitor.visit_f64(number),
            _ => Err(self.invalid(&visitor)),
        }
    }
}

fn entries<'de, V: Visitor<'de>, K: IntoDeserializer<'de, Mismatch>>(
    entries: impl ExactSizeIterator<Item = (K, JsValue)>,
    visitor: V,
) -> Result<V::Value, Mismatch> {
    let mut access = MapDeserializer::new(entries);
    let value = visitor.visit_map(&mut access)?;
    access.end()?;
    Ok(value)
}

fn items<'de, V: Visitor<'de>>(items: Vec<JsValue>, visitor: V) -> Result<V::Value, Mismatch> {
    let mut access = SeqDeserializer::new(items.into_iter());
    let value = visitor.visit_seq(&mut access)?;
    access.end()?;
    Ok(value)
}

impl<'de> IntoDeserializer<'de, Mismatch> for JsValue {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> de::Deserializer<'de> for JsValue {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Undefined | Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) if number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER => {
                visitor.visit_i64(number as i64)
            }
            Value::Number(number) | Value::Date(number) => visitor.visit_f64(number),
            Value::BigInt(_) => self.integer(visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Bytes(bytes) | Value::Buffer(bytes) => visitor.visit_byte_buf(bytes),
            Value::Array(values) | Value::Set(values) => items(values, visitor),
            Value::Object(fields) => entries(fields.into_iter(), visitor),
            Value::Map(fields) => entries(fields.into_iter(), visitor),
            Value::Error(_) => Err(self.invalid(&visitor)),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.integer(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.float(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.float(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.is_null_or_undefined() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Bytes(bytes) | Value::Buffer(bytes) => {
                let mut access = SeqDeserializer::new(bytes.into_iter());
                visitor.visit_seq(&mut access)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.into_deserializer()),
            Value::Object(mut fields) if fields.len() == 1 => {
                let (variant, content) = fields.swap_remove(0);
                visitor.visit_enum(Variant { variant, content })
            }
            _ => Err(self.invalid(&"a string or an object with one field")),
        }
    }

    forward_to_deserialize_any! {
        bool char str string bytes byte_buf unit unit_struct map struct identifier ignored_any
    }
}

struct Variant {
    variant: String,
    content: JsValue,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Mismatch> {
        let name: de::value::StrDeserializer<'_, Mismatch> = self.variant.as_str().into_deserializer();
        let value = seed.deserialize(name)?;
        Ok((value, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        de::Deserialize::deserialize(self.content)
    }

    fn newtype_variant_seed<S: de::DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Mismatch> {
        seed.deserialize(self.content)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Mismatch> {
        de::Deserializer::deserialize_tuple(self.content, len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        de::Deserializer::deserialize_struct(self.content, "", fields, visitor)
    }
}
