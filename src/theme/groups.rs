//! Spherical k-means (Dhillon and Modha 2001) on weighted points of unit length. No cluster is ever lost: the number of clusters never falls.

use rayon::prelude::*;

use super::geometry::{Points, add, normalise};

/// Points per worker.
const STRIDE: usize = 256;

/// Mean direction of each of `count` clusters. A cluster without members, or whose members cancel out, gets zeros.
pub(super) fn centres(points: &Points, weights: &[f32], group: &[usize], count: usize) -> Points {
    let mut sums = vec![vec![0.0; points.width()]; count];
    for ((row, weight), group) in points.rows().zip(weights).zip(group) {
        add(&mut sums[*group], row, *weight);
    }
    sums.iter_mut().for_each(|sum| normalise(sum));
    Points::new(sums.concat(), points.width())
}

/// Nearest centre of each point; there must be at least one centre.
pub(super) fn nearest(points: &Points, centres: &Points) -> Vec<usize> {
    let at: Vec<usize> = (0..points.len()).collect();
    let near = |at: &usize| centres.nearest(points.row(*at)).map_or(0, |(group, _)| group);
    at.par_chunks(STRIDE)
        .flat_map_iter(|chunk| chunk.iter().map(near))
        .collect()
}

/// Reassigns points to the nearest cluster until none moves, for at most `rounds` rounds, or until a cluster would become empty.
pub(super) fn refined(points: &Points, weights: &[f32], first: Vec<usize>, rounds: usize) -> Vec<usize> {
    let count = first.iter().max().map_or(0, |most| most + 1);
    let mut group = first;
    for _ in 0..rounds {
        let next = nearest(points, &centres(points, weights, &group, count));
        let mut members = vec![0_u32; count];
        next.iter().for_each(|group| members[*group] += 1);
        if next == group || members.contains(&0) {
            break;
        }
        group = next;
    }
    group
}

/// Merges points into at most `most` small clusters and returns their mean directions, weights, and the cluster of each point. With no more points
/// than that, each is its own cluster. The seeds are the first points, so the order of the points must not depend on the order of the rows.
pub(super) fn gathered(points: Points, weights: Vec<f32>, most: usize) -> (Points, Vec<f32>, Vec<usize>) {
    let count = points.len();
    if count <= most {
        return (points, weights, (0..count).collect());
    }
    let seeds = Points::of((0..most).map(|at| points.row(at).to_vec()).collect());
    let mut group = nearest(&points, &seeds);
    // A seed may have an equal before it and then no members, so clusters are renumbered.
    group = numbered(&group);
    group = refined(&points, &weights, group, ROUNDS);
    let groups = group.iter().max().map_or(0, |most| most + 1);
    let mut sums = vec![0.0; groups];
    group
        .iter()
        .zip(&weights)
        .for_each(|(group, weight)| sums[*group] += weight);
    (centres(&points, &weights, &group, groups), sums, group)
}

/// Rounds for small clusters, which need not converge.
const ROUNDS: usize = 3;

/// Renumbers clusters 0.. in the order of their first members.
pub(super) fn numbered(group: &[usize]) -> Vec<usize> {
    let mut names = std::collections::HashMap::new();
    group
        .iter()
        .map(|old| {
            let next = names.len();
            *names.entry(*old).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(degrees: &[f32]) -> Points {
        Points::of(
            degrees
                .iter()
                .map(|d| vec![d.to_radians().cos(), d.to_radians().sin()])
                .collect(),
        )
    }

    #[test]
    fn moves_a_misplaced_point() {
        let points = circle(&[0.0, 10.0, 5.0, 90.0, 95.0]);
        assert_eq!(refined(&points, &[1.0; 5], vec![0, 0, 1, 1, 1], 9), [0, 0, 0, 1, 1]);
    }

    #[test]
    fn never_leaves_a_group_empty() {
        let points = circle(&[0.0, 0.0, 0.0]);
        assert_eq!(refined(&points, &[1.0; 3], vec![0, 1, 2], 9), [0, 1, 2]);
    }

    #[test]
    fn gathers_into_no_more_than_asked() {
        let points = circle(&[0.0, 90.0, 1.0, 91.0, 2.0, 92.0, 0.0]);
        let (centres, weights, group) = gathered(points, vec![1.0; 7], 2);
        assert_eq!((centres.len(), weights), (2, vec![4.0, 3.0]));
        assert_eq!(group, [0, 1, 0, 1, 0, 1, 0]);
    }
}
