//! The two traits a processor must implement, 16 f32 lanes and sums of u8 x i8 products, and their plain Rust implementation for any target. `kernel`
//! adds the SIMD ones.
//!
//! Every implementation must give the same bits as the plain one: lanes are computed in the same order, multiply-adds are fused, integers are exact.

use super::product::{Job, Line, sweep};

/// Number of f32 values computed together.
pub(super) const LANES: usize = 16;

/// 16 f32 values and the arithmetic of the model on them.
pub(super) trait Lanes: Copy {
    fn splat(value: f32) -> Self;
    fn load(values: &[f32; LANES]) -> Self;
    fn store(self, out: &mut [f32; LANES]);
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// Fused `self * factor + summand`, rounded once.
    fn times_plus(self, factor: Self, summand: Self) -> Self;
    /// The smaller of each pair; `other` on a tie.
    fn lesser(self, other: Self) -> Self;
    /// The larger of each pair; `other` on a tie.
    fn greater(self, other: Self) -> Self;
    /// `2^n`, where n is the low bits of each value, -126..=127.
    fn power_of_low_bits(self) -> Self;
    /// The low byte of each value's bits.
    fn low_bytes(self, out: &mut [u8; LANES]);
    /// `sums - zero * totals`, as f32.
    fn corrected(sums: &[i32; LANES], zero: i32, totals: &[i32; LANES]) -> Self;
    /// The weights of 16 channels for one of a line's four inputs.
    fn weights(line: &Line, input: usize) -> Self;
}

/// An implementation of u8 x i8 products, and its lanes.
pub(super) trait Machine {
    type Lanes: Lanes;
    /// Matrix product, with as many rows and sums at a time as the registers hold.
    fn product<const GELU: bool>(job: &Job, out: &mut [f32]);
}

/// An implementation that multiplies and adds four inputs of `CHANNELS` channels at a time.
pub(super) trait Dots: Machine {
    /// Accumulators of `CHANNELS` channels.
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
}

/// 16 lanes in plain Rust.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; LANES]);

impl Plain {
    /// The first lane.
    #[cfg(test)]
    pub(super) fn first(self) -> f32 {
        self.0[0]
    }

    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|n| f(self.0[n], other.0[n])))
    }
}

impl Lanes for Plain {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    fn load(values: &[f32; LANES]) -> Self {
        Self(*values)
    }
    #[inline(always)]
    fn store(self, out: &mut [f32; LANES]) {
        *out = self.0;
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, summand: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n].mul_add(factor.0[n], summand.0[n])))
    }
    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        self.with(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn power_of_low_bits(self) -> Self {
        Self(
            self.0
                .map(|v| f32::from_bits((v.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))),
        )
    }
    #[inline(always)]
    fn low_bytes(self, out: &mut [u8; LANES]) {
        *out = self.0.map(|v| v.to_bits() as u8);
    }
    #[inline(always)]
    fn corrected(sums: &[i32; LANES], zero: i32, totals: &[i32; LANES]) -> Self {
        Self(std::array::from_fn(|n| {
            sums[n].wrapping_sub(zero.wrapping_mul(totals[n])) as f32
        }))
    }
    #[inline(always)]
    fn weights(line: &Line, input: usize) -> Self {
        Self(line.0.map(|four| f32::from(four[input])))
    }
}

impl Machine for Plain {
    type Lanes = Self;

    #[inline(always)]
    fn product<const GELU: bool>(job: &Job, out: &mut [f32]) {
        sweep::<Self, 1, 1, GELU>(job, out);
    }
}

impl Dots for Plain {
    type Sums = [i32; 16];
    /// The 4 weights of a channel as one integer; compilers vectorise shifts of it.
    type Weights = [i32; 16];
    type Activations = [u8; 4];
    const CHANNELS: usize = 16;

    #[inline(always)]
    fn nothing() -> [i32; 16] {
        [0; 16]
    }
    #[inline(always)]
    fn weights(group: &[Line; 4], n: usize) -> [i32; 16] {
        let mut numbers = [0; 16];
        for (number, [a, b, c, d]) in numbers.iter_mut().zip(group[n].0) {
            *number = i32::from_le_bytes([
                a.cast_unsigned(),
                b.cast_unsigned(),
                c.cast_unsigned(),
                d.cast_unsigned(),
            ]);
        }
        numbers
    }
    #[inline(always)]
    fn activations(four: [u8; 4]) -> [u8; 4] {
        four
    }
    #[inline(always)]
    fn accumulate(mut sums: [i32; 16], activations: [u8; 4], weights: [i32; 16]) -> [i32; 16] {
        for (activation, up) in activations.into_iter().zip([24, 16, 8, 0]) {
            for (sum, four) in sums.iter_mut().zip(weights) {
                *sum += (four << up >> 24) * i32::from(activation);
            }
        }
        sums
    }
    #[inline(always)]
    fn store(sums: [i32; 16], out: &mut [i32]) {
        out.copy_from_slice(&sums);
    }
}
