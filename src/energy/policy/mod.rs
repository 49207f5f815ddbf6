//! The policy gate: what the owner wants, and when energy is plentiful or scarce.
//!
//! Pause wins over quiet hours, quiet hours over energy hints (`gate`). Hints come from a file,
//! from `PUT /v1/energy/hint`, from evcc's measured surplus (`surplus`) or from the grid's carbon intensity (`grid`),
//! each with a time to live, or from the owner's schedule; `hint_source` recognises their JSON, `hint` holds them. With
//! a surplus to wait for, work waits until a deadline (`ages` knows how old the oldest work is) and then trickles.
//! `hours` and `wall` turn seconds since 1970 into local windows of the week.
//!
//! JSON formats: evcc (docs.evcc.io, `/api/state`), Electricity Maps, the UK's carbonintensity.org.uk, and the Green
//! Software Foundation's Carbon Aware SDK.
//!
//! Invariants: the gate may lift caps of policy and of charging, never those of heat, voltage or use; an expired hint
//! is absent; quiet hours hold exactly the listed minutes of the local clock, whatever its changes; while the time is
//! unknown the strictest quiet hours hold; only its owner ends a pause early.
//!
//! Caps: `QUIET_HOURS_MAX`, `HINT_BYTES_MAX`, `HINT_TTL_S_MAX`, `ZONE_CHANGES_MAX`. Not here: reading time zones and
//! files (`platform`), HTTP (`http`).

pub mod ages;
pub mod clock;
pub mod gate;
pub mod grid;
pub mod hint;
pub mod hint_source;
pub mod hours;
pub mod pause;
pub mod surplus;
pub mod wall;
