//! The report of a run: `LAKE/_runs/<time>.json` for programs, a few lines for people, an exit code. This is
//! the one place of a lake that knows the clock.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anstyle::Style;
use chrono::DateTime;
use serde::Serialize;

use super::disk;
use super::identity::IdRule;
use super::inbox::InboxFile;
use super::manifest::{Dataset, KnownFile, Manifest, RUNS, Settings};
use crate::error::{Error, Result};
use crate::model::Engine;
use crate::progress::Progress;
use crate::sink::SCHEMA_VERSION;
use crate::summary::Summary;

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// New or changed rows were published.
    Published,
    /// All rows were already in the lake.
    NothingNew,
    /// A dry run; nothing was written.
    DryRun,
    /// Nothing was published.
    Failed,
}

/// A file that could not be read; the next run tries it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its path.
    pub file: String,
    /// Reason, and what to do.
    pub reason: String,
}

/// Counts of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Files in the inbox.
    pub found: u64,
    /// Skipped, because they were read before under the same settings.
    pub known: u64,
    /// Completed by an earlier run that was interrupted.
    pub resumed: u64,
    /// Could not be read.
    pub failed: Vec<Failure>,
}

/// Counts of rows in files that are not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Already in the lake.
    pub known: u64,
    /// New to the lake.
    pub new: u64,
    /// In the lake with another content or under other settings; their results are replaced.
    pub changed: u64,
    /// In files that an earlier run completed before it was interrupted.
    pub resumed: u64,
    /// Rows of the lake that were analysed anew, as asked.
    pub retagged: u64,
    /// Records that could not be read.
    pub rejected: u64,
}

impl Rows {
    /// Rows read by this run.
    pub const fn read(&self) -> u64 {
        self.known + self.new + self.changed
    }
}

/// Contents of the lake after the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// Rows.
    pub rows: u64,
    /// Rows with results of another model, other themes or other options.
    pub rows_of_other_settings: u64,
    /// Part files.
    pub parts: u64,
    /// Files read to the end.
    pub files: u64,
}

/// The report of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of the program.
    pub undertone: &'static str,
    /// Version of the output schema.
    pub schema: u32,
    /// Name and hash of the model.
    pub model: String,
    /// All settings that determine the results.
    pub settings: Settings,
    /// Start time, UTC.
    pub started: String,
    /// Wall-clock time of the whole run.
    pub seconds: f64,
    /// Rows read from new files per second of the whole run.
    pub rows_per_second: f64,
    /// Result of the run.
    pub outcome: Outcome,
    /// Reason of a failure.
    pub error: Option<String>,
    /// Files.
    pub files: Files,
    /// Rows.
    pub rows: Rows,
    /// Contents of the lake after the run.
    pub lake: Contents,
    /// How the rows of each dataset are recognised.
    pub datasets: BTreeMap<String, IdRule>,
    /// What is worth knowing.
    pub warnings: Vec<String>,
    /// Statistics of the rows that this run tagged: counts by status and reason, sentiment by language.
    pub summary: Summary,
    #[serde(skip)]
    begun: Instant,
}

impl Report {
    pub(super) fn new(engine: &dyn Engine) -> Self {
        Self {
            undertone: env!("CARGO_PKG_VERSION"),
            schema: SCHEMA_VERSION,
            model: format!("{} {}", engine.card().id, engine.fingerprint()),
            settings: Settings::new(),
            started: now(),
            seconds: 0.0,
            rows_per_second: 0.0,
            outcome: Outcome::Failed,
            error: None,
            files: Files::default(),
            rows: Rows::default(),
            lake: Contents::default(),
            datasets: BTreeMap::new(),
            warnings: Vec::new(),
            summary: Summary::default(),
            begun: Instant::now(),
        }
    }

    /// 0 when every row is in the lake, 1 when files or records could not be read or rows failed.
    pub const fn exit_code(&self) -> u8 {
        if self.rows.rejected > 0 || self.summary.failed > 0 || !self.files.failed.is_empty() {
            1
        } else {
            0
        }
    }

    /// Prints a note and keeps it for the report.
    pub(super) fn note(&mut self, progress: &Progress, text: String) {
        progress.note(&text);
        self.warnings.push(text);
    }

    /// Adds a note when the lake was tagged with another model.
    pub(super) fn changed_model(
        &mut self,
        lake: &Manifest,
        now: &Settings,
        refuse: bool,
        progress: &Progress,
    ) -> Result<()> {
        self.settings = now.clone();
        for name in ["undertone.schema", "undertone.model", "undertone.themes"] {
            let told = |settings: &Settings| settings.get(name).cloned().unwrap_or_else(|| "none".to_owned());
            let of_parts = lake.parts.values().filter_map(|part| lake.settings.get(&part.settings));
            let Some(was) = of_parts.map(told).find(|was| *was != told(now)) else {
                continue;
            };
            let what = name.trim_start_matches("undertone.");
            if refuse {
                return Err(Error::ModelChanged {
                    what,
                    was,
                    now: told(now),
                });
            }
            self.note(
                progress,
                format!(
                    "{what} changed from {was} to {}: what is in the inbox is tagged anew",
                    told(now)
                ),
            );
        }
        Ok(())
    }

