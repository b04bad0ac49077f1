//! The f32 arithmetic around the integer products, row by row. Input: rows of states. Output: rows, the same on any
//! processor.
//!
//! Written for 16 lanes of whatever machine the calling function is compiled for. The order of every sum is fixed by the
//! lanes and every multiply-add is fused, so all machines give the same bits. Nothing here calls the C library, whose
//! results differ between systems. Widths are multiples of 64.

use super::machine::{LANES, Lanes, Machine, Plain};

/// Width of an attention head, and its lanes.
const HEAD: usize = super::card::HEAD_WIDTH;
const HEAD_LANES: usize = HEAD / LANES;
/// Queries handled together, so that each key and value read serves several; as many as 16 registers of 8 values allow.
const QUERIES: usize = 6;

/// What the u8 values of a row stand for: `value = (u8 - zero) * scale`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row {
    pub(super) scale: f32,
    pub(super) zero: i32,
}

/// A layer normalisation.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) eps: f32,
}

/// Working memory of `attend`.
#[derive(Debug, Default)]
pub(super) struct Attention {
    /// Keys of one head, 32 rows of lanes for all tokens.
    keys: Vec<[f32; LANES]>,
    /// Attention of `QUERIES` tokens to all tokens.
    weights: Vec<[f32; LANES]>,
}

/// The lanes of a row.
#[inline(always)]
fn of(row: &[f32]) -> &[[f32; LANES]] {
    row.as_chunks().0
}

#[inline(always)]
fn of_mut(row: &mut [f32]) -> &mut [[f32; LANES]] {
    row.as_chunks_mut().0
}

/// The lanes brought together by halves.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for n in 0..half {
            lanes[n] = join(lanes[n], lanes[n + half]);
        }
    }
    lanes[0]
}

#[inline(always)]
fn sum<L: Lanes>(lanes: L) -> f32 {
    let mut out = [0.0; LANES];
    lanes.store(&mut out);
    fold(out, |a, b| a + b)
}

#[inline(always)]
fn least<L: Lanes>(lanes: L) -> f32 {
    let mut out = [0.0; LANES];
    lanes.store(&mut out);
    fold(out, |a, b| if a < b { a } else { b })
}

#[inline(always)]
fn greatest<L: Lanes>(lanes: L) -> f32 {
    let mut out = [0.0; LANES];
    lanes.store(&mut out);
    fold(out, |a, b| if a > b { a } else { b })
}

/// 1.5 * 2^23: adding it leaves the nearest integer, ties to even, in the low bits.
const ROUND: f32 = 12_582_912.0;

/// e^x for x <= 0, relative error below 2e-7: Cephes' `expf`, without its branches. Below -87 it stays at e^-87.
#[inline(always)]
pub(super) fn exp<L: Lanes>(x: L) -> L {
    let x = x.greater(L::splat(-87.0));
    let shifted = x.times_plus(L::splat(std::f32::consts::LOG2_E), L::splat(ROUND));
    let n = shifted.minus(L::splat(ROUND));
    let r = n.times_plus(L::splat(2.121_944_4e-4), n.times_plus(L::splat(-0.693_359_4), x));
    let mut p = L::splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_1e-1] {
        p = p.times_plus(r, L::splat(c));
    }
    p.times_plus(r.times(r), r).plus(L::splat(1.0)).times(shifted.power_of_low_bits())
}

/// Outputs of a head to probabilities.
pub(super) fn softmax<const N: usize>(outputs: [f32; N]) -> [f32; N] {
    let top = outputs.into_iter().fold(f32::MIN, f32::max);
    let powers = outputs.map(|v| exp(Plain::splat(v - top)).first());
    let total: f32 = powers.iter().sum();
    powers.map(|p| p / total)
}

