//! The f32 arithmetic around the integer products, row by row. Input: rows of states. Output: rows, the same on any
//! processor.
//!
//! Written as loops over 16 lanes which the compiler turns into whatever vectors the calling function is compiled for (see
//! `kernel`). The order of every sum is fixed by the 16 lanes and every multiply-add is fused, so vector width changes
//! nothing: all processors give the same bits. Nothing here calls the C library, whose results differ between systems.

/// Values handled together.
const LANES: usize = 16;
/// Width of an attention head.
const HEAD: usize = super::card::HEAD_WIDTH;
/// Queries handled together, so that each key and value read serves several.
const QUERIES: usize = 4;

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
    /// Keys of one head, `[32, tokens rounded up to 16]`.
    keys: Vec<f32>,
    /// Attention of `QUERIES` tokens to all tokens.
    weights: Vec<f32>,
}

#[inline(always)]
fn sum(lanes: [f32; LANES]) -> f32 {
    let mut eight = [0.0; 8];
    for n in 0..8 {
        eight[n] = lanes[n] + lanes[n + 8];
    }
    let four = [eight[0] + eight[4], eight[1] + eight[5], eight[2] + eight[6], eight[3] + eight[7]];
    (four[0] + four[2]) + (four[1] + four[3])
}

#[inline(always)]
fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline(always)]
fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// 1.5 * 2^23: adding it leaves the nearest integer, ties to even, in the low bits.
const ROUND: f32 = 12_582_912.0;

/// e^x for x <= 0, relative error below 2e-7: Cephes' `expf`, without its branches. Below -87 it stays at e^-87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = greater(x, -87.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_4, x));
    let mut p = 1.987_569_1e-4_f32;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_1e-1] {
        p = p.mul_add(r, c);
    }
    let p = p.mul_add(r * r, r) + 1.0;
    // The low bits of `shifted` are n; it goes straight into the exponent.
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// GELU with the exact (erf) shape, absolute error below 3e-5: an odd polynomial for the normal distribution function on
/// [-4.5, 4.5], fitted to the least greatest error of the product.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let t = lesser(greater(x, -4.5), 4.5);
    let u = t * t;
    let mut p = -1.400_067_5e-12_f32;
    for c in [
        1.697_304e-10,
        -9.193_75e-9,
        2.958_899e-7,
        -6.365_256_5e-6,
        9.787_136_5e-5,
        -1.122_678_5e-3,
        9.833_185e-3,
        -6.633_706e-2,
        0.398_883_78,
    ] {
        p = p.mul_add(u, c);
    }
    x * lesser(greater(p.mul_add(t, 0.5), 0.0), 1.0)
}

/// The sum of products of two rows of equal length.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut total = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for n in 0..LANES {
            total[n] += a[n] * b[n];
        }
    }
    sum(total)
}

/// Logits to probabilities, in place.
pub(super) fn softmax(values: &mut [f32]) {
    let greatest = values.iter().copied().fold(f32::MIN, greater);
    values.iter_mut().for_each(|v| *v = exp(*v - greatest));
    let total: f32 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= total);
}

/// Integer sums of one row with a panel, back to f32: `(sum - zero * weights' sum) * scales + bias`, through GELU if asked.
#[inline(always)]
pub(super) fn scale_back<const GELU: bool>(sums: &[i32], row: Row, totals: &[i32], scales: &[f32], bias: &[f32], out: &mut [f32]) {
    let (totals, scales, bias) = (&totals[..out.len()], &scales[..out.len()], &bias[..out.len()]);
    let sums = &sums[..out.len()];
    for n in 0..out.len() {
        let exact = sums[n].wrapping_sub(row.zero.wrapping_mul(totals[n]));
        let value = (exact as f32).mul_add(row.scale * scales[n], bias[n]);
        out[n] = if GELU { gelu(value) } else { value };
    }
}

