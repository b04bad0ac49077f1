//! What do customers talk about? Input: opinion units with their embeddings ([`Unit`]). Output: keyphrases, themes discovered without labels, and
//! ids that stay. The same units give the same themes, whatever the thread count and the order of the rows.
//!
//! A run feeds its units to a [`Sample`]; [`discover`] finds [`Themes`] in it; [`Themes::place`] gives each unit its theme or none; the file that
//! [`Themes`] are kept in is reused every night, renewed by [`update`] and edited by people with [`Themes::rename`] and [`Themes::merge`].

mod discover;
mod edit;
mod figures;
mod file;
mod geometry;
mod groups;
mod keyphrases;
mod naming;
mod near;
mod number;
mod sample;
mod show;
mod space;
pub mod taxonomy;
mod titles;
mod tree;
mod unit;
mod update;
mod words;

#[cfg(test)]
mod tests;

pub use discover::{Wish, discover};
pub use file::{Exemplar, Found, Group, Placed, Theme, Themes, VERSION};
pub use keyphrases::Keyphrases;
pub use sample::Sample;
pub use show::report;
pub use titles::Titles;
pub use unit::Unit;
pub use update::{Change, Fate, update};
pub use words::StopWords;
