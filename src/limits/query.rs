//! Questions under way, here and at other agents.

/// Bytes of a question; beyond, the model would cut it anyway.
pub const QUESTION_BYTES_MAX: usize = 4096;

/// Answers of one search.
pub const HITS_MAX: usize = 100;

/// Questions that are answered at once; the next one is told to try again.
pub const QUERIES_MAX: usize = 16;

/// Milliseconds until a question is answered with what is there.
pub const QUERY_MS_MAX: u64 = 10_000;

/// Milliseconds that peers have to answer, once they are asked: an answer within two seconds beats a whole one.
pub const PEER_ANSWER_MS: u64 = 2_000;

/// Devices that are named in an answer because they were silent; it says how many they are in all.
pub const SILENT_NAMED_MAX: usize = 16;

/// Questions of peers that are answered at once; the next one is told that there is no answer just now.
pub const PEER_QUERIES_MAX: usize = 16;

/// Bytes of the chunks in one answer to a peer.
pub const ANSWER_BYTES_MAX: usize = 512 * 1024;
