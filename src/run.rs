//! The main flow of `tag`, on one screen: reads a [`Job`]'s inputs, tags them and writes one file.

use std::path::PathBuf;
use std::time::Instant;

use polars::prelude::DataFrame;

use crate::error::{Error, Result};
use crate::find::{Choice, Topics};
use crate::model::Engine;
use crate::progress::Progress;
use crate::redact::Privacy;
use crate::sink::{Columns, Reserved, SCHEMA_VERSION, Sink};
use crate::source::{self, Batch, SourceOptions};
use crate::summary::Summary;
use crate::survey::survey;
use crate::tag::Tagger;

/// Inputs, output and options of a run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Paths, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// How to read them.
    pub source: SourceOptions,
    /// The output file; its extension selects the format.
    pub output: PathBuf,
    /// Which columns to add, and their prefix.
    pub columns: Columns,
    /// Source of the themes.
    pub themes: Choice,
    /// A custom taxonomy; none for the default one.
    pub taxonomy: Option<PathBuf>,
    /// Maximum share of records that may be rejected, 0..=1.
    pub max_rejects: Option<f64>,
    /// Privacy options.
    pub privacy: Privacy,
}

/// Reads every input row, tags it, and writes it beside its original columns. The output appears only when it is complete.
///
/// # Errors
/// Anything that prevents a complete output; then there is none.
pub fn tag(job: &Job, engine: &dyn Engine, progress: &Progress) -> Result<Summary> {
    let mut source = source::open(&job.inputs, &job.source)?;
    source.refuse_as_output(&job.output)?;
    let mut summary = Summary::default();
    for note in source.notes() {
        let told = job.privacy.told(note);
        progress.note(&told);
        summary.note(told.to_string());
    }
    let kept = job.privacy.kept(source.schema(), source.text_columns());
    let schema = job.columns.schema(&kept)?;
    // Reserving the output first reports an unwritable one before the long work.
    let place = Reserved::at(&job.output)?;
    let survey = survey(&mut source, &mut summary.seconds)?;
    survey.tell(progress);
    summary.misread = survey.misread;
    if let Some(note) = survey.note() {
        summary.note(note);
    }
    let (topics, recorded) = Topics::of_run(job, &mut source, engine, &survey, &mut summary.seconds, progress)?;
    let mut about = footer(job, engine, &topics)?;
    about.push(survey.footer());
    let mut sink = Sink::create(place, schema, about)?;
    let mut tagger = Tagger::new(recorded.as_ref().map_or(engine, |recorded| recorded))
        .telling(topics.subjects(engine)?)
        .given(&survey.languages);

    loop {
        let started = Instant::now();
        let Some(mut batch) = source.next().transpose()? else {
            break;
        };
        job.privacy.hide(&mut batch);
        summary.seconds.read += started.elapsed().as_secs_f64();

        let ours = answer(&batch, &mut tagger, job, &mut summary)?;

        let started = Instant::now();
        sink.write(&batch.columns, ours)?;
        sink.reject(&batch.rejects)?;
        summary.seconds.write += started.elapsed().as_secs_f64();

        progress.advance(summary.rows, source.progress());
    }

    judge_rejects(summary.rejected, summary.rows, job.max_rejects)?;
    let started = Instant::now();
    topics.publish(job, &mut summary, &mut sink)?;
    sink.finish()?;
    summary.seconds.write += started.elapsed().as_secs_f64();
    progress.done();
    Ok(summary)
}

/// Returns the added columns of a batch and counts them in the summary.
pub(crate) fn answer(batch: &Batch, tagger: &mut Tagger<'_>, job: &Job, summary: &mut Summary) -> Result<DataFrame> {
    let (texts, hidden) = job.privacy.texts(&batch.texts);
    let ids = job.privacy.ids(batch.ids());
    let mut rows = tagger.tag(&batch.rows, ids, &texts, &mut summary.seconds)?;
    job.privacy.place(&hidden, &mut rows);
    summary.add(batch, &rows);
    Ok(job.columns.frame(&batch.source, &rows, &batch.mapped)?)
}

/// Fails when the share of rejected records exceeds `most`, which means a wrong export or wrong options.
pub(crate) fn judge_rejects(rejected: u64, rows: u64, most: Option<f64>) -> Result<()> {
    match most {
        Some(most) if rejected as f64 > most * (rejected + rows) as f64 => Err(Error::TooManyRejects {
            rejected,
            records: rejected + rows,
            percent: most * 100.0,
        }),
        _ => Ok(()),
    }
}

/// Key and value pairs of the Parquet footer. No clock time: the same input gives the same bytes.
pub(crate) fn footer(job: &Job, engine: &dyn Engine, topics: &Topics) -> Result<Vec<(String, String)>> {
    let card = engine.card();
    let run = serde_json::json!({
        "inputs": job.inputs, "text": job.source.text, "id": job.source.id, "prefix": job.columns.prefix,
    });
    let mut footer = vec![
        ("undertone.schema", SCHEMA_VERSION.to_string()),
        ("undertone.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("undertone.model", format!("{} {}", card.id, engine.fingerprint())),
        ("undertone.run", run.to_string()),
    ];
    footer.extend(topics.footer()?);
    Ok(footer.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
