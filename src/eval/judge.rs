//! The interface of an evaluated task, and the aggregation of row outcomes to [`Figures`] with calibration and bootstrap intervals.

use std::collections::BTreeMap;

use super::calibration::Calibration;
use super::choices::likeliest;
use super::figures::Figures;
use super::interval::{again, middle};
use super::ranking::Ranking;
use crate::error::Result;

/// Evaluation of one task.
pub(super) trait Judge {
    /// A gold label.
    type Gold: Clone;
    /// Outcome of a row; figures are computed from outcome counts.
    type Key: Ord + Clone;

    /// The classes, in the order of the confusion.
    fn classes(&self) -> &[String];

    /// Valid labels, for people.
    fn expects(&self) -> String {
        self.classes().join(", ")
    }

    /// Parses the gold label in a cell; none when it holds nothing this task can use.
    fn gold(&self, cell: &str) -> Option<Self::Gold>;

    /// Scores texts and compares with the labels, row by row.
    fn outcomes(&mut self, texts: &[Option<String>], gold: &[Self::Gold]) -> Result<Vec<Outcome<Self::Key>>>;

    /// Figures of outcomes, without calibration and intervals.
    fn figures(&self, counts: &BTreeMap<Self::Key, u64>) -> Figures;
}

/// Outcome of one row.
pub(super) struct Outcome<K> {
    pub(super) key: K,
    /// Probabilities the model stood by, and whether it was right.
    pub(super) claims: Vec<(f32, bool)>,
    /// Of a single choice, the probability of every class and the right class.
    pub(super) choice: Option<(Vec<f32>, usize)>,
}

impl<K> Outcome<K> {
    /// An outcome without a probability.
    pub(super) fn of(key: K) -> Self {
        Self {
            key,
            claims: Vec::new(),
            choice: None,
        }
    }

    /// The outcome of a single choice that claims its likeliest class.
    pub(super) fn chosen(key: K, probabilities: Vec<f32>, gold: usize) -> Self {
        let best = likeliest(&probabilities);
        Self {
            key,
            claims: probabilities
                .get(best)
                .map(|&p| (p, best == gold))
                .into_iter()
                .collect(),
            choice: Some((probabilities, gold)),
        }
    }
}

/// Outcome counts of a group of rows.
pub(super) struct Tally<K> {
    counts: BTreeMap<K, u64>,
    calibration: Calibration,
    ranking: Ranking,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            calibration: Calibration::default(),
            ranking: Ranking::default(),
        }
    }
}

impl<K: Ord + Clone> Tally<K> {
    pub(super) fn add(&mut self, outcome: &Outcome<K>) {
        *self.counts.entry(outcome.key.clone()).or_default() += 1;
        outcome
            .claims
            .iter()
            .for_each(|&(p, right)| self.calibration.add(p, right));
        if let Some((probabilities, gold)) = &outcome.choice {
            self.ranking.add(probabilities, *gold);
        }
    }

    pub(super) fn figures(&self, judge: &impl Judge<Key = K>) -> Figures {
        let mut figures = judge.figures(&self.counts);
        figures.calibration_error = self.calibration.error();
        figures.reliability = self.calibration.table();
        figures.curve = self.ranking.curve();
        for class in &mut figures.classes {
            let place = judge.classes().iter().position(|name| *name == class.class);
            class.precision_at_half_recall = place.and_then(|place| self.ranking.precision_at(place, 0.5));
        }
        let drawn = again(&self.counts, |counts| {
            let drawn = judge.figures(counts);
            let exact = drawn.spans.map_or(0.0, |s| s.exact.f1);
            [
                drawn.accuracy,
                drawn.macro_f1,
                exact,
                drawn.micro_f1.unwrap_or_default(),
            ]
        });
        let interval = |figure: usize| middle(drawn.iter().map(|d| d[figure]));
        figures.accuracy_interval = interval(0);
        figures.macro_f1_interval = interval(1);
        if let Some(spans) = &mut figures.spans {
            spans.exact_f1_interval = interval(2);
        }
        figures.micro_f1_interval = figures.micro_f1.map(|_| interval(3));
        figures
    }
}
