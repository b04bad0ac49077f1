//! Test cases of the behavioural suite, read from a folder of TOML files, one [`Capability`] per file. Unknown keys, cases without exactly one
//! expectation, and languages that are not ISO 639-1 codes are errors.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::tag::{Emotion, Intent, Sentiment, Signal, Touchpoint};

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

/// A text and what is expected of it: exactly one of the lists.
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
    /// Allowed touchpoints; `none` for no touchpoint.
    #[serde(default)]
    pub touchpoint: Vec<String>,
    /// Signals that must all be raised, whatever others are; `none` for no signal at all.
    #[serde(default)]
    pub signals: Vec<String>,
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
    /// The head of the model that is asked, and the names that are expected of it.
    pub(super) fn expected(&self) -> (&'static str, Vec<String>) {
        let lists = [
            ("emotion", self.emotion.clone()),
            ("intent", self.intent.iter().map(|i| i.name().to_owned()).collect()),
            ("touchpoint", self.touchpoint.clone()),
            ("signals", self.signals.clone()),
        ];
        let sentiment = || self.sentiment.iter().map(|s| s.name().to_owned()).collect();
        let asked = lists
            .into_iter()
            .find(|(_, names): &(_, Vec<String>)| !names.is_empty());
        asked.unwrap_or_else(|| ("sentiment", sentiment()))
    }

    /// A name that is none of its list, and which list that is.
    fn unknown(&self) -> Option<(&String, &'static str)> {
        let lists: [(&[String], &str, fn(&str) -> bool); 3] = [
            (&self.emotion, "emotion", |name| Emotion::of(name).is_some()),
            (&self.touchpoint, "touchpoint", |name| Touchpoint::of(name).is_some()),
            (&self.signals, "signal", |name| Signal::of(name).is_some()),
        ];
        lists.into_iter().find_map(|(names, kind, known)| {
            let odd = names.iter().find(|name| *name != super::NONE && !known(name));
            odd.map(|name| (name, kind))
        })
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
                case.touchpoint.is_empty(),
                case.signals.is_empty(),
            ]
        };
        let odd = |case: &&Case| lists(case).iter().filter(|&&empty| !empty).count() != 1;
        if let Some(case) = self.cases.iter().find(odd) {
            return Some(format!(
                "`{}` needs exactly one of sentiment, emotion, intent, touchpoint, signals",
                case.text
            ));
        }
        if let Some((odd, kind)) = self.cases.iter().find_map(Case::unknown) {
            return Some(format!("`{odd}` is no {kind}"));
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
