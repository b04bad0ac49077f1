//! What can a reader of feedback do? Input: a folder of TOML files, one capability each, in the spirit of CheckList (Ribeiro 2020): texts with the allowed answers, groups
//! of texts that must agree, pairs that must be ordered. Output: how many hold, by capability and language, and each that does not. It refuses files that say anything else.
//!
//! An abstention is a wrong answer. What the model has no head for is not asked, and counted so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::choices::likeliest;
use super::show::table;
use super::{ModelName, emotions, scored};
use crate::error::{Error, Result};
use crate::model::Engine;
use crate::tag::{Seconds, Sentiment, Tagger, Verdict};

/// What a comment without emotion is expected to have.
const NONE: &str = "none";
/// Longest quote of a failing text, in characters.
const QUOTE: usize = 110;

/// One capability, as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Its name.
    pub capability: String,
    /// What is asked, in a sentence.
    pub about: String,
    /// Texts and what is expected of each.
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
    /// What a customer wrote.
    pub text: String,
    /// Allowed sentiments.
    #[serde(default)]
    pub sentiment: Vec<Sentiment>,
    /// Allowed strongest emotions; `none` for no emotion.
    #[serde(default)]
    pub emotion: Vec<String>,
    /// Allowed intents.
    #[serde(default)]
    pub intent: Vec<String>,
}

/// Texts that must get the same sentiment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// ISO 639-1.
    pub language: String,
    /// At least two.
    pub texts: Vec<String>,
    /// Allowed sentiments; any where there are none.
    #[serde(default)]
    pub sentiment: Vec<Sentiment>,
}

/// Two texts of which one is more positive.
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

/// How many expectations hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How many were asked.
    pub asked: u64,
    /// How many hold.
    pub passed: u64,
}

/// An expectation that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The capability it belongs to.
    pub capability: String,
    /// ISO 639-1.
    pub language: String,
    /// The text, or the texts.
    pub texts: Vec<String>,
    /// What was expected.
    pub expected: String,
    /// What came, text by text.
    pub got: Vec<String>,
}

/// What a model can do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuiteReport {
    /// Which model was asked.
    pub model: ModelName,
    /// Everything.
    pub all: Held,
    /// The share of it that holds, 0..=1.
    pub rate: f64,
    /// Expectations about answers the model has no head for, by capability.
    pub not_asked: BTreeMap<String, u64>,
    /// By language.
    pub languages: BTreeMap<String, Held>,
    /// By capability, then language.
    pub capabilities: BTreeMap<String, BTreeMap<String, Held>>,
    /// What does not hold.
    pub failures: Vec<Failure>,
}

impl Capability {
    /// What is wrong with it, if anything.
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
        let lonely = self.groups.iter().find(|group| group.texts.len() < 2);
        lonely.map(|group| format!("the group of `{}` needs two texts", group.texts.concat()))
    }
}

/// Reads the capabilities in a folder, by file name.
///
/// # Errors
/// When the folder cannot be read, holds no `.toml` file, or one of them says anything else than a [`Capability`].
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

/// Asks a model for everything in a folder of capabilities.
///
/// # Errors
/// As [`read`]; or when the engine fails.
pub fn run(folder: &Path, engine: &dyn Engine) -> Result<SuiteReport> {
    let capabilities = read(folder)?;
    let mut report = SuiteReport {
        model: ModelName::of(engine),
        all: Held::default(),
        rate: 0.0,
        not_asked: BTreeMap::new(),
        languages: BTreeMap::new(),
        capabilities: BTreeMap::new(),
        failures: Vec::new(),
    };
    for capability in &capabilities {
        report.ask(capability, engine)?;
    }
    report.rate = super::figures::ratio(report.all.passed, report.all.asked);
    Ok(report)
}

impl SuiteReport {
    fn ask(&mut self, capability: &Capability, engine: &dyn Engine) -> Result<()> {
        let name = &capability.capability;
        let of_sentiment = capability.cases.iter().filter(|case| !case.sentiment.is_empty());
        let cases = of_sentiment.map(|case| (&case.language, vec![case.text.clone()], &case.sentiment));
        let groups = capability
            .groups
            .iter()
            .map(|group| (&group.language, group.texts.clone(), &group.sentiment));
        for (language, texts, allowed) in cases.chain(groups) {
            let found: Vec<Option<Sentiment>> = verdicts(engine, &texts)?.iter().map(|v| v.sentiment).collect();
            let right = |s: &Option<Sentiment>| s.is_some_and(|s| allowed.is_empty() || allowed.contains(&s));
            let agreed = found.iter().all(|s| *s == found[0] && right(s));
            let expected: Vec<&str> = allowed.iter().map(|s| s.name()).collect();
            let got = found
                .iter()
                .map(|s| s.map_or("abstained", Sentiment::name).to_owned())
                .collect();
            self.add(name, language, agreed, texts, &expected.join(" or "), got);
        }
        for pair in &capability.pairs {
            let texts = vec![pair.better.clone(), pair.worse.clone()];
            let scores: Vec<Option<f32>> = verdicts(engine, &texts)?.iter().map(Verdict::score).collect();
            let ordered = matches!(scores[..], [Some(better), Some(worse)] if better > worse);
            let got = scores
                .iter()
                .map(|s| s.map_or("none".to_owned(), |s| format!("{s:+.2}")))
                .collect();
            self.add(name, &pair.language, ordered, texts, "first above second", got);
        }
        for (head, allowed) in [("emotion", emotion as fn(&Case) -> &[String]), ("intent", intent)] {
            let cases: Vec<&Case> = capability
                .cases
                .iter()
                .filter(|case| !allowed(case).is_empty())
                .collect();
            let texts: Vec<Option<String>> = cases.iter().map(|case| Some(case.text.clone())).collect();
            let Some(answers) = strongest(engine, head, &texts)? else {
                *self.not_asked.entry(name.clone()).or_default() += cases.len() as u64;
                continue;
            };
            for (case, answer) in cases.iter().zip(answers) {
                let right = allowed(case).contains(&answer);
                let expected = allowed(case).join(" or ");
                self.add(
                    name,
                    &case.language,
                    right,
                    vec![case.text.clone()],
                    &expected,
                    vec![answer],
                );
            }
        }
        self.not_asked.retain(|_, count| *count > 0);
        Ok(())
    }

