//! Which verdict follows from a comment? Input: the comments of a batch. Output: one [`TaggedRow`] per comment, identical texts judged once and pointing
//! at their first. It knows the rules of the model card, nothing of files or kernels.

mod duplicates;
mod labels;
mod opinion;
mod quote;
mod tagger;
mod verdict;

pub use labels::{Emotion, Intent};
pub use opinion::{Opinion, Unit};
pub use quote::Quote;
pub(crate) use quote::quotes;
pub use tagger::{REMEMBERED, Seconds, TaggedRow, Tagger};
pub use verdict::{Reason, Rules, Sentiment, Status, Verdict, judge, refusal};
