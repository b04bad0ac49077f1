//! Everything that can stop a run, as one enum. Input: a failure deep in a room. Output: a sentence that says what happened, where, and what to do.
//! Rows that cannot be read are not errors; they go to the rejects file.

use std::io;
use std::path::{Path, PathBuf};

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened, read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `open`, `read`, `write`.
        action: &'static str,
        /// The file it was tried on.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// The output could not be written to its end.
    #[error("cannot write {}: {source}; nothing was published, the input is untouched", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the writer answered.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The output's folder does not exist.
    #[error("cannot write into {}: there is no such folder; create it or choose another with -o", folder.display())]
    NoFolder {
        /// The folder that is missing.
        folder: PathBuf,
    },

    /// The output's name does not tell a format.
    #[error("cannot tell the output format of {}: the name must end in .parquet, .csv or .jsonl", path.display())]
    OutputFormat {
        /// The output.
        path: PathBuf,
    },

    /// The output is one of the inputs.
    #[error("the output {} is also an input; choose another name with -o, the input is never written to", path.display())]
    OutputIsInput {
        /// The output.
        path: PathBuf,
    },

    /// Another run writes the same output.
    #[error("another run is writing {} right now; wait for it or choose another name with -o", path.display())]
    OutputBusy {
        /// The output.
        path: PathBuf,
    },

    /// The input already has a column of a name that Undertone adds.
    #[error("the input already has a column `{column}`; choose another prefix than `{prefix}` with --prefix, for example --prefix new_")]
    ColumnTaken {
        /// The column.
        column: String,
        /// The prefix in use.
        prefix: String,
    },

    /// A table operation failed inside polars.
    #[error("cannot build the output table: {0}")]
    Table(#[from] polars::error::PolarsError),

    /// The model's files are damaged, or do not belong together.
    #[error("the model cannot be used: {part}: {reason}; take all files of its folder from one release")]
    Model {
        /// The file, or the part of it.
        part: String,
        /// What is wrong with it.
        reason: String,
    },

    /// A text could not be cut into the pieces the model reads.
    #[error("text {text} of the batch could not be cut into pieces: {reason}; please report it with the text")]
    Pieces {
        /// 0-based place of the text among those scored together.
        text: usize,
        /// What the tokenizer answered.
        reason: String,
    },
}

/// The result of anything that can stop a run.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failed file operation.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// An output that could not be written.
    pub(crate) fn write(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Write { path: path.to_owned(), source: source.into() }
    }
}
