//! Publication: staged parts get their names in the lake, and the manifest is replaced. What is to be done is written down first
//! (`.undertone/commit.json`); from then on the run is published, and whoever comes next finishes what a killed process left. Order matters: parts are
//! replaced in place first, then removed, then added, so that no reader ever meets a row twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::disk;
use super::known;
use super::manifest::{self, Manifest, OWN, PartEntry, VERSION};
use super::part;
use super::stage::{LISTS, Part, STAGED, Stage, list_name, staged_name};
use super::v1;
use crate::error::{Error, Result};

/// Where parts of the lake are written anew, until they take their places.
pub(super) const REWRITTEN: &str = ".undertone/rewritten";

/// The steps of a publication, in order. All paths are relative to the lake.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commit<M = Manifest> {
    pub(super) version: u32,
    /// Parts that take the place of their older selves in one step: to, from.
    pub(super) replace: BTreeMap<String, String>,
    /// Parts that go.
    pub(super) remove: BTreeSet<String>,
    /// Parts that come, and lists: to, from.
    pub(super) add: BTreeMap<String, String>,
    /// The lake afterwards.
    pub(super) next: M,
}

/// Publishes everything staged and returns the new manifest of the lake.
pub(super) fn publish(root: &Path, stage: &mut Stage) -> Result<Manifest> {
    disk::remove_folder(&root.join(REWRITTEN))?;
    let shrunk: Vec<(usize, Part)> = stage.parts.iter().cloned().enumerate().collect();
    let shrunk: Vec<_> = shrunk
        .into_iter()
        .filter(|(_, part)| part.lost > 0 && part.left() > 0)
        .collect();
    for (number, part) in &shrunk {
        shrink(root, stage, *number as known::PartNumber, part)?;
    }
    if !shrunk.is_empty() {
        disk::sync_folder(&root.join(REWRITTEN))?;
    }

    let mut commit = plan(stage);
    commit.next.settings.insert(stage.key.clone(), stage.settings.clone());
    commit.next.files.extend(stage.files().iter().cloned());
    commit.next.datasets.extend(stage.new_datasets().clone());
    let used: BTreeSet<&String> = (commit.next.parts.values().map(|part| &part.settings))
        .chain(commit.next.files.values().map(|file| &file.settings))
        .collect();
    let used: BTreeSet<String> = used.into_iter().cloned().collect();
    commit.next.settings.retain(|key, _| used.contains(key));

    commit.begin(root)?;
    Ok(commit.next)
}

/// Writes the remaining rows of a part.
fn shrink(root: &Path, stage: &mut Stage, number: known::PartNumber, part: &Part) -> Result<()> {
    disk::make_folder(&root.join(REWRITTEN))?;
    let list = known::read_list(&stage.list_of(part))?;
    let keep: Vec<bool> = list
        .iter()
        .map(|(key, _)| stage.known.get(*key).is_some_and(|(_, home)| home == number))
        .collect();
    part::shrink(
        &stage.path_of(part),
        &root.join(staged_name(REWRITTEN, &part.path)),
        &keep,
    )?;
    let left: Vec<_> = list
        .into_iter()
        .zip(&keep)
        .filter_map(|(row, keep)| keep.then_some(row))
        .collect();
    known::write_list(&root.join(list_name(REWRITTEN, &part.path)), &left)
}

/// Plans the moves. Parts with rows left make up the next manifest.
fn plan(stage: &Stage) -> Commit {
    let mut commit = Commit {
        version: VERSION,
        replace: BTreeMap::new(),
        remove: BTreeSet::new(),
        add: BTreeMap::new(),
        next: stage.base.clone(),
    };
    commit.next.parts.clear();
    for part in stage.parts.iter().filter(|part| part.left() > 0) {
        let entry = PartEntry {
            rows: part.left(),
            ..part.entry.clone()
        };
        commit.next.parts.insert(part.path.clone(), entry);
        let folder = match (part.lost > 0, part.staged) {
            (true, _) => REWRITTEN,
            (false, true) => STAGED,
            (false, false) => continue,
        };
        commit
            .add
            .insert(list_name(LISTS, &part.path), list_name(folder, &part.path));
        let from = staged_name(folder, &part.path);
        // A part that takes over rows of other parts must not appear before those parts have lost them.
        if stage.base.parts.contains_key(&part.path) && !part.gains {
            commit.replace.insert(part.path.clone(), from);
        } else {
            commit.add.insert(part.path.clone(), from);
        }
    }
    let gone = stage
        .base
        .parts
        .keys()
        .filter(|path| !commit.next.parts.contains_key(*path));
    let retaken = stage.base.parts.keys().filter(|path| commit.add.contains_key(*path));
    commit.remove = gone.chain(retaken).cloned().collect();
    commit
}

