//! NEON of 32-bit ARM with fused multiplication and addition (VFPv4: Raspberry Pi 2 and newer with a 32-bit system). One row of a group
//! of 16 columns is in registers at a time; products as in `neon`.
//!
//! The compiler has no stable names for vectors here: all of it is assembly, on registers of 64 bits, which hold two numbers and are `f64`
//! to the compiler, or in memory.
//!
//! Numbers below 1.2e-38 become 0 in these instructions, and in no other kernel: no embedding has any.
//!
//! A [`Neon32`] exists only where the processor has the instructions, which makes the calls below sound. The tests are in `tests`,
//! against the portable form.

#![expect(unsafe_code, reason = "assembly, and a call of the C library that says what the processor has")]

use super::block::{Block, COLUMNS, GROUP};
use super::compute::{CODE_LEAST, Compute, Instructions, LANES, MAGIC_BITS};
use super::gelu::gelu_of;
use super::matrix::{Columns, Matrix};
use super::quantize::{Rows, Step};
use super::tile::Activation;
use core::arch::asm;

/// Of asm/hwcap.h: what the system says of the processor.
const AT_HWCAP: core::ffi::c_ulong = 16;
const HAS_NEON: core::ffi::c_ulong = 1 << 12;
const HAS_FUSED: core::ffi::c_ulong = 1 << 16;

unsafe extern "C" {
    fn getauxval(kind: core::ffi::c_ulong) -> core::ffi::c_ulong;
}

/// Shows that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon32(());

impl Neon32 {
    pub(super) fn detect() -> Option<Self> {
        let all = HAS_NEON | HAS_FUSED;
        // SAFETY: getauxval(3) of the C library, which every program of this target is linked with, reads what the system gave the process.
        (cfg!(target_os = "linux") && unsafe { getauxval(AT_HWCAP) } & all == all).then_some(Self(()))
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        let (codes, steps) = rows.parts();
        let outputs = matrix.outputs();
        for (panel, (blocks, columns)) in matrix.panels().enumerate() {
            for group in 0..COLUMNS / GROUP {
                let at = panel * COLUMNS + group * GROUP;
                let rows = codes.chunks_exact(blocks.len()).zip(steps);
                for ((codes, step), out) in rows.zip(out.chunks_exact_mut(outputs)) {
                    let numbers = self.numbers(&sums(self, codes, blocks, group), *step, columns, group);
                    let numbers = if activation == Activation::Gelu { gelu_of(self, numbers) } else { numbers };
                    self.store(numbers, &mut out[at..].as_chunks_mut().0[0]);
                }
            }
        }
    }

    pub(super) fn compute(self, work: impl Compute) {
        work.compute::<_, 1>(self);
    }

    #[inline(always)]
    fn numbers(self, sums: &[i32; GROUP], step: Step, columns: &Columns, group: usize) -> Eight {
        let mut whole = [0.0; GROUP];
        let column_sums = &columns.sums[group];
        for (whole, (sum, column_sum)) in whole.iter_mut().zip(sums.iter().zip(column_sums)) {
            *whole = (sum - step.zero * column_sum) as f32;
        }
        let scale = Instructions::multiply(self, self.load(&columns.scales[group]), self.splat(step.scale));
        self.multiply_add(self.load(&whole), scale, self.load(&columns.biases[group]))
    }
}

