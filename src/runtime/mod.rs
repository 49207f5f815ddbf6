//! The running agent: the loop that owns the node, and the threads around it.
//!
//! `driver` waits for one event or the node's deadline, lets the node decide and carries out what it returns.
//! `executor` runs tasks on threads: a few for background work, one for the people who wait. `writer` is the only thread
//! that writes the store, and syncs many saves at once. `governor` samples the sensors and tells the driver what
//! background work is allowed. `handle` is how HTTP calls and commands reach the driver, `event_log` keeps what happened
//! for people to read.
//!
//! Invariants: one task owns the node and no lock surrounds it; a background thread takes no lock that a person's path
//! needs; nothing is acknowledged before its record is synced.
//!
//! It takes no decision of its own: those are in `node` and in the machines below it.

pub mod driver;
pub mod event;
pub mod event_log;
pub mod executor;
pub mod governor;
pub mod handle;
pub mod progress;
pub mod writer;
