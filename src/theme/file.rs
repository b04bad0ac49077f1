//! The theme model ([`Themes`]) and its file, `themes.json`: written once, used by every run. Files of another version or model, unknown keys and
//! inconsistent values are rejected.
//!
//! Keys in order: `format` and `version`; `model`, the fingerprint of the embedding model; `language`, that of most texts; `none_below`, the minimum
//! similarity for a theme; `sample`, the size of the sample; `groups` and `themes`, each with a stable `id`, a generated `label` and optionally a
//! `name` set by a person; `stop_words` learnt for languages without a list; and `space`, the projection from embeddings to the vectors of the
//! themes' `centres`. Vectors are lines of numbers with five decimals.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::Unit;
use super::figures::Figures;
use super::geometry::{dot, greatest};
use super::space::Space;
use super::words::StopWords;
use crate::error::{Error, Result};

/// Version of the file's format; a change of any key or meaning raises it.
pub const VERSION: u32 = 1;
/// Softmax sharpness: 0.1 more similarity is e times as likely.
const SHARPNESS: f32 = 10.0;

/// Marks a JSON file as a theme file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "undertone.themes")]
    Themes,
}

/// The themes found in one set of comments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Themes {
    format: Format,
    version: u32,
    /// Fingerprint of the model that made the embeddings.
    pub model: String,
    /// Language of most texts, ISO 639-1; empty when there were none.
    pub language: String,
    /// Minimum similarity (cosine in the theme space, -1..=1): a unit below it for every theme has none.
    pub none_below: f32,
    /// The sample the themes were found in.
    pub sample: Found,
    /// Groups of related themes, the upper of two levels.
    pub groups: Vec<Group>,
    /// The themes, largest first.
    pub themes: Vec<Theme>,
    /// Stop words of languages without a list.
    pub stop_words: StopWords,
    pub(super) space: Space,
}

/// Size of the sample that themes were found in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Distinct opinion units in the sample.
    pub texts: u64,
    /// Number of them without a theme.
    pub none: u64,
}

/// A group of related themes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// `g-` and six hexadecimal digits.
    pub id: String,
    /// Label made from its phrases.
    pub label: String,
    /// Name set by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Group {
    /// The name set by a person, or the label.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.label)
    }
}

/// One theme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// `t-` and six hexadecimal digits, kept by updates.
    pub id: String,
    /// Two to five words from its phrases, distinct from every other theme's.
    pub label: String,
    /// Name set by a person; takes precedence over the label and survives updates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Language of the label.
    pub language: String,
    /// The group it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Ids of themes that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<String>,
    /// Texts of the sample that belong to it.
    pub size: u64,
    /// Its best phrases by language, best first.
    pub phrases: BTreeMap<String, Vec<String>>,
    /// Texts nearest to its centre, nearest first.
    pub exemplars: Vec<Exemplar>,
    /// Position: unit vectors in the theme space, its own and one for each theme merged into it.
    pub(super) centres: Vec<Figures>,
}

/// A text that is typical of a theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemplar {
    /// Its language.
    pub language: String,
    /// The cleaned text of the customer.
    pub text: String,
}

/// The theme assigned to one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Index in [`Themes::themes`].
    pub theme: usize,
    /// Probability of this theme among all themes: softmax of `10 * closeness`, 0..=1.
    pub p: f32,
    /// Cosine similarity to the theme's nearest centre, -1..=1.
    pub closeness: f32,
}

impl Theme {
    /// The name set by a person, or the label.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.label)
    }

    /// Its own centre in the theme space, of unit length.
    pub fn centroid(&self) -> &[f32] {
        self.centres.first().map_or(&[], |centre| centre)
    }

    fn closeness(&self, place: &[f32]) -> f32 {
        self.centres
            .iter()
            .map(|centre| dot(centre, place))
            .fold(-1.0, f32::max)
    }
}

impl Themes {
    pub(super) fn new(model: &str, space: Space, stop_words: StopWords) -> Self {
        Self {
            format: Format::Themes,
            version: VERSION,
            model: model.to_owned(),
            language: String::new(),
            none_below: -1.0,
            sample: Found::default(),
            groups: Vec::new(),
            themes: Vec::new(),
            stop_words,
            space,
        }
    }

