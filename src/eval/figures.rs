//! Figures of a group of rows ([`Figures`]): precision, recall and F1 from counts of hits and misses, the same for every task.

use serde::Serialize;

use super::calibration::Bin;
use super::ranking::Answered;

/// Figures of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigures {
    /// The class.
    pub class: String,
    /// Number of labels.
    pub support: u64,
    /// Share of predictions of this class that are right, 0..=1.
    pub precision: f64,
    /// Share of labels of this class that are predicted, 0..=1.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Of single choices, precision when the bound of the class is set so that half of its rows are found, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision_at_half_recall: Option<f64>,
}

impl ClassFigures {
    /// Computes the figures from the numbers of labels, predictions, and right predictions.
    pub(super) fn new(class: &str, support: u64, answers: u64, right: u64) -> Self {
        Self {
            class: class.to_owned(),
            support,
            precision: ratio(right, answers),
            recall: ratio(right, support),
            f1: ratio(2 * right, answers + support),
            precision_at_half_recall: None,
        }
    }
}

/// Figures of opinion targets in the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SpanFigures {
    /// Whole targets, exactly from first to last character.
    pub exact: Found,
    /// 95 % bootstrap interval of F1.
    pub exact_f1_interval: [f64; 2],
    /// Whole targets with the right polarity.
    pub with_polarity: Found,
    /// Words of targets.
    pub words: Found,
}

/// Precision and recall of something found in the text.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Found {
    /// Number of labelled ones.
    pub labelled: u64,
    /// Number of predicted ones.
    pub found: u64,
    /// Share of predictions that are labelled, 0..=1.
    pub precision: f64,
    /// Share of labels that are predicted, 0..=1.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

impl Found {
    pub(super) fn new(labelled: u64, found: u64, right: u64) -> Self {
        Self {
            labelled,
            found,
            precision: ratio(right, found),
            recall: ratio(right, labelled),
            f1: ratio(2 * right, found + labelled),
        }
    }
}

/// Figures of a group of rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Number of evaluated rows or targets.
    pub rows: u64,
    /// Share of them with a prediction, 0..=1.
    pub coverage: f64,
    /// Share of the answers that is right, 0..=1; of emotions and signals, the share of rows whose every label is right.
    pub accuracy: f64,
    /// Lowest and highest of the middle 95 % of bootstrap draws.
    pub accuracy_interval: [f64; 2],
    /// Mean F1 over the classes that occur in the labels; an abstention counts as a false negative.
    pub macro_f1: f64,
    /// Lowest and highest of the middle 95 % of bootstrap draws.
    pub macro_f1_interval: [f64; 2],
    /// Of emotions and signals, F1 over all their labels together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_f1: Option<f64>,
    /// Lowest and highest of the middle 95 % of bootstrap draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_f1_interval: Option<[f64; 2]>,
    /// Of sentiment, the share of rows with negative and positive exchanged, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flips: Option<f64>,
    /// Of touchpoints, the share of right answers among the rows labelled with one, 0..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_where_any: Option<f64>,
    /// Accuracy when only the surest rows are answered, whatever the thresholds; empty where a row has several labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<Answered>,
    /// Expected calibration error of the probabilities behind the answers, 0..=1.
    pub calibration_error: f64,
    /// Predicted against observed probability.
    pub reliability: Vec<Bin>,
    /// By class.
    pub classes: Vec<ClassFigures>,
    /// `confusion[label][prediction]` in the order of the task's classes; the last prediction is none. Empty for multi-label tasks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<Vec<u64>>,
    /// For opinion targets only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spans: Option<SpanFigures>,
}

impl Figures {
    /// Figures of a single-choice task from `confusion[label][prediction]`, whose last prediction is none.
    pub(super) fn of_choices(classes: &[String], confusion: Vec<Vec<u64>>) -> Self {
        let rows: u64 = confusion.iter().flatten().sum();
        let none: u64 = confusion.iter().filter_map(|row| row.last()).sum();
        let right: u64 = (0..classes.len()).map(|n| confusion[n][n]).sum();
        let of_class = |n: usize| {
            let answers = confusion.iter().map(|row| row[n]).sum();
            ClassFigures::new(&classes[n], confusion[n].iter().sum(), answers, confusion[n][n])
        };
        let figures: Vec<ClassFigures> = (0..classes.len()).map(of_class).filter(|c| c.support > 0).collect();
        Self {
            rows,
            coverage: ratio(rows - none, rows),
            accuracy: ratio(right, rows - none),
            macro_f1: mean_f1(&figures),
            classes: figures,
            confusion,
            ..Self::default()
        }
    }
}

/// Mean F1 of classes.
pub(super) fn mean_f1(classes: &[ClassFigures]) -> f64 {
    // An empty sum is -0.0.
    classes.iter().fold(0.0, |sum, c| sum + c.f1) / classes.len().max(1) as f64
}

pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_confusion_by_hand() {
        let classes = ["a", "b", "c"].map(str::to_owned);
        // 3 a (2 right, 1 predicted b), 2 b (1 right, 1 without prediction), no c.
        let figures = Figures::of_choices(&classes, vec![vec![2, 1, 0, 0], vec![0, 1, 0, 1], vec![0, 0, 0, 0]]);
        assert_eq!(figures.rows, 5);
        assert!((figures.coverage - 0.8).abs() < 1e-9 && (figures.accuracy - 0.75).abs() < 1e-9);
        assert_eq!(figures.classes.len(), 2, "a class without labels takes no part");
        let (a, b) = (&figures.classes[0], &figures.classes[1]);
        assert!((a.f1 - 0.8).abs() < 1e-9 && (a.precision - 1.0).abs() < 1e-9);
        assert!((b.recall - 0.5).abs() < 1e-9 && (b.precision - 0.5).abs() < 1e-9);
        assert!((figures.macro_f1 - 0.65).abs() < 1e-9);
    }
}
