//! The agent's documents, chunks and vectors as typed records over a key-value port.
//!
//! [`kv`] is the port: eight ordered maps of bytes ("spaces"), atomic batches, and a `sync` that returns when
//! everything committed before is on the disk. `platform::disk` implements it on fjall, [`memory`] for tests and the
//! simulator. [`record`] encodes what a value holds: a version byte, then postcard
//! (<https://postcard.jamesmunns.com/wire-format>); every version ever written stays readable. [`keys`] lays out the
//! keys. [`read`] holds the queries.
//!
//! [`library`] is the only code that changes a store. It takes one [`change::Change`], computes the records that follow
//! from it and commits them, with the new counters, as one batch. What it returns tells the vector index which rows to
//! add and which to remove.
//!
//! A document whose file is gone becomes a tombstone: its chunks answer no question, and its rows and vectors stay for
//! a while, so that a renamed or moved file is not embedded again. A purge then deletes it with all its rows. A chunk that
//! an edit removed is deleted at once; its vector stays for as long, in a *retired* row, so that an edit that is taken back
//! embeds nothing. The todo list has both, with the number of the commit since which they wait.
//!
//! Invariants, all checked by [`audit`]: a document is in exactly one state; the todo list names exactly the unfinished
//! documents; every row has a chunk, and a vector only together with its chunk, but for retired rows, which have
//! only the vector; the [`counts`] equals what a count
//! finds. A vector that another device made and that no check has vouched for yet counts as none ([`makers`]). A document number or a row is given out once and never again.
//!
//! A document whose tasks failed again and again is *parked*, with who tried, what happened and when. It waits for its owner's
//! word, or for another content of its file. One whose content cannot be used is *refused*, which needs no word.
//!
//! One document has at most `DOCUMENT_CHUNKS_MAX` chunks. Files, threads and the
//! moment of a sync are not decided here: `runtime::writer` and `sim` do that.

pub mod audit;
pub mod backup;
pub mod change;
mod chunk;
mod codec;
mod collection_model;
mod commit;
pub mod counts;
pub mod earlier;
pub mod keys;
pub mod kv;
pub mod library;
pub mod maker;
pub mod makers;
mod mark;
pub mod memory;
pub mod models;
mod packed;
mod parked;
pub mod read;
pub mod record;
pub mod roots;
pub mod rows;
mod stamp;
mod vector;
pub mod words;
