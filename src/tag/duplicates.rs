//! Which comments say the same as an earlier one? Input: texts in the order of the rows. Output: the id of the first row with the same or nearly the same
//! text: retweets, copied campaigns, floods of bots. It never touches what is said of a row; each distinct text is scored for itself.
//!
//! *The same* are texts with the same [`crate::text::bare`] words, however short. *Nearly the same* are longer ones, of [`FEWEST_WORDS`] words or more, whose
//! sets of [`SHINGLE`]-character shingles overlap by [`NEAR`] or more (Jaccard), with the same numbers, as many negations and the same sentiment, and with no
//! word in place of another but for typing errors: an amount, a unit, a name or "rude" for "kind" makes another text. Candidates are found by MinHash (Broder 1997) in bands (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4), then compared.
//! Only first rows are compared with, so that likeness does not creep from row to row. Memory is bounded: the latest texts are known, older ones forgotten.
//! Written here although gaoya 0.2 has such an index, from which texts can be removed too: the texts themselves must be kept for the comparison of words
//! and forgotten in their order, and that, not the index, is most of this file.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;

use lru::LruCache;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::verdict::Sentiment;
use crate::text::bare;

/// Minimum number of words for near duplicates; shorter texts must have the same words, because each one matters.
pub(super) const FEWEST_WORDS: usize = 8;
/// Characters per shingle: about a word of text, short enough to survive a change elsewhere.
pub(super) const SHINGLE: usize = 5;
/// Minimum Jaccard similarity of near duplicates.
pub(super) const NEAR: f64 = 0.8;

/// Number of distinct longer texts kept for comparison: about 30 MB.
const SKETCHES: usize = 1 << 15;
/// Number of distinct texts kept by their duplicate key.
const KNOWN: NonZeroUsize = super::tagger::REMEMBERED;

/// Rows per band of the LSH index: a pair with similarity 0.8 shares a band with probability 1 - (1 - 0.8^4)^8 = 0.985, one with 0.5 with 0.40.
const BANDS: usize = 8;
const ROWS: usize = 4;
/// Number of smallest shingle hashes kept of a text; the similarity of texts up to this many shingles is exact, of longer ones an estimate.
const BOTTOM: usize = 128;
/// Maximum length compared; longer texts are compared by their beginning.
const LONGEST: usize = 20_000;
/// Bytes of bare words kept of a text, so that 32,768 texts take 32 MB at most. Longer ones are near when [`NEAR_LONG`] of their shingles are common.
const COMPARED: usize = 1_000;
const NEAR_LONG: f64 = 0.95;
/// A word of so many letters may be mistyped.
const TYPED: usize = 5;

/// Negations as spelled by [`bare`], in the languages of the model.
#[rustfmt::skip]
const NEGATIONS: &[&str] = &[
    "not", "no", "never", "nothing", "nobody", "none", "without", "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "wont",
    "wouldnt", "couldnt", "shouldnt", "havent", "hasnt", "hadnt", "hardly",
    "не", "ні", "ніколи", "нічого", "ніхто", "немає", "нема", "без", "нет", "ни", "никогда", "ничего", "никто", "няма", "никога", "нищо",
    "não", "nao", "nunca", "nada", "ninguém", "nem", "sem", "nenhum", "nenhuma", "nincs", "nincsenek", "soha", "semmi", "senki", "ne", "nélkül", "sincs",
    "nie", "nigdy", "nic", "nikt", "bez", "brak", "nicht", "nichts", "kein", "keine", "keinen", "keiner", "keinem", "keines", "nie", "niemals", "niemand",
    "ohne", "no", "ni", "nadie", "ningún", "ninguna", "ninguno", "sin", "jamás", "pas", "non", "jamais", "rien", "personne", "aucun", "aucune", "sans",
    "mai", "niente", "nulla", "nessuno", "nessuna", "senza", "niet", "geen", "nooit", "niets", "niemand", "zonder", "nikdy", "nikdo", "nikto", "není", "nije",
    "nisu", "ništa", "nikada", "nitko", "değil", "yok", "hiç", "inte", "ingen", "inget", "aldrig", "utan", "ikke", "intet", "uden", "nu", "niciodată",
    "nimic", "nimeni", "fără", "ni", "nič", "nikoli", "brez",
];

