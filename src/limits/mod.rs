//! Every cap of the house, with its unit and its reason.
//!
//! Duty: one place for numbers that bound something. In/out: constants only; a folder's own are in a file of its
//! name here. Invariants: a cap that depends on another says so in a const assert, so that a careless edit does not
//! compile. Limits: these are they. Not here: settings, which people change; anything that runs.

mod energy;
mod gossip;
mod home;
mod mesh;
mod reach;

pub use energy::*;
pub use gossip::*;
pub use home::*;
pub use mesh::*;
pub use reach::*;

/// Numbers in one embedding: all-MiniLM-L6-v2.
pub const DIMENSIONS: usize = 384;

/// Word pieces that one call of the model reads, `[CLS]` and `[SEP]` among them; the model was trained at 256.
pub const MODEL_TOKENS_MAX: usize = 256;

/// Word pieces of one chunk with its heading prefix: what is cut off is not findable by meaning.
pub const CHUNK_TOKENS_MAX: usize = MODEL_TOKENS_MAX - 2;

/// Word pieces that a chunk is packed to (shared/reference/retrieval.md 5a: best of those tried).
pub const CHUNK_TOKENS_GOAL: usize = 200;

/// Word pieces of the heading prefix; longer ones lose their outer headings first.
pub const PREFIX_TOKENS_MAX: usize = 48;

/// Bytes of one chunk's text. 254 pieces of prose are about 1.2 kB; a single "piece" may be a long run
/// that the tokenizer gives up on, so length is capped apart from pieces.
pub const CHUNK_BYTES_MAX: usize = 8 * 1024;

/// Bytes of one document. Larger files are refused with a sentence: a 512 MB board must hold one whole.
pub const DOCUMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Chunks of one document: bounds the record that lists them (about 12 bytes each).
pub const DOCUMENT_CHUNKS_MAX: usize = 65_536;

/// Bytes of one path under a watched folder (Linux `PATH_MAX`).
pub const PATH_BYTES_MAX: usize = 4096;

/// Bytes of a question; beyond, the model would cut it anyway.
pub const QUESTION_BYTES_MAX: usize = 4096;

/// Answers of one search.
pub const HITS_MAX: usize = 100;

/// Vectors picked by sign bits and scored exactly (retrieval.md 3a: 200 loses nothing up to 100k chunks).
pub const RESCORE: usize = 200;

/// Bytes of a collection's name.
pub const COLLECTION_BYTES_MAX: usize = 64;

/// Watched folders and files of one agent.
pub const SOURCES_MAX: usize = 64;

/// Directory entries compared with the store in one task.
pub const LOOK_BATCH: usize = 512;

/// Nested folders followed; deeper ones are reported and left.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// Places that changed since the last look, remembered one by one; beyond, the whole source is looked at.
pub const DIRTY_MAX: usize = 64;

/// Unfinished documents that the node knows by name; the store knows the rest.
pub const TODO_MAX: usize = 256;

/// Chunks embedded by one task at most; the governor's pace makes them fewer, so that a task takes a quarter of a
/// second (shared/reference/energy.md 4.6).
pub const EMBED_BATCH: usize = 8;

/// Background tasks that run at once, whatever the number of cores.
pub const BACKGROUND_MAX: usize = 4;

/// Audits of the store that are under way or wait for it at once.
pub const AUDITS_MAX: usize = 4;

/// Questions that are answered at once; the next one is told to try again.
pub const ASKS_MAX: usize = 16;

/// Batches of changes on their way to the disk. Beyond, nothing new is started.
pub const SAVES_MAX: usize = 32;

/// Changes in one batch: one look's worth.
pub const CHANGES_MAX: usize = LOOK_BATCH * 2;

/// Packets and lists of the membership that wait until this agent's new generation is on the disk; more are lost, as any
/// packet may be.
pub const UNSAVED_PACKETS_MAX: usize = 64;

