//! Ward's hierarchical clustering of weighted points: a [`Tree`] that can be cut into any number of clusters.
//!
//! Ward's criterion joins the two clusters whose union adds least to the squared distances from the mean (Ward 1963), found by the nearest-neighbour
//! chain (Murtagh 1983). It needs no distance matrix: eight thousand points take three megabytes. The published crates give every point the weight
//! one.

use rayon::prelude::*;

use super::geometry::{Points, add, dot};

/// Clusters that one worker searches for the nearest.
const STRIDE: usize = 512;

/// A hierarchy of points.
pub(super) struct Tree {
    leaves: usize,
    /// Joins of two earlier nodes, in order of their cost. Leaves are numbered 0.., the join at index n is `leaves + n`.
    joins: Vec<(usize, usize, f32)>,
}

/// A cluster that may still be joined.
struct Group {
    number: usize,
    weight: f32,
    mean: Vec<f32>,
    square: f32,
    /// Cost of its last join; zero for a leaf.
    height: f32,
}

impl Group {
    fn new(number: usize, weight: f32, mean: Vec<f32>, height: f32) -> Self {
        let square = dot(&mean, &mean);
        Self {
            number,
            weight,
            mean,
            square,
            height,
        }
    }

    /// Increase of the squared distances from the mean when two clusters are joined.
    fn cost(&self, other: &Self) -> f32 {
        let apart = (self.square + other.square - 2.0 * dot(&self.mean, &other.mean)).max(0.0);
        self.weight * other.weight / (self.weight + other.weight) * apart
    }

    fn joined(&self, other: &Self, number: usize, height: f32) -> Self {
        let weight = self.weight + other.weight;
        let mut mean = vec![0.0; self.mean.len()];
        add(&mut mean, &self.mean, self.weight / weight);
        add(&mut mean, &other.mean, other.weight / weight);
        Self::new(number, weight, mean, height)
    }
}

impl Tree {
    /// Builds the hierarchy of points with their weights, one each, all greater than zero.
    pub(super) fn grow(points: &Points, weights: &[f32]) -> Self {
        let leaves = points.len();
        let group = |(at, row): (usize, &[f32])| Group::new(at, weights[at], row.to_vec(), 0.0);
        let mut open: Vec<Group> = points.rows().enumerate().map(group).collect();
        let mut joins: Vec<(usize, usize, f32)> = Vec::with_capacity(leaves.saturating_sub(1));
        // Indices in `open`, each the nearest of the one before.
        let mut chain: Vec<usize> = Vec::new();
        while open.len() > 1 {
            let top = *chain.last().unwrap_or(&0);
            if chain.is_empty() {
                chain.push(top);
            }
            let before = chain.len().checked_sub(2).map(|at| chain[at]);
            let Some((nearest, cost)) = nearest(&open, top, before) else {
                break;
            };
            if Some(nearest) != before {
                chain.push(nearest);
                continue;
            }
            chain.truncate(chain.len() - 2);
            let (low, high) = (top.min(nearest), top.max(nearest));
            // Rounding must not place a join before one it is made of.
            let height = cost.max(open[low].height).max(open[high].height);
            joins.push((open[low].number, open[high].number, height));
            let joined = open[low].joined(&open[high], leaves + joins.len() - 1, height);
            open[low] = joined;
            let last = open.len() - 1;
            open.swap_remove(high);
            // The last cluster has moved into the gap.
            chain
                .iter_mut()
                .filter(|place| **place == last)
                .for_each(|place| *place = high);
        }
        Self { leaves, joins }.in_order()
    }

    /// Sorts the joins by cost. The chain finds them out of order; Ward's costs never fall towards the root, so the sorted order is valid.
    fn in_order(self) -> Self {
        let mut order: Vec<usize> = (0..self.joins.len()).collect();
        order.sort_by(|a, b| self.joins[*a].2.total_cmp(&self.joins[*b].2).then(a.cmp(b)));
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        let renamed = |number: usize| {
            if number < self.leaves {
                number
            } else {
                self.leaves + place[number - self.leaves]
            }
        };
        let joins = order
            .iter()
            .map(|old| self.joins[*old])
            .map(|(a, b, cost)| (renamed(a), renamed(b), cost))
            .collect();
        Self {
            leaves: self.leaves,
            joins,
        }
    }

    /// Cost of each join, ascending; the last is the root's.
    pub(super) fn costs(&self) -> impl DoubleEndedIterator<Item = f32> {
        self.joins.iter().map(|(_, _, cost)| *cost)
    }

