//! Staged work of a run: part files under `.undertone/staged`, which readers skip, and `.undertone/progress.json`, which lists what is complete.
//!
//! A run that finds the progress of a killed one continues after it, if the lake, the settings and the files up to there are the same; otherwise it
//! starts again. Staged work never holds part of a batch.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::disk;
use super::inbox::Arrival;
use super::known::{self, Key, Known, PartNumber};
use super::manifest::{self, KnownFile, Manifest, OWN, Settings, VERSION};
use super::part;
use crate::error::{Error, Result};
use crate::source::Reject;

/// A part of the lake as this run sees it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Path relative to the lake: `ut_day=2026-11-24/part-0123456789abcdef.parquet`.
    pub(super) path: String,
    /// Rows in the file.
    pub(super) rows: u64,
    /// How many of its rows this run replaced.
    pub(super) lost: u64,
    /// Key of their settings.
    pub(super) settings: String,
    /// Written by this run and not yet published.
    pub(super) staged: bool,
    /// Replaces rows of published parts with other names.
    pub(super) gains: bool,
}

/// The completed work of an unfinished run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    version: u32,
    /// Fingerprint of the manifest at the start of the run.
    base: String,
    /// Key of its settings.
    settings: String,
    /// Files read to the end, in order, with their hashes.
    files: Vec<(String, KnownFile)>,
    /// The file being read.
    current: Option<String>,
    /// Parts written, with their number of rows, in order.
    parts: Vec<(String, u64)>,
}

/// Rows of one batch that go to one folder.
#[derive(Default)]
pub(super) struct Group {
    /// Their columns.
    pub(super) frame: DataFrame,
    /// Their keys and the hashes of their content.
    pub(super) rows: Vec<(Key, u64)>,
}

/// The work of a run before it is published.
pub(super) struct Stage {
    root: PathBuf,
    /// The manifest at the start of the run.
    pub(super) base: Manifest,
    /// Settings under which rows are tagged.
    pub(super) settings: Settings,
    /// Key of the settings.
    pub(super) key: String,
    progress: Progress,
    /// Published parts in the order of the manifest, then staged ones.
    pub(super) parts: Vec<Part>,
    /// All rows of the parts.
    pub(super) known: Known,
    /// Number of staged parts before the current file.
    before_file: usize,
    /// Open while the current file has rejected records.
    rejecting: Option<BufWriter<File>>,
}

impl Stage {
    /// Continues the work of a killed run or starts anew; `work` are the files to read, in order. Staged work that this run does not continue is
    /// removed, unless nothing may be written.
    pub(super) fn open(
        root: &Path,
        base: Manifest,
        settings: Settings,
        work: &[Arrival],
        dry_run: bool,
    ) -> Result<Self> {
        let key = manifest::key(&settings);
        let fresh = Progress {
            version: VERSION,
            base: base.fingerprint()?,
            settings: key.clone(),
            files: Vec::new(),
            current: None,
            parts: Vec::new(),
        };
        let mut stage = Self {
            root: root.to_owned(),
            base,
            settings,
            key,
            progress: fresh,
            parts: Vec::new(),
            known: Known::default(),
            before_file: 0,
            rejecting: None,
        };
        let found = manifest::read_json::<Progress>(&stage.progress_path())?;
        match found.filter(|found| stage.goes_on(found, work)) {
            Some(found) => stage.progress = found,
            None if dry_run => {}
            None => {
                disk::remove_folder(&stage.folder())?;
                disk::remove_if_there(&stage.progress_path())?;
            }
        }
        stage.before_file = stage.progress.parts.len();
        if !work.is_empty() {
            stage.load()?;
        }
        Ok(stage)
    }

    /// Whether the progress of a killed run is a prefix of this run.
    fn goes_on(&self, found: &Progress, work: &[Arrival]) -> bool {
        let read = found.files.iter().map(|(hash, _)| hash).chain(&found.current);
        let same_files = read.clone().count() <= work.len() && read.zip(work).all(|(hash, file)| *hash == file.hash);
        let there = || {
            let parts = found
                .parts
                .iter()
                .all(|(path, _)| self.staged(path).exists() && self.staged_list(path).exists());
            parts
                && found
                    .files
                    .iter()
                    .all(|(hash, file)| file.rejected == 0 || self.rejects(hash).exists())
        };
        found.base == self.progress.base && found.settings == self.key && same_files && there()
    }

