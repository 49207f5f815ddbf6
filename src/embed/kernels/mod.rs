//! The arithmetic of a sentence encoder, for the instructions that this processor has.
//!
//! A layer of the encoder is four products with int8 weights, two attention steps between them, and what stands around:
//! quantization, GELU, residual additions and layer normalisations. Nearly all time goes into the products, which is where
//! processors differ: each set of instructions has a file of its own (`amx`, `avx512`, `avx_vnni`, `avx2`, `neon_dot`,
//! `neon`, `neon_32`), and `portable` is the scalar twin of all. The rest (`quantize`, `normalize`, `gelu`, `attention`) is
//! written once, with the few instructions for vectors that each set offers (`compute`), and compiled for each.
//!
//! Weights have one scale for each output and codes of -127 to 127; activations one scale and one zero point for each token, also
//! with codes of -127 to 127, and in short texts finer ones beside them (`refine`; asymmetric, Jacob et al., "Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference", 2018). A token's result so depends on that token alone, and not on what is
//! embedded beside it.
//!
//! Invariants: all kernels give the same codes for the same numbers, and the same integers for the same codes, bit for bit; and the
//! same numbers, since all multiply and add with one rounding and in the same order: a text has one embedding by every kernel. (Where a
//! processor has the instructions of none, or a model another form, tract runs it in f32: an embedding near that one, of another rounding.) Unsafe code is where vectors are loaded and stored, always
//! whole arrays of a vector's length, in assembly for instructions without a stable name, and where a function for some instructions is
//! called: by the value that shows that the processor has them.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod amx_permission;
pub mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod block;
mod compute;
mod gelu;
mod kernel;
pub mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "arm")]
mod neon_32;
#[cfg(target_arch = "aarch64")]
mod neon_dot;
pub mod normalize;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod portable;
pub mod quantize;
mod refine;
#[cfg(test)]
mod tests;
mod tile;

pub use kernel::Kernel;
pub use tile::Activation;
