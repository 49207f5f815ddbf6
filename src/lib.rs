//! Wattle: a private, watt-aware mesh of small agents that index your documents and answer your questions.
//!
//! This page is the map. A module may use only itself and strictly lower layers; `tests/it/layers.rs` holds
//! the tree to it.
//!
//! | layer | modules | what |
//! |---|---|---|
//! | L4 | `io`, `sim` (and `main`) | the world and the pretend world: twins over the same node and worker |
//! | L3 | [`node`], [`worker`], [`config`] | every decision of one agent; doing one task; what owners write |
//! | L2 | [`energy`], [`scheduler`], [`query`], [`mesh`] | machines: `handle(now, ..)` and `deadline()`; they do not know each other |
//! | L1 | [`wire`], [`text`], [`embed`], [`store`], [`search`] | bytes, text, vectors, records, scores |
//! | L0 | [`base`], [`limits`] | time, ids, vectors, the outbox; every cap |
//!
//! A place that is kept for what comes: `learn` (L2).
//!
//! The way of a file: `io::watch` tells that it changed, `scheduler` orders a scan, `worker::look` compares,
//! the change is saved, `worker::read` cuts it, `worker::embed` embeds a few chunks at a time, and what is
//! saved answers. The way of a question: `io::http` or `io::cli` asks, `node::ask` opens it, `worker::retrieve`
//! scans and scores, the answer leaves at the deadline at the latest.
//!
//! **Architecture invariants.** Nothing below `io` touches a clock, a file, a socket or a thread. Only the
//! writer writes the store. A promise leaves the node only after its record was synced. No `HashMap` is
//! iterated where something is decided.

#![deny(unsafe_code)]

pub mod base;
#[cfg(feature = "device")]
pub mod cli;
pub mod config;
pub mod embed;
pub mod energy;
#[cfg(feature = "device")]
pub mod http;
pub mod limits;
pub mod mesh;
#[cfg(feature = "device")]
pub mod net;
pub mod node;
#[cfg(feature = "device")]
pub mod platform;
pub mod query;
#[cfg(feature = "device")]
pub mod runtime;
pub mod scheduler;
pub mod search;
pub mod sim;
pub mod store;
pub mod text;
pub mod wire;
pub mod worker;
