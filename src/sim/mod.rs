//! The pretend world: agents in virtual time, from one seed, in one thread.
//!
//! Duty: the twin of `io` over the same node, worker and host coordinator: files, disk, compute, links, people, hosts
//! that warm up and are fed, with misery.
//! In/out: a seed and options in, a report out. Invariants: the same seed gives the same trace, twice;
//! nothing sleeps; the worker, the library and the node are the shipped ones.
//! Limits: `PEERS_MAX` devices.
//! Not here: decisions. What fails here once is kept as a seed in tests/sim.rs for ever.

#![expect(
    clippy::panic,
    reason = "a broken rule of the pretend world is reported by panicking, with the seed above it"
)]

pub mod agent;
pub mod check;
pub mod device;
mod event;
mod event_queue;
pub mod faults;
pub mod files;
mod gossip;
mod headroom;
pub mod host;
pub mod injected_bug;
pub mod net;
pub mod power;
pub mod signer;
pub mod suspend;
mod trace;
mod trust;
pub mod world;
