//! What is done to objects from outside, through the control API of a running emu.
//!
//! Invariant: names objects as `Class/name`.

use super::Emu;
use serde_json::{Value, json};

impl Emu {
    /// All objects.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let reply = self.get("/cdn-cgi/local/do");
        assert_eq!(reply.status, 200, "{}", reply.body);
        serde_json::from_str(&reply.body).expect("a list of objects")
    }

    /// How often the constructor of an object ran.
    pub(crate) fn constructed(&self, object: &str) -> u64 {
        self.object("show", object)["constructed"].as_u64().expect("a count")
    }

    /// Runs a command on an object.
    pub(crate) fn object(&self, verb: &str, object: &str) -> Value {
        self.object_with(verb, object, json!({}))
    }

    /// Runs a command with arguments on an object.
    pub(crate) fn object_with(&self, verb: &str, object: &str, arguments: Value) -> Value {
        self.try_object(verb, object, arguments).unwrap_or_else(|error| panic!("{verb} {object}: {error}"))
    }

    /// Runs a command on an object, which may be refused.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn try_object(&self, verb: &str, object: &str, arguments: Value) -> Result<Value, String> {
        let (class, name) = object.split_once('/').expect("`Class/name`");
        let mut command = json!({ "class": class, "object": name, "verb": verb });
        for (key, value) in arguments.as_object().expect("arguments by name") {
            command[key] = value.clone();
        }
        let reply = self.post("/cdn-cgi/local/do", command.to_string().as_bytes());
        let answer = reply.json();
        match reply.status {
            200 => Ok(answer),
            _ => Err(answer["error"].as_str().unwrap_or(&reply.body).to_owned()),
        }
    }

    /// The rows of a query in an object's database.
    pub(crate) fn sql(&self, object: &str, query: &str) -> Value {
        self.object_with("sql", object, json!({ "query": query }))["rows"].clone()
    }
}
