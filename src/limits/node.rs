//! The node itself.

/// Packets and lists of the membership that wait until this agent's new generation is on the disk; more are lost, as any
/// packet may be.
pub const UNSAVED_PACKETS_MAX: usize = 64;

/// Devices that may embed for this one and are down, that a status names.
pub const ABSENT_SHOWN: usize = 8;
