//! The world: the only room that touches clocks, files, sockets, threads and the tensor engine.
//!
//! Duty: feed the node with inputs and carry out its outputs. In/out: everything outside the process.
//! Invariants: one task owns the node, no lock around it; a background thread takes no lock that a
//! person's path needs; only the writer thread writes the store; nothing is acknowledged before its sync.
//! Limits: `INPUTS_MAX` inputs wait; threads: background ones, one for people, one for audits, one writer, two
//! of the governor, the watcher.
//! Not here: decisions (`node` and the machines), computing (`worker`). `sim` is the twin of this room.

pub mod boot;
pub mod calibrate;
pub mod cli;
pub mod clock;
pub mod compute;
pub mod demo;
pub mod discovery;
pub mod disk;
pub mod driver;
pub mod errand;
pub mod events;
pub mod folder;
pub mod gate;
pub mod governor;
pub mod hints;
pub mod home;
pub mod http;
pub mod identity;
pub mod link;
pub mod log;
pub mod models;
pub mod network;
pub mod panics;
pub mod priority;
pub mod probe;
pub mod progress;
pub mod remember;
pub mod resolve;
pub mod settings;
pub mod source;
pub mod store;
pub mod sysfs;
pub mod tongue;
pub mod up;
pub mod watch;
pub mod writer;
pub mod zone;

/// Runs the command that was typed.
#[must_use]
pub fn run() -> std::process::ExitCode {
    let args = <cli::args::Args as clap::Parser>::parse();
    log::init(args.verbose);
    panics::install();
    cli::run(args)
}
