//! What the model asks of a processor: 16 f32 lanes, and sums of u8 x i8 products. Here are the two contracts and the plain
//! machine, which any target has; `kernel` adds those with vector instructions.
//!
//! Every machine must give the plain one's bits: lanes are computed in the same order, multiply-adds are fused, integers
//! are exact.

use super::product::{Job, Line, sweep};

/// f32 values computed together.
pub(super) const LANES: usize = 16;

/// 16 f32 values and the arithmetic of the model on them.
pub(super) trait Lanes: Copy {
    fn splat(value: f32) -> Self;
    fn load(values: &[f32; LANES]) -> Self;
    fn store(self, out: &mut [f32; LANES]);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// `self * factor + summand`, rounded once.
    fn times_plus(self, factor: Self, summand: Self) -> Self;
    /// `self` where it is less, else `other`.
    fn lesser(self, other: Self) -> Self;
    /// `self` where it is greater, else `other`.
    fn greater(self, other: Self) -> Self;
    /// `2^n`, n the low bits of each value, -126..=127.
    fn power_of_low_bits(self) -> Self;
    /// The low byte of each value's bits.
    fn low_bytes(self, out: &mut [u8; LANES]);
    /// `sums - zero * totals`, as f32.
    fn corrected(sums: &[i32; LANES], zero: i32, totals: &[i32; LANES]) -> Self;
}

/// One way to multiply u8 activations with i8 weights, and the lanes that go with it.
pub(super) trait Machine {
    type Lanes: Lanes;
    /// Sums of `CHANNELS` channels.
    type Sums: Copy;
    type Weights: Copy;
    type Activations: Copy;
    const CHANNELS: usize;

    fn nothing() -> Self::Sums;
    /// The `n`th `CHANNELS` channels of a group of 64 channels x 4 inputs.
    fn weights(group: &[Line; 4], n: usize) -> Self::Weights;
    fn activations(four: [u8; 4]) -> Self::Activations;
    fn accumulate(sums: Self::Sums, activations: Self::Activations, weights: Self::Weights) -> Self::Sums;
    fn store(sums: Self::Sums, out: &mut [i32]);
    /// The product, as many rows and sums at a time as the machine's registers hold.
    fn product<const GELU: bool>(job: &Job, out: &mut [f32]);
}

/// 16 lanes in plain Rust.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; LANES]);

impl Plain {
    /// The first lane.
    pub(super) fn first(self) -> f32 {
        self.0[0]
    }

    fn with(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|n| f(self.0[n], other.0[n])))
    }
}

impl Lanes for Plain {
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }
    fn load(values: &[f32; LANES]) -> Self {
        Self(*values)
    }
    fn store(self, out: &mut [f32; LANES]) {
        *out = self.0;
    }
    fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
    fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
    fn times(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
    fn times_plus(self, factor: Self, summand: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n].mul_add(factor.0[n], summand.0[n])))
    }
    fn lesser(self, other: Self) -> Self {
        self.with(other, |a, b| if a < b { a } else { b })
    }
    fn greater(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }
    fn power_of_low_bits(self) -> Self {
        Self(
            self.0
                .map(|v| f32::from_bits((v.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))),
        )
    }
    fn low_bytes(self, out: &mut [u8; LANES]) {
        *out = self.0.map(|v| v.to_bits() as u8);
    }
    fn corrected(sums: &[i32; LANES], zero: i32, totals: &[i32; LANES]) -> Self {
        Self(std::array::from_fn(|n| {
            sums[n].wrapping_sub(zero.wrapping_mul(totals[n])) as f32
        }))
    }
}

impl Machine for Plain {
    type Lanes = Self;
    type Sums = [i32; 16];
    type Weights = [i8; 64];
    type Activations = [u8; 4];
    const CHANNELS: usize = 16;

    fn nothing() -> [i32; 16] {
        [0; 16]
    }
    fn weights(group: &[Line; 4], n: usize) -> [i8; 64] {
        group[n].0
    }
    fn activations(four: [u8; 4]) -> [u8; 4] {
        four
    }
    fn accumulate(mut sums: [i32; 16], activations: [u8; 4], weights: [i8; 64]) -> [i32; 16] {
        for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<4>().0) {
            for (a, w) in activations.iter().zip(weights) {
                *sum += i32::from(*a) * i32::from(*w);
            }
        }
        sums
    }
    fn store(sums: [i32; 16], out: &mut [i32]) {
        out.copy_from_slice(&sums);
    }
    fn product<const GELU: bool>(job: &Job, out: &mut [f32]) {
        sweep::<Self, 1, 4, GELU>(job, out);
    }
}
