//! The files that have arrived: every readable file once, in the order of its path, with a hash of its content and the name of its dataset. In folders,
//! hidden files, unfinished copies (`.part`, `.tmp`, ...) and files of other kinds are left out and told. Standard input is refused: it could not be
//! recognised the next night.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};
use crate::source;

/// Extensions of files that are read; each also with a suffix of [`PACKED`].
const READ: [&str; 9] = [
    ".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx",
];
/// Extensions of compressed files.
const PACKED: [&str; 3] = [".gz", ".zst", ".zstd"];
/// Extensions of files that are still being written.
const UNFINISHED: [&str; 6] = [".part", ".partial", ".filepart", ".crdownload", ".tmp", ".swp"];

/// One file of the inbox.
#[derive(Debug, Clone)]
pub(super) struct InboxFile {
    /// As the program was told of it, or found it.
    pub(super) path: PathBuf,
    /// The dataset it belongs to: see [`dataset_name`].
    pub(super) dataset: String,
    /// 32 hexadecimal digits of xxh3-128 over its bytes, and its size.
    pub(super) hash: String,
    stamp: (u64, Option<SystemTime>),
}

impl InboxFile {
    /// The file as text.
    pub(super) fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// Checks that the file still has the content that was hashed.
    ///
    /// # Errors
    /// [`Error::Changed`] when it was written to meanwhile.
    pub(super) fn unchanged(&self) -> Result<()> {
        match self.path.metadata() {
            Ok(now) if stamp(&now) == self.stamp => Ok(()),
            _ => Err(Error::Changed { file: self.name() }),
        }
    }
}

fn stamp(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

/// Finds and hashes the files; `notes` lists what is skipped. Files below `lake` are skipped.
///
/// # Errors
/// When a path that was named is missing or cannot be read, a glob matches nothing, or the input is `-`.
pub(super) fn files(
    given: &[String],
    dataset: Option<&str>,
    lake: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<InboxFile>> {
    let lake = lake.canonicalize().ok();
    // Sorted by path, each path with the part of it that names its dataset.
    let mut found: BTreeSet<(PathBuf, String)> = BTreeSet::new();
    for given in given {
        if given == "-" {
            return Err(Error::LakeFromPipe);
        }
        for path in source::expand(given)? {
            if path.is_dir() {
                walk(&path, &path, lake.as_deref(), &mut found, notes)?;
            } else {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                found.insert((path, name.unwrap_or_default()));
            }
        }
    }
    let hashed = found.into_par_iter().map(|(path, name)| {
        let dataset = dataset.map_or_else(|| dataset_name(&name), str::to_owned);
        let (hash, stamp) = hash(&path).map_err(|failure| source::refused(&path, failure))?;
        Ok(InboxFile {
            path,
            dataset,
            hash,
            stamp,
        })
    });
    let mut files: Vec<InboxFile> = hashed.collect::<Result<_>>()?;
    // The same bytes twice, under two names or by two ways to one file, are read once.
    let mut seen = BTreeSet::new();
    files.retain(|file| {
        let new = seen.insert(file.hash.clone());
        if !new {
            notes.push(format!("{}: the same bytes as another file, read once", file.name()));
        }
        new
    });
    Ok(files)
}

fn walk(
    root: &Path,
    folder: &Path,
    lake: Option<&Path>,
    found: &mut BTreeSet<(PathBuf, String)>,
    notes: &mut Vec<String>,
) -> Result<()> {
    if lake.is_some() && folder.canonicalize().ok().as_deref() == lake {
        return Ok(());
    }
    let failed = |source| Error::io("read the folder", folder, source);
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    for path in paths {
        let lower = path
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        if lower.starts_with('.') {
            continue;
        }
        // A link to a parent folder would loop forever.
        if path.is_dir() {
            if !path.is_symlink() {
                walk(root, &path, lake, found, notes)?;
            }
        } else if UNFINISHED.iter().any(|end| lower.ends_with(end)) {
            notes.push(format!("{}: left out, it looks unfinished", path.display()));
        } else if READ.iter().any(|end| unpacked(&lower).ends_with(end)) {
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.insert((path, below));
        } else {
            notes.push(format!("{}: left out, not a kind of file that is read", path.display()));
        }
    }
    Ok(())
}

fn unpacked(name: &str) -> &str {
    PACKED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn hash(path: &Path) -> io::Result<(String, (u64, Option<SystemTime>))> {
    let mut file = File::open(path)?;
    let stamp = stamp(&file.metadata()?);
    let (mut hasher, mut buffer, mut size) = (Xxh3::new(), vec![0; 1 << 17], 0);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                size += n;
            }
            Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(source),
        }
    }
    Ok((format!("{:032x}-{size}", hasher.digest128()), stamp))
}

