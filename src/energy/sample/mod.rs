//! What sensors say, and whether to believe it.
//!
//! Duty: bytes of a file to a number; failed reads to a class; gates for values that lie; median and slope.
//! In/out: bytes, errno and `now` in; a value or unknown out. Invariants: unknown is never 0; no bytes panic.
//! Limits: `CPU_SENSORS_MAX` sensors of one group; ten values of a slope.
//! Not here: opening and reading files (`io::sysfs`), which sensor is whose (`energy::board`).

pub mod fault;
pub mod gate;
pub mod group;
pub mod slope;
pub mod text;
pub mod uevent;
