//! One run: reads what is new in the inbox, tags it, and publishes it in the lake.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;

use super::guard::{self, Sketch};
use super::identity::{self, IdRule};
use super::inbox::{self, InboxFile};
use super::known::Key;
use super::manifest::{self, Manifest, RUNS, Settings};
use super::stage::{Group, Scope, Stage};
use super::{BATCH_ROWS, Options, Outcome, PIECE_BYTES, PIECE_ROWS, PartitionBy, Repair, Report};
use super::{commit, migrate, part, rekey, retag};
use crate::error::{Error, Result};
use crate::find::Topics;
use crate::model::Engine;
use crate::progress::Progress;
use crate::run::{self, Job};
use crate::source::{self, Batch, Source};
use crate::survey::{Survey, survey};
use crate::tag::Tagger;

/// The whole run, on one screen.
pub(super) fn run(
    job: &Job,
    options: &Options,
    engine: &dyn Engine,
    progress: &Progress,
    report: &mut Report,
) -> Result<()> {
    let root = job.output.as_path();
    if commit::recover(root)? {
        report.note(
            progress,
            "finished the publication of a run that was interrupted".to_owned(),
        );
    }
    if let Some(note) = migrate::migrate(root, options)? {
        report.note(progress, note);
    }
    let mut base = open_lake(root, job, options)?;
    if options.repair != Some(Repair::Rekey) {
        migrate::refuse_unsound(root, &base.datasets)?;
    }
    let topics = Topics::of_lake(job, engine, progress)?;
    let settings = settings(job, options, engine, &topics)?;
    report.changed_model(&base, &settings, options.fail_on_model_change, progress)?;

    let mut notes = Vec::new();
    let files = inbox::files(&job.inputs, options.dataset.as_deref(), root, &mut notes)?;
    notes.into_iter().for_each(|note| report.note(progress, note));
    refuse_other_rule(root, job, options, &base, &files)?;
    if options.repair == Some(Repair::Rekey) {
        let (rekeyed, told) = rekey::rekey(root, &base, job, options, &files)?;
        base = rekeyed;
        told.into_iter().for_each(|note| report.note(progress, note));
    }
    let key = manifest::key(&settings);
    let known = |file: &InboxFile| base.files.get(&file.hash).is_some_and(|known| known.settings == key);
    let (known, work): (Vec<_>, Vec<_>) = files.into_iter().partition(known);
    report.files(known.len(), work.len());

    let partition_by = base.partition_by;
    let scope = match options.repair {
        _ if options.dry_run => Scope::DryRun,
        Some(Repair::Retag) => Scope::OwnRows,
        _ => Scope::Inbox,
    };
    let mut stage = Stage::open(root, base, settings, &work, scope)?;
    report.resumed(stage.files());
    let run = SyncRun {
        job,
        engine,
        topics: &topics,
        progress,
        partition_by,
        dry_run: options.dry_run,
    };
    for file in &work[stage.files().len()..] {
        let before = report.clone();
        stage.begin_file();
        match run.read(file, &mut stage, report)? {
            Ok((rows, rejected)) if !options.dry_run => stage.finish_file(file, rows, rejected)?,
            Ok(_) => stage.keep_known(&file.dataset),
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
    report.datasets(&stage.base, stage.new_datasets());
    let replaced = guard::judge(root, &mut stage, &job.columns.prefix)?;
    if options.dry_run {
        if let (Some(error), false) = (replaced, options.replace) {
            report.note(progress, job.privacy.told(&error.to_string()).into_owned());
        }
        report.close(progress, &stage.base, &key, Outcome::DryRun);
        return report.judge_rejects(job.max_rejects);
    }
    stage.collect_rejects(&root.join(RUNS).join(format!("{}.rejects.jsonl", report.name(root)?)))?;
    report.judge_rejects(job.max_rejects)?;
    match replaced {
        Some(error) if !options.replace => return Err(error),
        _ => {}
    }
    if options.repair == Some(Repair::Retag) {
        retag::retag(&run, &mut stage, report)?;
    }
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

/// Refuses ids in a column where the lake recognises the rows of a dataset otherwise.
fn refuse_other_rule(root: &Path, job: &Job, options: &Options, base: &Manifest, files: &[InboxFile]) -> Result<()> {
    let (Some(asked), None | Some(Repair::Retag)) = (&job.source.id, options.repair) else {
        return Ok(());
    };
    let same = |column: &str| column.trim().to_lowercase() == asked.trim().to_lowercase();
    let other = files.iter().find_map(|file| {
        let known = base.datasets.get(&file.dataset)?;
        (!known.id.column().is_some_and(same)).then_some((&file.dataset, &known.id))
    });
    match other {
        Some((dataset, rule)) => Err(Error::LakeIdDiffers {
            path: root.to_owned(),
            dataset: dataset.clone(),
            rule: rule.to_string(),
            asked: asked.clone(),
        }),
        None => Ok(()),
    }
}

/// What the answers depend on, apart from the rows themselves.
fn settings(job: &Job, options: &Options, engine: &dyn Engine, topics: &Topics) -> Result<Settings> {
    let mut settings: Settings = run::footer(job, engine, topics)?.into_iter().collect();
    settings.remove("undertone.version");
    // How rows are recognised is the manifest's matter, and no answer depends on it.
    let reading = source::SourceOptions {
        id: None,
        ..job.source.clone()
    };
    let run = serde_json::json!({
        "columns": job.columns, "privacy": job.privacy, "dataset": options.dataset, "reading": reading,
        "layers": engine.card().layers,
    });
    settings.insert("undertone.run".to_owned(), run.to_string());
    Ok(settings)
}

/// What stays the same from file to file.
pub(super) struct SyncRun<'a> {
    pub(super) job: &'a Job,
    pub(super) engine: &'a dyn Engine,
    pub(super) topics: &'a Topics,
    pub(super) progress: &'a Progress,
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
    /// The columns of its comments.
    text: Arc<[String]>,
    /// What tags it, made for its first row that is not known.
    tagger: Option<Tagger<'a>>,
    groups: BTreeMap<String, Group>,
}

impl<'a> SyncRun<'a> {
    /// Reads one file and stages what is new in it; answers its rows and rejects. The outer error stops the run, the inner one only this file.
    fn read(&self, file: &InboxFile, stage: &mut Stage, report: &mut Report) -> Result<Result<(u64, u64)>> {
        let mut source = match self.open(file, stage) {
            Ok(source) => source,
            Err(failure) => return Ok(Err(failure)),
        };
        let rule = IdRule::of(&source, self.job.source.id.is_some());
        for note in source.notes() {
            let told = self.job.privacy.told(note);
            self.progress.note(&told);
            report.summary.note(told.to_string());
        }
        let survey = match survey(&mut source, &mut report.summary.seconds) {
            Ok(survey) => survey,
            Err(failure) => return Ok(Err(failure)),
        };
        survey.tell(self.progress);
        report.summary.misread += survey.misread;
        if let Some(note) = survey.note() {
            report.summary.note(note);
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
            if !batch.rows.is_empty() && stage.id_rule(&file.dataset).is_none() {
                report.note(
                    self.progress,
                    format!("rows of `{}` are recognised by {rule}", file.dataset),
                );
                stage.settle_id(&file.dataset, rule.clone());
            }
            self.batch(file, &batch, &survey, &mut piece, stage, report)?;
            if piece.rows >= PIECE_ROWS || piece.bytes >= PIECE_BYTES {
                let next = Piece {
                    start: rows + rejected,
                    ..Piece::default()
                };
                self.stage(file, std::mem::replace(&mut piece, next), stage, report)?;
            }
            self.progress.advance(report.rows.read(), source.progress());
        }
        if let Err(failure) = file.unchanged() {
            return Ok(Err(failure));
        }
        self.stage(file, piece, stage, report)?;
        Ok(Ok((rows, rejected)))
    }

    /// Opens a file; its rows are recognised as those of its dataset are.
    fn open(&self, file: &InboxFile, stage: &Stage) -> Result<Source> {
        let options = source::SourceOptions {
            batch_rows: BATCH_ROWS,
            ..self.job.source.clone()
        };
        let mut source = source::open(&[file.name()], &options)?;
        self.job.columns.schema(source.schema())?;
        match stage.id_rule(&file.dataset) {
            Some(rule) if !source.identify_by(rule.column()) => Err(Error::LakeIdMissing {
                file: file.name(),
                dataset: file.dataset.clone(),
                column: rule.column().unwrap_or_default().to_owned(),
            }),
            _ => Ok(source),
        }
    }

    /// Tags the rows of a batch that are not known, and sorts them into folders.
    fn batch(
        &self,
        file: &InboxFile,
        batch: &Batch,
        survey: &Survey,
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
        for (n, (id, (content, _))) in batch.own_ids().into_iter().zip(contents).enumerate() {
            let key = stage.known.meet(identity::key(&file.dataset, id, content));
            match stage.known.get(key) {
                Some((old, part)) if old == content && stage.parts[part as usize].entry.settings == stage.key => {
                    report.rows.known += 1;
                    stage.count_known(part);
                    continue;
                }
                Some((old, _)) => {
                    report.rows.changed += 1;
                    if self.dry_run && old != content {
                        stage.pretended.insert(key, Sketch::of(batch.texts[n].as_deref()));
                    }
                }
                None => report.rows.new += 1,
            }
            wanted.push(n as IdxSize);
            rows.push((key, content));
        }
        piece.text = Arc::clone(&batch.text_columns);
        if self.dry_run {
            stage.pretend(&file.dataset, &rows);
        }
        if self.dry_run || wanted.is_empty() {
            return Ok(());
        }

        let tagger = match &mut piece.tagger {
            Some(tagger) => tagger,
            None => {
                let subjects = self.topics.subjects(self.engine)?;
                piece
                    .tagger
                    .insert(Tagger::new(self.engine).telling(subjects).given(&survey.languages))
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
            let folder = self.partition_by.folder(&self.job.columns.prefix, time, &file.dataset);
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

    fn stage(&self, file: &InboxFile, piece: Piece<'_>, stage: &mut Stage, report: &mut Report) -> Result<()> {
        let started = std::time::Instant::now();
        stage.stage_piece(file, piece.start, &piece.text, piece.groups)?;
        report.summary.seconds.write += started.elapsed().as_secs_f64();
        Ok(())
    }
}
