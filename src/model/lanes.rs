//! Row-wise f32 operations of the encoder: quantisation, layer normalisation, GELU, softmax, sigmoid.
//!
//! They are written for the 16 lanes of whatever instruction set the caller is compiled for. The order of every sum is fixed and every multiply-add
//! is fused, so the results are bit-identical on all processors. Nothing here calls the C library, whose results differ between systems. Widths are
//! multiples of 64.

use super::machine::{LANES, Lanes, Machine, Plain};
use super::product::{GROUP, Line, PANEL};

/// Quantisation of a row: `value = (u8 - zero) * scale`, except for the value furthest from 0, which is stored exactly.
///
/// In most rows one value is many times as large as the rest, and would leave few steps for them (Dettmers et al., 2022, LLM.int8()).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row {
    pub(super) scale: f32,
    pub(super) zero: i32,
    /// The exact value and its index; the u8 there stands for 0.
    pub(super) kept: f32,
    pub(super) place: usize,
}

/// Parameters of a layer normalisation.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) eps: f32,
}

/// Views a row as lanes.
#[inline(always)]
fn of(row: &[f32]) -> &[[f32; LANES]] {
    row.as_chunks().0
}

#[inline(always)]
pub(super) fn of_mut(row: &mut [f32]) -> &mut [[f32; LANES]] {
    row.as_chunks_mut().0
}

/// Reduces the lanes pairwise by halves.
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
pub(super) fn sum<L: Lanes>(lanes: L) -> f32 {
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
pub(super) fn greatest<L: Lanes>(lanes: L) -> f32 {
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
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.times_plus(r, L::splat(c));
    }
    p.times_plus(r.times(r), r)
        .plus(L::splat(1.0))
        .times(shifted.power_of_low_bits())
}

/// Replaces each value, at most 0, by its exponential.
fn exp_each(values: &mut [f32]) {
    for some in values.chunks_mut(LANES) {
        let mut lanes = [0.0; LANES];
        lanes[..some.len()].copy_from_slice(some);
        exp(Plain::load(&lanes)).store(&mut lanes);
        some.copy_from_slice(&lanes[..some.len()]);
    }
}

/// Softmax of the outputs of a head.
pub(super) fn softmax(values: &mut [f32]) {
    let top = values.iter().copied().fold(f32::MIN, f32::max);
    values.iter_mut().for_each(|v| *v -= top);
    exp_each(values);
    let total: f32 = values.iter().sum();
    values.iter_mut().for_each(|v| *v /= total);
}

/// Sigmoid of each output of a head: `1 / (1 + e^-x)`.
pub(super) fn sigmoid(values: &mut [f32]) {
    for some in values.chunks_mut(LANES) {
        let mut powers = [0.0; LANES];
        powers
            .iter_mut()
            .zip(some.iter())
            .for_each(|(power, v)| *power = -v.abs());
        exp_each(&mut powers);
        for (v, power) in some.iter_mut().zip(powers) {
            *v = if *v < 0.0 { power } else { 1.0 } / (1.0 + power);
        }
    }
}

/// Inner product of two rows. Not fused, so that any compiler vectorises it.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in of(a).iter().zip(of(b)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    fold(sums, |a, b| a + b)
}

/// Scales a row to unit length; a row of zeros stays as it is.
pub(super) fn normalise_length(row: &mut [f32]) {
    let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|v| *v /= length);
    }
}

/// Exact (erf) GELU, absolute error below 3e-5: an odd polynomial for the normal distribution function on [-4.5, 4.5], a minimax fit of the product.
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
        3.988_838e-1,
    ] {
        p = p.times_plus(u, L::splat(c));
    }
    x.times(
        p.times_plus(t, L::splat(0.5))
            .greater(L::splat(0.0))
            .lesser(L::splat(1.0)),
    )
}

/// Rescales the integer sums of one row with a panel to f32: `((sum - zero * total) * row scale + kept * weight) * scale + bias`, with GELU if
/// requested. `group` has the weights for the exact value.
#[inline(always)]
pub(super) fn scale_back<M: Machine, const GELU: bool>(
    sums: &[i32; PANEL],
    row: Row,
    group: &[Line; 4],
    totals: &[i32],
    scales: &[f32],
    bias: &[f32],
    out: &mut [f32],
) {
    let (scale, kept) = (M::Lanes::splat(row.scale), M::Lanes::splat(row.kept));
    let sums = sums.as_chunks().0.iter().zip(totals.as_chunks().0).zip(group);
    let channels = of(scales).iter().zip(of(bias)).zip(of_mut(out));
    for (((sums, totals), line), ((scales, bias), out)) in sums.zip(channels) {
        let exact = M::Lanes::corrected(sums, row.zero, totals).times(scale);
        let value = M::Lanes::weights(line, row.place % GROUP)
            .times_plus(kept, exact)
            .times_plus(M::Lanes::load(scales), M::Lanes::load(bias));
        if GELU { gelu(value).store(out) } else { value.store(out) }
    }
}

/// Quantises each row of `width` values, which keep their content.
#[inline(always)]
pub(super) fn quantise<M: Machine>(width: usize, values: &mut [f32], out: &mut [u8], rows: &mut [Row]) {
    for ((values, out), row) in values
        .chunks_exact_mut(width)
        .zip(out.chunks_exact_mut(width))
        .zip(rows)
    {
        *row = quantise_row::<M>(values, out);
    }
}

