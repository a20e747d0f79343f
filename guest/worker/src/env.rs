//! [`Env`]: the bindings of a worker.

use crate::{Error, ObjectNamespace, Result};
use emu_abi::Binding;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::fmt;

thread_local! {
    static BINDINGS: RefCell<Vec<(String, Binding)>> = const { RefCell::new(Vec::new()) };
}

/// The bindings of the worker.
#[derive(Clone, Debug)]
pub struct Env(());

impl Env {
    pub(crate) fn get() -> Self {
        Self(())
    }

    /// The binding `name` as a `T`.
    ///
    /// # Errors
    /// When there is none of this name, or it is something else.
    pub fn get_binding<T: EnvBinding>(&self, name: &str) -> Result<T> {
        let binding = BINDINGS.with_borrow(|all| all.iter().find(|(known, _)| known == name).cloned());
        let Some((_, binding)) = binding else { return Err(format!("Binding `{name}` is undefined.").into()) };
        let found = type_name(&binding);
        T::from_binding(binding)
            .ok_or_else(|| Error::from(format!("Binding cannot be cast to the type {} from {found}", T::TYPE_NAME)))
    }

    /// A secret.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn secret(&self, binding: &str) -> Result<Secret> {
        self.get_binding(binding)
    }

    /// A text variable.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn var(&self, binding: &str) -> Result<Var> {
        self.get_binding(binding)
    }

    /// A JSON variable that is an object.
    ///
    /// # Errors
    /// When there is none of this name, or it does not have the shape of `T`.
    pub fn object_var<T: DeserializeOwned>(&self, binding: &str) -> Result<T> {
        Ok(serde_json::from_str(&self.get_binding::<Object>(binding)?.0)?)
    }

    /// A namespace of Durable Objects.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn durable_object(&self, binding: &str) -> Result<ObjectNamespace> {
        self.get_binding(binding)
    }
}

pub(crate) fn init(bindings: Vec<(String, Binding)>) {
    BINDINGS.set(bindings);
}

/// The constructor of what JavaScript would see.
fn type_name(binding: &Binding) -> &'static str {
    match binding {
        Binding::Text(_) => "String",
        Binding::Objects(_) => "DurableObjectNamespace",
        Binding::Service(_) => "Fetcher",
        Binding::Json(json) => match json.trim_start().as_bytes().first() {
            Some(b'{') => "Object",
            Some(b'[') => "Array",
            Some(b'"') => "String",
            Some(b't' | b'f') => "Boolean",
            Some(b'n') => "null",
            _ => "Number",
        },
    }
}

/// What a binding can be taken for.
pub trait EnvBinding: Sized {
    /// The constructor in JavaScript.
    const TYPE_NAME: &'static str;

    #[doc(hidden)]
    fn from_binding(binding: Binding) -> Option<Self>;
}

/// The text of a variable or a secret; [`ToString`] gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringBinding(String);

/// A secret.
pub type Secret = StringBinding;

/// A variable.
pub type Var = StringBinding;

impl EnvBinding for StringBinding {
    const TYPE_NAME: &'static str = "String";

    fn from_binding(binding: Binding) -> Option<Self> {
        match binding {
            Binding::Text(text) => Some(Self(text)),
            Binding::Json(json) => serde_json::from_str(&json).ok().map(Self),
            Binding::Objects(_) | Binding::Service(_) => None,
        }
    }
}

impl fmt::Display for StringBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Object(String);

impl EnvBinding for Object {
    const TYPE_NAME: &'static str = "Object";

    fn from_binding(binding: Binding) -> Option<Self> {
        let object = type_name(&binding) == Self::TYPE_NAME;
        if let Binding::Json(json) = binding { object.then_some(Self(json)) } else { None }
    }
}

impl EnvBinding for ObjectNamespace {
    const TYPE_NAME: &'static str = "DurableObjectNamespace";

    fn from_binding(binding: Binding) -> Option<Self> {
        if let Binding::Objects(number) = binding { Some(Self::new(number)) } else { None }
    }
}
