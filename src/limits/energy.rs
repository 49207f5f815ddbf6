//! The governor: sensors, hints, hours, the agents of a host.

/// Milliseconds after which what background work took is saved at the latest, if some was done: so much of a day's joules and passages a `kill -9` or a
/// power cut takes from the count. While work goes on that is at most 144 small files a day, some 5 MB with what a file system writes beside them, of a card
/// that bears terabytes.
pub const SPENT_SAVE_MS: u64 = 600_000;

/// Sensors of one CPU that are read: the clusters of an RK3588 are seven; servers have more than they need.
pub const CPU_SENSORS_MAX: usize = 8;

/// Bytes that the governor and its duty cycle keep.
pub const GOVERNOR_BYTES_MAX: usize = 64 * 1024;

/// Seconds between two looks at the sensors of a device that does no work. One that works is looked at each second.
pub const LOOK_S: u64 = 5;

/// Background workers of one device, however many cores it has.
pub const WORKERS_MAX: usize = 64;

/// Chunks that a device has embedded before it tells how long one takes: fewer may be all short ones, or the first ones, which take longer.
pub const SPEED_CHUNKS_LEAST: u64 = 32;

/// Chunks of which that is the mean, at most; of more the later half counts.
pub const SPEED_CHUNKS_MOST: u64 = 1024;

/// Files of a tree of sensors that are looked at when the agent starts; a Pi 5 has about 70, a laptop 100.
pub const TREE_FILES_MAX: usize = 4096;

/// Bytes of a sensor's file: a page, as the kernel prints one.
pub const SENSOR_BYTES_MAX: usize = 4096;

/// Windows of quiet hours, and windows of an energy schedule: twice a day for every day of the week.
pub const QUIET_HOURS_MAX: usize = 14;

/// Bytes of a hint on energy.
pub const HINT_BYTES_MAX: usize = 4096;

/// Bytes of the name that a hint gives its source.
pub const HINT_SOURCE_BYTES_MAX: usize = 32;

/// Seconds that a hint may live, counted from its arrival: a sender that went silent counts for an hour at most.
pub const HINT_TTL_S_MAX: u64 = 3600;

/// Changes of a time zone's offset that are known ahead: two a year, for four years.
pub const ZONE_CHANGES_MAX: usize = 8;

/// Quarter hours of grid intensity that a percentile is taken of: seven days.
pub const INTENSITIES_MAX: usize = 7 * 24 * 4;

/// Days of energy totals that are kept.
pub const ENERGY_DAYS_MAX: usize = 32;

/// Days before today that are shown: a week, to see a habit.
pub const ENERGY_DAYS_SHOWN: usize = 7;

/// Seconds of a slot of the day that people are shown, and how many there are: 24 hours in five minutes, a point or two of a screen each.
pub const DAY_SLOT_S: u64 = 300;

/// See `DAY_SLOT_S`.
pub const DAY_SLOTS: usize = 288;

/// Milliseconds that a batch of chunks is sized to, so that background work stops soon after it may not go on.
pub const TASK_MS_MAX: u64 = 250;

/// Entries of one folder of sensors that are looked at; a thermal zone has some 60 files, a server 300 CPUs.
pub const SENSOR_FOLDERS_MAX: usize = 512;

/// Files that are kept open for samples; an assert below holds the parts to it.
pub const SENSOR_FILES_MAX: usize = 64;

/// Counters of thermal throttling that are summed: one for each package or cluster.
pub const THROTTLE_COUNTERS_MAX: usize = 4;

/// Batteries of its own that a device has at most: two, and a UPS.
pub const BATTERIES_MAX: usize = 3;

/// Files of one battery that are kept open: its kind, presence, status, percent, level, what it holds now and when it is
/// full, power, voltage.
pub const BATTERY_FILES_MAX: usize = 9;

/// Chargers that are asked: a Chromebook has three, a laptop with ports of USB-C one for each. One file each.
pub const CHARGERS_MAX: usize = 5;

/// CPU packages whose counters of energy are summed, and files of a rail that are kept open.
pub const PACKAGES_MAX: usize = 2;

// Sensors and cooling devices of the CPU, its throttle counters, the voltage's alarm, a rail, five files of /proc.
const _: () = assert!(
    2 * CPU_SENSORS_MAX
        + THROTTLE_COUNTERS_MAX
        + 1
        + PACKAGES_MAX
        + 5
        + BATTERIES_MAX * BATTERY_FILES_MAX
        + CHARGERS_MAX
        <= SENSOR_FILES_MAX,
    "the caps of the parts add up to more"
);

/// Bytes of the name of a hwmon chip that an owner writes; the longest of the kernel's have some twenty.
pub const CHIP_NAME_BYTES_MAX: usize = 32;

/// Bytes of a Raspberry Pi's `config.txt` that are looked through; with all its comments it has some 3,000.
pub const SYSTEM_CONFIG_BYTES_MAX: usize = 64 * 1024;

/// Milliseconds after which a reading of the sensors is unknown; some drivers keep a reader waiting for seconds.
pub const SENSOR_LATE_MS: u64 = 250;

/// Agents of one user on one host that follow its governor.
pub const FOLLOWERS_MAX: usize = 32;

/// Bytes of a message between them.
pub const GOVERNOR_FRAME_MAX: usize = 128;

/// Bytes of the grid's carbon intensities: a forecast of two days in half hours.
pub const GRID_BYTES_MAX: usize = 64 * 1024;

/// Seconds of a pause at most; longer ones are open.
pub const PAUSE_S_MAX: u64 = 366 * 24 * 3600;

/// Bytes of `config.toml`.
pub const CONFIG_BYTES_MAX: usize = 64 * 1024;

/// Seconds of a burst unless the owner chose others: a person who starts an agent looks at it for some minutes.
pub const BURST_S: u64 = 600;

/// Seconds of a burst at most: after a day nobody remembers that work runs while the device is in use.
pub const BURST_S_MAX: u64 = 24 * 3600;
