//! The program `wattle`: everything is in the library, this is its entry point. Only here is the model included, so that
//! the library and its tests are built without it.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use wattle::platform::models::EmbeddedModel;

/// Gives freed memory back at once, and keeps what is small and stays apart from what is large and soon over.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The folder `models/` is the source: what lies there when the program is built is inside it.
static MODEL: EmbeddedModel = EmbeddedModel {
    manifest: include_bytes!("../models/all-MiniLM-L6-v2/manifest.json"),
    vocabulary: include_bytes!("../models/all-MiniLM-L6-v2/vocab.txt"),
    weights: include_bytes!("../models/all-MiniLM-L6-v2/model.onnx"),
};

fn main() -> ExitCode {
    wattle::cli::main(&MODEL)
}
