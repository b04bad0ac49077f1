//! Languages of a file as evidence for its short comments. Input: the clean texts of a run, in any order. Output: a [`LanguagePrior`], the share of each
//! language among them, which [`super::Detector`] weighs each text's own letters with.
//!
//! The shares come from the [`SAMPLE`] distinct texts with the smallest hashes: neither order nor batches nor threads matter, and a repeated "ok" counts
//! once. They are estimated by expectation-maximisation (Dempster, Laird, Rubin 1977): each text gives its own shares, given the shares so far.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::language::{TABLE, Table, of_own_script, sample};

/// Distinct texts that shares are estimated on.
const SAMPLE: usize = 1024;
/// Rounds of expectation-maximisation; shares of made-up mixtures no longer move after seven.
const ROUNDS: usize = 10;
/// Weight of what is expected of any file, in texts: a few short comments are not yet evidence.
const EXPECTED: f32 = 3.0;
/// Weight of the language of a preset's country, in texts.
const LOCALE: f32 = 30.0;
/// Smaller shares are left out of the record.
const SMALLEST: f32 = 0.0005;

/// What is expected of a file of which nothing is known, relative to one another: the first languages of the customers, the other languages of the model,
/// and the rest.
const FIRST: (&[&str], f32) = (&["uk", "pt", "ru", "hu", "pl", "en"], 2.0);
const OTHER: (&[&str], f32) = (
    &[
        "bg", "de", "es", "fr", "it", "nl", "cs", "sk", "tr", "sv", "da", "ro", "hr", "sl",
    ],
    1.0,
);
const REST: f32 = 0.4;

/// The share of each language among the texts of a file, by ISO 639-1 code; empty when nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LanguagePrior(BTreeMap<String, f32>);

impl LanguagePrior {
    /// The share of a language, 0..=1.
    pub fn share(&self, code: &str) -> f32 {
        self.0.get(code).copied().unwrap_or(0.0)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The logarithm of the prior probability of each class of the table.
    pub(super) fn logarithms(&self) -> Vec<f32> {
        let expected = expected();
        // A language that the sample did not show may still come.
        let known = if self.is_empty() {
            0.0
        } else {
            1.0 - EXPECTED / (EXPECTED + SAMPLE as f32)
        };
        let share = |(code, expected): (&&str, f32)| known * self.share(code) + (1.0 - known) * expected;
        TABLE.codes.iter().zip(expected).map(|pair| share(pair).ln()).collect()
    }
}

impl Display for LanguagePrior {
    /// As JSON.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shares: Vec<String> = self
            .0
            .iter()
            .map(|(code, share)| format!("\"{code}\":{share}"))
            .collect();
        write!(f, "{{{}}}", shares.join(","))
    }
}

/// The prior share of each class of the table.
fn expected() -> Vec<f32> {
    let weight = |code: &&str| match code {
        code if FIRST.0.contains(code) => FIRST.1,
        code if OTHER.0.contains(code) => OTHER.1,
        _ => REST,
    };
    let sum: f32 = TABLE.codes.iter().map(weight).sum();
    TABLE.codes.iter().map(|code| weight(code) / sum).collect()
}

/// The texts of a run with the smallest hashes.
#[derive(Debug, Clone, Default)]
pub struct LanguageSample(BTreeMap<u64, Box<str>>);

impl LanguageSample {
    /// Considers a clean text.
    pub fn add(&mut self, clean_text: &str) {
        let hash = xxh3_64(clean_text.as_bytes());
        let largest = self.0.last_key_value().map(|(hash, _)| *hash);
        if self.0.len() >= SAMPLE && largest.is_none_or(|largest| hash >= largest) {
            return;
        }
        let text = sample(clean_text);
        if of_own_script(&text).is_none() {
            self.0.insert(hash, text.into());
            if self.0.len() > SAMPLE {
                self.0.pop_last();
            }
        }
    }

    /// The shares of the languages; `locale` is the language that the export's preset speaks of, if it does.
    pub fn prior(&self, locale: Option<&str>) -> LanguagePrior {
        let evidence: Vec<Vec<f32>> = self.0.values().filter_map(|text| TABLE.evidence(text)).collect();
        if evidence.is_empty() && locale.is_none() {
            return LanguagePrior::default();
        }
        let mut before: Vec<f32> = expected().iter().map(|share| share * EXPECTED).collect();
        for (code, weight) in TABLE.codes.iter().zip(&mut before) {
            *weight += if Some(*code) == locale { LOCALE } else { 0.0 };
        }
        let normal = |weights: Vec<f32>| -> Vec<f32> {
            let sum: f32 = weights.iter().sum();
            weights.iter().map(|weight| weight / sum).collect()
        };
        let mut shares = normal(before.clone());
        for _ in 0..ROUNDS {
            let prior: Vec<f32> = shares.iter().map(|share| share.ln()).collect();
            let mut sums = before.clone();
            for text in &evidence {
                for (sum, share) in sums.iter_mut().zip(Table::posterior(text, &prior)) {
                    *sum += share;
                }
            }
            shares = normal(sums);
        }
        // Rounded, so that the record says exactly what was used.
        let record = TABLE.codes.iter().zip(shares).filter(|(_, share)| *share >= SMALLEST);
        LanguagePrior(
            record
                .map(|(code, share)| ((*code).to_owned(), (share * 1e4).round() / 1e4))
                .collect(),
        )
    }
}

#[cfg(test)]
#[path = "prior_tests.rs"]
mod tests;
