//! How are themes found in files? Input: inputs and an engine. Output: [`Themes`] found in all of their comments, or found again where a theme file is
//! renewed. It refuses a model without embeddings, and a theme file of another model.

use std::path::PathBuf;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::model::{Engine, Recorded, Recorder};
use crate::progress::Progress;
use crate::source::{self, Source, SourceOptions};
use crate::tag::{Seconds, Tagger};
use crate::theme::{Change, Sample, Themes, Unit, Wish, discover, update};

/// Where the themes of a run come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// There are none.
    Off,
    /// They are found in the run itself, which reads its inputs twice and scores them once.
    Found(Wish),
    /// From a theme file.
    File(PathBuf),
}

/// Where themes are to be found.
#[derive(Debug, Clone)]
pub struct Quest {
    /// Paths, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// How to read them.
    pub source: SourceOptions,
    /// What is wanted of the themes.
    pub wish: Wish,
}

/// Finds the themes of all comments.
///
/// # Errors
/// Whatever keeps the inputs from being read, and [`Error::NoEmbeddings`].
pub fn fit(quest: &Quest, engine: &dyn Engine, progress: &Progress) -> Result<Themes> {
    discover(&sample(quest, engine, progress)?, &quest.wish, engine.fingerprint())
}

/// Finds the themes of all comments anew, keeping what is still there of `old`.
///
/// # Errors
/// As [`fit`].
pub fn renew(old: &Themes, quest: &Quest, engine: &dyn Engine, progress: &Progress) -> Result<(Themes, Vec<Change>)> {
    update(old, &sample(quest, engine, progress)?, &quest.wish)
}

fn sample(quest: &Quest, engine: &dyn Engine, progress: &Progress) -> Result<Sample> {
    if !gives_embeddings(engine) {
        return Err(Error::NoEmbeddings);
    }
    let mut source = source::open(&quest.inputs, &quest.source)?;
    source.notes().iter().for_each(|note| progress.note(note));
    let sample = listen(&mut source, engine, progress)?;
    progress.done();
    Ok(sample)
}

/// The themes of a run and, if they were found in it, its scores for the second reading.
///
/// # Errors
/// When a theme file cannot be used, or the inputs cannot be read.
pub(crate) fn themes<'engine>(
    choice: &Choice,
    source: &mut Source,
    engine: &'engine dyn Engine,
    seconds: &mut Seconds,
    progress: &Progress,
) -> Result<(Option<Themes>, Option<Recorded<'engine>>)> {
    match choice {
        Choice::Off => Ok((None, None)),
        Choice::File(path) => Ok((Some(Themes::load(path, engine.fingerprint())?), None)),
        Choice::Found(wish) if !gives_embeddings(engine) => {
            if *wish == Wish::default() {
                progress.note("no themes: the model gives no embeddings");
                return Ok((None, None));
            }
            Err(Error::NoEmbeddings)
        }
        Choice::Found(wish) => {
            let started = Instant::now();
            let recorder = Recorder::new(engine)?;
            let sample = listen(source, &recorder, progress)?;
            let themes = discover(&sample, wish, engine.fingerprint())?;
            source.rewind();
            seconds.themes += started.elapsed().as_secs_f64();
            Ok((Some(themes), Some(recorder.replay()?)))
        }
    }
}

/// Whether the model has a head for embeddings.
fn gives_embeddings(engine: &dyn Engine) -> bool {
    engine.card().heads.iter().any(|head| head.name == "embedding")
}

/// Reads every comment and keeps a sample of their opinion units.
fn listen(source: &mut Source, engine: &dyn Engine, progress: &Progress) -> Result<Sample> {
    let mut tagger = Tagger::new(engine);
    let mut sample = Sample::default();
    let mut rows = 0;
    while let Some(batch) = source.next().transpose()? {
        let tagged = tagger.tag(&batch.rows, batch.ids(), &batch.texts, &mut Seconds::default())?;
        for row in &tagged {
            for unit in row.units.iter() {
                sample.add(&Unit {
                    text: row.clean_text.get(unit.range.clone()).unwrap_or_default(),
                    language: row.verdict.language.code,
                    embedding: &unit.embedding,
                    targets: &[],
                    polarity: unit.sentiment,
                });
            }
        }
        rows += tagged.len() as u64;
        progress.advance(rows, source.progress());
    }
    Ok(sample)
}
