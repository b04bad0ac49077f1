//! Is a probability of 80 % right in 80 of 100 cases? Input: probabilities and whether they came true. Output: the reliability table and the expected
//! calibration error (Guo 2017) over equal-width bins.

use serde::Serialize;

/// Equal-width bins of the probability.
const BINS: usize = 15;

/// Probabilities and how often they came true.
#[derive(Debug, Clone, Default)]
pub(super) struct Calibration {
    /// Per bin: probabilities, those that came true, their sum.
    bins: [(u64, u64, f64); BINS],
}

/// Probabilities between two bounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Lowest probability in the bin.
    pub from: f64,
    /// Highest, which belongs to the next bin.
    pub to: f64,
    /// How many there were.
    pub count: u64,
    /// Their mean.
    pub claimed: f64,
    /// The share that came true.
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

    /// Mean distance between what was claimed and what came true, 0..=1.
    pub(super) fn error(&self) -> f64 {
        let all: u64 = self.bins.iter().map(|bin| bin.0).sum();
        let off: f64 = self
            .bins
            .iter()
            .map(|&(_, right, sum)| (right as f64 - sum).abs())
            .sum();
        if all == 0 { 0.0 } else { off / all as f64 }
    }

    /// The bins that hold anything, lowest first.
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
