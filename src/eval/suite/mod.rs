//! What can a reader of feedback do? Input: a folder of TOML files, one capability each, in the spirit of CheckList (Ribeiro 2020): texts with the allowed answers, groups
//! of texts that must agree, pairs that must be ordered. Output: how many hold, by capability and language, and each that does not. It refuses files that say anything else.
//!
//! An abstention is a wrong answer. What the model has no head for is not asked, and counted so.

mod capability;
mod report;

use std::path::Path;

pub use capability::{Capability, Case, Group, Pair, read};
pub use report::{Failure, Held, SuiteReport};

use super::choices::likeliest;
use super::{ModelName, emotions, scored};
use crate::error::Result;
use crate::model::Engine;
use crate::tag::{Seconds, Sentiment, Tagger, Verdict};

/// What a comment without emotion is expected to have.
const NONE: &str = "none";

/// Asks a model for everything in a folder of capabilities.
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
