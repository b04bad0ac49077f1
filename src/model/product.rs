//! Integer matrix products (GEMM): u8 activations x i8 weights, summed in i32 without overflow or saturation, rescaled to f32. Shapes are checked
//! when a matrix is packed.
//!
//! The loops are here, the multiplication is a `Machine` of `kernel`. Integers are exact, so every implementation gives the same bits; tests compare
//! each with a textbook product.
//!
//! This is own code because the best published crate, rten-gemm 0.27, is exact with AVX-512 VNNI only, and there the engine is 1.19 times as fast
//! with these products (the sums stay in the cache until they are f32). Elsewhere its sums saturate with full-range weights: 3.6 % of labels changed.
//! With AVX-VNNI the engine is 1.75 times as fast, with plain AVX2, where exactness costs more instructions, 0.73 times.

use super::lanes::{self, Row};
use super::machine::{Dots, Machine};

/// Output channels in one packed panel.
pub(super) const PANEL: usize = 64;
/// Adjacent inputs of one channel, as `vpdpbusd` reads them.
pub(super) const GROUP: usize = 4;
/// Maximum row length: 255 * 127 * 65536 still fits an i32.
const MOST_INPUTS: usize = 1 << 16;

/// 16 channels x 4 inputs, one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [[i8; GROUP]; 16]);

/// i8 weights `[outputs, inputs]`, packed panel by panel, within a panel group by group of 4 inputs, within a group by channel.
#[derive(Debug)]
pub(super) struct Panels {
    /// Groups of all panels; a group has 4 lines.
    groups: Vec<[Line; 4]>,
    inputs: usize,
    /// Sum of the weights of each output channel; corrects for the zero point of the activations.
    sums: Vec<i32>,
}

impl Panels {
    /// Packs row-major weights; none if their number is not `outputs * inputs`, or the sizes are not multiples of the panel.
    pub(super) fn pack(weights: &[i8], inputs: usize, outputs: usize) -> Option<Self> {
        let sound =
            inputs.is_multiple_of(PANEL) && outputs.is_multiple_of(PANEL) && (1..=MOST_INPUTS).contains(&inputs);
        if !sound || outputs.checked_mul(inputs) != Some(weights.len()) {
            return None;
        }
        let mut groups = Vec::with_capacity(weights.len() / (PANEL * GROUP));
        for panel in weights.chunks_exact(inputs * PANEL) {
            for group in 0..inputs / GROUP {
                let mut lines = [Line([[0; GROUP]; 16]); 4];
                for (line, quarter) in lines.iter_mut().zip(panel.chunks_exact(inputs * 16)) {
                    for (four, channel) in line.0.iter_mut().zip(quarter.chunks_exact(inputs)) {
                        four.copy_from_slice(&channel[group * GROUP..][..GROUP]);
                    }
                }
                groups.push(lines);
            }
        }
        let sums = weights
            .chunks_exact(inputs)
            .map(|channel| channel.iter().map(|w| i32::from(*w)).sum())
            .collect();
        Some(Self { groups, inputs, sums })
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Iterates over the panels, each as its groups.
    pub(super) fn panels(&self) -> std::slice::ChunksExact<'_, [Line; 4]> {
        self.groups.chunks_exact(self.inputs / GROUP)
    }
}

/// Operands of a product.
pub(super) struct Job<'a> {
    /// Rows of activations, concatenated.
    pub(super) activations: &'a [u8],
    /// Quantisation of each row of activations.
    pub(super) rows: &'a [Row],
    /// The weight matrix.
    pub(super) weights: &'a Panels,
    /// Quantisation scale of each output channel.
    pub(super) scales: &'a [f32],
    /// Bias of each output channel.
    pub(super) bias: &'a [f32],
}

/// Multiplies all rows with all panels, `ROWS` rows and `WIDTH` accumulators per row at a time, as many as the registers hold.
#[inline(always)]
pub(super) fn sweep<M: Dots, const ROWS: usize, const WIDTH: usize, const GELU: bool>(job: &Job, out: &mut [f32]) {
    for (panel, weights) in job.weights.panels().enumerate() {
        let mut row = 0;
        while row + ROWS <= job.rows.len() {
            tile::<M, ROWS, WIDTH, GELU>(job, row, panel, weights, out);
            row += ROWS;
        }
        match job.rows.len() - row {
            1 => tile::<M, 1, WIDTH, GELU>(job, row, panel, weights, out),
            2 => tile::<M, 2, WIDTH, GELU>(job, row, panel, weights, out),
            3 => tile::<M, 3, WIDTH, GELU>(job, row, panel, weights, out),
            4 => tile::<M, 4, WIDTH, GELU>(job, row, panel, weights, out),
            5 => tile::<M, 5, WIDTH, GELU>(job, row, panel, weights, out),
            _ => (),
        }
    }
}