    /// Reads the lists of all parts.
    fn load(&mut self) -> Result<()> {
        let published = self.base.parts.iter().map(|(path, entry)| Part {
            path: path.clone(),
            rows: entry.rows,
            lost: 0,
            settings: entry.settings.clone(),
            staged: false,
            gains: false,
        });
        self.parts = published.collect();
        let read = |(number, part): (usize, &Part)| {
            known::read_list(&self.list(&part.path)).map(|list| (number as PartNumber, list))
        };
        let lists = self
            .parts
            .par_iter()
            .enumerate()
            .map(|(number, part)| read((number, part)));
        self.known = Known::of(lists.collect::<Result<_>>()?);
        for (path, _) in self.progress.parts.clone() {
            let list = known::read_list(&self.staged_list(&path))?;
            self.take_over(&list, |_| path);
        }
        Ok(())
    }

    /// Moves rows to a new part; `name` returns its path once the parts know what they lost to it.
    fn take_over(&mut self, list: &[(Key, u64)], name: impl FnOnce(&[Part]) -> String) {
        let number = self.parts.len() as PartNumber;
        let mut left = BTreeSet::new();
        for &(key, content) in list {
            if let Some(old) = self.known.put(key, content, number) {
                self.parts[old as usize].lost += 1;
                left.insert(old as usize);
            }
        }
        self.known.settle();
        let path = name(&self.parts);
        let gains = left
            .iter()
            .any(|&old| !self.parts[old].staged && self.parts[old].path != path);
        let (rows, settings) = (list.len() as u64, self.key.clone());
        self.parts.push(Part {
            path,
            rows,
            lost: 0,
            settings,
            staged: true,
            gains,
        });
    }

