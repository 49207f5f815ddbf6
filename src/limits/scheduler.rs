//! Background work: scans, the queue, saves and retries.

/// Directory entries compared with the store in one task.
pub const SCAN_BATCH: usize = 512;

/// Places that a step of a scan left out and that the log names: the rest of a full step would only scroll by.
pub const REMARKS_STEP_MAX: usize = 3;

/// Left-out places that the log names in one run of the agent, each once: some 200 bytes of memory for each.
pub const REMARKS_TOLD_MAX: usize = 256;

/// Disks in the place of others that are counted one by one, so that their findings leave room for others'.
pub const REPLACED_DISKS_MAX: usize = 16;

/// Paths that changed since the last scan, kept one by one; beyond, everything is scanned.
pub const DIRTY_MAX: usize = 64;

/// Unfinished documents that the scheduler holds; the store has the rest.
pub const TODO_MAX: usize = 256;

/// Waiting documents whose files are not there, of which the scheduler knows that to try again is useless (at most some
/// megabytes). More of them are not usable until a scan finds their files.
pub const ABSENT_MAX: usize = 100_000;

/// Chunks embedded by one task at most; the governor's duty cycle makes them fewer, so that a task takes a quarter of a
/// second.
pub const EMBED_BATCH: usize = 8;

/// Chunks without a vector up to which they are embedded, one at a time and with the share of light work, although the device is
/// in use: who saves a note is at the device, and asks for it next. More of them wait.
pub const FEW_CHUNKS: u64 = 16;

/// Background tasks that run at once, whatever the number of cores.
pub const BACKGROUND_MAX: usize = 4;

/// Tasks beyond these that read what other devices may embed: a file that takes long to read holds up no lending.
pub const LENDING_SLOTS: usize = 1;

/// Files that are read for longer than `READ_LONG_MS` and beside which another task has their slot: while a parser is at one, others are read.
pub const LONG_READS: usize = 1;

/// Milliseconds from which on a file counts as one that is read for long. Most documents are parsed sooner.
pub const READ_LONG_MS: u64 = 2_000;

/// Documents that wait until the parser of another one is done. While there are so many, none is read beside that parser.
pub const SET_ASIDE_MAX: usize = 1_024;

/// Background tasks that are queued for their threads.
pub const BACKGROUND_LANE: usize = 6;

/// Audits of the store that are under way or wait for it at once.
pub const AUDITS_MAX: usize = 4;

/// Audits that are queued for their thread.
pub const AUDITS_LANE: usize = 4;

/// Batches of changes on their way to the disk. Beyond, nothing new is started.
pub const SAVES_MAX: usize = 32;

/// Saves that are queued for the thread that writes.
pub const SAVES_LANE: usize = 32;

const _: () = {
    assert!(
        AUDITS_LANE >= AUDITS_MAX && BACKGROUND_LANE >= BACKGROUND_MAX + LENDING_SLOTS + LONG_READS,
        "whatever runs has been queued"
    );
    assert!(SAVES_LANE >= SAVES_MAX, "tasks and saves together are no more");
    assert!(STOOD_MS >= 3 * WORK_TICK_MS, "a busy machine is late too");
};

/// Milliseconds that background work waits for questions at most: then one task starts, so that files which are new, changed
/// or deleted reach the answers however many questions come. A question that takes as long as it may, and the pause behind
/// it, are over by then.
pub const QUESTIONS_WAIT_MS: u64 = 4_000;

/// Milliseconds from that task to the next one, and from each to the next, while questions still come. A program that asks
/// without a break meets one task in each of them, whose share of a core is the least one besides.
pub const BESIDE_QUESTIONS_MS: u64 = 1_000;

/// Milliseconds of quiet after which a changed path is scanned; a save by an editor is several events.
pub const SETTLE_MS: u64 = 400;

/// Milliseconds after which a path that never gets quiet is scanned all the same.
pub const SETTLE_MS_MAX: u64 = 5_000;

/// Milliseconds between two whole scans of every source: what events missed (network folders) is found.
pub const RESCAN_MS: u64 = 60 * 60 * 1000;

