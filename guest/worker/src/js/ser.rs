//! From `T` to [`JsValue`], with the conversions that `serde_wasm_bindgen::to_value` makes: structs become objects, maps
//! become `Map`s, `None` and `()` become `undefined`, bytes become a `Uint8Array`, and an integer must be exact as a number.

use super::de::{MAX_SAFE_INTEGER, Mismatch};
use super::{JsValue, Value};
use serde::ser::{self, Serialize};

/// See [`JsValue::serialize`].
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> crate::Result<JsValue> {
    value.serialize(Serializer).map_err(|mismatch| crate::Error::JsError(format!("Error: {mismatch}")))
}

type Out<T = JsValue> = Result<T, Mismatch>;

struct Serializer;

fn integer(value: i128) -> Out {
    let number = value as f64;
    if number.abs() > MAX_SAFE_INTEGER {
        return Err(Mismatch(format!("{value} can't be represented as a JavaScript number")));
    }
    Ok(JsValue(Value::Number(number)))
}

/// `{ [variant]: content }`
fn variant(name: &str, content: Value) -> JsValue {
    JsValue(Value::Object(vec![(name.to_owned(), JsValue(content))]))
}

impl ser::Serializer for Serializer {
    type Ok = JsValue;
    type Error = Mismatch;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    fn serialize_bool(self, value: bool) -> Out {
        Ok(JsValue::from(value))
    }

    fn serialize_i8(self, value: i8) -> Out {
        integer(value.into())
    }

    fn serialize_i16(self, value: i16) -> Out {
        integer(value.into())
    }

    fn serialize_i32(self, value: i32) -> Out {
        integer(value.into())
    }

    fn serialize_i64(self, value: i64) -> Out {
        integer(value.into())
    }

    fn serialize_i128(self, value: i128) -> Out {
        Ok(JsValue(Value::BigInt(value)))
    }

    fn serialize_u8(self, value: u8) -> Out {
        integer(value.into())
    }

    fn serialize_u16(self, value: u16) -> Out {
        integer(value.into())
    }

    fn serialize_u32(self, value: u32) -> Out {
        integer(value.into())
    }

    fn serialize_u64(self, value: u64) -> Out {
        integer(value.into())
    }

    fn serialize_u128(self, value: u128) -> Out {
        let value = i128::try_from(value).map_err(|_| Mismatch(format!("{value} is too large")))?;
        Ok(JsValue(Value::BigInt(value)))
    }

    fn serialize_f32(self, value: f32) -> Out {
        Ok(JsValue::from(value))
    }

    fn serialize_f64(self, value: f64) -> Out {
        Ok(JsValue::from(value))
    }

    fn serialize_char(self, value: char) -> Out {
        Ok(JsValue::from(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Out {
        Ok(JsValue::from(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Out {
        Ok(JsValue(Value::Bytes(value.to_owned())))
    }

    fn serialize_none(self) -> Out {
        Ok(JsValue::UNDEFINED)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Out {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Out {
        Ok(JsValue::UNDEFINED)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Out {
        Ok(JsValue::UNDEFINED)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Out {
        Ok(JsValue::from(name))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Out {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Out {
        Ok(variant(name, value.serialize(self)?.0))
    }

    fn serialize_seq(self, len: Option<usize>) -> Out<Items> {
        Ok(Items { items: Vec::with_capacity(len.unwrap_or(0)), variant: None })
    }

    fn serialize_tuple(self, len: usize) -> Out<Items> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Out<Items> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, name: &'static str, len: usize) -> Out<Items> {
        Ok(Items { items: Vec::with_capacity(len), variant: Some(name) })
    }

    fn serialize_map(self, len: Option<usize>) -> Out<Entries> {
        Ok(Entries { entries: Vec::with_capacity(len.unwrap_or(0)), key: None })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Out<Fields> {
        Ok(Fields { fields: Vec::with_capacity(len), variant: None })
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, name: &'static str, len: usize) -> Out<Fields> {
        Ok(Fields { fields: Vec::with_capacity(len), variant: Some(name) })
    }
}

struct Items {
    items: Vec<JsValue>,
    variant: Option<&'static str>,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Out<()> {
        self.items.push(value.serialize(Serializer)?);
        Ok(())
    }

    fn finish(self) -> Out {
        let array = Value::Array(self.items);
        Ok(match self.variant {
            Some(name) => variant(name, array),
            None => JsValue(array),
        })
    }
}

macro_rules! items {
    ($($trait:ident :: $method:ident),*) => {
        $(impl ser::$trait for Items {
            type Ok = JsValue;
            type Error = Mismatch;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Out<()> {
                self.push(value)
            }

            fn end(self) -> Out {
                self.finish()
            }
        })*
    };
}

items!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

struct Entries {
    entries: Vec<(JsValue, JsValue)>,
    key: Option<JsValue>,
}

impl ser::SerializeMap for Entries {
    type Ok = JsValue;
    type Error = Mismatch;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Out<()> {
        self.key = Some(key.serialize(Serializer)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Out<()> {
        let key = self.key.take().ok_or_else(|| Mismatch("a map's value came before its key".into()))?;
        self.entries.push((key, value.serialize(Serializer)?));
        Ok(())
    }

    fn end(self) -> Out {
        Ok(JsValue(Value::Map(self.entries)))
    }
}

struct Fields {
    fields: Vec<(String, JsValue)>,
    variant: Option<&'static str>,
}

impl Fields {
    fn push<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Out<()> {
        self.fields.push((name.to_owned(), value.serialize(Serializer)?));
        Ok(())
    }

    fn finish(self) -> Out {
        let object = Value::Object(self.fields);
        Ok(match self.variant {
            Some(name) => variant(name, object),
            None => JsValue(object),
        })
    }
}

impl ser::SerializeStruct for Fields {
    type Ok = JsValue;
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Out<()> {
        self.push(name, value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Fields {
    type Ok = JsValue;
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Out<()> {
        self.push(name, value)
    }

    fn end(self) -> Out {
        self.finish()
    }
}
