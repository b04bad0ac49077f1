//! The integer products: u8 activations x i8 weights, summed in i32 without overflow or saturation. Input: quantised rows
//! and a packed matrix. Output: for every row all output channels, scaled back to f32. Refuses nothing: shapes are checked
//! when a matrix is packed.
//!
//! One product, four ways to compute it, chosen at run time: AVX-512 VNNI, AVX-VNNI, AVX2, and plain Rust for any other
//! processor. Integers are exact, so all four give the same bits; tests hold each against plain Rust. This is the one file
//! with unsafe code: vector loads and stores through pointers, and calls into functions compiled for more features than
//! the crate is. `Isa` is the proof that they exist: only `Isa::detect` and `Isa::available` make one.
#![allow(unsafe_code)]

use super::lanes::{self, Attention, Norm, Row};

/// Output channels in one packed panel.
pub(super) const PANEL: usize = 64;
/// Inputs of one channel that lie together, as `vpdpbusd` reads them.
const GROUP: usize = 4;
/// Largest row: 255 * 127 * 65536 still fits an i32.
const MOST_INPUTS: usize = 1 << 16;

/// 16 channels x 4 inputs, one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([i8; 64]);

/// i8 weights `[outputs, inputs]`, packed panel by panel, within a panel group by group of 4 inputs, within a group by channel.
#[derive(Debug)]
pub(super) struct Panels {
    lines: Vec<Line>,
    inputs: usize,
    outputs: usize,
    /// Sum of the weights of each output channel; corrects for the zero point of the activations.
    sums: Vec<i32>,
}

impl Panels {
    /// Packs row-major weights; none if their number is not `outputs * inputs`, or the sizes are not multiples of the panel.
    pub(super) fn pack(weights: &[i8], inputs: usize, outputs: usize) -> Option<Self> {
        let sound = inputs.is_multiple_of(PANEL) && outputs.is_multiple_of(PANEL) && (1..=MOST_INPUTS).contains(&inputs);
        if !sound || outputs.checked_mul(inputs) != Some(weights.len()) {
            return None;
        }
        let mut lines = Vec::with_capacity(weights.len() / PANEL);
        for panel in weights.chunks_exact(inputs * PANEL) {
            for group in 0..inputs / GROUP {
                for quarter in panel.chunks_exact(inputs * 16) {
                    let mut line = [0; 64];
                    for (four, channel) in line.chunks_exact_mut(GROUP).zip(quarter.chunks_exact(inputs)) {
                        four.copy_from_slice(&channel[group * GROUP..][..GROUP]);
                    }
                    lines.push(Line(line));
                }
            }
        }
        let sums = weights.chunks_exact(inputs).map(|channel| channel.iter().map(|w| i32::from(*w)).sum()).collect();
        Some(Self { lines, inputs, outputs, sums })
    }
}

/// A processor's way to compute, known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Isa(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Plain,
}

impl Isa {
    /// The fastest way of this processor.
    pub(super) fn detect() -> Self {
        Self::available().first().copied().unwrap_or(Self(Kind::Plain))
    }

    /// Every way of this processor, fastest first.
    pub(super) fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq");
            if wide && is_x86_feature_detected!("avx512vnni") {
                found.push(Self(Kind::Avx512Vnni));
            }
            if is_x86_feature_detected!("avxvnni") {
                found.push(Self(Kind::AvxVnni));
            }
            found.push(Self(Kind::Avx2));
        }
        found.push(Self(Kind::Plain));
        found
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

/// The sums of up to `ROWS` rows with one panel.
#[repr(C, align(64))]
struct Block<const ROWS: usize>([[i32; PANEL]; ROWS]);

impl Job<'_> {
    /// Scales a block back and stores it, through GELU if asked.
    #[inline(always)]
    fn finish<const ROWS: usize, const GELU: bool>(&self, block: &Block<ROWS>, row: usize, panel: usize, out: &mut [f32]) {
        let at = panel * PANEL;
        for (n, sums) in block.0.iter().enumerate() {
            let out = &mut out[(row + n) * self.weights.outputs + at..][..PANEL];
            lanes::scale_back::<GELU>(sums, self.rows[row + n], &self.weights.sums[at..], &self.scales[at..], &self.bias[at..], out);
        }
    }
}

