//! The boot partition of the appliance's card.

/// Bytes of `wattle.txt` that are read; a longer file is none. A dozen settings and sixteen keys have some 20 KiB.
pub const CARD_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a sector: a file of which only a part was written ends with one.
pub const CARD_SECTOR_BYTES: usize = 512;

/// Mistakes of it that are told one by one.
pub const CARD_MISTAKES_MAX: usize = 32;

/// Public keys that may log in.
pub const CARD_SSH_KEYS_MAX: usize = 16;

/// Public keys of its owner's own whose updates are taken: one in use, one before it takes over, and room.
pub const CARD_UPDATE_KEYS_MAX: usize = 8;

/// Bytes of the report beside it that the agent reads: each mistake is a sentence.
pub const CARD_REPORT_BYTES_MAX: usize = 32 * 1024;

const _: () = assert!((CARD_MISTAKES_MAX + 4) * 512 <= CARD_REPORT_BYTES_MAX, "a report can be read whole");
