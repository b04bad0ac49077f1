//! The integer products: u8 activations x i8 weights, summed in i32 without overflow or saturation. Input: quantised rows
//! and a packed matrix. Output: for every row all output channels, scaled back to f32. Refuses nothing: shapes are checked
//! when a matrix is packed.
//!
//! The loops are here, the multiplication is a `Machine` of `kernel`. Integers are exact, so every machine gives the same
//! bits; tests hold each against the plain one.

use super::lanes::{self, Row};
use super::machine::Machine;

/// Output channels in one packed panel.
pub(super) const PANEL: usize = 64;
/// Inputs of one channel that lie together, as `vpdpbusd` reads them.
const GROUP: usize = 4;
/// Largest row: 255 * 127 * 65536 still fits an i32.
const MOST_INPUTS: usize = 1 << 16;

/// 16 channels x 4 inputs, one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [i8; 64]);

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
                let mut lines = [Line([0; 64]); 4];
                for (line, quarter) in lines.iter_mut().zip(panel.chunks_exact(inputs * 16)) {
                    for (four, channel) in line
                        .0
                        .as_chunks_mut::<GROUP>()
                        .0
                        .iter_mut()
                        .zip(quarter.chunks_exact(inputs))
                    {
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
}

/// A product's operands.
pub(super) struct Job<'a> {
    /// One row of activations after the other.
    pub(super) activations: &'a [u8],
    /// What the activations of each row stand for.
    pub(super) rows: &'a [Row],
    /// The matrix.
    pub(super) weights: &'a Panels,
    /// What the weights of each output channel stand for.
    pub(super) scales: &'a [f32],
    /// Added to each output channel.
    pub(super) bias: &'a [f32],
}

/// All rows with all panels, `ROWS` rows and `WIDTH` accumulators a row at a time: as many as the registers hold.
#[inline(always)]
pub(super) fn sweep<M: Machine, const ROWS: usize, const WIDTH: usize, const GELU: bool>(job: &Job, out: &mut [f32]) {
    for panel in 0..job.weights.sums.len() / PANEL {
        let mut row = 0;
        while row + ROWS <= job.rows.len() {
            tile::<M, ROWS, WIDTH, GELU>(job, row, panel, out);
            row += ROWS;
        }
        match job.rows.len() - row {
            1 => tile::<M, 1, WIDTH, GELU>(job, row, panel, out),
            2 => tile::<M, 2, WIDTH, GELU>(job, row, panel, out),
            3 => tile::<M, 3, WIDTH, GELU>(job, row, panel, out),
            4 => tile::<M, 4, WIDTH, GELU>(job, row, panel, out),
            5 => tile::<M, 5, WIDTH, GELU>(job, row, panel, out),
            _ => (),
        }
    }
}

/// `ROWS` rows from `row` on with one panel, scaled back, through GELU if asked.
#[inline(always)]
fn tile<M: Machine, const ROWS: usize, const WIDTH: usize, const GELU: bool>(
    job: &Job,
    row: usize,
    panel: usize,
    out: &mut [f32],
) {
    let depth = job.weights.inputs / GROUP;
    let weights = &job.weights.groups[panel * depth..][..depth];
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
    let (outputs, at) = (job.weights.sums.len(), panel * PANEL);
    for (n, sums) in block.iter().enumerate() {
        let out = &mut out[(row + n) * outputs + at..][..PANEL];
        let (totals, scales, bias) = (&job.weights.sums[at..], &job.scales[at..], &job.bias[at..]);
        lanes::scale_back::<M, GELU>(sums, job.rows[row + n], totals, scales, bias, out);
    }
}
