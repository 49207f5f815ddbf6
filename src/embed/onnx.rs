//! The encoder in a model's ONNX file, without a copy of its weights and without the tensor engine.
//!
//! `file` reads the file, `graph` orders what it holds by name, and `pattern` finds the encoder among its operators. Pure, so that
//! the fuzzer and the simulator's build have it too; what is found is run by [`crate::embed::encoder`].

mod file;
mod graph;
mod pattern;

pub use pattern::{Found, Source};

/// The encoder in an ONNX file, if it has the form that our own kernels run.
#[must_use]
pub fn find(file: &[u8]) -> Option<Found<'_>> {
    pattern::find(&graph::Graph::new(&file::read(file).ok()?)?)
}
