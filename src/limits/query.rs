//! Queries under way, here and at other agents.

/// Bytes of a question; beyond, the model would cut it anyway.
pub const QUESTION_BYTES_MAX: usize = 4096;

/// Hits of one query.
pub const HITS_MAX: usize = 100;

/// The fewest hits that every device is asked for: the merge needs some to choose from.
pub const LIST_MIN: usize = 20;

/// Queries of people that are answered at once; the next one is refused as busy. One that was answered at its deadline counts until
/// its task on this device has ended.
pub const QUERIES_MAX: usize = 16;

/// Milliseconds until a query is answered with what has arrived. This device has as long for its own part, beside others too.
pub const QUERY_MS_MAX: u64 = 10_000;

/// Milliseconds from which on a search of this device for a person reads no more of the store than it must to answer at all: on a slow card, and
/// where other programs have the disk.
pub const SEARCH_MS_MAX: u64 = 300;

/// Milliseconds that peers have to answer, once they are asked: an answer within two seconds, with the embedding of the question, beats a
/// whole one.
pub const PEER_ANSWER_MS: u64 = 1_500;

/// Devices, or collections, that are named to somebody who asked for one that is not known.
pub const NAMED_MAX: usize = 8;

/// Bytes of a time in the note that a file is away, as `2026-11-26 21:08 UTC`, with room for a year of more digits.
pub const TIME_BYTES_MAX: usize = 24;

/// Numbers and codes of a question that are named in an answer because no passage that was found has them; it says how many more there are. A
/// pasted list may have dozens.
pub const MISSING_NAMED_MAX: usize = 3;

/// Words that count of a short question, at most: of these an answer names those that no passage has, in one sentence.
pub const SHORT_QUESTION_WORDS: usize = 3;

/// Devices that are named in an answer because they were silent; it says how many they are in all.
pub const SILENT_NAMED_MAX: usize = 16;

/// Queries of peers that are answered at once; the next one gets the answer that there is none just now.
pub const PEER_QUERIES_MAX: usize = 16;

/// Queries of one peer that are answered at once, of `PEER_QUERIES_MAX` of all: one member that asks without end takes no other's place.
pub const PEER_QUERIES_EACH_MAX: usize = 2;

/// Milliseconds from which on a search for a peer reads no more than it must to answer at all, and says that it was cut short: its asker waits
/// `PEER_ANSWER_MS` from when it asked, and another peer, or a person here, may wait behind it.
pub const PEER_SEARCH_MS_MAX: u64 = 1_000;

/// Bytes of the headings above a chunk, in an answer of another device: seven levels of `HEADING_BYTES_MAX` bytes with what stands between
/// them, and a note that the file is away, twice. Whoever asks reads the texts of all hits on its only thread, so that none may be longer than
/// honest ones; a text has at most `CHUNK_BYTES_MAX` bytes and a path `PATH_BYTES_MAX`.
pub const HIT_HEADING_BYTES_MAX: usize = 2048;

/// Files of one device that count at most in what another one says of itself: as many as `PEER_CHUNKS_MAX` chunks may be of. A person is told
/// how much was not searched, and no member may make that a number without sense.
pub const PEER_FILES_MAX: u64 = super::PEER_CHUNKS_MAX as u64;

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

/// Questions that are queued for the thread that embeds them: all that may be under way.
pub const QUESTIONS_LANE: usize = 16;

/// Texts of other devices that are queued for it, behind the questions: those of hits and those of borrowed work.
pub const CHECKS_LANE: usize = 34;

/// Searches of people here that are queued for their thread.
pub const SEARCHES_LANE: usize = 16;

/// Searches of peers that are queued for it, behind those of people.
pub const PEER_SEARCHES_LANE: usize = 16;

/// One question in so many is followed by the check of one more text, drawn by chance.
pub const SPOT_CHECK_ONE_IN: u64 = 4;

/// Values of one filter of a question, of which a document has one: folders, types, devices.
pub const FILTER_VALUES_MAX: usize = 8;

/// Bytes of one such value.
pub const FILTER_VALUE_BYTES_MAX: usize = 256;

const _: () = {
    assert!(QUESTIONS_LANE >= QUERIES_MAX, "each query embeds one question");
    assert!(SEARCHES_LANE >= QUERIES_MAX && PEER_SEARCHES_LANE >= PEER_QUERIES_MAX, "each query has one search here");
    assert!(PEER_QUERIES_EACH_MAX * 2 < PEER_QUERIES_MAX, "two members leave room for others");
    assert!(PEER_SEARCH_MS_MAX < PEER_ANSWER_MS, "what was found by then comes in time");
    assert!(CHECKS_LANE >= CHECKS_RUNNING_MAX + super::LEASE_CHECKS_MAX, "whatever is checked has been queued");
    assert!(
        HIT_HEADING_BYTES_MAX >= 2 * (7 * (super::HEADING_BYTES_MAX + 3) + 40 + TIME_BYTES_MAX),
        "the longest heading with its note leaves a device"
    );
    assert!(PEER_ANSWER_MS < QUERY_MS_MAX, "this device has longer than others");
};