    /// Writes one batch of a file: a part for each folder its rows belong to. `piece` is the number of its first record.
    pub(super) fn shelve(&mut self, file: &Arrival, piece: u64, groups: BTreeMap<String, Group>) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        disk::make_folder(&self.folder())?;
        let footer = part::footer(&self.settings);
        for (folder, mut group) in groups {
            // Named after its origin: when the same batch is tagged again, the new part replaces the old one in a single step.
            let origin = format!("{}/{piece}/{folder}", file.hash);
            self.take_over(&group.rows, |parts| {
                let taken = |path: &String| parts.iter().any(|part| part.path == *path && part.lost < part.rows);
                let mut names = (0u32..).map(|n| {
                    let origin = if n == 0 {
                        origin.clone()
                    } else {
                        format!("{origin}/{n}")
                    };
                    format!("{folder}/part-{:016x}.parquet", xxh3_64(origin.as_bytes()))
                });
                names.find(|path| !taken(path)).unwrap_or_default()
            });
            let Some(Part { path, rows, .. }) = self.parts.last() else {
                continue;
            };
            let entry = (path.clone(), *rows);
            part::write(&self.staged(path), &mut group.frame, &footer)?;
            known::write_list(&self.staged_list(path), &group.rows)?;
            self.progress.parts.push(entry);
        }
        disk::sync_folder(&self.folder())?;
        self.progress.current = Some(file.hash.clone());
        disk::replace_json(&self.progress_path(), &self.progress)
    }

    /// Marks rows as known without writing anything, for a dry run.
    pub(super) fn pretend(&mut self, rows: &[(Key, u64)]) {
        self.take_over(rows, |_| String::new());
    }

    /// Stores the records of the current file that could not be read.
    pub(super) fn reject(&mut self, file: &Arrival, rejects: &[Reject]) -> Result<()> {
        if rejects.is_empty() {
            return Ok(());
        }
        let path = self.rejects(&file.hash);
        let written = |writer: &mut BufWriter<File>| {
            rejects.iter().try_for_each(|reject| {
                serde_json::to_writer(&mut *writer, reject)?;
                writer.write_all(b"\n")
            })
        };
        if self.rejecting.is_none() {
            disk::make_folder(&self.folder())?;
            let created = File::create(&path).map_err(|source| Error::write(&path, source))?;
            self.rejecting = Some(BufWriter::new(created));
        }
        self.rejecting
            .as_mut()
            .map_or(Ok(()), written)
            .map_err(|source| Error::write(&path, source))
    }

    /// Concatenates the rejected records of all files into one file; writes no file when there are none.
    pub(super) fn collect_rejects(&self, path: &Path) -> Result<()> {
        if self.progress.files.iter().all(|(_, file)| file.rejected == 0) {
            return Ok(());
        }
        disk::replace(path, |all| {
            for (hash, file) in &self.progress.files {
                if file.rejected > 0 {
                    io::copy(&mut File::open(self.rejects(hash))?, all)?;
                }
            }
            Ok(())
        })
    }

    /// Marks a file as read to the end.
    pub(super) fn finish_file(&mut self, file: &Arrival, rows: u64, rejected: u64) -> Result<()> {
        disk::make_folder(&self.folder())?;
        if let Some(rejects) = self.rejecting.take() {
            let synced = rejects
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|file| file.sync_all());
            synced.map_err(|source| Error::write(&self.rejects(&file.hash), source))?;
        }
        let (name, source, settings) = (file.name(), file.source.clone(), self.key.clone());
        let known = KnownFile {
            name,
            source,
            settings,
            rows,
            rejected,
        };
        self.progress.files.push((file.hash.clone(), known));
        self.progress.current = None;
        self.before_file = self.progress.parts.len();
        disk::replace_json(&self.progress_path(), &self.progress)
    }

    /// Removes what was staged of a damaged file: half a file is never published.
    pub(super) fn drop_file(&mut self) -> Result<()> {
        (self.progress.current, self.rejecting) = (None, None);
        if self.progress.parts.len() == self.before_file {
            self.known.begin_file();
            return Ok(());
        }
        self.progress.parts.truncate(self.before_file);
        disk::replace_json(&self.progress_path(), &self.progress)?;
        self.load()
    }

    /// Files read to the end by this run or the killed one before it, in order.
    pub(super) fn files(&self) -> &[(String, KnownFile)] {
        &self.progress.files
    }

    /// Whether nothing waits to be published.
    pub(super) fn is_empty(&self) -> bool {
        self.progress.files.is_empty() && self.progress.parts.is_empty()
    }

    fn progress_path(&self) -> PathBuf {
        self.root.join(OWN).join("progress.json")
    }

    fn folder(&self) -> PathBuf {
        self.root.join(STAGED)
    }

    /// Path of a part before it is published.
    pub(super) fn staged(&self, path: &str) -> PathBuf {
        self.root.join(staged_name(STAGED, path))
    }

    fn rejects(&self, hash: &str) -> PathBuf {
        self.folder().join(format!("{hash}.rejects.jsonl"))
    }

    fn staged_list(&self, path: &str) -> PathBuf {
        self.root.join(list_name(STAGED, path))
    }

    /// Path of the list of a published part.
    pub(super) fn list(&self, path: &str) -> PathBuf {
        self.root.join(list_name(LISTS, path))
    }

    /// Current path of the list of a part, published or not.
    pub(super) fn list_of(&self, part: &Part) -> PathBuf {
        if part.staged {
            self.staged_list(&part.path)
        } else {
            self.list(&part.path)
        }
    }
}

/// Folder of the lists of published parts, relative to the lake.
pub(super) const LISTS: &str = ".undertone/rows";
/// Folder of parts and lists before they are published.
pub(super) const STAGED: &str = ".undertone/staged";

/// Name of a part in Undertone's own folders; it does not end in `.parquet`, so that no reader's pattern matches it.
pub(super) fn staged_name(folder: &str, path: &str) -> String {
    format!("{folder}/{}.new", stem(path))
}

/// Name of a part's list in Undertone's own folders.
pub(super) fn list_name(folder: &str, path: &str) -> String {
    format!("{folder}/{}.rows", stem(path))
}

fn stem(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.strip_suffix(".parquet").unwrap_or(name)
}