/// Quantises a row by the range of 0 and all its values but one.
#[inline(always)]
fn quantise_row<M: Machine>(values: &mut [f32], out: &mut [u8]) -> Row {
    let (low, high) = range::<M>(values);
    let kept = if high < -low { low } else { high };
    // A NaN may prevent a match; which value is stored exactly then does not matter.
    let chunk = of(values)
        .iter()
        .position(|chunk| chunk.iter().fold(false, |found, v| found | (*v == kept)));
    let place = chunk.and_then(|at| Some(at * LANES + of(values)[at].iter().position(|v| *v == kept)?));
    let place = place.unwrap_or(0);
    let kept = std::mem::take(&mut values[place]);
    let (low, high) = range::<M>(values);
    let scale = ((high - low) / 255.0).max(f32::MIN_POSITIVE);
    let zero = (-low / scale + ROUND) - ROUND;
    let inverse = M::Lanes::splat(1.0 / scale);
    for (v, out) in of(values).iter().zip(out.as_chunks_mut().0) {
        let q = M::Lanes::load(v).times_plus(inverse, M::Lanes::splat(zero));
        let q = q.greater(M::Lanes::splat(0.0)).lesser(M::Lanes::splat(255.0));
        q.plus(M::Lanes::splat(ROUND)).low_bytes(out);
    }
    values[place] = kept;
    Row {
        scale,
        zero: zero as i32,
        kept,
        place,
    }
}

/// Minimum and maximum of the values and 0.
#[inline(always)]
fn range<M: Machine>(values: &[f32]) -> (f32, f32) {
    // Four accumulators, so that comparisons do not wait for each other.
    let (mut low, mut high) = ([M::Lanes::splat(0.0); 4], [M::Lanes::splat(0.0); 4]);
    for four in of(values).as_chunks::<4>().0 {
        for ((low, high), v) in low.iter_mut().zip(&mut high).zip(four) {
            *low = M::Lanes::load(v).lesser(*low);
            *high = M::Lanes::load(v).greater(*high);
        }
    }
    (
        least(low[0].lesser(low[1]).lesser(low[2].lesser(low[3]))),
        greatest(high[0].greater(high[1]).greater(high[2].greater(high[3]))),
    )
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias` of `x = state + added`, row by row in place, and the quantised result.
#[inline(always)]
pub(super) fn normalise<M: Machine>(norm: &Norm, added: &[f32], states: &mut [f32], out: &mut [u8], rows: &mut [Row]) {
    let width = norm.weight.len();
    let quantised = out.chunks_exact_mut(width).zip(rows);
    for ((state, added), (out, row)) in states
        .chunks_exact_mut(width)
        .zip(added.chunks_exact(width))
        .zip(quantised)
    {
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
        for (s, (w, b)) in of_mut(state)
            .iter_mut()
            .zip(of(&norm.weight).iter().zip(of(&norm.bias)))
        {
            let x = M::Lanes::load(s).minus(mean).times(inverse);
            x.times_plus(M::Lanes::load(w), M::Lanes::load(b)).store(s);
        }
        *row = quantise_row::<M>(state, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_plain(x: f32, f: impl Fn(Plain) -> Plain) -> f64 {
        f64::from(f(Plain::splat(x)).first())
    }

    #[test]
    fn exp_is_exp() {
        for n in 0..=8700 {
            let x = -(n as f32) / 100.0;
            let wanted = f64::from(x).exp();
            assert!((on_plain(x, exp) - wanted).abs() <= 2e-7 * wanted, "e^{x}");
        }
        assert!(on_plain(-1e30, exp) < 1e-37);
        assert_eq!(on_plain(0.0, exp), 1.0);
    }

    /// The normal distribution function, by Simpson's rule.
    fn normal(x: f64) -> f64 {
        let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let step = x / 400.0;
        let inner: f64 = (0..400)
            .map(|n| f64::from(n) * step)
            .map(|t| density(t) + 4.0 * density(t + step / 2.0) + density(t + step))
            .sum();
        0.5 + inner * step / 6.0
    }

    #[test]
    fn gelu_is_gelu() {
        for n in -1000..=1000 {
            let x = n as f32 / 100.0;
            let wanted = f64::from(x) * normal(f64::from(x));
            assert!((on_plain(x, gelu) - wanted).abs() < 3e-5, "gelu({x})");
        }
        assert_eq!(on_plain(1e30, gelu), f64::from(1e30_f32));
        assert_eq!(on_plain(-1e30, gelu), 0.0);
    }

    #[test]
    fn quantised_values_are_near() {
        let mut values: Vec<f32> = (0..64).map(|n| (n as f32 * 0.7).sin() * 3.0 - 1.0).collect();
        values[37] = -1000.0;
        let before = values.clone();
        let (mut out, mut rows) = ([0; 64], [Row::default()]);
        quantise::<Plain>(64, &mut values, &mut out, &mut rows);
        assert_eq!(values, before);
        assert!(rows[0].scale < 0.03, "the largest value does not widen the steps");
        assert_eq!(
            (rows[0].kept, rows[0].place, i32::from(out[37])),
            (-1000.0, 37, rows[0].zero)
        );
        for (value, q) in values.iter().zip(out).filter(|(value, _)| **value > -1000.0) {
            let back = (i32::from(q) - rows[0].zero) as f32 * rows[0].scale;
            assert!(
                (value - back).abs() <= rows[0].scale * 0.51,
                "{value} came back as {back}"
            );
        }
        quantise::<Plain>(64, &mut [0.0; 64], &mut out, &mut rows);
        assert_eq!((out, rows[0].kept), ([0; 64], 0.0));
    }
}
