//! Gives the rows of a dataset another identity: their content, or a column the user names. That is done for unsound datasets, for the one that is named, and
//! for those of the inbox where a column is named. Keys, `ut_id` and `ut_duplicate_of` are written anew in one
//! publication. The files of the dataset count as unread afterwards, so that rows which were replaced by other people's come back from the inbox; what
//! cannot come back is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use polars::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::Options;
use super::commit::{Commit, REWRITTEN};
use super::disk;
use super::identity::{self, IdRule, Numbering, ToldBy};
use super::inbox::InboxFile;
use super::known::{self, Key};
use super::manifest::{Dataset, Manifest, VERSION};
use super::part;
use super::stage::{LISTS, list_name, staged_name};
use crate::error::{Error, Result};
use crate::run::Job;
use crate::source;

/// Rewrites the datasets; answers the lake afterwards, and what to tell.
pub(super) fn rekey(
    root: &Path,
    base: &Manifest,
    job: &Job,
    options: &Options,
    inbox: &[InboxFile],
) -> Result<(Manifest, Vec<String>)> {
    let rule = match &job.source.id {
        Some(column) => IdRule::Column {
            column: column.clone(),
            told: ToldBy::Option,
        },
        None => IdRule::Content,
    };
    let named = |name: &String| match (&options.dataset, &job.source.id) {
        (Some(dataset), _) => dataset == name,
        (None, Some(_)) => inbox.is_empty() || inbox.iter().any(|file| file.dataset == *name),
        (None, None) => false,
    };
    let wanted = base.datasets.iter().filter(|(name, dataset)| match &dataset.id {
        IdRule::Unsound { .. } => true,
        sound => named(name) && sound.column() != rule.column(),
    });
    let wanted: Vec<(&String, &Dataset)> = wanted.collect();
    if wanted.is_empty() {
        return Ok((
            base.clone(),
            vec!["rekey: every dataset has a sound rule already, nothing was changed".to_owned()],
        ));
    }
    disk::remove_folder(&root.join(REWRITTEN))?;
    disk::make_folder(&root.join(REWRITTEN))?;
    let mut commit = Commit {
        version: VERSION,
        replace: BTreeMap::new(),
        remove: BTreeSet::new(),
        add: BTreeMap::new(),
        next: base.clone(),
    };
    let mut told = Vec::new();
    for (name, dataset) in wanted {
        let rows = rewrite(root, base, job, name, &rule, &mut commit)?;
        commit.next.files.retain(|_, file| file.dataset != *name);
        told.push(losses(base, name, &dataset.id, &rule, &rows, inbox));
        let next = Dataset {
            id: rule.clone(),
            ..dataset.clone()
        };
        commit.next.datasets.insert(name.clone(), next);
    }
    disk::sync_folder(&root.join(REWRITTEN))?;
    commit.begin(root)?;
    Ok((commit.next, told))
}

