//! Brings a lake of manifest 1 to manifest 2, in one publication like any other: killed at any moment, it is one or the other. Manifest 1 did not say how
//! rows were recognised, so the parts are asked: `ut_id` equals the record's own id, or it is a hash of the content, or it is somebody else's id.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use super::commit::{Commit, REWRITTEN};
use super::disk;
use super::identity::{self, IdRule, Numbering, ToldBy};
use super::known;
use super::manifest::{self, Dataset, KnownFile, Manifest, OWN, PartEntry, RUNS, VERSION};
use super::partition::{PartitionBy, folder_key};
use super::stage::{LISTS, list_name};
use super::{Options, Repair, part, v1};
use crate::error::{Error, Result};
use crate::source::{self, SourceOptions};

/// What the rows of a part say.
struct Looked {
    dataset: String,
    rule: IdRule,
    /// For each row whether its content was its identity.
    by_content: Vec<bool>,
    /// The columns of its comments, if the user named them.
    text: Vec<String>,
}

/// Migrates the lake if it is one of manifest 1; answers what to tell.
///
/// # Errors
/// [`Error::LakeForeignId`] where rows were recognised by a column that is not their own id, unless it is about to be repaired.
pub(super) fn migrate(root: &Path, options: &Options) -> Result<Option<String>> {
    let path = Manifest::path(root);
    if manifest::version_of(&path)? != Some(v1::VERSION) {
        return Ok(None);
    }
    let Some(old) = manifest::parsed::<v1::Manifest>(&path)? else {
        return Ok(None);
    };
    let partition_by = match old.partition_by.as_str() {
        "day" => PartitionBy::Day,
        "week" => PartitionBy::Week,
        "month" => PartitionBy::Month,
        "source" => PartitionBy::Dataset,
        other => {
            return Err(Error::LakeDamaged {
                path,
                reason: format!("parts by {other}"),
            });
        }
    };
    let looked: Vec<Looked> = old
        .parts
        .par_iter()
        .map(|(path, entry)| look(root, &old, path, entry))
        .collect::<Result<_>>()?;
    let mut datasets: BTreeMap<String, Dataset> = BTreeMap::new();
    for Looked { dataset, rule, .. } in &looked {
        let known = datasets.entry(dataset.clone()).or_insert_with(|| Dataset {
            id: rule.clone(),
            prior: None,
        });
        // An unsound night makes the dataset unsound; a night without ids in a dataset with ids does not.
        if matches!(rule, IdRule::Unsound { .. }) || (known.id == IdRule::Content && *rule != IdRule::Content) {
            known.id = rule.clone();
        }
    }
    if options.repair != Some(Repair::Rekey) {
        refuse_unsound(root, &datasets)?;
    }
    if options.dry_run {
        return Err(Error::LakeToMigrate { path: root.to_owned() });
    }

    disk::remove_folder(&root.join(OWN).join("shrunk"))?;
    disk::remove_folder(&root.join(REWRITTEN))?;
    let mut commit = Commit {
        version: VERSION,
        replace: BTreeMap::new(),
        remove: BTreeSet::new(),
        add: BTreeMap::new(),
        next: Manifest::new(partition_by, &old.prefix),
    };
    let mut numbers: BTreeMap<&str, Numbering> = BTreeMap::new();
    let folders = ["export", "dataset"].map(|name| format!("{}=", folder_key(&old.prefix, name)));
    for ((path, entry), looked) in old.parts.iter().zip(&looked) {
        if looked.by_content.contains(&true) && !matches!(datasets[&looked.dataset].id, IdRule::Unsound { .. }) {
            let numbering = numbers.entry(&looked.dataset).or_default();
            let list = known::read_list(&root.join(list_name(LISTS, path)))?;
            let rows = list
                .into_iter()
                .zip(&looked.by_content)
                .map(|((key, content), by_content)| match by_content {
                    true => (numbering.next(identity::key(&looked.dataset, None, content)), content),
                    false => (key, content),
                });
            let rows: Vec<_> = rows.collect();
            disk::make_folder(&root.join(REWRITTEN))?;
            known::write_list(&root.join(list_name(REWRITTEN, path)), &rows)?;
            commit.add.insert(list_name(LISTS, path), list_name(REWRITTEN, path));
        }
        let to = match (partition_by, path.strip_prefix(&folders[0])) {
            (PartitionBy::Dataset, Some(rest)) => format!("{}{rest}", folders[1]),
            _ => path.clone(),
        };
        if to != *path {
            commit.add.insert(to.clone(), path.clone());
        }
        let entry = PartEntry {
            rows: entry.rows,
            settings: entry.settings.clone(),
            dataset: looked.dataset.clone(),
            text: looked.text.clone(),
        };
        commit.next.parts.insert(to, entry);
    }
    for entry in root.join("runs").read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        commit.add.insert(format!("{RUNS}/{name}"), format!("runs/{name}"));
    }
    commit.next.settings = old.settings;
    commit.next.files = old
        .files
        .into_iter()
        .map(|(hash, file)| (hash, known_file(file)))
        .collect();
    commit.next.datasets = datasets;
    if root.join(REWRITTEN).is_dir() {
        disk::sync_folder(&root.join(REWRITTEN))?;
    }
    let rules: Vec<String> = commit
        .next
        .datasets
        .iter()
        .map(|(name, dataset)| format!("`{name}` by {}", dataset.id))
        .collect();
    commit.begin(root)?;
    Ok(Some(format!(
        "the lake was brought to manifest 2; rows are recognised: {}",
        rules.join(", ")
    )))
}