    /// Cuts the tree into `count` clusters, at most as many as there are leaves. Returns the cluster of each leaf, numbered in the order of first
    /// leaves.
    pub(super) fn cut(&self, count: usize) -> Vec<usize> {
        let kept = self.leaves.saturating_sub(count.max(1));
        let mut parent: Vec<usize> = (0..self.leaves + kept).collect();
        for (at, (a, b, _)) in self.joins.iter().take(kept).enumerate() {
            parent[*a] = self.leaves + at;
            parent[*b] = self.leaves + at;
        }
        // Parents come after their children, so one pass from the end finds every root.
        for at in (0..parent.len()).rev() {
            parent[at] = parent[parent[at]];
        }
        let mut names = std::collections::HashMap::new();
        (0..self.leaves)
            .map(|leaf| {
                let next = names.len();
                *names.entry(parent[leaf]).or_insert(next)
            })
            .collect()
    }
}

/// The nearest cluster to `top`: `before` if it is equally near, else the one with the lowest number.
fn nearest(open: &[Group], top: usize, before: Option<usize>) -> Option<(usize, f32)> {
    let own = &open[top];
    let better = |a: (usize, f32), b: (usize, f32)| {
        let of_equals = || match before {
            Some(before) if a.0 == before => false,
            Some(before) if b.0 == before => true,
            _ => open[b.0].number < open[a.0].number,
        };
        match b.1.total_cmp(&a.1) {
            std::cmp::Ordering::Less => b,
            std::cmp::Ordering::Equal if of_equals() => b,
            _ => a,
        }
    };
    open.par_chunks(STRIDE)
        .enumerate()
        .filter_map(|(stride, groups)| {
            let numbered = groups
                .iter()
                .enumerate()
                .map(|(at, group)| (stride * STRIDE + at, group));
            numbered
                .filter(|(at, _)| *at != top)
                .map(|(at, group)| (at, own.cost(group)))
                .reduce(better)
        })
        .reduce_with(better)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f32]) -> Points {
        Points::new(values.to_vec(), 1)
    }

    #[test]
    fn cuts_where_the_gaps_are() {
        let points = line(&[0.0, 0.1, 5.0, 5.2, 9.0, 0.05]);
        let tree = Tree::grow(&points, &[1.0; 6]);
        assert_eq!(tree.cut(3), [0, 0, 1, 1, 2, 0]);
        assert_eq!(tree.cut(2), [0, 0, 1, 1, 1, 0]);
        assert_eq!(tree.cut(1), [0; 6]);
        assert_eq!(tree.cut(6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(tree.cut(60), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_heavy_point_is_as_many_points_in_one_place() {
        let (spread, heavy) = (line(&[0.0, 0.0, 0.0, 1.0, 2.2]), line(&[0.0, 1.0, 2.2]));
        let spread = Tree::grow(&spread, &[1.0; 5]);
        let heavy = Tree::grow(&heavy, &[3.0, 1.0, 1.0]);
        let last = |tree: &Tree| tree.costs().rev().take(2).collect::<Vec<f32>>();
        for (a, b) in last(&spread).iter().zip(last(&heavy)) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        assert_eq!(heavy.cut(2), [0, 1, 1]);
    }

    #[test]
    fn agrees_with_a_plain_search_of_all_pairs() {
        let values: Vec<f32> = (0..40_u64)
            .map(|n| (xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) % 1000) as f32 / 100.0)
            .collect();
        let tree = Tree::grow(&line(&values), &[1.0; 40]);
        let mut groups: Vec<Group> = values
            .iter()
            .enumerate()
            .map(|(n, x)| Group::new(n, 1.0, vec![*x], 0.0))
            .collect();
        for cost in tree.costs() {
            let pairs = (0..groups.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
            let (b, a) = pairs
                .min_by(|x, y| {
                    groups[x.0]
                        .cost(&groups[x.1])
                        .total_cmp(&groups[y.0].cost(&groups[y.1]))
                })
                .expect("a pair");
            let least = groups[b].cost(&groups[a]);
            assert!((least - cost).abs() < 1e-3 * least.max(1.0), "{least} {cost}");
            let joined = groups[b].joined(&groups[a], 99, least);
            groups.remove(a);
            groups[b] = joined;
        }
    }

    #[test]
    fn no_points_and_one_point() {
        assert!(Tree::grow(&line(&[]), &[]).cut(3).is_empty());
        assert_eq!(Tree::grow(&line(&[4.0]), &[1.0]).cut(3), [0]);
    }
}
