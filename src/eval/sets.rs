//! Evaluation of emotions and signals, multi-label tasks: which labels reached their threshold, and with which probability.

use std::collections::BTreeMap;

use super::figures::{ClassFigures, Figures, mean_f1, ratio};
use super::judge::{Judge, Outcome};
use super::mapping::{Mapping, labels};
use super::scored;
use crate::error::Result;
use crate::model::{Engine, Head, Scores};

/// Labels by which other sets mark a comment without any.
const NONE: [&str; 2] = ["none", "neutral"];

/// Labels of a comment as bits, in the order of the head's labels.
type Set = u32;

/// Labelled and predicted ones; no prediction when the comment was not scored.
pub(super) type Sets = (Set, Option<Set>);

pub(super) struct SetJudge<'a> {
    engine: &'a dyn Engine,
    labels: Vec<String>,
    thresholds: Vec<f32>,
    mapping: Option<Mapping>,
    /// Labels that are evaluated.
    known: Set,
    /// The head's probabilities among the scores.
    scores: fn(Scores) -> Vec<f32>,
    /// A comment without any counts as a class too.
    none: bool,
}

/// Threshold of each label: from the model config, one half where it has none.
pub(super) fn thresholds(head: &Head) -> Vec<f32> {
    let threshold = |label| head.thresholds.get(label).copied().unwrap_or(0.5);
    head.labels.iter().map(threshold).collect()
}

impl<'a> SetJudge<'a> {
    /// Of the emotions in a comment.
    pub(super) fn emotions(engine: &'a dyn Engine, head: &Head, mapping: Option<Mapping>) -> Self {
        Self {
            none: true,
            ..Self::new(engine, head, mapping, |scores| scores.emotions)
        }
    }

    /// Of the signals in a comment. Most have none, so none is not judged as a class: it would outweigh what is looked for.
    pub(super) fn signals(engine: &'a dyn Engine, head: &Head, mapping: Option<Mapping>) -> Self {
        Self::new(engine, head, mapping, |scores| scores.signals)
    }

    fn new(engine: &'a dyn Engine, head: &Head, mapping: Option<Mapping>, scores: fn(Scores) -> Vec<f32>) -> Self {
        let knows = mapping.as_ref().map_or(&[][..], |mapping| &mapping.knows);
        let bits = |n: usize| Set::from(knows.is_empty() || knows.contains(&head.labels[n])) << n;
        Self {
            engine,
            known: (0..head.labels.len()).map(bits).sum(),
            labels: head.labels.clone(),
            thresholds: thresholds(head),
            mapping,
            scores,
            none: false,
        }
    }

    fn known(&self) -> impl Iterator<Item = usize> {
        (0..self.labels.len()).filter(|n| self.known >> n & 1 == 1)
    }
}

impl Judge for SetJudge<'_> {
    type Gold = Set;
    type Key = Sets;

    fn classes(&self) -> &[String] {
        &self.labels
    }

    fn gold(&self, cell: &str) -> Option<Set> {
        let found = labels(cell, self.mapping.as_ref())?;
        let mut meant = found.iter().filter(|label| !NONE.contains(&label.as_str()));
        meant.try_fold(0, |set, label| {
            Some(set | 1 << self.labels.iter().position(|own| own == label)?)
        })
    }

    fn outcomes(&mut self, texts: &[Option<String>], gold: &[Set]) -> Result<Vec<Outcome<Sets>>> {
        let scored = scored::score(self.engine, texts, |_, _| Vec::new())?;
        let outcome = |((_, scores), &gold): (scored::Scored, &Set)| {
            let Some(p) = scores.map(self.scores) else {
                return Outcome::of((gold & self.known, None));
            };
            let reached = (0..p.len()).filter(|&n| p[n] >= self.thresholds[n]);
            let answer: Set = reached.map(|n| 1 << n).sum();
            Outcome {
                key: (gold & self.known, Some(answer & self.known)),
                claims: self.known().map(|n| (p[n], gold >> n & 1 == 1)).collect(),
                choice: None,
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
        let own = self.known().map(|n| class(&self.labels[n], &|set| set >> n & 1 == 1));
        // A set without labels for every class cannot label their absence.
        let none = self.none && self.mapping.as_ref().is_none_or(|mapping| mapping.knows.is_empty());
        let none = none.then(|| class(NONE[0], &|set| set == 0));
        let classes: Vec<ClassFigures> = own.chain(none).filter(|c| c.support > 0).collect();
        let labels = |of: &dyn Fn(&Sets) -> Set| {
            let counted = counts
                .iter()
                .map(|(key, count)| u64::from(of(key).count_ones()) * count);
            counted.sum::<u64>()
        };
        let [labelled, answers, right] = [
            labels(&|key| key.0),
            labels(&|key| key.1.unwrap_or_default()),
            labels(&|key| key.0 & key.1.unwrap_or_default()),
        ];
        let (rows, answered) = (count(&|_| true), count(&|key| key.1.is_some()));
        Figures {
            rows,
            coverage: ratio(answered, rows),
            accuracy: ratio(count(&|key| key.1 == Some(key.0)), answered),
            macro_f1: mean_f1(&classes),
            micro_f1: Some(ratio(2 * right, labelled + answers)),
            classes,
            ..Figures::default()
        }
    }
}
