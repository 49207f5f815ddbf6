//! The node itself.

/// Packets and lists of the membership that wait until this agent's new generation is on the disk; more are lost, as any
/// packet may be.
pub const UNSAVED_PACKETS_MAX: usize = 64;

/// Devices that may embed for this one and are down, that a status names.
pub const ABSENT_SHOWN: usize = 8;

/// Milliseconds at least between two choices of the links to keep.
pub const LINKS_CHOOSE_MS: u64 = 1_000;

/// Milliseconds for which counts what a device told of why its work waits: whoever shows it has asked a moment before.
pub const HOLD_TOLD_MS: u64 = 10_000;

/// Milliseconds after the last text of others that was here for which a device that may have more of them counts as working: to ask for more, and to
/// be given some, takes less.
pub const BETWEEN_BATCHES_MS: u64 = 2_000;

/// Milliseconds between two looks at what others publish of their energy.
pub const HEADROOM_LOOK_MS: u64 = 1_000;

/// Milliseconds for which a reason that work waits, or its end, has lasted before it is told, so that "waits" and "goes on" do not
/// alternate.
pub const HOLD_STEADY_MS: u64 = 10_000;
