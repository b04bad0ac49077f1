//! How does a night's work come into the lake once, whole and only once? Input: files, globs and folders, and the lake as it is. Output: a dataset in
//! Hive's layout that any reader may open at any time, and a report. What is there already is skipped, what changed is replaced.
//!
//! ```text
//! LAKE/ut_day=2026-11-24/part-0f3a.parquet     what readers read: LAKE/ut_*/*.parquet
//! LAKE/runs/2026-11-25T02-00-00Z.json          one report a run; rejected records beside it
//! LAKE/.undertone/manifest.json                which parts, files and settings make up the lake
//! LAKE/.undertone/rows/part-0f3a.rows          keys and content hashes of a part's rows
//! LAKE/.undertone/staged, progress.json        work that is not published yet
//! LAKE/.undertone/commit.json                  a publication under way
//! LAKE/.undertone/lock                         held by the run that writes
//! ```
//!
//! **The walk.** Each new file is read in pieces of [`PIECE_ROWS`] rows. The rows of a piece that are not known under the present settings are tagged,
//! sorted into folders, and written as part files where no reader looks (`stage`). When all files are done the parts are published (`commit`): the
//! plan is written down, then files are renamed, replaced ones first, then removed, then added. A killed run is thus found either before its plan
//! (the lake is as it was, and the next run goes on behind the last whole piece) or after it (the next run carries the plan to its end).
//! Readers that look during a publication, or after one that was killed, may miss rows that are being replaced; they never meet a row twice.
//!
//! **Same bytes.** A piece depends on its file, the settings and which rows were known, nothing else: not on the clock, on threads, on `--batch-rows`,
//! or on whether the run was killed on the way. That is why duplicates are linked within a piece only, and why pieces begin at fixed rows.
//!
//! **Which row is it?** The key of a row is its export, its id, and, where a file has several rows of one id, their order in the file. The export is the
//! file's name without dates and numbers (`inbox`), or `--source`. A row with a known key and another content replaces the old one.
//!
//! **Memory** is 32 bytes for each row of the lake (`known`), and one piece.

mod commit;
mod disk;
mod inbox;
mod known;
mod manifest;
mod part;
mod partition;
mod report;
mod stage;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::Path;

use polars::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use self::inbox::Arrival;
use self::known::Key;
use self::manifest::{Manifest, OWN, Settings};
pub use self::partition::{DEFAULT_PARTITION, PartitionBy};
pub use self::report::{Failure, Outcome, Report};
use self::stage::{Group, Stage};
use crate::error::{Error, Result};
use crate::find::Topics;
use crate::model::Engine;
use crate::progress::Progress;
use crate::run::{self, Job};
use crate::source::{self, Batch, Source};
use crate::tag::Tagger;

/// Rows of a file that are tagged and stored together.
pub const PIECE_ROWS: u64 = 65_536;
/// A batch ends early when its cells take this many bytes.
const PIECE_BYTES: usize = 64 << 20;
/// Rows read at a time: a divisor of [`PIECE_ROWS`], independent of user options, so that batches begin at the same rows in every run.
const BATCH_ROWS: usize = 4096;

/// Options of a lake, in addition to [`Job`].
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Layout of the folders; none: that of the existing lake.
    pub partition_by: Option<PartitionBy>,
    /// The export of all files; none: told by their names.
    pub source: Option<String>,
    /// Wait for another run on the same lake instead of giving up.
    pub wait: bool,
    /// Only report what would change.
    pub dry_run: bool,
    /// Fail when the lake was tagged with another model or other themes.
    pub fail_on_model_change: bool,
}

/// Whether there is a lake at `path`.
pub fn is_lake(path: &Path) -> bool {
    Manifest::path(path).exists() || path.join(OWN).is_dir()
}

/// Brings the job's inputs into the lake at `job.output`, and writes a report there, whatever the outcome.
///
/// # Errors
/// Whatever keeps the work from being published; the lake is then as it was, unless the error is [`Error::LakeHalfway`].
pub fn tag(job: &Job, options: &Options, engine: &dyn Engine, progress: &Progress) -> Result<Report> {
    let root = job.output.as_path();
    let mut report = Report::new(engine);
    if options.dry_run && !is_lake(root) {
        return night(job, options, engine, progress, &mut report).map(|()| report);
    }
    if options.partition_by.is_none() && !is_lake(root) {
        return Err(Error::LakeIsNew { path: root.to_owned() });
    }
    disk::make_folder(&root.join(OWN))?;
    let _lock = lock(root, options.wait, progress)?;
    let outcome = night(job, options, engine, progress, &mut report);
    if options.dry_run {
        return outcome.map(|()| report);
    }
    match outcome {
        Ok(()) => report.write(root).map(|()| report),
        Err(error) => {
            report.fail(job.privacy.told(&error.to_string()).into_owned());
            // The original error matters more than a report that cannot be written, for example to a full disk.
            let _ = report.write(root);
            Err(error)
        }
    }
}

