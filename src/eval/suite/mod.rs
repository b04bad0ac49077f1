//! The behavioural suite: tests what a reader of feedback must be able to do. Input: a folder of TOML files, one capability each, in the spirit of CheckList (Ribeiro 2020): texts with the allowed answers, groups
//! of texts that must agree, pairs that must be ordered. Output: how many hold, by capability and language, and each that does not. It refuses files that say anything else.
//!
//! An abstention is a wrong answer. What the model has no head for is not asked, and counted so.

mod capability;
mod report;

use std::path::Path;

pub use capability::{Capability, Case, Group, Pair, read};
pub use report::{Failure, Held, SuiteReport};

use super::ModelName;
use crate::error::Result;
use crate::find::Topics;
use crate::model::Engine;
use crate::tag::{Seconds, Sentiment, TaggedRow, Tagger, Verdict};

/// No emotion, no intent, no touchpoint, no signal, no score.
const NONE: &str = "none";
/// No sentiment; never a right answer.
const ABSTAINED: &str = "abstained";

/// Tests a model on all capabilities in a folder.
///
/// # Errors
/// As [`read`]; or when the engine fails.
pub fn run(folder: &Path, engine: &dyn Engine) -> Result<SuiteReport> {
    let capabilities = read(folder)?;
    let mut report = SuiteReport::new(ModelName::of(engine));
    for capability in &capabilities {
        report.ask(capability, engine)?;
    }
    Ok(report)
}

impl SuiteReport {
    fn ask(&mut self, capability: &Capability, engine: &dyn Engine) -> Result<()> {
        let name = &capability.capability;
        let of_cases = capability.cases.iter().map(|case| &case.text);
        let of_groups = capability.groups.iter().flat_map(|group| &group.texts);
        let of_pairs = capability.pairs.iter().flat_map(|pair| [&pair.better, &pair.worse]);
        let mut rows = rows(engine, of_cases.chain(of_groups).chain(of_pairs))?.into_iter();
        let sentiment = |verdict: &Verdict| verdict.sentiment.map_or(ABSTAINED, Sentiment::name).to_owned();

        for case in &capability.cases {
            let Some(row) = rows.next() else { continue };
            let (head, expected) = case.expected();
            if engine.card().head(head).is_none() {
                *self.not_asked.entry(name.clone()).or_default() += 1;
                continue;
            }
            let texts = vec![case.text.clone()];
            if head == "signals" {
                let raised = signals(&row.verdict);
                let passed = expected.iter().all(|name| raised.contains(name));
                let got = vec![raised.join(" and ")];
                self.add(name, &case.language, passed, texts, &[expected.join(" and ")], got);
                continue;
            }
            let verdict = &row.verdict;
            let answer = match head {
                "emotion" => verdict
                    .emotions
                    .first()
                    .map_or(NONE, |(emotion, _)| emotion.name())
                    .to_owned(),
                "intent" => verdict.intent.map_or(NONE, |(intent, _)| intent.name()).to_owned(),
                "touchpoint" => {
                    let touchpoint = row.subject.touchpoint.as_ref();
                    touchpoint.map_or_else(|| NONE.to_owned(), |(id, _)| id.to_string())
                }
                _ => sentiment(verdict),
            };
            let passed = expected.contains(&answer);
            self.add(name, &case.language, passed, texts, &expected, vec![answer]);
        }
        for group in &capability.groups {
            let own = rows.by_ref().take(group.texts.len());
            let answers: Vec<String> = own.map(|row| sentiment(&row.verdict)).collect();
            let allowed: Vec<String> = group.sentiment.iter().map(|s| s.name().to_owned()).collect();
            let right = |answer: &String| *answer != ABSTAINED && (allowed.is_empty() || allowed.contains(answer));
            let agreed = answers.iter().all(|answer| *answer == answers[0] && right(answer));
            self.add(name, &group.language, agreed, group.texts.clone(), &allowed, answers);
        }
        for pair in &capability.pairs {
            let scores: Vec<Option<f32>> = rows.by_ref().take(2).map(|row| row.verdict.score()).collect();
            let ordered = matches!(scores[..], [Some(better), Some(worse)] if better > worse);
            let texts = vec![pair.better.clone(), pair.worse.clone()];
            let got = scores
                .iter()
                .map(|s| s.map_or_else(|| NONE.to_owned(), |s| format!("{s:+.2}")));
            self.add(
                name,
                &pair.language,
                ordered,
                texts,
                &["the first above the second".to_owned()],
                got.collect(),
            );
        }
        Ok(())
    }
}

/// The names of the signals that are raised, or that there is none.
fn signals(verdict: &Verdict) -> Vec<String> {
    let raised: Vec<String> = verdict
        .signals
        .iter()
        .flatten()
        .map(|(signal, _)| signal.name().to_owned())
        .collect();
    if raised.is_empty() {
        vec![NONE.to_owned()]
    } else {
        raised
    }
}

fn rows<'t>(engine: &dyn Engine, texts: impl Iterator<Item = &'t String>) -> Result<Vec<TaggedRow>> {
    let texts: Vec<Option<String>> = texts.cloned().map(Some).collect();
    let rows: Vec<u64> = (0..texts.len() as u64).collect();
    let ids = vec![String::new(); texts.len()];
    let topics = Topics::named(None)?;
    let mut tagger = Tagger::new(engine).telling(topics.subjects(engine)?);
    tagger.tag(&rows, ids, &texts, &mut Seconds::default())
}
