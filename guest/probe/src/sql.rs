//! Steps in SQL.
//!
//! `sql`: `{"query", "params"?, "take"?}`. A parameter is `null`, a boolean, a number, a text, or `{"blob": [byte…]}`. With
//! `take` only so many rows are read before the answer. The result is `{"columns", "rows", "rows_read", "rows_written"}`;
//! blobs come back as they are sent.

use crate::script::Scene;
use serde::Deserialize;
use serde_json::{Value, json};
use worker::{Result, SqlStorageValue};

#[derive(Clone, Deserialize)]
pub(crate) struct Sql {
    query: String,
    #[serde(default)]
    params: Vec<Param>,
    take: Option<usize>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Param {
    Null(()),
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Blob { blob: Vec<u8> },
}

impl From<Param> for SqlStorageValue {
    fn from(param: Param) -> Self {
        match param {
            Param::Null(()) => Self::Null,
            Param::Bool(value) => value.into(),
            Param::Integer(value) => value.into(),
            Param::Float(value) => value.into(),
            Param::Text(value) => value.into(),
            Param::Blob { blob } => blob.into(),
        }
    }
}

fn column(value: SqlStorageValue) -> Value {
    match value {
        SqlStorageValue::Null => Value::Null,
        SqlStorageValue::Boolean(value) => value.into(),
        SqlStorageValue::Integer(value) => value.into(),
        SqlStorageValue::Float(value) => value.into(),
        SqlStorageValue::String(value) => value.into(),
        SqlStorageValue::Blob(value) => json!({ "blob": value }),
    }
}

pub(crate) fn perform(step: Sql, scene: &Scene) -> Result<Value> {
    let params: Vec<SqlStorageValue> = step.params.into_iter().map(Into::into).collect();
    let cursor = scene.inner()?.state.storage().sql().exec(&step.query, params)?;
    let mut rows = Vec::new();
    for row in cursor.raw().take(step.take.unwrap_or(usize::MAX)) {
        rows.push(Value::Array(row?.into_iter().map(column).collect()));
    }
    Ok(json!({
        "columns": cursor.column_names(),
        "rows": rows,
        "rows_read": cursor.rows_read(),
        "rows_written": cursor.rows_written(),
    }))
}
