//! Input of the theme room: an opinion unit as `text` split it and the model scored it, borrowed throughout.

use std::ops::Range;

/// One opinion unit of a comment: a sentence or clause that can hold its own opinion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit<'a> {
    /// The unit's clean text.
    pub text: &'a str,
    /// ISO 639-1 code of the comment's language, or `und`.
    pub language: &'a str,
    /// The model's embedding of the unit, of unit length; empty when the model has no such head.
    pub embedding: &'a [f32],
    /// Byte ranges of the opinion targets in `text`, in order.
    pub targets: &'a [Range<usize>],
    /// Probabilities of negative, neutral, positive, mixed; they sum to 1.
    pub polarity: [f32; 4],
}
