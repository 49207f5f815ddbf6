//! The length of the longer side, `hypot`, under the C library's name: the linker takes it in place of glibc's.
//!
//! Crates that draw pages of PDF files call it. glibc gave its own a new version in 2.35 (its NEWS: no wrapper that sets errno), so that a program built
//! against that or a later one does not start on the 2.34 that the oldest supported systems have. Nothing else of the program asks for
//! more than 2.34.
#![expect(unsafe_code, reason = "a function under a name that C code and Rust's own library look for")]

/// The square root of `x * x + y * y` without overflow in between; infinite where either is, else no number where either is none.
// SAFETY: it has the name, the arguments and the meaning of C's function (C17, 7.12.7.3), whatever links to it; errno is not set.
#[unsafe(no_mangle)]
extern "C" fn hypot(x: f64, y: f64) -> f64 {
    if x.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    let (x, y) = (x.abs(), y.abs());
    let (long, short) = if x < y { (y, x) } else { (x, y) };
    if short == 0.0 {
        return long;
    }
    let slope = short / long;
    long * (1.0 + slope * slope).sqrt()
}

/// The same for single precision, where the squares fit into a double.
// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn hypotf(x: f32, y: f32) -> f32 {
    if x.is_infinite() || y.is_infinite() {
        return f32::INFINITY;
    }
    let (x, y) = (f64::from(x), f64::from(y));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the result is asked for in single precision; too long is infinite"
    )]
    let length = (x * x + y * y).sqrt() as f32;
    length
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_are_those_of_the_c_library() {
        // By glibc 2.36.
        for (x, y, length) in [
            (3.0, 4.0, 5.0),
            (-3.0, 4.0, 5.0),
            (0.0, -0.0, 0.0),
            (0.0, -7.5, 7.5),
            (1e300, 1e300, std::f64::consts::SQRT_2 * 1e300),
            (3e-320, 4e-320, 5e-320),
            (f64::NAN, f64::NEG_INFINITY, f64::INFINITY),
            (f64::MAX, f64::MAX, f64::INFINITY),
        ] {
            let ours = super::hypot(x, y);
            assert!(ours == length || ((ours - length) / length).abs() < 1e-15, "{x} {y}: {ours}");
            // What the standard library calls is the same function.
            assert_eq!(x.hypot(y).to_bits(), ours.to_bits());
        }
        assert!(
            super::hypot(f64::NAN, 1.0).is_nan()
                && super::hypot(1.0, f64::NAN).is_nan()
                && super::hypot(0.0, f64::NAN).is_nan()
        );
        for (x, y, length) in [
            (3.0_f32, -4.0, 5.0),
            (f32::MAX, f32::MAX, f32::INFINITY),
            (f32::NAN, f32::INFINITY, f32::INFINITY),
            (1e-30, 0.0, 1e-30),
        ] {
            assert_eq!(super::hypotf(x, y).to_bits(), length.to_bits(), "{x} {y}");
            assert_eq!(x.hypot(y).to_bits(), length.to_bits());
        }
        assert!(super::hypotf(f32::NAN, 0.0).is_nan());
    }
}
