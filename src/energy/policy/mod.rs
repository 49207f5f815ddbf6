//! The policy gate (4.8): what people and the sun want. It may wait, hold low and lift caps; it never lifts safety.
//!
//! Duty: pause and resume, quiet hours, hints on energy, schedules, deadlines. In/out: settings, hints, wall time as a
//! number that may be unknown, the age of the work in; a gate and the energy word out.
//! Invariants: an expired hint is absent; quiet hours hold exactly the wall-clock minutes that are listed, whatever the
//! clocks do; while the time is unknown the strictest of them holds; only its owner ends a pause.
//! Limits: `QUIET_HOURS_MAX` windows, `HINT_BYTES_MAX` and `HINT_TTL_S_MAX` of a hint, `ZONE_CHANGES_MAX`.
//! Not here: reading time zones, files and HTTP (`io`).

pub mod ages;
pub mod gate;
pub mod grid;
pub mod hint;
pub mod hint_source;
pub mod hours;
pub mod pause;
pub mod surplus;
pub mod wall;
