//! The ways in which a model can be run.

use crate::embed::kernels::Kernel;

/// What runs a model.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// The encoder in it by the fastest kernel of this processor, or if there is no encoder, or no kernel but the scalar one, tract.
    Best,
    /// The encoder in it by this kernel, or if there is none tract. For benchmarks and tests.
    Kernel(Kernel),
    /// tract. For benchmarks and tests.
    Stock,
}
