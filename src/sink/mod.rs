//! Writes the output of a run: one Parquet, CSV or JSON lines file, complete or absent, and a rejects file beside it when rows could not be read.
//!
//! Everything is written under a temporary name; [`Sink::finish`] renames. Overwriting an input, a missing folder, and another run on the same output
//! are errors.

mod footer;
mod part;
mod rows;
mod schema;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) use footer::metadata;
pub use part::remove_parts;
use polars::prelude::*;
pub(crate) use rows::cell;
pub use schema::{Columns, SCHEMA_VERSION};

pub(crate) use self::part::Part;
use self::rows::CsvRows;
pub(crate) use self::rows::{JsonRows, json};
use self::table::Table;
use crate::error::{Error, Result};
use crate::source::Reject;

/// Format of the output, from the file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// `.parquet`: zstd, typed, with footer metadata.
    Parquet,
    /// `.csv`: nested columns as JSON text.
    Csv,
    /// `.jsonl`, `.ndjson`: one object a line, nested columns nested.
    Jsonl,
}

impl OutputFormat {
    /// The format for the extension of `path`.
    ///
    /// # Errors
    /// [`Error::OutputFormat`] for any other extension.
    pub fn of(path: &Path) -> Result<Self> {
        match path
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("parquet" | "pq") => Ok(Self::Parquet),
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            _ => Err(Error::OutputFormat { path: path.to_owned() }),
        }
    }
}

/// Writes a small file, complete or absent.
///
/// # Errors
/// When it cannot be written.
pub fn publish(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = Part::create(path)?;
    part.write_all(bytes).map_err(|source| Error::write(path, source))?;
    part.publish()
}

/// Encodes a frame as Parquet.
///
/// # Errors
/// Only when polars cannot write it, which no input causes.
pub fn parquet_bytes(mut frame: DataFrame) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .with_key_value_metadata(Some(metadata(frame.schema(), Vec::new())))
        .finish(&mut frame)?;
    Ok(bytes)
}

/// Writer of each format.
enum Writer {
    Parquet(Box<Table>),
    Csv(Box<CsvRows>),
    Jsonl(JsonRows),
}

/// A reserved output: its temporary file exists and is locked before any long work starts, so that no other run writes it. When dropped, it leaves
/// nothing behind.
pub struct Reserved {
    part: Part,
    format: OutputFormat,
}

impl Reserved {
    /// Reserves the output `path`.
    ///
    /// # Errors
    /// When the folder is missing or read-only, the name has no known extension, or another run writes the same output.
    pub fn at(path: &Path) -> Result<Self> {
        let format = OutputFormat::of(path)?;
        let part = Part::create(path)?;
        Ok(Self { part, format })
    }
}

/// An output being written. When dropped before [`Sink::finish`], it leaves nothing behind.
pub struct Sink {
    path: PathBuf,
    schema: Schema,
    writer: Writer,
    rejects: Option<JsonRows>,
    rejected: u64,
    companions: Vec<Part>,
}

impl Sink {
    /// Starts the reserved output.
    ///
    /// `schema` is the whole output schema; `footer` goes into the Parquet footer as key and value.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(place: Reserved, schema: Schema, footer: Vec<(String, String)>) -> Result<Self> {
        let Reserved { part, format } = place;
        let path = part.path().to_owned();
        let writer = match format {
            OutputFormat::Parquet => Writer::Parquet(Box::new(Table::new(part, &schema, footer)?)),
            OutputFormat::Csv => Writer::Csv(Box::new(CsvRows::new(part, &schema)?)),
            OutputFormat::Jsonl => Writer::Jsonl(JsonRows::new(part)),
        };
        Ok(Self {
            path,
            schema,
            writer,
            rejects: None,
            rejected: 0,
            companions: Vec::new(),
        })
    }

    /// Path of the rejects file of this output: `<output>.rejects.jsonl`.
    pub fn rejects_path(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".rejects.jsonl");
        PathBuf::from(name)
    }

    /// Appends rows: original columns and added ones, side by side.
    ///
    /// # Errors
    /// When the file cannot be written, for example on a full disk.
    pub fn write(&mut self, original: &DataFrame, ours: DataFrame) -> Result<()> {
        let mut frame = original.clone();
        frame.hstack_mut(ours.columns())?;
        let frame = frame.select(self.schema.iter_names().cloned())?;
        match &mut self.writer {
            Writer::Parquet(table) => table.write(frame),
            Writer::Csv(rows) => rows.write(&frame),
            Writer::Jsonl(rows) => rows.write(&frame),
        }
    }

    /// Appends rows that could not be read to the rejects file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn reject(&mut self, rejects: &[Reject]) -> Result<()> {
        if rejects.is_empty() {
            return Ok(());
        }
        if self.rejects.is_none() {
            self.rejects = Some(JsonRows::new(Part::create(&Self::rejects_path(&self.path))?));
        }
        self.rejected += rejects.len() as u64;
        self.rejects
            .as_mut()
            .map_or(Ok(()), |rows| rejects.iter().try_for_each(|reject| rows.line(reject)))
    }

    /// Path of a companion file of this output: `<output>.<suffix>`.
    pub fn companion_path(output: &Path, suffix: &str) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".");
        name.push(suffix);
        PathBuf::from(name)
    }

    /// Adds a small companion file, which appears together with the output.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn companion(&mut self, suffix: &str, bytes: &[u8]) -> Result<()> {
        let path = Self::companion_path(&self.path, suffix);
        let mut part = Part::create(&path)?;
        part.write_all(bytes).map_err(|source| Error::write(&path, source))?;
        self.companions.push(part);
        Ok(())
    }

    /// Completes the files and renames them; the output last, so that it never appears without its rejects.
    ///
    /// # Errors
    /// When the file cannot be written or renamed; then nothing is left behind.
    pub fn finish(self) -> Result<()> {
        let output = match self.writer {
            Writer::Parquet(table) => table.finish()?,
            Writer::Csv(rows) => rows.finish()?,
            Writer::Jsonl(rows) => rows.finish()?,
        };
        match self.rejects {
            Some(rows) => rows.finish()?.publish()?,
            None => part::remove_stale(&Self::rejects_path(&self.path))?,
        }
        self.companions.into_iter().try_for_each(Part::publish)?;
        output.publish()
    }
}
