//! Sample of opinion units for theme discovery: at most [`Sample::MOST`] units with distinct texts, the same for any order of the rows. Units without
//! an embedding or without letters are skipped.
//!
//! Keeping the smallest hashes is a uniform sample of distinct texts in one pass (bottom-k sketch, Cohen and Kaplan 2007), so a text repeated a
//! thousand times counts once, and memory does not grow with the rows.

use std::collections::BTreeMap;
use std::ops::Range;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::Unit;

/// A sampled unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) text: String,
    pub(super) language: String,
    pub(super) embedding: Vec<f32>,
    /// Byte ranges of the opinion targets in the text.
    pub(super) targets: Vec<Range<usize>>,
    /// If the same text occurs in several comments, the one with the smallest value is kept.
    context: u64,
}

/// A sample of opinion units.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    kept: BTreeMap<u64, Kept>,
    seen: u64,
    without_embedding: u64,
}

impl Sample {
    /// Maximum number of distinct texts: 60 MB. A theme of one unit in a thousand still has more than thirty of them.
    pub const MOST: usize = 1 << 15;

    /// Adds a unit, if it belongs to the sample.
    pub fn add(&mut self, unit: &Unit<'_>) {
        self.seen += 1;
        if unit.embedding.is_empty() {
            self.without_embedding += 1;
            return;
        }
        if !unit.text.chars().any(char::is_alphabetic) || unit.embedding.iter().any(|x| !x.is_finite()) {
            return;
        }
        let hash = xxh3_64(unit.text.as_bytes());
        let full = self.kept.len() >= Self::MOST;
        if full && self.kept.last_key_value().is_some_and(|(last, _)| *last < hash) {
            return;
        }
        let context = context(unit);
        if self.kept.get(&hash).is_some_and(|known| known.context <= context) {
            return;
        }
        let kept = Kept {
            text: unit.text.to_owned(),
            language: unit.language.to_owned(),
            embedding: unit.embedding.to_vec(),
            targets: unit.targets.to_vec(),
            context,
        };
        self.kept.insert(hash, kept);
        if self.kept.len() > Self::MOST {
            self.kept.pop_last();
        }
    }

    /// The sampled units, in an order that does not depend on the order of the rows.
    pub(super) fn units(&self) -> impl ExactSizeIterator<Item = &Kept> {
        self.kept.values()
    }

    /// Number of distinct texts in the sample.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether the sample is empty.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Number of units seen, sampled or not.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether all units lacked an embedding, which means that the model has no such head.
    pub const fn lacks_embeddings(&self) -> bool {
        self.seen > 0 && self.without_embedding == self.seen
    }
}

fn context(unit: &Unit<'_>) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(unit.language.as_bytes());
    unit.embedding
        .iter()
        .for_each(|x| hash.update(&x.to_bits().to_le_bytes()));
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit<'a>(text: &'a str, embedding: &'a [f32]) -> Unit<'a> {
        Unit {
            text,
            language: "en",
            embedding,
            targets: &[],
            polarity: [0.2, 0.3, 0.5, 0.0],
        }
    }

    #[test]
    fn keeps_the_same_units_in_any_order() {
        let texts: Vec<String> = (0..200).map(|n| format!("text {}", n % 150)).collect();
        let embeddings: Vec<[f32; 2]> = (0..200).map(|n| [n as f32, 1.0]).collect();
        let (mut forth, mut back) = (Sample::default(), Sample::default());
        for n in 0..200 {
            forth.add(&unit(&texts[n], &embeddings[n]));
            back.add(&unit(&texts[199 - n], &embeddings[199 - n]));
        }
        assert_eq!((forth.len(), forth.seen()), (150, 200));
        assert!(forth.units().eq(back.units()));
    }

    #[test]
    fn passes_over_what_cannot_have_a_theme() {
        let mut sample = Sample::default();
        [
            unit("12:30", &[1.0]),
            unit("\u{1f600}", &[1.0]),
            unit("nan", &[f32::NAN]),
        ]
        .iter()
        .for_each(|u| sample.add(u));
        assert!(sample.is_empty() && !sample.lacks_embeddings());
        let mut headless = Sample::default();
        headless.add(&unit("a text", &[]));
        assert!(headless.lacks_embeddings());
    }
}
