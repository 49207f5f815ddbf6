//! The running agent: the loop that owns the node, and the threads around it.
//!
//! `driver` waits for one event of the `event` inbox or for the node's deadline, calls the node with it and carries out
//! the outputs that the node returns. `executor` runs tasks on threads: several for background work, one that embeds
//! questions, one that searches; `auditor` checks the whole store on one more. `background` moves the background threads
//! among other programs' threads. `writer` is the only thread that writes the store; it syncs once for all saves that wait
//! (group commit). `lanes` are the queues that lead to them. `governor` samples the sensors and tells the driver how much background work is allowed. `handle` is how
//! HTTP calls reach the driver, `starting` says how far a start is, `gone` finds those whose callers have left, `feedback` keeps what people said of answers, `event_log` keeps recent events for people, `progress` shows how far indexing is. `upkeep` is the work on the whole store that a
//! person asks for, `ending` waits for threads at a stop, within a time, `scrub` reads it once a month, and `public_blocks` gives blocks of public documents by their CIDs.
//!
//! Invariants: one task owns the node, and no lock surrounds it; every queue has a cap in `limits`; a background thread
//! takes no lock that a question needs for longer than a few appends; nothing is acknowledged before its record is synced.
//!
//! No decision is made here: decisions are those of `node` and of the machines below it.

pub mod auditor;
pub mod background;
pub mod courtesy;
pub mod driver;
pub mod embeds;
pub mod ending;
pub mod event;
pub mod event_log;
pub mod executor;
pub mod feedback;
mod gone;
pub mod governor;
pub mod handle;
pub mod lanes;
pub mod mesh_root;
pub mod progress;
pub mod public_blocks;
pub mod records;
pub(crate) mod replaced;
pub mod scrub;
pub mod seen;
mod shared_indexes;
mod spot_check;
pub mod spread;
pub mod starting;
pub mod unfinished;
pub mod upkeep;
pub mod writer;
