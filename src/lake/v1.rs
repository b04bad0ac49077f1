//! Manifest 1, as versions before `sync` wrote it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::manifest::Settings;

/// Its version.
pub(super) const VERSION: u32 = 1;

/// What `.undertone/manifest.json` held.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) version: u32,
    /// `day`, `week`, `month` or `source`.
    pub(super) partition_by: String,
    pub(super) prefix: String,
    pub(super) settings: BTreeMap<String, Settings>,
    pub(super) files: BTreeMap<String, KnownFile>,
    pub(super) parts: BTreeMap<String, PartEntry>,
}

/// A file that was read to its end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownFile {
    pub(super) name: String,
    /// The dataset; it was called an export.
    pub(super) source: String,
    pub(super) settings: String,
    pub(super) rows: u64,
    pub(super) rejected: u64,
}

/// A part of the lake.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartEntry {
    pub(super) rows: u64,
    pub(super) settings: String,
}
