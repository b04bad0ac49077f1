//! Evaluation of emotions, a multi-label task: which emotions reached their threshold, and with which probability.

use std::collections::BTreeMap;

use super::figures::{ClassFigures, Figures, mean_f1, ratio};
use super::judge::{Judge, Outcome};
use super::mapping::{Mapping, labels};
use super::scored;
use crate::error::Result;
use crate::model::{Engine, Head};

/// Labels by which other sets mark a comment without emotion.
const NONE: [&str; 2] = ["none", "neutral"];

/// Emotions of a comment as bits, in the order of the head's labels.
type Set = u32;

/// Labelled emotions and predicted ones; no prediction when the comment was not scored.
pub(super) type Sets = (Set, Option<Set>);

pub(super) struct EmotionJudge<'a> {
    engine: &'a dyn Engine,
    labels: Vec<String>,
    thresholds: Vec<f32>,
    mapping: Option<Mapping>,
    /// Emotions that are evaluated.
    known: Set,
}

/// Threshold of each emotion: from the model config, one half where it has none.
pub(super) fn thresholds(head: &Head) -> Vec<f32> {
    let threshold = |label| head.thresholds.get(label).copied().unwrap_or(0.5);
    head.labels.iter().map(threshold).collect()
}

impl<'a> EmotionJudge<'a> {
    pub(super) fn new(engine: &'a dyn Engine, head: &Head, mapping: Option<Mapping>) -> Self {
        let knows = mapping.as_ref().map_or(&[][..], |mapping| &mapping.knows);
        let bits = |n: usize| Set::from(knows.is_empty() || knows.contains(&head.labels[n])) << n;
        Self {
            engine,
            known: (0..head.labels.len()).map(bits).sum(),
            labels: head.labels.clone(),
            thresholds: thresholds(head),
            mapping,
        }
    }

    fn known(&self) -> impl Iterator<Item = usize> {
        (0..self.labels.len()).filter(|n| self.known >> n & 1 == 1)
    }
}

impl Judge for EmotionJudge<'_> {
    type Gold = Set;
    type Key = Sets;

    fn classes(&self) -> &[String] {
        &self.labels
    }

    fn gold(&self, cell: &str) -> Option<Set> {
        let found = labels(cell, self.mapping.as_ref())?;
        let mut emotions = found.iter().filter(|label| !NONE.contains(&label.as_str()));
        emotions.try_fold(0, |set, label| {
            Some(set | 1 << self.labels.iter().position(|own| own == label)?)
        })
    }

    fn outcomes(&mut self, texts: &[Option<String>], gold: &[Set]) -> Result<Vec<Outcome<Sets>>> {
        let scored = scored::score(self.engine, texts, |_, _| Vec::new())?;
        let outcome = |((_, scores), &gold): (scored::Scored, &Set)| {
            let Some(p) = scores.map(|s| s.emotions) else {
                return Outcome::of((gold & self.known, None));
            };
            let reached = (0..p.len()).filter(|&n| p[n] >= self.thresholds[n]);
            let answer: Set = reached.map(|n| 1 << n).sum();
            Outcome {
                key: (gold & self.known, Some(answer & self.known)),
                claims: self.known().map(|n| (p[n], gold >> n & 1 == 1)).collect(),
            }
        };
        Ok(scored.into_iter().zip(gold).map(outcome).collect())
    }

    fn figures(&self, counts: &BTreeMap<Sets, u64>) -> Figures {
        let count = |wanted: &dyn Fn(&Sets) -> bool| {
            let kept = counts.iter().filter(|(key, _)| wanted(key));
            kept.map(|(_, count)| count).sum::<u64>()
        };
        let class = |name: &str, has: &dyn Fn(Set) -> bool| {
            let answered = |key: &Sets| key.1.is_some_and(has);
            ClassFigures::new(
                name,
                count(&|key| has(key.0)),
                count(&answered),
                count(&|key| has(key.0) && answered(key)),
            )
        };
        let emotions = self.known().map(|n| class(&self.labels[n], &|set| set >> n & 1 == 1));
        // A set without labels for every emotion cannot label their absence.
        let none = self.mapping.as_ref().is_none_or(|mapping| mapping.knows.is_empty());
        let none = none.then(|| class(NONE[0], &|set| set == 0));
        let classes: Vec<ClassFigures> = emotions.chain(none).filter(|c| c.support > 0).collect();
        let (rows, answered) = (count(&|_| true), count(&|key| key.1.is_some()));
        Figures {
            rows,
            coverage: ratio(answered, rows),
            accuracy: ratio(count(&|key| key.1 == Some(key.0)), answered),
            macro_f1: mean_f1(&classes),
            classes,
            ..Figures::default()
        }
    }
}
