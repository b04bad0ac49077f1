//! Test cases of the behavioural suite, read from a folder of TOML files, one [`Capability`] per file. Unknown keys, cases without exactly one
//! expectation, and languages that are not ISO 639-1 codes are errors.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::tag::{Emotion, Intent, Sentiment};

/// One capability, as defined in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Its name.
    pub capability: String,
    /// What is tested, in a sentence.
    pub about: String,
    /// Texts with an expectation each.
    #[serde(default)]
    pub cases: Vec<Case>,
    /// Texts that must get the same sentiment.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Texts that must be ordered.
    #[serde(default)]
    pub pairs: Vec<Pair>,
}

/// A text and what is expected of it: exactly one of the three lists of allowed answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// ISO 639-1.
    pub language: String,
    /// The customer's text.
    pub text: String,
    /// Allowed sentiments.
    #[serde(default)]
    pub sentiment: Vec<Sentiment>,
    /// Allowed strongest emotions; `none` for no emotion.
    #[serde(default)]
    pub emotion: Vec<String>,
    /// Allowed intents.
    #[serde(default)]
    pub intent: Vec<Intent>,
}

/// Texts that must get the same sentiment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// ISO 639-1.
    pub language: String,
    /// At least two texts.
    pub texts: Vec<String>,
    /// Allowed sentiments; any when empty.
    #[serde(default)]
    pub sentiment: Vec<Sentiment>,
}

/// Two texts, one more positive than the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// ISO 639-1.
    pub language: String,
    /// The more positive text.
    pub better: String,
    /// The less positive text.
    pub worse: String,
}

impl Case {
    /// The head of the model that is asked, and the answers that are allowed.
    pub(super) fn expected(&self) -> (&'static str, Vec<String>) {
        if !self.emotion.is_empty() {
            ("emotion", self.emotion.clone())
        } else if !self.intent.is_empty() {
            ("intent", self.intent.iter().map(|i| i.name().to_owned()).collect())
        } else {
            (
                "sentiment",
                self.sentiment.iter().map(|s| s.name().to_owned()).collect(),
            )
        }
    }
}

impl Capability {
    /// Describes the problem, if there is one.
    fn problem(&self) -> Option<String> {
        let languages = self.cases.iter().map(|c| &c.language);
        let languages = languages.chain(self.groups.iter().map(|g| &g.language));
        let mut languages = languages.chain(self.pairs.iter().map(|p| &p.language));
        if let Some(odd) = languages.find(|l| l.len() != 2 || !l.bytes().all(|b| b.is_ascii_lowercase())) {
            return Some(format!("`{odd}` is no language of two letters"));
        }
        let lists = |case: &Case| {
            [
                case.sentiment.is_empty(),
                case.emotion.is_empty(),
                case.intent.is_empty(),
            ]
        };
        let odd = |case: &&Case| lists(case).iter().filter(|&&empty| !empty).count() != 1;
        if let Some(case) = self.cases.iter().find(odd) {
            return Some(format!(
                "`{}` needs exactly one of sentiment, emotion, intent",
                case.text
            ));
        }
        let mut emotions = self.cases.iter().flat_map(|case| &case.emotion);
        if let Some(odd) = emotions.find(|name| *name != super::NONE && Emotion::of(name).is_none()) {
            return Some(format!("`{odd}` is no emotion"));
        }
        let lonely = self.groups.iter().find(|group| group.texts.len() < 2);
        lonely.map(|group| format!("the group of `{}` needs two texts", group.texts.concat()))
    }
}

/// Reads the capabilities in a folder, by file name.
///
/// # Errors
/// When the folder cannot be read, holds no `.toml` file, or one of them is not a valid [`Capability`].
pub fn read(folder: &Path) -> Result<Vec<Capability>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| Error::io("read", folder, e))?.path();
        files.extend(Some(path).filter(|path| path.extension().is_some_and(|e| e == "toml")));
    }
    files.sort();
    let refuse = |file: &Path, problem: String| Error::Suite {
        file: file.display().to_string(),
        problem,
    };
    if files.is_empty() {
        return Err(refuse(folder, "there is no .toml file in it".to_owned()));
    }
    let parse = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).map_err(|e| Error::io("read", file, e))?;
        let capability: Capability =
            toml::from_str(&text).map_err(|e| refuse(file, e.to_string().trim_end().to_owned()))?;
        capability
            .problem()
            .map_or(Ok(capability), |problem| Err(refuse(file, problem)))
    };
    files.iter().map(parse).collect()
}