/// One step of a publication. Every step can be repeated after a crash.
enum Step<'a> {
    Move {
        from: &'a str,
        to: &'a str,
    },
    Remove {
        path: &'a str,
        /// A successor of the same name: once it exists, there is nothing left to remove.
        successor: Option<&'a str>,
    },
}

impl<M: Serialize> Commit<M> {
    /// Writes the plan down and carries it out.
    pub(super) fn begin(&self, root: &Path) -> Result<()> {
        disk::replace_json(&root.join(OWN).join("commit.json"), self)?;
        carry_out(root, self).map_err(|source| Error::LakeHalfway {
            source: Box::new(source),
        })
    }

    /// What is to be done, in order.
    fn steps(&self) -> Vec<Step<'_>> {
        let moves = |(to, from)| Step::Move { from, to };
        let removes = |path| Step::Remove {
            path,
            successor: self.add.get(path).map(String::as_str),
        };
        let replace = self
            .replace
            .iter()
            .map(|(to, from)| moves((to.as_str(), from.as_str())));
        let add = self.add.iter().map(|(to, from)| moves((to.as_str(), from.as_str())));
        replace
            .chain(self.remove.iter().map(|path| removes(path.as_str())))
            .chain(add)
            .collect()
    }
}

impl Step<'_> {
    fn take(&self, root: &Path) -> Result<()> {
        match self {
            Self::Move { from, to } => disk::rename_if_there(&root.join(from), &root.join(to)),
            Self::Remove {
                path,
                successor: Some(from),
            } if root.join(from).exists() => disk::remove_if_there(&root.join(path)),
            Self::Remove { successor: Some(_), .. } => Ok(()),
            Self::Remove { path, successor: None } => {
                disk::remove_if_there(&root.join(path))?;
                disk::remove_if_there(&root.join(list_name(LISTS, path)))
            }
        }
    }

    /// The folder whose entries change.
    fn folder(&self, root: &Path) -> PathBuf {
        let (Self::Move { to: path, .. } | Self::Remove { path, .. }) = self;
        root.join(path).parent().map(Path::to_owned).unwrap_or_default()
    }
}

/// Takes every step, and then says so in the manifest. Safe to repeat from the start wherever it was stopped.
fn carry_out<M: Serialize>(root: &Path, commit: &Commit<M>) -> Result<()> {
    let steps = commit.steps();
    let folders: BTreeSet<PathBuf> = steps.iter().map(|step| step.folder(root)).collect();
    folders.iter().try_for_each(|folder| disk::make_folder(folder))?;
    steps.iter().try_for_each(|step| step.take(root))?;
    folders.par_iter().try_for_each(|folder| disk::sync_folder(folder))?;
    disk::sync_folder(root)?;
    disk::replace_json(&Manifest::path(root), &commit.next)?;
    // A folder whose last part went is no partition any more; one that is not empty stays.
    for path in commit.remove.iter().chain(commit.add.values()) {
        let _ = root.join(path).parent().map(std::fs::remove_dir);
    }
    // The plan is removed last: while it exists, the next process cleans up again.
    tidy(root)?;
    disk::remove_if_there(&root.join(OWN).join("commit.json"))
}

