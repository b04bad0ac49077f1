//! Rows of JSON files: one object a line or one after another, an array of objects, a list anywhere in a document or in each page of several, an object of
//! records by id, lists of cells under a header, a list for each column. The structure is looked at first ([`shape`]); a first pass then settles columns
//! (all keys, in the order of first sight) and types (boolean, integer, float, text; mixed and nested values become text as compact JSON); the second
//! one reads. What is no JSON object is rejected. Refuses an array that is cut short, files without any record, and several lists that read alike.

mod columns;
mod outline;
pub(super) mod piece;
mod records;
mod shape;

use std::collections::{BTreeSet, HashMap};
use std::io::BufReader;

use encoding_rs::Encoding;
use polars::prelude::*;
use serde_json::{Map, Value};

use super::encoding;
use super::input::{Counter, Input};
use super::kind::{Cells, Kind};
use super::reject::Reject;
use super::table::{self, Chunk, Quota, Rows};
use super::{MAX_COLUMNS, SourceOptions};
use crate::error::{Error, Result};
use outline::Outline;
use piece::{Cut, Pieces};
use records::{Reading, Records};
use shape::{Header, Shape, Unclear};

/// As many members of nested objects are told apart; enough for any export, and a bound for objects whose keys are ids.
const MEMBERS: usize = 1_000;
/// Members of members are told apart this deep.
const DEPTH: usize = 4;
/// Records whose structure is looked at where a file has many.
const SAMPLED: usize = 200;

/// What was settled about a file by reading it once.
#[derive(Debug)]
pub(super) struct Layout {
    reading: Reading,
    columns: Vec<(String, Kind)>,
    /// Members of nested objects in the first records, as `column.member`.
    members: BTreeSet<String>,
}

/// Reads the file once. `lines` says that it is hardly one array.
pub(super) fn look(
    input: &mut Input,
    encoding: &'static Encoding,
    lines: bool,
    options: &SourceOptions,
    notes: &mut Vec<String>,
) -> Result<Layout> {
    let (cut, shape, problem) = structure(input, encoding, lines, options.records.as_deref())?;
    let name = input.name.to_string();
    let mut note = |note: String| notes.push(format!("{name}: {note}"));
    let mut reading = Reading {
        encoding,
        cut,
        lists: shape.lists.clone(),
        names: None,
        header: shape.rows == Some(Header::First),
        key: None,
    };
    if let Cut::List { .. } = reading.cut {
        reading.lists.remove(0);
    }
    if shape.column_wise {
        note("the document holds its columns one by one; its rows were put together".to_owned());
        columns::by_rows(input, encoding::decoded(input.reader(&Counter::default())?, encoding))?;
        (reading.encoding, reading.cut) = (encoding_rs::UTF_8, Cut::Lines);
    } else if !shape.path().is_empty() {
        note(format!(
            "records are in `{}`; another list with --records",
            shape.path()
        ));
    }
    if let Some(header) = &shape.rows {
        reading.names = Some(reading.column_names(input, header)?);
    }
    let mut layout = Layout {
        reading,
        columns: Vec::new(),
        members: BTreeSet::new(),
    };
    layout.settle(input, problem)?;
    if matches!(layout.reading.cut, Cut::List { keyed: true, .. }) {
        let taken = |name: &str| layout.columns.iter().any(|(known, _)| known == name);
        let names = ["id", "key"]
            .into_iter()
            .map(str::to_owned)
            .chain((2_u32..).map(|n| format!("key_{n}")));
        let key = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
        note(format!(
            "records are the members of an object, whose names are in column `{key}`"
        ));
        layout.columns.insert(0, (key.clone(), Kind::Text));
        layout.reading.key = Some(key);
    }
    Ok(layout)
}

