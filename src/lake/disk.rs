//! How do bytes get onto the disk so that a crash cannot tear them? Input: a path and what to write. Output: a file that is whole and flushed, and a
//! folder that remembers its name. Every function here is safe to repeat after a crash.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result};

/// Writes a file and brings it to disk. The name may exist; whoever needs it whole or absent uses [`replace`].
pub(super) fn write(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let wrote = || {
        let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        fill(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    wrote().map_err(|source| Error::write(path, source))
}

/// Writes a file under a temporary name and gives it its own once it is whole: readers see the old bytes or the new ones.
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

/// Makes a folder and all above it.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::io("make the folder", path, source))
}

/// Moves a file if it is still there; what a crash left moved already stays as it is.
pub(super) fn rename_if_there(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|source| Error::write(to, source)),
    }
}

/// Removes a file if it is there.
pub(super) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Removes a folder with everything in it if it is there.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Brings the names in a file's folder to disk, where the system can.
pub(super) fn sync_folder_of(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Brings the names in a folder to disk. Windows has no such call and needs none.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| Error::write(folder, source))?;
    }
    Ok(())
}
