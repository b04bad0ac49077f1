//! Readers of all input formats (CSV, TSV, JSON lines, JSON, Parquet, Excel; plain or compressed) from paths, globs or standard input: bounded
//! [`Batch`]es in input order, with every original column and row.
//!
//! [`open`] first inspects every file (encoding, delimiter, types, columns) and settles one schema for all; the [`Source`] then streams. A record that
//! cannot be read becomes a [`Reject`]; a file that cannot be read is an error, because half a file is worse than none.

mod answers;
mod archive;
mod column;
mod csv;
mod dialect;
mod encoding;
mod header;
mod identity;
mod input;
mod json;
mod kind;
mod magic;
mod mapping;
mod moment;
mod names;
mod parquet;
mod place;
mod plain;
mod preset;
mod rating;
mod record;
mod reject;
mod seek;
mod settle;
mod sheet;
mod spool;
mod stored;
mod table;
mod tape;
#[cfg(test)]
mod tests;
mod workbook;
mod xlsx;
mod zipped;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use polars::prelude::*;

use crate::error::{Error, Result};
pub use dialect::Separator;
pub(crate) use identity::{ends_like_id, own_id_rank};
use input::Counter;
pub(crate) use input::{expand, refused};
pub use mapping::{Mapped, Mapping, Unread};
pub use moment::{DateOrder, Form, Languages, Zone};
pub use place::Place;
pub use preset::{Choice, Names, Preset, Quotes, presets};
pub use rating::Scale;
pub use reject::{Reason, Reject, SHOWN_BYTES};
pub(crate) use stored::{cells, comment_columns, comments, has_column, preset_id};
pub(crate) use table::with_cell;
use table::{Chunk, Quota, Rows, Table};

/// Approximate maximum size of a batch's records in bytes, unless a single record is longer.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Maximum length of a record; longer ones are rejected, which bounds memory for any input.
const MAX_RECORD: usize = 64 * 1024 * 1024;
/// Maximum number of columns: more means that the file was misread.
const MAX_COLUMNS: usize = 10_000;

/// Input file formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Delimited text with a header row; the delimiter is found out.
    Csv,
    /// The same, with tabs more likely.
    Tsv,
    /// One JSON object a line.
    Jsonl,
    /// One array of JSON objects, or one object a line.
    Json,
    /// Apache Parquet.
    Parquet,
    /// An Excel workbook; its first sheet with a table, or the one that is named.
    Xlsx,
}

/// The row that names the columns of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub enum HeaderRow {
    /// The one that looks like it.
    #[default]
    Find,
    /// None: all rows are values, and columns are called `column_1`, `column_2` ...
    None,
    /// The one on this line, or in this row of the sheet, from 1; what stands above is left out.
    At(u64),
}

impl HeaderRow {
    fn is_open(&self) -> bool {
        *self == Self::Find
    }
}

/// Which columns hold what else is known about a comment, as the user says; what is left open the preset or the values decide.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Roles {
    /// Time of the comment.
    pub time: Option<String>,
    /// Order of day and month in its dates.
    pub date_order: Option<DateOrder>,
    /// The customer's rating.
    pub rating: Option<String>,
    /// Scale of the rating.
    pub rating_scale: Option<Scale>,
    /// Channel of the comment.
    pub channel: Option<String>,
}

/// Input options; what is left open is detected.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SourceOptions {
    /// Columns of the comment, joined with a blank line; detected when empty.
    pub text: Vec<String>,
    /// Id column; none: detected, or no id.
    pub id: Option<String>,
    /// Format of all files; none: by extension and content.
    pub format: Option<Format>,
    /// Delimiter of all delimited files; none: find it.
    pub delimiter: Option<Separator>,
    /// The row that names the columns of delimited files and sheets.
    #[serde(skip_serializing_if = "HeaderRow::is_open")]
    pub header: HeaderRow,
    /// Encoding label of all text files, such as `windows-1250`; none: find it.
    pub encoding: Option<String>,
    /// Maximum number of rows in a batch; 0 counts as 1.
    #[serde(skip)]
    pub batch_rows: usize,
    /// Preset of the files.
    pub preset: Choice,
    /// The sheet of a workbook; none: the first one with a table that is not hidden.
    pub sheet: Option<String>,
    /// Columns that hold more than text and id.
    pub roles: Roles,
    /// Path of the list of records in a JSON file, such as `result.items`; none: find it.
    pub records: Option<String>,
    /// Each answer of a survey is read as a comment of its own.
    pub answers: bool,
}