/// Milliseconds for which the vectors of a file that is gone, or of a text that an edit removed, are kept: the file may
/// have been renamed, or be on its way to another folder; the edit may be taken back.
pub const TOMBSTONE_MS: u64 = 10 * 60 * 1000;

/// Milliseconds for which they are kept at most while files wait to be read, any of which may hold those texts.
pub const TOMBSTONE_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Milliseconds of removals that are purged together.
pub const PURGE_MARK_MS: u64 = TOMBSTONE_MS / 8;

/// Stretches of removals whose time is remembered: nine that are not due, one that is, and room.
pub const PURGE_MARKS_MAX: usize = 16;

/// Bytes that must stay free on the home's disk: one journal of the store (64 MiB) and its next tables.
pub const DISK_FREE_MIN: u64 = 96 * 1024 * 1024;

/// Bytes free on the home's disk at which a start that could not be counted is counted: the count and its copy, each
/// written beside the old one, take four blocks of 4 KiB, and the folder may grow. Below it, a try would fail again.
pub const COUNT_FREE_MIN: u64 = 64 * 1024;

/// Milliseconds after which it is counted anew how many documents of a place that is away answer, while some of them are embedded.
pub const AWAY_RECOUNT_MS: u64 = 60_000;

/// Milliseconds between two measurements of a disk that was full, and between two tries to save the boot counter: whoever
/// made room and types the command again does not wait for long. A measurement is one system call.
pub const DISK_RETRY_MS: u64 = 5_000;

/// Milliseconds from a save that failed to the first try to go on; twice as many after each further failure.
pub const MEND_RETRY_MS: u64 = 2_000;

/// Milliseconds between two such tries at most: who put the home or its disk back does not wait for long, and a try is one small save.
pub const MEND_RETRY_MS_MAX: u64 = 8_000;

/// Failed reads of the store within `READ_FAILURES_MS` after which it is not tried again before the next start, which checks
/// the whole store: a part of it is damaged for good.
pub const READ_FAILURES_MAX: u32 = 3;

/// Milliseconds within which failed reads of the store count together.
pub const READ_FAILURES_MS: u64 = 10 * 60 * 1000;

/// Milliseconds without the end of any task after which work that waits, and that nothing holds, is said to stand still.
pub const STALLED_MS: u64 = 10 * 60 * 1000;

/// Documents whose tasks failed and whose attempts are known. Beyond, the eldest attempts are forgotten, and this device rests after
/// each failure for `ATTEMPT_PAUSE_MS`. With twice `ATTEMPTS_MAX` sentences of `ATTEMPT_TEXT_MAX` bytes each they take 4 MiB at most.
pub const FAILING_MAX: usize = 1024;

/// Milliseconds from the first failed attempt to the next; `ATTEMPT_PAUSE_FACTOR` times as many after each further one. Five attempts take
/// twelve minutes: a hot device has cooled by then.
pub const ATTEMPT_PAUSE_MS: u64 = 10_000;
/// See `ATTEMPT_PAUSE_MS`.
pub const ATTEMPT_PAUSE_FACTOR: u64 = 4;

/// Milliseconds between two attempts at most.
pub const ATTEMPT_PAUSE_MS_MAX: u64 = 8 * 60 * 1000;

const _: () =
    assert!(ATTEMPT_PAUSE_MS_MAX < STALLED_MS, "what has rested is tried again before it counts as standing still");

/// Remarks and unreadable paths of one step of a scan.
pub const SCAN_NOTES_MAX: usize = 16;

/// Files of keys and passwords of one source that are known by their paths, so that people can be told them; further ones are
/// counted. With `SOURCES_MAX` sources they take some MiB.
pub const KEY_FILES_MAX: usize = 256;

/// Those that are shown of one source.
pub const KEY_FILES_SHOWN: usize = 16;

/// Bytes of a file of patterns (`.gitignore`) that are read, and patterns of it; the largest collections of such files have some
/// hundred.
pub const IGNORE_FILE_BYTES_MAX: usize = 256 * 1024;