/// The dataset a file belongs to: its path below the inbox in lower case, without extensions and without dates and other numbers, so that
/// `tickets-2026-11-24.csv` and `2026-11-25/Tickets (1).csv.gz` are both `tickets`. Ids are told apart by it: ticket 17 is not survey answer 17.
pub(super) fn dataset_name(path: &str) -> String {
    let lower = path.to_lowercase();
    let stem = unpacked(&lower);
    let stem = READ.iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
    let words = stem.split(|c: char| !c.is_alphanumeric()).filter_map(|word| {
        let word = word.trim_end_matches(char::is_numeric);
        // A word that begins with a digit is a date, a time or a count: 2026, 24t03, 3rd.
        (!word.is_empty() && !word.starts_with(char::is_numeric)).then_some(word)
    });
    let words: Vec<&str> = words.collect();
    if words.is_empty() {
        "export".to_owned()
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_keep_their_name_from_night_to_night() {
        for (path, want) in [
            ("tickets-2026-11-24.csv", "tickets"),
            ("2026-11-25/Tickets (1).csv.gz", "tickets"),
            ("tickets_20261124T031500Z.jsonl.zst", "tickets"),
            ("survey_a/responses.xlsx", "survey-a-responses"),
            ("survey_b/responses.xlsx", "survey-b-responses"),
            ("night1.csv", "night"),
            ("Відгуки 24.11.csv", "відгуки"),
            ("2026-11-24.csv", "export"),
            ("../../x.csv", "x"),
        ] {
            assert_eq!(dataset_name(path), want, "{path}");
        }
    }

    #[test]
    fn a_folder_gives_its_readable_files_once_and_says_what_it_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        put("b.csv", "b");
        put("deep/a.jsonl.gz", "a");
        put("deep/copy-of-a.jsonl.gz", "a");
        put(".hidden.csv", "h");
        put("upload.csv.part", "u");
        put("photo.png", "p");
        put("lake/ut_day=x/part-1.parquet", "l");
        let mut notes = Vec::new();
        let given = [
            dir.path().to_string_lossy().into_owned(),
            dir.path().join("b.csv").to_string_lossy().into_owned(),
        ];
        let found = files(&given, None, &dir.path().join("lake"), &mut notes).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|a| a.path.strip_prefix(dir.path()).unwrap().to_string_lossy())
            .collect();
        assert_eq!(names, ["b.csv", "deep/a.jsonl.gz"]);
        assert_eq!(found[1].dataset, "deep-a");
        let told: Vec<_> = notes.iter().map(|note| note.rsplit_once('/').unwrap().1).collect();
        assert_eq!(
            told,
            [
                "photo.png: left out, not a kind of file that is read",
                "upload.csv.part: left out, it looks unfinished",
                "copy-of-a.jsonl.gz: the same bytes as another file, read once",
            ]
        );
        std::fs::write(&found[0].path, "changed").unwrap();
        assert!(found[0].unchanged().is_err() && found[1].unchanged().is_ok());
    }
}
