//! Copies a pipe to an unnamed temporary file, because a table is inspected before it is read (encoding, delimiter, JSON columns, comment column) and
//! Parquet needs the end first. Fails when the temporary folder (`TMPDIR`) has no room.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The error for a temporary file that cannot be written.
pub(super) fn spooling(source: io::Error) -> Error {
    Error::Io {
        action: "keep a temporary copy of the input in",
        path: std::env::temp_dir(),
        source,
    }
}

/// Copies everything to an unnamed temporary file; the system removes it with the process.
pub(super) fn spool(from: &mut impl Read) -> Result<File> {
    let mut file = tempfile::tempfile().map_err(spooling)?;
    copy(from, &mut file).map_err(|end| match end {
        CopyError::Read(source) => Error::Io {
            action: "read",
            path: PathBuf::from("standard input"),
            source,
        },
        CopyError::Write(source) => spooling(source),
    })?;
    Ok(file)
}

/// Which side of a copy failed: damaged input, or no room for the copy. The messages differ.
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies everything.
pub(super) fn copy(from: &mut impl Read, to: &mut File) -> std::result::Result<(), CopyError> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => io::Write::write_all(to, &buffer[..n]).map_err(CopyError::Write)?,
            Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(CopyError::Read(source)),
        }
    }
}
