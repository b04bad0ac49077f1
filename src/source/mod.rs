//! Which rows are in these files, and which column holds the comment? Input: paths, globs or standard input with CSV,
//! TSV, JSON lines, JSON arrays or Parquet, plain or packed. Output: bounded [`Batch`]es in input order, with every
//! original column and row kept. [`open`] looks first (encoding, delimiter, types, columns) and settles one schema for
//! all files; the [`Source`] then streams. A record that cannot be read becomes a [`Reject`]; a file that cannot be read
//! is an error, because half a file is worse than none.

mod column;
mod csv;
mod dialect;
mod encoding;
mod input;
mod json;
mod kind;
mod magic;
mod names;
mod parquet;
mod piece;
mod reject;
mod spool;
mod table;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use polars::prelude::*;

use crate::error::{Error, Result};
use input::Counter;
pub(crate) use input::{expand, refused};
pub use reject::{Reason, Reject, SHOWN_BYTES};
use table::{Chunk, Quota, Rows, Table, as_text};

/// A batch holds about this many bytes of records at most, unless one record alone is longer.
const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// A record longer than this is rejected, so that memory stays bounded whatever the input.
const MAX_RECORD: usize = 64 * 1024 * 1024;
/// More columns than this are a sign that something was misread.
const MAX_COLUMNS: usize = 10_000;

/// The kinds of file that are read.
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
}

/// What the user says about the input; what is left open is found out by looking.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SourceOptions {
    /// Columns that hold the comment, joined with a blank line; empty: find it.
    pub text: Vec<String>,
    /// Column that holds the id; none: find it, or go without.
    pub id: Option<String>,
    /// Format of all files; none: tell it by extension and content.
    pub format: Option<Format>,
    /// Delimiter of all delimited files; none: find it.
    pub delimiter: Option<u8>,
    /// Encoding label of all text files, such as `windows-1250`; none: find it.
    pub encoding: Option<String>,
    /// Most rows in a batch; 0 counts as 1.
    #[serde(skip)]
    pub batch_rows: usize,
}

impl Default for SourceOptions {
    fn default() -> Self {
        SourceOptions {
            text: Vec::new(),
            id: None,
            format: None,
            delimiter: None,
            encoding: None,
            batch_rows: 8192,
        }
    }
}

/// Rows of one file that follow one another, and what could not be read among them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The original columns, in the order and types of [`Source::schema`]; null where the file has no such column.
    pub columns: DataFrame,
    /// The file, as it was given; `-` is standard input.
    pub source: Arc<str>,
    /// For each row its 0-based number in the file, on a count that includes rejected records.
    pub rows: Vec<u64>,
    /// For each row the comment; none where it is absent, empty where it is empty.
    pub texts: Vec<Option<String>>,
    /// Records between these rows that could not be read.
    pub rejects: Vec<Reject>,
    /// The values of the id column, if there is one.
    ids: Option<Vec<Option<String>>>,
}

impl Batch {
    /// For each row the value of the id column; where there is none, 16 hexadecimal digits hashed from all cells of the
    /// row, so that the same row has the same id in any file and on any night.
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

    /// For each row its time in seconds since 1970 UTC, where it has one.
    pub fn times(&self) -> Vec<Option<i64>> {
        vec![None; self.rows.len()]
    }

    /// Only these rows, by their places in the batch, in this order; all rejects.
    ///
    /// # Errors
    /// When a place is outside the batch.
    pub fn take(&self, places: &[IdxSize]) -> PolarsResult<Self> {
        let at = || places.iter().map(|&place| place as usize);
        Ok(Self {
            columns: self.columns.take(&IdxCa::from_slice(PlSmallStr::EMPTY, places))?,
            source: Arc::clone(&self.source),
            rows: at().map(|n| self.rows[n]).collect(),
            texts: at().map(|n| self.texts[n].clone()).collect(),
            rejects: self.rejects.clone(),
            ids: self.ids.as_ref().map(|ids| at().map(|n| ids[n].clone()).collect()),
        })
    }
}

