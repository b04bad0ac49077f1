//! Parquet reader: typed chunks of a file's columns, decoded at most one row group (and about 32 MiB) at a time. Needs a seekable file. Truncated and
//! damaged files are errors, including those on which the decoder panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use polars::prelude::*;

use super::input::{Counter, Input};
use super::table::{Chunk, Quota, Rows};
use crate::error::{Error, Result};

/// Row groups larger than this are decoded in parts.
const DECODED: usize = 32 * 1024 * 1024;
/// Maximum number of rows decoded at once. The decoder allocates by the announced number of rows, and a damaged number would abort the process.
const ROWS: usize = 1 << 20;

/// Content of the footer.
#[derive(Debug)]
pub(super) struct Layout {
    footer: FileMetadataRef,
    schema: Schema,
}

/// Reads the footer.
pub(super) fn look(input: &mut Input) -> Result<Layout> {
    let file = input.seekable()?;
    let (footer, empty) = guarded(input, move || {
        let mut reader = ParquetReader::new(file);
        let footer = reader.get_metadata()?.clone();
        Ok((footer, reader.with_slice(Some((0, 0))).finish()?))
    })?;
    let announced = footer
        .row_groups
        .iter()
        .try_fold(0_usize, |sum, group| sum.checked_add(group.num_rows()));
    if announced != Some(footer.num_rows) {
        let detail = "the footer contradicts itself about the number of rows".to_owned();
        return Err(Error::Damaged {
            file: input.name.to_string(),
            what: "Parquet",
            detail,
        });
    }
    Ok(Layout {
        footer,
        schema: empty.schema().as_ref().clone(),
    })
}

impl Layout {
    pub(super) fn schema(&self) -> Schema {
        self.schema.clone()
    }

    /// Iterates over the rows of the file, from its start.
    pub(super) fn rows(&self, counter: &Counter) -> ParquetRows {
        ParquetRows {
            footer: Arc::clone(&self.footer),
            group: 0,
            first: 0,
            within: 0,
            decoded: DataFrame::empty(),
            row: 0,
            counter: Arc::clone(counter),
        }
    }
}

/// Rows of one file, chunk by chunk.
pub(super) struct ParquetRows {
    footer: FileMetadataRef,
    /// The current row group, the number of its first row, and how many of its rows are decoded.
    group: usize,
    first: usize,
    within: usize,
    /// Rest of the part that was decoded last.
    decoded: DataFrame,
    row: u64,
    counter: Counter,
}

impl ParquetRows {
    /// The rows to decode next: the first one and how many.
    fn next_part(&mut self) -> Option<(usize, usize)> {
        loop {
            let group = self.footer.row_groups.get(self.group)?;
            let rows = group.num_rows();
            if self.within < rows {
                let parts = group.total_byte_size().div_ceil(DECODED).max(1);
                let length = rows.div_ceil(parts).clamp(1, ROWS).min(rows - self.within);
                let first = self.first + self.within;
                self.within += length;
                return Some((first, length));
            }
            self.first += rows;
            self.group += 1;
            self.within = 0;
        }
    }
}

impl Rows for ParquetRows {
    fn next(&mut self, input: &Input, quota: Quota) -> Result<Option<Chunk>> {
        while self.decoded.height() == 0 {
            let Some((first, rows)) = self.next_part() else {
                return Ok(None);
            };
            // Frees the last part before the next one is decoded.
            self.decoded = DataFrame::empty();
            self.decoded = part(input, &self.footer, first, rows)?;
            if self.decoded.height() != rows {
                let detail = format!(
                    "{rows} rows announced from row {first} on, {} found",
                    self.decoded.height()
                );
                return Err(Error::Damaged {
                    file: input.name.to_string(),
                    what: "Parquet",
                    detail,
                });
            }
        }
        let length = quota.rows_of(&self.decoded);
        let frame = self.decoded.slice(0, length);
        self.decoded = self.decoded.slice(length as i64, usize::MAX);
        let rows = (self.row..self.row + length as u64).collect();
        self.row += length as u64;
        let share = self.row as f64 / self.footer.num_rows.max(1) as f64;
        self.counter
            .store((share * input.bytes as f64) as u64, Ordering::Relaxed);
        Ok(Some(Chunk {
            frame,
            rows,
            rejects: Vec::new(),
        }))
    }
}

fn part(input: &Input, footer: &FileMetadataRef, first: usize, rows: usize) -> Result<DataFrame> {
    let file = input.stored()?;
    guarded(input, || {
        let mut reader = ParquetReader::new(file);
        reader.set_metadata(Arc::clone(footer));
        // This strategy skips the other row groups without reading them.
        reader
            .read_parallel(ParallelStrategy::RowGroups)
            .with_slice(Some((first, rows)))
            .finish()
    })
}

/// Runs the decoder and reports its panics on damaged files as errors.
fn guarded<T>(input: &Input, decode: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    let detail = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(source)) => source.to_string(),
        Err(_) => "the decoder gave up".to_owned(),
    };
    Err(Error::Damaged {
        file: input.name.to_string(),
        what: "Parquet",
        detail,
    })
}
