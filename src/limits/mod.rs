//! Every cap of the program, with its unit and its reason: one file an owner, and here the const asserts between them.
//!
//! A cap bounds a queue, a table, a buffer or a wait. It is a constant with its unit and why it has this value; a
//! measured one names the command or the paper. A cap that depends on another one says so in a const assert, so that a
//! careless edit does not compile. Settings that people change are in `config` and in the machines that use them;
//! nothing in this folder runs.

mod bitswap;
mod card;
mod child;
mod cli;
mod discovery;
mod embed;
mod energy;
mod gossip;
mod guest;
mod home;
mod http;
mod ipfs;
mod lease;
mod link;
mod mesh;
mod node;
mod pairing;
mod platform;
mod query;
mod runtime;
mod scheduler;
mod search;
mod sim;
mod store;
mod text;
mod tls;
mod trust;
mod update;
mod wire;

pub use bitswap::*;
pub use card::*;
pub use child::*;
pub use cli::*;
pub use discovery::*;
pub use embed::*;
pub use energy::*;
pub use gossip::*;
pub use guest::*;
pub use home::*;
pub use http::*;
pub use ipfs::*;
pub use lease::*;
pub use link::*;
pub use mesh::*;
pub use node::*;
pub use pairing::*;
pub use platform::*;
pub use query::*;
pub use runtime::*;
pub use scheduler::*;
pub use search::*;
pub use sim::*;
pub use store::*;
pub use text::*;
pub use tls::*;
pub use trust::*;
pub use update::*;
pub use wire::*;

const _: () = {
    assert!(DIMENSIONS.is_multiple_of(64), "sign bits are kept in whole words");
    assert!(
        CHUNK_TOKENS_TARGET + PREFIX_TOKENS_MAX <= CHUNK_TOKENS_MAX,
        "a full chunk and a full prefix must fit the model"
    );
    assert!(PEERS_LINKED_ALL <= LINKS_MAX && LINKS_WANTED <= LINKS_MAX / 2, "wanted links leave room for others");
    assert!(PEERS_MAX <= LINK_ALLOWED_MAX && PEERS_MAX <= MESSAGE_SENDERS_MAX, "every known peer may link");
    assert!(
        TRUST_PEERS_MAX <= PEERS_MAX
            && TRUST_PEERS_MAX <= LINK_ALLOWED_MAX
            && TRUST_PEERS_MAX <= MESSAGE_SENDERS_MAX
            && TRUST_PEERS_MAX <= DATAGRAM_PEERS_MAX,
        "whoever has a right fits into every list"
    );
    assert!(CERTIFICATES_MAX >= TRUST_PEERS_MAX, "every other device of a full mesh has a certificate");
    assert!((TRUST_PAGE_MAX + ADMINS_MAX) * CERTIFICATE_BYTES_MAX < FRAME_GOSSIP_MAX, "a page of records is one frame");
    assert!(
        TRUST_RECORDS_MAX * (CERTIFICATE_BYTES_MAX + 1) + 64 <= TRUST_FILE_BYTES_MAX,
        "all records fit into the file"
    );
    assert!(MEMBER_LIST_MAX * 250 < FRAME_GOSSIP_MAX, "a part of a member list is one frame");
    assert!(
        PEERS_MAX / MEMBER_LIST_MAX + 1 + 40 <= UNSAVED_PACKETS_MAX,
        "a whole member list and a tick wait for one save"
    );
    assert!(PROBE_REPLY_MS < PROBE_MS && SWIM_GOSSIP_MS < PROBE_MS, "a probe ends before the next");
    assert!(ANSWER_BYTES_MAX < MESSAGE_BODY_MAX / 2 + MESSAGE_BODY_MAX / 4, "an answer is one message");
    assert!(HITS_MAX <= RESCORE, "every answer is scored exactly");
    assert!(TODO_MAX > 2 * BACKGROUND_MAX, "the queue never runs dry between two refills");
    assert!(
        PURGE_MARKS_MAX as u64 > TOMBSTONE_MS / PURGE_MARK_MS + 3 && TOMBSTONE_MS < TOMBSTONE_MS_MAX,
        "every removal has a deadline"
    );
    assert!(SETTLE_MS < SETTLE_MS_MAX, "the wait for quiet ends before the longest wait");
    assert!(HTTP_CONNECTIONS_MAX <= CALLS_MAX, "every connection may make a call at once");
    assert!(CLIENT_MS > QUERY_MS_MAX + HTTP_ARRIVE_MS, "the agent's own answer comes before the client's time-out");
    assert!(CLIENT_JOIN_MS > JOIN_MS + CLIENT_MS / 2, "whoever joins reads why it failed");
    assert!(CLIENT_BODY_MAX >= (HITS_MAX * (CHUNK_BYTES_MAX + PATH_BYTES_MAX) * 6) as u64, "the largest answer fits");
    assert!(FRAME_GOSSIP_MAX <= FRAME_TASK_MAX && FRAME_TASK_MAX <= LINK_QUEUE_BYTES_MAX, "every frame can be queued");
    assert!(MESSAGE_WINDOW.is_multiple_of(64), "bits are kept in whole words");
    assert!(MESSAGE_WINDOW >= 6 * LINK_QUEUE_MAX, "a slow channel's messages are not taken for replays");
    assert!(LINK_STREAMS_HARD_MAX >= 64 + 2 * LINK_STREAMS_MAX, "64 streams at once do not end the link");
    assert!(LINK_WRITE_BYTES <= NOISE_PLAIN_MAX, "one write is one frame");
    assert!(
        BITSWAP_ANSWER_BYTES + BITSWAP_BLOCK_MAX + BITSWAP_ANSWER_WANTS_MAX * (BITSWAP_CID_MAX + 16)
            <= BITSWAP_MESSAGE_MAX,
        "the largest answer is a message that others take"
    );
    assert!(BITSWAP_MESSAGE_MAX as u64 <= BITSWAP_GUESTS_BURST, "the budget of guests can pay the largest answer");
    assert!(
        BITSWAP_COLLECTED_MAX - BITSWAP_MESSAGE_MAX == 4 && BITSWAP_MESSAGE_MAX < 1 << 28,
        "its length has four bytes"
    );
    assert!(BITSWAP_STREAMS_MAX <= LINK_STREAMS_HARD_MAX / 2, "as many streams do not end the connection");
    assert!(
        LINKS_MAX <= LINK_ALLOWED_MAX && LINK_ALLOWED_MAX <= MESSAGE_SENDERS_MAX,
        "messages of every link can be verified"
    );
};