/// Inputs that wait for the driver; beyond, senders wait (threads) or are refused (HTTP).
pub const INPUTS_MAX: usize = 256;

/// Milliseconds until a question is answered with what is there.
pub const ASK_MS_MAX: u64 = 10_000;

/// Milliseconds that peers have to answer, once they are asked: an answer within two seconds beats a whole one.
pub const PEER_ANSWER_MS: u64 = 2_000;

/// Devices that are named in an answer because they were silent; it says how many they are in all.
pub const SILENT_NAMED_MAX: usize = 16;

/// Milliseconds until a lost peer is dialled again; doubled each time up to the maximum.
pub const REDIAL_MS: u64 = 500;
/// The longest pause between two dials, in milliseconds; up to half as much is added by chance.
pub const REDIAL_MS_MAX: u64 = 60_000;
/// The same while no link stands at all.
pub const REDIAL_ALONE_MS_MAX: u64 = 10_000;
/// The same for the first `REDIAL_SOON_FOR_MS` of that: where hundreds start at once, the one whose address all
/// have has no room for most of them at first.
pub const REDIAL_SOON_MS_MAX: u64 = 2_000;
/// See `REDIAL_SOON_MS_MAX`; milliseconds. After it nobody may be there, and each dial costs energy.
pub const REDIAL_SOON_FOR_MS: u64 = 60_000;

/// Milliseconds until a linked peer that has not said its name is asked for it.
pub const ASK_NAME_MS: u64 = 1_000;

/// Questions of peers that are answered at once; the next one is told that there is no answer just now.
pub const PEER_ASKS_MAX: usize = 16;

/// Bytes of the passages in one answer to a peer.
pub const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// Events of all links that wait for the driver; beyond, links stop reading.
pub const LINK_EVENTS_MAX: usize = 64;

/// Milliseconds that the demo waits for each of its agents: under an emulator they are slow.
pub const DEMO_WAIT_MS: u64 = 600_000;

/// Bytes of a packet of the membership machine: with its seal it fits the smallest MTU of a home, 1280 bytes.
pub const MEMBER_BYTES_MAX: usize = 1200;

/// Addresses at which one agent says it can be dialled, or is remembered to have been.
pub const ADDRESSES_MAX: usize = 8;

/// Bytes of a device's name.
pub const DEVICE_BYTES_MAX: usize = 64;

/// Milliseconds of quiet after which a changed place is looked at; a save by an editor is several events.
pub const SETTLE_MS: u64 = 400;

/// Milliseconds after which a place that never gets quiet is looked at all the same.
pub const SETTLE_MS_MAX: u64 = 5_000;

/// Milliseconds between two whole looks at every source: what events missed (network folders) is found.
pub const RELOOK_MS: u64 = 60 * 60 * 1000;

/// Milliseconds for which the vectors of a file that is gone are kept: it may have been renamed, or be on
/// its way to another folder.
pub const LEAVING_MS: u64 = 10 * 60 * 1000;

/// Bytes that must stay free on the home's disk: one journal of the store (64 MiB) and its next tables.
pub const DISK_FREE_MIN: u64 = 96 * 1024 * 1024;

/// Milliseconds between two looks at a disk that was full.
pub const DISK_RETRY_MS: u64 = 30_000;

/// Bytes of an HTTP request's body.
pub const HTTP_BODY_MAX: usize = 64 * 1024;

/// Bytes of the store's memory tables, all together, before they are written out: see `io::disk`.
pub const STORE_MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes of the store's block cache.
pub const STORE_CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// Entries of one folder, sub-folders not counted in: their names are sorted in memory (about 60 bytes each).
pub const FOLDER_ENTRIES_MAX: usize = 200_000;

/// Bytes that are told of a panic: where it was, and the beginning of its message, which may hold a part of a text.
pub const PANIC_TEXT_BYTES_MAX: usize = 160;