/// All rows of all files, batch by batch. After an error it is at its end.
pub struct Source {
    tables: VecDeque<Table>,
    /// Tables that were read to their end.
    done: Vec<Table>,
    current: Option<(Table, Box<dyn Rows>)>,
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
    let encoding = options.encoding.as_deref().map(encoding::by_label).transpose()?;
    let mut notes = Vec::new();
    let mut tables = VecDeque::new();
    for input in input::inputs(paths, &mut notes)? {
        tables.push_back(Table::look(input, options, encoding, &mut notes)?);
    }
    let schema = table::union(tables.iter())?;
    let (text, id) = column::settle(&tables, &schema, options, &mut notes)?;
    let bytes_total = tables.iter().map(|table| table.input.bytes).sum();
    Ok(Source {
        tables,
        done: Vec::new(),
        current: None,
        schema,
        text,
        id,
        notes,
        quota: Quota {
            rows: options.batch_rows.max(1),
            bytes: BATCH_BYTES,
        },
        counter: Counter::default(),
        bytes_done: 0,
        bytes_total,
    })
}

impl Source {
    /// The original columns: those of all files in the order of first sight; text where their types differ.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The columns that make up the comment; empty only if there are no rows.
    pub fn text_columns(&self) -> &[String] {
        &self.text
    }

    /// The column that holds the id, if there is one.
    pub fn id_column(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How much of the input has been read, 0 to 1, in bytes as they are stored (for Parquet, in rows). The row count is
    /// not known ahead; this share is.
    pub fn progress(&self) -> Option<f64> {
        let current = self.current.as_ref().map_or(0, |(table, _)| table.input.bytes);
        let read = self.bytes_done + self.counter.load(Ordering::Relaxed).min(current);
        (self.bytes_total > 0).then(|| read as f64 / self.bytes_total as f64)
    }

    /// Goes back to the first row of the first file: what was read comes again, batch for batch.
    pub fn rewind(&mut self) {
        let mut all = std::mem::take(&mut self.done);
        all.extend(self.current.take().map(|(table, _)| table));
        all.extend(self.tables.drain(..));
        self.tables = all.into();
        self.bytes_done = 0;
    }

    /// Makes sure that `output` is none of the files that are still to be read.
    ///
    /// # Errors
    /// [`Error::OutputIsInput`] if it is.
    pub fn refuse_as_output(&self, output: &Path) -> Result<()> {
        match self.tables.iter().any(|table| table.input.is(output)) {
            true => Err(Error::OutputIsInput {
                path: output.to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Makes sure that a column the user named is there; `option` is how it was named.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`] with the nearest names.
    pub fn require(&self, option: &'static str, name: &str) -> Result<()> {
        column::named(option, name, &self.schema)
    }

    /// What was found out by looking, a sentence each, in the order of the files.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn advance(&mut self) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some(table) = self.tables.pop_front() else {
                    return Ok(None);
                };
                self.counter = Counter::default();
                let rows = table.rows(&self.counter, &self.schema)?;
                self.current = Some((table, rows));
            }
            let Some((table, rows)) = &mut self.current else {
                return Ok(None);
            };
            if let Some(chunk) = rows.next(&table.input, self.quota)? {
                let source = Arc::clone(&table.input.name);
                return self.batch(chunk, source).map(Some);
            }
            self.bytes_done += table.input.bytes;
            self.done.extend(self.current.take().map(|(table, _)| table));
        }
    }

    fn batch(&self, chunk: Chunk, source: Arc<str>) -> Result<Batch> {
        let failed = |failure| Error::Columns {
            file: source.to_string(),
            source: failure,
        };
        let columns = table::align(&chunk.frame, &self.schema).map_err(failed)?;
        let column = |name: &str| columns.column(name).and_then(as_text).map_err(failed);
        let mut texts = vec![None; columns.height()];
        for name in &self.text {
            for (whole, part) in texts.iter_mut().zip(column(name)?.str().map_err(failed)?.iter()) {
                join(whole, part);
            }
        }
        // An empty cell is no id.
        let id = |value: Option<&str>| value.filter(|id| !id.trim().is_empty()).map(str::to_owned);
        let ids = match self.id.as_deref() {
            Some(name) => Some(column(name)?.str().map_err(failed)?.iter().map(id).collect()),
            None => None,
        };
        let Chunk { rows, rejects, .. } = chunk;
        Ok(Batch {
            columns,
            source,
            rows,
            texts,
            rejects,
            ids,
        })
    }
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

/// Adds a part of a comment after a blank line. Absent and empty parts leave no trace, but empty is not absent.
fn join(whole: &mut Option<String>, part: Option<&str>) {
    match (whole.as_mut(), part) {
        (_, None) => {}
        (None, Some(part)) => *whole = Some(part.to_owned()),
        (Some(whole), Some(part)) => {
            if !whole.is_empty() && !part.is_empty() {
                whole.push_str("\n\n");
            }
            whole.push_str(part);
        }
    }
}
