//! Undertone reads customer feedback, detects how each comment feels and what it is about, and writes the results beside the original columns.
//!
//! # Overview
//!
//! ```text
//! files -> source -> text -> model -> tag -> sink -> Parquet        (eval measures it on labelled data)
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`source`] | Readers of all input formats: batches of rows with the comment's column, and rejects. |
//! | [`text`] | Cleaning, language detection, and opinion units with offsets into the original. |
//! | [`model`] | The model: scores for texts. Row *i* belongs to text *i* and does not depend on the rest of the batch. |
//! | [`theme`] | Keyphrases, discovered themes with stable ids, and taxonomies of named themes. |
//! | [`redact`] | Detection and replacement of personal data. |
//! | [`tag`] | Scores to labels by the rules of the model config: sentiment, emotion, intent, opinions, themes, duplicates. |
//! | [`sink`] | Output files, complete or absent, and the output schema. |
//! | [`lake`] | A partitioned dataset that grows from run to run; every row is in it once. |
//! | [`run`] | The main flow of `tag`, on one screen. |
//! | [`find`] | Theme discovery and updates over files. |
//! | [`inspect`] | Results of a few comments for the terminal. |
//! | [`summary`] | Counts, sentiment by language and the strongest comments of a run. |
//! | [`export`] | Tagged tables as CSV, JSON lines or Excel, for people and monitoring tools. |
//! | [`eval`] | Accuracy, calibration and the behavioural suite, by language. |
//! | [`presets`] | List of the export formats that are recognised. |
//! | [`progress`] | Progress and notes of a run on standard error. |
//! | [`error`] | All errors, as one enum. |
//!
//! `ARCHITECTURE.md` at the root of the repository says where state lives and where to add things.

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
mod survey;
pub mod tag;
pub mod text;
pub mod theme;

pub use error::{Error, Result};
