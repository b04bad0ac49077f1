//! How does each text score? Input: clean texts of any length. Output: for text *i* its calibrated scores, at place *i*.
//!
//! The answer for a text depends on that text and the model alone: not on its batch-mates, the thread count, the batch
//! size or the processor. Texts longer than the model's window are read in several windows and pooled, never cut short.
//! Refuses models whose files do not agree with each other.
//!
//! ```text
//! text -> pieces (tokens) -> windows -> packed batches -> states (encoder) -> mean -> heads (card) -> Scores
//! ```

mod attention;
mod card;
mod encoder;
mod kernel;
mod lanes;
mod machine;
mod native;
mod product;
mod tokens;
mod weights;

#[cfg(test)]
mod tests;

pub use card::{Activation, Card, Head, HeadKind};
pub use native::Native;

use crate::Result;
use std::borrow::Cow;

/// What scores texts. `native` is always there; a second engine may stand behind the same trait.
pub trait Engine: Send + Sync {
    /// The model's own description: its heads, their calibration, the rules that read them.
    fn card(&self) -> &Card;

    /// 32 hexadecimal digits that tell this model from any other: a hash of its files.
    fn fingerprint(&self) -> &str;

    /// Scores texts. Row *i* of the answer belongs to text *i* and never depends on its batch-mates, the thread count or
    /// the batch size. Runs on the current rayon pool.
    ///
    /// # Errors
    /// When a text cannot be cut into pieces; the error names its place.
    fn score(&self, texts: &[&str]) -> Result<Vec<Scores>>;
}

/// What the model says of one text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// Calibrated probabilities of negative, neutral, positive; they sum to 1.
    pub sentiment: [f32; 3],
    /// Pieces read, over all windows of the text, frame and prefix included; at least 2.
    pub tokens: u32,
}

/// The model inside the binary, ready to score.
///
/// # Errors
/// When the embedded files are damaged, which only a broken build can cause.
pub fn base() -> Result<Native> {
    Native::new(
        include_str!("../../models/base/card.toml"),
        include_bytes!("../../models/base/tokenizer.json"),
        Cow::Borrowed(include_bytes!("../../models/base/model.safetensors")),
    )
    // A long text is cut between sentences, and sentences need no language.
    .map(|engine| engine.with_units(|text| crate::text::units(text, "und")))
}
