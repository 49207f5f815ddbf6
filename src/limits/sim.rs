//! Scenarios of the simulator.

use super::mesh::PEERS_MAX;

/// Bytes of a scenario's file.
pub const SCENARIO_BYTES_MAX: usize = 64 * 1024;

/// Devices of a scenario: as many as a mesh has.
pub const SCENARIO_DEVICES_MAX: usize = PEERS_MAX;

/// Chunks of all documents of a scenario: some hundred megabytes of memory.
pub const SCENARIO_CHUNKS_MAX: usize = 200_000;

/// Faults of a scenario, each time that one happens.
pub const SCENARIO_FAULTS_MAX: usize = 20_000;

/// Seconds of virtual time of a scenario: a week.
pub const SCENARIO_S_MAX: u64 = 7 * 24 * 3600;
