//! Comments of a batch -> tagged rows. Input: raw texts and ids, in order. Output: one [`TaggedRow`] each, in that order. Identical texts are scored
//! once: within a batch always, across batches as long as the text is
//! among the last [`REMEMBERED`] distinct ones, so that memory stays bounded.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Instant;

use lru::LruCache;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::duplicates::{Duplicates, Print};
use super::verdict::{Verdict, judge, refusal};
use crate::error::Result;
use crate::model::{Engine, Passage};
use crate::text::{self, Clean, Language};

/// How many distinct texts are remembered over a run: about 20 MB, and weeks of most customers' feedback.
pub const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1 << 17).unwrap();

/// One row's answers.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedRow {
    /// 0-based record number in its file.
    pub row: u64,
    /// The id column's value, or a hash of the row's content.
    pub id: String,
    /// `id` of the first row with the same or nearly the same text, see [`super::duplicates`]. What is said of a theme by a row that has one has been said before.
    pub duplicate_of: Option<String>,
    /// The text the model read.
    pub clean_text: String,
    /// What is said of the comment.
    pub verdict: Verdict,
}

/// Time spent so far, in seconds of wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Seconds {
    /// Reading and parsing the input.
    pub read: f64,
    /// Cleaning and language detection.
    pub text: f64,
    /// Tokenising and encoding.
    pub model: f64,
    /// Building and writing the output.
    pub write: f64,
}

/// A text that was judged before.
struct Known {
    /// The first row that says the same.
    first: String,
    verdict: Verdict,
}

/// Judges batches of comments, remembering what it has seen.
pub struct Tagger<'engine> {
    engine: &'engine dyn Engine,
    known: LruCache<u128, Known>,
    duplicates: Duplicates,
}

impl<'engine> Tagger<'engine> {
    /// A tagger that has seen nothing yet.
    pub fn new(engine: &'engine dyn Engine) -> Self {
        Self {
            engine,
            known: LruCache::new(REMEMBERED),
            duplicates: Duplicates::new(),
        }
    }

    /// The verdicts on a batch: `rows`, `ids` and `texts` go together, and so does the answer. Adds the time it took to `seconds`.
    ///
    /// # Errors
    /// When the engine fails; a single odd text never does.
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

        // The first row of each text that was not judged before. Looking a text up makes it the latest, so this batch cannot push it out.
        let mut first_of: HashMap<u128, usize> = HashMap::new();
        let new: Vec<usize> = (0..prints.len())
            .filter(|&n| self.known.get(&prints[n]).is_none() && *first_of.entry(prints[n]).or_insert(n) == n)
            .collect();
        let languages: Vec<Language> = new.par_iter().map(|&n| text::language(cleaned[n].text())).collect();
        seconds.text += started.elapsed().as_secs_f64();

        let started = Instant::now();
        let rules = &self.engine.card().rules;
        let scored: Vec<usize> = (0..new.len())
            .filter(|&k| refusal(cleaned[new[k]].content(), &languages[k], rules).is_none())
            .collect();
        let units: Vec<Vec<Range<usize>>> = scored
            .par_iter()
            .map(|&k| text::units(cleaned[new[k]].text(), languages[k].code))
            .collect();
        let wanted: Vec<Passage<'_>> = scored
            .iter()
            .zip(&units)
            .map(|(&k, units)| Passage {
                text: cleaned[new[k]].text(),
                spans: units,
            })
            .collect();
        let mut scores = scored.into_iter().zip(self.engine.score(&wanted)?).peekable();
        let mut verdicts: HashMap<u128, Verdict> = HashMap::with_capacity(new.len());
        for (k, (&n, language)) in new.iter().zip(languages).enumerate() {
            let own = scores.next_if(|(at, _)| *at == k).map(|(_, scores)| scores);
            verdicts.insert(prints[n], judge(cleaned[n].content(), language, own.as_ref(), rules));
        }
        seconds.model += started.elapsed().as_secs_f64();

        Ok((0..prints.len())
            .zip(ids)
            .zip(cleaned)
            .map(|((n, id), clean)| self.row(prints[n], rows[n], id, clean, &verdicts))
            .collect())
    }

    fn row(&mut self, print: u128, row: u64, id: String, clean: Clean, new: &HashMap<u128, Verdict>) -> TaggedRow {
        let clean_text = clean.text().to_owned();
        if let Some(known) = self.known.get(&print) {
            // Two empty cells are no copies of one another.
            let duplicate_of = (!clean_text.is_empty()).then(|| known.first.clone());
            return TaggedRow {
                row,
                id,
                duplicate_of,
                clean_text,
                verdict: known.verdict.clone(),
            };
        }
        let verdict = new[&print].clone();
        let duplicate_of = self
            .duplicates
            .first_of(&Print::new(&clean_text), &id, verdict.sentiment);
        self.known.put(
            print,
            Known {
                first: duplicate_of.clone().unwrap_or_else(|| id.clone()),
                verdict: verdict.clone(),
            },
        );
        TaggedRow {
            row,
            id,
            duplicate_of,
            clean_text,
            verdict,
        }
    }
}