/// GELU of the exact (erf) shape, absolute error below 3e-5: an odd polynomial for the normal distribution function on
/// [-4.5, 4.5], fitted to the least greatest error of the product.
#[inline(always)]
pub(super) fn gelu<L: Lanes>(x: L) -> L {
    let t = x.greater(L::splat(-4.5)).lesser(L::splat(4.5));
    let u = t.times(t);
    let mut p = L::splat(-1.400_067_5e-12);
    for c in [
        1.697_304e-10,
        -9.193_75e-9,
        2.958_899e-7,
        -6.365_256_5e-6,
        9.787_136_5e-5,
        -1.122_678_5e-3,
        9.833_185e-3,
        -6.633_706e-2,
        3.988_837_8e-1,
    ] {
        p = p.times_plus(u, L::splat(c));
    }
    x.times(p.times_plus(t, L::splat(0.5)).greater(L::splat(0.0)).lesser(L::splat(1.0)))
}

/// Integer sums of one row with a panel, back to f32: `(sum - zero * total) * scale + bias`, through GELU if asked.
#[inline(always)]
pub(super) fn scale_back<M: Machine, const GELU: bool>(
    sums: &[i32],
    row: Row,
    totals: &[i32],
    scales: &[f32],
    bias: &[f32],
    out: &mut [f32],
) {
    let scale = M::Lanes::splat(row.scale);
    let channels = sums.as_chunks().0.iter().zip(totals.as_chunks().0).zip(of(scales).iter().zip(of(bias)));
    for (((sums, totals), (scales, bias)), out) in channels.zip(of_mut(out)) {
        let exact = M::Lanes::corrected(sums, row.zero, totals);
        let value = exact.times_plus(scale.times(M::Lanes::load(scales)), M::Lanes::load(bias));
        if GELU { gelu(value).store(out) } else { value.store(out) }
    }
}

