//! SIMD implementations of the model's operations, and their detection at run time.
//!
//! There are five: AMX with AVX-512, AVX-512 with VNNI, AVX-VNNI, AVX2, and plain Rust for any other processor. All compute 16 f32 lanes in the same
//! order with fused multiply-adds, and exact integers, so all give the same bits; tests compare each with the plain one. Only this file and `amx`
//! have unsafe code, for two reasons: intrinsics and assembly, which are sound where their instructions exist, and calls into functions compiled for
//! such instructions. An `Isa` proves that they exist: only `Isa::detect` and `Isa::available` create one, from the processor's feature flags.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::amx;
use super::attention::{self, Attention};
use super::lanes::{self, Norm, Row};
use super::machine::{Machine, Plain};
use super::product::Job;

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Isa(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Amx,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Plain,
}

impl Isa {
    /// The fastest instruction set of this processor.
    pub(super) fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self(Kind::Plain))
    }

    /// Every instruction set of this processor, fastest first.
    pub(super) fn available() -> Vec<Self> {
        let mut found = vec![Self(Kind::Plain)];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            found.push(Self(Kind::Avx2));
            if is_x86_feature_detected!("avxvnni") {
                found.push(Self(Kind::AvxVnni));
            }
            let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
            if avx512 && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni") {
                found.push(Self(Kind::Avx512));
                if amx::granted() {
                    found.push(Self(Kind::Amx));
                }
            }
        }
        found.reverse();
        found
    }
}

