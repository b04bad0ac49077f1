//! The model: scores clean texts of any length, each with spans that get their own scores. Row *i* of the result belongs to text *i*.
//!
//! The result for a text depends on that text and the model alone: not on the rest of the batch, the thread count, the batch size or the processor.
//! Texts longer than the model's window are split into several windows and pooled, never truncated. Model files that do not fit together are errors.
//!
//! ```text
//! text -> tokens -> windows -> packed batches -> states (encoder) -> means (pool) -> heads (card) -> Scores
//! ```

#[cfg(target_arch = "x86_64")]
mod amx;
mod attention;
mod card;
mod encoder;
mod heads;
mod kernel;
mod lanes;
mod machine;
mod native;
mod pool;
mod product;
mod reader;
mod recorded;
#[cfg(test)]
pub(crate) mod scripted;
mod tokens;
#[cfg(feature = "libtorch")]
pub mod torch;
mod weights;

#[cfg(test)]
mod tests;

pub use card::{Activation, Card, Exit, Head, HeadKind, Quality};
pub use native::Native;
pub use recorded::{Recorded, Recorder};

use crate::Result;
use std::borrow::Cow;
use std::ops::Range;

/// Scores texts. `native` is always available; `torch` is the second implementation.
pub trait Engine: Send + Sync {
    /// The model config: heads, calibration, rules.
    fn card(&self) -> &Card;

    /// Hash of the model's files, 32 hexadecimal digits.
    fn fingerprint(&self) -> &str;

    /// Scores texts. Row *i* of the result belongs to passage *i* and does not depend on the rest of the batch, the thread count or the batch size.
    /// Scores of the whole text do not depend on the spans. Runs on the current rayon pool.
    ///
    /// # Errors
    /// When a text cannot be tokenised; the error has its index.
    fn score(&self, passages: &[Passage<'_>]) -> Result<Vec<Scores>>;
}

/// A text to score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage<'a> {
    /// Clean text of any length.
    pub text: &'a str,
    /// Byte ranges of the text that get their own scores: its opinion units, in order.
    pub spans: &'a [Range<usize>],
}

impl<'a> From<&'a str> for Passage<'a> {
    /// A passage without spans.
    fn from(text: &'a str) -> Self {
        Self { text, spans: &[] }
    }
}

/// Scores of one text. A vector is empty when the model has no such head.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// Calibrated probabilities of negative, neutral, positive, mixed; they sum to 1. Of a model that knows no mixed comments, the last is 0.
    pub sentiment: [f32; 4],
    /// Probability of each emotion, in the order of the card's labels; each on its own.
    pub emotions: Vec<f32>,
    /// Probability of each intent, in the order of the card's labels; they sum to 1.
    pub intents: Vec<f32>,
    /// Probability of no touchpoint, then of each of [`Touchpoint::ALL`](crate::tag::Touchpoint::ALL); they sum to 1.
    pub touchpoints: Vec<f32>,
    /// Probability of each signal, in the order of the card's labels; each on its own.
    pub signals: Vec<f32>,
    /// Opinion targets, in the order of the text. They do not overlap.
    pub targets: Vec<Target>,
    /// Semantic embedding of the text, comparable across languages: of length 1, so that the dot product is the cosine.
    pub embedding: Vec<f32>,
    /// Scores of each span of the passage, in its order.
    pub spans: Vec<SpanScores>,
    /// Number of tokens over all windows of the text, including special tokens and prefix; at least 2.
    pub tokens: u32,
}

/// Scores of one span: the text's heads on the mean of the states inside it, encoded with its whole window as context. A span without a token, such
/// as white space, gets the scores of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanScores {
    /// Calibrated probabilities of negative, neutral, positive, mixed; they sum to 1. Of a model that knows no mixed comments, the last is 0.
    pub sentiment: [f32; 4],
    /// Probabilities of negative, neutral, positive, were the span an opinion target; they sum to 1. Mean over its tokens; empty
    /// when the span has none, or the model has no head for targets.
    pub polarity: Vec<f32>,
    /// As [`Scores::embedding`].
    pub embedding: Vec<f32>,
}

/// An opinion target: a run of neighbouring tokens that the token head does not classify as `none`, widened to whole words.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Byte range of the text, on character boundaries, without surrounding white space. A run ends with its window.
    pub range: Range<usize>,
    /// Probabilities of negative, neutral, positive, given that it is a target; they sum to 1. Mean over its tokens.
    pub polarity: [f32; 3],
}

/// The model inside the binary, ready to score.
///
/// # Errors
/// [`Error::NoExit`] when a fast answer is asked for and the model has none; otherwise only when the embedded files are
/// damaged, which only a broken build can cause.
///
/// [`Error::NoExit`]: crate::Error::NoExit
pub fn base(quality: Quality) -> Result<Native> {
    Native::new(CARD, TOKENIZER, Cow::Borrowed(WEIGHTS), quality).map(|engine| engine.with_units(units))
}

const CARD: &str = include_str!("../../models/base/card.toml");
const TOKENIZER: &[u8] = include_bytes!("../../models/base/tokenizer.json");
const WEIGHTS: &[u8] = include_bytes!("../../models/base/model.safetensors");

/// Long texts are split between sentences, which need no language.
fn units(text: &str) -> Vec<Range<usize>> {
    crate::text::units(text, "und")
}
