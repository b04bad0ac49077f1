//! Selects the number of themes (`k`): the clustering with the best measure, or with exactly the requested number. With fewer points than that, each
//! point is its own cluster.
//!
//! The measure is a silhouette (Rousseeuw 1987) with centres instead of pairs, where each point is left out of its own centre: otherwise more
//! clusters always look better. On the test texts of banking77 (77 intents) it levels off at 100 clusters and on clinc150 (150 intents) at 130, where
//! AMI is within 0.001 and 0.016 of its best. The smallest number within [`NEAR_ENOUGH`] of the best is selected.

use super::geometry::{Points, add, dot, greatest, normalise};
use super::groups::{numbered, refined};
use super::tree::Tree;
use rayon::prelude::*;

/// A smaller number of clusters is selected if its measure is at least this share of the best.
const NEAR_ENOUGH: f32 = 0.98;
/// Factor by which a neighbouring number's measure must exceed that of the selected one to replace it.
const PEAK: f32 = 1.03;
/// Every number is tried up to this one, then steps grow by an eighth.
const STEP: usize = 8;
/// Number of neighbours on each side with which a measure is averaged.
const BESIDE: usize = 2;
/// Refinement rounds for a candidate number, and for the selected one.
const TRIED: usize = 5;
const TAKEN: usize = 15;

/// Clusters the points into exactly `count` clusters, or as many as there are points.
pub(super) fn exactly(points: &Points, weights: &[f32], tree: &Tree, count: usize) -> Vec<usize> {
    refined(points, weights, tree.cut(count), TAKEN)
}

/// Clusters the points into as many clusters as the data suggest, `least..=most`.
pub(super) fn chosen(
    points: &Points,
    judged: &Points,
    weights: &[f32],
    tree: &Tree,
    least: usize,
    most: usize,
) -> Vec<usize> {
    let step = |count: &usize| Some(count + (count / STEP).max(1)).filter(|next| *next <= most);
    let counts: Vec<usize> = std::iter::successors(Some(least.max(1)), step).collect();
    let tried: Vec<f32> = counts
        .iter()
        .map(|count| {
            silhouette(
                judged,
                weights,
                &numbered(&refined(points, weights, tree.cut(*count), TRIED)),
            )
        })
        .collect();
    exactly(points, weights, tree, counts[best(&tried)])
}

/// Index of the smallest number that is close enough to the best. A single measure is noisy, so it is averaged with its neighbours; only a clear peak
/// stands alone.
fn best(tried: &[f32]) -> usize {
    let around = |at: usize| at.saturating_sub(BESIDE)..(at + BESIDE + 1).min(tried.len());
    let smooth: Vec<f32> = (0..tried.len())
        .map(|at| &tried[around(at)])
        .map(|near| near.iter().sum::<f32>() / near.len() as f32)
        .collect();
    let most = smooth.iter().copied().fold(f32::MIN, f32::max);
    let enough = most - (1.0 - NEAR_ENOUGH) * most.abs();
    let at = smooth.iter().position(|measure| *measure >= enough).unwrap_or(0);
    let peak = around(at).fold(at, |best, near| if tried[near] > tried[best] { near } else { best });
    if tried[peak] > tried[at] * PEAK { peak } else { at }
}

/// Mean over points of the similarity to the own cluster minus that to the next, -1..=1; zero for a single cluster.
pub(super) fn silhouette(points: &Points, weights: &[f32], group: &[usize]) -> f32 {
    let count = group.iter().max().map_or(0, |most| most + 1);
    if count < 2 {
        return 0.0;
    }
    let mut sums = vec![vec![0.0; points.width()]; count];
    for ((row, weight), group) in points.rows().zip(weights).zip(group) {
        add(&mut sums[*group], row, *weight);
    }
    let mut centres = sums.clone();
    centres.iter_mut().for_each(|centre| normalise(centre));
    let of_point = |at: usize| -> f32 {
        let (row, own) = (points.row(at), group[at]);
        let mut without = sums[own].clone();
        add(&mut without, row, -weights[at]);
        normalise(&mut without);
        let inside = 1.0 - dot(&without, row);
        let others = centres
            .iter()
            .enumerate()
            .map(|(other, centre)| if other == own { -2.0 } else { dot(centre, row) });
        let outside = 1.0 - greatest(others).map_or(-1.0, |(_, nearest)| nearest);
        (outside - inside) / inside.max(outside).max(f32::EPSILON)
    };
    let each: Vec<f32> = (0..points.len()).into_par_iter().map(of_point).collect();
    let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    let sum: f64 = each.iter().zip(weights).map(|(x, weight)| f64::from(x * weight)).sum();
    (sum / total.max(f64::MIN_POSITIVE)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `groups` clusters of `members` points around directions far apart.
    fn heaps(groups: usize, members: usize) -> Points {
        let hash = |at: u64| (xxhash_rust::xxh3::xxh3_64(&at.to_le_bytes()) >> 40) as f32 / (1 << 23) as f32 - 1.0;
        let rows = (0..groups * members).map(|n| {
            let mut row: Vec<f32> = (0..16).map(|d| hash((n * 16 + d) as u64) * 0.15).collect();
            row[n % groups] += 1.0;
            normalise(&mut row);
            row
        });
        Points::of(rows.collect())
    }

    #[test]
    fn finds_the_number_of_heaps() {
        for groups in [3, 7, 12] {
            let points = heaps(groups, 12);
            let weights = vec![1.0; points.len()];
            let tree = Tree::grow(&points, &weights);
            let group = chosen(&points, &points, &weights, &tree, 2, 30);
            assert_eq!(numbered(&group).iter().max(), Some(&(groups - 1)));
            assert!((0..points.len()).all(|n| group[n] == group[n % groups]));
        }
    }

    #[test]
    fn gives_the_number_asked_for() {
        let points = heaps(7, 9);
        let weights = vec![1.0; points.len()];
        let tree = Tree::grow(&points, &weights);
        for count in [1, 2, 5, 7, 20, 63] {
            let most = exactly(&points, &weights, &tree, count).into_iter().max();
            assert_eq!(most, Some(count - 1));
        }
    }
}