/// Multiplies `ROWS` rows starting at `row` with one panel, rescaled, with GELU if requested.
#[inline(always)]
fn tile<M: Dots, const ROWS: usize, const WIDTH: usize, const GELU: bool>(
    job: &Job,
    row: usize,
    panel: usize,
    weights: &[[Line; 4]],
    out: &mut [f32],
) {
    let depth = weights.len();
    let (fours, _) = job.activations[row * job.weights.inputs..][..ROWS * job.weights.inputs].as_chunks::<GROUP>();
    let activations: [&[[u8; GROUP]]; ROWS] = std::array::from_fn(|n| &fours[n * depth..][..depth]);
    let mut block = [[0; PANEL]; ROWS];
    for first in (0..PANEL / M::CHANNELS).step_by(WIDTH) {
        let mut sums = [[M::nothing(); WIDTH]; ROWS];
        for (group, lines) in weights.iter().enumerate() {
            let columns: [M::Weights; WIDTH] = std::array::from_fn(|n| M::weights(lines, first + n));
            for (sums, activations) in sums.iter_mut().zip(&activations) {
                let four = M::activations(activations[group]);
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = M::accumulate(*sum, four, column);
                }
            }
        }
        for (sums, block) in sums.iter().zip(&mut block) {
            for (n, sum) in sums.iter().enumerate() {
                M::store(*sum, &mut block[(first + n) * M::CHANNELS..][..M::CHANNELS]);
            }
        }
    }
    for (n, sums) in block.iter().enumerate() {
        scale_back::<M, GELU>(job, row + n, panel, weights, sums, out);
    }
}

/// Writes the rescaled sums of one row with one panel to the output, with GELU if requested.
#[inline(always)]
pub(super) fn scale_back<M: Machine, const GELU: bool>(
    job: &Job,
    row: usize,
    panel: usize,
    weights: &[[Line; 4]],
    sums: &[i32; PANEL],
    out: &mut [f32],
) {
    let (outputs, at) = (job.weights.sums.len(), panel * PANEL);
    let out = &mut out[row * outputs + at..][..PANEL];
    let (totals, scales, bias) = (&job.weights.sums[at..], &job.scales[at..], &job.bias[at..]);
    let group = &weights[job.rows[row].place / GROUP];
    lanes::scale_back::<M, GELU>(sums, job.rows[row], group, totals, scales, bias, out);
}

#[cfg(test)]
mod tests {
    use super::super::kernel::{self, Isa};
    use super::*;
    use proptest::prelude::*;

    /// Compares every implementation's product with a textbook one in 64 bits.
    fn check(activations: &[u8], zeros: &[u8], weights: &[i8], inputs: usize) {
        let outputs = weights.len() / inputs;
        let panels = Panels::pack(weights, inputs, outputs).unwrap();
        let row = |(n, zero): (usize, &u8)| Row {
            scale: 0.5,
            zero: i32::from(*zero),
            kept: 2.0,
            place: n % inputs,
        };
        let rows: Vec<Row> = zeros.iter().enumerate().map(row).collect();
        let (scales, bias) = (vec![0.25; outputs], vec![3.0; outputs]);
        let job = Job {
            activations,
            rows: &rows,
            weights: &panels,
            scales: &scales,
            bias: &bias,
        };
        let mut wanted = Vec::new();
        for (values, row) in activations.chunks_exact(inputs).zip(&rows) {
            for channel in weights.chunks_exact(inputs) {
                let pairs = values.iter().zip(channel);
                let exact: i64 = pairs
                    .map(|(a, w)| (i64::from(*a) - i64::from(row.zero)) * i64::from(*w))
                    .sum();
                let sum = exact as f32 * 0.5 + f32::from(channel[row.place]) * 2.0;
                wanted.push(sum.mul_add(0.25, 3.0));
            }
        }
        for isa in Isa::available() {
            let mut out = vec![f32::NAN; wanted.len()];
            kernel::product(isa, &job, &mut out);
            assert_eq!(out, wanted, "{isa:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn products_are_exact(rows in 1..70usize, inputs in 1..4usize, outputs in 1..4usize, seed in any::<u64>()) {
            let (inputs, outputs) = (inputs * PANEL, outputs * PANEL);
            let mut state = seed;
            let mut byte = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            };
            let activations: Vec<u8> = (0..rows * inputs).map(|_| byte()).collect();
            let zeros: Vec<u8> = (0..rows).map(|_| byte()).collect();
            let weights: Vec<i8> = (0..inputs * outputs).map(|_| byte().cast_signed()).collect();
            check(&activations, &zeros, &weights, inputs);
        }
    }

    #[test]
    fn extremes_do_not_saturate() {
        for weight in [-128, -127, 127] {
            check(
                &[255; 21 * 1536],
                &[0, 1, 128, 254, 255, 0, 7].repeat(3),
                &[weight; 64 * 1536],
                1536,
            );
        }
    }

    #[test]
    fn odd_shapes_are_not_packed() {
        assert!(Panels::pack(&[0; 64 * 64], 64, 64).is_some());
        assert!(Panels::pack(&[0; 64 * 63], 63, 64).is_none());
        assert!(Panels::pack(&[0; 64 * 64], 64, 128).is_none());
        assert!(Panels::pack(&[], 0, 64).is_none());
    }
}