/// The sums of a row and a group.
#[inline(always)]
fn sums(_: Neon32, codes: &[[u8; 4]], blocks: &[Block], group: usize) -> [i32; GROUP] {
    // A depth is a multiple of 16, and so blocks come in pairs.
    let pairs = blocks.len() / 2;
    assert!(
        codes.len() == blocks.len() && pairs > 0 && blocks.len() % 2 == 0 && group < COLUMNS / GROUP,
        "whole pairs"
    );
    let mut sums = [0; GROUP];
    // SAFETY: the processor has the instructions, as a `Neon32` shows. In each round eight codes are read, and 64 bytes of a group of each of
    // two blocks, which are 256 bytes apart: in all rounds all codes, and nothing but the blocks. 64 bytes of sums are written.
    unsafe {
        asm!(
            ".fpu neon-vfpv4",
            "vmov.i32 q8, #0",
            "vmov.i32 q9, #0",
            "vmov.i32 q10, #0",
            "vmov.i32 q11, #0",
            "vmov.i32 q12, #0",
            "vmov.i32 q13, #0",
            "vmov.i32 q14, #0",
            "vmov.i32 q15, #0",
            "2:",
            "vld1.32 {{d0[]}}, [{codes}]!",
            "vld1.32 {{d1[]}}, [{codes}]!",
            "vld1.8 {{d2, d3, d4, d5}}, [{first}]!",
            "vld1.8 {{d6, d7, d8, d9}}, [{second}]!",
            "vmull.s8 q5, d2, d0",
            "vmull.s8 q6, d3, d0",
            "vmull.s8 q7, d4, d0",
            "vmlal.s8 q5, d6, d1",
            "vmlal.s8 q6, d7, d1",
            "vmlal.s8 q7, d8, d1",
            "vpadal.s16 q8, q5",
            "vmull.s8 q5, d5, d0",
            "vpadal.s16 q9, q6",
            "vpadal.s16 q10, q7",
            "vmlal.s8 q5, d9, d1",
            "vld1.8 {{d2, d3, d4, d5}}, [{first}], {next}",
            "vld1.8 {{d6, d7, d8, d9}}, [{second}], {next}",
            "vpadal.s16 q11, q5",
            "vmull.s8 q6, d2, d0",
            "vmull.s8 q7, d3, d0",
            "vmull.s8 q5, d4, d0",
            "vmlal.s8 q6, d6, d1",
            "vmlal.s8 q7, d7, d1",
            "vmlal.s8 q5, d8, d1",
            "vpadal.s16 q12, q6",
            "vmull.s8 q6, d5, d0",
            "vpadal.s16 q13, q7",
            "vpadal.s16 q14, q5",
            "vmlal.s8 q6, d9, d1",
            "vpadal.s16 q15, q6",
            "subs {pairs}, {pairs}, #1",
            "bne 2b",
            "vpadd.i32 d0, d16, d17",
            "vpadd.i32 d1, d18, d19",
            "vpadd.i32 d2, d20, d21",
            "vpadd.i32 d3, d22, d23",
            "vpadd.i32 d4, d24, d25",
            "vpadd.i32 d5, d26, d27",
            "vpadd.i32 d6, d28, d29",
            "vpadd.i32 d7, d30, d31",
            "vst1.32 {{d0, d1, d2, d3}}, [{sums}]!",
            "vst1.32 {{d4, d5, d6, d7}}, [{sums}]",
            codes = inout(reg) codes.as_ptr() => _,
            first = inout(reg) blocks.as_ptr().cast::<u8>().wrapping_add(group * 64) => _,
            second = inout(reg) blocks.as_ptr().cast::<u8>().wrapping_add(size_of::<Block>() + group * 64) => _,
            next = in(reg) 2 * size_of::<Block>() - 32,
            pairs = inout(reg) pairs => _,
            sums = inout(reg) &raw mut sums => _,
            out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q5") _, out("q6") _, out("q7") _,
            out("q8") _, out("q9") _, out("q10") _, out("q11") _, out("q12") _, out("q13") _, out("q14") _, out("q15") _,
            options(nostack),
        );
    }
    sums
}

/// A vector: eight registers of two numbers.
type Eight = [f64; 8];

