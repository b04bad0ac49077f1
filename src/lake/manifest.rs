//! The lake's account of itself, `.undertone/manifest.json`: which datasets and parts belong to the lake, which files they came from, and under which
//! settings (model, themes, options) they were tagged. No clock time: the same work gives the same bytes. Unknown versions and fields are refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::identity::IdRule;
use super::partition::PartitionBy;
use crate::error::{Error, Result};

/// Version of the files in `.undertone`; a lake of version 1 is migrated, one of another version is refused.
pub(super) const VERSION: u32 = 2;
/// The folder of the lake that is Undertone's own. Its name begins with a dot, so that readers pass it by.
pub(super) const OWN: &str = ".undertone";
/// The folder of reports and rejected records. Its name begins with `_`, so that readers pass it by.
pub(super) const RUNS: &str = "_runs";

/// Everything that determines the results: the footer of the part without the program's version, and the options. Rows with equal content and
/// settings have equal results.
pub(super) type Settings = BTreeMap<String, String>;

/// What `.undertone/manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`VERSION`].
    pub(super) version: u32,
    /// How rows are assigned to folders; fixed when the lake is created.
    pub(super) partition_by: PartitionBy,
    /// Prefix of every added column; fixed when the lake is created.
    pub(super) prefix: String,
    /// Datasets by name.
    pub(super) datasets: BTreeMap<String, Dataset>,
    /// Settings by their [`key`].
    pub(super) settings: BTreeMap<String, Settings>,
    /// Files that were read to their end, by [`hash`](super::inbox::InboxFile::hash).
    pub(super) files: BTreeMap<String, KnownFile>,
    /// Part files by their path relative to the lake.
    pub(super) parts: BTreeMap<String, PartEntry>,
}

/// Exports of one kind, night after night; ids are told apart by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dataset {
    /// How its rows are recognised; settled by its first rows.
    pub(super) id: IdRule,
    /// The share of each language among its comments, by ISO 639-1 code: evidence for short ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prior: Option<BTreeMap<String, f32>>,
}

/// A file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownFile {
    /// Its path when it was read.
    pub(super) name: String,
    /// Its dataset.
    pub(super) dataset: String,
    /// Key of the settings it was read under.
    pub(super) settings: String,
    /// Number of its rows.
    pub(super) rows: u64,
    /// Number of its records that could not be read.
    pub(super) rejected: u64,
}

/// A part of the lake; its rows are of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartEntry {
    /// Number of its rows.
    pub(super) rows: u64,
    /// Key of the settings they were tagged under.
    pub(super) settings: String,
    /// Their dataset.
    pub(super) dataset: String,
    /// The columns that make up their comments; empty where that is not known, in parts of manifest 1.
    pub(super) text: Vec<String>,
}

impl Manifest {
    /// An empty lake.
    pub(super) fn new(partition_by: PartitionBy, prefix: &str) -> Self {
        Self {
            version: VERSION,
            partition_by,
            prefix: prefix.to_owned(),
            datasets: BTreeMap::new(),
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

/// The version of one of Undertone's own files; none where there is no such file.
pub(super) fn version_of(path: &Path) -> Result<Option<u32>> {
    /// The one field that every version has.
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    Ok(parsed::<Versioned>(path)?.map(|file| file.version))
}

/// Reads one of Undertone's own files of this version; none where there is none.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match version_of(path)? {
        None => Ok(None),
        Some(VERSION) => parsed(path),
        Some(found) => Err(Error::LakeVersion {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
    }
}

/// Reads a JSON file, whatever its version; none where there is none.
pub(super) fn parsed<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io("read", path, source)),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| Error::LakeDamaged {
            path: path.to_owned(),
            reason: source.to_string(),
        })
}
