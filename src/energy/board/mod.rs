//! What a device is: which sensors are its CPU's, how hot it may become, what feeds it.
//!
//! At the start and after each rescan `platform::sysfs` lists the sensor files of /sys and /proc into a `tree`.
//! `report` turns it into a `BoardReport`: plain facts for the governor, and the paths that `platform` opens for
//! sampling. `model` names the board, `zone`, `chip` and `sensor` choose the CPU's temperatures, `limit` finds the temperature
//! limit, `source` reads the power supplies, `rail` finds what measures the whole board's power, `quota` the cgroup's
//! share of the CPU.
//!
//! File formats: the kernel's Documentation/ABI (sysfs-class-thermal, sysfs-class-hwmon, sysfs-class-power,
//! sysfs-class-powercap), Documentation/hwmon/sysfs-interface and Documentation/admin-guide/cgroup-v2; the quirks of
//! real boards come from the trees in tests/fixtures/sysfs.
//!
//! Invariants: any bytes in any file give a report, never a panic; what is not known is unknown, never a default that
//! looks measured; zones and hwmon folders are matched by the names that they hold, never by their number.
//! At most `TREE_FILES_MAX` files of `SENSOR_BYTES_MAX` bytes are looked at. It reads no files and controls nothing.

pub mod chip;
pub mod limit;
pub mod model;
pub mod quota;
pub mod rail;
pub mod report;
pub mod rise;
pub mod sensor;
pub mod source;
pub mod temperature;
pub mod tree;
pub mod zone;
