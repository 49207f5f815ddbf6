//! The commands.

/// Milliseconds that the demo waits for each of its agents: under an emulator they are slow.
pub const DEMO_WAIT_MS: u64 = 600_000;

/// How often the demo asks one question while a device is silent.
pub const DEMO_TRIES: usize = 3;
