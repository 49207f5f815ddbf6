//! Who is there.
//!
//! Duty: the peers that this agent was told of, whether they are linked, when to dial them again.
//! In/out: links that come and go in, dials out. Invariants: a peer is dialled by one dial at a time, and ever
//! more rarely while it does not answer. Limits: `PEERS_MAX` peers, `REDIAL_MS` to `REDIAL_MS_MAX`.
//! Rumours: of each member and kind the newest, `RUMOUR_*`.
//! Not here: sockets, signatures, certificates and membership, which join with the mesh.

pub mod budget;
pub mod peers;
pub mod rumour;
