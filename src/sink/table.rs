//! Parquet writer: zstd row groups of a size that analytics engines read well.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use super::metadata;
use super::part::Part;
use crate::error::{Error, Result};

/// Rows per row group: DuckDB's own default of 122,880, a size every reader parallelises over.
const GROUP_ROWS: usize = 122_880;
/// Maximum size of a row group in memory, which bounds it for long comments.
const GROUP_BYTES: usize = 32 << 20;

/// Shared handle to the file, because the Parquet writer does not return its output.
#[derive(Clone)]
struct Shared(Arc<Mutex<Part>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// A Parquet file being written.
pub(super) struct Table {
    writer: BatchedWriter<Shared>,
    part: Shared,
    path: PathBuf,
    gathered: Vec<DataFrame>,
    rows: usize,
    bytes: usize,
}

impl Table {
    pub(super) fn new(part: Part, schema: &Schema, footer: Vec<(String, String)>) -> Result<Self> {
        let path = part.path().to_owned();
        let part = Shared(Arc::new(Mutex::new(part)));
        let writer = ParquetWriter::new(part.clone())
            .with_compression(ParquetCompression::Zstd(None))
            .with_row_group_size(Some(GROUP_ROWS))
            .with_key_value_metadata(Some(metadata(schema, footer)))
            .batched(schema)
            .map_err(|source| Error::write(&path, source))?;
        Ok(Self {
            writer,
            part,
            path,
            gathered: Vec::new(),
            rows: 0,
            bytes: 0,
        })
    }

    pub(super) fn write(&mut self, frame: DataFrame) -> Result<()> {
        self.rows += frame.height();
        self.bytes += frame.estimated_size();
        self.gathered.push(frame);
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.close_group()
        } else {
            Ok(())
        }
    }

    fn close_group(&mut self) -> Result<()> {
        let mut frames = std::mem::take(&mut self.gathered).into_iter();
        (self.rows, self.bytes) = (0, 0);
        let Some(mut group) = frames.next() else { return Ok(()) };
        for frame in frames {
            group.vstack_mut_owned(frame)?;
        }
        group.align_chunks_par();
        group.rechunk_mut_par();
        self.writer
            .write_batch(&group)
            .map_err(|source| Error::write(&self.path, source))
    }

    /// Closes the last row group and the footer; the file is then complete but still has its temporary name.
    pub(super) fn finish(mut self) -> Result<Part> {
        self.close_group()?;
        self.writer
            .finish()
            .map_err(|source| Error::write(&self.path, source))?;
        drop(self.writer);
        let part =
            Arc::into_inner(self.part.0).ok_or_else(|| Error::write(&self.path, io::Error::other("still open")))?;
        Ok(part.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
