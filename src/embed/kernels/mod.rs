//! The arithmetic of a sentence encoder, for the instructions that this processor has.
//!
//! A layer of the encoder is four products with int8 weights, two attention steps between them, and what stands around:
//! quantization, GELU, residual additions and layer normalisations. Nearly all time goes into the products, which is where
//! processors differ: each set of instructions has a file of its own ([`avx512`], [`avx_vnni`], [`avx2`], [`neon_dot`],
//! [`neon`]), and [`portable`] is the scalar twin of all. The rest ([`quantize`], [`normalize`], [`gelu`], [`attention`]) is
//! written once, with the few instructions for vectors that each set offers ([`compute`]), and compiled for each.
//!
//! Weights have one scale for each output and codes of -127 to 127; activations one scale and one zero point for each token, also
//! with codes of -127 to 127 (asymmetric, Jacob et al., "Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference", 2018). A token's result so depends on that token alone, and not on what is
//! embedded beside it.
//!
//! Invariants: all kernels give the same codes for the same numbers, and the same integers for the same codes, bit for bit; numbers
//! after that differ only by the rounding of a fused multiplication. Unsafe code is where vectors are loaded and stored, always
//! whole arrays of a vector's length, and where a function for some instructions is called: by the value that shows
//! that the processor has them. AMX is left out: no machine that builds or tests this has it.

use compute::Compute;

pub mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod compute;
mod gelu;
pub mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_dot;
pub mod normalize;
mod portable;
pub mod quantize;
#[cfg(test)]
mod tests;

use matrix::Matrix;
use quantize::Rows;

/// What follows a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// The exact GELU: x (1 + erf(x / sqrt 2)) / 2.
    Gelu,
}

/// A set of instructions that this processor has.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(Set);

#[derive(Clone, Copy, Debug)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(avx_vnni::AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    #[cfg(target_arch = "aarch64")]
    NeonDot(neon_dot::NeonDot),
}

impl Kernel {
    /// Those that this processor has, the slowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        let portable = [Some(Set::Portable)];
        #[cfg(target_arch = "x86_64")]
        let wide = [
            avx2::Avx2::detect().map(Set::Avx2),
            avx_vnni::AvxVnni::detect().map(Set::AvxVnni),
            avx512::Avx512::detect().map(Set::Avx512),
        ];
        #[cfg(target_arch = "aarch64")]
        let wide = [neon::Neon::detect().map(Set::Neon), neon_dot::NeonDot::detect().map(Set::NeonDot)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
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
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "neon",
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot(_) => "neon-dot",
        }
    }

    /// What is added to the codes of activations before they are stored. The instructions of VNNI multiply unsigned numbers by
    /// signed ones.
    const fn offset(self) -> u8 {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(_) | Set::Avx512(_) => matrix::OFFSET,
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
        match self.0 {
            Set::Portable => portable::multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(vnni) => vnni.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => avx512.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(neon) => neon.multiply(rows, matrix, activation, out),
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot(dot) => dot.multiply(rows, matrix, activation, out),
        }
    }

    /// Multiplies bytes in registers alone, so many rounds, and says how many products that were: what the processor can do at
    /// most. `None` where nobody measured what the best order of instructions is. For benchmarks.
    #[must_use]
    pub fn multiply_in_registers(self, rounds: u32) -> Option<u64> {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => Some(avx512.multiply_in_registers(rounds)),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(vnni) => Some(vnni.multiply_in_registers(rounds)),
            _ => None,
        }
    }

    /// Does a computation of numbers with these instructions.
    fn compute(self, work: impl Compute) {
        match self.0 {
            Set::Portable => work.compute::<_, 1>(compute::Portable),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.compute(work),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(vnni) => vnni.compute(work),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => avx512.compute(work),
            #[cfg(target_arch = "aarch64")]
            Set::Neon(neon) => neon.compute(work),
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot(dot) => dot.compute(work),
        }
    }
}

/// The least number of tiles of at most `most` rows, of nearly equal heights: their first rows and their heights.
fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most);
    (0..count).map(move |tile| {
        let begin = tile * rows / count;
        (begin, (tile + 1) * rows / count - begin)
    })
}
