//! Text processing of raw comments: cleaning with an alignment to the original ([`clean`]), language detection ([`language`]), and splitting into
//! the sentences and clauses that can each hold an opinion of their own ([`units`]).
//!
//! These functions are pure, accept any input and take linear time: they never panic or fail, and the result depends on the text alone.

mod bare;
mod bbcode;
mod characters;
mod clean;
mod contrast;
mod draft;
mod grams;
mod language;
mod links;
mod mail;
mod mail_phrases;
mod marks;
mod markup;
mod no_answer;
mod prior;
mod ratings;
mod repair;
mod sentences;
mod symbols;
mod taming;
mod units;

pub use bare::bare;
pub use clean::{Clean, clean};
pub use language::{Detector, Language, language};
pub use marks::Marks;
pub use prior::{LanguagePrior, LanguageSample};
pub use repair::is_misread;
pub use symbols::Content;
pub use units::units;
