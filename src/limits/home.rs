//! The agent's home folder.

/// Bytes of a small state file that are read. The largest is the list of watched folders: `SOURCES_MAX` paths.
pub const STATE_BYTES_MAX: usize = 1024 * 1024;

const _: () = assert!(
    super::SOURCES_MAX * (super::PATH_BYTES_MAX + 256) + super::PRIVATE_NAMES_MAX * (super::COLLECTION_BYTES_MAX + 2)
        < STATE_BYTES_MAX,
    "every list can be read"
);

/// Bytes that must be free for a home to get another key: seven small files, each of a block or two of 4 KiB, and their folder.
pub const KEY_ROOM_MIN: u64 = 64 * 1024;

/// Milliseconds between two looks at whether the home's disk became read-only. A look is two reads of the kernel's own state.
pub const HOME_LOOK_MS: u64 = 30_000;

/// The same while it is, or the home is gone.
pub const HOME_LOOK_WRONG_MS: u64 = 3_000;

/// Looks at whether the agent of a home runs that its agent drops at once: twice as many as the system keeps (`net.core.somaxconn`, 4096).
pub const ALIVE_LOOKS_MAX: usize = 8192;

/// Tries of the lock of a home that follow each other at once: a command that asks whether the home is in use holds it for a moment.
pub const LOCK_TRIES: usize = 4;

/// Milliseconds between two of them.
pub const LOCK_PAUSE_MS: u64 = 20;

/// Further tries, for an agent that is ending or was killed, before the home counts as in use.
pub const LOCK_WAIT_TRIES: usize = 40;

/// Milliseconds between two of those.
pub const LOCK_WAIT_PAUSE_MS: u64 = 150;
