//! Confidence intervals of 95 % by the percentile bootstrap (Efron 1979): outcomes are resampled with replacement and measured again.
//!
//! Seeded, so the same rows give the same intervals; memory depends on the number of distinct outcomes, not on the rows.

use std::collections::BTreeMap;

/// Number of bootstrap samples.
const DRAWS: usize = 1000;
/// Arbitrary fixed seed.
const SEED: u64 = 20;

/// Resamples outcomes [`DRAWS`] times, each as counts by outcome, and calls `measure` on each sample.
pub(super) fn again<K: Ord + Clone, T>(counts: &BTreeMap<K, u64>, measure: impl Fn(&BTreeMap<K, u64>) -> T) -> Vec<T> {
    let outcomes: Vec<&K> = counts.keys().collect();
    let ends: Vec<u64> = counts
        .values()
        .scan(0, |end, count| {
            *end += count;
            Some(*end)
        })
        .collect();
    let total = ends.last().copied().unwrap_or(0);
    let mut random = fastrand::Rng::with_seed(SEED);
    (0..DRAWS)
        .map(|_| {
            let mut drawn = vec![0; outcomes.len()];
            for _ in 0..total {
                let at = random.u64(0..total);
                drawn[ends.partition_point(|&end| end <= at)] += 1;
            }
            let drawn = outcomes.iter().map(|&outcome| outcome.clone()).zip(drawn);
            measure(&drawn.filter(|&(_, count)| count > 0).collect())
        })
        .collect()
}

/// Bounds of the middle 95 % of values.
pub(super) fn middle(values: impl IntoIterator<Item = f64>) -> [f64; 2] {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * values.len().saturating_sub(1) as f64).round() as usize;
        values.get(place).copied().unwrap_or(0.0)
    };
    [at(0.025), at(0.975)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_of_a_share_is_that_of_the_binomial() {
        let counts = BTreeMap::from([(false, 400), (true, 600)]);
        let share = |counts: &BTreeMap<bool, u64>| counts.get(&true).copied().unwrap_or(0) as f64 / 1000.0;
        let [low, high] = middle(again(&counts, share));
        // 0.6 +- 1.96 * sqrt(0.6 * 0.4 / 1000)
        assert!(
            (low - 0.5696).abs() < 0.006 && (high - 0.6304).abs() < 0.006,
            "{low} {high}"
        );
        assert_eq!(middle(again(&counts, share)), [low, high], "seeded");
    }

    #[test]
    fn nothing_has_no_interval() {
        assert_eq!(middle([]), [0.0, 0.0]);
        assert_eq!(
            again(&BTreeMap::<u8, u64>::new(), |counts| counts.len()),
            vec![0; DRAWS]
        );
    }
}
