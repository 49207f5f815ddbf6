//! Computations of numbers that are written once and compiled for each set of instructions.
//!
//! They are written with vectors of [`LANES`] numbers, which on each processor are as many registers as that takes. Sums have a
//! lane for each place of such a vector, so that their order is the same on every processor.

/// Numbers of a vector: a register of AVX-512, and several of all others.
pub(super) const LANES: usize = 16;

/// Adding it to a number rounds that to a whole one, which then stands in the lowest bits.
pub(super) const MAGIC: f32 = 12_582_912.0;
pub(super) const MAGIC_BITS: i32 = 0x4B40_0000;
/// The largest code; the least one is its opposite.
pub(super) const CODE_MAX: i32 = 127;
pub(super) const CODE_LEAST: i8 = -127;

/// The instructions for vectors: whoever has a value may use them. Implementations say `inline(always)`: they become instructions in
/// a function that is compiled for these.
pub(super) trait Instructions: Copy {
    /// A vector.
    type Lanes: Copy;

    fn load(self, from: &[f32; LANES]) -> Self::Lanes;
    fn store(self, lanes: Self::Lanes, into: &mut [f32; LANES]);
    /// The same number in all lanes.
    fn splat(self, number: f32) -> Self::Lanes;
    fn add(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn subtract(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn multiply(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a * b + c`, rounded once.
    fn multiply_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
    /// `a` where it is less, else `b`.
    fn least(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a` where it is greater, else `b`.
    fn greatest(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `value * 2^n`, where `n` is a whole number plus `MAGIC`.
    fn scale(self, value: Self::Lanes, n: Self::Lanes) -> Self::Lanes;
    /// Whole numbers plus `MAGIC` as codes, those beyond the largest code as that, plus the offset.
    fn codes(self, lanes: Self::Lanes, offset: u8, into: &mut [u8; LANES]);

    /// The sum of all lanes.
    #[inline(always)]
    fn sum(self, lanes: Self::Lanes) -> f32 {
        let mut sums = [0.0; LANES];
        self.store(lanes, &mut sums);
        for half in [8, 4, 2, 1] {
            for at in 0..half {
                sums[at] += sums[at + half];
            }
        }
        sums[0]
    }

    /// The greatest lane that is a number, or `least`.
    #[inline(always)]
    fn greatest_lane(self, lanes: Self::Lanes, least: f32) -> f32 {
        let mut numbers = [0.0; LANES];
        self.store(lanes, &mut numbers);
        numbers.into_iter().fold(least, |most, lane| if lane > most { lane } else { most })
    }

    /// `e^x` for x of at most 88; below -87 it is `e^-87`. The relative error is below 5e-7.
    #[inline(always)]
    fn exp(self, x: Self::Lanes) -> Self::Lanes {
        let magic = self.splat(MAGIC);
        let x = self.greatest(x, self.splat(-87.0));
        let shifted = self.multiply_add(x, self.splat(std::f32::consts::LOG2_E), magic);
        let rest = self.multiply_add(self.subtract(shifted, magic), self.splat(-std::f32::consts::LN_2), x);
        // The least largest error for |rest| <= ln 2 / 2, nearly: interpolation at Chebyshev's points.
        let mut value = self.splat(0.008_369_155);
        for factor in [0.041_917_56, 0.166_665_05, 0.499_988_68, 1.0, 1.000_000_1] {
            value = self.multiply_add(value, rest, self.splat(factor));
        }
        self.scale(value, shifted)
    }
}

/// A computation. `N` is the width of its tiles in vectors: six rows of them stay in the processor's registers.
pub(super) trait Compute {
    /// Implementations say `inline(always)`, and so do all functions that they call: only what is inlined into a function for some
    /// instructions is compiled for them.
    fn compute<I: Instructions, const N: usize>(self, with: I);
}

/// The first whole vectors.
#[inline(always)]
pub(super) fn vectors(numbers: &[f32]) -> &[[f32; LANES]] {
    numbers.as_chunks().0
}

/// As `vectors`, to be changed.
#[inline(always)]
pub(super) fn vectors_mut(numbers: &mut [f32]) -> &mut [[f32; LANES]] {
    numbers.as_chunks_mut().0
}

/// Those that every processor has. The compiler makes vectors of them as it can.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Portable {
    #[inline(always)]
    fn each(a: [f32; LANES], b: [f32; LANES], of: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
        core::array::from_fn(|lane| of(a[lane], b[lane]))
    }
}

impl Instructions for Portable {
    type Lanes = [f32; LANES];

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Lanes {
        *from
    }

    #[inline(always)]
    fn store(self, lanes: Self::Lanes, into: &mut [f32; LANES]) {
        *into = lanes;
    }

    #[inline(always)]
    fn splat(self, number: f32) -> Self::Lanes {
        [number; LANES]
    }

    #[inline(always)]
    fn add(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn subtract(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn multiply(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| a * b)
    }

    // A call of a function of the C library where it is no instruction: the twin gives what the others give, however slowly.
    #[inline(always)]
    fn multiply_add(self, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
        core::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }

    #[inline(always)]
    fn least(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn greatest(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
        Self::each(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn scale(self, value: Self::Lanes, n: Self::Lanes) -> Self::Lanes {
        Self::each(value, n, |value, n| f32::from_bits(value.to_bits().wrapping_add(n.to_bits() << 23)))
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "of -127 to 127")]
    fn codes(self, lanes: Self::Lanes, offset: u8, into: &mut [u8; LANES]) {
        for (code, number) in into.iter_mut().zip(lanes) {
            let whole = number.to_bits().cast_signed().wrapping_sub(MAGIC_BITS).clamp(-CODE_MAX, CODE_MAX);
            *code = (whole as i8).cast_unsigned().wrapping_add(offset);
        }
    }
}