impl Default for SourceOptions {
    fn default() -> Self {
        SourceOptions {
            text: Vec::new(),
            id: None,
            format: None,
            delimiter: None,
            header: HeaderRow::Find,
            encoding: None,
            batch_rows: 8192,
            preset: Choice::Find,
            sheet: None,
            roles: Roles::default(),
            records: None,
            answers: false,
        }
    }
}

/// Consecutive rows of one file, and the rejects among them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The original columns, in the order and types of [`Source::schema`]; null where the file has no such column.
    pub columns: DataFrame,
    /// The file name as given; `-` is standard input.
    pub source: Arc<str>,
    /// 0-based number of each row in the file, counting rejected records.
    pub rows: Vec<u64>,
    /// Comment of each row; none where it is absent, empty where it is empty.
    pub texts: Vec<Option<String>>,
    /// Records between these rows that could not be read.
    pub rejects: Vec<Reject>,
    /// Time, rating and channel of each row.
    pub mapped: Mapped,
    /// The columns of this file that hold the comment.
    pub text_columns: Arc<[String]>,
    /// Values of the id column, if there is one.
    ids: Option<Vec<Option<String>>>,
}

impl Batch {
    /// Id of each row: the value of the id column or, without one, 16 hexadecimal digits hashed from all cells of the row, so that equal rows have
    /// equal ids in any file and run.
    pub fn ids(&self) -> Vec<String> {
        let given = self.ids.clone().unwrap_or_else(|| vec![None; self.rows.len()]);
        if given.iter().all(Option::is_some) {
            return given.into_iter().flatten().collect();
        }
        let hashes = table::hashes(&self.columns);
        given
            .into_iter()
            .zip(hashes)
            .map(|(id, hash)| id.unwrap_or_else(|| format!("{hash:016x}")))
            .collect()
    }

    /// For each row the value of the id column, where it has one.
    pub(crate) fn own_ids(&self) -> Vec<Option<&str>> {
        match &self.ids {
            Some(ids) => ids.iter().map(Option::as_deref).collect(),
            None => vec![None; self.rows.len()],
        }
    }

    /// For each row its time in seconds since 1970 UTC, where it has one.
    pub fn times(&self) -> Vec<Option<i64>> {
        self.mapped
            .times
            .iter()
            .map(|time| time.map(|at| at.div_euclid(1000)))
            .collect()
    }

    /// Selects rows by their indices in the batch, in this order; keeps all rejects.
    ///
    /// # Errors
    /// When an index is outside the batch.
    pub fn take(&self, places: &[IdxSize]) -> PolarsResult<Self> {
        let at = || places.iter().map(|&place| place as usize);
        Ok(Self {
            columns: self.columns.take(&IdxCa::from_slice(PlSmallStr::EMPTY, places))?,
            source: Arc::clone(&self.source),
            rows: at().map(|n| self.rows[n]).collect(),
            texts: at().map(|n| self.texts[n].clone()).collect(),
            rejects: self.rejects.clone(),
            mapped: self.mapped.take(places),
            text_columns: Arc::clone(&self.text_columns),
            ids: self.ids.as_ref().map(|ids| at().map(|n| ids[n].clone()).collect()),
        })
    }
}

/// Iterates over all rows of all files, batch by batch. Ends after an error.
pub struct Source {
    tables: VecDeque<(Table, Mapping)>,
    /// Tables that were read to the end.
    done: Vec<(Table, Mapping)>,
    current: Option<(Table, Mapping, Box<dyn Rows>)>,
    schema: Schema,
    text: Vec<String>,
    id: Option<String>,
    notes: Vec<String>,
    quota: Quota,
    counter: Counter,
    bytes_done: u64,
    bytes_total: u64,
}

/// Opens every path (globs expanded and sorted, `-` for standard input) and settles one schema, the comment column and
/// the id column for all of them.
///
/// # Errors
/// Any [`Error`] about a file, pattern, encoding label or column name; each says what to do.
pub fn open(paths: &[String], options: &SourceOptions) -> Result<Source> {
    let (tables, schema, mut notes) = look(paths, options)?;
    let mappings = settle::settle(&tables, &schema, options, &mut notes)?;
    Ok(source(tables, mappings, schema, notes, options))
}

