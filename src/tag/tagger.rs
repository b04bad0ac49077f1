//! Tags batches of comments, one [`TaggedRow`] per row, in order. Identical texts are scored once: within a batch always, across batches if the text
//! is among the last [`REMEMBERED`] distinct ones, which bounds memory.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use lru::LruCache;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::duplicates::{Duplicates, Print};
use super::opinion::{self, Unit};
use super::quote::{Quote, quotes};
use super::subjects::{Subject, Subjects};
use super::verdict::{Verdict, judge, refusal};
use crate::error::Result;
use crate::model::{Engine, Passage, Scores};
use crate::text::{self, Clean, Detector, Language, LanguagePrior, Marks};

/// Number of distinct texts remembered during a run: tens of MB, and weeks of feedback for most customers.
pub const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1 << 17).unwrap();
/// Maximum number of units of a comment that get their own scores, which bounds the memory of huge comments. Opinion targets are found in all of it.
const SCORED_UNITS: usize = 1 << 10;

/// Results of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedRow {
    /// 0-based record number in its file.
    pub row: u64,
    /// The id column's value, or a hash of the row's content.
    pub id: String,
    /// `id` of the first row with the same or nearly the same text. Its mentions of themes are repeats.
    pub duplicate_of: Option<String>,
    /// The cleaned text.
    pub clean_text: String,
    /// Result of the comment.
    pub verdict: Verdict,
    /// Quotes from the original for each of the verdict's opinions, in the same order.
    pub quotes: Vec<Quote>,
    /// Opinion units with their embeddings, for the theme room. Only the first row of a text has them, whatever the batches: verdicts are cached,
    /// vectors are not.
    pub units: Arc<[Unit]>,
    /// Its themes; empty unless the tagger was built with [`Tagger::telling`].
    pub subject: Subject,
}

impl TaggedRow {
    /// Opinion targets in the unit of this index: byte ranges within the unit, in the order of the text.
    pub fn targets_of(&self, unit: usize) -> Vec<Range<usize>> {
        let Some(whole) = self.units.get(unit).map(|unit| &unit.range) else {
            return Vec::new();
        };
        let own = self
            .verdict
            .opinions
            .iter()
            .filter(|o| o.unit == unit && o.range != *whole);
        own.filter_map(|o| Some(o.range.start.checked_sub(whole.start)?..o.range.end.checked_sub(whole.start)?))
            .collect()
    }
}

/// Time spent by stage, in seconds of wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Seconds {
    /// Reading and parsing the input.
    pub read: f64,
    /// Cleaning and language detection.
    pub text: f64,
    /// Tokenising and encoding.
    pub model: f64,
    /// Discovering and assigning themes.
    pub themes: f64,
    /// Building and writing the output.
    pub write: f64,
}

/// A text that was tagged before.
struct Known {
    /// The first row with this text or a near duplicate.
    first: String,
    verdict: Verdict,
}

/// A text that was tagged in this batch.
struct Judged {
    verdict: Verdict,
    units: Arc<[Unit]>,
}

/// Tags batches of comments and remembers the texts seen.
pub struct Tagger<'engine> {
    engine: &'engine dyn Engine,
    known: LruCache<u128, Known>,
    duplicates: Duplicates,
    detector: Detector,
    subjects: Option<Subjects<'engine>>,
}

impl<'engine> Tagger<'engine> {
    /// Creates a tagger without remembered texts.
    pub fn new(engine: &'engine dyn Engine) -> Self {
        Self {
            engine,
            known: LruCache::new(REMEMBERED),
            duplicates: Duplicates::new(),
            detector: Detector::default(),
            subjects: None,
        }
    }

    /// The same, for texts of a file whose languages are known.
    #[must_use]
    pub fn given(self, prior: &LanguagePrior) -> Self {
        Self {
            detector: Detector::new(prior),
            ..self
        }
    }

    /// The same, which also tells what each row is about.
    #[must_use]
    pub fn telling(self, subjects: Subjects<'engine>) -> Self {
        Self {
            subjects: Some(subjects),
            ..self
        }
    }

