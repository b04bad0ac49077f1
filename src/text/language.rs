//! Language of a comment. Input: clean text and what is known of its file. Output: ISO 639-1 code and how often such an answer is right.
//!
//! A linear model over character n-grams ([`super::grams`]) with 41 classes: the languages of the model, and their neighbours, which must be told from
//! them to be refused. `models/train/language.py` and `bench/train_language.rs` made its table; `bench/language.md` has its figures. Scripts of their own
//! are told by `whatlang`. Text without letters is `und` with confidence 0.

use std::sync::LazyLock;

use whatlang::{Lang, Script, detect_script};

use super::grams::{BUCKETS, grams};
use super::links::{LINK, PERSON};
use super::prior::LanguagePrior;
use super::symbols::is_letter;

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Language {
    /// ISO 639-1 code; `und` for text without letters, or without letters of a known script.
    pub code: &'static str,
    /// Probability that the code is right, 0..=1. Low for short and ambiguous texts, which still get the best guess.
    pub confidence: f32,
}

const UNDETERMINED: Language = Language {
    code: "und",
    confidence: 0.0,
};

/// Characters looked at: enough to be sure, and a bound for very long comments.
const LONGEST: usize = 2_000;
/// Sharpens the model's answers so that its probabilities are frequencies: fitted on the texts held back from training.
const SHARPNESS: f32 = 1.3;

/// Weights of the linear model.
pub(super) struct Table {
    /// A class each.
    pub(super) codes: Vec<&'static str>,
    bias: Vec<f32>,
    scale: f32,
    /// `[BUCKETS, codes]`
    weights: &'static [u8],
}

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    Table::parse(include_bytes!("../../models/language/table.bin")).unwrap_or(Table {
        codes: Vec::new(),
        bias: Vec::new(),
        scale: 0.0,
        weights: &[],
    })
});

impl Table {
    /// The codes on a line, then little-endian f32 for the scale and each bias, then the weights as i8.
    fn parse(file: &'static [u8]) -> Option<Self> {
        let end = file.iter().position(|byte| *byte == b'\n')?;
        let codes: Vec<&str> = std::str::from_utf8(&file[..end]).ok()?.split(' ').collect();
        let (figures, weights) = file[end + 1..].split_at_checked(4 * (1 + codes.len()))?;
        let mut figures = figures
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes));
        (weights.len() == BUCKETS * codes.len()).then_some(Self {
            scale: figures.next()?,
            bias: figures.collect(),
            weights,
            codes,
        })
    }

    /// Log-odds of each class; nothing when the text has no word.
    pub(super) fn evidence(&self, text: &str) -> Option<Vec<f32>> {
        let classes = self.codes.len();
        let mut sums = vec![0i32; classes];
        let mut count = 0u32;
        grams(text, |bucket| {
            count += 1;
            let row = &self.weights[bucket * classes..][..classes];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(weight.cast_signed());
            }
        });
        let scale = self.scale / (count.max(1) as f32).sqrt();
        let odds = |(sum, bias): (&i32, &f32)| SHARPNESS * (*sum as f32 * scale + bias);
        (count > 0 && classes > 0).then(|| sums.iter().zip(&self.bias).map(odds).collect())
    }

    /// Probability of each class, given its prior odds.
    pub(super) fn posterior(evidence: &[f32], prior: &[f32]) -> Vec<f32> {
        let odds: Vec<f32> = evidence.iter().zip(prior).map(|(odds, prior)| odds + prior).collect();
        let most = odds.iter().copied().fold(f32::MIN, f32::max);
        let mut shares: Vec<f32> = odds.iter().map(|odds| (odds - most).exp()).collect();
        let sum: f32 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        shares
    }
}

/// Tells languages of the texts of one file.
#[derive(Debug, Clone)]
pub struct Detector {
    /// Log-prior of each class.
    prior: Vec<f32>,
}

