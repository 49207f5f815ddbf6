//! Bytes of frames, messages and handshakes.

/// Bytes of one line while two ends agree on a protocol; ids in use have some tens.
pub const NEGOTIATION_LINE_MAX: usize = 1024;

/// Protocols that a dialler may propose before the negotiation fails.
pub const NEGOTIATION_PROPOSALS_MAX: usize = 32;

/// Bytes of a Noise frame without its length: the specification's largest.
pub const NOISE_FRAME_MAX: usize = 65_535;

/// Bytes of text in one Noise frame: the largest less the tag.
pub const NOISE_PLAIN_MAX: usize = NOISE_FRAME_MAX - 16;

/// Bytes of a Noise handshake frame. An Ed25519 identity needs about 200; other libp2p add extensions.
pub const NOISE_HANDSHAKE_FRAME_MAX: usize = 4096;

/// Bytes of the certificates that a dialling end sends in its handshake: its own and its issuer's, of some 200 bytes each.
pub const HANDSHAKE_CERTIFICATES_MAX: usize = 1024;

/// Bytes of an identify message (go-libp2p and js-libp2p take 8 KiB as well).
pub const IDENTIFY_BYTES_MAX: usize = 8 * 1024;

/// Protocols, and addresses, that are kept of an identify message.
pub const IDENTIFY_LIST_MAX: usize = 64;

/// Bytes of a name in an identify message.
pub const IDENTIFY_AGENT_MAX: usize = 128;

/// Bytes of one frame of the gossip channel (membership, gossip, datagram keys).
pub const FRAME_GOSSIP_MAX: usize = 64 * 1024;

/// Bytes of one frame of the task channel: an answer of `HITS_MAX` chunks.
pub const FRAME_TASK_MAX: usize = 1024 * 1024;

/// Bytes of a signed message: it must fit into a frame.
pub const MESSAGE_BYTES_MAX: usize = FRAME_TASK_MAX;

/// Bytes of a message's kind.
pub const MESSAGE_KIND_MAX: usize = 32;

/// Bytes of a message's task id: a SHA-256 at most.
pub const MESSAGE_TASK_MAX: usize = 32;

/// Bytes of a message's body: what the five fields leave of `MESSAGE_BYTES_MAX` (measured by a test: 236 bytes).
pub const MESSAGE_BODY_MAX: usize = MESSAGE_BYTES_MAX - 256;

/// Bytes of one line of JSON, its line feed among them. A message that postcard holds and no line does (much that
/// must be escaped) is not sent; nothing but an answer comes near.
pub const JSON_LINE_MAX: usize = FRAME_TASK_MAX;

/// Lists and objects within each other in JSON; what agents send needs seven.
pub const JSON_DEPTH_MAX: usize = 16;

/// Bytes of the code of why a device does little work.
pub const REASON_BYTES_MAX: usize = 32;

/// Bytes of the text of a test message.
pub const ECHO_BYTES_MAX: usize = 64;

/// Bytes of a message that is kept, and sent back to its sender, as the proof of a start: a `hello` has some 200, with
/// the most and longest addresses 500.
pub const START_PROOF_BYTES_MAX: usize = 1024;

/// Senders whose messages are verified; each has a window of `MESSAGE_WINDOW` bits.
pub const MESSAGE_SENDERS_MAX: usize = 512;

/// Numbers of a sender that may arrive out of order: three streams, and two queues of `LINK_QUEUE_MAX` frames each.
pub const MESSAGE_WINDOW: usize = 1024;
