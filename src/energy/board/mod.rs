//! What a device is: which sensor is its CPU's, how hot it may become, what feeds it.
//!
//! Duty: judges a tree of sensor files once, at the start and after a rescan. In/out: names and contents of files in
//! (`Tree`), `Findings` out: plain facts and paths for `io` to keep open.
//! Invariants: any bytes in any file give findings, never a panic; what is not known is said to be unknown; zones and
//! hwmon folders are matched by what they say of themselves, never by their number.
//! Limits: `TREE_FILES_MAX` files of `SENSOR_BYTES_MAX` bytes. Not here: reading files (`io::sysfs`), control.

pub mod findings;
pub mod limit;
pub mod model;
pub mod quota;
pub mod rail;
pub mod rise;
pub mod sensor;
pub mod source;
pub mod tree;
pub mod zone;