/// Quantises each row by its own range, which always includes 0.
#[inline(always)]
pub(super) fn quantise<M: Machine>(width: usize, values: &[f32], out: &mut [u8], rows: &mut [Row]) {
    for ((values, out), row) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(rows) {
        let (mut low, mut high) = (M::Lanes::splat(0.0), M::Lanes::splat(0.0));
        for v in of(values) {
            low = M::Lanes::load(v).lesser(low);
            high = M::Lanes::load(v).greater(high);
        }
        let (low, high) = (least(low), greatest(high));
        let scale = ((high - low) / 255.0).max(f32::MIN_POSITIVE);
        let zero = (-low / scale + ROUND) - ROUND;
        *row = Row { scale, zero: zero as i32 };
        let inverse = M::Lanes::splat(1.0 / scale);
        for (v, out) in of(values).iter().zip(out.as_chunks_mut().0) {
            let q = M::Lanes::load(v).times_plus(inverse, M::Lanes::splat(zero));
            let q = q.greater(M::Lanes::splat(0.0)).lesser(M::Lanes::splat(255.0));
            q.plus(M::Lanes::splat(ROUND)).low_bytes(out);
        }
    }
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias` of `x = state + added`, row by row.
#[inline(always)]
pub(super) fn normalise<M: Machine>(norm: &Norm, added: &[f32], states: &mut [f32]) {
    let width = norm.weight.len();
    for (state, added) in states.chunks_exact_mut(width).zip(added.chunks_exact(width)) {
        let mut total = M::Lanes::splat(0.0);
        for (s, a) in of_mut(state).iter_mut().zip(of(added)) {
            let x = M::Lanes::load(s).plus(M::Lanes::load(a));
            total = total.plus(x);
            x.store(s);
        }
        let mean = M::Lanes::splat(sum(total) / width as f32);
        let mut squares = M::Lanes::splat(0.0);
        for s in of(state) {
            let d = M::Lanes::load(s).minus(mean);
            squares = d.times_plus(d, squares);
        }
        let inverse = M::Lanes::splat(1.0 / (sum(squares) / width as f32 + norm.eps).sqrt());
        for (s, (w, b)) in of_mut(state).iter_mut().zip(of(&norm.weight).iter().zip(of(&norm.bias))) {
            let x = M::Lanes::load(s).minus(mean).times(inverse);
            x.times_plus(M::Lanes::load(w), M::Lanes::load(b)).store(s);
        }
    }
}

/// Attention of one text's tokens to each other. `qkv` is `[tokens, 3 * hidden]`, queries already divided by the root of the
/// head's width; `out` is `[tokens, hidden]`.
#[inline(always)]
pub(super) fn attend<M: Machine>(qkv: &[f32], hidden: usize, scratch: &mut Attention, out: &mut [f32]) {
    let tokens = out.len() / hidden;
    let chunks = tokens.div_ceil(LANES);
    scratch.keys.resize(HEAD * chunks, [0.0; LANES]);
    scratch.weights.resize(QUERIES * chunks, [0.0; LANES]);
    for at in (0..hidden).step_by(HEAD) {
        for (token, row) in qkv.chunks_exact(3 * hidden).enumerate() {
            let key = &row[hidden + at..][..HEAD];
            for (value, keys) in key.iter().zip(scratch.keys.chunks_exact_mut(chunks)) {
                keys[token / LANES][token % LANES] = *value;
            }
        }
        if tokens < QUERIES {
            (0..tokens).for_each(|first| attend_some::<M, 1>(qkv, hidden, at, first, scratch, out));
        } else {
            // The last block may overlap the one before; it computes the same again.
            let blocks = (0..tokens).step_by(QUERIES).map(|first| first.min(tokens - QUERIES));
            blocks.for_each(|first| attend_some::<M, QUERIES>(qkv, hidden, at, first, scratch, out));
        }
    }
}

/// Attention of `N` tokens from `first` on, for the head at column `at`.
#[inline(always)]
fn attend_some<M: Machine, const N: usize>(
    qkv: &[f32],
    hidden: usize,
    at: usize,
    first: usize,
    scratch: &mut Attention,
    out: &mut [f32],
) {
    let (width, tokens) = (3 * hidden, out.len() / hidden);
    let chunks = tokens.div_ceil(LANES);
    let Attention { keys, weights } = scratch;
    let queries: [&[f32]; N] = std::array::from_fn(|n| &qkv[(first + n) * width + at..][..HEAD]);
    for chunk in 0..chunks {
        let mut scores = [M::Lanes::splat(0.0); N];
        for (d, keys) in keys.chunks_exact(chunks).enumerate().take(HEAD) {
            let keys = M::Lanes::load(&keys[chunk]);
            for (score, query) in scores.iter_mut().zip(&queries) {
                *score = keys.times_plus(M::Lanes::splat(query[d]), *score);
            }
        }
        for (score, weights) in scores.into_iter().zip(weights.chunks_exact_mut(chunks)) {
            score.store(&mut weights[chunk]);
        }
    }
    let mut inverse = [0.0; N];
    for (inverse, weights) in inverse.iter_mut().zip(weights.chunks_exact_mut(chunks)) {
        // Lanes beyond the last token must not take part, so they score least and weigh nothing.
        weights.as_flattened_mut()[tokens..].fill(f32::MIN);
        let top = weights.iter().fold(M::Lanes::splat(f32::MIN), |top, w| M::Lanes::load(w).greater(top));
        let top = M::Lanes::splat(greatest(top));
        for w in &mut *weights {
            exp(M::Lanes::load(w).minus(top)).store(w);
        }
        weights.as_flattened_mut()[tokens..].fill(0.0);
        *inverse = 1.0 / sum(weights.iter().fold(M::Lanes::splat(0.0), |total, w| total.plus(M::Lanes::load(w))));
    }
    let mut mixed = [[M::Lanes::splat(0.0); HEAD_LANES]; N];
    for (token, row) in qkv.chunks_exact(width).enumerate() {
        let value = of(&row[2 * hidden + at..][..HEAD]);
        for (mixed, weights) in mixed.iter_mut().zip(weights.chunks_exact(chunks)) {
            let weight = M::Lanes::splat(weights[token / LANES][token % LANES]);
            for (mixed, value) in mixed.iter_mut().zip(value) {
                *mixed = M::Lanes::load(value).times_plus(weight, *mixed);
            }
        }
    }
    for (n, (mixed, inverse)) in mixed.into_iter().zip(inverse).enumerate() {
        let out = of_mut(&mut out[(first + n) * hidden + at..][..HEAD]);
        for (value, out) in mixed.into_iter().zip(out) {
            value.times(M::Lanes::splat(inverse)).store(out);
        }
    }
}