/// Fingerprint by which a text is compared. Depends on the text alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Print {
    /// Hash of the duplicate key; none when it is empty, and then the text has no duplicates.
    words: Option<u128>,
    /// For longer texts.
    sketch: Option<Sketch>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sketch {
    bands: [u64; BANDS],
    /// The smallest hashes of its shingles, ascending.
    bottom: Box<[u32]>,
    negations: usize,
    /// Hash of the words with digits, in their order.
    numbers: u64,
    /// The bare words; none of a long text.
    words: Option<Box<str>>,
}

impl Print {
    /// Computes the fingerprint of a clean text.
    pub(super) fn new(clean_text: &str) -> Self {
        let bare = bare(clean_text);
        Self {
            words: (!bare.is_empty()).then(|| xxh3_128(bare.as_bytes())),
            sketch: Sketch::new(&bare),
        }
    }
}

impl Sketch {
    fn new(bare: &str) -> Option<Self> {
        let words = || bare.split(' ');
        words().nth(FEWEST_WORDS - 1)?;
        let starts: Vec<usize> = bare
            .char_indices()
            .map(|(at, _)| at)
            .take(LONGEST)
            .chain([bare.len()])
            .collect();
        let mut hashes: Vec<u64> = starts
            .windows(SHINGLE + 1)
            .map(|w| xxh3_64(&bare.as_bytes()[w[0]..w[SHINGLE]]))
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        let smallest = |seed: usize| hashes.iter().map(|hash| mixed(*hash, seed)).min().unwrap_or_default();
        let bands = std::array::from_fn(|band| {
            (0..ROWS).fold(band as u64, |sum, row| {
                mixed(sum ^ smallest(band * ROWS + row), BANDS * ROWS)
            })
        });
        let mut bottom: Vec<u32> = hashes.iter().map(|hash| (hash >> 32) as u32).collect();
        bottom.dedup();
        bottom.truncate(BOTTOM);
        Some(Self {
            bands,
            bottom: bottom.into(),
            negations: words().filter(|word| NEGATIONS.contains(word)).count(),
            numbers: {
                let numbers: Vec<&str> = words().filter(|word| word.contains(char::is_numeric)).collect();
                xxh3_64(numbers.join(" ").as_bytes())
            },
            words: (bare.len() <= COMPARED).then(|| bare.into()),
        })
    }

    /// Whether the other text says nearly the same.
    fn is_like(&self, other: &Self) -> bool {
        let (most, same_words) = match (&self.words, &other.words) {
            (Some(one), Some(two)) => (NEAR, !replaces(one, two)),
            _ => (NEAR_LONG, true),
        };
        self.negations == other.negations && self.numbers == other.numbers && self.overlap(other) >= most && same_words
    }

    /// The share of common shingles: of all when both texts are short, else of the [`BOTTOM`] smallest of their union.
    fn overlap(&self, other: &Self) -> f64 {
        let (mut one, mut two) = (self.bottom.iter().peekable(), other.bottom.iter().peekable());
        let (mut union, mut common) = (0, 0);
        while union < BOTTOM {
            match (one.peek(), two.peek()) {
                (None, None) => break,
                (Some(a), Some(b)) if a == b => {
                    common += 1;
                    one.next();
                    two.next();
                }
                (Some(a), Some(b)) if a > b => {
                    two.next();
                }
                (Some(_), _) => {
                    one.next();
                }
                (None, Some(_)) => {
                    two.next();
                }
            }
            union += 1;
        }
        f64::from(common) / f64::from(u32::try_from(union.max(1)).unwrap_or(u32::MAX))
    }
}

