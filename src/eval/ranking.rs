//! Figures of ranked predictions: accuracy when only the surest share of the rows is answered, and the precision of a class at a given recall.
//! Probabilities are kept in equal steps, so that memory does not grow with the rows.

use serde::Serialize;

use super::choices::likeliest;
use super::figures::ratio;

/// Equal steps of the probability.
const STEPS: usize = 2000;
/// Shares of the rows that are answered, for the abstention curve.
const ANSWERED: [f64; 3] = [1.0, 0.9, 0.8];

/// Accuracy when only the rows with the likeliest answers are answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Answered {
    /// Share of the scored rows that is answered, the surest first, 0..=1.
    pub answered: f64,
    /// Share of these whose likeliest class is right, 0..=1.
    pub accuracy: f64,
    /// Probability of the likeliest class of the last row that is answered.
    pub from: f64,
}

/// Rows by the probability of something, and how often it was so.
#[derive(Debug, Clone)]
struct Steps(Vec<(u64, u64)>);

impl Steps {
    fn new() -> Self {
        Self(vec![(0, 0); STEPS])
    }

    fn add(&mut self, probability: f32, so: bool) {
        let step = ((f64::from(probability) * STEPS as f64) as usize).min(STEPS - 1);
        let (count, was) = &mut self.0[step];
        *count += 1;
        *was += u64::from(so);
    }

    /// From the highest probability down: its lower bound, and the sums of rows and of those that were so, up to there.
    fn sums(&self) -> impl Iterator<Item = (f64, u64, u64)> {
        let filled = self.0.iter().enumerate().rev().filter(|(_, step)| step.0 > 0);
        filled.scan((0, 0), |(rows, right), (step, &(count, was))| {
            *rows += count;
            *right += was;
            Some((step as f64 / STEPS as f64, *rows, *right))
        })
    }
}

/// What single choices claimed of every class.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking {
    likeliest: Option<Steps>,
    classes: Vec<Steps>,
}

impl Ranking {
    /// Counts a row with the probabilities of all classes; `gold` is the right one.
    pub(super) fn add(&mut self, probabilities: &[f32], gold: usize) {
        if self.classes.len() < probabilities.len() {
            self.classes.resize_with(probabilities.len(), Steps::new);
        }
        let best = likeliest(probabilities);
        let surest = self.likeliest.get_or_insert_with(Steps::new);
        surest.add(probabilities[best], best == gold);
        let classes = self.classes.iter_mut().zip(probabilities).enumerate();
        classes.for_each(|(class, (steps, &p))| steps.add(p, class == gold));
    }

    /// The abstention curve; empty when no row has probabilities.
    pub(super) fn curve(&self) -> Vec<Answered> {
        let Some(steps) = &self.likeliest else {
            return Vec::new();
        };
        let all = steps.0.iter().map(|step| step.0).sum::<u64>() as f64;
        let at = |share: f64| {
            let (from, rows, right) = steps.sums().find(|&(_, rows, _)| rows as f64 >= share * all - 1e-9)?;
            // Of rows with equal probabilities none is surer than another, so that the share may be a little larger than asked for.
            Some(Answered {
                answered: rows as f64 / all,
                accuracy: ratio(right, rows),
                from,
            })
        };
        ANSWERED.into_iter().filter_map(at).collect()
    }

    /// Precision of a class when its bound is set so that this share of its rows is found; none for a class without rows.
    pub(super) fn precision_at(&self, class: usize, recall: f64) -> Option<f64> {
        let steps = self.classes.get(class)?;
        let all = steps.0.iter().map(|step| step.1).sum::<u64>();
        let (_, rows, right) = steps
            .sums()
            .find(|&(_, _, right)| all > 0 && right as f64 >= recall * all as f64 - 1e-9)?;
        Some(ratio(right, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_are_answered_first() {
        let mut ranking = Ranking::default();
        // Of ten rows the eight surest are right, one of the others.
        for n in 0..10 {
            let p = 0.95 - 0.04 * n as f32;
            ranking.add(&[p, 1.0 - p], usize::from(n == 9));
        }
        let curve = ranking.curve();
        let found: Vec<(f64, f64)> = curve.iter().map(|point| (point.answered, point.accuracy)).collect();
        assert_eq!(found, [(1.0, 0.9), (0.9, 1.0), (0.8, 1.0)]);
        assert!((curve[2].from - 0.67).abs() < 0.001);
        assert!(Ranking::default().curve().is_empty());
    }

    #[test]
    fn rows_of_one_probability_are_answered_together() {
        let mut ranking = Ranking::default();
        (0..10).for_each(|n| ranking.add(&[0.7, 0.3], usize::from(n < 4)));
        assert!(
            ranking
                .curve()
                .iter()
                .all(|point| point.answered == 1.0 && point.accuracy == 0.6)
        );
    }

    #[test]
    fn precision_at_a_recall_by_hand() {
        let mut ranking = Ranking::default();
        // The class is right at 0.9, wrong at 0.8, right at 0.7, and twice missed.
        for (p, gold) in [(0.9, 1), (0.8, 0), (0.7, 1), (0.2, 1), (0.1, 1)] {
            ranking.add(&[1.0 - p, p], gold);
        }
        let near = |found: Option<f64>, wanted: f64| found.is_some_and(|found| (found - wanted).abs() < 1e-9);
        assert!(near(ranking.precision_at(1, 0.25), 1.0));
        assert!(near(ranking.precision_at(1, 0.5), 2.0 / 3.0));
        assert!(near(ranking.precision_at(1, 1.0), 0.8));
        let mut none = Ranking::default();
        none.add(&[0.6, 0.4], 0);
        assert_eq!(none.precision_at(1, 0.5), None);
    }
}
