//! Turns the comments of a batch into [`TaggedRow`]s: applies the rules of the model config to scores, assigns themes, and detects duplicates.
//! Identical texts are scored once.

mod duplicates;
mod labels;
mod opinion;
mod quote;
mod subjects;
mod tagger;
mod theme_table;
mod verdict;

pub use labels::{Emotion, Intent, Signal, Touchpoint};
pub use opinion::{Opinion, Unit};
pub use quote::Quote;
pub(crate) use quote::quotes;
pub use subjects::{Mention, Subject, Subjects};
pub(crate) use tagger::weigh;
pub use tagger::{REMEMBERED, Seconds, TaggedRow, Tagger};
pub use theme_table::{Tallies, Tally, ThemeLine, ThemeTable};
pub use verdict::{Reason, Rules, Sentiment, Status, Verdict, judge, refusal};