/// Locks the lake until the returned file is dropped; the system releases the lock when the process ends.
fn lock(root: &Path, wait: bool, progress: &Progress) -> Result<File> {
    let path = root.join(OWN).join("lock");
    let failed = |source| Error::io("lock", &path, source);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) if wait => {
            progress.note("another run is writing this lake: waiting for it");
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::WouldBlock) => return Err(Error::LakeBusy { path: root.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    Ok(file)
}

/// The whole night, on one screen.
fn night(job: &Job, options: &Options, engine: &dyn Engine, progress: &Progress, report: &mut Report) -> Result<()> {
    let root = job.output.as_path();
    if commit::recover(root)? {
        report.note(
            progress,
            "finished the publication of a run that was interrupted".to_owned(),
        );
    }
    let base = open_lake(root, job, options)?;
    let topics = Topics::of_lake(job, engine, progress)?;
    let settings = settings(job, options, engine, &topics)?;
    report.changed_model(&base, &settings, options.fail_on_model_change, progress)?;

    let mut notes = Vec::new();
    let arrivals = inbox::arrivals(&job.inputs, options.source.as_deref(), root, &mut notes)?;
    notes.into_iter().for_each(|note| report.note(progress, note));
    let key = manifest::key(&settings);
    let known = |file: &Arrival| base.files.get(&file.hash).is_some_and(|known| known.settings == key);
    let (known, work): (Vec<_>, Vec<_>) = arrivals.into_iter().partition(known);
    report.files(known.len(), work.len());

    let partition_by = base.partition_by;
    let mut stage = Stage::open(root, base, settings, &work, options.dry_run)?;
    report.resumed(stage.files());
    let night = Night {
        job,
        engine,
        topics: &topics,
        progress,
        partition_by,
        dry_run: options.dry_run,
    };
    for file in &work[stage.files().len()..] {
        let before = report.clone();
        stage.known.begin_file();
        match night.read(file, &mut stage, report)? {
            Ok((rows, rejected)) if !options.dry_run => stage.finish_file(file, rows, rejected)?,
            Ok(_) => {}
            Err(failure) => {
                *report = before;
                stage.drop_file()?;
                let reason = job.privacy.told(&failure.to_string()).into_owned();
                report.failed(progress, file, reason);
                if report.nothing_worked() {
                    return Err(failure);
                }
            }
        }
    }
    if options.dry_run {
        report.close(progress, &stage.base, &key, Outcome::DryRun);
        return report.judge_rejects(job.max_rejects);
    }
    stage.collect_rejects(&root.join("runs").join(format!("{}.rejects.jsonl", report.name(root)?)))?;
    report.judge_rejects(job.max_rejects)?;
    let outcome = if stage.is_empty() {
        Outcome::NothingNew
    } else {
        Outcome::Published
    };
    let lake = if stage.is_empty() {
        stage.base
    } else {
        commit::publish(root, &mut stage)?
    };
    report.close(progress, &lake, &key, outcome);
    progress.done();
    Ok(())
}

/// The lake's manifest, or that of a new lake.
fn open_lake(root: &Path, job: &Job, options: &Options) -> Result<Manifest> {
    let prefix = &job.columns.prefix;
    let Some(manifest) = Manifest::read(root)? else {
        let by = options
            .partition_by
            .ok_or_else(|| Error::LakeIsNew { path: root.to_owned() })?;
        return Ok(Manifest::new(by, prefix));
    };
    let differs = |option, lake: &str, asked: &str| {
        let (path, lake, asked) = (root.to_owned(), lake.to_owned(), asked.to_owned());
        Error::LakeDiffers {
            path,
            option,
            lake,
            asked,
        }
    };
    match options.partition_by {
        Some(by) if by != manifest.partition_by => {
            Err(differs("--partition-by", manifest.partition_by.name(), by.name()))
        }
        _ if manifest.prefix != *prefix => Err(differs("--prefix", &manifest.prefix, prefix)),
        _ => Ok(manifest),
    }
}

/// What the answers depend on, apart from the rows themselves.
fn settings(job: &Job, options: &Options, engine: &dyn Engine, topics: &Topics) -> Result<Settings> {
    let mut settings: Settings = run::footer(job, engine, topics)?.into_iter().collect();
    settings.remove("undertone.version");
    let run = serde_json::json!({
        "columns": job.columns, "privacy": job.privacy, "source": options.source, "reading": job.source,
        "layers": engine.card().layers,
    });
    settings.insert("undertone.run".to_owned(), run.to_string());
    Ok(settings)
}

/// What stays the same from file to file.
struct Night<'a> {
    job: &'a Job,
    engine: &'a dyn Engine,
    topics: &'a Topics,
    progress: &'a Progress,
    partition_by: PartitionBy,
    dry_run: bool,
}

/// One piece of a file on its way to the stage.
#[derive(Default)]
struct Piece<'a> {
    /// Number of its first record in the file.
    start: u64,
    rows: u64,
    bytes: usize,
    /// What tags it, made for its first row that is not known.
    tagger: Option<Tagger<'a>>,
    groups: BTreeMap<String, Group>,
}

