//! Theme discovery over files: finds [`Themes`] in all comments of the inputs, or updates those of a theme file. A model without embeddings and a theme
//! file of another model are errors.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::model::{Engine, Recorded, Recorder};
use crate::progress::Progress;
use crate::redact::Privacy;
use crate::run::Job;
use crate::sink::{self, Sink};
use crate::source::{self, Source, SourceOptions};
use crate::summary::Summary;
use crate::survey::{Survey, survey};
use crate::tag::{Seconds, Subjects, Tagger, ThemeTable};
use crate::theme::taxonomy::{Matcher, Taxonomy};
use crate::theme::{Change, Sample, Themes, Titles, Unit, Wish, discover, update};

/// Minimum number of texts for the use of candidate names.
const TITLED_FROM: usize = 100;

/// Source of a run's themes.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// No themes.
    Off,
    /// Discovered in the run itself, which reads its inputs twice and scores them once.
    Found(Wish),
    /// From a theme file.
    File(PathBuf),
}

/// Inputs and options of theme discovery.
#[derive(Debug, Clone)]
pub struct Quest {
    /// Paths, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// How to read them.
    pub source: SourceOptions,
    /// Options of the themes.
    pub wish: Wish,
    /// Privacy options.
    pub privacy: Privacy,
}

/// Discovers the themes of all comments.
///
/// # Errors
/// When the inputs cannot be read, and [`Error::NoEmbeddings`].
pub fn fit(quest: &Quest, engine: &dyn Engine, progress: &Progress) -> Result<Themes> {
    let sample = sample(quest, engine, progress)?;
    discover(&sample, &titles(&sample, engine)?, &quest.wish, engine.fingerprint())
}

/// Updates the themes `old` with all comments of the inputs.
///
/// # Errors
/// As [`fit`].
pub fn renew(old: &Themes, quest: &Quest, engine: &dyn Engine, progress: &Progress) -> Result<(Themes, Vec<Change>)> {
    let old = quest.privacy.themes(old.clone());
    let sample = sample(quest, engine, progress)?;
    update(&old, &sample, &titles(&sample, engine)?, &quest.wish)
}

/// Candidate names for the themes of a sample. Embedding them takes a second, which is not worthwhile for a small sample.
fn titles(sample: &Sample, engine: &dyn Engine) -> Result<Titles> {
    if sample.len() < TITLED_FROM {
        return Ok(Titles::default());
    }
    Titles::embedded(engine)
}

fn sample(quest: &Quest, engine: &dyn Engine, progress: &Progress) -> Result<Sample> {
    if !gives_embeddings(engine) {
        return Err(Error::NoEmbeddings);
    }
    let mut source = source::open(&quest.inputs, &quest.source)?;
    source
        .notes()
        .iter()
        .for_each(|note| progress.note(&quest.privacy.told(note)));
    let mut seconds = Seconds::default();
    let survey = survey(&mut source, &mut seconds)?;
    survey.tell(progress);
    let sample = listen(&mut source, quest.privacy, engine, &survey, &mut seconds, progress)?;
    progress.done();
    Ok(sample)
}

/// Themes and taxonomy of a run.
pub(crate) struct Topics {
    themes: Option<Themes>,
    taxonomy: Taxonomy,
    /// Created for the first row: it takes a second of the model's time, which a run without new rows does not need.
    matcher: OnceLock<Matcher>,
}

