//! Other devices: links, datagrams, discovery, and what is known about reaching them.
//!
//! `link` speaks libp2p over TCP (multistream-select, Noise, yamux; see its head for the specifications), `udp` carries
//! the membership probes as encrypted datagrams, `discovery` announces and browses multicast DNS (RFC 6762, RFC 6763), and
//! `session` manages the sessions of all peers: it signs what the node sends and verifies what arrives.
//! `address_book` stores where peers were reached, `resolve` looks names up in DNS, `dial_rules` decides which addresses are not
//! dialled by hearsay, and `diagnostics` collects what
//! `wattle doctor` reports. `blocks` reads the blocks of public documents, which `link` gives away by bitswap once the owner has switched that on.
//!
//! Invariants: a peer gets a link only if the node admitted it; every buffer has a cap in `limits`; a slow peer
//! stops its own link and no other. Nothing here decides whom to dial or what to answer: that is the node's.

pub mod address_book;
pub mod blocks;
pub mod diagnostics;
mod dial_rules;
pub mod discovery;
pub mod link;
pub mod resolve;
pub mod session;
pub mod udp;
