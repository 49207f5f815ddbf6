//! Links: handshakes, streams and queues.

use super::wire::FRAME_TASK_MAX;

/// Links to other agents at once. Each may hold about 6 MiB at its worst: `LINK_STREAMS_MAX` windows of yamux
/// (256 KiB) and three half-read frames.
pub const LINKS_MAX: usize = 64;

/// Bytes of one stream's window, fixed by the yamux specification. Windows do not grow, so memory stays bounded.
pub const LINK_WINDOW_BYTES: usize = 256 * 1024;

/// Requests for a new stream of a link that may wait at once; a further one blocks.
pub const LINK_ORDERS_MAX: usize = 8;

/// Agents that may link; more than links, since some sleep.
pub const LINK_ALLOWED_MAX: usize = 512;

/// Connections whose handshake is under way. One more ends the oldest.
pub const LINK_HALF_OPEN_MAX: usize = 64;

/// The same for one address (IPv6: one /64).
pub const LINK_HALF_OPEN_ADDRESS_MAX: usize = 4;

/// Dials under way at once.
pub const LINK_DIALS_MAX: usize = 16;

/// Milliseconds for a whole handshake, from the connection to the link; for opening a stream; and within which two
/// links of one pair count as dialled at the same time.
pub const LINK_HANDSHAKE_MS: u64 = 10_000;

/// Handshakes a second from one address (IPv6: one /64); a Pi Zero is estimated to need 10 ms for one.
pub const LINK_HANDSHAKES_PER_SECOND: u32 = 10;

/// Handshakes that may come at once after a quiet time.
pub const LINK_HANDSHAKES_BURST: u32 = 20;

/// Addresses whose handshakes are counted one by one; the others share one count.
pub const LINK_ADDRESSES_MAX: usize = 256;

/// Streams that a peer may have open on one link.
pub const LINK_STREAMS_MAX: usize = 16;

/// Of those, streams of one protocol: one in use, and one that is replaced.
pub const LINK_STREAMS_PROTOCOL_MAX: usize = 4;

/// Streams of both sides that yamux keeps; beyond, it closes the link. 64 at once must be survived.
pub const LINK_STREAMS_HARD_MAX: usize = 128;

/// Frames that wait in one channel of a link; the next one is refused as `Full`.
pub const LINK_QUEUE_MAX: usize = 64;

/// Bytes that wait in one channel of a link, gossip and tasks alike.
pub const LINK_QUEUE_BYTES_MAX: usize = 2 * FRAME_TASK_MAX;

/// Buffers of frames that are kept for the next frame, by all links together: half a mebibyte at most.
pub const FRAMES_KEPT_MAX: usize = 128;

/// Bytes of the largest of these, and of what is written to a stream at once: steady messages have some hundred bytes.
pub const FRAME_KEPT_BYTES: usize = 4096;

/// Larger buffers that are kept, by all links together: 4 MiB at most. One that is written goes to the next frame, so a few serve any
/// number of links; a device that lends or borrows no work keeps none.
pub const FRAMES_LARGE_KEPT_MAX: usize = 4;

/// Bytes of the largest of these.
pub const FRAME_LARGE_KEPT_BYTES: usize = FRAME_TASK_MAX;

/// Milliseconds of silence after which a link is pinged, a fifth more or less.
pub const LINK_PING_MS: u64 = 15_000;

/// Pings in a row that may go unanswered, each for `LINK_PING_MS`.
pub const LINK_PINGS_MISSED_MAX: u32 = 2;

/// The part of the time for an answer to a ping after which its link is told as silent, until anything arrives: three seconds, far longer than any answer
/// takes.
pub const LINK_SILENT_PART: u32 = 5;

/// Milliseconds in which the older of two links with one key must answer a ping, if its agent is alive.
pub const LINK_CONTEST_MS: u64 = 2_000;

/// Milliseconds for which a second device with the key of a linked one is heard out: as long as it takes to tell it so.
pub const LINK_DUPLICATE_MS: u64 = 2_000;

/// Milliseconds from the last messages of an agent that stops to the end of its links: the messages are small, and a link
/// writes them within one or two. Whoever gets none notices the loss by itself.
pub const FAREWELL_MS: u64 = 50;

/// Milliseconds until the streams and links that are closing are left to themselves.
pub const LINK_CLOSE_MS: u64 = 2_000;

/// Reads that one link makes before others have their turn; a frame of yamux is two. Without an end, a peer that
/// sends faster than it is served would occupy the agent alone.
pub const LINK_READS_PER_TURN: u32 = 128;

/// Pieces, which are frames of Noise and of yamux, that a peer may send in a second beside what its bytes buy. Small messages are gathered into few
/// frames, and questions that wait for their answers make some hundred a second over Wi-Fi; each is estimated to take up to 10 us on a Pi Zero, so that these keep
/// 4 % of it busy.
pub const LINK_PIECES_PER_SECOND: u32 = 4_000;

/// Pieces that may come at once after a quiet time: five seconds of them.
pub const LINK_PIECES_BURST: u32 = 20_000;

/// Bytes that buy one further piece. A packet of the network by itself is two pieces, and buys one and a half: what other programs send in such ones
/// is bounded at some 10 MB a second (computed), and what they send in larger ones, as they do where they have much to send, at nothing.
pub const LINK_PIECE_BYTES: usize = 1024;

/// Bytes that a link collects before it encrypts a frame, which is the largest then: yamux writes headers of 12 bytes by themselves.
pub const LINK_WRITE_BYTES: usize = super::wire::NOISE_PLAIN_MAX;

/// Bytes of the largest frame of yamux: what a small message waits for, and each costs two wake-ups. (The crate's default is half of it.)
pub const LINK_SPLIT_BYTES: usize = 32 * 1024;

const _: () = assert!(
    LINK_PIECES_BURST >= LINK_PIECES_PER_SECOND && LINK_SPLIT_BYTES > 2 * LINK_PIECE_BYTES,
    "our own frames are never too small"
);
