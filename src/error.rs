//! Everything that can stop a run, as one enum. Input: a failure deep in a room. Output: a sentence that says what
//! happened, where, and what to do. Rows that cannot be read are not errors; they go to the rejects file.

use std::path::PathBuf;

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
        source: std::io::Error,
    },
}

/// The result of anything that can stop a run.
pub type Result<T> = std::result::Result<T, Error>;