/// How the file is cut, where the records are, and what is wrong with it if it is no JSON as a whole.
fn structure(
    input: &Input,
    encoding: &'static Encoding,
    lines: bool,
    asked: Option<&str>,
) -> Result<(Cut, Shape, Option<Error>)> {
    let whole = |path: &[String], keyed: bool| Cut::List {
        path: path.to_vec(),
        keyed,
    };
    let shaped =
        |outline: &Outline, lone: bool| shape::shape(outline, lone, asked).map_err(|unclear| told(input, unclear));
    let (first, more) = first_line(input, encoding)?;
    match first_character(input, encoding)? {
        Some(b'[') if !lines || first.as_ref().is_none_or(|first| first.lists == 0) => {
            let elements = sample(input, encoding, whole(&[], false))?;
            let outline = Outline {
                lists: 1,
                elements: Some(Box::new(elements)),
                ..Outline::default()
            };
            Ok((whole(&[], false), shaped(&outline, false)?, None))
        }
        Some(b'{') if !more || first.as_ref().is_none_or(|first| first.objects == 0) => {
            let (outline, documents) = match documents(input, encoding)? {
                Ok(found) => found,
                // Lines with records may still be read.
                Err(error) => return Ok((Cut::Lines, Shape::default(), Some(error))),
            };
            let shape = shaped(&outline, documents == 1)?;
            let cut = match shape.lists.first() {
                Some(path) if documents == 1 => whole(path, shape.keyed),
                _ => Cut::Values,
            };
            Ok((cut, shape, None))
        }
        _ => {
            let outline = sample(input, encoding, Cut::Lines)?;
            Ok((Cut::Lines, shaped(&outline, false)?, None))
        }
    }
}

/// The error for a file whose records could be in several places.
fn told(input: &Input, unclear: Unclear) -> Error {
    let file = input.name.to_string();
    match unclear {
        Unclear::Several(lists) => Error::JsonLists {
            file,
            lists: lists
                .iter()
                .map(|(path, length)| format!("`{path}` ({length})"))
                .collect::<Vec<_>>()
                .join(", "),
        },
        Unclear::NoSuchList(lists) => Error::UnknownRecords {
            file,
            hint: match lists.as_slice() {
                [] => "it holds no list of objects".to_owned(),
                lists => format!("lists: {}", table::listed(lists.iter().map(String::as_str))),
            },
        },
    }
}

fn first_character(input: &Input, encoding: &'static Encoding) -> Result<Option<u8>> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    piece::first_character(decoded).map_err(|source| input.failed(source))
}

/// The outline of the value in the first line, if it is one, and whether there are more lines.
fn first_line(input: &Input, encoding: &'static Encoding) -> Result<(Option<Outline>, bool)> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    let mut pieces = Pieces::new(decoded, Cut::Lines);
    let first = pieces
        .next(input)?
        .and_then(|piece| serde_json::from_slice(piece.raw).ok());
    Ok((first, pieces.next(input)?.is_some()))
}

/// The outline of the first records.
fn sample(input: &Input, encoding: &'static Encoding, cut: Cut) -> Result<Outline> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    let mut pieces = Pieces::new(decoded, cut);
    let mut outline = Outline::default();
    for _ in 0..SAMPLED {
        let Some(piece) = pieces.next(input)? else { break };
        if let Ok(record) = serde_json::from_slice::<Outline>(piece.raw) {
            outline.add(record);
        }
    }
    Ok(outline)
}

/// The outline of all documents in a file, and how many they are; or what is wrong with one.
#[allow(clippy::type_complexity)]
fn documents(input: &Input, encoding: &'static Encoding) -> Result<std::result::Result<(Outline, u64), Error>> {
    let decoded = encoding::decoded(input.reader(&Counter::default())?, encoding);
    let (mut outline, mut count) = (Outline::default(), 0);
    for document in serde_json::Deserializer::from_reader(BufReader::new(decoded)).into_iter::<Outline>() {
        match document {
            Ok(document) => outline.add(document),
            Err(problem) if problem.is_io() => return Err(input.failed(problem.into())),
            Err(problem) => {
                return Ok(Err(Error::Damaged {
                    file: input.name.to_string(),
                    what: "JSON",
                    detail: problem.to_string(),
                }));
            }
        }
        count += 1;
    }
    Ok(Ok((outline, count)))
}

