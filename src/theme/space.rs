//! The theme space: a projection of embeddings to shorter vectors that removes the language and weighs rare differences more ([`Space`]).
//!
//! Three steps, each measured on the test texts of banking77 (AMI and ARI of the same clustering into 77 themes):
//! 1. subtract the mean of the unit's language, because what a language has in common does not depend on the theme (base encoder: AMI 0.659 to 0.670);
//! 2. keep the principal axes, 128 of 256: 64 give 0.706 and 0.477, 128 give 0.710 and 0.489;
//! 3. divide each by the eighth root of its variance, a quarter of the way to whitening, so that a few strong axes do not dominate: 0.739 and 0.517.
//!    Half-way gives 0.724 and 0.492 on embeddings that the model has already whitened half-way.
//!
//! With few texts only the mean is subtracted.

use std::collections::BTreeMap;

use half::f16;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::figures::Figures;
use super::geometry::{add, dot, normalise};

/// Maximum number of axes.
const AXES: usize = 128;
/// Minimum number of texts per axis: with fewer, axes follow single texts.
const TEXTS_PER_AXIS: usize = 8;
/// Strength of whitening: 0 none, 1 to equal variance.
const WHITENING: f32 = 0.25;
/// Shrinkage: a language's own mean has the same weight as the overall mean at this many texts, and less with fewer.
const SHRINK: f32 = 25.0;
/// Iterations of the search for axes. Axes of nearly equal variance may remain mixed with each other, which has no measured effect.
const ROUNDS: usize = 24;
/// Rows whose outer products one worker sums.
const CHUNK: usize = 256;

/// The projection from embeddings to the theme space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Space {
    /// The mean embedding of all texts.
    mean: Figures,
    /// Mean embedding of each language, shrunk towards the overall mean where texts are few.
    languages: BTreeMap<String, Figures>,
    /// Principal axes, already divided by the eighth root of their variance; empty when there were too few texts.
    axes: Vec<Figures>,
}

impl Space {
    /// Fits the space on embeddings of equal length and their languages, one each.
    pub(super) fn fit(embeddings: &[&[f32]], languages: &[&str]) -> Self {
        let mean = mean(embeddings);
        let mut by_language: BTreeMap<&str, Vec<&[f32]>> = BTreeMap::new();
        for (embedding, language) in embeddings.iter().zip(languages) {
            by_language.entry(language).or_default().push(embedding);
        }
        let drawn = |own: &[&[f32]]| {
            let count = own.len() as f32;
            let both = self::mean(own).into_iter().zip(&mean);
            Figures::new(both.map(|(own, all)| (own * count + all * SHRINK) / (count + SHRINK)))
        };
        let languages_means = by_language
            .iter()
            .map(|(language, own)| ((*language).to_owned(), drawn(own)))
            .collect();
        let mut space = Self {
            mean: Figures::new(mean.iter().copied()),
            languages: languages_means,
            axes: Vec::new(),
        };
        let count = AXES.min(embeddings.len() / TEXTS_PER_AXIS).min(mean.len());
        if count >= 2 {
            let centred: Vec<Vec<f32>> = embeddings
                .iter()
                .zip(languages)
                .map(|(e, l)| space.centred(e, l))
                .collect();
            space.axes = axes(&covariance(&centred), mean.len(), count);
        }
        space
    }

    /// Length of the embeddings this space was fitted on.
    pub(super) fn embedding_width(&self) -> usize {
        self.mean.len()
    }

    /// Length of the vectors [`Space::place`] gives.
    pub(super) fn width(&self) -> usize {
        if self.axes.is_empty() {
            self.mean.len()
        } else {
            self.axes.len()
        }
    }

    /// Whether the lengths of all parts agree; only a model without themes may have none.
    pub(super) fn is_whole(&self, may_be_empty: bool) -> bool {
        let width = self.mean.len();
        (width > 0 || may_be_empty) && self.languages.values().chain(&self.axes).all(|row| row.len() == width)
    }

    /// Projects an embedding to a vector of unit length, or to zeros for an embedding that is exactly the mean.
    pub(super) fn place(&self, embedding: &[f32], language: &str) -> Vec<f32> {
        let centred = self.centred(embedding, language);
        if self.axes.is_empty() {
            return centred;
        }
        let mut placed: Vec<f32> = self.axes.iter().map(|axis| dot(axis, &centred)).collect();
        normalise(&mut placed);
        placed
    }

