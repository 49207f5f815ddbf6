//! The commands of `wattle service`.

use clap::Subcommand;

/// The commands of `wattle service`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ServiceCommand {
    /// Write the unit, start it, and have it started with the machine. Nothing else of the system is changed.
    Install,
    /// Stop it and remove the unit. The index, the settings and the documents stay.
    Remove,
}
