//! Which rows does a JSON file hold? Input: one object a line, or one array of objects. Output: chunks of typed columns.
//! A first pass settles columns (all keys, in the order of first sight) and types (boolean, integer, float, text; mixed
//! and nested values become text as compact JSON); the second one reads. What is not a JSON object is rejected.
//! Refuses an array that is cut short, one object around all records, and files without any record.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use encoding_rs::Encoding;
use polars::prelude::*;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::encoding;
use super::input::{Counter, Input};
use super::kind::{Cells, Kind};
use super::piece::{Piece, Pieces};
use super::reject::{Reason, Reject};
use super::table::{self, Chunk, Quota, Rows};
use super::{MAX_COLUMNS, MAX_RECORD};
use crate::error::{Error, Result};

/// As many members of nested objects are told apart; enough for any export, and a bound for objects whose keys are ids.
const MEMBERS: usize = 1_000;

/// What was settled about a file by reading it once.
#[derive(Debug)]
pub(super) struct Layout {
    encoding: &'static Encoding,
    array: bool,
    columns: Vec<(String, Kind)>,
    /// Members of nested objects in the first records, as `column.member`.
    members: BTreeSet<String>,
}

/// Reads the file once. `lines` says that it cannot be an array.
pub(super) fn look(input: &Input, encoding: &'static Encoding, lines: bool) -> Result<Layout> {
    let array = !lines && first_character(input, encoding)? == Some(b'[');
    let mut layout = Layout {
        encoding,
        array,
        columns: Vec::new(),
        members: BTreeSet::new(),
    };
    let mut pieces = layout.pieces(input, &Counter::default())?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let (mut records, mut rejects, mut first_problem) = (0_u64, 0_u64, None);
    let mut wraps = false;
    while let Some(piece) = pieces.next(input)? {
        match object(&piece, encoding) {
            Ok(object) => {
                records += 1;
                wraps = records == 1 && object.values().any(|v| v.get(0).is_some_and(Value::is_object));
                for (key, value) in object {
                    let kind = Kind::of(&value);
                    if let Value::Object(inner) = &value
                        && layout.members.len() < MEMBERS
                    {
                        layout
                            .members
                            .extend(inner.keys().map(|member| format!("{key}.{member}")));
                    }
                    if let Some(&at) = places.get(&key) {
                        layout.columns[at].1 = layout.columns[at].1.and(kind);
                    } else if places.len() == MAX_COLUMNS {
                        return Err(Error::TooManyColumns {
                            file: input.name.to_string(),
                            limit: MAX_COLUMNS,
                        });
                    } else {
                        places.insert(key.clone(), places.len());
                        layout.columns.push((key, kind));
                    }
                }
            }
            Err(reason) => {
                rejects += 1;
                first_problem.get_or_insert((piece.line, reason));
            }
        }
    }
    let lone_wrapper = wraps && !lines && records == 1 && rejects == 0;
    if !array
        && (lone_wrapper || rejects > records)
        && let Some(keys) = keys_of_one_object(input, encoding)?
    {
        return Err(Error::JsonWrapper {
            file: input.name.to_string(),
            keys,
        });
    }
    if let (0, Some((line, problem))) = (records, first_problem) {
        return Err(Error::NoRecords {
            file: input.name.to_string(),
            line,
            problem: problem.to_string(),
        });
    }
    Ok(layout)
}

fn first_character(input: &Input, encoding: &'static Encoding) -> Result<Option<u8>> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    super::piece::first_character(decoded).map_err(|source| input.failed(source))
}

/// The keys, if the whole file is one object.
fn keys_of_one_object(input: &Input, encoding: &'static Encoding) -> Result<Option<String>> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    let object: Option<BTreeMap<String, IgnoredAny>> = serde_json::from_reader(std::io::BufReader::new(decoded)).ok();
    Ok(object.map(|object| table::listed(object.keys().map(String::as_str))))
}

/// The object in a piece of the file, or why there is none. Both passes ask here, so they agree on every piece.
fn object(piece: &Piece<'_>, encoding: &'static Encoding) -> std::result::Result<Map<String, Value>, Reason> {
    if piece.bytes > piece.raw.len() as u64 {
        return Err(Reason::TooLong { limit: MAX_RECORD });
    }
    if let Some(reason) = encoding::fault(piece.raw, encoding) {
        return Err(reason);
    }
    let text = std::str::from_utf8(piece.raw).map_err(|_| Reason::NotUtf8)?;
    match serde_json::from_str(text).map_err(|problem| Reason::Json(problem.to_string()))? {
        Value::Object(object) => Ok(object),
        Value::Null => Err(Reason::NotObject("null")),
        Value::Bool(_) => Err(Reason::NotObject("a boolean")),
        Value::Number(_) => Err(Reason::NotObject("a number")),
        Value::String(_) => Err(Reason::NotObject("a string")),
        Value::Array(_) => Err(Reason::NotObject("an array")),
    }
}

impl Layout {
    /// Members of nested objects, as `column.member`.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(String::as_str)
    }

    /// Columns and types; a column of nulls only has the type `Null`.
    pub(super) fn schema(&self) -> Schema {
        self.columns
            .iter()
            .map(|(name, kind)| Field::new(name.as_str().into(), kind.dtype()))
            .collect()
    }

    /// The rows of the file, from its start, in the types that were settled for all files together.
    pub(super) fn rows(&self, input: &Input, counter: &Counter, settled: &Schema) -> Result<JsonRows> {
        let columns = self
            .columns
            .iter()
            .map(|(name, _)| (name.clone(), settled.get(name).cloned().unwrap_or(DataType::String)))
            .collect();
        Ok(JsonRows {
            pieces: self.pieces(input, counter)?,
            columns,
            encoding: self.encoding,
            row: 0,
        })
    }

    fn pieces(&self, input: &Input, counter: &Counter) -> Result<Pieces> {
        Ok(Pieces::new(
            encoding::decoded(input.reader(counter)?, self.encoding),
            self.array,
        ))
    }
}

/// Rows of one file, chunk by chunk.
pub(super) struct JsonRows {
    pieces: Pieces,
    columns: Vec<(String, DataType)>,
    encoding: &'static Encoding,
    row: u64,
}

impl Rows for JsonRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let mut cells: Vec<Cells> = self
            .columns
            .iter()
            .map(|(name, dtype)| Cells::new(name, dtype))
            .collect();
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        while !quota.is_full(&chunk, bytes) {
            let Some(piece) = self.pieces.next(input)? else { break };
            let row = self.row;
            self.row += 1;
            bytes += piece.raw.len();
            match object(&piece, self.encoding) {
                Ok(mut object) => {
                    for ((name, _), cells) in self.columns.iter().zip(&mut cells) {
                        if !cells.push(object.get(name).unwrap_or(&Value::Null)) {
                            return Err(Error::Changed {
                                file: input.name.to_string(),
                            });
                        }
                        object.swap_remove(name);
                    }
                    if !object.is_empty() {
                        return Err(Error::Changed {
                            file: input.name.to_string(),
                        });
                    }
                    chunk.rows.push(row);
                }
                Err(reason) => {
                    let reject = Reject::new(&input.name, piece.line, row, reason, piece.raw);
                    chunk.rejects.push(Reject {
                        bytes: piece.bytes,
                        ..reject
                    });
                }
            }
        }
        let columns = cells.into_iter().map(Cells::finish).collect();
        chunk.into_some(columns, input)
    }
}
