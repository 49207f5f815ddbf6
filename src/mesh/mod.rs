//! Who is there, and who may be.
//!
//! Duty: who may do what; the known peers, where they may be reached, which links stand, who of them is alive, and
//! their items.
//! In/out: links that come and go, packets, rolls, hints and items in; dials, packets, joins and losses out.
//! Invariants: a peer is dialled by one dial at a time, and ever more rarely while it does not answer; an address
//! is a hint until a dial proved it; a packet speaks only for who sealed it; who lives can refute its death; of each
//! member and kind of item the newest is kept.
//! Limits: `TRUST_PEERS_MAX` peers that may do anything, `PEERS_MAX` peers, `ADDRESSES_MAX` addresses each, `LINKS_WANTED` standing links in a large mesh, `RUMOUR_*`.
//! Not here: sockets and seals (`io`), signatures (`wire`), certificates (a later issue).

pub mod address;
pub mod budget;
pub mod gossip;
pub mod peers;
pub mod swim;
pub mod topology;
pub mod trust;