    /// Assigns a unit to its nearest theme, if it is similar enough to any.
    pub fn place(&self, unit: &Unit<'_>) -> Option<Placed> {
        let usable =
            unit.embedding.len() == self.space.embedding_width() && unit.embedding.iter().all(|x| x.is_finite());
        if !usable || !unit.text.chars().any(char::is_alphabetic) {
            return None;
        }
        self.nearest(&self.space.place(unit.embedding, unit.language))
            .filter(|placed| placed.closeness >= self.none_below)
    }

    /// The nearest theme to a position, however far.
    pub(super) fn nearest(&self, place: &[f32]) -> Option<Placed> {
        let each: Vec<f32> = self.themes.iter().map(|theme| theme.closeness(place)).collect();
        let (theme, closeness) = greatest(each.iter().copied())?;
        let all: f32 = each.iter().map(|other| ((other - closeness) * SHARPNESS).exp()).sum();
        Some(Placed {
            theme,
            p: 1.0 / all,
            closeness,
        })
    }

    /// The group a theme belongs to.
    pub fn group(&self, theme: &Theme) -> Option<&Group> {
        theme
            .group
            .as_ref()
            .and_then(|id| self.groups.iter().find(|group| group.id == *id))
    }

    /// Reads a theme file made with the model of this fingerprint.
    ///
    /// # Errors
    /// [`Error::Themes`] when it cannot be read, is not a theme file, or is damaged; [`Error::ThemesModel`] when another model made it.
    pub fn load(path: &Path, model: &str) -> Result<Self> {
        let themes = Self::read(path)?;
        if themes.model == model {
            return Ok(themes);
        }
        Err(Error::ThemesModel {
            path: path.to_owned(),
            made_with: themes.model,
            model: model.to_owned(),
        })
    }

    /// Reads a theme file made with any model.
    ///
    /// # Errors
    /// [`Error::Themes`] when it cannot be read, is not a theme file, or is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let damaged = |reason: String| Error::Themes {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::io("read", path, source),
        })?;
        let loose: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| damaged(format!("it is no JSON: {e}")))?;
        if loose["format"] != "undertone.themes" {
            return Err(damaged("it is JSON, but no theme file".to_owned()));
        }
        if loose["version"] != VERSION {
            let version = &loose["version"];
            return Err(damaged(format!(
                "it has version {version} of the format, this program reads version {VERSION}"
            )));
        }
        let themes: Self = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        match themes.flaw() {
            Some(flaw) => Err(damaged(flaw)),
            None => Ok(themes),
        }
    }

    /// Describes the first inconsistency, if there is one.
    fn flaw(&self) -> Option<String> {
        let width = self.space.width();
        let mut ids = std::collections::BTreeSet::new();
        if !self.space.is_whole(self.themes.is_empty()) {
            return Some("the vectors of `space` have different lengths".to_owned());
        }
        self.themes.iter().find_map(|theme| {
            let id = &theme.id;
            if !ids.insert(id) {
                Some(format!("two themes have the id {id}"))
            } else if theme.centres.is_empty() || theme.centres.iter().any(|centre| centre.len() != width) {
                Some(format!("the centres of theme {id} do not lie in `space`"))
            } else if theme.group.is_some() && self.group(theme).is_none() {
                Some(format!("the group of theme {id} is missing"))
            } else {
                None
            }
        })
    }

    /// Serialises to the file's text.
    ///
    /// # Errors
    /// Never for themes that were found or read; the signature is the JSON writer's.
    pub fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::Themes {
            path: "themes.json".into(),
            reason: source.to_string(),
        })?;
        Ok(text + "\n")
    }

    /// Hash of the file, 32 hexadecimal digits.
    ///
    /// # Errors
    /// As [`Themes::to_json`].
    pub fn fingerprint(&self) -> Result<String> {
        Ok(format!("{:032x}", xxh3_128(self.to_json()?.as_bytes())))
    }
}
