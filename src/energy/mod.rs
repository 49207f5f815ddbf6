//! The energy governor: background work runs while the device is cool, idle and well powered, and its reason is named
//! when it does not.
//!
//! A `Sample` holds what was read at one moment: temperatures, voltage, power supplies, CPU time, pressure on memory and
//! disk, the time of day and the backlog. Each gate (thermal, supply, battery, user activity, policy, pressure) turns its
//! part into a `Gate`: at most this share of the cores, for this `Reason`. The governor takes the smallest as headroom,
//! moves a mode with hysteresis by it (Off, Trickle, Normal, Full), and gives a `Decision`: how many workers, at which
//! duty, with how large batches. `DutyCycle` holds each worker to its duty; `accounting` attributes joules to tasks;
//! `advertiser` makes the gossip item on headroom for peers; `coordinator` makes the agents of one host share one governor.
//!
//! Everything here is pure: `now` and readings come in, decisions go out. Reading files and devices is the work of
//! `platform::sysfs`, threads and sockets that of `runtime::governor`; `sim::power` runs the same code on simulated boards.
//!
//! Where readings contradict each other, the gate believes the better of the two and reports a `Doubt`.
//!
//! What holds: an unknown reading is never taken for 0; no hint on energy lifts a gate that protects the device; a
//! sample allocates nothing; a number that is not finite never leaves a gate; equal inputs give equal decisions.
//! `limits::energy` caps sensors, workers, quiet hours and the size of a hint.

pub mod accounting;
pub mod advertiser;
pub mod battery;
pub mod board;
mod controller;
pub mod coordinator;
pub mod day;
pub mod decision;
pub mod doubt;
pub mod duty_cycle;
pub mod fraction;
pub mod gates;
pub mod governor;
pub mod host_protocol;
pub mod input;
pub mod measured;
pub mod mode;
pub mod policy;
pub mod pressure;
pub mod rank;
pub mod reason;
pub mod report;
pub mod sample;
pub mod supply;
pub mod thermal;
mod thermal_gate;
pub mod user_activity;
