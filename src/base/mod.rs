//! The vocabulary that every other room speaks: time, ids, vectors, the outbox.
//!
//! Duty: small plain values shared across layers. In/out: nothing; no behaviour beyond their own arithmetic.
//! Invariants: no clock, no chance, no allocation that a cap in `limits` does not bound.
//! Limits: vectors have exactly `limits::DIMENSIONS` numbers. Not here: anything that decides.

pub mod id;
pub mod outbox;
pub mod rng;
pub mod time;
pub mod vector;