/// Things whose last task panicked, remembered until a task for them ends well; beyond, one panic counts as two.
pub const PANICKED_MAX: usize = 32;

/// Remarks and unreadable places of one step of a look.
pub const REMARKS_MAX: usize = 16;

/// Requests of people under way in the driver.
pub const REPLIES_MAX: usize = 64;

/// Requests of people between the HTTP tasks and the driver; beyond, they are told to try again.
pub const GATE_MAX: usize = 64;

/// HTTP connections served at once; the next one waits in the system's queue until one closes.
pub const HTTP_CONNECTIONS_MAX: usize = 64;

/// Bytes of an HTTP request's line and headers. Browsers send about 1 KiB.
pub const HTTP_HEAD_MAX: usize = 16 * 1024;

/// Milliseconds in which a request must have arrived whole, from its first byte or from the connection.
pub const HTTP_ARRIVE_MS: u64 = 10_000;

/// Milliseconds that an answered connection may stay silent. The page asks again sooner and keeps its own.
pub const HTTP_IDLE_MS: u64 = 30_000;

/// Milliseconds in which an answer must have been taken, once it is there.
pub const HTTP_ANSWER_MS: u64 = 30_000;

/// Milliseconds that the command line waits for an answer. A search has `ASK_MS_MAX` and the way there.
pub const CLIENT_MS: u64 = 30_000;

/// Milliseconds that `wattle doctor` waits: the agent reads its whole store, which takes minutes on a card.
pub const CLIENT_AUDIT_MS: u64 = 600_000;

/// Bytes of an answer that the command line reads: `HITS_MAX` passages, escaped at their worst.
pub const CLIENT_BODY_MAX: u64 = 8 * 1024 * 1024;

/// Bytes of one heading that are kept in paths; the whole line of a longer one stays in its section's text.
/// Six such levels are still more than `limits::PREFIX_TOKENS_MAX` word pieces.
pub const HEADING_BYTES_MAX: usize = 120;

/// Bytes of a heading that are looked at, its markup and links among them.
pub const HEADING_RAW_MAX: usize = 1024;

/// Marks and spaces in a row after which a sentence ends in any case. Look-ahead in `unicode-segmentation` 1.13
/// is quadratic in this number (its `match_sb8` says so).
pub const SENTENCE_MARKS_MAX: usize = 32;

/// Different words of a question that count; a pasted page has no more say than a long question.
pub const QUESTION_WORDS_MAX: usize = 64;

/// Faults that are spelt out.
pub const FAULTS_MAX: usize = 20;

/// Refused documents that are named.
pub const REFUSED_LISTED_MAX: usize = 100;

/// Bytes of a manifest; the one we ship has 1 kB.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;

/// Words of a vocabulary. BERT's uncased one has 30,522, the largest multilingual ones 250,000.
pub const VOCABULARY_WORDS_MAX: usize = 1 << 18;

/// Bytes of one word of a vocabulary; BERT's longest has 18 characters.
pub const VOCABULARY_WORD_BYTES_MAX: usize = 256;

/// Bytes of one line while two ends agree on a protocol; ids in use have some tens.
pub const NEGOTIATION_LINE_MAX: usize = 1024;

/// Protocols that a dialler may propose before it is sent away.
pub const NEGOTIATION_PROPOSALS_MAX: usize = 32;

/// Bytes of a Noise frame without its length: the specification's largest.
pub const NOISE_FRAME_MAX: usize = 65_535;

/// Bytes of text in one Noise frame: the largest less the tag.
pub const NOISE_PLAIN_MAX: usize = NOISE_FRAME_MAX - 16;

/// Bytes of a Noise handshake frame. An Ed25519 identity needs about 200; other libp2p add extensions.
pub const NOISE_HANDSHAKE_FRAME_MAX: usize = 4096;

/// Bytes of an identify message (go-libp2p and js-libp2p take 8 KiB as well).
pub const IDENTIFY_BYTES_MAX: usize = 8 * 1024;

