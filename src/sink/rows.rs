//! CSV and JSON lines writers: one record a row; nested values as JSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat};
use polars::prelude::*;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::part::Part;
use crate::error::{Error, Result};

/// Converts a polars value of the given type to JSON. Floats that JSON cannot hold become null; dates and times without a zone are text as polars
/// writes them, those with one are UTC (RFC 3339).
pub(crate) fn json(value: AnyValue<'_>, dtype: &DataType) -> Value {
    match (value, dtype) {
        (AnyValue::Null, _) => Value::Null,
        (AnyValue::Boolean(b), _) => Value::Bool(b),
        // Uses the shortest decimal of the f32: 0.1, not 0.10000000149011612.
        (AnyValue::Float32(x), _) => x
            .to_string()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number),
        (AnyValue::Datetime(at, unit, Some(_)), _) => instant(at, unit),
        (AnyValue::DatetimeOwned(at, unit, Some(_)), _) => instant(at, unit),
        (AnyValue::Float64(x), _) => Number::from_f64(x).map_or(Value::Null, Value::Number),
        (AnyValue::List(items), DataType::List(inner)) => items.iter().map(|item| json(item, inner)).collect(),
        (value @ AnyValue::Struct(..), DataType::Struct(fields)) => object(value._iter_struct_av(), fields),
        // The polars value of a column with one row.
        (AnyValue::StructOwned(value), DataType::Struct(fields)) => object(value.0.into_iter(), fields),
        (value, dtype) if dtype.is_integer() => match (value.extract::<i64>(), value.extract::<u64>()) {
            (Some(n), _) => n.into(),
            (None, Some(n)) => n.into(),
            (None, None) => Value::String(value.to_string()),
        },
        (value, _) => Value::String(value.str_value().into_owned()),
    }
}

/// `2026-03-01T09:30:00Z`; null outside the calendar's range.
fn instant(at: i64, unit: TimeUnit) -> Value {
    let at = match unit {
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(at),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(at),
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(at)),
    };
    at.map_or(Value::Null, |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
}

fn object<'a>(members: impl Iterator<Item = AnyValue<'a>>, fields: &[Field]) -> Value {
    members
        .zip(fields)
        .map(|(member, field)| (field.name().to_string(), json(member, field.dtype())))
        .collect::<Map<_, _>>()
        .into()
}

/// Converts a polars value to a CSV cell: plain values as they are, nested ones as JSON, null as empty.
pub(crate) fn cell<'a>(value: AnyValue<'a>, dtype: &DataType) -> Cow<'a, str> {
    match value {
        AnyValue::String(text) => Cow::Borrowed(text),
        value => match json(value, dtype) {
            Value::Null => Cow::Borrowed(""),
            Value::String(text) => Cow::Owned(text),
            other => Cow::Owned(other.to_string()),
        },
    }
}

/// A CSV file being written: UTF-8, comma, quotes where needed.
pub(super) struct CsvRows {
    writer: csv::Writer<Part>,
    path: PathBuf,
}

impl CsvRows {
    pub(super) fn new(part: Part, schema: &Schema) -> Result<Self> {
        let path = part.path().to_owned();
        let mut writer = csv::Writer::from_writer(part);
        writer
            .write_record(schema.iter_names().map(|name| name.as_str()))
            .map_err(|source| Error::write(&path, source))?;
        Ok(Self { writer, path })
    }

    pub(super) fn write(&mut self, frame: &DataFrame) -> Result<()> {
        for row in 0..frame.height() {
            for column in frame.columns() {
                let value = column.get(row)?;
                self.writer
                    .write_field(cell(value, column.dtype()).as_bytes())
                    .map_err(|source| Error::write(&self.path, source))?;
            }
            self.writer
                .write_record(None::<&[u8]>)
                .map_err(|source| Error::write(&self.path, source))?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Part> {
        let Self { writer, path } = self;
        writer
            .into_inner()
            .map_err(|failed| Error::write(&path, io::Error::other(failed.error().to_string())))
    }
}

/// A JSON lines file being written.
pub(crate) struct JsonRows {
    part: Part,
}

impl JsonRows {
    pub(crate) const fn new(part: Part) -> Self {
        Self { part }
    }

    /// Appends one record.
    pub(crate) fn line(&mut self, record: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.part, record)
            .map_err(io::Error::from)
            .and_then(|()| self.part.write_all(b"\n"))
            .map_err(|source| Error::write(self.part.path(), source))
    }

    pub(super) fn write(&mut self, frame: &DataFrame) -> Result<()> {
        for row in 0..frame.height() {
            let mut record = Map::with_capacity(frame.width());
            for column in frame.columns() {
                record.insert(column.name().to_string(), json(column.get(row)?, column.dtype()));
            }
            self.line(&record)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Part> {
        Ok(self.part)
    }
}
