//! Converts columns of a tagged table to plain cells: numbers stay numbers, times are UTC, nested values become JSON, or readable text in a flat
//! table. Text that a spreadsheet would run as a formula gets a leading `'`.

use std::borrow::Cow;

use polars::prelude::*;
use serde_json::Value;

use crate::sink::json;

/// A spreadsheet value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    /// Any other value as JSON: numbers, booleans, nested values.
    Value(Value),
    /// Milliseconds since 1970.
    Moment(i64),
}

impl Cell {
    /// Whether it is text, which a spreadsheet could take for a formula.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Value(Value::Array(_) | Value::Object(_)))
    }

    /// The cell as text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Value(value) => Cow::Owned(value.to_string()),
            Self::Moment(at) => Cow::Owned(moment(*at, "%Y-%m-%d %H:%M:%S")),
        }
    }

    /// The cell as JSON.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => Value::String(text.clone()),
            Self::Value(value) => value.clone(),
            Self::Moment(at) => Value::String(moment(*at, "%Y-%m-%dT%H:%M:%SZ")),
        }
    }
}

fn moment(at: i64, format: &str) -> String {
    chrono::DateTime::from_timestamp_millis(at).map_or_else(String::new, |at| at.format(format).to_string())
}

/// Escapes text that a spreadsheet would take for a formula: `'` before `=`, `+`, `-`, `@`, a tab or a line end (OWASP, "CSV injection"), also in
/// their full-width forms. Plain numbers stay.
pub fn safe(text: &str) -> Cow<'_, str> {
    let first = text.chars().next();
    let risky = first.is_some_and(|c| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
        )
    });
    if risky && text.parse::<f64>().is_err() {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// One column of the export.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    /// Its name.
    pub(super) name: String,
    take: Take,
}

/// Source of a column's cells.
#[derive(Debug, Clone)]
pub(super) enum Take {
    /// A column.
    Column(String),
    /// A field of a column of structs.
    Field(String, String),
    /// Maps a closed set of names; the last string is for null.
    Words(String, Vec<(String, String)>, String),
    /// The non-null values of several columns, joined by a separator.
    Joined(Vec<String>, String),
}

impl Pick {
    pub(super) fn new(name: &str, take: Take) -> Self {
        Self {
            name: name.to_owned(),
            take,
        }
    }

    /// The cells of a batch.
    pub(super) fn cells(&self, frame: &DataFrame, flat: bool) -> PolarsResult<Vec<Cell>> {
        match &self.take {
            Take::Column(name) => of_column(frame.column(name)?, flat),
            Take::Field(name, field) => of_column(
                &frame.column(name)?.struct_()?.field_by_name(field)?.into_column(),
                flat,
            ),
            Take::Words(name, words, none) => {
                let column = frame.column(name)?.cast(&DataType::String)?;
                let word = |value: Option<&str>| {
                    let known = value.and_then(|value| words.iter().find(|(from, _)| from == value));
                    Cell::Text(known.map_or(none, |(_, to)| to).clone())
                };
                Ok(column.str()?.iter().map(word).collect())
            }
            Take::Joined(names, between) => {
                let mut joined: Vec<Vec<String>> = vec![Vec::new(); frame.height()];
                for name in names {
                    let Ok(column) = frame.column(name) else { continue };
                    for (tags, value) in joined.iter_mut().zip(column.cast(&DataType::String)?.str()?.iter()) {
                        // Only a sentiment for which the tool has no value becomes a tag.
                        let value = value.filter(|value| !name.ends_with("sentiment") || *value == "mixed");
                        tags.extend(value.map(|tag| tag.replace(between.trim(), " ")));
                    }
                }
                Ok(joined.into_iter().map(|tags| Cell::Text(tags.join(between))).collect())
            }
        }
    }
}

/// All columns of the table, or the chosen ones; in a flat table, structs become one column per field.
pub(super) fn picks(schema: &Schema, chosen: &[String], flat: bool) -> Vec<Pick> {
    let all = schema
        .iter()
        .filter(|(name, _)| chosen.is_empty() || chosen.iter().any(|c| c == name.as_str()));
    let mut columns: Vec<_> = all.collect();
    columns.sort_by_key(|(name, _)| chosen.iter().position(|c| c == name.as_str()));
    let mut picks = Vec::new();
    for (name, dtype) in columns {
        match dtype {
            DataType::Struct(fields) if flat => picks.extend(fields.iter().map(|field| {
                Pick::new(
                    &format!("{name}_{}", field.name()),
                    Take::Field(name.to_string(), field.name().to_string()),
                )
            })),
            _ => picks.push(Pick::new(name, Take::Column(name.to_string()))),
        }
    }
    picks
}

fn of_column(column: &Column, flat: bool) -> PolarsResult<Vec<Cell>> {
    let dtype = column.dtype();
    if let DataType::Date | DataType::Datetime(..) = dtype {
        let instants = column
            .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?
            .to_physical_repr();
        return Ok(instants
            .i64()?
            .iter()
            .map(|at| at.map_or(Cell::Empty, Cell::Moment))
            .collect());
    }
    (0..column.len())
        .map(|row| {
            Ok(match json(column.get(row)?, dtype) {
                Value::Null => Cell::Empty,
                Value::String(text) => Cell::Text(text),
                nested @ (Value::Array(_) | Value::Object(_)) if flat => Cell::Text(readable(&nested)),
                other => Cell::Value(other),
            })
        })
        .collect()
}

/// Formats a nested value for people: `long queue (negative, 0.93); kind staff (positive, 0.88)`.
fn readable(value: &Value) -> String {
    match value {
        Value::Array(items) => items
            .iter()
            .map(readable)
            .filter(|item| !item.is_empty())
            .collect::<Vec<_>>()
            .join("; "),
        Value::Object(members) => {
            let name = ["text", "label", "emotion", "name"]
                .iter()
                .find_map(|name| members.get(*name)?.as_str());
            let name = name
                .or_else(|| members.values().find_map(Value::as_str))
                .unwrap_or_default();
            let details = ["polarity", "p"]
                .iter()
                .filter_map(|name| members.get(*name))
                .map(readable);
            let details: Vec<_> = details.filter(|detail| !detail.is_empty() && detail != name).collect();
            if details.is_empty() {
                name.to_owned()
            } else {
                format!("{name} ({})", details.join(", "))
            }
        }
        Value::Number(number) => number
            .as_f64()
            .map_or_else(String::new, |number| format!("{number:.2}")),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Null => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_runs_as_a_formula() {
        for text in [
            "=1+1",
            "+48 600",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            "=cmd|' /C calc'!A0",
            "-",
        ] {
            assert_eq!(safe(text), format!("'{text}"));
        }
        for text in ["", "fine", "-5", "+3.5", "a=b", "'=1", "5 - 3", "–5"] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn nested_values_become_readable() {
        let opinions = serde_json::json!([
            {"start": 0, "end": 5, "text": "queue", "polarity": "negative", "p": 0.931, "theme_id": null},
            {"start": 6, "end": 9, "text": "staff", "polarity": "positive", "p": 0.88, "theme_id": "t"},
        ]);
        assert_eq!(readable(&opinions), "queue (negative, 0.93); staff (positive, 0.88)");
        assert_eq!(
            readable(&serde_json::json!([{"emotion": "anger", "p": 0.5}])),
            "anger (0.50)"
        );
        assert_eq!(readable(&serde_json::json!(["late", "parcel"])), "late; parcel");
    }
}
