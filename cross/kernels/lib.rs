//! The kernels of `wattle::embed::kernels`, their tests, and what those use: under the same names as in the library.

#[path = "../../src/embed/kernels/mod.rs"]
pub mod kernels;
#[path = "../../src/base/rng.rs"]
pub mod rng;

/// Of `wattle::base`.
pub mod base {
    pub use crate::rng;
}

/// Of `wattle::embed`.
pub mod embed {
    pub use crate::kernels;
}
