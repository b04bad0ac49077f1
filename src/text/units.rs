//! Splits a clean text into opinion units: sentences, then clauses joined by a contrastive conjunction ("good food, but slow service").
//!
//! The byte ranges cover every byte that is not white space exactly once, in order. Languages without an entry in [`super::contrast`] are split into
//! sentences only.

use std::ops::Range;

use super::contrast::{CONJUNCTIONS, Conjunctions};
use super::sentences::{sentences, trimmed};

/// Minimum number of words in a clause, without the conjunction.
const FEWEST_WORDS: usize = 2;

/// Returns the opinion units of a clean text in a language (ISO 639-1, as detected by [`super::language`]).
pub fn units(clean_text: &str, language: &str) -> Vec<Range<usize>> {
    let sentences = sentences(clean_text);
    let known: Vec<&Conjunctions> = CONJUNCTIONS
        .iter()
        .filter(|entry| entry.languages.contains(&language))
        .collect();
    if known.is_empty() {
        return sentences;
    }
    let mut units = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        let mut from = sentence.start;
        for cut in clauses(&clean_text[sentence.clone()], &known) {
            units.extend(trimmed(clean_text, from..sentence.start + cut));
            from = sentence.start + cut;
        }
        units.extend(trimmed(clean_text, from..sentence.end));
    }
    units
}

/// Positions where the second and later clauses of a sentence begin.
fn clauses(sentence: &str, known: &[&Conjunctions]) -> Vec<usize> {
    let words = words(sentence);
    let mut cuts = Vec::new();
    // The first word of the current clause that is not its conjunction.
    let mut first = 0;
    for at in 0..words.len() {
        if at < first + FEWEST_WORDS || words.len() < at + 1 + FEWEST_WORDS {
            continue;
        }
        let length = known.iter().find_map(|entry| conjunction(sentence, &words, at, entry));
        if let Some(length) = length.filter(|length| words.len() >= at + length + FEWEST_WORDS) {
            cuts.push(words[at].start);
            first = at + length;
        }
    }
    cuts
}

/// Length in words of the contrastive conjunction at word `at`, if there is one.
fn conjunction(sentence: &str, words: &[Range<usize>], at: usize, entry: &Conjunctions) -> Option<usize> {
    let word = |index: usize| words.get(index).map_or("", |range| &sentence[range.clone()]);
    let comma = sentence[..words[at].start]
        .trim_end()
        .ends_with([',', ';', '-', '–', '—', '،']);
    let matches = |phrase: &&&str| {
        phrase
            .split(' ')
            .enumerate()
            .all(|(offset, part)| same(word(at + offset), part))
    };
    let phrase = entry
        .anywhere
        .iter()
        .find(matches)
        .or_else(|| entry.after_comma.iter().filter(|_| comma).find(matches))?;
    let length = phrase.split(' ').count();
    let none_is = |list: &[&str], word: &str| !list.iter().any(|other| same(word, other));
    let turns = none_is(entry.not_after, word(at - 1)) && none_is(entry.not_before, word(at + length));
    turns.then_some(length)
}

/// Whether a word equals `lower`, ignoring case.
fn same(word: &str, lower: &str) -> bool {
    word.chars().flat_map(char::to_lowercase).eq(lower.chars())
}

fn words(sentence: &str) -> Vec<Range<usize>> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | 'ʼ');
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in sentence.char_indices().chain([(sentence.len(), ' ')]) {
        if inside(c) {
            start = start.or(Some(at));
        } else {
            words.extend(start.take().map(|start| start..at));
        }
    }
    words
}

#[cfg(test)]
#[path = "units_tests.rs"]
mod tests;
