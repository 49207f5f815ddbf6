//! What is kept: documents, chunks, vectors, and the one library that changes them.
//!
//! Duty: typed records over a key-value port, each change one atomic batch. In/out: `Change` in, `Applied` out.
//! Invariants: a document is in exactly one state and `todo` lists exactly the unfinished ones; a row has a
//! chunk, and a vector only with that chunk; rows and documents are numbered once, never again.
//! Limits: `CHANGES_MAX` a batch, `DOCUMENT_CHUNKS_MAX` a document.
//! Not here: files, threads, when to sync (the writer of `io::disk` and `sim` do).

pub mod audit;
pub mod change;
pub mod keys;
pub mod kv;
pub mod library;
pub mod memory;
pub mod read;
pub mod record;
