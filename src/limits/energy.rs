//! Caps of the energy governor, its sensors and its hints.

/// Sensors of one CPU that are read: the clusters of an RK3588 are seven; servers have more than they need.
pub const CPU_SENSORS_MAX: usize = 8;

/// Bytes that the governor and its pacing keep (shared/reference/energy.md C3).
pub const GOVERNOR_BYTES_MAX: usize = 64 * 1024;

/// Background workers of one device, however many cores it has.
pub const WORKERS_MAX: usize = 64;

/// Files of a tree of sensors that are looked at when the agent starts; a Pi 5 has about 70, a laptop 100.
pub const TREE_FILES_MAX: usize = 4096;

/// Bytes of a sensor's file: a page, as the kernel prints one.
pub const SENSOR_BYTES_MAX: usize = 4096;

/// Windows of quiet hours, and windows of an energy schedule: twice a day for every day of the week.
pub const QUIET_HOURS_MAX: usize = 14;

/// Bytes of a hint on energy (shared/reference/energy.md 4.8).
pub const HINT_BYTES_MAX: usize = 4096;

/// Bytes of the name that a hint gives its source.
pub const HINT_SOURCE_BYTES_MAX: usize = 32;

/// Seconds that a hint may live, counted from its arrival (shared/reference/energy.md 4.8).
pub const HINT_TTL_S_MAX: u64 = 3600;

/// Changes of a time zone's offset that are told ahead: two a year, for four years.
pub const ZONE_CHANGES_MAX: usize = 8;

/// Quarter hours of grid intensity that a percentile is taken of: seven days.
pub const INTENSITIES_MAX: usize = 7 * 24 * 4;

/// Days of energy totals that are kept.
pub const ENERGY_DAYS_MAX: usize = 32;

/// Milliseconds of background work between two looks at whether it may go on.
pub const TASK_MS_MAX: u64 = 250;

/// Entries of one folder of sensors that are looked at; a thermal zone has some 60 files, a server 300 CPUs.
pub const SENSOR_FOLDERS_MAX: usize = 512;

/// Files that are kept open for samples (shared/reference/energy.md C3).
pub const SENSOR_FILES_MAX: usize = 64;

/// Counters of thermal throttling that are summed: one for each package or cluster.
pub const THROTTLE_COUNTERS_MAX: usize = 4;

/// Power supplies of its own that a device has at most: two batteries, mains, two ports.
pub const SUPPLIES_MAX: usize = 3;

/// Milliseconds after which a reading of the sensors is unknown (shared/reference/energy.md 1.10).
pub const SENSOR_LATE_MS: u64 = 250;

/// Agents of one user on one host that follow its governor.
pub const FOLLOWERS_MAX: usize = 32;

/// Bytes of a word between them.
pub const GOVERNOR_FRAME_MAX: usize = 128;

/// Bytes of the grid's carbon intensities: a forecast of two days in half hours.
pub const GRID_BYTES_MAX: usize = 64 * 1024;

/// Seconds of a pause at most; longer ones are open.
pub const PAUSE_S_MAX: u64 = 366 * 24 * 3600;

/// Bytes of `config.toml`.
pub const CONFIG_BYTES_MAX: usize = 64 * 1024;