/// One vector type and how to multiply with it.
trait Dot {
    /// Accumulator of `CHANNELS` channels.
    type Sums: Copy;
    type Weights: Copy;
    type Activations: Copy;
    const CHANNELS: usize;

    fn zero() -> Self::Sums;
    /// # Safety
    /// `CHANNELS * 4` bytes readable.
    unsafe fn weights(at: *const i8) -> Self::Weights;
    /// # Safety
    /// 4 bytes readable.
    unsafe fn activations(at: *const u8) -> Self::Activations;
    fn add(sums: Self::Sums, activations: Self::Activations, weights: Self::Weights) -> Self::Sums;
    /// # Safety
    /// `CHANNELS` numbers writable.
    unsafe fn store(sums: Self::Sums, at: *mut i32);
}

/// All rows with all panels, `ROWS` rows and `WIDTH` accumulators a row at a time: as many as the registers hold.
///
/// # Safety
/// The processor has the features of `D`.
#[inline(always)]
unsafe fn sweep<D: Dot, const ROWS: usize, const WIDTH: usize, const GELU: bool>(job: &Job, out: &mut [f32]) {
    for panel in 0..job.weights.outputs / PANEL {
        let mut row = 0;
        while row + ROWS <= job.rows.len() {
            // SAFETY: features by this function's contract; `row + ROWS` rows exist.
            unsafe { tile::<D, ROWS, WIDTH, GELU>(job, row, panel, out) };
            row += ROWS;
        }
        // SAFETY: as above, for the rows that are left.
        unsafe {
            match job.rows.len() - row {
                1 => tile::<D, 1, WIDTH, GELU>(job, row, panel, out),
                2 => tile::<D, 2, WIDTH, GELU>(job, row, panel, out),
                3 => tile::<D, 3, WIDTH, GELU>(job, row, panel, out),
                4 => tile::<D, 4, WIDTH, GELU>(job, row, panel, out),
                5 => tile::<D, 5, WIDTH, GELU>(job, row, panel, out),
                _ => (),
            }
        }
    }
}

/// `ROWS` rows with one panel.
///
/// # Safety
/// The processor has the features of `D`; the rows `row..row + ROWS` and the panel exist.
#[inline(always)]
unsafe fn tile<D: Dot, const ROWS: usize, const WIDTH: usize, const GELU: bool>(job: &Job, row: usize, panel: usize, out: &mut [f32]) {
    let inputs = job.weights.inputs;
    let mut block = Block([[0; PANEL]; ROWS]);
    let activations = job.activations[row * inputs..(row + ROWS) * inputs].as_ptr();
    let weights = job.weights.lines[panel * inputs..(panel + 1) * inputs].as_ptr().cast::<i8>();
    for first in (0..PANEL).step_by(D::CHANNELS * WIDTH) {
        let mut sums = [[D::zero(); WIDTH]; ROWS];
        for group in 0..inputs / GROUP {
            // SAFETY: a panel is `inputs / 4` groups of 256 bytes, of which the channels `first..first + CHANNELS * WIDTH`
            // (at most 64) are read; a row is `inputs` bytes; both slices were checked above.
            unsafe {
                let line = weights.add(group * PANEL * GROUP + first * GROUP);
                let columns: [D::Weights; WIDTH] = std::array::from_fn(|n| D::weights(line.add(n * D::CHANNELS * GROUP)));
                for (n, sums) in sums.iter_mut().enumerate() {
                    let four = D::activations(activations.add(n * inputs + group * GROUP));
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = D::add(*sum, four, column);
                    }
                }
            }
        }
        for (sums, out) in sums.iter().zip(&mut block.0) {
            for (n, sum) in sums.iter().enumerate() {
                // SAFETY: `first + CHANNELS * WIDTH <= 64`, the length of `out`; the bounds are checked by the index.
                unsafe { D::store(*sum, out[first + n * D::CHANNELS..][..D::CHANNELS].as_mut_ptr()) };
            }
        }
    }
    job.finish::<ROWS, GELU>(&block, row, panel, out);
}

