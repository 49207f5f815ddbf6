//! The mesh: which peers are admitted, how to reach them, which of them are alive, and what they publish.
//!
//! Machines and tables, all pure: they are given the time and inputs, and return effects.
//!
//! - [`trust`]: the one table of what each peer may do. Everything else that deals with peers follows its effects.
//! - [`peers`]: the known peers, with their addresses ([`address`]), their links, and when to dial or hang up. In a
//!   large mesh [`topology`] chooses which links are wanted.
//! - [`swim`]: failure detection and membership (SWIM, 2002, by the crate foca), with claims of peers validated first.
//! - [`gossip`]: the newest signed item of each member and kind, forwarded within byte budgets ([`budget`]).
//! - [`pairing`]: how a device joins, on both sides.
//! - [`hardware`]: whether a home woke up in another device. [`duplicates`]: keys with two holders. [`refusals`]: messages that were refused. [`conduct`]: what was found false. [`disputes`]: which of them
//!   say that of this device.
//! - [`update`]: whether a new system of the SD card image stays, and whose turn it is to update.
//!
//! Invariants: a peer is dialled by one dial at a time, and with growing pauses while it does not answer; an address is
//! an unproven hint until a dial reached the peer there; a packet counts only for its proven sender; a member that is up
//! can always refute that it is down. `limits` caps every table: `TRUST_PEERS_MAX` and `PEERS_MAX` peers,
//! `ADDRESSES_MAX` addresses each, `LINKS_WANTED` wanted links in a large mesh, and the `GOSSIP_*` budgets.
//!
//! Sockets and encryption are in `net`, signatures in `wire`. Rights follow from certificates; the owner's `--peer` still grants.

pub mod address;
pub mod budget;
pub mod conduct;
pub mod disputes;
pub mod duplicates;
pub mod gossip;
pub mod hardware;
pub mod pairing;
pub mod peers;
pub mod push_tree;
pub mod refusals;
pub mod swim;
pub mod topology;
pub mod trust;
pub mod update;
