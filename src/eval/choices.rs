//! Evaluation of single-choice tasks, sentiment and intent: the predicted class and its probability.

use std::collections::BTreeMap;

use super::figures::{Figures, ratio};
use super::judge::{Judge, Outcome};
use super::mapping::{Mapping, labels};
use super::scored;
use crate::error::Result;
use crate::model::Engine;
use crate::tag::{Seconds, Sentiment, Tagger};

/// Gold class and predicted class, by index; the index after the last class means no prediction.
pub(super) type Choice = (usize, usize);

/// The figures of single choices.
pub(super) fn figures(classes: &[String], counts: &BTreeMap<Choice, u64>) -> Figures {
    let mut confusion = vec![vec![0; classes.len() + 1]; classes.len()];
    counts
        .iter()
        .for_each(|(&(gold, answer), count)| confusion[gold][answer] += count);
    Figures::of_choices(classes, confusion)
}

/// Index of the maximum, the first on a tie.
pub(super) fn likeliest(probabilities: &[f32]) -> usize {
    (1..probabilities.len()).fold(0, |best, n| {
        if probabilities[n] > probabilities[best] {
            n
        } else {
            best
        }
    })
}

/// The one label of a cell, by its number among the classes.
pub(super) fn only(cell: &str, mapping: Option<&Mapping>, classes: &[String]) -> Option<usize> {
    let found = labels(cell, mapping)?;
    let [label] = found.as_slice() else { return None };
    classes.iter().position(|class| class.eq_ignore_ascii_case(label))
}

/// Evaluates the sentiment of the results.
pub(super) struct SentimentJudge<'a> {
    tagger: Tagger<'a>,
    classes: Vec<String>,
    mapping: Option<Mapping>,
    /// Choose the likeliest of negative, neutral and positive, never abstaining and never mixed.
    forced: bool,
}

impl<'a> SentimentJudge<'a> {
    pub(super) fn new(engine: &'a dyn Engine, mapping: Option<Mapping>, forced: bool) -> Self {
        Self {
            tagger: Tagger::new(engine),
            classes: Sentiment::ALL.map(|s| s.name().to_owned()).to_vec(),
            mapping,
            forced,
        }
    }
}

impl Judge for SentimentJudge<'_> {
    type Gold = usize;
    type Key = Choice;

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn gold(&self, cell: &str) -> Option<usize> {
        // A forced choice has three classes: a mixed comment has no right one.
        only(cell, self.mapping.as_ref(), &self.classes).filter(|&n| !(self.forced && n == Sentiment::Mixed as usize))
    }

    fn outcomes(&mut self, texts: &[Option<String>], gold: &[usize]) -> Result<Vec<Outcome<Choice>>> {
        let rows: Vec<u64> = (0..texts.len() as u64).collect();
        let ids = vec![String::new(); texts.len()];
        let tagged = self.tagger.tag(&rows, ids, texts, &mut Seconds::default())?;
        let outcome = |(row, &gold): (crate::tag::TaggedRow, &usize)| {
            let Some(mut p) = row.verdict.probabilities.map(Vec::from) else {
                return Outcome::of((gold, self.classes.len()));
            };
            if self.forced {
                // Given that it is not mixed.
                p.truncate(Sentiment::Mixed as usize);
                let all: f32 = p.iter().sum();
                p.iter_mut().for_each(|p| *p /= all);
                return Outcome::chosen((gold, likeliest(&p)), p, gold);
            }
            let answer = row.verdict.sentiment.map_or(self.classes.len(), |s| s as usize);
            let stands = answer == likeliest(&p);
            let mut outcome = Outcome::chosen((gold, answer), p, gold);
            if !stands {
                // Nothing is claimed where nothing is answered.
                outcome.claims.clear();
            }
            outcome
        };
        Ok(tagged.into_iter().zip(gold).map(outcome).collect())
    }

    fn figures(&self, counts: &BTreeMap<Choice, u64>) -> Figures {
        let figures = figures(&self.classes, counts);
        let [negative, positive] = [Sentiment::Negative, Sentiment::Positive].map(|s| s as usize);
        let exchanged = [(negative, positive), (positive, negative)].map(|key| counts.get(&key).copied().unwrap_or(0));
        Figures {
            flips: Some(ratio(exchanged.iter().sum(), figures.rows)),
            ..figures
        }
    }
}

/// Evaluates the most likely intent.
pub(super) struct IntentJudge<'a> {
    engine: &'a dyn Engine,
    classes: Vec<String>,
    mapping: Option<Mapping>,
}

impl<'a> IntentJudge<'a> {
    /// Creates the judge; `classes` are those of the model's head.
    pub(super) fn new(engine: &'a dyn Engine, classes: Vec<String>, mapping: Option<Mapping>) -> Self {
        Self {
            engine,
            classes,
            mapping,
        }
    }
}

impl Judge for IntentJudge<'_> {
    type Gold = usize;
    type Key = Choice;

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn gold(&self, cell: &str) -> Option<usize> {
        only(cell, self.mapping.as_ref(), &self.classes)
    }

    fn outcomes(&mut self, texts: &[Option<String>], gold: &[usize]) -> Result<Vec<Outcome<Choice>>> {
        let scored = scored::score(self.engine, texts, |_, _| Vec::new())?;
        let outcome = |((_, scores), &gold): (scored::Scored, &usize)| {
            let Some(p) = scores.map(|s| s.intents).filter(|p| !p.is_empty()) else {
                return Outcome::of((gold, self.classes.len()));
            };
            Outcome::chosen((gold, likeliest(&p)), p, gold)
        };
        Ok(scored.into_iter().zip(gold).map(outcome).collect())
    }

    fn figures(&self, counts: &BTreeMap<Choice, u64>) -> Figures {
        figures(&self.classes, counts)
    }
}