/// Opens files without detecting comment, id or time columns, such as tagged ones.
///
/// # Errors
/// Any [`Error`] about a file or pattern.
pub fn open_as_is(paths: &[String], options: &SourceOptions) -> Result<Source> {
    let (tables, schema, notes) = look(paths, options)?;
    let mappings = vec![Mapping::default(); tables.len()];
    Ok(source(tables, mappings, schema, notes, options))
}

/// Inspects every file, and settles one schema for all.
fn look(paths: &[String], options: &SourceOptions) -> Result<(VecDeque<Table>, Schema, Vec<String>)> {
    let encoding = options.encoding.as_deref().map(encoding::by_label).transpose()?;
    let mut notes = Vec::new();
    let mut tables = VecDeque::new();
    for input in input::inputs(paths, &mut notes)? {
        tables.push_back(Table::look(input, options, encoding, &mut notes)?);
    }
    table::share_names(&mut tables, &mut notes);
    let schema = table::union(tables.iter())?;
    Ok((tables, schema, notes))
}

fn source(
    tables: VecDeque<Table>,
    mappings: Vec<Mapping>,
    schema: Schema,
    notes: Vec<String>,
    options: &SourceOptions,
) -> Source {
    let mut text: Vec<String> = Vec::new();
    for place in mappings.iter().flat_map(|mapping| &mapping.text) {
        if !text.iter().any(|known| known == place.column()) {
            text.push(place.column().to_owned());
        }
    }
    let id = mappings
        .iter()
        .find_map(|mapping| mapping.id.as_ref().map(|place| place.column().to_owned()));
    let bytes_total = tables.iter().map(|table| table.input.bytes).sum();
    // A row may become as many as it has answers.
    let answers = mappings
        .iter()
        .map(|mapping| mapping.questions.len())
        .max()
        .unwrap_or(0)
        .max(1);
    Source {
        tables: tables.into_iter().zip(mappings).collect(),
        done: Vec::new(),
        current: None,
        schema,
        text,
        id,
        notes,
        quota: Quota {
            rows: (options.batch_rows / answers).max(1),
            bytes: BATCH_BYTES,
        },
        counter: Counter::default(),
        bytes_done: 0,
        bytes_total,
    }
}

impl Source {
    /// The original columns of all files, in the order of first occurrence; text where their types differ.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The comment columns of all files; empty only if there are no rows.
    pub fn text_columns(&self) -> &[String] {
        &self.text
    }

