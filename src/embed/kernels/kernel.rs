//! Which instructions a processor has, and the computations by each.

#[cfg(target_arch = "x86_64")]
use super::amx::Amx;
#[cfg(target_arch = "x86_64")]
use super::avx_vnni::AvxVnni;
#[cfg(target_arch = "x86_64")]
use super::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512;
use super::compute::{Compute, LANES, Portable};
use super::matrix::Matrix;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(target_arch = "arm")]
use super::neon_32::Neon32;
#[cfg(target_arch = "aarch64")]
use super::neon_dot::NeonDot;
use super::portable;
use super::quantize::{Quantize, Rows};
use super::tile::Activation;

/// A set of instructions that this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(Set);

#[derive(Clone, Copy, Debug)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Amx(Amx),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(target_arch = "aarch64")]
    NeonDot(NeonDot),
    #[cfg(target_arch = "arm")]
    Neon32(Neon32),
}

impl Kernel {
    /// Those that this processor has, the slowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        let portable = [Some(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        let wide = [
            Avx2::detect().map(Set::Avx2),
            AvxVnni::detect().map(Set::AvxVnni),
            Avx512::detect().map(Set::Avx512),
            Amx::detect().map(Set::Amx),
        ];
        #[cfg(target_arch = "aarch64")]
        let wide = [Neon::detect().map(Set::Neon), NeonDot::detect().map(Set::NeonDot)];
        #[cfg(target_arch = "arm")]
        let wide = [Neon32::detect().map(Set::Neon32)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "arm")))]
        let wide: [Option<Set>; 0] = [];
        portable.into_iter().chain(wide).flatten().map(Self)
    }

    /// The fastest of this processor.
    #[must_use]
    pub fn best() -> Self {
        Self::all().last().unwrap_or(Self(Set::Portable))
    }

    /// Whether it is the scalar twin of the others.
    #[must_use]
    pub const fn is_portable(self) -> bool {
        matches!(self.0, Set::Portable)
    }

    /// Its name, for people and for `wattle bench`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(_) => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "avx512-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::Amx(_) => "amx",
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "neon",
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot(_) => "neon-dot",
            #[cfg(target_arch = "arm")]
            Set::Neon32(_) => "neon-32",
        }
    }

    /// What is added to the codes of activations before they are stored. The instructions of VNNI multiply unsigned numbers by
    /// signed ones; AMX could do without, and has it so that VNNI may multiply what it has no tiles for.
    pub(super) const fn offset(self) -> u8 {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) | Set::AvxVnni(_) | Set::Avx512(_) | Set::Amx(_) => super::block::OFFSET,
            _ => 0,
        }
    }

    /// `out` becomes the rows times the matrix, plus its biases, after the activation: a row of `matrix.outputs()` numbers for each.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        assert_eq!(rows.depth(), matrix.depth(), "a row has a code for each row of the matrix");
        assert_eq!(out.len(), rows.count() * matrix.outputs(), "an output for each row and column");
        debug_assert_eq!(rows.offset(), self.offset(), "codes that another kind of kernel wrote");
        match self.0 {
            Set::Portable => portable::multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(vnni) => vnni.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => avx512.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::Amx(amx) => amx.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(neon) => neon.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot(dot) => dot.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "arm")]
            Set::Neon32(neon) => neon.multiply(rows, matrix, activation, out),
        }
    }

    /// Multiplies bytes in registers alone, so many rounds, and says how many products that were: what the processor can do at
    /// most. `None` where nobody measured what the best order of instructions is. For benchmarks.
    #[must_use]
    pub fn multiply_in_registers(self, rounds: u32) -> Option<u64> {
        let _ = rounds;
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Amx(amx) => Some(amx.multiply_in_registers(rounds)),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => Some(avx512.multiply_in_registers(rounds)),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(vnni) => Some(vnni.multiply_in_registers(rounds)),
            _ => None,
        }
    }

    /// The codes of these numbers, in rows of as many as there are factors, a multiple of 16; each is multiplied by its place's
    /// factor before.
    ///
    /// # Panics
    /// If the numbers are no whole rows.
    pub fn quantize(self, numbers: &[f32], factors: &[f32], rows: &mut Rows) {
        let depth = factors.len();
        assert!(depth.is_multiple_of(LANES) && numbers.len().is_multiple_of(depth), "rows of whole vectors");
        let (codes, steps) = rows.reset(numbers.len() / depth, depth, self.offset());
        self.compute(Quantize { numbers, factors, offset: self.offset(), codes, steps });
    }

    /// Does a computation of numbers with these instructions.
    pub(super) fn compute(self, work: impl Compute) {
        match self.0 {
            Set::Portable => work.compute::<_, 1>(Portable),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.compute(work),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(vnni) => vnni.compute(work),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => avx512.compute(work),
            #[cfg(target_arch = "x86_64")]
            Set::Amx(amx) => amx.compute(work),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(neon) => neon.compute(work),
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot(dot) => dot.compute(work),
            #[cfg(target_arch = "arm")]
            Set::Neon32(neon) => neon.compute(work),
        }
    }
}