impl<'a> Night<'a> {
    /// Reads one file and stages what is new in it; answers its rows and rejects. The outer error stops the run, the inner one only this file.
    fn read(&self, file: &Arrival, stage: &mut Stage, report: &mut Report) -> Result<Result<(u64, u64)>> {
        let mut source = match self.open(file) {
            Ok(source) => source,
            Err(failure) => return Ok(Err(failure)),
        };
        for note in source.notes() {
            let told = self.job.privacy.told(note);
            self.progress.note(&told);
            report.summary.note(told.to_string());
        }
        let (mut piece, mut rows, mut rejected) = (Piece::default(), 0, 0);
        loop {
            let started = std::time::Instant::now();
            let mut batch = match source.next().transpose() {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(failure) => return Ok(Err(failure)),
            };
            report.summary.seconds.read += started.elapsed().as_secs_f64();
            self.job.privacy.hide(&mut batch);
            rows += batch.rows.len() as u64;
            rejected += batch.rejects.len() as u64;
            report.rows.rejected += batch.rejects.len() as u64;
            if !self.dry_run {
                stage.reject(file, &batch.rejects)?;
            }
            self.batch(file, &batch, &mut piece, stage, report)?;
            if piece.rows >= PIECE_ROWS || piece.bytes >= PIECE_BYTES {
                let next = Piece {
                    start: rows + rejected,
                    ..Piece::default()
                };
                self.shelve(file, std::mem::replace(&mut piece, next), stage, report)?;
            }
            self.progress.advance(report.rows.read(), source.progress());
        }
        if let Err(failure) = file.unchanged() {
            return Ok(Err(failure));
        }
        self.shelve(file, piece, stage, report)?;
        Ok(Ok((rows, rejected)))
    }

    fn open(&self, file: &Arrival) -> Result<Source> {
        let options = source::SourceOptions {
            batch_rows: BATCH_ROWS,
            ..self.job.source.clone()
        };
        let source = source::open(&[file.name()], &options)?;
        self.job.columns.schema(source.schema())?;
        Ok(source)
    }

    /// Tags the rows of a batch that are not known, and sorts them into folders.
    fn batch(
        &self,
        file: &Arrival,
        batch: &Batch,
        piece: &mut Piece<'a>,
        stage: &mut Stage,
        report: &mut Report,
    ) -> Result<()> {
        let original = part::as_text(&batch.columns)?;
        let contents = part::contents(&original)?;
        piece.rows += (batch.rows.len() + batch.rejects.len()) as u64;
        piece.bytes += contents.iter().map(|(_, bytes)| bytes).sum::<usize>();

        let mut wanted: Vec<IdxSize> = Vec::new();
        let mut rows: Vec<(Key, u64)> = Vec::new();
        for (n, (id, (content, _))) in batch.ids().iter().zip(contents).enumerate() {
            let key = stage.known.meet(xxh3_128(format!("{}\0{id}", file.source).as_bytes()));
            match stage.known.get(key) {
                Some((old, part)) if old == content && stage.parts[part as usize].settings == stage.key => {
                    report.rows.known += 1;
                    continue;
                }
                Some(_) => report.rows.changed += 1,
                None => report.rows.new += 1,
            }
            wanted.push(n as IdxSize);
            rows.push((key, content));
        }
        if self.dry_run {
            stage.pretend(&rows);
        }
        if self.dry_run || wanted.is_empty() {
            return Ok(());
        }

        let tagger = match &mut piece.tagger {
            Some(tagger) => tagger,
            None => {
                let subjects = self.topics.subjects(self.engine)?;
                piece.tagger.insert(Tagger::new(self.engine).telling(subjects))
            }
        };
        let batch = batch.take(&wanted)?;
        let ours = run::answer(&batch, tagger, self.job, &mut report.summary)?;
        let started = std::time::Instant::now();
        let frame = original.take(&IdxCa::from_slice(PlSmallStr::EMPTY, &wanted))?;
        let mut frame = self.job.privacy.without(frame, &batch.text_columns);
        frame.hstack_mut(ours.columns())?;

        let mut folders: BTreeMap<String, Vec<IdxSize>> = BTreeMap::new();
        for (n, time) in batch.times().into_iter().enumerate() {
            let folder = self.partition_by.folder(&self.job.columns.prefix, time, &file.source);
            folders.entry(folder).or_default().push(n as IdxSize);
        }
        for (folder, own) in folders {
            let part = frame.take(&IdxCa::from_slice(PlSmallStr::EMPTY, &own))?;
            let group = piece.groups.entry(folder).or_default();
            group.rows.extend(own.iter().map(|&n| rows[n as usize]));
            if group.frame.width() == 0 {
                group.frame = part;
            } else {
                group.frame.vstack_mut_owned(part)?;
            }
        }
        report.summary.seconds.write += started.elapsed().as_secs_f64();
        Ok(())
    }

    fn shelve(&self, file: &Arrival, piece: Piece<'_>, stage: &mut Stage, report: &mut Report) -> Result<()> {
        let started = std::time::Instant::now();
        stage.shelve(file, piece.start, piece.groups)?;
        report.summary.seconds.write += started.elapsed().as_secs_f64();
        Ok(())
    }
}
