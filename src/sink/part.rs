//! A file that is complete or absent. Input: bytes. Output: a file that carries its final name only once it is whole, or no file at all.
//! It refuses to share a temporary name with another run.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// Temporary names in use, so that an interrupted run can take them away.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn open_parts() -> MutexGuard<'static, Vec<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes every unfinished file of this process and keeps new ones from being published: call it only when the process is about to end.
pub fn remove_parts() -> impl Drop + use<> {
    let parts = open_parts();
    for path in parts.iter() {
        // Nobody is left to tell, and a later run takes the name over anyway.
        let _ = fs::remove_file(path);
    }
    parts
}

/// Removes a file that an earlier run left under `path`, if any.
pub(super) fn remove_stale(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// A file under its temporary name, `.<name>.part` in the same folder. Dropped unpublished, it is removed.
pub(crate) struct Part {
    file: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Part {
    /// Opens the temporary file and takes a lock on it. What a killed run left under the name is overwritten.
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
            // A file system without locks: two runs on one output are then the user's to avoid.
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

    /// Brings the bytes to disk and gives the file its name.
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
            // The run already failed with a better message than this could give.
            let _ = fs::remove_file(&self.part);
            parts.retain(|part| *part != self.part);
        }
    }
}
