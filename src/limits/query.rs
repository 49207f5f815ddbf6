//! Queries under way, here and at other agents.

/// Bytes of a question; beyond, the model would cut it anyway.
pub const QUESTION_BYTES_MAX: usize = 4096;

/// Hits of one query.
pub const HITS_MAX: usize = 100;

/// Queries of people that are answered at once; the next one is refused as busy.
pub const QUERIES_MAX: usize = 16;

/// Milliseconds until a query is answered with what has arrived.
pub const QUERY_MS_MAX: u64 = 10_000;

/// Milliseconds that peers have to answer, once they are asked: an answer within two seconds, with the embedding of the question, beats a
/// whole one.
pub const PEER_ANSWER_MS: u64 = 1_500;

/// Devices that are named in an answer because they were silent; it says how many they are in all.
pub const SILENT_NAMED_MAX: usize = 16;

/// Queries of peers that are answered at once; the next one gets the answer that there is none just now.
pub const PEER_QUERIES_MAX: usize = 16;

/// Bytes of the chunks in one answer to a peer.
pub const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// The first places of an answer: a hit of another device there whose cosine stands out is embedded here before the
/// answer leaves.
pub const CHECKED_PLACES: usize = 5;

/// Texts of other devices that are embedded here for one question before its answer leaves. One takes 25 to 55 ms on a PC
/// (docs/evidence.md); at the deadline the answer leaves without the rest.
pub const CHECKS_MAX: usize = 8;

/// Texts of other devices that are embedded here at once: one of each open query, and those whose query was answered
/// meanwhile.
pub const CHECKS_RUNNING_MAX: usize = 2 * QUERIES_MAX;

/// One question in so many is followed by the check of one more text, drawn by chance.
pub const SPOT_CHECK_ONE_IN: u64 = 4;

/// Values of one filter of a question, of which a document has one: folders, types, devices.
pub const FILTER_VALUES_MAX: usize = 8;

/// Bytes of one such value.
pub const FILTER_VALUE_BYTES_MAX: usize = 256;
