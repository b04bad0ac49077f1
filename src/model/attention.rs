//! Self-attention within one window, one head at a time.
//!
//! Keys are transposed so that the scores of 16 tokens are computed together; lanes beyond the last token get the lowest score and zero weight. The
//! order of every sum depends only on the length of the window.

use super::card::HEAD_WIDTH;
use super::lanes::{exp, greatest, of_mut, sum};
use super::machine::{LANES, Lanes, Machine};

/// SIMD vectors per head.
const PARTS: usize = HEAD_WIDTH / LANES;
/// Queries processed together, so that each loaded key and value serves several; as many as 16 registers of 8 values allow.
const QUERIES: usize = 6;

/// Scratch memory: keys and values of one head, and the attention weights of some queries.
#[derive(Debug, Default)]
pub(super) struct Attention {
    /// For every 16 tokens, each of the head's dimensions.
    keys: Vec<[[f32; LANES]; HEAD_WIDTH]>,
    values: Vec<[[f32; LANES]; PARTS]>,
    /// Attention weights of every query, one per token.
    weights: [Vec<[f32; LANES]>; QUERIES],
}

/// Computes attention. `qkv` is `[tokens, 3 * hidden]`, queries already divided by the square root of the head width; `out` is `[tokens, hidden]`.
#[inline(always)]
pub(super) fn attend<M: Machine>(qkv: &[f32], hidden: usize, scratch: &mut Attention, out: &mut [f32]) {
    let tokens = out.len() / hidden;
    let chunks = tokens.div_ceil(LANES);
    scratch.keys.resize(chunks, [[0.0; LANES]; HEAD_WIDTH]);
    scratch.values.resize(tokens, [[0.0; LANES]; PARTS]);
    scratch.weights.iter_mut().for_each(|w| w.resize(chunks, [0.0; LANES]));
    for at in (0..hidden).step_by(HEAD_WIDTH) {
        for (token, (row, values)) in qkv.chunks_exact(3 * hidden).zip(&mut scratch.values).enumerate() {
            let keys = &mut scratch.keys[token / LANES];
            for (key, keys) in row[hidden + at..][..HEAD_WIDTH].iter().zip(keys) {
                keys[token % LANES] = *key;
            }
            values
                .as_flattened_mut()
                .copy_from_slice(&row[2 * hidden + at..][..HEAD_WIDTH]);
        }
        if tokens < QUERIES {
            (0..tokens).for_each(|first| some::<M, 1>(qkv, hidden, at, first, scratch, out));
        } else {
            // The last block may overlap the one before and compute some values again.
            let blocks = (0..tokens).step_by(QUERIES).map(|first| first.min(tokens - QUERIES));
            blocks.for_each(|first| some::<M, QUERIES>(qkv, hidden, at, first, scratch, out));
        }
    }
}

/// Attention of `N` tokens starting at `first`, for the head at column `at`.
#[inline(always)]
fn some<M: Machine, const N: usize>(
    qkv: &[f32],
    hidden: usize,
    at: usize,
    first: usize,
    scratch: &mut Attention,
    out: &mut [f32],
) {
    let tokens = scratch.values.len();
    let queries: [[f32; HEAD_WIDTH]; N] = std::array::from_fn(|n| {
        let row = &qkv[(first + n) * 3 * hidden + at..];
        row.first_chunk().copied().unwrap_or([0.0; HEAD_WIDTH])
    });
    let mut top = [M::Lanes::splat(f32::MIN); N];
    let last = (tokens - 1) / LANES;
    let ceiling: [f32; LANES] = std::array::from_fn(|n| if last * LANES + n < tokens { f32::MAX } else { f32::MIN });
    for (chunk, keys) in scratch.keys.iter().enumerate() {
        let mut scores = [M::Lanes::splat(0.0); N];
        for (d, key) in keys.iter().enumerate() {
            let key = M::Lanes::load(key);
            for (score, query) in scores.iter_mut().zip(&queries) {
                *score = key.times_plus(M::Lanes::splat(query[d]), *score);
            }
        }
        for n in 0..N {
            let score = if chunk == last {
                scores[n].lesser(M::Lanes::load(&ceiling))
            } else {
                scores[n]
            };
            top[n] = score.greater(top[n]);
            score.store(&mut scratch.weights[n][chunk]);
        }
    }
    let present = ceiling.map(|c| if c > 0.0 { 1.0 } else { 0.0 });
    let mut inverse = [0.0; N];
    for n in 0..N {
        let top = M::Lanes::splat(greatest(top[n]));
        let mut total = M::Lanes::splat(0.0);
        for (chunk, weights) in scratch.weights[n].iter_mut().enumerate() {
            let weight = exp(M::Lanes::load(weights).minus(top));
            let weight = if chunk == last {
                weight.times(M::Lanes::load(&present))
            } else {
                weight
            };
            total = total.plus(weight);
            weight.store(weights);
        }
        inverse[n] = 1.0 / sum(total);
    }
    let weights: [&[f32]; N] = std::array::from_fn(|n| &scratch.weights[n].as_flattened()[..tokens]);
    let mut mixed = [[M::Lanes::splat(0.0); PARTS]; N];
    for (token, value) in scratch.values.iter().enumerate() {
        let value = value.each_ref().map(M::Lanes::load);
        for (mixed, weights) in mixed.iter_mut().zip(&weights) {
            let weight = M::Lanes::splat(weights[token]);
            for (mixed, value) in mixed.iter_mut().zip(value) {
                *mixed = value.times_plus(weight, *mixed);
            }
        }
    }
    for (n, (mixed, inverse)) in mixed.into_iter().zip(inverse).enumerate() {
        let out = of_mut(&mut out[(first + n) * hidden + at..][..HEAD_WIDTH]);
        for (value, out) in mixed.into_iter().zip(out) {
            value.times(M::Lanes::splat(inverse)).store(out);
        }
    }
}
