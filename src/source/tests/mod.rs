//! The room as a whole: files on disk in, batches out.

mod choices;
mod dialects;
mod errors;
mod formats;
mod promises;

use std::io::Write;
use std::path::Path;

use polars::prelude::*;
use tempfile::TempDir;

use super::{Batch, Reject, Source, SourceOptions, open};
use crate::error::Result;

/// A folder of input files that goes away with the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

/// Everything that came out of a source.
struct All {
    source: Source,
    batches: Vec<Batch>,
}

impl All {
    fn rows(&self) -> Vec<u64> {
        self.batches.iter().flat_map(|batch| batch.rows.clone()).collect()
    }

    fn texts(&self) -> Vec<Option<String>> {
        self.batches.iter().flat_map(|batch| batch.texts.clone()).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.batches.iter().flat_map(Batch::ids).collect()
    }

    fn rejects(&self) -> Vec<Reject> {
        self.batches.iter().flat_map(|batch| batch.rejects.clone()).collect()
    }

    /// Line, row and reason of each reject.
    fn rejected(&self) -> Vec<(u64, u64, String)> {
        self.rejects()
            .into_iter()
            .map(|reject| (reject.line, reject.row, reject.reason.to_string()))
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.source.schema().iter_names().map(|name| name.to_string()).collect()
    }

    fn column(&self, name: &str) -> Vec<Option<String>> {
        let cast = |batch: &Batch| batch.columns.column(name).unwrap().cast(&DataType::String).unwrap();
        let owned = |column: Column| {
            column
                .str()
                .unwrap()
                .iter()
                .map(|v| v.map(str::to_owned))
                .collect::<Vec<_>>()
        };
        self.batches.iter().flat_map(|batch| owned(cast(batch))).collect()
    }

    fn notes(&self) -> String {
        self.source.notes().join("\n")
    }
}

fn read_as(paths: &[&String], options: &SourceOptions) -> Result<All> {
    let paths: Vec<String> = paths.iter().map(|path| path.to_string()).collect();
    let mut source = open(&paths, options)?;
    let batches = source.by_ref().collect::<Result<Vec<_>>>()?;
    for batch in &batches {
        assert_eq!(
            batch.columns.schema().as_ref(),
            source.schema(),
            "every batch has the settled schema"
        );
        assert_eq!(batch.columns.height(), batch.rows.len());
        assert_eq!(batch.texts.len(), batch.rows.len());
        assert_eq!(batch.ids().len(), batch.rows.len());
        assert!(batch.rows.len() <= options.batch_rows.max(1));
    }
    assert!(source.next().is_none(), "the end is the end");
    Ok(All { source, batches })
}

fn read(paths: &[&String]) -> Result<All> {
    read_as(paths, &SourceOptions::default())
}

fn with_text(text: &[&str]) -> SourceOptions {
    SourceOptions {
        text: text.iter().map(|name| name.to_string()).collect(),
        ..SourceOptions::default()
    }
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some(value.to_string())).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parquet(path: &Path, frame: &mut DataFrame, group: usize) {
    let file = std::fs::File::create(path).unwrap();
    ParquetWriter::new(file)
        .with_row_group_size(Some(group))
        .finish(frame)
        .unwrap();
}