/// The product in plain Rust, the measure of the others.
fn plain<const GELU: bool>(job: &Job, out: &mut [f32]) {
    let (inputs, mut block) = (job.weights.inputs, Block([[0; PANEL]]));
    for (panel, lines) in job.weights.lines.chunks_exact(inputs).enumerate() {
        for (row, activations) in job.activations.chunks_exact(inputs).enumerate() {
            let mut sums = [0; PANEL];
            for (lines, four) in lines.chunks_exact(4).zip(activations.chunks_exact(GROUP)) {
                let weights = lines.iter().flat_map(|l| l.0.as_chunks::<GROUP>().0);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    for (a, w) in four.iter().zip(weights) {
                        *sum += i32::from(*a) * i32::from(*w);
                    }
                }
            }
            block.0[0] = sums;
            job.finish::<1, GELU>(&block, row, panel, out);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Dot;
    use std::arch::x86_64::*;

    // SAFETY, for every intrinsic below: these functions are only inlined into functions compiled for the features they
    // need, entered on the proof of an `Isa`. Loads and stores are within the bytes the trait's contract grants, unaligned.

    pub(super) struct Avx512;
    impl Dot for Avx512 {
        type Sums = __m512i;
        type Weights = __m512i;
        type Activations = __m512i;
        const CHANNELS: usize = 16;

        #[inline(always)]
        fn zero() -> __m512i {
            unsafe { _mm512_setzero_si512() }
        }
        #[inline(always)]
        unsafe fn weights(at: *const i8) -> __m512i {
            unsafe { _mm512_loadu_si512(at.cast()) }
        }
        #[inline(always)]
        unsafe fn activations(at: *const u8) -> __m512i {
            unsafe { _mm512_set1_epi32(at.cast::<i32>().read_unaligned()) }
        }
        #[inline(always)]
        fn add(sums: __m512i, activations: __m512i, weights: __m512i) -> __m512i {
            unsafe { _mm512_dpbusd_epi32(sums, activations, weights) }
        }
        #[inline(always)]
        unsafe fn store(sums: __m512i, at: *mut i32) {
            unsafe { _mm512_storeu_si512(at.cast(), sums) }
        }
    }

    pub(super) struct AvxVnni;
    impl Dot for AvxVnni {
        type Sums = __m256i;
        type Weights = __m256i;
        type Activations = __m256i;
        const CHANNELS: usize = 8;

        #[inline(always)]
        fn zero() -> __m256i {
            unsafe { _mm256_setzero_si256() }
        }
        #[inline(always)]
        unsafe fn weights(at: *const i8) -> __m256i {
            unsafe { _mm256_loadu_si256(at.cast()) }
        }
        #[inline(always)]
        unsafe fn activations(at: *const u8) -> __m256i {
            unsafe { _mm256_set1_epi32(at.cast::<i32>().read_unaligned()) }
        }
        #[inline(always)]
        fn add(sums: __m256i, activations: __m256i, weights: __m256i) -> __m256i {
            unsafe { _mm256_dpbusd_avx_epi32(sums, activations, weights) }
        }
        #[inline(always)]
        unsafe fn store(sums: __m256i, at: *mut i32) {
            unsafe { _mm256_storeu_si256(at.cast(), sums) }
        }
    }

    /// Without VNNI. `vpmaddubsw` would saturate with full-range weights, so both sides are widened to i16 and `vpmaddwd`
    /// is exact; it leaves two sums per channel, added up at the end.
    pub(super) struct Avx2;
    impl Dot for Avx2 {
        type Sums = (__m256i, __m256i);
        type Weights = (__m256i, __m256i);
        type Activations = __m256i;
        const CHANNELS: usize = 8;

        #[inline(always)]
        fn zero() -> (__m256i, __m256i) {
            unsafe { (_mm256_setzero_si256(), _mm256_setzero_si256()) }
        }
        #[inline(always)]
        unsafe fn weights(at: *const i8) -> (__m256i, __m256i) {
            unsafe {
                let (low, high) = (_mm_loadu_si128(at.cast()), _mm_loadu_si128(at.add(16).cast()));
                (_mm256_cvtepi8_epi16(low), _mm256_cvtepi8_epi16(high))
            }
        }
        #[inline(always)]
        unsafe fn activations(at: *const u8) -> __m256i {
            unsafe { _mm256_cvtepu8_epi16(_mm_set1_epi32(at.cast::<i32>().read_unaligned())) }
        }
        #[inline(always)]
        fn add(sums: (__m256i, __m256i), four: __m256i, weights: (__m256i, __m256i)) -> (__m256i, __m256i) {
            unsafe {
                let low = _mm256_add_epi32(sums.0, _mm256_madd_epi16(four, weights.0));
                (low, _mm256_add_epi32(sums.1, _mm256_madd_epi16(four, weights.1)))
            }
        }
        #[inline(always)]
        unsafe fn store(sums: (__m256i, __m256i), at: *mut i32) {
            unsafe {
                // `hadd` works within halves of 128 bits; the permutation puts channels 0..8 in order.
                let mixed = _mm256_hadd_epi32(sums.0, sums.1);
                _mm256_storeu_si256(at.cast(), _mm256_permute4x64_epi64::<0b11_01_10_00>(mixed));
            }
        }
    }
}

/// Writes a function that runs the body compiled for the processor at hand: one body for all, or one for each.
macro_rules! on_each_isa {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $body:expr) => {
        on_each_isa! { $(#[$doc])* fn $name($($arg: $type),*) wide: $body, vnni: $body, avx2: $body, plain: $body }
    };
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) wide: $wide:expr, vnni: $vnni:expr, avx2: $avx2:expr, plain: $plain:expr) => {
        $(#[$doc])*
        pub(super) fn $name(isa: Isa, $($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
                fn wide($($arg: $type),*) { $wide }
                #[target_feature(enable = "avxvnni,avx2,fma")]
                fn vnni($($arg: $type),*) { $vnni }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) { $avx2 }
                // SAFETY: this `Isa` was made after the features of its kind were detected.
                match isa.0 {
                    Kind::Avx512Vnni => return unsafe { wide($($arg),*) },
                    Kind::AvxVnni => return unsafe { vnni($($arg),*) },
                    Kind::Avx2 => return unsafe { avx2($($arg),*) },
                    Kind::Plain => (),
                }
            }
            $plain
        }
    };
}

