//! What is in the lake? Input and output: `.undertone/manifest.json`, the one file that says which parts belong to the lake, which files they came
//! from, and under which settings (model, themes, options) they were tagged. No clock time: the same work gives the same bytes. It refuses what it
//! does not know: another version, an unknown field.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::disk;
use super::partition::PartitionBy;
use crate::error::{Error, Result};

/// Version of the files in `.undertone`; a lake of another version is refused.
pub(super) const VERSION: u32 = 1;
/// The folder of the lake that is Undertone's own. Its name begins with a dot, so that readers pass it by.
pub(super) const OWN: &str = ".undertone";

/// Everything that makes an answer what it is: the footer of its part without the program's version, and the options. Two rows with the same
/// content and the same settings have the same answer.
pub(super) type Settings = BTreeMap<String, String>;

/// The lake's own account of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`VERSION`].
    pub(super) version: u32,
    /// What the folders stand for; a lake keeps it.
    pub(super) partition_by: PartitionBy,
    /// Put before the name of every added column; a lake keeps it.
    pub(super) prefix: String,
    /// Settings by their [`key`].
    pub(super) settings: BTreeMap<String, Settings>,
    /// Files that were read to their end, by [`hash`](super::inbox::Arrival::hash).
    pub(super) files: BTreeMap<String, KnownFile>,
    /// Part files by their path below the lake.
    pub(super) parts: BTreeMap<String, PartEntry>,
}

/// A file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownFile {
    /// Its path when it was read.
    pub(super) name: String,
    /// Its export.
    pub(super) source: String,
    /// Key of the settings it was read under.
    pub(super) settings: String,
    /// Rows in it.
    pub(super) rows: u64,
    /// Records that could not be read.
    pub(super) rejected: u64,
}

/// A part of the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartEntry {
    /// Rows in it.
    pub(super) rows: u64,
    /// Key of the settings they were tagged under.
    pub(super) settings: String,
}

impl Manifest {
    /// A lake without rows.
    pub(super) fn new(partition_by: PartitionBy, prefix: &str) -> Self {
        Self {
            version: VERSION,
            partition_by,
            prefix: prefix.to_owned(),
            settings: BTreeMap::new(),
            files: BTreeMap::new(),
            parts: BTreeMap::new(),
        }
    }

    /// The manifest of the lake at `root`; none where there is no lake yet.
    pub(super) fn read(root: &Path) -> Result<Option<Self>> {
        read_json(&Self::path(root))
    }

    /// Where it lies.
    pub(super) fn path(root: &Path) -> PathBuf {
        root.join(OWN).join("manifest.json")
    }

    /// Replaces the manifest of the lake at `root`, whole or not at all.
    pub(super) fn write(&self, root: &Path) -> Result<()> {
        disk::replace_json(&Self::path(root), self)
    }

    /// A hash of everything in it.
    pub(super) fn fingerprint(&self) -> Result<String> {
        let text = serde_json::to_vec(self).map_err(|source| Error::write(Path::new(OWN), source))?;
        Ok(format!("{:016x}", xxh3_64(&text)))
    }
}

/// The key of settings: 16 hexadecimal digits.
pub(super) fn key(settings: &Settings) -> String {
    let mut text = String::new();
    for (name, value) in settings {
        text.push_str(&format!("{}:{name}{}:{value}", name.len(), value.len()));
    }
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

/// Reads one of Undertone's own files; none where there is none.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io("read", path, source)),
    };
    /// The one field that every version has.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |source: serde_json::Error| Error::LakeDamaged {
        path: path.to_owned(),
        reason: source.to_string(),
    };
    let Versioned { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version != VERSION {
        return Err(Error::LakeVersion {
            path: path.to_owned(),
            found: version,
            known: VERSION,
        });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}
