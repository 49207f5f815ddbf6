//! Guests: peers that may not link, and may be paired.

/// Guests that are connected at once, without those that this agent dialled: it joins one place at a time. Each holds two streams at most: 512 KiB.
pub const GUESTS_MAX: usize = 8;

/// Conversations of guests that the node knows: the end of one that gave way may come after the beginning of the one in its place.
pub const GUESTS_TALKING_MAX: usize = 2 * GUESTS_MAX;

/// Milliseconds for which the doctor tells that places for guests were short. An estimate: who is at the other device comes to this one
/// within that time.
pub const GUESTS_CROWDED_TOLD_MS: u64 = 600_000;

/// Of those, guests from one address (IPv6: one /64).
pub const GUESTS_ADDRESS_MAX: usize = 4;

/// Streams that a guest may have open.
pub const GUEST_STREAMS_MAX: usize = 2;

/// Milliseconds after which a guest's connection ends, whatever it does: pairing takes seconds.
pub const GUEST_MS: u64 = 30_000;

/// Frames that wait for a guest; it is answered one at a time.
pub const GUEST_QUEUE_MAX: usize = 8;

/// Milliseconds in which it is decided whether the certificates of a peer that is not known admit it.
pub const GUEST_DECISION_MS: u64 = 3_000;

/// Milliseconds for which the socket of a peer that lost its rights stays open, so that what it was sent last is read there: why,
/// and the proof. What it sends meanwhile is refused.
pub const LINK_PARTING_MS: u64 = 300;

/// Unknown devices whose refusal is told, in the log, in the events and by the doctor, at once. An estimate: more than a home has that
/// are not set up yet.
pub const UNKNOWN_PEERS_BURST: u64 = 8;

/// And from then on a minute: the events hold `EVENTS_MAX`, and those of the mesh's own devices must not be washed out.
pub const UNKNOWN_PEERS_A_MINUTE: u64 = 6;