/// Completes an interrupted publication, if there is one. Returns whether there was.
pub(super) fn recover(root: &Path) -> Result<bool> {
    let path = root.join(OWN).join("commit.json");
    // One of version 1 leaves a lake of version 1, which is migrated afterwards.
    if manifest::version_of(&path)? == Some(v1::VERSION) {
        if let Some(commit) = manifest::parsed::<Commit<v1::Manifest>>(&path)? {
            carry_out(root, &commit)?;
        }
        return Ok(true);
    }
    let commit = manifest::read_json::<Commit>(&path)?;
    match &commit {
        Some(commit) => carry_out(root, commit)?,
        None => disk::remove_folder(&root.join(REWRITTEN))?,
    }
    Ok(commit.is_some())
}

/// Removes what only the unfinished run needed.
pub(super) fn tidy(root: &Path) -> Result<()> {
    disk::remove_if_there(&root.join(OWN).join("progress.json"))?;
    disk::remove_folder(&root.join(STAGED))?;
    disk::remove_folder(&root.join(REWRITTEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::partition::PartitionBy;

    /// A lake before a publication that replaces `a`, removes `b`, removes and adds `c` again, and adds `d`; each file contains its version.
    fn lake() -> (tempfile::TempDir, Commit) {
        let dir = tempfile::tempdir().unwrap();
        let part = |name: &str| format!("ut_day={name}/part-{name}.parquet");
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let mut next = Manifest::new(PartitionBy::Day, "ut_");
        let entry = PartEntry {
            rows: 1,
            settings: String::new(),
            dataset: "tickets".to_owned(),
            text: vec!["comment".to_owned()],
        };
        for name in ["a", "b", "c"] {
            put(&part(name), "old");
            put(&list_name(LISTS, &part(name)), "old");
        }
        let mut add = BTreeMap::new();
        for name in ["a", "c", "d"] {
            put(&staged_name(STAGED, &part(name)), "new");
            put(&list_name(STAGED, &part(name)), "new");
            add.insert(list_name(LISTS, &part(name)), list_name(STAGED, &part(name)));
            next.parts.insert(part(name), entry.clone());
        }
        for name in ["c", "d"] {
            add.insert(part(name), staged_name(STAGED, &part(name)));
        }
        let commit = Commit {
            version: VERSION,
            replace: BTreeMap::from([(part("a"), staged_name(STAGED, &part("a")))]),
            remove: BTreeSet::from([part("b"), part("c")]),
            add,
            next,
        };
        disk::replace_json(&dir.path().join(OWN).join("commit.json"), &commit).unwrap();
        (dir, commit)
    }

    fn files(root: &Path, below: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in below.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(root, &path, found);
            } else {
                found.insert(
                    path.strip_prefix(root).unwrap().to_owned(),
                    std::fs::read(&path).unwrap(),
                );
            }
        }
    }

    fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        files(root, root, &mut found);
        found
    }

    #[test]
    fn stopped_after_any_step_it_is_carried_to_the_same_end() {
        let (undisturbed, commit) = lake();
        assert!(recover(undisturbed.path()).unwrap());
        let wanted = tree(undisturbed.path());
        let parts: Vec<_> = wanted
            .keys()
            .filter(|path| path.starts_with("ut_day=b") || path.ends_with("commit.json"))
            .collect();
        assert!(parts.is_empty(), "{parts:?}");
        assert!(
            wanted
                .iter()
                .all(|(path, bytes)| path.ends_with("manifest.json") || bytes == b"new"),
            "{wanted:?}"
        );
        let steps = commit.steps().len();
        assert_eq!(steps, 1 + 2 + 5);
        for stopped in 0..=steps {
            for stopped_again in 0..=steps {
                let (lake, commit) = lake();
                for stopped in [stopped, stopped_again] {
                    for step in commit.steps().iter().take(stopped) {
                        disk::make_folder(&step.folder(lake.path())).unwrap();
                        step.take(lake.path()).unwrap();
                    }
                }
                assert!(recover(lake.path()).unwrap());
                assert_eq!(
                    tree(lake.path()),
                    wanted,
                    "stopped after {stopped} and {stopped_again} steps"
                );
                assert!(!recover(lake.path()).unwrap());
            }
        }
    }
}
