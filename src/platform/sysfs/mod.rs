//! The senses of the governor: files of /sys and /proc under a root that can be pointed elsewhere.
//!
//! Duty: lists what there is once (`list`), keeps the files open that are asked each second (`sensors`), hears of
//! changes (`uevent`). In/out: a root and `now` in; `Tree`, `Findings`, samples and watts out.
//! Invariants: no allocation and no open for a sample; a failed read is a class of failure, never a number; nothing
//! is read whose reading disturbs (`get_throttled`, the voltages of `rpi_volt`); links are followed one folder deep.
//! Limits: `TREE_FILES_MAX` files listed, `SENSOR_FILES_MAX` kept open, `SENSOR_BYTES_MAX` of each.
//! Not here: judging (`energy::board`), deciding (`energy`), threads and watchdog (`io::governor`).

mod file;
mod heat;
mod list;
pub mod others;
mod power;
mod proc;
mod root;
pub mod sensors;
mod supplies;
mod throttles;
pub mod uevent;

pub use list::tree;
