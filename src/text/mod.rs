//! What did the customer write, in which language, in which opinion units? Input: a raw comment, any string. Output:
//! clean text with the way back into the original ([`clean`]), its language ([`language`]), and the sentences and
//! clauses that can each hold an opinion of their own ([`units`]).
//!
//! Pure, total and linear: no input makes these functions panic or fail, and the answer depends on the text alone.

mod bare;
mod characters;
mod clean;
mod contrast;
mod draft;
mod language;
mod links;
mod mail;
mod mail_phrases;
mod markup;
mod sentences;
mod symbols;
mod taming;
mod units;

pub use bare::bare;
pub use clean::{Clean, clean};
pub use language::{Language, language};
pub use symbols::Content;
pub use units::units;