/// Protocols, and addresses, that are kept of an identify message.
pub const IDENTIFY_LIST_MAX: usize = 64;

/// Bytes of a name in an identify message.
pub const IDENTIFY_AGENT_MAX: usize = 128;

/// Bytes of one frame of gossip: control, not data.
pub const FRAME_GOSSIP_MAX: usize = 64 * 1024;

/// Bytes of one frame of a task: `HITS_MAX` passages, or a batch of chunks with its vectors.
pub const FRAME_TASK_MAX: usize = 1024 * 1024;

/// Bytes of a sealed message: it must fit into a frame.
pub const MESSAGE_BYTES_MAX: usize = FRAME_TASK_MAX;

/// Bytes of a message's kind.
pub const MESSAGE_KIND_MAX: usize = 32;

/// Bytes of a message's task id: a SHA-256 at most.
pub const MESSAGE_TASK_MAX: usize = 32;

/// Bytes of a message's body: what the five fields leave of `MESSAGE_BYTES_MAX` (measured by a test: 236 bytes).
pub const MESSAGE_BODY_MAX: usize = MESSAGE_BYTES_MAX - 256;

/// Bytes of one line of JSON, its line feed among them. A message that postcard holds and no line does (much that
/// must be escaped) is not said; nothing but an answer comes near.
pub const JSON_LINE_MAX: usize = FRAME_TASK_MAX;

/// Lists and objects within each other in JSON; what agents say needs seven.
pub const JSON_DEPTH_MAX: usize = 16;

/// Bytes of the text of a test message.
pub const ECHO_BYTES_MAX: usize = 64;

/// Senders whose messages are opened; each has a window of `MESSAGE_WINDOW` bits.
pub const MESSAGE_SENDERS_MAX: usize = 512;

/// Numbers of a sender that may arrive out of order: three streams, and two queues of `LINK_QUEUE_MAX` frames each.
pub const MESSAGE_WINDOW: usize = 1024;

/// Links to other agents at once. Each may hold about 6 MiB at its worst: `LINK_STREAMS_MAX` windows of yamux
/// (256 KiB) and three half-read frames.
pub const LINKS_MAX: usize = 64;

/// Agents that may link; more than links, since some sleep.
pub const LINK_ALLOWED_MAX: usize = 512;

/// Connections whose handshake is under way. One more ends the oldest.
pub const LINK_HALF_OPEN_MAX: usize = 64;

/// The same for one address (IPv6: one /64).
pub const LINK_HALF_OPEN_ADDRESS_MAX: usize = 4;

/// Dials under way at once.
pub const LINK_DIALS_MAX: usize = 16;

/// Milliseconds for a whole handshake, from the connection to the link.
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

/// Frames that wait in one channel of a link; the next one is told `Full`.
pub const LINK_QUEUE_MAX: usize = 64;

/// Bytes that wait in one channel of a link, gossip and tasks alike.
pub const LINK_QUEUE_BYTES_MAX: usize = 2 * FRAME_TASK_MAX;

/// Buffers of frames that are kept for the next frame, by all links together: half a mebibyte at most.
pub const FRAMES_KEPT_MAX: usize = 128;

/// Bytes of the largest buffer that is kept, and of what is written to a stream at once: steady messages have some
/// hundred bytes, and larger ones may cost an allocation.
pub const FRAME_KEPT_BYTES: usize = 4096;

/// Milliseconds of silence after which a link is pinged, a fifth more or less.
pub const LINK_PING_MS: u64 = 15_000;

/// Pings in a row that may go unanswered, each for `LINK_PING_MS`.
pub const LINK_PINGS_MISSED_MAX: u32 = 2;

/// Milliseconds until the streams and links that are closing are left to themselves.
pub const LINK_CLOSE_MS: u64 = 2_000;

