//! Joules: of a task, of a day, with how they were found and how far off they may be (4.10).
//!
//! Duty: counters and measured power to joules; a share of them to a task; totals. In/out: counters, watts, CPU time in;
//! `Joules` out. Invariants: every number has its method and scope; unknown is never 0; methods are never summed
//! without showing the parts; what the device takes anyway is never inside a task.
//! Limits: `ENERGY_DAYS_MAX` days. Not here: reading counters (`io`), carbon.

pub mod credit;
pub mod idle;
pub mod ledger;
pub mod meter;
pub mod rapl;
pub mod task;
