//! Integer products with AMX, the matrix unit of newer server processors: 16 rows x 64 inputs x 16 channels per instruction. Operands are those of
//! `product`, whose packed panels have the layout of AMX tiles. Sums are exact, so the results equal those of the other implementations.
//!
//! No published crate supports AMX, and it multiplies eight times as fast as AVX-512 VNNI. Rust has no stable intrinsics for it, hence assembly. A
//! process must request the unit's registers from the system once; `granted` does, and only an `Isa` that saw it granted calls this module.
#![allow(unsafe_code)]

use super::machine::Machine;
use super::product::{Job, Line, PANEL, scale_back};
use std::arch::asm;
use std::sync::OnceLock;

/// Rows of a tile.
pub(super) const ROWS: usize = 16;
/// Bytes in a row of a tile: inputs of activations, or 16 channels x 4 inputs of weights.
const ROW_BYTES: usize = 64;

/// Operand of `ldtilecfg`: all eight tiles at their full size.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPES: Shapes = {
    let (full_bytes, full_rows) = (ROW_BYTES as u16, ROWS as u8);
    let (mut row_bytes, mut rows, mut n) = ([0; 16], [0; 16], 0);
    while n < 8 {
        (row_bytes[n], rows[n]) = (full_bytes, full_rows);
        n += 1;
    }
    Shapes {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes,
        rows,
    }
};

/// Whether processor and system allow this process to use AMX.
pub(super) fn granted() -> bool {
    static GRANTED: OnceLock<bool> = OnceLock::new();
    *GRANTED.get_or_init(|| {
        use std::arch::x86_64::{__cpuid, __cpuid_count};
        /// AMX-TILE and AMX-INT8 in leaf 7's EDX (Intel 64 manual, volume 2A, CPUID).
        const TILES_OF_BYTES: u32 = 1 << 24 | 1 << 25;
        if __cpuid(0).eax < 7 || __cpuid_count(7, 0).edx & TILES_OF_BYTES != TILES_OF_BYTES {
            return false;
        }
        ask()
    })
}

/// Requests the tiles: Linux saves their 8 kB only for processes that ask.
#[cfg(target_os = "linux")]
fn ask() -> bool {
    /// From the kernel's `asm/prctl.h`, and the number of the tiles' state component.
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call takes two numbers and touches no memory.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// Other systems are not supported.
#[cfg(not(target_os = "linux"))]
fn ask() -> bool {
    false
}

/// Computes the product of at least 16 rows, 32 at a time. Where fewer are left, a tile overlaps rows already computed and computes some again.
///
/// SAFETY: only to be called after `granted` returned true.
#[inline(always)]
pub(super) unsafe fn sweep<M: Machine, const GELU: bool>(job: &Job, out: &mut [f32]) {
    let count = job.rows.len();
    assert!(count >= ROWS);
    // SAFETY: the caller vouches for the unit. The compiler knows no tile registers, so nothing else of this thread uses them, and
    // the system keeps them for each thread.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(nostack, preserves_flags, readonly)) };
    let mut sums = [[[0; PANEL]; ROWS]; 2];
    for (panel, weights) in job.weights.panels().enumerate() {
        for first in (0..count).step_by(2 * ROWS) {
            let starts = [first, first + ROWS].map(|start| start.min(count - ROWS));
            // SAFETY: as above, and the tiles have their shapes.
            unsafe { multiply(job, starts, weights, &mut sums) };
            for (n, sums) in sums.iter().enumerate() {
                let wanted = first + n * ROWS..(first + (n + 1) * ROWS).min(count);
                for row in wanted {
                    scale_back::<M, GELU>(job, row, panel, weights, &sums[row - starts[n]], out);
                }
            }
        }
    }
    // SAFETY: as above. Without it the system would go on saving the tiles with the thread.
    unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
}

/// Sums of 2 x 16 rows with one panel, 32 channels at a time: four tiles of sums, two of activations, two of weights.
///
/// SAFETY: only to be called after `granted` returned true, with `SHAPES` loaded.
#[inline(always)]
unsafe fn multiply(job: &Job, starts: [usize; 2], weights: &[[Line; 4]], sums: &mut [[[i32; PANEL]; ROWS]; 2]) {
    let width = job.weights.inputs();
    let rows = starts.map(|start| &job.activations[start * width..][..ROWS * width]);
    assert!(width == weights.len() * 4 && width.is_multiple_of(ROW_BYTES) && width > 0);
    const { assert!(size_of::<[i32; PANEL]>() == size_of::<[Line; 4]>()) };
    for half in 0..2 {
        // SAFETY: a step reads 64 inputs of the 16 rows of each slice of `rows`, `width` bytes apart, and two lines of each of 16
        // groups, a group apart; `width / 64` steps end just where the slices do. The last four instructions write 16 rows of 16
        // sums each, a row of `sums` apart, which is as far as a group, into the half of the channels at hand.
        unsafe {
            let line = weights.as_ptr().cast::<Line>().add(2 * half);
            let [top, bottom] = sums
                .each_mut()
                .map(|block| block.as_mut_ptr().cast::<i32>().add(half * PANEL / 2));
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{first} + {width}]",
                "tileloadd tmm6, [{line} + {group}]",
                "tileloadd tmm7, [{line} + {group} + 64]",
                "tileloadd tmm5, [{second} + {width}]",
                "tdpbusd tmm0, tmm4, tmm6",
                "tdpbusd tmm1, tmm4, tmm7",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                "add {first}, 64",
                "add {second}, 64",
                "add {line}, 4096",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{top} + {group}], tmm0",
                "tilestored [{top} + {group} + 64], tmm1",
                "tilestored [{bottom} + {group}], tmm2",
                "tilestored [{bottom} + {group} + 64], tmm3",
                first = inout(reg) rows[0].as_ptr() => _,
                second = inout(reg) rows[1].as_ptr() => _,
                line = inout(reg) line => _,
                steps = inout(reg) width / ROW_BYTES => _,
                width = in(reg) width,
                group = in(reg) size_of::<[Line; 4]>(),
                top = in(reg) top,
                bottom = in(reg) bottom,
                options(nostack),
            );
        }
    }
}
