//! Updates of the SD card image.

/// Bytes of an update's manifest: a dozen short lines.
pub const UPDATE_MANIFEST_BYTES_MAX: usize = 4096;

/// Bytes of a part of an update as it lies on the card: a root partition has some 230 MB.
pub const UPDATE_PART_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Milliseconds for which a new system must be ready, and its mesh reachable, without a break before it stays.
pub const UPDATE_TRIAL_MS: u64 = 10 * 60_000;

/// Milliseconds after its start after which one that was not is given up: a router that starts later than the board has time for that.
pub const UPDATE_TRIAL_LIMIT_MS: u64 = 60 * 60_000;

/// Milliseconds between a device's word that it wants to update and its beginning: news of the mesh is everywhere by then, with a full
/// exchange between neighbours every 30 seconds.
pub const UPDATE_SETTLE_MS: u64 = 3 * 60_000;

/// Milliseconds for which a device that said it updates is waited for after it was heard last.
pub const UPDATE_WAIT_MS: u64 = UPDATE_TRIAL_LIMIT_MS + 30 * 60_000;

/// Milliseconds for which a device that is not reached may be updating, on the other side of a broken network, so that none begins here.
pub const UPDATE_AWAY_MS: u64 = 24 * 3_600_000;

const _: () = {
    assert!(UPDATE_TRIAL_MS < UPDATE_TRIAL_LIMIT_MS, "a trial can end well");
    assert!(UPDATE_WAIT_MS < UPDATE_AWAY_MS, "a device that is away has ended its update before it is passed over");
};
