//! Background work: scans, the queue, saves and retries.

/// Directory entries compared with the store in one task.
pub const SCAN_BATCH: usize = 512;

/// Paths that changed since the last scan, kept one by one; beyond, everything is scanned.
pub const DIRTY_MAX: usize = 64;

/// Unfinished documents that the scheduler holds; the store has the rest.
pub const TODO_MAX: usize = 256;

/// Chunks embedded by one task at most; the governor's duty cycle makes them fewer, so that a task takes a quarter of a
/// second.
pub const EMBED_BATCH: usize = 8;

/// Background tasks that run at once, whatever the number of cores.
pub const BACKGROUND_MAX: usize = 4;

/// Audits of the store that are under way or wait for it at once.
pub const AUDITS_MAX: usize = 4;

/// Batches of changes on their way to the disk. Beyond, nothing new is started.
pub const SAVES_MAX: usize = 32;

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

/// Milliseconds between two measurements of a disk that was full, and between two tries to save the boot counter.
pub const DISK_RETRY_MS: u64 = 30_000;

/// Documents, scans and refills whose last task panicked, until a task for them succeeds; beyond, one panic counts as
/// two.
pub const PANICKED_MAX: usize = 32;

/// Remarks and unreadable paths of one step of a scan.
pub const SCAN_NOTES_MAX: usize = 16;