/// Writes the parts of a dataset and their lists anew beside the lake; answers how many rows there are of each file.
fn rewrite(
    root: &Path,
    base: &Manifest,
    job: &Job,
    dataset: &str,
    rule: &IdRule,
    commit: &mut Commit,
) -> Result<BTreeMap<String, u64>> {
    let [id, file, duplicate] = ["id", "source", "duplicate_of"].map(|name| format!("{}{name}", base.prefix));
    let mut numbering = Numbering::default();
    let mut of_file: BTreeMap<String, u64> = BTreeMap::new();
    // The new ids of each part, in the order of its rows. Two rows of a file may have shared an old id.
    let mut ids: HashMap<&str, Vec<String>> = HashMap::new();
    // The new id of a row by a hash of its file and its old one: duplicates point at rows of the same file.
    let mut renamed: HashMap<u64, String> = HashMap::new();
    let place = |file: &str, id: &str| xxh3_64(format!("{file}\0{id}").as_bytes());
    let parts = || base.parts.iter().filter(|(_, entry)| entry.dataset == dataset);
    let text = |frame: &DataFrame, name: &str| -> Result<Vec<String>> {
        Ok(source::cells(frame, name)?
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect())
    };
    for (path, _) in parts() {
        let list = known::read_list(&root.join(list_name(LISTS, path)))?;
        let column = rule.column();
        let wanted = |name: &str| {
            name == id
                || name == file
                || column.is_some_and(|column| column.split('.').next() == Some(name) || column == name)
        };
        let frame = part::read_where(&root.join(path), wanted)?;
        let own = match column {
            Some(column) if source::has_column(&frame, column) => source::cells(&frame, column)?,
            Some(column) => {
                return Err(Error::LakeIdMissing {
                    file: path.clone(),
                    dataset: dataset.to_owned(),
                    column: column.to_owned(),
                });
            }
            None => vec![None; list.len()],
        };
        let mut rows: Vec<(Key, u64)> = Vec::with_capacity(list.len());
        for ((((_, content), own), file), old) in list
            .into_iter()
            .zip(own)
            .zip(text(&frame, &file)?)
            .zip(text(&frame, &id)?)
        {
            let own = own.filter(|own| !own.trim().is_empty());
            rows.push((numbering.next(identity::key(dataset, own.as_deref(), content)), content));
            let new = own.unwrap_or_else(|| format!("{content:016x}"));
            renamed.entry(place(&file, &old)).or_insert_with(|| new.clone());
            ids.entry(path).or_default().push(new);
            *of_file.entry(file).or_default() += 1;
        }
        known::write_list(&root.join(list_name(REWRITTEN, path)), &rows)?;
        commit.add.insert(list_name(LISTS, path), list_name(REWRITTEN, path));
    }
    for (path, _) in parts() {
        let mut frame = part::read_where(&root.join(path), |_| true)?;
        let files = text(&frame, &file)?;
        let own = job.privacy.ids(ids.remove(path.as_str()).unwrap_or_default());
        let own: StringChunked = own.into_iter().map(Some).collect();
        frame.with_column(own.with_name(id.as_str().into()).into_column())?;
        if frame.schema().contains(&duplicate) {
            let old = source::cells(&frame, &duplicate)?.into_iter().zip(&files);
            let new = old.map(|(old, file)| old.and_then(|old| renamed.get(&place(file, &old)).cloned()));
            let first: StringChunked = new.collect();
            frame.with_column(first.with_name(duplicate.as_str().into()).into_column())?;
        }
        let footer = part::footer_of(&root.join(path))?;
        let to = staged_name(REWRITTEN, path);
        part::write(&root.join(&to), &mut frame, &footer)?;
        commit.replace.insert(path.clone(), to);
    }
    Ok(of_file)
}

/// A sentence on what comes back and what does not. What is lost is an upper bound: a row that two files shared is not lost with one of them.
fn losses(
    base: &Manifest,
    dataset: &str,
    was: &IdRule,
    now: &IdRule,
    rows: &BTreeMap<String, u64>,
    inbox: &[InboxFile],
) -> String {
    let here = |hash: &String| inbox.iter().any(|file| file.hash == *hash);
    let (mut again, mut lost) = (0, BTreeMap::new());
    for (hash, file) in base.files.iter().filter(|(_, file)| file.dataset == dataset) {
        match here(hash) {
            true => again += 1,
            false => *lost.entry(file.name.as_str()).or_default() += file.rows,
        }
    }
    let missing = lost
        .into_iter()
        .map(|(name, read): (_, u64)| (name, read.saturating_sub(rows.get(name).copied().unwrap_or(0))));
    let missing: Vec<(&str, u64)> = missing.filter(|(_, rows)| *rows > 0).collect();
    let mut told = format!(
        "rekey: rows of `{dataset}` were recognised by {was}, now by {now}; {again} of its files are in the inbox and are read again"
    );
    if missing.is_empty() {
        told.push_str("; nothing was lost");
    } else {
        let count: u64 = missing.iter().map(|(_, rows)| rows).sum();
        let names: Vec<String> = missing
            .iter()
            .take(5)
            .map(|(name, rows)| format!("{name} ({rows})"))
            .collect();
        told.push_str(&format!(
            "; up to {count} rows were replaced by other people's and cannot come back, since their files are no longer in the inbox: {}{}",
            names.join(", "),
            if missing.len() > 5 { ", ..." } else { "" },
        ));
    }
    told
}
