//! GELU as BERT has it, with the error function (Hendrycks, Gimpel: "Gaussian Error Linear Units", 2016).
//!
//! erf(x / sqrt 2) / x is a polynomial of x squared up to |x| = 5, where erf is 1 but for 6e-7: of degree 12, interpolated at
//! Chebyshev's points and written in a variable from -1 to 1, so that its terms stay small. GELU's error is below 6e-6 for |x| up to 8, and relatively to x beyond.

use super::compute::{Instructions, vectors_mut};

const END: f32 = 5.0;
/// From the highest power to the lowest.
const FACTORS: [f32; 12] = [
    -0.003_348_062,
    0.002_925_263_3,
    -0.005_068_645,
    0.013_335_618,
    -0.022_599_487,
    0.032_574_14,
    -0.046_432_69,
    0.062_929_74,
    -0.080_901_42,
    0.103_037_89,
    -0.140_591_87,
    0.282_727_6,
];
const HIGHEST: f32 = 0.001_411_906;

/// GELU of each number; the length is a multiple of `LANES`.
#[inline(always)]
pub(super) fn gelu<I: Instructions>(with: I, numbers: &mut [f32]) {
    for numbers in vectors_mut(numbers) {
        with.store(gelu_of(with, with.load(numbers)), numbers);
    }
}

/// GELU of each lane.
#[inline(always)]
pub(super) fn gelu_of<I: Instructions>(with: I, x: I::Lanes) -> I::Lanes {
    let within = with.greatest(with.least(x, with.splat(END)), with.splat(-END));
    let square = with.multiply(within, within);
    let place = with.multiply_add(square, with.splat(2.0 / (END * END)), with.splat(-1.0));
    let mut value = with.splat(HIGHEST);
    for factor in FACTORS {
        value = with.multiply_add(value, place, with.splat(factor));
    }
    let half = with.multiply(x, with.splat(0.5));
    with.multiply_add(half, with.multiply(value, within), half)
}

#[cfg(test)]
mod tests {
    use super::super::compute::{LANES, Portable};
    use super::*;

    /// erf by its series, in f64.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200_u32 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn gelu_is_that_of_the_error_function() {
        for step in -8_000_i16..=8_000 {
            let x = f32::from(step) / 1_000.0;
            let wide = f64::from(x);
            // Beyond 5 the series loses its digits, and erf is 1.
            let erf = if wide.abs() > 5.0 { wide.signum() } else { erf(wide / std::f64::consts::SQRT_2) };
            let exact = wide * (1.0 + erf) / 2.0;
            let mut found = [x; LANES];
            gelu(Portable, &mut found);
            assert!((f64::from(found[0]) - exact).abs() < 6e-6, "{} for {x}, exact {exact}", found[0]);
        }
    }
}
