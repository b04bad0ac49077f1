//! The records in the pieces of a file: a piece itself, or the elements of lists in it. Both passes over a file read here, so they agree on every record.

use std::collections::VecDeque;

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use super::piece::{Cut, Piece, Pieces};
use super::shape::Header;
use crate::error::Result;
use crate::source::MAX_RECORD;
use crate::source::encoding;
use crate::source::input::{Counter, Input};
use crate::source::reject::Reason;

/// What the names of columns begin with that come from the object around a list of records.
const PARENT: &str = "parent.";

/// How a file is read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) encoding: &'static Encoding,
    pub(super) cut: Cut,
    /// Where the records are in each piece: names of members to a list, from its elements to the next. Empty: the piece is the record.
    pub(super) lists: Vec<Vec<String>>,
    /// The columns of records that are lists.
    pub(super) names: Option<Vec<String>>,
    /// The first piece names the columns.
    pub(super) header: bool,
    /// The column of the names that records have in an object.
    pub(super) key: Option<String>,
}

/// A record, or why there is none.
pub(super) struct Found {
    pub(super) record: std::result::Result<Map<String, Value>, Reason>,
    /// The line on which its piece begins.
    pub(super) line: u64,
    /// The bytes of what is no record, and how many they are.
    pub(super) raw: Vec<u8>,
    pub(super) bytes: u64,
    /// How many bytes were read for it.
    pub(super) size: usize,
}

/// The records of a file, one by one.
pub(super) struct Records {
    pieces: Pieces,
    reading: Reading,
    /// Records of the piece that was read last.
    pending: VecDeque<Found>,
    /// The next piece is the header.
    header: bool,
}

impl Reading {
    /// All records from the start of the file.
    pub(super) fn records(&self, input: &Input, counter: &Counter) -> Result<Records> {
        let decoded = encoding::decoded(input.reader(counter)?, self.encoding);
        Ok(Records {
            pieces: Pieces::new(decoded, self.cut.clone()),
            reading: self.clone(),
            pending: VecDeque::new(),
            header: self.header,
        })
    }

    /// The names of the columns where records are lists.
    pub(super) fn column_names(&self, input: &Input, header: &Header) -> Result<Vec<String>> {
        let decoded = encoding::decoded(input.reader(&Counter::default())?, self.encoding);
        let cut = match header {
            Header::First => self.cut.clone(),
            Header::At(path) => Cut::List {
                path: path.clone(),
                keyed: false,
            },
        };
        let mut pieces = Pieces::new(decoded, cut);
        let mut names = Vec::new();
        while let Some(piece) = pieces.next(input)? {
            let value: Value = serde_json::from_slice(piece.raw).unwrap_or_default();
            if let (Header::First, Value::Array(cells)) = (header, &value) {
                names.extend(cells.iter().map(name));
                break;
            }
            names.push(name(&value));
        }
        Ok(crate::source::csv::unique(names, |_| {}))
    }

    /// The records in a piece.
    fn take(&self, piece: &Piece<'_>) -> Vec<Found> {
        let found = |record, raw: Vec<u8>, bytes| Found {
            record,
            line: piece.line,
            raw,
            bytes,
            size: 0,
        };
        let value = match value(piece, self.encoding) {
            Ok(value) => value,
            Err(reason) => return vec![found(Err(reason), piece.raw.to_vec(), piece.bytes)],
        };
        let mut records = Vec::new();
        self.within(value, &self.lists, &Map::new(), &mut records);
        let mut all: Vec<Found> = records
            .into_iter()
            .map(|record| match record {
                Ok(object) => found(Ok(object), Vec::new(), 0),
                Err((reason, value)) if self.lists.is_empty() => {
                    drop(value);
                    found(Err(reason), piece.raw.to_vec(), piece.bytes)
                }
                Err((reason, value)) => {
                    let raw = value.to_string().into_bytes();
                    let bytes = raw.len() as u64;
                    found(Err(reason), raw, bytes)
                }
            })
            .collect();
        if let (Some(column), Some(key)) = (&self.key, piece.key) {
            for object in all.iter_mut().filter_map(|found| found.record.as_mut().ok()) {
                object.insert(column.clone(), Value::String(key.to_owned()));
            }
        }
        if let Some(first) = all.first_mut() {
            first.size = piece.raw.len();
        }
        all
    }