/// See `IGNORE_FILE_BYTES_MAX`.
pub const IGNORE_PATTERNS_MAX: usize = 4096;

/// Files and folders that one step of a scan left out by such patterns and that are told apart from those that are gone.
pub const IGNORED_MAX: usize = 4096;

/// Those that are known by their paths for each source, so that people can be told them.
pub const IGNORED_KNOWN_MAX: usize = 256;

/// Documents of a source from which on a loss of more than half asks its owner first; fewer are quickly embedded again. Files that are
/// not usable do not count.
pub const LOSS_ASKED_MIN: u64 = 100;

/// Milliseconds within which losses of one source count as one.
pub const LOSS_WINDOW_MS: u64 = 60_000;

/// Changed places of a source from which on all of it is scanned instead, if it is small.
pub const CROWD_MIN: usize = 8;

/// Documents of a source from which on its changed places are scanned one by one however many they are: a scan of all of it
/// is dear, and `DIRTY_MAX` of its places are not half of it.
pub const CROWD_DOCUMENTS_MAX: u64 = 10_000;

/// Documents that one scan removes, or that one question is about; further ones are found by the next scan.
pub const LOST_MAX: usize = 65_536;

/// Ranges of documents that are gone and do not fit into a question: 1.5 MiB at most of each source.
pub const BEYOND_RANGES_MAX: usize = 65_536;

/// Marks on places that are away, kept or being forgotten. While many are being forgotten, one more of each watched folder.
pub const MARKS_MAX: usize = 128;

/// Milliseconds between two looks at a source whose changes the system does not report, at least.
pub const POLL_MS_MIN: u64 = 5_000;

/// Milliseconds between two such looks, at most.
pub const POLL_MS_MAX: u64 = 300_000;

/// Milliseconds between two such looks for each document of the source, because a look costs by the number of its files.
pub const POLL_MS_PER_DOCUMENT: u64 = 5;

/// Milliseconds that the answer to a `forget` waits for the end of the removal, at most: what is deleted within that is not counted
/// any more once the command has ended. The documents answer nothing from the first of them on.
pub const FORGET_WAIT_MS: u64 = 5_000;

/// Milliseconds that an `add` waits until what is being forgotten there is deleted, until one more save may be under way, and until a disk that was
/// full is measured anew, all together and at most. The place was looked at before, so `CLIENT_MS` has room for both.
pub const ADD_WAIT_MS: u64 = 15_000;

/// Requests that wait for the end of a removal, for their turn or for room; beyond, they are answered at once. Each holds one of the `REPLIES_MAX` replies, and
/// a status or a question must find one free.
pub const REMOVAL_WAITS_MAX: usize = super::REPLIES_MAX / 4;

/// Decisions of the owner that are being carried out at once.
pub const DECISIONS_MAX: usize = 8;

/// Milliseconds of saves from which the pace of embedding is told.
pub const PACE_MS: u64 = 60_000;

/// Milliseconds between two looks at the time while something runs: where the next one is late, the process stood still.
pub const WORK_TICK_MS: u64 = 5_000;

/// Milliseconds from one look to the next beyond which the time between does not count as work.
pub const STOOD_MS: u64 = 20_000;

/// Milliseconds without a saved vector after which the pace is unknown, where saves came faster than that.
pub const PACE_QUIET_MS: u64 = 10_000;

/// Milliseconds of the last saves that tell the pace alone, where they are `PACE_FEW` at least; the shortest first. Helpers take seconds to begin, and
/// what is told in the first ones is read as a promise.
pub const PACE_RECENT_MS: [u64; 2] = [5_000, 15_000];

/// See `PACE_RECENT_MS`.
pub const PACE_FEW: usize = 5;

/// Saves that are remembered for it; those that come faster count together.
pub const PACE_ENTRIES: usize = 256;

/// Milliseconds of a spell of which it is counted how many files are read: this one and the one before tell how fast that goes.
pub const READS_MS: u64 = 5_000;
