//! Score cache for runs that read their input twice: first to discover themes, then to tag. Scores are written to a temporary file and replayed in
//! the same order, unchanged, so that such a run gives the same results as one with given themes. Other passages than the cached ones are an error.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::sync::{Mutex, PoisonError};

use super::{Card, Engine, Passage, Scores, SpanScores, Target};
use crate::error::{Error, Result};

/// An engine whose scores are cached.
pub struct Recorder<'engine> {
    engine: &'engine dyn Engine,
    tape: Mutex<BufWriter<File>>,
}

/// The cached scores, in place of the engine.
pub struct Recorded<'engine> {
    engine: &'engine dyn Engine,
    tape: Mutex<BufReader<File>>,
}

fn no_room(source: io::Error) -> Error {
    Error::Io {
        action: "keep the scores of a run in",
        path: std::env::temp_dir(),
        source,
    }
}

impl<'engine> Recorder<'engine> {
    /// Starts to cache the scores of `engine` in an unnamed temporary file, which the system removes with the process.
    ///
    /// # Errors
    /// When the temporary folder (`TMPDIR`) has no room.
    pub fn new(engine: &'engine dyn Engine) -> Result<Self> {
        let file = tempfile::tempfile().map_err(no_room)?;
        Ok(Self {
            engine,
            tape: Mutex::new(BufWriter::with_capacity(1 << 16, file)),
        })
    }

    /// Ends caching and replays the scores from the first.
    ///
    /// # Errors
    /// When the temporary folder has no room for the last of them.
    pub fn replay(self) -> Result<Recorded<'engine>> {
        let tape = self.tape.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut file = tape.into_inner().map_err(|failed| no_room(failed.into_error()))?;
        file.rewind().map_err(no_room)?;
        Ok(Recorded {
            engine: self.engine,
            tape: Mutex::new(BufReader::with_capacity(1 << 16, file)),
        })
    }
}

impl Engine for Recorder<'_> {
    fn card(&self) -> &Card {
        self.engine.card()
    }

    fn fingerprint(&self) -> &str {
        self.engine.fingerprint()
    }

    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        let scores = self.engine.score(passages)?;
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut *tape, scores.len()).map_err(no_room)?;
        scores
            .iter()
            .try_for_each(|scores| write(&mut *tape, scores))
            .map_err(no_room)?;
        Ok(scores)
    }
}

impl Engine for Recorded<'_> {
    fn card(&self) -> &Card {
        self.engine.card()
    }

    fn fingerprint(&self) -> &str {
        self.engine.fingerprint()
    }

    /// Returns the cached scores of the same passages. An input that changed in between is an error.
    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>> {
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = |_| Error::Changed {
            file: "an input".to_owned(),
        };
        let recorded = counted(&mut *tape).map_err(changed)?;
        let scores: Vec<Scores> = (0..recorded)
            .map(|_| read(&mut *tape))
            .collect::<io::Result<_>>()
            .map_err(changed)?;
        let same = scores.len() == passages.len()
            && scores
                .iter()
                .zip(passages)
                .all(|(scores, passage)| scores.spans.len() == passage.spans.len());
        if same {
            Ok(scores)
        } else {
            Err(changed(io::ErrorKind::InvalidData.into()))
        }
    }
}

fn count(tape: &mut impl Write, count: usize) -> io::Result<()> {
    tape.write_all(&u64::try_from(count).map_err(io::Error::other)?.to_le_bytes())
}

fn counted(tape: &mut impl Read) -> io::Result<usize> {
    let mut bytes = [0; 8];
    tape.read_exact(&mut bytes)?;
    usize::try_from(u64::from_le_bytes(bytes)).map_err(io::Error::other)
}

fn figures(tape: &mut impl Write, figures: &[f32]) -> io::Result<()> {
    figures.iter().try_for_each(|x| tape.write_all(&x.to_le_bytes()))
}

fn figure(tape: &mut impl Read) -> io::Result<f32> {
    let mut bytes = [0; 4];
    tape.read_exact(&mut bytes)?;
    Ok(f32::from_le_bytes(bytes))
}

fn some<const COUNT: usize>(tape: &mut impl Read) -> io::Result<[f32; COUNT]> {
    let mut figures = [0.0; COUNT];
    for one in &mut figures {
        *one = figure(tape)?;
    }
    Ok(figures)
}

fn list(tape: &mut impl Write, list: &[f32]) -> io::Result<()> {
    count(tape, list.len())?;
    figures(tape, list)
}

fn listed(tape: &mut impl Read) -> io::Result<Vec<f32>> {
    (0..counted(tape)?).map(|_| figure(tape)).collect()
}

fn write(tape: &mut impl Write, scores: &Scores) -> io::Result<()> {
    figures(tape, &scores.sentiment)?;
    list(tape, &scores.emotions)?;
    list(tape, &scores.intents)?;
    list(tape, &scores.touchpoints)?;
    list(tape, &scores.signals)?;
    count(tape, scores.targets.len())?;
    for target in &scores.targets {
        count(tape, target.range.start)?;
        count(tape, target.range.end)?;
        figures(tape, &target.polarity)?;
    }
    list(tape, &scores.embedding)?;
    count(tape, scores.spans.len())?;
    for span in &scores.spans {
        figures(tape, &span.sentiment)?;
        list(tape, &span.polarity)?;
        list(tape, &span.embedding)?;
    }
    count(tape, scores.tokens as usize)
}

fn read(tape: &mut impl Read) -> io::Result<Scores> {
    let target = |tape: &mut _| -> io::Result<Target> {
        Ok(Target {
            range: counted(tape)?..counted(tape)?,
            polarity: some(tape)?,
        })
    };
    let span = |tape: &mut _| -> io::Result<SpanScores> {
        Ok(SpanScores {
            sentiment: some(tape)?,
            polarity: listed(tape)?,
            embedding: listed(tape)?,
        })
    };
    Ok(Scores {
        sentiment: some(tape)?,
        emotions: listed(tape)?,
        intents: listed(tape)?,
        touchpoints: listed(tape)?,
        signals: listed(tape)?,
        targets: (0..counted(tape)?).map(|_| target(tape)).collect::<io::Result<_>>()?,
        embedding: listed(tape)?,
        spans: (0..counted(tape)?).map(|_| span(tape)).collect::<io::Result<_>>()?,
        tokens: u32::try_from(counted(tape)?).map_err(io::Error::other)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_come_back_as_they_were() {
        let scores = Scores {
            sentiment: [0.1, 0.2, 0.6, 0.1],
            emotions: vec![0.25, f32::MIN_POSITIVE],
            intents: vec![],
            touchpoints: vec![0.75, 0.25],
            signals: vec![0.125],
            targets: vec![Target {
                range: 3..9,
                polarity: [0.9, 0.05, 0.05],
            }],
            embedding: vec![0.5, -0.25],
            spans: vec![SpanScores {
                sentiment: [0.3, 0.3, 0.2, 0.2],
                polarity: vec![0.6, 0.1, 0.3],
                embedding: vec![1.0, 0.0],
            }],
            tokens: 7,
        };
        let mut tape = Vec::new();
        write(&mut tape, &scores).expect("room");
        write(&mut tape, &scores).expect("room");
        let mut from = tape.as_slice();
        assert_eq!(read(&mut from).expect("scores"), scores);
        assert_eq!(read(&mut from).expect("scores"), scores);
        assert!(read(&mut from).is_err(), "the tape is at its end");
    }
}
