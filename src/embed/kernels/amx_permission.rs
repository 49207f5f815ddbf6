//! Whether this process may use AMX's tiles: the processor has them, the system keeps them for a thread, and has been asked to.
//!
//! Tiles are 8 KiB of a thread's state, for which Linux keeps no room unless a process asks once, for all of its threads
//! (Linux: Documentation/arch/x86/xstate.rst). It refuses where a thread's stack for signals would be too small for them.

#![expect(
    unsafe_code,
    reason = "a system call and an instruction without safe wrappers; nothing else lives in this file"
)]

use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, _xgetbv};

/// Of leaf 7, EDX: tiles, and products of bytes in them.
const HAS_TILES: u32 = 1 << 24;
const HAS_BYTES: u32 = 1 << 25;
/// Of XCR0: tiles' shapes and tiles.
const KEPT: u64 = 0b11 << 17;
/// The leaf of shapes, and in it that of palette 1: 8 tiles of 16 rows of 64 bytes.
const PALETTES: u32 = 0x1D;
const PALETTE: (u32, u32, u32) = (1_024 << 16 | 8_192, 8 << 16 | 64, 16);

const ARCH_PRCTL: i64 = 158;
/// Of linux/arch_prctl: ask for a part of the state, of which tiles are number 18.
const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
const TILES: u64 = 18;

/// Asks for the tiles, which any thread may then use for the rest of the process. To be called where XSAVE is known to be there,
/// which it is where AVX is.
pub(super) fn granted() -> bool {
    present() && kept() && asked()
}

fn present() -> bool {
    let (highest, features) = (__cpuid_count(0, 0).eax, __cpuid_count(7, 0).edx);
    if highest < PALETTES || features & (HAS_TILES | HAS_BYTES) != HAS_TILES | HAS_BYTES {
        return false;
    }
    let palette = __cpuid_count(PALETTES, 1);
    (palette.eax, palette.ebx, palette.ecx & 0xFFFF) == PALETTE
}

fn kept() -> bool {
    // SAFETY: the system uses XSAVE, which is all that the instruction needs.
    std::is_x86_feature_detected!("xsave") && unsafe { _xgetbv(0) } & KEPT == KEPT
}

fn asked() -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let mut result = ARCH_PRCTL;
    // SAFETY: arch_prctl of Linux on x86-64 with this request reads and writes no memory of ours; a system call leaves all registers
    // as they are but these.
    unsafe {
        asm!(
            "syscall",
            inout("rax") result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILES,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}