// SAFETY, both products: each body runs on its own `Isa` kind only.
on_each_isa! {
    /// `out = scaled(activations x weights) + bias`.
    fn product(job: &Job, out: &mut [f32])
    wide: unsafe { sweep::<x86::Avx512, 6, 4, false>(job, out) },
    vnni: unsafe { sweep::<x86::AvxVnni, 6, 2, false>(job, out) },
    avx2: unsafe { sweep::<x86::Avx2, 3, 2, false>(job, out) },
    plain: plain::<false>(job, out)
}
on_each_isa! {
    /// `out = gelu(scaled(activations x weights) + bias)`.
    fn product_gelu(job: &Job, out: &mut [f32])
    wide: unsafe { sweep::<x86::Avx512, 6, 4, true>(job, out) },
    vnni: unsafe { sweep::<x86::AvxVnni, 6, 2, true>(job, out) },
    avx2: unsafe { sweep::<x86::Avx2, 3, 2, true>(job, out) },
    plain: plain::<true>(job, out)
}
on_each_isa! {
    /// Quantises every row of `width` values to u8.
    fn quantise(width: usize, values: &[f32], out: &mut [u8], rows: &mut [Row]) lanes::quantise_rows(width, values, out, rows)
}
on_each_isa! {
    /// Layer normalisation of every row of `state + added`, in place.
    fn normalise(norm: &Norm, added: &[f32], states: &mut [f32]) lanes::normalise_rows(norm, added, states)
}
on_each_isa! {
    /// Self-attention within one text.
    fn attend(qkv: &[f32], hidden: usize, scratch: &mut Attention, out: &mut [f32]) lanes::attend(qkv, hidden, scratch, out)
}