    fn add(&mut self, name: &str, language: &str, passed: bool, texts: Vec<String>, expected: &str, got: Vec<String>) {
        let capability = self.capabilities.entry(name.to_owned()).or_default();
        let of_language = self.languages.entry(language.to_owned()).or_default();
        for held in [
            &mut self.all,
            of_language,
            capability.entry(language.to_owned()).or_default(),
        ] {
            held.asked += 1;
            held.passed += u64::from(passed);
        }
        if !passed {
            self.failures.push(Failure {
                capability: name.to_owned(),
                language: language.to_owned(),
                texts,
                expected: expected.to_owned(),
                got,
            });
        }
    }
}

fn emotion(case: &Case) -> &[String] {
    &case.emotion
}

fn intent(case: &Case) -> &[String] {
    &case.intent
}

fn verdicts(engine: &dyn Engine, texts: &[String]) -> Result<Vec<Verdict>> {
    let rows: Vec<u64> = (0..texts.len() as u64).collect();
    let texts: Vec<Option<String>> = texts.iter().cloned().map(Some).collect();
    let ids = vec![String::new(); texts.len()];
    let tagged = Tagger::new(engine).tag(&rows, ids, &texts, &mut Seconds::default())?;
    Ok(tagged.into_iter().map(|row| row.verdict).collect())
}

/// The strongest emotion that reached its threshold, or the likeliest intent, of each text. None when the model has no such head.
fn strongest(engine: &dyn Engine, head: &str, texts: &[Option<String>]) -> Result<Option<Vec<String>>> {
    let Some(head) = engine.card().head(head) else {
        return Ok(None);
    };
    let thresholds = emotions::thresholds(head);
    let of_emotion = head.name == "emotion";
    let answer = |(_, scores): scored::Scored| {
        let p = scores
            .map(|s| if of_emotion { s.emotions } else { s.intents })
            .unwrap_or_default();
        let best = likeliest(&p);
        let reached = p.get(best).is_some_and(|&p| !of_emotion || p >= thresholds[best]);
        if reached {
            head.labels[best].clone()
        } else {
            NONE.to_owned()
        }
    };
    let scored = scored::score(engine, texts, |_, _| Vec::new())?;
    Ok(Some(scored.into_iter().map(answer).collect()))
}

fn sum<'a>(held: impl IntoIterator<Item = &'a Held>) -> Held {
    held.into_iter().fold(Held::default(), |sum, held| Held {
        asked: sum.asked + held.asked,
        passed: sum.passed + held.passed,
    })
}

impl Display for Held {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.passed, self.asked)
    }
}

impl Display for SuiteReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let languages: BTreeSet<&String> = self.languages.keys().collect();
        let header: Vec<String> = ["", "all"]
            .map(str::to_owned)
            .into_iter()
            .chain(languages.iter().map(|l| (*l).clone()))
            .collect();
        let line = |name: &str, all: Held, held: &BTreeMap<String, Held>| {
            let percent = 100.0 * all.passed as f64 / all.asked.max(1) as f64;
            let cells = languages
                .iter()
                .map(|l| held.get(*l).map_or_else(|| "-".to_owned(), Held::to_string));
            [name.to_owned(), format!("{percent:.0} %")]
                .into_iter()
                .chain(cells)
                .collect()
        };
        let capabilities = self.capabilities.iter();
        let lines = capabilities.map(|(name, held)| line(name, sum(held.values()), held));
        writeln!(
            f,
            "{}",
            table(&header, lines.chain([line("all", self.all, &self.languages)]))
        )?;
        for failure in &self.failures {
            let Failure {
                capability,
                language,
                expected,
                got,
                ..
            } = failure;
            let texts = failure
                .texts
                .iter()
                .zip(got)
                .map(|(text, got)| format!("{got}: {}", quote(text)));
            writeln!(f, "\n{capability} {language}, expected {expected}")?;
            texts.into_iter().try_for_each(|text| writeln!(f, "  {text}"))?;
        }
        for (name, count) in &self.not_asked {
            writeln!(f, "\n{name}: {count} not asked, the model has no head for it")?;
        }
        write!(f, "\n{} hold, {:.1} %", self.all, 100.0 * self.rate)
    }
}

fn quote(text: &str) -> String {
    let mut quote: String = text.chars().take(QUOTE).collect();
    if quote.len() < text.len() {
        quote.push('…');
    }
    quote
}