/// Quantises each row by its own range, which always includes 0.
#[inline(always)]
pub(super) fn quantise_rows(width: usize, values: &[f32], out: &mut [u8], rows: &mut [Row]) {
    for ((values, out), row) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(rows) {
        let (mut low, mut high) = ([0.0; LANES], [0.0; LANES]);
        for v in values.as_chunks::<LANES>().0 {
            for n in 0..LANES {
                low[n] = lesser(v[n], low[n]);
                high[n] = greater(v[n], high[n]);
            }
        }
        let (low, high) = (low.into_iter().fold(0.0, lesser), high.into_iter().fold(0.0, greater));
        let scale = greater((high - low) / 255.0, f32::MIN_POSITIVE);
        let inverse = 1.0 / scale;
        let zero = (-low * inverse + ROUND) - ROUND;
        *row = Row { scale, zero: zero as i32 };
        for (v, out) in values.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
            for n in 0..LANES {
                let q = v[n].mul_add(inverse, zero);
                out[n] = (lesser(greater(q, 0.0), 255.0) + ROUND).to_bits() as u8;
            }
        }
    }
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias` of `x = state + added`, row by row.
#[inline(always)]
pub(super) fn normalise_rows(norm: &Norm, added: &[f32], states: &mut [f32]) {
    let width = norm.weight.len();
    for (state, added) in states.chunks_exact_mut(width).zip(added.chunks_exact(width)) {
        let mut total = [0.0; LANES];
        for (s, a) in state.as_chunks_mut::<LANES>().0.iter_mut().zip(added.as_chunks::<LANES>().0) {
            for n in 0..LANES {
                s[n] += a[n];
                total[n] += s[n];
            }
        }
        let mean = sum(total) / width as f32;
        let mut squares = [0.0; LANES];
        for s in state.as_chunks::<LANES>().0 {
            for n in 0..LANES {
                let d = s[n] - mean;
                squares[n] = d.mul_add(d, squares[n]);
            }
        }
        let inverse = 1.0 / (sum(squares) / width as f32 + norm.eps).sqrt();
        for ((s, w), b) in state.iter_mut().zip(&norm.weight).zip(&norm.bias) {
            *s = ((*s - mean) * inverse).mul_add(*w, *b);
        }
    }
}

/// Attention of one text's tokens to each other. `qkv` is `[tokens, 3 * hidden]`, queries already divided by the root of the
/// head's width; `out` is `[tokens, hidden]`.
#[inline(always)]
pub(super) fn attend(qkv: &[f32], hidden: usize, scratch: &mut Attention, out: &mut [f32]) {
    let tokens = out.len() / hidden;
    let padded = tokens.next_multiple_of(LANES);
    scratch.keys.resize(HEAD * padded, 0.0);
    scratch.weights.resize(QUERIES * padded, 0.0);
    for at in (0..hidden).step_by(HEAD) {
        for (token, row) in qkv.chunks_exact(3 * hidden).enumerate() {
            for (d, key) in row[hidden + at..][..HEAD].iter().enumerate() {
                scratch.keys[d * padded + token] = *key;
            }
        }
        let mut query = 0;
        while query + QUERIES <= tokens {
            attend_block::<QUERIES>(qkv, hidden, at, query, padded, scratch, out);
            query += QUERIES;
        }
        while query < tokens {
            attend_block::<1>(qkv, hidden, at, query, padded, scratch, out);
            query += 1;
        }
    }
}

/// Attention of `N` tokens from `first` on, for the head at column `at`.
#[inline(always)]
fn attend_block<const N: usize>(qkv: &[f32], hidden: usize, at: usize, first: usize, padded: usize, scratch: &mut Attention, out: &mut [f32]) {
    let width = 3 * hidden;
    let tokens = out.len() / hidden;
    let queries: [&[f32; HEAD]; N] = std::array::from_fn(|n| head_of(&qkv[(first + n) * width + at..]));
    for (chunk, start) in (0..padded).step_by(LANES).enumerate() {
        let mut scores = [[0.0; LANES]; N];
        for d in 0..HEAD {
            let keys: &[f32; LANES] = lanes_of(&scratch.keys[d * padded + start..]);
            for (scores, query) in scores.iter_mut().zip(queries) {
                for n in 0..LANES {
                    scores[n] = keys[n].mul_add(query[d], scores[n]);
                }
            }
        }
        for (n, scores) in scores.iter().enumerate() {
            scratch.weights[n * padded + chunk * LANES..][..LANES].copy_from_slice(scores);
        }
    }
    let mut inverse = [0.0; N];
    for (n, inverse) in inverse.iter_mut().enumerate() {
        let weights = &mut scratch.weights[n * padded..][..padded];
        weights[tokens..].fill(f32::MIN);
        let mut greatest = [f32::MIN; LANES];
        for w in weights.as_chunks::<LANES>().0 {
            for l in 0..LANES {
                greatest[l] = greater(w[l], greatest[l]);
            }
        }
        let greatest = greatest.into_iter().fold(f32::MIN, greater);
        for w in weights.as_chunks_mut::<LANES>().0 {
            for l in 0..LANES {
                w[l] = exp(w[l] - greatest);
            }
        }
        weights[tokens..].fill(0.0);
        let mut total = [0.0; LANES];
        for w in weights.as_chunks::<LANES>().0 {
            for l in 0..LANES {
                total[l] += w[l];
            }
        }
        *inverse = 1.0 / sum(total);
    }
    let mut mixed = [[0.0; HEAD]; N];
    for token in 0..tokens {
        let value = head_of(&qkv[token * width + 2 * hidden + at..]);
        for (n, mixed) in mixed.iter_mut().enumerate() {
            let weight = scratch.weights[n * padded + token];
            for d in 0..HEAD {
                mixed[d] = value[d].mul_add(weight, mixed[d]);
            }
        }
    }
    for (n, mixed) in mixed.iter().enumerate() {
        for (out, value) in out[(first + n) * hidden + at..][..HEAD].iter_mut().zip(mixed) {
            *out = value * inverse[n];
        }
    }
}

#[inline(always)]
fn head_of(values: &[f32]) -> &[f32; HEAD] {
    values.first_chunk().unwrap_or(&[0.0; HEAD])
}

#[inline(always)]
fn lanes_of(values: &[f32]) -> &[f32; LANES] {
    values.first_chunk().unwrap_or(&[0.0; LANES])
}
