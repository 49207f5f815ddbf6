//! The worker: one task to its outcome. Synchronous, and the same code on a device and in the simulator.
//!
//! [`run::run`] takes a `scheduler::task::Task` and returns an `Outcome`. It reads the store through the port `Kv`,
//! computes through the port `Embedder`, and gets files and the vector index through functions of its caller
//! (`run::TaskIo`). It decides nothing and writes nothing: changes of the store are part of the outcome, and the writer
//! applies them later. Between the reading and the writing the store may change; the library then ignores what does not
//! fit any more.
//!
//! A file's way through the tasks: [`scan`] compares a listing with the store, [`extract`] makes chunks of a file's
//! bytes, [`embed`] computes their vectors, [`retrieve`] searches them for a question. [`summary`] counts what is
//! shared with the members, and a sweep lists what its owner wants forgotten.
//!
//! A task is bounded: `SCAN_BATCH` files, one document, `EMBED_BATCH` chunks, or for a question the vectors of `RESCORE` different texts for each
//! model, each with up to `PLACES_MAX` copies, and of `HITS_MAX` rows that the index of words gives, beside those of files that are named; for
//! another device, where some folders are private, up to `RESCORE_SHARED_MAX` records are looked at. Only an audit and a summary read the whole
//! store. Files are read by `platform` and `sim`, and when a task runs is decided by `scheduler`
//! and `energy`.

pub mod embed;
pub mod extract;
mod lend;
pub mod look;
mod owed;
mod park;
pub mod retrieve;
pub mod run;
pub mod scan;
pub mod summary;
pub mod sweep;
pub mod word_merge;
pub mod words;

#[cfg(test)]
mod parsed_test;
#[cfg(test)]
mod rename_test;