    /// Tags a batch: `rows`, `ids` and `texts` correspond row by row to the result. Adds the time spent to `seconds`.
    ///
    /// # Errors
    /// When the engine fails; a single unusual text never causes that.
    pub fn tag(
        &mut self,
        rows: &[u64],
        ids: Vec<String>,
        texts: &[Option<String>],
        seconds: &mut Seconds,
    ) -> Result<Vec<TaggedRow>> {
        let started = Instant::now();
        let cleaned: Vec<Clean> = texts
            .par_iter()
            .map(|t| text::clean(t.as_deref().unwrap_or_default()))
            .collect();
        let prints: Vec<u128> = cleaned.par_iter().map(|c| xxh3_128(c.text().as_bytes())).collect();

        // The first row of each new text. A look-up marks a text as most recent, so this batch cannot evict it.
        let mut first_of: HashMap<u128, usize> = HashMap::new();
        let new: Vec<usize> = (0..prints.len())
            .filter(|&n| self.known.get(&prints[n]).is_none() && *first_of.entry(prints[n]).or_insert(n) == n)
            .collect();
        let languages: Vec<Language> = new
            .par_iter()
            .map(|&n| self.detector.language(cleaned[n].text()))
            .collect();
        seconds.text += started.elapsed().as_secs_f64();

        let started = Instant::now();
        let judged = self.judged(&new, &cleaned, languages)?;
        let mut judged: HashMap<u128, Judged> = new.iter().map(|&n| prints[n]).zip(judged).collect();
        seconds.model += started.elapsed().as_secs_f64();

        let row = |((n, id), (clean, original)): ((usize, String), (Clean, &Option<String>))| {
            let clean_text = clean.text().to_owned();
            let (verdict, duplicate_of) = self.recall(prints[n], &id, &clean_text, &judged);
            let ranges: Vec<Range<usize>> = verdict.opinions.iter().map(|o| o.range.clone()).collect();
            TaggedRow {
                row: rows[n],
                id,
                duplicate_of,
                quotes: quotes(original.as_deref().unwrap_or_default(), &clean, &ranges),
                units: judged
                    .get_mut(&prints[n])
                    .map(|judged| std::mem::take(&mut judged.units))
                    .unwrap_or_default(),
                subject: Subject::default(),
                clean_text,
                verdict,
            }
        };
        let mut tagged: Vec<TaggedRow> = (0..prints.len())
            .zip(ids)
            .zip(cleaned.into_iter().zip(texts))
            .map(row)
            .collect();
        if let Some(subjects) = &mut self.subjects {
            let started = Instant::now();
            subjects.tell(&mut tagged);
            seconds.themes += started.elapsed().as_secs_f64();
        }
        Ok(tagged)
    }

    /// Tags the comments at indices `new`, in that order.
    fn judged(&self, new: &[usize], cleaned: &[Clean], languages: Vec<Language>) -> Result<Vec<Judged>> {
        let card = self.engine.card();
        let units = |(&n, language): (&usize, &Language)| -> Option<Vec<Range<usize>>> {
            refusal(cleaned[n].content(), language, &card.rules).is_none().then(|| {
                let mut units = text::units(cleaned[n].text(), language.code);
                units.truncate(SCORED_UNITS);
                units
            })
        };
        // None where the comment is not scored.
        let units: Vec<Option<Vec<Range<usize>>>> = new.par_iter().zip(&languages).map(units).collect();
        let passages: Vec<Passage<'_>> = new
            .iter()
            .zip(&units)
            .filter_map(|(&n, units)| {
                Some(Passage {
                    text: cleaned[n].text(),
                    spans: units.as_deref()?,
                })
            })
            .collect();
        let mut scores = self.engine.score(&passages)?.into_iter();
        let judged = new.iter().zip(languages).zip(units).map(|((&n, language), ranges)| {
            let scored = ranges.and_then(|ranges| {
                let mut scores = scores.next()?;
                weigh(cleaned[n].text(), &ranges, &mut scores);
                let units = opinion::units(ranges, std::mem::take(&mut scores.spans), &scores.targets);
                Some((scores, units))
            });
            let said = scored.as_ref().map(|(scores, units)| (scores, units.as_slice()));
            Judged {
                verdict: judge(cleaned[n].content(), language, said, card),
                units: scored.map(|(_, units)| units.into()).unwrap_or_default(),
            }
        });
        Ok(judged.collect())
    }

    /// The verdict on a text and the id of the first duplicate, if there is one; remembers the text.
    fn recall(
        &mut self,
        print: u128,
        id: &str,
        clean_text: &str,
        judged: &HashMap<u128, Judged>,
    ) -> (Verdict, Option<String>) {
        if let Some(known) = self.known.get(&print) {
            // Two empty cells are not duplicates.
            let duplicate_of = (!clean_text.is_empty()).then(|| known.first.clone());
            return (known.verdict.clone(), duplicate_of);
        }
        let verdict = judged[&print].verdict.clone();
        let duplicate_of = self.duplicates.first_of(&Print::new(clean_text), id, verdict.sentiment);
        self.known.put(
            print,
            Known {
                first: duplicate_of.clone().unwrap_or_else(|| id.to_owned()),
                verdict: verdict.clone(),
            },
        );
        (verdict, duplicate_of)
    }
}

/// Weighs the model's scores of a comment and of its units with the marks in them: emoji, emoticons, ratings.
pub(crate) fn weigh(clean_text: &str, units: &[Range<usize>], scores: &mut Scores) {
    scores.sentiment = Marks::of(clean_text).weigh(scores.sentiment);
    for (range, span) in units.iter().zip(&mut scores.spans) {
        let unit = clean_text.get(range.clone()).unwrap_or_default();
        span.sentiment = Marks::of(unit).weigh(span.sentiment);
    }
}
