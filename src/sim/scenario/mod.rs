//! Scenarios: files that say which devices there are, what they have to embed, what goes wrong and when, and what is expected.
//!
//! `wattle sim FILE` runs one and prints its report; `tests/sim/scenarios/` holds those that the tests run. The format is TOML, read
//! with a bound on everything (`parse`), in the manner of the simulations of iroh-gossip. A run has two parts: while faults
//! happen, the invariants of safety are checked at each step (`invariants`, and the asserts of the world); after the last one,
//! everything must be embedded within `within`, which is liveness.
//!
//! A seed gives the same run twice. A violated invariant is a panic, as everywhere in the simulator; whoever runs a scenario
//! catches it. What is expected and not met stands in the report and is no panic.
//!
//! Not done here: pairing and certificates, questions, real sockets and threads.

mod day;
mod documents;
mod expected;
mod invariants;
mod parse;
mod plan;
pub mod report;
mod round_robin;
mod run;
mod text;
mod time;
mod timeline;

pub use parse::ScenarioError;
pub use plan::Scenario;
pub use run::run;
