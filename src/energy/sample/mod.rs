//! Single sensor readings: from bytes to a number, and whether the number is believed.
//!
//! `text` parses the files of /sys and /proc in place (proc(5), Documentation/accounting/psi), `uevent` the kernel's
//! device events. `fault` classifies failed reads and says when a file may be read again. `plausibility` refuses temperatures
//! that are out of range, jump faster than a board can, or stand still while our load changes; `constant` finds
//! sensors that stand still while others move; `group` takes the highest believed one of the CPU's sensors. `slope` has the median of three and the least-squares slope of ten
//! values.
//!
//! Invariants: unknown is never 0; no bytes panic; nothing allocates; at most `CPU_SENSORS_MAX` sensors in a group.
//! Not here: opening and reading files (`platform::sysfs`), and which sensors a device has (`energy::board`).

mod constant;
pub mod fault;
pub mod group;
pub mod plausibility;
pub mod slope;
pub mod text;
pub mod uevent;