    /// The id column, if there is one; for inputs of several formats, that of the first with one.
    pub fn id_column(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The id of the first file, as the user would write it, and whether its preset said so.
    pub(crate) fn id_place(&self) -> Option<(String, bool)> {
        let (_, mapping) = self.tables.front()?;
        let place = mapping.id.as_ref()?;
        let by_preset = mapping.preset.is_some_and(|preset| preset.id.is_some());
        Some((place.name(), by_preset))
    }

    /// Takes ids from this column from now on, or from none, whatever the files suggest; false when there is no such column. `review_id` is also
    /// found as `ReviewId`.
    pub(crate) fn identify_by(&mut self, column: Option<&str>) -> bool {
        let place = match column {
            None => None,
            Some(name) => {
                let place = Place::of(name, &self.schema);
                let same = |other: &str| names::words(other).concat() == names::words(place.column()).concat();
                let exact = self.schema.contains(place.column());
                let found = match exact {
                    true => Some(place.column().to_owned()),
                    false => self
                        .schema
                        .iter_names()
                        .map(|other| other.to_string())
                        .find(|other| same(other)),
                };
                let Some(found) = found else { return false };
                Some(place.in_column(found))
            }
        };
        self.notes.retain(|note| !column::is_about_ids(note));
        for (_, mapping) in &mut self.tables {
            mapping.id.clone_from(&place);
        }
        self.id = place.map(|place| place.column().to_owned());
        true
    }

    /// How much of the input has been read, 0 to 1, in bytes as they are stored (for Parquet, in rows). The row count is
    /// not known ahead; this share is.
    pub fn progress(&self) -> Option<f64> {
        let current = self.current.as_ref().map_or(0, |(table, ..)| table.input.bytes);
        let read = self.bytes_done + self.counter.load(Ordering::Relaxed).min(current);
        (self.bytes_total > 0).then(|| read as f64 / self.bytes_total as f64)
    }

    /// Rewinds to the first row of the first file; batches are repeated identically.
    pub fn rewind(&mut self) {
        let mut all = std::mem::take(&mut self.done);
        all.extend(self.current.take().map(|(table, mapping, _)| (table, mapping)));
        all.extend(self.tables.drain(..));
        self.tables = all.into();
        self.bytes_done = 0;
    }

    /// Checks that `output` is not one of the input files.
    ///
    /// # Errors
    /// [`Error::OutputIsInput`] if it is.
    pub fn refuse_as_output(&self, output: &Path) -> Result<()> {
        match self.tables.iter().any(|(table, _)| table.input.is(output)) {
            true => Err(Error::OutputIsInput {
                path: output.to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Checks that a column named by the user exists; `option` is the option that named it.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] with the nearest names.
    pub fn require(&self, option: &'static str, name: &str) -> Result<()> {
        column::named(option, name, &self.schema)
    }

    /// The language that the presets of all its files name, if they agree.
    pub fn locale(&self) -> Option<&'static str> {
        let mut languages = self
            .tables
            .iter()
            .map(|(table, _)| table.preset.and_then(|preset| preset.language.as_deref()));
        let first = languages.next()??;
        languages.all(|other| other == Some(first)).then_some(first)
    }

    /// What was found out by looking, a sentence each, in the order of the files.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn advance(&mut self) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some((table, mapping)) = self.tables.pop_front() else {
                    return Ok(None);
                };
                self.counter = Counter::default();
                let rows = table.rows(&self.counter, &self.schema)?;
                self.current = Some((table, mapping, rows));
            }
            let Some((table, mapping, rows)) = &mut self.current else {
                return Ok(None);
            };
            if let Some(chunk) = rows.next(&table.input, self.quota)? {
                return batch(chunk, Arc::clone(&table.input.name), &self.schema, mapping).map(Some);
            }
            self.bytes_done += table.input.bytes;
            self.done
                .extend(self.current.take().map(|(table, mapping, _)| (table, mapping)));
        }
    }
}

/// Converts a chunk to the settled columns and reads its mapped values.
fn batch(chunk: Chunk, source: Arc<str>, schema: &Schema, mapping: &Mapping) -> Result<Batch> {
    let failed = |failure| Error::Columns {
        file: source.to_string(),
        source: failure,
    };
    let columns = table::align(&chunk.frame, schema).map_err(failed)?;
    let parts = mapping.text.iter().map(|place| place.values(&columns));
    let mut parts: Vec<Vec<Option<String>>> = parts.collect::<PolarsResult<_>>().map_err(failed)?;
    let mut texts = vec![None; columns.height()];
    if mapping.questions.is_empty() {
        for part in parts.drain(..) {
            texts.iter_mut().zip(part).for_each(|(whole, part)| join(whole, part));
        }
    }
    // An empty cell is not an id.
    let filled = |value: Option<String>| value.filter(|id| !id.trim().is_empty());
    let ids = match &mapping.id {
        Some(place) => Some(
            place
                .values(&columns)
                .map_err(failed)?
                .into_iter()
                .map(filled)
                .collect(),
        ),
        None => None,
    };
    let mapped = mapping.read(&columns).map_err(failed)?;
    let Chunk { rows, rejects, .. } = chunk;
    let batch = Batch {
        columns,
        source: Arc::clone(&source),
        rows,
        texts,
        rejects,
        mapped,
        text_columns: mapping.text.iter().map(|place| place.column().to_owned()).collect(),
        ids,
    };
    if mapping.questions.is_empty() {
        return Ok(batch);
    }
    answers::one_by_one(batch, &parts, mapping).map_err(failed)
}

impl Iterator for Source {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.tables.clear();
            self.current = None;
        }
        next.transpose()
    }
}

/// Appends a part of a comment after a blank line. Absent and empty parts add nothing, but empty is not absent.
fn join(whole: &mut Option<String>, part: Option<String>) {
    match (whole.as_mut(), part) {
        (_, None) => {}
        (None, Some(part)) => *whole = Some(part),
        (Some(whole), Some(part)) => {
            if !whole.is_empty() && !part.is_empty() {
                whole.push_str("\n\n");
            }
            whole.push_str(&part);
        }
    }
}
