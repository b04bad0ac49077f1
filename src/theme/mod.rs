//! What do customers talk about? Input: opinion units with their embeddings ([`Unit`]). Output: keyphrases, themes discovered without labels, and
//! ids that stay. The same units give the same themes, whatever the thread count and the order of the rows.

pub mod taxonomy;
mod unit;

pub use unit::Unit;