/// Refuses datasets whose rows were recognised by a column that is not their own id.
pub(super) fn refuse_unsound(root: &Path, datasets: &BTreeMap<String, Dataset>) -> Result<()> {
    let unsound = datasets
        .iter()
        .filter(|(_, dataset)| matches!(dataset.id, IdRule::Unsound { .. }));
    let told: Vec<String> = unsound
        .map(|(name, dataset)| format!("`{name}` by {}", dataset.id))
        .collect();
    match told.is_empty() {
        true => Ok(()),
        false => Err(Error::LakeForeignId {
            path: root.to_owned(),
            datasets: told.join(", "),
        }),
    }
}

fn known_file(file: v1::KnownFile) -> KnownFile {
    KnownFile {
        name: file.name,
        dataset: file.source,
        settings: file.settings,
        rows: file.rows,
        rejected: file.rejected,
    }
}

/// Asks a part how its rows were recognised.
fn look(root: &Path, lake: &v1::Manifest, path: &str, entry: &v1::PartEntry) -> Result<Looked> {
    let at = root.join(path);
    let [id, file] = ["id", "source"].map(|name| format!("{}{name}", lake.prefix));
    let names = part::column_names(&at)?;
    let original: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .take_while(|name| *name != file)
        .collect();
    let reading = lake
        .settings
        .get(&entry.settings)
        .and_then(|settings| settings.get("undertone.run"));
    let reading: serde_json::Value = reading
        .and_then(|run| serde_json::from_str(run).ok())
        .unwrap_or_default();
    let reading = &reading["reading"];
    let asked = reading["id"].as_str();
    let text = reading["text"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned));
    let of_preset = source::preset_id(&original, &SourceOptions::default());

    // The likeliest first: what the user said, the preset's, the record's own, anybody's.
    let mut candidates: Vec<(IdRule, &str)> = Vec::new();
    let column = |name: &str, told| IdRule::Column {
        column: name.to_owned(),
        told,
    };
    candidates.extend(asked.map(|name| (column(name, ToldBy::Option), name)));
    candidates.extend(of_preset.as_deref().map(|name| (column(name, ToldBy::Preset), name)));
    let mut own: Vec<_> = original
        .iter()
        .filter_map(|name| source::own_id_rank(name).map(|rank| (rank, *name)))
        .collect();
    own.sort();
    candidates.extend(own.into_iter().map(|(_, name)| (column(name, ToldBy::Name), name)));
    let foreign = original
        .iter()
        .filter(|name| source::ends_like_id(name) && source::own_id_rank(name).is_none());
    candidates.extend(foreign.map(|name| {
        let column = Some((*name).to_owned());
        (IdRule::Unsound { column }, *name)
    }));

    let wanted = |name: &str| {
        name == id
            || name == file
            || candidates
                .iter()
                .any(|(_, column)| *column == name || column.split('.').next() == Some(name))
    };
    let frame = part::read_where(&at, wanted)?;
    let cells = |name: &str| -> Result<Vec<String>> {
        let cells = source::cells(&frame, name)?.into_iter();
        Ok(cells.map(|cell| cell.unwrap_or_default().trim().to_owned()).collect())
    };
    let ids = cells(&id)?;
    let hashed = |id: &String| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut found = None;
    for (rule, name) in &candidates {
        if !source::has_column(&frame, name) {
            continue;
        }
        let cells = cells(name)?;
        // An empty cell is no id, and one that holds an e-mail address may have been hashed.
        let fits = cells.iter().zip(&ids).all(|(cell, id)| cell == id || hashed(id));
        if fits && cells.iter().zip(&ids).any(|(cell, id)| cell == id) {
            found = Some((rule.clone(), cells.iter().map(String::is_empty).collect()));
            break;
        }
    }
    let (rule, by_content) = found.unwrap_or_else(|| match ids.iter().all(hashed) {
        true => (IdRule::Content, vec![true; ids.len()]),
        false => (IdRule::Unsound { column: None }, vec![false; ids.len()]),
    });
    Ok(Looked {
        dataset: dataset(root, lake, path, &cells(&file)?, &ids)?,
        rule,
        by_content,
        text: text.collect(),
    })
}

/// The dataset of a part: that of its file, or, where files of one name were given to several datasets, the one whose name is in its keys.
fn dataset(root: &Path, lake: &v1::Manifest, path: &str, files: &[String], ids: &[String]) -> Result<String> {
    let (Some(file), Some(id)) = (files.first(), ids.first()) else {
        return Ok(String::new());
    };
    let of_file: BTreeSet<&str> = lake
        .files
        .values()
        .filter(|known| known.name == *file)
        .map(|known| known.source.as_str())
        .collect();
    if let (Some(only), 1) = (of_file.first(), of_file.len()) {
        return Ok((*only).to_owned());
    }
    let list = known::read_list(&root.join(list_name(LISTS, path)))?;
    let all: BTreeSet<&str> = lake.files.values().map(|known| known.source.as_str()).collect();
    let has_key = |name: &&&str| {
        list.first()
            .is_some_and(|(key, _)| *key == identity::key(name, Some(id), 0))
    };
    let found = all.iter().find(has_key).or_else(|| of_file.first());
    Ok(found.map_or_else(|| super::inbox::dataset_name(file), |name| (*name).to_owned()))
}
