//! The command about this device's key.

use clap::Subcommand;

/// The commands of `wattle identity`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum IdentityCommand {
    /// Keep this device's key although its hardware is another one: after a repair, or where a card or disk was moved on purpose. An
    /// agent that finds itself in another device makes a new key, so that a copied card is a device of its own; this gives the
    /// home its earlier key back. Typed before a move, the next start keeps the key. Never do it for a copy whose
    /// original still runs. Run it while the agent is stopped.
    Keep,
}
