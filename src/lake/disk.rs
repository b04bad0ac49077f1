//! File operations that survive a crash: files are written whole and flushed, and their folder entries are synced. Every function is safe to repeat.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result};

/// Writes a file and syncs it. The name may exist; use [`replace`] for a file that must be complete or absent.
pub(super) fn write(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let wrote = || {
        let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        fill(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    wrote().map_err(|source| Error::write(path, source))
}

/// Writes a file under a temporary name and renames it once it is complete: readers see the old bytes or the new ones.
pub(super) fn replace(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let temporary = path.with_extension("tmp");
    write(&temporary, fill)?;
    fs::rename(&temporary, path).map_err(|source| Error::write(path, source))?;
    sync_folder_of(path)
}

/// [`replace`] with JSON.
pub(super) fn replace_json(path: &Path, value: &impl Serialize) -> Result<()> {
    replace(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        file.write_all(b"\n")
    })
}

/// Creates a folder and its parents.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::io("make the folder", path, source))
}

/// Moves a file if it exists; a file that was moved before a crash stays as it is.
pub(super) fn rename_if_there(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| Error::write(to, source)),
    }
}

/// Removes a file if it exists.
pub(super) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Removes a folder with its contents if it exists.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Syncs the folder of a file, where the system supports it.
pub(super) fn sync_folder_of(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Syncs a folder. Windows has no such call and needs none.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| Error::write(folder, source))?;
    }
    Ok(())
}