/// Greatest confidence in the language of one word: sister languages share many, so one word never refuses a comment.
const ONE_WORD: f32 = 0.85;

impl Default for Detector {
    /// A detector that knows nothing of the file.
    fn default() -> Self {
        Self::new(&LanguagePrior::default())
    }
}

impl Detector {
    /// A detector for texts of a file like this.
    pub fn new(prior: &LanguagePrior) -> Self {
        Self {
            prior: prior.logarithms(),
        }
    }

    /// The most likely language of a clean text.
    pub fn language(&self, clean_text: &str) -> Language {
        let sample = sample(clean_text);
        match of_own_script(&sample) {
            Some(found) => found,
            None => self.likeliest(&sample).unwrap_or(UNDETERMINED),
        }
    }

    fn likeliest(&self, sample: &str) -> Option<Language> {
        let shares = Table::posterior(&TABLE.evidence(sample)?, &self.prior);
        let (code, confidence) = TABLE
            .codes
            .iter()
            .zip(shares)
            .reduce(|best, other| if other.1 > best.1 { other } else { best })?;
        let mut words = sample
            .split_whitespace()
            .filter(|word| word.chars().any(char::is_alphabetic));
        let confidence = match words.nth(1) {
            Some(_) => confidence,
            None => confidence.min(ONE_WORD),
        };
        Some(Language { code, confidence })
    }
}

static ALONE: LazyLock<Detector> = LazyLock::new(Detector::default);

/// The most likely language of a clean text of which nothing else is known.
pub fn language(clean_text: &str) -> Language {
    ALONE.language(clean_text)
}

/// The part of a clean text that is looked at, without placeholders.
pub(super) fn sample(clean_text: &str) -> String {
    let bare = clean_text.replace(PERSON, " ").replace(LINK, " ");
    match bare.char_indices().nth(LONGEST) {
        Some((end, _)) => bare[..end].to_owned(),
        None => bare,
    }
}

/// The answer for a text without Latin or Cyrillic letters, or without any; nothing when the letters are for the table to tell.
pub(super) fn of_own_script(sample: &str) -> Option<Language> {
    let (mut known, mut letters) = (0usize, 0usize);
    for c in sample.chars().filter(|c| is_letter(*c)) {
        letters += 1;
        known += usize::from(c < '\u{250}' || matches!(c, '\u{400}'..='\u{52f}' | '\u{1e00}'..='\u{1eff}'));
    }
    if letters == 0 {
        return Some(UNDETERMINED);
    }
    (letters > 2 * known).then(|| other_script(sample))
}

/// Languages with a script of their own: the script alone decides, so the code is certain.
fn other_script(sample: &str) -> Language {
    let code = match detect_script(sample) {
        Some(Script::Arabic) => whatlang::detect_lang(sample).map_or("und", |lang| match lang {
            Lang::Pes => "fa",
            Lang::Urd => "ur",
            _ => "ar",
        }),
        Some(Script::Greek) => "el",
        Some(Script::Hebrew) => "he",
        Some(Script::Devanagari) => "hi",
        Some(Script::Mandarin) => "zh",
        Some(Script::Hiragana | Script::Katakana) => "ja",
        Some(Script::Hangul) => "ko",
        Some(Script::Thai) => "th",
        Some(Script::Georgian) => "ka",
        Some(Script::Armenian) => "hy",
        Some(Script::Bengali) => "bn",
        Some(Script::Tamil) => "ta",
        Some(Script::Telugu) => "te",
        Some(Script::Gujarati) => "gu",
        Some(Script::Gurmukhi) => "pa",
        Some(Script::Kannada) => "kn",
        Some(Script::Malayalam) => "ml",
        Some(Script::Sinhala) => "si",
        Some(Script::Khmer) => "km",
        Some(Script::Myanmar) => "my",
        Some(Script::Ethiopic) => "am",
        _ => "und",
    };
    Language { code, confidence: 1.0 }
}

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
