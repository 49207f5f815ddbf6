//! The simulation: any number of agents in virtual time, in one thread, from one seed.
//!
//! It runs the shipped node, worker, library and host coordinator, and replaces what is impure around them (`platform`,
//! `net`, `runtime`): a network with delays, losses and cuts, disks that lose what was not synced, files that people
//! edit, hosts whose boards warm up and run on batteries. `World` is an event loop: it takes the earliest event or node
//! deadline, hands it to one agent, and carries out the outputs by scheduling more events. Nothing sleeps, so an hour
//! of a hundred agents takes about a minute.
//!
//! Everything that a driver would draw from the operating system comes from the world's one generator, and ties in time
//! are ordered by when they were scheduled. `World::trace` hashes every input, output and packet in that order: equal
//! seeds give equal traces, which the tests check by running each seed twice.
//!
//! `check` holds the invariants of a world at rest; others are asserted while it runs. `InjectedBug` injects defects to
//! show that they are caught. `power` simulates heat and supply, alone in trials of the governor and as the hardware of
//! hosts.
//!
//! It decides nothing, and holds `PEERS_MAX` devices at most. Real sockets, threads and time are tested elsewhere.

#![expect(clippy::panic, reason = "a violated invariant is reported by a panic, below the printed seed")]

pub mod agent;
pub mod check;
mod clock;
mod conversations;
pub mod device;
mod embedded;
mod event;
mod event_queue;
pub mod false_worker;
pub mod faults;
pub mod files;
mod gossip;
mod guests;
mod headroom;
mod holders;
pub mod host;
pub mod injected_bug;
mod lanes;
mod leaves;
mod liars;
pub mod net;
pub mod power;
pub mod scenario;
mod sending;
pub mod signer;
mod speed;
mod starts;
pub mod suspend;
pub mod tally;
mod trace;
mod trace_hash;
mod trust;
pub mod world;
