//! The work of a run before it is published: part files under `.undertone/staged`, which no reader sees, and `.undertone/progress.json`, which says what
//! is whole. A run that finds the progress of a killed one goes on behind it, if the lake, the settings and the files up to there are the same; if not,
//! it starts anew. Staged work is never half a piece.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::disk;
use super::guard::Sketch;
use super::identity::IdRule;
use super::inbox::InboxFile;
use super::known::{self, Key, Known, PartNumber};
use super::manifest::{self, Dataset, KnownFile, Manifest, OWN, PartEntry, Settings, VERSION};
use super::part;
use crate::error::{Error, Result};
use crate::source::Reject;

/// A part of the lake as this run sees it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Path relative to the lake: `ut_day=2026-11-24/part-0123456789abcdef.parquet`.
    pub(super) path: String,
    /// What the manifest says of the file, or will say.
    pub(super) entry: PartEntry,
    /// How many of its rows were replaced by this run.
    pub(super) lost: u64,
    /// Written by this run, and seen by no reader yet.
    pub(super) staged: bool,
    /// Replaces rows of published parts with other names.
    pub(super) gains: bool,
}

impl Part {
    /// Rows that are still in it.
    pub(super) const fn left(&self) -> u64 {
        self.entry.rows - self.lost
    }
}

/// What is whole of an unfinished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Datasets that are new in the lake.
    datasets: BTreeMap<String, Dataset>,
    /// Rows of published parts that were met again as they are, in files that were read to their end, by dataset.
    known: BTreeMap<String, u64>,
    /// Parts written, in order.
    parts: Vec<(String, PartEntry)>,
}

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The files of the inbox.
    Inbox,
    /// Nothing is to be written.
    DryRun,
    /// The rows of the lake as well.
    OwnRows,
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
    /// How many parts were staged before the file under way, and the new datasets there were.
    before_file: (usize, BTreeMap<String, Dataset>),
    /// Rows of published parts that were met again as they are in the file under way.
    known_of_file: u64,
    /// What would replace known rows, in a dry run.
    pub(super) pretended: HashMap<Key, Sketch>,
    /// Open while the file under way has rejected records.
    rejecting: Option<BufWriter<File>>,
}

impl Stage {
    /// Continues the work of a killed run or starts anew; `work` are the files to read, in order. Staged work that this run does not continue is
    /// removed, unless nothing may be written.
    pub(super) fn open(
        root: &Path,
        base: Manifest,
        settings: Settings,
        work: &[InboxFile],
        scope: Scope,
    ) -> Result<Self> {
        let key = manifest::key(&settings);
        let fresh = Progress {
            version: VERSION,
            base: base.fingerprint()?,
            settings: key.clone(),
            files: Vec::new(),
            current: None,
            datasets: BTreeMap::new(),
            known: BTreeMap::new(),
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
            before_file: Default::default(),
            known_of_file: 0,
            pretended: HashMap::new(),
            rejecting: None,
        };
        let found = manifest::read_json::<Progress>(&stage.progress_path())?;
        match found.filter(|found| stage.goes_on(found, work)) {
            Some(found) => stage.progress = found,
            None if scope == Scope::DryRun => {}
            None => {
                disk::remove_folder(&stage.folder())?;
                disk::remove_if_there(&stage.progress_path())?;
            }
        }
        stage.before_file = (stage.progress.parts.len(), stage.progress.datasets.clone());
        if !work.is_empty() || scope == Scope::OwnRows || !stage.progress.parts.is_empty() {
            stage.load()?;
        }
        Ok(stage)
    }

    /// Whether the progress of a killed run is the beginning of this one.
    fn goes_on(&self, found: &Progress, work: &[InboxFile]) -> bool {
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
            entry: entry.clone(),
            lost: 0,
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
        for (path, entry) in self.progress.parts.clone() {
            let list = known::read_list(&self.staged_list(&path))?;
            self.take_over(&list, entry, |_| path);
        }
        Ok(())
    }

    /// Makes a new part the home of these rows; `name` gives its path once the parts know what they lost to it.
    fn take_over(&mut self, list: &[(Key, u64)], entry: PartEntry, name: impl FnOnce(&[Part]) -> String) {
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
        self.parts.push(Part {
            path,
            entry,
            lost: 0,
            staged: true,
            gains,
        });
    }

