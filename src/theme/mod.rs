//! Themes of comments: keyphrases, and themes discovered in opinion units and their embeddings ([`Unit`]), with stable ids. The same units give the
//! same themes for any thread count and row order.
//!
//! A run adds its units to a [`Sample`]; [`discover`] finds [`Themes`] in it; [`Themes::place`] assigns each unit a theme or none. The file of
//! [`Themes`] is reused by later runs, updated by [`update`] and edited with [`Themes::rename`] and [`Themes::merge`].

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
