//! Wattle: a private, watt-aware mesh of small agents that index your documents and answer your questions.
//!
//! This page is the map; `docs/architecture.md` explains it, and `tests/it/layers.rs` holds the tree to it. A module uses
//! only itself and strictly lower layers; of the I/O modules, each uses only those to its right.
//!
//! | layer | modules | what |
//! |---|---|---|
//! | L4 | `cli` > `http` > `runtime` > `net` > `platform` | all I/O: sockets, files, threads, clocks, `/sys` |
//! | L4 | [`sim`] | the simulator: the same node and worker, one thread, one seed |
//! | L3 | [`node`], [`worker`], [`config`] | every decision of one agent; doing one task; what owners write |
//! | L2 | [`energy`], [`mesh`], [`scheduler`], [`query`] | pure state machines and tables, told the time; they do not know each other |
//! | L1 | [`wire`], [`text`], [`embed`], [`store`], [`search`] | bytes, text, vectors, records, scores |
//! | L0 | [`base`], [`limits`] | time, ids, vectors, search hits; every cap |
//!
//! A place is kept for `learn` (L2), the federated ranking.
//!
//! The way of a file: `platform::watcher` reports a change, `scheduler::scans` waits for quiet and starts a scan,
//! `worker::scan` compares, `worker::extract` extracts and splits, `worker::embed` embeds a few chunks at a time, and
//! `runtime::writer` commits and syncs what each returns.
//!
//! The way of a question: `http::api` takes it, `node::query` opens a pending query, `worker::retrieve` scans and
//! scores here while linked peers do the same, and `query::merge` joins the lists by the deadline at the latest.
//!
//! Invariants of the whole: only the I/O modules of L4 touch a clock, a file, a socket or a thread. Only the writer
//! writes the store. A promise leaves the node only after its record was synced. No `HashMap` is iterated where something
//! is decided. Files do not use each other in a circle.

#![deny(unsafe_code)]
// They panic where nobody reads; platform::stdout and cli::output do not.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

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
