//! Devices of a home find each other by multicast DNS (RFC 6762) and service discovery (RFC 6763).
//!
//! An agent announces itself and browses as `_wattle._tcp.local.`, and as `_p2p._udp.local.` after libp2p's mDNS
//! discovery specification, so that libp2p agents that are not Wattle find it too. [`Discovery`] starts one task, the
//! `supervisor`: it watches the interfaces (`interface`), runs the mDNS daemon (`daemon`, the crate mdns-sd, a thread
//! of its own) and starts it again after a failure with a pause that doubles. `browse` turns what the daemon resolves
//! into `Input::PeerDiscovered` for the node; `libp2p` reads the announcements that mdns-sd does not resolve. The node learns
//! this device's own addresses as `Input::ListenAddresses`, and `wattle doctor` reads the records in `diagnostics`.
//!
//! Invariants: an agent that listens on loopback only sends no multicast; no host or user name is announced; a received
//! address is an unproven hint, passed on only for a peer that may link and only if it lies within the home network.
//! One address an interface is announced, `ADDRESSES_MAX` at most; mdns-sd answers once a second at most and doubles
//! the pause between its queries up to an hour.
//!
//! Whom to dial and when is the node's to decide; the TXT records are in `wire::mdns`.

mod browse;
mod context;
mod daemon;
pub mod interface;
mod libp2p;
mod supervisor;

pub use context::Discovery;
