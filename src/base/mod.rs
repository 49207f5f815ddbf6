//! Values that every other folder uses: time, ids, vectors, search hits, energy levels, the outbox.
//!
//! Duty: small plain values shared across layers. In/out: nothing; no behaviour beyond their own arithmetic.
//! Invariants: no clock, no chance, no allocation that a cap in `limits` does not bound.
//! Limits: vectors have exactly `limits::DIMENSIONS` numbers; a hit's lists have their cap in their types. Not here: anything that decides.

pub(crate) mod bounded;
pub mod hit;
pub mod id;
pub mod level;
pub mod outbox;
pub mod rng;
pub mod time;
pub mod vector;
