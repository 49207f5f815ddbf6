//! The encoder in a model's ONNX file, without a copy of its weights and without the tensor engine.
//!
//! `file` reads the file, `graph` orders what it holds by name, and `pattern` finds the encoder among its operators. Pure, so that
//! the fuzzer and the simulator's build have it too; what is found is run by [`crate::embed::encoder`].

use crate::embed::encoder::{Encoder, Words};
use std::borrow::Cow;
use std::mem;

mod file;
mod graph;
mod pattern;

pub use pattern::{Found, Source};

/// The encoder in an ONNX file, if it has the form that our own kernels run.
#[must_use]
pub fn find(file: &[u8]) -> Option<Found<'_>> {
    pattern::find(&graph::Graph::new(&file::read(file).ok()?)?)
}

/// The encoder in an ONNX file, and its table of word vectors if that is in the file. The table is not copied: it is a part of a
/// borrowed file, and what is left of an owned one, which is whole as long as no encoder is returned.
#[must_use]
pub fn take(weights: &mut Cow<'static, [u8]>) -> Option<(Encoder, Option<Words>)> {
    if let Cow::Borrowed(file) = weights {
        let Found { encoder, words } = find(file)?;
        let Source::Table { codes, scales } = words else { return Some((encoder, None)) };
        return Some((encoder, Some(Words::new(Cow::Borrowed(codes), scales)?)));
    }
    let Found { encoder, words } = find(weights)?;
    let Source::Table { codes, scales } = words else { return Some((encoder, None)) };
    let start = codes.as_ptr().addr().checked_sub(weights.as_ptr().addr())?;
    let end = start.checked_add(codes.len()).filter(|end| *end <= weights.len())?;
    let mut file = mem::take(weights).into_owned();
    file.truncate(end);
    file.drain(..start);
    file.shrink_to_fit();
    Some((encoder, Some(Words::new(Cow::Owned(file), scales)?)))
}