    /// Writes one piece of a file: a part for each folder its rows belong to. `piece` is the number of its first record, `text` the columns of
    /// its comments.
    pub(super) fn stage_piece(
        &mut self,
        file: &InboxFile,
        piece: u64,
        text: &[String],
        groups: BTreeMap<String, Group>,
    ) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        for (folder, group) in groups {
            // Named after where it came from: when the same piece is tagged anew, the new part takes the place of the old one in a single step.
            let origin = format!("{}/{piece}/{folder}", file.hash);
            let entry = self.entry(&file.dataset, text, group.rows.len());
            self.take_over(&group.rows, entry, |parts| {
                let taken = |path: &String| parts.iter().any(|part| part.path == *path && part.left() > 0);
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
            self.write_last(group)?;
        }
        self.progress.current = Some(file.hash.clone());
        self.keep_progress()
    }

    /// Writes rows of a published part anew, in its place.
    pub(super) fn stage_again(&mut self, part: &Part, group: Group) -> Result<()> {
        let entry = self.entry(&part.entry.dataset, &part.entry.text, group.rows.len());
        let path = part.path.clone();
        self.take_over(&group.rows, entry, |_| path);
        self.write_last(group)?;
        self.keep_progress()
    }

    fn entry(&self, dataset: &str, text: &[String], rows: usize) -> PartEntry {
        PartEntry {
            rows: rows as u64,
            settings: self.key.clone(),
            dataset: dataset.to_owned(),
            text: text.to_vec(),
        }
    }

    /// Writes the rows of the part that came last.
    fn write_last(&mut self, mut group: Group) -> Result<()> {
        let Some(Part { path, entry, .. }) = self.parts.last() else {
            return Ok(());
        };
        disk::make_folder(&self.folder())?;
        part::write(&self.staged(path), &mut group.frame, &part::footer(&self.settings))?;
        known::write_list(&self.staged_list(path), &group.rows)?;
        let written = (path.clone(), entry.clone());
        self.progress.parts.push(written);
        Ok(())
    }

    fn keep_progress(&self) -> Result<()> {
        disk::sync_folder(&self.folder())?;
        disk::replace_json(&self.progress_path(), &self.progress)
    }

    /// Counts rows as known from now on without writing anything, for a dry run.
    pub(super) fn pretend(&mut self, dataset: &str, rows: &[(Key, u64)]) {
        let entry = self.entry(dataset, &[], rows.len());
        self.take_over(rows, entry, |_| String::new());
    }

    /// Starts with the next file.
    pub(super) fn begin_file(&mut self) {
        self.known.begin_file();
        self.known_of_file = 0;
    }

    /// Counts a row that is in the lake as it is. Rows that this very run brought do not count.
    pub(super) fn count_known(&mut self, part: PartNumber) {
        self.known_of_file += u64::from(!self.parts[part as usize].staged);
    }

    /// Adds the rows of the file that was read to its end.
    pub(super) fn keep_known(&mut self, dataset: &str) {
        *self.progress.known.entry(dataset.to_owned()).or_default() += self.known_of_file;
    }

    /// Rows of published parts that were met again as they are, by dataset.
    pub(super) fn known_rows(&self) -> &BTreeMap<String, u64> {
        &self.progress.known
    }

    /// The rule by which the rows of a dataset are recognised, if it is settled.
    pub(super) fn id_rule(&self, dataset: &str) -> Option<&IdRule> {
        let known = self
            .progress
            .datasets
            .get(dataset)
            .or_else(|| self.base.datasets.get(dataset));
        known.map(|dataset| &dataset.id)
    }

    /// Settles it.
    pub(super) fn settle_id(&mut self, dataset: &str, id: IdRule) {
        let settled = Dataset { id, prior: None };
        self.progress.datasets.insert(dataset.to_owned(), settled);
    }

    /// Datasets that are new in the lake.
    pub(super) fn new_datasets(&self) -> &BTreeMap<String, Dataset> {
        &self.progress.datasets
    }

    /// Keeps the records of the file under way that could not be read.
    pub(super) fn reject(&mut self, file: &InboxFile, rejects: &[Reject]) -> Result<()> {
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

    /// Says that a file was read to its end.
    pub(super) fn finish_file(&mut self, file: &InboxFile, rows: u64, rejected: u64) -> Result<()> {
        disk::make_folder(&self.folder())?;
        if let Some(rejects) = self.rejecting.take() {
            let synced = rejects
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|file| file.sync_all());
            synced.map_err(|source| Error::write(&self.rejects(&file.hash), source))?;
        }
        let (name, dataset, settings) = (file.name(), file.dataset.clone(), self.key.clone());
        let known = KnownFile {
            name,
            dataset,
            settings,
            rows,
            rejected,
        };
        self.progress.files.push((file.hash.clone(), known));
        self.keep_known(&file.dataset);
        self.progress.current = None;
        self.before_file = (self.progress.parts.len(), self.progress.datasets.clone());
        disk::replace_json(&self.progress_path(), &self.progress)
    }

    /// Removes what was staged of a damaged file: half a file is never published.
    pub(super) fn drop_file(&mut self) -> Result<()> {
        (self.progress.current, self.rejecting) = (None, None);
        let (parts, datasets) = self.before_file.clone();
        self.progress.datasets = datasets;
        if self.progress.parts.len() == parts {
            self.known.begin_file();
            return Ok(());
        }
        self.progress.parts.truncate(parts);
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

    /// Where a part is now, published or not.
    pub(super) fn path_of(&self, part: &Part) -> PathBuf {
        if part.staged {
            self.staged(&part.path)
        } else {
            self.root.join(&part.path)
        }
    }

    /// Where the list of a part is now, published or not.
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
