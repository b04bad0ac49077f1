//! Exports tagged tables as CSV that spreadsheets open safely, JSON lines, or an Excel workbook: all columns, chosen ones, or those a monitoring tool
//! imports. One batch is in memory at a time, and the file appears only when it is complete. A missing column is an error.

mod cells;
mod profile;
mod workbook;

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::path::PathBuf;

use polars::prelude::*;
use serde::Serialize;

pub use cells::safe;
use cells::{Cell, Pick};
pub use profile::{Profile, profiles};
use workbook::Workbook;

use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::sink::{JsonRows, Part};
use crate::source::{self, SourceOptions};
use crate::tag::Sentiment;

/// The formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Comma-separated, with a byte order mark, so that Excel reads the characters right.
    Csv,
    /// One object a line.
    Jsonl,
    /// An Excel workbook.
    Xlsx,
}

/// Options of an export.
#[derive(Debug, Clone)]
pub struct Export {
    /// Tagged files: paths, globs.
    pub inputs: Vec<String>,
    /// The file to write.
    pub output: PathBuf,
    /// Its format.
    pub target: Target,
    /// Nested columns become columns and readable text.
    pub flat: bool,
    /// Rows of this sentiment only.
    pub only: Option<Sentiment>,
    /// These columns only, in this order; all if empty.
    pub columns: Vec<String>,
    /// The columns of a monitoring tool instead.
    pub profile: Option<&'static Profile>,
    /// Prefix of the added columns.
    pub prefix: String,
}

/// Result of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The file.
    pub output: PathBuf,
    /// Rows written.
    pub rows: u64,
    /// Rows that `--only` left out.
    pub left_out: u64,
    /// Cells that look like a formula and got a leading `'` (CSV).
    pub neutralised: u64,
    /// Texts cut at the 32,767 characters an Excel cell holds.
    pub cut: u64,
}

impl Display for Exported {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows in {}", self.rows, self.output.display())?;
        for (count, what) in [
            (self.left_out, "rows left out"),
            (self.neutralised, "cells kept from being formulas"),
            (self.cut, "texts cut at the 32,767 characters a cell holds"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// Writer of each format.
enum Writer {
    Csv(Box<csv::Writer<Part>>),
    Jsonl(JsonRows),
    Xlsx(Box<Workbook>),
}

/// Writes the tagged rows of the inputs to one file.
///
/// # Errors
/// When an input cannot be read, a column is missing, or the output cannot be written; then no file is left.
pub fn export(job: &Export, progress: &Progress) -> Result<Exported> {
    let options = SourceOptions {
        batch_rows: 4096,
        ..SourceOptions::default()
    };
    let mut source = source::open_as_is(&job.inputs, &options)?;
    source.refuse_as_output(&job.output)?;
    let sentiment = format!("{}sentiment", job.prefix);
    if job.only.is_some() || job.profile.is_some() {
        source.require("--prefix", &sentiment)?;
    }
    for name in &job.columns {
        source.require("--columns", name)?;
    }
    let picks = match job.profile {
        Some(profile) => profile.picks(&job.prefix),
        None => cells::picks(source.schema(), &job.columns, job.flat),
    };
    let mut exported = Exported {
        output: job.output.clone(),
        ..Exported::default()
    };
    let mut writer = Writer::create(job, &picks, &mut exported)?;
    while let Some(batch) = source.next().transpose()? {
        let frame = match job.only {
            Some(only) => kept(&batch.columns, &sentiment, only)?,
            None => batch.columns.clone(),
        };
        exported.left_out += (batch.columns.height() - frame.height()) as u64;
        exported.rows += frame.height() as u64;
        let columns = picks
            .iter()
            .map(|pick| pick.cells(&frame, job.flat))
            .collect::<PolarsResult<Vec<_>>>()?;
        for row in 0..frame.height() {
            writer.row(columns.iter().map(|cells| &cells[row]), &picks, &mut exported)?;
        }
        progress.advance(exported.rows, source.progress());
    }
    writer.finish(job)?;
    progress.done();
    Ok(exported)
}

/// Keeps the rows of one sentiment.
fn kept(frame: &DataFrame, column: &str, only: Sentiment) -> Result<DataFrame> {
    let sentiments = frame.column(column)?.cast(&DataType::String)?;
    let mask: BooleanChunked = sentiments
        .str()?
        .iter()
        .map(|name| Some(name == Some(only.name())))
        .collect();
    Ok(frame.filter(&mask)?)
}

impl Writer {
    fn create(job: &Export, picks: &[Pick], exported: &mut Exported) -> Result<Self> {
        let mut part = Part::create(&job.output)?;
        let failed = |source: io::Error| Error::write(&job.output, source);
        Ok(match job.target {
            Target::Jsonl => Self::Jsonl(JsonRows::new(part)),
            Target::Xlsx => Self::Xlsx(Box::new(
                Workbook::new(part, picks.iter().map(|pick| pick.name.as_str())).map_err(failed)?,
            )),
            Target::Csv => {
                part.write_all("\u{FEFF}".as_bytes()).map_err(failed)?;
                let mut writer = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(part);
                let names: Vec<_> = picks.iter().map(|pick| safe(&pick.name)).collect();
                exported.neutralised += picks
                    .iter()
                    .zip(&names)
                    .filter(|(pick, name)| pick.name != **name)
                    .count() as u64;
                writer
                    .write_record(names.iter().map(|name| name.as_bytes()))
                    .map_err(|source| Error::write(&job.output, source))?;
                Self::Csv(Box::new(writer))
            }
        })
    }

    fn row<'a>(
        &mut self,
        cells: impl Iterator<Item = &'a Cell>,
        picks: &[Pick],
        exported: &mut Exported,
    ) -> Result<()> {
        let path = exported.output.clone();
        match self {
            Self::Csv(writer) => {
                for cell in cells {
                    let text = cell.text();
                    let field = if cell.is_text() {
                        safe(&text)
                    } else {
                        text.as_ref().into()
                    };
                    exported.neutralised += u64::from(field.len() != text.len());
                    writer
                        .write_field(field.as_bytes())
                        .map_err(|source| Error::write(&path, source))?;
                }
                writer
                    .write_record(None::<&[u8]>)
                    .map_err(|source| Error::write(&path, source))
            }
            Self::Jsonl(rows) => {
                let names = picks.iter().map(|pick| pick.name.clone());
                let record: serde_json::Map<_, _> = names.zip(cells.map(Cell::json)).collect();
                rows.line(&record)
            }
            Self::Xlsx(book) => {
                exported.cut += book.row(cells).map_err(|source| Error::write(&path, source))?;
                Ok(())
            }
        }
    }

    fn finish(self, job: &Export) -> Result<()> {
        let failed = |source: io::Error| Error::write(&job.output, source);
        let part = match self {
            Self::Csv(writer) => writer
                .into_inner()
                .map_err(|error| failed(io::Error::other(error.error().to_string())))?,
            Self::Jsonl(rows) => rows.finish()?,
            Self::Xlsx(book) => book.finish().map_err(failed)?,
        };
        part.publish()
    }
}