    /// Adds the records in a value; `around` are the plain members of the objects around it.
    #[allow(clippy::type_complexity)]
    fn within(
        &self,
        value: Value,
        lists: &[Vec<String>],
        around: &Map<String, Value>,
        found: &mut Vec<std::result::Result<Map<String, Value>, (Reason, Value)>>,
    ) {
        let Some((path, rest)) = lists.split_first() else {
            found.push(self.object(value, around));
            return;
        };
        let mut around = around.clone();
        let mut value = value;
        for name in path {
            let Value::Object(mut object) = value else {
                found.push(Err((Reason::NotObject(kind(&value)), value)));
                return;
            };
            let Some(next) = object.shift_remove(name) else {
                found.push(Err((Reason::NoList(path.join(".")), Value::Object(object))));
                return;
            };
            let plain = |value: &Value| matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_));
            around.extend(
                object
                    .into_iter()
                    .filter(|(_, value)| plain(value))
                    .map(|(name, value)| (format!("{PARENT}{name}"), value)),
            );
            value = next;
        }
        match value {
            Value::Null => {}
            Value::Array(elements) => elements
                .into_iter()
                .for_each(|element| self.within(element, rest, &around, found)),
            other => found.push(Err((Reason::NoList(path.join(".")), other))),
        }
    }

    /// The record that a value is.
    fn object(
        &self,
        value: Value,
        around: &Map<String, Value>,
    ) -> std::result::Result<Map<String, Value>, (Reason, Value)> {
        match (value, &self.names) {
            (Value::Object(mut object), None) => {
                for (name, value) in around {
                    object.entry(name.clone()).or_insert_with(|| value.clone());
                }
                Ok(object)
            }
            (Value::Array(cells), Some(names)) if cells.len() <= names.len() => {
                Ok(names.iter().cloned().zip(cells).collect())
            }
            (Value::Array(cells), Some(names)) => {
                let (expected, found) = (names.len(), cells.len());
                Err((Reason::Fields { expected, found }, Value::Array(cells)))
            }
            (other, _) => Err((Reason::NotObject(kind(&other)), other)),
        }
    }
}

impl Records {
    /// The next record, or none at the end of the file.
    pub(super) fn next(&mut self, input: &Input) -> Result<Option<Found>> {
        loop {
            if let Some(found) = self.pending.pop_front() {
                return Ok(Some(found));
            }
            let Some(piece) = self.pieces.next(input)? else {
                return Ok(None);
            };
            if !std::mem::take(&mut self.header) {
                self.pending.extend(self.reading.take(&piece));
            }
        }
    }
}

/// The value in a piece, or why there is none.
fn value(piece: &Piece<'_>, encoding: &'static Encoding) -> std::result::Result<Value, Reason> {
    if piece.bytes > piece.raw.len() as u64 {
        return Err(Reason::TooLong { limit: MAX_RECORD });
    }
    if let Some(reason) = encoding::fault(piece.raw, encoding) {
        return Err(reason);
    }
    let text = std::str::from_utf8(piece.raw).map_err(|_| Reason::NotUtf8)?;
    serde_json::from_str(text).map_err(|problem| Reason::Json(problem.to_string()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The name of a column: a string, or what an object calls it.
fn name(value: &Value) -> String {
    let called = |object: &Map<String, Value>| {
        let names = ["name", "display_name", "title", "key", "id", "field"];
        names
            .iter()
            .find_map(|name| object.get(*name)?.as_str().map(str::to_owned))
    };
    match value {
        Value::String(name) => name.clone(),
        Value::Object(object) => called(object).unwrap_or_default(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