/// Implementations for x86-64.
///
/// SAFETY, for every block: the intrinsics need the features of their implementation. These functions are reached only from the functions of
/// `on_each_isa` that are compiled for them, on the proof of an `Isa`, and are always inlined there. Loads and stores are unaligned and go through
/// references to arrays of exactly their size.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::amx;
    use super::super::machine::{Dots, LANES, Lanes, Machine};
    use super::super::product::{Job, Line, sweep};
    use std::arch::x86_64::*;

    /// AVX-512 with VNNI, with AMX for products of 16 rows and more.
    pub(super) struct Amx;
    pub(super) struct Avx512;
    pub(super) struct AvxVnni;
    /// AVX2 without VNNI. `vpmaddubsw` would saturate with full-range weights, so both sides are widened to i16, and `vpmaddwd` is exact; it leaves
    /// two sums per channel, which are added at the end.
    pub(super) struct Avx2;

    /// 16 lanes in one register.
    #[derive(Clone, Copy)]
    pub(super) struct One(__m512);
    /// 16 lanes in two registers.
    #[derive(Clone, Copy)]
    pub(super) struct Two(__m256, __m256);

    impl Lanes for One {
        #[inline(always)]
        fn splat(value: f32) -> Self {
            Self(unsafe { _mm512_set1_ps(value) })
        }
        #[inline(always)]
        fn load(values: &[f32; LANES]) -> Self {
            Self(unsafe { _mm512_loadu_ps(values.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, out: &mut [f32; LANES]) {
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            Self(unsafe { _mm512_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            Self(unsafe { _mm512_sub_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn times(self, other: Self) -> Self {
            Self(unsafe { _mm512_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn times_plus(self, factor: Self, summand: Self) -> Self {
            Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, summand.0) })
        }
        #[inline(always)]
        fn lesser(self, other: Self) -> Self {
            Self(unsafe { _mm512_min_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn greater(self, other: Self) -> Self {
            Self(unsafe { _mm512_max_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn power_of_low_bits(self) -> Self {
            unsafe {
                let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(self.0));
                Self(_mm512_castsi512_ps(_mm512_add_epi32(shifted, _mm512_set1_epi32(ONE))))
            }
        }
        #[inline(always)]
        fn low_bytes(self, out: &mut [u8; LANES]) {
            unsafe {
                _mm_storeu_si128(
                    out.as_mut_ptr().cast(),
                    _mm512_cvtepi32_epi8(_mm512_castps_si512(self.0)),
                )
            }
        }
        #[inline(always)]
        fn corrected(sums: &[i32; LANES], zero: i32, totals: &[i32; LANES]) -> Self {
            unsafe {
                let (sums, totals) = (
                    _mm512_loadu_si512(sums.as_ptr().cast()),
                    _mm512_loadu_si512(totals.as_ptr().cast()),
                );
                Self(_mm512_cvtepi32_ps(_mm512_sub_epi32(
                    sums,
                    _mm512_mullo_epi32(_mm512_set1_epi32(zero), totals),
                )))
            }
        }
        #[inline(always)]
        fn weights(line: &Line, input: usize) -> Self {
            unsafe {
                let fours = _mm512_loadu_si512(line.0.as_ptr().cast());
                let on_top = _mm512_sll_epi32(fours, _mm_cvtsi32_si128(above(input)));
                Self(_mm512_cvtepi32_ps(_mm512_srai_epi32::<24>(on_top)))
            }
        }
    }

    impl Lanes for Two {
        #[inline(always)]
        fn splat(value: f32) -> Self {
            let half = unsafe { _mm256_set1_ps(value) };
            Self(half, half)
        }
        #[inline(always)]
        fn load(values: &[f32; LANES]) -> Self {
            unsafe {
                Self(
                    _mm256_loadu_ps(values.as_ptr()),
                    _mm256_loadu_ps(values.as_ptr().add(8)),
                )
            }
        }
        #[inline(always)]
        fn store(self, out: &mut [f32; LANES]) {
            unsafe {
                _mm256_storeu_ps(out.as_mut_ptr(), self.0);
                _mm256_storeu_ps(out.as_mut_ptr().add(8), self.1);
            }
        }
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
        }
        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
        }
        #[inline(always)]
        fn times(self, other: Self) -> Self {
            unsafe { Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
        }
        #[inline(always)]
        fn times_plus(self, factor: Self, summand: Self) -> Self {
            unsafe {
                Self(
                    _mm256_fmadd_ps(self.0, factor.0, summand.0),
                    _mm256_fmadd_ps(self.1, factor.1, summand.1),
                )
            }
        }
        #[inline(always)]
        fn lesser(self, other: Self) -> Self {
            unsafe { Self(_mm256_min_ps(self.0, other.0), _mm256_min_ps(self.1, other.1)) }
        }
        #[inline(always)]
        fn greater(self, other: Self) -> Self {
            unsafe { Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
        }
        #[inline(always)]
        fn power_of_low_bits(self) -> Self {
            let half = |v| unsafe {
                let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(v));
                _mm256_castsi256_ps(_mm256_add_epi32(shifted, _mm256_set1_epi32(ONE)))
            };
            Self(half(self.0), half(self.1))
        }
        #[inline(always)]
        fn low_bytes(self, out: &mut [u8; LANES]) {
            unsafe {
                let low = |v| _mm256_and_si256(_mm256_castps_si256(v), _mm256_set1_epi32(255));
                // Packing works within 128-bit halves; the permutation restores the order of the lanes.
                let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(low(self.0), low(self.1)));
                let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
                _mm_storeu_si128(out.as_mut_ptr().cast(), bytes);
            }
        }
        #[inline(always)]
        fn corrected(sums: &[i32; LANES], zero: i32, totals: &[i32; LANES]) -> Self {
            let half = |at: usize| unsafe {
                let sums = _mm256_loadu_si256(sums.as_ptr().add(at).cast());
                let totals = _mm256_loadu_si256(totals.as_ptr().add(at).cast());
                _mm256_cvtepi32_ps(_mm256_sub_epi32(
                    sums,
                    _mm256_mullo_epi32(_mm256_set1_epi32(zero), totals),
                ))
            };
            Self(half(0), half(8))
        }
        #[inline(always)]
        fn weights(line: &Line, input: usize) -> Self {
            let half = |eight: &[[i8; 4]; 8]| unsafe {
                let fours = _mm256_loadu_si256(eight.as_ptr().cast());
                let on_top = _mm256_sll_epi32(fours, _mm_cvtsi32_si128(above(input)));
                _mm256_cvtepi32_ps(_mm256_srai_epi32::<24>(on_top))
            };
            let eights = line.0.as_chunks().0;
            Self(half(&eights[0]), half(&eights[1]))
        }
    }

    /// Bits above one of four bytes.
    #[inline(always)]
    fn above(byte: usize) -> i32 {
        24 - 8 * byte as i32
    }

    /// The bits of 1.0.
    const ONE: i32 = 0x3f80_0000;

    impl Machine for Amx {
        type Lanes = One;

        #[inline(always)]
        fn product<const GELU: bool>(job: &Job, out: &mut [f32]) {
            if job.rows.len() < amx::ROWS {
                Avx512::product::<GELU>(job, out);
            } else {
                unsafe { amx::sweep::<Self, GELU>(job, out) }
            }
        }
    }

    impl Machine for Avx512 {
        type Lanes = One;

        #[inline(always)]
        fn product<const GELU: bool>(job: &Job, out: &mut [f32]) {
            sweep::<Self, 6, 4, GELU>(job, out);
        }
    }

    impl Dots for Avx512 {
        type Sums = __m512i;
        type Weights = __m512i;
        type Activations = __m512i;
        const CHANNELS: usize = 16;

        #[inline(always)]
        fn nothing() -> __m512i {
            unsafe { _mm512_setzero_si512() }
        }
        #[inline(always)]
        fn weights(group: &[Line; 4], n: usize) -> __m512i {
            unsafe { _mm512_loadu_si512(group[n].0.as_ptr().cast()) }
        }
        #[inline(always)]
        fn activations(four: [u8; 4]) -> __m512i {
            unsafe { _mm512_set1_epi32(i32::from_le_bytes(four)) }
        }
        #[inline(always)]
        fn accumulate(sums: __m512i, activations: __m512i, weights: __m512i) -> __m512i {
            unsafe { _mm512_dpbusd_epi32(sums, activations, weights) }
        }
        #[inline(always)]
        fn store(sums: __m512i, out: &mut [i32]) {
            if let Some(out) = out.first_chunk_mut::<16>() {
                unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sums) }
            }
        }
    }

    /// The `n`th half of a group's lines.
    #[inline(always)]
    fn half(group: &[Line; 4], n: usize) -> &[[i8; 4]; 8] {
        &group[n / 2].0.as_chunks().0[n % 2]
    }

    impl Machine for AvxVnni {
        type Lanes = Two;

        #[inline(always)]
        fn product<const GELU: bool>(job: &Job, out: &mut [f32]) {
            sweep::<Self, 6, 2, GELU>(job, out);
        }
    }

    impl Dots for AvxVnni {
        type Sums = __m256i;
        type Weights = __m256i;
        type Activations = __m256i;
        const CHANNELS: usize = 8;

        #[inline(always)]
        fn nothing() -> __m256i {
            unsafe { _mm256_setzero_si256() }
        }
        #[inline(always)]
        fn weights(group: &[Line; 4], n: usize) -> __m256i {
            unsafe { _mm256_loadu_si256(half(group, n).as_ptr().cast()) }
        }
        #[inline(always)]
        fn activations(four: [u8; 4]) -> __m256i {
            unsafe { _mm256_set1_epi32(i32::from_le_bytes(four)) }
        }
        #[inline(always)]
        fn accumulate(sums: __m256i, activations: __m256i, weights: __m256i) -> __m256i {
            unsafe { _mm256_dpbusd_avx_epi32(sums, activations, weights) }
        }
        #[inline(always)]
        fn store(sums: __m256i, out: &mut [i32]) {
            if let Some(out) = out.first_chunk_mut::<8>() {
                unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), sums) }
            }
        }
    }

    impl Machine for Avx2 {
        type Lanes = Two;

        #[inline(always)]
        fn product<const GELU: bool>(job: &Job, out: &mut [f32]) {
            sweep::<Self, 2, 2, GELU>(job, out);
        }
    }

    impl Dots for Avx2 {
        type Sums = (__m256i, __m256i);
        type Weights = (__m256i, __m256i);
        type Activations = __m256i;
        const CHANNELS: usize = 8;

        #[inline(always)]
        fn nothing() -> (__m256i, __m256i) {
            unsafe { (_mm256_setzero_si256(), _mm256_setzero_si256()) }
        }
        #[inline(always)]
        fn weights(group: &[Line; 4], n: usize) -> (__m256i, __m256i) {
            let fours = half(group, n).as_chunks::<4>().0;
            let wide = |four: &[[i8; 4]; 4]| unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(four.as_ptr().cast())) };
            (wide(&fours[0]), wide(&fours[1]))
        }
        #[inline(always)]
        fn activations(four: [u8; 4]) -> __m256i {
            unsafe { _mm256_cvtepu8_epi16(_mm_set1_epi32(i32::from_le_bytes(four))) }
        }
        #[inline(always)]
        fn accumulate(sums: (__m256i, __m256i), four: __m256i, weights: (__m256i, __m256i)) -> (__m256i, __m256i) {
            unsafe {
                let low = _mm256_add_epi32(sums.0, _mm256_madd_epi16(four, weights.0));
                (low, _mm256_add_epi32(sums.1, _mm256_madd_epi16(four, weights.1)))
            }
        }
        #[inline(always)]
        fn store(sums: (__m256i, __m256i), out: &mut [i32]) {
            if let Some(out) = out.first_chunk_mut::<8>() {
                unsafe {
                    // `hadd` works within 128-bit halves; the permutation restores the order of channels 0..8.
                    let mixed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(sums.0, sums.1));
                    _mm256_storeu_si256(out.as_mut_ptr().cast(), mixed);
                }
            }
        }
    }
}

/// Defines a function that runs `body`, compiled for each instruction set; `M` is its implementation.
macro_rules! on_each_isa {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $body:expr;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name(isa: Isa, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
                fn amx($($arg: $type),*) { type M = x86::Amx; $body }
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
                fn avx512($($arg: $type),*) { type M = x86::Avx512; $body }
                #[target_feature(enable = "avxvnni,avx2,fma")]
                fn avxvnni($($arg: $type),*) { type M = x86::AvxVnni; $body }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) { type M = x86::Avx2; $body }
                // SAFETY: this `Isa` was made after the features of its kind were detected.
                match isa.0 {
                    Kind::Amx => return unsafe { amx($($arg),*) },
                    Kind::Avx512 => return unsafe { avx512($($arg),*) },
                    Kind::AvxVnni => return unsafe { avxvnni($($arg),*) },
                    Kind::Avx2 => return unsafe { avx2($($arg),*) },
                    Kind::Plain => (),
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            let Isa(Kind::Plain) = isa;
            type M = Plain;
            $body
        }
    )*};
}

on_each_isa! {
    /// `out = activations x weights`, rescaled, `+ bias`.
    fn product(job: &Job, out: &mut [f32]) M::product::<false>(job, out);
    /// The same with GELU.
    fn product_gelu(job: &Job, out: &mut [f32]) M::product::<true>(job, out);
    /// Quantises every row of `width` values to u8, with its scale.
    fn quantise(width: usize, values: &mut [f32], out: &mut [u8], rows: &mut [Row]) lanes::quantise::<M>(width, values, out, rows);
    /// Layer normalisation of every row of `states + added`, in place, and the quantised result.
    fn normalise(norm: &Norm, added: &[f32], states: &mut [f32], out: &mut [u8], rows: &mut [Row])
        lanes::normalise::<M>(norm, added, states, out, rows);
    /// Self-attention within one window.
    fn attend(qkv: &[f32], hidden: usize, scratch: &mut Attention, out: &mut [f32]) attention::attend::<M>(qkv, hidden, scratch, out);
}
