//! Small values that every layer above shares: time, ids, vectors, search hits, energy levels, the outbox.
//!
//! A value lives here if two machines that may not use each other both handle it: a search hit is made by `search`,
//! merged by `query` and carried by `wire`; an energy level is decided by `energy` and gossiped by `mesh`. So there is
//! one type and no conversion between twins. `id` has the newtypes of ids, `time` the instant that counts through
//! suspend, `rng` the one seeded generator of decisions, `vector` the embeddings and their quantized forms, `hit` what
//! a device found for a query, `fold` and `file_name` the forms in which words and names compare, `collection_name` when two names
//! of collections are one, `level` the energy
//! levels, `finding` what is wrong or in doubt, `fluency` which languages a model knows, `count` numbers in sentences, `span` how long something lasts in words, `outbox` the queue of a machine's outputs, `bounded` the
//! reader of lists with a cap, `secret_file` the names of files that are no documents but keys, `agent_file` those of what an agent keeps in its home, `media` those of pictures, sounds and films, `ignore` the patterns of files that
//! their owner leaves out, `quote` what stands in quotation marks, `table_row` the form of a row, `filter` which
//! documents a question is asked of, `password` what may be one, `protobuf` the fields of other projects' records, which come over links and in files of models.
//!
//! These types have no behaviour beyond their own arithmetic. None reads a clock or draws random numbers from the
//! system, and each list has a cap of `limits` in its type or while it is read; a vector has exactly
//! `limits::DIMENSIONS` numbers. Not here: anything that decides, and encodings of our own (`wire`, `store`); serde's derives only
//! name the fields.

pub mod agent_file;
pub(crate) mod bounded;
pub mod collection_name;
pub mod count;
pub mod file_name;
pub mod filter;
pub mod finding;
pub mod fluency;
pub mod fold;
pub mod hit;
pub mod id;
pub mod ignore;
pub mod level;
pub mod media;
pub mod outbox;
pub mod password;
pub mod path;
pub mod protobuf;
pub mod quote;
pub mod rng;
pub mod secret_file;
pub mod span;
pub mod table_row;
pub mod term_postings;
pub mod time;
pub mod vector;
