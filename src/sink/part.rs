//! A file that is complete or absent: it gets its final name only once it is complete. Another run on the same temporary name is an error.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// Temporary names in use, so that an interrupted run can remove them.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn open_parts() -> MutexGuard<'static, Vec<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every unfinished file of this process and keeps new ones from being published: call it only when the process is about to end.
pub fn remove_parts() -> impl Drop + use<> {
    let parts = open_parts();
    for path in parts.iter() {
        // The process ends, and a later run overwrites the name anyway.
        let _ = fs::remove_file(path);
    }
    parts
}

/// Removes a file left by an earlier run under `path`, if any.
pub(super) fn remove_stale(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// A file under its temporary name, `.<name>.part` in the same folder. Removed when dropped unpublished.
pub(crate) struct Part {
    file: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Part {
    /// Opens the temporary file and locks it. Leftovers of a killed run under the name are overwritten.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .ok_or_else(|| Error::OutputFormat { path: path.to_owned() })?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(Error::NoFolder {
                folder: folder.to_owned(),
            });
        }
        if path.is_dir() {
            return Err(Error::OutputFormat { path: path.to_owned() });
        }
        let part = folder.join(format!(".{}.part", name.to_string_lossy()));
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&part)
            .map_err(|source| Error::io("write", path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::OutputBusy { path: path.to_owned() }),
            // On a file system without locks the user must avoid two runs on one output.
            Err(TryLockError::Error(_)) => {}
        }
        file.set_len(0).map_err(|source| Error::io("write", path, source))?;
        open_parts().push(part.clone());
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, file),
            part,
            path: path.to_owned(),
            published: false,
        })
    }

    /// The final name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file and renames it to its final name.
    pub(crate) fn publish(mut self) -> Result<()> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            .map_err(|source| Error::io("write", &self.path, source))?;
        let mut parts = open_parts();
        fs::rename(&self.part, &self.path).map_err(|source| Error::io("write", &self.path, source))?;
        parts.retain(|part| *part != self.part);
        self.published = true;
        Ok(())
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.published {
            let mut parts = open_parts();
            // The run already failed with a better message than this error.
            let _ = fs::remove_file(&self.part);
            parts.retain(|part| *part != self.part);
        }
    }
}