/// Whether one text has words in place of words of the other, mistyped ones aside. Words that only one of them has replace nothing.
fn replaces(one: &str, two: &str) -> bool {
    let mut only_two: Vec<&str> = two.split(' ').collect();
    let mut only_one: Vec<&str> = Vec::new();
    for word in one.split(' ') {
        match only_two.iter().position(|other| *other == word) {
            Some(at) => drop(only_two.swap_remove(at)),
            None => only_one.push(word),
        }
    }
    only_one.retain(|word| match only_two.iter().position(|other| is_typo(word, other)) {
        Some(at) => {
            only_two.swap_remove(at);
            false
        }
        None => true,
    });
    !only_one.is_empty() && !only_two.is_empty()
}

/// Whether two words differ by one slip of the finger, not at the beginning, where languages turn meanings around.
fn is_typo(one: &str, two: &str) -> bool {
    let long = |word: &str| word.chars().count() >= TYPED;
    one.chars().next() == two.chars().next() && long(one) && long(two) && strsim::osa_distance(one, two) == 1
}

/// A new hash of a hash (the finaliser of SplitMix64, Steele et al. 2014).
fn mixed(hash: u64, seed: usize) -> u64 {
    let mut z = hash.wrapping_add((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The first row of a group of near duplicates.
struct First {
    id: String,
    sketch: Sketch,
    sentiment: Option<Sentiment>,
}

/// Index of the texts seen so far.
pub(super) struct Duplicates {
    words: LruCache<u128, String>,
    /// The most recent first rows, oldest first; the oldest has number `forgotten`.
    firsts: VecDeque<First>,
    forgotten: u64,
    /// Number of the oldest first row of each band.
    bands: HashMap<u64, u64>,
    capacity: usize,
}

impl Duplicates {
    pub(super) fn new() -> Self {
        Self::remembering(SKETCHES)
    }

    fn remembering(capacity: usize) -> Self {
        Self {
            words: LruCache::new(KNOWN),
            firsts: VecDeque::new(),
            forgotten: 0,
            bands: HashMap::new(),
            capacity,
        }
    }

    /// Returns the id of the first duplicate of row `id`; none when it is the first, which is then remembered. Rows must be passed in their order.
    pub(super) fn first_of(&mut self, print: &Print, id: &str, sentiment: Option<Sentiment>) -> Option<String> {
        let words = print.words?;
        if let Some(first) = self.words.get(&words) {
            return Some(first.clone());
        }
        let near = print.sketch.as_ref().and_then(|sketch| self.near(sketch, sentiment));
        if let (None, Some(sketch)) = (&near, &print.sketch) {
            self.remember(First {
                id: id.to_owned(),
                sketch: sketch.clone(),
                sentiment,
            });
        }
        self.words.put(words, near.clone().unwrap_or_else(|| id.to_owned()));
        near
    }

    /// Id of the oldest first row that is a near duplicate.
    fn near(&self, sketch: &Sketch, sentiment: Option<Sentiment>) -> Option<String> {
        let mut candidates: Vec<u64> = sketch
            .bands
            .iter()
            .filter_map(|band| self.bands.get(band))
            .copied()
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        let first = |number: u64| {
            usize::try_from(number - self.forgotten)
                .ok()
                .and_then(|at| self.firsts.get(at))
        };
        candidates
            .into_iter()
            .filter_map(first)
            .find(|first| first.sentiment == sentiment && first.sketch.is_like(sketch))
            .map(|first| first.id.clone())
    }

    fn remember(&mut self, first: First) {
        if self.firsts.len() == self.capacity {
            if let Some(oldest) = self.firsts.pop_front() {
                for band in oldest.sketch.bands {
                    if self.bands.get(&band) == Some(&self.forgotten) {
                        self.bands.remove(&band);
                    }
                }
            }
            self.forgotten += 1;
        }
        let number = self.forgotten + self.firsts.len() as u64;
        for band in first.sketch.bands {
            self.bands.entry(band).or_insert(number);
        }
        self.firsts.push_back(first);
    }
}

#[cfg(test)]
#[path = "duplicates_tests.rs"]
mod tests;