impl Topics {
    /// Loads or discovers the themes of a run into one file. For discovered themes also returns the cached scores for the second pass.
    ///
    /// # Errors
    /// When a theme file or taxonomy cannot be used, or the inputs cannot be read.
    pub(crate) fn of_run<'engine>(
        job: &Job,
        source: &mut Source,
        engine: &'engine dyn Engine,
        survey: &Survey,
        seconds: &mut Seconds,
        progress: &Progress,
    ) -> Result<(Self, Option<Recorded<'engine>>)> {
        let (themes, recorded) = match &job.themes {
            Choice::Off => (None, None),
            Choice::File(path) => (Some(Themes::load(path, engine.fingerprint())?), None),
            Choice::Found(wish) if !gives_embeddings(engine) => {
                if *wish != Wish::default() {
                    return Err(Error::NoEmbeddings);
                }
                progress.note("no themes: the model gives no embeddings");
                (None, None)
            }
            Choice::Found(wish) => {
                let recorder = Recorder::new(engine)?;
                let sample = listen(source, job.privacy, &recorder, survey, seconds, progress)?;
                let started = Instant::now();
                let themes = discover(&sample, &titles(&sample, engine)?, wish, engine.fingerprint())?;
                source.rewind();
                seconds.themes += started.elapsed().as_secs_f64();
                (Some(themes), Some(recorder.replay()?))
            }
        };
        Ok((Self::new(themes, job)?, recorded))
    }

    /// Loads the themes of a lake. They must be the same in every run, so they come from a file or there are none.
    ///
    /// # Errors
    /// When a theme file or taxonomy cannot be used, or discovery was requested.
    pub(crate) fn of_lake(job: &Job, engine: &dyn Engine, progress: &Progress) -> Result<Self> {
        let themes = match &job.themes {
            Choice::File(path) => Some(Themes::load(path, engine.fingerprint())?),
            Choice::Found(wish) if *wish != Wish::default() => return Err(Error::LakeThemes),
            Choice::Found(_) => {
                progress.note("no themes: a lake needs a theme file that stays; `undertone themes fit` makes one, --themes FILE uses it");
                None
            }
            Choice::Off => None,
        };
        Self::new(themes, job)
    }

    fn new(themes: Option<Themes>, job: &Job) -> Result<Self> {
        let topics = Self::named(job.taxonomy.as_deref())?;
        Ok(Self { themes, ..topics })
    }

    /// The themes of a taxonomy file, or of the default taxonomy, and no others.
    ///
    /// # Errors
    /// When the taxonomy cannot be used.
    pub(crate) fn named(taxonomy: Option<&Path>) -> Result<Self> {
        Ok(Self {
            themes: None,
            taxonomy: taxonomy.map_or_else(Taxonomy::embedded, Taxonomy::load)?,
            matcher: OnceLock::new(),
        })
    }

    /// Creates the assigner of themes.
    ///
    /// # Errors
    /// As [`Matcher::new`].
    pub(crate) fn subjects(&self, engine: &dyn Engine) -> Result<Subjects<'_>> {
        let matcher = match self.matcher.get() {
            Some(matcher) => matcher,
            None => {
                let matcher = Matcher::new(&self.taxonomy, engine)?;
                self.matcher.get_or_init(|| matcher)
            }
        };
        Ok(Subjects::new(
            self.themes.as_ref(),
            Some((&self.taxonomy, matcher)),
            &engine.card().rules,
        ))
    }

    /// Footer entries: hashes of themes and taxonomy, which show whether runs are comparable.
    pub(crate) fn footer(&self) -> Result<Vec<(&'static str, String)>> {
        let taxonomy = format!("{} {}", self.taxonomy.id, self.taxonomy.fingerprint());
        let themes = self
            .themes
            .iter()
            .map(|themes| Ok(("undertone.themes", themes.fingerprint()?)));
        themes.chain([Ok(("undertone.taxonomy", taxonomy))]).collect()
    }

    /// Writes the table of themes, and discovered themes, beside the output; adds them to the summary.
    pub(crate) fn publish(&self, job: &Job, summary: &mut Summary, sink: &mut Sink) -> Result<()> {
        if let (Some(themes), Choice::Found(_)) = (&self.themes, &job.themes) {
            sink.companion("themes.json", themes.to_json()?.as_bytes())?;
        }
        let table = ThemeTable::new(self.themes.as_ref(), &self.taxonomy, &summary.tallies);
        sink.companion("themes.parquet", &sink::parquet_bytes(table.frame()?)?)?;
        (summary.touchpoints, summary.themes) = (table.touchpoints(), table.discovered());
        summary.without_theme = table.without();
        Ok(())
    }
}

/// Whether the model has a head for embeddings.
fn gives_embeddings(engine: &dyn Engine) -> bool {
    engine.card().head("embedding").is_some()
}

/// Reads every comment and keeps a sample of their opinion units; adds the time to each stage.
fn listen(
    source: &mut Source,
    privacy: Privacy,
    engine: &dyn Engine,
    survey: &Survey,
    seconds: &mut Seconds,
    progress: &Progress,
) -> Result<Sample> {
    let mut tagger = Tagger::new(engine).given(&survey.languages);
    let mut sample = Sample::default();
    let mut rows = 0;
    loop {
        let started = Instant::now();
        let Some(batch) = source.next().transpose()? else { break };
        seconds.read += started.elapsed().as_secs_f64();
        let (texts, _) = privacy.texts(&batch.texts);
        let tagged = tagger.tag(&batch.rows, privacy.ids(batch.ids()), &texts, seconds)?;
        for row in &tagged {
            for (number, unit) in row.units.iter().enumerate() {
                sample.add(&Unit {
                    text: row.clean_text.get(unit.range.clone()).unwrap_or_default(),
                    language: row.verdict.language.code,
                    embedding: &unit.embedding,
                    targets: &row.targets_of(number),
                    polarity: unit.polarity,
                });
            }
        }
        rows += tagged.len() as u64;
        progress.advance(rows, source.progress());
    }
    Ok(sample)
}
