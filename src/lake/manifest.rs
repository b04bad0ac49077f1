//! The manifest of a lake, `.undertone/manifest.json`: which parts belong to the lake, which files they came from, and under which settings (model,
//! themes, options) they were tagged.
//!
//! It holds no clock time, so that the same work gives the same bytes. Another version or an unknown field is an error.

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
/// Undertone's own folder in the lake. Its name begins with a dot, so that readers skip it.
pub(super) const OWN: &str = ".undertone";

/// Everything that determines the results: the footer of the part without the program's version, and the options. Rows with equal content and
/// settings have equal results.
pub(super) type Settings = BTreeMap<String, String>;

/// The manifest of a lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`VERSION`].
    pub(super) version: u32,
    /// How rows are assigned to folders; fixed when the lake is created.
    pub(super) partition_by: PartitionBy,
    /// Prefix of every added column; fixed when the lake is created.
    pub(super) prefix: String,
    /// Settings by their [`key`].
    pub(super) settings: BTreeMap<String, Settings>,
    /// Files read to the end, by [`hash`](super::inbox::Arrival::hash).
    pub(super) files: BTreeMap<String, KnownFile>,
    /// Part files by their path relative to the lake.
    pub(super) parts: BTreeMap<String, PartEntry>,
}

/// A file that was read to the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownFile {
    /// Its path when it was read.
    pub(super) name: String,
    /// Its dataset.
    pub(super) source: String,
    /// Key of the settings in use when it was read.
    pub(super) settings: String,
    /// Number of its rows.
    pub(super) rows: u64,
    /// Number of its records that could not be read.
    pub(super) rejected: u64,
}

/// A part of the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartEntry {
    /// Number of its rows.
    pub(super) rows: u64,
    /// Key of the settings they were tagged under.
    pub(super) settings: String,
}

impl Manifest {
    /// An empty lake.
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

    /// Reads the manifest of the lake at `root`; none if there is no lake yet.
    pub(super) fn read(root: &Path) -> Result<Option<Self>> {
        read_json(&Self::path(root))
    }

    /// Path of the manifest.
    pub(super) fn path(root: &Path) -> PathBuf {
        root.join(OWN).join("manifest.json")
    }

    /// Replaces the manifest of the lake at `root` atomically.
    pub(super) fn write(&self, root: &Path) -> Result<()> {
        disk::replace_json(&Self::path(root), self)
    }

    /// Hash of the whole manifest.
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

/// Reads one of Undertone's own files; none if it does not exist.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io("read", path, source)),
    };
    /// The field that all versions share.
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