/// An instruction of three registers, of which the first is written.
macro_rules! three {
    ($instruction:literal, $a:expr, $b:expr) => {{
        let (a, b): (Eight, Eight) = ($a, $b);
        core::array::from_fn(|at| {
            let out: f64;
            // SAFETY: one instruction between registers, which the processor has.
            unsafe {
                asm!(
                    ".fpu neon-vfpv4",
                    concat!($instruction, " {out}, {a}, {b}"),
                    out = lateout(dreg) out,
                    a = in(dreg) a[at],
                    b = in(dreg) b[at],
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            out
        })
    }};
}

/// `a` where it is greater than `b`, else `c`.
#[inline(always)]
fn pick(greater: Eight, than: Eight, a: Eight, c: Eight) -> Eight {
    core::array::from_fn(|at| {
        let out: f64;
        // SAFETY: instructions between registers, which the processor has, as whoever calls this shows.
        unsafe {
            asm!(
                ".fpu neon-vfpv4",
                "vcgt.f32 {out}, {greater}, {than}",
                "vbsl {out}, {a}, {c}",
                out = out(dreg) out,
                greater = in(dreg) greater[at],
                than = in(dreg) than[at],
                a = in(dreg) a[at],
                c = in(dreg) c[at],
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        out
    })
}

// SAFETY of the calls: the processor has the instructions, as `self` shows. Each array that is read or written has the bytes of the
// vector, at any address that is one of numbers.
impl Instructions for Neon32 {
    type Lanes = Eight;

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Eight {
        let mut lanes = [0.0; 8];
        for (lane, from) in lanes.iter_mut().zip(from.as_chunks::<2>().0) {
            // SAFETY: see above.
            unsafe {
                asm!(
                    ".fpu neon-vfpv4",
                    "vldr {lane}, [{from}]",
                    lane = lateout(dreg) *lane,
                    from = in(reg) from,
                    options(pure, readonly, nostack, preserves_flags),
                );
            }
        }
        lanes
    }

    #[inline(always)]
    fn store(self, lanes: Eight, into: &mut [f32; LANES]) {
        for (lane, into) in lanes.into_iter().zip(into.as_chunks_mut::<2>().0) {
            // SAFETY: see above.
            unsafe {
                asm!(
                    ".fpu neon-vfpv4",
                    "vstr {lane}, [{into}]",
                    lane = in(dreg) lane,
                    into = in(reg) into,
                    options(nostack, preserves_flags),
                );
            }
        }
    }

    #[inline(always)]
    fn splat(self, number: f32) -> Eight {
        let lane: f64;
        // SAFETY: see above.
        unsafe {
            asm!(
                ".fpu neon-vfpv4",
                "vdup.32 {lane}, {number}",
                lane = lateout(dreg) lane,
                number = in(reg) number.to_bits(),
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [lane; 8]
    }

    #[inline(always)]
    fn add(self, a: Eight, b: Eight) -> Eight {
        three!("vadd.f32", a, b)
    }

    #[inline(always)]
    fn subtract(self, a: Eight, b: Eight) -> Eight {
        three!("vsub.f32", a, b)
    }

    #[inline(always)]
    fn multiply(self, a: Eight, b: Eight) -> Eight {
        three!("vmul.f32", a, b)
    }

    #[inline(always)]
    fn multiply_add(self, a: Eight, b: Eight, c: Eight) -> Eight {
        core::array::from_fn(|at| {
            let mut sum = c[at];
            // SAFETY: see above.
            unsafe {
                asm!(
                    ".fpu neon-vfpv4",
                    "vfma.f32 {sum}, {a}, {b}",
                    sum = inout(dreg) sum,
                    a = in(dreg) a[at],
                    b = in(dreg) b[at],
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            sum
        })
    }

    #[inline(always)]
    fn least(self, a: Eight, b: Eight) -> Eight {
        pick(b, a, a, b)
    }

    #[inline(always)]
    fn greatest(self, a: Eight, b: Eight) -> Eight {
        pick(a, b, a, b)
    }

    #[inline(always)]
    fn scale(self, value: Eight, n: Eight) -> Eight {
        core::array::from_fn(|at| {
            let out: f64;
            // SAFETY: see above.
            unsafe {
                asm!(
                    ".fpu neon-vfpv4",
                    "vshl.i32 {out}, {n}, #23",
                    "vadd.i32 {out}, {out}, {value}",
                    out = out(dreg) out,
                    n = in(dreg) n[at],
                    value = in(dreg) value[at],
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            out
        })
    }

    #[inline(always)]
    fn codes(self, lanes: Eight, offset: u8, into: &mut [u8; LANES]) {
        // SAFETY: see above; 64 bytes of `lanes` are read.
        unsafe {
            asm!(
                ".fpu neon-vfpv4",
                "vld1.64 {{d0, d1, d2, d3}}, [{lanes}]!",
                "vld1.64 {{d4, d5, d6, d7}}, [{lanes}]",
                "vdup.32 q8, {magic}",
                "vsub.i32 q0, q0, q8",
                "vsub.i32 q1, q1, q8",
                "vsub.i32 q2, q2, q8",
                "vsub.i32 q3, q3, q8",
                // Narrowing keeps what is too large at the largest number; -128 becomes the least code.
                "vqmovn.s32 d18, q0",
                "vqmovn.s32 d19, q1",
                "vqmovn.s32 d20, q2",
                "vqmovn.s32 d21, q3",
                "vqmovn.s16 d0, q9",
                "vqmovn.s16 d1, q10",
                "vdup.8 q1, {least}",
                "vmax.s8 q0, q0, q1",
                "vdup.8 q1, {offset}",
                "vadd.i8 q0, q0, q1",
                "vst1.8 {{d0, d1}}, [{into}]",
                lanes = inout(reg) &raw const lanes => _,
                magic = in(reg) MAGIC_BITS,
                least = in(reg) i32::from(CODE_LEAST),
                offset = in(reg) u32::from(offset),
                into = in(reg) into,
                out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q8") _, out("q9") _, out("q10") _,
                options(nostack, preserves_flags),
            );
        }
    }
}
