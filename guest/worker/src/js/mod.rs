//! Stand-ins for the JavaScript values that the public crate shows at its edges.
//!
//! There are no JavaScript objects in an emu guest. Where the public crate takes or returns one, this crate has a value of
//! the same name with the members people use; [`JsValue::deserialize`] replaces `serde_wasm_bindgen::from_value`.
//!
//! Invariant: pure data; only `Math::random` asks the host.

mod de;
mod map;
mod object;
mod ser;
mod value;

pub use map::{Iterator, Map};
pub use object::{Math, Object, Reflect};
pub(crate) use value::Value;
pub use value::{ErrorValue, JsValue};
pub(crate) use {de::from_value, ser::to_value};