    pub(super) fn files(&mut self, known: usize, work: usize) {
        (self.files.found, self.files.known) = ((known + work) as u64, known as u64);
    }

    /// Tells how the rows of each dataset are recognised.
    pub(super) fn datasets(&mut self, lake: &Manifest, new: &BTreeMap<String, Dataset>) {
        let all = lake.datasets.iter().chain(new);
        self.datasets = all.map(|(name, dataset)| (name.clone(), dataset.id.clone())).collect();
    }

    /// Counts what an interrupted run had done.
    pub(super) fn resumed(&mut self, files: &[(String, KnownFile)]) {
        self.files.resumed = files.len() as u64;
        self.rows.resumed = files.iter().map(|(_, file)| file.rows).sum();
        self.rows.rejected += files.iter().map(|(_, file)| file.rejected).sum::<u64>();
    }

    pub(super) fn failed(&mut self, progress: &Progress, file: &InboxFile, reason: String) {
        progress.note(&format!("left out: {reason}"));
        self.files.failed.push(Failure {
            file: file.name(),
            reason,
        });
    }

    /// Whether every file of the inbox failed.
    pub(super) fn nothing_worked(&self) -> bool {
        self.files.failed.len() as u64 == self.files.found
    }

    /// Fails when the share of rejected records exceeds `most`, 0..=1.
    pub(super) fn judge_rejects(&self, most: Option<f64>) -> Result<()> {
        crate::run::judge_rejects(self.rows.rejected, self.rows.read() + self.rows.resumed, most)
    }

    /// Completes the report at the end of a run.
    pub(super) fn close(&mut self, progress: &Progress, lake: &Manifest, key: &str, outcome: Outcome) {
        self.outcome = outcome;
        let of_others = lake.parts.values().filter(|part| part.settings != key);
        self.lake = Contents {
            rows: lake.parts.values().map(|part| part.rows).sum(),
            rows_of_other_settings: of_others.map(|part| part.rows).sum(),
            parts: lake.parts.len() as u64,
            files: lake.files.len() as u64,
        };
        if outcome != Outcome::DryRun && self.lake.rows_of_other_settings > 0 {
            let text = "rows keep answers of another model, other themes or other options, since their files are not in the inbox";
            self.note(progress, format!("{} {text}", self.lake.rows_of_other_settings));
        }
        self.seconds = self.begun.elapsed().as_secs_f64();
        self.rows_per_second = self.rows.read() as f64 / self.seconds.max(1e-9);
    }

    pub(super) fn fail(&mut self, error: String) {
        self.outcome = Outcome::Failed;
        self.error = Some(error);
        self.seconds = self.begun.elapsed().as_secs_f64();
    }

    /// File name of this run's report, without extension. A run that starts in the same second as another gets a number, after a character that sorts
    /// after the dot, so that names sort in the order of the runs.
    pub(super) fn name(&self, root: &Path) -> Result<String> {
        disk::make_folder(&root.join(RUNS))?;
        let names = (1u32..).map(|n| {
            if n == 1 {
                self.started.clone()
            } else {
                format!("{}_{n}", self.started)
            }
        });
        let taken = |name: &String| root.join(RUNS).join(format!("{name}.json")).exists();
        Ok(names.into_iter().find(|name| !taken(name)).unwrap_or_default())
    }

    pub(super) fn write(&self, root: &Path) -> Result<()> {
        disk::replace_json(&root.join(RUNS).join(format!("{}.json", self.name(root)?)), self)
    }
}

/// The current time in a notation that is also a file name: `2026-11-24T03-00-00Z`.
fn now() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let time = DateTime::from_timestamp(i64::try_from(seconds).unwrap_or(0), 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H-%M-%SZ").to_string()
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        let files = &self.files;
        write!(f, "{bold}{} files{bold:#}, {} known", files.found, files.known)?;
        for (count, what) in [
            (files.resumed, "done before the interruption"),
            (files.failed.len() as u64, "failed"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        let rows = &self.rows;
        write!(
            f,
            "\n{bold}{} rows read{bold:#}: {} known, {} new, {} changed",
            rows.read(),
            rows.known,
            rows.new,
            rows.changed
        )?;
        for (count, what) in [
            (rows.resumed, "done before the interruption"),
            (rows.retagged, "analysed anew"),
            (rows.rejected, "rejected"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        match self.outcome {
            Outcome::DryRun => writeln!(f, "\ndry run: nothing was written"),
            _ => writeln!(f, "\nthe lake has {} rows in {} parts", self.lake.rows, self.lake.parts),
        }?;
        if self.summary.rows > 0 {
            write!(f, "\n{}", self.summary)
        } else {
            Ok(())
        }
    }
}
