//! Undertone reads customer feedback, says how each comment feels, and writes what it found beside the original columns.
//!
//! # The walk
//!
//! ```text
//! files -> source -> text -> model -> tag -> sink -> Parquet        (eval judges it on labelled data)
//! ```
//!
//! | room | question it answers |
//! |---|---|
//! | [`source`] | Which rows are in these files, and which column holds the comment? |
//! | [`text`] | What did the customer write, without markup, in which language, in which opinion units? |
//! | [`model`] | How does each text score? Row *i* of the answer belongs to text *i*, whatever its batch-mates. |
//! | [`theme`] | What do customers talk about? Keyphrases, discovered themes, ids that stay. |
//! | [`redact`] | Which parts of a text say who a person is? |
//! | [`tag`] | Which verdict follows from the scores, by the rules of the model card? |
//! | [`sink`] | How does the output file come to be complete or absent? Owns the output schema. |
//! | [`lake`] | How does a night's work come into a dataset once, whole and only once? |
//! | [`run`] | The corridor: the main flow on one screen. |
//! | [`export`] | How does a tagged table come back to people and their tools? |
//! | [`inspect`] | What is found in these few comments, at a glance? |
//! | [`find`] | How are themes found in files, or found again? |
//! | [`eval`] | How often are the verdicts right, per language? |

pub mod error;
pub mod eval;
pub mod export;
pub mod find;
pub mod inspect;
pub mod lake;
pub mod model;
pub mod presets;
pub mod progress;
pub mod redact;
pub mod run;
pub mod sink;
pub mod source;
pub mod summary;
pub mod tag;
pub mod text;
pub mod theme;

pub use error::{Error, Result};
