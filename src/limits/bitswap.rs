//! bitswap: what programs that fetch public documents may ask for, and what they are given.

/// Bytes of one message, in either direction, without its length: boxo and helia send as many at most.
pub const BITSWAP_MESSAGE_MAX: usize = 4 * 1024 * 1024;

/// Bytes of half-sent messages that are held of one peer, on all its streams together: one message, and its length as a varint before it.
pub const BITSWAP_COLLECTED_MAX: usize = BITSWAP_MESSAGE_MAX + 4;

/// Entries, and presences, and blocks, that are read of one message; what is behind them is passed over. Four times what a peer may
/// wait for, since cancels are entries too.
pub const BITSWAP_ENTRIES_MAX: usize = 4 * BITSWAP_WANTS_MAX;

/// Bytes of a CID in an entry. Those in use have 36 or 34, with SHA-512 68.
pub const BITSWAP_CID_MAX: usize = 128;

/// Blocks that one peer may wait for (as boxo and helia have it), 150 KiB of memory; one more is not noted.
pub const BITSWAP_WANTS_MAX: usize = 1024;

/// Wants that one answer is about.
pub const BITSWAP_ANSWER_WANTS_MAX: usize = 64;

/// Bytes of blocks, sent or only looked at, beyond which an answer takes no further one: what waits in memory for a peer is this and one block.
pub const BITSWAP_ANSWER_BYTES: usize = 512 * 1024;

/// Bytes of the largest block that is sent; boxo takes no larger one.
pub const BITSWAP_BLOCK_MAX: usize = 2 * 1024 * 1024;

/// Bytes of a block that is sent to whoever asks whether it is there: no larger than the question and its answer (boxo and helia do the same).
pub const BITSWAP_SMALL_BLOCK_MAX: usize = 1024;

/// Answers that are looked up at once, for all peers together: each has a thread that reads the store.
pub const BITSWAP_LOOKUPS_MAX: usize = 2;

/// Streams that a guest may have open while blocks are served, `GUEST_STREAMS_MAX` of them for anything but bitswap; helia opens one for each message, 50 at once.
pub const BITSWAP_STREAMS_MAX: usize = 64;

/// Streams of bitswap that a peer with a link may have open, so that others are left for its messages.
pub const BITSWAP_LINK_STREAMS_MAX: usize = super::link::LINK_STREAMS_MAX - 4;

/// Bytes a second that all guests together are sent, after a burst. An estimate: less than any home network carries, so that strangers never
/// fill it.
pub const BITSWAP_GUESTS_PER_SECOND: u64 = 2 * 1024 * 1024;

/// Bytes that they may be sent at once after a quiet time: a document of 10 MB comes without a wait.
pub const BITSWAP_GUESTS_BURST: u64 = 16 * 1024 * 1024;

/// Bytes that each want of a guest costs of that budget, also where there is no such block: a look at the store. What is read and hashed costs its
/// length besides, sent or not.
pub const BITSWAP_WANT_COST: u64 = 1024;

/// Milliseconds until the budget of the guests is asked again.
pub const BITSWAP_BUDGET_MS: u64 = 100;

/// Milliseconds until wants are looked up again after a look that failed: the system had no thread, or there is a defect.
pub const BITSWAP_RETRY_MS: u64 = 1_000;

/// Milliseconds within which a whole message arrives, or is taken; whoever is slower loses the stream.
pub const BITSWAP_MESSAGE_MS: u64 = 30_000;

/// Milliseconds after which the connection of a guest ends though it fetches. One that fetches nothing for `GUEST_MS` ends before.
pub const BITSWAP_GUEST_MS: u64 = 600_000;
