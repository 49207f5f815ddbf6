//! Folders and the disk.

/// How often a file that a user named is begun under a name beside its place, where another command removes it as one that was left, or one is in the way.
pub const NEW_FILE_TRIES: usize = 3;

/// Nested folders followed, counted from the watched one; deeper ones are reported and left. A scan keeps the names of each
/// folder on its way in memory.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// Milliseconds that the agent waits for a service manager to take what it tells; what it did not take by then is not told.
pub const NOTIFY_WAIT_MS: u64 = 1_000;

/// Milliseconds for which a service manager that watches the agent waits without a sign of life while it ends or begins anew: what is written out then may
/// take `STORE_FLUSH_MS`, and a damaged store is mended at the start.
pub const WATCHDOG_REST_MS: u64 = 15 * 60 * 1000;

/// Folders of one watched folder that lie deeper, remembered by their names.
pub const DEEP_MAX: usize = 16;

/// Milliseconds without any progress after which a call into a watched folder counts as one that gets no answer. A disk that
/// spins up takes 10 s at most (ATA: time from standby), a share whose server is off never answers.
pub const ANSWER_MS: u64 = 10_000;

/// Milliseconds between two looks at a call that takes longer; after a stop, one without progress is not waited for.
pub const ANSWER_TICK_MS: u64 = 1_000;

/// Milliseconds that an answer to another device waits to hear which of its files are there.
pub const MISSING_MS: u64 = 1_000;

/// Looks at such files that get no answer, each a thread that nobody can end, from which on none is made.
pub const MISSING_LOOKS_MAX: usize = 4;

/// Calls into one watched folder under way at once, besides those that get no answer.
pub const CALLS_MAX_OF_SOURCE: usize = 2;

/// Calls of one watched folder that get no answer, each a thread that nobody can end, from which on no more are made there;
/// those under way may join them. Below it, the rest of a folder is followed while a share in it is silent.
pub const SILENT_CALLS_MAX_OF_SOURCE: usize = 3;

/// Such calls of all folders from which on a folder that has one gets no more.
pub const SILENT_CALLS_MAX: usize = 32;

/// Looks at places that a person or a program named, such as by `wattle add`, that get no answer; beyond, no more are made.
pub const LATE_LOOKS_MAX: usize = 8;

/// Milliseconds between two looks whether the files are read again after the store was made anew. They end with that.
pub const REREAD_LOOK_MS: u64 = 5_000;

const _: () = {
    use super::{ADD_WAIT_MS, CLIENT_MS, FORGET_WAIT_MS, PEER_ANSWER_MS};
    assert!(MISSING_MS < PEER_ANSWER_MS, "the device that asked still waits");
    assert!(ANSWER_MS + ANSWER_TICK_MS + ADD_WAIT_MS < CLIENT_MS, "who adds a folder gets a sentence in time");
    assert!(ANSWER_MS + ANSWER_TICK_MS + FORGET_WAIT_MS < CLIENT_MS, "and so does who forgets one");
};

/// Bytes of a file of /sys, /proc or /etc that tells of the hardware: the mounts of a machine with many are the longest, and the root
/// is among the first of them.
pub const HARDWARE_SOURCE_BYTES_MAX: usize = 64 * 1024;
/// Entries of /sys/class/net that are looked at: a host of many containers has hundreds, nearly all virtual.
pub const INTERFACES_READ_MAX: usize = 256;

/// Bytes of the store's memory tables, all together, before they are written out: see `platform::disk`.
pub const STORE_MEMORY_BYTES: u64 = 8 * 1024 * 1024;

/// Tables that may gather in each space of the store, however small it is, before they are merged.
pub const STORE_TABLES_MIN: u8 = 4;

/// Bytes of those merged before that a merge in a small space may write again for each table that has gathered there: an ingest of 200,000 passages
/// writes its memory out some 60 times, and may write 2,600 bytes a passage.
pub const STORE_MERGED_PER_TABLE: u64 = 256 * 1024;

/// Bytes of a space that is small: in a larger one more tables gather, and the store merges them by itself.
pub const STORE_SMALL_SPACE: u64 = 4 * 1024 * 1024;

/// Milliseconds for which texts and vectors that can be made again wait for others, to be synced with them. Each sync writes the journal's
/// last page once more, some 27 kB: with each eight vectors for itself that is a fifth of all bytes written, and on a device that embeds 40 passages
/// a second, with all of two seconds together, a tenth (docs/evidence.md). A power cut costs the work of this time, which is done again.
pub const SYNC_TOGETHER_MS: u64 = 10_000;

/// Bytes that must be free on the home's disk for a save: the memory tables, which it may write out, and some records. With
/// less it is refused before anything of it is written.
pub const SAVE_FREE_MIN: u64 = STORE_MEMORY_BYTES + 4 * 1024 * 1024;

/// Bytes that must be free there for a save of the lists of places alone, which writes no memory table out: the list and its copy, each
/// beside the old one, and some records.
pub const LIST_FREE_MIN: u64 = 1024 * 1024;

/// Bytes of those lists at most; longer ones count as any save.
pub const LIST_BYTES_MAX: usize = 64 * 1024;

/// Milliseconds for which the store's opening anew waits for readers of the old one; then it is tried again later.
pub const REOPEN_WAIT_MS: u64 = 1_000;

/// Milliseconds that writing them out may take. The slowest SD cards write 1 MB/s.
pub const STORE_FLUSH_MS: u64 = 5 * 60 * 1000;

const _: () = assert!(STORE_FLUSH_MS < WATCHDOG_REST_MS, "no agent is ended while it writes out what it has");

/// Openings of the store in a row that ended the process by a panic before the store is taken for damaged.
pub const STORE_OPENINGS_MAX: usize = 3;

/// Openings in a row that did not come to an end, for whichever reason, before it is: who ends the agent at every start for a while, or has no
/// power for more than a moment, loses nothing by that.
pub const STORE_UNENDED_MAX: usize = 24;

/// Damaged stores that are kept beside the one in use.
pub const STORES_ASIDE_MAX: usize = 2;

/// Documents of a damaged store that are looked at together when what only it has is carried over.
pub const SALVAGE_BATCH: usize = 256;

/// Reads of its list of documents that may fail before the rest is given up.
pub const SALVAGE_FAILURES_MAX: usize = 65_536;

/// Bytes that are read of the note beside it: why it was set aside, and `MARKS_MAX` places that were forgotten since.
pub const SALVAGE_NOTE_BYTES_MAX: usize = 1024 * 1024;

const _: () = assert!(
    super::MARKS_MAX * (super::PATH_BYTES_MAX + 64) + 64 * 1024 < SALVAGE_NOTE_BYTES_MAX,
    "all that is written of it is read"
);

/// Bytes of the store's block cache.
pub const STORE_CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// Entries of one folder, sub-folders not counted in: their names are sorted in memory (about 60 bytes each).
pub const FOLDER_ENTRIES_MAX: usize = 200_000;

/// Folders that cannot be watched, remembered one by one to be tried again; of more than these the first are named.
pub const WATCH_FAILURES_MAX: usize = 64;

/// Bytes that are reported of a panic: where it was, and the beginning of its message, which may hold a part of a text.
pub const PANIC_TEXT_BYTES_MAX: usize = 160;

/// Findings on the board that status and doctor show; further ones are only logged.
pub const FINDINGS_MAX: usize = 64;