    fn centred(&self, embedding: &[f32], language: &str) -> Vec<f32> {
        let mean = self.languages.get(language).unwrap_or(&self.mean);
        // Rounded to f16, so that scores cached in a file give the same position.
        let kept = |x: &f32| f16::from_f32(*x).to_f32();
        let mut centred: Vec<f32> = embedding.iter().zip(mean.iter()).map(|(x, m)| kept(x) - m).collect();
        normalise(&mut centred);
        centred
    }
}

fn mean(rows: &[&[f32]]) -> Vec<f32> {
    let mut sum = vec![0.0_f64; rows.first().map_or(0, |row| row.len())];
    for row in rows {
        sum.iter_mut().zip(*row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    sum.into_iter().map(|x| (x / rows.len().max(1) as f64) as f32).collect()
}

/// Mean of the rows' outer products, `[width, width]`. Chunks are added in order, so that threads do not change the result.
fn covariance(rows: &[Vec<f32>]) -> Vec<f32> {
    let width = rows.first().map_or(0, Vec::len);
    let mut total = vec![0.0_f64; width * width];
    // Processing a few chunks at a time bounds the memory of partial sums.
    for group in rows.chunks(CHUNK * 16) {
        let parts: Vec<Vec<f32>> = group
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut part = vec![0.0; width * width];
                for row in chunk {
                    part.chunks_exact_mut(width)
                        .zip(row)
                        .for_each(|(sum, &x)| add(sum, row, x));
                }
                part
            })
            .collect();
        for part in parts {
            total.iter_mut().zip(part).for_each(|(sum, x)| *sum += f64::from(x));
        }
    }
    total
        .into_iter()
        .map(|x| (x / rows.len().max(1) as f64) as f32)
        .collect()
}

/// Principal axes of a covariance, strongest first, each divided by the eighth root of its variance. Uses orthogonal iteration (Golub and Van Loan,
/// Matrix Computations, 8.2.4) from a fixed start.
fn axes(covariance: &[f32], width: usize, count: usize) -> Vec<Figures> {
    // A few more axes than requested are computed, because the last ones converge slowly.
    let carried = (count + 16).min(width);
    let mut axes: Vec<Vec<f32>> = (0..carried as u64).map(|axis| start(axis, width)).collect();
    let turned = |axes: &[Vec<f32>]| -> Vec<Vec<f32>> {
        axes.par_iter()
            .map(|axis| covariance.chunks_exact(width).map(|row| dot(row, axis)).collect())
            .collect()
    };
    orthogonalise(&mut axes);
    for _ in 0..ROUNDS {
        axes = turned(&axes);
        orthogonalise(&mut axes);
    }
    let variances = turned(&axes);
    let mut scaled: Vec<(f32, Vec<f32>)> = axes
        .into_iter()
        .zip(variances)
        .map(|(axis, turned)| (dot(&axis, &turned), axis))
        .collect();
    // Stable sort: axes of equal variance keep their order.
    scaled.sort_by(|a, b| b.0.total_cmp(&a.0));
    let strongest = scaled.first().map_or(0.0, |(variance, _)| *variance);
    scaled.truncate(count);
    // An axis without variance holds only rounding errors.
    scaled.retain(|(variance, _)| *variance > strongest * 1e-5);
    scaled
        .into_iter()
        .map(|(variance, axis)| Figures::new(axis.into_iter().map(|x| x * variance.powf(-WHITENING / 2.0))))
        .collect()
}

/// A fixed start vector: hashed values in -1..1, the same on every machine.
fn start(axis: u64, width: usize) -> Vec<f32> {
    (0..width as u64)
        .map(|at| (xxh3_64_with_seed(&at.to_le_bytes(), axis) >> 40) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// Gram-Schmidt, applied twice for precision: makes each row orthogonal to the rows before it and of unit length.
fn orthogonalise(rows: &mut [Vec<f32>]) {
    for at in 0..rows.len() {
        let (done, rest) = rows.split_at_mut(at);
        let row = &mut rest[0];
        normalise(row);
        for _ in 0..2 {
            for other in &*done {
                let shared = dot(other, row);
                add(row, other, -shared);
            }
            normalise(row);
        }
    }
}
