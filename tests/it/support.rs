//! Test helpers: run the program, and read what it wrote.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use polars::prelude::*;
use tempfile::TempDir;

/// The sample comments.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/samples/feedback.csv")
}

/// A temporary folder of one test.
pub(crate) struct Room {
    folder: TempDir,
}

/// Result of a run of the program.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder and returns its path.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// The program as a command in this folder.
    pub(crate) fn undertone(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("undertone"));
        command
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs the program with arguments separated by spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        let output = self
            .undertone()
            .args(arguments.split_whitespace())
            .output()
            .expect("the program starts");
        Ended {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The table that a run wrote.
    pub(crate) fn table(&self, name: &str) -> DataFrame {
        ParquetReader::new(File::open(self.path(name)).expect("an output file"))
            .finish()
            .expect("a Parquet file")
    }

    /// Names of all files in the folder, including hidden ones, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        self.files_in("")
    }

    /// Names of all files in a subfolder.
    pub(crate) fn files_in(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// A column as text, null as none.
pub(crate) fn texts(table: &DataFrame, name: &str) -> Vec<Option<String>> {
    let column = table
        .column(name)
        .expect("a column")
        .cast(&DataType::String)
        .expect("text");
    column
        .str()
        .expect("text")
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).expect("a copy")),
        }
    }
}