/// Reads that one link makes before others have their turn; a frame of yamux is two. Without an end, a peer that
/// sends faster than it is served would have the agent for itself.
pub const LINK_TURN_READS: u32 = 128;

/// Bytes that a link collects before it seals a frame: yamux writes heads of 12 bytes by themselves.
pub const LINK_WRITE_BYTES: usize = 32 * 1024;

const _: () = {
    assert!(DIMENSIONS.is_multiple_of(64), "sign bits are kept in whole words");
    assert!(
        CHUNK_TOKENS_GOAL + PREFIX_TOKENS_MAX <= CHUNK_TOKENS_MAX,
        "a full chunk and a full prefix must fit the model"
    );
    assert!(PEERS_LINKED_ALL <= LINKS_MAX && LINKS_WANTED <= LINKS_MAX / 2, "wanted links leave room for others");
    assert!(PEERS_MAX <= LINK_ALLOWED_MAX && PEERS_MAX <= MESSAGE_SENDERS_MAX, "every known peer may link");
    assert!(
        TRUST_PEERS_MAX <= PEERS_MAX
            && TRUST_PEERS_MAX <= LINK_ALLOWED_MAX
            && TRUST_PEERS_MAX <= MESSAGE_SENDERS_MAX
            && TRUST_PEERS_MAX <= DATAGRAM_PEERS_MAX,
        "whoever is admitted fits into every list"
    );
    assert!(ROLL_MEMBERS_MAX * 250 < FRAME_GOSSIP_MAX, "a part of a roll is one frame");
    assert!(PEERS_MAX / ROLL_MEMBERS_MAX + 1 + 40 <= UNSAVED_PACKETS_MAX, "a whole roll and a tick wait for one save");
    assert!(PROBE_REPLY_MS < PROBE_MS && SWIM_GOSSIP_MS < PROBE_MS, "a probe ends before the next");
    assert!(ANSWER_BYTES_MAX < MESSAGE_BODY_MAX / 2 + MESSAGE_BODY_MAX / 4, "an answer is one message");
    assert!(HITS_MAX <= RESCORE, "every answer is scored exactly");
    assert!(TODO_MAX > 2 * BACKGROUND_MAX, "the queue never runs dry between two refills");
    assert!(SETTLE_MS < SETTLE_MS_MAX, "quiet comes before impatience");
    assert!(HTTP_CONNECTIONS_MAX <= GATE_MAX, "every connection may ask at once");
    assert!(CLIENT_MS > ASK_MS_MAX + HTTP_ARRIVE_MS, "the agent's own answer comes before the client's patience ends");
    assert!(CLIENT_BODY_MAX >= (HITS_MAX * (CHUNK_BYTES_MAX + PATH_BYTES_MAX) * 6) as u64, "the largest answer fits");
    assert!(FRAME_GOSSIP_MAX <= FRAME_TASK_MAX && FRAME_TASK_MAX <= LINK_QUEUE_BYTES_MAX, "every frame can be queued");
    assert!(MESSAGE_WINDOW.is_multiple_of(64), "bits are kept in whole words");
    assert!(DATAGRAM_WINDOW.is_multiple_of(64), "bits are kept in whole words");
    assert!(MEMBER_BYTES_MAX + 28 + 48 <= 1280, "a sealed packet with its UDP and IPv6 heads is never cut up");
    assert!(MESSAGE_WINDOW >= 6 * LINK_QUEUE_MAX, "a slow channel's messages are not taken for replays");
    assert!(LINK_STREAMS_HARD_MAX >= 64 + 2 * LINK_STREAMS_MAX, "64 streams at once do not end the link");
    assert!(LINK_WRITE_BYTES <= NOISE_PLAIN_MAX, "one write is one frame");
    assert!(LINKS_MAX <= LINK_ALLOWED_MAX && LINK_ALLOWED_MAX <= MESSAGE_SENDERS_MAX, "who links can be heard");
};
