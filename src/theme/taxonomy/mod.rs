//! Taxonomies: named themes with descriptions, examples and phrases, matched to texts with calibrated probabilities. A text can match several themes
//! or none.
//!
//! Evidence is of two kinds: literal phrases, and the similarity of the text's embedding to the theme's description and examples. For a model without
//! an embedding head only phrases count. The result depends on the text, the taxonomy and the model alone.

mod calibration;
mod file;
mod fold;
mod matcher;
mod phrases;
mod show;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

pub use calibration::{Blend, Calibration, Evidence, FEATURES, Weights};
pub use matcher::{Matcher, Touch};
pub use show::Tally;

use crate::error::{Error, Result};

/// The default taxonomy: the touchpoints of a customer's journey.
const JOURNEY: &str = include_str!("../../../data/taxonomy/journey.toml");
/// Its name in messages.
const JOURNEY_NAME: &str = "the default taxonomy";

/// Maximum size of a taxonomy file in bytes.
const LARGEST: u64 = 4 << 20;

/// A taxonomy of named themes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Taxonomy {
    /// Short name for programs: `a-z`, digits, `_`, `-`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Its purpose; may be empty.
    pub description: String,
    /// Minimum probability of a theme, 0..=1; none for the calibrated default.
    pub threshold: Option<f32>,
    /// Its themes, at least one, in the order of the file.
    pub themes: Vec<NamedTheme>,
}

/// One theme of a taxonomy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedTheme {
    /// Value in the output column: `a-z`, digits, `_`, `-`; unique in its taxonomy.
    pub id: String,
    /// Name for people, unique in its taxonomy.
    pub name: String,
    /// Its scope in a sentence; read by people and by the model.
    pub description: String,
    /// Typical comments, in any languages; read by the model.
    pub examples: Vec<String>,
    /// Phrases that name the theme, by ISO 639-1 code or `any`; `*` stands for any ending of a word.
    pub phrases: BTreeMap<String, Vec<String>>,
}

impl Taxonomy {
    /// The default taxonomy: the touchpoints of a customer's journey, with phrases in uk pt ru hu pl en de es fr it.
    ///
    /// # Errors
    /// Never, unless the build embedded a damaged file.
    pub fn embedded() -> Result<Self> {
        Self::parse(JOURNEY, JOURNEY_NAME)
    }

    /// Reads a taxonomy file.
    ///
    /// # Errors
    /// When the file cannot be read, or has problems; the error lists all of them with their lines.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let refuse = |problems: &str| Error::Taxonomy {
            file: shown.clone(),
            problems: problems.to_owned(),
        };
        let opened = std::fs::metadata(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::io("open", path, error),
        });
        let size = opened?.len();
        if size > LARGEST {
            return Err(refuse("it is over 4 MiB: is it a taxonomy?"));
        }
        let bytes = std::fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8 text: save it as UTF-8"))?;
        Self::parse(text.trim_start_matches('\u{feff}'), &shown)
    }

    /// Parses a taxonomy from TOML; `name` is its name in messages.
    ///
    /// # Errors
    /// [`Error::Taxonomy`] with every problem of the text and its line.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        file::parse(text).map_err(|problems| Error::Taxonomy {
            file: name.to_owned(),
            problems,
        })
    }

    /// Hash of the content, independent of the file's layout, 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("{:032x}", xxh3_128(serde_json::json!(self).to_string().as_bytes()))
    }
}

#[cfg(test)]
mod tests;