impl Layout {
    /// Settles columns and types by reading every record; `problem` is what is wrong with the file if its lines are no records either.
    fn settle(&mut self, input: &Input, problem: Option<Error>) -> Result<()> {
        let mut found = self.reading.records(input, &Counter::default())?;
        let mut places: HashMap<String, usize> = HashMap::new();
        let (mut records, mut rejects, mut first_reject) = (0_u64, 0_u64, None);
        while let Some(next) = found.next(input)? {
            let object = match next.record {
                Ok(object) => object,
                Err(reason) => {
                    rejects += 1;
                    first_reject.get_or_insert((next.line, reason));
                    continue;
                }
            };
            records += 1;
            for (key, value) in object {
                let kind = Kind::of(&value);
                add_members(&key, &value, DEPTH, &mut self.members);
                if let Some(&at) = places.get(&key) {
                    self.columns[at].1 = self.columns[at].1.and(kind);
                } else if places.len() == MAX_COLUMNS {
                    return Err(Error::TooManyColumns {
                        file: input.name.to_string(),
                        limit: MAX_COLUMNS,
                    });
                } else {
                    places.insert(key.clone(), places.len());
                    self.columns.push((key, kind));
                }
            }
        }
        match (problem, first_reject) {
            (Some(problem), _) if rejects > records => Err(problem),
            (_, Some((line, reason))) if records == 0 => Err(Error::NoRecords {
                file: input.name.to_string(),
                line,
                problem: reason.to_string(),
            }),
            _ => Ok(()),
        }
    }

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
            records: self.reading.records(input, counter)?,
            columns,
            row: 0,
        })
    }
}

/// Adds the members of a nested object, and of the objects in it, as `column.member`.
fn add_members(name: &str, value: &Value, depth: usize, members: &mut BTreeSet<String>) {
    let Value::Object(inner) = value else { return };
    for (member, value) in inner {
        if depth == 0 || members.len() >= MEMBERS {
            return;
        }
        let name = format!("{name}.{member}");
        add_members(&name, value, depth - 1, members);
        members.insert(name);
    }
}

/// Rows of one file, chunk by chunk.
pub(super) struct JsonRows {
    records: Records,
    columns: Vec<(String, DataType)>,
    row: u64,
}

impl Rows for JsonRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        let changed = || Error::Changed {
            file: input.name.to_string(),
        };
        let mut cells: Vec<Cells> = self
            .columns
            .iter()
            .map(|(name, dtype)| Cells::new(name, dtype))
            .collect();
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        while !quota.is_full(&chunk, bytes) {
            let Some(found) = self.records.next(input)? else { break };
            let row = self.row;
            self.row += 1;
            bytes += found.size;
            match found.record {
                Ok(mut object) => {
                    push(&mut object, &self.columns, &mut cells).ok_or_else(changed)?;
                    chunk.rows.push(row);
                }
                Err(reason) => {
                    let reject = Reject::new(&input.name, found.line, row, reason, &found.raw);
                    chunk.rejects.push(Reject {
                        bytes: found.bytes,
                        ..reject
                    });
                }
            }
        }
        let columns = cells.into_iter().map(Cells::finish).collect();
        chunk.into_some(columns, input)
    }
}

/// Adds a record to the columns; none if they cannot hold it.
fn push(object: &mut Map<String, Value>, columns: &[(String, DataType)], cells: &mut [Cells]) -> Option<()> {
    for ((name, _), cells) in columns.iter().zip(cells) {
        let value = object.swap_remove(name).unwrap_or_default();
        cells.push(&value).then_some(())?;
    }
    object.is_empty().then_some(())
}
