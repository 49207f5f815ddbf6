//! The energy of tasks and days in joules, each figure with its method, its scope and its error.
//!
//! `meter` integrates measured power and attributes to tasks the part above idle power that falls to this process's
//! share of the CPU time; where nothing measures, it multiplies CPU time with the watts of a core from the table of
//! boards or from a calibration. `idle` learns what the device takes without our work, `credit` holds measured energy
//! that no task was charged with yet, `rapl` reads counters that wrap, `task` is the figure of a task, `ledger` adds up
//! days.
//!
//! RAPL, Intel's running average power limit, is described in Documentation/power/powercap. Attributing a package's
//! energy by CPU time is also the method of Scaphandre.
//!
//! Invariants: every number has a method and a scope; unknown is never 0; methods are never summed without showing the
//! parts; idle power is never inside a task. At most `ENERGY_DAYS_MAX` days are stored.
//! Not here: reading sensors (`platform::sysfs`), carbon.

pub mod credit;
pub mod idle;
pub mod ledger;
pub mod meter;
pub mod rapl;
pub mod task;
