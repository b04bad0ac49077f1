//! Calibration of probabilities: reliability table and expected calibration error (Guo 2017) over equal-width bins.

use serde::Serialize;

/// Number of equal-width bins.
const BINS: usize = 15;

/// Probabilities and how often the predicted event occurred.
#[derive(Debug, Clone, Default)]
pub(super) struct Calibration {
    /// Per bin: number of predictions, number that were right, sum of probabilities.
    bins: [(u64, u64, f64); BINS],
}

/// One bin of the reliability table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Lowest probability in the bin.
    pub from: f64,
    /// Upper bound, exclusive except in the last bin.
    pub to: f64,
    /// Number of predictions in the bin.
    pub count: u64,
    /// Mean predicted probability.
    pub claimed: f64,
    /// Observed share.
    pub right: f64,
}

impl Calibration {
    pub(super) fn add(&mut self, probability: f32, right: bool) {
        let bin = ((f64::from(probability) * BINS as f64) as usize).min(BINS - 1);
        let (count, came_true, sum) = &mut self.bins[bin];
        *count += 1;
        *came_true += u64::from(right);
        *sum += f64::from(probability);
    }

    /// Expected calibration error: mean absolute difference between predicted and observed share, 0..=1.
    pub(super) fn error(&self) -> f64 {
        let all: u64 = self.bins.iter().map(|bin| bin.0).sum();
        let off: f64 = self
            .bins
            .iter()
            .map(|&(_, right, sum)| (right as f64 - sum).abs())
            .sum();
        if all == 0 { 0.0 } else { off / all as f64 }
    }

    /// The bins that are not empty, lowest first.
    pub(super) fn table(&self) -> Vec<Bin> {
        let filled = self.bins.iter().enumerate().filter(|(_, bin)| bin.0 > 0);
        filled
            .map(|(n, &(count, right, sum))| Bin {
                from: n as f64 / BINS as f64,
                to: (n + 1) as f64 / BINS as f64,
                count,
                claimed: sum / count as f64,
                right: right as f64 / count as f64,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_the_distance_between_claim_and_truth() {
        let mut calibration = Calibration::default();
        (0..10).for_each(|n| calibration.add(0.9, n < 7));
        (0..10).for_each(|n| calibration.add(0.5, n < 5));
        assert!((calibration.error() - 0.1).abs() < 1e-6);
        let table = calibration.table();
        assert_eq!(table.iter().map(|bin| bin.count).collect::<Vec<_>>(), [10, 10]);
        assert!((table[1].right - 0.7).abs() < 1e-9 && (table[1].claimed - 0.9).abs() < 1e-6);
    }

    #[test]
    fn certainty_is_in_the_last_bin() {
        let mut calibration = Calibration::default();
        calibration.add(1.0, true);
        assert!(calibration.error() < 1e-9);
        assert!((calibration.table()[0].to - 1.0).abs() < 1e-9);
    }
}
